"""Distances of poses by the visibility of joints: what OSPA(2) says of seen, hidden and invisible ones."""

from __future__ import annotations

import enum

import numpy as np

from poseval.errors import MismatchError, shown
from poseval.metrics.oks_scene import sigmas_of
from poseval.metrics.tracking_scene import CHUNK, Scale, sizes_of
from poseval.poses import Floats, Ints
from poseval.poses.aligned import Aligned

LEVELS = ("invisible", "occluded", "visible")  # the flags 0, 1 and 2 of JRDB-Pose
COLUMN = "visibility"  # of ground truth [N, K]: such a flag for each joint, which all have a place


class Levels(enum.Enum):
    """Numbers by visibility, and what the mean over the joints of one visibility divides by."""

    NONE = "none"  # no such numbers
    ALL = "all"  # all joints of the visibility
    OFF = "off"  # those that are not exactly in place, as JRDB's toolkit divides


def level_distances(
    aligned: Aligned, rows: tuple[Ints, Ints], levels: Levels, scale: tuple[Scale, float]
) -> Floats:
    """Mean of 1 - exp(-d^2 / (2 area (2 sigma)^2)) over the joints of each visibility [pairs, 3]; 0 for none.

    `rows` are true and predicted people [pairs], `scale` where areas come from and the sigma of all joints.

    Raises:
        MismatchError: P410 when the ground truth does not say which joints are visible.
    """
    truth = aligned.truth
    flags = truth.people.extra.get(COLUMN)
    if flags is None:
        raise MismatchError(
            "P410",
            where=shown(truth.origin.name),
            what="does not say of each joint whether it is visible, occluded or invisible",
            wanted="ground truth of JRDB-Pose",
            hint="leave `visibility` out",
        )
    size, sigma = sizes_of(truth.people, scale[0]), sigmas_of(truth, scale[1])
    out = np.zeros((len(rows[0]), len(LEVELS)))
    step = max(1, CHUNK // len(truth.skeleton))
    for begin in range(0, len(out), step):
        part = slice(begin, begin + step)
        mine, theirs = rows[0][part], rows[1][part]
        distance = _distances(aligned, mine, theirs, 2 * (2 * sigma) ** 2 * size[mine][:, None])
        for flag in range(len(LEVELS)):
            mask = flags[mine] == flag
            counted = mask & (distance > 0) if levels is Levels.OFF else mask
            total = np.where(mask, distance, 0.0).sum(axis=1)
            out[part, flag] = total / np.maximum(1, counted.sum(axis=1))
    return out


def _distances(aligned: Aligned, mine: Ints, theirs: Ints, spread: Floats) -> Floats:
    """1 - similarity [pairs, K] of joints; `spread` [pairs, K] divides squared distances."""
    truth, predictions = aligned.truth.people, aligned.predictions.people
    both = (truth.seen[mine] > 0) & (predictions.seen[theirs] > 0)
    delta = np.where(both[..., None], truth.xy[mine] - predictions.xy[theirs], 0.0)
    out: Floats = 1 - np.where(both, np.exp(-(delta**2).sum(axis=2) / spread), 0.0)
    return out
