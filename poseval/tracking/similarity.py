"""How similar two people are: box overlap, keypoint similarity, and suppression of duplicates by either."""

from __future__ import annotations

import enum

import numpy as np

from poseval.errors import UsageError
from poseval.poses import Bools, Floats, Ints
from poseval.skeletons import Skeleton, get_skeleton
from poseval.tracking.bodies import Bodies

SIGMA_SOURCES = ("posetrack17slots", "coco17", "mpii16", "crowdpose14", "halpe26")  # asked in this order
SMALLEST = float(np.spacing(1.0))  # keeps a division by an area of 0 defined, as the reference code does


class Measure(enum.Enum):
    """How two rows are compared: IoU, OKS, or `BOTH`, their weighted mean."""

    IOU = "iou"
    OKS = "oks"
    BOTH = "both"


def box_iou(a: Floats, b: Floats, pixel: float = 0.0) -> Floats:
    """Intersection over union [n, m] of boxes [n, 4] and [m, 4]; 0 where both are empty.

    `pixel` 1 counts the last pixel into a side, the convention of older detection code.
    """
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    sides = np.maximum(high - low + pixel, 0.0)
    inter = sides[..., 0] * sides[..., 1]
    area_a = (a[:, 2] - a[:, 0] + pixel) * (a[:, 3] - a[:, 1] + pixel)
    area_b = (b[:, 2] - b[:, 0] + pixel) * (b[:, 3] - b[:, 1] + pixel)
    union = area_a[:, None] + area_b[None, :] - inter
    iou: Floats = np.where(union > 0, inter / np.where(union > 0, union, 1.0), 0.0)
    return iou


def oks(
    a: Floats,
    b: Floats,
    area_a: Floats,
    area_b: Floats,
    sigmas: Floats,
    use_a: Bools | None = None,
    use_b: Bools | None = None,
) -> Floats:
    """Object keypoint similarity [n, m] of poses [n, K, 2] and [m, K, 2]; areas [n], [m]; sigmas [K].

    The mean over the joints used in both (`use_a` [n, K], `use_b` [m, K]; None uses all) of
    exp(-d^2 / (2 * area * (2 * sigma)^2)) with the mean of the two areas; 0 where no joint is shared.

    Source: the symmetric form `oks_iou` of the HRNet reference code, without its one-sided visibility rule.
    """
    reach = -0.5 / np.square(2.0 * sigmas)
    far = np.square(a[:, None, :, 0] - b[None, :, :, 0])
    far += np.square(a[:, None, :, 1] - b[None, :, :, 1])
    far *= reach
    far /= ((area_a[:, None] + area_b[None, :]) / 2 + SMALLEST)[:, :, None]
    near = np.exp(far, out=far)
    if use_a is None and use_b is None:
        mean: Floats = near.mean(axis=2)
        return mean
    first = np.ones(a.shape[:2]) if use_a is None else use_a.astype(np.float64)
    second = np.ones(b.shape[:2]) if use_b is None else use_b.astype(np.float64)
    total = np.matmul(near * second[None, :, :], first[:, :, None])[:, :, 0]
    shared: Floats = total / np.maximum(first @ second.T, 1.0)
    return shared


def sigmas_of(skeleton: Skeleton) -> Floats:
    """Sigmas [K] of a skeleton, or those that other skeletons publish for joints of the same names.

    Trackers only compare people with each other, so a sigma borrowed by name affects no score.

    Raises:
        UsageError: P112 when a joint has no published sigma anywhere.
    """
    if skeleton.sigmas is not None:
        return skeleton.sigma_array
    known: dict[str, float] = {}
    for name in SIGMA_SOURCES:
        other = get_skeleton(name)
        for joint, sigma in zip(other.joints, other.sigmas or (), strict=False):
            known.setdefault(joint, sigma)
    lacking = [joint for joint in skeleton.joints if joint not in known]
    if lacking:
        raise UsageError(
            "P112",
            where=f"skeleton {skeleton.name}",
            what=f"has no sigmas, nor has any known skeleton for {', '.join(lacking[:5])}",
            wanted="one sigma per joint",
            hint="give --sigmas 0.1, or a tracker that compares boxes: greedy(measure=iou), sort, ocsort",
        )
    return np.array([known[joint] for joint in skeleton.joints])


class Likeness:
    """Similarity of rows by a measure, with what it needs (sigmas) looked up once."""

    def __init__(self, skeleton: Skeleton, measure: Measure, weight: float = 0.5) -> None:
        self.measure = measure
        self.weight = weight  # fraction of IoU in BOTH
        self._sigmas = np.zeros(0) if measure is Measure.IOU else sigmas_of(skeleton)

    def __call__(self, now: Bodies, before: Bodies) -> Floats:
        """Similarity [n, m] in 0..1."""
        if self.measure is Measure.IOU:
            return box_iou(now.box, before.box)
        alike = oks(now.xy, before.xy, now.area, before.area, self._sigmas, now.seen, before.seen)
        if self.measure is Measure.OKS:
            return alike
        return self.weight * box_iou(now.box, before.box) + (1 - self.weight) * alike


def suppress_boxes(box: Floats, score: Floats, limit: float) -> Ints:
    """Rows of boxes [n, 4] kept, best score first: each kept box removes those of IoU above `limit`.

    The last pixel counts into a side; of equal scores the first row goes first.
    """
    alike = box_iou(box, box, pixel=1.0)
    kept: list[int] = []
    gone = np.zeros(len(score), dtype=np.bool_)
    for row in np.argsort(-score, kind="stable").tolist():
        if not gone[row]:
            kept.append(row)
            gone |= alike[row] > limit
    return np.array(kept, dtype=np.int64)
