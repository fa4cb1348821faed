"""Random calls of the compiled module: each is answered or refused, and none ends the process.

    python -m tests.kernels.random_calls --seed 7 --count 20000

POSEVAL_DEBUG=1 prints every call before it is made.
"""

from __future__ import annotations

import argparse
import math
import os
import signal
import sys
from typing import Any

import numpy as np

from tests.kernels.wrong_calls import REFUSALS, calls
from tests.kernels.wrong_values import HUGE

NUMBERS = (-1, 0, 1, 2, 3, 5, 6, 7, 64, 65, 2**31, 2**40, HUGE, -HUGE, 2**63 - 1, -(2**63))
REALS = (*(float(number) for number in NUMBERS), 0.5, np.nan, np.inf, -np.inf, 1e308, 5e-324, -0.0)


def mutated(value: Any, rng: np.random.Generator) -> Any:
    """Something else than a value, often nearly the same."""
    if isinstance(value, np.ndarray):
        with np.errstate(all="ignore"):
            return mutated_array(value, rng)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return int(rng.choice(np.array(NUMBERS)))
    if isinstance(value, float):
        return float(rng.choice(np.array(REALS)))
    if isinstance(value, bytes) and len(value):
        at = int(rng.integers(len(value)))
        return value[:at] + rng.bytes(int(rng.integers(0, 3))) + value[at + int(rng.integers(0, 2)) :]
    if isinstance(value, (list, tuple)) and len(value):
        at = int(rng.integers(len(value)))
        return type(value)([*value[:at], mutated(value[at], rng), *value[at + 1 :]])
    return value


def mutated_array(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    out = array.copy()
    pool = np.array(REALS if array.dtype.kind == "f" else NUMBERS).astype(array.dtype)
    how = rng.integers(9)
    if how <= 3 and out.size and array.dtype.kind in "fi":  # other values, mostly one
        for _ in range(int(rng.integers(1, 3))):
            out.flat[int(rng.integers(out.size))] = rng.choice(pool)
        return out
    axis = int(rng.integers(out.ndim)) if out.ndim else 0
    if how == 4 and out.ndim:
        return np.delete(out, slice(0, int(rng.integers(0, 3))), axis=axis)
    if how == 5 and out.ndim:
        return np.concatenate([out, out], axis=axis)
    if how == 6:
        return out.astype(rng.choice(np.array(["f4", "f8", ">f8", "i4", "i8", ">i8", "u1", "u8", "?"])))
    if how == 7 and out.ndim:
        shape = list(out.shape)
        shape[axis] = 0
        shape[int(rng.integers(out.ndim))] = int(rng.choice(np.array([0, 1, 2, 3, 2**20, 2**33])))
        # NumPy makes no array, not even an empty one, whose other axes are too long together.
        small = math.prod(size or 1 for size in shape) * out.itemsize < sys.maxsize
        return np.zeros(shape if 0 in shape and small else 0, dtype=out.dtype)
    if how == 8:  # the same values, neither aligned nor beside each other
        raw = np.zeros(out.nbytes + 1, dtype=np.uint8)
        raw[1:] = out.view(np.uint8).reshape(-1) if out.ndim else 0
        return raw[1:].view(out.dtype).reshape(out.shape)
    return out[::-1] if out.ndim else out


def fuzz(seed: int, count: int) -> int:
    """Random calls; returns how many raised something unexpected."""
    rng = np.random.default_rng(seed)
    table = calls()
    names = [name for name in table if name != "set_thread_limit"]
    unexpected = 0
    for number in range(count):
        name = str(rng.choice(np.array(names)))
        call = table[name]
        arguments = dict(call.sound)
        for _ in range(int(rng.integers(1, 4))):
            chosen = str(rng.choice(np.array(list(arguments))))
            arguments[chosen] = mutated(arguments[chosen], rng)
        if os.environ.get("POSEVAL_DEBUG"):
            print(number, name, arguments, flush=True)
        signal.alarm(60)
        try:
            call.function(*arguments.values())
        except REFUSALS:
            pass
        except BaseException as error:
            print(number, name, type(error).__name__, error, arguments)
            unexpected += 1
    signal.alarm(0)
    return unexpected


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=2000)
    chosen = parser.parse_args()
    sys.exit(min(fuzz(chosen.seed, chosen.count), 99))


if __name__ == "__main__":
    main()
