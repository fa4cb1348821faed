"""The influence of each unit on a number, from which standard errors and tests are computed.

Up to 63 units each is left out once (jackknife). With more units, consecutive units make 63 blocks, and
balanced half-samples double one half of the blocks and drop the other: AP50, for example, jumps at recalls,
so leaving out one unit of many hardly moves it and does not show its spread. A median jumps even with few
units: each is then doubled or dropped as a block of its own.

Sources: Efron and Tibshirani 1993, chapter 11; Busing, Meijer and van der Leeden 1999 (units of unequal
size); McCarthy 1969, Shao and Wu 1992 (balanced half-samples); Kish 1965 (effective number of units);
Cameron, Gelbach and Miller 2011 (two ways to be alike).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from poseval.errors import UsageError
from poseval.poses import Floats, Ints
from poseval.statistics.clusters import Clusters
from poseval.statistics.draws import Draws, Summarise, draw
from poseval.statistics.weights import BLOCKS, blocks, effective, half_samples, leave_outs

if TYPE_CHECKING:
    from concurrent.futures import Executor

LEFT_OUT, HALVED = "jackknife", "half-samples"


@dataclass(frozen=True, eq=False)
class Influence:
    """The influence of G groups of units on K numbers.

    `value` [K]; `share` [G, K] of what a number rests on (columns add up to 1); `moves` [G, K] what a group
    adds beyond its fraction of the value (columns add up to 0); `undefined` [K] fraction of replicates
    without the number; `group` [C] is the group of each cluster; `widest` [K] by how much two values can
    differ, infinite without bounds. A ratio of sums is the sum of share times
    the group's own ratio, and moves are exact.
    """

    keys: tuple[str, ...]
    value: Floats
    share: Floats
    moves: Floats
    undefined: Floats
    group: Ints
    replicates: int
    widest: Floats

    @property
    def method(self) -> str:
        """`jackknife`, or `half-samples` where groups are blocks."""
        return LEFT_OUT if len(self.group) == len(self.moves) else HALVED

    @property
    def contributions(self) -> Floats:
        """The contribution [G, K] of each group to the number; columns add up to the value."""
        out: Floats = self.share * self.value + self.moves
        return out

    @cached_property
    def left_out(self) -> Floats:
        """The number with all minus the number without a group [G, K]; of blocks, as if they were equal."""
        rest = 1 - self.share if self.method == LEFT_OUT else 1 - 1 / len(self.moves)
        out: Floats = self.moves / np.maximum(rest, 1e-9)
        return out

    @cached_property
    def error(self) -> Floats:
        """Standard error [K]."""
        count = len(self.moves)
        off = self.left_out - self.left_out.mean(axis=0)
        out: Floats = np.sqrt((count - 1) / count * (off**2).sum(axis=0))
        return out

    def error_without(self, group: int) -> Floats:
        """Standard error [K] estimated without one group."""
        rest = np.delete(self.left_out, group, axis=0)
        out: Floats = np.sqrt(((rest - rest.mean(axis=0)) ** 2).sum(axis=0))
        return out

    @cached_property
    def effective(self) -> Floats:
        """Effective number of groups [K]: as many of equal size would show the spread as precisely."""
        return effective(self.share)

    @property
    def freedom(self) -> Floats:
        """Degrees of freedom [K] of the standard error."""
        return np.maximum(self.effective - 1, 1.0)

    def minus(self, other: Influence) -> Influence:
        """The influence on the difference of two systems on the same units."""
        return replace(
            self,
            value=self.value - other.value,
            share=(self.share + other.share) / 2,
            moves=self.moves - other.moves,
            undefined=np.maximum(self.undefined, other.undefined),
        )

    def at(self, key: str) -> int:
        """The column of a number."""
        return self.keys.index(key)


def influence(
    summarise: Summarise,
    clusters: Clusters,
    keys: Sequence[str],
    executor: Executor | None = None,
    *,
    scattered: bool = False,
) -> Influence:
    """The influence of clusters on the numbers `keys`; blocks are of neighbours, or `scattered`.

    Raises:
        UsageError: P140 fewer than two clusters.
    """
    count = clusters.count
    if count < 2:
        raise UsageError(
            "P140",
            where="statistics",
            what=f"need at least 2 units to resample, but there are {count} ({clusters.name})",
            wanted="two units or more",
            hint="tracking metrics count sequences; poses alone count frames, as with --metric oks_ap"
            if clusters.name == "sequence"
            else None,
        )
    few = count <= BLOCKS
    group = np.arange(count) if few else blocks(count, scattered)
    signs, halves = half_samples()
    drawn = leave_outs(count) if few else halves[:, group]
    weights = np.concatenate([np.ones((1, count), dtype=np.int64), drawn])
    found = draw(summarise, clusters.weights(weights), keys, executor)
    whole, replicates = found.values[0], found.values[1:]
    share = _shares(found, signs, few, np.bincount(group))
    moves = (1 - share) * (whole - replicates) if few else _effects(replicates, signs)
    undefined: Floats = np.isnan(replicates).mean(axis=0)
    jumping = [place for place, smooth in enumerate(found.smooth) if not smooth] if few else []
    if jumping:
        names = [keys[place] for place in jumping]
        halved = draw(summarise, clusters.weights(halves[:, :count]), names, executor).values
        moves[:, jumping] = _effects(halved, signs[:, :count])
        # A half without any unit says nothing of a number.
        undefined[jumping] = np.isnan(halved[halves[:, :count].any(axis=1)]).mean(axis=0)
    moves = moves - share * moves.sum(axis=0)
    widest = np.array(found.widest, dtype=np.float64)
    return Influence(tuple(keys), whole, share, moves, undefined, group, len(replicates), widest)


def crossed(first: Floats, second: Floats, cells: Floats) -> Floats:
    """The variance of two clusterings that cross: both variances minus that of their intersection.

    Never less than that of either way alone: the difference of three estimates can be.
    """
    out: Floats = np.maximum(first + second - cells, np.maximum(first, second))
    return out


def _effects(replicates: Floats, signs: Ints) -> Floats:
    """What doubling each block adds [63, K], half of the difference to dropping it; undefined pairs add 0."""
    odd = np.nan_to_num((replicates[: len(signs)] - replicates[len(signs) :]) / 2)
    out: Floats = signs.T @ odd / (len(signs) + 1)
    return out


def _shares(found: Draws, signs: Ints, few: bool, sizes: Ints) -> Floats:
    """What a number rests on in each group, as a fraction of the whole; equal units where nobody counts."""
    total = found.n[0].astype(np.float64)
    rest = found.n[1:].astype(np.float64)
    if few:
        part = total - rest
    else:
        part = _effects(rest, signs) + total / (len(signs) + 1)
    part = np.maximum(np.rint(part), 0.0)
    sums = part.sum(axis=0)
    equal = np.broadcast_to((sizes / sizes.sum())[:, None], part.shape)
    out: Floats = np.where(sums > 0, part / np.where(sums > 0, sums, 1.0), equal)
    return out
