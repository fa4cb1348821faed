"""Numbers that are legal and cannot be meant: scales of a pixel, and joints far outside their picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import numpy as np

from poseval.errors import shown
from poseval.metrics.base import Metric
from poseval.metrics.joint_error import labelled, scale
from poseval.pairs import Aligned
from poseval.poses import Floats, Notice

if TYPE_CHECKING:
    from poseval.metrics.epe import Auc
    from poseval.metrics.nme import Nme
    from poseval.metrics.pck import Pck

SMALLEST = 1.0  # pixels; no head, box or face that anybody annotates is as small
FARTHEST = 100  # widths of the picture
WIDEST = 10_000.0  # pixels, of pictures whose size the files do not give


def implausible(aligned: Aligned, metrics: Sequence[Metric]) -> list[Notice]:
    """Notices about scales of the truth, and about coordinates."""
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
    """Name of a metric's scale; empty for one in pixels, or without any.

    By the metrics' names: to import them all would take longer than everything else here.
    """
    rule = ""
    if metric.name == "nme":
        rule = cast("Nme", metric).rule(aligned.truth)
    elif metric.name in ("pck", "pdj", "auc"):
        rule = cast("Pck | Auc", metric).norm
    elif metric.name == "joint_ap":
        rule = "head"
    return "" if rule == "pixels" else rule


def _far(aligned: Aligned) -> list[Notice]:
    """N467: joints that are many widths of their picture away from it, on either side."""
    out = []
    for side, what in ((aligned.truth, "labelled"), (aligned.predictions, "predicted")):
        people, frames = side.people, aligned.truth.frames
        size: Floats = frames.size.max(axis=1, initial=0)[people.frame]
        limit = FARTHEST * np.where(size > 0, size, WIDEST)
        far = (np.abs(people.xy).max(axis=2, initial=0) > limit[:, None]) & (people.seen > 0)
        count = int(far.sum())
        if count:
            row, joint = np.argwhere(far)[0].tolist()
            place = f"{shown(frames.key[people.frame[row]], 60)}, {shown(side.skeleton.joints[joint])}"
            text = (
                f"{count} {what} joints lie more than {FARTHEST} widths of the picture away (first: {place})"
            )
            out.append(Notice("N467", text, count))
    return out
