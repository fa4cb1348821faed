"""The tracking kernels against their plain twins, and scenes small enough to work out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.optimize import linear_sum_assignment

from poseval.kernels.tracking import HIT, UNASSIGNED, UNLABELLED, Scene, Side, dense_tracks
from tests.kernels.tracking_scenes import Film, Frame, Person, random_film, seeds
from tests.oracles import tracking as twin

ALPHAS = np.arange(1, 20) * 5 / 100
GATE = 0.5
SOME = settings(max_examples=150, deadline=None)


def person(track: int, *x: float, head: float = 1.0) -> Person:
    """Joints on the x axis; None (NaN) is absent."""
    values = np.array(x, dtype=float)
    xy = np.stack([np.nan_to_num(values), np.zeros(len(x))], axis=1)
    return Person(track, xy, ~np.isnan(values), head)


def film(*frames: tuple[list[Person], list[Person]], joints: int = 1) -> Film:
    return Film([[Frame(truth, predictions) for truth, predictions in frames]], joints)


@SOME
@given(seed=seeds)
def test_best_pose_equals_its_twin(seed: int) -> None:
    scene = random_film(seed, crowd=5)
    owned, label = scene.scene().best_pose(GATE)
    wanted_owned, wanted_label = twin.best_pose(scene, GATE)
    assert owned.tolist() == wanted_owned
    np.testing.assert_array_equal(label, wanted_label)


@SOME
@given(seed=seeds)
def test_identity_equals_its_twin(seed: int) -> None:
    scene = random_film(seed)
    found = scene.scene().identity(GATE)
    for u, row in enumerate(twin.identity(scene, GATE)):
        for j, (matched, objects, hypotheses) in enumerate(row):
            assert found["matched"][u, j] == matched
            assert found["objects"][u, j] == objects
            assert found["hypotheses"][u, j] == hypotheses


@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize("grid", [True, False])
@SOME
@given(seed=seeds)
def test_hota_equals_its_twin(seed: int, grid: bool, aligned: bool) -> None:
    scene = random_film(seed, grid=grid)
    found = scene.scene().hota(ALPHAS, 0.5001, aligned=aligned)
    for u, row in enumerate(twin.hota(scene, ALPHAS, 0.5001, aligned=aligned)):
        for j, wanted in enumerate(row):
            np.testing.assert_array_equal(found["matched"][u, j], wanted["matched"])
            for name in (
                "association",
                "association_recall",
                "association_precision",
                "fragments",
                "similarity",
            ):
                np.testing.assert_allclose(
                    found[name][u, j], wanted[name], rtol=1e-12, atol=1e-12, err_msg=name
                )


@SOME
@given(seed=seeds)
def test_gated_assignment_takes_the_most_pairs_then_the_least_sum(seed: int) -> None:
    """One frame, one joint, all tracks new: matches are those of the assignment alone."""
    rng = np.random.default_rng(seed)
    truth = [person(i, x) for i, x in enumerate(rng.uniform(0, 3, int(rng.integers(1, 6))))]
    predictions = [person(i, x) for i, x in enumerate(rng.uniform(0, 3, int(rng.integers(1, 6))))]
    scene = film((truth, predictions))
    distance = scene.frames[0].distance(0)
    cost = np.where(distance <= GATE, distance, 1e6)
    rows, columns = linear_sum_assignment(cost)
    kept = cost[rows, columns] < 1e6
    found = scene.scene().clear(GATE)
    assert found["detections"][0, 0] == kept.sum()
    assert found["matched_distance"][0, 0] == pytest.approx(cost[rows, columns][kept].sum(), abs=1e-12)


@pytest.mark.parametrize("pairs", [[-100.0, -1.0, -1.0], [0.0, 10.0, 10.0]])
def test_more_pairs_beat_a_lesser_sum(pairs: list[float]) -> None:
    scene = film(([person(0, 0), person(1, 0)], [person(5, 0), person(6, 0)])).scene()
    scene.use_pairs(np.array([*pairs, np.nan]))
    found = scene.clear(10.0)
    assert found["detections"][0, 0] == 2
    assert found["matched_distance"][0, 0] == sum(pairs[1:])


def test_people_of_frames_that_lack_the_other_side_are_counted() -> None:
    scene = film(
        ([person(0, 0)], []),
        ([], [person(5, 0), person(6, 0)]),
        ([person(0, 0)], [person(5, 0)]),
    )
    found = scene.scene().hota(ALPHAS, 0.5001, aligned=True)
    assert (found["objects_alone"][0, 0], found["hypotheses_alone"][0, 0]) == (1, 2)


def test_a_pose_belongs_to_the_best_of_those_that_choose_it() -> None:
    scene = film(
        (
            [person(0, 0, 0, 0), person(1, 9, 9, np.nan)],
            [person(5, 0, 0, 3), person(6, 0, 0, 0), person(7, 9, 3, 4)],
        ),
        joints=3,
    )
    owned, label = scene.scene().best_pose(GATE)
    assert owned.tolist() == [-1, 0, 1]
    assert label[0].tolist() == [UNASSIGNED] * 3
    assert label[2].tolist()[2] == UNLABELLED
    assert label[1].tolist() == [HIT] * 3


def test_carry_over_beats_a_nearer_newcomer() -> None:
    scene = film(
        ([person(0, 0)], [person(5, 0.1)]),
        ([person(0, 0)], [person(6, 0.0), person(5, 0.4)]),
    )
    found = scene.scene().clear(GATE)
    assert found["switches"][0, 0] == 0
    assert found["false_positives"][0, 0] == 1
    assert found["matched_distance"][0, 0] == pytest.approx(0.5)


def test_a_switch_after_any_gap_and_its_fragment() -> None:
    far = ([person(0, 0)], [person(5, 9)])
    scene = film(([person(0, 0)], [person(5, 0)]), far, far, ([person(0, 0)], [person(6, 0)]))
    found = scene.scene().clear(GATE)
    counts = {
        name: int(found[name][0, 0]) for name in ("switches", "misses", "fragments", "detections", "objects")
    }
    assert counts == {"switches": 1, "misses": 2, "fragments": 1, "detections": 2, "objects": 4}
    assert found["partly_tracked"][0, 0] == 1


def test_dummies_and_the_last_frame() -> None:
    frames = (([person(0, 0), person(1, 3)], []), ([person(0, 0)], [person(5, 0)]))
    own = film(*frames).scene().clear(GATE)
    assert (own["misses"][0, 0], own["false_positives"][0, 0], own["objects"][0, 0]) == (2, 0, 3)
    dummy = film(*frames).scene().clear(GATE, dummies=True, skip_last_frame=True)
    assert (dummy["misses"][0, 0], dummy["false_positives"][0, 0], dummy["objects"][0, 0]) == (1, 1, 1)


def test_a_head_of_size_zero_matches_nothing() -> None:
    scene = film(([person(0, 1, head=0.0)], [person(5, 1)]))
    assert scene.scene().clear(GATE)["detections"][0, 0] == 0
    assert scene.scene().hota(ALPHAS, 0.5001, aligned=True)["matched"].sum() == 0
    assert scene.scene().best_pose(GATE)[0].tolist() == [-1]


def test_dense_tracks_keep_the_order_of_ids() -> None:
    unit, track = np.array([0, 0, 0, 1, 1]), np.array([70, 5, 70, 70, 2])
    dense, count, raw = dense_tracks(unit, track, 3)
    assert dense.tolist() == [1, 0, 1, 1, 0]
    assert count.tolist() == [2, 2, 0]
    assert raw.tolist() == [5, 70, 2, 70]


def test_columns_that_do_not_fit_are_refused() -> None:
    side = Side(np.array([0, 1]), np.ones((1, 2), dtype=bool), np.zeros(1, dtype=np.int64))
    other = Side(np.array([0, 1]), np.ones((1, 3), dtype=bool), np.zeros(1, dtype=np.int64))
    with pytest.raises(ValueError, match="do not fit"):
        Scene(np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64), 1, side, other)
    scene = Scene(np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64), 1, side, side)
    with pytest.raises(ValueError, match="do not fit"):
        scene.use_joints(np.zeros((1, 2, 2)), np.zeros((2, 2, 2)), np.ones(1))
    with pytest.raises(ValueError, match="do not fit"):
        scene.use_pairs(np.zeros(1))


def test_thousands_of_one_frame_tracks_stay_cheap() -> None:
    """Groups of tracks that never meet are matched apart; a common matrix would hold 16 million cells."""
    count = 4000
    frames = [([person(t, 0)], [person(t, 0.1)]) for t in range(count)]
    found = film(*frames).scene().identity(GATE)
    assert found["matched"][0, 0] == count
