"""Areas that are not in square pixels."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from poseval.checks.base import Side
from poseval.kernels.poses import extent
from poseval.poses import Bools, Floats, Notice, People

FEW_JOINTS = 3  # fewer labelled joints have no extent to speak of
TINY_SHARE = 0.02  # of the extent of the labelled joints; real areas are 0.3 to 3 times it
HUGE_SHARE = 50.0


def unit_of_area(side: Side) -> Iterator[Notice]:
    """N416: areas of 0 or less, all of 1 or less, or far from the extent of the person's joints."""
    people = side.poses.people
    count = people.extra.get("num_keypoints")
    counted: Bools = ~people.crowd & (people.is_labelled if count is None else count != 0)
    area = people.area[counted]
    known = area[~np.isnan(area)]
    if not len(known):
        return
    bad = int((known <= 0).sum())
    if bad:
        yield Notice("N416", f"{side.name}: {bad} of {len(known)} areas are 0 or less", bad)
        return
    if len(known) > 1 and bool((known <= 1).all()):
        text = f"{side.name}: all {len(known)} areas are 1 or less, so they cannot be square pixels"
        yield Notice("N416", text, len(known))
        return
    share = _share_of_extent(people, counted)
    # np.median would import numpy.ma, at 20 ms for every command.
    if len(share) and not TINY_SHARE <= (middle := float(np.sort(share)[len(share) // 2])) <= HUGE_SHARE:
        text = (
            f"{side.name}: areas are implausible: half of them are {'less' if middle < 1 else 'more'} than  "
            f"{middle:.2g} times the extent of the person's labelled joints. Are they in square pixels?"
        )
        yield Notice("N416", text, len(share))


def _share_of_extent(people: People, counted: Bools) -> Floats:
    """Area over the extent of the labelled joints, of people with enough of them."""
    rows = np.flatnonzero(counted & ((people.seen > 0).sum(axis=1) >= FEW_JOINTS))
    around = extent(people.xy, people.seen)[rows]
    area = people.area[rows]
    usable = np.isfinite(around) & (around > 0) & np.isfinite(area)
    share: Floats = area[usable] / around[usable]
    return share
