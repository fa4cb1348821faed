"""What a benchmark leaves out of this input by its own rules, and what that costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from poseval.benchmarks.base import Part
from poseval.checks.base import Pair
from poseval.checks.rescoring import Change
from poseval.errors import number_of, shown
from poseval.kernels.coco import descending
from poseval.kernels.poses import group_order
from poseval.metrics.base import Metric
from poseval.poses import Bools, Ints, Notice, PoseSet
from poseval.poses.aligned import Aligned
from poseval.poses.remembered import once

SOME = 4  # names that a notice lists
PER_CENT = 1.0  # a crowd index above it is no fraction


def beyond_most_detections(pair: Pair) -> Iterator[Notice]:
    """N927: images with more people, or with more equal scores, than detections that the metric reads."""
    metric = pair.metrics[0]
    most = getattr(metric, "max_dets", None)
    if most is None:
        return
    predictions = pair.aligned.predictions
    count = crowded(pair, most)
    cut = _cut(predictions, most)
    frames = cut.frame if count else cut.frame[cut.tied]
    if not count and not len(frames):
        return
    change = _with_every_detection(pair, metric, np.flatnonzero(np.bincount(frames)))
    tied = int(cut.tied.sum())
    text = said_of_crowded(count, most)
    if not count:
        what = f"images with more than {most} predictions, and equal scores at the cut: {tied:,}"
        text = f"{what}; {_taken(most)}"
    if change.shows:
        text += f"; with all of them {change}"
    if count or change.shows:
        yield Notice("N927", text, count or tied)


def crowded(pair: Pair | Part, most: int) -> int:
    """How many images, by category, have more than `most` people to be found."""
    return int((_sizes(pair.aligned.truth, _by_flags(pair)) > most).sum())


def said_of_crowded(count: int, most: int) -> str:
    """N927 in words, for so many images."""
    return f"images with more than {most} people that count: {count:,}; {_taken(most)}"


def _taken(most: int) -> str:
    return f"the {most} highest scores of an image are taken"


def _with_every_detection(pair: Pair, metric: Metric, frames: Ints) -> Change:
    """The first number, and what it would be if no detection of these frames were left out.

    Only they are matched again: most files have few of them.
    """
    truth, predictions = (side.take_frames(frames) for side in (pair.aligned.truth, pair.aligned.predictions))
    predictions = replace(predictions, frames=truth.frames)
    every: Metric = replace(metric, max_dets=max(len(truth), len(predictions), 1))  # type: ignore[call-arg]
    return pair.rescoring.of_units(pair.part, frames, every.tally(Aligned(truth, predictions)))


def categories_without_results(pair: Pair) -> Iterator[Notice]:
    """N928: categories with people to find and without a prediction; each counts as 0 in the mean."""
    metric = pair.metrics[0]
    truth, predictions = pair.aligned.truth, pair.aligned.predictions
    absent = lacking(pair, predictions.people.category)
    if not len(absent):
        return
    text = said_of_lacking(pair, absent)
    if len(absent) < len(_wanted(pair)):
        rest = np.flatnonzero(~np.isin(truth.people.category, absent))
        kept = {key: name for key, name in truth.categories.items() if key not in set(absent.tolist())}
        smaller = replace(truth, people=truth.people.take(rest), categories=kept)
        change = pair.rescoring.of_sets(pair.part, Aligned(smaller, predictions))[0]
        text += f"; without them {change}"
    else:
        each: Any = getattr(metric, "categories", None)
        change = _first(pair, replace(metric, categories=type(each)("pooled")))  # type: ignore[call-arg]
        text += f"; with all categories taken as one {change}"
    yield Notice("N928", text, len(absent))


def lacking(pair: Pair | Part, found: Ints) -> Ints:
    """Categories [C] that count in the mean and have people to find, but are not among those `found`."""
    each = getattr(pair.metrics[0], "categories", None) if pair.metrics else None
    if len(pair.aligned.truth.categories) < 2 or each is None or each.value != "each":
        return np.empty(0, dtype=np.int64)
    wanted = _wanted(pair)
    return wanted[~np.isin(wanted, found)]


def said_of_lacking(pair: Pair | Part, absent: Ints) -> str:
    """N928 in words, for these categories [C]."""
    known = pair.aligned.truth.categories
    names = ", ".join(shown(known.get(key, key), 40) for key in absent[:SOME].tolist())
    more = f" and {len(absent) - SOME} more" if len(absent) > SOME else ""
    return f"categories of the ground truth without a prediction: {names}{more}; each counts as 0 in the mean"


def _wanted(pair: Pair | Part) -> Ints:
    """Categories [C] of people to be found, ascending."""
    truth = pair.aligned.truth
    return np.unique(truth.people.category[_counted(truth, _by_flags(pair))])


def results_of_another_category(pair: Pair) -> Iterator[Notice]:
    """N418: the ground truth has one category and no prediction has it, where that costs."""
    truth, predictions = pair.aligned.truth, pair.aligned.predictions
    if len(truth.categories) != 1 or not len(predictions):
        return
    key, name = next(iter(truth.categories.items()))
    people = predictions.people
    if (people.category == key).any():
        return
    renamed = replace(predictions, people=people.with_columns(category=np.full(len(people), key)))
    change = pair.with_predictions(renamed)
    if change.shows:
        text = f"no prediction is of the ground truth's category {key} ({shown(name, 40)})"
        text += f"; if all were, {change}"
        yield Notice("N418", f"{text}; try: write {key} as their category_id", len(people))


def crowd_indices(pair: Pair) -> Iterator[Notice]:
    """N929: images without a crowd index, or with one in percent, in a benchmark that splits by it."""
    if not pair.rescoring.rules.keeps("C14"):
        return
    truth = pair.aligned.truth
    index = truth.frames.extra.get("crowd_index")
    if index is None:
        text = "no image has a crowd index (crowdIndex): easy, medium and hard are not scored"
        yield Notice("N929", text, len(truth.frames))
        return
    absent = int(np.isnan(index).sum())
    if absent:
        of = f"{absent:,} of {number_of(len(index), 'image')} have no crowd index (crowdIndex)"
        yield Notice("N929", f"{of} and are in none of easy, medium and hard", absent)
    above = int((index > PER_CENT).sum())
    if above:
        extra = {**truth.frames.extra, "crowd_index": index / 100}
        frames = replace(truth.frames, extra=extra)
        fractions = Aligned(replace(truth, frames=frames), replace(pair.aligned.predictions, frames=frames))
        changes = pair.rescoring.of_slices(pair.part, fractions)
        told = "; ".join(str(change) for change in changes if change.shows)
        text = f"crowd indices of {number_of(above, 'image')} are above 1: they look like per cent"
        yield Notice("N929", f"{text}; as fractions {told}" if told else text, above)


def said_to_be_unlabelled(pair: Pair) -> Iterator[Notice]:
    """N926: people that `num_keypoints` 0 hides though joints are labelled (quirk C08), where it costs."""
    metric, truth = pair.metrics[0], pair.aligned.truth
    ignore, count = getattr(metric, "ignore", None), truth.people.extra.get("num_keypoints")
    if count is None or ignore is None or ignore.value != "count":
        return
    hidden = int(((count == 0) & truth.people.is_labelled & ~truth.people.crowd).sum())
    if hidden:
        change = _first(pair, replace(metric, ignore=type(ignore)("flags")))  # type: ignore[call-arg]
        if change.shows:
            text = (
                f"people ignored for their num_keypoints of 0, though joints are labelled: {hidden:,} "
                f"(quirk C08); counted by their flags, {change}"
            )
            yield Notice("N926", text, hidden)


def without_confidence(pair: Pair) -> Iterator[Notice]:
    """N926: predictions left out because every joint has confidence 0 (quirk C09), where it costs."""
    metric, people = pair.metrics[0], pair.aligned.predictions.people
    if not getattr(metric, "drop_zero_confidence", False):
        return
    dropped = int((people.joint_score <= 0).all(axis=1).sum())
    if dropped:
        change = _first(pair, replace(metric, drop_zero_confidence=False))  # type: ignore[call-arg]
        if change.shows:
            text = f"predictions left out because every joint has confidence 0: {dropped:,} (quirk C09)"
            yield Notice("N926", f"{text}; with them {change}; try: write confidences above 0", dropped)


def _first(pair: Pair, metric: Metric) -> Change:
    return pair.rescoring.of_metric(pair.part, metric)[0]


def _by_flags(pair: Pair | Part) -> bool:
    """Whether the flags of joints say who is to be found, and not `num_keypoints`."""
    ignore = getattr(pair.metrics[0], "ignore", None)
    lacking = "num_keypoints" not in pair.aligned.truth.people.extra
    return lacking or (ignore is not None and ignore.value == "flags")


def _counted(truth: PoseSet, by_flags: bool) -> Bools:
    """Whether each person [N] is to be found."""
    people = truth.people
    labelled = people.is_labelled if by_flags else people.extra["num_keypoints"] != 0
    return np.asarray(labelled & ~people.crowd)


def _cell(poses: PoseSet) -> Ints:
    """A number for the frame and category of each person [N]; it rises with the frame."""
    people = poses.people
    return np.asarray(people.frame * (int(people.category.max(initial=0)) + 1) + people.category)


@once
def _sizes(truth: PoseSet, by_flags: bool) -> Ints:
    """How many people to be found each frame and category has that has any."""
    return np.asarray(np.unique(_cell(truth)[_counted(truth, by_flags)], return_counts=True)[1])


class _Cut(NamedTuple):
    """Cells with more people than are taken: their frames [C], and whether the next score equals the last."""

    frame: Ints
    tied: Bools


def _cut(poses: PoseSet, most: int) -> _Cut:
    """Where the highest scores of a frame and category are taken, and others are not."""
    cell = _cell(poses)
    rows = np.arange(len(cell))
    if (cell[1:] < cell[:-1]).any():
        rows = np.argsort(cell, kind="stable")
    start = np.r_[0, 1 + np.flatnonzero(np.diff(cell[rows]))]
    size = np.diff(start, append=len(cell))
    rows = rows[np.repeat(size > most, size)]
    size = size[size > most]
    by_score = descending(poses.people.score[rows])
    order = rows[by_score[group_order(np.repeat(np.arange(len(size)), size)[by_score], len(size))]]
    cut = np.cumsum(size) - size + most
    score = poses.people.score[order]
    return _Cut(poses.people.frame[order[cut]], score[cut] == score[cut - 1])
