"""Networks that find people themselves, from the command line to scored predictions."""

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
from poseval.models.inference.predictions import Poses, whole_image_poses
from poseval.models.networks.dekr import RescoreNet
from poseval.models.networks.prtr_sequential import Sequential
from poseval.runners.estimators import ImageEstimator
from poseval.scoring.score import score
from tests.runners.conftest import Bench

pytestmark = pytest.mark.models
SEQUENTIAL = {"depth": 18, "width": 8, "queries": 4, "keypoint_queries": 18, "layers": 1, "hidden": 16}


@pytest.fixture(scope="module")
def dekr(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small DEKR that finds somebody nearly everywhere."""
    torch.manual_seed(0)
    model = create_model("dekr_w32", 17, (64, 64), width=4)
    with torch.no_grad():
        model.head_heatmap[1].weight.mul_(300)
        model.head_heatmap[1].bias.fill_(0.5)
        for layer in model.offset_final_layer:
            layer.weight.mul_(1000)
            layer.bias.normal_(0, 3)
    path = tmp_path_factory.mktemp("dekr") / "weights.pth"
    torch.save(model.state_dict(), path)
    return path


def _run(name: str, weights: Path, made: Bench, out: Path, *more: str) -> int:
    words = ["run", name, "--weights", str(weights), "--gt", str(made.truth), "--images", str(made.images)]
    size = ["--input-size", "64x64", "--device", "cpu", "--skeleton", "coco17", "-q"]
    return invoke([*words, "--out", str(out), *size, *more])


def _scores(path: Path) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([entry["score"] for entry in json.loads(path.read_text())])


def test_dekr_with_several_scales_and_rescoring(made: Bench, dekr: Path, tmp_path: Path) -> None:
    small = ("--option", "width=4")
    assert _run("dekr_w32", dekr, made, tmp_path / "one.json", *small) == 0
    assert _run("dekr_w32", dekr, made, tmp_path / "many.json", *small, "--scales", "0.5,1,2") == 0
    net = RescoreNet(74)
    with torch.no_grad():
        net.l3.weight.zero_()
        net.l3.bias.fill_(0.25)
    torch.save(net.state_dict(), tmp_path / "rescore.pth")
    wanted = ["--rescore", str(tmp_path / "rescore.pth")]
    assert _run("dekr_w32", dekr, made, tmp_path / "rescored.json", *small, *wanted) == 0
    one, many = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("one", "many"))
    assert one
    assert one != many
    assert _scores(tmp_path / "rescored.json") == pytest.approx(_scores(tmp_path / "one.json") / 4, rel=1e-4)
    told = [json.loads((tmp_path / f"{name}.json.run.json").read_text()) for name in ("many", "rescored")]
    assert told[0]["options"]["scales"] == [0.5, 1.0, 2.0]
    assert len(told[1]["options"]["rescore"]) == 64
    assert score(made.truth, tmp_path / "many.json").benchmark == "coco-keypoints"


@pytest.mark.parametrize("text", ["0.5,2", "1,0.3", "big"])
def test_scales_that_do_not_fit_are_refused(made: Bench, dekr: Path, tmp_path: Path, text: str) -> None:
    words = ("--option", "width=4", "--scales", text)
    assert _run("dekr_w32", dekr, made, tmp_path / "p.json", *words) == 2
    assert not (tmp_path / "p.json").exists()


def test_the_sequential_network_runs_alone_and_in_batches(made: Bench, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = create_model("prtr_sequential", 17, (64, 64), **SEQUENTIAL)
    torch.save(model.state_dict(), tmp_path / "weights.pth")
    small = [word for key, value in SEQUENTIAL.items() for word in ("--option", f"{key}={value}")]
    found = []
    for batch in (1, 60):  # people, of whom a picture may show 20
        out = tmp_path / f"{batch}.json"
        words = ["--batch", str(batch), *small]
        assert _run("prtr_sequential", tmp_path / "weights.pth", made, out, *words) == 0
        found.append(json.loads(out.read_text()))
    assert len(found[0]) == len(found[1]) > 0
    for one, other in zip(*found, strict=True):
        assert one["image_id"] == other["image_id"]
        assert one["keypoints"] == pytest.approx(other["keypoints"], abs=0.02)
    assert score(made.truth, tmp_path / "60.json").benchmark == "coco-keypoints"
    for words in (["--scales", "1,2"], ["--decode", "dark"], ["--flip"]):
        assert (
            _run("prtr_sequential", tmp_path / "weights.pth", made, tmp_path / "no.json", *words, *small) == 2
        )
    assert (
        _run("prtr_sequential", tmp_path / "weights.pth", made, tmp_path / "half.json", "--half", *small) == 0
    )
    halved = json.loads((tmp_path / "half.json").read_text())
    assert halved != found[0]


class Counts:
    """Answers nobody and remembers how many pictures came at once."""

    most = 20

    def __init__(self) -> None:
        self.seen: list[int] = []

    def poses(self, image: Any) -> Poses:
        return self.batch([image])[0]

    def batch(self, images: Any) -> list[Poses]:
        self.seen.append(len(images))
        return [whole_image_poses(np.zeros((0, 17, 2)), np.zeros((0, 17)), [], []) for _ in images]


@pytest.mark.parametrize(("people", "wanted"), [(1, [1] * 5), (32, [1] * 5), (40, [2, 2, 1]), (999, [5])])
def test_pictures_of_a_pass_follow_from_the_people_of_a_batch(people: int, wanted: list[int]) -> None:
    finder = Counts()
    assert len(ImageEstimator(finder, people).answer([np.zeros((8, 8, 3), dtype=np.uint8)] * 5)) == 5
    assert finder.seen == wanted
    assert Sequential.__init__.__kwdefaults__["most"] == 20
