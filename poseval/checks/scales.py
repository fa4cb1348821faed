"""Implausible scales of the ground truth: a head, a box or a face of one pixel."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from poseval.checks.base import Pair
from poseval.metrics.joint_error import labelled, scale
from poseval.poses import Notice

SMALLEST = 1.0  # pixels; no annotated head, box or face is as small


def tiny_scales(pair: Pair) -> Iterator[Notice]:
    """N466: people whose scale is a pixel or less, by each metric's own rule."""
    rules = dict.fromkeys(metric.scale_rule(pair.aligned.truth) for metric in pair.metrics)
    for rule in filter(None, rules):
        scored = labelled(pair.aligned).any(axis=1)
        with np.errstate(invalid="ignore"):
            small = (scale(pair.aligned, rule) <= SMALLEST) & scored
        if small.any():
            count = int(small.sum())
            what = f"{count} of {int(scored.sum())} people have a scale ({rule}) of one pixel or less"
            yield Notice("N466", f"{what}. Are the coordinates in pixels?", count)
