"""Rows per joint, group and in total."""

from __future__ import annotations

import math

import numpy as np
import pytest

from poseval.metrics.base import Tally
from poseval.metrics.joint_rows import (
    JointRows,
    groups_of,
    joint_facts,
    mean_of_defined,
    ratio,
    unit_rows,
    unlabelled_reasons,
)
from poseval.skeletons import get_skeleton

NAN = math.nan
JOINTS = ("nose", "left_wrist", "right_wrist", "tail")


def rows(per_joint: bool = True, strict: bool = False) -> JointRows:
    return JointRows("m", JOINTS, {"wrist": [1, 2], "nose": [0]}, per_joint, strict)


def shown(made: list) -> dict[str, float]:  # type: ignore[type-arg]
    return {row.joint: row.value for row in made}


def test_the_total_then_groups_then_joints_that_are_no_group() -> None:
    made = rows()("AP", np.array([0.25, 0.5, 1.0, 0.75]), n=np.array([1, 2, 3, 4]))
    assert [(row.joint, row.value, row.n) for row in made] == [
        ("", 0.625, 10),
        ("wrist", 0.75, 5),
        ("nose", 0.25, 1),
        ("left_wrist", 0.5, 2),
        ("right_wrist", 1.0, 3),
        ("tail", 0.75, 4),
    ]
    assert all(row.metric == "m" and row.statistic == "AP" and row.why == "" for row in made)
    assert list(shown(rows(per_joint=False)("AP", np.zeros(4)))) == ["", "wrist", "nose"]


def test_what_is_undefined_has_no_part_in_a_mean_unless_groups_are_strict() -> None:
    values, why = np.array([NAN, 0.5, NAN, 1.0]), ["no nose", "", "no right wrist", ""]
    loose, strict = rows()("AP", values, why=why), rows(strict=True)("AP", values, why=why)
    assert shown(loose)[""] == shown(strict)[""] == 0.75  # the total is of those that are defined
    assert shown(loose)["wrist"] == 0.5
    assert math.isnan(shown(strict)["wrist"])
    assert {row.joint: row.why for row in strict if math.isnan(row.value)} == {
        "wrist": "no right wrist",
        "nose": "no nose",
        "right_wrist": "no right wrist",
    }
    assert [row.why for row in loose if row.joint == "nose"] == ["no nose"]


def test_without_a_reason_undefined_says_so() -> None:
    made = rows()("AP", np.full(4, NAN))
    assert {row.why for row in made} == {"undefined"}
    assert {row.n for row in made if row.joint == "wrist"} == {2}


def test_counts_are_added() -> None:
    made = shown(rows()("misses", np.array([1.0, 2.0, 3.0, 4.0]), add=True))
    assert (made[""], made["wrist"], made["tail"]) == (10, 5, 4)


def test_a_total_that_is_given_replaces_the_mean() -> None:
    made = shown(rows()("HOTA", np.array([1.0, 2.0, 3.0, 4.0]), 0.125))
    assert (made[""], made["wrist"]) == (0.125, 2.5)
    assert shown(rows()("HOTA", np.zeros(4), 0.0, add=True))[""] == 0.0


def test_whole_poses_have_one_row() -> None:
    made = JointRows("m", [], {}, True, False)("MOTA", np.array([0.5]))
    assert shown(made) == {"": 0.5}


def test_ratios_and_means() -> None:
    assert ratio(np.array([1, 2]), np.array([2, 0]), empty=7.0).tolist() == [0.5, 7.0]
    assert np.isnan(ratio(np.array([1.0]), np.array([0]))).all()
    values = np.array([[1.0, NAN], [3.0, NAN]])
    assert mean_of_defined(values).tolist() == [1.0, 3.0]
    down = mean_of_defined(values, axis=0)
    assert down[0] == 2
    assert math.isnan(down[1])


def test_reasons_name_the_joint_or_the_pose() -> None:
    assert unlabelled_reasons(["a", "b"], np.array([0, 3])) == ["no labelled a", ""]
    assert unlabelled_reasons([], np.array([0])) == ["no labelled pose"]


def test_units_are_slices() -> None:
    tally = Tally("m", np.array(["a", "b"]), {})
    made = unit_rows("m", tally, {"AP": np.array([0.5, NAN])}, np.array([3, 0]), "nothing")
    assert (made[0].slice, made[0].value, made[0].n, made[0].why) == ("a", 0.5, 3, "")
    assert (made[1].slice, made[1].n, made[1].why) == ("b", 0, "nothing")


@pytest.mark.parametrize("name", ["posetrack15_poseval", "posetrack17slots", "coco17"])
def test_groups_hold_every_joint_of_theirs_once(name: str) -> None:
    skeleton = get_skeleton(name)
    groups = groups_of(skeleton)
    for group, members in groups.items():
        assert len(set(members)) == len(members)
        if group not in ("head", *skeleton.joints):
            assert [skeleton.joints[index].split("_", 1)[1] for index in members] == [group] * 2
    facts = joint_facts(skeleton)
    assert facts == {"joints": list(skeleton.joints), "groups": groups}
    assert joint_facts(None) == {"joints": [], "groups": {}}


def test_the_head_of_posetrack_is_one_group_and_goes_first() -> None:
    skeleton = get_skeleton("posetrack15_poseval")
    groups = groups_of(skeleton)
    assert list(groups) == ["head", "shoulder", "elbow", "wrist", "hip", "knee", "ankle"]
    assert [skeleton.joints[index] for index in groups["head"]] == ["head_top", "head_bottom", "nose"]
    assert "head" not in groups_of(get_skeleton("coco17"))
