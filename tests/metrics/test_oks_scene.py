"""What the OKS metrics see of people, joints alone against loops, and the curves that are drawn."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from poseval.errors import UsageError
from poseval.metrics.oks_ap import OksAp
from poseval.metrics.oks_scene import (
    AreaSource,
    BodyPart,
    Categories,
    IgnoreBy,
    SceneRules,
    box_sizes,
    scene_of,
)
from poseval.poses import Frames, People, PoseSet
from poseval.poses.aligned import Aligned
from poseval.skeletons import Skeleton
from tests.metrics.oks_people import JOINTS, SKELETON, aligned, crowded
from tests.oracles import coco_matching as twin

EVERY = np.array([[0.0, 1e10]])


def people(count: int = 3, frames: int = 1, **truth: Any) -> Aligned:
    """People in frame 0 and exact detections of them."""
    xy = np.random.default_rng(0).uniform(0, 50, (count, JOINTS, 2))
    base = {"xy": xy, "area": np.full(count, 900.0), "box": np.tile([1.0, 2.0, 11.0, 22.0], (count, 1))}
    found = {"xy": xy, "score": np.linspace(1, 0.5, count), "area": np.full(count, 900.0)}
    rows = [0] * count
    return aligned(rows, rows, frames, truth_columns={**base, **truth}, found_columns=found)


def with_found(scene: Aligned, **columns: Any) -> Aligned:
    changed = scene.predictions.people.with_columns(**columns)
    return Aligned(scene.truth, replace(scene.predictions, people=changed))


def test_who_is_ignored() -> None:
    seen = np.full((5, JOINTS), 2, dtype=np.int8)
    seen[1] = 0
    seen[2, 1:] = 0
    crowd = np.array([False, False, False, True, False])
    count = {"num_keypoints": np.array([5, -1, 0, 3, 1])}
    scene = people(5, seen=seen, crowd=crowd, extra=count)
    by_count = scene_of(scene, SceneRules()).targets
    assert by_count.ignored.tolist() == [False, True, True, True, False]
    assert by_count.crowd.tolist() == crowd.tolist()
    by_flags = scene_of(scene, SceneRules(ignore=IgnoreBy.FLAGS)).targets
    assert by_flags.ignored.tolist() == [False, True, False, True, False]
    plain = scene_of(people(5, seen=seen), SceneRules()).targets
    assert plain.ignored.tolist() == [False, True, False, False, False]


def test_areas_and_boxes() -> None:
    box = np.array([[1.0, 2.0, 11.0, 22.0], [0.0, 0.0, np.nan, 5.0], [3.0, 3.0, 4.0, 5.0]])
    given = people(3, box=box)
    targets = scene_of(given, SceneRules()).targets
    assert targets.area.tolist() == [900.0] * 3
    assert targets.box.tolist() == [[1, 2, 10, 20], [np.inf, np.inf, 0, 0], [3, 3, 1, 2]]
    by_box = scene_of(given, SceneRules(area=AreaSource.BOX)).targets
    assert by_box.area[0] == pytest.approx(0.53 * 200)
    # Width and height as the file has them go before corners.
    sized = people(3, box=box, extra={"box_size": np.array([[8, 9], [1, 1], [2, 2]])})
    assert box_sizes(sized.truth.people).tolist() == [[8, 9], [1, 1], [2, 2]]
    assert scene_of(sized, SceneRules(area=AreaSource.BOX)).targets.area[0] == pytest.approx(0.53 * 72)


def test_identity_zero_is_unseen_only_where_the_rules_say_so() -> None:
    scene = people(3, source_id=np.array([0, 1, 7]))
    assert scene_of(scene, SceneRules(id_zero=True)).targets.unseen.tolist() == [True, False, False]
    assert not scene_of(scene, SceneRules()).targets.unseen.any()


def test_detections_without_an_area_take_that_of_their_joints() -> None:
    scene = with_found(people(3), area=np.array([np.nan, 5.0, np.nan]))
    detections = scene_of(scene, SceneRules()).detections
    sides = np.ptp(scene.predictions.people.xy, axis=1)
    assert detections.area == pytest.approx([sides[0].prod(), 5.0, sides[2].prod()])


def test_joints_without_a_place_are_infinitely_far() -> None:
    scene = people(3)
    xy = scene.predictions.people.xy.copy()
    xy[1, 2] = np.nan
    seen = np.full((3, JOINTS), 2, dtype=np.int8)
    seen[1, 2] = 0
    detections = scene_of(with_found(scene, xy=xy, seen=seen), SceneRules()).detections
    assert np.isinf(detections.xy[1, 2]).all()
    assert np.isfinite(np.delete(detections.xy.reshape(-1, 2), JOINTS + 2, axis=0)).all()


def test_scores_of_a_part_go_before_those_of_people() -> None:
    scene = with_found(people(3), extra={"all_score": np.array([0.1, np.nan, 0.3])})
    assert scene_of(scene, SceneRules()).detections.score.tolist() == [0.1, 0.75, 0.3]


def test_detections_without_any_confidence_take_no_part() -> None:
    some = [np.nan, 0.0, 0, 0, np.nan]
    score = np.array([[0.0] * JOINTS, [0.0, 0.2, 0, 0, 0], [-1.0] * JOINTS, [np.nan] * JOINTS, some])
    scene = with_found(people(5), joint_score=score)
    assert scene_of(scene, SceneRules(drop_zero_confidence=True)).poses.row.tolist() == [1, 3]
    assert scene_of(scene, SceneRules()).poses.row.tolist() == [0, 1, 2, 3, 4]


def test_categories_are_cells_of_their_own_unless_pooled() -> None:
    rng = np.random.default_rng(1)
    xy = rng.uniform(0, 50, (5, JOINTS, 2))
    scene = aligned(
        [0, 0, 1, 2, 2],
        [0, 1, 1, 2, 2],
        3,
        truth_columns={"xy": xy, "area": np.full(5, 9.0), "category": np.array([7, 3, 3, 7, 3])},
        found_columns={"xy": xy, "score": np.ones(5), "category": np.array([3, 3, 9, 7, 1])},
        categories={7: "dog", 3: "cat"},
    )
    made = scene_of(scene, SceneRules())
    assert made.categories == ("cat", "dog")
    cells = list(zip(made.unit.tolist(), made.category.tolist(), strict=True))
    assert cells == [(0, 0), (0, 1), (1, 0), (2, 0), (2, 1)]
    assert made.people.row.tolist() == [1, 0, 2, 4, 3]
    assert made.people.start.tolist() == [0, 1, 2, 3, 4, 5]
    # The categories 9 and 1 are not the truth's.
    assert made.poses.row.tolist() == [0, 1, 3]
    assert made.poses.start.tolist() == [0, 1, 1, 2, 2, 3]
    pooled = scene_of(scene, SceneRules(categories=Categories.POOLED))
    assert (pooled.categories, pooled.unit.tolist()) == (("",), [0, 1, 2])
    assert pooled.poses.row.tolist() == [0, 1, 2, 3, 4]


def test_one_category_is_one_cell_per_frame_unless_people_have_another() -> None:
    assert scene_of(people(3, 2), SceneRules()).unit.tolist() == [0, 1]
    other = with_found(people(3, 2), category=np.array([1, 1, 5]))
    made = scene_of(other, SceneRules())
    assert made.poses.row.tolist() == [0, 1]
    assert made.categories == ("person",)
    first = with_found(people(3, 2), category=np.array([5, 5, 5]))
    assert len(scene_of(first, SceneRules()).poses.row) == 0


def test_parts_of_whole_bodies() -> None:
    ends = {
        133: {
            "body": (0, 17),
            "foot": (17, 23),
            "face": (23, 91),
            "lefthand": (91, 112),
            "righthand": (112, 133),
        },
        136: {
            "body": (0, 20),
            "foot": (20, 26),
            "face": (26, 94),
            "lefthand": (94, 115),
            "righthand": (115, 136),
        },
    }
    for count, parts in ends.items():
        names = tuple(f"j{k}" for k in range(count))
        skeleton = Skeleton(
            "whole", names, tuple(range(count)), sigmas=tuple(0.01 + k / 1e4 for k in range(count))
        )
        xy = np.arange(count * 2.0).reshape(1, count, 2)
        frames = Frames(np.array(["a"]))
        both = PoseSet(skeleton, frames, People(xy=xy, frame=np.array([0]), score=[1.0], area=[9.0]))
        hands = {
            "hand": (parts["lefthand"][0], parts["righthand"][1]),
            "wholebody": (0, count),
            "all": (0, count),
        }
        for part, (first, last) in {**parts, **hands}.items():
            made = scene_of(Aligned(both, both), SceneRules(part=BodyPart(part)))
            assert made.joints == names[first:last]
            assert made.sigmas.tolist() == list(skeleton.sigmas or ())[first:last]
            assert made.targets.xy.tolist() == xy[:, first:last].tolist()
            assert made.detections.xy.tolist() == xy[:, first:last].tolist()
    with pytest.raises(UsageError):
        scene_of(people(), SceneRules(part=BodyPart.HAND))


@pytest.mark.parametrize("seed", range(3))
def test_oks_of_each_joint_is_its_mean_over_counted_matches_at_the_lowest_threshold(seed: int) -> None:
    metric = OksAp(thresholds=(0.75, 0.3), per_joint=True, ranges=("all:0:1e10",))
    sides = crowded(seed)
    scene = scene_of(sides, SceneRules())
    found = metric.reduce(metric.tally(sides))
    total, count = np.zeros(JOINTS), np.zeros(JOINTS, dtype=int)
    rules = (scene.sigmas, np.array([0.3]), EVERY, 20)
    for cell in twin.match(scene.detections, scene.poses, scene.targets, scene.people, *rules):
        for pose, person, skip in zip(cell["row"], cell["matched"][0, 0], cell["skip"][0, 0], strict=True):
            if person < 0 or skip:
                continue
            for k in np.flatnonzero(scene.targets.labelled[person]):
                x, y = scene.detections.xy[pose, k] - scene.targets.xy[person, k]
                variance = 2 * (2 * scene.sigmas[k]) ** 2 * scene.targets.area[person]
                total[k] += math.exp(-(x * x + y * y) / variance)
                count[k] += 1
    for k in range(JOINTS):
        row = found.where(statistic="OKS", joint=f"joint_{k}")[0]
        assert row.n == count[k]
        assert row.value == pytest.approx(total[k] / count[k], abs=1e-9)


@pytest.mark.parametrize("seed", range(2))
def test_ap_of_each_joint_is_that_of_files_with_this_joint_alone(seed: int) -> None:
    sides = crowded(seed)
    found = OksAp(per_joint=True).reduce(OksAp(per_joint=True).tally(sides))
    for k in range(JOINTS):
        one = Skeleton("one", (f"joint_{k}",), (0,), sigmas=(SKELETON.sigma_array[k],))

        def alone(poses: PoseSet, k: int = k, one: Skeleton = one) -> PoseSet:
            whole = poses.people
            kept = {name: getattr(whole, name)[:, [k]] for name in ("xy", "seen", "joint_score")}
            rest = {
                name: getattr(whole, name) for name in ("frame", "score", "area", "box", "crowd", "category")
            }
            return PoseSet(one, poses.frames, People(**kept, **rest), categories=poses.categories)

        wanted = OksAp(ranges=("all:0:1e10",)).tally(Aligned(alone(sides.truth), alone(sides.predictions)))
        row = found.where(statistic="AP", joint=f"joint_{k}")[0]
        assert row.value == pytest.approx(OksAp(ranges=("all:0:1e10",)).reduce(wanted).get("AP"))
        assert row.n == int((sides.truth.people.seen[:, k] > 0)[~sides.truth.people.crowd].sum())


def test_a_joint_that_nobody_has_says_so() -> None:
    seen = np.full((3, JOINTS), 2, dtype=np.int8)
    seen[:, 1] = 0
    metric = OksAp(per_joint=True)
    scene = people(3, seen=seen)
    found = metric.reduce(metric.tally(scene)).where(joint="joint_1")
    assert [(row.statistic, row.why, row.n) for row in found] == [
        ("OKS", "no match has this joint labelled", 0),
        ("AP", "no person has this joint labelled", 0),
    ]
    (other,) = metric.reduce(metric.tally(scene)).where(joint="joint_0", statistic="AP")
    assert (other.why, other.n) == ("", 3)


def test_what_is_drawn_is_the_precision_of_each_threshold() -> None:
    metric = OksAp(thresholds=(0.5, 0.9), ranges=("all:0:1e10",))
    tally = metric.tally(crowded(4))
    drawn = metric.ranking(tally)
    assert drawn.labels == ("OKS 0.50", "OKS 0.90")
    assert drawn.precision.tolist() == metric.curves(tally).precision[:, :, 0, 0].tolist()
    assert drawn.recall.tolist() == np.linspace(0, 1, 101).tolist()
    hit = (tally.column("hit")[:, 0] & np.uint64(1)) > 0
    skip = (tally.column("skip")[:, 0] & np.uint64(1)) > 0
    assert skip.any()
    assert (hit & skip).any() == np.False_
    assert drawn.score.tolist() == tally.column("score")[~skip].tolist()
    assert drawn.hit.tolist() == hit[~skip].tolist()
    assert 0 < drawn.hit.sum() < len(drawn.hit)


def test_the_mean_curve_leaves_out_categories_without_people() -> None:
    metric = OksAp(ranges=("all:0:1e10",))
    tally = metric.tally(crowded(4, categories=2))
    every = metric.curves(tally).precision[:, :, :, 0]
    assert metric.ranking(tally).precision == pytest.approx(every.mean(axis=2))
    scene = people(2)
    known = Aligned(
        replace(scene.truth, categories={1: "person", 2: "dog"}),
        replace(scene.predictions, categories={1: "person", 2: "dog"}),
    )
    drawn = metric.ranking(metric.tally(known)).precision
    assert drawn == pytest.approx(metric.ranking(metric.tally(scene)).precision)
    nobody = metric.ranking(metric.tally(people(2, crowd=np.array([True, True]))))
    assert np.isnan(nobody.precision).all()


def test_bounds_of_parameters() -> None:
    assert len(OksAp(thresholds=tuple(np.linspace(0.1, 1.0, 64))).thresholds) == 64
    assert OksAp(max_dets=1).max_dets == 1
    assert OksAp(ranges=("all:0:0",)).bounds.tolist() == [[0.0, 0.0]]
    assert OksAp().bounds.tolist() == [[0.0, 1e10], [1024.0, 9216.0], [9216.0, 1e10]]
    for sigma in (-0.01, math.inf, math.nan):
        with pytest.raises(UsageError):
            OksAp(sigma=sigma)
    for wrong in (":0:1", "all:-1:1"):
        with pytest.raises(UsageError):
            OksAp(ranges=(wrong,))


def test_other_numbers_of_detections_are_not_summarised_where_the_reference_does_not() -> None:
    metric = OksAp(max_dets=19, only_20=True)
    row = metric.reduce(metric.tally(people()))[0]
    assert math.isnan(row.value)
    assert "C12" in row.why
    twenty = OksAp(only_20=True)
    assert twenty.reduce(twenty.tally(people())).get("AP") == pytest.approx(1)


def test_the_least_area_keeps_similarity_defined() -> None:
    """2^-52 is added to an area of three times that; every joint is off by an exponent of a tenth."""
    size = float(np.spacing(1.0))
    xy = np.zeros((1, JOINTS, 2))
    scene = people(1, xy=xy, area=np.array([3 * size]))
    off = xy.copy()
    off[0, :, 0] = np.sqrt(0.1 * 2 * (2 * SKELETON.sigma_array) ** 2 * 4 * size)
    metric = OksAp(thresholds=(0.5,), per_joint=True, ranges=("all:0:1e10",))
    found = metric.reduce(metric.tally(with_found(scene, xy=off)))
    for k in range(JOINTS):
        assert found.get("OKS", f"joint_{k}") == pytest.approx(math.exp(-0.1), abs=1e-9)


def test_detections_outside_skip_where_they_hit_nobody_and_no_others_do() -> None:
    made = scene_of(people(2), SceneRules())
    xy = made.detections.xy.copy()
    xy[1] += 5000  # hits nobody
    missed = replace(made, detections=replace(made.detections, xy=xy))
    thresholds = np.array([0.5, 0.9])
    for outside, skip in (([0, 0], [0, 0]), ([1, 0], [0, 0]), ([0, 1], [0, 3]), ([1, 1], [0, 3])):
        found = replace(missed, outside=np.array(outside, dtype=bool)).match(thresholds, EVERY, 20)
        assert found.row.tolist() == [0, 1]
        assert found.hit[:, 0].tolist() == [3, 0]
        assert (found.skip[:, 0] & np.uint64(3)).tolist() == skip  # a bit for each threshold
