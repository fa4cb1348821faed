"""Quirks of official programs that this input meets, and what they cost.

`TRIGGERS` has a cheap test for each quirk of docs/quirks.md that only unusual input meets. If the rule set
keeps the quirk and the input triggers it, the numbers that it can change are computed without it, and a
notice names the first that changes. Quirks that affect every score (a threshold of .11, the last frame) have
no test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from poseval.checks.base import Pair
from poseval.errors import PosevalError, number_of, shown
from poseval.kernels.poses import extent
from poseval.metrics.joint_error import named_pairs
from poseval.poses import Array, Bools, Floats, Notice, PoseSet
from poseval.poses.aligned import Aligned

Found = tuple[int, str]  # how many, and a sentence about them
Trigger = Callable[[Pair], "Found | None"]
SOME_JOINTS = 3  # that a sentence names
FEW_FRAMES = 0.01  # of all, below which empty ones are usual and move little
LOOKED_AT = 500  # people whose coordinates are compared with whole numbers


def quirks_that_cost(pair: Pair) -> Iterator[Notice]:
    """N926: a quirk of the rule set changes a number of this input."""
    rules = pair.rescoring.rules
    for quirk in sorted(rules.quirks & TRIGGERS.keys()):
        found = TRIGGERS[quirk](pair)
        if found is None:
            continue
        without = replace(rules, quirks=rules.quirks - {quirk})
        try:
            changes = pair.rescoring.of_rules(pair.part, without)
        except PosevalError as error:
            text = f"{found[1]} (quirk {quirk}); without the quirk such files are refused [{error.code}]"
            yield Notice("N926", text, found[0])
            continue
        change = next((change for change in changes if change.shows), None)
        if change is not None:
            text = f"{found[1]} (quirk {quirk}); without the quirk {change}; try: --rules corrected"
            yield Notice("N926", text, found[0])


def areas_of_detections(pair: Pair) -> Iterator[Notice]:
    """N926: detections whose size range depends on the first record (quirk C01), where that costs."""
    bounds = getattr(pair.metrics[0], "bounds", None)
    predictions = pair.aligned.predictions
    people = predictions.people
    if bounds is None or not pair.rescoring.rules.keeps("C01") or predictions.origin.format != "coco":
        return
    if "num_keypoints" in people.extra:
        return  # ground truth that stands for its own predictions: its areas are its own
    x0, y0, x1, y1 = people.box.T  # by columns: reducing over axes as short as these takes four times as long
    width, height = x1 - x0, y1 - y0
    own = np.where(np.isnan(width) | np.isnan(height), extent(people.xy, people.seen), width * height)
    other = np.flatnonzero(people.area != own)
    before, after = (_ranges(area[other], bounds) for area in (people.area, own))
    changed = int((before != after).any(axis=1).sum())
    if not changed:
        return
    mended = replace(predictions, people=people.with_columns(area=own))
    changes = pair.rescoring.of_sets(pair.part, Aligned(pair.aligned.truth, mended))
    change = next((change for change in changes if change.shows), None)
    if change is not None:
        what = f"{number_of(changed, 'detection')} would be of another size by their own box or joints"
        text = f"{what} (quirk C01); without the quirk {change}; try: --rules corrected"
        yield Notice("N926", text, changed)


def _ranges(area: Floats, bounds: Floats) -> Bools:
    """In which ranges [A, 2] each area [N] lies: [N, A]."""
    with np.errstate(invalid="ignore"):
        return np.asarray((area[:, None] >= bounds[:, 0]) & (area[:, None] <= bounds[:, 1]))


def _id_zero(pair: Pair) -> Found | None:
    if not getattr(pair.metrics[0], "id_zero", False):
        return None
    count = int((pair.aligned.truth.people.source_id == 0).sum())
    return _found(count, f"a match with {number_of(count, 'annotation')} of id 0 does not count")


def _labelled_crowds(pair: Pair) -> Found | None:
    people = pair.aligned.truth.people
    count = int((people.crowd & people.is_labelled).sum())
    return _found(count, f"crowds with labelled joints, which count as people to find: {count:,}")


def _never_labelled(pair: Pair) -> Found | None:
    truth = pair.aligned.truth
    return _joints(truth, "are never labelled in the ground truth")


def _never_predicted(pair: Pair) -> Found | None:
    return _joints(pair.aligned.predictions, "are never predicted")


def _joints(poses: PoseSet, what: str) -> Found | None:
    """Joints that nobody of a set has."""
    known = np.logical_or.reduce(poses.people.seen > 0, axis=0)
    names = [joint for joint, there in zip(poses.skeleton.joints, known.tolist(), strict=True) if not there]
    more = f" and {len(names) - SOME_JOINTS} more" if len(names) > SOME_JOINTS else ""
    return _found(len(names), f"joints {what}: {', '.join(map(shown, names[:SOME_JOINTS]))}{more}")


def _faces_with_gaps(pair: Pair) -> Found | None:
    lacking = int((pair.aligned.truth.people.seen <= 0).sum())
    return _found(lacking, f"landmarks without a label in the ground truth: {lacking:,}")


def _no_torso(pair: Pair) -> Found | None:
    truth = pair.aligned.truth
    torso = named_pairs(truth).get("torso")
    if torso is None:
        return None
    lacking = int((truth.people.seen[:, [*torso[0], *torso[1]]] <= 0).any(axis=1).sum())
    return _found(lacking, f"people without a labelled torso, who are scored: {lacking:,}")


def _no_head(pair: Pair) -> Found | None:
    people = pair.aligned.truth.people
    count = int(((people.head <= 0) & people.is_labelled).sum())
    return _found(count, f"people of the ground truth with a head size of 0: {count:,}")


def _whole_pixels(pair: Pair) -> Found | None:
    """Distances lie on thresholds where everything is written in whole pixels."""
    count = 0
    for poses in (pair.aligned.truth, pair.aligned.predictions):
        people = poses.people.take(np.arange(min(len(poses), LOOKED_AT)))
        known = people.xy[people.seen > 0]
        if not (known == np.rint(known)).all():
            return None
        count = len(poses)
    return _found(count, "coordinates are whole pixels, and distances that lie on the threshold are wrong")


def _empty_groups(pair: Pair) -> Found | None:
    lost = sum(notice.count for notice in pair.rescoring.paired if notice.code == "N492")
    return _found(lost, f"groups without a prediction, which are not counted: {lost:,}")


def _empty_frames(pair: Pair) -> Found | None:
    counts = [
        np.bincount(poses.people.frame, minlength=len(poses.frames))
        for poses in (pair.aligned.truth, pair.aligned.predictions)
    ]
    lost = int(((counts[0] > 0) != (counts[1] > 0)).sum())
    if lost < FEW_FRAMES * len(counts[0]):
        return None
    return _found(lost, f"frames with people on one side only: {lost:,}")


def _false_alarms_elsewhere(pair: Pair) -> Found | None:
    truth, predictions = pair.rescoring.truth, pair.rescoring.predictions
    listed = np.bincount(truth.people.frame, minlength=len(truth.frames)) > 0
    count = int((truth.frames.labelled & ~listed).sum()) if len(predictions) else 0
    return _found(count, f"labelled frames without people, which are not evaluated: {count:,}")


def _whole_scores(pair: Pair) -> Found | None:
    whole = pair.rescoring.predictions.people.extra.get("whole")
    count = 0 if whole is None else int(whole.sum())
    return _found(count, f"poses in frames of integers, whose scores are cut to integers: {count:,}")


def _outside_the_first_pixel(pair: Pair) -> Found | None:
    sides = (pair.rescoring.truth, pair.rescoring.predictions)
    count = sum(int(((poses.people.seen > 0) & _below(poses.people.xy)).sum()) for poses in sides)
    return _found(count, f"joints at or below coordinate 0, which are not counted: {count:,}")


def _below(xy: Array) -> Bools:
    return np.asarray((xy <= 0).any(axis=2))


def _found(count: int, text: str) -> Found | None:
    return (count, text) if count else None


TRIGGERS: dict[str, Trigger] = {
    "C02": _id_zero,
    "C29": _labelled_crowds,
    "M03": _whole_pixels,
    "M05": _never_labelled,
    "M06": _no_head,
    "M08": _never_labelled,
    "M09": _empty_groups,
    "M11": _no_torso,
    "M14": _never_labelled,
    "N01": _faces_with_gaps,
    "N06": _faces_with_gaps,
    "P03": _empty_frames,
    "P04": _false_alarms_elsewhere,
    "P05": _never_predicted,
    "P08": _empty_frames,
    "P10": _whole_scores,
    "P21": _outside_the_first_pixel,
    "P24": _never_labelled,
    "P25": _never_labelled,
}
