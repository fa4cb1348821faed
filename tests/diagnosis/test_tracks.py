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
