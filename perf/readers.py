"""Processor time of 5,000 images in each exchange format: reading, writing, and converting from and to COCO.

    python perf/readers.py --folder /dev/shm --write docs/performance.md

Makes its own files below --folder, predictions of COCO's val2017 in size, and removes them at the end. A
folder in memory shows what the programs cost; on a disk the file system may cost more than all of it.
Medians of --rounds in one process; times of processors, not of the clock, so that other programs disturb
little.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from coco import machine
from coco_files import files
from options import table_options
from sections import write_section

import poseval
from poseval.kernels import json as scanner
from poseval.limits import Limits
from poseval.poses import PoseSet

ENDINGS = {
    "coco": ".json", "openpose": "", "yolo": "", "mmpose": "", "alphapose": ".json", "deeplabcut": ".csv",
    "cvat": ".xml", "label-studio": ".json", "sleap": ".slp", "native": ".npz", "parquet": ".parquet",
}  # fmt: skip
SCANNED = ("coco", "openpose", "yolo", "mmpose", "alphapose")  # whose numbers our scanner of JSON can read
TEXTS = (*SCANNED, "deeplabcut", "cvat", "label-studio")  # whose numbers are digits
POINTS = scanner.points("pose_keypoints_2d")
INSTANCE = [scanner.nested("keypoints"), scanner.ragged("keypoint_scores"), scanner.nested("bbox")]
LISTED = [scanner.identifier("image_id"), scanner.points("keypoints"), scanner.number("score")]
LIMITS = Limits(tree_bytes=1 << 30)


def scan(name: str, data: bytes) -> None:
    """The numbers of one file by the scanner alone."""
    if name == "openpose":
        scanner.columns(data, [POINTS], start=data.index(b"["), depth=1)
    elif name in ("coco", "alphapose"):
        scanner.columns(data, LISTED, last=True)
    elif name == "mmpose":
        scanner.columns(data, INSTANCE, last=True)
    else:
        lines = b"],[".join(b",".join(line.split()) for line in data.splitlines())
        scanner.columns(b'[{"a":[[' + lines + b"]]}]", [scanner.nested("a")], last=True)


def median(rounds: int, work: Callable[[], object], before: Callable[[], object] = int) -> float:
    """Milliseconds of processor time of `work`, each time after `before`."""
    out = []
    for _ in range(rounds):
        before()
        start = time.process_time()
        work()
        out.append(1e3 * (time.process_time() - start))
    return statistics.median(out)


def remove(path: Path) -> None:
    """Remove what was written, if anything was."""
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)


def contents(path: Path) -> dict[str, bytes]:
    """The files of numbers at a path, by their names."""
    listed = [path] if path.is_file() else [f for f in path.rglob("*") if f.suffix in (".json", ".txt")]
    return {file.name: file.read_bytes() for file in listed}


def read_bound(rounds: int, name: str, path: Path) -> float:
    """Milliseconds of `cat` and of the scanner for the files at a path."""
    texts = contents(path)
    listed = [file for file in (path, *path.rglob("*")) if file.name in texts]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(rounds):
        subprocess.run(["cat", *listed], stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return 1e3 * spent / rounds + median(
        rounds, lambda: [scan(name, text) for text in texts.values() if text]
    )


def write_bound(rounds: int, path: Path, poses: PoseSet) -> float:
    """Milliseconds of the files made by bare system calls, and the numbers text by one call of `json`."""
    texts = contents(path)
    folder = path.with_name("bare")

    def make() -> None:
        for name, text in texts.items():
            handle = os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CREAT)
            os.write(handle, text)
            os.close(handle)
        json.dumps([*poses.people.xy.ravel().tolist(), *poses.people.joint_score.ravel().tolist()])

    def anew() -> None:
        remove(folder)
        folder.mkdir()

    return median(rounds, make, anew)


class Times(NamedTuple):
    """Milliseconds of one format; 0 for a bound that it has not."""

    files: int
    reading: float
    least: float
    writing: float
    bare: float
    to_it: float
    from_it: float

    def row(self, name: str) -> str:
        """As a line of the table."""
        cells = (
            f"{self.files:,}", f"{self.reading:.0f}", ratio(self.reading, self.least), f"{self.writing:.0f}",
            ratio(self.writing, self.bare), f"{self.to_it:.0f}", f"{self.from_it:.0f}",
        )  # fmt: skip
        return f"| {name} | {' | '.join(cells)} |"


def rows(folder: Path, rounds: int, only: str) -> Iterator[str]:
    """A line of the table for each format, printed when it is known."""
    pair = files(folder, 6770, long_floats=True)
    for name in ENDINGS:
        if only in name:
            line = measured(name, folder, pair, rounds).row(name)
            print(line, flush=True)
            yield line


def measured(name: str, folder: Path, pair: tuple[Path, Path], rounds: int) -> Times:
    """What one format costs, by files in a folder, of a ground truth and predictions."""
    truth, found = poseval.read(pair[0]), pair[1]
    poses = poseval.read(found, role="predictions", truth=truth)
    path, back = folder / f"made-{name}{ENDINGS[name]}", folder / "back.json"
    role = "truth" if name == "cvat" else "predictions"  # CVAT's files are read as labels only
    given = None if role == "truth" else truth
    to_it = partial(poseval.convert, found, path, name, role="predictions", truth=truth, force=True)
    from_it = partial(poseval.convert, path, back, "coco", role=role, truth=given, format=name, limits=LIMITS)
    write = partial(poseval.write, poses, path, format=name, role="predictions", truth=truth, force=True)
    read = partial(poseval.read, path, format=name, role=role, truth=given, limits=LIMITS)
    to = median(rounds, to_it, partial(remove, path))
    reading, writing = median(rounds, read), median(rounds, write, partial(remove, path))
    least = read_bound(rounds, name, path) if name in SCANNED else 0.0
    bare = write_bound(rounds, path, poses) if name in TEXTS else 0.0
    count = sum(1 for _ in path.rglob("*")) if path.is_dir() else 1
    return Times(count, reading, least, writing, bare, to, median(rounds, from_it, partial(remove, back)))


def ratio(spent: float, bound: float) -> str:
    """A time over its bound, and the bound; nothing where there is none."""
    return f"{spent / bound:.1f} of {bound:.0f}" if bound else ""


PAGE = """## Exchange formats

Made by `python perf/readers.py --folder /dev/shm --write docs/performance.md`: 5,000 images with
6,770 people of 17 joints, files in memory. Milliseconds of processor time in a running process, median of
{rounds}. The bound of reading is `cat` and our scanner of JSON; that of writing is the same files made by
bare system calls, and all numbers made text by one call of `json`.

Machine: {machine}; load {load:.1f} when it began.

| format | files | reading | times its bound | writing | times its bound | COCO to it | it to COCO |
|---|---|---|---|---|---|---|---|
{rows}
"""


def main() -> None:
    """Print the section, and write it into a page."""
    options = table_options(__doc__, ENDINGS)
    load = os.getloadavg()[0]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # removes the files, too
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.folder) as place:
        table = "\n".join(rows(Path(place), options.rounds, options.only))
    if options.write:
        about = {"machine": machine(), "rounds": options.rounds, "load": load, "rows": table}
        write_section(options.write, "readers", PAGE.format(**about))


if __name__ == "__main__":
    main()
