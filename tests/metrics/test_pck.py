"""PCK, PCKh and PDJ on sets small enough to count by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from poseval.errors import MismatchError, UsageError, ValueRangeError
from poseval.metrics import parse
from poseval.metrics.joint_error import Ends, ZeroScale
from poseval.metrics.pck import Absent, Compare, MeanOf, Pck, Pdj
from poseval.poses import PoseSet
from poseval.poses.aligned import Aligned
from poseval.skeletons import get_skeleton
from tests.metrics.single import pair_up, random_pair, values

MPII = get_skeleton("mpii16").joints


def shifted(pixels: list[float], **more: object) -> Aligned:
    """One person per entry, all joints moved to the right by so many pixels; heads of 10 pixels."""
    truth = np.full((len(pixels), 16, 2), 100.0) + np.arange(16)[:, None]
    predicted = truth + np.array(pixels)[:, None, None] * np.array([1.0, 0.0])
    return pair_up(truth, predicted, head=np.full(len(pixels), 10.0), **more)  # type: ignore[arg-type]


def test_a_distance_on_the_threshold_is_right_under_le_and_wrong_under_lt() -> None:
    scene = shifted([5.0, 5.1, 4.9])
    assert values(Pck(), scene).get("PCKh@0.5") == 2 / 3
    assert values(Pck(compare=Compare.LT), scene).get("PCKh@0.5") == 1 / 3


def test_a_joint_that_is_not_predicted_is_wrong_and_counts() -> None:
    given = np.full((2, 16), 2)
    given[0, 9] = 0
    found = values(Pck(at=(100.0,)), shifted([0.0, 0.0], given=given))
    assert found.get("PCKh@100") == 31 / 32
    assert found.get("PCKh@100", "head_top") == 0.5


def test_a_person_without_prediction_is_wrong() -> None:
    scene = shifted([0.0, 0.0])
    alone = replace(scene.predictions, people=scene.predictions.people.take(np.array([1])))
    assert values(Pck(), Aligned(scene.truth, alone)).get("PCKh@0.5") == 0.5


def test_hidden_joints_count_and_unlabelled_ones_do_not() -> None:
    seen = np.full((1, 16), 1)
    seen[0, :4] = 0
    row = values(Pck(), shifted([0.0], seen=seen))[0]
    assert (row.value, row.n) == (1.0, 12)


def test_the_row_of_a_kind_is_the_plain_mean_of_its_sides_and_upper_body_is_pooled() -> None:
    seen = np.full((3, 16), 2)
    seen[1:, MPII.index("left_wrist")] = 0
    scene = shifted([0.0, 50.0, 50.0], seen=seen)
    found = values(Pck(), scene)
    assert found.get("PCKh@0.5", "left_wrist") == 1.0
    assert found.get("PCKh@0.5", "right_wrist") == 1 / 3
    assert found.get("PCKh@0.5", "wrist") == (1 + 1 / 3) / 2
    assert found.get("PCKh@0.5", "upper_body") == 6 / 16


def test_head_takes_the_joints_it_is_told() -> None:
    truth = np.zeros((1, 16, 2))
    predicted = truth.copy()
    predicted[0, MPII.index("upper_neck")] = 99
    scene = pair_up(truth, predicted, head=[10.0])
    assert values(Pck(), scene).get("PCKh@0.5", "head") == 0.5
    assert values(Pck(head=("head_top",)), scene).get("PCKh@0.5", "head") == 1.0


def test_a_joint_that_is_never_labelled_is_named() -> None:
    seen = np.full((2, 16), 2)
    seen[:, MPII.index("left_knee")] = 0
    scene = shifted([0.0, 0.0], seen=seen)
    found = values(Pck(), scene)
    missing = found.where(joint="left_knee")[0]
    assert math.isnan(missing.value)
    assert missing.why == "no labelled left_knee"
    assert found.get("PCKh@0.5", "knee") == 1.0
    assert found[0].why == "15 of 16 joints; never labelled: left_knee"
    assert math.isnan(values(Pck(absent=Absent.UNDEFINED), scene).get("PCKh@0.5", "knee"))
    assert values(Pck(absent=Absent.MINUS_ONE), scene).get("PCKh@0.5", "knee") == 0.0


def test_nothing_labelled_is_undefined() -> None:
    found = values(Pck(curve_to=0.5), shifted([0.0], seen=np.zeros((1, 16))))
    assert math.isnan(found.get("PCKh@0.5"))
    assert math.isnan(found.get("AUC"))


def test_the_curve_its_area_and_its_plain_mean() -> None:
    metric = Pck(norm="pixels", at=(2.0,), curve_to=4.0, curve_step=1.0)
    scene = shifted([0.0, 1.0, 2.5, 9.0])
    found = values(metric, scene)
    curve = [row.value for row in found if row.threshold == row.threshold]
    assert curve == [0.25, 0.5, 0.5, 0.75, 0.75]
    assert found.get("AUC") == (0.375 + 0.5 + 0.625 + 0.75) / 4
    assert found.get("AUC_mean") == 2.75 / 5


def test_left_out_joints_have_rows_but_no_part_in_the_mean() -> None:
    truth = np.zeros((1, 16, 2))
    predicted = truth.copy()
    predicted[0, 6] = 99
    found = values(Pck(leave_out=("pelvis", "thorax")), pair_up(truth, predicted, head=[10.0]))
    assert found.get("PCKh@0.5") == 1.0
    assert found.get("PCKh@0.5", "pelvis") == 0.0


def test_mean_over_joints_is_not_the_pooled_mean() -> None:
    seen = np.zeros((4, 16))
    seen[:, 0] = 2
    seen[0, 1] = 2
    scene = shifted([0.0, 50.0, 50.0, 50.0], seen=seen)
    assert values(Pck(), scene).get("PCKh@0.5") == 2 / 5
    assert values(Pck(mean=MeanOf.JOINTS), scene).get("PCKh@0.5") == (0.25 + 1) / 2


def test_zero_head_is_refused_with_its_place() -> None:
    scene = shifted([0.0, 0.0])
    bad = replace(scene.truth, people=scene.truth.people.with_columns(head=np.array([10.0, 0.0])))
    with pytest.raises(ValueRangeError, match=r"00001\.jpg#0: has a scale of 0 pixels") as caught:
        Pck().tally(Aligned(bad, scene.predictions))
    assert caught.value.code == "P304"
    assert values(Pck(zero=ZeroScale.WRONG), Aligned(bad, scene.predictions)).get("PCKh@0.5") == 0.5


def test_zero_head_overwritten_is_left_out_at_the_first_threshold_and_right_at_the_others() -> None:
    scene = shifted([5.0, 5.0])
    bad = replace(scene.truth, people=scene.truth.people.with_columns(head=np.array([10.0, 0.0])))
    found = values(Pck(at=(0.4, 0.1), zero=ZeroScale.OVERWRITTEN), Aligned(bad, scene.predictions))
    assert found.get("PCKh@0.4") == 0.0
    assert found.get("PCKh@0.1") == 0.5


def test_missing_heads_are_refused() -> None:
    with pytest.raises(MismatchError, match="2 of 2 people have no head") as caught:
        Pck().tally(pair_up(np.zeros((2, 16, 2)), np.zeros((2, 16, 2))))
    assert caught.value.code == "P410"


def test_an_unknown_scale_lists_the_choices() -> None:
    with pytest.raises(UsageError, match="one of torso, head, bbox") as caught:
        Pck(norm="nose").tally(shifted([0.0]))
    assert caught.value.code == "P119"


def test_two_people_in_a_frame_are_refused() -> None:
    scene = shifted([0.0, 0.0])
    crowd = scene.predictions.people.with_columns(frame=np.array([0, 0]))
    with pytest.raises(MismatchError, match="several predicted people") as caught:
        Pck().tally(Aligned(scene.truth, replace(scene.predictions, people=crowd)))
    assert caught.value.code == "P411"


def test_torso_needs_its_two_joints_unless_any_coordinates_may_span_it() -> None:
    seen = np.full((2, 16), 2)
    seen[0, MPII.index("left_shoulder")] = 0
    truth = np.zeros((2, 16, 2))
    truth[:, MPII.index("right_hip")] = [0, 10]
    scene = pair_up(truth, truth + 1.0, seen=seen)
    strict = values(Pck(norm="torso", at=(0.2,)), scene)
    assert (strict[0].value, strict[0].n) == (1.0, 16)
    assert strict[0].why == "1 person without a scale, not scored"
    assert values(Pck(norm="torso", at=(0.2,), ends=Ends.ANY), scene)[0].n == 31


def test_a_torso_under_one_pixel_is_the_predictions_under_ends_any() -> None:
    truth = np.zeros((1, 16, 2))
    predicted = truth.copy()
    predicted[0, MPII.index("right_hip")] = [0, 10]
    found = values(Pck(norm="torso", at=(1.0,), ends=Ends.ANY), pair_up(truth, predicted))
    assert found.get("PCK@1") == 1.0


def test_pdj_is_pck_by_the_torso_under_its_own_name() -> None:
    scene = random_pair(3)
    pdj, pck = values(Pdj(), scene), values(Pck(norm="torso", at=(0.2,)), scene)
    assert pdj.get("PDJ@0.2", "elbow") == pck.get("PCK@0.2", "elbow")
    assert [row.statistic for row in pdj if not row.joint] == [f"PDJ@0.{n}" for n in range(1, 6)]


def test_huge_coordinates_saturate() -> None:
    truth = np.full((1, 16, 2), 1e308)
    assert values(Pck(), pair_up(truth, -truth, head=[10.0])).get("PCKh@0.5") == 0.0


def test_single_skeletons_without_sides_get_no_kinds() -> None:
    truth = np.zeros((1, 68, 2))
    found = values(Pck(norm="pixels", at=(3.0,)), pair_up(truth, truth, "ibug68"))
    assert found.get("PCK@3") == 1.0
    assert len(found.where(joint="kpt-0")) == 1


def test_the_name_reads_back() -> None:
    metric = Pck("torso", (0.2, 0.1), Compare.LT, 0.5, leave_out=("pelvis",), head=("head_top", "neck"))
    text = "pck(norm=torso,at=0.2/0.1,compare=lt,curve_to=0.5,leave_out=pelvis,head=head_top/neck)"
    assert str(metric) == text
    assert parse(text) == metric
    assert Pck(per_joint=True).signature_form() == "pck(norm=head,at=0.5)"


def test_thresholds_called_by_another_number() -> None:
    scene = random_pair(1)
    found = values(Pck(at=(0.5, 0.11), called=(0.5, 0.1)), scene)
    assert found.get("PCKh@0.1") == values(Pck(at=(0.11,)), scene).get("PCKh@0.11")
    with pytest.raises(UsageError):
        values(Pck(at=(0.5, 0.11), called=(0.5,)), scene)


def test_weights_equal_copies() -> None:
    scene = random_pair(5, 6)
    weight = np.array([0, 1, 2, 3, 1, 0])
    copies = np.repeat(np.arange(6), weight)
    frames = scene.truth.frames.take(copies)
    frames = replace(frames, key=np.array([f"{i}" for i in range(len(copies))]))

    def copied(poses: PoseSet) -> PoseSet:
        people = poses.people.with_columns(frame=np.arange(6)).take(copies)
        return PoseSet(poses.skeleton, frames, people.with_columns(frame=np.arange(len(copies))))

    metric = Pck(at=(0.5, 0.1), curve_to=0.5)
    again = values(metric, Aligned(copied(scene.truth), copied(scene.predictions)))
    assert metric.reduce(metric.tally(scene), weight) == again


@pytest.mark.parametrize(
    ("name", "parameter"),
    [
        ("pck(norm=head,at=-1)", "at"),
        ("pck(norm=head,at=0.5,curve_to=-1)", "curve_to"),
        ("pck(norm=head,at=0.5,curve_to=0.5,curve_step=0)", "curve_step"),
        ("pck(norm=head,at=0.5,curve_to=1000000,curve_step=0.001)", "curve_step"),
        ("pck(norm=head,at=0.5,called=0.1/0.2)", "called"),
        ("auc(norm=pixels,limit=0,steps=20)", "limit"),
        ("auc(norm=pixels,limit=30,steps=0)", "steps"),
        ("auc(norm=pixels,limit=30,steps=100000000)", "steps"),
        ("pcp(at=-1,ends=strict)", "at"),
        ("nme(by=auto,at=0)", "at"),
        ("nme(by=auto,at=1e9,grid=pipnet)", "at"),
        ("nme(by=auto,bins=60/30)", "bins"),
        ("joint_ap(at=0)", "at"),
    ],
)
def test_parameters_that_cannot_be(name: str, parameter: str) -> None:
    with pytest.raises(UsageError, match=f"metric .*: {parameter}: cannot be") as caught:
        parse(name)
    assert caught.value.code == "P122"


@pytest.mark.parametrize("parameter", ["head", "leave_out"])
def test_joints_that_the_skeleton_does_not_have(parameter: str) -> None:
    scene = pair_up(np.zeros((1, 16, 2)), np.zeros((1, 16, 2)), head=[5.0])
    with pytest.raises(UsageError, match=rf"{parameter}: cannot be nose[\s\S]*joints of mpii16") as caught:
        values(parse(f"pck(norm=head,at=0.5,{parameter}=head_top/nose)"), scene)
    assert caught.value.code == "P122"


def test_rules_of_scales() -> None:
    ears = Pck(norm="joints", between=("left_hip", "right_hip"))
    truth = shifted([0.0]).truth
    rules = [metric.scale_rule(truth) for metric in (Pck(), Pck(norm="pixels"), ears)]
    assert rules == ["head", "", "left_hip/right_hip"]


def test_joints_between_which_nothing_is_measured_are_refused_by_name() -> None:
    with pytest.raises(UsageError, match="none") as caught:
        Pck(norm="joints")
    assert caught.value.code == "P122"
    with pytest.raises(UsageError, match="left_hip/right_hip"):
        Pck(between=("left_hip", "right_hip"))


def test_a_person_of_hidden_joints_without_a_scale_is_counted_as_such() -> None:
    seen = np.full((3, 16), 2)
    seen[0], seen[1] = 1, 0
    scene = shifted([0.0, 0.0, 0.0], seen=seen)
    head = scene.truth.people.with_columns(head=np.array([0.0, 0.0, 10.0]))
    metric = Pck(zero=ZeroScale.LEFT_OUT)
    tally = metric.tally(Aligned(replace(scene.truth, people=head), scene.predictions))
    assert tally.sum("unscaled") == 1
