"""gate: does a run keep up with its baseline? For CI: fails when the model got worse, and only then.

Each guarded number is allowed a drop, in the unit that tables show (`AP=0.5`: points) or relative
(`AP=0.5rel%`). An exact gate compares digits. A significant gate bounds each drop from both sides
(`decisions.bounds`). If the baseline has an anchor besides its last run, the run is compared with both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from poseval.decisions.baselines import Baseline, digest_of
from poseval.decisions.bounds import require_findable, with_bounds
from poseval.decisions.loss import at_worst, loss_from, loss_of
from poseval.decisions.tolerances import Tolerance, by_key, guarded, require_failable
from poseval.decisions.verdict import ANCHOR, LAST, Check, Verdict
from poseval.errors import UsageError, shown
from poseval.results.units import PERCENT, NumberStyle
from poseval.results.values import Summary
from poseval.scoring.evaluation import Evaluation
from poseval.statistics.clusters import clusters_of, together
from poseval.statistics.comparison import Runs, check_paired
from poseval.statistics.noninferiority import State
from poseval.statistics.options import count_of, level_of, seed_of
from poseval.statistics.training import Gap, Side, seed_deviations


@dataclass(frozen=True)
class Demands:
    """The settings of a gate.

    Numbers that `guard` names decide; by default those that have a tolerance, else the primary number, and in
    an exact gate all. `must_keep_up`: what is not shown fails, too. `seed_sd` is the standard deviation
    between trainings, where one run per side cannot tell. `look` counts the runs that were compared with one
    anchor: the k-th gets the part 6 / (pi^2 k^2) of alpha, so that all of them together have alpha.
    `shown_as` is how fractions such as AP are shown, and so the unit of tolerances and deviations.
    """

    tolerances: Sequence[Tolerance] = ()
    guard: Sequence[str] = ()
    significant: bool = False
    must_keep_up: bool = False
    level: float | str = 0.95
    resamples: int | None = None
    seed: int = 0
    seed_sd: Mapping[str, float] | None = None
    look: int = 0
    shown_as: str = PERCENT

    def __post_init__(self) -> None:
        """Raises UsageError P142 for a level, a number of resamples or a seed that cannot be."""
        level_of(self.level)
        seed_of(self.seed)
        if self.resamples is not None:
            count_of(self.resamples)

    @property
    def alpha(self) -> float:
        """The probability of a false alarm in this gate run."""
        alpha = 1 - level_of(self.level)
        return alpha * 6 / (math.pi * self.look) ** 2 if self.look else alpha

    def guarded(self, keys: Sequence[str], primary: str) -> set[str]:
        """The numbers that decide.

        Raises:
            UsageError: P146 a pattern that matches no number.
        """
        allowed = by_key(self.tolerances, keys)
        if self.guard:
            return set(guarded(self.guard, keys))
        if allowed:
            return set(allowed)
        return {primary} if self.significant else set(keys)


EXACT = Demands()


def gate(run: Runs, baseline: Runs | Baseline, demands: Demands = EXACT) -> Verdict:
    """Compare a run, or the mean of several trainings, with a baseline.

    A number fails if the baseline has it and the run does not. A primary number that is nearly lost fails
    always, whatever the tolerance, level or number of units. The version of poseval may differ between the
    two: numbers of the reference rules do not change with it, and a changed digit is what a gate is for.

    Raises:
        UsageError: P100 the baseline defines no number that decides, P140 fewer than two units, P142 level,
            seed or deviation out of range, P146 a pattern that matches no number, P167 too few resamples.
        MismatchError: P420 different signatures, P421 different units.
    """
    now, targets = _several(run), _targets(baseline)
    for name, runs in [*targets, ("the first run", now)]:
        for other in runs:
            check_paired(other, now[0], (name, "the run"), ignoring={"poseval"})
    ways = clusters_of(now[0])
    clusters = together(ways)
    checks = _by_digits(targets, now, demands)
    _require_defined(checks)
    style = NumberStyle(demands.shown_as)
    wide = [
        notice
        for _, runs in targets
        for notice in require_failable(demands.tolerances, _mean(runs), _numbers(runs[0]), style)
    ]
    verdict = Verdict(
        tuple(checks),
        demands.significant,
        demands.must_keep_up,
        demands.alpha,
        demands.look,
        clusters.count,
        clusters.name,
        (len(targets[0][1]), len(now)),
        str(now[0].signature),
        notices=(*now[0].notices, *dict.fromkeys(wide)),
        shown_as=demands.shown_as,
    )
    if not demands.significant:
        return verdict
    units = {check.key: check.unit for check in verdict.checks}
    keys, scales = list(units), [style.scale(unit) for unit in units.values()]
    needed = {check.key for check in verdict.guarded}
    deviations = seed_deviations(demands.seed_sd, keys, scales, needed)
    side = Side.of(now, ways, keys)
    others = {name: Side.of(runs, ways, keys) for name, runs in targets}
    require_findable(verdict, deviations, keys)
    gaps = {name: Gap.between(other, side, deviations) for name, other in others.items()}
    supported = np.min([side.support, *(other.support for other in others.values())], axis=0)
    return with_bounds(verdict, gaps, supported, demands.resamples, demands.seed)


def _several(run: Runs) -> list[Evaluation]:
    return [run] if isinstance(run, Evaluation) else list(run)


def _targets(baseline: Runs | Baseline) -> list[tuple[str, list[Evaluation]]]:
    """The last run, and the anchor where it is another."""
    if not isinstance(baseline, Baseline):
        return [(LAST, _several(baseline))]
    last = (LAST, [baseline.last])
    if digest_of(baseline.anchor) == digest_of(baseline.last):
        return [last]
    return [last, (ANCHOR, [baseline.anchor])]


def _mean(runs: Sequence[Evaluation]) -> dict[str, float]:
    found = [run.summary() for run in runs]
    return {key: float(np.mean([summary.get(key, math.nan) for summary in found])) for key in found[0]}


def _by_digits(
    targets: Sequence[tuple[str, list[Evaluation]]], now: Sequence[Evaluation], demands: Demands
) -> list[Check]:
    """Every number against every target; one that is not guarded is shown by a significant gate."""
    new, primary = _mean(now), now[0].primary
    each = [_numbers(run)[primary] for run in now]
    style = NumberStyle(demands.shown_as)
    out = []
    for name, runs in targets:
        before = _mean(runs)
        numbers = _numbers(runs[0])
        allowed = by_key(demands.tolerances, list(before))
        chosen = demands.guarded(list(before), primary)
        for key, old in before.items():
            value, number = new.get(key, math.nan), numbers[key]
            way, unit = number.better.value, number.unit
            lost = loss_of(old, number.n, each) if key == primary else ""
            if not (key in chosen or demands.significant or lost):
                continue
            most = allowed.get(key, Tolerance(key, 0.0)).allowed(key, old, unit, style)
            drop = value - old if way == "lower" else old - value
            state, why = _state(old, value, drop <= most)
            if lost:
                state, why = State.FAILS, lost
            elif state is State.KEEPS_UP and at_worst(old, number):
                below = "rise above" if way == "lower" else "drop below"
                why = f"nothing can {below} {style.number(old, unit)}"
            elif key not in chosen:
                state = State.NOT_TESTED
            deciding = key in chosen or bool(lost)
            loss = loss_from(old, number)
            out.append(Check(key, name, old, value, drop, most, state, deciding, way, why, unit, loss))
    return out


def _numbers(run: Evaluation) -> Summary:
    """The summary with bounds, directions and units."""
    (whole,) = run.summaries(np.ones((1, len(run.unit_keys)), dtype=np.int64))
    return whole


def _require_defined(checks: Sequence[Check]) -> None:
    """Refuse a gate that nothing could fail, as the baseline has none of the numbers that decide."""
    guarded = [check for check in checks if check.guarded]
    if all(math.isnan(check.baseline) for check in guarded):
        raise UsageError(
            "P100",
            where="numbers that decide",
            what=f"are undefined in the baseline: {', '.join(shown(check.key) for check in guarded[:8])}",
            wanted="one that the baseline defines",
            hint="choose others with --guard or --max-drop",
        )


def _state(old: float, new: float, within: bool) -> tuple[State, str]:
    if math.isnan(old):
        return State.NOT_TESTED, "undefined in the baseline"
    if math.isnan(new):
        return State.FAILS, "undefined in this run"
    return (State.KEEPS_UP, "") if within else (State.FAILS, "")
