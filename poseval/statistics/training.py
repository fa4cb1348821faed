"""Differences of two sides, with the variance due to units in the set and that due to training seeds.

Resampling units keeps the weights of a network fixed. Another training of the same recipe gives another
number, and only several runs per side show by how much. A side is the mean of its runs on the same units.

Sources: Satterthwaite 1946 (degrees of freedom); Owen 2007 (two crossed sources of variance).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

import numpy as np

from poseval.errors import UsageError, shown, wrong_type
from poseval.poses import Floats, Ints
from poseval.scoring.evaluation import Evaluation
from poseval.statistics.clusters import Clusters, cells_of
from poseval.statistics.influence import Influence, crossed, influence
from poseval.statistics.student import t_tail
from poseval.statistics.support import support

Deviations = Mapping[str, float] | Sequence[str] | float | None

HIGHEST = 1e6  # pixels, points or shares; a larger deviation is a slip of the pen


@dataclass(frozen=True, eq=False)
class Side:
    """The mean of R runs: its influence, and the runs' `values` [R, K].

    `shared` [K] is the variance that is counted in both the units' and the training's part;
    `support` [K] units that each number rests on, in the run that has the fewest. Where units are alike in
    two ways, `across` is the same mean by the way with more clusters, and by what agrees in both ways.
    """

    influence: Influence
    values: Floats
    shared: Floats
    support: Ints
    across: tuple[Side, ...] = ()

    @property
    def runs(self) -> int:
        """Number of runs."""
        return len(self.values)

    @staticmethod
    def of(evaluations: Sequence[Evaluation], ways: Sequence[Clusters], keys: Sequence[str]) -> Side:
        """The mean of runs on the same units, which are drawn in one way, or in two that cross.

        Raises:
            UsageError: P140 fewer than two units.
        """
        evaluations = [run.narrowed(keys) for run in evaluations]
        first, *more = sorted(ways, key=lambda way: way.count)
        side = Side._of(evaluations, first, keys)
        if not more:
            return side
        other = Side._of(evaluations, more[0], keys)
        cells = Side._of(evaluations, cells_of(ways), keys, scattered=True)
        shared = crossed(side.shared, other.shared, cells.shared)
        support = np.minimum(side.support, other.support)
        return replace(side, shared=shared, support=support, across=(other, cells))

    @staticmethod
    def _of(
        evaluations: Sequence[Evaluation], clusters: Clusters, keys: Sequence[str], scattered: bool = False
    ) -> Side:
        runs = [influence(run.summaries, clusters, keys, scattered=scattered) for run in evaluations]
        counts = [
            support(run.summaries, clusters, found) for run, found in zip(evaluations, runs, strict=True)
        ]
        first, count = runs[0], len(runs)
        values, moves = np.stack([run.value for run in runs]), np.stack([run.moves for run in runs])
        mean = replace(
            first,
            value=values.mean(axis=0),
            share=np.mean([run.share for run in runs], axis=0),
            moves=moves.mean(axis=0),
            undefined=np.max([run.undefined for run in runs], axis=0),
        )
        groups = moves.shape[1]
        off = ((moves - mean.moves) ** 2).sum(axis=(0, 1)) * groups / (groups - 1)
        return Side(mean, values, off / (count * max(count - 1, 1)), np.min(counts, axis=0))


@dataclass(frozen=True, eq=False)
class Gap:
    """The difference second - first of K numbers.

    Variances [K]: `units` is due to the units in the set, `training` to the seeds, NaN with one run per side.
    `error` [K] is the standard error of both, `freedom` [K] its degrees of freedom. `two_ways` says that
    units are alike in two ways.
    """

    influence: Influence
    units: Floats
    training: Floats
    error: Floats
    freedom: Floats
    two_ways: bool = False

    @property
    def measured(self) -> bool:
        """Whether the variance of training is known of any number."""
        return not bool(np.isnan(self.training).all())

    @property
    def flips(self) -> bool:
        """Whether sign flips cover all variance: one clustering of units, and training not measured."""
        return not self.measured and not self.two_ways

    @property
    def student(self) -> Floats:
        """Two-sided p [K] of Student's t, of each number alone."""
        size = np.abs(self.influence.value)
        t = np.divide(size, self.error, out=np.zeros(len(size)), where=self.error > 0)
        return np.array([2 * t_tail(x, f) for x, f in zip(t, self.freedom, strict=True)])

    @staticmethod
    def between(first: Side, second: Side, seed_sd: Floats | None = None) -> Gap:
        """The gap from `first` to `second`; `seed_sd` [K] is a standard deviation between trainings.

        If only one side has several runs, the other's training is assumed to vary as much.
        """
        found = second.influence.minus(first.influence)
        units, freedom, ways = found.error**2, found.freedom, bool(first.across)
        if ways:
            other, cells = (
                two.influence.minus(one.influence)
                for one, two in zip(first.across, second.across, strict=True)
            )
            units = crossed(units, other.error**2, cells.error**2)
            freedom = np.minimum(freedom, other.freedom)
        if seed_sd is not None:
            training = seed_sd**2 * (1 / first.runs + 1 / second.runs)
            total = units + np.nan_to_num(training)
            return Gap(found, units, training, np.sqrt(total), _pooled(total, [(units, freedom)]), ways)
        known = [side for side in (first, second) if side.runs > 1]
        if not known:
            return Gap(found, units, np.full(len(units), np.nan), np.sqrt(units), freedom, ways)
        parts = []
        for side in (first, second):
            like = side if side.runs > 1 else known[0]
            parts.append((like.values.var(axis=0, ddof=1) / side.runs, like.runs - 1.0))
        training = np.sum([part for part, _ in parts], axis=0)
        if len(known) == 1:
            parts = [(training, known[0].runs - 1.0)]
        total = units + training - first.shared - second.shared
        total = np.maximum(total, np.maximum(units, training))
        pooled = _pooled(units + training, [(units, freedom), *parts])
        return Gap(found, units, training, np.sqrt(total), pooled, ways)


