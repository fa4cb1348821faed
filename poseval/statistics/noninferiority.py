"""Non-inferiority of a number: shown to keep up, fails, or not shown.

A drop is bounded from both sides. A drop that may be noise is not shown to be absent, so this case has its
own answer, which says how large the drop may be.

Sources: Schuirmann 1987 (two one-sided tests); Westlake 1981; Student's t as in docs/statistics.md.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

from poseval.statistics.student import t_quantile, t_tail

POWER = 0.8  # of the smallest drop that is named


class State(enum.Enum):
    """How a number compares with its baseline."""

    KEEPS_UP = "keeps up"
    FAILS = "fails"
    NOT_SHOWN = "not shown"
    NOT_TESTED = "not tested"


@dataclass(frozen=True)
class Bounded:
    """A drop (positive: worse) between its one-sided bounds, and what the test could have found.

    `p` is that of the hypothesis "the drop is within what is allowed". `smallest` is the smallest drop that
    the test finds with 80 % power; `needed` units would find a drop of twice the allowed size; infinite if no
    number is enough.
    """

    drop: float
    lower: float
    upper: float
    p: float
    smallest: float
    needed: float


def bounded(
    drop: float,
    allowed: float,
    *,
    units_variance: float,
    error: float,
    freedom: float,
    units: int,
    alpha: float,
    tests: int = 1,
    widest: float = math.inf,
) -> Bounded:
    """Bound a drop at level 1 - alpha from each side; power is that of one of `tests` tests, or more.

    `units_variance` is the part of `error` squared that more units would lessen; `widest` is the largest
    drop that there can be.
    """
    reach = t_quantile(1 - alpha, freedom) * error
    p = t_tail((drop - allowed) / error, freedom) if error > 0 else float(drop <= allowed)
    factor = t_quantile(1 - alpha / tests, freedom) + t_quantile(POWER, freedom)
    fixed = max(error * error - units_variance, 0.0)
    room = (allowed / factor) * (allowed / factor) - fixed  # infinite where a power would be an error
    wanted = units * units_variance / room if room > 0 else math.inf
    needed = max(math.ceil(wanted), 1) if math.isfinite(wanted) else math.inf
    if error == 0:
        needed = float(units)
    lower, upper = max(drop - reach, -widest), min(drop + reach, widest)
    return Bounded(drop, lower, upper, p, allowed + factor * error, needed)


def state_of(drop: float, upper: float, allowed: float, p_adjusted: float, alpha: float) -> State:
    """Whether a number fails, keeps up, or neither is shown."""
    if p_adjusted <= alpha and drop > allowed:
        return State.FAILS
    return State.KEEPS_UP if upper <= allowed else State.NOT_SHOWN
