"""What poseval aims at in time and memory, each measured and set beside its aim in one table.

    python perf/aims.py --write docs/performance.md
    python perf/aims.py --only compare

Files have the size of COCO's val2017 and PoseTrack's validation set. Whole processes, medians of --rounds or,
of what takes long, fewer, as the table says; on a machine that should be idle. The programs of the other
sections say more of each.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import coco_files
import cost_model
import library
import posetrack_files
import readers
from coco import machine
from once import once
from options import table_options
from processes import ROOT, Process, run_process
from sections import write_section

SMALL, LARGE, MANY, MOST = 6_770, 100_000, 1_000_000, 5_000_000  # predictions
KEPT = """
import sys, time, poseval
truth = poseval.read(sys.argv[1])
poseval.score(truth, sys.argv[2])
began = time.process_time()
for _ in range(20):
    poseval.score(truth, sys.argv[2])
print((time.process_time() - began) / 20)
"""
PINNED = """
import os, sys
os.sched_setaffinity(0, [0])
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
LARGEST = 3  # rounds of what takes long
BOARDS = (12, 96)  # submissions of a leaderboard
RAISED = ("--limit", "bytes=3GiB", "--limit", f"people={MOST}")


class Aim(NamedTuple):
    """One row: what is measured, the bound and its unit, how, and the most rounds of it.

    Only a speed-up (`x`) is to be above its bound.
    """

    what: str
    bound: float
    unit: str
    measure: Callable[[Path, int], float]
    most: int = 99

    def row(self, folder: Path, rounds: int) -> str:
        """Measured now, as a line of the table."""
        rounds = min(rounds, self.most)
        found = self.measure(folder, rounds)
        good = found >= self.bound if self.unit == "x" else found <= self.bound
        said = "reached" if good else "not reached"
        told = self.told(found)
        return f"| {self.what} | {self.bound:g} {self.unit} | {told} {self.unit} | {rounds} | {said} |"

    def told(self, found: float) -> str:
        """What was found, in as many digits as tell it from the bound."""
        digits = 0 if self.unit in ("MB", "ms") else 2
        while found != self.bound and f"{found:.{digits}f}" == f"{self.bound:.{digits}f}":
            digits += 1
        return f"{found:.{digits}f}"


def coco(folder: Path, count: int) -> tuple[Path, Path]:
    """Ground truth and predictions; the small set has long numbers, as detectors write them."""
    return coco_files.files(folder, count, long_floats=count == SMALL)


def poseval(arguments: Sequence[str | Path]) -> Process:
    """A whole command."""
    return run_process([sys.executable, "-m", "poseval", *map(str, arguments)])


@cache
def scored(folder: Path, count: int, more: Sequence[str], rounds: int) -> list[Process]:
    """`poseval score` of COCO files, as often as there are rounds; several rows are of the same runs."""
    truth, found = coco(folder, count)
    command = ["score", found, "--gt", truth, "-q", *(word.format(folder=folder) for word in more)]
    return [poseval(command) for _ in range(rounds)]


def score(count: int, what: str, *more: str) -> Callable[[Path, int], float]:
    """`poseval score` of COCO files: `wall` or `cpu` seconds, or `peak` MB."""

    def measure(folder: Path, rounds: int) -> float:
        return statistics.median(getattr(run, what) for run in scored(folder, count, more, rounds))

    return measure


def linear(folder: Path, rounds: int) -> float:
    """Processor time of a prediction among the most, over that among a fifth of them, both in pieces."""
    many = score(MANY, "cpu", "--stream")(folder, rounds)
    return score(MOST, "cpu", *RAISED)(folder, rounds) / MOST / (many / MANY)


compared = cache(library.compare)  # processor time and wall time are of the same runs


def faster(count: int, clock: str) -> Callable[[Path, int], float]:
    """hotcoco's time to load and evaluate, over ours: of processors (`cpu`) or of the clock (`wall`)."""

    def measure(folder: Path, rounds: int) -> float:
        ours, theirs = compared(folder, count, rounds)
        return theirs.median(clock) / ours.median(clock)

    return measure


