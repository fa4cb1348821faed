"""Cross-check of clear_mot and identity: py-motmetrics, one accumulator per sequence and joint.

py-motmetrics reads no PoseTrack files, so it is given the people that poseval read and kept. Distances are
worked out here from the coordinates, apart from the compiled module. Counts must agree exactly; sums of
distances are added in the order of its events, so that they agree to the last bit, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from poseval.compat.crosschecks.base import Case, Difference, of_array
from poseval.errors import UsageError
from poseval.metrics.base import Metric, Tally
from poseval.metrics.clear_mot import ClearMot
from poseval.metrics.identity import Identity
from poseval.metrics.tracking_scene import Similarity, pair_rows, pose_similarity, scene_of
from poseval.poses import Array, Floats, Ints
from poseval.poses.aligned import Aligned

TRACKS = {  # column of our tally -> metric of py-motmetrics
    "tracks": "num_unique_objects",
    "mostly_tracked": "mostly_tracked",
    "partly_tracked": "partially_tracked",
    "mostly_lost": "mostly_lost",
    "fragments": "num_fragmentations",
}
COUNTS = ("misses", "false_positives", "switches", "objects", "detections")


@dataclass(frozen=True, eq=False)
class Meeting:
    """One frame of one joint: ids of both sides and their distances [O, H], NaN where they may not match."""

    objects: Ints
    hypotheses: Ints
    distance: Floats
    dummy: bool


def check_clear(metric: Metric, tally: Tally, case: Case) -> list[Difference]:
    """Every count per sequence and joint, and the sums of distances.

    Raises:
        UsageError: P145 for another metric.
    """
    if not isinstance(metric, ClearMot):
        raise UsageError("P145", where=f"metric {metric}", what="is not clear_mot")
    names = [*COUNTS, *(() if metric.dummies else TRACKS), "matched_distance", "other_distance"]
    ours = {name: tally.per_unit(name) for name in names}
    theirs = {name: np.zeros(column.shape) for name, column in ours.items()}
    for unit, joint, meetings in _films(case, metric):
        kept = meetings[:-1] if not metric.last_frame else meetings
        for name, value in _clear(kept, metric.dummies).items():
            theirs[name][unit, joint] = value
    return [of_array(f"clear_mot/{name}", ours[name].astype(np.float64), theirs[name]) for name in names]


def check_identity(metric: Metric, tally: Tally, case: Case) -> list[Difference]:
    """IDTP, objects and hypotheses per sequence and joint.

    Raises:
        UsageError: P145 for another metric.
    """
    if not isinstance(metric, Identity):
        raise UsageError("P145", where=f"metric {metric}", what="is not identity")
    names = {"matched": "idtp", "objects": "num_objects", "hypotheses": "num_predictions"}
    ours = {name: tally.per_unit(name).astype(np.float64) for name in names}
    theirs = {name: np.zeros(column.shape) for name, column in ours.items()}
    for unit, joint, meetings in _films(case, metric):
        found = _computed(_accumulated(meetings, dummies=False), list(names.values()))
        for name, wanted in names.items():
            theirs[name][unit, joint] = found[wanted]
    return [of_array(f"identity/{name}", ours[name], theirs[name]) for name in names]


def _films(case: Case, metric: ClearMot | Identity) -> Iterator[tuple[int, int, list[Meeting]]]:
    """Sequence, joint and frames in order; a whole pose is joint 0."""
    aligned = Aligned(case.truth, case.predictions)
    frames = case.truth.frames
    starts = case.truth.frame_start(), case.predictions.frame_start()
    pairs = None
    if metric.similarity is not Similarity.JOINT:
        scene = scene_of(aligned, metric.similarity)
        likeness = pose_similarity(aligned, scene, metric.similarity, metric.area)
        pairs = scene.pair_start, np.where(likeness >= metric.at, 1 - likeness, np.nan), pair_rows(scene)
    for unit in range(len(frames.sequences)):
        rows = np.flatnonzero(frames.sequence == unit)
        rows = rows[np.argsort(frames.number[rows], kind="stable")]
        for joint in range(1 if pairs is not None else len(case.truth.skeleton)):
            yield unit, joint, [_meeting(case, metric, int(f), joint, starts, pairs) for f in rows]


def _meeting(
    case: Case, metric: ClearMot | Identity, frame: int, joint: int, starts: tuple[Ints, Ints], pairs: Any
) -> Meeting:
    sides = case.truth.people, case.predictions.people
    rows = [np.arange(start[frame], start[frame + 1]) for start in starts]
    dummy = not all(len(side) for side in rows)
    if pairs is not None:
        first, value, _ = pairs
        distance = value[first[frame] : first[frame + 1]].reshape(len(rows[0]), len(rows[1]))
        return Meeting(sides[0].track[rows[0]], sides[1].track[rows[1]], distance, dummy)
    rows = [row[side.seen[row, joint] > 0] for row, side in zip(rows, sides, strict=True)]
    delta = sides[0].xy[rows[0], joint][:, None] - sides[1].xy[rows[1], joint][None]
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.sqrt(delta[..., 0] ** 2 + delta[..., 1] ** 2) / sides[0].head[rows[0]][:, None]
        distance = np.where(distance <= metric.at, distance, np.nan)
    return Meeting(sides[0].track[rows[0]], sides[1].track[rows[1]], distance, dummy)


def _accumulated(meetings: list[Meeting], dummies: bool) -> Any:
    """The accumulator after all frames. Ids are made negative once, so that no id equals the dummy's."""
    from motmetrics import MOTAccumulator

    accumulator = MOTAccumulator(auto_id=True)
    for meeting in meetings:
        if dummies and meeting.dummy:
            accumulator.update([0], [0], [[np.nan]])
        else:
            accumulator.update(-1 - meeting.objects, -1 - meeting.hypotheses, meeting.distance)
    return accumulator


def _clear(meetings: list[Meeting], dummies: bool) -> dict[str, float]:
    accumulator = _accumulated(meetings, dummies)
    events = accumulator.events
    kinds, distances = events["Type"].tolist(), events["D"].tolist()
    found = Counter(kinds)
    matched = other = 0.0
    for kind, distance in zip(kinds, distances, strict=True):
        if kind in ("MATCH", "SWITCH"):
            matched += distance
        elif distance == distance:
            other += distance
    detections = found["MATCH"] + found["SWITCH"]
    out: dict[str, float] = {
        "misses": found["MISS"],
        "false_positives": found["FP"],
        "switches": found["SWITCH"],
        "objects": detections + found["MISS"],
        "detections": detections,
        "matched_distance": matched,
        "other_distance": other,
    }
    if not dummies:
        tracks = _computed(accumulator, list(TRACKS.values()))
        out |= {name: tracks[wanted] for name, wanted in TRACKS.items()}
    return out


def _computed(accumulator: Any, names: list[str]) -> dict[str, float]:
    """Metrics of py-motmetrics; 0 for an accumulator that saw nothing."""
    from motmetrics import metrics

    if not len(accumulator.events):
        return dict.fromkeys(names, 0.0)
    table: Array = metrics.create().compute(accumulator, metrics=names, return_dataframe=False)
    return {name: float(table[name]) for name in names}
