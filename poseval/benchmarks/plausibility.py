"""Numbers that are legal and cannot be meant: scales of a pixel, and joints far outside every picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from poseval.errors import shown
from poseval.metrics.base import Metric
from poseval.metrics.epe import Auc
from poseval.metrics.joint_ap import JointAp
from poseval.metrics.joint_error import labelled, scale
from poseval.metrics.nme import Nme
from poseval.metrics.pck import Pck
from poseval.pairs import Aligned
from poseval.poses import Floats, Notice

SMALLEST = 1.0  # pixels; no head, box or face that anybody annotates is as small
FARTHEST = 100  # widths of the picture


def implausible(aligned: Aligned, metrics: Sequence[Metric]) -> list[Notice]:
    """Notices about scales of the truth and coordinates of the predictions."""
    return [*_scales(aligned, metrics), *_far(aligned)]


def _scales(aligned: Aligned, metrics: Sequence[Metric]) -> list[Notice]:
    """N466: people whose scale is a pixel or less, by each metric's own rule."""
    scored = labelled(aligned).any(axis=1)
    out = []
    for rule in dict.fromkeys(_rule(metric, aligned) for metric in metrics):
        if not rule:
            continue
        with np.errstate(invalid="ignore"):
            small = (scale(aligned, rule) <= SMALLEST) & scored
        if small.any():
            count = int(small.sum())
            told = f"{count} of {int(scored.sum())} people have a scale ({rule}) of a pixel or less"
            out.append(Notice("N466", f"{told}: are the coordinates pixels?", count))
    return out


def _rule(metric: Metric, aligned: Aligned) -> str:
    """Name of a metric's scale; empty for one in pixels, or without any."""
    if isinstance(metric, Nme):
        return metric.rule(aligned.truth)
    if isinstance(metric, (Pck, Auc)):
        return "" if metric.norm == "pixels" else metric.norm
    return "head" if isinstance(metric, JointAp) else ""


def _far(aligned: Aligned) -> list[Notice]:
    """N467: predicted joints that are many widths of the picture away from it."""
    found, frames = aligned.predictions.people, aligned.truth.frames
    size: Floats = frames.size.max(axis=1, initial=0)[found.frame]
    truth = np.abs(aligned.truth.people.xy[aligned.truth.people.seen > 0])
    reach = float(truth.max(initial=0))
    limit = FARTHEST * np.where(size > 0, size, reach)
    far = (np.abs(found.xy).max(axis=2, initial=0) > limit[:, None]) & (found.seen > 0)
    count = int(far.sum())
    if not count:
        return []
    row, joint = np.argwhere(far)[0].tolist()
    key = shown(frames.key[found.frame[row]], 60)
    text = (
        f"{count} predicted joints lie more than {FARTHEST} widths of the picture away (first: {key}, "
        f"{shown(aligned.predictions.skeleton.joints[joint])}): they count as wrong"
    )
    return [Notice("N467", text, count)]
