"""The keys of a card file, by table, with what each may hold."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from poseval.models.schema import Number, Option, Whole

HEATMAPS = ("argmax", "quarter", "dark", "udp")
POINTS = ("simcc", "coordinates")
FINDS_POSES = ("yolo_pose", "rtmo")
FINDS_BOXES = ("boxes", "yolo", "yolox", "rtdetr")
DECODES = (*HEATMAPS, *POINTS, *FINDS_POSES, *FINDS_BOXES)
FORMATS = {"onnx": (".onnx",), "torchscript": (".pt", ".pth", ".ts", ".jit"), "export": (".pt2",)}
IMAGE_CROPS = ("letterbox", "corner")
PERSON_CROPS = ("affine", "udp", "integer")
OF_JOINTS = ("flip_pairs", "limbs", "sigmas")
LARGEST_INPUT = 4096  # pixels a side, as of every network
GREY = 255.0  # the largest pixel before it is divided
FINDING = (
    Option("person", Whole(0, 9999), 0, "number of the class of people", free=True),
    Option("least_score", Number(0, 1), 0.01, "lowest score of people that are kept", free=True),
    Option("overlap", Number(0, 1), 0.65, "IoU of boxes above which the better one alone is kept", free=True),
)


@dataclass(frozen=True)
class Field:
    """What a key of the card holds: a test of its value, and the test in words."""

    fits: Callable[[Any], bool]
    words: str
    needed: bool = False


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_triple(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 3 and all(map(_is_number, value))


def _is_size(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(
        _is_whole(side) and 1 <= side <= LARGEST_INPUT for side in value
    )  # fmt: skip


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_text, value))


def _one_of(*values: str, needed: bool = False) -> Field:
    return Field(lambda value: value in values, f"one of {', '.join(values)}", needed)


def _positive(value: Any) -> bool:
    return _is_number(value) and value > 0


def _option(option: Option) -> Field:
    """What an option of the network may be."""

    def fits(value: Any) -> bool:
        try:
            option.taken(value)
        except ValueError:
            return False
        return True

    return Field(fits, option.allowed)


TEXT = Field(_is_text, "a text")
LISTED = Field(lambda value: isinstance(value, list), "a list")
TRIPLE = Field(_is_triple, "three numbers, in the order of the colours", needed=True)
POSITIVE = Field(_positive, "a number above 0")
FIELDS: dict[str, dict[str, Field]] = {
    "": {
        "name": TEXT,
        "licence": TEXT,
        "source": TEXT,
        "weights": TEXT,
        "notes": Field(_are_texts, "a list of texts"),
        "skeleton": TEXT,
        "joints": LISTED,
        "flip_pairs": LISTED,
        "limbs": LISTED,
        "sigmas": LISTED,
    },
    "network": {
        "file": TEXT,
        "entry": Field(lambda value: _is_text(value) and value.count(":") == 1, "module:function"),
        "options": Field(lambda value: isinstance(value, dict), "a table of the function's arguments"),
        "format": _one_of(*FORMATS),
        "providers": Field(_are_texts, "names of onnxruntime's providers"),
        "layout": _one_of("nchw", "nhwc"),
    },
    "input": {
        "size": Field(_is_size, "[height, width] in pixels", needed=True),
        "colour": _one_of("rgb", "bgr", needed=True),
        "divisor": POSITIVE,
        "mean": TRIPLE,
        "deviation": TRIPLE,
        "crop": _one_of(*PERSON_CROPS, *IMAGE_CROPS, needed=True),
        "padding": POSITIVE,
        "fill": Field(lambda value: _is_number(value) and 0 <= value <= GREY, "a grey level from 0 to 255"),
    },
    "output": {
        "decode": _one_of(*DECODES, needed=True),
        "names": Field(_are_texts, "names of outputs of the ONNX file"),
        "units": _one_of("unit", "pixels"),
        "flip": _one_of("maps", "coordinates", "none"),
        "flip_shift": Field(lambda value: _is_whole(value) and value >= 0, "a whole number of map pixels"),
        "half_pixel": Field(lambda value: isinstance(value, bool), "true or false"),
        **{option.name: _option(option) for option in FINDING},
    },
}
