"""xtcocotools, the tool of whole-body sets and CrowdPose, evaluates the COCO files that we write."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from poseval import datasets
from poseval.datasets import ReadOptions, Role, WriteOptions, read
from poseval.poses import Frames, People, PoseSet
from poseval.skeletons import get_skeleton

pytest.importorskip("xtcocotools", reason="needs xtcocotools")
try:
    from xtcocotools.coco import COCO
    from xtcocotools.cocoeval import COCOeval
except ValueError as error:  # its wheel is of another NumPy
    pytest.skip(f"xtcocotools: {error}", allow_module_level=True)


def crowd(role: Role, skeleton: str) -> PoseSet:
    """Two people in each of two images."""
    rng = np.random.default_rng(3)
    joints = len(get_skeleton(skeleton))
    columns = {} if role is Role.TRUTH else {"score": np.ones(4), "joint_score": np.full((4, joints), 0.5)}
    names = np.array(["1.jpg", "2.jpg"])
    frames = Frames(
        names, size=np.full((2, 2), 640.0), path=names, extra={"crowd_index": np.array([0.1, 0.9])}
    )
    people = People(rng.uniform(10, 400, (4, joints, 2)), np.array([0, 0, 1, 1]), **columns)
    return PoseSet(get_skeleton(skeleton), frames, people)


@pytest.mark.parametrize(
    ("skeleton", "kind"), [("crowdpose14", "keypoints_crowd"), ("coco_wholebody133", "keypoints_wholebody")]
)
def test_perfect_predictions_are_perfect(skeleton: str, kind: str, tmp_path: Path) -> None:
    gt, dt = tmp_path / "gt.json", tmp_path / "dt.json"
    datasets.get_format("coco").write(crowd(Role.TRUTH, skeleton), gt, WriteOptions())
    truth = read(gt, ReadOptions(Role.TRUTH))
    datasets.get_format("coco").write(
        crowd(Role.PREDICTIONS, skeleton), dt, WriteOptions(Role.PREDICTIONS, truth=truth)
    )
    known = COCO(str(gt))
    if kind == "keypoints_wholebody":
        for row in known.dataset["annotations"]:  # flags of parts, which poseval's reader does not need
            row.update(dict.fromkeys(("face_valid", "lefthand_valid", "righthand_valid", "foot_valid"), True))
    sigmas = np.asarray(get_skeleton(skeleton).sigmas)
    run = COCOeval(known, known.loadRes(str(dt)), kind, sigmas, use_area=kind != "keypoints_crowd")
    run.evaluate()
    run.accumulate()
    run.summarize()
    assert run.stats[0] == pytest.approx(1.0)
    assert json.loads(gt.read_bytes())["annotations"][0]["area"] > 0
