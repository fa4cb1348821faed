"""Processor time to read 5,000 images in each exchange format, beside `cat` and the scanner of JSON alone.

    python perf/readers.py --write docs/performance.md

Makes its own files below --folder: predictions of COCO's val2017 in size. Medians of --rounds readings in one
process; times of processors, not of the clock, so that other programs disturb little.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from coco_files import files
from processes import ROOT
from sections import write_section

import poseval
from poseval.kernels import json as scanner
from poseval.limits import Limits

ENDINGS = {
    "openpose": "", "yolo": "", "mmpose": "", "alphapose": ".json", "deeplabcut": ".csv", "cvat": ".xml",
    "label-studio": ".json", "sleap": ".slp", "native": ".npz", "parquet": ".parquet",
}  # fmt: skip
POINTS = scanner.points("pose_keypoints_2d")
INSTANCE = [scanner.nested("keypoints"), scanner.ragged("keypoint_scores"), scanner.nested("bbox")]
LIMITS = Limits(tree_bytes=1 << 30)


def scan(name: str, data: bytes) -> None:
    """The numbers of one file by the scanner alone."""
    if name == "openpose":
        scanner.columns(data, [POINTS], start=data.index(b"["), depth=1)
    elif name == "mmpose":
        scanner.columns(data, INSTANCE, last=True)
    else:
        lines = b"],[".join(b",".join(line.split()) for line in data.splitlines())
        scanner.columns(b'[{"a":[[' + lines + b"]]}]", [scanner.nested("a")], last=True)


def median(rounds: int, work: Callable[[], object]) -> float:
    """Milliseconds of processor time."""
    out = []
    for _ in range(rounds):
        before = time.process_time()
        work()
        out.append(1e3 * (time.process_time() - before))
    return statistics.median(out)


def bound(rounds: int, name: str, path: Path) -> float:
    """Milliseconds of `cat` and of the scanner for the files of a folder."""
    listed = [file for file in path.rglob("*") if file.suffix in (".json", ".txt")]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(rounds):
        subprocess.run(["cat", *listed], stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    texts = [text for file in listed if (text := file.read_bytes())]
    return 1e3 * spent / rounds + median(rounds, lambda: [scan(name, text) for text in texts])


def rows(folder: Path, rounds: int) -> list[str]:
    """A line of the table for each format."""
    truth_path, found = files(folder, 6770, long_floats=True)
    truth = poseval.read(truth_path)
    predictions = poseval.read(found, role="predictions", truth=truth)
    out = []
    for name, ending in ENDINGS.items():
        path = folder / f"{name}{ending}"
        write = median(
            rounds,
            lambda name=name, path=path: poseval.write(  # type: ignore[misc]
                predictions, path, format=name, role="predictions", truth=truth, force=True
            ),
        )
        role = "truth" if name == "cvat" else "predictions"
        read = median(
            rounds,
            lambda name=name, path=path, role=role: poseval.read(  # type: ignore[misc]
                path, format=name, role=role, truth=None if role == "truth" else truth, limits=LIMITS
            ),
        )
        least = bound(rounds, name, path) if not ending else 0.0
        ratio = f"{least:.0f} | {read / least:.1f}" if least else "|"
        count = sum(1 for _ in path.rglob("*")) if path.is_dir() else 1
        out.append(f"| {name} | {count:,} | {read:.0f} | {write:.0f} | {ratio} |")
    return out


PAGE = """## Exchange formats

Made by `python perf/readers.py --write docs/performance.md`: 5,000 images with 6,770 people of 17 joints.
Milliseconds of processor time in a running process, median of {rounds}; load {load:.0f}. The bound is
`cat` and our scanner of JSON.

| format | files | reading | writing | bound | reading / bound |
|---|---|---|---|---|---|
{rows}
"""


def main() -> None:
    """Print the section, and write it into a page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "perf")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", type=Path, help="page to write the section into")
    options = parser.parse_args()
    table = "\n".join(rows(options.folder, options.rounds))
    section = PAGE.format(rounds=options.rounds, load=os.getloadavg()[0], rows=table)
    print(section)
    if options.write:
        write_section(options.write, "readers", section)


if __name__ == "__main__":
    main()
