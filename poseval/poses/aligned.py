"""Ground truth and predictions side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from poseval.errors import MismatchError
from poseval.poses import Array, PoseSet


@dataclass(frozen=True, eq=False)
class Aligned:
    """Ground truth and predictions over the same frames table and the same joints: what a metric tallies.

    Raises:
        MismatchError: P401 when the tables of frames or the joints differ; `align` makes them equal.
    """

    truth: PoseSet
    predictions: PoseSet

    def __post_init__(self) -> None:
        if self.truth.frames is not self.predictions.frames:
            raise MismatchError("P401", where="aligned sets", what="have different tables of frames")
        if self.truth.skeleton.joints != self.predictions.skeleton.joints:
            raise MismatchError(
                "P401",
                where=f"{self.predictions.origin.name}: joints",
                what=f"follow skeleton {self.predictions.skeleton.name}",
                wanted=f"{self.truth.skeleton.name}, which the ground truth follows",
            )

    def unit_keys(self, unit: str) -> Array:
        """Names [U] of the units of a tally: frame keys (`unit="frame"`) or sequence names."""
        if unit == "frame":
            return self.truth.frames.key
        return np.asarray(self.truth.frames.sequences, dtype=np.str_)

    def shards(self, count: int, unit: str) -> Iterator[Aligned]:
        """At most `count` parts of consecutive whole units; their tallies concatenate to the whole's."""
        frames = self.truth.frames
        if unit == "frame":
            chunks = np.array_split(np.arange(len(frames)), count)
        else:
            chunks = np.array_split(np.arange(len(frames.sequences)), count)
        for chunk in chunks:
            if not len(chunk) and count > 1:
                continue
            rows = chunk if unit == "frame" else np.flatnonzero(np.isin(frames.sequence, chunk))
            truth, predictions = self.truth.take_frames(rows), self.predictions.take_frames(rows)
            kept = truth.frames
            if unit != "frame":
                first = int(chunk[0]) if len(chunk) else 0
                kept = replace(
                    kept,
                    sequence=kept.sequence - first,
                    sequences=tuple(frames.sequences[index] for index in chunk),
                )
            yield Aligned(replace(truth, frames=kept), replace(predictions, frames=kept))
