"""AlphaPose results: its own list, and its two copies of OpenPose's form.

Source: AlphaPose `alphapose/utils/pPose_nms.py`, `write_json`: without a form, a list of people with
`image_id` (a file name), `keypoints`, `score`, `box` (x y width height) and `idx`; with form `open` one
object keyed by file name with `people[].pose_keypoints_2d`; with form `cmu` the same with `bodies[].joints`.
The latter two hold 18 joints in OpenPose's order, the neck made from the shoulders, and no score per person.
The list's scores are sums and may exceed 1. `idx` is a track, or a list of those that were merged.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np

from poseval.datasets.assembly import (
    frames_of,
    joints_by_count,
    mean_score,
    pose_set,
    predicted,
    require_scores,
    scores_from_joints,
    unique_paths,
)
from poseval.datasets.base import Dataset, Losses, ReadOptions, Role, WriteOptions
from poseval.datasets.capabilities import losses_of
from poseval.datasets.containers.json_records import Records, Wanted
from poseval.datasets.containers.json_write import known_numbers, number_texts, records, where
from poseval.datasets.containers.unread import Known
from poseval.datasets.files.document import Document
from poseval.datasets.files.source import Source
from poseval.errors import Faults, FormatError, InputError, shown
from poseval.files.writing import write_atomically
from poseval.kernels import json as kj
from poseval.poses import Floats, Ints, Notice, Origin, PoseSet
from poseval.poses.frame_names import named

KEYED = {"people": "pose_keypoints_2d", "bodies": "joints"}  # list of people -> list of joints
FIELDS = (
    kj.identifier("image_id"),
    kj.points("keypoints"),
    kj.number("score"),
    kj.fixed("box", 4, nullable=True),
    kj.span("idx"),
)
KEYS = Known(*(f"{people}[].{joints}" for people, joints in KEYED.items()))
EXPECTED = frozenset({"category_id", "pred_xyz_jts"})
WANTED = {"keypoints": Wanted("a list of numbers x, y, score, ..."), "image_id": Wanted("a file name")}


class AlphaPose(Dataset):
    """`alphapose-results.json` in its three layouts."""

    name: ClassVar[str] = "alphapose"
    title: ClassVar[str] = "AlphaPose JSON (list, or keyed by frame in the forms open and cmu)"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.PREDICTIONS})
    writes: ClassVar[frozenset[Role]] = frozenset({Role.PREDICTIONS})
    holds: ClassVar[frozenset[str]] = frozenset(
        {"joints", "frame names", "joint scores", "scores", "boxes", "tracks", "categories"}
    )

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by the keys of the first record, or by `people` or `bodies` under a frame's name."""
        if source.is_folder or not source.document.is_json:
            return 0.0
        try:
            outline = source.document.outline
        except InputError:
            return 0.0
        keys = outline.by_key()
        if outline.kind == "array":
            if not {"image_id", "keypoints", "score"} <= keys.keys():
                return 0.0
            own = {"box", "idx"} & keys.keys()
            return 0.95 if own else 0.0
        first = next(iter(keys.values()), None)
        if first is None or first.kind != "object":
            return 0.0
        head = source.document.data[first.start : first.start + 400]
        return 0.95 if any(f'"{name}"'.encode() in head for name in KEYED) else 0.0

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """People of all frames.

        Raises:
            InputError: what is wrong with the file, all faults gathered.
        """
        document = source.document
        kind = document.outline.kind
        if kind == "array":
            return _from_list(document, options)
        if kind == "object":
            return _from_keyed(document, options)
        raise FormatError(
            "P201",
            where=document.name,
            what=f"is not a list, but {kind}",
            wanted="AlphaPose's list of people",
        )

    def write(self, poses: PoseSet, path: Path, options: WriteOptions) -> Losses:
        """The list layout.

        Raises:
            UsageError: P131 the file exists, P137 it cannot be written, P138 people without a score.
        """
        require_scores(poses)
        people = poses.people
        losses = losses_of(poses, self.holds)
        unknown = np.isnan(people.joint_score) & (people.seen > 0)
        losses.lose("joint scores that were not given (written as 1)", int(unknown.sum()))
        write_atomically(path, lambda file: _put(file, poses, options), options.force)
        return losses


