"""Data sets by number, by several processes; shares with the standard error of the simulation; tables."""

from __future__ import annotations

import math
import os
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
import populations as people

Array = np.ndarray[Any, Any]
Make = Callable[..., list[people.System]]
PROCESSES = int(os.environ.get("PROCESSES", min(2, os.cpu_count() or 1)))


def rng_of(name: str, units: int, number: int) -> np.random.Generator:
    """The random numbers of one data set."""
    return np.random.default_rng([zlib.crc32(name.encode()), units, number])


def counted(work: Callable[[int], Any], sets: int) -> Array:
    """What `work` gives for each data set [sets, ...], by `PROCESSES` processes."""
    with ProcessPoolExecutor(PROCESSES) as pool:
        return np.array(list(pool.map(work, range(sets), chunksize=max(1, sets // 64))), dtype=np.float64)


def share(values: Array) -> str:
    """A share with its standard error; values that are NaN do not count."""
    known = values[~np.isnan(values)]
    if not len(known):
        return "none"
    p = float(known.mean())
    return f"{p:.3f} ± {math.sqrt(max(p * (1 - p), 0.25 / len(known)) / len(known)):.3f}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join("| " + " | ".join(row) + " |" for row in [header, ["---"] * len(header), *rows])
