"""Predictions of other images: they fit people of the ground truth, and not those of their own image.

Ids are numbers of one file. Predictions made with another numbering of the same images pair with the ground
truth by id all the same, and score about 0.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from poseval.checks.base import Pair
from poseval.checks.partners import FEWEST, Partners, distance, middle
from poseval.errors import shown
from poseval.poses import Array, Floats, Ints, Notice, PoseSet

LOOKED_AT = 60  # people that are looked for in all images
FIRST_LOOK = 15  # of them, which say whether the others are
ALIKE = 0.08  # sizes of a person between it and a prediction that is of it
AS_GOOD = 2.0  # times the error of the best: what fits as well as that. In a third image it is no proof
ROUGHLY = 0.25  # the same for a single joint
IN_COMMON = 3  # labelled joints, below which many predictions fit
ELSEWHERE = 0.5  # of the people looked at must have their prediction in another image
AT_HOME = 0.25  # of them may have it in their own: whoever stands still in a video
ONE_STEP = 0.8  # of the images found must be as far from their own for a shift of all
SHOWN_IMAGES = 3


@dataclass(frozen=True, eq=False)
class Found:
    """Frames [M] of people, frames [M] of the predictions that fit them, and how many were looked at."""

    own: Ints
    other: Ints
    looked_at: int
    at_home: int

    @property
    def tell(self) -> bool:
        """Whether the predictions clearly belong to other images."""
        enough = max(FEWEST, ELSEWHERE * self.looked_at)
        return len(self.own) >= enough and self.at_home <= AT_HOME * self.looked_at

    @property
    def arouses(self) -> bool:
        """Whether some people are enough to suspect it: half as many as must be found of all."""
        return len(self.own) >= ELSEWHERE / 2 * self.looked_at


def other_numbering(pair: Pair, nearest: Partners) -> Notice | None:
    """N553: people have their predictions in other images; with the number where all ids are shifted."""
    truth, predictions = pair.aligned.truth, pair.aligned.predictions
    if nearest.truth.shape[1] < IN_COMMON or len(truth.frames) < 2:
        return None
    found = _looked_for(truth, predictions, FIRST_LOOK)
    if found.looked_at == FIRST_LOOK and found.arouses:
        found = _looked_for(truth, predictions, LOOKED_AT)
    if not found.tell:
        return None
    key = truth.frames.key
    images = dict.fromkeys(zip(found.own.tolist(), found.other.tolist(), strict=True))
    listed = ", ".join(
        f"those of {shown(key[own], 40)} in {shown(key[other], 40)}"
        for own, other in list(images)[:SHOWN_IMAGES]
    )
    text = (
        f"{pair.predictions.name}: predictions look like those of other images: of {found.looked_at} people "
        f"that were looked for, {found.at_home} are found in their own image and {len(found.own)} in another "
        f"({listed})"
    )
    step = _step(found)
    if step is not None:
        change = pair.with_predictions(_shifted(predictions, step))
        if change.gain > 0:
            places = "one place" if abs(step) == 1 else f"{abs(step)} places"
            text += f"; each {places} {'earlier' if step < 0 else 'later'} in the order of images, {change}"
    return Notice(
        "N553", f"{text}; try: write the ids or file names of this ground truth's images", len(found.own)
    )


def _looked_for(truth: PoseSet, predictions: PoseSet, most: int) -> Found:
    """At most so many people of the ground truth, and the prediction of any image that fits each best."""
    people, theirs = truth.people, predictions.people
    labelled = people.seen > 0
    rows = np.flatnonzero(labelled.sum(axis=1) >= IN_COMMON)
    rows = rows[np.unique(np.linspace(0, len(rows) - 1, most).astype(np.int64))] if len(rows) else rows
    own, other, at_home = [], [], 0
    for row in rows.tolist():
        joints = np.flatnonzero(labelled[row])
        mine = people.xy[row, joints]
        size = float(max((mine.max(axis=0) - mine.min(axis=0)).max(), 1.0))
        errors, of = _errors(mine, size, joints, theirs.xy, theirs.seen)
        if not len(of):
            continue
        frame = theirs.frame[of]
        home = frame == people.frame[row]
        best = int(errors.argmin())
        rest = errors[(frame != frame[best]) & ~home].min(initial=np.inf)
        at_home += bool((errors[home] < min(ALIKE, AS_GOOD * errors[best])).any())
        if not home[best] and errors[best] < min(ALIKE, rest / AS_GOOD):
            own.append(int(people.frame[row]))
            other.append(int(frame[best]))
    return Found(np.asarray(own, dtype=np.int64), np.asarray(other, dtype=np.int64), len(rows), at_home)


def _errors(mine: Floats, size: float, joints: Ints, xy: Floats, seen: Array) -> tuple[Floats, Ints]:
    """Median distance of predictions from one person, in sizes of it, and their rows: those not far away."""
    with np.errstate(invalid="ignore", over="ignore"):
        rows = np.flatnonzero(np.abs(xy[:, joints[0], 0] - mine[0, 0]) < ROUGHLY * size)
        for at in (0, -1):  # two joints tell most predictions apart
            rows = rows[(np.abs(xy[rows, joints[at]] - mine[at]) < ROUGHLY * size).all(axis=1)]
        apart = distance(xy[rows[:, None], joints], mine) / size
    apart = np.where(seen[rows[:, None], joints] > 0, apart, np.inf)
    return middle(apart.T) if len(rows) else np.zeros(0), rows


def _step(found: Found) -> int | None:
    """By how many places the images of predictions are shifted, where nearly all are shifted alike."""
    step, count = Counter((found.own - found.other).tolist()).most_common(1)[0]
    return int(step) if count >= ONE_STEP * len(found.own) else None


def _shifted(predictions: PoseSet, step: int) -> PoseSet:
    """Predictions in the image that lies so many places further on; those beyond the ends are left out."""
    frame = predictions.people.frame + step
    kept = (frame >= 0) & (frame < len(predictions.frames))
    people = predictions.people.take(kept)
    return replace(predictions, people=people.with_columns(frame=frame[kept]))
