"""What the readers of single-person formats share: one person per frame, and pairing by order.

A frame of a single-person benchmark is one annotated person, so an image with three of them makes three
frames. Files without names (arrays of poses) follow the order of their ground truth, and nothing but the
count can be checked.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from poseval.datasets.base import ReadOptions
from poseval.datasets.files.document import Document
from poseval.errors import Fault, Faults, MismatchError, error_of, number_of, shown
from poseval.poses import Array, Floats, Frames, Ints, Notice, Origin, People, PoseSet
from poseval.poses.texts import text_column
from poseval.skeletons import Skeleton, get_skeleton
from poseval.skeletons.by_count import require_skeleton
from poseval.skeletons.joint_map import DERIVED_POINTS


def one_based(name: str) -> Notice:
    """A notice that the file counts pixels from 1."""
    text = f"{shown(name)}: coordinates are one-based (the first pixel is 1); 1 was subtracted"
    return Notice("N440", text)


def origin_of(
    document: Document, format: str, records: int, notices: Sequence[Notice] = (), base: int = 0
) -> Origin:
    """The origin of a set read from one file; a base of 1 is reported."""
    notices = (one_based(os.path.basename(document.name)), *notices) if base else notices
    return Origin(document.name, document.sha256, format, records, tuple(notices), base)


def frame_keys(images: Sequence[str]) -> Array:
    """Unique keys [N] of people by their images: the image, and `#0`, `#1`, ... where it holds several."""
    count = Counter(images)
    seen: Counter[str] = Counter()
    keys = []
    for image in images:
        keys.append(f"{image}#{seen[image]}" if count[image] > 1 else image)
        seen[image] += 1
    return text_column(keys)


def single_set(
    skeleton: Skeleton,
    people: Mapping[str, Any],
    origin: Origin,
    images: Sequence[str] | None = None,
    frames: Mapping[str, Any] | None = None,
) -> PoseSet:
    """One frame per person; `people` are the columns of `People`, `frames` further columns of `Frames`.

    Without image names the key of a frame is its place in the file, from 0.
    """
    count = len(people["xy"])
    columns = dict(frames or {})
    if images is None:
        key = np.arange(count).astype(np.str_)
    else:
        key = frame_keys(images)
        columns["path"] = text_column(images)
    table = Frames(key, **columns)
    return PoseSet(skeleton, table, People(frame=np.arange(count), **people), origin=origin)


def ordered_predictions(
    xy: Floats,
    options: ReadOptions,
    origin: Origin,
    people: Mapping[str, Any] | None = None,
    frame: Ints | None = None,
) -> PoseSet:
    """Predictions [N, K, 2] in the order of the ground truth; without ground truth, one frame each under its
    number.

    Coordinates are the ground truth's file's own (its base is taken off). A joint whose x and y are both NaN
    was not predicted, counts as wrong and is reported; any other number that is not finite is refused. Ground
    truth with a column `test` of frames takes as many poses as it has test frames. `frame` [N] says
    where the poses belong when their file does.

    Raises:
        ValueRangeError: P301 for infinities, half of a point, or nothing but NaN.
        MismatchError: P412 when the counts differ, P404 when the numbers of joints do.
    """
    columns = dict(people or {})
    absent: Array = np.asarray(np.isnan(xy).all(axis=2))
    _check_finite(xy, absent, origin.name)
    if absent.any():
        text = f"{number_of(int(absent.sum()), 'joint')} with NaN, that is, not predicted: counted as wrong"
        origin = replace(origin, notices=(*origin.notices, Notice("N449", text, int(absent.sum()))))
    columns.setdefault("seen", np.where(absent, 0, 2))
    truth = options.truth
    if truth is None:
        skeleton = options.skeleton or require_skeleton(xy.shape[1], "single person", origin.name)
        return single_set(skeleton, {"xy": xy, **columns}, origin)
    skeleton = options.skeleton or truth.skeleton
    if options.mapped and xy.shape[1] != len(skeleton):
        skeleton = require_skeleton(xy.shape[1], "single person", origin.name)
    if frame is None:
        frame = truth.people.frame
        test = truth.frames.extra.get("test")
        if test is not None and len(xy) == int(test[frame].sum()):
            frame = frame[test[frame]]
    if len(frame) != len(xy):
        raise MismatchError(
            "P412",
            where=shown(origin.name),
            what=f"holds {len(xy)} poses; the ground truth {shown(truth.origin.name)} has {len(truth)}",
            wanted="one pose per annotated person, in the order of the ground truth",
            hint="Are these predictions of another split?",
        )
    if xy.shape[1] != len(skeleton):
        raise MismatchError(
            "P404",
            where=shown(origin.name),
            what=f"has {xy.shape[1]} joints; the ground truth follows {skeleton.name} ({len(skeleton)})",
            wanted="the same joints in the same order",
            hint=_way_to(skeleton, xy.shape[1]),
        )
    moved = replace(origin, base=truth.origin.base)
    if moved.base:
        moved = replace(moved, notices=(one_based(moved.name), *moved.notices))
    return PoseSet(skeleton, truth.frames, People(xy - moved.base, frame, **columns), origin=moved)


def _check_finite(xy: Floats, absent: Array, where: str) -> None:
    bad = np.argwhere(~np.isfinite(xy).all(axis=2) & ~absent)
    if not len(bad) and not (len(xy) and absent.all()):
        return
    person, joint = bad[0] if len(bad) else (0, 0)
    what = "is infinite, or NaN in one of x and y" if len(bad) else "is NaN, like every other coordinate"
    raise error_of(
        [
            Fault(
                "P301",
                f"{shown(where)}: person {person}, joint {joint}",
                what,
                "finite coordinates, or NaN for both x and y of a joint that was not predicted",
            )
        ],
        max(len(bad), 1),
    )


def require_finite(
    faults: Faults, xy: Floats, needed: Array, document: Document, row: str = "person"
) -> None:
    """Add P301 for coordinates [N, K, 2] that are not finite although their joint is labelled [N, K].

    `row` is what the message calls the first axis, counted from 0.
    """
    bad = np.argwhere(~np.isfinite(xy).all(axis=2) & needed.astype(bool))
    for number, joint in bad[:1]:
        faults.add(
            "P301",
            where=f"{document.name}: {row} {number}, joint {joint}",
            what="has a coordinate that is NaN or infinite",
            wanted="finite numbers",
        )
    if len(bad) > 1:
        faults.more("P301", len(bad) - 1)


def _way_to(skeleton: Skeleton, joints: int) -> str:
    """How predictions of another number of joints come to a skeleton."""
    if any(target == skeleton.name and len(get_skeleton(of)) == joints for of, target in DERIVED_POINTS):
        return f"take the {len(skeleton)} points from the {joints} with --derive"
    return "map the joints by name with --joints names"
