"""OKS of whole poses from coordinates and squared distances in float32, as halpecocotools measures it."""

from __future__ import annotations

import numpy as np

from poseval.kernels.coco import Cells, Targets, cell_pairs
from poseval.poses import Array, Floats

EPS = np.spacing(1)  # that pycocotools adds to areas


def in_single_precision(
    xy: Floats, poses: Cells, targets: Targets, target_cells: Cells, sigmas: Floats
) -> Floats:
    """OKS [P] of each pose with each person of its cell, in the layout of `Matching.oks`.

    `xy` [N, K, 2] of the detections in pixels; sigmas [K]. Differences, squares and their sum are float32,
    exponents and their mean float64. Of a person without labelled joints the distance is that to the grown
    box, whose sides are rounded to float32.
    """
    pose, person = cell_pairs(poses, target_cells)
    variance = (sigmas * 2) ** 2
    with np.errstate(over="ignore"):
        found, true = xy.astype(np.float32), targets.xy.astype(np.float32)
    out = np.empty(len(pose))
    order = np.argsort(person, kind="stable")
    with np.errstate(over="ignore", invalid="ignore"):
        for rows in np.split(order, np.flatnonzero(np.diff(person[order])) + 1):
            if len(rows):
                out[rows] = _with_person(found[pose[rows]], true, targets, int(person[rows[0]]), variance)
    return out


def _with_person(found: Array, true: Array, targets: Targets, at: int, variance: Floats) -> Floats:
    """OKS [D] of poses [D, K, 2] float32 with one person."""
    labelled = targets.labelled[at]
    if labelled.any():
        apart = found[:, labelled] - true[at, labelled]
        variance = variance[labelled]
    else:
        apart = _beyond(found, targets.box[at])
    squared = apart[..., 0] ** 2 + apart[..., 1] ** 2
    similar = np.exp(-(squared / variance / (targets.area[at] + EPS) / 2))
    total: Floats = similar.sum(axis=1) / similar.shape[1]
    total[np.isnan(total)] = (
        0.0  # beyond float32: no match, where the program's NaN would match anybody (C03)
    )
    return total


def _beyond(found: Array, box: Floats) -> Floats:
    """How far joints [D, K, 2] lie outside a box x, y, width, height that is grown on each side."""
    low = (box[:2] - box[2:]).astype(np.float32)
    high = (box[:2] + box[2:] * 2).astype(np.float32)
    zero = np.zeros(found.shape)
    outside: Floats = np.maximum(zero, low - found) + np.maximum(zero, found - high)
    return outside
