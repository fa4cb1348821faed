"""OSPA(2): the OSPA distance between sets of tracks, whose base distance is itself an OSPA over time."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from poseval.kernels.tracking import Scene, dense_tracks
from poseval.metrics.base import Metric, Need, Table, Tally
from poseval.metrics.ospa import check_parameters, least, mean_distances, with_joints
from poseval.metrics.ospa_visibility import LEVELS, Levels, level_distances
from poseval.metrics.parameters import always
from poseval.metrics.tracking_scene import (
    Scale,
    Similarity,
    needs_of,
    pair_rows,
    pose_similarity,
    scene_of,
)
from poseval.poses import Floats, Ints
from poseval.poses.aligned import Aligned
from poseval.results.values import Direction, Values


class Counted(enum.Enum):
    """Which frames a sequence has."""

    ALL = "all"
    PREDICTED = "predicted"  # those with somebody predicted, as JRDB's toolkit


@dataclass(frozen=True)
class Ospa2(Metric):
    """OSPA distance between the true and the predicted tracks of each sequence.

    At a frame two tracks have the distance d = min(`cutoff`, 1 - similarity) where both are there, and
    `cutoff` where one of them is. The distance of two tracks is the mean of d^p over the frames where at
    least one of them is, p the `order`; to the power of 1/p it is the base distance of OSPA over the two sets
    of tracks: with m tracks on the one side and n >= m on the other, ((least sum of d^p over m pairs +
    cutoff^p (n - m)) / n)^(1/p). OSPA2_loc and OSPA2_card are its two terms alone. Numbers are means over
    sequences, and smaller is better; a sequence without tracks on both sides is 0.

    It punishes what a tracker does wrong in one number: misplaced, missed and invented people, tracks that
    break, and tracks that exchange people. Over boxes it is a metric of sets of tracks (see `ospa`).

    `frames=predicted` leaves out the frames in which nobody is predicted, as JRDB's toolkit does. Where the
    ground truth has the visibility of joints (JRDB-Pose), `visibility=all` gives numbers by it, too.
    """

    similarity: Similarity = always(Similarity.OKS)
    cutoff: float = 1.0  # the largest distance, and the price of a track too many or too few
    order: float = 1.0  # large ones punish outliers
    area: Scale = Scale.GIVEN
    sigma: float = 0.0  # of OKS, for all joints; 0 takes those of the skeleton
    frames: Counted = Counted.ALL
    visibility: Levels = Levels.NONE

    name: ClassVar[str] = "ospa2"
    unit: ClassVar[str] = "sequence"
    better: ClassVar[Direction] = Direction.LOWER
    measure: ClassVar[frozenset[str]] = frozenset({"similarity"})
    headlines: ClassVar[tuple[str, ...]] = (
        *("OSPA2", "OSPA2_loc", "OSPA2_card"),
        *(f"OSPA2_{level}" for level in LEVELS),
    )
    formula: ClassVar[str] = (
        "OSPA2 = mean over sequences of ((least sum of D^p over m pairs of tracks + c^p (n - m)) / n)^(1/p), "
        "D = (mean over frames of min(c, 1 - similarity)^p)^(1/p), m <= n the numbers of tracks"
    )
    undefined: ClassVar[str] = "no sequence at all"
    source: ClassVar[str] = (
        "Beard, Vo and Vo 2020, IEEE Transactions on Signal Processing 68; JRDB-dataset/jrdb_toolkit "
        "4fbf7d6, pose_eval/posetrack/metrics/ospa2.py"
    )

    def __post_init__(self) -> None:
        """Raises UsageError P122 for parameters that cannot be."""
        check_parameters(self.name, self.similarity, self.cutoff, self.order)

    @property
    def needs(self) -> frozenset[Need]:  # type: ignore[override]
        """Track ids, and what the similarity measures with."""
        return needs_of(self.similarity, self.area, self.sigma)

    def tally(self, aligned: Aligned) -> Tally:
        """One row per sequence: the terms of the distance to the power of the order, and n.

        Raises:
            MismatchError: P405 when a prediction's track id occurs twice in a frame; P410 without the
                visibility of joints where numbers by it are asked for.
        """
        aligned = with_joints(aligned, self.similarity)
        scene = scene_of(aligned, self.similarity)
        likeness = pose_similarity(aligned, scene, self.similarity, self.area, self.sigma)
        distance = np.minimum(1 - likeness, self.cutoff) ** self.order
        levels = np.zeros((len(distance), 0))
        if self.visibility is not Levels.NONE:
            rows = pair_rows(scene)
            levels = level_distances(aligned, rows, self.visibility, (self.area, self.sigma)) ** self.order
        pairs = np.column_stack([distance, levels])
        sequences = _sequences(aligned, scene, pairs, self.frames)
        names = ("OSPA2", "OSPA2_loc", "OSPA2_card", *(f"OSPA2_{level}" for level in LEVELS))
        columns = {name: np.zeros(len(sequences)) for name in names[: 3 + levels.shape[1]]}
        columns["size"] = np.array([max(one.frames[0].size, one.frames[1].size) for one in sequences])
        for place, one in enumerate(sequences):
            for name, value in zip(columns, one.terms(self.cutoff**self.order), strict=False):
                columns[name][place] = value
        table = Table(np.arange(len(sequences), dtype=np.int64), columns)
        return Tally(str(self), aligned.unit_keys("sequence"), {"sequences": table})

    def reduce(self, tally: Tally, weight: Ints | None = None) -> Values:
        """OSPA(2) and its parts, means over sequences."""
        return mean_distances(tally, weight, self.order, "no sequence")


@dataclass(frozen=True, eq=False)
class Tracks:
    """The tracks of a sequence: in how many frames each is, true ones [G] and predicted ones [H], and of the
    pairs that share a frame the two tracks [pairs, 2] and their distances [pairs, 1 + levels]."""

    frames: tuple[Ints, Ints]
    pair: Ints
    distance: Floats

    def terms(self, price: float) -> list[float]:
        """Total, localisation, cardinality, and the total by each level of visibility."""
        mine, theirs = self.frames
        shape = (len(mine), len(theirs))
        shared = np.zeros(shape, dtype=np.int64)
        place = tuple(self.pair.T)
        np.add.at(shared, place, 1)
        union = np.add.outer(mine, theirs) - shared
        alone = price * (union - shared)
        means = []
        for column in self.distance.T:
            total = np.zeros(shape)
            np.add.at(total, place, column)
            means.append(np.divide(total + alone, union, out=np.zeros(shape), where=union > 0))
        chosen, nearest = least(means[0])
        card = price * abs(len(mine) - len(theirs))
        rows = np.flatnonzero(chosen >= 0)
        by_level = [float(mean[rows, chosen[rows]].sum()) + card for mean in means[1:]]
        return [nearest + card, nearest, card, *by_level]


def _sequences(aligned: Aligned, scene: Scene, distance: Floats, counted: Counted) -> list[Tracks]:
    """The tracks of every sequence; distances [pairs, ...] are those of `pair_rows`."""
    frames = aligned.truth.frames
    units = len(frames.sequences)
    counts = np.diff(scene.predictions.start) > 0
    kept = np.ones(len(frames), dtype=np.bool_) if counted is Counted.ALL else counts
    tracks, lengths = [], []
    for poses in (aligned.truth, aligned.predictions):
        unit = frames.sequence[poses.people.frame]
        track, count, _ = dense_tracks(unit, poses.people.track, units)
        length = [np.zeros(n, dtype=np.int64) for n in count.tolist()]
        for u in range(units):
            np.add.at(length[u], track[(unit == u) & kept[poses.people.frame]], 1)
        tracks.append(track)
        lengths.append(length)
    rows = pair_rows(scene)
    unit = frames.sequence[aligned.truth.people.frame[rows[0]]]
    pair = np.column_stack([tracks[0][rows[0]], tracks[1][rows[1]]])
    return [
        Tracks((lengths[0][u], lengths[1][u]), pair[unit == u], distance[unit == u]) for u in range(units)
    ]
