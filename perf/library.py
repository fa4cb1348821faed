"""Load and evaluate as a library, beside hotcoco's: time of one process without its imports.

    python perf/library.py --write docs/performance.md

Both take turns, so that a machine that others use disturbs both alike. Files and peers are as for `coco.py`.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

from coco import HOTCOCO, OURS, late_modules, machine, peers_python
from coco_files import files
from options import section_options
from processes import run_process
from sections import write_section

# What a program of `coco.py` prints gets what the work between its first and last look at the clock has cost.
COUNTED = """
import atexit, json, resource, sys, time
class Clock:
    def __init__(self): self.at = []
    def __call__(self):
        self.at.append(resource.getrusage(resource.RUSAGE_SELF))
        return now()
now, time.perf_counter = time.perf_counter, Clock()
clock = time.perf_counter
def told(a, b):
    cpu = b.ru_utime - a.ru_utime + b.ru_stime - a.ru_stime
    print(json.dumps({"cpu": cpu, "faults": b.ru_minflt - a.ru_minflt}))
atexit.register(lambda: told(clock.at[0], clock.at[-1]))
"""
AIMS = {6_770: 1.7, 100_000: 2.0}


class Runs(dict[str, list[float]]):
    """Measurements by name."""

    def run(self, command: Sequence[str]) -> None:
        """One process more."""
        for line in run_process(list(command)).text.splitlines():
            for name, value in json.loads(line).items():
                if isinstance(value, float | int):
                    self.setdefault(name, []).append(value)

    def median(self, name: str) -> float:
        """Of processor seconds (`cpu`), page faults (`faults`) or wall seconds (`wall`)."""
        if name == "wall":
            return statistics.median([a + b for a, b in zip(self["load"], self["evaluate"], strict=True)])
        return statistics.median(self[name])


def compare(folder: Path, count: int, rounds: int) -> tuple[Runs, Runs]:
    """Ours and hotcoco's, in turns; the first round is not counted."""
    pair = [*map(str, files(folder, count, long_floats=count < 10_000))]
    ours = [sys.executable, "-c", COUNTED + OURS, *pair, *late_modules(pair)]
    theirs = [str(peers_python(folder)), "-c", COUNTED + HOTCOCO, *pair]
    for turn in range(rounds + 1):
        if turn < 2:
            found = Runs(), Runs()
        for runs, command in zip(found, (ours, theirs), strict=True):
            runs.run(command)
    return found


def main() -> None:
    options = section_options(__doc__, rounds=9).parse_args()
    load = os.getloadavg()[0]
    rows = []
    for count, aim in AIMS.items():
        ours, theirs = compare(options.folder, count, options.rounds)
        for name, runs in (("poseval", ours), ("hotcoco", theirs)):
            cpu, wall = runs.median("cpu"), runs.median("wall")
            told = (f"{1000 * cpu:.0f}", f"{1000 * wall:.0f}", f"{cpu / wall:.1f}")
            rows.append(f"| {count:,} | {name} | {' | '.join(told)} | {runs.median('faults'):,.0f} | |")
        cpu, wall = (theirs.median(what) / ours.median(what) for what in ("cpu", "wall"))
        rows.append(f"| {count:,} | hotcoco / poseval | {cpu:.2f} | {wall:.2f} | | | {aim:g} |")
    section = PAGE.format(machine=machine(), load=load, rounds=options.rounds, rows="\n".join(rows))
    print(section)
    if options.write:
        write_section(options.write, "library", section)


PAGE = """## Load and evaluate as a library

Made by `python perf/library.py --write docs/performance.md`: reading both files and everything up to the ten
numbers, inside one process and without its imports; medians of {rounds} rounds in which both take turns.
poseval digests both files in this time (SHA-256, for its report), which hotcoco does not.

Machine: {machine}; load {load:.1f} when it began.

| predictions | library | processor ms | wall ms | busy | page faults | aim |
|---|---|---|---|---|---|---|
{rows}
"""


if __name__ == "__main__":
    main()