def _from_list(document: Document, options: ReadOptions) -> PoseSet:
    faults = Faults()
    table = document.columns(FIELDS)
    records = Records(document, table, faults, "", WANTED)
    records.tell()
    records.need("image_id", "keypoints", "score")
    column = table["keypoints"]
    lengths = column.lengths
    joints = int(lengths[0]) if len(lengths) else 17
    records.refuse(
        column.given & (lengths != joints),
        "P204",
        lambda row: f"has {3 * int(lengths[row])} numbers",
        name="keypoints",
        wanted=f"{3 * joints} as the first person has",
    )
    size = table["box"].values.reshape(-1, 4)[:, 2:]
    records.refuse((size < 0).any(axis=1), "P307", "has a negative width or height", name="box")
    track, merged = _tracks(document, records)
    faults.raise_if_any()
    skeleton = joints_by_count(joints, options, document.name)
    names, row = _images(table["image_id"])
    xy = column.values.reshape(-1, joints, 2)
    joint_score = column.tail.reshape(-1, joints)
    box = table["box"].values.reshape(-1, 4)
    columns = {
        "xy": xy,
        "seen": predicted(xy, joint_score),
        "joint_score": joint_score,
        "score": table["score"].values,
        "box": np.concatenate([box[:, :2], box[:, :2] + box[:, 2:]], axis=1),
        "track": track,
    }
    notices = [*merged, *records.unknown(EXPECTED)]
    origin = Origin(document.path, document.sha256, "alphapose", table.count, tuple(notices))
    frames = frames_of(names, options.limits, document.name)
    return pose_set(skeleton, frames, row, columns, origin, options.limits)


def _images(column: kj.Column) -> tuple[list[str], Ints]:
    """Distinct image names in order of first appearance, and the row of each record."""
    words = (*column.words, "")
    texts = [words[code] for code in column.codes.tolist()]
    for row in np.flatnonzero(column.mark == kj.GIVEN).tolist():
        texts[row] = str(column.values[row])
    index = unique_paths(texts)
    return list(index), np.asarray([index[name] for name in texts], dtype=np.int64)


def _tracks(document: Document, records: Records) -> tuple[Ints, list[Notice]]:
    """Track ids [N] from `idx`: a number or lists of it; -1 where absent or where several differ."""
    table = records.table
    out = np.full(table.count, -1, dtype=np.int64)
    spans = table["idx"].values.reshape(-1, 2)
    merged = 0
    for row in np.flatnonzero(table["idx"].given).tolist():
        start, end = spans[row].tolist()
        words = document.data[start:end].translate(None, b"[] \t\r\n").split(b",")
        try:
            found = {float(word) for word in words if word not in (b"", b"null")}
            if any(value != int(value) or not 0 <= value < 2**53 for value in found):
                raise ValueError
        except (ValueError, OverflowError):
            text = shown(document.data[start : min(end, start + 30)].decode("utf-8", "replace"))
            records.faults.add(
                "P303", where=records.at(row, "idx"), what=f"is {text}", wanted="the number of a track"
            )
            continue
        merged += len(found) > 1
        if len(found) == 1:
            out[row] = int(found.pop())
    text = f"{document.name}: {merged} people were merged from several tracks and now have none"
    return out, [Notice("N503", text, merged)] if merged else []


