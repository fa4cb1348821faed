"""CLEAR MOT per joint or per whole pose: misses, false positives, switches, MOTA and MOTP."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from poseval.kernels.tracking import Scene
from poseval.metrics.base import Metric, Need, Tally
from poseval.metrics.joint_error import require
from poseval.metrics.joint_rows import (
    Empty,
    JointRows,
    mean_of_defined,
    ratio,
    unit_rows,
    unlabelled_reasons,
)
from poseval.metrics.parameters import always
from poseval.metrics.tracking_scene import (
    Scale,
    Similarity,
    needs_of,
    pose_similarity,
    scene_of,
    sequence_tally,
)
from poseval.poses import Floats, Ints
from poseval.poses.aligned import Aligned
from poseval.results.values import AT_MOST_ONE, Bounds, Value, Values

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


class Motp(enum.Enum):
    """Which distances MOTP sums."""

    MATCHES = "matches"  # of matched pairs
    EVENTS = "events"  # of every event that py-motmetrics records with a distance, raw pairs included


class Events(enum.Enum):
    """The program whose rules define a match, a switch and a fragment."""

    MOTMETRICS = "motmetrics"  # an object keeps its hypothesis for ever; then most pairs, then nearest
    TRACKEVAL = "trackeval"  # an object prefers the hypothesis of the frame before; then greatest likeness


@dataclass(frozen=True)
class ClearMot(Metric):
    """Tracking accuracy and precision.

    MOTA = 1 - (misses + false positives + switches) / objects; MOTP = 1 - (sum of distances) / detections, so
    that more is better; precision = detections / (detections + false positives); recall = detections /
    objects. Per joint, summed over sequences first; totals are means over joints. A pair may match when its
    distance is at most `at` head sizes (whole poses: when its similarity is at least `at`). Matches of the
    past are carried over first; the memory of a match has no time limit. MT, PT and ML count true tracks that
    are matched in at least 80 %, between, and less than 20 % of their frames.

    `events=trackeval` takes the rules of TrackEval, which are those of MOT16: an object prefers the
    hypothesis that it had in the frame before, and MT is above 80 %. The similarity of a joint is then
    1 - distance.

    `last_frame=no`, `dummies=yes`, `motp=events` and `empty=poseval` reproduce the poseval program,
    `empty=trackeval` the zeros of TrackEval.
    """

    similarity: Similarity = always(Similarity.JOINT)
    at: float = always(0.5)
    area: Scale = Scale.GIVEN
    events: Events = Events.MOTMETRICS
    last_frame: bool = True
    dummies: bool = False
    motp: Motp = Motp.MATCHES
    empty: Empty = Empty.UNDEFINED
    per_joint: bool = False
    sigma: float = 0.0  # of OKS, for all joints; 0 takes those of the skeleton

    name: ClassVar[str] = "clear_mot"
    unit: ClassVar[str] = "sequence"
    measure: ClassVar[frozenset[str]] = frozenset({"similarity"})
    headlines: ClassVar[tuple[str, ...]] = ("MOTA", "MOTP", "precision", "recall")
    value_bounds: ClassVar[Mapping[str, Bounds]] = {"MOTA": AT_MOST_ONE, "MOTP": AT_MOST_ONE}
    lower_is_better: ClassVar[frozenset[str]] = frozenset(
        {"misses", "false_positives", "switches", "ML", "fragmentations"}
    )
    counted: ClassVar[frozenset[str]] = lower_is_better | {"objects", "detections", "tracks", "MT", "PT"}
    formula: ClassVar[str] = (
        "MOTA = 1 - (misses + false positives + switches) / objects; MOTP = 1 - sum of distances / detections"
    )
    undefined: ClassVar[str] = "a joint that is never labelled; MOTP without a detection"
    source: ClassVar[str] = (
        "Bernardin and Stiefelhagen 2008; leonid-pishchulin/poseval 4258a15, evaluateTracking.py; "
        "py-motmetrics 1.4.0, mot.py; JonathonLuiten/TrackEval 1.3.0, metrics/clear.py"
    )

    def __post_init__(self) -> None:
        """Raises UsageError P122 for parameters of the poseval program under TrackEval's events."""
        if self.events is Events.TRACKEVAL:
            poseval = not self.last_frame or self.dummies or self.motp is Motp.EVENTS
            require(
                not poseval,
                self.name,
                "events",
                "trackeval",
                "motmetrics, for the rules of the official program",
            )
            joint = self.similarity is Similarity.JOINT
            require(
                not joint or self.at < 1,
                self.name,
                "at",
                self.at,
                "a number below 1, because the similarity there is 0",
            )

    @property
    def needs(self) -> frozenset[Need]:  # type: ignore[override]
        """Track ids, and the columns that the similarity needs."""
        return needs_of(self.similarity, self.area, self.sigma)

    def tally(self, aligned: Aligned) -> Tally:
        """One row per sequence: counts and sums [K] of each joint (K = 1 for whole poses)."""
        scene = scene_of(aligned, self.similarity)
        gate = self.at
        trackeval = self.events is Events.TRACKEVAL
        if self.similarity is not Similarity.JOINT:
            likeness = pose_similarity(aligned, scene, self.similarity, self.area, self.sigma)
            scene.use_pairs(likeness if trackeval else np.where(likeness >= self.at, 1 - likeness, np.nan))
            gate = math.inf
        if trackeval:
            counts = self._by_trackeval(scene)
        else:
            counts = scene.clear(gate, skip_last_frame=not self.last_frame, dummies=self.dummies)
        return sequence_tally(self.name, aligned, self.similarity, counts)

    def _by_trackeval(self, scene: Scene) -> dict[str, Any]:
        joint = self.similarity is Similarity.JOINT
        counts = scene.clear_trackeval(*((1 - self.at, 1.0) if joint else (self.at, 0.0)))
        counts["matched_distance"] = counts["detections"] - counts.pop("similarity")
        counts["other_distance"] = np.zeros_like(counts["matched_distance"])
        return counts

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
        if self.empty is Empty.TRACKEVAL:
            return _trackeval_ratios(columns)
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

    def by_unit(self, tally: Tally) -> Values:
        """Totals of every sequence alone."""
        columns = {name: tally.per_unit(name) for name in tally.tables["sequences"].columns}
        totals = {name: mean_of_defined(values) for name, values in self.ratios(columns).items()}
        totals |= {COUNTS[name]: columns[name].sum(axis=-1).astype(np.float64) for name in COUNTS}
        n = columns["objects"].sum(axis=-1)
        return unit_rows(self.name, tally, totals, n, "no labelled joint")


def _trackeval_ratios(columns: dict[str, Any]) -> dict[str, Floats]:
    """The four ratios where nothing is undefined: no denominator is below 1."""
    detections, false = columns["detections"], columns["false_positives"]
    objects = np.maximum(1, columns["objects"])
    return {
        "MOTA": (detections - false - columns["switches"]) / objects,
        "MOTP": (detections - columns["matched_distance"]) / np.maximum(1, detections),
        "precision": detections / np.maximum(1, detections + false),
        "recall": detections / objects,
    }
