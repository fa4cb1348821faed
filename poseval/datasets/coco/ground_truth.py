"""COCO ground truth as a pose set, every contradiction in it reported or refused.

Source: cocodataset.org/#format-data; what pycocotools 2.0.11 requires (coco.py, cocoeval.py `_prepare`). The
same rules hold under every rule set: none of pycocotools' quirks is in how it loads ground truth.
"""

from __future__ import annotations

import numpy as np

from poseval.datasets.coco.annotations import (
    BOXES_HINT,
    EXPECTED,
    OPTIONAL,
    SCORE,
    check_values,
    count_field,
    points_field,
    read_annotations,
)
from poseval.datasets.coco.categories import Categories, Given, choose_skeleton, read_categories
from poseval.datasets.coco.classes import asked_class, of_classes, scored_classes
from poseval.datasets.coco.images import place, read_images
from poseval.datasets.coco.keypoints import (
    PARTS,
    by_frame,
    check_lengths,
    corners,
    is_whole_body,
    stack,
    typical_joints,
)
from poseval.datasets.coco.shape import check_truth, is_image_list
from poseval.datasets.coco.tracks import read_tracks
from poseval.datasets.containers.json_records import Records
from poseval.datasets.files.document import Document
from poseval.errors import Faults, LimitError, number_of
from poseval.kernels.poses import put_in_order
from poseval.poses import Array, Floats, Frames, Ints, Notice, Origin, People, PoseSet
from poseval.skeletons import Skeleton


def read_truth(
    document: Document,
    skeleton: Skeleton | None = None,
    optional: frozenset[str] = frozenset(),
    category: str | None = None,
) -> PoseSet:
    """A COCO ground-truth file.

    Frames are all images in ascending order of id. People keep the order of the file inside a frame.
    Further columns: `num_keypoints` [N] int64 as the file says, `box_size` [N, 2] float64 width and height as
    the file has them, `order` [N] int64 record in the file; where the file has them `pad_to_contain` [N, K]
    float64 and `ignore` [N] bool. The parts of whole-body files are one skeleton of 133 joints. With "area"
    among the `optional` columns, people may lack an area or have an unusable one. Annotations of another
    class than the `category` that is asked for, and of classes without keypoints, are left out and counted.
    A list of images without annotations is a set without people.

    Raises:
        UsageError: P102 a category that the file does not have.
        InputError: everything that is wrong with the file.
    """
    check_truth(document)
    faults = Faults()
    frames, notices = read_images(document, faults)
    everyone = read_categories(document, faults)
    categories = asked_class(everyone, category)
    if is_image_list(document):
        return _without_people(document, frames, skeleton, categories, notices)
    if category is None:
        categories = scored_classes(document, categories)
    listed, key, more = of_classes(document, "annotations", everyone, categories)
    notices += more
    records = read_annotations(listed, key, faults, skeleton)
    records.tell()
    records.need("id", "image_id", "category_id")
    name = points_field(records, skeleton)
    whole_body = is_whole_body(records.table.columns)
    if skeleton is None or name == "keypoints":
        used = sorted(set(records.table["category_id"].values.tolist()))
        given = Given(typical_joints(records), whole_body, skeleton)
        skeleton, more = choose_skeleton(document, categories, used, given)
        notices += more
    parts = PARTS if whole_body and len(skeleton) == 133 else ((name, len(skeleton)),)
    records.need(*(part for part, _ in parts), hint=BOXES_HINT)
    nameless = not categories.joints
    check_lengths(records, parts, skeleton, may_be_empty=True, nameless=nameless)
    check_values(records, "area" in optional)
    faults.raise_if_any()
    placed = place(records, frames)
    faults.raise_if_any()
    notices += placed.notices
    row, more = _without_unlisted(records, placed.row)
    people, more_people = _people(records, parts, row, skeleton)
    notices += [*more, *more_people]
    _check_crowding(document, people, len(frames))
    names, more = _category_names(document, categories, people)
    notices += more
    notices += [*_with_scores(records), *records.unknown(EXPECTED | OPTIONAL.keys() | {SCORE})]
    origin = Origin(document.path, document.sha256, "coco", records.table.count, tuple(notices))
    return PoseSet(skeleton, frames, people, origin=origin, categories=names)


def _without_people(
    document: Document,
    frames: Frames,
    skeleton: Skeleton | None,
    categories: Categories,
    notices: list[Notice],
) -> PoseSet:
    """The images of a test set, whose annotations its makers keep."""
    if skeleton is None:
        skeleton, more = choose_skeleton(document, categories, (), Given(0, False))
        notices += more
    text = (
        f"{document.name}: is a list of images without annotations, so results can be checked but not scored"
    )
    notices.append(Notice("N541", text, len(frames)))
    origin = Origin(document.path, document.sha256, "coco", 0, tuple(notices))
    people = People(np.zeros((0, len(skeleton), 2)), np.zeros(0, dtype=np.int64))
    return PoseSet(skeleton, frames, people, origin=origin, categories=categories.names or {1: "person"})


def _without_unlisted(records: Records, row: Ints) -> tuple[Ints, list[Notice]]:
    """Leave out annotations of images that are not listed, as pycocotools does, and say so."""
    lost = int((row < 0).sum())
    if not lost:
        return row, []
    text = (
        f"{records.document.name}: {lost} of {len(row)} annotations belong to images that are not listed "
        "and were left out"
    )
    return row, [Notice("N412", text, lost)]


