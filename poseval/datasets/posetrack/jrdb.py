"""JRDB-Pose: one COCO-like JSON per sequence, with tracks, and a visibility for each of 17 joints.

Source: JRDB-dataset/jrdb_toolkit 4fbf7d6, `pose_eval` (`labels_2d_pose_stitched_coco`): images count from 1,
joints go by place, and the flag of a joint says invisible (0), occluded (1) or visible (2); all have a place.
Predictions are such files, or the list of people alone, with or without images. Boxes of all people, also
of those without a pose, lie in `labels_2d_stitched` beside the folder of the ground truth (`labels_2d` for
single cameras), and are read as people without joints.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from poseval.datasets.base import Dataset, ReadOptions, Role
from poseval.datasets.containers.json_records import Records, Wanted
from poseval.datasets.files.document import Document
from poseval.datasets.files.source import Source
from poseval.datasets.posetrack.jrdb_boxes import with_boxes
from poseval.datasets.posetrack.sequences import Clip, assemble, stem_of
from poseval.errors import Faults, FormatError, PosevalError, number_of, shown
from poseval.files.packed import plain_name
from poseval.kernels import json as kj
from poseval.poses import Array, Floats, Ints, Notice, PoseSet
from poseval.poses.enclosing import enclosing_boxes
from poseval.skeletons import get_skeleton

SKELETON = "jrdb17"
JOINTS = 17
MARKS = (b'"center shoulder"', b'"center hip"')  # names of joints that only JRDB has
IMAGES = (kj.identifier("id"), kj.text("file_name"), kj.number("width"), kj.number("height"))
PEOPLE = (
    kj.integer("image_id"),
    kj.points("keypoints", 3),
    kj.integer("track_id"),
    kj.fixed("bbox", 4, nullable=True),
    kj.number("area", nullable=True),
    kj.number("score", nullable=True),
    kj.integer("id", nullable=True),
)
OTHERS = frozenset(("category_id", "is_crowd", "iscrowd", "num_keypoints", "scores", "segmentation"))
WANTED = {
    "keypoints": Wanted("a list of numbers", hint="three numbers per joint: x, y, visibility"),
    "track_id": Wanted("an integer"),
    "image_id": Wanted("an integer"),
    "bbox": Wanted("a list of numbers", "4 numbers: x, y, width, height"),
}
UNLABELLED = "unlabelled"  # column of people: a box of somebody whose pose nobody labelled


class JrdbPose(Dataset):
    """A folder of such files, or one of them."""

    name: ClassVar[str] = "jrdb-pose"
    title: ClassVar[str] = "JRDB-Pose JSON, one file per sequence"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH, Role.PREDICTIONS})
    holds: ClassVar[frozenset[str]] = frozenset(
        {
            "joints",
            "frame names",
            "hidden joints",
            "scores",
            "tracks",
            "boxes",
            "areas",
            "empty frames",
            "unlabelled frames",
            "frame sizes",
            "sequences",
            "further columns",
        }
    )

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by the names of joints; predictions without names by their fields."""
        try:
            first = next(_documents(source), None)
            if first is None or not first.is_json:
                return 0.0
            if first.outline.kind != "object":
                return 0.0
            keys = first.outline.by_key()
            listed = keys.get("categories")
            if "annotations" not in keys:
                return 0.0
            if listed and all(mark in first.data[listed.start : listed.end] for mark in MARKS):
                return 0.98
            bare = role is Role.PREDICTIONS and listed is None and "images" not in keys
            return 0.85 if bare and "track_id" in keys["annotations"].first_kinds() else 0.0
        except PosevalError:
            return 0.0

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """All sequences as one set; joints of ground truth have their `visibility`.

        Raises:
            InputError: what is wrong with the files, all faults gathered; P271 a folder without any.
        """
        faults = Faults()
        read = [_clip(document, options.role, faults) for document in _documents(source)]
        clips = [clip for clip in read if clip is not None]
        if not clips and not len(faults):
            raise FormatError(
                "P271", where=shown(source.path), what="holds no .json file", wanted="one per sequence"
            )
        told: list[Notice] = []
        if options.role is Role.TRUTH:
            files = [_box_file(clip, source) for clip in clips]
            clips = [
                clip if file is None else with_boxes(clip, Document.open(file, options.limits), faults)
                for clip, file in zip(clips, files, strict=True)
            ]
            lacking = sum(file is None for file in files)
            told = [_without_boxes(source, lacking)] if lacking else []
        poses = assemble(clips, self.name, str(source.path), options.limits, faults, get_skeleton(SKELETON))
        extra = dict(poses.people.extra)
        people = poses.people.with_columns(area=extra.pop("area"), extra=extra)
        return replace(poses, people=people).with_notices(told)


def _without_boxes(source: Source, lacking: int) -> Notice:
    text = (
        f"{shown(source.path)}: {number_of(lacking, 'sequence')} without boxes in labels_2d_stitched beside; "
        "predictions of people without a labelled pose count as false"
    )
    return Notice("N570", text, lacking)


