"""compare: which differences between systems on the same units can be told from noise.

Two systems are compared unit by unit: a paired bootstrap gives the interval of each difference, a paired
approximate randomisation its p-value, and Holm's procedure keeps the chance of any false alarm over all
numbers and pairs of systems at the level. Only runs with the same signature are compared.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from typing import Any, ClassVar

import numpy as np

from poseval.errors import MismatchError, UsageError, shown
from poseval.metrics.base import Tally
from poseval.poses import Ints, Notice
from poseval.results.result import Result, json_value
from poseval.results.signature import check_comparable
from poseval.scoring.evaluation import Evaluation, TalliedPart
from poseval.statistics.resampling import (
    RESAMPLES,
    bootstrap_weights,
    check_options,
    holm,
    percentile_interval,
    randomisation_p,
    sample,
    shuffle_signs,
)

SCHEMA = "poseval.comparison/1"


@dataclass(frozen=True)
class Difference:
    """One number of two systems: `second - first`, its interval, p by randomisation, and Holm's p."""

    key: str
    first: str
    second: str
    value_first: float
    value_second: float
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    better: str

    def verdict(self, alpha: float) -> str:
        """The finding in words."""
        if math.isnan(self.p_holm):
            return "undefined"
        if self.p_holm > alpha or self.difference == 0:
            return "cannot be told apart"
        gain = self.difference > 0 if self.better == "higher" else self.difference < 0
        return f"{self.second if gain else self.first} is better"


@dataclass(frozen=True)
class Comparison(Result):
    """All differences between all pairs of systems; `notices` are what was odd about each of them."""

    form: ClassVar[str] = "comparison"
    differences: tuple[Difference, ...]
    systems: tuple[str, ...]
    signature: str
    units: int
    level: float
    resamples: int
    seed: int
    notices: Mapping[str, tuple[Notice, ...]] = field(default_factory=dict)

    @property
    def alpha(self) -> float:
        """Chance of any false alarm over all numbers and pairs."""
        return 1 - self.level

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values in schema `poseval.comparison/1`; undefined is None."""
        rows = []
        for item in self.differences:
            row = {key: json_value(value) for key, value in asdict(item).items()}
            rows.append({**row, "verdict": item.verdict(self.alpha)})
        head = {k: v for k, v in asdict(self).items() if k not in ("differences", "notices")}
        notices = {name: [vars(notice) for notice in found] for name, found in self.notices.items()}
        return {"schema": SCHEMA, **head, "differences": rows, "notices": notices}


def check_paired(
    first: Evaluation, other: Evaluation, names: tuple[str, str], *, ignoring: Collection[str] = ()
) -> None:
    """Refuse two runs, called `names`, whose units cannot be held against each other one by one.

    Raises:
        MismatchError: P420 different signatures, but for the keys in `ignoring`; P421 different units.
    """
    check_comparable(first.signature, other.signature, names, ignoring=ignoring)
    if not np.array_equal(first.unit_keys, other.unit_keys):
        raise MismatchError(
            "P421",
            where=shown(names[1]),
            what=f"was scored on other frames or sequences than {shown(names[0])}",
            wanted="the same ones",
        )


def compare(
    runs: Mapping[str, Evaluation],
    *,
    keys: Sequence[str] = (),
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Comparison:
    """Compare two or more systems that were scored on the same units.

    `keys` chooses numbers of the summary (default: all). The first system of each pair is the earlier one.

    Raises:
        UsageError: P142 level, resamples or seed out of range, P143 fewer than two systems, P144 an unknown
            key, P140 fewer than two units.
        MismatchError: P420 different signatures, P421 different units.
    """
    check_options(level, resamples, seed)
    names = tuple(runs)
    first = _checked(runs)
    chosen = _chosen(first, keys)
    units = len(first.unit_keys)
    weights = bootstrap_weights(units, resamples, seed)
    samples = {name: sample(run.summaries, weights, chosen) for name, run in runs.items()}
    better = first.report().better
    values = {name: run.summary() for name, run in runs.items()}
    found = []
    for one, two in combinations(names, 2):
        joined = _joined(runs[one], runs[two])
        shuffled = _shuffled(joined, units, chosen, resamples, seed)
        for column, key in enumerate(chosen):
            gap = values[two][key] - values[one][key]
            low, high = percentile_interval(samples[two].of(key) - samples[one].of(key), level)
            found.append(
                Difference(
                    key,
                    one,
                    two,
                    values[one][key],
                    values[two][key],
                    gap,
                    low,
                    high,
                    randomisation_p(gap, shuffled[:, column]),
                    math.nan,
                    better.get(key, "higher"),
                )
            )
    adjusted = holm([item.p for item in found])
    rows = tuple(_with_holm(item, p) for item, p in zip(found, adjusted, strict=True))
    notices = {name: run.notices for name, run in runs.items()}
    return Comparison(rows, names, str(first.signature), units, level, resamples, seed, notices)


def _checked(runs: Mapping[str, Evaluation]) -> Evaluation:
    """The first of the runs, when all were made on the same units under the same signature."""
    if len(runs) < 2:
        raise UsageError("P143", where="compare", what="needs at least two systems")
    (name, first), *others = runs.items()
    for other, run in others:
        check_paired(first, run, (name, other))
    return first


def _chosen(first: Evaluation, keys: Sequence[str]) -> tuple[str, ...]:
    """The numbers asked for, or all of the summary."""
    known = tuple(first.report().summary)
    for key in keys:
        if key not in known:
            wanted = f"one of {', '.join(known[:40])}"
            raise UsageError(
                "P144", where=f"number {shown(key)!r}", what="is not in the summary", wanted=wanted
            )
    return tuple(keys) or known


def _with_holm(item: Difference, p: float) -> Difference:
    return Difference(**{**asdict(item), "p_holm": p})


def _joined(one: Evaluation, two: Evaluation) -> Evaluation:
    """Both systems' units behind one another: weights then say which system speaks for a unit."""
    parts = []
    for a, b in zip(one.parts, two.parts, strict=True):
        tallies = {m: Tally.concat([a.tallies[m], b.tallies[m]]) for m in a.tallies}
        slices = {name: np.concatenate([a.slices[name], b.slices[name]]) for name in a.slices}
        parts.append(TalliedPart(a.label, tallies, slices))
    return Evaluation(one.benchmark, one.rules, tuple(parts), one.signature)


def _shuffled(
    joined: Evaluation, units: int, keys: Sequence[str], rounds: int, seed: int
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Differences [B, S] after exchanging the systems of random units."""

    def weights(swap: Ints, which: int) -> Ints:
        return np.concatenate([1 - swap, swap] if which == 0 else [swap, 1 - swap])

    signs = shuffle_signs(units, rounds, seed)
    kept = sample(joined.summaries, [weights(swap, 0) for swap in signs], keys)
    swapped = sample(joined.summaries, [weights(swap, 1) for swap in signs], keys)
    return swapped.values - kept.values
