"""Readers and writers, one file per format, and the registry that recognises a format by content."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np

from poseval.datasets.assembly import of_other_categories
from poseval.datasets.base import Dataset, Losses, ReadOptions, Role, WriteOptions
from poseval.datasets.files.collector import paused
from poseval.datasets.files.source import Source
from poseval.datasets.recognition import SURE, confidences, fits, guessed, looks_like, readings, recognise
from poseval.datasets.registry import Format, get_format, get_row, known, names
from poseval.errors import (
    FormatError,
    LimitError,
    UsageError,
    ValueRangeError,
    error_of,
    like_others,
    shown,
    unknown_name,
)
from poseval.limits import Limits, to_raise
from poseval.poses import PoseSet
from poseval.skeletons.agreement import agreed, contradiction

__all__ = [
    "SURE",
    "Dataset",
    "Format",
    "Losses",
    "ReadOptions",
    "Role",
    "Source",
    "WriteOptions",
    "as_asked",
    "confidences",
    "fits",
    "get_format",
    "get_row",
    "guessed",
    "known",
    "looks_like",
    "names",
    "read",
    "readings",
    "recognise",
    "writer_of",
]

# Notices of readers about what they left out, and what it is.
LEFT_OUT = {
    "N412": "annotations of images that are not listed",
    "N430": "other members of the archive",
    "N471": "ignore regions of fewer than three vertices",
    "N475": "other files of the folder",
    "N477": "points of other ids",
    "N478": "points that repeat a joint",
    "N530": "other files of the folder",
    "N547": "columns of the table",
    "N915": "label files of other splits",
}


def writer_of(format: str, role: Role) -> Dataset:
    """The named format, which must support writing in this role.

    Raises:
        UsageError: P132 an unknown format, P130 a format that is not written in this role.
    """
    dataset = get_format(format)
    if role not in dataset.writes:
        told = ", ".join(sorted(item.value for item in dataset.writes)) or "nothing"
        raise UsageError(
            "P130",
            where=f"format {format}",
            what=f"cannot be written as {role.words}",
            wanted=f"a role in which it can be written: {told}",
        )
    return dataset


def _check_bounds(poses: PoseSet, limits: Limits, name: str) -> None:
    """Raise P502 for more people or coordinates than a set may have, whichever reader made them."""
    for what, limit, count, most in (
        ("people", "people", len(poses), limits.people),
        ("coordinates", "numbers", poses.people.xy.size, limits.numbers),
    ):
        if count > most:
            raise LimitError(
                "P502",
                where=name,
                what=f"has {count:,} {what}",
                wanted=f"at most {most:,}",
                hint=to_raise(limit, count),
            )


def _check_finite(poses: PoseSet, role: Role, name: str) -> None:
    """Raise P301 for an infinite number that arose from finite ones, or that a reader let through."""
    # Areas of predictions come from their joints, and may saturate: the reference tool has no bound, either.
    columns = ("score", "joint_score", "box", "head", *(("area",) if role is Role.TRUTH else ()))
    for column in columns:
        values = getattr(poses.people, column)
        if np.isinf(values).any():
            raise ValueRangeError(
                "P301",
                where=f"{name}: {column}",
                what=f"is infinite in {int(np.isinf(values).sum())} of {values.size} rows",
                wanted="finite numbers",
            )


def _check_sizes(poses: PoseSet, name: str) -> None:
    """Raise P304 for an image of size 0, or of less: it would put all joints at one point."""
    bad = np.flatnonzero((poses.frames.size <= 0).any(axis=1))
    if len(bad):
        raise ValueRangeError(
            "P304",
            where=f"{name}: image {shown(poses.frames.key[bad[0]], 60)}",
            what=f"has the size {poses.frames.size[bad[0]].tolist()}{like_others(len(bad) - 1)}",
            wanted="sizes above 0, because coordinates are normalised by them",
        )


def as_asked(poses: PoseSet, options: ReadOptions) -> PoseSet:
    """The set with the skeleton that was asked for, in the order of the set's own joints.

    Raises:
        MismatchError: P407 where the file names other joints, and joints are not mapped onto it later.
    """
    asked = options.skeleton
    if asked is None or poses.skeleton is asked:
        return poses
    skeleton = agreed(poses.skeleton, asked)
    if skeleton is None and options.mapped and options.role is Role.TRUTH:
        return poses  # the skeleton is that of the predictions
    if skeleton is None:
        raise contradiction(poses.skeleton, asked, shown(poses.origin.name))
    return replace(poses, skeleton=skeleton)


def _of_category(poses: PoseSet, category: str, role: Role, name: str) -> PoseSet:
    """The people of one category, the others counted; predictions of formats without categories stay.

    Raises:
        UsageError: P102 a ground truth without that category.
    """
    kept = {key: text for key, text in poses.categories.items() if category in (text, str(key))}
    if not kept:
        if role is Role.PREDICTIONS:
            return poses
        raise unknown_name("P102", "category", category, poses.categories.values())
    inside = np.isin(poses.people.category, list(kept))
    if inside.all():
        return replace(poses, categories=kept)
    # What has a category that is not listed is among the others, and was told of as that.
    told = tuple(notice for notice in poses.origin.notices if notice.code != "N418")
    origin = replace(poses.origin, notices=told)
    made = replace(poses, people=poses.people.take(np.flatnonzero(inside)), categories=kept, origin=origin)
    outside = poses.people.category[~inside]
    left_out = of_other_categories(name, outside, lambda key: poses.categories.get(key, str(key)))
    return made.with_notices([left_out])


def read(
    path: str | os.PathLike[str],
    options: ReadOptions,
    format: str | None = None,
    source: Source | None = None,
) -> PoseSet:
    """Read a file or folder of any known format. `source` is the opened path, if it was opened before.

    Raises:
        UsageError: the path does not exist, or the format is not known.
        InputError: what is wrong with the file; P222 for an untrusted file in a format that is not
            hardened, P407 a skeleton that contradicts the file's names.
    """
    source = source or Source(path, options.limits)
    if source.is_stream and not options.trusted:
        raise FormatError(
            "P222",
            where=shown(source.path),
            what="is not a file",
            wanted="a file, which is what can be submitted",
        )
    dataset = get_format(format or recognise(source, options.role, options.truth))
    if options.role not in dataset.reads:
        raise UsageError(
            "P133", where=f"format {dataset.name}", what=f"cannot be read as {options.role.words}"
        )
    if dataset.local_only and not options.trusted:
        raise FormatError(
            "P222",
            where=shown(source.path),
            what=f"is {dataset.name}, a format that is read only on the user's own machine",
            wanted="a format for submissions, such as JSON, csv or .npz",
        )
    try:
        with np.errstate(over="ignore"), paused():  # what overflows is infinite, and refused below
            poses = dataset.read(source, options)
    except FormatError as error:
        seen = None if format is None else looks_like(source)
        if seen is None or seen.split()[0] == format:
            raise
        first, *rest = error.faults
        hint = f"this looks like {seen}" if first.hint is None else f"{first.hint}; this looks like {seen}"
        raise error_of([replace(first, hint=hint), *rest], error.total, error.counts) from error
    if not source.is_folder and source.document.is_json:
        source.document.check_rest()
    name = shown(os.path.basename(source.name))
    poses = as_asked(poses, options)
    if options.category is not None:
        poses = _of_category(poses, options.category, options.role, name)
    _check_bounds(poses, options.limits, name)
    _check_finite(poses, options.role, name)
    if dataset.normalised:
        _check_sizes(poses, name)
    unread = {**poses.origin.unread, **source.unread}
    for notice in poses.origin.notices:
        if notice.code in LEFT_OUT:
            unread.setdefault(LEFT_OUT[notice.code], notice.count)
    origin = replace(poses.origin, unread=unread)
    if not origin.path:
        origin = replace(origin, path=source.name, format=dataset.name)
    return replace(poses, origin=origin)
