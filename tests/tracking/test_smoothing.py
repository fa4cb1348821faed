"""One-euro smoothing: less jitter, no lag for fast motion, and nothing but coordinates changed."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import numpy as np
import pytest

from poseval import tracking
from poseval.errors import UsageError
from poseval.poses import People, PoseSet
from poseval.tracking.offline import track
from poseval.tracking.smoothing import OneEuro, smooth
from tests.tracking.scenes import walkers


def tracked(step: float = 0.0, frames: int = 40) -> PoseSet:
    scene = walkers(frames=frames, people=2, step=step, gap=300.0)
    poses = scene.pose_set()
    return replace(poses, people=poses.people.with_columns(track=poses.people.extra["who"]))


def noisy(poses: PoseSet, size: float) -> PoseSet:
    noise = np.random.default_rng(7).normal(0, size, poses.people.xy.shape)
    return replace(poses, people=poses.people.with_columns(xy=poses.people.xy + noise))


def test_only_coordinates_change() -> None:
    poses = noisy(tracked(), 2.0)
    done = smooth(poses)
    for f in fields(People):
        if f.name not in ("xy", "extra"):
            np.testing.assert_array_equal(getattr(done.people, f.name), getattr(poses.people, f.name))
    assert not np.array_equal(done.people.xy, poses.people.xy)
    assert [(n.code, n.count) for n in done.origin.notices] == [("N163", 40 * 2 * 17)]


def test_jitter_shrinks_on_people_who_stand() -> None:
    truth = tracked()
    poses = noisy(truth, 2.0)
    late = truth.people.frame >= 10
    before = np.abs(poses.people.xy - truth.people.xy)[late].mean()
    after = np.abs(smooth(poses).people.xy - truth.people.xy)[late].mean()
    assert after < 0.6 * before


def test_fast_motion_hardly_lags() -> None:
    poses = tracked(step=20.0)
    lag = np.abs(smooth(poses, OneEuro(beta=1.0)).people.xy - poses.people.xy)
    stiff = np.abs(smooth(poses, OneEuro(beta=0.0)).people.xy - poses.people.xy)
    late = poses.people.frame >= 30
    assert lag[late].max() < 1.0
    assert stiff[late].max() > 50.0


def test_it_equals_the_formula_of_the_paper() -> None:
    poses = noisy(tracked(frames=12), 3.0)
    config = OneEuro(min_cutoff=1.5, beta=0.1, speed_cutoff=0.8, rate=30.0)
    done = smooth(poses, config)
    rows = np.flatnonzero(poses.people.track == 1)

    def alpha(cutoff: float) -> float:
        return 1 / (1 + 30.0 / (2 * math.pi * cutoff))

    place = poses.people.xy[rows[0], 4]
    speed = np.zeros(2)
    for row in rows[1:]:
        raw = (poses.people.xy[row, 4] - place) * 30.0
        speed = speed + alpha(0.8) * (raw - speed)
        cutoff = 1.5 + 0.1 * float(np.hypot(*speed))
        place = place + alpha(cutoff) * (poses.people.xy[row, 4] - place)
        np.testing.assert_allclose(done.people.xy[row, 4], place, rtol=1e-12)


def test_gaps_untracked_rows_and_unseen_joints() -> None:
    poses = noisy(tracked(frames=30), 2.0)
    track_of = np.array(poses.people.track)
    seen = np.array(poses.people.seen)
    track_of[poses.people.frame == 5] = -1
    seen[(poses.people.frame >= 8) & (poses.people.frame < 20), 0] = 0
    poses = replace(poses, people=poses.people.with_columns(track=track_of, seen=seen))
    done = smooth(poses)
    same = (done.people.xy == poses.people.xy).all(axis=2)
    assert same[poses.people.frame == 5].all()
    assert same[seen == 0].all()
    assert same[poses.people.frame == 20, 0].all()  # twelve frames unseen: starts anew
    assert not same[poses.people.frame == 20, 1].any()


def test_the_second_row_of_one_track_in_a_frame_stays() -> None:
    poses = noisy(tracked(frames=6), 2.0)
    one = replace(poses, people=poses.people.with_columns(track=np.zeros(len(poses), dtype=np.int64)))
    same = (smooth(one).people.xy == one.people.xy).all(axis=(1, 2))
    assert same.tolist() == [True, True] + [False, True] * 5


def test_smoothing_after_tracking_keeps_every_identity() -> None:
    poses = noisy(tracked(step=5.0), 1.0)
    done = track(poses, tracking.parse("hungarian"))
    np.testing.assert_array_equal(smooth(done).people.track, done.people.track)


def test_parameters_are_checked() -> None:
    assert tracking.parse_as(OneEuro, "one_euro(beta=0.5)") == OneEuro(beta=0.5)
    with pytest.raises(UsageError) as caught:
        OneEuro(rate=0.0)
    assert caught.value.code == "P162"
