"""PoseTrack17, 18 and 21: which frames, people and joints count under each rule set, and who counts them.

CLEAR MOT and identities are counted by py-motmetrics itself, one accumulator per sequence and joint, as
poseval 4258a15 (evaluateTracking.py) does; poses and HOTA are transcriptions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from poseval.compat.official.base import (
    ADDITION,
    Array,
    CannotCheck,
    Number,
    Question,
    Side,
    mean,
    ratio,
    transcription,
)
from poseval.compat.official.posetrack_files import JOINTS, Frame, Person, Video, videos, without_ignored
from poseval.compat.official.posetrack_hota import RADIUS, hota
from poseval.compat.official.posetrack_poses import GATE, apart, grouped, poses
from poseval.compat.official.tracking import (
    Meeting,
    Tracks,
    clear_counts,
    identity_counts,
    motmetrics_version,
    trackeval,
    trackeval_version,
)

COUNTS = ("misses", "switches", "false_positives", "objects", "detections")


def single_frames(question: Question) -> list[Side]:
    """Pose AP alone."""
    kept = [evaluated(video, question.rules) for video in videos(question.truth, question.predictions)]
    return [poses(kept, question.rules, question.ties)]


def sides(question: Question) -> list[Side]:
    """Everything that the benchmark's summary shows, each from its program or transcription."""
    rules = question.rules
    found = videos(question.truth, question.predictions)
    kept = [evaluated(video, rules) for video in found]
    if rules == "trackeval":
        try:
            return [poses(kept, "corrected"), _by_trackeval(kept)]
        except CannotCheck as why:
            return [replace(poses(kept, "corrected"), remarks=(f"tracks: {why}",))]
    out = [poses(kept, rules, question.ties), _identities(kept), hota(kept, rules)]
    if rules == "posetrack21":
        by_poseval = [evaluated(video, "posetrack-2017") for video in found]
        return [*out, _clear(by_poseval, "posetrack-2017", "poseval/")]
    return [*out, _clear(kept, rules, "")]


def evaluated(video: Video, rules: str) -> Video:
    """The frames, people and joints that a rule set scores."""
    out = []
    for truth, found in video.frames:
        listed = bool(truth.people)
        either = truth.labelled or listed
        if not {"posetrack21": truth.labelled, "corrected": either, "trackeval": either}.get(rules, listed):
            continue
        pair = [replace(side, people=[p for p in side.people if p.listed]) for side in (truth, found)]
        if rules == "posetrack21":
            pair = [_positive(side) for side in (pair[0], _whole_scores(pair[1]))]
        drop = bool(truth.ignored) or rules in ("corrected", "trackeval")
        pair = [without_ignored(side, truth.ignored, drop) for side in pair]
        if rules == "corrected":
            pair = [_by_content(side) for side in pair]
        out.append((pair[0], pair[1]))
    return Video(video.name, out)


def _positive(frame: Frame) -> Frame:
    """A joint exists where both coordinates are above 0, in the kit (P21)."""
    people = [
        replace(p, joints={j: (x, y) for j, (x, y) in p.joints.items() if x > 0 and y > 0})
        for p in frame.people
    ]
    return replace(frame, people=people)


def _whole_scores(frame: Frame) -> Frame:
    """Scores lose their fractions in frames that are written in integers, in the kit (P10)."""
    if not frame.whole:
        return frame
    people = [replace(p, scores={j: float(math.trunc(s)) for j, s in p.scores.items()}) for p in frame.people]
    return replace(frame, people=people)


def _by_content(frame: Frame) -> Frame:
    """People by their mean joint score, then by the sums of their coordinates (P32 fixed)."""

    def key(person: Person) -> tuple[float, float, float]:
        score = mean(person.scores[j] for j in person.joints if j in person.scores)
        places = [person.joints[joint] for joint in sorted(person.joints)]
        return (-score if score == score else 0.0, sum(x for x, _ in places), sum(y for _, y in places))

    return replace(frame, people=sorted(frame.people, key=key))


def meetings(video: Video, joint: int) -> list[Meeting]:
    """Ids and distances of one joint in every frame; NaN beyond the gate."""
    out = []
    for truth, found in video.frames:
        a = [person for person in truth.people if joint in person.joints]
        b = [person for person in found.people if joint in person.joints]
        distance = np.array([[apart(x, joint, y.joints[joint]) for y in b] for x in a]).reshape(
            len(a), len(b)
        )
        near = np.where(distance <= GATE, distance, np.nan)
        lonely = not truth.people or not found.people
        out.append(Meeting([p.track for p in a], [p.track for p in b], near, lonely))
    return out


def _clear(kept: Sequence[Video], rules: str, part: str) -> Side:
    """Counts from py-motmetrics, under `part`; ratios as evaluateTracking.py takes them."""
    mended = rules == "corrected"
    rows: dict[str, list[float]] = {}
    numbers: dict[str, Number] = {}
    for joint, name in enumerate(JOINTS):
        total = dict.fromkeys((*COUNTS, "matched", "other"), 0.0)
        for video in kept:
            frames = meetings(video, joint)
            found = clear_counts(frames if mended else frames[:-1], dummies=not mended)
            total = {key: value + found[key] for key, value in total.items()}
        numbers |= {f"{part}clear_mot:{key}/{name}": total[key] for key in COUNTS}
        for key, value in clear_ratios(total, rules).items():
            rows.setdefault(key, []).append(value)
    for key, values in rows.items():
        numbers |= grouped(key, values, strict=not mended)
    program = transcription("poseval 4258a15, evaluateTracking.py")
    return Side(f"counts: {motmetrics_version()}; ratios: {program}", numbers, ADDITION)


