"""The frames with the most errors, also for people without areas, head sizes or sigmas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from poseval.diagnosis.diagnose import Diagnosis, Worst, diagnose
from poseval.errors import UsageError, number_of
from poseval.poses import Ints, PoseSet
from poseval.poses.aligned import Aligned
from poseval.poses.enclosing import enclosing_boxes

ANY_SIGMA = 0.1  # of every joint where the skeleton has none: COCO's largest, 0.107, is the hip's


def worst_frames(aligned: Aligned, count: int) -> tuple[Ints, str]:
    """Rows, ascending, of at most `count` frames with the most errors, and a sentence about them.

    The errors of a frame are its wrong joints, where a miss counts as all joints of a person, and then its
    false positives, as `poseval diagnose` counts them. Frames that nobody labelled have none.

    Raises:
        UsageError: P106 when no frame has an error.
    """
    ranked, by = _ranked(aligned, count)
    rows = np.asarray(sorted(row for row, _ in ranked), dtype=np.int64)
    first = ranked[0][1]
    of = number_of(int(aligned.truth.frames.labelled.sum()), "frame")
    text = (
        f"chose {len(ranked)} of {of} with the most errors{by}; the worst frame is {first.frame} with "
        f"{number_of(first.joints, 'wrong joint')}, {number_of(first.missed, 'miss', 'misses')} and "
        f"{number_of(first.background, 'false positive')}"
    )
    return rows, text


def ranked_frames(aligned: Aligned, count: int) -> list[tuple[int, Worst]]:
    """At most `count` frames with the most errors, as rows of the table of frames, the worst first.

    Raises:
        UsageError: P106 when no frame has an error.
    """
    return _ranked(aligned, count)[0]


def _ranked(aligned: Aligned, count: int) -> tuple[list[tuple[int, Worst]], str]:
    """The frames, and words about the scale of distances.

    Raises:
        UsageError: P106 when no frame has an error.
    """
    labelled = np.flatnonzero(aligned.truth.frames.labelled)
    truth = aligned.truth.take_frames(labelled)
    predictions = replace(aligned.predictions.take_frames(labelled), frames=truth.frames)
    diagnosis, by = diagnose_by_boxes(Aligned(truth, predictions), worst=count)
    found = diagnosis.worst
    if not found:
        raise UsageError(
            "P106", where="--worst", what="finds no error in any frame", wanted="predictions with errors"
        )
    place = dict(zip(truth.frames.key.tolist(), labelled.tolist(), strict=True))
    return [(place[one.frame], one) for one in found], f", {by}" if by else ""


def diagnose_by_boxes(aligned: Aligned, *, corrected: bool = False, worst: int = 20) -> tuple[Diagnosis, str]:
    """The diagnosis with the scales of `measurable`, and words about how they were made."""
    truth, by = measurable(aligned.truth)
    return diagnose(Aligned(truth, aligned.predictions), corrected=corrected, worst=worst), by


def measurable(truth: PoseSet) -> tuple[PoseSet, str]:
    """Ground truth with a scale for distances, and a phrase that says how the scale was made."""
    people, sigmas = truth.people, truth.skeleton.sigmas
    area = people.area
    if not np.isnan(people.head).any() or (sigmas is not None and not np.isnan(area).any()):
        return truth, ""
    box = np.where(np.isnan(people.box), enclosing_boxes(people.xy, people.seen > 0), people.box)
    made = np.nan_to_num((box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1]), nan=0.0)
    people = people.with_columns(area=np.where(np.isnan(area), made, area))
    skeleton = truth.skeleton
    by = "by areas of boxes or of the labelled joints"
    if sigmas is None:
        skeleton = skeleton.with_sigmas((ANY_SIGMA,) * len(skeleton))
        by += f" and a sigma of {ANY_SIGMA} for every joint"
    return replace(truth, people=people, skeleton=skeleton), by
