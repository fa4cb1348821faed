"""OKS in NumPy's arithmetic, to the last bit as pycocotools computes it.

The compiled kernels take `exp` from the C library. NumPy has routines of its own on some processors
(AVX-512), whose last bit differs, so what shows similarities themselves computes them here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from poseval.kernels.coco import Targets

Floats = NDArray[np.float64]


def oks(poses: Floats, targets: Targets, rows: NDArray[np.int64], sigmas: Floats) -> Floats:
    """Object keypoint similarity [P, R] of poses [P, K, 2] with the people `rows` [R] of `targets`.

    Sources: pycocotools 2.0.11 cocoeval.py, `computeOks`; the rules are in docs/metrics/oks_ap.md.
    """
    out = np.zeros((len(poses), len(rows)))
    variance = (sigmas * 2) ** 2
    for column, row in enumerate(rows.tolist()):
        labelled = targets.labelled[row]
        if labelled.any():
            off = poses - targets.xy[row]
        else:
            corner, size = targets.box[row, :2], targets.box[row, 2:]
            off = np.maximum(0, (corner - size) - poses) + np.maximum(0, poses - (corner + size * 2))
            labelled = np.ones_like(labelled)
        error = (off[..., 0] ** 2 + off[..., 1] ** 2) / variance / (targets.area[row] + np.spacing(1)) / 2
        terms = np.exp(-np.ascontiguousarray(error[:, labelled]))  # rows beside each other are added in pairs
        out[:, column] = terms.sum(axis=1) / labelled.sum()
    return out
