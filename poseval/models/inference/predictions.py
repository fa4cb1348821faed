"""The output of a model for one image, the same for top-down, bottom-up and adapted models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from poseval.errors import ValueRangeError, shown
from poseval.models.inference.crops import Floats
from poseval.models.inference.suppression import Index


@dataclass(frozen=True)
class Poses:
    """N people on one image, in pixels of the image; every number is finite.

    `xy` [N, K, 2]; `joint_score` [N, K]; `score` [N]; `box` [N, 4] x0 y0 x1 y1, given or found; `area` [N]
    as OKS-NMS takes it (of the crop where there is one); `row` [N] is the row of the given box each pose
    answers, and counts up where no box was given. A box in which the model finds nobody has no row here.
    """

    xy: Floats
    joint_score: Floats
    score: Floats
    box: Floats
    area: Floats
    row: Index

    def __len__(self) -> int:
        return len(self.score)

    def take(self, rows: ArrayLike) -> Poses:
        """The people at these rows, in this order."""
        rows = np.asarray(rows)
        rows = rows if rows.dtype == np.bool_ else rows.astype(np.int64)
        return Poses(
            self.xy[rows],
            self.joint_score[rows],
            self.score[rows],
            self.box[rows],
            self.area[rows],
            self.row[rows],
        )


def whole_image_poses(xy: ArrayLike, joint_score: ArrayLike, score: ArrayLike, box: ArrayLike) -> Poses:
    """Poses found without given boxes; the area is the box's."""
    box = np.asarray(box, dtype=np.float64).reshape(-1, 4)
    return Poses(
        np.asarray(xy, dtype=np.float64),
        np.asarray(joint_score, dtype=np.float64),
        np.asarray(score, dtype=np.float64),
        box,
        (box[:, 2:] - box[:, :2]).prod(1),
        np.arange(len(box)),
    )


def check_finite(name: str, numbers: NDArray[np.floating]) -> None:
    """Refuse what a network gives where it is NaN or infinite.

    Raises:
        ValueRangeError: P359.
    """
    if not np.isfinite(numbers).all():
        raise ValueRangeError(
            "P359",
            where=f"model {shown(name)}",
            what="gives NaN or infinite numbers",
            wanted="finite numbers (16-bit arithmetic, which --full turns off, may overflow)",
        )


@runtime_checkable
class WholeImage(Protocol):
    """A model that takes a whole RGB image [H, W, 3] and finds the people itself."""

    def poses(self, image: NDArray[np.uint8]) -> Poses:
        """Everybody found."""
