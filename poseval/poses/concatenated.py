"""Several pose sets as one: the batches of a data loader, or the shards of several processes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np

from poseval.errors import UsageError, shown
from poseval.poses.frame_names import natural
from poseval.poses.notices import together
from poseval.poses.pose_set import Array, Frames, IgnoreRegions, Ints, Origin, People, PoseSet


def concatenated(parts: Sequence[PoseSet]) -> PoseSet:
    """The frames and people of all parts, which have no frame in common.

    Frames are in the order of their sequences and numbers where these are unambiguous, whatever the order of
    the parts; otherwise the parts stay behind one another.

    Raises:
        UsageError: P855 parts with other joints, categories or columns than the first.
    """
    first = parts[0]
    for part in parts[1:]:
        require_alike(first, part)
    if len(parts) == 1:
        return first
    frames = _frames([part.frames for part in parts])
    shift = np.cumsum([0, *(len(part.frames) for part in parts)])
    row = np.concatenate([part.people.frame + at for part, at in zip(parts, shift, strict=False)])
    regions = [part.ignore for part in parts]
    region_row = np.concatenate([part.frame + at for part, at in zip(regions, shift, strict=False)])
    order = _order(frames)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    people = _people([part.people for part in parts], place[row])
    ignore = _ignore(regions, place[region_row])
    return replace(first, frames=frames.take(order), people=people, ignore=ignore, origin=_origin(parts))


def require_alike(first: PoseSet, part: PoseSet) -> None:
    """Refuse a part that cannot stand behind the first, P855."""
    for what, mine, theirs in (
        ("joints", first.skeleton.joints, part.skeleton.joints),
        ("sigmas", first.skeleton.sigmas, part.skeleton.sigmas),
        ("categories", dict(first.categories), dict(part.categories)),
        ("columns of people", sorted(first.people.extra), sorted(part.people.extra)),
        ("columns of frames", sorted(first.frames.extra), sorted(part.frames.extra)),
    ):
        if mine != theirs:
            raise UsageError(
                "P855",
                where=what,
                what=f"are {shown(theirs)} in a batch, and were {shown(mine)} before",
                wanted="the same in every batch",
            )


def _frames(parts: Sequence[Frames]) -> Frames:
    names = parts[0].sequences
    if any(part.sequences != names for part in parts):
        names = tuple(sorted({name for part in parts for name in part.sequences}, key=natural))
    index = {name: at for at, name in enumerate(names)}
    sequence = [
        np.asarray([index[name] for name in part.sequences], dtype=np.int64)[part.sequence] for part in parts
    ]
    columns = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("key", "number", "size", "labelled", "path")
    }
    extra = {name: np.concatenate([part.extra[name] for part in parts]) for name in parts[0].extra}
    return Frames(sequence=np.concatenate(sequence), sequences=names, extra=extra, **columns)


def _order(frames: Frames) -> Ints:
    """Rows [F] by sequence and number, or as they are where two frames have the same."""
    order = np.lexsort((frames.number, frames.sequence))
    place = np.stack([frames.sequence[order], frames.number[order]])
    twice = bool((np.diff(place, axis=1) == 0).all(axis=0).any())
    return np.arange(len(frames)) if twice else order


def _people(parts: Sequence[People], row: Ints) -> People:
    order = np.argsort(row, kind="stable")
    columns = {
        item.name: np.concatenate([getattr(part, item.name) for part in parts])[order]
        for item in fields(People)
        if item.name not in ("frame", "extra")
    }
    extra = {name: np.concatenate([part.extra[name] for part in parts])[order] for name in parts[0].extra}
    return People(frame=row[order], extra=extra, **columns)


def _ignore(parts: Sequence[IgnoreRegions], row: Ints) -> IgnoreRegions:
    if not len(row):
        return parts[0]
    polygons: list[Array] = [
        part.vertices[start:end]
        for part in parts
        for start, end in zip(part.start[:-1], part.start[1:], strict=True)
    ]
    order = np.argsort(row, kind="stable")
    turned = [polygons[at] for at in order]
    start = np.cumsum([0, *(len(polygon) for polygon in turned)])
    return IgnoreRegions(np.concatenate(turned), start, row[order])


def _origin(parts: Sequence[PoseSet]) -> Origin:
    """Where all came from; a digest of a file is not theirs, because nobody knows that they are all of it."""
    origins = [part.origin for part in parts]
    notices = together(notice for origin in origins for notice in origin.notices)
    return replace(origins[0], sha256="", records=sum(map(len, parts)), notices=tuple(notices))