def _people(
    records: Records, parts: tuple[tuple[str, int], ...], row: Ints, skeleton: Skeleton
) -> tuple[People, list[Notice]]:
    table = records.table
    xy, flags = stack(table, parts)
    seen, notices = _seen(records, flags)
    labelled = (seen[:, : parts[0][1]] > 0).sum(axis=1).astype(np.int64)
    given, crowd = count_field(records, parts), table["iscrowd"]
    counts = np.where(given.given, given.values, labelled)
    box = table["bbox"].values.reshape(-1, 4)
    for code, rows, text in (
        (
            "N542",
            table[parts[0][0]].lengths == 0,
            "with an empty list of keypoints: their joints were not labelled",
        ),
        ("N414", ~given.given, "without num_keypoints; counted from the flags"),
        ("N413", ~crowd.given, "without iscrowd; taken as 0"),
        ("N425", ~table["bbox"].given, "without bbox"),
    ):
        if rows.any():
            count = int(rows.sum())
            notices.append(
                Notice(code, f"{records.document.name}: {number_of(count, 'annotation')} {text}", count)
            )
    extra: dict[str, Array] = {
        "num_keypoints": counts,
        "box_size": np.ascontiguousarray(box[:, 2:]),
        "order": np.arange(table.count, dtype=np.int64),
    }
    if "ignore" in table.columns:
        extra["ignore"] = table["ignore"].values == 1
    if "pad_to_contain" in table.columns:
        extra["pad_to_contain"] = _padding(records, len(skeleton))
    columns: dict[str, Array] = {
        "xy": xy,
        "frame": row,
        "seen": seen,
        "area": table["area"].values,
        "box": corners(box),
        "crowd": crowd.values == 1,
        "category": table["category_id"].values,
        "source_id": table["id"].values,
    }
    track = read_tracks(records)
    if track is not None:
        columns["track"] = track
    order = by_frame(row)
    if order is not None:  # from here on nothing reads the records' own columns
        placed = put_in_order({**columns, **extra}, order)
        columns, extra = {name: placed[name] for name in columns}, {name: placed[name] for name in extra}
    return People(**columns, extra=extra), notices


def _with_scores(records: Records) -> list[Notice]:
    """A notice about annotations with a score, as predictions have it."""
    if SCORE not in records.table.unknown:
        return []
    text = (
        f"{records.document.name}: the annotations have a score, as predictions do; they were read as ground "
        "truth. Are they what a model predicted?"
    )
    return [Notice("N555", text, records.table.unknown[SCORE])]


def _seen(records: Records, flags: Floats) -> tuple[Array, list[Notice]]:
    """0 not labelled, 1 hidden, 2 visible, 3 outside the window (Ex-OKS); any flag above 0 is labelled.

    Whole-body files have confidences for flags in some parts: those between 0 and 2 are hidden.
    """
    with np.errstate(invalid="ignore"):
        seen = flags.astype(np.int8)
    if bool((seen == flags).all()) and seen.min(initial=0) >= 0 and seen.max(initial=0) <= 3:
        return seen, []
    seen[...] = 0
    seen[flags > 0] = 1
    seen[flags >= 2] = 2
    seen[flags == 3] = 3
    odd = int(((flags < 0) | (flags > 3)).sum())
    if not odd:
        return seen, []
    text = f"{records.document.name}: {odd} visibility flags are below 0 (read as not labelled) or above 3"
    return seen, [Notice("N428", text, odd)]


def _padding(records: Records, joints: int) -> Floats:
    column = records.table["pad_to_contain"]
    odd = column.lengths != joints
    records.refuse(
        odd,
        "P204",
        lambda row: f"has {int(column.lengths[row])} numbers",
        name="pad_to_contain",
        wanted=f"{joints} numbers, one per joint",
    )
    records.faults.raise_if_any()
    padding: Floats = column.values.reshape(-1, joints)
    return padding


def _check_crowding(document: Document, people: People, frames: int) -> None:
    """Raise P502 where one image has more people than the limits allow."""
    most = int(np.bincount(people.frame, minlength=max(frames, 1)).max()) if len(people) else 0
    if most > document.limits.people_per_frame:
        raise LimitError(
            "P502",
            where=f"{document.name}: annotations",
            what=f"has {most:,} people in one image",
            wanted=f"at most {document.limits.people_per_frame:,}",
        )


def _category_names(
    document: Document, categories: Categories, people: People
) -> tuple[dict[int, str], list[Notice]]:
    """The categories of the file; those in use where it lists none."""
    used = sorted(set(people.category.tolist()))
    if not categories.names:
        names = {key: f"category {key}" for key in used} or {1: "person"}
        return names, [
            Notice("N429", f"{document.name}: lists no categories; those of its annotations were used")
        ]
    strange = [key for key in used if key not in categories.names]
    if not strange:
        return categories.names, []
    count = int(np.isin(people.category, strange).sum())
    text = f"{document.name}: {number_of(count, 'annotation')} of categories that are not listed: not counted"
    return categories.names, [Notice("N418", text, count)]
