"""MediaPipe pose landmarks: JSON of results, and the csv of its classification guide.

Source: MediaPipe's `PoseLandmarkerResult`: per person 33 landmarks with x and y as fractions of the image's
width and height, z, visibility and presence. There is no official file; what people write is a list of
frames, each with `pose_landmarks` (or `landmarks`): a list of people, each a list of landmarks `{"x", "y",
"z", "visibility", "presence"}`; and `image` or `frame`, `width`, `height`. The legacy solution's
`NormalizedLandmarkList` has `landmark`, and frames count from 0. The csv of the classification guide has
one person per line: name, class, then 33 times x, y, z in pixels. Other csv files have a header, in one of
the forms of `mediapipe_csv.py`; their numbers are normalised where none is beyond 2, which a notice says.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from poseval.datasets.assembly import (
    by_image,
    frames_of,
    mean_score,
    pose_set,
    scores_from_joints,
    sized,
    sizes_of,
    unique_paths,
)
from poseval.datasets.base import Dataset, Losses, ReadOptions, Role, WriteOptions
from poseval.datasets.capabilities import losses_of
from poseval.datasets.containers.text_table import check_count, numbers_of, text_of
from poseval.datasets.containers.unread import Known
from poseval.datasets.files.document import Document
from poseval.datasets.files.source import Source
from poseval.datasets.tools.mediapipe_csv import layout, points_of
from poseval.errors import Faults, FormatError, InputError, UsageError, ValueRangeError, shown
from poseval.files.writing import write_atomically
from poseval.poses import Floats, Ints, Notice, Origin, PoseSet
from poseval.poses.frame_names import named
from poseval.skeletons import get_skeleton
from poseval.skeletons.joint_map import joint_map

LANDMARKS = 33
POINT = ("x", "y", "visibility")
LISTS = ("pose_landmarks", "landmarks", "poseLandmarks", "landmark")
NAMES = ("image", "file_name", "image_id", "frame", "frame_id")
KEYS = Known(
    *(f"[].{name}" for name in (*NAMES, "width", "height")),
    *(f"[].{name}{people}.{key}" for name in LISTS for people in ("[]", "[][]") for key in POINT),
)
NORMALISED = 2.0  # landmarks may lie outside of the image, and no joint in pixels lies all so near to 0
CSV_CELLS = 2 + 3 * LANDMARKS


class MediaPipe(Dataset):
    """Landmarks of images or frames."""

    name: ClassVar[str] = "mediapipe"
    title: ClassVar[str] = "MediaPipe pose landmarks, JSON (normalised) or csv (pixels)"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.PREDICTIONS})
    writes: ClassVar[frozenset[Role]] = frozenset({Role.PREDICTIONS})
    normalised: ClassVar[bool] = True
    holds: ClassVar[frozenset[str]] = frozenset(
        {"joints", "frame names", "joint scores", "frame sizes", "empty frames", "sequences"}
    )

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by the name of the list, by the header of a csv, or by 101 cells in its first line."""
        if source.is_folder:
            return 0.0
        document = source.document
        if document.is_json:
            try:
                outline = document.outline
            except InputError:
                return 0.0
            keys = outline.by_key()
            return 0.9 if outline.kind == "array" and set(LISTS) & keys.keys() else 0.0
        line = document.data[: 1 << 16].split(b"\n", 1)[0].decode("utf-8", "replace").strip().split(",")
        if layout(line) is not None:
            return 0.9
        faults = Faults()
        return 0.9 if len(line) == CSV_CELLS and numbers_of(line[2:], "", faults) is not None else 0.0

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """People of all frames, in pixels.

        Raises:
            InputError: what is wrong with the file; P308 images of unknown size.
        """
        document = source.document
        return _json(document, options) if document.is_json else _csv(document, options)

    def write(self, poses: PoseSet, path: Path, options: WriteOptions) -> Losses:
        """The JSON form; joints are put into MediaPipe's order by name.

        Raises:
            UsageError: P131 the file exists, P173 joints that MediaPipe lacks, P174 images of unknown size.
        """
        poses = by_image(poses)
        target = get_skeleton("mediapipe33")
        lacking = [joint for joint in poses.skeleton.joints if joint not in target.joints]
        if lacking:
            raise UsageError(
                "P173",
                where=f"skeleton {poses.skeleton.name}",
                what="has joints that MediaPipe does not have: " + ", ".join(map(shown, lacking[:5])),
                wanted="MediaPipe's 33 landmarks",
            )
        poses = sized(poses, options.truth, "MediaPipe's coordinates are normalised by it")
        losses = losses_of(poses, self.holds)
        people = poses.people
        xy, seen, score = joint_map(poses.skeleton, target).apply(people.xy, people.seen, people.joint_score)
        text = json.dumps(list(_frames(poses, xy, seen, score)), allow_nan=False)
        write_atomically(path, text.encode(), options.force)
        return losses


