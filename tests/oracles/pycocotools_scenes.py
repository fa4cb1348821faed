"""pycocotools, run quietly on dictionaries."""

from __future__ import annotations

import contextlib
import copy
import io
from collections.abc import Callable
from typing import Any

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def run(
    truth: dict[str, Any],
    results: Any,
    sigmas: np.ndarray,
    configure: Callable[[Any], None] | None = None,
) -> tuple[COCOeval, str]:
    """An evaluation after summarize(), and what that printed."""
    said = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()):
        gt = COCO()
        gt.dataset = copy.deepcopy(truth)
        gt.createIndex()
        evaluation = COCOeval(gt, gt.loadRes(copy.deepcopy(results)), "keypoints")
        evaluation.params.kpt_oks_sigmas = np.asarray(sigmas)
        if configure is not None:
            configure(evaluation.params)
        evaluation.evaluate()
        evaluation.accumulate()
    with contextlib.redirect_stdout(said):
        evaluation.summarize()
    return evaluation, said.getvalue()
