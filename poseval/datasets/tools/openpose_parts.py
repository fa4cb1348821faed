"""OpenPose's face and hands beside its body, as the 133 joints of COCO-WholeBody.

Source: OpenPose's documentation of its output: the face has 70 points, of which the first 68 are those of the
usual face and the last two the pupils, which COCO-WholeBody does not have; a hand has 21 points from the
wrist on, in COCO-WholeBody's order. A list is empty if OpenPose did not look for the part.
"""

from __future__ import annotations

import numpy as np

from poseval.datasets.base import ReadOptions
from poseval.datasets.containers.json_records import Records
from poseval.kernels import json as kj
from poseval.poses import Floats
from poseval.skeletons import get_skeleton
from poseval.skeletons.by_count import skeleton_for

WHOLE_BODY = "coco_wholebody133"
# field -> points that it has, how many of them are used, and their first joint
PARTS = {
    "face_keypoints_2d": (70, 68, 23),
    "hand_left_keypoints_2d": (21, 21, 91),
    "hand_right_keypoints_2d": (21, 21, 112),
}
FIELDS = tuple(kj.points(name) for name in PARTS)


def is_asked(options: ReadOptions) -> bool:
    """Whether the skeleton that was asked for, or else the ground truth's, is that of the whole body."""
    given = options.skeleton or (None if options.truth is None else options.truth.skeleton)
    return given is not None and given.joints == get_skeleton(WHOLE_BODY).joints


def whole_body(records: Records, body: Floats) -> Floats:
    """The body [N, K, 3] with face and hands as [N, 133, 3]; zeros where a joint was not found.

    A body with another number of joints than OpenPose's stays as it is, and so does one beside parts of
    another size, which are faults (P204).
    """
    skeleton, target = skeleton_for(body.shape[1], "openpose"), get_skeleton(WHOLE_BODY).joints
    if skeleton is None:
        return body
    out = np.zeros((len(body), len(target), 3))
    for at, joint in enumerate(skeleton.joints):
        if joint in target:
            out[:, target.index(joint)] = body[:, at]
    for name, (count, used, first) in PARTS.items():
        column = records.table[name]
        whole = column.lengths == count
        odd = ~whole & (column.lengths != 0)
        records.refuse(
            odd,
            "P204",
            lambda row, lengths=column.lengths: f"has {3 * int(lengths[row])} numbers",  # type: ignore[misc]
            name=name,
            wanted=f"{3 * count}, or none",
        )
        if odd.any():
            return body
        points = np.concatenate([column.values.reshape(-1, 2), column.tail.reshape(-1, 1)], axis=1)
        out[whole, first : first + used] = points.reshape(-1, count, 3)[:, :used]
    return out
