"""OpenPose output: one JSON file per frame, people without a score and joints at (0, 0) where not found.

Source: OpenPose's documentation of its output, JSON form 1.1 to 1.3 (`pose_keypoints_2d`, BODY_25 of 25
joints or COCO of 18); older files call the list `pose_keypoints`. Coordinates are pixels unless the program
was set to scale them (`--keypoint_scale`), which the file does not say. `person_id` from 0 is a track, as
STAF and trackers write it; -1 is none. Hands and face are read where the skeleton that is asked for, or the
ground truth's, is coco_wholebody133; else they are counted and not read, as depths are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice, pairwise, repeat
from pathlib import Path
from typing import ClassVar, NamedTuple

import numpy as np

from poseval.datasets.assembly import (
    by_image,
    digest_of,
    frames_of,
    joints_by_count,
    left_out,
    mean_score,
    pose_set,
    predicted,
    scores_from_joints,
)
from poseval.datasets.base import Dataset, Losses, ReadOptions, Role, WriteOptions
from poseval.datasets.capabilities import losses_of
from poseval.datasets.containers.json_records import Records, Wanted
from poseval.datasets.containers.json_write import number_texts, records
from poseval.datasets.files.batches import batches, together
from poseval.datasets.files.document import Document
from poseval.datasets.files.folder import file_stems, write_folder
from poseval.datasets.files.source import Source
from poseval.datasets.tools import openpose_parts
from poseval.errors import Faults, FormatError, InputError, UsageError, shown
from poseval.files.packed import plain_name
from poseval.kernels import json as kj
from poseval.poses import Floats, Ints, Notice, Origin, PoseSet
from poseval.skeletons import Skeleton, get_skeleton
from poseval.skeletons.by_count import FAMILIES, skeleton_for
from poseval.skeletons.joint_map import joint_map

ENDING = "_keypoints.json"
LISTS = ("pose_keypoints_2d", "pose_keypoints")
TRACK = "person_id"
PARTS = ("face_keypoints_2d", "hand_left_keypoints_2d", "hand_right_keypoints_2d")
DEPTHS = tuple(f"{part}_keypoints_3d" for part in ("pose", "face", "hand_left", "hand_right"))
UNREAD = (*PARTS, *DEPTHS)  # often there and empty; counted where they are not
SCALED = 1.5  # OpenPose scaled to [0, 1] or [-1, 1] has no coordinate beyond this; pixels have


class _File(NamedTuple):
    """What one file holds: the frame's name, a digest, keypoints [N, K, 3] and tracks [N] (-1 none)."""

    name: str
    digest: str
    points: Floats
    track: Ints


