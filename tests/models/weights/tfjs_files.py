"""Small graph models on disk, written as the TensorFlow.js converter writes them."""

from __future__ import annotations

import base64
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np

SIDE = 5


def text(value: str) -> dict[str, str]:
    """A string attribute: base64 of its letters."""
    return {"s": base64.b64encode(value.encode()).decode()}


def integers(*values: int) -> dict[str, Any]:
    """A list of integers, each as text."""
    return {"list": {"i": [str(value) for value in values]}}


def convolution(
    name: str, op: str, inputs: list[str], stride: int, padding: str, *fused: str
) -> dict[str, Any]:
    """A convolution node."""
    return {
        "name": name,
        "op": op,
        "input": inputs,
        "attr": {
            "strides": integers(1, stride, stride, 1),
            "dilations": integers(1, 1, 1, 1),
            "padding": text(padding),
            "fused_ops": {"list": {"s": [text(part)["s"] for part in fused]}},
        },
    }


def weights(seed: int = 0) -> dict[str, np.ndarray]:
    """Values of the small network: a 3x3 convolution, a depthwise one, a size."""
    random = np.random.RandomState(seed)
    return {
        "kernel": (random.rand(3, 3, 3, 4) - 0.5).astype(np.float16).astype(np.float32),
        "bias": (random.rand(4) - 0.5).astype(np.float16).astype(np.float32),
        "spread": (random.rand(3, 3, 4, 2) - 0.5).astype(np.float16).astype(np.float32),
        "size": np.array([6, 4], dtype=np.int32),
    }


def network(half_pixel: bool = True) -> list[dict[str, Any]]:
    """Cast, strided convolution with bias and ReLU6, depthwise one, resize; nodes in no special order."""
    constants = [{"name": name, "op": "Const", "attr": {}} for name in weights()]
    place = {
        "name": "input",
        "op": "Placeholder",
        "attr": {"shape": {"shape": {"dim": [{"size": str(side)} for side in (1, SIDE, SIDE, 3)]}}},
    }
    cast = {"name": "cast", "op": "Cast", "input": ["input"], "attr": {"DstT": {"type": "DT_FLOAT"}}}
    resize = {
        "name": "out",
        "op": "ResizeBilinear",
        "input": ["deep", "size"],
        "attr": {"half_pixel_centers": {"b": half_pixel}, "align_corners": {"b": False}},
    }
    deep = convolution("deep", "DepthwiseConv2dNative", ["wide", "spread", "^cast"], 1, "SAME")
    wide = convolution("wide", "_FusedConv2D", ["cast:0", "kernel", "bias"], 2, "SAME", "BiasAdd", "Relu6")
    return [resize, deep, place, wide, cast, *constants]


def write(
    folder: Path,
    nodes: list[dict[str, Any]] | None = None,
    values: dict[str, np.ndarray] | None = None,
    name: str = "movenet-small",
) -> Path:
    """Write `name`.json and `name`.bin; floats are stored as float16."""
    values = weights() if values is None else values
    entries, blob = [], b""
    for key, value in values.items():
        entry: dict[str, Any] = {"name": key, "shape": list(value.shape), "dtype": str(value.dtype)}
        if value.dtype == np.float32:
            entry["quantization"] = {"dtype": "float16", "original_dtype": "float32"}
            value = value.astype(np.float16)
        entries.append(entry)
        blob += value.tobytes()
    document = {
        "format": "graph-model",
        "signature": {"outputs": {"out:0": {"name": "out:0"}}},
        "modelTopology": {"node": network() if nodes is None else nodes},
        "weightsManifest": [{"paths": [f"{name}.bin"], "weights": entries}],
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(document))
    (folder / f"{name}.bin").write_bytes(blob)
    return folder


def pack(folder: Path, tarball: Path) -> Path:
    """The folder as an npm tarball."""
    with tarfile.open(tarball, "w:gz") as archive:
        for file in sorted(folder.iterdir()):
            archive.add(file, f"package/models/{file.name}")
    return tarball


def standing(side: int) -> tuple[list[dict[str, Any]], dict[str, np.ndarray]]:
    """Nodes and values of a MoveNet that sees the same 17 joints on every image; the first in its centre."""
    rows = np.linspace(0.1, 0.9, 17)
    answer = np.stack([rows, 0.5 + 0.1 * np.where(np.arange(17) % 2, 1, -1), np.full(17, 0.75)], axis=1)
    answer[0, :2] = 0.5
    nodes = [
        {
            "name": "input",
            "op": "Placeholder",
            "attr": {"shape": {"shape": {"dim": [{"size": str(each)} for each in (1, side, side, 3)]}}},
        },
        *({"name": name, "op": "Const", "attr": {}} for name in ("answer", "nothing")),
        {"name": "out", "op": "AddV2", "input": ["answer", "nothing"], "attr": {}},
    ]
    wide = answer.reshape(1, 1, 17, 3).astype(np.float32)
    return nodes, {"answer": wide, "nothing": np.zeros_like(wide)}
