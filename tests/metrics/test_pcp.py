"""PCP on sticks small enough to count by hand, and the sticks of each skeleton."""

from __future__ import annotations

import math

import numpy as np
import pytest

from poseval.errors import UsageError
from poseval.metrics import parse
from poseval.metrics.pcp import Ends, Pcp
from poseval.skeletons import get_skeleton
from poseval.skeletons.sticks import stick_skeleton, sticks_of
from tests.metrics.single import pair_up, values

LSP = get_skeleton("lsp14").joints


def test_strict_wants_both_ends_and_loose_their_mean() -> None:
    truth = np.zeros((1, 14, 2))
    truth[0, LSP.index("right_ankle")] = [0, 10]
    predicted = truth.copy()
    predicted[0, LSP.index("right_ankle")] += [6, 0]
    scene = pair_up(truth, predicted, "lsp14")
    assert values(Pcp(), scene).get("PCP", "right_lower_leg") == 0.0
    assert values(Pcp(ends=Ends.LOOSE), scene).get("PCP", "right_lower_leg") == 1.0


def test_an_end_on_the_threshold_is_right() -> None:
    truth = np.zeros((1, 14, 2))
    truth[0, LSP.index("right_ankle")] = [0, 10]
    predicted = truth.copy()
    predicted[0, LSP.index("right_ankle")] += [5, 0]
    assert values(Pcp(), pair_up(truth, predicted, "lsp14")).get("PCP", "right_lower_leg") == 1.0


def test_the_torso_runs_between_mid_points() -> None:
    truth = np.zeros((1, 14, 2))
    for name, xy in {"left_hip": [10, 0], "right_hip": [-10, 0], "left_shoulder": [10, 50]}.items():
        truth[0, LSP.index(name)] = xy
    truth[0, LSP.index("right_shoulder")] = [-10, 50]
    predicted = truth.copy()
    predicted[0, LSP.index("left_hip")] += [0, 49]  # the mid-point moves by 24.5, half of the torso is 25
    assert values(Pcp(), pair_up(truth, predicted, "lsp14")).get("PCP", "torso") == 1.0
    predicted[0, LSP.index("right_hip")] += [0, 2]
    assert values(Pcp(), pair_up(truth, predicted, "lsp14")).get("PCP", "torso") == 0.0


def test_a_stick_counts_when_all_its_joints_are_labelled() -> None:
    seen = np.full((1, 14), 2)
    seen[0, LSP.index("left_hip")] = 0
    truth = np.random.default_rng(0).uniform(0, 99, (1, 14, 2))
    found = values(Pcp(), pair_up(truth, truth, "lsp14", seen=seen))
    assert found[0].n == 8
    assert found.where(joint="torso")[0].why == "no labelled torso"
    assert found.where(joint="upper_leg")[0].why == "1 of 2 sides are labelled"
    assert found.get("PCP", "upper_leg") == 1.0


def test_an_end_that_is_not_predicted_makes_the_stick_wrong() -> None:
    given = np.full((1, 14), 2)
    given[0, LSP.index("head_top")] = 0
    truth = np.random.default_rng(0).uniform(0, 99, (1, 14, 2))
    assert values(Pcp(), pair_up(truth, truth, "lsp14", given=given)).get("PCP", "head") == 0.0


def test_sticks_follow_the_order_of_the_kits() -> None:
    names = [stick.name for stick in sticks_of(get_skeleton("lsp14"))]
    assert names == [
        "right_lower_leg",
        "right_upper_leg",
        "left_upper_leg",
        "left_lower_leg",
        "right_lower_arm",
        "right_upper_arm",
        "left_upper_arm",
        "left_lower_arm",
        "head",
        "torso",
    ]
    assert sticks_of(get_skeleton("parse14"))[0].name == "left_lower_leg"
    assert [stick.name for stick in sticks_of(get_skeleton("flic10"))][:3] == [
        "torso",
        "head",
        "right_upper_arm",
    ]
    assert [stick.name for stick in sticks_of(get_skeleton("coco17"))][-1] == "torso"


def test_a_skeleton_of_sticks_scores_itself() -> None:
    ends = stick_skeleton(get_skeleton("lsp14"))
    assert ends.joints[:2] == ("right_lower_leg.a", "right_lower_leg.b")
    truth = np.random.default_rng(0).uniform(0, 99, (2, 20, 2))
    predicted = truth.copy()
    predicted[0, 0] = 1e6
    found = values(Pcp(), pair_up(truth, predicted, ends))
    assert found.get("PCP", "right_lower_leg") == 0.5
    assert found.get("PCP") == 19 / 20


def test_a_face_has_no_sticks() -> None:
    with pytest.raises(UsageError, match="no limb") as caught:
        Pcp().tally(pair_up(np.zeros((1, 68, 2)), np.zeros((1, 68, 2)), "ibug68"))
    assert caught.value.code == "P195"


def test_nothing_labelled_is_undefined() -> None:
    scene = pair_up(np.zeros((1, 14, 2)), np.zeros((1, 14, 2)), "lsp14", seen=np.zeros((1, 14)))
    assert math.isnan(values(Pcp(), scene).get("PCP"))


def test_the_name_reads_back() -> None:
    assert str(Pcp(0.4, Ends.LOOSE)) == "pcp(at=0.4,ends=loose)"
    assert parse("pcp(at=0.4,ends=loose)") == Pcp(0.4, Ends.LOOSE)
