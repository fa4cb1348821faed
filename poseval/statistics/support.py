"""The number of units behind a number: with very few, there is no interval and no verdict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from poseval.errors import number_of
from poseval.poses import Bools, Ints
from poseval.statistics.clusters import Clusters
from poseval.statistics.draws import Summarise, draw
from poseval.statistics.influence import Influence

if TYPE_CHECKING:
    from concurrent.futures import Executor

LEAST = 5  # units; with fewer, more than 1 % of bootstrap samples hold none of them
UNDEFINED = 0.01  # fraction of resamples without the number, beyond which nothing is said of it


def support(
    summarise: Summarise,
    clusters: Clusters,
    found: Influence,
    exact: Sequence[str] = (),
    executor: Executor | None = None,
) -> Ints:
    """Number of clusters [K] behind each number: exact for the keys `exact` and where there are few.

    Elsewhere it is a lower bound, the number of blocks, which is enough to know that there are not few.
    """
    count: Ints = (found.share > 0).sum(axis=0)
    if len(found.moves) == clusters.count:
        return count
    unsure = (count < LEAST) | np.isin(found.keys, list(exact))
    if not unsure.any():
        return count
    blocks = np.flatnonzero((found.share[:, unsure] > 0).any(axis=1))
    candidates = np.flatnonzero(np.isin(found.group, blocks))
    alone = np.zeros((len(candidates), clusters.count), dtype=np.int64)
    alone[np.arange(len(candidates)), candidates] = 1
    keys = [key for key, wanted in zip(found.keys, unsure, strict=True) if wanted]
    rests: Bools = draw(summarise, clusters.weights(alone), keys, executor).n > 0
    count[unsure] = rests.sum(axis=0)
    return count


def why_not(units: int, undefined: float, name: str) -> str:
    """Why a number with this many supporting units has no interval; empty if it can have one."""
    if units < LEAST:
        return f"only {number_of(units, 'unit')} ({name}), and at least {LEAST} are needed"
    if undefined > UNDEFINED:
        return f"{undefined:.1%} of the resamples have no such number"
    return ""
