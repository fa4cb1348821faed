"""What participants know of a ground truth, as a set of its own.

A submission is read and checked against this set alone. What is said about it there cannot depend on
anything hidden, whatever the check and its message are, because nothing hidden is within reach.
"""

from __future__ import annotations

import numpy as np

from poseval.poses import Frames, IgnoreRegions, Origin, People, PoseSet
from poseval.poses.pose_set import TIME

# Further columns that are known with the frames and the people: ids, parts of the set, places there.
OF_FRAMES = (TIME, "image_id", "video", "test", "train", "left_out", "split1", "split2", "split3")
OF_PEOPLE = ("rect", "group", "single", "expected", "objpos", "center", "scale")
NAME = "ground truth"  # what messages call it, instead of the name of its file


def known_part(truth: PoseSet, public: str) -> PoseSet | None:
    """Frames without people, people without poses, everything, or nothing: what `public` says.

    Areas, boxes, heads, tracks, crowd flags, ids, ignore regions and further columns are always hidden.
    """
    if public == "everything":
        return truth
    if public == "nothing":
        return None
    frames = truth.frames
    kept = {name: column for name, column in frames.extra.items() if name in OF_FRAMES}
    known = Frames(
        frames.key,
        frames.sequence,
        frames.number,
        frames.size,
        frames.labelled,
        frames.path,
        frames.sequences,
        kept,
    )
    rows = len(truth) if public == "people" else 0
    joints = len(truth.skeleton)
    extra = {name: column for name, column in truth.people.extra.items() if name in OF_PEOPLE}
    people = People(
        np.full((rows, joints, 2), np.nan),
        truth.people.frame[:rows],
        seen=np.zeros((rows, joints), dtype=np.int8),
        extra={name: column[:rows] for name, column in extra.items()},
    )
    origin = Origin(NAME, format=truth.origin.format, base=truth.origin.base)
    return PoseSet(truth.skeleton, known, people, IgnoreRegions(), origin, truth.categories)
