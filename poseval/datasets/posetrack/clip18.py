"""Columns of one PoseTrack18 or PoseTrack21 file."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from poseval.datasets.containers.json_records import Records, Wanted
from poseval.datasets.containers.unread import Known
from poseval.datasets.files.document import Document
from poseval.datasets.posetrack.sequences import DEGENERATE, Clip, polygons_of_frames, skeleton
from poseval.errors import Faults, shown
from poseval.kernels import json as kj
from poseval.limits import Limits
from poseval.poses import Array, Bools, Floats, Ints, Notice
from poseval.poses.notices import Amount, counted
from poseval.skeletons import get_skeleton

JOINTS = get_skeleton("posetrack17slots").joints  # the 17 names of the official files; both ears are empty
ALIASES = {"neck": "head_bottom"}  # the name in poseval's output and in many converters

IMAGE_FIELDS = (
    kj.identifier("id"),
    kj.text("file_name"),
    kj.flag("is_labeled"),
    kj.nested("ignore_regions_x", nullable=True),
    kj.nested("ignore_regions_y", nullable=True),
    kj.number("width", nullable=True),
    kj.number("height", nullable=True),
)
IMAGE_OTHERS = frozenset(
    (
        *("frame_id", "vid_id", "nframes", "has_no_densepose", "has_labeled_person", "mask_file", "license"),
        *("coco_url", "original_file_name", "flickr_url", "date_captured"),
    )
)
PERSON_FIELDS = (
    kj.identifier("image_id"),
    kj.points("keypoints", 3),
    kj.ragged("scores", nullable=True),
    kj.integer("track_id", nullable=True),
    kj.fixed("bbox", 4, nullable=True),
    kj.fixed("bbox_head", 4, nullable=True),
    kj.number("score", nullable=True),
    kj.integer("person_id", nullable=True),
    kj.integer("id", nullable=True),
)
PERSON_OTHERS = frozenset(("category_id", "iscrowd", "num_keypoints", "area", "segmentation", "head_bbox"))
CATEGORY = Known("categories[].id", "categories[].name", "categories[].keypoints")
WANTED = {
    "keypoints": Wanted("a list of numbers", hint="three numbers per joint: x, y, visibility"),
    "scores": Wanted("a list of numbers"),
    "track_id": Wanted("an integer"),
    "person_id": Wanted("an integer"),
    "image_id": Wanted("an id"),
    "bbox": Wanted("a list of numbers", "4 numbers: x, y, width, height"),
    "bbox_head": Wanted("a list of numbers", "4 numbers: x, y, width, height"),
    "ignore_regions_x": Wanted("a list of polygons' x coordinates"),
    "ignore_regions_y": Wanted("a list of polygons' y coordinates"),
    "file_name": Wanted("a text"),
}

NAMELESS = Amount("files without categories, read in the official order of 17 joints: ")
FRACTIONS = Amount("people with fractions as visibility and no `scores`, from where alone scores are read: ")


def read_clip(document: Document, limits: Limits, faults: Faults) -> Clip | None:
    """One file; None when faults were found that leave nothing to go on with."""
    before = len(faults)
    table = document.columns(IMAGE_FIELDS, "images", limits.frames)
    images = Records(document, table, faults, "images", WANTED)
    table = document.columns(PERSON_FIELDS, "annotations")
    people = Records(document, table, faults, "annotations", WANTED)
    for records in (images, people):
        records.tell()
    images.need("id")
    people.need("image_id", "keypoints")
    notices: list[Notice] = []
    names = _joint_names(document, faults, notices)
    if len(faults) > before:
        return None
    notices += [*images.unknown(IMAGE_OTHERS), *people.unknown(PERSON_OTHERS)]
    image = _image_of(images, people)
    xy, seen, joint_score, whole = _joints(people, names, image, len(images.table.offset), notices)
    vertices, start, region_image = _regions(images, limits, notices)
    if len(faults) > before:
        return None
    head_box = _boxes(people, "bbox_head")
    size = np.stack([images.table["width"].values, images.table["height"].values], axis=1)
    return Clip(
        document=document,
        key=_texts_of(images.table["id"]),
        path=images.table["file_name"].strings(),
        labelled=images.table["is_labeled"].values,
        size=size,
        image=image,
        people={
            "xy": xy,
            "seen": seen,
            "joint_score": joint_score,
            "track": people.table["track_id"].values,
            "box": _boxes(people, "bbox"),
            "score": people.table["score"].values,
            "source_id": people.table["id"].values,
        },
        tracked=people.table["track_id"].given,
        extra={
            "head_box": head_box,
            **(
                {"person_id": people.table["person_id"].values}
                if people.table["person_id"].given.any()
                else {}
            ),
            **({"whole": whole} if whole.any() else {}),
        },
        vertices=vertices,
        region_start=start,
        region_image=region_image,
        notices=notices,
    )


def _joint_names(document: Document, faults: Faults, notices: list[Notice]) -> list[str]:
    """Names of the keypoints in this file, by its categories, or the official 17 where it has none."""
    wanted = list(JOINTS)
    entry = document.outline.by_key().get("categories")
    categories = [] if entry is None else document.tree(entry.start, entry.end, CATEGORY, "categories")
    where = f"{document.name}: categories"
    if not isinstance(categories, list) or not all(isinstance(item, Mapping) for item in categories):
        faults.add("P203", where=where, what="is not a list of categories")
        return wanted
    if not categories:
        notices.append(counted("N470", NAMELESS, {"": 1}))
        return wanted
    if len(categories) > 1:
        faults.add(
            "P274", where=where, what=f"lists {len(categories)} categories", wanted="one category, the person"
        )
        return wanted
    names = categories[0].get("keypoints")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        faults.add(
            "P274",
            where=f"{where}[0].keypoints",
            what="is not a list of joint names",
            wanted="17 or 15 names",
        )
        return wanted
    return _canonical(names, where, faults, notices)


def _canonical(names: list[str], where: str, faults: Faults, notices: list[Notice]) -> list[str]:
    found = [ALIASES.get(name, name) for name in names]
    renamed = sorted(set(names) & ALIASES.keys())
    if renamed:
        wording = Amount(f"files with joint {renamed[0]}, read as {ALIASES[renamed[0]]}: ")
        notices.append(counted("N473", wording, {"": 1}))
    lacking = [name for name in skeleton().joints if name not in found]
    if lacking or len(set(found)) < len(found):
        faults.add(
            "P275",
            where=f"{where}[0].keypoints",
            what=f"lacks {', '.join(lacking[:6])}" if lacking else "names a joint twice",
            wanted="the 15 joints of PoseTrack, by name",
            hint=f"rename a joint; the file has {', '.join(shown(name, 30) for name in names[:17])}"
            if lacking
            else None,
        )
    return found


def _texts_of(column: kj.Column) -> Array:
    """Ids as text: numbers and texts as they stand."""
    if not len(column.words):
        return np.asarray(column.values.astype(np.str_))
    text = column.strings()
    number = column.values.astype(np.str_)
    return np.where(column.codes >= 0, text, number)


def _image_of(images: Records, people: Records) -> Ints:
    """Row of each person's image; a fault for people of an image that the file does not list."""
    listed, asked = images.table["id"], people.table["image_id"]
    if len(listed.words) or len(asked.words):
        known, wanted = _texts_of(listed), _texts_of(asked)
    else:
        known, wanted = listed.values, asked.values
    if not len(known):
        found = np.full(len(wanted), -1, dtype=np.int64)
    else:
        order = np.argsort(known, kind="stable")
        place = np.minimum(np.searchsorted(known[order], wanted), len(known) - 1)
        found = np.where(known[order][place] == wanted, order[place], -1).astype(np.int64)
    people.refuse(
        found < 0,
        "P276",
        lambda row: f"is {shown(wanted[row])}, an image that the file does not list",
        name="image_id",
        wanted="the id of one of its images",
    )
    return np.maximum(found, 0)


