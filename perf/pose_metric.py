"""What a training loop pays for PoseMetric: 6,770 people in batches of 64, and one report.

    python perf/pose_metric.py --rounds 20

Prints the best of some rounds for all updates together and for `compute`, in processor time and by the clock,
and the memory kept.
"""

from __future__ import annotations

import argparse
import sys
import time
import tracemalloc
from collections.abc import Sequence
from typing import Any

import numpy as np

import poseval

PEOPLE, BATCH, IMAGES = 6770, 64, 2700
Side = dict[str, Any]


def batches() -> list[tuple[Side, Side]]:
    """Predictions and ground truth as a data loader gives them, whole images in a batch."""
    rng = np.random.default_rng(0)
    frame = np.sort(rng.integers(0, IMAGES, PEOPLE))
    xy = rng.uniform(0, 200, (PEOPLE, 17, 2)) + rng.uniform(0, 400, (PEOPLE, 1, 2))
    flags = rng.integers(0, 3, (PEOPLE, 17, 1))
    found = xy + rng.normal(0, 6, xy.shape)
    score, area = rng.uniform(0, 1, PEOPLE), rng.uniform(1e3, 4e4, PEOPLE)
    out: list[tuple[Side, Side]] = []
    start = 0
    while start < PEOPLE:
        end = int(np.searchsorted(frame, frame[min(start + BATCH, PEOPLE) - 1], side="right"))
        rows = slice(start, end)
        out.append(
            (
                {"keypoints": found[rows], "score": score[rows], "frame": frame[rows]},
                {
                    "keypoints": np.concatenate([xy, flags], axis=2)[rows],
                    "third": "visibility",
                    "area": area[rows],
                    "frame": frame[rows],
                },
            )
        )
        start = end
    return out


def clocks() -> Any:
    """Seconds of the processor, over all threads, and of the clock."""
    return np.array([time.process_time(), time.perf_counter()])


def measured(loader: Sequence[tuple[Side, Side]]) -> Any:
    """Seconds [2, 2] of all updates and of `compute`, by both clocks."""
    metric = poseval.PoseMetric("coco-keypoints")
    begin = clocks()
    for found, truth in loader:
        metric.update(found, truth)
    middle = clocks()
    metric.compute()
    return np.stack([middle - begin, clocks() - middle])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    loader = batches()
    times = np.array([measured(loader) for _ in range(rounds)])
    update, compute = times.min(axis=0) * 1e3
    tracemalloc.start()
    metric = poseval.PoseMetric("coco-keypoints")
    for found, truth in loader:
        metric.update(found, truth)
    kept = tracemalloc.get_traced_memory()[0]
    sys.stdout.write(
        f"{PEOPLE:,} people in {len(loader)} batches, best of {rounds} rounds\n"
        f"all updates {update[0]:6.1f} ms of processor time, {update[1]:6.1f} ms by the clock\n"
        f"compute     {compute[0]:6.1f} ms of processor time, {compute[1]:6.1f} ms by the clock\n"
        f"kept        {kept / PEOPLE:6.0f} bytes a person\n"
    )


if __name__ == "__main__":
    main()
