"""What in a COCO truth file is suspicious without being wrong: contradictions, and areas of another unit."""

from __future__ import annotations

import numpy as np

from poseval.datasets.records import Records, places
from poseval.kernels.json import Column
from poseval.kernels.poses import extent
from poseval.poses import Floats, Frames, Ints, Notice, People

FEW_JOINTS = 3  # fewer labelled joints have no extent to speak of
TINY_SHARE = 0.02  # of the extent of the labelled joints; real areas are 0.3 to 3 times it
HUGE_SHARE = 50.0


def contradictions(records: Records, given: Column, labelled: Ints) -> tuple[Ints, list[Notice]]:
    """num_keypoints [N] as the file says, counted from the flags where it does not; and what disagrees.

    The field, not the flags, decides for pycocotools who is ignored.
    """
    notices = []
    name = records.document.name
    missing = ~given.given
    if missing.any():
        count = int(missing.sum())
        text = f"{name}: {count} annotations have no num_keypoints; counted from the flags"
        notices.append(Notice("N414", text, count))
    counts = np.where(missing, labelled, given.values)
    differs = np.flatnonzero(~missing & (counts != labelled))
    if len(differs):
        hidden = int(((counts == 0) & (labelled > 0)).sum())
        text = (
            f"{name}: num_keypoints of {len(differs)} annotations is not their number of labelled joints "
            f"(first: {places(differs, lambda row: f'{records.key}[{row}]')})"
        )
        if hidden:
            text += f"; {hidden} of them say 0, and are ignored, though joints are labelled"
        notices.append(Notice("N415", text, len(differs)))
    return counts, notices


def implausible(name: str, people: People, frames: Frames) -> list[Notice]:
    """Notices about areas that look like another unit, and about truth in which nobody is to be found."""
    counted = ~people.crowd & (people.extra["num_keypoints"] != 0)
    if not counted.any():
        return [Notice("N427", f"{name}: no person with labelled joints: nothing can be scored")]
    area = people.area[counted]
    known = area[~np.isnan(area)]
    if not len(known):
        return []
    bad = int((known <= 0).sum())
    if bad:
        return [Notice("N416", f"{name}: {bad} of {len(known)} areas are 0 or less", bad)]
    if len(known) > 1 and bool((known == 1).all()):
        return [Notice("N416", f"{name}: all {len(known)} areas are 1: not square pixels", len(known))]
    share = _share_of_extent(people, counted)
    # np.median would import numpy.ma, at 20 ms for every command.
    if len(share) and not TINY_SHARE <= (middle := float(np.sort(share)[len(share) // 2])) <= HUGE_SHARE:
        text = (
            f"{name}: areas are implausible: half of them are {'below' if middle < 1 else 'above'} "
            f"{middle:.2g} times the extent of the person's labelled joints; are they square pixels?"
        )
        return [Notice("N416", text, len(share))]
    return []


def _share_of_extent(people: People, counted: np.ndarray) -> Floats:
    """Area over the extent of the labelled joints, of people with enough of them."""
    rows = np.flatnonzero(counted & ((people.seen > 0).sum(axis=1) >= FEW_JOINTS))
    around = extent(people.xy, people.seen)[rows]
    area = people.area[rows]
    usable = np.isfinite(around) & (around > 0) & np.isfinite(area)
    share: Floats = area[usable] / around[usable]
    return share
