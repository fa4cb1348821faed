"""The long form of the differential tests: thousands of random scenes, with what differs.

    python -m tests.differential.many coco=100000 posetrack=10000 whole-poses=10000 boxes=10000 \\
        points=10000

Each family is `name=scenes`; `--first N` takes other seeds. A line per family says how many scenes were
compared and in how many something differed; the first of those are listed. The exit status is 1 for any.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from poseval.compat.crosscheck import crosscheck
from poseval.datasets import Role, WriteOptions, get_format
from poseval.errors import ValueRangeError
from poseval.metrics import parse
from poseval.synth import perturb
from tests.compat.test_crosscheck_plain import BODY, CROWD, FACE, largest
from tests.datasets.posetrack_sets import random_set, without
from tests.differential import test_coco, test_motmetrics, test_trackeval
from tests.differential.random_boxes import write_boxes
from tests.differential.random_coco import random_scene
from tests.properties import worlds
from tests.properties.worlds import World

RULES = ("posetrack-2017", "posetrack-2020", "posetrack21", "corrected")
SHOWN = 10  # seeds of differing scenes


def coco(seed: int) -> None:
    """pycocotools: precision, recall and scores of every cell, and the ten numbers."""
    test_coco.metric_agrees(random_scene(seed))


def coco_drop_in(seed: int) -> None:
    """pycocotools: everything that `COCOeval` holds after its three calls."""
    test_coco.drop_in_agrees(random_scene(seed))


def posetrack(seed: int) -> None:
    """Files through every rule set of PoseTrack18: py-motmetrics and the transcriptions."""
    rng = np.random.default_rng([seed, 4])
    truth = random_set(seed, predictions=False)
    rows = np.arange(len(truth))
    truth = without(
        truth, track=rows % 7 if seed % 2 else rows, extra={}, head=rng.uniform(20, 60, len(rows))
    )
    found = perturb(truth, seed=seed, jitter=0.3)
    if seed % 3 == 0:  # tied scores
        score = np.round(found.people.joint_score * 4) / 4
        found = without(found, joint_score=score)
    with tempfile.TemporaryDirectory() as folder:
        paths = Path(folder, "gt"), Path(folder, "pred")
        for poses, path, role in ((truth, paths[0], Role.TRUTH), (found, paths[1], Role.PREDICTIONS)):
            get_format("posetrack18").write(poses, path, WriteOptions(role=role))
        checked = crosscheck(*paths, "posetrack18", rules=RULES[seed % len(RULES)])
    assert checked.differences
    assert checked.agrees, [item for item in checked.differences if not item.agrees][:3]


def whole_poses(seed: int) -> None:
    """Films through TrackEval and py-motmetrics: HOTA, CLEAR and identities of whole poses and of joints."""
    grid = bool(seed % 2)
    test_trackeval.hota(grid, seed)
    test_trackeval.identity(grid, seed)
    for likeness in ("pckh", "joint"):
        test_trackeval.clear(grid, seed, likeness)
    for name in ("clear_mot(similarity=pckh)", "identity(similarity=pckh)"):
        test_motmetrics.check(name, grid, seed)


def boxes(seed: int) -> None:
    """MOTChallenge files through TrackEval's own reader and metrics, and py-motmetrics."""
    with tempfile.TemporaryDirectory() as folder:
        paths = write_boxes(seed, Path(folder))
        for rules in ("mot16", "mot15"):
            found = crosscheck(*paths, "motchallenge", rules=rules)
            assert not found.unchecked
            assert found.agrees, [item for item in found.differences if not item.agrees][:3]


def points(seed: int) -> None:
    """PCK, PCP, AUC, EPE, NME and joint AP by plain loops, all parameters in turn."""
    for name, world in (
        (BODY[seed % len(BODY)], worlds.singles(seed)),
        (FACE[seed % len(FACE)], worlds.singles(seed, "ibug68")),
        (CROWD[seed % len(CROWD)], _tied(worlds.crowds(seed))),
    ):
        try:
            assert largest(parse(name), world) == 0, name
        except ValueRangeError as error:
            if error.code != "P304":  # a face with both corners of its eyes in one place has no size: refused
                raise


def _tied(world: World) -> World:
    score = np.round(world.predictions.people.joint_score * 4) / 4
    return World(world.truth, without(world.predictions, joint_score=score))


FAMILIES: dict[str, Callable[[int], None]] = {
    "coco": coco,
    "coco-drop-in": coco_drop_in,
    "posetrack": posetrack,
    "whole-poses": whole_poses,
    "boxes": boxes,
    "points": points,
}


def compare(name: str, first: int, count: int) -> list[str]:
    """What differed in `count` scenes from seed `first` on, a line per scene."""
    differing = []
    for seed in range(first, first + count):
        try:
            FAMILIES[name](seed)
        except AssertionError as error:
            text = str(error).partition("\n")[0] or "differs"
            differing.append(f"seed {seed}: {text}")
    return differing


def main(words: list[str]) -> int:
    """Compare the families of the command line; 1 where anything differs."""
    first = int(words[words.index("--first") + 1]) if "--first" in words else 0
    failed = False
    for word in words:
        name, equals, count = word.partition("=")
        if not equals:
            continue
        start = time.monotonic()
        found = compare(name, first, int(count))
        spent = time.monotonic() - start
        print(f"{name}: {int(count):,} scenes, {len(found)} with a difference ({spent:.0f} s)", flush=True)
        for line in found[:SHOWN]:
            print(f"  {line}", flush=True)
        failed |= bool(found)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
