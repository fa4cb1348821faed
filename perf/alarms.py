"""False alarms and power of gates and comparisons."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache, partial
from unittest.mock import patch

import numpy as np
import populations as people
from simulation import Array, Make, counted, rng_of, share, table

from poseval.decisions.gate import Demands, gate
from poseval.decisions.tolerances import Tolerance
from poseval.decisions.verdict import Verdict
from poseval.statistics import comparison
from poseval.statistics.comparison import Difference, compare
from poseval.statistics.formulas import NORMAL

ALPHA = 0.05

EQUAL = ("primary", "family", "each", "two", "four")
WORSE = ("primary", "family", "in family", "holm", "alone", "of all")
FEW_FLIPS, NEAR = 4000, 0.25  # with so many flips, a p above this is not below 5 % with any number of them

# name -> (population, units, shift in logits that one test finds in about seven of ten cases)
SETTINGS: dict[str, tuple[Make, int, float]] = {
    "COCO, 50 images": (people.coco, 50, -0.55),
    "COCO, 200 images": (people.coco, 200, -0.28),
    "COCO, 1000 images": (people.coco, 1000, -0.125),
    "PoseTrack, 5 sequences": (people.tracked, 5, 0.6),
    "PoseTrack, 10 sequences": (people.tracked, 10, 0.35),
    "PoseTrack, 20 sequences": (people.tracked, 20, 0.22),
    "PoseTrack, 74 sequences": (people.tracked, 74, 0.11),
}


def _verdicts(before: people.System, now: people.System) -> tuple[Verdict, Verdict]:
    """What the gate says of the primary number alone, and of all numbers as a family."""
    alone = Demands(significant=True)
    one = gate([now.only(now.names[:1])], [before.only(now.names[:1])], alone)  # type: ignore[list-item]
    return one, gate([now], [before], replace(alone, guard=("*",)))  # type: ignore[list-item]


def _found(systems: Sequence[people.System], seed: int) -> list[Difference]:
    """The differences that a comparison finds."""
    found = compare({str(k): [system] for k, system in enumerate(systems)}, seed=seed)  # type: ignore[list-item]
    return [d for d in found.differences if not d.why and d.p_adjusted <= ALPHA]


def _any_found(systems: Sequence[people.System], seed: int) -> bool:
    """Whether a comparison finds anything; all flips are made only where a few come near."""
    with patch.object(comparison, "rounds_for", lambda *_: FEW_FLIPS):
        quick = compare({str(k): [system] for k, system in enumerate(systems)}, seed=seed)  # type: ignore[list-item]
    if not any(d.p_adjusted <= NEAR for d in quick.differences):
        return False
    return bool(_found(systems, seed))


def _equal(name: str, number: int) -> list[float]:
    """Which false alarms there are, of `EQUAL`, between systems that are equal."""
    make, units, _ = SETTINGS[name]
    systems = make(rng_of(name, units, number), units, 4)
    one, family = _verdicts(*systems[:2])
    each = any(check.p <= ALPHA for check in family.checks)
    two, four = _any_found(systems[:2], number), _any_found(systems, number)
    return [not one.passed, not family.passed, each, two, four]


def _worse(name: str, number: int) -> list[float]:
    """What is found, of `WORSE`, of a system that is worse."""
    make, units, shift = SETTINGS[name]
    before, now = make(rng_of(f"{name}, worse", units, number), units, 2, shift)
    one, family = _verdicts(before, now)
    key = now.primary
    in_family = any(not check.passed for check in family.checks if check.key == key)
    p = [check.p for check in family.checks if not math.isnan(check.p)]
    alone = _found([system.only([key]) for system in (before, now)], number)
    of_all = [d for d in _found([before, now], number) if d.key == key]
    return [not one.passed, not family.passed, in_family, min(p) <= ALPHA / len(p), bool(alone), bool(of_all)]


@cache
def answers(sets: int) -> dict[str, tuple[dict[str, Array], dict[str, Array]]]:
    """Answers of gates and comparisons in every setting: by kind, of equal systems and of a worse one."""
    out = {}
    for name in SETTINGS:
        equal, worse = counted(partial(_equal, name), sets), counted(partial(_worse, name), max(1, sets // 2))
        print(f"{name}: {len(equal)}, {len(worse)} sets", file=sys.stderr, flush=True)
        out[name] = dict(zip(EQUAL, equal.T, strict=True)), dict(zip(WORSE, worse.T, strict=True))
    return out


def _kept(some: Array, alone: Array) -> str:
    """The power that is kept of that of a single test."""
    return f"{some.mean() / alone.mean():.2f}" if alone.any() else ""


def gates(asked: int) -> Iterator[str]:
    """False alarms and power of the gate."""
    rows = []
    for name, (equal, worse) in answers(asked).items():
        false = [share(equal[kind]) for kind in ("primary", "family", "each")]
        power = [share(worse[kind]) for kind in ("primary", "in family")]
        more = [share(worse[kind]) for kind in ("family", "holm")]
        sets = f"{len(equal['two'])}, {len(worse['alone'])}"
        rows.append([name, sets, *false, *power, _kept(worse["in family"], worse["primary"]), *more])
    header = [
        "setting",
        "sets",
        "false: primary number",
        "false: any of a family",
        "false: any, each at the level",
        "power: primary number",
        "power: primary in a family",
        "kept",
        "power: any of a family",
        "power: any, Holm",
    ]
    yield table(header, rows)


def comparisons(asked: int) -> Iterator[str]:
    """False alarms and power of compare."""
    rows = []
    for name, (equal, worse) in answers(asked).items():
        cells = [share(equal["two"]), share(equal["four"]), share(worse["alone"]), share(worse["of all"])]
        sets = f"{len(equal['two'])}, {len(worse['alone'])}"
        rows.append([name, sets, *cells, _kept(worse["of all"], worse["alone"])])
    header = [
        "setting",
        "sets",
        "false: 2 systems",
        "false: 4 systems",
        "power: primary alone",
        "power: primary of all",
        "kept",
    ]
    yield table(header, rows)


def _trained(sd: float, runs: int, number: int) -> list[float]:
    before, now = people.trained(rng_of(f"trained {sd}", runs, number), 200, runs, sd)
    asked = Demands(significant=True)
    one = gate([now[0]], [before[0]], asked)  # type: ignore[list-item]
    several = gate(now, before, asked)  # type: ignore[arg-type]
    known = gate([now[0]], [before[0]], Demands(significant=True, seed_sd={"*": 100 * sd}))  # type: ignore[list-item]
    return [float(not verdict.passed) for verdict in (one, several, known)]


def training(sets: int) -> Iterator[str]:
    """False alarms of the gate between two trainings of one recipe."""
    rows = []
    for sd in (0.002, 0.003, 0.005):
        found = {
            runs: counted(partial(_trained, sd, runs), wanted) for runs, wanted in ((3, sets), (5, sets // 2))
        }
        one, known = found[3][:, 0], found[3][:, 2]
        rows.append(
            [
                f"{100 * sd:.1f} points",
                f"{len(one)}, {len(found[5])}",
                share(one),
                share(found[3][:, 1]),
                share(found[5][:, 1]),
                share(known),
            ]
        )
    yield table(
        ["between trainings", "sets", "one run a side", "3 runs", "5 runs", "one run, --seed-sd"], rows
    )


def _looks(commits: int, number: int) -> list[float]:
    rng = rng_of("looks", commits, number)
    units = 60
    shared = rng.uniform(0.3, 0.9, (units, 1))
    bottom = np.ones((units, 1))
    baseline = people.ratios(["AP"], shared + rng.normal(0, 0.05, (units, 1)), bottom)
    failed = [False, False]
    for look in range(1, commits + 1):
        now = people.ratios(["AP"], shared + rng.normal(0, 0.05, (units, 1)), bottom)
        for place, demands in enumerate((Demands(significant=True), Demands(significant=True, look=look))):
            failed[place] |= not gate([now], [baseline], demands).passed  # type: ignore[list-item]
    return [float(value) for value in failed]


def looks(sets: int) -> Iterator[str]:
    """A false fail within so many commits that change nothing."""
    rows = []
    for commits in (10, 50, 200):
        found = counted(partial(_looks, commits), max(50, sets // (1 + commits // 50)))
        spent = ALPHA * 6 / (math.pi * commits) ** 2
        z = [-NORMAL.inv_cdf(alpha) + NORMAL.inv_cdf(0.8) for alpha in (ALPHA, spent)]
        rows.append(
            [str(commits), share(found[:, 0]), share(found[:, 1]), f"{spent:.2g}", f"{z[1] / z[0]:.2f}"]
        )
    header = ["commits", "each at 5 %", "with a ledger", "alpha of the last", "drop that is found, times"]
    yield table(header, rows)


def _kept_up(margin: float, drop: float, number: int) -> list[float]:
    rng = rng_of("margin", 200, number)
    shared = rng.uniform(0.3, 0.9, (200, 1))
    bottom = np.ones((200, 1))
    before, now = (
        people.ratios(["AP"], shared + rng.normal(0, 0.08, (200, 1)) - off, bottom) for off in (0.0, drop)
    )
    demands = Demands((Tolerance("AP", 100 * margin),), significant=True)
    (check,) = gate([now], [before], demands).checks  # type: ignore[list-item]
    return [check.state.value == name for name in ("keeps up", "not shown", "fails")] + [check.smallest]


def states(sets: int) -> Iterator[str]:
    """The three answers, where a drop of one point is allowed and the standard error is .8 points."""
    rows = []
    for drop in (0.0, 0.01, 0.02, 0.03, 0.04):
        found = counted(partial(_kept_up, 0.01, drop), sets)
        rows.append(
            [f"{100 * drop:.0f} points", *(share(found[:, k]) for k in range(3)), f"{found[:, 3].mean():.4f}"]
        )
    yield table(["true drop", "keeps up", "not shown", "fails", "found with 80 % power, from"], rows)


def _smallest(units: int, number: int) -> float:
    before, now = (made.only(["AP"]) for made in people.coco(rng_of("smallest", units, number), units, 2))
    return gate([now], [before], Demands(significant=True)).checks[0].smallest  # type: ignore[list-item]


def smallest(sets: int) -> Iterator[str]:
    """The smallest drop of AP that a gate finds with 80 % power, where no drop is allowed."""
    rows = []
    for units in (50, 200, 1000, 5000):
        found = 100 * counted(partial(_smallest, units), max(20, sets // 20))
        rows.append([f"{units:,}", *(f"{value:.1f}" for value in np.quantile(found, [0.5, 0.1, 0.9]))])
    yield table(["images", "points of AP: median", "one tenth below", "one tenth above"], rows)
