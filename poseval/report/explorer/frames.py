"""The data of one frame for the scripts of pages: people, predictions, pairs and errors of joints.

Keys are short, because a site has one such value for each frame:

    win  x0, y0, x1, y1: the part of the frame that shows its people
    t    true people: xy (a number each, null where not labelled), miss (1 for one that ought to be found),
         crowd, id (track)
    p    predictions, a list for each system, highest score first: xy, s (score), t (place in `t` of the
         person), oks, f (class of each joint of the person, 0 to 5), id
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from poseval.diagnosis.diagnose import Diagnosis
from poseval.diagnosis.pairs import Pairs
from poseval.poses import Bools, Floats, Ints, People
from poseval.report.crops import Window, around

USUAL_SCORE = 0.5  # below it predictions are ghosts, where no score is recommended
MOST_PREDICTIONS = 100  # of one frame and system that are drawn, beside those with a person


def frame_value(systems: Sequence[Pairs], frame: int) -> dict[str, Any]:
    """The frame in row `frame` of all systems, which share the ground truth."""
    truth = systems[0].aligned.truth
    rows = _rows(truth.people, frame)
    place = {row: at for at, row in enumerate(rows.tolist())}
    chosen = [drawn_predictions(pairs, frame) for pairs in systems]
    return {
        "win": [round(edge, 1) for edge in window(systems[0], frame)],
        "t": [_person(systems[0], row) for row in rows.tolist()],
        "p": [
            [_prediction(pairs, row, place) for row in found.tolist()]
            for pairs, found in zip(systems, chosen, strict=True)
        ],
    }


def drawn_predictions(pairs: Pairs, frame: int) -> Ints:
    """Rows of the predictions of a frame that are drawn: highest scores first, and all matched ones."""
    people = pairs.aligned.predictions.people
    rows = _rows(people, frame)
    rows = rows[np.argsort(-np.nan_to_num(people.score[rows], nan=-math.inf), kind="stable")]
    alone = np.cumsum(pairs.person[rows] < 0)
    return rows[(pairs.person[rows] >= 0) | (alone <= MOST_PREDICTIONS)]


def window(pairs: Pairs, frame: int) -> Window:
    """The region of a frame to show: the true people with a margin, or all people, or the whole frame."""
    truth, found = pairs.aligned.truth.people, pairs.aligned.predictions.people
    size = pairs.aligned.truth.frames.size[frame]
    points = _points(truth, _rows(truth, frame))
    return around(points if len(points) else _points(found, _rows(found, frame)), size)


def _rows(people: People, frame: int) -> Ints:
    first, last = np.searchsorted(people.frame, [frame, frame + 1])
    return np.arange(first, last)


def _points(people: People, rows: Ints) -> Floats:
    return people.xy[rows][people.seen[rows] > 0]


def _person(pairs: Pairs, row: int) -> dict[str, Any]:
    people = pairs.aligned.truth.people
    out: dict[str, Any] = {"xy": _places(people.xy[row], people.seen[row] > 0)}
    if pairs.due[row]:
        out["miss"] = 1
    if people.crowd[row]:
        out["crowd"] = 1
    if people.track[row] >= 0:
        out["id"] = int(people.track[row])
    return out


def _prediction(pairs: Pairs, row: int, place: dict[int, int]) -> dict[str, Any]:
    people = pairs.aligned.predictions.people
    score = float(people.score[row])
    out: dict[str, Any] = {"xy": _places(people.xy[row], people.seen[row] > 0)}
    if math.isfinite(score):
        out["s"] = round(score, 4)
    person = int(pairs.person[row])
    if person >= 0:
        out["t"] = place[person]
        out["oks"] = round(float(pairs.oks[row]), 3)
        out["f"] = faults(pairs, person)
    if people.track[row] >= 0:
        out["id"] = int(people.track[row])
    return out


def first_score(diagnosis: Diagnosis | None, pairs: Pairs) -> float:
    """Where the slider of scores begins: at the score that LRP recommends, where scores are from 0 to 1.

    LRP looks there alone; of other scores, as of logits, the lowest, so that no prediction is faint.
    """
    scores = pairs.aligned.predictions.people.score
    scores = scores[np.isfinite(scores)]
    if len(scores) and (scores.min() < 0 or scores.max() > 1):
        return float(scores.min())
    found = math.nan if diagnosis is None else diagnosis.ranges[0].lrp.threshold
    return found if math.isfinite(found) else USUAL_SCORE


def faults(pairs: Pairs, person: int) -> str:
    """The class of each joint of a person as a digit: 0 none, then as in `Fault`."""
    return "".join(map(str, pairs.fault[person].tolist()))


def _places(xy: Floats, seen: Bools) -> list[float | None]:
    """Coordinates in a row, to a tenth of a pixel; null for what is not labelled or not predicted."""
    return [
        round(value, 1) if known else None
        for (x, y), known in zip(xy.tolist(), seen.tolist(), strict=True)
        for value in (x, y)
    ]
