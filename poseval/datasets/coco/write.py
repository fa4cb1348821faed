"""Pose sets as COCO annotation files and result lists.

Numbers are written in the shortest form that reads back to the same double, integral ones without a point.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from poseval.datasets.assembly import by_image, require_scores
from poseval.datasets.base import Losses, WriteOptions
from poseval.datasets.capabilities import lose_unread, own_sigmas, videos
from poseval.datasets.coco.categories import BODY, WHOLE_BODY
from poseval.datasets.coco.images import given_numbers, ids_to_write, image_numbers
from poseval.datasets.coco.keypoints import PARTS
from poseval.datasets.containers.json_write import blocks, known_numbers, number_texts, records, where
from poseval.files.writing import write_atomically
from poseval.poses import Array, Floats, Frames, Ints, PoseSet
from poseval.poses.enclosing import enclosing_boxes
from poseval.poses.frame_names import has_extension, named
from poseval.skeletons import get_skeleton

PROGRESS_ROWS = 10_000
NAMED_BY_ID = ("coco", "jhmdb-coco", "face-coco")  # files whose keys of frames are their images' ids
PARTS_WITH_SCORE = tuple(f"{name.split('_')[0]}_score" for name, _ in PARTS[1:])


def write_truth(poses: PoseSet, path: Path, options: WriteOptions) -> Losses:
    """An annotation file: images, annotations, categories.

    Images keep their numbers where the frames have them (see `image_numbers`), else they are numbered from 1.
    Annotations keep their ids where these are distinct, else they are numbered. pycocotools wants a box and
    an area of everyone: a box that was not given is the extent of the labelled joints, an area that of the
    box; both are 0 for people without a labelled joint.

    Raises:
        UsageError: P131 the file exists, P137 it cannot be written.
    """
    poses = by_image(poses)
    losses = _losses(poses, truth=True)
    found = image_numbers(poses.frames)
    ids = ids_to_write(poses.frames)
    if found is None:
        losses.make("image ids (numbered from 1; names stay file names)", len(ids))
    elif (np.diff(found) < 0).any():
        losses.lose("order of frames (COCO's is that of the image ids)", len(ids))
    poses = _with_boxes_and_areas(poses, losses)
    bare = sum(not has_extension(name) for name in named(poses.frames))
    losses.miss("extensions of file names (the source has none)", bare)

    def content(file: BinaryIO) -> None:
        file.write(b'{"images": [')
        _rows(file, _images(poses.frames, ids), options, len(poses))
        file.write(b'], "annotations": [')
        _rows(file, _annotations(poses, ids), options, len(poses))
        file.write(b'], "categories": ')
        file.write(json.dumps(_categories(poses)).encode())
        file.write(b"}\n")

    write_atomically(path, content, options.force)
    return losses


def write_results(poses: PoseSet, path: Path, options: WriteOptions) -> Losses:
    """A list of results, in the order of the file that the people came from where they know it.

    People with a track get a `track_id`, which pycocotools passes over. Boxes are written
    when everyone has one: the official tool takes areas from boxes if the first result has one. Joint scores
    that were not given are written as 1 for predicted joints and 0 for others.

    Raises:
        UsageError: P131 the file exists, P137 it cannot be written, P138 people without a score.
    """
    require_scores(poses)
    poses = by_image(poses)
    people = poses.people
    losses = _losses(poses, truth=False)
    ids = _ids_of_results(poses, options.truth)
    if ids.dtype.kind not in "iu":
        losses.miss("image ids as numbers, which pycocotools needs (give --gt FILE)", len(ids))
    with_box = ~np.isnan(people.box).any(axis=1)
    if not with_box.all():
        losses.lose("boxes (not every person has one)", int(with_box.sum()))
    predicted = people.seen > 0
    losses.lose(
        "joint scores that were not given (written as 1)",
        int((np.isnan(people.joint_score) & predicted).sum()),
    )

    def content(file: BinaryIO) -> None:
        file.write(b"[")
        _rows(file, _results(poses, ids, bool(with_box.all())), options, len(poses))
        file.write(b"]\n")

    write_atomically(path, content, options.force)
    return losses


def _ids_of_results(poses: PoseSet, truth: PoseSet | None) -> Array:
    """Image ids [F]: by key those of a COCO ground truth; without ground truth, the set's own."""
    own = image_numbers(poses.frames)
    ids = poses.frames.key if own is None else own
    if truth is None:
        return ids
    frames = by_image(truth).frames
    numbers: Array = ids_to_write(frames)  # as in `write_truth`, unless the file itself has names for ids
    if truth.origin.format in NAMED_BY_ID and given_numbers(frames) is None:
        numbers = frames.key
    known = dict(zip(frames.key.tolist(), numbers.tolist(), strict=True))
    found = [known.get(key, old) for key, old in zip(poses.frames.key.tolist(), ids.tolist(), strict=True)]
    whole = all(isinstance(number, int) for number in found)
    return np.asarray(found, dtype=np.int64 if whole else object)


