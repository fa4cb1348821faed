"""Boxes that do not fit their images, or that were written in another form than they were read in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from poseval.checks.base import Pair, Side
from poseval.checks.partners import middle
from poseval.datasets.base import Role
from poseval.poses import Floats, Notice, People, PoseSet
from poseval.poses.aligned import Aligned
from poseval.poses.enclosing import enclosing_boxes
from poseval.poses.remembered import once
from poseval.poses.transforms import Transform

BOX_SHARE = 0.05
LOOKED_AT = 100  # people
FEWEST = 8
FITS = 0.3  # overlap (intersection over union) of a box with its joints; 0.5 to 0.7 is usual
BETTER = 2.0  # times the overlap as it was read
ALL = 0.95  # of the boxes, whose lower right corner lies right of and below their upper left one
FORMS = {"boxes=corners": "corners (x0, y0, x1, y1)", "boxes=centre": "centre, width and height"}


def outside_the_image(side: Side) -> Iterator[Notice]:
    """N521: boxes that reach beyond their images by more than a pixel."""
    poses = side.poses
    frame, box = poses.people.frame, poses.people.box
    if np.isnan(box).all():
        return
    width, height = poses.frames.size[frame].T + 1
    x0, y0, x1, y1 = box.T  # by columns: reducing over axes as short as these takes four times as long
    outside = (x0 < -1) | (y0 < -1) | (x1 > width) | (y1 > height)
    outside &= ~(np.isnan(width) | np.isnan(height))
    count = int(outside.sum())
    if count > BOX_SHARE * len(box):
        text = f"{side.name}: {count} of {len(box)} boxes reach beyond their images"
        yield Notice("N521", text, count)


def in_another_form(side: Side) -> Iterator[Notice]:
    """N925: boxes that fit their joints only as corners, or as centre and size."""
    form = _form(side.poses)
    if form is not None:
        yield Notice("N925", f"{_told(side, form)}; try: poseval convert ... --transform {form}")


def in_another_form_beside(pair: Pair) -> Iterator[Notice]:
    """N925 for either side, with what the number would be for correct boxes."""
    truth, predictions = pair.aligned.truth, pair.aligned.predictions
    for poses, role in ((truth, Role.TRUTH), (predictions, Role.PREDICTIONS)):
        form = _form(poses)
        if form is None:
            continue
        mended = Transform(form).apply(poses)
        sides = (mended, predictions) if role is Role.TRUTH else (truth, mended)
        change = pair.rescoring.of_sets(pair.part, Aligned(*sides))[0]
        cost = f"; read so, {change}" if change.shows else ""
        command = "" if role is Role.PREDICTIONS else "poseval convert ... "
        told = _told(Side(poses, role), form)
        yield Notice("N925", f"{told}{cost}; try: {command}--transform {form}")


def _told(side: Side, form: str) -> str:
    return f"{side.name}: boxes look like {FORMS[form]}, and are read as x, y, width, height"


@once
def _form(poses: PoseSet) -> str | None:
    """The form in which the boxes fit their joints clearly better than as they were read."""
    people = poses.people
    rows = np.flatnonzero(~np.isnan(people.box[:, 0]))
    rows = rows[(people.seen[rows] > 0).sum(axis=1) > 1]
    if len(rows) < FEWEST:
        return None
    rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), LOOKED_AT)).astype(np.int64)]
    some = replace(poses, people=people.take(rows))
    joints = enclosing_boxes(some.people.xy, some.people.seen > 0)
    own = float(middle(_overlap(some.people.box, joints)))
    if own > FITS:
        return None
    found = {}
    for form in FORMS:
        other = Transform(form).apply(some).people
        if form == "boxes=corners" and (_sides(other) > 0).all(axis=1).mean() < ALL:
            continue
        found[form] = float(middle(_overlap(other.box, joints)))
    best = max(found, key=lambda form: found[form], default=None)
    return best if best is not None and found[best] > max(FITS, BETTER * own) else None


def _sides(people: People) -> Floats:
    return np.asarray(people.box[:, 2:] - people.box[:, :2])


def _overlap(a: Floats, b: Floats) -> Floats:
    """Intersection over union [N] of boxes [N, 4]; 0 where there is none."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        sides = np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2])
        common = np.maximum(sides, 0).prod(axis=1)
        areas = [np.maximum(box[:, 2:] - box[:, :2], 0).prod(axis=1) for box in (a, b)]
        return np.asarray(np.nan_to_num(common / (areas[0] + areas[1] - common)))
