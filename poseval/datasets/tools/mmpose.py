"""MMPose results: the inferencer's JSON, one file per image or one for a video.

Source: MMPose `MMPoseInferencer` (`pred_out_dir`) and `split_instances`: an image is a list of instances with
`keypoints` [K][2], `keypoint_scores` [K] and, top-down, `bbox` (x0 y0 x1 y1, in one more list) and
`bbox_score`; a video is a list of `{"frame_id": n, "instances": [...]}`; the demos wrap that list as
`instance_info` beside `meta_info`. The score of an instance is not in the file: it is the box's score times
the mean confidence of the joints, which is what MMPose's own COCO metric ranks by.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from poseval.datasets.assembly import (
    by_image,
    digest_of,
    frames_of,
    joints_by_count,
    left_out,
    pose_set,
    predicted,
)
from poseval.datasets.base import Dataset, Losses, ReadOptions, Role, WriteOptions
from poseval.datasets.capabilities import losses_of
from poseval.datasets.containers.json_write import known_numbers, number_texts, records
from poseval.datasets.containers.unread import Known
from poseval.datasets.files.batches import together
from poseval.datasets.files.document import Document
from poseval.datasets.files.folder import file_stems, write_folder
from poseval.datasets.files.source import Source
from poseval.errors import Faults, FormatError, InputError, shown
from poseval.files.packed import plain_name
from poseval.kernels import json as kj
from poseval.poses import Floats, Ints, Notice, Origin, PoseSet

LOOKED_AT = 20  # files of a folder, to find one that holds a person
FIELDS = ("keypoints", "keypoint_scores", "bbox", "bbox_score")
INSTANCES = "instances"
INSTANCE = (
    kj.nested("keypoints"),
    kj.ragged("keypoint_scores"),
    kj.nested("bbox", nullable=True),
    kj.number("bbox_score", nullable=True),
)
Instances = tuple[Floats, Floats, Floats, Floats]  # coordinates, confidences, boxes and box scores
KEYS = Known(
    *(
        f"{top}{items}.{key}"
        for top in ("", "instance_info", "predictions")
        for items in ("[]", "[][]", "[].instances[]")
        for key in FIELDS
    ),
    *(f"{top}[].frame_id" for top in ("", "instance_info", "predictions")),
)


class MMPose(Dataset):
    """JSON of the inferencer."""

    name: ClassVar[str] = "mmpose"
    title: ClassVar[str] = "MMPose inferencer JSON, a folder of images or a video"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.PREDICTIONS})
    writes: ClassVar[frozenset[Role]] = frozenset({Role.PREDICTIONS})
    holds: ClassVar[frozenset[str]] = frozenset(
        {"joints", "frame names", "joint scores", "boxes", "empty frames", "sequences"}
    )

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by `keypoint_scores` in the first instance."""
        try:
            some = islice(source.documents(), LOOKED_AT)
            document = next((one for one in some if one.data.strip() != b"[]"), None)  # nobody in an image
            if document is None or not document.is_json:
                return 0.0
            head = document.data[: 1 << 16]
            keys = document.outline.by_key()
            if b'"keypoint_scores"' in head and b'"keypoints"' in head and b'"annotations"' not in head:
                return 0.9 if {"keypoints", "instances", "instance_info"} & keys.keys() else 0.0
        except InputError:
            return 0.0
        return 0.0

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """People of all files.

        Raises:
            InputError: what is wrong with the files, all faults gathered.
        """
        documents = list(source.documents())
        where = shown(source.path.name)
        if not documents:
            raise FormatError("P271", where=where, what="holds no JSON file", wanted="MMPose's predictions")
        found = _scanned(documents)
        if found is None:
            names, owner, made = _one_by_one(documents, source, where)
        else:
            names, (owner, made) = [_name(document, source) for document in documents], found
        if options.progress is not None:
            options.progress(len(documents), len(documents))
        xy, score, box, box_score = made
        joints = xy.shape[1] if len(xy) else 17
        skeleton = joints_by_count(joints, options, where)
        mean = score.mean(axis=1) if len(score) else np.zeros(0)
        columns = {
            "xy": xy if len(xy) else np.zeros((0, len(skeleton), 2)),
            "joint_score": score if len(xy) else np.zeros((0, len(skeleton))),
            "seen": predicted(xy, score) if len(xy) else np.zeros((0, len(skeleton)), dtype=np.int8),
            "score": mean * np.where(np.isnan(box_score), 1.0, box_score),
            "box": box,
        }
        text = f"{where}: people are ranked by the box's score times the mean confidence of their joints"
        notices = (Notice("N505", text, len(owner)),) if len(owner) else ()
        digest = digest_of((document.name, document.sha256) for document in documents)
        origin = Origin(str(source.path), digest, self.name, len(owner), notices)
        frames = frames_of(names, options.limits, where)
        poses = pose_set(skeleton, frames, owner, columns, origin, options.limits)
        return poses.with_notices(left_out(source, len(documents)))

    def write(self, poses: PoseSet, path: Path, options: WriteOptions) -> Losses:
        """A folder with a list of instances per image; the score becomes `bbox_score`.

        Raises:
            UsageError: P131 it exists, P172 frames without file names.
        """
        poses = by_image(poses)
        people = poses.people
        losses = losses_of(poses, self.holds)
        lost = int((people.seen == 0).sum())
        losses.lose("joints that were not found (written at 0 0 with confidence 0)", lost)
        write_folder(path, _files(poses), options.force, (".json",))
        return losses


