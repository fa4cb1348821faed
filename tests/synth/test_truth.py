"""Synthetic truth: exact, seeded, consistent with what is painted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from poseval.errors import UsageError
from poseval.poses import PoseSet
from poseval.synth import World, scene_set, scenes, truth_of


def columns(poses: PoseSet) -> list[np.ndarray]:
    people = poses.people
    return [people.xy, people.seen, people.frame, people.track, people.box, people.area, people.head]


@pytest.mark.parametrize("skeleton", ["coco17", "mpii16", "posetrack15_poseval", "crowdpose14", "halpe26"])
@pytest.mark.parametrize("video", [False, True])
def test_same_seed_same_truth(skeleton: str, video: bool) -> None:
    first, second = (scene_set(5, 6, 3, skeleton, video) for _ in range(2))
    assert len(first) > 3
    for a, b in zip(columns(first), columns(second), strict=True):
        np.testing.assert_array_equal(a, b)
    other = scene_set(6, 6, 3, skeleton, video)
    assert len(other) != len(first) or not np.array_equal(other.people.xy, first.people.xy)


def test_a_picture_does_not_depend_on_the_number_of_pictures() -> None:
    short, long = scene_set(9, 3, 4), scene_set(9, 8, 4)
    for a, b in zip(columns(short), columns(long), strict=True):
        np.testing.assert_array_equal(a, b[: len(a)])


def test_skeletons_agree_on_the_joints_they_share() -> None:
    coco, mpii = scene_set(2, 10, 3, "coco17"), scene_set(2, 10, 3, "mpii16")
    where = {tuple(box): row for row, box in enumerate(mpii.people.box)}
    shared = [row for row, box in enumerate(coco.people.box) if tuple(box) in where]
    assert len(shared) > 8
    for joint in ("left_wrist", "right_knee", "left_shoulder"):
        a, b = coco.skeleton.index(joint), mpii.skeleton.index(joint)
        for row in shared:
            other = where[tuple(coco.people.box[row])]
            np.testing.assert_array_equal(coco.people.xy[row, a], mpii.people.xy[other, b])
            assert coco.people.seen[row, a] == mpii.people.seen[other, b]


def test_geometry_is_consistent() -> None:
    world = World(width=200, height=160, smallest=60, largest=150)
    truth = scene_set(3, 40, 4, world=world)
    people = truth.people
    labelled = people.seen > 0
    assert (people.xy[labelled] >= 0).all()
    assert (people.xy[labelled] <= [199, 159]).all()
    box = people.box
    inside = (people.xy >= box[:, None, :2] - 0.02) & (people.xy <= box[:, None, 2:] + 0.02)
    assert inside[labelled].all()
    assert ((people.seen == 2).sum(axis=1) >= 3).all()
    extent = (box[:, 2] - box[:, 0] + 1) * (box[:, 3] - box[:, 1] + 1)
    assert (people.area > 0.15 * extent).all()
    assert (people.area <= extent).all()
    head = people.extra["head_box"]
    assert np.allclose(people.head, 0.6 * np.hypot(head[:, 2] - head[:, 0], head[:, 3] - head[:, 1]))
    np.testing.assert_array_equal(people.extra["num_keypoints"], labelled.sum(axis=1))
    assert 0.05 < (people.seen == 1).mean() < 0.6
    assert (people.seen == 0).any()


def test_left_is_on_the_right_of_people_who_face_the_viewer() -> None:
    truth = scene_set(4, 60, 3)
    place = truth.skeleton.index
    people = truth.people
    eyes = (people.seen[:, [place("left_eye"), place("right_eye")]] == 2).all(axis=1)
    shoulders = people.xy[:, place("left_shoulder"), 0] - people.xy[:, place("right_shoulder"), 0]
    eye_distance = people.xy[:, place("left_eye"), 0] - people.xy[:, place("right_eye"), 0]
    upright = people.xy[:, place("nose"), 1] < people.xy[:, place("left_hip"), 1]
    chosen = eyes & upright
    assert chosen.sum() > 20
    assert (eye_distance[chosen] > 0).mean() > 0.95
    assert (shoulders[chosen] > 0).mean() > 0.85


def test_clips_have_tracks_motion_and_crossings() -> None:
    truth = scene_set(7, 48, 4, "posetrack15_poseval", video=True)
    assert truth.frames.sequences == ("000001_synth", "000002_synth")
    assert len(np.unique(truth.frames.key)) == 48
    people = truth.people
    sequence = truth.frames.sequence[people.frame]
    assert not set(people.track[sequence == 0]) & set(people.track[sequence == 1])
    for frame in range(48):
        tracks = people.track[people.frame == frame]
        assert len(tracks) == len(set(tracks))
    crossed = 0
    for clip in (0, 1):
        paths = {}
        for track in np.unique(people.track[sequence == clip]):
            rows = people.track == track
            middle = people.box[rows][:, [0, 2]].mean(axis=1)
            assert len(middle) < 3 or np.abs(np.diff(middle)).max() < 60
            paths[track] = dict(zip(people.frame[rows], middle, strict=True))
        for a in paths:
            for b in paths:
                both = sorted(paths[a].keys() & paths[b].keys()) if a < b else []
                order = [paths[a][frame] > paths[b][frame] for frame in both]
                crossed += len(set(order)) == 2
    assert crossed >= 2


def test_only_who_stands_in_front_hides_others() -> None:
    """Taking away the one in front can only show more; taking away the one behind changes nothing."""
    gained = 0
    for scene in scenes(11, 80, 2, world=World(occluders=0.0)):
        if len(scene.figures) < 2:
            continue
        both = truth_of([scene], "coco17").people
        front, back = sorted(scene.figures, key=lambda figure: -figure.ground)
        for kept in (front, back):
            alone = truth_of([replace(scene, figures=(kept,))], "coco17").people
            rows = np.flatnonzero(both.track == kept.actor)
            if not len(rows) or not len(alone):
                continue
            if kept is front:
                np.testing.assert_array_equal(alone.seen[0], both.seen[rows[0]])
            else:
                assert (alone.seen[0] >= both.seen[rows[0]]).all()
                gained += int((alone.seen[0] > both.seen[rows[0]]).sum())
    assert gained > 10


@pytest.mark.parametrize(("images", "people", "seed"), [(-1, 2, 0), (1, -2, 0), (1, 1, -1)])
def test_impossible_numbers_are_refused(images: int, people: int, seed: int) -> None:
    with pytest.raises(UsageError) as caught:
        scene_set(seed, images, people)
    assert caught.value.code == "P120"


def test_skeleton_without_a_body_is_refused() -> None:
    with pytest.raises(UsageError, match="kpt-0") as caught:
        scene_set(1, 1, 1, "wflw98")
    assert caught.value.code == "P186"


def test_no_people_and_no_images() -> None:
    assert len(scene_set(1, 3, 0)) == 0
    assert len(scene_set(1, 0, 3).frames) == 0
