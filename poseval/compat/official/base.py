"""The questions to an official program, its answers, and how its files are opened."""

from __future__ import annotations

import gzip
import io
import json
import math
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Number = float | Array

ADDITION = 1e-12  # what the order of adding thousands of numbers around 1 can move


class CannotCheck(Exception):
    """The other side does not read these files, or lacks a package; the text says which."""


@dataclass(frozen=True)
class Question:
    """Two files and the rules to score them by; `sigmas` and `ties` are those that the user gave."""

    benchmark: str
    rules: str
    truth: str
    predictions: str
    sigmas: tuple[float, ...] | None = None
    ties: str | None = None


@dataclass(frozen=True)
class Side:
    """What one program, or one transcription, says: numbers and arrays by the keys of poseval's summary.

    A count stands under `metric:statistic/joint`. `tolerance` is what the order of additions may move.
    """

    program: str
    numbers: Mapping[str, Number]
    tolerance: float = 0.0
    remarks: Sequence[str] = field(default=())


Answer = Callable[[Question], list[Side]]


def transcription(of: str) -> str:
    """How a transcription is named in the output."""
    return f"transcription of {of}, not the program"


def content(path: str | Path) -> bytes:
    """A file's bytes, out of gzip or a zip of one file."""
    data = Path(path).read_bytes()
    if data[:2] == b"\x1f\x8b":
        return gzip.decompress(data)
    if data[:4] == b"PK\x03\x04" and not str(path).endswith(".npz"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            if len(names) != 1:
                raise CannotCheck(f"{path} is a zip of {len(names)} files")
            return archive.read(names[0])
    return data


def from_json(path: str | Path) -> Any:
    """A JSON file's content."""
    try:
        return json.loads(content(path))
    except (ValueError, IsADirectoryError) as error:
        raise CannotCheck(f"{path} is not a JSON file ({type(error).__name__})") from None


def arrays(path: str | Path) -> dict[str, Any]:
    """Arrays by name of a .mat, .npy, .npz or HDF5 file, or nested lists of JSON, as the file has them."""
    data = content(path)
    if data[:6] == b"\x93NUMPY":
        return {"": np.load(io.BytesIO(data))}
    if data[:4] == b"PK\x03\x04":
        with np.load(io.BytesIO(data)) as archive:
            return {name: archive[name] for name in archive.files}
    if data[:8] == b"\x89HDF\r\n\x1a\n" or b"MATLAB 7.3" in data[:20]:
        return _hdf5(data)
    if data[:6] == b"MATLAB":
        return {name: value for name, value in matlab(data).items() if name[:2] != "__"}
    try:
        return {"": np.array(json.loads(data, parse_constant=float), dtype=np.float64)}
    except (ValueError, TypeError):
        raise CannotCheck(f"{path} holds no arrays that the other program reads") from None


def matlab(data: bytes, **how: Any) -> dict[str, Any]:
    """The variables of a .mat file of level 5, by SciPy."""
    from scipy.io import loadmat

    stream: Any = io.BytesIO(data)
    found: dict[str, Any] = loadmat(stream, **how)
    return found


def _hdf5(data: bytes) -> dict[str, Any]:
    try:
        import h5py
    except ImportError:
        raise CannotCheck("HDF5 files need h5py (extra `formats`)") from None
    with h5py.File(io.BytesIO(data)) as file:
        return {name: item[()] for name, item in file.items() if isinstance(item, h5py.Dataset)}


def mean(values: Iterable[float]) -> float:
    """Plain mean of the numbers that are defined; NaN for none."""
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan


def ratio(above: float, below: float) -> float:
    """above / below; NaN for a denominator of 0."""
    return above / below if below else math.nan
