"""compare: which differences between systems on the same units are larger than noise.

Each unit contributes a part to a difference. If two systems were equal, the sign of each part would be
random: flipping signs gives p, max-T over the flips corrects for several numbers of a pair, and Holm for
several pairs. The primary number gets nine tenths of alpha. If a side has several trainings, or units are
clustered in two ways, Student's t replaces the flips. Only runs with the same signature are compared.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from typing import Any, ClassVar

import numpy as np

from poseval.errors import MismatchError, UsageError, shown, unknown_name
from poseval.poses import Notice
from poseval.results.renderers import rendered
from poseval.results.result import Result, json_value
from poseval.results.signature import check_comparable
from poseval.results.units import FRACTION, PERCENT, NumberStyle, Unit
from poseval.scoring.evaluation import Evaluation
from poseval.statistics.clusters import clusters_of, together
from poseval.statistics.multiplicity import over_pairs
from poseval.statistics.options import level_of, seed_of
from poseval.statistics.pairs import TOO_FEW, Rules, reasons, tested
from poseval.statistics.signflips import Tests, rounds_for
from poseval.statistics.student import t_quantile
from poseval.statistics.training import Gap, Side, seed_deviations

SCHEMA = "poseval.comparison/2"
FLIPS, STUDENT = "sign flips", "Student's t"
Runs = Evaluation | Sequence[Evaluation]


@dataclass(frozen=True)
class Difference:
    """One number of two systems: `second - first`, its interval, and its p-values.

    `p` is of this number alone, `p_adjusted` of all numbers and pairs; `p_error` is the Monte Carlo error of
    the latter. `error_units` and `error_training` are the two parts of the standard error `error`, the
    second NaN where training is not measured. `why` says why there is no verdict.
    """

    key: str
    first: str
    second: str
    value_first: float
    value_second: float
    difference: float
    low: float
    high: float
    error: float
    error_units: float
    error_training: float
    p: float
    p_adjusted: float
    p_error: float
    better: str
    why: str
    unit: Unit = Unit.SHARE

    def verdict(self, alpha: float) -> str:
        """The finding in words."""
        if self.why:
            return self.why
        if self.p_adjusted > alpha or self.difference == 0:
            return "cannot be distinguished"
        gain = self.difference > 0 if self.better == "higher" else self.difference < 0
        return f"{self.second if gain else self.first} is better"


@dataclass(frozen=True, repr=False)
class Comparison(Result):
    """All differences between all pairs of systems; `notices` are those of each system.

    The signs of `units` clusters named `cluster` were flipped `rounds` times, in all possible ways if
    `complete`. `trainings` says how many runs each system has. `simultaneous` intervals hold for all
    differences at once. `shown_as` is how texts show fractions such as AP.
    """

    form: ClassVar[str] = "comparison"
    table: ClassVar[str] = "differences"
    differences: tuple[Difference, ...]
    systems: tuple[str, ...]
    trainings: tuple[int, ...]
    signature: str
    primary: str
    units: int
    cluster: str
    level: float
    method: str
    rounds: int
    complete: bool
    seed: int | None
    simultaneous: bool
    notices: Mapping[str, tuple[Notice, ...]] = field(default_factory=dict)
    shown_as: str = PERCENT

    @property
    def alpha(self) -> float:
        """Probability of any false alarm over all numbers and pairs."""
        return 1 - self.level

    def to_text(self, digits: int | None = None) -> str:
        """A table per pair of systems for a terminal; `digits` are the decimals of percentages."""
        return rendered("comparison text", self, digits=digits)

    def to_csv(self) -> str:
        """A row per number and pair of systems; shares are fractions."""
        return rendered("comparison csv", self)

    def to_markdown(self, digits: int | None = None) -> str:
        """A table of the systems with the best numbers marked, and differences to the first with stars."""
        return rendered("comparison markdown", self, digits=digits)

    def to_latex(self, digits: int | None = None) -> str:
        """The same as a LaTeX table with booktabs, whose caption says what the marks are."""
        return rendered("comparison latex", self, digits=digits)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values in schema `poseval.comparison/2`; undefined is None."""
        rows = []
        for item in self.differences:
            row = {key: json_value(value) for key, value in asdict(item).items()}
            rows.append({**row, "unit": item.unit.stored, "verdict": item.verdict(self.alpha)})
        apart = ("differences", "notices", "shown_as")
        head = {"unit": FRACTION, **{k: v for k, v in asdict(self).items() if k not in apart}}
        notices = {name: [vars(notice) for notice in found] for name, found in self.notices.items()}
        return {"schema": SCHEMA, **head, "differences": rows, "notices": notices}


@dataclass(frozen=True, eq=False)
class Pair:
    """Two systems and the tests of their numbers; `why` says why a number has no verdict."""

    names: tuple[str, str]
    sides: tuple[Side, Side]
    gap: Gap
    tests: Tests
    why: Sequence[str]

    def difference(self, key: str, p: float, tails: float, better: str, unit: Unit) -> Difference:
        """The difference of one number; `p` is adjusted over all pairs, `tails` is 1 minus its level."""
        gap, column = self.gap, self.gap.influence.at(key)
        value, error, why = float(gap.influence.value[column]), float(gap.error[column]), self.why[column]
        half = t_quantile(1 - tails / 2, float(gap.freedom[column])) * error
        if why and why != TOO_FEW:
            half = math.nan
        widest = float(gap.influence.widest[column])
        return Difference(
            key,
            *self.names,
            value_first=float(self.sides[0].influence.value[column]),
            value_second=float(self.sides[1].influence.value[column]),
            difference=value,
            low=max(value - half, -widest),  # NaN stays NaN
            high=min(value + half, widest),
            error=error,
            error_units=math.sqrt(gap.units[column]),
            error_training=math.sqrt(gap.training[column]),
            p=float(self.tests.raw[column]),
            p_adjusted=p,
            p_error=float(self.tests.error[column]),
            better=better,
            why=why,
            unit=unit,
        )


