"""From people found in any order to a pose set: what readers of exchange formats share."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from poseval.datasets.base import ReadOptions
from poseval.datasets.files.source import Source
from poseval.errors import FormatError, LimitError, MismatchError, UsageError, like_others, number_of, shown
from poseval.limits import Limits
from poseval.poses import Array, Floats, Frames, IgnoreRegions, Ints, Notice, Origin, People, PoseSet
from poseval.poses.enclosing import enclosing_boxes
from poseval.poses.frame_names import natural, number, place
from poseval.poses.notices import Amount, counted
from poseval.poses.texts import text_column
from poseval.skeletons import Skeleton
from poseval.skeletons.by_count import require_skeleton


def frames_of(
    paths: Sequence[str],
    limits: Limits,
    where: str,
    size: Floats | None = None,
    numbers: Sequence[int] | None = None,
    labelled: Sequence[bool] | None = None,
) -> Frames:
    """Frames [F] named by their files, a sequence for each folder, numbered by the digits in their names.

    `labelled` says which frames were looked at by an annotator; by default all.

    Where the names of a sequence have no numbers, or the same one twice, frames count from 0 in their order.

    Raises:
        LimitError: P502 more frames than allowed.
    """
    if len(paths) > limits.frames:
        raise LimitError(
            "P502", where=where, what=f"has {len(paths):,} frames", wanted=f"at most {limits.frames:,}"
        )
    folders = [path.replace("\\", "/").rpartition("/")[0] for path in paths]
    sequences = tuple(dict.fromkeys(folders)) or ("",)
    index = {folder: at for at, folder in enumerate(sequences)}
    sequence = np.asarray([index[folder] for folder in folders], dtype=np.int64)
    given = list(numbers) if numbers is not None else [number(path) for path in paths]
    order = _numbers(np.asarray(given, dtype=np.int64), sequence, len(sequences))
    text = text_column(paths, where)
    size = np.full((len(paths), 2), np.nan) if size is None else size
    looked_at = np.ones(len(paths), dtype=np.bool_)
    if labelled is not None:
        looked_at = np.asarray(labelled, dtype=np.bool_)
    return Frames(text, sequence, order, size, looked_at, path=text, sequences=sequences)


def _numbers(given: Ints, sequence: Ints, count: int) -> Ints:
    out = given.copy()
    order = np.argsort(sequence, kind="stable")
    cuts = np.searchsorted(sequence[order], np.arange(count + 1))
    for at in range(count):
        rows = order[cuts[at] : cuts[at + 1]]
        if (given[rows] < 0).any() or len(np.unique(given[rows])) < len(rows):
            out[rows] = np.arange(len(rows))
    return out


def pose_set(
    skeleton: Skeleton,
    frames: Frames,
    row: Array,
    columns: Mapping[str, Any],
    origin: Origin,
    limits: Limits,
    categories: Mapping[int, str] | None = None,
    extra: Mapping[str, Array] | None = None,
) -> PoseSet:
    """People in any order, with the frame `row` [N] of each, as a pose set sorted by frame (stable).

    Raises:
        LimitError: P502 more people in a frame than allowed.
    """
    row = np.asarray(row, dtype=np.int64)
    crowded = int(np.bincount(row).max()) if len(row) else 0
    if crowded > limits.people_per_frame:
        raise LimitError(
            "P502",
            where=shown(origin.name),
            what=f"has {crowded:,} people in one frame",
            wanted=f"at most {limits.people_per_frame:,}",
        )
    order = np.argsort(row, kind="stable")
    given: dict[str, Any] = {name: np.asarray(value)[order] for name, value in columns.items()}
    further = {name: column[order] for name, column in (extra or {}).items()}
    people = People(frame=row[order], extra=further, **given)
    kinds = {1: "person"} if categories is None else dict(categories)
    return PoseSet(skeleton, frames, people, origin=origin, categories=kinds)


def joints_by_count(count: int, options: ReadOptions, where: str) -> Skeleton:
    """The skeleton of a file that names no joints: as asked, as the ground truth has it, or the customary
    one.

    Raises:
        FormatError: P204 when the numbers of joints differ, or the number is not customary.
    """
    asked = options.skeleton
    if asked is not None and len(asked) != count and options.mapped:
        asked = None  # it is the ground truth's
    if asked is not None and len(asked) != count:
        raise FormatError(
            "P204",
            where=where,
            what=f"has {count} joints per person",
            wanted=f"{len(asked)} joints, as in skeleton {asked.name}",
        )
    if asked is None and options.truth is not None and len(options.truth.skeleton) == count:
        asked = options.truth.skeleton
    return require_skeleton(count, "estimators", where) if asked is None else asked


def skeleton_of_set(joints: Collection[str]) -> Skeleton:
    """The skeleton of joints whose order nobody declared: a known one of exactly these, else by their names.

    The order in which joints appear differs from file to file of one project.
    """
    from poseval.skeletons import get_skeleton, match_names, names, skeleton_from_names

    same = [name for name in names() if set(get_skeleton(name).joints) == set(joints)]
    listed = sorted(joints, key=natural)
    return get_skeleton(same[0]) if same else match_names(listed) or skeleton_from_names(listed)


def in_order_of_names(where: str, skeleton: Skeleton, joints: Collection[str]) -> list[Notice]:
    """N545 where nobody declared the order of these joints and no known skeleton has them."""
    from poseval.skeletons import get_skeleton, names

    if len(joints) < 2 or any(get_skeleton(name).joints == skeleton.joints for name in names()):
        return []
    listed = sorted(joints, key=natural)
    told = ", ".join(shown(name, 30) for name in listed[:20]) + (", ..." if len(listed) > 20 else "")
    text = f"{where}: declares no order of joints; they are in the order of their names: {told}"
    return [Notice("N545", text)]


def sizes_of(frames: Frames, options: ReadOptions, where: str) -> Floats:
    """Width and height [F, 2] of frames, from the ground truth's frames of the same name; NaN where unknown.

    Frames of a video that nobody labelled have the size of those that were, where these are all of one.

    Raises:
        MismatchError: P403 when names pair with the ground truth's in more than one way.
    """
    size = np.full((len(frames), 2), np.nan)
    if options.truth is None or not len(frames):
        return size
    found = place(frames, options.truth.frames, np.arange(len(frames)))
    if found.others:
        raise MismatchError(
            "P403",
            where=where,
            what=f"has frames that are paired with the ground truth by {found.way or found.most}, but by "
            f"{' and '.join(found.others)}",
            wanted="one way that pairs all frames",
        )
    row = found.row
    known = options.truth.frames.size
    size[row >= 0] = known[row[row >= 0]]
    if len(known) and (known == known[0]).all():
        size[row < 0] = known[0]
    return size


def sized(poses: PoseSet, truth: PoseSet | None, what: str) -> PoseSet:
    """The set with sizes for all frames that have people, the ground truth's where its own are unknown.

    Raises:
        UsageError: P174 where a size stays unknown; `what` says why the format needs it.
    """
    size = poses.frames.size.copy()
    unknown = np.asarray(np.isnan(size).any(axis=1), dtype=np.bool_)
    if unknown.any() and truth is not None:
        found = place(poses.frames, truth.frames, np.unique(poses.people.frame))
        fill = unknown & (found.row >= 0)
        size[fill] = truth.frames.size[found.row[fill]]
    used = np.unique(poses.people.frame)
    lacking = used[np.isnan(size[used]).any(axis=1)]
    if len(lacking):
        raise UsageError(
            "P174",
            where=f"frame {shown(poses.frames.key[lacking[0]], 60)}",
            what=f"has no size{like_others(len(lacking) - 1)}, but {what}",
            wanted="the sizes of all images",
            hint="pass --gt FILE that has them, or to `poseval convert` --images DIR",
        )
    frames = poses.frames
    return replace(
        poses,
        frames=Frames(
            frames.key,
            frames.sequence,
            frames.number,
            size,
            frames.labelled,
            frames.path,
            frames.sequences,
            frames.extra,
        ),
    )


def by_image(poses: PoseSet) -> PoseSet:
    """The set with one frame for each image: frames of one file's name become one, the first of them.

    Benchmarks of single people have a frame for each person, so that bare arrays can follow their order;
    files that name frames by their images could not tell such frames apart.
    """
    frames = poses.frames
    names = [path or f"\0{row}" for row, path in enumerate(frames.path.tolist())]
    index: dict[str, int] = {}
    for name in names:
        index.setdefault(name, len(index))
    if len(index) == len(names):
        return poses
    place = np.asarray([index[name] for name in names], dtype=np.int64)
    first = np.unique(place, return_index=True)[1]
    kept = frames.take(first)
    alone = np.bincount(place) == 1
    key = np.where(alone, kept.key, kept.path)
    labelled = np.bincount(place, frames.labelled) > 0
    made = Frames(key, kept.sequence, kept.number, kept.size, labelled, kept.path, kept.sequences, kept.extra)
    people = poses.people.with_columns(frame=np.zeros(len(poses), dtype=np.int64))
    target = place[poses.people.frame]
    order = np.argsort(target, kind="stable")
    people = people.take(order).with_columns(frame=target[order])
    regions = np.argsort(place[poses.ignore.frame], kind="stable")
    length = np.diff(poses.ignore.start)[regions]
    start = np.concatenate(([0], np.cumsum(length)))
    rows = np.repeat(poses.ignore.start[:-1][regions] - start[:-1], length) + np.arange(start[-1])
    ignore = IgnoreRegions(poses.ignore.vertices[rows], start, place[poses.ignore.frame][regions])
    return replace(poses, frames=made, people=people, ignore=ignore)


def boxes_or_extents(poses: PoseSet) -> tuple[Floats, int]:
    """Boxes [N, 4] for everyone, and for how many none was given.

    Theirs is the extent of their joints, or the whole image where they have none.
    """
    people = poses.people
    lacking = np.isnan(people.box).any(axis=1, keepdims=True)
    box = np.where(lacking, enclosing_boxes(people.xy, people.seen > 0), people.box)
    size = poses.frames.size[people.frame]
    image = np.concatenate([np.zeros_like(size), size], axis=1)
    return np.where(np.isnan(box).any(axis=1, keepdims=True), image, box), int(lacking.sum())


def require_scores(poses: PoseSet) -> None:
    """Refuse predictions of which some have no score, for formats that rank people by it.

    Raises:
        UsageError: P138.
    """
    lacking = int(np.isnan(poses.people.score).sum())
    if lacking:
        raise UsageError(
            "P138",
            where=shown(poses.origin.name),
            what=f"{lacking} of {len(poses)} people have no score",
            wanted="a score for every person, because the format ranks people by it",
            hint="give every person a score; if they are labels, convert them with --role ground-truth",
        )


def digest_of(parts: Iterable[tuple[str, str]]) -> str:
    """SHA-256 over the names and digests of several files, in order."""
    total = hashlib.sha256()
    for name, digest in parts:
        total.update(f"{name}\0{digest}\n".encode("utf-8", "surrogateescape"))
    return total.hexdigest()


def predicted(xy: Floats, score: Floats) -> Array:
    """Flags [N, K]: 0 for a joint at (0, 0) without confidence, which is how programs say "not found"."""
    x, y = xy[..., 0], xy[..., 1]  # NumPy takes five times as long over an axis of two
    at_origin = (x == 0) & (y == 0) & ~(score > 0)
    return np.where(at_origin | ~(np.isfinite(x) & np.isfinite(y)), np.int8(0), np.int8(2))


def mean_score(joint_score: Floats, seen: Array) -> Floats:
    """Mean confidence [N] of the predicted joints; 0 for a person without any."""
    used = (seen > 0) & np.isfinite(joint_score)
    total = np.where(used, joint_score, 0.0).sum(axis=1)
    count = used.sum(axis=1)
    return np.asarray(np.divide(total, count, out=np.zeros(len(total)), where=count > 0), dtype=np.float64)


def of_other_categories(where: str, categories: Ints, name_of: Callable[[int], str]) -> Notice:
    """A sentence about records of categories [N] that are not scored."""
    kinds, counts = np.unique(categories, return_counts=True)
    named = Counter[str]()
    for kind, count in zip(kinds.tolist(), counts.tolist(), strict=True):
        named[name_of(kind)] += count
    return counted("N540", Amount(noun="record", after=" of other categories left out"), named, where)


def scores_from_joints(where: str, count: int) -> Notice:
    """A notice for formats without a score per person."""
    return Notice(
        "N500",
        f"{where}: the format has no score per person; the mean confidence of the predicted joints is used",
        count,
    )


def left_out(source: Source, read: int, kinds: tuple[str, ...] = ()) -> list[Notice]:
    """A notice about files of a folder that were not `read`, except those of the `kinds` to be ignored."""
    if not source.is_folder:
        return []
    sides = sum(path.name.lower().endswith(kinds) for path in source.files) if kinds else 0
    count = len(source.files) - read - sides
    text = f"{shown(source.path.name)}: {number_of(count, 'other file')} of the folder not read"
    return [Notice("N530", text, count)] if count > 0 else []


def unique_paths(names: Sequence[str]) -> dict[str, int]:
    """Row of each distinct name, in order of first appearance."""
    return {name: row for row, name in enumerate(dict.fromkeys(names))}
