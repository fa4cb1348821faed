"""MPII with several people: a transcription of the kit's evaluateAP.m, assignGTmulti.m, getRPC.m and VOCap.m.

Source: the MPII kit as in anibali/eval-mpii-pose 938ef9a. Files are read by SciPy: the release, the list of
groups beside it, and a submission of groups.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from poseval.compat.official.base import (
    ADDITION,
    CannotCheck,
    Number,
    Question,
    Side,
    content,
    matlab,
    mean,
    transcription,
)
from poseval.compat.official.posetrack_poses import area
from poseval.compat.official.single_files import MPII

Points = dict[int, tuple[float, float]]
Person = tuple[Points, float, dict[int, float]]  # joints by id, head size, scores
PARTS = (*range(6), *range(10, 16), 8, 9)  # without pelvis and thorax
GATE = 0.5
GROUP_FILES = ("groups_v12.mat", "groups.mat")
KINDS = {"head": (8, 9), "shoulder": (12, 13), "elbow": (11, 14), "wrist": (10, 15), "hip": (2, 3),
         "knee": (1, 4), "ankle": (0, 5)}  # fmt: skip


def multi(question: Question) -> list[Side]:
    """AP of each joint over groups of people."""
    groups, predictions = _truth(question.truth), _predictions(question.predictions)
    if len(groups) != len(predictions):
        raise CannotCheck(f"the submission has {len(predictions)} groups, the ground truth {len(groups)}")
    mended = question.rules == "corrected"
    scored: dict[int, list[tuple[float, bool]]] = {joint: [] for joint in PARTS}
    labelled = dict.fromkeys(PARTS, 0)
    for truth, found in zip(groups, predictions, strict=True):
        owner = _owners(truth, found)
        for row, (points, _, scores) in enumerate(found):
            for joint in points.keys() & scored.keys():
                right = row in owner and _near(truth[owner[row]], joint, points[joint])
                scored[joint].append((scores.get(joint, -math.inf), right))
        for points, _, _ in truth if found or mended else ():
            for joint in points.keys() & labelled.keys():
                labelled[joint] += 1
    ap = {joint: _ap(scored[joint], labelled[joint]) for joint in PARTS}
    numbers: dict[str, Number] = {"AP": mean(ap.values())}
    numbers |= {f"AP/{MPII[joint]}": value for joint, value in ap.items()}
    numbers |= {f"AP/{kind}": mean(ap[joint] for joint in members) for kind, members in KINDS.items()}
    name = "the MPII kit (anibali/eval-mpii-pose 938ef9a), evaluateAP.m" + (", M09 fixed" if mended else "")
    return [Side(transcription(name), numbers, ADDITION)]


def _ap(scored: list[tuple[float, bool]], labelled: int) -> float:
    order = sorted(range(len(scored)), key=lambda row: -scored[row][0])  # stable, as MATLAB's
    return area([[scored[row][1]] for row in order], labelled)


def _owners(truth: list[Person], found: list[Person]) -> dict[int, int]:
    """assignGTmulti.m: each predicted pose chooses its best true one, which belongs to the best of these."""
    best: dict[int, tuple[float, int]] = {}
    for row, (points, _, _) in enumerate(found):
        share, chosen = -1.0, -1
        for place, person in enumerate(truth):
            joints = [joint for joint in PARTS if joint in person[0]]
            hits = sum(_near(person, joint, points[joint]) for joint in joints if joint in points)
            if joints and hits / len(joints) > share:
                share, chosen = hits / len(joints), place
        if share > best.get(chosen, (0.0, -1))[0]:
            best[chosen] = (share, row)
    return {row: place for place, (_, row) in best.items()}


def _near(person: Person, joint: int, point: tuple[float, float]) -> bool:
    if joint not in person[0]:
        return False
    x, y = person[0][joint][0] - point[0], person[0][joint][1] - point[1]
    return math.sqrt(x * x + y * y) / person[1] <= GATE


def _truth(path: str) -> list[list[Person]]:
    """getMultiPersonGroups.m: the groups of several people of every image."""
    release = _loaded(path).get("RELEASE")
    if release is None:
        raise CannotCheck("the ground truth is not the MPII release")
    beside = next((file for name in GROUP_FILES if (file := Path(path).parent / name).is_file()), None)
    if beside is None:
        raise CannotCheck("there is no list of groups next to the release")
    groups, images = _listed(_loaded(beside)["groups"]), _listed(release.annolist)
    singles = _listed(getattr(release, "single_person", ()))
    out = []
    for index, image in enumerate(images):
        people = _listed(getattr(image, "annorect", ()))
        apart = _numbers(singles[index]) if index < len(singles) else set()
        for group in _inner(groups[index]):
            rows = sorted(_numbers(group))
            if rows and not set(rows) <= apart:
                out.append([_person(people[row - 1]) for row in rows])
    return out


def _predictions(path: str) -> list[list[Person]]:
    pred = _loaded(path).get("pred")
    if pred is None:
        raise CannotCheck("the predictions are not a submission of groups")
    return [[_person(rect) for rect in _listed(getattr(one, "annorect", ()))] for one in _listed(pred)]


def _loaded(path: str | Path) -> dict[str, Any]:
    try:
        return matlab(content(path), squeeze_me=True, struct_as_record=False)
    except (ValueError, NotImplementedError) as error:
        raise CannotCheck(f"{path} is not a .mat file that SciPy reads ({type(error).__name__})") from None


def _listed(value: Any) -> list[Any]:
    """Elements of a struct array or cell; one that stands alone is a list of one."""
    if isinstance(value, np.ndarray):
        return list(value.ravel())
    return [] if value is None or isinstance(value, tuple) else [value]


def _inner(cell: Any) -> list[Any]:
    """The groups of an image: a cell of lists, or one list."""
    found = _listed(cell)
    return [cell] if found and not isinstance(found[0], np.ndarray) else found


def _numbers(value: Any) -> set[int]:
    return {int(number) for number in np.ravel(value) if number == number}


def _person(rect: Any) -> Person:
    points: Points = {}
    scores: dict[int, float] = {}
    for point in _points(rect):
        joint = int(point.id)
        points[joint] = (float(point.x), float(point.y))
        score = getattr(point, "score", None)
        if score is not None and np.size(score):
            scores[joint] = float(score)
    corners = [_number(getattr(rect, key, ())) for key in ("x1", "y1", "x2", "y2")]
    head = 0.6 * math.sqrt((corners[2] - corners[0]) ** 2 + (corners[3] - corners[1]) ** 2)
    return points, head, scores


def _number(value: Any) -> float:
    """A number, or NaN for an empty array."""
    return float(np.ravel(value)[0]) if np.size(value) else math.nan


def _points(rect: Any) -> Iterator[Any]:
    for holder in _listed(getattr(rect, "annopoints", None)):
        yield from _listed(getattr(holder, "point", None))