def _scanned(documents: list[Document]) -> tuple[Ints, Instances] | None:
    """The document of each instance [N] and its numbers, where all documents are plain lists of instances."""
    found = together(documents, [kj.records(INSTANCES, INSTANCE)], INSTANCES)
    table = None if found is None else found[0][INSTANCES].records
    if found is None or table is None or not table.count or table.unknown:
        return None
    points, score, box = table["keypoints"], table["keypoint_scores"], table["bbox"]
    lists, joints = found[0][INSTANCES], int(score.lengths[0])
    boxed = box.given
    same = (
        lists.given.all()
        and points.given.all()
        and score.given.all()
        and (points.lengths == joints).all()
        and (score.lengths == joints).all()
        and (np.diff(points.inner) == 2).all()
        and (box.lengths == boxed).all()
        and (np.diff(box.inner) == 4).all()
    )
    if not same:
        return None
    boxes = np.full((table.count, 4), np.nan)
    boxes[boxed] = box.values.reshape(-1, 4)
    xy, scores = points.values.reshape(-1, joints, 2), score.values.reshape(-1, joints)
    owner = np.repeat(np.arange(len(documents)), lists.lengths)
    return owner, (xy, scores, boxes, table["bbox_score"].values)


def _one_by_one(documents: list[Document], source: Source, where: str) -> tuple[list[str], Ints, Instances]:
    """Names of frames, the frame of each instance [N] and its numbers.

    Raises:
        InputError: what is wrong with the files, all faults gathered.
    """
    faults = Faults()
    names: list[str] = []
    people: list[tuple[int, dict[str, Any]]] = []
    for document in documents:
        for name, instances in _frames(document, source):
            people += [(len(names), one) for one in instances]
            names.append(name)
    made = _columns(people, names, where, faults)
    faults.raise_if_any()
    return names, np.asarray([frame for frame, _ in people], dtype=np.int64), made


def _name(document: Document, source: Source) -> str:
    path = (
        os.path.relpath(document.path, source.path) if source.is_folder else os.path.basename(document.path)
    )
    return plain_name(path.replace(os.sep, "/")).removesuffix(".json")