def _joints(
    people: Records, names: list[str], image: Ints, images: int, notices: list[Notice]
) -> tuple[Floats, Array, Floats, Bools]:
    """Coordinates, visibility and scores of the 15 joints, and which people's numbers are all integers."""
    keypoints, scores = people.table["keypoints"], people.table["scores"]
    count, joints = len(image), len(names)
    people.refuse(
        keypoints.lengths != joints,
        "P204",
        lambda row: f"has {keypoints.lengths[row]} points",
        name="keypoints",
        wanted=f"{joints} points of x, y, visibility ({'as its categories name' if joints != 17 else '17'})",
    )
    wrong = (scores.lengths != joints) & (scores.lengths > 0)
    people.refuse(
        wrong,
        "P204",
        lambda row: f"has {scores.lengths[row]} numbers",
        name="scores",
        wanted=f"{joints}, one per keypoint, or none",
    )
    order = np.asarray([names.index(name) for name in skeleton().joints])
    xy = np.zeros((count, len(order), 2))
    seen = np.zeros((count, len(order)), dtype=np.int8)
    score = np.full((count, len(order)), np.nan)
    if wrong.any() or (keypoints.lengths != joints).any() or not count:
        return xy, seen, score, np.zeros(count, dtype=np.bool_)
    xy = keypoints.values.reshape(count, joints, 2)[:, order]
    visible = keypoints.tail.reshape(count, joints)
    present = (xy[..., 0] != 0) | (xy[..., 1] != 0) | (visible[:, order] != 0)
    seen = np.where(visible[:, order] == 0, 1, 2).astype(np.int8) * present
    given = scores.lengths > 0
    score[given] = scores.values.reshape(-1, joints)[:, order]
    score[~present] = np.nan  # files hold zeros there
    if not given.all() and bool(((visible > 0) & (visible < 1)).any()):
        notices.append(counted("N474", FRACTIONS, {"": int((~given).sum())}))
    return xy, seen, score, _whole(people, image, images)


