"""What is asked for is compared with what the card file of a network says."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

import torch
from PIL import Image

from poseval.cli import invoke
from poseval.errors import MismatchError, UsageError
from poseval.models import create_model
from poseval.models.registry import build_model, card
from poseval.runners.loading import load, precision, with_detector
from poseval.runners.own_settings import ModelOptions, with_own_settings
from poseval.training import checkpoint
from tests.models.card_text import card_file
from tests.runners.conftest import CONFIG, SIZE, Bench

pytestmark = pytest.mark.models


@pytest.fixture
def described(tmp_path: Path) -> Path:
    """A small network as TorchScript, and its card of 64 x 48 pixels and 17 joints of COCO."""
    torch.manual_seed(1)
    model = create_model("synth_small", input_size=SIZE, **CONFIG)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer releases warn that this exporter ages
        for name in ("net.pt", "other.pt"):
            torch.jit.save(torch.jit.trace(model, torch.zeros(1, 3, *SIZE)), str(tmp_path / name))
    return card_file(tmp_path, network={"file": "net.pt"})


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"size": (96, 96)}, "card.toml: says 64x48 for --input-size"),
        ({"weights": "other.pt"}, 'says "net.pt" for --weights'),
        (
            {"weights": "other.pt", "size": (32, 32)},
            "leave --input-size, --weights out, which the card tells",
        ),
    ],
)
def test_other_settings_than_the_cards_are_refused(
    other: dict[str, Any], words: str, described: Path
) -> None:
    if "weights" in other:
        other["weights"] = described.parent / other["weights"]
    with pytest.raises(MismatchError) as caught:
        load(ModelOptions(str(described), device="cpu", **other), None)
    assert caught.value.code == "P452"
    assert words in str(caught.value)
    loaded = load(ModelOptions(str(described), device="cpu", override=True, **other), None)
    assert len(loaded.overridden) == len(other)
    if "size" in other:
        height, width = other["size"]
        assert loaded.overridden[0] == f"--input-size is {height}x{width}, and card.toml says 64x48"


def test_the_same_settings_are_no_contradiction(described: Path) -> None:
    same = ModelOptions(
        str(described), described.parent / "net.pt", size=SIZE, skeleton="coco17", device="cpu"
    )
    assert load(same, None).card.input_size == SIZE


def test_joints_of_another_skeleton_are_refused(described: Path) -> None:
    with pytest.raises(MismatchError) as caught:
        load(ModelOptions(str(described), skeleton="posetrack17slots", device="cpu"), None)
    assert caught.value.code == "P407"
    assert "card.toml" in str(caught.value)
    assert "leave out --skeleton; poseval score --joints names" in str(caught.value)


def test_two_numbers_of_an_option_are_no_size(tmp_path: Path) -> None:
    path = tmp_path / "best.pt"
    checkpoint.save(
        path, {"model": "synth_small", "config": {"widths": (64, 64)}, "input_size": SIZE}, model={}
    )
    asked = ModelOptions("synth_small", path, config={"widths": (64, 64, 64)})
    with pytest.raises(MismatchError, match=r"was trained with \[64, 64\] for --option widths"):
        with_own_settings(asked)
    told = with_own_settings(replace(asked, override=True, size=(32, 32)))[0].overridden
    assert told == (
        "--option widths is [64, 64, 64], and best.pt was trained with [64, 64]",
        f"--input-size is 32x32, and best.pt was trained with {SIZE[0]}x{SIZE[1]}",
    )


def test_an_unknown_detector_lists_what_finds_people(described: Path) -> None:
    loaded = load(ModelOptions(str(described), device="cpu"), None)
    with pytest.raises(UsageError) as caught:
        with_detector(loaded, ModelOptions("nothere"), 0.0, 0.6)
    assert caught.value.code == "P150"
    names = (caught.value.fault.wanted or "").removeprefix("one of ").split(", ")
    assert {"dekr_w32", "detr_r50"} <= set(names)
    assert "hrnet_w32" not in names


def test_a_card_without_a_file_is_held_to(tmp_path: Path) -> None:
    (tmp_path / "flat_maps.py").write_text(
        "import torch\n\nclass Flat(torch.nn.Module):\n    def forward(self, x):\n"
        "        return x[:, :1, ::4, ::4].expand(-1, 17, -1, -1)\n\n"
        "def make(joints, input_size):\n    return Flat()\n"
    )
    path = card_file(tmp_path, network={"file": None, "entry": "flat_maps:make"})
    with pytest.raises(MismatchError, match="says 64x48 for --input-size"):
        load(ModelOptions(str(path), size=(32, 32), device="cpu"), None)


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (["--input-size", "32x32"], "leave --input-size out"),
        (["--skeleton", "posetrack17slots"], "leave out --skeleton"),
    ],
)
def test_the_advice_is_followed(
    extra: list[str], words: str, made: Bench, described: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["run", str(described), "--gt", str(made.truth), "--images", str(made.images), "--device", "cpu",
            "--threads", "1", "--out", str(described.parent / "dt.json")]  # fmt: skip
    assert invoke([*call, *extra]) == 3
    assert words in capsys.readouterr().err
    assert invoke(call) == 0
    if extra[0] == "--input-size":
        assert invoke([*call, *extra, "--override", "--force"]) == 0


def test_weights_of_a_detectors_card_are_named_by_their_flag(
    made: Bench, described: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["run", "synth_small", "--gt", str(made.truth), "--images", str(made.images), "--device", "cpu",
            "--out", str(described.parent / "dt.json"), "--boxes", f"detector:{described}",
            "--detector-weights", str(described.parent / "other.pt")]  # fmt: skip
    assert invoke(call) == 3
    assert "leave --detector-weights out" in capsys.readouterr().err


def test_classifiers_are_no_detectors(
    made: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["run", "synth_small", "--gt", str(made.truth), "--images", str(made.images), "--device", "cpu",
            "--out", str(tmp_path / "dt.json"), "--boxes"]  # fmt: skip
    assert invoke([*call, "detector:nope"]) == 2
    said = capsys.readouterr().err
    assert "lcnet" not in said
    assert "ps_vit" not in said
    assert "detr_r50" in said
    assert invoke([*call, "detector:pplcnet_x0_25"]) == 2
    assert "does not find people [P158]" in capsys.readouterr().err


def test_whole_images_and_boxes_of_a_file_contradict(
    made: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["run", "synth_small", "--images", str(made.images), "--out", str(tmp_path / "dt.json")]
    assert invoke([*call, "--whole-image", "--boxes", "boxes.json"]) == 2
    assert "--whole-image: contradicts --boxes boxes.json [P127]" in capsys.readouterr().err


def test_other_joints_than_the_cards_are_refused(described: Path) -> None:
    with pytest.raises(UsageError, match="always has 17 joints, not 16") as caught:
        load(ModelOptions(str(described), joints=16, device="cpu"), None)
    assert caught.value.code == "P151"


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_a_network_in_a_file_is_computed_as_it_was_exported(
    described: Path, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("poseval.models.adapters.network_files.require", lambda *_: None)
    (described.parent / "net.onnx").write_bytes(b"")
    names = {"torch": str(described), "code": "synth_small"}
    models = {kind: (build_model(card(name)), card(name)) for kind, name in names.items()}
    elsewhere = card(str(card_file(described.parent)))
    models["elsewhere"] = (build_model(elsewhere), elsewhere)

    def half(kind: str, **wishes: Any) -> bool:
        return precision(*models[kind], ModelOptions(kind, **wishes), device)

    assert half("torch") == half("code") == (device == "cuda")
    assert not half("elsewhere")
    assert half("torch", half=True)
    assert not half("elsewhere", half=False)
    half("code", compiled=True, channels_last=True)
    for kind, wish in (
        ("torch", "compiled"),
        ("torch", "channels_last"),
        ("elsewhere", "compiled"),
        ("elsewhere", "channels_last"),
        ("elsewhere", "half"),
    ):
        with pytest.raises(UsageError, match="computed as it was exported") as caught:
            half(kind, **{wish: True})
        assert caught.value.code == "P158"


@pytest.mark.parametrize("command", ["run", "bench"])
def test_so_say_the_commands(described: Path, tmp_path: Path, capsys: Any, command: str) -> None:
    image = tmp_path / "images" / "a.png"
    image.parent.mkdir()
    Image.new("RGB", (64, 48)).save(image)
    words = [command, str(described), "--device", "cpu", "--compile"]
    if command == "run":
        words += ["--images", str(image.parent), "--whole-image", "--out", str(tmp_path / "p.json"), "-q"]
    assert invoke(words) == 2
    assert "computed as it was exported" in capsys.readouterr().err