def _pooled(total: Floats, parts: Sequence[tuple[Floats, Floats | float]]) -> Floats:
    """Satterthwaite's degrees of freedom of a sum of variances."""
    spread = np.sum([part**2 / freedom for part, freedom in parts], axis=0)
    out: Floats = np.divide(total**2, spread, out=np.full(len(total), 1e9), where=spread > 0)
    return out


def seed_deviations(
    asked: Mapping[str, float] | None, keys: Sequence[str], scales: Sequence[float], needed: Collection[str]
) -> Floats | None:
    """Standard deviations [K] between trainings: one number for all, or one for each key or pattern.

    They are given as tables show numbers, which is `scales` [K] times the number. Keys that are not `needed`
    may have none, which is NaN.

    Raises:
        UsageError: P146 a key or pattern that matches no number, P103 a needed number without a deviation.
    """
    if asked is None:
        return None
    out = np.full(len(keys), np.nan)
    for pattern, value in asked.items():
        hit = [place for place, key in enumerate(keys) if fnmatchcase(key, pattern)]
        if not hit:
            where = f"seed deviation of {shown(pattern)!r}"
            raise UsageError("P146", where=where, what="matches no number", wanted="a key or a pattern")
        out[hit] = float(value)
    left = [key for key, value in zip(keys, out, strict=True) if key in needed and math.isnan(value)]
    if left:
        raise UsageError(
            "P103",
            where="seed deviations",
            what=f"lack {shown(left[0])}",
            wanted="one for every number that is tested",
            hint="give one for all numbers first, as `*=SD`",
        )
    found: Floats = out / np.asarray(scales)
    return found


def deviations(asked: Deviations) -> dict[str, float] | None:
    """Deviations by key, from a mapping, from texts `KEY=SD` or `SD`, or from one number for all.

    Raises:
        UsageError: P101 another type, P142 anything but a number from 0.
    """
    wanted = "SD, KEY=SD or a mapping of keys, such as 0.3 (points)"
    if asked is None:
        return None
    if isinstance(asked, Mapping):
        named: list[tuple[str, object]] = [(str(key), value) for key, value in asked.items()]
    elif isinstance(asked, (int, float)):
        named = [("*", asked)]
    elif isinstance(asked, Sequence) and all(isinstance(text, str) for text in asked):
        texts = [asked] if isinstance(asked, str) else asked
        named = [(key or "*", value) for key, _, value in (text.rpartition("=") for text in texts)]
    else:
        raise wrong_type("seed_sd", asked, wanted)
    out = {key: _number(value) for key, value in named}
    wrong = [key for key, value in out.items() if not 0 <= value <= HIGHEST]
    if wrong:
        what = f"is {shown(dict(named)[wrong[0]], 40)}"
        raise UsageError("P142", where=f"seed deviation of {shown(wrong[0])!r}", what=what, wanted=wanted)
    return out or None


def _number(value: object) -> float:
    try:
        return math.nan if isinstance(value, bool) else float(str(value))
    except ValueError:
        return math.nan
