"""What the statistics hold of what they promise: coverage, false alarms and power, by simulation.

    python perf/statistics.py --write docs/statistics.md [--sets 1000] [--only coverage]

Draws data sets from `populations.py`, asks the package for intervals, comparisons and gates, and counts.
Standard errors are those of the simulation.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import Any

# This file has the name of a module of Python's library, which others import: theirs is to be found first.
sys.path.append(sys.path.pop(0))
os.environ.setdefault("POSEVAL_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import populations as people
from sections import write_section

from poseval.decisions.gate import Demands, gate
from poseval.decisions.tolerances import Tolerance
from poseval.statistics.clusters import clustered
from poseval.statistics.comparison import compare
from poseval.statistics.intervals import intervals

Array = np.ndarray[Any, Any]
Make = Callable[..., list[people.System]]
SAMPLES = 400  # bootstrap samples of an interval in these simulations
PROCESSES = min(2, os.cpu_count() or 1)
KINDS: dict[str, tuple[Make, tuple[str, ...]]] = {
    "AP, AP_L": (people.coco, ("AP", "AP_L", "AP50")),
    "MOTA, HOTA": (people.tracked, ("MOTA", "HOTA")),
    "MOTA, HOTA, sizes e^N(0, 1)": (partial(people.tracked, spread=1.0), ("MOTA", "HOTA")),
    "PCKh": (people.pckh, ("PCKh",)),
    "NME": (people.nme, ("NME", "NME_median", "NME_trimmed")),
    "NME, 3 % gross failures": (partial(people.nme, gross=0.03), ("NME", "NME_median", "NME_trimmed")),
    "failure rate of 4 %": (people.failures, ("FR",)),
}
IMAGES = (5, 10, 20, 50, 100, 200, 500, 1000)
SEQUENCES = (5, 10, 20, 30, 50, 74)


def rng_of(name: str, units: int, number: int) -> np.random.Generator:
    """The random numbers of one data set."""
    return np.random.default_rng([zlib.crc32(name.encode()), units, number])


def counted(work: Callable[[int], Any], sets: int) -> Array:
    """What `work` gives for each data set [sets, ...], by `PROCESSES` processes."""
    with ProcessPoolExecutor(PROCESSES) as pool:
        return np.array(list(pool.map(work, range(sets), chunksize=max(1, sets // 64))), dtype=np.float64)


def share(values: Array) -> str:
    """A share with its standard error; values that are NaN do not count."""
    known = values[~np.isnan(values)]
    if not len(known):
        return "none"
    p = float(known.mean())
    return f"{p:.3f} ± {math.sqrt(max(p * (1 - p), 0.25 / len(known)) / len(known)):.3f}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join("| " + " | ".join(row) + " |" for row in [header, ["---"] * len(header), *rows])


@cache
def targets(kind: str, units: int) -> tuple[dict[str, float], dict[str, float]]:
    """What numbers are on an endless set, and on average on sets of this size."""
    make, keys = KINDS[kind]
    rng = rng_of(kind, units, 10**9)
    large = [make(rng, 20_000)[0].only(keys).summary() for _ in range(20)]
    small = [make(rng, units)[0].only(keys).summary() for _ in range(500 if units <= 200 else 200)]
    return tuple({key: float(np.nanmean([s[key] for s in sets])) for key in keys} for sets in (large, small))  # type: ignore[return-value]


def _covered(
    kind: str, units: int, methods: Sequence[str], resampled: int, number: int
) -> list[list[list[float]]]:
    """What each method does with one data set; bootstrap intervals are asked of the first `resampled`."""
    make, keys = KINDS[kind]
    endless, same = targets(kind, units)
    system = make(rng_of(kind, units, number), units)[0].only(keys)
    out = []
    for method in methods:
        if method != "auto" and number >= resampled:
            out.append([[math.nan] * 3] * len(keys))
            continue
        found = intervals(system, method=method, resamples=SAMPLES, seed=number)  # type: ignore[arg-type]
        rows = []
        for key in keys:
            interval = found.get(key)
            if interval is None or not interval.given:
                rows.append([math.nan, math.nan, math.nan])
            else:
                inside = [interval.low <= goal[key] <= interval.high for goal in (endless, same)]
                rows.append([*map(float, inside), interval.high - interval.low])
        out.append(rows)
    return out


def coverage(sets: int) -> Iterator[str]:
    """Coverage of intervals, nominal 95 %."""
    for kind, (_, keys) in KINDS.items():
        sequences = kind.startswith("MOTA")
        rows = []
        for units in SEQUENCES if sequences else IMAGES:
            number = sets // 2 if units >= 500 else sets
            methods = ["auto", "percentile", *(["bca"] if units >= 20 else [])]
            targets(kind, units)
            found = counted(partial(_covered, kind, units, methods, number // 4), number)
            for column, key in enumerate(keys):
                auto, percentile = found[:, 0, column], found[:, 1, column]
                bca = share(found[:, 2, column, 1]) if units >= 20 else "not offered"
                none = np.isnan(auto[:, 0]).mean()
                cells = [share(auto[:, 0]), share(auto[:, 1]), share(percentile[:, 1]), bca]
                width = f"{np.nanmean(auto[:, 2]):.3f}" if none < 1 else ""
                rows.append([key, str(units), *cells, f"{none:.1%}", width])
        unit = "sequences" if sequences else "images"
        header = [
            "number",
            unit,
            "auto",
            "auto, sets of this size",
            "percentile",
            "BCa",
            "none given",
            "width",
        ]
        yield f"#### {kind}\n\n{table(header, rows)}"


def _videos(units: int, number: int) -> list[float]:
    made = people.videos(rng_of("videos", units, number), units)[0]
    truth = _video_truth()
    out = []
    for name in ("sequence", "frame"):
        run = clustered(made, name)  # type: ignore[arg-type]
        found = intervals(run, method="percentile", resamples=SAMPLES, seed=number)["PCK"]
        out += [float(found.low <= truth <= found.high)]
    found = intervals(made)["PCK"]  # type: ignore[arg-type]
    return [*out, float(found.low <= truth <= found.high), found.design_effect]


@cache
def _video_truth() -> float:
    return people.videos(rng_of("videos", 0, 0), 20_000)[0].summary()["PCK"]


def clusters(sets: int) -> Iterator[str]:
    """Frames of one video, drawn one by one and together."""
    rows = []
    for units in (10, 20, 74):
        _video_truth()
        found = counted(partial(_videos, units), sets // 2)
        rows.append(
            [
                str(units),
                share(found[:, 1]),
                share(found[:, 0]),
                share(found[:, 2]),
                f"{np.mean(found[:, 3]):.1f}",
            ]
        )
    header = ["videos of 30 frames", "frames drawn", "videos drawn", "auto", "design effect"]
    yield table(header, rows)


# name -> (population, units, shift in logits that one test finds in about seven of ten cases, guarded family)
SETTINGS: dict[str, tuple[Make, int, float, str]] = {
    "COCO, 50 images": (people.coco, 50, -0.55, "*"),
    "COCO, 200 images": (people.coco, 200, -0.28, "*"),
    "COCO, 1000 images": (people.coco, 1000, -0.125, "*"),
    "PoseTrack, 5 sequences": (people.tracked, 5, 0.6, "*"),
    "PoseTrack, 10 sequences": (people.tracked, 10, 0.35, "*"),
    "PoseTrack, 20 sequences": (people.tracked, 20, 0.22, "*"),
    "PoseTrack, 74 sequences": (people.tracked, 74, 0.11, "*"),
}


def _gated(name: str, shift: float, number: int) -> list[float]:
    make, units, _, family = SETTINGS[name]
    before, now = make(rng_of(name, units, number), units, 2, shift)
    one = gate([now.only(now.names[:1])], [before.only(now.names[:1])], Demands(significant=True))  # type: ignore[list-item]
    all_ = gate([now], [before], Demands(guard=(family,), significant=True))  # type: ignore[list-item]
    primary = next(check for check in all_.checks if check.key == now.primary)
    alone = [check.p <= 0.05 for check in all_.checks]
    holm = sorted(check.p for check in all_.checks if not math.isnan(check.p))
    return [
        float(not one.passed),
        float(not all_.passed),
        float(not primary.passed),
        float(any(alone)),
        float(any(p <= 0.05 / len(holm) for p in holm)),
        float(one.keeps_up),
    ]


def gates(sets: int) -> Iterator[str]:
    """False alarms and power of the gate."""
    rows = []
    for name, (_, _, shift, _) in SETTINGS.items():
        number = sets // 2 if "1000" in name else sets
        equal, worse = (counted(partial(_gated, name, s), number) for s in (0.0, shift))
        rows.append(
            [
                name,
                share(equal[:, 0]),
                share(equal[:, 1]),
                share(equal[:, 3]),
                share(worse[:, 0]),
                share(worse[:, 1]),
                share(worse[:, 4]),
            ]
        )
    header = [
        "setting",
        "false: primary number",
        "false: any of a family",
        "false: any, each at the level",
        "power: primary number",
        "power: any of a family",
        "power: any, Holm",
    ]
    yield table(header, rows)


def _compared(name: str, shift: float, systems: int, number: int) -> list[float]:
    make, units, _, _ = SETTINGS[name]
    made = make(rng_of(f"{name} {systems}", units, number), units, systems, shift)
    found = compare({str(k): [system] for k, system in enumerate(made)}, seed=number)  # type: ignore[list-item]
    first, last = "0", str(systems - 1)
    primary = next(
        d for d in found.differences if d.key == made[0].primary and (d.first, d.second) == (first, last)
    )
    some = [d for d in found.differences if not d.why and d.p_adjusted <= 0.05]
    alone = compare({k: [s.only(s.names[:1])] for k, s in (("a", made[0]), ("b", made[-1]))})  # type: ignore[list-item]
    verdict = alone.differences[0]
    return [
        float(bool(some)),
        float(not primary.why and primary.p_adjusted <= 0.05),
        float(not verdict.why and verdict.p_adjusted <= 0.05),
    ]


def comparisons(sets: int) -> Iterator[str]:
    """False alarms and power of compare."""
    rows = []
    for name, (_, units, shift, _) in SETTINGS.items():
        number = sets // 2 if "1000" in name else sets
        equal, worse = (counted(partial(_compared, name, s, 2), number) for s in (0.0, shift))
        few = units <= 10 or name.startswith("COCO")  # 80 numbers of six pairs take many flips
        several = counted(partial(_compared, name, 0.0, 4), sets // (2 if few else 10))
        alone, primary = float(worse[:, 2].mean()), float(worse[:, 1].mean())
        kept = f"{primary / alone:.2f}" if alone else ""
        rows.append(
            [name, share(equal[:, 0]), share(several[:, 0]), share(worse[:, 2]), share(worse[:, 1]), kept]
        )
    header = [
        "setting",
        "false: 2 systems",
        "false: 4 systems",
        "power: primary alone",
        "power: primary of all",
        "kept",
    ]
    yield table(header, rows)


def alarms(sets: int) -> Iterator[str]:
    """False alarms alone, over more data sets than power needs."""
    rows = []
    for name in ("COCO, 200 images", "COCO, 1000 images"):
        number = sets // 2 if "1000" in name else sets
        compared = counted(partial(_compared, name, 0.0, 2), number)
        gated = counted(partial(_gated, name, 0.0), number)
        rows.append([name, str(number), share(compared[:, 0]), share(gated[:, 0]), share(gated[:, 1])])
    yield table(
        ["setting", "sets", "compare, any number", "gate, primary number", "gate, any of a family"], rows
    )


def _trained(sd: float, runs: int, number: int) -> list[float]:
    before, now = people.trained(rng_of(f"trained {sd}", runs, number), 200, runs, sd)
    asked = Demands(significant=True)
    one = gate([now[0]], [before[0]], asked)  # type: ignore[list-item]
    several = gate(now, before, asked)  # type: ignore[arg-type]
    known = gate([now[0]], [before[0]], Demands(significant=True, seed_sd={"*": sd}))  # type: ignore[list-item]
    return [float(not verdict.passed) for verdict in (one, several, known)]


def training(sets: int) -> Iterator[str]:
    """False alarms of the gate between two trainings of one recipe."""
    rows = []
    for sd in (0.002, 0.003, 0.005):
        found = {runs: counted(partial(_trained, sd, runs), sets) for runs in (3, 5)}
        one, known = found[3][:, 0], found[3][:, 2]
        rows.append(
            [f"{100 * sd:.1f} points", share(one), share(found[3][:, 1]), share(found[5][:, 1]), share(known)]
        )
    yield table(["between trainings", "one run a side", "3 runs", "5 runs", "one run, --seed-sd"], rows)


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
        spent = 0.05 * 6 / (math.pi * commits) ** 2
        z = [_z(1 - alpha) + _z(0.8) for alpha in (0.05, spent)]
        rows.append(
            [str(commits), share(found[:, 0]), share(found[:, 1]), f"{spent:.2g}", f"{z[1] / z[0]:.2f}"]
        )
    header = ["commits", "each at 5 %", "with a ledger", "alpha of the last", "drop that is found, times"]
    yield table(header, rows)


def _z(p: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(p)


def _kept_up(margin: float, drop: float, number: int) -> list[float]:
    rng = rng_of("margin", 200, number)
    shared = rng.uniform(0.3, 0.9, (200, 1))
    bottom = np.ones((200, 1))
    before, now = (
        people.ratios(["AP"], shared + rng.normal(0, 0.08, (200, 1)) - off, bottom) for off in (0.0, drop)
    )
    demands = Demands((Tolerance("AP", margin),), significant=True)
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


TABLES: dict[str, Callable[[int], Iterator[str]]] = {
    "coverage": coverage,
    "clusters": clusters,
    "gates": gates,
    "comparisons": comparisons,
    "alarms": alarms,
    "training": training,
    "looks": looks,
    "states": states,
}


def main() -> None:
    """Print the tables, or write them into a page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sets", type=int, default=1000, help="data sets of each row")
    parser.add_argument("--only", choices=TABLES, action="append", help="one table; repeatable")
    parser.add_argument("--write", type=Path, help="page whose sections are replaced")
    asked = parser.parse_args()
    for name in asked.only or TABLES:
        started = time.perf_counter()
        text = ""
        for part in TABLES[name](asked.sets):  # what is there is written, as simulations take long
            text += f"{part}\n\n"
            print(part, flush=True)
            if asked.write is not None:
                write_section(asked.write, name, text.rstrip("\n"))
        print(f"\n{name}: {time.perf_counter() - started:.0f} s, {asked.sets} sets", flush=True)


if __name__ == "__main__":
    main()
