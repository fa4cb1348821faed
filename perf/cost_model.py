"""What many submissions cost: constants measured here, a formula, and a simulation that checks the formula.

    python perf/cost_model.py [--write docs/scale.md]

A worker starts (s) and reads the ground truth (g), once. A submission of n predictions then takes a + b n: a
line through what was measured, and the page says by how much it misses each. Submissions are whole ones of
good predictions; what a weak one and a part of one cost stands beside. With W workers S submissions take

    s + g + S (a + b n) / W + (a + b n) / 2

where the last term is what the last worker waits for on average. A worker that dies loses half of a
submission, and another one has to start: each such loss adds (a + b n) / 2 + s + g to one worker. The
simulation hands submissions out one by one and lets workers die at random. Its times are drawn from those
that were measured of so many predictions: it does not know the line.
"""

from __future__ import annotations

import argparse
import heapq
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import coco_files
import numpy as np
from processes import ROOT, run_process
from sections import write_section

import poseval

COUNTS = (6_770, 10_000, 20_000, 40_000)  # predictions of a submission: one of each person, and more
# What else is submitted: predictions, and how many times as noisy
OTHERS = {"weak": (6_770, 5.0), "a part": (1_000, 1.0)}
REPEATS = 15
DEATHS = 0.01  # of workers, per hour
HOUR = 3600.0
# submissions, predictions of each (one of `COUNTS`), workers
PLANS = (
    (1_000, 6_770, 2),
    (10_000, 6_770, 16),
    (100_000, 10_000, 64),
    (50_000, 20_000, 100),
    (1_000_000, 6_770, 1_000),
)

POOLED = 1_000  # submissions that processes score in fact
PREDICTIONS = 6_770  # of each of them
PAGE = ROOT / "docs" / "scale.md"  # whose program they run


@dataclass(frozen=True)
class Constants:
    """Processor seconds; `times` are of submissions by their predictions, `others` medians beside them."""

    start: float
    truth: float
    times: Mapping[int, Sequence[float]]
    others: Mapping[str, float]
    pooled: tuple[float, float]  # wall seconds of one process and of a pool, for `POOLED` submissions

    @cached_property
    def line(self) -> tuple[float, float]:
        """Seconds of a prediction and of each submission, with the least relative error of the medians."""
        medians = [statistics.median(some) for some in self.times.values()]
        slope, each = np.polyfit(list(self.times), medians, 1, w=1 / np.array(medians))
        return float(slope), float(each)

    def submission(self, predictions: int) -> float:
        """Of one submission, as the line says."""
        slope, each = self.line
        return each + slope * predictions

    def missed(self, predictions: int) -> float:
        """What the line says over what was measured, less 1."""
        return self.submission(predictions) / statistics.median(self.times[predictions]) - 1


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
    pairs = {count: coco_files.files(folder, count, long_floats=True) for count in COUNTS}
    truth_path, small = pairs[PREDICTIONS]
    poseval.score(truth_path, small)  # imports
    both = statistics.median(seconds(lambda: poseval.score(truth_path, small), 5))
    kept = poseval.read(truth_path)

    def scored(path: Path) -> list[float]:
        return seconds(lambda: poseval.score(kept, path), 1 + REPEATS)[1:]

    times = {count: scored(path) for count, (_, path) in pairs.items()}
    others = {
        name: statistics.median(scored(coco_files.files(folder, count, True, noise)[1]))
        for name, (count, noise) in OTHERS.items()
    }
    alone = both - statistics.median(times[PREDICTIONS])
    return Constants(start, alone, times, others, by_processes(folder, truth_path, small))


def program(truth: Path, predictions: Path) -> str:
    """The program of the page, for `POOLED` submissions of one file; nothing else of it is changed."""
    text = PAGE.read_text("utf-8").partition("```python\n")[2].partition("```")[0]
    real = {'"gt.json"': repr(str(truth)), '["a.json", "b.json"]': f"[{str(predictions)!r}] * {POOLED}"}
    for printed, instead in real.items():
        if text.count(printed) != 1:
            raise SystemExit(
                f"the first program of {PAGE} names {printed} {text.count(printed)} times, not once"
            )
        text = text.replace(printed, instead)
    return text


