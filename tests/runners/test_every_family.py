"""Every family of networks runs on synthetic pictures, and the scorer reads what it writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from poseval.cli import invoke
from poseval.models import create_model
from poseval.models.networks.dekr import DEKR
from poseval.models.networks.pplcnet import CountlessNorm
from poseval.models.registry import card, list_models
from poseval.runners.loading import GIVE_POSES
from tests.models.small import SMALL, Small
from tests.models.weights.tfjs_files import write as write_graph
from tests.runners.conftest import Bench

pytestmark = pytest.mark.models

PEOPLE = 9  # at least: one on each picture
FOREIGN = {
    "adapters": "the user's own package; tests/models/adapters/test_adapters.py runs them on stand-ins"
}


def test_no_family_is_forgotten() -> None:
    families = {card(name).family for name in list_models() if card(name).kind in GIVE_POSES}
    assert families == {card(name).family for name in SMALL} | {"movenet"} | set(FOREIGN)


def random_weights(name: str, small: Small, path: Path) -> list[str]:
    """Seeded weights, moments of the norms from noise, on disk; the words of the command that loads them."""
    torch.manual_seed(1)
    height, width = (int(side) for side in small.size.split("x"))
    model = create_model(name, 17, (height, width), **small.config)
    for part in model.modules():
        if isinstance(part, torch.nn.BatchNorm2d | CountlessNorm):
            part.momentum = 1.0
    with torch.no_grad():
        model.train()(torch.randn(4, 3, height, width))
        if isinstance(model, DEKR):  # published start values give centres that are too faint for anybody
            model.head_heatmap[1].weight.mul_(100)
            for final in model.offset_final_layer:
                final.weight.mul_(100)
    torch.save(model.state_dict(), path)
    words = ["--weights", str(path), "--input-size", small.size, "--joints", "17"]
    return words + [
        word for key, value in small.config.items() for word in ("--option", f"{key}={json.dumps(value)}")
    ]


def score(made: Bench, out: Path, words: list[str]) -> None:
    """Run, score, and look at both files."""
    results, report = out / "preds.json", out / "report.json"
    ground = ["--gt", str(made.truth)]
    pictures = ["--images", str(made.images), "--device", "cpu", "--nms", "none"]
    assert invoke(["run", *words, *ground, *pictures, "--out", str(results), "-q"]) == 0
    assert invoke(["score", str(results), *ground, "--json", str(report), "-q"]) == 0
    found = json.loads(results.read_text())
    joints = np.array([person["keypoints"] for person in found], dtype=np.float64).reshape(len(found), 17, 3)
    assert len(found) >= PEOPLE
    assert np.isfinite(joints).all()
    assert np.ptp(joints[..., :2], axis=(0, 1)).min() > 1  # places differ: the pixels were looked at
    assert {person["image_id"] for person in found} <= set(range(1, 10))
    node = json.loads(report.read_text())
    assert node["benchmark"] == "coco-keypoints"
    assert 0 <= node["summary"]["AP"] < 0.5  # nobody was trained


@pytest.mark.parametrize("name", SMALL)
def test_what_a_family_writes_is_scored(made: Bench, tmp_path: Path, name: str) -> None:
    words = random_weights(name, SMALL[name], tmp_path / "weights.pt")
    score(made, tmp_path, [name, *words, "--skeleton", "coco17"])


def test_each_layer_of_a_decoder_gives_a_report(
    made: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = SMALL["prtr_w32"]
    words = random_weights("prtr_w32", Small(small.size, {**small.config, "layers": 2}), tmp_path / "w.pt")
    where = ["--gt", str(made.truth), "--images", str(made.images), "-q"]
    run = ["run", "prtr_w32", *words, *where]
    asked = {
        "last": [],
        "1": ["--decoder-layer", "1"],
        "2": ["--decoder-layer", "2"],
        "option": ["--option", "decoder_layer=1"],
    }
    for name, extra in asked.items():
        out, report = (str(tmp_path / f"{name}{end}") for end in (".json", ".report.json"))
        assert invoke([*run, *extra, "--out", out, "--json", report]) == 0
    found = {name: (tmp_path / f"{name}.json").read_bytes() for name in asked}
    assert found["2"] == found["last"] != found["1"] == found["option"]
    assert json.loads((tmp_path / "1.report.json.run.json").read_text())["config"]["decoder_layer"] == 1
    capsys.readouterr()
    assert invoke([*run, "--decoder-layer", "3", "--out", str(tmp_path / "3.json")]) == 2
    assert "the decoder has 2 layers" in capsys.readouterr().err
    other = ["run", "hrnet_w32", *where, "--decoder-layer", "1", "--out", str(tmp_path / "h.json")]
    assert invoke(other) == 2
    assert "has no option decoder_layer" in capsys.readouterr().err


def test_what_a_graph_file_answers_is_scored(made: Bench, tmp_path: Path) -> None:
    """MoveNet: colours along the middle of the crop stand in for its answers."""
    shape = {"shape": {"dim": [{"size": str(side)} for side in (1, 192, 192, 3)]}}
    centres = {"half_pixel_centers": {"b": True}, "align_corners": {"b": False}}
    values = {
        "size": np.array([1, 17], dtype=np.int32),
        "form": np.array([1, 1, 17, 3], dtype=np.int32),
        "unit": np.array(1 / 255, dtype=np.float32),
    }
    nodes: list[dict[str, Any]] = [
        {"name": "input", "op": "Placeholder", "attr": {"shape": shape}},
        {"name": "cast", "op": "Cast", "input": ["input"], "attr": {"DstT": {"type": "DT_FLOAT"}}},
        {"name": "line", "op": "ResizeBilinear", "input": ["cast", "size"], "attr": centres},
        {"name": "rows", "op": "Reshape", "input": ["line", "form"], "attr": {}},
        {"name": "out", "op": "Mul", "input": ["rows", "unit"], "attr": {}},
        *({"name": name, "op": "Const", "attr": {}} for name in values),
    ]
    folder = write_graph(tmp_path / "net", nodes, values, "movenet-lightning")
    score(made, tmp_path, ["movenet_lightning", "--weights", str(folder)])
