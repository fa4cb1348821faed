"""Graph models of TensorFlow.js: topology and weights out of a folder, a `.json` file or an npm tarball.

A graph model is a JSON file (`modelTopology` with nodes, `weightsManifest` with names, shapes and types) and
binary files that hold the weights one after the other, often stored as float16.
Source: TensorFlow.js converter, file formats `graph-model` and weights manifest.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from poseval.errors import FormatError, LimitError, UsageError, shown
from poseval.files.packed import decompressed
from poseval.files.reading import parse_json, read_regular, require_regular
from poseval.files.tar import tar_members
from poseval.limits import DEFAULT, MIB

JSON_BYTES = 8 * MIB  # MoveNet's topology has 0.2 MB
WEIGHT_BYTES = 256 * MIB  # MoveNet thunder has 12 MB, BlazePose heavy 28 MB
TARBALL_BYTES = 256 * MIB  # as packed, and as unpacked; the published package has 138 and 165 MiB
NODES = 20_000  # MoveNet has 331
TYPES = {"float32": np.float32, "int32": np.int32, "bool": np.bool_, "uint8": np.uint8}
STORED = {"float16": np.float16, "uint8": np.uint8, "uint16": np.uint16}


@dataclass(frozen=True)
class Node:
    """One operation: `inputs` are names and ports, without control edges; `attributes` as in the file."""

    name: str
    op: str
    inputs: tuple[tuple[str, int], ...]
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class GraphFile:
    """A graph model as read: nodes in an order in which each follows its inputs, and weights by name."""

    name: str
    nodes: tuple[Node, ...]
    weights: Mapping[str, NDArray[Any]]
    inputs: tuple[str, ...]
    input_shapes: tuple[tuple[int, ...], ...]
    outputs: tuple[str, ...]


def read_graph(path: Path, stem: str) -> GraphFile:
    """Read the model `stem` (e.g. `movenet-thunder`) from `path`.

    `path` is a model's `.json` file with the `.bin` beside it (then `stem` is not looked at), a folder that
    holds both at any depth, or an npm tarball (`.tgz`) with both inside.

    Raises:
        UsageError: P154 when the folder or tarball does not hold the model.
        FormatError: P250 not a graph model, cut short, or in a form that is not known.
        LimitError: P501 larger than allowed, P502 nested too deeply or too many members, P504 unpacks to
            suspiciously much.
    """
    stem = path.stem if path.suffix == ".json" and os.path.isfile(path) else stem
    files = _Files(path, stem)
    where = f"{shown(path.name)}: {stem}.json"
    try:
        document = parse_json(files.read(f"{stem}.json", JSON_BYTES), where, JSON_BYTES)
    except ValueError as error:
        raise FormatError("P250", where=where, what=f"is not JSON ({shown(error)})") from error
    try:
        topology = document["modelTopology"]["node"]
        manifest = document["weightsManifest"]
        nodes = _ordered([_node(entry) for entry in topology], where)
        weights: dict[str, NDArray[Any]] = {}
        for group in manifest:
            names = [str(PurePosixPath(name).name) for name in group["paths"]]
            blob = b"".join(files.read(name, WEIGHT_BYTES) for name in names)
            weights.update(_weights(group["weights"], blob, f"{shown(path.name)}: {shown(', '.join(names))}"))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise FormatError(
            "P250",
            where=where,
            what=f"is not a TensorFlow.js graph model ({type(error).__name__}: {shown(error)})",
            wanted="modelTopology.node and weightsManifest",
        ) from error
    signature = document.get("signature") or {}
    places = [node for node in nodes if node.op == "Placeholder"]
    return GraphFile(
        stem,
        nodes,
        weights,
        tuple(node.name for node in places),
        tuple(_shape(node) for node in places),
        tuple(name.partition(":")[0] for name in signature.get("outputs", {})) or _ends(nodes),
    )


class _Files:
    """Bytes by base name out of a folder, beside a file, or out of a tarball."""

    def __init__(self, path: Path, stem: str) -> None:
        self.path = path
        self.packed: dict[str, bytes] = {}
        self.folder: Path | None = None
        if os.path.isdir(path):
            found = sorted(path.rglob(f"{stem}.json"))
            if not found:
                raise self.absent(f"{stem}.json")
            self.folder = found[0].parent
        elif path.suffix == ".json":
            self.folder = path.parent
        else:
            self.packed = _unpack(path, stem)

    def absent(self, name: str) -> UsageError:
        return UsageError(
            "P154",
            where=shown(self.path.name),
            what=f"holds no {shown(name)}",
            wanted="the npm tarball or a folder with the model's .json and .bin",
        )

    def read(self, name: str, most: int) -> bytes:
        """The bytes of a file.

        Raises:
            UsageError: P154 when it is not there.
            LimitError: P501 when it is larger than `most`.
        """
        if self.folder is None:
            if name not in self.packed:
                raise self.absent(name)
            return self.packed[name]
        file = self.folder / name
        if not os.path.isfile(file):
            raise self.absent(name)
        _check_size(file.stat().st_size, most, name)
        return read_regular(file, shown(name), most)


def _check_size(size: int, most: int, name: str) -> None:
    if size > most:
        raise LimitError("P501", where=shown(name), what=f"has {size} bytes", wanted=f"at most {most}")


def _unpack(path: Path, stem: str) -> dict[str, bytes]:
    """Members of a tarball whose base name starts with `stem`, read into memory, nothing written to disk."""
    where = shown(path.name)
    require_regular(path, where)
    _check_size(path.stat().st_size, TARBALL_BYTES, path.name)
    packed = read_regular(path, where, TARBALL_BYTES)
    try:
        data = decompressed(packed, where, replace(DEFAULT, file_bytes=TARBALL_BYTES))
    except LimitError as error:  # its advice is of data sets, whose limits can be raised
        raise LimitError(
            error.code,
            where=where,
            what=error.faults[0].what,
            wanted=f"at most {TARBALL_BYTES:,} bytes, which the published package does not reach",
            hint="if you trust it, unpack it yourself and give the folder",
        ) from None
    except FormatError as error:
        raise _torn(where, error.faults[0].what) from error
    try:
        members = ((PurePosixPath(name).name, content) for name, content in tar_members(data, where))
        return {name: bytes(content) for name, content in members if name.startswith(stem)}
    except ValueError as error:
        raise _torn(where, str(error)) from error


def _torn(where: str, why: str) -> FormatError:
    return FormatError(
        "P250",
        where=where,
        what=f"is not a complete tarball ({shown(why)})",
        wanted="the npm package as downloaded (.tgz), or a folder",
        hint="compare its size with the published one; it may be truncated",
    )


def _node(entry: Mapping[str, Any]) -> Node:
    inputs = []
    for text in entry.get("input", ()):
        if not text.startswith("^"):  # a control edge orders side effects, and there are none here
            name, _, index = text.partition(":")
            inputs.append((name, int(index or 0)))
    return Node(str(entry["name"]), str(entry["op"]), tuple(inputs), entry.get("attr", {}))


def _ordered(nodes: Sequence[Node], where: str) -> tuple[Node, ...]:
    """Nodes so that each follows its inputs.

    Raises:
        FormatError: P250 for a name given twice, an input that is not there, or a circle.
        LimitError: P501 for too many nodes.
    """
    if len(nodes) > NODES:
        raise LimitError("P501", where=where, what=f"has {len(nodes)} nodes", wanted=f"at most {NODES}")
    by_name = {node.name: node for node in nodes}
    unknown = sorted({name for node in nodes for name, _ in node.inputs if name not in by_name})
    if len(by_name) != len(nodes) or unknown:
        what = f"has an input that is not a node: {shown(unknown[0])}" if unknown else "has a node twice"
        raise FormatError("P250", where=where, what=what)
    order: list[Node] = []
    waiting = {node.name: len({name for name, _ in node.inputs}) for node in nodes}
    users: dict[str, list[str]] = {}
    for node in nodes:
        for name in {name for name, _ in node.inputs}:
            users.setdefault(name, []).append(node.name)
    ready = [name for name, count in waiting.items() if count == 0]
    while ready:
        name = ready.pop()
        order.append(by_name[name])
        for user in users.get(name, ()):
            waiting[user] -= 1
            if waiting[user] == 0:
                ready.append(user)
    if len(order) != len(nodes):
        raise FormatError("P250", where=where, what="has nodes that depend on each other in a cycle")
    return tuple(order)


def _shape(node: Node) -> tuple[int, ...]:
    """Sides of a placeholder, -1 where any size goes."""
    sides = node.attributes.get("shape", {}).get("shape", {}).get("dim", ())
    return tuple(int(side.get("size", -1)) for side in sides)


def _ends(nodes: Sequence[Node]) -> tuple[str, ...]:
    used = {name for node in nodes for name, _ in node.inputs}
    return tuple(node.name for node in nodes if node.name not in used)


def _weights(entries: Sequence[Mapping[str, Any]], blob: bytes, where: str) -> dict[str, NDArray[Any]]:
    """Arrays by name out of one group's bytes, float16 and integer storage widened.

    Raises:
        FormatError: P250 when the bytes are fewer or more than the manifest says, or a weight is not finite.
    """
    found: dict[str, NDArray[Any]] = {}
    offset = 0
    for entry in entries:
        name, shape = str(entry["name"]), tuple(int(side) for side in entry["shape"])
        quantized = entry.get("quantization") or {}
        stored = np.dtype(STORED[quantized["dtype"]] if quantized else TYPES[entry["dtype"]])
        count = prod(shape)
        if count < 0 or offset + count * stored.itemsize > len(blob):
            raise FormatError(
                "P250",
                where=where,
                what=f"ends inside weight {shown(name)}: {len(blob)} bytes",
                hint="compare its size with the published one; it may be truncated",
            )
        raw = np.frombuffer(blob, stored, count, offset).reshape(shape)
        offset += count * stored.itemsize
        value: NDArray[Any] = raw.astype(TYPES[entry["dtype"]])
        if quantized and stored.kind == "u":
            value = (raw * quantized["scale"] + quantized["min"]).astype(TYPES[entry["dtype"]])
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            raise FormatError("P250", where=where, what=f"has NaN or infinite numbers in {shown(name)}")
        found[name] = value
    if offset != len(blob):
        raise FormatError(
            "P250", where=where, what=f"has {len(blob)} bytes", wanted=f"{offset} as the manifest says"
        )
    return found