def check_paired(
    first: Evaluation, other: Evaluation, names: tuple[str, str], *, ignoring: Collection[str] = ()
) -> None:
    """Refuse two runs, called `names`, whose units do not correspond one by one.

    Raises:
        MismatchError: P420 different signatures, but for the keys in `ignoring`; P421 different units.
    """
    check_comparable(first.signature, other.signature, names, ignoring=ignoring)
    one, two = ([i for i in run.inputs if i.role == "truth" and i.sha256] for run in (first, other))
    if one and two and (one[0].sha256, one[0].records) != (two[0].sha256, two[0].records):
        raise MismatchError(
            "P420",
            where=shown(names[1]),
            what=f"was scored against another ground truth than {shown(names[0])}: "
            f"{two[0].records:,} people, SHA-256 {two[0].sha256[:12]}, not {one[0].records:,}, "
            f"{one[0].sha256[:12]}",
            wanted="the same file",
        )
    if not np.array_equal(first.unit_keys, other.unit_keys):
        raise MismatchError(
            "P421",
            where=shown(names[1]),
            what=f"was scored on other frames or sequences than {shown(names[0])}",
            wanted="the same frames or sequences",
        )


def compare(
    runs: Mapping[str, Runs],
    *,
    keys: Sequence[str] = (),
    level: float | str = 0.95,
    resamples: int | None = None,
    seed: int = 0,
    simultaneous: bool = False,
    seed_sd: Mapping[str, float] | None = None,
    shown_as: str = PERCENT,
) -> Comparison:
    """Compare two or more systems, of one or several trained runs each, that were scored on the same units.

    `keys` chooses numbers of the summary (default: all). The first system of each pair is the earlier one.
    `resamples` is the number of random flips, by default as many as the tests need. `seed_sd` is the standard
    deviation between trainings of a number, as `shown_as` says it, where there is one run per side.

    Raises:
        UsageError: P142 level or seed out of range, P143 fewer than two systems, P144 an unknown key, P140
            fewer than two units, P167 fewer resamples than the tests need.
        MismatchError: P420 different signatures, P421 different units.
    """
    share, start = level_of(level), seed_of(seed)
    systems = {name: [run] if isinstance(run, Evaluation) else list(run) for name, run in runs.items()}
    first = _checked(systems)
    chosen = _chosen(first, keys)
    ways = clusters_of(first)
    clusters = together(ways)
    pairs = list(combinations(systems, 2))
    rounds = rounds_for(len(chosen) * len(pairs), 1 - share, resamples)
    rules = Rules(chosen, first.primary, 1 - share, len(pairs), rounds, start)
    sides = {name: Side.of(found, ways, chosen) for name, found in systems.items()}
    report, style = first.report(), NumberStyle(shown_as)
    scales = [style.scale(report.unit_of(key)) for key in chosen]
    deviations = seed_deviations(seed_sd, chosen, scales, chosen)
    supported = np.min([side.support for side in sides.values()], axis=0)
    found = []
    for one, two in pairs:
        gap = Gap.between(sides[one], sides[two], deviations)
        tests, why = tested(gap, rules, reasons(gap, supported, clusters.name))
        found.append(Pair((one, two), (sides[one], sides[two]), gap, tests, why))
    adjusted = over_pairs([pair.tests.adjusted for pair in found])
    tails = (1 - share) / (len(chosen) * len(pairs) if simultaneous else 1)
    rows = [
        pair.difference(key, float(p[column]), tails, report.better[key], report.unit_of(key))
        for pair, p in zip(found, adjusted, strict=True)
        for column, key in enumerate(chosen)
    ]
    rounds = max(pair.tests.rounds for pair in found)
    return Comparison(
        tuple(rows),
        tuple(systems),
        tuple(len(runs) for runs in systems.values()),
        str(first.signature),
        first.primary,
        clusters.count,
        clusters.name,
        share,
        FLIPS if rounds else STUDENT,
        rounds,
        all(pair.tests.complete for pair in found),
        start,
        simultaneous,
        {name: runs[0].notices for name, runs in systems.items()},
        shown_as,
    )


def _checked(systems: Mapping[str, Sequence[Evaluation]]) -> Evaluation:
    """The first of the runs, when all were made on the same units under the same signature."""
    if len(systems) < 2:
        raise UsageError("P143", where="compare", what="needs at least two systems")
    named = [(name, run) for name, runs in systems.items() for run in runs]
    (name, first), *others = named
    for other, run in others:
        check_paired(first, run, (name, other))
    return first


def _chosen(first: Evaluation, keys: Sequence[str]) -> tuple[str, ...]:
    """The numbers asked for, or all of the summary."""
    known = tuple(first.summary())
    for key in keys:
        if key not in known:
            raise unknown_name("P144", "number", key, known)
    return tuple(keys) or known
