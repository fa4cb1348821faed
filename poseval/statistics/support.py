"""How many units a number rests on: what hardly any unit supports has no interval and no verdict."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor

import numpy as np

from poseval.errors import number_of
from poseval.poses import Bools, Ints
from poseval.statistics.clusters import Clusters
from poseval.statistics.draws import Summarise, draw
from poseval.statistics.influence import Influence

LEAST = 5  # units; with fewer, more than 1 % of bootstrap samples hold none of them
UNDEFINED = 0.01  # fraction of resamples without the number, beyond which nothing is said of it


def support(
    summarise: Summarise,
    clusters: Clusters,
    found: Influence,
    exact: Sequence[str] = (),
    executor: Executor | None = None,
) -> Ints:
    """Clusters [K] that each number rests on: counted for the keys `exact` and where they are few.

    Elsewhere it is at least the number of blocks that do, which is enough to know that they are not few.
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
    """Why nothing can be said of a number that so many units support; empty when something can."""
    if units < LEAST:
        return f"only {number_of(units, 'unit')} ({name}), and at least {LEAST} are needed"
    if undefined > UNDEFINED:
        return f"{undefined:.1%} of the resamples have no such number"
    return ""
