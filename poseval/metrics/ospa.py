"""OSPA: how far the people of a frame are from those that were predicted, misplaced and miscounted in one."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from poseval.errors import UsageError
from poseval.kernels.tracking import Scene, Side, assign
from poseval.metrics.base import Metric, Need, Table, Tally
from poseval.metrics.joint_error import require
from poseval.metrics.parameters import always
from poseval.metrics.tracking_scene import Scale, Similarity, needs_of, pose_similarity
from poseval.poses import Floats, Ints
from poseval.poses.aligned import Aligned
from poseval.results.values import Direction, Value, Values


@dataclass(frozen=True)
class Ospa(Metric):
    """Optimal sub-pattern assignment distance between the true and the predicted people of each frame.

    The distance of two people is d = min(`cutoff`, 1 - similarity), where the similarity is OKS, PCKh or the
    intersection over union of boxes. With m people on the one side and n >= m on the other,
    OSPA = ((least sum of d^p over m pairs + cutoff^p (n - m)) / n)^(1/p), p the `order`; OSPA_loc and
    OSPA_card are the same with the first or the second term alone, and add up to OSPA at order 1. A frame
    with nobody on both sides is 0, also of a group of people that has nobody there. Numbers are means over
    frames, and smaller is better.

    Over boxes it is a metric of sets: 0 for equal ones, symmetric, and the triangle inequality holds. OKS
    measures by the size of the true person, so that it has the first of these properties only.
    A true person without a labelled joint belongs to no set, unless boxes are compared.
    """

    similarity: Similarity = always(Similarity.OKS)
    cutoff: float = 1.0  # the largest distance, and the price of a person too many or too few
    order: float = 1.0  # large ones punish outliers
    area: Scale = Scale.GIVEN
    sigma: float = 0.0  # of OKS, for all joints; 0 takes those of the skeleton

    name: ClassVar[str] = "ospa"
    better: ClassVar[Direction] = Direction.LOWER
    measure: ClassVar[frozenset[str]] = frozenset({"similarity"})
    headlines: ClassVar[tuple[str, ...]] = ("OSPA", "OSPA_loc", "OSPA_card")
    formula: ClassVar[str] = (
        "OSPA = mean over frames of ((least sum of d^p over m pairs + c^p (n - m)) / n)^(1/p), "
        "d = min(c, 1 - similarity), m <= n the numbers of people"
    )
    undefined: ClassVar[str] = "no frame at all"
    source: ClassVar[str] = (
        "Schuhmacher, Vo and Vo 2008, IEEE Transactions on Signal Processing 56(8); OSPA-Pose: Vendrow et "
        "al. 2023 (JRDB-Pose), JRDB-dataset/jrdb_toolkit 4fbf7d6, pose_eval/pose_eval.py"
    )

    def __post_init__(self) -> None:
        """Raises UsageError P122 for parameters that cannot be."""
        check_parameters(self.name, self.similarity, self.cutoff, self.order)

    @property
    def needs(self) -> frozenset[Need]:  # type: ignore[override]
        """What the similarity measures with."""
        return needs_of(self.similarity, self.area, self.sigma) - {Need.TRACKS}

    def tally(self, aligned: Aligned) -> Tally:
        """One row per frame: both terms of the distance to the power of the order, and n."""
        aligned = with_joints(aligned, self.similarity)
        frames = len(aligned.truth.frames)
        scene = untracked_scene(aligned)
        likeness = pose_similarity(aligned, scene, self.similarity, self.area, self.sigma)
        distance = np.minimum(1 - likeness, self.cutoff) ** self.order
        counts = [np.diff(side.start) for side in (scene.truth, scene.predictions)]
        place = scene.pair_start
        nearest = np.zeros(frames)
        for frame in np.flatnonzero(np.minimum(*counts)).tolist():
            pairs = distance[place[frame] : place[frame + 1]].reshape(counts[0][frame], counts[1][frame])
            nearest[frame] = least(pairs)[1]
        alone = self.cutoff**self.order * np.abs(counts[0] - counts[1])
        columns = {
            "size": np.maximum(*counts),
            "OSPA": nearest + alone,
            "OSPA_loc": nearest,
            "OSPA_card": alone,
        }
        table = Table(np.arange(frames, dtype=np.int64), columns)
        return Tally(str(self), aligned.unit_keys("frame"), {"frames": table})

    def reduce(self, tally: Tally, weight: Ints | None = None) -> Values:
        """OSPA and its two parts, means over frames."""
        return mean_distances(tally, weight, self.order, "no frame")


def check_parameters(name: str, similarity: Similarity, cutoff: float, order: float) -> None:
    """Refuse what OSPA is not defined for.

    Raises:
        UsageError: P122 for single joints, a cutoff beyond 0 to 1, and an order below 1.
    """
    if similarity is Similarity.JOINT:
        raise UsageError(
            "P122",
            where=f"{name}(similarity=joint)",
            what="cannot compare single joints",
            wanted="similarity=oks, pckh or iou",
        )
    require(0 < cutoff <= 1, name, "cutoff", cutoff, "a number above 0, at most 1")
    require(1 <= order <= 100, name, "order", order, "a number of 1 to 100")


def with_joints(aligned: Aligned, similarity: Similarity) -> Aligned:
    """The sets without true people that have no labelled joint; all of them where boxes are compared."""
    labelled = aligned.truth.people.is_labelled
    if similarity is Similarity.IOU or labelled.all():
        return aligned
    people = aligned.truth.people.take(np.flatnonzero(labelled))
    return Aligned(replace(aligned.truth, people=people), aligned.predictions)


def untracked_scene(aligned: Aligned) -> Scene:
    """Frames with the people of both sides, who have no tracks: each frame is a unit of its own."""
    frames = len(aligned.truth.frames)
    sides = [
        Side(poses.frame_start(), np.ones((len(poses), 1), dtype=np.bool_), np.arange(len(poses)))
        for poses in (aligned.truth, aligned.predictions)
    ]
    return Scene(np.arange(frames), np.zeros(frames, dtype=np.int64), frames, *sides)


def least(distance: Floats) -> tuple[Ints, float]:
    """The column of each row of a matrix of distances, or -1, in the assignment of least sum, and the sum."""
    if not distance.size:
        return np.full(len(distance), -1), 0.0
    column = assign(np.ascontiguousarray(distance))
    rows = np.flatnonzero(column >= 0)
    return column, float(distance[rows, column[rows]].sum())


def mean_distances(tally: Tally, weight: Ints | None, order: float, why: str) -> Values:
    """Means over rows of each column, (column / size)^(1 / order); a row of size 0 is 0."""
    size = tally.column("size")
    times = tally.weight_of_rows("size", weight)
    count = int(times.sum())
    out = []
    for table in tally.tables.values():
        for name, column in table.columns.items():
            if name == "size":
                continue
            each = np.divide(column, size, out=np.zeros(len(size)), where=size > 0) ** (1 / order)
            value = float((each * times).sum() / count) if count else math.nan
            out.append(Value(tally.metric, name, value=value, n=count, why="" if count else why))
    return Values(out)
