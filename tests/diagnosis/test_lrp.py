"""LRP of people that stand alone, each found with a similarity that the test chooses."""

from __future__ import annotations

import math

import numpy as np
import pytest

from poseval.diagnosis.diagnose import diagnose
from poseval.diagnosis.error_types import AREA_RANGES, Scale, SizeRange, scene_of
from poseval.diagnosis.lrp import Lrp, lrp
from poseval.poses import Frames, People, PoseSet
from poseval.poses.aligned import Aligned
from poseval.skeletons import get_skeleton

COCO = get_skeleton("coco17")
AREA = 20000.0
FAR = 0.0  # similarity of a prediction that is nobody's


def alone(similarity: list[float], score: list[float], area: float = AREA, more: int = 0) -> Aligned:
    """One person and one prediction per frame, each joint with this similarity; `more` frames without one."""
    people = len(similarity) + more
    body = np.random.default_rng(0).uniform(0, 170, (17, 2))
    truth = np.repeat(body[None], people, axis=0)
    found = truth[: len(similarity)].copy()
    for row, wanted in enumerate(similarity):
        off = 2 * COCO.sigma_array * math.sqrt(-2 * math.log(wanted) * area) if wanted else 9000.0
        found[row, :, 0] += off
    box = np.concatenate([truth.min(axis=1), truth.max(axis=1)], axis=1)
    names = Frames(np.array([f"f{place}" for place in range(people)]))
    mine = People(xy=truth, frame=np.arange(people), area=np.full(people, area), box=box)
    size = np.full(len(found), area)
    theirs = People(xy=found, frame=np.arange(len(found)), score=np.array(score), area=size)
    return Aligned(PoseSet(COCO, names, mine), PoseSet(COCO, names, theirs))


def of(aligned: Aligned, size: SizeRange = AREA_RANGES[0]) -> Lrp:
    return lrp(scene_of(aligned, Scale.AREA), size)


def test_every_part_by_hand() -> None:
    """Two hits, one prediction that is nobody's above them, one person without any."""
    found = of(alone([FAR, 0.9, 0.7], [0.95, 0.9, 0.8], more=1))
    # Three predictions and four people: 2 hits, 1 false positive, 2 misses.
    assert found.olrp == pytest.approx(((0.1 + 0.3) / 0.5 + 1 + 2) / 5)
    assert found.localisation == pytest.approx((0.1 + 0.3) / 2)
    assert found.false_positive == pytest.approx(1 / 3)
    assert found.false_negative == pytest.approx(2 / 4)
    assert found.threshold == 0


def test_the_threshold_leaves_out_what_costs_more_than_it_gives() -> None:
    """Below 0.5 lie two predictions of nobody: any threshold from 0.41 to 0.8 is best, the first is taken."""
    found = of(alone([0.9, FAR, FAR], [0.8, 0.4, 0.4]))
    assert found.threshold == 0.41
    assert found.olrp == pytest.approx((0.1 / 0.5 + 2) / 3)
    assert found.false_positive == 0
    assert found.false_negative == pytest.approx(2 / 3)


def test_a_score_on_the_threshold_stays() -> None:
    found = of(alone([FAR, 1.0], [0.49, 0.5]))
    assert (found.threshold, found.olrp) == (0.5, 0.5)
    assert of(alone([FAR, 1.0], [0.98, 1.0])).threshold == 0.99


def test_nothing_found_has_no_place() -> None:
    """Where no prediction is worth keeping, every share that rests on predictions is undefined."""
    found = of(alone([FAR], [0.5]))
    assert (found.olrp, found.false_negative) == (1, 1)
    assert math.isnan(found.localisation)
    assert found.false_positive == 1
    found = of(alone([FAR], [-0.5]))
    assert math.isnan(found.false_positive)


def test_nobody_to_be_found_is_undefined() -> None:
    assert all(math.isnan(value) for value in vars(of(alone([0.9], [0.5], area=100.0))).values())


def test_people_of_other_sizes_drop_out() -> None:
    """A hit on a person of another size is neither right nor wrong."""
    aligned = alone([0.9, 0.8], [0.9, 0.8])
    size = np.array([5000.0, AREA])
    truth, found = aligned.truth, aligned.predictions
    # Similarities go with the area: the first prediction is exact, so that it stays a match.
    xy = found.people.xy.copy()
    xy[0] = truth.people.xy[0]
    aligned = Aligned(
        PoseSet(COCO, truth.frames, truth.people.with_columns(area=size)),
        PoseSet(COCO, truth.frames, found.people.with_columns(area=size, xy=xy)),
    )
    large = of(aligned, AREA_RANGES[2])
    assert large.olrp == pytest.approx(0.2 / 0.5)
    assert (large.false_positive, large.false_negative) == (0, 0)
    assert of(aligned, AREA_RANGES[1]).olrp == 0


def test_the_diagnosis_reports_it() -> None:
    aligned = alone([FAR, 0.9, 0.7], [0.95, 0.9, 0.8], more=1)
    found = diagnose(aligned)
    assert found.ranges[0].lrp == of(aligned)
    shown = found.to_dict()["ranges"][0]["lrp"]
    assert shown["olrp"] == of(aligned).olrp
    assert list(shown) == ["olrp", "localisation", "false_positive", "false_negative", "threshold"]
