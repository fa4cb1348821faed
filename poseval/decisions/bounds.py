"""The significant gate: every drop between its bounds, and all guarded checks as one family of tests."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from poseval.decisions.verdict import Check, Verdict
from poseval.errors import UsageError, number_of, shown
from poseval.poses import Floats, Ints, Notice
from poseval.results.units import NumberStyle
from poseval.statistics.multiplicity import holm
from poseval.statistics.noninferiority import POWER, State, bounded, state_of
from poseval.statistics.options import seed_of
from poseval.statistics.signflips import flip_test, rounds_for, too_rare
from poseval.statistics.student import t_quantile
from poseval.statistics.support import why_not
from poseval.statistics.training import Gap

FEW_UNITS = 10


def with_bounds(
    verdict: Verdict, gaps: Mapping[str, Gap], supported: Ints, resamples: int | None, seed: int
) -> Verdict:
    """A verdict from bounds of each drop; `gaps` are those to each target, `supported` [K] counts units."""
    guarded = len(verdict.guarded)
    checks = [_bounded(check, gaps[check.against], supported, verdict, guarded) for check in verdict.checks]
    family = [place for place, check in enumerate(checks) if check.guarded and not math.isnan(check.p)]
    p, rounds = np.array([checks[place].p for place in family]), 0
    groups = min(len(gap.influence.moves) for gap in gaps.values())
    if too_rare(groups, verdict.alpha) or not any(gap.flips for gap in gaps.values()):
        p = holm(p)
    elif len(family) > 1:
        parts = [_excess(checks[place], gaps) for place in family]
        asked = rounds_for(len(family), verdict.alpha, resamples)
        start = seed_of(seed)
        tests = flip_test(
            np.stack(parts, axis=1), alpha=verdict.alpha, rounds=asked, seed=start, one_sided=True
        )
        p, rounds = tests.adjusted, tests.rounds
    for place, adjusted in zip(family, p.tolist(), strict=True):
        check = checks[place]
        state = state_of(check.drop, check.upper, check.allowed, adjusted, verdict.alpha)
        checks[place] = replace(check, p_adjusted=adjusted, state=state)
    notices = (*verdict.notices, *_notices(verdict, [checks[place] for place in family], gaps))
    return replace(
        verdict, checks=tuple(checks), rounds=rounds, seed=seed if rounds else None, notices=notices
    )


def _bounded(check: Check, gap: Gap, supported: Ints, verdict: Verdict, tests: int) -> Check:
    """A check with the bounds of its drop, or the reason why there are none."""
    if math.isnan(check.drop) or (check.why and check.state is not State.KEEPS_UP):
        return check
    column = gap.influence.at(check.key)
    why = why_not(int(supported[column]), float(gap.influence.undefined[column]), verdict.cluster)
    if why:
        return replace(check, state=State.NOT_SHOWN if check.guarded else check.state, why=why)
    found = bounded(
        check.drop,
        check.allowed,
        units_variance=float(gap.units[column]),
        error=float(gap.error[column]),
        freedom=float(gap.freedom[column]),
        units=verdict.units,
        alpha=verdict.alpha,
        tests=max(tests, 1),
        widest=float(gap.influence.widest[column]),
    )
    return replace(
        check,
        lower=found.lower,
        upper=found.upper,
        error_units=math.sqrt(gap.units[column]),
        error_training=math.sqrt(gap.training[column]),
        p=found.p,
        smallest=found.smallest,
        needed=found.needed,
    )


def require_findable(verdict: Verdict, deviations: Floats | None, keys: Sequence[str]) -> None:
    """Refuse deviations between trainings so large that the loss of everything would be within them.

    Raises:
        UsageError: P865.
    """
    if deviations is None:
        return
    alone, style = math.sqrt(sum(1 / runs for runs in verdict.trainings)), NumberStyle(verdict.shown_as)
    factor = t_quantile(1 - verdict.alpha, math.inf) + t_quantile(POWER, math.inf)
    for check in verdict.guarded:
        deviation = float(deviations[keys.index(check.key)])
        if math.isfinite(check.loss) and check.allowed + factor * alone * deviation >= check.loss:
            most = (check.loss - check.allowed) / (factor * alone)
            raise UsageError(
                "P865",
                where=f"seed deviation of {shown(check.key)}",
                what=f"is {style.amount(deviation, check.unit)}, and the baseline is "
                f"{style.number(check.baseline, check.unit)}: not even the loss of everything would be found",
                wanted=f"less than {style.amount(most, check.unit)}",
                hint="give the standard deviation of the number between trainings of one recipe",
            )


def _excess(check: Check, gaps: Mapping[str, Gap]) -> Floats:
    """What each group of units contributes [G] to the drop beyond what is allowed."""
    found = gaps[check.against].influence
    column = found.at(check.key)
    worse = 1.0 if check.better == "lower" else -1.0
    out: Floats = worse * found.contributions[:, column] - found.share[:, column] * check.allowed
    return out


def _notices(verdict: Verdict, family: Sequence[Check], gaps: Mapping[str, Gap]) -> list[Notice]:
    """What the gate cannot see."""
    style = NumberStyle(verdict.shown_as)
    out = []
    if verdict.units < FEW_UNITS:
        text = (
            f"only {number_of(verdict.units, 'unit')} ({verdict.cluster}); bounds from so few units are rough"
        )
        out.append(Notice("N960", text, verdict.units))
    for check in family:
        if check.blind:
            units = f"{number_of(verdict.units, 'unit')} ({verdict.cluster})"
            out.append(Notice("N499", f"{check.key}: {units} are too few to see any drop", verdict.units))
        elif check.smallest > 2 * check.allowed:
            enough = "no number of units would be enough"
            if math.isfinite(check.needed):
                enough = f"{check.needed:,.0f} units would be enough"
            text = (
                f"{check.key}: a drop is found with 80 % power from "
                f"{style.amount(check.smallest, check.unit)} on, more than twice the "
                f"{style.amount(check.allowed, check.unit)} allowed; {enough} ({verdict.units:,} are here)"
            )
            out.append(Notice("N961", text))
    if not all(gap.measured for gap in gaps.values()):
        text = (
            "between-training variance is not measured: a retrained model varies by more than the units show"
        )
        out.append(Notice("N962", text))
    return out
