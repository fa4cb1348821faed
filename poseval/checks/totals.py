"""Checks that look at one image at a time, summed over sets that are never held as a whole."""

from __future__ import annotations

import numpy as np

from poseval.benchmarks.base import Part
from poseval.checks.base import Side
from poseval.checks.coordinates import in_one_point, said_of_copies
from poseval.checks.left_out import crowded, lacking, said_of_crowded, said_of_lacking
from poseval.datasets.base import Role
from poseval.poses import Notice


class Totals:
    """Copies (N419), people at one point (N426), crowded images (N927), categories without results (N928).

    `whole` is the ground truth. All are counted as in a set that is read as a whole; what they cost is not
    known. So nothing is said of equal scores at the cut, which is said only where they cost something.
    """

    def __init__(self, whole: Part) -> None:
        self._whole = whole
        self._last: Side | None = None
        self._most: int | None = getattr(whole.metrics[0], "max_dets", None) if whole.metrics else None
        self._people = self._copies = self._points = self._crowded = 0
        self._categories: set[int] = set()

    def add(self, part: Part) -> None:
        """Count some frames, ground truth and predictions."""
        side = Side(part.aligned.predictions, Role.PREDICTIONS)
        self._last = side
        self._people += len(side.poses)
        self._categories.update(np.unique(side.poses.people.category).tolist())
        if side.has_joints:
            self._copies += side.review.copies
            self._points += side.review.points
        if self._most is not None:
            self._crowded += crowded(part, self._most)

    def examined(self) -> dict[str, list[Notice]]:
        """What the sums say, in place of what the checks of these names say of some frames."""
        if self._last is None:
            return {}
        many, without = [], []
        if self._most is not None and self._crowded:
            many.append(Notice("N927", said_of_crowded(self._crowded, self._most), self._crowded))
        absent = lacking(self._whole, np.asarray(sorted(self._categories), dtype=np.int64))
        if len(absent) and self._people:
            without.append(Notice("N928", said_of_lacking(self._whole, absent), len(absent)))
        return {
            "one point": list(in_one_point(self._last, self._points, self._people)),
            "copies, both": list(said_of_copies(self._last, self._copies, self._people)),
            "most detections": many,
            "categories": without,
        }