class OpenPose(Dataset):
    """A folder (or one file) of `<frame>_keypoints.json`."""

    name: ClassVar[str] = "openpose"
    title: ClassVar[str] = "OpenPose JSON, one file per frame (BODY_25 or COCO-18)"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.PREDICTIONS})
    writes: ClassVar[frozenset[Role]] = frozenset({Role.PREDICTIONS})
    holds: ClassVar[frozenset[str]] = frozenset(
        {"joints", "frame names", "joint scores", "tracks", "empty frames", "sequences"}
    )

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by `people` with pose keypoints in the first file."""
        try:
            _, document = next(_named(source), ("", None))
            if document is None or not document.is_json:
                return 0.0
            people = document.outline.by_key().get("people")
        except InputError:
            return 0.0
        if people is None or people.kind != "array":
            return 0.0
        if not people.items:
            return 0.7 if "version" in document.outline.by_key() else 0.5
        return 0.95 if any(name in people.first_kinds() for name in LISTS) else 0.0

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """People of all files; the score of a person is the mean confidence of the joints found.

        Raises:
            InputError: what is wrong with the files, all faults gathered.
        """
        faults = Faults()
        found: list[_File] = []
        total = len(_files_of(source)) if source.is_folder else 1
        whole = openpose_parts.is_asked(options)
        for names, documents in batches(_named(source)):
            people = None if whole else _people_of_all(documents)
            for at, (name, document) in enumerate(zip(names, documents, strict=True)):
                points, track = _people(document, faults, whole) if people is None else people[at]
                found.append(_File(name, document.sha256, points, track))
            if options.progress is not None:
                options.progress(len(found), total)
        if not found:
            raise FormatError("P271", where=shown(source.path), what="holds no JSON file of OpenPose")
        faults.raise_if_any()
        return _assembled(source, found, options).with_notices(left_out(source, len(found)))

    def write(self, poses: PoseSet, path: Path, options: WriteOptions) -> Losses:
        """A folder of files, one per frame; joints are put into OpenPose's order by name.

        Raises:
            UsageError: P131 it exists, P172 frames without file names, P173 joints that OpenPose lacks.
        """
        poses = by_image(poses)
        skeleton = _target(poses.skeleton)
        mapped = joint_map(poses.skeleton, skeleton)
        people = poses.people
        xy, seen, score = mapped.apply(people.xy, people.seen, people.joint_score)
        losses = losses_of(poses, self.holds)
        unknown = np.isnan(score) & (seen > 0)
        losses.lose("joint scores that were not given (written as 1)", int(unknown.sum()))
        lost = people.seen == 0
        losses.lose(
            "coordinates of joints that were not found",
            int((lost & np.isfinite(people.xy).all(axis=2) & (people.xy != 0).any(axis=2)).sum()),
        )
        xy = np.where((seen > 0)[:, :, None], xy, 0.0)
        score = np.where(seen > 0, np.where(np.isnan(score), 1.0, score), 0.0)
        flat = np.concatenate([xy, score[:, :, None]], axis=2).reshape(len(poses), 3 * xy.shape[1])
        write_folder(path, _files(poses, flat, options), options.force, (".json",))
        return losses


def _files_of(source: Source) -> list[Path]:
    """Files of OpenPose in a folder: those with its ending, or all JSON files where none has it."""
    listed = [path for path in source.files if plain_name(path.name.lower()).endswith(".json")]
    return [path for path in listed if path.name.endswith(ENDING)] or listed


def _named(source: Source) -> Iterator[tuple[str, Document]]:
    """Documents and the names of their frames."""
    if source.is_folder:
        return ((_frame_name(path.as_posix()), source.open(path)) for path in _files_of(source))
    return ((_frame_name(Path(document.path).name), document) for document in source.documents())


def _frame_name(path: str) -> str:
    name = plain_name(path)
    return name.removesuffix(ENDING if name.endswith(ENDING) else ".json")


def _people_of_all(documents: list[Document]) -> list[tuple[Floats, Ints]] | None:
    """`_people` of each document, of its body alone; None where one of them has another form."""
    others = [kj.span(key) for key in (TRACK, *UNREAD)]
    found = together(documents, [kj.records("people", [kj.points(LISTS[0]), *others])])
    if found is None:
        return None
    people, text = found[0]["people"], found[1]
    table = people.records
    if table is None or not people.given.all() or not table[LISTS[0]].given.all() or not table.count:
        return None
    lengths = table[LISTS[0]].lengths
    tracks = [_track(word) for word in _texts(text, table, TRACK)]
    if (lengths != lengths[0]).any() or None in tracks:
        return None
    _count_unread(documents[0], text, table, UNREAD)
    points, start = _cube(table[LISTS[0]], int(lengths[0])), people.start.tolist()
    track = np.asarray(tracks, dtype=np.int64)
    return [(points[first:end], track[first:end]) for first, end in pairwise(start)]


def _people(document: Document, faults: Faults, whole: bool) -> tuple[Floats, Ints]:
    """Keypoints [N, K, 3] and tracks [N] of one file; faults are added where it has another form.

    With `whole` they are the 133 joints of the body, the face and the hands.
    """
    nobody = np.zeros((0, 0, 3)), np.zeros(0, dtype=np.int64)
    people = document.outline.by_key().get("people")
    if people is None or people.kind != "array":
        faults.add(
            "P206", where=document.name, what="has no list `people`", wanted="OpenPose's output of one frame"
        )
        return nobody
    name = next((name for name in LISTS if name in people.first_kinds()), LISTS[0])
    unread = tuple(key for key in UNREAD if not (whole and key in openpose_parts.PARTS))
    others = [kj.span(key) for key in (TRACK, *unread)] + list(openpose_parts.FIELDS if whole else ())
    table = document.columns((kj.points(name), *others), "people")
    records = Records(document, table, faults, "people", {name: Wanted("a list of numbers x, y, score, ...")})
    before = len(faults)
    records.tell()
    records.need(name)
    column = table[name]
    lengths = column.lengths
    track = _tracks(records)
    _count_unread(document, document.data, table, unread)
    if len(faults) > before or not table.count:
        return nobody
    if (lengths != lengths[0]).any():
        records.refuse(
            lengths != lengths[0],
            "P204",
            lambda row: f"has {3 * int(lengths[row])} numbers",
            name=name,
            wanted=f"{3 * int(lengths[0])} as the first person has",
        )
        return nobody
    points = _cube(column, int(lengths[0]))
    if whole:
        points = openpose_parts.whole_body(records, points)
    return points, track


def _cube(column: kj.Column, joints: int) -> Floats:
    """Keypoints [N, K, 3] of people who all have so many."""
    return np.concatenate([column.values.reshape(-1, joints, 2), column.tail.reshape(-1, joints, 1)], axis=2)


def _texts(text: bytes, table: kj.Columns, name: str) -> list[bytes]:
    """The text of a field of each record, without brackets; empty where it is absent."""
    spans = table[name].values.reshape(-1, 2).tolist()
    return [text[start:end].strip(b"[] \t\r\n") if start >= 0 else b"" for start, end in spans]


def _count_unread(document: Document, text: bytes, table: kj.Columns, names: tuple[str, ...]) -> None:
    for part in names:
        given = [word for word in _texts(text, table, part) if word not in (b"", b"null")]
        document.unread.update({f"people[].{part}": len(given)} if given else {})


def _track(word: bytes) -> int | None:
    """`person_id`, a number or a list of one, as STAF and trackers write it; -1 is none. None for others."""
    if word in (b"", b"null"):
        return -1
    return max(int(word), -1) if re.fullmatch(rb"-?\d{1,18}", word) else None


def _tracks(records: Records) -> Ints:
    """The tracks [N] of people; a fault where one is no number."""
    out = np.full(records.table.count, -1, dtype=np.int64)
    for row, word in enumerate(_texts(records.document.data, records.table, TRACK)):
        track = _track(word)
        if track is None:
            told = shown(word[:30].decode("utf-8", "replace"))
            place = records.at(row, TRACK)
            records.faults.add("P303", where=place, what=f"is {told}", wanted="the number of a person")
        else:
            out[row] = track
    return out


def _assembled(source: Source, found: list[_File], options: ReadOptions) -> PoseSet:
    where = shown(source.path.name)
    counts = {len(file.points[0]): file.name for file in found if len(file.points)}
    if len(counts) > 1:
        listed = ", ".join(f"{count} in {shown(name)}" for count, name in counts.items())
        raise FormatError(
            "P204",
            where=where,
            what=f"has people with different numbers of joints: {listed}",
            wanted="one skeleton",
        )
    joints = next(iter(counts), 25)
    # OpenPose's own order goes before the ground truth's: another skeleton may have 18 or 25 joints, too.
    own = skeleton_for(joints, "openpose") if options.skeleton is None or not counts else None
    skeleton = own or joints_by_count(joints, options, where)
    names = [file.name for file in found]
    row = np.repeat(np.arange(len(found)), [len(file.points) for file in found])
    points = np.concatenate([np.zeros((0, len(skeleton), 3)), *(f.points for f in found if len(f.points))])
    track = np.concatenate([np.zeros(0, dtype=np.int64), *(f.track for f in found if len(f.points))])
    xy, score = points[:, :, :2], points[:, :, 2]
    seen = predicted(xy, score)
    notices = [scores_from_joints(where, len(row))] if len(row) else []
    if len(row) and float(np.abs(xy).max()) <= SCALED:
        text = f"{where}: no coordinate is above {SCALED}. Are they scaled by --keypoint_scale?"
        notices.append(Notice("N501", text, len(row)))
    origin = Origin(
        str(source.path),
        digest_of((file.name, file.digest) for file in found),
        "openpose",
        len(row),
        tuple(notices),
    )
    columns = {"xy": xy, "seen": seen, "joint_score": score, "score": mean_score(score, seen)}
    columns["track"] = track
    return pose_set(skeleton, frames_of(names, options.limits, where), row, columns, origin, options.limits)


def _target(skeleton: Skeleton) -> Skeleton:
    """The smallest skeleton of OpenPose that has all joints of another.

    Raises:
        UsageError: P173 naming what none of them has.
    """
    for name in FAMILIES["openpose"]:
        target = get_skeleton(name)
        if set(skeleton.joints) <= set(target.joints):
            return target
    lacking = [joint for joint in skeleton.joints if joint not in get_skeleton("openpose_body25").joints]
    raise UsageError(
        "P173",
        where=f"skeleton {skeleton.name}",
        what=f"has joints that OpenPose does not have: {', '.join(map(shown, lacking[:5]))}",
        wanted="the joints of BODY_25",
        hint="map them first with --to-skeleton openpose_body25",
    )


def _files(poses: PoseSet, flat: Floats, options: WriteOptions) -> Iterator[tuple[str, bytes]]:
    count = len(poses)
    people = records(
        {
            TRACK: (f"[{track}]" for track in poses.people.track.tolist()),
            LISTS[0]: number_texts(flat, whole=True),
            **{part: repeat("[]", count) for part in PARTS},
        }
    )
    inside = np.diff(poses.frame_start()).tolist()
    for at, (name, some) in enumerate(zip(file_stems(poses.frames), inside, strict=True)):
        if options.progress is not None:
            options.progress(at, len(inside))
        yield name + ENDING, f'{{"version": 1.3, "people": [{", ".join(islice(people, some))}]}}'.encode()
