"""A card file: a TOML file that says how a network of one's own is run.

A network file says neither its colour order nor its normalisation, how people are cropped, nor how its
outputs are read. A card says it all, and everything in it that is malformed or contradicts itself is named at
once. Nothing here imports PyTorch.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from poseval.errors import Faults, PosevalError, did_you_mean, shown
from poseval.files.toml import read_toml
from poseval.models.schema import Number, Option, Whole
from poseval.skeletons import load_skeleton

HEATMAPS = ("argmax", "quarter", "dark", "udp")
POINTS = ("simcc", "coordinates")
FINDS_POSES = ("yolo_pose", "rtmo")
FINDS_BOXES = ("boxes", "yolo", "yolox", "rtdetr")
DECODES = (*HEATMAPS, *POINTS, *FINDS_POSES, *FINDS_BOXES)
FORMATS = {"onnx": (".onnx",), "torchscript": (".pt", ".pth", ".ts", ".jit"), "export": (".pt2",)}
IMAGE_CROPS = ("letterbox", "corner")
PERSON_CROPS = ("affine", "udp", "integer")
LARGEST_INPUT = 4096  # pixels a side, as of every network
GREY = 255.0  # the largest pixel before it is divided
FINDING = (
    Option("person", Whole(0, 9999), 0, "number of the class of people", free=True),
    Option("least_score", Number(0, 1), 0.01, "lowest score of people that are kept", free=True),
    Option("overlap", Number(0, 1), 0.65, "IoU of boxes above which the better one alone is kept", free=True),
)


@dataclass(frozen=True)
class _Field:
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


def _one_of(*values: str, needed: bool = False) -> _Field:
    return _Field(lambda value: value in values, f"one of {', '.join(values)}", needed)


def _positive(value: Any) -> bool:
    return _is_number(value) and value > 0


def _option(option: Option) -> _Field:
    """What an option of the network may be."""

    def fits(value: Any) -> bool:
        try:
            option.taken(value)
        except ValueError:
            return False
        return True

    return _Field(fits, option.allowed)


TEXT = _Field(_is_text, "a text")
LISTED = _Field(lambda value: isinstance(value, list), "a list")
TRIPLE = _Field(_is_triple, "three numbers, in the order of the colours", needed=True)
POSITIVE = _Field(_positive, "a number above 0")
FIELDS: dict[str, dict[str, _Field]] = {
    "": {
        "name": TEXT,
        "licence": TEXT,
        "source": TEXT,
        "weights": TEXT,
        "notes": _Field(_are_texts, "a list of texts"),
        "skeleton": TEXT,
        "joints": LISTED,
        "flip_pairs": LISTED,
        "limbs": LISTED,
        "sigmas": LISTED,
    },
    "network": {
        "file": TEXT,
        "entry": _Field(lambda value: _is_text(value) and value.count(":") == 1, "module:function"),
        "options": _Field(lambda value: isinstance(value, dict), "a table of the function's arguments"),
        "format": _one_of(*FORMATS),
        "providers": _Field(_are_texts, "names of onnxruntime's providers"),
        "layout": _one_of("nchw", "nhwc"),
    },
    "input": {
        "size": _Field(_is_size, "[height, width] in pixels", needed=True),
        "colour": _one_of("rgb", "bgr", needed=True),
        "divisor": POSITIVE,
        "mean": TRIPLE,
        "deviation": TRIPLE,
        "crop": _one_of(*PERSON_CROPS, *IMAGE_CROPS, needed=True),
        "padding": POSITIVE,
        "fill": _Field(lambda value: _is_number(value) and 0 <= value <= GREY, "a grey level from 0 to 255"),
    },
    "output": {
        "decode": _one_of(*DECODES, needed=True),
        "names": _Field(_are_texts, "names of outputs of the ONNX file"),
        "units": _one_of("unit", "pixels"),
        "flip": _one_of("maps", "coordinates", "none"),
        "flip_shift": _Field(lambda value: _is_whole(value) and value >= 0, "a whole number of map pixels"),
        "half_pixel": _Field(lambda value: isinstance(value, bool), "true or false"),
        **{option.name: _option(option) for option in FINDING},
    },
}


def read_card(path: Path) -> dict[str, Any]:
    """The fields of `ModelCard` that a TOML file states; paths in it start at its own folder.

    Raises:
        UsageError: P114 no such file, P113 an unknown skeleton.
        FormatError: P253 what is malformed or contradicts itself, all at once.
    """
    where = shown(path.name)
    faults = Faults()
    try:
        node = read_toml(path)
    except ValueError as error:
        faults.add("P253", where=where, what=f"is not TOML ({shown(error)})")
        node = {}
    faults.raise_if_any()
    _check_fields(node, where, faults)
    faults.raise_if_any()
    joints, skeleton = _joints(node, path, where, faults)
    _check_network(node["network"], path, where, faults)
    _check_colours(node["input"], where, faults)
    _check_output(node, skeleton, where, faults)
    faults.raise_if_any()
    return _card(node, path, joints, skeleton)


def _check_fields(node: Mapping[str, Any], where: str, faults: Faults) -> None:
    """Tables and keys that are unknown, missing, or of the wrong form."""
    sections = [name for name in FIELDS if name]
    for section, fields in FIELDS.items():
        table = node.get(section, {}) if section else node
        if not isinstance(table, dict):
            faults.add("P253", where=f"{where}: {section}", what="is not a table", wanted=f"[{section}]")
            continue
        known = [*fields, *(sections if not section else ())]
        place = f"{where}: [{section}] " if section else f"{where}: "
        for key in table:
            if key not in known:
                faults.add(
                    "P253",
                    where=place + shown(key),
                    what="is not a key of a card",
                    wanted=f"one of {', '.join(known)}",
                    hint=did_you_mean(key, known),
                )
        for key, field in fields.items():
            if key not in table and field.needed:
                faults.add("P253", where=place + key, what="is missing", wanted=field.words)
            elif key in table and not field.fits(table[key]):
                faults.add("P253", where=place + key, what=f"is {shown(table[key])}", wanted=field.words)
    if not isinstance(node.get("network"), dict) or not {"file", "entry"} & set(node["network"]):
        faults.add(
            "P253", where=f"{where}: [network]", what="names no network", wanted="file or entry, or both"
        )


def _joints(node: Mapping[str, Any], path: Path, where: str, faults: Faults) -> tuple[int, str | None]:
    """The number of joints, and the skeleton: a name, or a file, which can be the card itself."""
    if node["output"]["decode"] in FINDS_BOXES:
        return 0, None
    if ("joints" in node) == ("skeleton" in node):
        both = "names both a skeleton and joints" if "joints" in node else "names no joints"
        faults.add("P253", where=where, what=both, wanted='skeleton = "coco17", or joints = ["nose", ...]')
        return 0, None
    named = str(path) if "joints" in node else str(node["skeleton"])
    if named.endswith((".json", ".toml")) and "skeleton" in node:
        named = str(path.parent / named)
    try:
        return len(load_skeleton(named)), named
    except PosevalError as error:
        for fault in error.faults:
            faults.add("P253", where=where, what=f"{fault.where} {fault.what}", wanted=fault.wanted)
        return 0, None


def _check_network(network: Mapping[str, Any], path: Path, where: str, faults: Faults) -> None:
    place = f"{where}: [network]"
    file = path.parent / network["file"] if "file" in network else None
    if file is not None and not os.path.isfile(file):
        faults.add("P253", where=f"{place} file", what=f"{shown(network['file'])} is not a file")
    if "entry" in network:
        for key in ("format", "providers"):
            if key in network:
                faults.add("P253", where=f"{place} {key}", what="has no meaning beside entry")
        return
    if "options" in network:
        faults.add("P253", where=f"{place} options", what="has no meaning without entry")
    kind = network_format(network)
    if file is not None and kind is None:
        faults.add(
            "P253",
            where=f"{place} file",
            what=f"{shown(network['file'])} has no suffix of a network file",
            wanted="format = one of " + ", ".join(FORMATS),
        )
    if "providers" in network and kind != "onnx":
        faults.add("P253", where=f"{place} providers", what="has no meaning without an ONNX file")


def network_format(network: Mapping[str, Any]) -> str | None:
    """`onnx`, `torchscript` or `export`, as stated or by the file's suffix; None where neither says it."""
    suffix = Path(network.get("file", "")).suffix
    by_suffix = next((kind for kind, suffixes in FORMATS.items() if suffix in suffixes), None)
    stated: str | None = network.get("format", by_suffix)
    return stated


