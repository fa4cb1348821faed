"""gate: does a run keep up with its baseline? For CI: fails when the model got worse, and only then.

A baseline is a saved run. Each rule allows one number a drop, absolute (`AP=0.005`) or relative
(`AP=0.5%`). An exact gate fails when the drop is larger than allowed. A significant gate fails only when, in
addition, a one-sided paired bootstrap over the common units says that the drop beyond the tolerance is not
explained by which units happened to be in the set.
"""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from poseval.errors import UsageError, shown
from poseval.poses import Notice
from poseval.results.result import Result, json_value
from poseval.scoring.evaluation import Evaluation
from poseval.statistics.comparison import check_paired
from poseval.statistics.resampling import RESAMPLES, bootstrap_weights, check_options, sample

SCHEMA = "poseval.gate/1"


@dataclass(frozen=True)
class Tolerance:
    """How much the numbers that match `pattern` (`AP`, `*/AP`) may get worse."""

    pattern: str
    amount: float
    relative: bool = False

    @staticmethod
    def parse(text: str) -> Tolerance:
        """`AP=0.005` (absolute, a fraction) or `AP=0.5%` (of the baseline's value).

        Raises:
            UsageError: P145 when the text is neither.
        """
        pattern, equals, amount = text.rpartition("=")
        relative = amount.endswith("%")
        try:
            number = float(amount.removesuffix("%")) / (100 if relative else 1)
        except ValueError:
            number = math.nan
        if not equals or not pattern or not (math.isfinite(number) and number >= 0):
            raise UsageError(
                "P145",
                where=f"tolerance {shown(text)!r}",
                what="cannot be read",
                wanted="AP=0.005 or AP=0.5%",
            )
        return Tolerance(pattern, number, relative)

    def allowed(self, baseline: float) -> float:
        """The largest drop allowed from a baseline value."""
        return self.amount * abs(baseline) if self.relative else self.amount


@dataclass(frozen=True)
class Check:
    """One number of the gate. `drop` is positive when the run is worse; `p` is NaN for an exact gate."""

    key: str
    baseline: float
    value: float
    drop: float
    allowed: float
    p: float
    passed: bool
    why: str


@dataclass(frozen=True)
class Verdict(Result):
    """The outcome of a gate; `notices` are what was odd about the run."""

    form: ClassVar[str] = "verdict"
    checks: tuple[Check, ...]
    significant: bool
    level: float
    signature: str
    notices: tuple[Notice, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values in schema `poseval.gate/1`; undefined is None."""
        rows = [{key: json_value(value) for key, value in asdict(check).items()} for check in self.checks]
        return {
            "schema": SCHEMA,
            "passed": self.passed,
            "significant": self.significant,
            "level": self.level,
            "signature": self.signature,
            "checks": rows,
            "notices": [vars(notice) for notice in self.notices],
        }


def gate(
    run: Evaluation,
    baseline: Evaluation,
    tolerances: Sequence[Tolerance] = (),
    *,
    significant: bool = False,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Verdict:
    """Hold a run against a baseline.

    Without tolerances every number of the summary must be no worse than the baseline's. A number that the
    baseline has and the run cannot give fails. The version of poseval may differ between the two: numbers
    of the reference rules do not change with it, and a changed digit is what a gate is for.

    Raises:
        UsageError: P142 level, resamples or seed out of range, P146 when a pattern matches no number.
        MismatchError: P420 different signatures, P421 different units.
    """
    check_options(level, resamples, seed)
    check_paired(baseline, run, ("the baseline", "the run"), ignoring={"poseval"})
    before, now = baseline.summary(), run.summary()
    better = run.report().better
    rules = _rules(tolerances, before)
    worse = _bootstrap_drops(run, baseline, list(rules), better, resamples, seed) if significant else {}
    checks = []
    for key, tolerance in rules.items():
        old, new = before[key], now.get(key, math.nan)
        sign = -1.0 if better.get(key) == "lower" else 1.0
        drop, allowed = sign * (old - new), tolerance.allowed(old)
        if math.isnan(old):
            checks.append(
                Check(key, old, new, math.nan, allowed, math.nan, True, "undefined in the baseline")
            )
        elif math.isnan(new):
            checks.append(Check(key, old, new, math.nan, allowed, math.nan, False, "undefined in this run"))
        else:
            checks.append(_check(key, old, new, drop, allowed, worse.get(key), level))
    return Verdict(tuple(checks), significant, level, str(run.signature), run.notices)


def _check(key: str, old: float, new: float, drop: float, allowed: float, drops: Any, level: float) -> Check:
    if drop <= allowed:
        return Check(key, old, new, drop, allowed, math.nan, True, "within tolerance")
    if drops is None:
        return Check(key, old, new, drop, allowed, math.nan, False, "dropped more than allowed")
    defined = drops[~np.isnan(drops)]
    p = float((1 + np.sum(defined <= allowed)) / (1 + len(defined)))
    if p > 1 - level:
        return Check(
            key, old, new, drop, allowed, p, True, "dropped more than allowed, but noise explains it"
        )
    return Check(key, old, new, drop, allowed, p, False, "dropped more than allowed, beyond noise")


def _rules(tolerances: Sequence[Tolerance], summary: Mapping[str, float]) -> dict[str, Tolerance]:
    """The tolerance of each number; a later rule overrides an earlier one."""
    if not tolerances:
        return {key: Tolerance(key, 0.0) for key in summary}
    out: dict[str, Tolerance] = {}
    for tolerance in tolerances:
        hit = [key for key in summary if key == tolerance.pattern] or [
            key for key in summary if fnmatch.fnmatchcase(key, tolerance.pattern)
        ]
        if not hit:
            raise UsageError(
                "P146",
                where=f"tolerance for {shown(tolerance.pattern)!r}",
                what="matches no number of the baseline",
                wanted=f"one of {', '.join(list(summary)[:40])}",
            )
        out.update((key, tolerance) for key in hit)
    return out


def _bootstrap_drops(
    run: Evaluation,
    baseline: Evaluation,
    keys: Sequence[str],
    better: Mapping[str, str],
    resamples: int,
    seed: int,
) -> dict[str, Any]:
    """Resampled drops [B] of each number, both systems under the same weights."""
    weights = bootstrap_weights(len(run.unit_keys), resamples, seed)
    new, old = sample(run.summaries, weights, keys), sample(baseline.summaries, weights, keys)
    return {key: (old.of(key) - new.of(key)) * (-1.0 if better.get(key) == "lower" else 1.0) for key in keys}
