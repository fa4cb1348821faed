"""Classes of joints and what errors cost, against plain loops on random frames."""

from __future__ import annotations

import numpy as np
import pytest

from poseval.diagnosis.error_types import AREA_RANGES, Fault, Scale, label, match_scene, scene_of
from poseval.diagnosis.gains import STAGES, STEPS, fixed, gains
from poseval.diagnosis.lrp import lrp
from poseval.diagnosis.optimal_scores import Suppression
from tests.diagnosis.crowded import crowded
from tests.oracles import diagnosis as twin

SEEDS = range(4)


@pytest.mark.parametrize("corrected", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_classes_and_fixed_joints(seed: int, corrected: bool) -> None:
    scene = scene_of(crowded(seed), Scale.AREA)
    found = match_scene(scene, np.array([0.1]), AREA_RANGES)
    kinds: set[Fault] = set()
    for place, size in enumerate(AREA_RANGES):
        ours, wanted = label(scene, found, place, corrected), twin.classes(scene, size, corrected)
        pairs = list(zip(ours.prediction.tolist(), ours.person.tolist(), strict=True))
        assert sorted(pairs) == sorted(wanted)
        for row, pair in enumerate(pairs):
            assert ours.fault[row].tolist() == [kind for kind, _ in wanted[pair]]
            assert ours.best[row] == pytest.approx([best for _, best in wanted[pair]], rel=1e-12)
            kinds |= {kind for kind, _ in wanted[pair]}
        own = fixed(scene, ours, STEPS[:3], corrected)
        assert own == pytest.approx(twin.put_right(scene, wanted, STEPS[:3], corrected), rel=1e-12)
        table = ours.counts()
        assert table.tolist() == [(ours.fault == kind).sum(axis=0).tolist() for kind in range(6)]
    assert kinds == set(Fault)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("place", "corrected"), [(0, False), (1, True), (2, False)])
def test_stages(seed: int, place: int, corrected: bool) -> None:
    scene, size = scene_of(crowded(seed), Scale.AREA), AREA_RANGES[place]
    found = match_scene(scene, np.array([0.1]), AREA_RANGES)
    ours = gains(Suppression.of(scene), label(scene, found, place, corrected), size, corrected)
    labels = twin.classes(scene, size, corrected)
    base, score = scene.detections.xy, scene.detections.score
    together = [twin.stage(scene, size, base, score)]
    alone = [together[0]]
    for step in range(4):
        xy = twin.put_right(scene, labels, STEPS[: step + 1], corrected)
        together.append(twin.stage(scene, size, xy, score))
        alone.append(
            twin.stage(scene, size, twin.put_right(scene, labels, STEPS[step : step + 1], corrected), score)
        )
    best, _ = twin.best_scores(scene, size, xy)
    together.append(twin.stage(scene, size, xy, best))
    together.append(twin.stage(scene, size, xy, best, background=False))
    together.append(twin.stage(scene, size, xy, best, background=False, missed=False))
    alone.append(twin.stage(scene, size, base, twin.best_scores(scene, size, base)[0]))
    alone.append(twin.stage(scene, size, base, score, background=False))
    alone.append(twin.stage(scene, size, base, score, missed=False))
    for stages, wanted in ((ours.cumulative, together), (ours.independent, alone)):
        assert [stage.name for stage in stages] == list(STAGES)
        for stage, (ap, recall, *_) in zip(stages, wanted, strict=True):
            assert stage.ap == pytest.approx(ap, abs=1e-12, nan_ok=True), stage.name
            assert stage.recall == pytest.approx(recall, abs=1e-12, nan_ok=True), stage.name
    _, _, background, missed, unmatched = together[5]
    assert ours.false_positives.tolist() == background
    assert ours.missed.tolist() == missed
    assert ours.unmatched.tolist() == unmatched


@pytest.mark.parametrize("seed", SEEDS)
def test_optimal_scores(seed: int) -> None:
    scene = scene_of(crowded(seed), Scale.AREA)
    for size in AREA_RANGES:
        scores, best = Suppression.of(scene).optimal_scores(size)
        wanted, highest = twin.best_scores(scene, size, scene.detections.xy)
        assert best == pytest.approx(highest, rel=1e-12)
        assert scores == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_lrp(seed: int) -> None:
    scene = scene_of(crowded(seed), Scale.AREA)
    for size in AREA_RANGES:
        ours = tuple(vars(lrp(scene, size)).values())
        assert ours == pytest.approx(twin.lrp(scene, size), abs=1e-12, nan_ok=True)


def test_people_without_extent_have_scores() -> None:
    """All joints in one place, twice: the two are the same, and one of them lowers the other."""
    sides = crowded(0)
    first = np.flatnonzero(sides.predictions.people.frame == sides.predictions.people.frame[0])[:2]
    xy = sides.predictions.people.xy.copy()
    xy[first] = sides.truth.people.xy[0, 0]
    scene = scene_of(sides, Scale.AREA)
    scores, best = Suppression.of(scene).moved(xy).optimal_scores(AREA_RANGES[0])
    assert np.isfinite(scores).all()
    assert (scores <= best).all()


def test_gains_are_those_of_the_reference_by_default() -> None:
    scene, size = scene_of(crowded(1), Scale.AREA), AREA_RANGES[0]
    labels = label(scene, match_scene(scene, np.array([0.1]), AREA_RANGES), 0)
    plain, reference, corrected = (
        gains(Suppression.of(scene), labels, size),
        gains(Suppression.of(scene), labels, size, False),
        gains(Suppression.of(scene), labels, size, True),
    )
    aps = [str([stage.ap for stage in found.independent]) for found in (plain, reference, corrected)]
    assert aps[0] == aps[1] != aps[2]
