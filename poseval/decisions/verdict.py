"""What a gate finds: one check for each number and target, and the verdict over those that are guarded."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from poseval.poses import Notice
from poseval.results.result import Result, json_value
from poseval.results.units import FRACTION, PERCENT, Unit
from poseval.statistics.noninferiority import State

SCHEMA = "poseval.gate/2"
LAST, ANCHOR = "baseline", "anchor"


@dataclass(frozen=True)
class Check:
    """One number compared with the baseline's last run or with its anchor.

    `drop` is positive when the run is worse, between `lower` and `upper`. `p` is of this number alone,
    `p_adjusted` of all that are guarded. `loss` is the drop that loses nearly all, infinite where nothing can
    be lost. `error_units` and `error_training` are the parts of the standard
    error, the second NaN where training is not measured. `smallest` is the smallest drop that is found with
    80 % power, `needed` the number of units that would find a drop of twice the tolerance. All of these are
    NaN in an exact gate.
    """

    key: str
    against: str
    baseline: float
    value: float
    drop: float
    allowed: float
    state: State
    guarded: bool
    better: str = "higher"
    why: str = ""
    unit: Unit = Unit.SHARE
    loss: float = math.inf
    lower: float = math.nan
    upper: float = math.nan
    error_units: float = math.nan
    error_training: float = math.nan
    p: float = math.nan
    p_adjusted: float = math.nan
    smallest: float = math.nan
    needed: float = math.nan

    @property
    def passed(self) -> bool:
        """Whether the number does not fail."""
        return self.state is not State.FAILS

    @property
    def blind(self) -> bool:
        """Whether even the loss of nearly all of the number would not be found."""
        return self.smallest >= self.loss

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; undefined and infinite are None."""
        row = {key: json_value(value) for key, value in asdict(self).items()}
        return {**row, "state": self.state.value, "unit": self.unit.stored}


@dataclass(frozen=True, repr=False)
class Verdict(Result):
    """The outcome of a gate; `notices` are what was unusual about the run, and what the gate cannot see.

    `alpha` is the chance of any false alarm over all guarded checks. `look` counts the runs compared with the
    anchor, by the ledger, 0 without one. `rounds` is the number of sign flips, from `seed`, that corrected
    for several checks; 0 for a single check. `trainings` are the runs of the baseline and of this side.
    `accepted` is a person's reason to take the run in any case; `replaced` says that it became the baseline.
    `shown_as` is how texts show shares. A `saved` run was not scored here, but taken as it is.
    """

    form: ClassVar[str] = "verdict"
    table: ClassVar[str] = "checks"
    checks: tuple[Check, ...]
    significant: bool
    must_keep_up: bool
    alpha: float
    look: int
    units: int
    cluster: str
    trainings: tuple[int, int]
    signature: str
    rounds: int = 0
    seed: int | None = None
    accepted: str = ""
    replaced: bool = False
    notices: tuple[Notice, ...] = ()
    shown_as: str = PERCENT
    saved: bool = False

    @property
    def method(self) -> str:
        """How p is corrected where several checks are a family."""
        if not self.significant:
            return "exact"
        several = sum(not math.isnan(check.p_adjusted) for check in self.checks) > 1
        return "sign flips, max-T" if self.rounds else f"Student's t{', Holm' if several else ''}"

    @property
    def guarded(self) -> tuple[Check, ...]:
        """The checks that decide."""
        return tuple(check for check in self.checks if check.guarded)

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks for which the gate fails."""
        bad = {State.FAILS, State.NOT_SHOWN} if self.must_keep_up else {State.FAILS}
        return tuple(check for check in self.guarded if check.state in bad)

    @property
    def passed(self) -> bool:
        """Whether no guarded check fails (with `must_keep_up`: all keep up), or the run was accepted."""
        return bool(self.accepted) or not self.failed

    @property
    def keeps_up(self) -> bool:
        """Whether every guarded check keeps up: what may replace a baseline."""
        return all(check.state in (State.KEEPS_UP, State.NOT_TESTED) for check in self.guarded)

    @property
    def best(self) -> bool:
        """Whether the run keeps up, and a guarded number is better than in the best run so far."""
        anchored = [check for check in self.guarded if check.against == ANCHOR] or self.guarded
        drops = [check.upper if self.significant else check.drop for check in anchored]
        return self.keeps_up and any(drop < 0 for drop in drops)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values in schema `poseval.gate/2`; undefined and infinite are None."""
        head = {k: v for k, v in vars(self).items() if k not in ("checks", "notices", "shown_as")}
        return {
            "schema": SCHEMA,
            "unit": FRACTION,
            "passed": self.passed,
            "keeps_up": self.keeps_up,
            "method": self.method,
            **head,
            "checks": [check.to_dict() for check in self.checks],
            "notices": [vars(notice) for notice in self.notices],
        }
