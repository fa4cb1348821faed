"""A checkpoint of `poseval train` runs with the settings of its training, unless others are forced."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

import torch

from poseval.cli import invoke
from poseval.errors import MismatchError, UsageError
from poseval.models import create_model, load_weights
from poseval.models.weights.trained import trained
from poseval.runners.loading import load
from poseval.runners.own_settings import ModelOptions
from poseval.skeletons import get_skeleton
from poseval.training import checkpoint
from tests.runners.conftest import Bench

SIZE, WIDTHS = (64, 48), (8, 8, 8, 8)
COCO = get_skeleton("coco17")
RUN: dict[str, Any] = {
    "model": "synth_small",
    "config": {"widths": WIDTHS},
    "input_size": SIZE,
    "skeleton": "coco17",
    "joints": COCO.joints,
}


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("trained") / "best.pt"
    model = create_model("synth_small", input_size=SIZE, widths=WIDTHS)
    checkpoint.save(path, RUN, model=model.state_dict())
    return path


def options(weights: Path, **changes: Any) -> ModelOptions:
    return ModelOptions("synth_small", weights, **{"device": "cpu", **changes})


def test_the_settings_of_the_training_hold(weights: Path) -> None:
    found = load(options(weights), None)
    assert found.card.input_size == SIZE
    assert found.card.config["widths"] == WIDTHS
    assert found.skeleton.joints == COCO.joints


@pytest.mark.parametrize("same", [{"size": SIZE}, {"config": {"widths": [8, 8, 8, 8]}}, {"joints": 17}])
def test_settings_that_say_the_same_are_taken(same: dict[str, Any], weights: Path) -> None:
    assert load(options(weights, **same), None).card.input_size == SIZE


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"size": (64, 64)}, "was trained with 64x48 for --input-size"),
        ({"config": {"widths": [8, 8, 8, 16]}}, "was trained with [8, 8, 8, 8] for --option widths"),
        ({"size": (32, 32), "config": {"widths": [4, 8, 8, 8]}}, "leave --option widths, --input-size out"),
    ],
)
def test_other_settings_are_refused(other: dict[str, Any], words: str, weights: Path) -> None:
    with pytest.raises(MismatchError) as caught:
        load(options(weights, **other), None)
    assert caught.value.code == "P452"
    assert words in str(caught.value)


def test_the_settings_of_the_training_are_shown(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["models", "synth_small", "--weights", str(weights), "--json"]) == 0
    node = json.loads(capsys.readouterr().out)
    assert node["input_size"] == list(SIZE)
    assert node["config"]["widths"] == list(WIDTHS)
    assert node["cost"]["input_shapes"] == [[1, 3, *SIZE]]
    assert node["cost"]["parameters"] == sum(
        each.numel() for each in create_model("synth_small", input_size=SIZE, widths=WIDTHS).parameters()
    )


def test_the_classes_of_the_training_hold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "best.pt"
    run = {"model": "pplcnet_x0_25", "config": {}, "input_size": (64, 64), "classes": ("a", "b", "c")}
    model = create_model("pplcnet_x0_25", 3, (64, 64))
    checkpoint.save(path, run, model=model.state_dict())
    assert invoke(["models", "pplcnet_x0_25", "--weights", str(path), "--json"]) == 0
    node = json.loads(capsys.readouterr().out)
    assert (node["joints"], node["input_size"]) == (3, [64, 64])
    assert (
        invoke(["bench", "pplcnet_x0_25", "--weights", str(path), "--repeats", "1", "--device", "cpu"]) == 0
    )


def test_python_is_told_how_to_make_the_model(weights: Path) -> None:
    with pytest.raises(MismatchError) as caught:
        load_weights(create_model("synth_small"), weights)
    call = "create_model('synth_small', joints=17, input_size=(64, 48), widths=(8, 8, 8, 8))"
    assert caught.value.fault.hint == f"it was trained with other settings: {call}"
    load_weights(eval(call, {"create_model": create_model}), weights)


def test_weights_that_do_not_fit_what_is_forced_name_it(weights: Path) -> None:
    with pytest.raises(MismatchError) as caught:
        load(options(weights, config={"widths": (4, 4, 4, 4)}, override=True), None)
    assert "leave --override out: --option widths is [4, 4, 4, 4]" in str(caught.value)
    assert "run that model" not in str(caught.value)


def test_weights_that_come_with_a_model_are_for_its_usual_values() -> None:
    with pytest.raises(UsageError) as caught:
        load(ModelOptions("synth_small", config={"widths": (8, 8, 8, 8)}), None)
    assert caught.value.code == "P154"
    assert "leave --option and --joints out" in str(caught.value.fault.hint)


def test_other_settings_can_be_forced(weights: Path) -> None:
    found = load(options(weights, size=(128, 96), override=True), None)
    assert found.card.input_size == (128, 96)
    assert found.card.config["widths"] == WIDTHS


def test_a_checkpoint_of_another_model_is_named(weights: Path) -> None:
    with pytest.raises(MismatchError) as caught:
        load(ModelOptions("hourglass_2", weights, device="cpu"), None)
    assert caught.value.code == "P452"
    assert "is a checkpoint of synth_small, not of hourglass_2" in str(caught.value)
    assert "poseval run synth_small --weights best.pt" in str(caught.value)


def test_other_checkpoints_tell_nothing(weights: Path, tmp_path: Path) -> None:
    torch.save(create_model("synth_small", input_size=SIZE, widths=WIDTHS).state_dict(), tmp_path / "w.pt")
    assert trained(tmp_path / "w.pt").model is None
    (tmp_path / "w.txt").write_text("no checkpoint")
    assert trained(tmp_path / "w.txt").model is None


def test_from_the_command_line(
    made: Bench, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["run", "synth_small", "--weights", str(weights), "--gt", str(made.truth),
            "--images", str(made.images), "--device", "cpu", "--threads", "1",
            "--out", str(tmp_path / "dt.json")]  # fmt: skip
    assert invoke([*call, "--input-size", "64x64"]) == 3
    assert "--override" in capsys.readouterr().err
    assert invoke(call) == 0
    node = json.loads((tmp_path / "dt.json.run.json").read_text())
    assert node["overridden"] == []
    assert (node["input_size"], node["config"]) == ([64, 48], {"widths": [8, 8, 8, 8]})
    assert invoke([*call, "--input-size", "96x96", "--override", "--force"]) == 0
    node = json.loads((tmp_path / "dt.json.run.json").read_text())
    said = "--input-size is 96x96, and best.pt was trained with 64x48"
    assert (node["input_size"], node["overridden"]) == ([96, 96], [said])
    assert f"--override: {said}" in capsys.readouterr().err


def test_a_top_down_model_wants_boxes(
    made: Bench, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["run", "synth_small", "--weights", str(weights), "--images", str(made.images),
            "--device", "cpu", "--threads", "1", "--out", str(tmp_path / "dt.json")]  # fmt: skip
    assert invoke(call) == 2
    assert "which needs a box for each person [P843]" in capsys.readouterr().err
    assert invoke([*call, "--whole-image"]) == 0