def posetrack(folder: Path, rounds: int) -> float:
    """Wall seconds of every number of PoseTrack."""
    truth, found = posetrack_files.files(folder)
    return statistics.median(poseval(["score", found, "--gt", truth, "-q"]).wall for _ in range(rounds))


def workers(folder: Path, rounds: int) -> float:
    """Wall time of PoseTrack where workers are asked for, over that where they are not, in turns."""
    truth, found = posetrack_files.files(folder)
    command = ["score", found, "--gt", truth, "-q"]
    took = [(poseval([*command, "--workers", "2"]).wall, poseval(command).wall) for _ in range(rounds)]
    return statistics.median(some for some, _ in took) / statistics.median(one for _, one in took)


def pool(folder: Path, rounds: int) -> float:
    """Wall time of the submissions of `cost_model.py` in one process, over that of a pool."""
    alone, shared = cost_model.by_processes(folder, *coco(folder, SMALL), rounds)
    return alone / shared


@cache
def exchanged(folder: Path, name: str, rounds: int) -> readers.Times:
    """What an exchange format costs, by files in memory where there is a folder of it."""
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(dir=memory) as place:
        return readers.measured(name, Path(place), coco(folder, SMALL), rounds)


def reader(name: str) -> Callable[[Path, int], float]:
    """Processor time of reading a format, over `cat` and our scanner."""

    def measure(folder: Path, rounds: int) -> float:
        times = exchanged(folder, name, rounds)
        return times.reading / times.least

    return measure


def converter(name: str) -> Callable[[Path, int], float]:
    """Processor seconds of converting from or to COCO, the slower way."""

    def measure(folder: Path, rounds: int) -> float:
        times = exchanged(folder, name, rounds)
        return max(times.to_it, times.from_it) / 1000

    return measure


def shifted(path: Path, by: float) -> Path:
    """The same predictions, each joint some pixels to the right: what another system may have found."""

    def write(part: Path) -> None:
        found = json.loads(path.read_text("utf-8"))
        for record in found:
            record["keypoints"][::3] = [x + by for x in record["keypoints"][::3]]
        part.write_text(json.dumps(found), "utf-8")

    return once(path.with_name(f"shifted_{by:g}_{path.name}"), write)


def compare(count: int) -> Callable[[Path, int], float]:
    """Processor seconds of `poseval compare` of two saved runs."""

    def measure(folder: Path, rounds: int) -> float:
        truth, found = coco(folder, count)
        saved = []
        for path in (found, shifted(found, 3)):
            saved.append(path.with_suffix(".poseval"))
            poseval(["score", path, "--gt", truth, "-q", "--force", "--save", saved[-1]])
        return statistics.median(poseval(["compare", *saved, "-q"]).cpu for _ in range(rounds))

    return measure


def diagnose(folder: Path, rounds: int) -> float:
    """Processor seconds of `poseval diagnose`."""
    truth, found = coco(folder, SMALL)
    return statistics.median(poseval(["diagnose", found, "--gt", truth, "-q"]).cpu for _ in range(rounds))


def kept(folder: Path, rounds: int) -> float:
    """Milliseconds of processor time of a submission against a ground truth that was read before."""
    command = [sys.executable, "-c", KEPT, *map(str, coco(folder, SMALL))]
    return 1000 * statistics.median(float(run_process(command).text) for _ in range(rounds))


def board(count: int) -> Callable[[Path, int], float]:
    """Wall time of `poseval leaderboard` on one processor, over that on all."""

    def measure(folder: Path, rounds: int) -> float:
        truth, found = coco(folder, SMALL)
        rows = [str(shifted(found, BOARDS[0] * place / count)) for place in range(count)]
        command = [sys.executable, "-m", "poseval", "leaderboard", *rows, "--gt", str(truth), "-q"]
        alone = [sys.executable, "-c", PINNED, *command[1:]]
        took = [(run_process(alone).wall, run_process(command).wall) for _ in range(rounds)]
        return statistics.median(one for one, _ in took) / statistics.median(all_ for _, all_ in took)

    return measure