def _whole(people: Records, image: Ints, images: int) -> Bools:
    """Whether each person's image has only integers as keypoint numbers.

    The PoseTrack21 kit stores scores in an array that is of integers for such frames. Only where all values
    of a frame are whole is the text itself looked at, because `100.0` is written like a fraction.
    """
    keypoints = people.table["keypoints"]
    count = len(image)
    values = np.concatenate([keypoints.values.reshape(count, -1), keypoints.tail.reshape(count, -1)], axis=1)
    fractional = (values != np.floor(values)).any(axis=1)
    mixed = np.bincount(image[fractional], minlength=images) > 0
    candidates = np.flatnonzero(~mixed[image])
    whole = ~mixed[image]
    if not len(candidates):
        return whole
    spans = people.document.columns((kj.span("keypoints"),), "annotations")["keypoints"].values.reshape(-1, 2)
    data = people.document.data
    for row in candidates.tolist():
        text = data[spans[row, 0] : spans[row, 1]]
        if b"." in text or b"e" in text or b"E" in text:
            mixed[image[row]] = True
    out: Bools = ~mixed[image]
    return out


def _boxes(people: Records, name: str) -> Floats:
    """Corners x0 y0 x1 y1 [N, 4] of boxes that the file gives as x, y, width, height."""
    box = people.table[name].values.reshape(-1, 4).copy()
    people.refuse(
        (box[:, 2:] < 0).any(axis=1),
        "P304",
        "has a negative width or height",
        name=name,
        wanted="x, y, width, height",
    )
    box[:, 2:] += box[:, :2]
    out: Floats = box
    return out


def _regions(images: Records, limits: Limits, notices: list[Notice]) -> tuple[Floats, Ints, Ints]:
    """Ignore polygons: vertices, offsets and image of each."""
    x, y = images.table["ignore_regions_x"], images.table["ignore_regions_y"]
    same = x.lengths == y.lengths
    images.refuse(
        ~same,
        "P204",
        lambda row: f"lists {y.lengths[row]} polygons, ignore_regions_x {x.lengths[row]}",
        name="ignore_regions_y",
        wanted="as many polygons in both",
    )
    if not same.all():
        return np.zeros((0, 2)), np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int64)
    image = np.repeat(np.arange(len(same)), x.lengths)
    uneven = np.diff(x.inner) != np.diff(y.inner)
    if uneven.any():
        rows = np.zeros(len(same), dtype=np.bool_)
        rows[image[uneven]] = True
        images.refuse(rows, "P204", "has polygons with other numbers of vertices than in ignore_regions_x",
                      name="ignore_regions_y", wanted="one y for each x")  # fmt: skip
        return np.zeros((0, 2)), np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int64)
    vertices = np.stack([x.values, y.values], axis=1)
    vertices, start, image, degenerate = polygons_of_frames(
        vertices, x.inner, image, limits, images.document.name
    )
    if degenerate:
        notices.append(counted("N471", DEGENERATE, {"": degenerate}))
    return vertices, start, image