def _box_file(clip: Clip, source: Source) -> Path | None:
    """The file of everybody's boxes of a sequence, where there is one."""
    stem = stem_of(clip.document.name.rpartition(": ")[2])
    folder = Path(source.path) if source.is_folder else Path(source.path).parent
    path = (
        folder.absolute().parent / ("labels_2d" if "image" in stem else "labels_2d_stitched") / f"{stem}.json"
    )
    return path if os.path.isfile(path) else None


def _documents(source: Source) -> Iterator[Document]:
    """The files of a folder in sorted order, or the one file."""
    if not source.is_folder:
        yield source.document
        return
    for path in source.files:
        if plain_name(path.name.lower()).endswith(".json"):
            yield source.open(path)


def _clip(document: Document, role: Role, faults: Faults) -> Clip | None:
    """One file; None when faults were found that leave nothing to go on with."""
    before = len(faults)
    people = _people(document, faults)
    if len(faults) > before:
        return None
    count = people.table.count
    flags = people.table["keypoints"].tail.reshape(count, JOINTS)
    if role is Role.TRUTH:
        people.refuse(
            np.asarray(~np.isin(flags, (0, 1, 2)).all(axis=1), dtype=np.bool_),
            "P277",
            "has a visibility beside 0, 1 and 2",
            name="keypoints",
            wanted="0 invisible, 1 occluded, 2 visible",
        )
    key, path, size, image = _images(document, people, faults)
    if len(faults) > before:
        return None
    xy = people.table["keypoints"].values.reshape(count, JOINTS, 2)
    seen = np.where(flags == 2, 2, 1) if role is Role.TRUTH else np.full(flags.shape, 2)
    box = people.table["bbox"].values.reshape(-1, 4).copy()
    box[:, 2:] += box[:, :2]
    return Clip(
        document=document,
        key=key,
        path=path,
        labelled=np.full(len(key), -1, dtype=np.int64),
        size=size,
        image=image,
        people={
            "xy": xy,
            "seen": seen.astype(np.int8),
            "joint_score": np.full((count, JOINTS), np.nan),
            "track": people.table["track_id"].values,
            "box": box,
            "score": people.table["score"].values,
            "source_id": people.table["id"].values,
        },
        tracked=people.table["track_id"].given,
        extra={
            "head_box": np.full((count, 4), np.nan),
            "area": _areas(people.table["area"].values, box, xy),
            **({"visibility": flags.astype(np.int64)} if role is Role.TRUTH else {}),
            **({UNLABELLED: np.zeros(count, dtype=np.bool_)} if role is Role.TRUTH else {}),
        },
        notices=people.unknown(OTHERS),
    )


def _people(document: Document, faults: Faults) -> Records:
    """The records of people, each with an image and all joints unless faults were found."""
    bare = document.outline.kind == "array"
    people = Records(
        document, document.columns(PEOPLE, None if bare else "annotations"), faults,
        "" if bare else "annotations", WANTED,
    )  # fmt: skip
    people.tell()
    people.need("image_id", "keypoints", *(() if bare else ("track_id",)))
    lengths = people.table["keypoints"].lengths
    people.refuse(
        lengths != JOINTS,
        "P204",
        lambda row: f"has {lengths[row]} points",
        name="keypoints",
        wanted=f"{JOINTS} points of x, y, visibility",
    )
    return people


def _areas(given: Floats, box: Floats, xy: Floats) -> Floats:
    """The file's area, else that of its box, else that of the box around the joints [N]."""
    around = enclosing_boxes(xy, np.ones(xy.shape[:2], dtype=np.bool_))
    out = given
    for corners in (box, around):
        out = np.where(np.isnan(out), np.prod(corners[:, 2:] - corners[:, :2], axis=1), out)
    return out


def _images(document: Document, people: Records, faults: Faults) -> tuple[Array, Array, Floats, Ints]:
    """Names, paths and sizes of the images [I], and the image of each person [N].

    Predictions without images have those in which somebody is.
    """
    wanted = people.table["image_id"].values
    if document.outline.kind == "array" or "images" not in document.outline.by_key():
        known, image = np.unique(wanted, return_inverse=True)
        blank = np.full(len(known), "", dtype=np.str_)
        return known.astype(np.str_), blank, np.full((len(known), 2), np.nan), image.astype(np.int64)
    images = Records(document, document.columns(IMAGES, "images"), faults, "images", WANTED)
    images.tell()
    images.need("id")
    known = images.table["id"].values
    order = np.argsort(known, kind="stable")
    place = np.minimum(np.searchsorted(known[order], wanted), max(len(known) - 1, 0))
    found = known[order][place] == wanted if len(known) else np.zeros(len(wanted), dtype=np.bool_)
    people.refuse(
        ~found,
        "P276",
        lambda row: f"is {wanted[row]}, an image that the file does not list",
        name="image_id",
        wanted="the id of one of its images",
    )
    size = np.stack([images.table["width"].values, images.table["height"].values], axis=1)
    at = order[place] if len(known) else np.zeros(len(wanted), dtype=np.int64)
    return known.astype(np.str_), images.table["file_name"].strings(), size, at.astype(np.int64)
