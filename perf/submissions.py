"""Many submissions against one truth: the truth read for each of them, or once.

    python perf/submissions.py [--images 2000] [--submissions 12]

Both ways run in one process, interleaved; medians of three rounds.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import poseval
from poseval.datasets import Role, WriteOptions, get_format
from poseval.synth import perturb, scene_set


def make(folder: Path, images: int, count: int) -> tuple[Path, list[Path]]:
    """A truth file and `count` submissions."""
    truth = scene_set(seed=1, images=images, people=4)
    coco = get_format("coco")
    coco.write(truth, folder / "truth.json", WriteOptions(role=Role.TRUTH))
    paths = []
    for index in range(count):
        path = folder / f"submission{index:02d}.json"
        coco.write(perturb(truth, index), path, WriteOptions(role=Role.PREDICTIONS, truth=truth))
        paths.append(path)
    return folder / "truth.json", paths


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--submissions", type=int, default=12)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        truth, paths = make(Path(name), arguments.images, arguments.submissions)
        each: list[float] = []
        once: list[float] = []
        for _ in range(3):
            start = time.perf_counter()
            first = [poseval.score(truth, path).summary["AP"] for path in paths]
            each.append(time.perf_counter() - start)
            start = time.perf_counter()
            poses = poseval.read(truth)
            second = [poseval.score(poses, path).summary["AP"] for path in paths]
            once.append(time.perf_counter() - start)
            if first != second:
                raise SystemExit("the two ways disagree")
    print(f"{arguments.submissions} submissions, {arguments.images} images")
    print(f"truth read for each: {statistics.median(each):.2f} s")
    print(f"truth read once:     {statistics.median(once):.2f} s")
    print(f"ratio: {statistics.median(each) / statistics.median(once):.2f}")


if __name__ == "__main__":
    main()
