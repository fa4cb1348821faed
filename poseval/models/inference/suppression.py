"""Suppression of duplicates: boxes by IoU, poses by OKS, hard and soft; and the scores that rank them.

Source: leoxiaobin/deep-high-resolution-net.pytorch 6f69e46, `lib/nms/nms.py`; Papandreou et al. 2017
(OKS-NMS); Bodla et al. 2017 (soft NMS).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Index = NDArray[np.int64]
VISIBLE = 0.2  # joint scores above it count in an instance's score, as published
SOFT_KEPT = 20  # poses that soft OKS-NMS keeps at most, as published


def box_nms(boxes: ArrayLike, score: ArrayLike, threshold: float, end: int = 1) -> Index:
    """Rows of boxes [N, 4] (x0 y0 x1 y1) kept, best first.

    Lengths count both end pixels, or with `end` 0 neither, as continuous boxes do.
    """
    boxes = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    area = (boxes[:, 2:] - boxes[:, :2] + end).prod(1)

    def overlap(one: int, others: Index) -> Floats:
        first = np.maximum(boxes[one, :2], boxes[others, :2])
        last = np.minimum(boxes[one, 2:], boxes[others, 2:])
        common = np.maximum(0.0, last - first + end).prod(1)
        joined = np.maximum(area[one] + area[others] - common, np.spacing(1.0))
        return np.asarray(common / joined)

    return _suppress(_order(score), overlap, threshold)


def _order(score: ArrayLike) -> Index:
    """Highest score first; equal ones in the order given."""
    return np.argsort(-np.asarray(score, dtype=np.float64), kind="stable").astype(np.int64)


def _suppress(order: Index, overlap: Callable[[int, Index], Floats], threshold: float) -> Index:
    keep: list[int] = []
    while order.size:
        one, order = int(order[0]), order[1:]
        keep.append(one)
        order = order[overlap(one, order) <= threshold]
    return np.array(keep, dtype=np.int64)


def oks_matrix(
    xy: ArrayLike,
    area: ArrayLike,
    sigmas: ArrayLike,
    joint_score: ArrayLike | None = None,
    visible: float | None = None,
    rule: Literal["second", "both"] = "second",
) -> Floats:
    """OKS [N, N] of poses [N, K, 2] with each other; the area is the mean of both.

    With `visible`, joints count whose score is above it in the second pose. The published program means both
    poses and, by an `and` of two lists, looks at the second alone; `rule="both"` does what it means. No joint
    left: 0.
    """
    xy, area = np.asarray(xy, dtype=np.float64), np.asarray(area, dtype=np.float64)
    variance = (2 * np.asarray(sigmas, dtype=np.float64)) ** 2
    apart = ((xy[:, None] - xy[None]) ** 2).sum(3)
    mean_area = (area[:, None] + area[None]) / 2 + np.spacing(1)
    similarity = np.exp(-apart / variance / mean_area[:, :, None] / 2)
    if visible is None:
        means: Floats = similarity.mean(2)
        return means
    counted = np.broadcast_to(np.asarray(joint_score) > visible, similarity.shape)
    if rule == "both":
        counted = counted & counted.swapaxes(0, 1)
    total = counted.sum(2)
    out: Floats = np.zeros(total.shape)
    np.divide((similarity * counted).sum(2), total, out=out, where=total > 0)
    return out


def oks_nms(
    xy: ArrayLike,
    score: ArrayLike,
    area: ArrayLike,
    sigmas: ArrayLike,
    threshold: float = 0.9,
    joint_score: ArrayLike | None = None,
    visible: float | None = None,
    rule: Literal["second", "both"] = "second",
) -> Index:
    """Rows of poses [N, K, 2] kept, best first: those no more alike than `threshold` to a better one kept."""
    oks = oks_matrix(xy, area, sigmas, joint_score, visible, rule)
    return _suppress(_order(score), lambda one, others: oks[one, others], threshold)


def soft_oks_nms(
    xy: ArrayLike,
    score: ArrayLike,
    area: ArrayLike,
    sigmas: ArrayLike,
    threshold: float = 0.9,
    joint_score: ArrayLike | None = None,
    visible: float | None = None,
    rule: Literal["second", "both"] = "second",
    most: int = SOFT_KEPT,
) -> Index:
    """Rows of at most `most` poses as picked; each pick lowers the others by exp(-oks^2 / threshold)."""
    oks = oks_matrix(xy, area, sigmas, joint_score, visible, rule)
    order = _order(score)
    left = np.asarray(score, dtype=np.float64)[order]
    keep: list[int] = []
    while order.size and len(keep) < most:
        one, order = int(order[0]), order[1:]
        keep.append(one)
        left = left[1:] * np.exp(-(oks[one, order] ** 2) / threshold)
        again = _order(left)
        order, left = order[again], left[again]
    return np.array(keep, dtype=np.int64)


def instance_scores(joint_score: ArrayLike, box_score: ArrayLike) -> Floats:
    """Scores [N]: box score times the mean of the joint scores [N, K] above 0.2; none above: 0."""
    joints = np.asarray(joint_score, dtype=np.float64)
    counted = joints > VISIBLE
    total = counted.sum(1)
    mean = np.divide((joints * counted).sum(1), total, out=np.zeros(len(joints)), where=total > 0)
    return np.asarray(mean * np.asarray(box_score, dtype=np.float64))
