"""COCO results (predictions) as a pose set.

Source: cocodataset.org/#format-results; pycocotools 2.0.11 `loadRes` (coco.py:307-368), whose choice of a
detection's area from the first result is quirk C01.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from itertools import islice

import numpy as np

from poseval.datasets.assembly import of_other_categories
from poseval.datasets.coco.categories import length_text
from poseval.datasets.coco.images import unknown_images
from poseval.datasets.coco.keypoints import (
    PART_FIELDS,
    PARTS,
    by_frame,
    check_lengths,
    corners,
    is_whole_body,
    stack,
    typical_joints,
)
from poseval.datasets.coco.own_tables import own_frames, own_tables, place_by_own
from poseval.datasets.coco.result_lists import ANNOTATIONS, any_has, first_record, list_key
from poseval.datasets.coco.tracks import read_tracks
from poseval.datasets.containers.json_records import Records, Wanted
from poseval.datasets.files.document import Document
from poseval.datasets.files.joined import some_of
from poseval.errors import Faults, FormatError, LimitError, UsageError, shown
from poseval.kernels import json as kj
from poseval.kernels.poses import extent, predicted, put_in_order
from poseval.poses import Array, Floats, Ints, Notice, Origin, People, PoseSet
from poseval.poses.notices import Amount, counted
from poseval.skeletons import Skeleton
from poseval.skeletons.by_count import require_skeleton, skeleton_for

FIELDS = (
    kj.identifier("image_id"),
    kj.integer("category_id"),
    kj.points("keypoints", null_at=2),
    kj.number("score"),
    kj.fixed("bbox", 4, nullable=True),
)
PART_SCORES = ("foot_score", "face_score", "lefthand_score", "righthand_score", "wholebody_score")
OPTIONAL = {
    **{name: kj.points(name, null_at=2) for name in PART_FIELDS},
    **{name: kj.number(name, nullable=True) for name in PART_SCORES},
}
# Fields that writers of results are known to add and that no score needs.
EXPECTED = frozenset(
    [
        "id",
        "area",
        "iscrowd",
        "segmentation",
        "num_keypoints",
        "center",
        "scale",
        "body_score",
        "box_size",
        "box",
        "idx",
        "track_id",
        "bbox_scores",
        "keypoint_scores",
        "file_name",
        "image_name",
    ]
)
POINTS = Wanted("a list of numbers x, y, score, ...")
TRIPLES = "write x, y and a score for each joint, 1 where the model gives none"
WANTED = {
    "image_id": Wanted("an integer or a text"),
    "category_id": Wanted("an integer"),
    "bbox": Wanted("a list of 4 numbers", "x, y, width, height"),
    **dict.fromkeys(PART_FIELDS, POINTS),
}


WITH_BOX = Amount(
    "the first result has no bbox, so the area of ",
    after=" others, which have one, is the extent of their joints, too",
)
WITHOUT_BOX = Amount(noun="result", after=" without bbox: area computed from the joints")
FOREIGN = Amount(noun="result", after=" of categories that are not in the ground truth")


class AreaRule(enum.Enum):
    """Where the area of a detection comes from; it decides about unmatched detections in area ranges."""

    FIRST = (
        "first"  # all from boxes if the first result has one, else all from the extent of the joints (C01)
    )
    OWN = "own"  # from the result's own box, else from the extent of its predicted joints


def read_results(
    document: Document,
    truth: PoseSet | None,
    skeleton: Skeleton | None = None,
    area_rule: AreaRule = AreaRule.FIRST,
    mapped: bool = False,
) -> PoseSet:
    """A COCO results file, on the frames of its ground truth: a bare list, or one under a key of an object.

    Results name no joints: they are the ground truth's. Where joints are `mapped` later they are those of the
    `skeleton`, or the usual ones of their number where the ground truth has another.

    People keep the order of the file inside a frame. `score` is the result's, `joint_score` the third number
    of each joint (NaN for null). A joint at (0, 0) of score 0 is not predicted (`seen` 0); its coordinates
    stay, and OKS reads them as pycocotools does. `source_id` is the place in the file from 1, which is the id
    that pycocotools gives. Further columns: `order` [N] int64 place from 0, `box_size` [N, 2] float64, and
    `foot_score`, `face_score`, ... [N] float64 (NaN absent) of whole-body results that have them. An object
    with images and categories of its own has image ids and an order of joints of its own. Results of
    categories that the ground truth does not have are left out where their joints are others, too.

    Raises:
        UsageError: P139 without ground truth, unless the file has images and joint names of its own.
        InputError: everything that is wrong with the file.
    """
    key = _check_shape(document)
    truth = own_frames(document) if truth is None else truth
    if truth is None:
        raise UsageError(
            "P139",
            where=document.name,
            what="is a COCO results file, which cannot be read without its ground truth",
            wanted="ground truth",
            hint="pass --gt FILE",
        )
    faults = Faults()
    own = own_tables(document, key, faults)
    joints = own.skeleton or (skeleton if mapped and skeleton is not None else truth.skeleton)
    records = _records(document, key, faults, joints)
    records, notices = _of_truth(records, truth, joints)
    joints = _of_their_number(records, joints, truth, mapped)
    parts = _parts(records, joints)
    records.tell()
    records.need("image_id", *(name for name, _ in parts))
    categories = ", ".join(f"{key} ({shown(name, 40)})" for key, name in islice(truth.categories.items(), 5))
    records.need("category_id", hint=f"give every result the category_id of the ground truth: {categories}")
    records.need("score", hint="give every result a score, because results are ranked by it")
    check_lengths(records, parts, joints)
    size = records.table["bbox"].values.reshape(-1, 4)[:, 2:]
    faults.stage += 1
    records.refuse(
        (size[:, 0] < 0) | (size[:, 1] < 0),
        "P307",
        lambda row: f"has width {size[row, 0]:g} and height {size[row, 1]:g}",
        name="bbox",
        wanted="x, y, width, height, neither of them negative",
    )
    placed = place_by_own(records, own, truth.frames)
    left_out = unknown_images(records, placed, truth)
    faults.raise_if_any()
    people, more = _people(records, parts, placed.row, area_rule)
    _check_crowding(document, people, len(truth.frames))
    if key:
        text = f"{document.name}: the list under {shown(key, 40)!r} was read as predictions"
        notices.append(Notice("N543", text, records.table.count))
    notices += [*own.notices, *placed.notices, *left_out, *more, *_categories(document, people, truth)]
    notices += records.unknown(EXPECTED | OPTIONAL.keys())
    origin = Origin(document.path, document.sha256, "coco", records.table.count, tuple(notices))
    return PoseSet(joints, truth.frames, people, origin=origin, categories=truth.categories)


def _check_shape(document: Document) -> str:
    """The key of the list of results, empty for a bare list; P201, with a guess, where there is none."""
    outline = document.outline
    keys = outline.by_key()
    key = list_key(document)
    if key == ANNOTATIONS and "images" in keys and keys[key].items and not any_has(document, key, "score"):
        key = None  # ground truth, or predictions that cannot be ranked
    if key is not None and (key or outline.entries is None or isinstance(outline.entries, tuple)):
        first = first_record(document, key)
        boxes = first and "keypoints" not in first and {"bbox", "score"} <= first
        if boxes and not any_has(document, key, "keypoints"):
            raise FormatError(
                "P201",
                where=document.name,
                what="has boxes with scores, but no keypoints",
                wanted="keypoint results",
                hint="this looks like person detections, which are the input of top-down networks",
            )
        return key
    hint = None
    if ANNOTATIONS in keys or "images" in keys:
        hint = "this looks like ground truth. Are the two files exchanged?"
    what = f"is a list whose first item is {_article(str(outline.entries))}, not an object"
    if outline.kind != "array":
        what = f"is not a list, but {_article(outline.kind)}"
    raise FormatError("P201", where=document.name, what=what, wanted="a list of results", hint=hint)


def _of_truth(records: Records, truth: PoseSet, joints: Skeleton) -> tuple[Records, list[Notice]]:
    """The results without those of other categories that have other joints: they could not be read."""
    table, document = records.table, records.document
    kind, known = table["category_id"].values, list(truth.categories)
    other = kind != known[0] if len(known) == 1 else ~np.isin(kind, known)
    foreign = table["category_id"].given & other
    if not foreign.any() or foreign.all() or is_whole_body(table.columns):
        return records, []
    lengths = table["keypoints"].lengths
    if not set(lengths[foreign].tolist()) - set(lengths[~foreign].tolist()):
        return records, []
    notice = of_other_categories(document.name, kind[foreign], lambda key: f"category {key}")
    return _records(some_of(document, records.key, ~foreign), "", records.faults, joints), [notice]


def _article(noun: str) -> str:
    return f"{'an' if noun[0] in 'ao' else 'a'} {noun}"


def _records(document: Document, key: str, faults: Faults, joints: Skeleton) -> Records:
    """The columns of the results, with those optional fields that occur anywhere in them."""
    first = first_record(document, key)
    chosen = {name: field for name, field in OPTIONAL.items() if name in first}
    if len(joints) != sum(count for _, count in PARTS):
        chosen = {}
    while True:
        table = document.columns((*FIELDS, *chosen.values()), key or None)
        late = {name: OPTIONAL[name] for name in table.unknown if name in OPTIONAL}
        if not late or not chosen:
            return Records(document, table, faults, key, _wanted(joints))
        chosen |= late


def _wanted(joints: Skeleton) -> Mapping[str, Wanted]:
    return {**WANTED, "keypoints": Wanted(POINTS.kind, length_text(joints), TRIPLES)}


def _of_their_number(records: Records, joints: Skeleton, truth: PoseSet, mapped: bool) -> Skeleton:
    """The skeleton of results that agree on another number of joints than `joints` has.

    Raises:
        FormatError: P204 where joints are not mapped, with the ways to do it, and where they are, for a
            number that is not customary.
    """
    column = records.table["keypoints"]
    counts = column.lengths[column.given]
    own = typical_joints(records)
    if not own or own == len(joints) or is_whole_body(records.table.columns) or (counts != own).any():
        return joints
    where = f"{records.document.name}: joints"
    if mapped:
        return require_skeleton(own, "estimators", where)
    usual = skeleton_for(own, "estimators")
    if usual is None:
        return joints  # the lengths of the lists are refused
    raise FormatError(
        "P204",
        where=where,
        what=f"are {own} in every result, as {usual.name} has; the ground truth "
        f"{shown(truth.origin.name)} follows {shown(truth.skeleton.name, 60)} ({len(truth.skeleton)} joints)",
        wanted="results of the ground truth's joints",
        hint=f"--joints names maps them by name; or convert the file: poseval convert "
        f"{shown(records.document.name)} OUT.json --to coco --gt {shown(truth.origin.name)}",
    )


def _parts(records: Records, joints: Skeleton) -> tuple[tuple[str, int], ...]:
    if is_whole_body(records.table.columns):
        return PARTS
    return (("keypoints", len(joints)),)


def _people(
    records: Records, parts: tuple[tuple[str, int], ...], row: Ints, rule: AreaRule
) -> tuple[People, list[Notice]]:
    table = records.table
    xy, joint_score = stack(table, parts)
    body = parts[0][1]
    box = table["bbox"].values.reshape(-1, 4)
    with_box = table["bbox"].given
    seen = predicted(xy, joint_score)
    area, notices = _areas(records, xy[:, :body], seen[:, :body], rule)
    extra: dict[str, Array] = {"order": np.arange(table.count, dtype=np.int64)}
    columns: dict[str, Array] = {
        "xy": xy,
        "seen": seen,
        "joint_score": joint_score,
        "score": table["score"].values,
        "area": area,
        "category": table["category_id"].values,
        "source_id": np.arange(1, table.count + 1, dtype=np.int64),
    }
    track = read_tracks(records)
    if track is not None:
        columns["track"] = track
    if with_box.any():
        extra["box_size"] = np.ascontiguousarray(box[:, 2:])
        columns["box"] = corners(box)
    for name in PART_SCORES:
        if name in table.columns:
            extra[name] = table[name].values
    order = by_frame(row)
    if order is not None:  # from here on nothing reads the records' own columns
        placed = put_in_order({**columns, **extra}, order)
        columns, extra = {name: placed[name] for name in columns}, {name: placed[name] for name in extra}
        row = row[order]
    return People(**columns, frame=row, extra=extra), notices


def _areas(records: Records, xy: Floats, seen: Array, rule: AreaRule) -> tuple[Floats, list[Notice]]:
    """Area [N] of each detection by the rule, and a notice about results that lack a box."""
    table = records.table
    with_box = table["bbox"].given
    box = table["bbox"].values.reshape(-1, 4)
    whole = records.document.first_fields
    first = bool(with_box[:1].any()) if whole is None else "bbox" in whole
    if rule is AreaRule.FIRST and not first:
        notices = []
        if with_box.any():
            count = int(with_box.sum())
            notices = [counted("N431", WITH_BOX, {"": count}, records.document.name)]
        if "segmentation" in first_record(records.document, records.key):
            text = f"{records.document.name}: areas are computed from the joints, not from the segmentation"
            notices.append(Notice("N431", text))
        return extent(xy), notices
    with np.errstate(over="ignore"):
        area = box[:, 2] * box[:, 3]
    without = np.flatnonzero(~with_box)
    if not len(without):
        return area, []
    area[without] = extent(xy[without], seen[without] if rule is AreaRule.OWN else None)
    if not with_box.any() and not (whole and first):
        return area, []
    return area, [counted("N431", WITHOUT_BOX, {"": len(without)}, records.document.name)]


def _check_crowding(document: Document, people: People, frames: int) -> None:
    """Raise P502 where one image has more detections than the limits allow."""
    most = int(np.bincount(people.frame, minlength=max(frames, 1)).max()) if len(people) else 0
    if most > document.limits.detections_per_frame:
        raise LimitError(
            "P502",
            where=document.name,
            what=f"has {most:,} results for one image",
            wanted=f"at most {document.limits.detections_per_frame:,}",
        )


def _categories(document: Document, people: People, truth: PoseSet) -> list[Notice]:
    """A notice about results of categories that the ground truth does not have; they never count."""
    column = people.category
    if not len(column) or (bool((column == column[0]).all()) and int(column[0]) in truth.categories):
        return []
    ids, counts = np.unique(column[~np.isin(column, list(truth.categories))], return_counts=True)
    strange = dict(zip(map(str, ids.tolist()), counts.tolist(), strict=True))
    return [counted("N418", FOREIGN, strange, document.name)] if strange else []