def _frames(document: Document, source: Source) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Name and instances of each frame of a file."""
    where = document.name
    outline = document.outline
    end = outline.end if outline.end >= 0 else len(document.data)
    node = document.tree(outline.start, end, KEYS)
    if isinstance(node, dict):
        node = node.get("instance_info", node.get("predictions"))
    if isinstance(node, list) and len(node) == 1 and isinstance(node[0], list):
        node = node[0]
    if not isinstance(node, list) or not all(isinstance(item, dict) for item in node):
        raise FormatError(
            "P270", where=where, what="is not a list of instances or frames", wanted="MMPose's JSON"
        )
    name = _name(document, source)
    if not any("instances" in item for item in node):
        yield name, node
        return
    for item in node:
        number, instances = item.get("frame_id"), item.get("instances")
        if type(number) is not int or not 0 <= number < 10**12 or not isinstance(instances, list):
            raise FormatError("P206", where=where, what="has a frame without frame_id or instances")
        if not all(isinstance(one, dict) for one in instances):
            raise FormatError(
                "P203", where=f"{where}: frame {number}", what="has an instance that is not an object"
            )
        yield f"{name}/{number:06d}", instances


def _columns(
    people: list[tuple[int, dict[str, Any]]], names: list[str], where: str, faults: Faults
) -> Instances:
    """Coordinates, confidences, boxes and box scores of all people."""
    xy: list[Floats] = []
    score: list[Floats] = []
    box = np.full((len(people), 4), np.nan)
    box_score = np.full(len(people), np.nan)
    for row, (frame, one) in enumerate(people):
        place = f"{where}: {shown(names[frame], 60)}: instance"
        points = numbers(one.get("keypoints"), f"{place}.keypoints", faults, 2)
        if points is None:
            continue
        found = numbers(one.get("keypoint_scores"), f"{place}.keypoint_scores", faults, 1)
        if found is None:
            continue
        if len(points) != len(found) or (xy and len(points) != len(xy[0])) or points.shape[1:] != (2,):
            faults.add(
                "P204",
                where=place,
                what=f"has {len(points)} joints of shape {points.shape[1:]} and {len(found)} scores",
                wanted="x, y and a score for each joint, as in all others",
            )
            continue
        xy.append(points)
        score.append(found)
        if one.get("bbox") is not None:
            flat = numbers(one["bbox"], f"{place}.bbox", faults, None)
            if flat is not None and flat.size != 4:
                faults.add("P204", where=f"{place}.bbox", what=f"has {flat.size} numbers", wanted="4 numbers")
            elif flat is not None:
                box[row] = flat.reshape(4)
        if one.get("bbox_score") is not None:
            single = numbers(one["bbox_score"], f"{place}.bbox_score", faults, None)
            if single is not None and single.size == 1:
                box_score[row] = single.item()
    if len(faults) or not xy:
        return np.zeros((0, 17, 2)), np.zeros((0, 17)), np.zeros((0, 4)), np.zeros(0)
    return np.asarray(xy), np.asarray(score), box, box_score


def numbers(node: Any, where: str, faults: Faults, dims: int | None) -> Floats | None:
    """Nested lists of finite numbers as an array; None with a fault where they are something else."""
    try:
        if _has_flags_or_texts(node):
            raise ValueError
        found = np.asarray(node, dtype=np.float64)
    except (ValueError, TypeError, OverflowError):
        faults.add("P203", where=where, what="is not a regular list of numbers", wanted="a list of numbers")
        return None
    if (dims is not None and found.ndim != dims) or node is None:
        faults.add("P204", where=where, what=f"has {found.ndim} dimensions", wanted=f"{dims}")
        return None
    if not np.isfinite(found).all():
        faults.add("P301", where=where, what="has NaN or infinite numbers", wanted="finite numbers")
        return None
    return found


def _has_flags_or_texts(node: Any) -> bool:
    if isinstance(node, (list, tuple)):
        return any(_has_flags_or_texts(item) for item in node)
    return isinstance(node, (bool, str, bytes, dict)) or node is None


def _files(poses: PoseSet) -> Iterator[tuple[str, bytes]]:
    people = poses.people
    found = people.seen > 0
    score = np.where(found, np.where(np.isnan(people.joint_score), 1.0, people.joint_score), 0.0)
    instances = records(
        {
            "keypoints": number_texts(np.where(found[:, :, None], people.xy, 0.0)),
            "keypoint_scores": number_texts(score),
            "bbox": known_numbers(people.box[:, None, :]),
            "bbox_score": known_numbers(people.score),
        }
    )
    inside = np.diff(poses.frame_start()).tolist()
    for name, count in zip(file_stems(poses.frames), inside, strict=True):
        yield f"{name}.json", f"[{', '.join(islice(instances, count))}]".encode()
