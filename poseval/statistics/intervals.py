"""Intervals of every number of a summary.

`auto` is Student's interval: from the jackknife up to 63 units, from balanced half-samples beyond, on the
logit scale for fractions, with degrees of freedom that allow for units of unequal size. `percentile` and
`bca` are bootstrap intervals. docs/statistics.md has the coverage of each.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from poseval.errors import UsageError, did_you_mean, number_of, shown
from poseval.poses import Floats, Ints, Notice
from poseval.results.report import Report
from poseval.results.values import SHARE, Interval, Summary
from poseval.scoring.evaluation import Evaluation
from poseval.scoring.groups import IMAGE
from poseval.scoring.slice_numbers import gaps_of
from poseval.statistics.clusters import Clusters, cells_of, clusters_of, together, units_of
from poseval.statistics.draws import draw
from poseval.statistics.formulas import bca_interval, exact_limit, percentile_interval, t_interval
from poseval.statistics.gaps import gap_interval
from poseval.statistics.influence import HALVED, LEFT_OUT, Influence, crossed, influence
from poseval.statistics.options import count_of, level_of, seed_of
from poseval.statistics.support import support, why_not
from poseval.statistics.weights import BLOCKS, multinomial

if TYPE_CHECKING:
    from concurrent.futures import Executor

METHODS = ("auto", LEFT_OUT, HALVED, "percentile", "bca")
RESAMPLES = 1000
BCA_UNITS = 20  # the least for which its acceleration means something
FEW_UNITS = 10  # a notice says so below
EACH_TAIL = 10  # bootstrap samples beyond each end of an interval, at least


@dataclass(frozen=True, eq=False)
class Spread:
    """Standard errors of a run's numbers: by one clustering, or by two that cross.

    `error` and `freedom` [K]; `support` [K] units that each number rests on; `ways` clusters cross.
    """

    clusters: Clusters
    moves: Influence
    error: Floats
    freedom: Floats
    support: Ints
    ways: int = 1

    @staticmethod
    def of(evaluation: Evaluation, executor: Executor | None = None) -> Spread:
        """The spread of every defined number.

        Raises:
            UsageError: P140 fewer than two units, P168 an unknown cluster.
        """
        (whole,) = evaluation.summaries(np.ones((1, len(evaluation.unit_keys)), dtype=np.int64))
        keys = [key for key, number in whole.items() if not math.isnan(number.value)]
        sharp = [key for key in keys if whole[key].bounds == SHARE and whole[key].value in SHARE]
        run = evaluation.summaries
        ways = clusters_of(evaluation)
        found = [influence(run, way, keys, executor) for way in ways]
        counts = [support(run, way, f, sharp, executor) for way, f in zip(ways, found, strict=True)]
        if len(ways) == 1:
            return Spread(ways[0], found[0], found[0].error, found[0].freedom, counts[0])
        both = influence(run, cells_of(ways), keys, executor, scattered=True)
        variance = crossed(found[0].error ** 2, found[1].error ** 2, both.error**2)
        few = min(range(2), key=lambda way: ways[way].count)
        freedom = np.minimum(found[0].freedom, found[1].freedom)
        return Spread(together(ways), found[few], np.sqrt(variance), freedom, np.minimum(*counts), 2)


def intervals(
    evaluation: Evaluation,
    *,
    level: float | str = 0.95,
    method: str = "auto",
    resamples: int = RESAMPLES,
    seed: int = 0,
    executor: Executor | None = None,
) -> dict[str, Interval]:
    """An interval for every defined number of a summary, or the reason why there is none.

    A fraction that is 0 or 1 gets a one-sided exact limit over the units that support it.

    Raises:
        UsageError: P140 fewer than two units, P141 a method that is unknown or needs more units, P142
            level, resamples or seed out of range, P167 too few resamples for the level, P168 an unknown
            cluster.
    """
    share, rounds, start = level_of(level), count_of(resamples), seed_of(seed)
    spread = Spread.of(evaluation, executor)
    chosen = _method(method, spread, len(clusters_of(evaluation)))
    found = spread.moves
    resampled = chosen in ("percentile", "bca")
    samples = None
    if resampled:
        _require_samples(rounds, share)
        drawn = spread.clusters.weights(multinomial(spread.clusters.count, rounds, start))
        samples = draw(evaluation.summaries, drawn, found.keys, executor).values
    (whole,) = evaluation.summaries(np.ones((1, len(evaluation.unit_keys)), dtype=np.int64))
    basis = Interval(
        math.nan,
        math.nan,
        share,
        chosen,
        start if resampled else None,
        rounds if resampled else found.replicates,
        spread.clusters.count,
        spread.clusters.name,
    )
    out = {
        key: _interval(basis, spread, whole, key, None if samples is None else samples[:, column])
        for column, key in enumerate(found.keys)
    }
    out = _with_largest(evaluation, _with_design(evaluation, out, spread, executor), spread, executor)
    gaps = {gap.key: gap_interval(gap, found, out, spread.ways) for gap in gaps_of(whole, evaluation.slices)}
    return out | gaps


def with_intervals(report: Report, evaluation: Evaluation, **asked: Any) -> Report:
    """A report with the intervals of its evaluation, and notices about what makes them inexact.

    Keywords and errors are those of `intervals`.
    """
    found = intervals(evaluation, **asked)
    return replace(report, intervals=found, notices=(*report.notices, *_notices(evaluation, found)))


def _notices(evaluation: Evaluation, found: Mapping[str, Interval]) -> list[Notice]:
    out: list[Notice] = []
    interval = found.get(evaluation.primary)
    if interval is None:
        return out
    if interval.units < FEW_UNITS:
        units = f"{number_of(interval.units, 'unit')} ({interval.cluster})"
        text = f"only {units}; intervals from so few units are rough"
        out.append(Notice("N960", text, interval.units))
    if interval.largest > 1:
        unit = shown(interval.largest_unit, 60)
        text = f"unit {unit} alone moves {evaluation.primary} by {interval.largest:.1f} standard errors"
        out.append(Notice("N963", text))
    usual = evaluation.benchmark.cluster
    if usual and usual != IMAGE and "cluster" not in evaluation.signature and usual not in evaluation.groups:
        text = f"the {usual} of each {evaluation.benchmark.unit} is not known, so each is resampled by itself"
        out.append(Notice("N964", text))
    return out


def _method(method: str, spread: Spread, ways: int) -> str:
    """The method in use."""
    own, units = spread.moves.method, spread.clusters.count
    wanted = {"auto": True, own: True, "percentile": ways == 1, "bca": ways == 1 and units >= BCA_UNITS}
    if not wanted.get(method, False):
        known = method in METHODS
        raise UsageError(
            "P141",
            where=f"method {shown(method)!r}",
            what=f"does not fit {number_of(units, 'unit')}{' of two clusters' if ways > 1 else ''}"
            if known
            else "is not known",
            wanted=f"one of {', '.join(name for name, fits in wanted.items() if fits)}",
            hint=f"pass --ci-method auto; bca needs {BCA_UNITS} units, half-samples more than {BLOCKS}"
            if known
            else did_you_mean(method, METHODS),
        )
    return own if method == "auto" else method


def _require_samples(rounds: int, level: float) -> None:
    needed = math.ceil(round(2 * EACH_TAIL / (1 - level), 6))
    if rounds < needed:
        raise UsageError(
            "P167",
            where=f"{rounds:,} resamples",
            what=f"are too few for an interval of {100 * level:g} %",
            wanted=f"20 / (1 - level) = {needed:,} or more",
        )


def _interval(basis: Interval, spread: Spread, whole: Summary, key: str, samples: Floats | None) -> Interval:
    """The interval of one number."""
    column = spread.moves.at(key)
    number, error = whole[key], float(spread.error[column])
    undefined = (
        float(np.isnan(samples).mean()) if samples is not None else float(spread.moves.undefined[column])
    )
    units, freedom = int(spread.support[column]), float(spread.freedom[column])
    basis = replace(
        basis,
        undefined=undefined,
        error=error,
        effective=_effective(spread, column),
        groups=len(spread.moves.moves),
        why=why_not(units, undefined, basis.cluster),
    )
    if basis.why:
        return basis
    if number.bounds == SHARE and number.value in SHARE:
        low, high = exact_limit(number.value, units, basis.level)
        why = f"one-sided, from {number_of(units, 'unit')}"
        return replace(basis, low=low, high=high, method="exact", seed=None, resamples=0, why=why)
    if error == 0:
        return replace(basis, why="every unit gives the same number")
    if samples is None:
        if not number.smooth:
            basis = replace(basis, method=HALVED, resamples=2 * BLOCKS)
        ends = t_interval(number.value, error, freedom, basis.level, number.bounds)
    elif basis.method == "bca":
        ends = bca_interval(samples, number.value, spread.moves.left_out[:, column], basis.level)
    else:
        ends = percentile_interval(samples, basis.level, basis.units, freedom)
    return replace(basis, low=ends[0], high=ends[1])


def _effective(spread: Spread, column: int) -> float:
    """Groups that carry a number's spread: by their sizes, and by how heavy the tails of their moves are."""
    moves = spread.moves.moves[:, column]
    count, squares = len(moves), float((moves**2).sum())
    by_size = float(spread.moves.effective[column])
    if squares == 0 or math.isnan(squares):
        return by_size
    heavy = float((moves**4).sum()) / squares**2 - 1 / count
    return min(by_size, 2 / heavy if heavy > 0 else by_size)


