"""Write MPII ground truth as HRNet's JSON list, with the head boxes in `mpii_headboxes.npy` beside it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np

from poseval.datasets.base import Losses, WriteOptions
from poseval.datasets.capabilities import losses_of
from poseval.datasets.mpii.gt_valid import HEAD_SHARE
from poseval.errors import MismatchError, shown
from poseval.files.writing import write_atomically
from poseval.poses import Array, Floats, PoseSet
from poseval.poses.enclosing import enclosing_boxes

PERSON = 200.0  # pixels of the standing height to which `scale` is 1
HEADS = "mpii_headboxes.npy"


def write_list(poses: PoseSet, path: Path, options: WriteOptions, holds: frozenset[str]) -> Losses:
    """One record per person: image, joints from pixel 1, joints_vis, center and scale.

    Centre and scale are the file's own where the set has them, else the middle of the box (of the labelled
    joints without a box) and the longer of its sides over 200. Head boxes keep their size, which is all that
    is read of them.

    Raises:
        MismatchError: P404 other joints than MPII's sixteen.
        UsageError: P131 a file exists, P137 it cannot be written.
    """
    if poses.skeleton.name != "mpii16":
        raise MismatchError(
            "P404",
            where=shown(path.name),
            what=f"cannot hold the joints of {poses.skeleton.name}",
            wanted="the joints of mpii16",
            hint="map the joints with --to-skeleton mpii16",
        )
    people, frames = poses.people, poses.frames
    labelled = people.seen > 0
    joints = np.where(labelled[..., None], people.xy + 1, -1.0)
    centre, scale = _places(poses, labelled)
    names = np.where(frames.path != "", frames.path, frames.key)[people.frame]
    rows = [
        {
            "image": str(name),
            "joints": joints[row].tolist(),
            "joints_vis": labelled[row].astype(int).tolist(),
            "center": centre[row].tolist(),
            "scale": float(scale[row]),
        }
        for row, name in enumerate(names)
    ]
    write_atomically(path, json.dumps(rows).encode(), options.force)
    if np.isfinite(people.head).all():
        write_atomically(path.with_name(HEADS), _head_boxes(people.head), options.force)
    return losses_of(poses, holds)


def _places(poses: PoseSet, labelled: Array) -> tuple[Floats, Floats]:
    """Centres [N, 2], counted from pixel 1, and scales [N]."""
    people = poses.people
    if {"center", "scale"} <= people.extra.keys():
        return np.asarray(people.extra["center"]), np.asarray(people.extra["scale"])
    around = enclosing_boxes(people.xy, labelled)
    boxed = np.isfinite(people.box).all(axis=1, keepdims=True)
    box = np.where(boxed, people.box, np.where(np.isnan(around), 0.0, around))
    side: Floats = (box[:, 2:] - box[:, :2]).max(axis=1, initial=0.0)
    return (box[:, :2] + box[:, 2:]) / 2 + 1, side / PERSON


def _head_boxes(head: Floats) -> bytes:
    """Squares [2, 2, N] from the first pixel whose size is that of the heads."""
    side = head / HEAD_SHARE / np.sqrt(2.0)
    boxes = np.stack([np.ones((2, len(head))), 1 + np.stack([side, side])])
    out = io.BytesIO()
    np.save(out, boxes)
    return out.getvalue()
