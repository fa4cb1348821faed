"""What many submissions cost: constants measured here, a formula, and a simulation that checks the formula.

    python perf/cost_model.py [--write docs/scale.md]

A worker starts (s) and reads the ground truth (g), once. A submission of n predictions then takes a + b n.
With W workers S submissions take

    s + g + S (a + b n) / W + (a + b n) / 2

where the last term is what the last worker waits for on average. A worker that dies loses half of a
submission, and another one has to start: each such loss adds (a + b n) / 2 + s + g to one worker. The
simulation hands submissions out one by one, with times drawn from those that were measured, and lets workers
die at random.
"""

from __future__ import annotations

import argparse
import heapq
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import coco_files
import numpy as np
from processes import run_process
from sections import write_section

import poseval

COUNTS = (1_000, 6_770, 20_000)  # predictions of a submission
REPEATS = 15
DEATHS = 0.01  # of workers, per hour
HOUR = 3600.0
# submissions, predictions of each, workers
PLANS = (
    (1_000, 6_770, 2),
    (10_000, 6_770, 16),
    (100_000, 10_000, 64),
    (1_000_000, 1_000, 100),
    (1_000_000, 6_770, 1_000),
)

POOLED, POOL = 1_000, 2  # submissions that processes score in fact, and how many processes
PREDICTIONS = 6_770  # of each of them
PROGRAM = """
import os, sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

os.environ["POSEVAL_NUM_THREADS"] = "1"
import poseval


def begin(path):
    global truth
    truth = poseval.read(path)


def ap(path):
    return poseval.score(truth, path).summary["AP"]


if __name__ == "__main__":
    paths, workers = [sys.argv[2]] * int(sys.argv[3]), int(sys.argv[4])
    if workers == 1:
        begin(sys.argv[1])
        list(map(ap, paths))
    else:
        with ProcessPoolExecutor(workers, get_context("spawn"), begin, sys.argv[1:2]) as pool:
            list(pool.map(ap, paths, chunksize=5))
"""


@dataclass(frozen=True)
class Constants:
    """Processor seconds; `spread` are measured times of submissions over what the line says."""

    start: float
    truth: float
    each: float
    prediction: float
    spread: tuple[float, ...]
    pooled: tuple[float, float]  # wall seconds of one process and of a pool, for `POOLED` submissions

    def submission(self, predictions: int) -> float:
        """Of one submission."""
        return self.each + self.prediction * predictions


def seconds(work: Callable[[], object], times: int = 1) -> list[float]:
    """Processor seconds of each of several calls."""
    found = []
    for _ in range(times):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return found


def measured(folder: Path) -> Constants:
    """The constants, from synthetic files of the size of COCO's val2017."""
    program = "import poseval, poseval.scoring.score, poseval.benchmarks.coco, poseval.datasets.coco"
    start = statistics.median(run_process([sys.executable, "-c", program]).cpu for _ in range(5))
    paths = [coco_files.files(folder, count) for count in COUNTS]
    truth_path = paths[0][0]
    poseval.score(*paths[0])  # imports
    truth = statistics.median(seconds(lambda: poseval.score(*paths[0]), 5))
    kept = poseval.read(truth_path)
    times = {}
    for count, (_, path) in zip(COUNTS, paths, strict=True):
        seconds(lambda path=path: poseval.score(kept, path))
        times[count] = seconds(lambda path=path: poseval.score(kept, path), REPEATS)
    medians = [statistics.median(times[count]) for count in COUNTS]
    slope, each = np.polyfit(COUNTS, medians, 1, w=1 / np.array(medians))
    spread = tuple(
        one / median for count, median in zip(COUNTS, medians, strict=True) for one in times[count]
    )
    pooled = by_processes(folder, *paths[COUNTS.index(PREDICTIONS)])
    return Constants(start, truth - medians[0], float(each), float(slope), spread, pooled)


def by_processes(folder: Path, truth: Path, predictions: Path) -> tuple[float, float]:
    """Seconds that one process takes, and a pool: the medians of three, in turns."""
    (folder / "pool.py").write_text(PROGRAM, "utf-8")
    command = [sys.executable, str(folder / "pool.py"), str(truth), str(predictions), str(POOLED)]
    found = [[run_process([*command, str(workers)]).wall for workers in (1, POOL)] for _ in range(3)]
    alone, shared = np.median(found, axis=0).tolist()
    return alone, shared


