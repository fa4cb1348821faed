"""Images and categories of a COCO file that holds predictions: its ids and joint order are its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from poseval.datasets.coco.categories import Given, choose_skeleton, read_categories
from poseval.datasets.coco.images import Placed, place, read_images
from poseval.datasets.coco.result_lists import ANNOTATIONS, list_key
from poseval.datasets.containers.json_records import Records
from poseval.datasets.files.document import Document
from poseval.errors import Faults, InputError
from poseval.poses import Frames, Notice, People, PoseSet
from poseval.poses.frame_names import place as by_name
from poseval.skeletons import Skeleton

NAMES = ("file name", "stem", "base name", "path end", "spelling")


@dataclass(frozen=True)
class OwnTables:
    """Images and joints that a file of predictions lists itself; None where it lists none."""

    frames: Frames | None = None
    skeleton: Skeleton | None = None
    notices: tuple[Notice, ...] = ()


def own_tables(document: Document, key: str, faults: Faults) -> OwnTables:
    """The images and joints that an object lists beside its results; nothing for a bare list."""
    keys = document.outline.by_key()
    if key != ANNOTATIONS or "images" not in keys:
        return OwnTables()
    frames, notices = read_images(document, faults)
    categories = read_categories(document, faults)
    if len({*categories.joints.values()}) != 1:
        return OwnTables(frames, None, tuple(notices))
    try:
        skeleton, more = choose_skeleton(document, categories, categories.joints, Given(0, False))
    except InputError:  # names that are no skeleton: the joints are the ground truth's, as in a bare list
        return OwnTables(frames, None, tuple(notices))
    return OwnTables(frames, skeleton, (*notices, *more))


def own_frames(document: Document) -> PoseSet | None:
    """The images and joints of a whole file of predictions, as a set without people; None of any other.

    Raises:
        InputError: what is wrong with its images and categories.
    """
    if document.outline.kind != "object" or list_key(document) != ANNOTATIONS:
        return None
    faults = Faults()
    own = own_tables(document, ANNOTATIONS, faults)
    faults.raise_if_any()
    if own.frames is None or own.skeleton is None:
        return None
    nobody = People(np.zeros((0, len(own.skeleton), 2)), np.zeros(0, dtype=np.int64))
    names = read_categories(document, faults).names or {1: "person"}
    return PoseSet(own.skeleton, own.frames, nobody, categories=names)


def place_by_own(records: Records, own: OwnTables, frames: Frames) -> Placed:
    """The frame of each record: by the names of the file's own images where all of the ground truth's are
    found.

    If names and ids lead to different images, the names are used, because ids differ between programs.
    """
    if own.frames is None or not (own.frames.path != "").any():
        return place(records, frames, numbered=True)
    mine = place(records, own.frames)
    if (mine.row < 0).any() or not len(mine.row):
        return place(records, frames, numbered=True)
    found = by_name(own.frames, frames, np.unique(mine.row), NAMES)
    if found.way is None or found.others:
        return place(records, frames, numbered=True)
    row = found.row[mine.row]
    by_id = place(records, frames, numbered=True)
    if np.array_equal(row, by_id.row):
        return by_id
    text = (
        f"{records.document.name}: image ids differ from those of the ground truth; "
        f"images were paired by {found.way}"
    )
    return Placed(row, [*mine.notices, Notice("N402", text)])
