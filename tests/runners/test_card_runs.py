"""Runs of networks that a card names, and of detectors, from pixels to predictions."""

from __future__ import annotations

import hashlib
import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from poseval.cli import invoke
from poseval.models import create_model, load_weights
from poseval.models.shipped import shipped_weights
from tests.models.card_text import card_file
from tests.models.small import SMALL
from tests.runners.conftest import Bench
from tests.runners.test_every_family import random_weights

pytestmark = pytest.mark.models
SIZE = (192, 144)  # of the shipped network


def shipped() -> Any:
    model = create_model("synth_small")
    weights = shipped_weights("synth_small")
    assert weights is not None
    load_weights(model, weights)
    return model


def predicted(made: Bench, out: Path, *words: str) -> Any:
    ground = ["--gt", str(made.truth), "--images", str(made.images), "--device", "cpu"]
    assert invoke(["run", *words, *ground, "--out", str(out), "-q", "--threads", "1"]) == 0
    found = json.loads(out.read_text())
    assert found
    return found


@pytest.mark.parametrize("kind", ["torchscript", pytest.param("onnx", marks=pytest.mark.slow)])
def test_the_shipped_network_scores_the_same_from_a_card(made: Bench, tmp_path: Path, kind: str) -> None:
    example = torch.zeros(2, 3, *SIZE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer releases warn that these exporters age
        if kind == "onnx":
            pytest.importorskip("onnxruntime")
            pytest.importorskip("onnx")
            torch.onnx.export(
                shipped(), (example,), str(tmp_path / "net.onnx"), dynamo=False, input_names=["x"],
                output_names=["y"], dynamic_axes={"x": {0: "n"}, "y": {0: "n"}},
            )  # fmt: skip
        else:
            torch.jit.save(torch.jit.trace(shipped(), example), str(tmp_path / "net.pt"))
    name = "net.onnx" if kind == "onnx" else "net.pt"
    path = card_file(
        tmp_path,
        top={"skeleton": "posetrack17slots"},
        network={"file": name},
        input={"size": list(SIZE), "crop": "udp"},
        output={"decode": "udp"},
    )
    first = predicted(made, tmp_path / "first.json", "synth_small")
    second = predicted(made, tmp_path / "second.json", str(path))
    assert [each["image_id"] for each in first] == [each["image_id"] for each in second]
    for one, other in zip(first, second, strict=True):
        np.testing.assert_allclose(one["keypoints"], other["keypoints"], atol=0.01)
    scores = []
    for name in ("first.json", "second.json"):
        report = tmp_path / f"report_{name}"
        words = ["score", str(tmp_path / name), "--gt", str(made.truth), "--json", str(report), "-q"]
        assert invoke(words) == 0
        scores.append(json.loads(report.read_text())["summary"]["AP"])
    assert scores[0] == pytest.approx(scores[1], abs=1e-4)
    run = json.loads((tmp_path / "second.json.run.json").read_text())
    assert run["model"] == "mine"
    assert run["weights"]["sha256"]
    assert (run["pixels"]["colour"], run["pixels"]["crop"]) == ("rgb", "udp")


MODULE = """
import torch
from torch import nn

class Boxes(nn.Module):
    def forward(self, x):
        box = torch.tensor([[8.0, 4.0, 40.0, 44.0, 0.9], [0.0, 0.0, 9.0, 9.0, 0.8]])
        return box.expand(len(x), 2, 5), torch.tensor([0, 3]).expand(len(x), 2)

def make(joints, input_size):
    return Boxes()
"""


def detector(folder: Path) -> Path:
    module = f"boxes_{folder.name}"
    (folder / f"{module}.py").write_text(MODULE)
    return card_file(
        folder,
        top={"skeleton": None},
        network={"file": None, "entry": f"{module}:make"},
        input={"size": [48, 64], "crop": "corner"},
        output={"decode": "boxes"},
    )


def test_a_card_of_a_detector_gives_the_boxes(made: Bench, tmp_path: Path) -> None:
    found = predicted(
        made, tmp_path / "preds.json", "synth_small", "--boxes", f"detector:{detector(tmp_path)}"
    )
    assert len(found) == 9  # one person an image: the second box is of another class


def test_other_weights_of_a_detector_take_override(made: Bench, tmp_path: Path, capsys: Any) -> None:
    small = torch.jit.trace(Whole(), torch.zeros(1, 3, 48, 64))
    for name in ("own.pt", "other.pt"):
        torch.jit.save(small, str(tmp_path / name))
    path = card_file(
        tmp_path,
        top={"skeleton": None},
        network={"file": "own.pt"},
        input={"size": [48, 64], "crop": "corner"},
        output={"decode": "boxes"},
    )
    words = ["synth_small", "--boxes", f"detector:{path}", "--detector-weights", str(tmp_path / "other.pt")]
    ground = ["--gt", str(made.truth), "--images", str(made.images), "--device", "cpu", "--threads", "1"]
    call = ["run", *words, *ground, "--out", str(tmp_path / "p.json")]
    assert invoke(call) == 3
    assert "leave --detector-weights out, which the card tells; or pass --override" in capsys.readouterr().err
    assert invoke([*call, "--override"]) == 0
    (told,) = json.loads((tmp_path / "p.json.run.json").read_text())["overridden"]
    assert told.startswith("--detector-weights is ")
    assert f"--override: {told} [N138]" in capsys.readouterr().err


class Whole(torch.nn.Module):
    """A detector that takes the whole input for a person."""

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        box = torch.tensor([[[0.0, 0.0, 64.0, 48.0, 0.9]]])
        return box.expand(x.shape[0], 1, 5), torch.zeros(x.shape[0], 1)


MAPS = """
import torch
from torch import nn
from drawn_{name} import PLACE

class Maps(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("height", torch.ones(1))

    def forward(self, x):
        maps = torch.zeros(len(x), 17, 16, 12)
        maps[..., PLACE, PLACE] = self.height
        return maps

def make(joints, input_size):
    return Maps()
"""


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_run_does_not_go_on_with_other_code(made: Bench, tmp_path: Path, capsys: Any) -> None:
    name = tmp_path.name
    net, drawn = tmp_path / f"net_{name}.py", tmp_path / f"drawn_{name}.py"
    net.write_text(MAPS.replace("{name}", name))
    drawn.write_text("PLACE = 3\n")
    network = {"file": None, "entry": f"net_{name}:make"}
    path = card_file(tmp_path, network=network, output={"flip": "none"})
    images = tmp_path / "images"
    shutil.copytree(made.images, images)
    broken = sorted(images.rglob("*.png"))[2]
    whole = broken.read_bytes()
    broken.write_bytes(b"no image")
    words = ["run", str(path), "--gt", str(made.truth), "--images", str(images), "--device", "cpu"]
    words += ["--out", str(tmp_path / "preds.json"), "-q", "--threads", "1"]
    assert invoke(words) == 3
    broken.write_bytes(whole)
    drawn.write_text("PLACE = 9\n")  # as if it were mended meanwhile
    assert invoke(words) == 2
    assert "belongs to an unfinished run with another weights" in capsys.readouterr().err
    assert invoke([*words, "--fresh"]) == 0
    weights = json.loads((tmp_path / "preds.json.run.json").read_text())["weights"]
    assert weights["name"] == f"net_{name}:make"
    assert weights["further"] == {each.name: sha256(each) for each in (drawn, net)}


def test_the_code_of_a_detector_is_digested(made: Bench, tmp_path: Path) -> None:
    predicted(made, tmp_path / "preds.json", "synth_small", "--boxes", f"detector:{detector(tmp_path)}")
    said = json.loads((tmp_path / "preds.json.run.json").read_text())["boxes"]
    module = tmp_path / f"boxes_{tmp_path.name}.py"
    assert f"{module.name} sha256 {sha256(module)}" in said


def test_a_detector_does_not_run_as_a_model(made: Bench, tmp_path: Path, capsys: Any) -> None:
    words = ["--gt", str(made.truth), "--images", str(made.images), "--out", str(tmp_path / "p.json")]
    assert invoke(["run", str(detector(tmp_path)), *words]) == 2
    assert "P158" in capsys.readouterr().err


def test_dekr_is_a_detector_as_it_was_trained(tmp_path: Path) -> None:
    from poseval.runners.loading import load, with_detector
    from poseval.runners.own_settings import ModelOptions
    from poseval.skeletons import get_skeleton
    from poseval.training import checkpoint

    small = SMALL["dekr_w32"]
    random_weights("dekr_w32", small, tmp_path / "bare.pt")
    state = torch.load(tmp_path / "bare.pt", weights_only=True)
    joints = list(get_skeleton("coco17").joints)
    run = {"model": "dekr_w32", "config": small.config, "input_size": [64, 64], "skeleton": "coco17"}
    checkpoint.save(tmp_path / "dekr.pt", {**run, "joints": joints}, model=state)
    loaded = load(ModelOptions("synth_small", device="cpu"), None)
    _, estimator, said = with_detector(loaded, ModelOptions("dekr_w32", tmp_path / "dekr.pt"), 0.0, 0.6)
    picture = np.random.default_rng(1).integers(0, 255, (96, 96, 3)).astype(np.uint8)
    poses = estimator.answer([estimator.prepare(picture, np.zeros((0, 4)), np.zeros(0))])[0]
    assert said.startswith("detector dekr_w32 sha256")
    assert poses.xy.shape[1:] == (17, 2)
    assert len(poses) > 0
