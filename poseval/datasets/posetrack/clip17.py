"""Columns of one PoseTrack17 file (an "annolist")."""

from __future__ import annotations

import numpy as np

from poseval.datasets.containers.json_records import Records, Wanted
from poseval.datasets.files.document import Document
from poseval.datasets.posetrack.sequences import DEGENERATE, Clip, polygons_of_frames, skeleton
from poseval.errors import Faults
from poseval.kernels import json as kj
from poseval.limits import Limits
from poseval.poses import Array, Bools, Floats, Ints, Notice
from poseval.poses.notices import Amount, counted

POINT_FIELDS = tuple(kj.fixed(name, 1, nullable=True) for name in ("id", "x", "y", "is_visible", "score"))
PERSON_FIELDS = (
    *(kj.fixed(name, 1, nullable=True) for name in ("x1", "y1", "x2", "y2", "track_id", "score")),
    kj.records("annopoints", [kj.records("point", POINT_FIELDS, nullable=True)], nullable=True),
)
FIELDS = (
    kj.records("image", [kj.text("name")]),
    kj.fixed("is_labeled", 1, nullable=True),
    kj.records("annorect", PERSON_FIELDS, nullable=True),
    kj.records(
        "ignore_regions",
        [kj.records("point", [kj.fixed("x", 1), kj.fixed("y", 1)], nullable=True)],
        nullable=True,
    ),
)
MOST_TRACK = 2.0**62
OTHERS = frozenset({"imgnum", "vididx", "frame_sec"})
WANTED = {
    name: Wanted("a list of one number", "a list of one number")
    for name in ("id", "x", "y", "is_visible", "score", "x1", "y1", "x2", "y2", "track_id", "is_labeled")
}

FOREIGN = Amount("points left out, with ids other than 0 to 14: ")
TWICE = Amount("points left out, for a joint that the person has already: ")


def read_clip(document: Document, limits: Limits, faults: Faults) -> Clip | None:
    """One file; None when faults were found that leave nothing to go on with."""
    before = len(faults)
    table = document.columns(FIELDS, "annolist", limits.frames)
    frames = Records(document, table, faults, "annolist", WANTED)
    frames.tell()
    image = table["image"]
    frames.refuse(
        image.lengths != 1, "P204", "does not name one image", name="image", wanted='[{"name": "..."}]'
    )
    if len(faults) > before:
        return None
    notices = frames.unknown(OTHERS)
    people = _inner(table["annorect"])
    frame = np.repeat(np.arange(table.count), table["annorect"].lengths)
    xy, seen, score, listed = _joints(people, frames, frame, notices)
    track = people["track_id"].values
    known = np.nan_to_num(track)
    _refuse(frames, frame, np.floor(known) != known, "P303", "has a track_id that is not a whole number")
    too_large = np.abs(known) > MOST_TRACK
    _refuse(frames, frame, too_large, "P303", "has a track_id that is too large for 64 bits")
    vertices, start, region_image, degenerate = _regions(table, limits, document.name)
    if degenerate:
        notices.append(counted("N471", DEGENERATE, {"": degenerate}))
    if len(faults) > before:
        return None
    labelled = table["is_labeled"].values
    count = len(frame)
    return Clip(
        document=document,
        key=_inner(image)["name"].strings(),
        path=_inner(image)["name"].strings(),
        labelled=np.where(np.isnan(labelled), -1, labelled != 0).astype(np.int64),
        size=np.full((table.count, 2), np.nan),
        image=frame,
        people={
            "xy": xy,
            "seen": seen,
            "joint_score": score,
            "track": np.where(np.isnan(track), -1, known).astype(np.int64),
            "box": np.full((count, 4), np.nan),
            "score": people["score"].values,
            "source_id": np.full(count, -1, dtype=np.int64),
        },
        tracked=~np.isnan(track),
        extra={
            "head_box": np.stack([people[name].values for name in ("x1", "y1", "x2", "y2")], axis=1),
            "listed": listed,
        },
        vertices=vertices,
        region_start=start,
        region_image=region_image,
        notices=notices,
    )


def _inner(column: kj.Column) -> kj.Columns:
    """The table of a list of records; an empty one where no record has the list."""
    if column.records is None:
        raise TypeError("is not a list of records")
    return column.records


def _refuse(frames: Records, frame: Ints, wrong: Bools, code: str, what: str) -> None:
    """A fault for each frame with a person in the mask [N]."""
    rows = np.zeros(frames.table.count, dtype=np.bool_)
    rows[frame[wrong]] = True
    frames.refuse(
        rows,
        code,
        what,
        name="annorect",
        wanted="a list of records (see docs/formats.md, PoseTrack17)",
    )


def _joints(
    people: kj.Columns, frames: Records, frame: Ints, notices: list[Notice]
) -> tuple[Floats, Array, Floats, Bools]:
    """Coordinates, visibility and scores of the 15 joints; and who has a list of points at all."""
    count, joints = people.count, len(skeleton())
    lists = people["annopoints"]
    points = _inner(lists)["point"]
    table = _inner(points)
    owner = np.repeat(
        np.arange(count), lists.lengths
    )  # of each entry of annopoints; only the first one counts
    first = np.arange(len(owner)) == lists.start[:-1][owner]
    listed = np.zeros(count, dtype=np.bool_)
    listed[owner[first & points.given]] = True
    person = np.repeat(np.where(first, owner, -1), points.lengths)
    known = person >= 0
    joint, x, y = table["id"].values, table["x"].values, table["y"].values
    lacking = known & (np.isnan(joint) | np.isnan(x) | np.isnan(y))
    if lacking.any():
        _refuse(
            frames,
            frame,
            np.isin(np.arange(count), person[lacking]),
            "P206",
            "has a point without id, x or y",
        )
    foreign = known & ~np.isin(joint, np.arange(joints))
    if (foreign & ~lacking).any():
        notices.append(counted("N477", FOREIGN, {"": int(foreign.sum())}))
    rows = np.flatnonzero(known & ~foreign)
    cell = person[rows] * joints + joint[rows].astype(np.int64)
    cell, place = np.unique(cell, return_index=True)
    if len(cell) < len(rows):
        notices.append(counted("N478", TWICE, {"": len(rows) - len(cell)}))
    rows = rows[place]
    xy = np.zeros((count * joints, 2))
    xy[cell] = np.stack([x[rows], y[rows]], axis=1)
    seen = np.zeros(count * joints, dtype=np.int8)
    seen[cell] = np.where(table["is_visible"].values[rows] == 0, 1, 2)
    score = np.full(count * joints, np.nan)
    score[cell] = table["score"].values[rows]
    shape = (count, joints)
    return xy.reshape(*shape, 2), seen.reshape(shape), score.reshape(shape), listed


def _regions(table: kj.Columns, limits: Limits, name: str) -> tuple[Floats, Ints, Ints, int]:
    """Ignore polygons: vertices, offsets, frame of each, and how many had fewer than 3 vertices."""
    regions = table["ignore_regions"]
    points = _inner(regions)["point"]
    corners = _inner(points)
    vertices = np.stack([corners["x"].values, corners["y"].values], axis=1)
    frame = np.repeat(np.arange(table.count), regions.lengths)
    return polygons_of_frames(vertices, points.start, frame, limits, name)
