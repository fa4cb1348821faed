"""What the PoseTrack writers share: one file per sequence, joints by name, and counting what is lost."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from poseval.datasets.assembly import by_image
from poseval.datasets.base import Losses, Role, WriteOptions
from poseval.datasets.capabilities import lose_unread, own_sigmas
from poseval.datasets.posetrack.sequences import HEAD_SHARE, skeleton
from poseval.errors import Faults, UsageError, shown
from poseval.files.writing import make_folder, write_atomically
from poseval.poses import Array, Floats, Ints, PoseSet

SOURCES = {
    "mpii": 1,
    "bonn": 2,
    "mpiinew": 3,
}  # leading digit of official image ids (posetrack18_id2fname.py)
PLAIN_ID = re.compile(r"(?:.*:)?(\d{1,18})")
UNSAFE = re.compile(r"[^\w.+@ -]")


@dataclass(frozen=True, eq=False)
class Columns:
    """A pose set as the writers see it: the 15 joints of PoseTrack, and lists of plain numbers per row."""

    poses: PoseSet
    xy: Floats  # [N, 15, 2]
    seen: Array  # [N, 15]
    joint_score: Floats  # [N, 15]
    track: Ints  # [N] raw ids, -1 none unless `tracked`
    tracked: Array  # [N] bool
    head_box: Floats  # [N, 4]
    start: Ints  # [F + 1] rows of each frame
    region_start: Ints  # [F + 1] polygons of each frame
    losses: Losses

    def polygons(self, frame: int) -> list[list[list[float]]]:
        """Vertices of each ignore region of a frame."""
        ignore = self.poses.ignore
        return [
            ignore.vertices[ignore.start[r] : ignore.start[r + 1]].tolist()
            for r in range(self.region_start[frame], self.region_start[frame + 1])
        ]

    def label(self, frame: int) -> str:
        """File name of a frame's image; its key where it has none."""
        return str(self.poses.frames.path[frame]) or str(self.poses.frames.key[frame])


def columns_of(poses: PoseSet) -> Columns:
    """Columns in PoseTrack's joints and ids, and what does not fit into any PoseTrack form.

    Raises:
        UsageError: P190 when the set has none of the 15 joints.
    """
    if len(poses.frames.sequences) == 1:  # files of several sequences may have the same names
        poses = by_image(poses)
    losses = Losses(kept_people=len(poses), kept_frames=len(poses.frames))
    losses.lose("sigmas", own_sigmas(poses))
    people, mine = poses.people, list(poses.skeleton.joints)
    wanted = skeleton().joints
    if not set(mine) & set(wanted):
        raise UsageError(
            "P190",
            where=shown(poses.origin.name),
            what=f"follows skeleton {poses.skeleton.name}, which has no joint of PoseTrack",
            wanted=f"at least one of {', '.join(wanted)}",
        )
    others = [index for index, name in enumerate(mine) if name not in wanted]
    losses.lose("joints that PoseTrack does not have", int((people.seen[:, others] > 0).sum()))
    rows, joints = len(people), len(wanted)
    xy, seen = np.zeros((rows, joints, 2)), np.zeros((rows, joints), dtype=np.int8)
    score = np.full((rows, joints), np.nan)
    for index, name in enumerate(wanted):
        if name in mine:
            at = mine.index(name)
            seen[:, index] = people.seen[:, at]
            xy[:, index] = np.where(seen[:, index, None] > 0, people.xy[:, at], 0.0)
            score[:, index] = people.joint_score[:, at]
    losses.lose("areas", int((~np.isnan(people.area)).sum()))
    losses.lose("crowd flags", int(people.crowd.sum()))
    lose_unread(poses, losses)
    raw = people.extra.get("raw_track", people.track)
    frames = np.arange(len(poses.frames) + 1)
    return Columns(
        poses,
        xy,
        seen,
        np.where(seen > 0, score, np.nan),
        raw,
        people.track >= 0,
        _head_boxes(poses),
        poses.frame_start(),
        np.searchsorted(poses.ignore.frame, frames).astype(np.int64),
        losses,
    )


def _head_boxes(poses: PoseSet) -> Floats:
    """Head boxes [N, 4]; where only the size is known, a square at (0, 0) of that size."""
    known = poses.people.extra.get("head_box")
    side = poses.people.head / HEAD_SHARE / np.sqrt(2.0)
    square = np.stack([np.zeros(len(side)), np.zeros(len(side)), side, side], axis=1)
    square[np.isnan(side)] = np.nan
    if known is None:
        return square
    out: Floats = np.where(np.isnan(known), square, known)
    return out


