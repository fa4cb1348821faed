"""Cross-checks of clear_mot, identity and hota: py-motmetrics and TrackEval, by joints or whole poses.

Neither reads PoseTrack's files: they are given people that the other side read, and distances worked out here
in plain code. Counts must agree exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from poseval.compat.crosschecks.base import Case, Difference, of_array
from poseval.compat.crosschecks.videos import alike, distances, videos_of
from poseval.compat.official.base import CannotCheck
from poseval.compat.official.tracking import (
    Meeting,
    Tracks,
    clear_counts,
    identity_counts,
    motmetrics_version,
    trackeval,
    trackeval_version,
)
from poseval.errors import UsageError
from poseval.metrics.base import Metric, Tally
from poseval.metrics.clear_mot import ClearMot, Events
from poseval.metrics.hota import RADIUS, Frames, Hota, Matching
from poseval.metrics.identity import Identity
from poseval.metrics.tracking_scene import Similarity
from poseval.poses import Array, Floats

COUNTS = ("misses", "false_positives", "switches", "objects", "detections")
TRACKS = ("tracks", "mostly_tracked", "partly_tracked", "mostly_lost", "fragments")
DISTANCES = {"matched_distance": "matched", "other_distance": "other"}
CLEAR = {  # column of our tally -> TrackEval's
    "misses": "CLR_FN",
    "false_positives": "CLR_FP",
    "switches": "IDSW",
    "detections": "CLR_TP",
    "mostly_tracked": "MT",
    "partly_tracked": "PT",
    "mostly_lost": "ML",
    "fragments": "Frag",
}
HOTA = {"matched": "HOTA_TP", "association": "AssA", "similarity": "LocA"}
Seen = tuple[list[int], list[int], Floats, bool]  # ids of both sides, likeness or distance, a side is empty


def check_clear(metric: Metric, tally: Tally, case: Case) -> list[Difference]:
    """Every count per joint, and the sums of distances.

    Raises:
        UsageError: P104 for another metric.
    """
    if not isinstance(metric, ClearMot):
        raise UsageError("P104", where=f"metric {metric}", what="is not checked here", wanted="clear_mot")
    if metric.events is Events.TRACKEVAL:
        return _clear_by_trackeval(metric, tally, case)
    names = {name: name for name in (*COUNTS, *(() if metric.dummies else TRACKS))} | DISTANCES
    theirs: dict[str, list[float]] = {name: [] for name in names}
    for videos in _per_joint(case, metric):
        total = dict.fromkeys(names, 0.0)
        for frames in videos:
            kept = frames if metric.last_frame else frames[:-1]
            found = clear_counts(_meetings(kept, metric), metric.dummies)
            for name, key in names.items():
                total[name] += found[key]
        for name, value in total.items():
            theirs[name].append(value)
    program = _program(motmetrics_version(), case)
    return [_column(f"clear_mot/{name}", tally.sum(name), theirs[name], program) for name in names]


def _clear_by_trackeval(metric: ClearMot, tally: Tally, case: Case) -> list[Difference]:
    joint = metric.similarity is Similarity.JOINT
    threshold = 1 - metric.at if joint else metric.at
    theirs: dict[str, list[float]] = {name: [] for name in CLEAR}
    for videos in _per_joint(case, metric):
        found = trackeval([_tracks(frames, joint, 1.0) for frames in videos], "CLEAR", THRESHOLD=threshold)
        for name, key in CLEAR.items():
            theirs[name].append(float(found[key]))
    program = _program(trackeval_version(), case)
    return [_column(f"clear_mot/{name}", tally.sum(name), theirs[name], program) for name in CLEAR]


def check_identity(metric: Metric, tally: Tally, case: Case) -> list[Difference]:
    """IDTP, objects and hypotheses per joint.

    Raises:
        UsageError: P104 for another metric.
    """
    if not isinstance(metric, Identity):
        raise UsageError("P104", where=f"metric {metric}", what="is not checked here", wanted="identity")
    rows = [
        np.sum([identity_counts(_meetings(frames, metric)) for frames in videos], axis=0)
        for videos in _per_joint(case, metric)
    ]
    table = np.array(rows, dtype=np.float64).reshape(len(rows), -1)
    names = ("matched", "objects", "hypotheses")
    program = _program(motmetrics_version(), case)
    return [
        _column(f"identity/{name}", tally.sum(name), table[:, k].tolist(), program)
        for k, name in enumerate(names)
    ]


def check_hota(metric: Metric, tally: Tally, case: Case) -> list[Difference]:
    """True positives, and the sums behind AssA and LocA, per joint and threshold.

    Raises:
        UsageError: P104 for another metric.
        CannotCheck: the metric follows the PoseTrack21 kit, or TrackEval is not installed.
    """
    if not isinstance(metric, Hota):
        raise UsageError("P104", where=f"metric {metric}", what="is not checked here", wanted="hota")
    if metric.assignment is not Matching.ALIGNED or metric.frames is not Frames.OWN:
        raise CannotCheck(
            "TrackEval does not have these rules; the rule set posetrack21 is checked as a whole"
        )
    theirs: dict[str, list[Array]] = {name: [] for name in HOTA}
    joint = metric.similarity is Similarity.JOINT
    for videos in _per_joint(case, metric):
        found = trackeval([_tracks(frames, joint, RADIUS) for frames in videos], "HOTA")
        matched = found["HOTA_TP"]
        for name, key in HOTA.items():
            theirs[name].append(matched if name == "matched" else found[key] * matched)
    program = _program(trackeval_version(), case)
    return [
        _column(f"hota/{name}", np.atleast_2d(tally.sum(name)), np.stack(theirs[name]), program)
        for name in HOTA
    ]


def _program(name: str, case: Case) -> str:
    return f"{name}, on people " + ("read separately" if case.videos is not None else "that poseval read")


def _column(name: str, ours: Array, theirs: Any, program: str) -> Difference:
    found = of_array(name, np.asarray(ours, dtype=np.float64), np.asarray(theirs, dtype=np.float64))
    scale = max(1.0, abs(found.theirs))
    return found._replace(program=program, tolerance=found.tolerance * scale)


def _per_joint(case: Case, metric: ClearMot | Identity | Hota) -> Iterator[list[list[Seen]]]:
    """Sequences of frames, of every joint or once for whole poses."""
    videos = videos_of(case)
    if metric.similarity is Similarity.JOINT:
        looks: Sequence[Any] = [partial(distances, joint=k) for k in range(len(case.truth.skeleton))]
    else:
        sigmas = np.full(len(case.truth.skeleton), metric.sigma)
        if metric.similarity is Similarity.OKS and not metric.sigma:
            sigmas = case.truth.skeleton.sigma_array
        looks = [partial(alike, kind=metric.similarity, size=metric.area, sigmas=sigmas)]
    for look in looks:
        out = []
        for video in videos:
            frames = []
            for truth, found in video.frames:
                a, b, table = look(truth, found)
                ids = [[int(p.track or 0) for p in side] for side in (a, b)]
                frames.append((ids[0], ids[1], table, not truth.people or not found.people))
            out.append(frames)
        yield out


def _meetings(frames: list[Seen], metric: ClearMot | Identity) -> list[Meeting]:
    """Frames for py-motmetrics; NaN where a pair may not match."""
    out = []
    for a, b, table, lonely in frames:
        if metric.similarity is Similarity.JOINT:
            distance = np.where(table <= metric.at, table, np.nan)
        else:
            distance = np.where(table >= metric.at, 1 - table, np.nan)
        out.append(Meeting(a, b, distance, lonely))
    return out


def _tracks(frames: list[Seen], joint: bool, radius: float) -> Tracks:
    """Frames for TrackEval; the similarity of a joint falls from 1 to 0 over `radius` head sizes."""
    likeness = [np.maximum(0.0, 1 - table / radius) if joint else table for _, _, table, _ in frames]
    return Tracks([a for a, _, _, _ in frames], [b for _, b, _, _ in frames], likeness)