def _json(document: Document, options: ReadOptions) -> PoseSet:
    nodes = document.tree(document.outline.start, len(document.data), KEYS)
    if not isinstance(nodes, list) or not all(isinstance(node, dict) for node in nodes):
        raise FormatError(
            "P270", where=document.name, what="is not a list of frames", wanted="MediaPipe's landmarks"
        )
    faults = Faults()
    names, sizes, found = [], [], []
    for at, node in enumerate(nodes):
        where = f"{document.name}: [{at}]"
        key = next((key for key in NAMES if isinstance(node.get(key), (str, int))), None)
        names.append(str(node[key]) if key else str(at))
        size = (node.get("width"), node.get("height"))
        sizes.append(tuple(float(n) if type(n) in (int, float) and 0 < n < 1e9 else np.nan for n in size))
        listed = next((node[key] for key in LISTS if key in node), None)
        if isinstance(listed, list) and listed and isinstance(listed[0], dict):
            listed = [listed]
        for who, person in enumerate(listed if isinstance(listed, list) else []):
            points = _person(person, f"{where}.landmarks[{who}]", faults)
            if points is not None:
                found.append((at, points))
    if len(set(names)) < len(names):
        raise ValueRangeError(
            "P305", where=document.name, what="has a frame twice", wanted="one entry per frame"
        )
    faults.raise_if_any()
    frames = frames_of(
        names, options.limits, document.name, np.asarray(sizes, dtype=np.float64).reshape(-1, 2)
    )
    known = sizes_of(frames, options, document.name)
    size_of = np.where(np.isnan(frames.size), known, frames.size)
    frames = frames_of(names, options.limits, document.name, size_of)
    row = np.asarray([at for at, _ in found], dtype=np.int64)
    table = np.asarray([points for _, points in found], dtype=np.float64).reshape(-1, LANDMARKS, 3)
    _require_sizes(document, names, size_of, row)
    xy = table[:, :, :2] * size_of[row][:, None, :]
    return _poses(document, options, frames, row, xy, table[:, :, 2])


def _require_sizes(document: Document, names: list[str], size: Floats, row: Ints) -> None:
    """Refuse (P308) people in images of unknown size."""
    lacking = row[np.isnan(size[row]).any(axis=1)]
    if len(lacking):
        raise ValueRangeError(
            "P308",
            where=f"{document.name}: {shown(names[lacking[0]], 60)}",
            what="is an image of unknown size, and MediaPipe's coordinates are normalised by it",
            wanted="width and height in each entry, or --gt",
        )


def _person(node: Any, where: str, faults: Faults) -> list[list[float]] | None:
    """x, y and visibility of 33 landmarks; NaN where there is no visibility."""
    if not isinstance(node, list) or len(node) != LANDMARKS:
        faults.add(
            "P204",
            where=where,
            what=f"has {len(node) if isinstance(node, list) else 'no'} landmarks",
            wanted=f"{LANDMARKS} landmarks",
        )
        return None
    out = []
    for at, point in enumerate(node):
        x, y = (_number(point.get("x")), _number(point.get("y"))) if isinstance(point, dict) else (None, None)
        if x is None or y is None:
            faults.add(
                "P203",
                where=f"{where}[{at}]",
                what="does not have finite x and y",
                wanted="two finite numbers",
            )
            return None
        seen = _number(point.get("visibility"))
        out.append([x, y, np.nan if seen is None else seen])
    return out


def _number(value: Any) -> float | None:
    return float(value) if type(value) in (int, float) and abs(value) < 1e9 else None


