"""Coordinates that are legal and cannot be meant: copies, single points, joints outside their images."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from poseval.checks.base import Side
from poseval.errors import shown
from poseval.poses import Floats, Notice

SAMPLE = 5_000  # people looked at for shares: enough for a per cent or two, and the cost stays small
OUTSIDE_SHARE = 0.2  # of joints; real predictions have a few per cent outside
COPIES_SHARE = 0.01
FAR_WIDTHS = 100  # widths of the picture
WIDEST = 10_000.0  # pixels, of pictures whose size the files do not give


def copies(side: Side) -> Iterator[Notice]:
    """N419: people whose joints equal those of an earlier one in the same frame to the last bit."""
    count = side.review.copies
    if count > COPIES_SHARE * len(side.poses):
        what = f"{count} of {len(side.poses)} {_people(side)}"
        yield Notice("N419", f"{side.name}: {what} are copies of another in the same image", count)


def one_point(side: Side) -> Iterator[Notice]:
    """N426: people of three joints and more that all lie in one point."""
    count = side.review.points
    if side.poses.people.xy.shape[1] >= 3 and count > COPIES_SHARE * len(side.poses):
        what = f"{count} of {len(side.poses)} {_people(side)}"
        yield Notice("N426", f"{side.name}: {what} have all joints in one point", count)


def outside_the_image(side: Side) -> Iterator[Notice]:
    """N421: many joints outside their images."""
    people = side.poses.people
    rows = np.arange(0, len(people), max(1, -(-len(people) // SAMPLE)))
    bounds = side.poses.frames.size[people.frame[rows]][:, None, :]
    used = (people.seen[rows] > 0) & ~np.isnan(bounds).any(axis=2)
    count = int(used.sum())
    if not count:
        return
    xy = people.xy[rows]
    share = float((((xy < 0) | (xy > bounds)).any(axis=2) & used).sum()) / count
    if share >= OUTSIDE_SHARE:
        yield Notice("N421", f"{side.name}: {share:.0%} of the joints are outside their images")


def far_away(side: Side) -> Iterator[Notice]:
    """N422: joints that are many widths of their picture away from it."""
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
        text = f"{side.name}: {count} joints lie more than {FAR_WIDTHS} widths of the picture away"
        yield Notice("N422", f"{text} (first: {place})", count)


def _people(side: Side) -> str:
    return "people" if side.role.value == "truth" else "predictions"
