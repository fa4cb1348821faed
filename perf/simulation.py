"""Data sets by number, by several processes; shares with the standard error of the simulation; tables."""

from __future__ import annotations

import math
import os
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import populations as people
from once import whole

Array = np.ndarray[Any, Any]
Make = Callable[..., list[people.System]]
PROCESSES = int(os.environ.get("PROCESSES", min(2, os.cpu_count() or 1)))
KEEP = Path(os.environ["KEEP"]) if "KEEP" in os.environ else None
STEP = 32  # data sets between two looks at the disk


def rng_of(name: str, units: int, number: int) -> np.random.Generator:
    """The random numbers of one data set."""
    return np.random.default_rng([zlib.crc32(name.encode()), units, number])


def counted(work: partial[Any], sets: int) -> Array:
    """What `work` gives for each data set [sets, ...], by `PROCESSES` processes.

    With a folder `KEEP`, data sets that are there are not simulated again, and all of them count.
    """
    file = KEEP / f"{work.func.__name__} {' '.join(map(str, work.args))}.npy".lower() if KEEP else None
    rows = np.load(file).tolist() if file is not None and file.exists() else []
    with ProcessPoolExecutor(PROCESSES) as pool:
        for first in range(len(rows), sets, STEP):
            rows += pool.map(work, range(first, min(first + STEP, sets)), chunksize=4)
            if file is not None:
                with whole(file) as part:
                    np.save(part, np.array(rows, dtype=np.float64))
    return np.array(rows, dtype=np.float64)


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