def _csv(document: Document, options: ReadOptions) -> PoseSet:
    try:
        rows = [row for row in csv.reader(io.StringIO(text_of(document), newline="")) if row]
    except csv.Error as error:
        raise FormatError(
            "P270", where=document.name, what=f"cannot be read as csv ({shown(error)})"
        ) from error
    if not rows:
        raise FormatError("P200", where=document.name, what="is empty", wanted="one frame per line")
    check_count(sum(map(len, rows)), document)
    found = layout(rows[0])
    if found is None:
        return _guide(document, rows, options)
    names, points = points_of(document, rows, found)
    index = unique_paths(names)
    frames = frames_of(list(index), options.limits, document.name)
    row = np.asarray([index[name] for name in names], dtype=np.int64)
    placed = np.asarray(np.isfinite(points[:, :, :2]).all(axis=2))
    there = placed.any(axis=1)  # an empty line is a frame without anybody
    row, xy, score = row[there], points[there, :, :2], points[there, :, 2]
    notices = []
    if len(xy) and float(np.nanmax(np.abs(xy))) <= NORMALISED:
        size = sizes_of(frames, options, document.name)
        frames = frames_of(list(index), options.limits, document.name, size)
        _require_sizes(document, list(index), frames.size, row)
        xy = xy * frames.size[row][:, None, :]
        text = f"{document.name}: no number is beyond {NORMALISED:g}: read as fractions of the image's sides"
        notices.append(Notice("N548", text, len(xy)))
    if found.others:
        text = f"{document.name}: {len(found.others)} columns were not read: "
        text += ", ".join(shown(name, 30) for name in found.others[:5])
        notices.append(Notice("N547", text, len(found.others)))
    return _poses(document, options, frames, row, xy, score).with_notices(notices)


def _guide(document: Document, rows: list[list[str]], options: ReadOptions) -> PoseSet:
    """The csv of the classification guide, which has no header."""
    faults = Faults()
    names, found = [], []
    for number, cells in enumerate(rows, start=1):
        where = f"{document.name}: line {number}"
        if len(cells) != CSV_CELLS:
            faults.add("P204", where=where, what=f"has {len(cells)} cells", wanted=f"{CSV_CELLS} cells")
            continue
        values = numbers_of(cells[2:], where, faults)
        if values is not None:
            names.append(cells[0])
            found.append(values)
    faults.raise_if_any()
    document.unread.update({"class": len(found), "z": LANDMARKS * len(found)} if found else {})
    index = unique_paths(names)
    frames = frames_of(list(index), options.limits, document.name)
    row = np.asarray([index[name] for name in names], dtype=np.int64)
    xy = np.asarray(found, dtype=np.float64).reshape(-1, LANDMARKS, 3)[:, :, :2]
    return _poses(document, options, frames, row, xy, np.full(xy.shape[:2], np.nan))


def _poses(
    document: Document,
    options: ReadOptions,
    frames: Any,
    row: Any,
    xy: Floats,
    score: Floats,
) -> PoseSet:
    seen = np.full(score.shape, 2, dtype=np.int8)
    seen[((xy == 0).all(axis=2) & ~(score > 0)) | ~np.isfinite(xy).all(axis=2)] = 0
    notices: list[Notice] = []
    known = np.isfinite(score).any(axis=1) if len(score) else np.zeros(0, dtype=np.bool_)
    mean = np.where(known, mean_score(score, seen), np.nan)
    if known.any():
        notices.append(scores_from_joints(document.name, len(row)))
    origin = Origin(document.path, document.sha256, "mediapipe", len(row), tuple(notices))
    columns = {"xy": xy, "seen": seen, "joint_score": score, "score": mean}
    return pose_set(get_skeleton("mediapipe33"), frames, row, columns, origin, options.limits)


def _frames(poses: PoseSet, xy: Any, seen: Any, score: Any) -> Iterator[dict[str, Any]]:
    start = poses.frame_start()
    for at, name in enumerate(named(poses.frames)):
        width, height = poses.frames.size[at].tolist()
        people = []
        for row in range(int(start[at]), int(start[at + 1])):
            person = []
            for (x, y), flag, value in zip(
                xy[row].tolist(), seen[row].tolist(), score[row].tolist(), strict=True
            ):
                point = (
                    {"x": x / width, "y": y / height, "z": 0.0} if flag else {"x": 0.0, "y": 0.0, "z": 0.0}
                )
                point["visibility"] = (value if value == value else 1.0) if flag else 0.0
                person.append(point)
            people.append(person)
        out: dict[str, Any] = {"image": name, "pose_landmarks": people}
        if width == width:
            out |= {"width": width, "height": height}
        yield out
