"""The tests of one pair of systems: sign flips or Student's t, the primary number before the others."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from poseval.poses import Bools, Floats, Ints
from poseval.statistics.multiplicity import PRIMARY, holm, primary_first
from poseval.statistics.signflips import Tests, flip_test, least_p
from poseval.statistics.support import why_not
from poseval.statistics.training import Gap

TOO_FEW = "too few units for any verdict"
UNDEFINED = "undefined"
# columns of numbers and their alpha -> tests, adjusted among themselves
Family = Callable[[Ints, float], Tests]


@dataclass(frozen=True)
class Rules:
    """How pairs are tested: the numbers, the primary one, alpha over all pairs, and the random flips."""

    keys: tuple[str, ...]
    primary: str
    alpha: float
    pairs: int
    rounds: int
    seed: int


def reasons(gap: Gap, supported: Ints, cluster: str) -> list[str]:
    """Why each number of a pair has no verdict; empty if it has one."""
    found = gap.influence
    rows = zip(found.value, supported, found.undefined, strict=True)
    return [
        UNDEFINED if math.isnan(value) else why_not(int(units), float(undefined), cluster)
        for value, units, undefined in rows
    ]


def tested(gap: Gap, rules: Rules, why: Sequence[str]) -> tuple[Tests, list[str]]:
    """The tests of a pair's numbers, adjusted for all of them, and why numbers have no verdict."""
    off = np.array([bool(reason) for reason in why])
    if not gap.flips:
        family, too_few = _by_student(gap, off), False
    else:
        parts: Floats = np.where(off, math.nan, gap.influence.contributions)
        family = _by_flips(parts, rules)
        too_few = least_p(len(parts)) > _part(rules, off)[1]
    ahead, alpha = _part(rules, off)
    found = _ordered(family, len(off), ahead, alpha)
    return found, [reason or (TOO_FEW if too_few else "") for reason in why]


def _part(rules: Rules, off: Bools) -> tuple[int | None, float]:
    """The column of the number that goes before others, and the part of alpha that it has."""
    alpha = rules.alpha / rules.pairs
    if len(rules.keys) > 1 and rules.primary in rules.keys and not off[rules.keys.index(rules.primary)]:
        return rules.keys.index(rules.primary), alpha * PRIMARY
    return None, alpha


def _ordered(family: Family, count: int, ahead: int | None, alpha: float) -> Tests:
    """All columns as one family, or the one ahead before the others."""
    every = np.arange(count)
    if ahead is None:
        return family(every, alpha)
    rest = every[every != ahead]
    lead, others = family(every[[ahead]], alpha), family(rest, alpha / PRIMARY)
    raw, adjusted, error = np.empty(count), np.empty(count), np.empty(count)
    raw[ahead], raw[rest] = lead.raw[0], others.raw
    error[ahead], error[rest] = lead.error[0], others.error
    adjusted[ahead], adjusted[rest] = primary_first(float(lead.raw[0]), others.adjusted)
    return replace(lead, raw=raw, adjusted=adjusted, error=error, rounds=max(lead.rounds, others.rounds))


def _by_flips(parts: Floats, rules: Rules) -> Family:
    def family(columns: Ints, alpha: float) -> Tests:
        return flip_test(parts[:, columns], alpha=alpha, rounds=rules.rounds, seed=rules.seed)

    return family


def _by_student(gap: Gap, off: Bools) -> Family:
    raw = np.where(off, math.nan, gap.student)

    def family(columns: Ints, alpha: float) -> Tests:
        p = raw[columns]
        return Tests(p, holm(p), np.zeros(len(p)), 0, True)

    return family
