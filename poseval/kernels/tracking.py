"""The tracking kernels: best-pose assignment, CLEAR MOT, identities, HOTA, points in polygons.

A scene holds ground truth ("objects") and predictions ("hypotheses") of the same frames, with K joints each;
whole poses are a scene of one joint whose pair values are given. A unit is a sequence.

Event rules follow py-motmetrics 1.4.0 (`mot.py`) or TrackEval 1.3.0 (`clear.py`), keypoint rules follow
poseval (`eval_helpers.py`) and the PoseTrack21 kit (`hota_pose.py`), all re-implemented from their
description; the tests hold plain Python versions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from poseval.kernels import _kernels

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# What a predicted joint is, as `best_pose` labels it.
ABSENT, HIT, TOO_FAR = _kernels.LABEL_ABSENT, _kernels.LABEL_HIT, _kernels.LABEL_TOO_FAR
UNLABELLED, UNASSIGNED = _kernels.LABEL_UNLABELLED, _kernels.LABEL_UNASSIGNED


@dataclass(frozen=True, eq=False)
class Side:
    """People of one side: `start` [F + 1] cuts the rows into frames; `present` [N, K]; `track` [N] ids."""

    start: Ints
    present: Bools
    track: Ints


def dense_tracks(unit: Ints, track: Ints, units: int) -> tuple[Ints, Ints, Ints]:
    """Ids 0, 1, ... inside each unit [N], in the order of the raw ids; their number per unit [units]; and the
    raw ids in the order of units."""
    if not len(track):
        return np.zeros(0, dtype=np.int64), np.zeros(units, dtype=np.int64), np.zeros(0, dtype=np.int64)
    order = np.lexsort((track, unit))
    first = np.ones(len(track), dtype=np.bool_)
    first[1:] = (np.diff(unit[order]) != 0) | (np.diff(track[order]) != 0)
    count = np.bincount(unit[order][first], minlength=units).astype(np.int64)
    before = np.concatenate(([0], np.cumsum(count)[:-1]))
    dense = np.empty(len(track), dtype=np.int64)
    dense[order] = np.cumsum(first) - 1
    return dense - before[unit], count, track[order][first]


class Scene:
    """Frames of all units with both sides. `unit` [F] is each frame's unit, `number` [F] its place in it.

    Distances are given by `use_joints` or `use_pairs` before anything is counted.

    Raises:
        ValueError: shapes, offsets or indices disagree, here and in every method.
    """

    def __init__(self, unit: Ints, number: Ints, units: int, truth: Side, predictions: Side) -> None:
        self.order: Ints = np.lexsort((number, unit)).astype(np.int64)
        self.unit_start: Ints = np.searchsorted(unit[self.order], np.arange(units + 1)).astype(np.int64)
        self.truth, self.predictions = truth, predictions
        sides = [
            dense_tracks(np.repeat(unit, np.diff(s.start)), s.track, units) for s in (truth, predictions)
        ]
        self.raw_tracks = tuple((count, raw) for _, count, raw in sides)
        self.kernel = _kernels.Scene(
            self.order,
            self.unit_start,
            truth.start,
            predictions.start,
            np.ascontiguousarray(truth.present, dtype=np.uint8),
            np.ascontiguousarray(predictions.present, dtype=np.uint8),
            sides[0][0],
            sides[1][0],
            sides[0][1],
            sides[1][1],
        )

    def use_joints(self, truth_xy: Floats, prediction_xy: Floats, head: Floats) -> None:
        """Distances from coordinates [N, K, 2] in units of the ground truth's head [G]; 0 never matches."""
        self.kernel.use_joints(truth_xy, prediction_xy, head)

    def use_pairs(self, value: Floats) -> None:
        """Distances or similarities of all pairs of each frame, truth-major; NaN where undefined."""
        self.kernel.use_pairs(value, self.pair_start)

    @property
    def pair_start(self) -> Ints:
        """[F + 1] offsets of each frame's pairs."""
        count = np.diff(self.truth.start) * np.diff(self.predictions.start)
        return np.concatenate(([0], np.cumsum(count))).astype(np.int64)

    def best_pose(self, gate: float) -> tuple[Ints, NDArray[np.int8]]:
        """The true row that each prediction [P] owns, or -1, and what each of its joints is [P, K].

        A prediction chooses the ground truth with the largest fraction of labelled joints within `gate` (the
        first one of equals); ground truth belongs to the prediction with the largest share (the first one of
        equals), if that is above 0. A prediction that loses its ground truth gets no other.
        """
        owned, label = _kernels.best_pose(self.kernel, gate)
        return owned, label

    def clear(self, gate: float, *, skip_last_frame: bool = False, dummies: bool = False) -> dict[str, Any]:
        """CLEAR counts [units, K] at distances up to `gate`.

        misses, switches, false_positives, objects, detections, and of tracks: tracks, mostly_tracked (share
        of frames at least 0.8), mostly_lost (below 0.2), partly_tracked, fragments. `matched_distance` sums
        over matches; `other_distance` over all other events that py-motmetrics 1.4 records with a distance
        (RAW, ASCEND, TRANSFER, MIGRATE). `dummies` counts a frame that lacks either side as one miss and one
        false positive of every joint.
        """
        out: dict[str, Any] = _kernels.clear_counts(self.kernel, gate, skip_last_frame, dummies)
        return out

    def clear_trackeval(self, threshold: float, radius: float) -> dict[str, Any]:
        """CLEAR counts [units, K] by the event rules of TrackEval at similarities from `threshold` on.

        Similarity is max(0, 1 - distance / radius); with a radius of 0 the pair values are similarities.
        The counts are those of `clear`; `similarity` sums over matches. An object prefers the hypothesis of
        the frame before, mostly tracked is above 0.8, and fragments are stretches of tracked frames less one.
        """
        out: dict[str, Any] = _kernels.clear_trackeval_counts(self.kernel, threshold, radius)
        return out

    def identity(self, gate: float) -> dict[str, Any]:
        """Frames explained by the best one-to-one matching of tracks (`matched`), objects, hypotheses."""
        out: dict[str, Any] = _kernels.identity_counts(self.kernel, gate)
        return out

    def hota(self, alphas: Floats, radius: float, *, aligned: bool) -> dict[str, Any]:
        """HOTA sums [units, K] and [units, K, A] at ascending `alphas`.

        Similarity is max(0, 1 - distance / radius); with a radius of 0 the pair values are similarities.
        `aligned` multiplies the similarities that the assignment maximises by how well the two tracks agree
        over the unit. objects_alone counts objects in frames without hypotheses, and the reverse.
        """
        out: dict[str, Any] = _kernels.hota_counts(self.kernel, alphas.tolist(), radius, aligned)
        return out

    def reid(self, alphas: Floats, radius: float) -> dict[str, Any]:
        """HOTA sums where every alpha has its own assignment and tracks are identities of all units.

        matched and similarity [units, K, A]; per pair of tracks that ever match: pair_unit, pair_joint,
        pair_object, pair_hypothesis [R] (raw ids), pair_count and pair_squares [R, A] (sum of squared lengths
        of uninterrupted pieces); per track: size_unit, size_joint, size_side (0 ground truth), size_track,
        size; and per object of a unit, joint and alpha the hypothesis and length of its first and last piece
        and the number of pieces: end_unit, end_joint, end_alpha, end_object, end_first, end_first_length,
        end_last, end_last_length, end_pieces.
        """
        found = _kernels.reid_counts(self.kernel, alphas.tolist(), radius)
        pairs, sizes = found.pop("pairs"), found.pop("sizes")
        out: dict[str, Any] = dict(found)
        out["pair_unit"], out["pair_joint"] = pairs[:, 0], pairs[:, 1]
        out["pair_object"] = self._raw(0, pairs[:, 0], pairs[:, 2])
        out["pair_hypothesis"] = self._raw(1, pairs[:, 0], pairs[:, 3])
        out["size_unit"], out["size_joint"], out["size_side"] = sizes[:, 0], sizes[:, 1], sizes[:, 2]
        sides = [
            self._raw(side, sizes[:, 0], np.where(sizes[:, 2] == side, sizes[:, 3], 0)) for side in (0, 1)
        ]
        out["size_track"] = np.where(sizes[:, 2] == 0, *sides)
        out["size"] = sizes[:, 4]
        ends = out.pop("ends")
        out["end_unit"], out["end_joint"], out["end_alpha"] = ends[:, 0], ends[:, 1], ends[:, 2]
        out["end_object"] = self._raw(0, ends[:, 0], ends[:, 3])
        out["end_first"] = self._raw(1, ends[:, 0], ends[:, 4])
        out["end_last"] = self._raw(1, ends[:, 0], ends[:, 6])
        out["end_first_length"], out["end_last_length"], out["end_pieces"] = (
            ends[:, 5],
            ends[:, 7],
            ends[:, 8],
        )
        return out

    def _raw(self, side: int, unit: Ints, dense: Ints) -> Ints:
        """Raw ids of dense ones."""
        count, raw = self.raw_tracks[side]
        before = np.concatenate(([0], np.cumsum(count)[:-1]))
        place = np.minimum(before[unit] + dense, max(len(raw) - 1, 0))
        out: Ints = raw[place] if len(raw) else np.zeros(len(unit), dtype=np.int64)
        return out


