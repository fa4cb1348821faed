"""Checks that look at one image at a time, summed over sets that are never held as a whole."""

from __future__ import annotations

from poseval.benchmarks.base import Part
from poseval.checks.base import Side
from poseval.checks.coordinates import in_one_point, said_of_copies
from poseval.checks.left_out import crowded, said_of_crowded
from poseval.datasets.base import Role
from poseval.poses import Notice


class Totals:
    """Copies (N419), people at one point (N426) and crowded images (N927) of consecutive frames.

    They are counted as in a set that is read as a whole; what they cost is not known.
    """

    SUMMED = frozenset({"N419", "N426"})  # of which nothing is left to say but the sums

    def __init__(self) -> None:
        self._last: Side | None = None
        self._most: int | None = None
        self._people = self._copies = self._points = self._crowded = 0

    def add(self, part: Part) -> None:
        """Count some frames, ground truth and predictions."""
        side = Side(part.aligned.predictions, Role.PREDICTIONS)
        self._last = side
        self._people += len(side.poses)
        if side.has_joints:
            self._copies += side.review.copies
            self._points += side.review.points
        self._most = getattr(part.metrics[0], "max_dets", None) if part.metrics else None
        if self._most is not None:
            self._crowded += crowded(part, self._most)

    def notices(self) -> list[Notice]:
        """What the sums say."""
        if self._last is None:
            return []
        found = [
            *said_of_copies(self._last, self._copies, self._people),
            *in_one_point(self._last, self._points, self._people),
        ]
        if self._most is not None and self._crowded:
            found.append(Notice("N927", said_of_crowded(self._crowded, self._most), self._crowded))
        return found
