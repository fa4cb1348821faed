"""The annotations of a COCO file as columns, and what is wrong with single values of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from poseval.datasets.coco.categories import length_text
from poseval.datasets.coco.keypoints import PART_FIELDS, typical_joints
from poseval.datasets.coco.result_lists import first_record
from poseval.datasets.containers.json_records import Records, Wanted
from poseval.datasets.files.document import Document
from poseval.errors import Faults
from poseval.kernels import json as kj
from poseval.poses import Bools
from poseval.skeletons import Skeleton

BOXES_HINT = (
    "give person_keypoints_*.json, not instances_*.json, which has only boxes; write "
    '"keypoints": [] for a person whose joints were not labelled'
)
AREA_HINT = "read it with optional=['area'], and take areas from the boxes with --metric 'oks_ap(area=box)'"
FIELDS = (
    kj.integer("id"),
    kj.identifier("image_id"),
    kj.integer("category_id"),
    kj.points("keypoints"),
    kj.number("area", nullable=True),
    kj.fixed("bbox", 4, nullable=True),
    kj.flag("iscrowd"),
    kj.integer("num_keypoints", nullable=True),
)
# Read only where a file has them: a column of nothing costs memory.
OPTIONAL = {
    "foot_kpts": kj.points("foot_kpts"),
    "face_kpts": kj.points("face_kpts"),
    "lefthand_kpts": kj.points("lefthand_kpts"),
    "righthand_kpts": kj.points("righthand_kpts"),
    "pad_to_contain": kj.ragged("pad_to_contain"),
    "ignore": kj.flag("ignore"),
}
# Fields that COCO files are known to have and that no score needs.
EXPECTED = frozenset(
    [
        "segmentation",
        "caption",
        "track_id",
        "bbox_head",
        "scores",
        "center",
        "scale",
        "attributes",
        "annotator",
        "self_contact",
        "keypoints_21",
        "num_keypoints_21",
        "keypoints_3d",
        "face_box",
        "lefthand_box",
        "righthand_box",
        "foot_box",
        "face_valid",
        "lefthand_valid",
        "righthand_valid",
        "foot_valid",
        "box_size",
        "visibility",
        "num_joints",
    ]
)
SCORE = "score"  # of a prediction
POINTS = Wanted("a list of numbers x, y, v, ...")
WANTED = {
    "id": Wanted("an integer"),
    "image_id": Wanted("an integer or a text"),
    "category_id": Wanted("an integer"),
    "bbox": Wanted("a list of 4 numbers", "x, y, width, height"),
    "iscrowd": Wanted("0 or 1"),
    "num_keypoints": Wanted("an integer"),
    "pad_to_contain": Wanted("a list of numbers"),
    **dict.fromkeys(PART_FIELDS, POINTS),
}


def read_annotations(document: Document, key: str, faults: Faults, skeleton: Skeleton | None) -> Records:
    """The columns of the annotations, with those optional fields that occur anywhere in them."""
    kinds = first_record(document, key)
    optional = dict(OPTIONAL)
    if skeleton is not None:
        for field in (kj.points(f"keypoints_{len(skeleton)}"), kj.integer(f"num_keypoints_{len(skeleton)}")):
            optional[field.name] = field
    chosen = {name: field for name, field in optional.items() if name in kinds}
    while True:
        table = document.columns((*FIELDS, *chosen.values()), key or None)
        late = {name: optional[name] for name in table.unknown if name in optional}
        if not late:
            return Records(document, table, faults, key, _wanted(skeleton))
        chosen |= late


def _wanted(skeleton: Skeleton | None) -> Mapping[str, Wanted]:
    length = "three numbers per joint" if skeleton is None else length_text(skeleton)
    return {**WANTED, "keypoints": Wanted(POINTS.kind, length)}


def points_field(records: Records, skeleton: Skeleton | None) -> str:
    """`keypoints`, or a field with another joint set of the same people: Human-Art's `keypoints_21`."""
    if skeleton is not None:
        name = f"keypoints_{len(skeleton)}"
        if name in records.table.columns and typical_joints(records) != len(skeleton):
            return name
    return "keypoints"


def count_field(records: Records, parts: tuple[tuple[str, int], ...]) -> kj.Column:
    own = f"num_{parts[0][0]}"
    return records.table[own if own in records.table.columns else "num_keypoints"]


def check_values(records: Records, area_optional: bool) -> None:
    """Faults of single values: ids twice, negative counts and boxes, impossible areas."""
    table = records.table
    ordered = np.sort(table["id"].values)
    if bool((ordered[1:] == ordered[:-1]).any()):
        _, first, count = np.unique(table["id"].values, return_index=True, return_counts=True)
        given = table["id"].given
        for at, times in zip(first[count > 1].tolist(), count[count > 1].tolist(), strict=True):
            if not given[at]:
                continue
            later = np.flatnonzero(table["id"].values == table["id"].values[at])[1]
            records.faults.add(
                "P305",
                where=records.at(int(later), "id"),
                what=f"{int(table['id'].values[at])} is the id of {times} annotations "
                f"(first: {records.at(at).removeprefix(f'{records.document.name}: ')})",
                wanted="one annotation per id",
            )
            if len(records.faults) > records.faults.KEPT:
                break
    count_column = table["num_keypoints"]
    records.refuse(
        count_column.given & (count_column.values < 0),
        "P306",
        lambda row: f"is {int(count_column.values[row])}",
        name="num_keypoints",
        wanted="0 or more",
    )
    size = table["bbox"].values.reshape(-1, 4)[:, 2:]
    records.refuse(
        (size < 0).any(axis=1),
        "P307",
        lambda row: f"has width {size[row, 0]:g} and height {size[row, 1]:g}",
        name="bbox",
        wanted="x, y, width, height, neither of them negative",
    )
    if not area_optional:
        records.refuse(table["area"].mark == kj.ABSENT, "P206", "is missing", name="area", hint=AREA_HINT)
        records.refuse(
            table["area"].mark == kj.NULL, "P302", "is null", name="area", wanted="a number", hint=AREA_HINT
        )
        records.refuse(
            _scored(table) & (table["area"].values <= 0),
            "P304",
            lambda row: f"is {table['area'].values[row]:g} for a person that counts",
            name="area",
            wanted="square pixels, more than 0",
            hint=AREA_HINT,
        )


def _scored(table: kj.Columns) -> Bools:
    """Whether each person [N] counts: not a crowd, and not listed with zero keypoints."""
    counted: Bools = (table["iscrowd"].values != 1) & (table["num_keypoints"].values != 0)
    return counted