def _with_boxes_and_areas(poses: PoseSet, losses: Losses) -> PoseSet:
    """The set with a box and an area for everyone; what was made is counted."""
    people = poses.people
    boxless = np.asarray(np.isnan(people.box).any(axis=1), dtype=np.bool_)
    extent = enclosing_boxes(people.xy, people.seen > 0)
    box: Floats = np.where(boxless[:, None], np.nan_to_num(extent, nan=0.0), people.box)
    shapeless = np.isnan(people.area)
    area = np.where(shapeless, (box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1]), people.area)
    losses.make("boxes from the extent of the labelled joints", int(boxless.sum()))
    losses.make("areas of the boxes", int(shapeless.sum()))
    return replace(poses, people=people.with_columns(box=box, area=area))


def _losses(poses: PoseSet, truth: bool) -> Losses:
    people = poses.people
    losses = Losses(kept_people=len(people), kept_frames=len(poses.frames))
    losses.lose("sigmas", own_sigmas(poses))
    losses.lose("head sizes", int((~np.isnan(people.head)).sum()))
    losses.lose("ignore regions", len(poses.ignore))
    losses.lose("sequences", len(poses.frames.sequences) if len(poses.frames.sequences) > 1 else 0)
    losses.lose("videos", videos(poses))
    if truth:
        losses.lose("scores", int((~np.isnan(people.score)).sum()))
        losses.lose("joint scores", int((~np.isnan(people.joint_score)).sum()))
        losses.lose("unlabelled frames", int((~poses.frames.labelled).sum()))
    lose_unread(poses, losses)
    return losses


def _rows(file: BinaryIO, rows: Iterator[str], options: WriteOptions, total: int) -> None:
    for index, row in enumerate(rows):
        file.write((b",\n" if index else b"\n") + row.encode())
        if options.progress is not None and index % PROGRESS_ROWS == 0:
            options.progress(index, total)
    file.write(b"\n")


def _images(frames: Frames, ids: Array) -> Iterator[str]:
    width, height = frames.size.T
    columns: dict[str, Iterable[str | None]] = {
        "id": map(str, ids.tolist()),
        "file_name": map(json.dumps, named(frames)),
        "width": known_numbers(width, whole=True),
        "height": known_numbers(height, whole=True),
    }
    if "crowd_index" in frames.extra:
        columns["crowdIndex"] = known_numbers(frames.extra["crowd_index"].astype(np.float64), whole=True)
    return records(columns)


def _points(xy: Floats, third: Array, rows: Ints) -> Iterator[str]:
    """x y v of each person [N]; a joint without a place is at 0 0."""
    for part in blocks(len(rows)):
        some = rows[part]
        flat = np.concatenate([np.nan_to_num(xy[some], nan=0.0), third[some][:, :, None]], axis=2)
        yield from number_texts(flat.reshape(len(some), -1), whole=True)


