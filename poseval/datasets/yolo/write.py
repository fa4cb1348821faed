"""Writing Ultralytics YOLO-pose: label or prediction files, their yaml, and the sizes of the images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np

from poseval.datasets.assembly import boxes_or_extents, require_scores, sized
from poseval.datasets.base import Losses, Role, WriteOptions
from poseval.datasets.capabilities import losses_of, own_sigmas
from poseval.datasets.containers.json_write import number_texts
from poseval.datasets.files.folder import file_stems, write_folder
from poseval.datasets.yolo.data_yaml import SIZES, describe
from poseval.poses import Floats, PoseSet


def write_labels(poses: PoseSet, path: Path, options: WriteOptions, holds: frozenset[str]) -> Losses:
    """`labels/*.txt`, `data.yaml` and the sizes of the images.

    Raises:
        UsageError: P131 it exists, P172 frames without file names, P174 images of unknown size, P138
            predictions without a score.
    """
    poses = sized(poses, options.truth, "YOLO's coordinates are normalised by it")
    people = poses.people
    if options.role is Role.PREDICTIONS:
        require_scores(poses)
    box, boxless = boxes_or_extents(poses)
    outside = cut = 0
    if options.role is Role.TRUTH:
        poses, outside = _inside(poses)
        people = poses.people
        box, cut = _cut(box, poses)
    tracked = _all_tracked(poses)
    losses = losses_of(poses, holds if tracked else holds - {"tracks"})
    found = people.seen > 0
    at_origin = found & (people.xy == 0).all(axis=2)
    losses.lose("joints at 0 0 (read as not labelled)", int(at_origin.sum()))
    lost = ~found & np.isfinite(people.xy).all(axis=2) & (people.xy != 0).any(axis=2)
    losses.lose("coordinates of joints that are not labelled", int(lost.sum()))
    losses.lose("joints outside of their images (Ultralytics would leave the images out)", outside)
    losses.make("boxes computed from the joints", boxless)
    losses.make("boxes cut at the edge of their images", cut)
    write_folder(path, _files(poses, box, options), options.force, (".txt", ".yaml", SIZES))
    return losses


def _inside(poses: PoseSet) -> tuple[PoseSet, int]:
    """The set without labelled joints outside of their images, and how many those were."""
    people = poses.people
    size = poses.frames.size[people.frame][:, None, :]
    outside = (people.seen > 0) & ((people.xy < 0) | (people.xy > size)).any(axis=2)
    kept = people.with_columns(
        seen=np.where(outside, 0, people.seen), xy=np.where(outside[:, :, None], 0.0, people.xy)
    )
    return replace(poses, people=kept), int(outside.sum())


def _cut(box: Floats, poses: PoseSet) -> tuple[Floats, int]:
    """Boxes [N, 4], those with their centre outside of the image cut at its edge, and how many those were."""
    size = poses.frames.size[poses.people.frame]
    centre = (box[:, :2] + box[:, 2:]) / 2
    beyond = np.asarray(((centre < 0) | (centre > size)).any(axis=1), dtype=np.bool_)
    inside = np.clip(box, 0.0, np.concatenate([size, size], axis=1))
    return np.where(beyond[:, None], inside, box), int(beyond.sum())


def _all_tracked(poses: PoseSet) -> bool:
    """Whether everyone has a track; only then do lines end with one."""
    return len(poses) > 0 and bool((poses.people.track >= 0).all())


def _files(poses: PoseSet, box: Floats, options: WriteOptions) -> Iterator[tuple[str, bytes]]:
    people = poses.people
    stems = file_stems(poses.frames)
    numbers = {number: at for at, number in enumerate(poses.categories)}
    kinds = (numbers.get(kind, kind - 1) for kind in people.category.tolist())
    predictions = options.role is Role.PREDICTIONS
    table = _table(poses, box, predictions)
    tracked = predictions and _all_tracked(poses)
    tracks = (f" {track}" if tracked else "" for track in people.track.tolist())
    lines = (
        f"{kind} {row[1:-1]}{track}\n"
        for kind, row, track in zip(kinds, number_texts(table, between=" "), tracks, strict=True)
    )
    inside = np.diff(poses.frame_start()).tolist()
    for at, (name, count) in enumerate(zip(stems, inside, strict=True)):
        if options.progress is not None:
            options.progress(at, len(stems))
        yield f"labels/{name}.txt", "".join(islice(lines, count)).encode()
    sizes = [
        f"{name},{w!r},{h!r}\n"
        for name, (w, h) in zip(stems, poses.frames.size.tolist(), strict=True)
        if w == w
    ]
    yield SIZES, ("name,width,height\n" + "".join(sizes)).encode("utf-8", "surrogateescape")
    yield "data.yaml", describe(poses.skeleton, list(poses.categories.values()), own_sigmas(poses) > 0)


def _table(poses: PoseSet, box: Floats, predictions: bool) -> Floats:
    """Numbers [N, ...] of the lines, between the class and the track."""
    people = poses.people
    scale = poses.frames.size[people.frame] if len(people) else np.zeros((0, 2))
    centre = (box[:, :2] + box[:, 2:]) / 2 / scale
    extent = (box[:, 2:] - box[:, :2]) / scale
    found = people.seen > 0
    xy = np.where(found[:, :, None], people.xy, 0.0) / scale[:, None, :]
    third = people.seen.astype(np.float64)
    if predictions:
        third = np.where(found, np.where(np.isnan(people.joint_score), 1.0, people.joint_score), 0.0)
    joints = np.concatenate([xy, third[:, :, None]], axis=2).reshape(len(people), 3 * xy.shape[1])
    parts = [centre, extent, joints]
    if predictions:
        parts.append(people.score[:, None])
    return np.concatenate(parts, axis=1)
