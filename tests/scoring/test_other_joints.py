"""Predictions of another number of joints than the ground truth: one message says how, and it works."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import poseval
from poseval import datasets
from poseval.cli import invoke
from poseval.datasets import Role, WriteOptions
from poseval.poses import PoseSet
from poseval.poses.joint_mapping import map_joints
from poseval.skeletons import get_skeleton, skeleton_from_names
from tests.datasets.test_same_score import truth_and_predictions

PAIRS = [("crowdpose14", "coco17"), ("halpe136", "halpe26"), ("coco17", "mpii16")]


def on(poses: PoseSet, name: str) -> PoseSet:
    """The people with as many joints as the skeleton has: places of like names, the rest in a ring."""
    skeleton = get_skeleton(name)
    people = poses.people
    rng = np.random.default_rng(5)
    xy = people.xy.mean(axis=1, keepdims=True) + rng.uniform(-90, 90, (len(people), len(skeleton), 2))
    for at, joint in enumerate(skeleton.joints):
        if joint in poses.skeleton.joints:
            xy[:, at] = people.xy[:, poses.skeleton.index(joint)]
    return replace(
        poses,
        skeleton=skeleton,
        people=people.with_columns(xy=np.round(xy, 2), seen=np.full(xy.shape[:2], 2), joint_score=None),
    )


@pytest.fixture(params=PAIRS, ids="-".join)
def files(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Path, str, str]:
    mine, theirs = request.param
    truth, predictions = truth_and_predictions()
    gt, dt = tmp_path / "gt.json", tmp_path / "dt.json"
    datasets.get_format("coco").write(on(truth, mine), gt, WriteOptions(Role.TRUTH))
    datasets.get_format("coco").write(on(predictions, theirs), dt, WriteOptions(Role.PREDICTIONS))
    return gt, dt, mine, theirs


@pytest.mark.parametrize("command", ["score", "validate", "diagnose"])
def test_one_message_says_how(
    files: tuple[Path, Path, str, str], command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    gt, dt, mine, theirs = files
    assert invoke([command, str(dt), "--gt", str(gt)]) == 3
    told = "".join(capsys.readouterr())
    assert told.count("[P204]") == 1
    assert "--joints names" in told
    assert "poseval convert dt.json OUT.json --to coco --gt gt.json" in told
    assert mine in told
    assert theirs in told
    assert "--skeleton" not in told


def test_joints_names_reads_each_file_by_its_own_skeleton(files: tuple[Path, Path, str, str]) -> None:
    gt, dt, mine, theirs = files
    report = poseval.score(gt, dt, "oks", joints="names")
    truth = poseval.read(gt)
    _, predictions = truth_and_predictions()
    mapped, _ = map_joints(replace(on(predictions, theirs), frames=truth.frames), get_skeleton(mine))
    wanted = poseval.score(truth, mapped, "oks").summary["AP"]
    assert report.summary["AP"] == wanted
    assert wanted > 0 or mine == "halpe136"  # of whose joints 110 have no prediction
    assert any("mapped" in text for text in report.deviations)
    named = poseval.score(gt, dt, "oks", joints="names", skeleton=theirs)
    assert str(named.summary) == str(report.summary)
    assert poseval.validate(dt, truth=gt, joints="names").ok


def test_the_conversion_that_the_message_names_can_be_scored(
    files: tuple[Path, Path, str, str], tmp_path: Path
) -> None:
    gt, dt, *_ = files
    out = tmp_path / "OUT.json"
    assert invoke(["convert", str(dt), str(out), "--to", "coco", "--gt", str(gt)]) == 0
    assert poseval.read(out, role="predictions", truth=gt).skeleton == poseval.read(gt).skeleton
    mapped = poseval.score(gt, dt, "oks", joints="names")
    assert poseval.score(gt, out, "oks").summary["AP"] == mapped.summary["AP"]


def test_a_number_of_joints_that_nobody_has_is_refused_as_a_length(tmp_path: Path) -> None:
    truth, predictions = truth_and_predictions()
    gt, dt = tmp_path / "gt.json", tmp_path / "dt.json"
    datasets.get_format("coco").write(truth, gt, WriteOptions(Role.TRUTH))
    people = predictions.people
    five = people.with_columns(xy=people.xy[:, :5], seen=people.seen[:, :5], joint_score=None)
    few = replace(predictions, skeleton=skeleton_from_names("abcde"), people=five)
    datasets.get_format("coco").write(few, dt, WriteOptions(Role.PREDICTIONS))
    for joints in (None, "names"):
        with pytest.raises(poseval.PosevalError) as caught:
            poseval.score(gt, dt, joints=joints)
        assert caught.value.code == "P204"


@pytest.mark.parametrize("name", ["alphapose", "yolo", "openpose"])
def test_other_formats_say_it_too(name: str, tmp_path: Path) -> None:
    truth, predictions = truth_and_predictions()
    gt = tmp_path / "gt.json"
    datasets.get_format("coco").write(on(truth, "crowdpose14"), gt, WriteOptions(Role.TRUTH))
    dt = tmp_path / {"alphapose": "dt.json", "yolo": "dt", "openpose": "dt"}[name]
    datasets.get_format(name).write(predictions, dt, WriteOptions(Role.PREDICTIONS))
    with pytest.raises(poseval.PosevalError) as caught:
        poseval.score(gt, dt)
    assert caught.value.code == "P404"
    assert 'joints="names"' in str(caught.value)
    assert poseval.score(gt, dt, joints="names").summary["AP"] > 0


@pytest.mark.parametrize("named", [True, False])
def test_the_advice_about_a_wrong_length_depends_on_who_names_the_joints(named: bool, tmp_path: Path) -> None:
    truth, _ = truth_and_predictions()
    gt = tmp_path / "gt.json"
    datasets.get_format("coco").write(truth, gt, WriteOptions(Role.TRUTH))
    node = json.loads(gt.read_text())
    for record in node["annotations"]:
        record["keypoints"] = record["keypoints"][: 14 * 3]
    if named:
        node["categories"][0]["keypoints"] = node["categories"][0]["keypoints"][::-1]
    else:
        del node["categories"][0]["keypoints"]
    gt.write_text(json.dumps(node))
    with pytest.raises(poseval.PosevalError) as caught:
        poseval.read(gt, skeleton=None if named else "coco17")
    assert caught.value.code == "P204"
    assert ("skeleton=... names one" in str(caught.value)) == (not named)
    if not named:
        assert len(poseval.read(gt, skeleton="crowdpose14")) == len(truth)
