"""A card file: a TOML file that says how a network of one's own is run.

A network file says neither its colour order nor its normalisation, how people are cropped, nor how its
outputs are read. A card says it all, and everything in it that is malformed or contradicts itself is named at
once. Nothing here imports PyTorch.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from poseval.errors import Faults, PosevalError, did_you_mean, shown
from poseval.files.toml import read_toml
from poseval.models.card_fields import (
    FIELDS,
    FINDING,
    FINDS_BOXES,
    FINDS_POSES,
    FORMATS,
    GREY,
    HEATMAPS,
    IMAGE_CROPS,
    OF_JOINTS,
    PERSON_CROPS,
    POINTS,
    Field,
)  # fmt: skip
from poseval.skeletons import load_skeleton


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
    sound = _sound(node, where, faults)
    joints, skeleton = _joints(sound, path, where, faults)
    _check_network(sound, path, where, faults)
    _check_colours(sound["input"], where, faults)
    _check_output(sound, skeleton, where, faults)
    faults.raise_if_any()
    return _card(sound, path, joints, skeleton)


def _sound(node: Mapping[str, Any], where: str, faults: Faults) -> dict[str, Any]:
    """The tables with what is of the right form; None where a key is missing, or has another form.

    What is wrong by itself is a fault, and does not hide what contradicts itself among the rest.
    """
    out: dict[str, Any] = {}
    for section, fields in FIELDS.items():
        table = node.get(section, {}) if section else node
        if not isinstance(table, dict):
            faults.add("P253", where=f"{where}: {section}", what="is not a table", wanted=f"[{section}]")
            table = dict.fromkeys(key for key, field in fields.items() if field.needed)
        else:
            place = f"{where}: [{section}] " if section else f"{where}: "
            table = _sound_table(table, fields, place, faults, () if section else tuple(FIELDS))
        out |= {section: table} if section else table
    network = node.get("network", {})
    if isinstance(network, dict) and not {"file", "entry"} & set(network):
        faults.add(
            "P253", where=f"{where}: [network]", what="names no network", wanted="file or entry, or both"
        )
    return out


def _sound_table(
    table: Mapping[str, Any], fields: Mapping[str, Field], place: str, faults: Faults, more: Sequence[str]
) -> dict[str, Any]:
    """One table of a card; `more` are names of tables in it."""
    known = [*fields, *filter(None, more)]
    for key in table:
        if key not in known:
            faults.add(
                "P253",
                where=place + shown(key),
                what="is not a key of a card",
                wanted=f"one of {', '.join(known)}",
                hint=did_you_mean(key, known),
            )
    out: dict[str, Any] = {}
    for key, field in fields.items():
        if key not in table and field.needed:
            faults.add("P253", where=place + key, what="is missing", wanted=field.words)
            out[key] = None
        elif key in table:
            fits = field.fits(table[key])
            if not fits:
                faults.add("P253", where=place + key, what=f"is {shown(table[key])}", wanted=field.words)
            out[key] = table[key] if fits else None
    return out


def _joints(node: Mapping[str, Any], path: Path, where: str, faults: Faults) -> tuple[int, str | None]:
    """The number of joints, and the skeleton: a name, or a file, which can be the card itself."""
    decode = node["output"]["decode"]
    of_joints = [key for key in OF_JOINTS if key in node]
    if decode in FINDS_BOXES:
        for key in ("skeleton", "joints", *of_joints):
            if key in node:
                faults.add("P253", where=f"{where}: {key}", what=f"has no meaning with decode {decode}")
        return 0, None
    if "joints" not in node:
        for key in of_joints:
            faults.add("P253", where=f"{where}: {key}", what="has no meaning without joints")
    unknown = decode is None and "joints" not in node and "skeleton" not in node
    if unknown or None in (node.get("joints", ""), node.get("skeleton", "")):
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


def _check_network(node: Mapping[str, Any], path: Path, where: str, faults: Faults) -> None:
    network, place = node["network"], f"{where}: [network]"
    if "names" in node["output"] and ("entry" in network or network_format(network) not in ("onnx", None)):
        faults.add("P253", where=f"{where}: [output] names", what="has no meaning without an ONNX file")
    file = path.parent / network["file"] if network.get("file") else None
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
    if file is not None and kind is None and "format" not in network:
        faults.add(
            "P253",
            where=f"{place} file",
            what=f"{shown(network['file'])} has no suffix of a network file",
            wanted="format = one of " + ", ".join(FORMATS),
        )
    if "providers" in network and kind not in ("onnx", None):
        faults.add("P253", where=f"{place} providers", what="has no meaning without an ONNX file")


def network_format(network: Mapping[str, Any]) -> str | None:
    """`onnx`, `torchscript` or `export`, as stated or by the file's suffix; None where neither says it."""
    suffix = Path(network.get("file") or "").suffix
    by_suffix = next((kind for kind, suffixes in FORMATS.items() if suffix in suffixes), None)
    stated: str | None = network.get("format")
    return stated or by_suffix


