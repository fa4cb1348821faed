"""Truth and predictions side by side, and the candidate pairs between them as columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from poseval.errors import MismatchError
from poseval.poses import Array, Floats, Ints, PoseSet


@dataclass(frozen=True, eq=False)
class Aligned:
    """Truth and predictions over the same frames table and the same joints: what a metric tallies.

    Raises:
        MismatchError: P401 when the frames tables or the joints differ; alignment comes before.
    """

    truth: PoseSet
    predictions: PoseSet

    def __post_init__(self) -> None:
        if self.truth.frames is not self.predictions.frames:
            raise MismatchError("P401", where="aligned sets", what="do not share one table of frames")
        if self.truth.skeleton.joints != self.predictions.skeleton.joints:
            raise MismatchError(
                "P401",
                where=f"{self.predictions.origin.name}: joints",
                what=f"follow skeleton {self.predictions.skeleton.name}",
                wanted=f"the truth follows {self.truth.skeleton.name}",
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


@dataclass(frozen=True, eq=False)
class Pairs:
    """Every (prediction, truth) pair of people that share a frame (and, when asked, a category), P rows.

    Sorted by prediction row, then by truth row.
    """

    prediction: Ints  # [P] int64 row in predictions.people
    truth: Ints  # [P] int64 row in truth.people
    frame: Ints  # [P] int64

    @staticmethod
    def candidates(aligned: Aligned, *, by_category: bool = False) -> Pairs:
        """All candidate pairs, in one vectorised pass."""
        start = aligned.truth.frame_start()
        frame = aligned.predictions.people.frame
        count = (start[1:] - start[:-1])[frame]
        prediction = np.repeat(np.arange(len(frame)), count)
        offset = np.arange(len(prediction)) - np.repeat(np.cumsum(count) - count, count)
        truth = start[frame][prediction] + offset
        if by_category:
            same = aligned.truth.people.category[truth] == aligned.predictions.people.category[prediction]
            prediction, truth = prediction[same], truth[same]
        return Pairs(prediction, truth, frame[prediction])

    def joint_distance(self, aligned: Aligned) -> Floats:
        """Euclidean distance [P, K] in pixels; NaN where the truth or the prediction lacks the joint."""
        xy = aligned.predictions.people.xy[self.prediction] - aligned.truth.people.xy[self.truth]
        both = (aligned.truth.people.seen[self.truth] > 0) & (
            aligned.predictions.people.seen[self.prediction] > 0
        )
        return np.where(both, np.hypot(xy[..., 0], xy[..., 1]), np.nan)

    def box_iou(self, aligned: Aligned) -> Floats:
        """Intersection over union [P] of the people's boxes; NaN where a box is not given."""
        a = aligned.predictions.people.box[self.prediction]
        b = aligned.truth.people.box[self.truth]
        low, high = np.maximum(a[:, :2], b[:, :2]), np.minimum(a[:, 2:], b[:, 2:])
        inter = np.prod(np.maximum(high - low, 0), axis=1)
        area = np.prod(a[:, 2:] - a[:, :2], axis=1) + np.prod(b[:, 2:] - b[:, :2], axis=1) - inter
        iou: Floats = np.divide(inter, area, out=np.zeros(len(inter)), where=area > 0)
        return iou
