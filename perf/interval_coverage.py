"""Coverage of intervals, of units drawn one by one and of units drawn in clusters."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import cache, partial

import numpy as np
import populations as people
from simulation import Make, counted, rng_of, share, table

from poseval.statistics.clusters import clustered
from poseval.statistics.intervals import BCA_UNITS, intervals

METHODS, LEAST = ("auto", "percentile", "bca"), {"bca": BCA_UNITS}
SAMPLES = 400  # bootstrap samples of an interval in these simulations
KINDS: dict[str, tuple[Make, tuple[str, ...]]] = {
    "AP, AP_L": (people.coco, ("AP", "AP_L", "AP50")),
    "MOTA, HOTA": (partial(people.tracked, groups=("",)), ("MOTA", "HOTA")),
    "MOTA, HOTA, sizes e^N(0, 1)": (partial(people.tracked, groups=("",), spread=1.0), ("MOTA", "HOTA")),
    "PCKh": (people.pckh, ("PCKh",)),
    "NME": (people.nme, ("NME", "NME_median", "NME_trimmed")),
    "NME, 3 % gross failures": (partial(people.nme, gross=0.03), ("NME", "NME_median", "NME_trimmed")),
    "failure rate of 4 %": (people.failures, ("FR",)),
}
IMAGES = (5, 10, 20, 50, 100, 200, 500, 1000)
SEQUENCES = (5, 10, 20, 30, 50, 74)


@cache
def endless(kind: str) -> dict[str, float]:
    """What numbers are on an endless set."""
    return _mean(kind, 20_000, 20)


@cache
def usual(kind: str, units: int) -> dict[str, float]:
    """What numbers are on average on sets of this size."""
    return _mean(kind, units, 500 if units <= 200 else 200)


def _mean(kind: str, units: int, sets: int) -> dict[str, float]:
    make, keys = KINDS[kind]
    rng = rng_of(kind, units, 10**9)
    found = [make(rng, units)[0].only(keys).summary() for _ in range(sets)]
    return {key: float(np.nanmean([summary[key] for summary in found])) for key in keys}


def _covered(kind: str, units: int, number: int) -> list[list[list[float]]]:
    """What each method does with one data set; bootstrap intervals are asked of one in eight."""
    make, keys = KINDS[kind]
    goals = endless(kind), usual(kind, units)
    system = make(rng_of(kind, units, number), units)[0].only(keys)
    out = []
    for method in METHODS:
        if method != "auto" and (number % 8 or units < LEAST.get(method, 0)):
            out.append([[math.nan] * 3] * len(keys))
            continue
        found = intervals(system, method=method, resamples=SAMPLES, seed=number)  # type: ignore[arg-type]
        rows = []
        for key in keys:
            interval = found.get(key)
            if interval is None or not interval.given:
                rows.append([math.nan, math.nan, math.nan])
            else:
                inside = [interval.low <= goal[key] <= interval.high for goal in goals]
                rows.append([*map(float, inside), interval.high - interval.low])
        out.append(rows)
    return out


def coverage(sets: int) -> Iterator[str]:
    """Coverage of intervals, nominal 95 %."""
    for kind, (_, keys) in KINDS.items():
        sequences = kind.startswith("MOTA")
        rows = []
        for units in SEQUENCES if sequences else IMAGES:
            endless(kind), usual(kind, units)  # before the processes start
            found = counted(partial(_covered, kind, units), sets)
            for column, key in enumerate(keys):
                auto, percentile = found[:, 0, column], found[:, 1, column]
                bca = share(found[:, 2, column, 1]) if units >= BCA_UNITS else "not offered"
                none = np.isnan(auto[:, 0]).mean()
                cells = [share(auto[:, 0]), share(auto[:, 1]), share(percentile[:, 1]), bca]
                width = f"{np.nanmedian(auto[:, 2]):.3f}" if none < 1 else ""
                rows.append([key, str(units), str(len(found)), *cells, f"{none:.1%}", width])
        unit = "sequences" if sequences else "images"
        header = [
            "number",
            unit,
            "sets",
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


def _median(units: int, number: int) -> list[float]:
    """Whether half-samples of the units, and leaving out each of them, cover the median of faces."""
    made = people.nme(rng_of("median", units, number), units)[0]
    goal = endless("NME")["NME_median"]
    every = [intervals(run)["NME_median"] for run in (made, replace(made, jumping=(), asked={}))]  # type: ignore[arg-type]
    return [float(interval.low <= goal <= interval.high) for interval in every]


def medians(sets: int) -> Iterator[str]:
    """Two intervals of a median."""
    endless("NME")
    rows = []
    for units in (10, 20, 50):
        found = counted(partial(_median, units), sets)
        rows.append([str(units), share(found[:, 0]), share(found[:, 1])])
    yield table(["faces", "half-samples of units", "jackknife"], rows)