def formula(of: Constants, submissions: int, predictions: int, workers: int, deaths: float = 0.0) -> float:
    """Seconds until the last report, with `deaths` of each worker per hour."""
    one, begin = of.submission(predictions), of.start + of.truth
    busy = submissions * one / workers
    return begin + busy * (1 + deaths / HOUR * (begin + one / 2)) + one / 2


def simulated(
    of: Constants, submissions: int, predictions: int, workers: int, deaths: float = 0.0, seed: int = 0
) -> float:
    """The same by handing out submissions one by one."""
    rng = np.random.default_rng(seed)
    one, begin = of.submission(predictions), of.start + of.truth
    factors = rng.choice(of.spread, submissions) * one
    times = factors.tolist()
    end_of_life = rng.exponential(HOUR / deaths, workers).tolist() if deaths else [np.inf] * workers
    free = [(begin, worker) for worker in range(workers)]
    heapq.heapify(free)
    last = 0.0
    while times:
        at, worker = heapq.heappop(free)
        end = at + times[-1]
        if end > end_of_life[worker]:  # its submission is lost, and another worker starts
            died = max(at, end_of_life[worker])
            end_of_life[worker] = died + float(rng.exponential(HOUR / deaths))
            heapq.heappush(free, (died + begin, worker))
            continue
        times.pop()
        last = max(last, end)
        heapq.heappush(free, (end, worker))
    return last


def span(value: float) -> str:
    """Seconds as people say them."""
    if value < 120:
        return f"{value:.1f} s"
    return f"{value / 60:.1f} min" if value < 2 * HOUR else f"{value / HOUR:.1f} h"


def section(of: Constants) -> str:
    """The text of the page."""
    rows = [
        "| submissions | predictions of each | people | workers | formula | simulated | with deaths |",
        "|---|---|---|---|---|---|---|",
    ]
    for submissions, predictions, workers in PLANS:
        plan = (submissions, predictions, workers)
        by_hand, drawn, dying = formula(of, *plan), simulated(of, *plan), simulated(of, *plan, DEATHS)
        numbers = f"{submissions:,} | {predictions:,} | {submissions * predictions:,} | {workers:,}"
        rows.append(f"| {numbers} | {span(by_hand)} | {span(drawn)} | {span(dying)} |")
    table = "\n".join(rows)
    alone, shared = of.pooled
    by_formula = formula(of, POOLED, PREDICTIONS, POOL)
    ms, us = 1e3, 1e6
    return f"""## What it costs

Made by `python perf/cost_model.py --write docs/scale.md`, on {os.cpu_count()} cores, with synthetic files of
the size of COCO's val2017. Processor time of one worker with one thread: it starts in {of.start * ms:.0f} ms
and reads the ground truth in {of.truth * ms:.0f} ms, once; a submission then takes {of.each * ms:.1f} ms and
{of.prediction * us:.2f} µs for each prediction. S submissions of n predictions on W workers take

    start + truth + S (each + n prediction) / W + (each + n prediction) / 2

The simulation hands submissions out one by one, with times drawn from {len(of.spread)} that were measured;
with deaths, each worker dies once in {1 / DEATHS:.0f} hours, its submission is scored again, and another
worker starts and reads the ground truth. Nobody ran the last rows; storage and network must deliver the files
as fast as they are read.

{table}

To compare: one process took {alone:.1f} s by the clock for {POOLED:,} submissions of {PREDICTIONS:,}
predictions, its start included, and a pool of {POOL} took {shared:.1f} s, which is
{alone / shared:.2f} times as fast; the formula says {by_formula:.1f} s.
"""


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description="Measure what submissions cost.")
    parser.add_argument("--files", type=Path, help="folder that keeps the synthetic files")
    parser.add_argument("--write", type=Path, help="page whose section is replaced")
    options = parser.parse_args()
    os.environ["POSEVAL_NUM_THREADS"] = "1"  # as of a worker among others; read with the compiled module
    with tempfile.TemporaryDirectory() as name:
        text = section(measured(options.files or Path(name)))
    print(text)
    if options.write:
        write_section(options.write, "cost", text)


if __name__ == "__main__":
    main()
