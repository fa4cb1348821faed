"""The demo: clips, the shipped network, a tracker, scores and a report; and the same without PyTorch."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from poseval.cli import invoke
from poseval.errors import MissingFeature, UsageError
from poseval.models.shipped import shipped_weights
from poseval.scoring.score import read, score
from poseval.synth import demo
from tests.models.weights.tfjs_files import pack, standing, write

LARGEST = 6_000_000  # bytes of everything that ships for the demo


def test_what_ships_is_small() -> None:
    weights = [shipped_weights(name) for name in (demo.MODEL, demo.DETECTOR)]
    recorded = Path(demo.__file__).parent / demo.RECORDED
    assert (
        sum(path.stat().st_size for path in weights if path)
        + sum(path.stat().st_size for path in recorded.iterdir())
        < LARGEST
    )
    assert all(weights)
    assert shipped_weights("hrnet_w32") is None


def test_without_torch_the_recorded_predictions_are_scored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "find_spec", lambda name: None)
    assert invoke(["demo", str(tmp_path / "d")]) == 0
    out, err = capsys.readouterr()
    assert "PyTorch is not installed" in err
    assert "HOTA" in out
    assert "posetrack18" in (tmp_path / "d/report.html").read_text("utf-8")
    report = score(tmp_path / "d/truth", tmp_path / "d/predictions")
    assert report.benchmark == "posetrack18"
    assert report.summary["AP"] > 0.5
    assert out.splitlines()[:5] == report.to_text().splitlines()[:5]
    assert invoke(["demo", str(tmp_path / "d")]) == 2
    assert "P131" in capsys.readouterr().err


def test_other_seeds_need_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "find_spec", lambda name: None)
    with pytest.raises(MissingFeature, match=r"poseval\[models\]") as caught:
        demo.run_demo(tmp_path / "d", 5)
    assert caught.value.code == "P601"
    assert not (tmp_path / "d").exists()


@pytest.mark.models
def test_the_network_runs_and_the_page_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.setattr(demo, "FRAMES", 6)
    said: list[str] = []
    report = demo.run_demo(tmp_path / "d", 3, say=said.append)
    assert report.summary["AP"] > 0.3
    assert np.isfinite(report.summary["MOTA"])
    assert any("ran synth_small on the boxes of synth_detector" in line for line in said)
    page = (tmp_path / "d/report.html").read_text("utf-8")
    assert "posetrack18" in page
    node = json.loads((tmp_path / "d/predictions.run.json").read_text())
    assert node["tracker"].startswith("sort(")
    with pytest.raises(UsageError):
        demo.run_demo(tmp_path / "d", 3)
    demo.run_demo(tmp_path / "d", 3, force=True)


@pytest.mark.models
def test_movenet_runs_on_the_clips_and_on_photographs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A network in the shape of the published package, which sees the same pose everywhere."""
    pytest.importorskip("torch")
    from PIL import Image

    monkeypatch.setattr(demo, "FRAMES", 4)
    nodes, values = standing(256)
    package = pack(write(tmp_path / "files", nodes, values, "movenet-thunder"), tmp_path / "package.tgz")
    (tmp_path / "photographs").mkdir()
    for name, size in (("a.png", (120, 80)), ("b <b>.png", (64, 96))):
        Image.new("RGB", size, "grey").save(tmp_path / "photographs" / name)
    words = [
        "demo",
        str(tmp_path / "d"),
        "--weights",
        str(package),
        "--images",
        str(tmp_path / "photographs"),
    ]
    assert invoke(words) == 0
    out, err = capsys.readouterr()
    assert "HOTA" in out
    assert "ran movenet_thunder on the boxes of synth_detector" in err
    assert "ran movenet_thunder on 2 photographs" in err
    assert json.loads((tmp_path / "d/predictions.run.json").read_text())["model"] == "movenet_thunder"
    found = json.loads((tmp_path / "d/photographs.json").read_text())
    nose = {row["image_id"]: row["keypoints"][:3] for row in found}
    np.testing.assert_allclose(nose[1][:2], (60, 40), atol=1)
    np.testing.assert_allclose(nose[2][:2], (32, 48), atol=1)
    page = (tmp_path / "d/photographs.html").read_text("utf-8")
    assert page.count("<svg") == 2
    assert page.count("data:image/jpeg") == 2
    assert page.count("<circle") == 2 * 17
    assert "b &lt;b&gt;.png" in page
    assert "<b>" not in page
    single = demo.run_demo(tmp_path / "one", weights=package, photographs=tmp_path / "photographs" / "a.png")
    assert np.isfinite(single.summary["MOTA"])
    assert (tmp_path / "one/photographs.html").read_text("utf-8").count("<svg") == 1


@pytest.mark.models
@pytest.mark.slow
def test_the_recorded_predictions_are_the_shipped_networks(tmp_path: Path) -> None:
    """The same people in the same places; other processors round a few joints differently."""
    pytest.importorskip("torch")
    demo.run_demo(tmp_path / "d")
    live = read(tmp_path / "d/predictions", role="predictions", truth=read(tmp_path / "d/truth"))
    demo._recall(tmp_path / "r")
    held = read(tmp_path / "r", role="predictions", truth=read(tmp_path / "d/truth"))
    assert len(live) == len(held)
    np.testing.assert_array_equal(live.people.frame, held.people.frame)
    both = (live.people.seen > 0) & (held.people.seen > 0)
    near = np.abs(live.people.xy - held.people.xy).max(axis=2)[both] < 0.05
    assert near.mean() > 0.99
