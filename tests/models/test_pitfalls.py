"""Traps of porting that raise no error, for the families together; others stand with their family."""

from __future__ import annotations

import ast
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch.nn import functional

import poseval.models
from poseval.models import create_model
from poseval.models.inference.top_down import TopDown
from poseval.models.registry import IMAGENET_MEAN, IMAGENET_STD, card, list_models

pytestmark = pytest.mark.models

BLUE_FIRST = ("simplebaseline", "prtr_r50", "prtr_r101", "prtr_r152")
RED_FIRST = (
    "hrnet",
    "dekr",
    "tokenpose",
    "ditehrnet",
    "prtr_w32",
    "prtr_sequential",
    "hourglass",
    "fan",
    "hpm",
)
PLAIN = ("hourglass", "fan", "hpm")  # fed with /255 alone


@pytest.mark.parametrize("name", list_models())
def test_colour_order_and_normalisation_are_the_checkpoints(name: str) -> None:
    entry = card(name)
    if name.startswith(BLUE_FIRST):
        assert entry.colour == "bgr"
    elif name.startswith(RED_FIRST):
        assert entry.colour == "rgb"
    if name.startswith(PLAIN):
        assert (entry.pixel_divisor, entry.mean, entry.std) == (255.0, (0.0,) * 3, (1.0,) * 3)
    elif name.startswith("movenet"):
        assert (entry.colour, entry.pixel_divisor) == ("rgb", 1.0)
        assert (entry.mean, entry.std) == ((0.0,) * 3, (1.0,) * 3)
    elif name.startswith((*BLUE_FIRST, *RED_FIRST)):
        assert (entry.pixel_divisor, entry.mean, entry.std) == (255.0, IMAGENET_MEAN, IMAGENET_STD)


def test_suppression_takes_the_area_of_the_enlarged_crop() -> None:
    top = TopDown(
        create_model("synth_small", input_size=(64, 48)), card("synth_small").sized(input_size=(64, 48))
    )
    box = np.array([[10.0, 20.0, 40.0, 60.0]])  # of the input's aspect
    assert top.crops(box).area[0] == pytest.approx(30 * 40 * 1.25**2)
    poses = top.poses(np.zeros((80, 80, 3), dtype=np.uint8), box)
    assert poses.area[0] == pytest.approx(30 * 40 * 1.25**2)


GONE = {"float", "int", "bool", "object", "str", "complex", "long", "float_", "NaN", "Inf", "in1d", "product"}


def test_no_alias_is_used_that_numpy_2_has_not() -> None:
    assert int(np.__version__.partition(".")[0]) >= 2
    files = sorted(Path(poseval.models.__path__[0]).rglob("*.py"))
    assert len(files) > 30
    for file in files:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "np":
                assert node.attr not in GONE, f"{file.name}:{node.lineno}: np.{node.attr}"


def test_the_hourglass_takes_channels_first_where_its_program_takes_them_last() -> None:
    model = create_model("hourglass_2", input_size=(64, 64))
    with torch.no_grad():
        assert model(torch.zeros(1, 3, 64, 64)).shape == (1, 2, 16, 16, 16)
    with pytest.raises(RuntimeError, match="channels"):
        model(torch.zeros(1, 64, 64, 3))


@pytest.mark.parametrize(
    ("name", "options", "wanted"),
    [
        ("dekr_w32", {"width": 4}, {("bilinear", False), ("nearest", None)}),
        ("ditehrnet_18", {}, {("bilinear", True), ("nearest", None)}),
        ("hrnet_w32", {"width": 4}, {("nearest", None)}),
        ("hourglass_2", {"width": 16}, {("nearest", None)}),
        ("fan_1", {}, {("nearest", None)}),
    ],
)
def test_resizing_aligns_what_the_program_aligns(
    name: str, options: dict[str, Any], wanted: set[tuple[str, bool | None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, seen = functional.interpolate, set()

    def watched(*args: Any, **named: Any) -> Any:
        given = signature(real).bind(*args, **named)
        given.apply_defaults()
        seen.add((given.arguments["mode"], given.arguments["align_corners"]))
        return real(*args, **named)

    monkeypatch.setattr(functional, "interpolate", watched)
    with torch.no_grad():
        create_model(name, input_size=(64, 64), **options)(torch.rand(1, 3, 64, 64))
    assert seen == wanted