def clear_ratios(total: dict[str, float], rules: str) -> dict[str, float]:
    objects, detections, false = (total[key] for key in ("objects", "detections", "false_positives"))
    distance = total["matched"] + (total["other"] if rules == "posetrack-2020" else 0.0)
    found = {
        "MOTA": 1 - ratio(total["misses"] + total["switches"] + false, objects),
        "MOTP": 1 - ratio(distance, detections),
        "precision": ratio(detections, detections + false),
        "recall": ratio(detections, objects),
    }
    if rules == "corrected":
        return found if objects else dict.fromkeys(found, math.nan)
    return found if detections else {**found, "MOTP": 0.0}


def _identities(kept: Sequence[Video]) -> Side:
    """IDF1 of every joint by py-motmetrics' counts."""
    values = []
    numbers: dict[str, Number] = {}
    if any(_repeated([p.track for p in truth.people]) for video in kept for truth, _ in video.frames):
        why = "IDF1: py-motmetrics counts an id that repeats in a frame once in one sum and twice in another"
        return Side(motmetrics_version(), {}, remarks=(why,))
    for joint, name in enumerate(JOINTS):
        counts = [identity_counts(meetings(video, joint)) for video in kept]
        matched, objects, hypotheses = (
            (sum(column) for column in zip(*counts, strict=True)) if counts else (0,) * 3
        )
        values.append(ratio(2 * matched, objects + hypotheses) if objects else math.nan)
        numbers[f"identity:IDTP/{name}"] = matched
    return Side(motmetrics_version(), {**grouped("IDF1", values, strict=False), **numbers}, ADDITION)


def _repeated(ids: Sequence[int | None]) -> bool:
    return len(set(ids)) < len(ids)


def _by_trackeval(kept: Sequence[Video]) -> Side:
    """TrackEval's HOTA, CLEAR and identities, joint by joint; totals are means, of HOTA pooled."""
    rows: dict[str, list[float]] = {}
    numbers: dict[str, Number] = {}
    totals: list[dict[str, Array]] = []
    for joint, name in enumerate(JOINTS):
        near = [_as_tracks(video, joint, 1.0) for video in kept]
        clear = trackeval(near, "CLEAR", THRESHOLD=GATE)
        identity = trackeval(
            [_as_tracks(video, joint, 2 * GATE) for video in kept], "Identity", THRESHOLD=GATE
        )
        higher = trackeval([_as_tracks(video, joint, RADIUS) for video in kept], "HOTA")
        totals.append(higher)
        found = {"MOTA": clear["MOTA"], "MOTP": clear["MOTP"], "precision": clear["CLR_Pr"],
                 "recall": clear["CLR_Re"], "IDF1": identity["IDF1"],
                 **{key: higher[key].mean() for key in ("HOTA", "DetA", "AssA", "LocA")}}  # fmt: skip
        for key, value in found.items():
            rows.setdefault(key, []).append(float(value))
        for key, wanted in (("misses", "CLR_FN"), ("switches", "IDSW"), ("false_positives", "CLR_FP"),
                            ("detections", "CLR_TP")):  # fmt: skip
            numbers[f"clear_mot:{key}/{name}"] = float(clear[wanted])
    for key, values in rows.items():
        numbers |= grouped(key, values, strict=False)
    numbers |= _pooled(totals)
    return Side(trackeval_version(), numbers, ADDITION)


def _as_tracks(video: Video, joint: int, radius: float) -> Tracks:
    """One joint of a sequence for TrackEval: similarity falls from 1 to 0 over `radius` head sizes."""
    ids: tuple[list[list[int]], list[list[int]]] = ([], [])
    alike = []
    for truth, found in video.frames:
        a, b = ([p for p in side.people if joint in p.joints] for side in (truth, found))
        for keys, people in zip(ids, (a, b), strict=True):
            keys.append([int(person.track or 0) for person in people])
        distance = np.array([[apart(x, joint, y.joints[joint]) for y in b] for x in a]).reshape(
            len(a), len(b)
        )
        alike.append(np.maximum(0.0, 1 - distance / radius))
    return Tracks(*ids, alike)


def _pooled(totals: Sequence[dict[str, Array]]) -> dict[str, Number]:
    """HOTA over all joints: detections and association weighted by true positives."""
    tp, fn, fp = (sum(total[f"HOTA_{key}"] for total in totals) for key in ("TP", "FN", "FP"))
    associated = sum(total["AssA"] * total["HOTA_TP"] for total in totals)
    located = sum(total["LocA"] * total["HOTA_TP"] for total in totals)
    found = {
        "DetA": tp / np.maximum(1, tp + fn + fp),
        "AssA": associated / np.maximum(1, tp),
        "LocA": np.where(tp > 0, located / np.maximum(1, tp), 1.0),
    }
    found["HOTA"] = np.sqrt(found["DetA"] * found["AssA"])
    return {key: float(value.mean()) for key, value in found.items()}
