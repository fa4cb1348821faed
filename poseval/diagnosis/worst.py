"""The frames in which predictions fail most, also for people without areas, heads or sigmas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from poseval.diagnosis.diagnose import diagnose
from poseval.errors import UsageError
from poseval.poses import Ints, PoseSet
from poseval.poses.aligned import Aligned
from poseval.poses.enclosing import enclosing_boxes

ANY_SIGMA = 0.1  # of every joint where the skeleton has none: COCO's largest, 0.107, is the hip's


def worst_frames(aligned: Aligned, count: int) -> tuple[Ints, str]:
    """Rows, ascending, of at most `count` frames with the most faults, and a sentence on how they were found.

    A frame's faults are its joints that are not good, with a missed person as bad as all joints of one, then
    its false predictions, as `poseval diagnose` counts them.

    Raises:
        UsageError: P950 when no frame has a fault.
    """
    truth, by = _measurable(aligned.truth)
    found = diagnose(Aligned(truth, aligned.predictions), worst=count).worst
    if not found:
        raise UsageError(
            "P950", where="--worst", what="finds no fault in any frame", wanted="predictions with faults"
        )
    place = {key: row for row, key in enumerate(truth.frames.key.tolist())}
    rows = np.asarray(sorted(place[one.frame] for one in found), dtype=np.int64)
    first = found[0]
    text = (
        f"the {len(found)} frames with the most faults of {len(truth.frames)}{by}; the worst is "
        f"{first.frame} with {first.joints} joints that are not good, {first.missed} missed people and "
        f"{first.background} false predictions"
    )
    return rows, text


def _measurable(truth: PoseSet) -> tuple[PoseSet, str]:
    """The truth with something to measure distances in, and what was made up for that."""
    people, sigmas = truth.people, truth.skeleton.sigmas
    area = people.area
    if not np.isnan(people.head).any() or (sigmas is not None and not np.isnan(area).any()):
        return truth, ""
    box = np.where(np.isnan(people.box), enclosing_boxes(people.xy, people.seen > 0), people.box)
    made = np.nan_to_num((box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1]), nan=0.0)
    people = people.with_columns(area=np.where(np.isnan(area), made, area))
    skeleton = truth.skeleton
    by = ", by areas of boxes or of the labelled joints"
    if sigmas is None:
        skeleton = skeleton.with_sigmas((ANY_SIGMA,) * len(skeleton))
        by += f" and a sigma of {ANY_SIGMA} for every joint"
    return replace(truth, people=people, skeleton=skeleton), by
