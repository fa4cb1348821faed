"""PoseMetric against the files of the same people: no difference in any family of benchmarks.

A few scenes here; `python -m tests.differential.test_pose_metric 500` runs as many as are asked for.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import poseval
from tests.datasets.objects.test_arrays import arrays_of, coco_files
from tests.integrations.loaders import batches, pieces
from tests.properties import worlds

SCENES = 6
FAMILIES = ("detection", "tracking", "pck", "nme", "custom")
# family -> benchmark and its sets
WORLDS = {
    "tracking": ("posetrack18", worlds.crowds),
    "pck": ("mpii-val", lambda seed: worlds.singles(seed, "mpii16")),
    "nme": ("300w", lambda seed: worlds.singles(seed, "ibug68")),
    "custom": ("custom", worlds.crowds),
}


def text(report: poseval.Report, signature: str) -> str:
    """All that a report says of its numbers; of the signature what stands before and after the digest."""
    node = report.to_dict(timings=False)
    parts = dict(part.partition(":")[::2] for part in node["signature"].split("|")[1:])
    if signature != "whole":
        parts.pop("gt")
    kept = ("summary", "primary", "better", "values", "deviations", "benchmark", "rules")
    return json.dumps([parts, *(node[name] for name in kept)])


def shuffled(seed: int, frames: Any) -> Any:
    return np.random.default_rng([seed, 7]).permutation(frames)


def detection(seed: int, folder: Path) -> None:
    """COCO files, and arrays with and without the file of the ground truth."""
    gt, dt = coco_files(folder, seed)
    truth, found = arrays_of(gt, dt)
    truth["frames"] = np.asarray(truth["frames"])
    truth = {name: value if isinstance(value, str) else np.asarray(value) for name, value in truth.items()}
    wanted = poseval.score(folder / "gt.json", folder / "dt.json", "coco-keypoints", per_joint=True)
    order = shuffled(seed, truth["frames"])
    both = poseval.PoseMetric("coco-keypoints", per_joint=True)
    alone = poseval.PoseMetric("coco-keypoints", per_joint=True, truth=folder / "gt.json")
    for mine, theirs in batches(found, truth, order, 1 + seed % 4):
        both.update(mine, theirs)
        alone.update(mine)
    assert text(both.compute(), "but the digest") == text(wanted, "but the digest")
    assert text(alone.compute(), "whole") == text(wanted, "whole")
    sets = poseval.from_arrays(**truth), poseval.from_arrays(**found, frames=truth["frames"])
    in_memory = poseval.score(*sets, "coco-keypoints", per_joint=True)
    assert both.compute().to_json(timings=False) == in_memory.to_json(timings=False)


def in_pieces(family: str, seed: int, folder: Path) -> None:
    """Sets of a family from files, and in pieces of a frame or more."""
    benchmark, make = WORLDS[family]
    world = make(seed)
    poseval.write(world.truth, folder / "gt.npz", "native", force=True)
    poseval.write(world.predictions, folder / "dt.npz", "native", role="predictions", force=True)
    wanted = poseval.score(folder / "gt.npz", folder / "dt.npz", benchmark)
    truth = poseval.read(folder / "gt.npz")
    found = poseval.read(folder / "dt.npz", role="predictions", truth=truth)
    both = poseval.PoseMetric(benchmark)
    alone = poseval.PoseMetric(benchmark, truth=folder / "gt.npz")
    for mine, theirs in pieces(found, truth, shuffled(seed, np.arange(len(truth.frames))), 1 + seed % 3):
        both.update(mine, theirs)
        alone.update(mine)
    assert text(both.compute(), "but the digest") == text(wanted, "but the digest")
    assert text(alone.compute(), "whole") == text(wanted, "whole")
    in_memory = poseval.score(world.truth, world.predictions, benchmark)
    assert text(both.compute(), "whole") == text(in_memory, "whole")


def compared(family: str, seed: int, folder: Path) -> None:
    """One scene of a family."""
    if family == "detection":
        detection(seed, folder)
    else:
        in_pieces(family, seed, folder)


@pytest.mark.parametrize("family", FAMILIES)
def test_no_difference(family: str, tmp_path: Path) -> None:
    for seed in range(SCENES):
        scene = tmp_path / str(seed)
        scene.mkdir()
        compared(family, seed, scene)


if __name__ == "__main__":
    for name in FAMILIES:
        for number in range(int(sys.argv[1])):
            with tempfile.TemporaryDirectory() as place:
                compared(name, number, Path(place))
        sys.stdout.write(f"{name}: {sys.argv[1]} scenes, no difference\n")
        sys.stdout.flush()