def _check_colours(given: Mapping[str, Any], where: str, faults: Faults) -> None:
    """Mean and deviation must be of the scale that the divisor leaves."""
    place = f"{where}: [input]"
    if any(value <= 0 for value in given["deviation"]):
        faults.add("P253", where=f"{place} deviation", what=f"is {given['deviation']}", wanted="above 0")
    largest = GREY / given.get("divisor", GREY)
    if any(abs(value) > largest for value in given["mean"]):
        faults.add(
            "P253",
            where=f"{place} mean",
            what=f"is {given['mean']}, and pixels end at {largest:g} after the divisor",
            wanted="mean and deviation of the divided pixels",
            hint="write divisor = 1 where they are of pixels from 0 to 255",
        )
    elif largest > 1 and any(value != 0 for value in given["mean"]) and max(given["mean"]) <= 1:
        faults.add(
            "P253",
            where=f"{place} mean",
            what=f"is {given['mean']}, and pixels go up to {largest:g} after the divisor",
            wanted="mean and deviation of the divided pixels",
            hint="write divisor = 255 where they are of pixels from 0 to 1",
        )


def _check_output(node: Mapping[str, Any], skeleton: str | None, where: str, faults: Faults) -> None:
    crop, output = node["input"]["crop"], node["output"]
    decode, flip = output["decode"], output.get("flip", "none")
    whole = decode in (*FINDS_POSES, *FINDS_BOXES)
    fitting = IMAGE_CROPS if whole else PERSON_CROPS
    if crop not in fitting:
        what = f"is {crop}, and decode {decode} is of {'whole images' if whole else 'crops of people'}"
        faults.add("P253", where=f"{where}: [input] crop", what=what, wanted=f"one of {', '.join(fitting)}")
    if flip not in ("none", _flip_of(decode)):
        faults.add(
            "P253",
            where=f"{where}: [output] flip",
            what=f"is {flip}, and decode is {decode}",
            wanted=f"{_flip_of(decode)} or none" if _flip_of(decode) != "none" else "none",
        )
    if output.get("flip_shift") and (decode not in HEATMAPS or crop == "udp"):
        faults.add(
            "P253",
            where=f"{where}: [output] flip_shift",
            what=f"is {output['flip_shift']} with decode {decode} and crop {crop}",
            wanted="0: only maps of affine crops are moved",
        )
    if flip != "none" and skeleton is not None:
        mirror = load_skeleton(skeleton).flip
        if list(mirror) == sorted(mirror):
            faults.add(
                "P253",
                where=f"{where}: [output] flip",
                what=f"is {flip}, and no joint has a mirror joint",
                wanted="flip_pairs, or names that begin with left_ and right_",
            )
    if "units" in output and decode != "coordinates":
        faults.add("P253", where=f"{where}: [output] units", what=f"has no meaning with decode {decode}")
    if output.get("half_pixel") and (decode not in HEATMAPS or crop != "affine"):
        faults.add(
            "P253",
            where=f"{where}: [output] half_pixel",
            what=f"is true with decode {decode} and crop {crop}",
            wanted="heatmaps of affine crops",
        )
    for key in [option.name for option in FINDING]:
        if key in output and not whole:
            faults.add("P253", where=f"{where}: [output] {key}", what=f"has no meaning with decode {decode}")