def _parts_of(poses: PoseSet) -> tuple[tuple[str, slice], ...]:
    if poses.skeleton.joints != get_skeleton(WHOLE_BODY).joints:
        return (("keypoints", slice(None)),)
    out, at = [], 0
    for name, joints in PARTS:
        out.append((name, slice(at, at + joints)))
        at += joints
    return tuple(out)


def _boxes(poses: PoseSet, rows: Ints) -> Iterator[str]:
    people = poses.people
    size = people.box[:, 2:] - people.box[:, :2]
    if "box_size" in people.extra:
        given = people.extra["box_size"]
        size = np.where(np.isfinite(given).all(axis=1, keepdims=True), given, size)
    return number_texts(np.concatenate([people.box[:, :2], size], axis=1)[rows], whole=True)


def _file_order(poses: PoseSet) -> Ints:
    order = poses.people.extra.get("order")
    if order is None:
        return np.arange(len(poses))
    last: Array = np.where(order < 0, np.iinfo(np.int64).max, order)  # people who came later have no place
    return np.argsort(last, kind="stable")


def _counts(column: Array) -> Iterator[str]:
    return map(str, column.astype(np.int64).tolist())


def _annotations(poses: PoseSet, ids: Array) -> Iterator[str]:
    people = poses.people
    rows = _file_order(poses)
    parts = _parts_of(poses)
    body = (people.seen[:, parts[0][1]] > 0).sum(axis=1)
    counts = people.extra.get("num_keypoints", body)
    given = people.source_id
    keep = bool((given >= 0).all()) and len(np.unique(given)) == len(given)
    track = people.track[rows]
    columns: dict[str, Iterable[str | None]] = {
        "id": _counts(given[rows] if keep else np.arange(1, len(rows) + 1)),
        "image_id": _counts(ids[people.frame[rows]]),
        "category_id": _counts(people.category[rows]),
    }
    for name, joints in parts:
        columns[name] = _points(people.xy[:, joints], people.seen[:, joints], rows)
    columns["num_keypoints"] = _counts(np.where(counts >= 0, counts, body)[rows])
    columns["area"] = number_texts(people.area[rows], whole=True)
    columns["bbox"] = _boxes(poses, rows)
    columns["iscrowd"] = _counts(people.crowd[rows])
    columns["track_id"] = where(track >= 0, _counts(track))
    if "ignore" in people.extra:
        columns["ignore"] = _counts(people.extra["ignore"][rows])
    if "pad_to_contain" in people.extra:
        columns["pad_to_contain"] = number_texts(people.extra["pad_to_contain"][rows], whole=True)
    return records(columns)


def _results(poses: PoseSet, ids: Array, boxes: bool) -> Iterator[str]:
    people = poses.people
    rows = _file_order(poses)
    scores = np.where(np.isnan(people.joint_score), people.seen > 0, people.joint_score)
    image = [json.dumps(number) for number in ids.tolist()]
    track = people.track[rows]
    columns: dict[str, Iterable[str | None]] = {
        "image_id": (image[frame] for frame in people.frame[rows].tolist()),
        "category_id": _counts(people.category[rows]),
    }
    for name, joints in _parts_of(poses):
        columns[name] = _points(people.xy[:, joints], scores[:, joints], rows)
    columns["score"] = number_texts(people.score[rows], whole=True)
    columns["track_id"] = where(track >= 0, _counts(track))
    for name in PARTS_WITH_SCORE:
        if name in people.extra:
            columns[name] = known_numbers(people.extra[name][rows], whole=True)
    if boxes:
        columns["bbox"] = _boxes(poses, rows)
    return records(columns)


def _categories(poses: PoseSet) -> list[dict[str, Any]]:
    skeleton = poses.skeleton
    if skeleton.joints == get_skeleton(WHOLE_BODY).joints:
        skeleton = get_skeleton(BODY)
    return [
        {
            "id": key,
            "name": name,
            "supercategory": name,
            "keypoints": list(skeleton.joints),
            "skeleton": [[a + 1, b + 1] for a, b in skeleton.limbs],
        }
        for key, name in poses.categories.items()
    ]
