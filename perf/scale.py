"""Time and memory of `poseval score` over the number of results, as a whole and in pieces.

    python perf/scale.py --write docs/performance.md docs/scale.md

Whole processes on synthetic files of COCO's val2017 in size, whose results stand in random order. Five
million of them are a file of 2.4 GB.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from coco import machine
from coco_files import files
from processes import ROOT, run_process
from sections import write_section

MANY = 1_000_000  # results from which few rounds do


class Row(NamedTuple):
    """So many results, read in one way."""

    count: int
    way: str
    options: Sequence[str]


ROWS = (
    Row(10_000, "as a whole", ["--no-stream"]),
    Row(100_000, "as a whole", ["--no-stream"]),
    Row(1_000_000, "as a whole", ["--no-stream"]),
    Row(1_000_000, "in pieces", ["--stream"]),
    Row(5_000_000, "in pieces", ["--stream"]),
)


def lines(folder: Path, rounds: int, most: int) -> Iterator[str]:
    """The rows of the table, each printed when it is known."""
    for row in ROWS:
        if row.count > most:
            continue
        truth, found = files(folder, row.count)
        command = [sys.executable, "-m", "poseval", "score", str(found), "--gt", str(truth), "-q"]
        times = rounds if row.count < MANY else max(1, rounds * MANY // (2 * row.count))
        runs = [run_process([*command, *row.options]) for _ in range(times)]
        wall, cpu, peak = (
            statistics.median(getattr(run, what) for run in runs) for what in ("wall", "cpu", "peak")
        )
        size = found.stat().st_size / 1e6
        line = f"| {row.count:,} | {size:,.0f} | {row.way} | {wall:.2f} | {cpu:.2f} | {peak:.0f} |"
        print(line, flush=True)
        yield line


PAGE = """{level} Linear in results

Made by `python perf/scale.py --write docs/performance.md docs/scale.md`: `poseval score` of synthetic files,
whole processes, medians of {rounds} rounds, fewer from a million results on.

Machine: {machine}; load {load:.1f} when it began.

| results | file MB | read | wall s | processor s | peak MB |
|---|---|---|---|---|---|
{rows}
"""


def main() -> None:
    """Print the section, and write it into pages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "perf", help="for files")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--most", type=int, default=ROWS[-1].count, help="results of the longest file")
    parser.add_argument("--write", type=Path, nargs="+", default=[], help="pages to write the section into")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    rows = "\n".join(lines(options.folder, options.rounds, options.most))
    about = {"machine": machine(), "load": load, "rounds": options.rounds, "rows": rows}
    for page in options.write:
        level = "###" if page.stem == "scale" else "##"
        write_section(page, "scale", PAGE.format(level=level, **about))


if __name__ == "__main__":
    main()