def _flip_of(decode: str) -> str:
    if decode in (*HEATMAPS, "simcc"):
        return "maps"
    return "coordinates" if decode == "coordinates" else "none"


def kind_of(decode: str) -> Literal["heatmap", "bottom_up", "regression", "detector"]:
    """The kind of network that is read by a decoding."""
    if decode in HEATMAPS:
        return "heatmap"
    if decode in FINDS_POSES:
        return "bottom_up"
    return "regression" if decode in POINTS else "detector"


def _card(node: Mapping[str, Any], path: Path, joints: int, skeleton: str | None) -> dict[str, Any]:
    network, given, output = node["network"], node["input"], node["output"]
    crop, decode = given["crop"], output["decode"]
    return {
        "name": node.get("name", path.stem),
        "family": "card",
        "kind": kind_of(decode),
        "builder": builder_of(decode),
        "source": node.get("source", f"card {path.name}"),
        "licence": node.get("licence", "not stated"),
        "weights": node.get("weights", "the network that the card names"),
        "input_size": tuple(given["size"]),
        "joints": joints,
        "skeleton": skeleton,
        "colour": given["colour"],
        "pixel_divisor": float(given.get("divisor", GREY)),
        "mean": tuple(map(float, given["mean"])),
        "std": tuple(map(float, given["deviation"])),
        "crop": crop,
        "padding": float(given.get("padding", 1.25)),
        "fill": float(given.get("fill", 114.0)),
        "decode": decode,
        "flip": output.get("flip", _flip_of(decode)),
        "flip_shift": output.get("flip_shift", int(crop == "affine" and decode in HEATMAPS)),
        "half_pixel": output.get("half_pixel", False),
        "stride": 1,
        "fixed_joints": True,
        "file": str(path.parent / network["file"]) if "file" in network else None,
        "config": _config(network, output, path),
        "options": FINDING if kind_of(decode) in ("bottom_up", "detector") else (),
        "notes": tuple(node.get("notes", ())),
    }


def builder_of(decode: str) -> str:
    """The place of the builder of networks that are read by a decoding."""
    room = "poseval.models.adapters"
    whole = decode in (*FINDS_POSES, *FINDS_BOXES)
    return f"{room}.finders:build" if whole else f"{room}.own_network:build"


def _config(network: Mapping[str, Any], output: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Arguments of the builder, in plain values; `source` holds fields of `own_network.Source`."""
    if "entry" in network:
        source: dict[str, Any] = {"entry": network["entry"], "folder": str(path.parent)}
    else:
        source = {"format": network_format(network)}
    source |= {key: network[key] for key in ("options", "providers", "layout") if key in network}
    source |= {"names": output["names"]} if "names" in output else {}
    own = {key: output[key] for key in ("units", *(option.name for option in FINDING)) if key in output}
    return {"decode": output["decode"], "source": source, **own}
