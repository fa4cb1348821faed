"""CLEAR MOT per joint or per whole pose: misses, false positives, switches, MOTA and MOTP."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from poseval.metrics.base import Metric, Need, Table, Tally, always
from poseval.metrics.joint_rows import (
    Empty,
    JointRows,
    joint_facts,
    mean_of_defined,
    ratio,
    unit_rows,
    unlabelled_reasons,
)
from poseval.metrics.tracking_scene import Scale, Similarity, needs_of, pose_similarity, scene_of, skeleton_of
from poseval.poses import Floats, Ints
from poseval.poses.aligned import Aligned
from poseval.results.values import Value, Values

COUNTS = {  # column of the tally -> statistic
    "misses": "misses",
    "false_positives": "false_positives",
    "switches": "switches",
    "objects": "objects",
    "detections": "detections",
    "tracks": "tracks",
    "mostly_tracked": "MT",
    "partly_tracked": "PT",
    "mostly_lost": "ML",
    "fragments": "fragmentations",
}

HEADLINE = ("MOTA", "MOTP", "precision", "recall")


class Motp(enum.Enum):
    """Which distances MOTP sums."""

    MATCHES = "matches"  # of matched pairs
    EVENTS = "events"  # of every event that py-motmetrics records with a distance, raw pairs included


@dataclass(frozen=True)
class ClearMot(Metric):
    """Tracking accuracy and precision.

    MOTA = 1 - (misses + false positives + switches) / objects; MOTP = 1 - (sum of distances) / detections, so
    that more is better; precision = detections / (detections + false positives); recall = detections /
    objects. Per joint, summed over sequences first; totals are means over joints. A pair may match when its
    distance is at most `at` head sizes (whole poses: when its similarity is at least `at`). Matches of the
    past are carried over first; the memory of a match has no time limit. MT, PT and ML count true tracks that
    are matched in at least 80 %, between, and less than 20 % of their frames.

    `last_frame=no`, `dummies=yes`, `motp=events` and `empty=poseval` reproduce the poseval program.
    """

    similarity: Similarity = always(Similarity.JOINT)
    at: float = always(0.5)
    area: Scale = Scale.GIVEN
    last_frame: bool = True
    dummies: bool = False
    motp: Motp = Motp.MATCHES
    empty: Empty = Empty.UNDEFINED
    per_joint: bool = False

    name: ClassVar[str] = "clear_mot"
    unit: ClassVar[str] = "sequence"
    lower_is_better: ClassVar[frozenset[str]] = frozenset(
        {"misses", "false_positives", "switches", "ML", "fragmentations"}
    )
    formula: ClassVar[str] = (
        "MOTA = 1 - (misses + false positives + switches) / objects; MOTP = 1 - sum of distances / detections"
    )
    undefined: ClassVar[str] = "a joint that the truth never labels; MOTP without a detection"
    source: ClassVar[str] = (
        "Bernardin and Stiefelhagen 2008; leonid-pishchulin/poseval 4258a15, evaluateTracking.py; "
        "py-motmetrics 1.4.0, mot.py"
    )

    @property
    def needs(self) -> frozenset[Need]:  # type: ignore[override]
        """Track ids, and what the similarity measures with."""
        return frozenset({Need.TRACKS}) | needs_of(self.similarity, self.area)

    def tally(self, aligned: Aligned) -> Tally:
        """One row per sequence: counts and sums [K] of each joint (K = 1 for whole poses)."""
        scene = scene_of(aligned, self.similarity)
        gate = self.at
        if self.similarity is not Similarity.JOINT:
            likeness = pose_similarity(aligned, scene, self.similarity, self.area)
            scene.use_pairs(np.where(likeness >= self.at, 1 - likeness, np.nan))
            gate = math.inf
        counts = scene.clear(gate, skip_last_frame=not self.last_frame, dummies=self.dummies)
        keys = aligned.unit_keys("sequence")
        table = Table(np.arange(len(keys), dtype=np.int64), counts)
        return Tally(
            self.name, keys, {"sequences": table}, joint_facts(skeleton_of(aligned, self.similarity))
        )

    def reduce(self, tally: Tally, weight: Ints | None = None) -> Values:
        """MOTA, MOTP, precision, recall and all counts per joint, group and in total."""
        columns = {name: tally.sum(name, weight) for name in tally.tables["sequences"].columns}
        rows = JointRows.of(tally, self.per_joint, strict=self.empty is not Empty.UNDEFINED)
        why = unlabelled_reasons(tally.facts["joints"], columns["objects"])
        out: list[Value] = []
        for statistic, values in self.ratios(columns).items():
            out += rows(statistic, values, n=columns["objects"], why=why)
        for column, statistic in COUNTS.items():
            counts = columns[column]
            out += rows(statistic, counts.astype(np.float64), n=columns["objects"], add=True)
        return Values(out)

    def ratios(self, columns: dict[str, Any]) -> dict[str, Floats]:
        """The four ratios [..., K] from counts and sums [..., K]."""
        objects, detections = columns["objects"], columns["detections"]
        wrong = columns["misses"] + columns["false_positives"] + columns["switches"]
        distance = columns["matched_distance"]
        if self.motp is Motp.EVENTS:
            distance = distance + columns["other_distance"]
        out = {
            "MOTA": 1 - ratio(wrong, objects),
            "MOTP": 1 - ratio(distance, detections, empty=1.0 if self.empty is Empty.POSEVAL else math.nan),
            "precision": ratio(detections, detections + columns["false_positives"]),
            "recall": ratio(detections, objects),
        }
        if self.empty is Empty.UNDEFINED:
            out = {name: np.where(objects > 0, values, math.nan) for name, values in out.items()}
        return out

    def headline(self, values: Values) -> dict[str, float]:
        """The totals that tables print; counts stay in the values."""
        return {name: values.get(name) for name in HEADLINE}

    def by_unit(self, tally: Tally) -> Values:
        """Totals of every sequence alone."""
        columns = {name: tally.per_unit(name) for name in tally.tables["sequences"].columns}
        totals = {name: mean_of_defined(values) for name, values in self.ratios(columns).items()}
        totals |= {COUNTS[name]: columns[name].sum(axis=-1).astype(np.float64) for name in COUNTS}
        n = columns["objects"].sum(axis=-1)
        return unit_rows(self.name, tally, totals, n, "no labelled joint")
