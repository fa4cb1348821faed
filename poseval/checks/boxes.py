"""Boxes that do not fit their images."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from poseval.checks.base import Side
from poseval.poses import Notice

BOX_SHARE = 0.05


def outside_the_image(side: Side) -> Iterator[Notice]:
    """N521: boxes that reach beyond their images by more than a pixel."""
    poses = side.poses
    size = poses.frames.size[poses.people.frame]
    box = poses.people.box
    outside = (box[:, :2] < -1).any(axis=1) | (box[:, 2:] > size + 1).any(axis=1)
    outside &= ~np.isnan(size).any(axis=1)
    count = int(outside.sum())
    if count > BOX_SHARE * len(box):
        text = f"{side.name}: {count} of {len(box)} boxes reach beyond their images"
        yield Notice("N521", text, count)
