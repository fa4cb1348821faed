"""Coordinates that are valid but hardly intended: copies, single points, joints outside their images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from poseval.checks.base import Pair, Side
from poseval.datasets.base import Role
from poseval.errors import number_of, shown
from poseval.poses import Floats, Notice

SAMPLE = 5_000  # people sampled for fractions: precise to one or two percent at a small cost
OUTSIDE_FRACTION = 0.2  # of joints; real predictions have a few per cent outside
COPIES_FRACTION = 0.01
NORMALISED = (-1.0, 2.0)  # fractions of the image's size; joints outside the image lie near it
FAR_WIDTHS = 100  # image widths
WIDEST = 10_000.0  # pixels, of images whose size the files do not give


def copies(side: Side) -> Iterator[Notice]:
    """N419: people whose joints equal those of an earlier one in the same frame to the last bit."""
    if side.has_joints:
        yield from said_of_copies(side, side.review.copies, len(side.poses))


def said_of_copies(side: Side, count: int, people: int) -> Iterator[Notice]:
    """N419 for so many copies among so many people of a side."""
    if count > COPIES_FRACTION * people:
        what = f"{count} of {people} {_people(side)}"
        yield Notice("N419", f"{side.name}: {what} are copies of another in the same image", count)


def copies_of_predictions(side: Side) -> Iterator[Notice]:
    """N419 of predictions without their ground truth."""
    if side.role is Role.PREDICTIONS:
        yield from copies(side)


def copies_beside(pair: Pair) -> Iterator[Notice]:
    """N419 of predictions, with what the number would be without the copies."""
    for notice in copies(pair.predictions):
        poses = pair.predictions.poses
        people = poses.people
        rows = np.column_stack([people.frame, people.category, people.xy.reshape(len(people), -1)])
        first = np.sort(np.unique(rows, axis=0, return_index=True)[1])
        change = pair.with_predictions(replace(poses, people=people.take(first)))
        cost = f"; without them {change}" if change.shows else ""
        yield Notice(notice.code, notice.text + cost, notice.count)


def one_point(side: Side) -> Iterator[Notice]:
    """N426: people with three or more joints that are all at one point."""
    yield from in_one_point(side, side.review.points, len(side.poses))


def in_one_point(side: Side, count: int, people: int) -> Iterator[Notice]:
    """N426 for so many among so many people of a side."""
    if side.poses.people.xy.shape[1] >= 3 and count > COPIES_FRACTION * people:
        what = f"{count} of {people} {_people(side)}"
        yield Notice("N426", f"{side.name}: {what} have all joints at one point", count)


def outside_the_image(side: Side) -> Iterator[Notice]:
    """N421: many joints outside their images."""
    people = side.poses.people
    rows = slice(None, None, max(1, -(-len(people) // SAMPLE)))
    width, height = side.poses.frames.size[people.frame[rows]].T[:, :, None]
    used = (people.seen[rows] > 0) & ~(np.isnan(width) | np.isnan(height))
    count = int(used.sum())
    if not count:
        return
    x, y = np.moveaxis(people.xy[rows], 2, 0)
    fraction = float((((x < 0) | (x > width) | (y < 0) | (y > height)) & used).sum()) / count
    if fraction >= OUTSIDE_FRACTION:
        yield Notice("N421", f"{side.name}: {fraction:.0%} of the joints are outside their images")


def far_away(side: Side) -> Iterator[Notice]:
    """N422: joints that are many image widths away from their image."""
    poses = side.poses
    people, frames = poses.people, poses.frames
    size: Floats = np.where(np.isnan(frames.size), 0.0, frames.size).max(axis=1, initial=0)
    widths = np.where(size > 0, size, WIDEST)
    farthest = max(side.review.high, -side.review.low)
    if not len(people) or not farthest > FAR_WIDTHS * widths.min():
        return
    limit = FAR_WIDTHS * widths[people.frame]
    far = (np.abs(people.xy).max(axis=2, initial=0) > limit[:, None]) & (people.seen > 0)
    count = int(far.sum())
    if count:
        row, joint = np.argwhere(far)[0].tolist()
        place = f"{shown(frames.key[people.frame[row]], 60)}, {shown(poses.skeleton.joints[joint])}"
        joints = number_of(count, "joint")
        text = f"{side.name}: {joints} more than {FAR_WIDTHS} image widths away from the image"
        yield Notice("N422", f"{text} (first: {place})", count)


def fractions_of_the_image(side: Side) -> Iterator[Notice]:
    """N922: nearly all coordinates lie between 0 and 1, so they are not pixels."""
    low, high = side.review.low, side.review.high
    if len(side.poses) and NORMALISED[0] <= low < high <= NORMALISED[1]:
        command = "poseval convert ... " if side.role is Role.TRUTH else ""
        text = (
            f"{side.name}: all coordinates lie between {low:.2g} and {high:.2g}: they look like fractions of "
            f"the image size, not pixels; try: {command}--transform normalised where image sizes are known, "
            f"or {command}--transform scale=WIDTH,HEIGHT"
        )
        yield Notice("N922", text, len(side.poses))


def predicted_fractions(side: Side) -> Iterator[Notice]:
    """N922 of predictions without their ground truth."""
    if side.role is Role.PREDICTIONS:
        yield from fractions_of_the_image(side)


def _people(side: Side) -> str:
    return "people" if side.role.value == "truth" else "predictions"
