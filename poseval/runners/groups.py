"""Images in groups that are answered together."""

from __future__ import annotations

import numpy as np

from poseval.runners.boxes import Boxes

BATCH = 32  # people, where no other number is asked for
GROUP_FRAMES = 64  # most frames that a crash can cost
GROUP_BATCHES = 4  # most full batches of one group


def groups_of(frames: int, boxes: Boxes | None, batch: int) -> list[tuple[int, tuple[int, ...]]]:
    """Frames in groups that depend on boxes and batch alone: a continued run has the same ones."""
    counts = np.ones(frames, dtype=np.int64)
    if boxes is not None:
        counts = np.bincount(boxes.frame, minlength=frames)
    groups: list[tuple[int, tuple[int, ...]]] = []
    rows: list[int] = []
    held = 0
    for row in np.flatnonzero(counts).tolist():
        rows.append(row)
        held += int(counts[row])
        if len(rows) >= GROUP_FRAMES or held >= GROUP_BATCHES * batch:
            groups.append((len(groups), tuple(rows)))
            rows, held = [], 0
    if rows:
        groups.append((len(groups), tuple(rows)))
    return groups
