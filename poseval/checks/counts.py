"""Numbers of keypoints, predictions and scores that are valid and look wrong."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from poseval.checks.base import Pair, Side
from poseval.datasets.base import Role
from poseval.errors import number_of, shown
from poseval.poses import Notice
from poseval.poses.derived_columns import labelled_count

FIRST = 5  # places that a notice names


def keypoint_counts(side: Side) -> Iterator[Notice]:
    """N415: `num_keypoints` that contradicts the visibility flags. pycocotools reads it to ignore people."""
    people = side.poses.people
    given = people.extra.get("num_keypoints")
    if given is None:
        return
    labelled = labelled_count(people.seen)
    differs = np.flatnonzero((given >= 0) & (given != labelled))
    if not len(differs):
        return
    order = people.extra.get("order", np.arange(len(people)))
    places = sorted(order[differs].tolist())[:FIRST]
    listed = ", ".join(f"annotations[{row}]" for row in places)
    text = (
        f"{side.name}: num_keypoints is not the number of labelled joints in "
        f"{number_of(len(differs), 'annotation')} "
        f"(first: {listed})"
    )
    hidden = int(((given == 0) & (labelled > 0)).sum())
    if hidden:
        zeros = "1 of them is 0" if hidden == 1 else f"{hidden} of them are 0"
        text += (
            f"; {zeros}, by which pycocotools ignores people with labelled joints, and xtcocotools does not"
        )
    yield Notice("N415", text, len(differs))


def nobody_labelled(side: Side) -> Iterator[Notice]:
    """N427: ground truth without labelled people."""
    people = side.poses.people
    count = people.extra.get("num_keypoints")
    labelled = people.is_labelled if count is None else count != 0
    if side.has_joints and not (~people.crowd & labelled).any():
        yield Notice("N427", f"{side.name}: no person has labelled joints, so nothing can be scored")


def no_predictions(side: Side) -> Iterator[Notice]:
    """N423: no predictions."""
    if not len(side.poses):
        yield Notice("N423", f"{side.name}: no predictions at all")


def repeated_tracks(side: Side) -> Iterator[Notice]:
    """N550: track ids that occur twice in a frame, which metrics of tracks refuse (P405)."""
    people = side.poses.people
    if side.role is Role.TRUTH:
        return  # there they are a fault of the tracking benchmarks, which say so
    tracked = people.track >= 0
    pairs = np.stack([people.frame[tracked], people.track[tracked]], axis=1)
    _, count = np.unique(pairs, axis=0, return_counts=True)
    doubled = int((count - 1).sum())
    if doubled:
        text = (
            f"{side.name}: {doubled} of {int(tracked.sum())} people have the track id of another person in "
            "the same frame; poses can be scored, tracking cannot"
        )
        yield Notice("N550", text, doubled)


def equal_scores(side: Side) -> Iterator[Notice]:
    """N420: scores that are all the same, so that the order of the file decides."""
    score = side.poses.people.score
    score = score[~np.isnan(score)]
    if side.has_joints and len(score) >= 2 and bool((score == score[0]).all()):
        text = (
            f"{side.name}: all {len(score)} scores are {score[0]:g}: their order comes from the tie rule "
            "(lower image id first, then order in the file)"
        )
        yield Notice("N420", text, len(score))


def frames_without_predictions(pair: Pair) -> Iterator[Notice]:
    """N424: images with labelled people for which there is no prediction."""
    truth, people = pair.aligned.truth, pair.aligned.predictions.people
    wanted = np.zeros(len(truth.frames), dtype=np.bool_)
    wanted[truth.people.frame[truth.people.is_labelled & ~truth.people.crowd]] = True
    total = int(wanted.sum())
    wanted[people.frame] = False
    lacking = int(wanted.sum())
    if lacking:
        name = shown(pair.aligned.predictions.origin.name)
        text = f"{name}: {lacking} of {total} images with labelled people have no prediction"
        yield Notice("N424", text, lacking)