def assign(cost: Floats) -> Ints:
    """Column of each row of a cost matrix [R, C] [R] in the assignment of least sum; -1 for none.

    As many rows as there are columns are assigned. A cost of infinity forbids a pair. Of several assignments
    of the same sum the one is taken that SciPy's `linear_sum_assignment` takes, which published programs use:
    the smaller side (with equal ones the rows) is assigned in order, along shortest paths; of equally near
    columns a free one comes first, of several free ones the last in a list that begins with the last column
    and where the end of the list takes the place of each column that leaves it.

    Raises:
        ValueError: not as many pairs of finite cost are possible, or a cost is NaN or minus infinity.
    """
    return _kernels.assign(cost)


def points_in_regions(
    points: Floats, frame: Ints, vertices: Floats, start: Ints, region_frame: Ints
) -> Bools:
    """Which points [M, 2] lie strictly inside a polygon of their frame [M] (even-odd; boundary is outside).

    Frames of points ascend; polygon r is `vertices[start[r]:start[r + 1]]`, closed implicitly; with fewer
    than 3 vertices it holds nothing.

    Raises:
        ValueError: shapes or offsets disagree, or frames do not ascend.
    """
    out: Bools = _kernels.points_in_regions(points, frame, vertices, start, region_frame)
    return out
