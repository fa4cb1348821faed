"""What holds for every tracker: one name once in a frame, inputs untouched, the same answer every time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from poseval import tracking
from poseval.poses import Ints
from poseval.tracking import FrameInput, Resources
from poseval.tracking.flow import PointFlow
from tests.tracking.scenes import COCO, Clip, clip

KINDS = [
    *tracking.names(),
    "greedy(memory=5)",
    "greedy(order=rows)",
    "sort(min_hits=0,max_age=5)",
    "flow(detections_first=false,recent_first=false,pose_overlap=1)",
    "flow(similarity=box,propagate=false)",
    "lighttrack(interval=1)",
]
STILL = Resources(flow=PointFlow(lambda points, before, now: points))


def crowd(seed: int, frames: int = 25, people: int = 7) -> Clip:
    """People who drift, jump, hide, double each other and vary in score."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, 12, (frames, people, 2)) + rng.normal(0, 6, (people, 2))
    scene = clip(rng.uniform([100, 200], [900, 500], (people, 2)) + steps.cumsum(axis=0))
    scene.xy[:, 1] = scene.xy[:, 0] + rng.normal(0, 3, scene.xy[:, 0].shape)  # person 1 doubles person 0
    scene.xy[frames // 2 :, 2] += 300.0
    scene.shown[:] = rng.random(scene.shown.shape) < 0.8
    scene.shown[frames // 3] = False
    scene.score[:] = rng.uniform(0.05, 1.0, scene.score.shape)
    return scene


def frozen(frame: FrameInput) -> FrameInput:
    """The frame with arrays that refuse to be written."""
    for name in ("xy", "seen", "joint_score", "score", "box"):
        getattr(frame.bodies, name).flags.writeable = False
    return replace(frame, size=None)


def followed(name: str, scene: Clip) -> list[tuple[Ints, Ints]]:
    """Identities of the rows and of the added people, frame by frame."""
    tracker = tracking.parse(name).tracker(COCO, STILL)
    return [
        (tracker.step(frozen(scene.frame(t))), tracker.added.identity.copy()) for t in range(scene.frames)
    ]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", KINDS)
def test_a_name_stands_once_in_a_frame(name: str, seed: int) -> None:
    scene = crowd(seed)
    highest = -1
    for t, (identity, added) in enumerate(followed(name, scene)):
        assert identity.shape == (scene.shown[t].sum(),)
        assert identity.dtype == np.int64
        everyone = np.concatenate([identity[identity >= 0], added])
        assert len(set(everyone.tolist())) == len(everyone)
        assert identity.min(initial=0) >= -1
        new = everyone[everyone > highest]
        assert sorted(new.tolist()) == list(
            range(highest + 1, highest + 1 + len(new))
        )  # no number is skipped
        highest = max(highest, int(everyone.max(initial=-1)))


@pytest.mark.parametrize("name", KINDS)
def test_the_same_frames_give_the_same_names(name: str) -> None:
    first, second = followed(name, crowd(9)), followed(name, crowd(9))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])


@pytest.mark.parametrize("name", KINDS)
def test_it_does_not_matter_where_the_picture_begins(name: str) -> None:
    scene, moved = crowd(4), crowd(4)
    moved.xy = moved.xy + 64.0
    for one, other in zip(followed(name, scene), followed(name, moved), strict=True):
        np.testing.assert_array_equal(one[0], other[0])
