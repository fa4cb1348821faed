"""What intervals of slices, gaps and the metrics of scores hold of what they promise, by simulation.

    python perf/slices.py --write docs/slices.md [--sets 50]

Draws sets of people, scores them with the package from end to end, asks for intervals of 95 %, and counts how
often they hold the number of a set of 5,000 images. Standard errors are those of the simulation.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

os.environ.setdefault("POSEVAL_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.append(sys.path.pop(0))  # a neighbour of this file has the name of a module of Python's library

import numpy as np
from sections import write_section

from poseval.poses import Frames, People, PoseSet
from poseval.scoring.score import evaluate
from poseval.skeletons import get_skeleton
from poseval.statistics.intervals import intervals

KIND = get_skeleton("coco17")
ENDLESS = 5_000  # images whose numbers stand for the truth
LEVEL = 0.95
IMAGES = (100,)


@dataclass(frozen=True)
class Setting:
    """A population, what is asked of it, and the keys that are counted together, by their name."""

    title: str
    metrics: tuple[str, ...]
    slices: tuple[str, ...]
    keys: dict[str, tuple[str, ...]]
    draw: Callable[[np.random.Generator, int], tuple[PoseSet, PoseSet]]


def people(rng: np.random.Generator, frame: np.ndarray, shift: np.ndarray) -> tuple[People, People]:
    """True people of many sizes; predictions are off by a part of the size that grows with `shift` [N]."""
    count = len(frame)
    area = np.exp(rng.normal(8.6, 1.1, count))
    size = np.sqrt(area)[:, None, None]
    xy = rng.uniform(0, 1, (count, 17, 2)) * size + rng.uniform(0, 4000, (count, 1, 2))
    hard = np.exp(rng.normal(-0.2, 0.7, (count, 1, 1)) + shift[:, None, None])
    off = rng.normal(0, 1, xy.shape) * hard * KIND.sigma_array[:, None] * size * 1.2
    score = 1 / (1 + np.exp(-(1.2 - 1.3 * np.log(hard[:, 0, 0]) + rng.normal(0, 0.6, count))))
    joint = np.exp(-(off**2).sum(axis=2) / (8 * KIND.sigma_array**2 * area[:, None]))
    joint = np.clip(joint + rng.normal(0, 0.1, joint.shape), 0, 1)
    truth = People(xy, frame, area=area)
    return truth, People(xy + off, frame, score=score, joint_score=joint)


def sets(frames: Frames, truth: People, found: People, rng: np.random.Generator) -> tuple[PoseSet, PoseSet]:
    """Both sides; one person of ten is missed, and one image of three has a false positive."""
    kept = np.flatnonzero(rng.random(len(truth)) > 0.1)
    extra = np.flatnonzero(rng.random(len(frames)) < 1 / 3)
    stray = People(rng.uniform(0, 60, (len(extra), 17, 2)) + 9000, extra, score=rng.beta(1.2, 3, len(extra)))
    every = [found.take(kept), stray]
    order = np.argsort(np.concatenate([part.frame for part in every]), kind="stable")
    columns = {
        name: np.concatenate([getattr(part, name) for part in every])[order]
        for name in ("xy", "frame", "score", "joint_score")
    }
    return PoseSet(KIND, frames, truth), PoseSet(KIND, frames, People(**columns))


def crowds(rng: np.random.Generator, images: int) -> tuple[PoseSet, PoseSet]:
    """Images of one to four people; large people are easier."""
    frame = np.repeat(np.arange(images), rng.integers(1, 5, images))
    frames = Frames(np.arange(images).astype(str))
    truth, found = people(rng, frame, np.zeros(len(frame)))
    return sets(frames, truth, found, rng)


def groups(count: int, spread: float) -> Callable[[np.random.Generator, int], tuple[PoseSet, PoseSet]]:
    """Images in groups of different sizes, whose difficulty rises by `spread` from the first to the last."""

    def draw(rng: np.random.Generator, images: int) -> tuple[PoseSet, PoseSet]:
        part = 1.0 / np.arange(1, count + 1)
        group = rng.choice(count, images, p=part / part.sum())
        frame = np.repeat(np.arange(images), rng.integers(1, 4, images))
        frames = Frames(np.arange(images).astype(str), extra={"group": group})
        truth, found = people(rng, frame, spread * group[frame] / max(1, count - 1))
        return sets(frames, truth, found, rng)

    return draw


def of_groups(count: int, number: str) -> dict[str, tuple[str, ...]]:
    """The keys of a setting of groups."""
    each = tuple(f"group={index}/{number}" for index in range(count))
    return {f"{number} of a group": each, f"gap of {number}": (f"group:gap/{number}",)}


SIZES = ("small", "medium", "large")
SETTINGS = [
    Setting(
        "people by size",
        ("oks_ap",),
        ("size",),
        {
            "AP of a size": tuple(f"size={name}/AP" for name in SIZES),
            "AR of a size": tuple(f"size={name}/AR" for name in SIZES),
            "gap of AP": ("size:gap/AP",),
        },
        crowds,
    ),
    *(
        Setting(
            f"{count} groups of images, {words}",
            ("oks_ap",),
            ("group",),
            of_groups(count, "AP"),
            groups(count, by),
        )
        for count in (4,)
        for words, by in (("equal", 0.0), ("unequal", 0.5))
    ),
    Setting(
        "4 groups of images, unequal",
        ("epe(people=matched)",),
        ("group",),
        of_groups(4, "EPE"),
        groups(4, 0.5),
    ),
    Setting(
        "no slices",
        ("oks_lrp", "calibration"),
        (),
        {name: (name,) for name in ("oLRP", "oLRP_loc", "oLRP_FP", "oLRP_FN", "LRP", "ECE", "joint_ECE")},
        crowds,
    ),
]


def covered(setting: Setting, images: int, sets: int) -> Iterator[tuple[str, ...]]:
    """Rows of the table: what is counted, how often it is held, how often there is none, and the width."""
    keys = [key for together in setting.keys.values() for key in together]
    truth = _endless(SETTINGS.index(setting))
    other = [_numbers(setting, np.random.default_rng([5, n]), images) for n in range(sets)]
    own = {key: float(np.nanmean([found[key] for found in other])) for key in keys}
    held: dict[str, list[tuple[bool, bool, float]]] = {key: [] for key in keys}
    for number in range(sets):
        run = _run(setting, np.random.default_rng([7, images, number]), images)
        found = intervals(run, level=LEVEL)
        for key in keys:
            if key in found and found[key].given:
                low, high = found[key].low, found[key].high
                held[key].append((low <= truth[key] <= high, low <= own[key] <= high, high - low))
    for name, together in setting.keys.items():
        rows = [row for key in together for row in held[key]]
        given = len(rows) / (sets * len(together))
        if not rows:
            yield (setting.title, str(images), name, "", "", f"{1 - given:.1%}", "")
            continue
        columns = list(zip(*rows, strict=True))
        yield (
            setting.title,
            str(images),
            name,
            _share(columns[0], sets),
            _share(columns[1], sets),
            f"{1 - given:.1%}",
            f"{np.median(columns[2]):.3f}",
        )


@cache
def _endless(index: int) -> dict[str, float]:
    return _numbers(SETTINGS[index], np.random.default_rng([9, index]), ENDLESS)


def _share(held: tuple[bool, ...], sets: int) -> str:
    share = float(np.mean(held))
    error = math.sqrt(max(share * (1 - share), 1 / sets / 4) / min(sets, len(held)))
    return f"{share:.3f} ± {error:.3f}"


def _run(setting: Setting, rng: np.random.Generator, images: int):  # type: ignore[no-untyped-def]
    truth, found = setting.draw(rng, images)
    return evaluate(truth, found, "custom", metrics=setting.metrics, slices=setting.slices)


def _numbers(setting: Setting, rng: np.random.Generator, images: int) -> dict[str, float]:
    found = dict(_run(setting, rng, images).report().summary)
    return {key: found.get(key, math.nan) for together in setting.keys.values() for key in together}


def main() -> None:
    """Print the table, or write it into a page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--sets", type=int, default=50)
    asked = parser.parse_args()
    head = ("groups", "images", "number", "endless set", "sets of this size", "none given", "width")
    lines = [f"| {' | '.join(head)} |", "|" + " --- |" * len(head)]
    for setting in SETTINGS:
        for images in IMAGES:
            for row in covered(setting, images, asked.sets):
                lines.append(f"| {' | '.join(row)} |")
                print(lines[-1], flush=True)
    if asked.write:
        write_section(asked.write, "slices", "\n".join(lines))


if __name__ == "__main__":
    main()