def image_ids(poses: PoseSet) -> tuple[Ints, int]:
    """An integer id per frame, distinct in the set, and how many frames lose their own key by it.

    Keys that are numbers stay. Others get the id that their file name stands for in PoseTrack (source,
    sequence and frame number), or else one made of the places of sequence and frame.
    """
    frames = poses.frames
    plain = [PLAIN_ID.fullmatch(key) for key in frames.key.tolist()]
    given = [int(found.group(1)) if found else None for found in plain]
    if all(value is not None for value in given) and len(set(given)) == len(given):
        return np.asarray(given, dtype=np.int64), 0
    named = [
        official_id(path or key) for path, key in zip(frames.path.tolist(), frames.key.tolist(), strict=True)
    ]
    if all(value is not None for value in named) and len(set(named)) == len(named):
        ids = np.asarray(named, dtype=np.int64)
    else:
        ids = (frames.sequence + 1) * 1_000_000 + frames.number
    return ids, sum(found is None for found in plain)


def official_id(path: str) -> int | None:
    """The id of `images/val/000342_mpii_test/000007.jpg`: source * 10^10 + sequence * 10^4 + frame."""
    *_, folder, file = ["", *path.split("/")]
    parts, stem = folder.split("_"), file.partition(".")[0]
    if len(parts) < 2 or parts[1] not in SOURCES:
        return None
    places = [part.lstrip("0") or part[-1:] for part in (parts[0], stem)]
    if not all(place.isascii() and place.isdigit() for place in places):
        return None
    if len(places[0]) > 6 or len(places[1]) > 4:  # it would be the id of a frame of another source or video
        return None
    return SOURCES[parts[1]] * 10**10 + int(places[0]) * 10**4 + int(places[1])


def numbers(values: list[float], whole: bool = False) -> list[float] | list[int]:
    """Numbers as JSON writes them: as integers where the file they came from had integers."""
    return [int(value) for value in values] if whole else values


def write_sequences(
    poses: PoseSet, path: Path, options: WriteOptions, content: Callable[[int, Ints], dict[str, Any]]
) -> None:
    """One file per sequence in the folder `path`, or the file `path` itself where it is named `.json`.

    `content` makes the document of a sequence from its index and frames. All files are made before one is
    written.

    Raises:
        UsageError: P131 a file exists, P137 it cannot be written, P191 several sequences for one file, P192 a
            sequence whose name is not a file name.
    """
    names = poses.frames.sequences
    if path.suffix.lower() == ".json":
        if len(names) > 1:
            raise UsageError(
                "P191",
                where=shown(path),
                what=f"is a single file for {len(names)} sequences",
                wanted="a folder, because PoseTrack has one file per sequence",
            )
        targets = [path]
    else:
        faults = Faults()
        targets = []
        for index, name in enumerate(names):
            name = name or (path.name if len(names) == 1 else f"sequence_{index:04d}")
            if UNSAFE.search(name) or name.startswith("."):
                faults.add("P192", where=f"sequence {shown(name)}", what="is not a valid file name")
            targets.append(path / f"{name}.json")
        faults.raise_if_any()
        make_folder(path)
    if not options.force:
        for target in targets:
            if os.path.lexists(target):
                raise UsageError(
                    "P131",
                    where=shown(target),
                    what="exists",
                    wanted="a new name",
                    hint="pass --force to overwrite it",
                )
    for index, target in enumerate(targets):
        frames = np.flatnonzero(poses.frames.sequence == index)
        text = json.dumps(content(index, frames), allow_nan=False, separators=(",", ":"))
        write_atomically(target, text.encode(), options.force)
        if options.progress is not None:
            options.progress(index + 1, len(targets))


def extent(low: float, high: float) -> float:
    """The width w for which low + w == high exactly, if there is one."""
    width = high - low
    for value in (width, math.nextafter(width, math.inf), math.nextafter(width, -math.inf)):
        if low + value == high:
            return value
    return width


def lose_for_role(columns: Columns, role: Role) -> None:
    """Count what only files of the other role can hold."""
    people = columns.poses.people
    if role is Role.TRUTH:
        columns.losses.lose("joint scores", int((~np.isnan(columns.joint_score)).sum()))
        columns.losses.lose("scores", int((~np.isnan(people.score)).sum()))
