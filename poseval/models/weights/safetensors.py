"""The safetensors format: a length, a JSON header of names, types, shapes and places, then the bytes.

Source: the format's description at github.com/huggingface/safetensors.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from poseval.errors import FormatError, shown
from poseval.errors.optional import require
from poseval.files.reading import parse_json, read_regular
from poseval.limits import MIB

if TYPE_CHECKING:
    from torch import Tensor

MOST_BYTES = 4096 * MIB  # as for PyTorch's own files
HEADER_BYTES = 16 * MIB  # 100,000 tensors; real headers are below 1 MB
MOST_VALUES = 1 << 40  # of a tensor, sides of 0 left out: PyTorch computes with them, too
DEPTH = 4  # of the header: tensor, shape
PREFIX = 8  # bytes of the header's length
# type in the header -> (name of PyTorch's type, bytes of an item)
TYPES = {
    "F64": ("float64", 8),
    "F32": ("float32", 4),
    "F16": ("float16", 2),
    "BF16": ("bfloat16", 2),
    "I64": ("int64", 8),
    "I32": ("int32", 4),
    "I16": ("int16", 2),
    "I8": ("int8", 1),
    "U8": ("uint8", 1),
    "BOOL": ("bool", 1),
}


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """Tensors by name; the header is compared with the bytes before any is made.

    Raises:
        FormatError: P250 not such a file, cut short, or a header that its bytes do not fit.
        LimitError: P501, P502 larger than allowed.
    """
    torch = require("torch", shown(path.name), "models")
    data = read_regular(path, shown(path.name), MOST_BYTES)
    try:
        length = int.from_bytes(data[:PREFIX], "little")
        if len(data) < PREFIX or length > len(data) - PREFIX:
            raise ValueError(f"a header of {length:,} bytes in a file of {len(data):,}")
        start = PREFIX + length
        header = parse_json(data[PREFIX:start], shown(path.name), HEADER_BYTES, DEPTH)
        if not isinstance(header, dict) or not all(isinstance(entry, dict) for entry in header.values()):
            raise ValueError("its header does not hold an object for each tensor")
        header.pop("__metadata__", None)
        out: dict[str, Any] = {}
        at = 0
        for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"][0]):
            kind, item = TYPES[entry["dtype"]]
            shape = entry["shape"]
            if (
                not isinstance(shape, list)
                or any(type(side) is not int or side < 0 for side in shape)
                or math.prod(side for side in shape if side) > MOST_VALUES
            ):
                raise ValueError(f"{name} has no shape")
            size = math.prod(shape) * item
            if entry["data_offsets"] != [at, at + size]:
                raise ValueError(f"{name} is not at the place that its shape gives")
            if start + at + size > len(data):
                raise ValueError(f"{name} ends behind the {len(data):,} bytes of the file")
            out[name] = _tensor(torch, data, start + at, getattr(torch, kind), shape, size)
            at += size
        if start + at != len(data):
            raise ValueError(f"{len(data) - start:,} bytes of tensors, and {at:,} in the header")
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise FormatError(
            "P250",
            where=shown(path.name),
            what=f"is not a safetensors file ({type(error).__name__}: {shown(error)})",
            wanted="a complete .safetensors file",
            hint="compare its size with the published one; it may be truncated",
        ) from error
    return out


def _tensor(torch: Any, data: bytes, at: int, kind: Any, shape: list[int], size: int) -> Tensor:
    if size == 0:
        empty: Tensor = torch.empty(shape, dtype=kind)
        return empty
    own = bytearray(data[at : at + size])  # PyTorch writes into its tensors
    made: Tensor = torch.frombuffer(own, dtype=kind).reshape(shape)
    return made
