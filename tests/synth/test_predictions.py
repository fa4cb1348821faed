"""Perturbed predictions: seeded, and each fault appears in the share asked for."""

from __future__ import annotations

import numpy as np
import pytest

from poseval.errors import UsageError
from poseval.synth import perturb, scene_set

CLEAN = {
    "jitter": 0.0,
    "gross": 0.0,
    "inversion": 0.0,
    "swap": 0.0,
    "missed_people": 0.0,
    "false_positives": 0.0,
    "duplicates": 0.0,
    "switches": 0.0,
}


def test_same_seed_same_predictions() -> None:
    truth = scene_set(1, 20, 3)
    a, b, c = perturb(truth, 4), perturb(truth, 4), perturb(truth, 5)
    np.testing.assert_array_equal(a.people.xy, b.people.xy)
    np.testing.assert_array_equal(a.people.score, b.people.score)
    assert len(a) != len(c) or not np.array_equal(a.people.xy, c.people.xy)


def test_without_faults_the_truth_comes_back() -> None:
    truth = scene_set(1, 20, 3)
    clean = perturb(truth, 0, **CLEAN)
    assert len(clean) == len(truth)
    for frame in range(len(truth.frames)):
        mine = clean.people.xy[clean.people.frame == frame]
        rows = np.flatnonzero(truth.people.frame == frame)
        for row in rows:
            seen = truth.people.seen[row] > 0
            assert min(np.abs(pose[seen] - truth.people.xy[row][seen]).max() for pose in mine) < 0.006


def test_shares_are_kept() -> None:
    truth = scene_set(1, 150, 4)
    missed = perturb(truth, 1, **{**CLEAN, "missed_people": 0.3})
    assert 0.6 < len(missed) / len(truth) < 0.8
    double = perturb(truth, 1, **{**CLEAN, "duplicates": 0.3})
    assert 1.2 < len(double) / len(truth) < 1.4
    extra = perturb(truth, 1, **{**CLEAN, "false_positives": 2.0})
    assert 1.7 < (len(extra) - len(truth)) / len(truth.frames) < 2.3
    partial = perturb(truth, 1, **CLEAN, missed_joints=0.25)
    assert 0.2 < (partial.people.seen == 0).mean() < 0.3
    assert np.isnan(partial.people.xy[partial.people.seen == 0]).all()


def test_inversion_exchanges_mirror_joints() -> None:
    truth = scene_set(1, 1, 1)
    turned = perturb(truth, 1, **{**CLEAN, "inversion": 1.0})
    flip = list(truth.skeleton.flip)
    seen = (truth.people.seen[0] > 0) & (truth.people.seen[0][flip] > 0)
    np.testing.assert_allclose(turned.people.xy[0][seen], truth.people.xy[0][flip][seen], atol=0.006)


def test_swap_takes_a_joint_of_the_neighbour() -> None:
    truth = scene_set(13, 12, 2)
    swapped = perturb(truth, 1, **{**CLEAN, "swap": 1.0})
    checked = 0
    for frame in range(len(truth.frames)):
        rows = np.flatnonzero(truth.people.frame == frame)
        mine = swapped.people.xy[swapped.people.frame == frame]
        if len(rows) == 2 and (truth.people.seen[rows] > 0).all():
            other = truth.people.xy[rows[::-1]]
            distance = np.abs(mine[:, None] - other[None]).max(axis=(2, 3))
            assert (distance.min(axis=1) < 0.006).all()
            checked += 1
    assert checked


def test_better_poses_get_better_scores() -> None:
    truth = scene_set(2, 80, 3)
    good = perturb(truth, 1, **{**CLEAN, "jitter": 0.1})
    bad = perturb(truth, 1, **{**CLEAN, "jitter": 1.5})
    assert good.people.score.mean() > bad.people.score.mean() + 0.2


def test_tracks_switch() -> None:
    truth = scene_set(2, 24, 4, "posetrack15_poseval", video=True)
    kept = perturb(truth, 1, **CLEAN)
    assert len(np.unique(kept.people.track)) == len(np.unique(truth.people.track))
    cut = perturb(truth, 1, **{**CLEAN, "switches": 0.3})
    assert len(np.unique(cut.people.track)) > 2 * len(np.unique(truth.people.track))


def test_crowds_are_not_predicted_and_empty_sets_pass() -> None:
    empty = scene_set(1, 3, 0)
    assert len(perturb(empty, 1)) == 0


@pytest.mark.parametrize(("name", "value"), [("gross", 1.5), ("jitter", -1.0), ("swap", float("nan"))])
def test_wrong_shares_are_refused(name: str, value: float) -> None:
    with pytest.raises(UsageError, match=name) as caught:
        perturb(scene_set(1, 1, 1), 1, **{name: value})
    assert caught.value.code == "P122"
