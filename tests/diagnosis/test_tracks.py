from __future__ import annotations

import numpy as np

from poseval.diagnosis.diagnose import diagnose
from poseval.poses import Frames, People, PoseSet
from poseval.poses.aligned import Aligned
from poseval.skeletons import get_skeleton

COCO = get_skeleton("coco17")


def test_switches_fragments_and_mixed_identities_are_found_with_their_frames() -> None:
    rng = np.random.default_rng(0)
    body = rng.uniform(0, 150, (17, 2))
    count = 6
    frames = Frames(np.array([f"f{i}" for i in range(count)]), sequences=("walk",))
    two = np.stack([body, body + 500])
    frame = np.repeat(np.arange(count), 2)
    xy = np.concatenate([two + 5 * i for i in range(count)])
    box = np.concatenate([xy.min(axis=1), xy.max(axis=1)], axis=1)
    track = np.tile([10, 20], count)
    truth = People(xy=xy, frame=frame, track=track, area=np.full(len(frame), 2e4), box=box)
    # From frame 3 on the identities are exchanged; person 20 is not found in frame 1.
    identity = np.where(frame >= 3, np.tile([2, 1], count), np.tile([1, 2], count))
    keep = ~((frame == 1) & (track == 20))
    found = People(xy=xy[keep], frame=frame[keep], track=identity[keep], score=np.ones(int(keep.sum())))
    tracks = diagnose(Aligned(PoseSet(COCO, frames, truth), PoseSet(COCO, frames, found))).tracks
    assert tracks is not None
    assert [(e.kind, e.frame, e.person, e.before, e.after) for e in tracks.events] == [
        ("switch", "f3", 10, 1, 2),
        ("fragment", "f2", 20, 2, 2),
        ("switch", "f3", 20, 2, 1),
    ]
    assert tracks.mixed == (("walk", 1, (10, 20)), ("walk", 2, (10, 20)))


def walk(identity: list[int | None], track: int = 7) -> Aligned:
    """One person on `track`, found with this identity in each frame; None: not found, -1: without one."""
    count = len(identity)
    frames = Frames(np.array([f"f{i}" for i in range(count)]), sequences=("walk",))
    body = np.random.default_rng(0).uniform(0, 150, (17, 2))
    xy = np.repeat(body[None], count, axis=0)
    people = People(xy=xy, frame=np.arange(count), track=np.full(count, track), area=np.full(count, 2e4))
    kept = np.array([i for i, name in enumerate(identity) if name is not None], dtype=int)
    guess = People(
        xy=xy[kept],
        frame=kept,
        track=np.array([identity[i] for i in kept], dtype=int),
        score=np.ones(len(kept)),
    )
    return Aligned(PoseSet(COCO, frames, people), PoseSet(COCO, frames, guess))


def events(aligned: Aligned) -> list[tuple[str, str, int, int]]:
    tracks = diagnose(aligned).tracks
    assert tracks is not None
    return [(e.kind, e.frame, e.before, e.after) for e in tracks.events]


def test_a_track_that_is_never_lost_has_no_break() -> None:
    assert events(walk([1, 1, 1])) == []
    assert events(walk([0, 0, 0], track=0)) == []


def test_a_late_start_is_no_fragment() -> None:
    assert events(walk([None, None, 1, 1])) == []


def test_found_again_with_another_identity_is_both() -> None:
    assert events(walk([1, None, None, 2])) == [("switch", "f3", 1, 2), ("fragment", "f3", 1, 2)]


def test_identity_zero_is_an_identity() -> None:
    assert events(walk([0, 1, None, 0])) == [
        ("switch", "f1", 0, 1),
        ("switch", "f3", 1, 0),
        ("fragment", "f3", 1, 0),
    ]


def test_identity_zero_is_found_again() -> None:
    assert events(walk([0, None, 0])) == [("fragment", "f2", 0, 0)]


def test_a_match_without_an_identity_ends_a_gap() -> None:
    """It is another identity than the last one; the next one is compared with the last that was known."""
    assert events(walk([1, -1, 1])) == [("switch", "f1", 1, -1)]
    assert events(walk([-1, None, 1, 1])) == []


def test_the_dictionary_counts_and_lists_breaks() -> None:
    tracks = diagnose(walk([1, None, 2, 2])).tracks
    assert tracks is not None
    out = tracks.to_dict()
    assert (out["switches"], out["fragments"], out["mixed"]) == (1, 1, [])
    assert out["events"][0] == {
        "kind": "switch",
        "sequence": "walk",
        "frame": "f2",
        "person": 7,
        "before": 1,
        "after": 2,
    }


def test_a_person_on_track_zero_is_followed() -> None:
    assert events(walk([4, None, 4], track=0)) == [("fragment", "f2", 4, 4)]


def test_each_track_is_followed_from_its_own_beginning() -> None:
    """Two people with an identity each, one of them lost at the end: nothing breaks."""
    body = np.random.default_rng(0).uniform(0, 150, (17, 2))
    frames = Frames(np.array(["a", "b", "c"]), sequences=("walk",))
    frame = np.repeat(np.arange(3), 2)
    xy = np.concatenate([np.stack([body, body + 500])] * 3)
    truth = People(xy=xy, frame=frame, track=np.tile([10, 20], 3), area=np.full(6, 2e4))
    kept = np.array([0, 1, 2, 3, 5])  # person 10 is not found in frame c
    found = People(xy=xy[kept], frame=frame[kept], track=np.tile([1, 2], 3)[kept], score=np.ones(5))
    assert events(Aligned(PoseSet(COCO, frames, truth), PoseSet(COCO, frames, found))) == []
