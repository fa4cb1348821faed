"""Pair sequences of predictions and ground truth by name, and their frames by id, file name or stem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from poseval.benchmarks.alignment import align
from poseval.errors import Fault, Faults, MismatchError, error_of, number_of, shown
from poseval.poses import Array, Frames, IgnoreRegions, Ints, Notice, PoseSet
from poseval.poses.aligned import Aligned
from poseval.poses.frame_names import numbers, of_whole_video, stem

SHOWN_SEQUENCES = 10  # rows of the table of counts in an error
WAYS = ("id", "file name", "file stem")


def pair(
    truth: PoseSet, predictions: PoseSet, *, needed: Array | None = None
) -> tuple[Aligned, list[Notice]]:
    """Both sets over the ground truth's frames.

    Every sequence of the ground truth needs its predictions, every frame of the predictions its partner,
    unless those without one are plainly further frames of the same video.
    `needed` [F] bool says which frames of the ground truth must be among the predictions; None means all.

    Raises:
        MismatchError: P480 a sequence without predictions, P481 frames that are missing, P482 frames that the
            ground truth does not have, P404 other joints; each with a table of counts per sequence.
    """
    if predictions.skeleton.joints != truth.skeleton.joints or predictions.frames is truth.frames:
        return align(truth, predictions)
    mine, theirs = truth.frames, predictions.frames
    if (
        mine.sequences == theirs.sequences
        and np.array_equal(mine.sequence, theirs.sequence)
        and np.array_equal(mine.key, theirs.key)
    ):
        return Aligned(truth, replace(predictions, frames=mine)), []
    notices: list[Notice] = []
    partner = _sequences(truth, predictions, notices)
    if partner is None:
        return align(truth, predictions)
    place = np.full(len(theirs), -1, dtype=np.int64)
    ways: set[str] = set()
    turned = 0
    dense = np.zeros(len(theirs), dtype=np.bool_)  # frames of whole videos that nobody labelled
    faults = Faults()
    for index, target in enumerate(partner):
        rows = np.flatnonzero(theirs.sequence == index)
        if target < 0:
            continue
        ours = np.flatnonzero(mine.sequence == target)
        found, way = _frames(mine, ours, theirs, rows)
        place[rows] = found
        ways.add(way)
        known = found[found >= 0]
        turned += bool((np.diff(known) < 0).any())
        wanted = ours if needed is None else ours[needed[ours]]
        if len(known) < len(rows) and _of_whole_video(mine, theirs.take(rows), found, wanted):
            dense[rows[found < 0]] = True
            rows, found = rows[found >= 0], known
        _check_frames(truth, predictions, (target, index), (ours, rows), found, needed, faults)
    _raise(faults, truth, predictions, partner)
    if dense.any():
        notices.append(_left_out(predictions, dense))
    for way in sorted(ways - {"id"}):
        notices.append(Notice("N481", f"frames were paired by {way}, because ids differ"))
    if turned:
        text = (
            f"frames of {number_of(turned, 'sequence')} are in another order than in the ground truth; they "
            "are paired by name, while the official program pairs them by position (quirk P18)"
        )
        notices.append(Notice("N482", text, turned))
    return Aligned(truth, _moved(truth, predictions, place)), notices


def _of_whole_video(mine: Frames, theirs: Frames, found: Ints, wanted: Ints) -> bool:
    """Whether the frames of a sequence that the ground truth lacks are plainly more of what it has."""
    return of_whole_video(found, wanted, numbers(mine), numbers(theirs), exact=True)


def _left_out(predictions: PoseSet, frames: Array) -> Notice:
    count = int(frames[predictions.people.frame].sum())
    first = ", ".join(shown(key, 40) for key in predictions.frames.key[frames][:5])
    text = (
        f"{shown(predictions.origin.name)}: {int(frames.sum())} of {len(frames)} frames are not in the "
        f"ground truth (first: {first}); {number_of(count, 'person', 'people')} there left out, because the "
        "labelled frames all have predictions"
    )
    return Notice("N940", text, count)


def _moved(truth: PoseSet, predictions: PoseSet, place: Ints) -> PoseSet:
    """Predictions over the ground truth's frames; people of frames without a partner are left out."""
    people = predictions.people
    target = place[people.frame]
    kept = np.flatnonzero(target >= 0)
    order = kept[np.argsort(target[kept], kind="stable")]
    unsorted = people.with_columns(frame=np.zeros(len(people), dtype=np.int64))
    moved = unsorted.take(order).with_columns(frame=target[order])
    return replace(predictions, frames=truth.frames, people=moved, ignore=IgnoreRegions())


def _videos(frames: Frames) -> list[str]:
    """Folder of the images of each sequence; empty where it is not one folder."""
    found: list[set[str]] = [set() for _ in frames.sequences]
    for index, path in zip(frames.sequence.tolist(), frames.path.tolist(), strict=True):
        found[index].add(path.rpartition("/")[0].rpartition("/")[2])
    return [next(iter(names)) if len(names) == 1 else "" for names in found]


