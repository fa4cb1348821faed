"""People in sequences for the cross-checks of tracking: read apart where the files are PoseTrack's."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from poseval.compat.crosschecks.base import Case
from poseval.compat.official.posetrack_files import Frame, Person, Video
from poseval.compat.official.posetrack_poses import apart
from poseval.metrics.tracking_scene import PCKH_GATE, Scale, Similarity
from poseval.poses import Floats, PoseSet


def videos_of(case: Case) -> Sequence[Video]:
    """Sequences that the other side read; those that poseval read where it does not read these files."""
    if case.videos is not None:
        return case.videos
    frames = case.truth.frames
    sides = [_by_frame(poses) for poses in (case.truth, case.predictions)]
    out = []
    for unit, name in enumerate(frames.sequences):
        rows = np.flatnonzero(frames.sequence == unit)
        rows = rows[np.argsort(frames.number[rows], kind="stable")]
        pairs = [(Frame("", True, sides[0].get(int(f), [])), Frame("", True, sides[1].get(int(f), [])))
                 for f in rows]  # fmt: skip
        out.append(Video(name, pairs))
    return out


def _by_frame(poses: PoseSet) -> dict[int, list[Person]]:
    people = poses.people
    out: dict[int, list[Person]] = {}
    for row, frame in enumerate(people.frame.tolist()):
        known = np.flatnonzero(people.seen[row] > 0).tolist()
        score = people.joint_score[row]
        person = Person(
            joints={k: (float(people.xy[row, k, 0]), float(people.xy[row, k, 1])) for k in known},
            scores={k: float(score[k]) for k in known if not math.isnan(score[k])},
            head=float(people.head[row]),
            track=int(people.track[row]),
            box=tuple(map(float, people.box[row])),
            area=float(people.area[row]),
        )
        out.setdefault(frame, []).append(person)
    return out


def distances(truth: Frame, found: Frame, joint: int) -> tuple[list[Person], list[Person], Floats]:
    """People of a frame who have a joint, and their distances [O, H] in head sizes."""
    a, b = ([p for p in side.people if joint in p.joints] for side in (truth, found))
    table = np.array([[apart(x, joint, y.joints[joint]) for y in b] for x in a], dtype=np.float64)
    return a, b, table.reshape(len(a), len(b))


def alike(
    truth: Frame, found: Frame, kind: Similarity, size: Scale, sigmas: Floats
) -> tuple[list[Person], list[Person], Floats]:
    """Everyone of a frame, and how alike whole poses are [O, H]; 0 for ground truth without joints."""
    a, b = truth.people, found.people
    table = np.array([[_likeness(x, y, kind, size, sigmas) for y in b] for x in a], dtype=np.float64)
    return a, b, table.reshape(len(a), len(b))


def _area(true: Person, size: Scale) -> float:
    if size is Scale.GIVEN:
        return true.area
    x1, y1, x2, y2 = true.box
    if size is Scale.EXTENT:
        x, y = zip(*true.joints.values(), strict=True)
        x1, y1, x2, y2 = min(x), min(y), max(x), max(y)
    return max((x2 - x1) * (y2 - y1), math.ulp(1.0)) if size is Scale.EXTENT else (x2 - x1) * (y2 - y1)


def _overlap(true: Person, found: Person) -> float:
    """Intersection over union of two boxes."""
    (a, b, c, d), (e, f, g, h) = true.box, found.box
    shared = max(0.0, min(c, g) - max(a, e)) * max(0.0, min(d, h) - max(b, f))
    union = (c - a) * (d - b) + (g - e) * (h - f) - shared
    return shared / union if shared > 0 else 0.0


def _likeness(true: Person, found: Person, kind: Similarity, size: Scale, sigmas: Floats) -> float:
    if kind is Similarity.IOU:
        return _overlap(true, found)
    if not true.joints:
        return 0.0
    total = 0.0
    for joint in sorted(true.joints.keys() & found.joints.keys()):
        if kind is Similarity.PCKH:
            total += apart(true, joint, found.joints[joint]) <= PCKH_GATE
            continue
        (x, y), (u, v) = true.joints[joint], found.joints[joint]
        area = _area(true, size)
        total += math.exp(-((x - u) ** 2 + (y - v) ** 2) / (2 * area * (2 * float(sigmas[joint])) ** 2))
    return total / len(true.joints)