def build(folder: Path, rounds: int) -> float:
    """Processor seconds of the compiler for the whole package."""
    place = folder / "compiled"
    options = ["-q", "build_ext", "-f", "--build-temp", str(place), "--build-lib", str(place)]
    command = [sys.executable, str(ROOT / "setup.py"), *options]
    return statistics.median(run_process(command, ROOT).cpu for _ in range(rounds))


AIMS = (
    *(
        Aim(
            f"load + evaluate {count:,} predictions, hotcoco / poseval, {name}",
            bound,
            "x",
            faster(count, clock),
        )
        for count, bound in library.AIMS.items()
        for clock, name in (("cpu", "processor time"), ("wall", "wall"))
    ),
    Aim(f"`poseval score` of {SMALL:,} predictions, wall", 0.18, "s", score(SMALL, "wall")),
    Aim(f"`poseval score` of {MANY:,} predictions, peak", 700, "MB", score(MANY, "peak"), LARGEST),
    Aim(
        f"`poseval score` of {MOST:,} predictions, peak",
        600,
        "MB",
        score(MOST, "peak", *RAISED),
        LARGEST,
    ),
    Aim(
        f"processor time of a prediction among {MOST:,}, over that among {MANY:,}",
        1.1,
        "times",
        linear,
        LARGEST,
    ),
    Aim("`poseval score` of PoseTrack's validation set, every number, wall", 0.45, "s", posetrack),
    Aim(
        "the same with `--workers 2`, which starts none and says so, over that without", 1.1, "times", workers
    ),
    Aim(f"`poseval score --ci 95` of {LARGE:,}, processor time", 0.9, "s", score(LARGE, "cpu", "--ci", "95")),
    Aim(f"`poseval compare` of two runs of {SMALL:,}, processor time", 1.5, "s", compare(SMALL)),
    Aim(f"`poseval compare` of two runs of {LARGE:,}, processor time", 1.5, "s", compare(LARGE)),
    Aim(f"`poseval diagnose` of {SMALL:,}, processor time", 0.8, "s", diagnose),
    Aim(
        f"`poseval score --report` of {LARGE:,}, processor time",
        4.0,
        "s",
        score(LARGE, "cpu", "--force", "--report", "{folder}/page.html"),
        LARGEST,
    ),
    Aim(f"a submission of {SMALL:,} against a ground truth that is kept, processor time", 25, "ms", kept),
    *(
        Aim(
            f"`poseval leaderboard` of {count} submissions, one processor / all, wall", 1.8, "x", board(count)
        )
        for count in BOARDS
    ),
    Aim(
        f"{cost_model.POOLED:,} submissions, one process / the pool of [](scale.md), a thread in each, wall",
        1.8,
        "x",
        pool,
        LARGEST,
    ),
    Aim("compiling the package, processor time", 40, "s", build, 1),
    *(
        Aim(f"reading {name}, over `cat` and our scanner, processor time", 2, "times", reader(name))
        for name in ("openpose", "yolo", "alphapose", "mmpose")
    ),
    *(
        Aim(f"converting {name} from and to COCO, the slower way, processor time", 0.4, "s", converter(name))
        for name in readers.ENDINGS
        if name != "coco"
    ),
)


def rows(folder: Path, rounds: int, only: str) -> Iterator[str]:
    """The lines of the table, each printed when it is known."""
    for aim in AIMS:
        if only in aim.what:
            line = aim.row(folder, rounds)
            print(line, flush=True)
            yield line


def main() -> None:
    """Measure, and write the table."""
    options = table_options(__doc__, [aim.what for aim in AIMS])
    load = os.getloadavg()[0]
    lines = "\n".join(rows(options.folder, options.rounds, options.only))
    if options.write:
        about = {"machine": machine(), "load": load, "rows": lines}
        write_section(options.write, "aims", PAGE.format(**about))


PAGE = """## What we aim at

Made by `python perf/aims.py --write docs/performance.md`. Medians of so many rounds of whole processes;
reading and converting formats inside one process, of so many calls. A speed-up (x) is to be at least its aim,
all others at most. The sections below say how each is measured, and what is left.

Machine: {machine}; load {load:.1f} when it began.

| what | aim | measured | rounds | |
|---|---|---|---|---|
{rows}
"""


if __name__ == "__main__":
    main()