def _sequences(truth: PoseSet, predictions: PoseSet, notices: list[Notice]) -> list[int] | None:
    """The true sequence of each predicted sequence, -1 for none; None where nothing is common."""
    ours, theirs = truth.frames.sequences, predictions.frames.sequences
    place = {name: index for index, name in enumerate(ours)}
    partner = [place.get(name, -1) for name in theirs]
    if -1 in partner:
        _by_video(truth, predictions, partner, notices)
    if len(ours) == len(theirs) == 1 and partner == [-1]:
        partner = [0]
        text = f"sequence {shown(theirs[0])} was paired with {shown(ours[0])}: each set has one sequence"
        notices.append(Notice("N483", text))
    if all(index < 0 for index in partner):
        return None
    extra = [name for name, index in zip(theirs, partner, strict=True) if index < 0]
    if extra:
        first = ", ".join(shown(name, 60) for name in extra[:5])
        notices.append(
            Notice(
                "N484",
                f"left out: {number_of(len(extra), 'sequence')} outside of the ground truth: {first}",
                len(extra),
            )
        )
    absent = sorted(set(range(len(ours))) - set(partner))
    if absent:
        raise MismatchError(
            "P480",
            where=shown(predictions.origin.name),
            what=f"has no predictions for {len(absent)} of {len(ours)} sequences "
            f"(first: {', '.join(shown(ours[index], 60) for index in absent[:5])})",
            wanted="one file per sequence of the ground truth, with the same name",
        )
    return partner


def _by_video(truth: PoseSet, predictions: PoseSet, partner: list[int], notices: list[Notice]) -> None:
    """Pair what file names do not by the folder of the images, where that is unique on both sides."""
    free = set(range(len(truth.frames.sequences))) - set(partner)
    mine, theirs = _videos(truth.frames), _videos(predictions.frames)
    count = 0
    for index, target in enumerate(partner):
        name = theirs[index]
        same = [place for place in free if mine[place] == name]
        if target < 0 and name and len(same) == 1 and theirs.count(name) == 1:
            partner[index] = same[0]
            count += 1
    if count:
        notices.append(
            Notice("N485", f"{number_of(count, 'sequence')} paired by the folder of the images", count)
        )


def _names(frames: Frames, rows: Ints, way: str) -> list[str]:
    if way == "id":
        prefix = frames.sequences[frames.sequence[rows[0]]] + ":" if len(rows) else ""
        return [key.removeprefix(prefix) for key in frames.key[rows].tolist()]
    if way == "file name":
        return [path.replace("\\", "/") for path in frames.path[rows].tolist()]
    return [stem(path) for path in frames.path[rows].tolist()]


def _frames(mine: Frames, ours: Ints, theirs: Frames, rows: Ints) -> tuple[Ints, str]:
    """The true row for each row of the predictions (-1 none), by the first way that pairs all of them."""
    best: tuple[int, Ints, str] = (-1, np.full(len(rows), -1, dtype=np.int64), "id")
    for way in WAYS:
        names = _names(mine, ours, way)
        if len(set(names)) < len(names) or "" in names:
            continue
        place = dict(zip(names, ours.tolist(), strict=True))
        found = np.asarray([place.get(name, -1) for name in _names(theirs, rows, way)], dtype=np.int64)
        hits = int((found >= 0).sum())
        if hits > best[0] and len(set(found[found >= 0].tolist())) == hits:
            best = (hits, found, way)
        if hits == len(rows):
            break
    return best[1], best[2]


def _check_frames(
    truth: PoseSet,
    predictions: PoseSet,
    sequences: tuple[int, int],
    rows: tuple[Ints, Ints],
    found: Ints,
    needed: Array | None,
    faults: Faults,
) -> None:
    name = shown(truth.frames.sequences[sequences[0]], 80)
    where = f"{shown(predictions.origin.name)}: sequence {name}"
    foreign = rows[1][found < 0]
    if len(foreign):
        faults.add(
            "P482",
            where=where,
            what=f"{len(foreign)} of {len(rows[1])} frames are not in the ground truth (first: "
            f"{shown(predictions.frames.key[foreign[0]], 60)})",
            wanted="frames of the ground truth, by id, file name or file stem",
        )
    lacking = np.setdiff1d(rows[0], found)
    if needed is not None:
        lacking = lacking[needed[lacking]]
    if len(lacking):
        faults.add(
            "P481",
            where=where,
            what=f"has {len(rows[1])} frames, the ground truth {len(rows[0])}; {len(lacking)} "
            f"{'frames' if needed is None else 'evaluated frames'} are missing (first: "
            f"{shown(truth.frames.key[lacking[0]], 60)})",
            wanted="every frame of the video, with or without people",
        )


def _raise(faults: Faults, truth: PoseSet, predictions: PoseSet, partner: Sequence[int]) -> None:
    """One error for all sequences, with the counts of frames on both sides."""
    if not len(faults):
        return
    mine = np.bincount(truth.frames.sequence, minlength=len(truth.frames.sequences))
    theirs = np.bincount(predictions.frames.sequence, minlength=len(predictions.frames.sequences))
    table = [
        f"{shown(truth.frames.sequences[target], 60)} {mine[target]}/{theirs[index]}"
        for index, target in enumerate(partner)
        if target >= 0 and mine[target] != theirs[index]
    ]
    first, *rest = faults.kept
    if table:
        more = f" and {len(table) - SHOWN_SEQUENCES} more" if len(table) > SHOWN_SEQUENCES else ""
        listed = "; ".join(table[:SHOWN_SEQUENCES]) + more
        first = Fault(
            first.code, first.where, first.what, first.wanted, f"frames of ground truth/predictions: {listed}"
        )
    raise error_of([first, *rest], len(faults))
