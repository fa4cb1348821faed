"""Bodies: the columns of people in one frame as a tracker gets them, without missing numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from poseval.errors import ValueRangeError
from poseval.poses import Array, Bools, Floats, People
from poseval.poses.enclosing import enclosing_boxes

LEAST_SIDE = 1.0  # pixels; the extent of a lone joint still needs a side, as ratios of sides are taken


@dataclass(frozen=True, eq=False)
class Bodies:
    """n people with K joints, every number finite.

    A joint that is not `seen` has coordinates 0 and score 0. Boxes have positive sides: a person without a
    box has the extent of its joints.

    Raises:
        ValueRangeError: P310 for columns whose shapes do not fit together.
    """

    xy: Floats  # [n, K, 2] pixels
    seen: Bools  # [n, K]
    joint_score: Floats  # [n, K]
    score: Floats  # [n]
    box: Floats  # [n, 4] x0 y0 x1 y1

    def __post_init__(self) -> None:
        rows, joints = self.xy.shape[:2]
        fit = (
            self.xy.shape == (rows, joints, 2)
            and self.seen.shape == (rows, joints) == self.joint_score.shape
            and self.score.shape == (rows,)
            and self.box.shape == (rows, 4)
        )
        if not fit:
            raise ValueRangeError(
                "P310",
                where="bodies",
                what=f"columns have shapes {self.xy.shape}, {self.seen.shape}, {self.joint_score.shape}, "
                f"{self.score.shape} and {self.box.shape}",
                wanted="[n, K, 2], [n, K], [n, K], [n] and [n, 4]",
            )

    def __len__(self) -> int:
        return len(self.score)

    @property
    def joints(self) -> int:
        """Number of joints K."""
        return int(self.xy.shape[1])

    @property
    def area(self) -> Floats:
        """Area of each box [n] in square pixels."""
        sides = self.box[:, 2:] - self.box[:, :2]
        area: Floats = sides[:, 0] * sides[:, 1]
        return area

    def take(self, rows: Array | slice) -> Bodies:
        """These rows, in this order."""
        return Bodies(
            self.xy[rows], self.seen[rows], self.joint_score[rows], self.score[rows], self.box[rows]
        )

    @staticmethod
    def empty(joints: int) -> Bodies:
        """No people."""
        return Bodies(
            np.zeros((0, joints, 2)),
            np.zeros((0, joints), dtype=np.bool_),
            np.zeros((0, joints)),
            np.zeros(0),
            np.zeros((0, 4)),
        )

    @staticmethod
    def join(parts: Sequence[Bodies]) -> Bodies:
        """Several sets of bodies as one, in order; at least one part."""
        if len(parts) == 1:
            return parts[0]
        return Bodies(
            np.concatenate([part.xy for part in parts]),
            np.concatenate([part.seen for part in parts]),
            np.concatenate([part.joint_score for part in parts]),
            np.concatenate([part.score for part in parts]),
            np.concatenate([part.box for part in parts]),
        )

    @staticmethod
    def of(people: People) -> tuple[Bodies, Bools]:
        """Columns of people with missing numbers filled in, and which rows [N] have a position in the image.

        A missing joint score counts as 1 for a predicted joint, a missing person score as the mean of the
        joint scores, a missing or unusable box as the extent of the predicted joints. A row with neither
        box nor joint has no place; its box is one pixel at the origin and must not reach a tracker.
        """
        seen = people.seen > 0
        given = np.where(np.isfinite(people.joint_score), people.joint_score, 1.0)
        joint_score = np.where(seen, given, 0.0)
        count = seen.sum(axis=1)
        mean = joint_score.sum(axis=1) / np.maximum(count, 1)
        score = np.where(np.isfinite(people.score), people.score, mean)
        sides = people.box[:, 2:] - people.box[:, :2]
        boxed = np.isfinite(people.box.sum(axis=1)) & (sides.min(axis=1) > 0)
        xy = np.where(seen[:, :, None], people.xy, 0.0)
        box = np.where(boxed[:, None], people.box, extent(xy, seen))
        return Bodies(xy, seen, joint_score, score, box), boxed | (count > 0)


def extent(xy: Floats, seen: Bools) -> Floats:
    """Smallest boxes [n, 4] around the seen joints, each side at least one pixel.

    A row without joints gives one pixel at the origin.
    """
    box = enclosing_boxes(xy, seen)
    low, high = np.split(np.where(np.isnan(box), 0.0, box), 2, axis=1)
    lack = np.maximum(LEAST_SIDE - (high - low), 0.0) / 2
    return np.concatenate([low - lack, high + lack], axis=1)


def grow(box: Floats, share: float) -> Floats:
    """Boxes [n, 4] grown by a fraction of their width and height about their centres."""
    margin = (box[:, 2:] - box[:, :2]) * (share / 2)
    return np.concatenate([box[:, :2] - margin, box[:, 2:] + margin], axis=1)


def clip(box: Floats, size: tuple[float, float] | None) -> Floats:
    """Boxes [n, 4] cut at the borders of an image of width and height `size`; None cuts nothing."""
    if size is None:
        return box
    return np.clip(box, 0.0, np.array([size[0] - 1, size[1] - 1] * 2))
