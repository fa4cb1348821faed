"""The data of one update: the frames, their predictions, and their ground truth."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from poseval.errors import UsageError, like_others, shown
from poseval.integrations.arrays import Arrays, joined, set_of
from poseval.poses import PoseSet
from poseval.poses.concatenated import concatenated, require_alike
from poseval.skeletons import Skeleton

Side = Arrays | PoseSet


@dataclass(frozen=True, eq=False)
class Batch:
    """Predictions and ground truth of some frames, both as arrays or both as pose sets.

    `truth` is None if the whole ground truth was given at the start.
    """

    frames: tuple[Any, ...]
    predictions: Side
    truth: Side | None

    @staticmethod
    def of(predictions: Side, truth: Side | None) -> Batch:
        """A batch, whose sides are checked to belong together.

        Raises:
            UsageError: P854 predictions on a frame that the ground truth does not list, P858 arrays on one
                side alone.
        """
        if truth is None:
            return Batch(tuple(_keys(predictions)), predictions, None)
        if isinstance(truth, PoseSet) != isinstance(predictions, PoseSet):
            raise UsageError(
                "P858",
                where="batch",
                what="has arrays on one side and a pose set on the other",
                wanted="dictionaries of arrays on both sides, or pose sets or records on both",
            )
        frames = dict.fromkeys(_keys(truth))
        if isinstance(truth, Arrays):
            return Batch(tuple(frames | dict.fromkeys(_keys(predictions))), predictions, truth)
        lost = [key for key in _used(predictions) if key not in frames]
        if lost:
            raise UsageError(
                "P854",
                where=f"frame {shown(lost[0], 60)}",
                what=f"has predictions and is not in the target{like_others(len(lost) - 1)}",
                wanted="frames of the target",
            )
        return Batch(tuple(frames), predictions, truth)

    def without(self, frames: Collection[Any]) -> Batch:
        """The same batch without some frames."""
        kept = tuple(frame for frame in self.frames if frame not in frames)
        truth = None if self.truth is None else _without(self.truth, frames)
        return Batch(kept, _without(self.predictions, frames), truth)

    def sides(self) -> dict[str, Side]:
        """The sides, by their argument of `update`, which set the form of all later batches."""
        named = {"predictions": self.predictions, "target": self.truth}
        return {
            name: side
            for name, side in named.items()
            if side is not None and (isinstance(side, PoseSet) or side.columns)
        }


def require_form(name: str, first: Side, side: Side) -> None:
    """Refuse a side in another form than in the first batch.

    Raises:
        UsageError: P855 other columns, P858 arrays and pose sets.
    """
    if isinstance(first, PoseSet) and isinstance(side, PoseSet):
        require_alike(first, side)
    elif isinstance(first, PoseSet) or isinstance(side, PoseSet):
        raise UsageError(
            "P858",
            where=name,
            what="is of another kind than in batches before",
            wanted="arrays in every batch, or pose sets or records in every batch",
        )
    elif first.form() != side.form():
        raise UsageError(
            "P855",
            where=name,
            what=f"has {side.form()}; batches before had {first.form()}",
            wanted="the same columns in every batch",
        )


def whole(sides: Sequence[Any], frames: Sequence[Any], skeleton: Skeleton | None, joints: int) -> PoseSet:
    """The sides of all batches as one pose set; arrays on these `frames`."""
    if isinstance(sides[0], PoseSet):
        return concatenated(sides)
    return set_of(joined(sides), frames, skeleton, joints)


def _keys(side: Side) -> list[Any]:
    if isinstance(side, Arrays):
        return side.keys()
    keys: list[Any] = side.frames.key.tolist()
    return keys


def _used(side: Side) -> list[Any]:
    assert isinstance(side, PoseSet)
    return [side.frames.key[row] for row in np.unique(side.people.frame)]


def _without(side: Side, frames: Collection[Any]) -> Side:
    if isinstance(side, Arrays):
        return side.without(frames)
    return side.take_frames(np.flatnonzero(~np.isin(side.frames.key, list(frames))))
