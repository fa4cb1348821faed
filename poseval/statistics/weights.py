"""Weight vectors: which units are drawn, left out or doubled, and which change sides.

Every random draw has its own stream, seeded by (kind, seed, index), so that results do not depend on the
number of threads or draws. Leave-one-out weights, half-samples and enumerated signs are not random.

Sources: Efron and Tibshirani 1993 (bootstrap, jackknife); McCarthy 1969, Shao and Wu 1992 (balanced
half-samples).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from poseval.poses import Array, Floats, Ints

STREAM_BOOTSTRAP, STREAM_SIGNS, STREAM_BLOCKS = 1, 2, 3
BLOCKS = 63  # of units in half-samples, one less than the order of their Hadamard matrix
ENUMERATED = 12  # up to here all 2^n signs are gone through
SIGNS_A_STREAM = 1024


def multinomial(count: int, draws: int, seed: int) -> Ints:
    """Weights [draws, count] of bootstrap samples: how often each unit is drawn."""
    out = np.empty((draws, count), dtype=np.int64)
    for index in range(draws):
        rng = np.random.default_rng([STREAM_BOOTSTRAP, seed, index])
        out[index] = np.bincount(rng.integers(0, count, count), minlength=count)
    return out


def leave_outs(count: int) -> Ints:
    """Weights [count, count] that leave out one unit each."""
    return 1 - np.eye(count, dtype=np.int64)


def blocks(count: int, scattered: bool = False) -> Ints:
    """Block [count] of each unit, of `BLOCKS` blocks whose sizes differ by one at most.

    Blocks are consecutive units, which is safe if neighbours are alike; or, if `scattered`, units from
    everywhere, which assumes that neighbours are not alike.
    """
    sizes = [len(part) for part in np.array_split(np.arange(count), BLOCKS)]
    group = np.repeat(np.arange(BLOCKS), sizes)
    return np.random.default_rng(STREAM_BLOCKS).permutation(group) if scattered else group


def half_samples() -> tuple[Ints, Ints]:
    """Signs [63, 63] of balanced halves of the blocks; weights [126, 63]: each half doubled, then the rest.

    The columns of the signs are orthogonal but for -1, so a block's effect is its column times the change.
    """
    signs = np.ones((1, 1), dtype=np.int64)
    while len(signs) <= BLOCKS:
        signs = np.block([[signs, signs], [signs, -signs]])
    signs = signs[1:, 1:]
    return signs, np.concatenate([1 + signs, 1 - signs])


def every_sign(count: int) -> Array:
    """All signs [2^count, count] int8; the first row is all 1."""
    bits = np.arange(2**count)[:, None] >> np.arange(count) & 1
    return (1 - 2 * bits).astype(np.int8)


@lru_cache(maxsize=256)  # 16 MB at most: all pairs of systems have the same signs
def random_signs(count: int, seed: int, stream: int) -> Array:
    """`SIGNS_A_STREAM` random signs [1024, count] int8, read-only."""
    rng = np.random.default_rng([STREAM_SIGNS, seed, stream])
    signs = (1 - 2 * rng.integers(0, 2, (SIGNS_A_STREAM, count))).astype(np.int8)
    signs.flags.writeable = False
    return signs


def effective(shares: Floats) -> Floats:
    """Effective number of units [K] from their shares [G, K] (Kish 1965): equal shares give G."""
    total = shares.sum(axis=0)
    squares = (shares**2).sum(axis=0)
    out: Floats = np.divide(total**2, squares, out=np.ones(len(total)), where=squares > 0)
    return out