def by_processes(folder: Path, truth: Path, predictions: Path, rounds: int = 3) -> tuple[float, float]:
    """Wall seconds of the program of the page, without its pool and with it: medians of rounds in turns."""
    shared = program(truth, predictions)
    programs = {"alone": shared.replace("pool.map(", "map("), "pool": shared}
    for name, text in programs.items():
        (folder / f"{name}.py").write_text(text, "utf-8")
    command = ["env", "POSEVAL_NUM_THREADS=1", sys.executable]
    found = [
        [run_process([*command, str(folder / f"{name}.py")]).wall for name in programs] for _ in range(rounds)
    ]
    one, pool = np.median(found, axis=0).tolist()
    return one, pool


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
    begin = of.start + of.truth
    times = rng.choice(of.times[predictions], submissions).tolist()
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
    rows = []
    for submissions, predictions, workers in PLANS:
        plan = (submissions, predictions, workers)
        by_hand, drawn, dying = formula(of, *plan), simulated(of, *plan), simulated(of, *plan, DEATHS)
        numbers = f"{submissions:,} | {predictions:,} | {submissions * predictions:,} | {workers:,}"
        rows.append(f"| {numbers} | {span(by_hand)} | {span(drawn)} | {span(dying)} |")
    one, pool = of.pooled
    slope, each = of.line
    return TEXT.format(
        **{name: f"{1000 * value:.0f}" for name, value in (("start", of.start), ("truth", of.truth))},
        cores=os.cpu_count(),
        each=f"{1000 * each:.1f}",
        prediction=f"{1e6 * slope:.2f}",
        fit=fit(of),
        weak=f"{1000 * of.others['weak']:.1f}",
        part=f"{1000 * of.others['a part']:.1f}",
        parts=OTHERS["a part"][0],
        noise=OTHERS["weak"][1],
        hours=1 / DEATHS,
        rows="\n".join(rows),
        pooled=POOLED,
        predictions=PREDICTIONS,
        alone=f"{one:.1f}",
        shared=f"{pool:.1f}",
        times=f"{one / pool:.2f}",
        formula=f"{formula(of, POOLED, PREDICTIONS, os.cpu_count() or 1):.1f}",
    )


def fit(of: Constants) -> str:
    """A table of what was measured, and by how much the line misses it."""
    lines = ["| predictions | measured ms, median (min-max) | formula ms | off by |", "|---|---|---|---|"]
    for count, some in of.times.items():
        low, middle, high = (f"{1000 * what(some):.1f}" for what in (min, statistics.median, max))
        told = f"{middle} ({low}-{high}) | {1000 * of.submission(count):.1f} | {of.missed(count):+.1%}"
        lines.append(f"| {count:,} | {told} |")
    return "\n".join(lines)


TEXT = """## What it costs

Made by `python perf/cost_model.py --write docs/scale.md`, on {cores} cores, with synthetic files of the size
of COCO's val2017, numbers with 17 digits. Processor time of one worker with one thread: it starts in
{start} ms and reads the ground truth in {truth} ms, once; a submission then takes {each} ms and
{prediction} µs for each prediction, by a line through what was measured:

{fit}

These are whole submissions of good predictions. Checks look farther where many predictions are far from
people, and where people have none: {predictions:,} with {noise:g} times the noise take {weak} ms,
and {parts:,} alone {part} ms. S submissions of n predictions on W workers take

    start + truth + S (each + n prediction) / W + (each + n prediction) / 2

The simulation hands submissions out one by one. Its times are drawn from those that were measured of so many
predictions, not from the formula; with deaths, each worker dies once in {hours:.0f} hours, its submission is
scored again, and another worker starts and reads the ground truth. Nobody ran more than the first row;
storage and network must deliver the files as fast as they are read.

| submissions | predictions of each | people | workers | formula | simulated | with deaths |
|---|---|---|---|---|---|---|
{rows}

To compare: the program [above](#when-it-pays), with `POSEVAL_NUM_THREADS=1`, took {shared} s by the clock for
{pooled:,} submissions of {predictions:,} predictions with its pool of {cores}, its start included, and
{alone} s with `map` instead of `pool.map`: the pool is {times} times as fast. The formula says {formula} s.
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