def _check_colours(given: Mapping[str, Any], where: str, faults: Faults) -> None:
    """Mean and deviation must be of the scale that the divisor leaves."""
    place = f"{where}: [input]"
    if any(value <= 0 for value in given["deviation"] or ()):
        faults.add("P253", where=f"{place} deviation", what=f"is {given['deviation']}", wanted="above 0")
    divisor = given.get("divisor", GREY)
    if divisor is None:
        return
    largest = GREY / divisor
    for key in ("mean", "deviation"):
        values = given[key] or (0.0,)
        size = max(map(abs, values))
        if size > largest:
            what, right = f"pixels end at {largest:g}", "divisor = 1 where they are of pixels from 0 to 255"
        elif 0 < size < largest / GREY and largest > 1:
            what, right = f"pixels go up to {largest:g}", "divisor = 255 where they are of pixels from 0 to 1"
        else:
            continue
        faults.add(
            "P253",
            where=f"{place} {key}",
            what=f"is {values}, and {what} after the divisor",
            wanted="mean and deviation of the divided pixels",
            hint=f"write {right}",
        )


def _check_output(node: Mapping[str, Any], skeleton: str | None, where: str, faults: Faults) -> None:
    crop, output = node["input"]["crop"], node["output"]
    decode = output["decode"]
    if decode is None:
        return
    whole = decode in (*FINDS_POSES, *FINDS_BOXES)
    fitting = IMAGE_CROPS if whole else PERSON_CROPS
    if crop is not None and crop not in fitting:
        what = f"is {crop}, and decode {decode} is of {'whole images' if whole else 'crops of people'}"
        faults.add("P253", where=f"{where}: [input] crop", what=what, wanted=f"one of {', '.join(fitting)}")
    _check_flip(output, decode, crop, skeleton, where, faults)
    if output.get("half_pixel") and (decode not in HEATMAPS or crop not in ("affine", None)):
        faults.add(
            "P253",
            where=f"{where}: [output] half_pixel",
            what=f"is true with decode {decode} and crop {crop}",
            wanted="heatmaps of affine crops",
        )
    without = [("output", key) for key in ("units",) if decode != "coordinates"]
    without += [("output", option.name) for option in FINDING if not whole]
    without += [("input", "padding" if whole else "fill")]
    for table, key in without:
        if key in node[table]:
            faults.add("P253", where=f"{where}: [{table}] {key}", what=f"has no meaning with decode {decode}")


def _check_flip(
    output: Mapping[str, Any], decode: str, crop: str | None, skeleton: str | None, where: str, faults: Faults
) -> None:
    """What a flip test averages, and the joints and the shift that it needs."""
    flip, shift = output.get("flip", _flip_of(decode)), output.get("flip_shift")
    if flip not in (None, "none", _flip_of(decode)):
        faults.add(
            "P253",
            where=f"{where}: [output] flip",
            what=f"is {flip}, and decode is {decode}",
            wanted=f"{_flip_of(decode)} or none" if _flip_of(decode) != "none" else "none",
        )
    if shift and (decode not in HEATMAPS or crop == "udp"):
        faults.add(
            "P253",
            where=f"{where}: [output] flip_shift",
            what=f"is {shift} with decode {decode} and crop {crop}",
            wanted="0: only maps of affine crops are moved",
        )
    elif shift and flip == "none":
        faults.add(
            "P253",
            where=f"{where}: [output] flip_shift",
            what=f"is {shift} with flip none",
            wanted="0, or flip = maps",
        )
    if output.get("flip") not in (None, "none") and skeleton is not None:
        mirror = load_skeleton(skeleton).flip
        if list(mirror) == sorted(mirror):
            faults.add(
                "P253",
                where=f"{where}: [output] flip",
                what=f"is {flip}, and no joint has a mirror joint",
                wanted="flip_pairs, or names that begin with left_ and right_",
            )


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
    flip, half_pixel = output.get("flip", _flip_of(decode)), output.get("half_pixel", False)
    moved = crop == "affine" and flip == "maps" and decode in HEATMAPS and not half_pixel
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
        "flip": flip,
        "flip_shift": output.get("flip_shift", int(moved)),
        "half_pixel": half_pixel,
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
