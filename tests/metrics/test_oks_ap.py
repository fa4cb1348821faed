"""oks_ap: parameters, undefined values, per joint and per category, and the algebra of its tallies."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from poseval.errors import UsageError
from poseval.metrics import parse
from poseval.metrics.base import Need, Tally
from poseval.metrics.ex_oks import Edge, ExOks
from poseval.metrics.oks_ap import OksAp
from poseval.metrics.oks_scene import AreaSource, BodyPart, Categories, IgnoreBy
from poseval.poses.aligned import Aligned
from poseval.skeletons import Skeleton, get_skeleton
from tests.metrics.oks_people import JOINTS, SKELETON, aligned, boxes, copied, crowded, poses

VARIANTS = [
    OksAp(),
    OksAp(per_joint=True),
    OksAp(categories=Categories.POOLED, area=AreaSource.BOX, max_dets=2),
    OksAp(thresholds=(0.3, 0.75), ranges=("all:0:1e10", "tiny:0:1000"), ignore=IgnoreBy.FLAGS),
    ExOks(),
    ExOks(edge=Edge.SIDE, published=False),
]


def one_person(**changes: Any) -> Any:
    """One frame, one fully labelled person of area 4000, one exact detection."""
    xy = poses(np.random.default_rng(0), 1)
    truth = {"xy": xy, "area": np.array([4000.0]), "box": boxes(xy), **changes.pop("truth", {})}
    found = {"xy": xy, "score": np.array([0.9]), "area": np.array([4000.0]), **changes.pop("found", {})}
    return aligned([0], [0], 1, truth_columns=truth, found_columns=found, **changes)


@pytest.mark.parametrize("metric", VARIANTS, ids=str)
def test_the_name_parses_back(metric: OksAp) -> None:
    assert parse(str(metric)) == metric


def test_names_are_short_where_nothing_is_changed() -> None:
    assert str(OksAp()) == "oks_ap"
    assert str(OksAp(area=AreaSource.BOX, max_dets=10)) == "oks_ap(max_dets=10,area=box)"


@pytest.mark.parametrize(
    "wrong",
    [
        {"thresholds": ()},
        {"thresholds": (0.0,)},
        {"thresholds": (1.5,)},
        {"thresholds": tuple(np.linspace(0.1, 0.9, 65))},
        {"max_dets": 0},
        {"sigma": -0.1},
        {"sigma": math.inf},
        {"ranges": ()},
        {"ranges": ("all",)},
        {"ranges": ("all:9:1",)},
        {"ranges": ("all:0:1", "all:1:2")},
    ],
)
def test_parameters_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        OksAp(**wrong)
    assert caught.value.code == "P122"


def test_a_part_needs_a_whole_body_skeleton() -> None:
    with pytest.raises(UsageError) as caught:
        OksAp(part=BodyPart.FOOT).tally(one_person())
    assert caught.value.code == "P187"


def test_oks_does_not_guess_sigmas() -> None:
    bare = Skeleton("bare", SKELETON.joints, SKELETON.flip)
    with pytest.raises(UsageError) as caught:
        OksAp().tally(one_person(skeleton=bare))
    assert caught.value.code == "P112"


def test_area_from_boxes_needs_boxes_instead_of_areas() -> None:
    assert Need.AREA in OksAp().needs
    assert OksAp(area=AreaSource.BOX).needs == {Need.SCORES, Need.BOXES, Need.SIGMAS}
    assert replace(OksAp(area=AreaSource.BOX), area=AreaSource.FILE).needs == OksAp().needs


@pytest.mark.parametrize("metric", [OksAp(), ExOks()], ids=str)
def test_an_exact_detection_is_perfect_up_to_eps(metric: OksAp) -> None:
    values = metric.reduce(metric.tally(one_person()))
    assert values.get("AP") == 0.9999999999999998  # 1 / (1 + 2^-52), as the reference has it
    assert values.get("AR") == 1.0
    assert values.get("AP_M") == values.get("AP")


def test_undefined_numbers_say_why() -> None:
    values = OksAp().reduce(OksAp().tally(one_person()))
    (large,) = values.where(statistic="AP_L")
    assert math.isnan(large.value)
    assert large.n == 0
    assert large.why == "there is no person of range large"
    metric = OksAp(thresholds=(0.6,))
    (half,) = metric.reduce(metric.tally(one_person())).where(statistic="AP50")
    assert (half.why, math.isnan(half.value)) == ("0.5 is not among the thresholds", True)


def test_ranges_of_ones_own_are_named_after_themselves() -> None:
    metric = OksAp(ranges=("all:0:1e10", "mine:3999:4000"))
    found = metric.headline(metric.reduce(metric.tally(one_person())))
    assert list(found) == ["AP", "AP50", "AP75", "AP_mine", "AR", "AR50", "AR75", "AR_mine"]
    assert found["AP_mine"] == found["AP"]


def test_numbers_per_threshold_average_to_the_headline() -> None:
    scene = crowded(1)
    values = OksAp().reduce(OksAp().tally(scene))
    per_threshold = [row.value for row in values if row.statistic == "AP" and not math.isnan(row.threshold)]
    assert len(per_threshold) == 10
    assert np.mean(per_threshold) == pytest.approx(values.get("AP"), abs=1e-15)
    assert per_threshold[0] == values.get("AP50")


def test_categories_are_apart_unless_pooled() -> None:
    scene = crowded(2, categories=3)
    apart = OksAp().reduce(OksAp().tally(scene))
    rows = apart.where(statistic="AP", joint="")
    rows = [row for row in rows if row.slice]
    assert [row.slice for row in rows] == ["category:kind_1", "category:kind_2", "category:kind_3"]
    defined = [row.value for row in rows if not math.isnan(row.value)]
    assert np.mean(defined) == pytest.approx(apart.get("AP"), abs=1e-15)
    pooled = OksAp(categories=Categories.POOLED)
    values = pooled.reduce(pooled.tally(scene))
    assert values.get("AP") != apart.get("AP")
    assert not [row for row in values if row.slice]


def test_two_categories_have_a_row_each_and_one_has_none() -> None:
    one, two = (OksAp().reduce(OksAp().tally(crowded(2, categories=count))) for count in (1, 2))
    assert [row.slice for row in one if row.slice] == []
    assert [row.slice for row in two if row.slice] == ["category:kind_1", "category:kind_2"]


def test_a_category_unknown_to_the_truth_takes_no_part() -> None:
    scene = one_person(found={"category": np.array([7])})
    assert OksAp().reduce(OksAp().tally(scene)).get("AR") == 0.0
    assert len(OksAp().tally(scene).column("score")) == 0


def test_ignoring_goes_by_the_count_of_the_file_or_by_flags() -> None:
    scene = one_person(truth={"extra": {"num_keypoints": np.array([0])}})
    by_count, by_flags = OksAp(), OksAp(ignore=IgnoreBy.FLAGS)
    assert math.isnan(by_count.reduce(by_count.tally(scene)).get("AP"))
    assert by_flags.reduce(by_flags.tally(scene)).get("AR") == 1.0
    unknown = one_person(truth={"extra": {"num_keypoints": np.array([-1])}})
    assert by_count.reduce(by_count.tally(unknown)).get("AR") == 1.0


def test_detections_without_confidence_are_dropped_on_request() -> None:
    scene = one_person(found={"joint_score": np.zeros((1, JOINTS))})
    dropping = OksAp(drop_zero_confidence=True)
    assert OksAp().reduce(OksAp().tally(scene)).get("AR") == 1.0
    assert dropping.reduce(dropping.tally(scene)).get("AR") == 0.0
    not_given = one_person(found={"joint_score": np.full((1, JOINTS), np.nan)})
    assert dropping.reduce(dropping.tally(not_given)).get("AR") == 1.0


def test_a_joint_without_a_place_is_infinitely_far() -> None:
    xy = poses(np.random.default_rng(0), 1)
    lacking = xy.copy()
    lacking[0, 2] = np.nan
    scene = one_person(found={"xy": lacking, "seen": np.array([[2, 2, 0, 2, 2]]), "area": np.array([np.nan])})
    metric = OksAp(thresholds=(0.8, 0.81), per_joint=True)
    values = metric.reduce(metric.tally(scene))
    assert [row.value for row in values if row.statistic == "AR" and not math.isnan(row.threshold)] == [
        1.0,
        0.0,
    ]
    assert [row.value for row in values if row.statistic == "OKS"] == [1.0, 1.0, 0.0, 1.0, 1.0]


def test_nobody_is_measured_to_a_box_that_is_not_given() -> None:
    seen = np.zeros((1, JOINTS), dtype=np.int8)
    xy = poses(np.random.default_rng(0), 1)
    unboxed = one_person(truth={"seen": seen, "box": np.full((1, 4), np.nan)})
    boxed = one_person(truth={"seen": seen, "box": boxes(xy)})
    assert OksAp().tally(unboxed).column("skip")[0, 0] == 0
    assert OksAp().tally(boxed).column("skip")[0, 0] == 2**10 - 1


def test_parts_use_their_own_joints_and_scores() -> None:
    whole = get_skeleton("coco_wholebody133")
    xy = poses(np.random.default_rng(3), 1, 133)
    far = xy.copy()
    far[0, :17] += 500
    scores = {"foot_score": np.array([0.4]), "face_score": np.array([np.nan])}
    scene = one_person(truth={"xy": xy, "box": boxes(xy)}, found={"xy": far, "extra": scores}, skeleton=whole)
    found = {part: OksAp(part=part) for part in (BodyPart.BODY, BodyPart.FOOT, BodyPart.FACE)}
    recall = {part: metric.reduce(metric.tally(scene)).get("AR") for part, metric in found.items()}
    assert recall == {BodyPart.BODY: 0.0, BodyPart.FOOT: 1.0, BodyPart.FACE: 1.0}
    assert found[BodyPart.FOOT].tally(scene).column("score").tolist() == [0.4]
    assert found[BodyPart.FACE].tally(scene).column("score").tolist() == [0.9]


def test_per_joint_numbers_are_those_of_files_with_one_joint() -> None:
    scene = crowded(4, frames=20)
    metric = OksAp(per_joint=True)
    values = metric.reduce(metric.tally(scene))
    plain = OksAp().reduce(OksAp().tally(scene))
    assert [row for row in values if not row.joint] == [row._replace(metric=str(metric)) for row in plain]
    for k, joint in enumerate(SKELETON.joints):
        cut = [
            (people := side.people).with_columns(
                xy=people.xy[:, k : k + 1],
                seen=people.seen[:, k : k + 1],
                joint_score=people.joint_score[:, k : k + 1],
            )
            for side in (scene.truth, scene.predictions)
        ]
        one = Skeleton("one", (joint,), (0,), sigmas=(SKELETON.sigma_array[k],))
        sides = [
            replace(side, skeleton=one, people=people)
            for side, people in zip((scene.truth, scene.predictions), cut, strict=True)
        ]
        alone = OksAp()
        wanted = alone.reduce(alone.tally(type(scene)(*sides)))
        assert values.get("AP", joint=joint) == wanted.get("AP")


def test_a_joint_without_a_label_adds_nothing_to_its_similarity() -> None:
    tally = OksAp(per_joint=True).tally(crowded(4, frames=20))
    unlabelled = ~tally.column("joint_matched").astype(bool)
    assert unlabelled.any()
    assert not tally.column("joint_oks")[unlabelled].any()


def test_joint_oks_is_the_mean_over_counted_matches() -> None:
    scene = one_person()
    xy = scene.truth.people.xy.copy()
    xy[0, 1, 0] += 3.0
    moved = type(scene)(
        scene.truth, replace(scene.predictions, people=scene.predictions.people.with_columns(xy=xy))
    )
    metric = OksAp(per_joint=True)
    values = metric.reduce(metric.tally(moved))
    variance = (2 * 0.079) ** 2
    assert values.get("OKS", joint="joint_1") == pytest.approx(math.exp(-9 / variance / 4000 / 2), abs=1e-11)
    assert values.get("OKS", joint="joint_0") == 1.0


@pytest.mark.parametrize("metric", VARIANTS, ids=str)
@pytest.mark.parametrize("seed", range(6))
def test_weights_equal_physical_copies(metric: OksAp, seed: int) -> None:
    scene = crowded(seed, categories=2)
    weight = np.random.default_rng(seed).integers(0, 4, len(scene.truth.frames))
    by_weight = metric.reduce(metric.tally(scene), weight)
    by_copies = metric.reduce(metric.tally(copied(scene, weight)))
    assert by_weight == by_copies


@pytest.mark.parametrize("metric", VARIANTS, ids=str)
def test_tallies_of_shards_concatenate_to_the_whole(metric: OksAp) -> None:
    scene = crowded(7, frames=9, categories=2)
    whole = metric.reduce(metric.tally(scene))
    for count in (2, 4, 9):
        parts = [metric.tally(part) for part in scene.shards(count, "frame")]
        assert metric.reduce(Tally.concat(parts)) == whole


@pytest.mark.parametrize("metric", VARIANTS, ids=str)
def test_rows_of_some_frames_from_another_tally(metric: OksAp) -> None:
    """Half of the frames tallied with other scores and put back: as if all had been tallied together."""
    scene = crowded(7, frames=9, categories=2)
    people = scene.predictions.people
    rows = np.array([0, 3, 4, 8])
    there = np.isin(people.frame, rows)
    score = np.where(there, np.random.default_rng(1).random(len(people)), people.score)
    other = Aligned(scene.truth, replace(scene.predictions, people=people.with_columns(score=score)))
    some = other.truth.take_frames(rows)
    part = Aligned(some, replace(other.predictions.take_frames(rows), frames=some.frames))
    made = metric.tally(scene).with_units(rows, metric.tally(part))
    whole = metric.tally(other)
    assert metric.reduce(made) == metric.reduce(whole)
    assert made.column("score").tolist() != metric.tally(scene).column("score").tolist()
    for name, table in whole.tables.items():
        np.testing.assert_array_equal(made.tables[name].unit, table.unit)


@pytest.mark.parametrize("metric", VARIANTS, ids=str)
def test_headlines_under_many_weights_are_those_of_single_ones(metric: OksAp) -> None:
    scene = crowded(5, frames=12, categories=3)
    tally = metric.tally(scene)
    weights = np.random.default_rng(1).integers(0, 3, (37, 12))
    found = metric.reduce_headlines(tally, weights)
    assert len(found) == 37
    for values, weight in zip(found, weights, strict=True):
        assert metric.headline(values) == pytest.approx(
            metric.headline(metric.reduce(tally, weight)), abs=0, nan_ok=True
        )
        assert [row.n for row in values] == [row.n for row in metric.reduce_headline(tally, weight)]
