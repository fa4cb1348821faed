"""`poseval train sgcn`: from tracks to weights that a tracker uses."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

from poseval.cli import invoke
from poseval.datasets import Role, WriteOptions, get_format
from poseval.errors import UsageError
from poseval.synth import World, perturb, scene_set
from poseval.training.pose_graphs import schedule_of

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clips of four people as PoseTrack18 files, and predictions of them."""
    folder = tmp_path_factory.mktemp("clips")
    truth = scene_set(3, 24, 4, "posetrack15_poseval", video=True, world=World(sequence_length=12))
    writer = get_format("posetrack18")
    writer.write(truth, folder / "gt", WriteOptions(Role.TRUTH))
    found = perturb(truth, 1, jitter=0.1, false_positives=0.0, duplicates=0.0)
    writer.write(found, folder / "dt", WriteOptions(Role.PREDICTIONS, truth=truth))
    return folder


def test_train_then_track(clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth, out = str(clips / "gt"), tmp_path / "net"
    train = ["train", "sgcn", "--data", truth, "--out", str(out)]
    assert invoke([*train, "--val", truth, "--epochs", "2", "--set", "batches=5"]) == 0
    printed, told = capsys.readouterr()
    weights = printed.strip()
    assert weights == str(out / "sgcn.pt")
    assert "pairs of the same person" in told
    assert "epoch 2 loss" in told
    assert "validated: " in told
    tracked = ["track", str(clips / "dt"), "--gt", truth, "--tracker", "lighttrack(matching=sgcn)"]
    assert invoke([*tracked, "--sgcn", weights, "--out", str(tmp_path / "tracked")]) == 0
    assert len(list((tmp_path / "tracked").iterdir())) == 2
    assert invoke([*train, "--epochs", "1"]) == 2
    assert "exists" in capsys.readouterr().err
    assert invoke([*train, "--epochs", "1", "--set", "batches=1", "--fresh", "-q"]) == 0


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--images", "."], "does not use --images"),
        (["--option", "width=3"], "does not use --option"),
        (["--set", "haste=3"], "not a value of the graph network's schedule"),
        (["--set", "rate=fast"], "not a value of the graph network's schedule"),
    ],
)
def test_what_is_refused(
    clips: Path, tmp_path: Path, more: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["train", "sgcn", "--data", str(clips / "gt"), "--out", str(tmp_path / "net"), *more]
    assert invoke(command) == 2
    assert words in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "net").exists()


def test_other_models_need_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["train", "hrnet_w32", "--data", "gt.json", "--out", str(tmp_path)]) == 2
    assert "has no images" in capsys.readouterr().err


def test_steps_stretch_with_the_epochs() -> None:
    assert schedule_of(None, {}).steps == (40, 60, 100, 150)
    short = schedule_of(30, {"rate": 1, "batch": 16})
    assert (short.epochs, short.steps, short.rate, short.batch) == (30, (4, 6, 10, 15), 1.0, 16)
    with pytest.raises(UsageError) as caught:
        schedule_of(3, {"epochs": 5})
    assert caught.value.code == "P152"
