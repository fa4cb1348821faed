"""Processor time of intervals, comparisons and gates of one large set."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import populations as people
from simulation import table

from poseval.decisions.gate import Demands, gate
from poseval.statistics.comparison import compare
from poseval.statistics.intervals import intervals

IMAGES = 5000


def _seconds(work: Callable[[], Any]) -> str:
    started = time.process_time()
    work()
    return f"{time.process_time() - started:.2f}"


def times(_: int) -> Iterator[str]:
    """Seconds of each, from tallies that are there."""
    made = people.coco(
        np.random.default_rng(0), IMAGES, 8
    )  # summaries are kept, so each question has its own
    systems: Any = iter(made)
    asked = Demands(significant=True)
    rows = [
        ["interval of each of 10 numbers, auto", _seconds(lambda: intervals(next(systems)))],
        [
            "the same by 1,000 bootstrap samples",
            _seconds(lambda: intervals(next(systems), method="percentile")),
        ],
        [
            "comparison of two systems, 10 numbers",
            _seconds(lambda: compare({"a": [next(systems)], "b": [next(systems)]})),
        ],
        ["gate, primary number", _seconds(lambda: gate([next(systems)], [next(systems)], asked))],
    ]
    trackers: Any = people.tracked(np.random.default_rng(0), 74, 4)
    four = {str(place): [tracker] for place, tracker in enumerate(trackers)}
    rows.append(["comparison of four trackers, 80 numbers, 74 sequences", _seconds(lambda: compare(four))])
    yield table([f"{IMAGES:,} images", "seconds"], rows)