def _from_keyed(document: Document, options: ReadOptions) -> PoseSet:
    """Forms open and cmu: `{"a.jpg": {"people": [{"pose_keypoints_2d": [...]}]}}`."""
    faults = Faults()
    names: list[str] = []
    found: list[Floats] = []
    for name, entry in document.outline.by_key().items():
        names.append(name)
        node = document.tree(entry.start, entry.end, KEYS)
        found.append(_keyed_people(node, f"{document.name}: {shown(name, 60)}", faults))
    faults.raise_if_any()
    counts = {people.shape[1] for people in found if len(people)}
    if len(counts) > 1:
        raise FormatError(
            "P204",
            where=document.name,
            what=f"has people with {sorted(counts)} joints",
            wanted="one skeleton",
        )
    skeleton = joints_by_count(next(iter(counts), 18), options, document.name)
    points = np.concatenate([np.zeros((0, len(skeleton), 3)), *(people for people in found if len(people))])
    row = np.repeat(np.arange(len(names)), [len(people) for people in found])
    xy, score = points[:, :, :2], points[:, :, 2]
    seen = predicted(xy, score)
    notices: list[Notice] = [scores_from_joints(document.name, len(row))] if len(row) else []
    origin = Origin(document.path, document.sha256, "alphapose", len(row), tuple(notices))
    columns = {"xy": xy, "seen": seen, "joint_score": score, "score": mean_score(score, seen)}
    frames = frames_of(names, options.limits, document.name)
    return pose_set(skeleton, frames, row, columns, origin, options.limits)


def _keyed_people(node: Any, where: str, faults: Faults) -> Floats:
    """Keypoints [N, K, 3] of one frame."""
    key = next((key for key in KEYED if isinstance(node, dict) and key in node), None)
    empty = np.zeros((0, 0, 3))
    if key is None or not isinstance(node[key], list):
        faults.add(
            "P206",
            where=where,
            what="has no list `people` or `bodies`",
            wanted="AlphaPose's form open or cmu",
        )
        return empty
    out: list[list[float]] = []
    for at, person in enumerate(node[key]):
        flat = person.get(KEYED[key]) if isinstance(person, dict) else None
        place = f"{where}.{key}[{at}].{KEYED[key]}"
        if not isinstance(flat, list) or any(type(value) not in (int, float) for value in flat):
            faults.add("P203", where=place, what="is not a list of numbers", wanted="x, y, score, ...")
        elif not flat or len(flat) % 3 or (out and len(flat) != len(out[0])):
            faults.add("P204", where=place, what=f"has {len(flat)} numbers", wanted="three for each joint")
        elif not all(abs(value) < 1e300 for value in flat):
            faults.add("P301", where=place, what="has NaN or infinite numbers", wanted="finite numbers")
        else:
            out.append(flat)
    return np.asarray(out, dtype=np.float64).reshape(len(out), -1, 3) if out else empty


def _put(file: BinaryIO, poses: PoseSet, options: WriteOptions) -> None:
    file.write(b"[")
    for index, record in enumerate(_records(poses)):
        file.write((b",\n" if index else b"\n") + record.encode())
        if options.progress is not None and index % 10_000 == 0:
            options.progress(index, len(poses))
    file.write(b"\n]\n")


def _records(poses: PoseSet) -> Iterator[str]:
    people = poses.people
    names = [json.dumps(name) for name in named(poses.frames)]
    found = people.seen > 0
    score = np.where(found, np.where(np.isnan(people.joint_score), 1.0, people.joint_score), 0.0)
    xy = np.where(found[:, :, None], people.xy, 0.0)
    flat = np.concatenate([xy, score[:, :, None]], axis=2).reshape(len(poses), 3 * xy.shape[1])
    box = np.concatenate([people.box[:, :2], people.box[:, 2:] - people.box[:, :2]], axis=1)
    return records(
        {
            "image_id": (names[frame] for frame in people.frame.tolist()),
            "category_id": map(str, people.category.tolist()),
            "keypoints": number_texts(flat, whole=True),
            "score": number_texts(people.score, whole=True),
            "box": known_numbers(box, whole=True),
            "idx": where(people.track >= 0, map(str, people.track.tolist())),
        }
    )