def _with_design(
    evaluation: Evaluation, found: dict[str, Interval], spread: Spread, executor: Executor | None
) -> dict[str, Interval]:
    """With the variance over that of independent units, where units are drawn together."""
    units = units_of(evaluation)
    if spread.clusters.name == units.name:
        return found
    alone = influence(evaluation.summaries, units, spread.moves.keys, executor, scattered=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        effect = np.where(alone.error > 0, (spread.error / alone.error) ** 2, math.nan)
    return {
        key: replace(interval, design_effect=float(effect[spread.moves.at(key)]))
        for key, interval in found.items()
    }


def _with_largest(
    evaluation: Evaluation, found: dict[str, Interval], spread: Spread, executor: Executor | None
) -> dict[str, Interval]:
    """With the unit that moves a number most: of all numbers by leave-outs, else of the primary one."""
    moves, clusters = spread.moves, spread.clusters
    if moves.method == LEFT_OUT:
        every = np.arange(clusters.count)
        return {
            key: _largest(interval, moves, np.abs(moves.left_out[:, moves.at(key)]), every, clusters, key)
            for key, interval in found.items()
        }
    key = evaluation.primary
    if key not in found:
        return found
    blocks = np.argsort(-np.abs(moves.moves[:, moves.at(key)]))[:2]
    inside = np.flatnonzero(np.isin(moves.group, blocks))
    weights = np.ones((len(inside), clusters.count), dtype=np.int64)
    weights[np.arange(len(inside)), inside] = 0
    without = draw(evaluation.summaries, clusters.weights(weights), [key], executor).values[:, 0]
    off = np.abs(moves.value[moves.at(key)] - without)
    return {**found, key: _largest(found[key], moves, off, inside, clusters, key)}


def _largest(
    interval: Interval, moves: Influence, off: Floats, units: Ints, clusters: Clusters, key: str
) -> Interval:
    """The unit that moves a number most, in standard errors of what the others give."""
    if np.isnan(off).all():
        return interval
    place = int(np.nanargmax(off))
    unit = int(units[place])
    rest = float(moves.error_without(int(moves.group[unit]))[moves.at(key)])
    size = float(off[place]) / rest if rest > 0 else math.inf
    if off[place] == 0:
        return interval
    return replace(interval, largest=size, largest_unit=str(clusters.keys[unit]))
