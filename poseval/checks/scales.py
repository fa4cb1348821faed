"""Implausible scales of the ground truth, such as a head of one pixel, and scales made from joints."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from poseval.checks.base import Pair
from poseval.errors import shown
from poseval.kernels.poses import extent
from poseval.metrics.joint_error import labelled, scale
from poseval.poses import Notice

SMALLEST = 1.0  # pixels; no annotated head, box or face is as small


def tiny_scales(pair: Pair) -> Iterator[Notice]:
    """N466: people whose scale is a pixel or less, by each metric's own rule."""
    rules = dict.fromkeys(metric.scale_rule(pair.aligned.truth) for metric in pair.metrics)
    for rule in filter(None, rules):
        joints = labelled(pair.aligned).sum(axis=1)
        scored = joints > 0
        length = scale(pair.aligned, rule)
        with np.errstate(invalid="ignore"):
            small = (length <= SMALLEST) & scored
        small &= (joints > 1) | (length > 0)  # a single joint has no extent in any unit
        if small.any():
            count = int(small.sum())
            what = f"{count} of {int(scored.sum())} people have a scale ({rule}) of one pixel or less"
            yield Notice("N466", f"{what}. Are the coordinates in pixels?", count)


def extent_as_area(pair: Pair) -> Iterator[Notice]:
    """N914: OKS whose areas are the extent of the labelled joints, and for how many people it is 0."""
    own = [m for m in pair.metrics if getattr(getattr(m, "area", None), "value", "") == "extent"]
    if not own:
        return
    truth = pair.aligned.truth
    people = truth.people
    counted = people.is_labelled & ~people.crowd
    flat = int((counted & (extent(people.xy, people.seen) <= 0)).sum())
    text = f"{shown(truth.origin.name)}: the area of OKS is the extent of the labelled joints"
    if flat:
        text += f"; {flat} of {int(counted.sum())} people have joints in one point or line, and no extent: "
        text += "oks_ap ignores them, tracking metrics count them as missed unless they are hit exactly"
    yield Notice("N914", text, max(flat, 1))
