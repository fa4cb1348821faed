"""Keypoint lists of COCO records as [N, K, 2] coordinates and their third numbers [N, K]."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from poseval.datasets.coco.categories import length_hint, length_text, most_common
from poseval.datasets.containers.json_records import Records
from poseval.kernels import json as kj
from poseval.kernels.poses import group_order
from poseval.poses import Floats, Ints
from poseval.skeletons import Skeleton

# Whole-body files keep each part of the 133 joints in a field of its own, in this order.
PARTS = (
    ("keypoints", 17),
    ("foot_kpts", 6),
    ("face_kpts", 68),
    ("lefthand_kpts", 21),
    ("righthand_kpts", 21),
)
PART_FIELDS = tuple(name for name, _ in PARTS[1:])


def is_whole_body(keys: Collection[str]) -> bool:
    """Whether the fields of a record hold all parts of a whole body."""
    return all(name in keys for name in PART_FIELDS)


def typical_joints(records: Records) -> int:
    """The most common number of joints among the records that have keypoints."""
    column = records.table["keypoints"]
    lengths = column.lengths[column.lengths > 0]
    if not len(lengths):
        return 0
    first = int(lengths[0])
    return first if bool((lengths == first).all()) else most_common(lengths.tolist())


def check_lengths(
    records: Records,
    parts: tuple[tuple[str, int], ...],
    skeleton: Skeleton,
    may_be_empty: bool = False,
    nameless: bool = False,
) -> None:
    """Faults (P204) for keypoint lists of another length; lists of other things have a fault already.

    For `nameless` files, which have no joint names, the message proposes --skeleton.
    """
    for name, joints in parts:
        records.faults.stage += 1
        column = records.table[name]
        odd = column.given & (column.lengths != joints)
        if may_be_empty:
            odd &= column.lengths > 0
        if not odd.any():
            continue
        reported = {
            fault.record for fault in records.table.faults if (fault.field, fault.kind) == (name, "length")
        }
        odd[list(reported)] = False
        lengths = column.lengths
        for count in np.unique(lengths[odd]).tolist():
            records.refuse(
                odd & (lengths == count),
                "P204",
                f"has {3 * count} numbers",
                name=name,
                wanted=length_text(skeleton, joints),
                hint=length_hint(3 * count, nameless),
            )


def stack(table: kj.Columns, parts: tuple[tuple[str, int], ...]) -> tuple[Floats, Floats]:
    """Coordinates [N, K, 2] and third numbers [N, K] of the parts side by side; lengths are checked.

    An empty list becomes zeros.
    """
    found = [_part(table, name, joints) for name, joints in parts]
    if len(parts) == 1:
        return found[0]
    return np.concatenate([xy for xy, _ in found], axis=1), np.concatenate([z for _, z in found], axis=1)


def _part(table: kj.Columns, name: str, joints: int) -> tuple[Floats, Floats]:
    column = table[name]
    whole = column.lengths == joints
    if whole.all():
        return column.values.reshape(table.count, joints, 2), column.tail.reshape(table.count, joints)
    xy, third = np.zeros((table.count, joints, 2)), np.zeros((table.count, joints))
    xy[whole], third[whole] = column.values.reshape(-1, joints, 2), column.tail.reshape(-1, joints)
    return xy, third


def by_frame(row: Ints) -> Ints | None:
    """Stable order of records by frame, leaving out -1; None when they stand in that order already."""
    if not len(row) or (int(row[0]) >= 0 and bool((row[1:] >= row[:-1]).all())):
        return None
    return group_order(row, int(row.max()) + 1)


def corners(box: Floats) -> Floats:
    """x0 y0 x1 y1 [N, 4] of boxes x y width height."""
    return np.concatenate([box[:, :2], box[:, :2] + box[:, 2:]], axis=1)
