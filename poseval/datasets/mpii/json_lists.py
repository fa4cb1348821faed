"""MPII ground truth as JSON lists: HRNet's and mmpose's `valid.json`, and pytorch-pose's
`mpii_annotations.json`.

HRNet: {image, joints [16][x, y], joints_vis [16] 0/1, center, scale}, one-based, (-1, -1) or (0, 0) where
missing. pytorch-pose: {img_paths, joint_self [16][x, y, v], isValidation, objpos, scale_provided}; v is 0 for
hidden joints, and missing ones are (0, 0, 0). Neither holds head sizes: they are taken from a file beside it
(`gt_valid.mat`, `mpii_gt_val.mat`, `detections_our_format.mat` or `mpii_headboxes.npy`) that lists as many
people.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

import numpy as np

from poseval.datasets.base import Dataset, Losses, ReadOptions, Role, WriteOptions
from poseval.datasets.containers import mat, mat_arrays, npy
from poseval.datasets.files.document import Document
from poseval.datasets.files.source import Source
from poseval.datasets.mpii.gt_valid import head_sizes
from poseval.datasets.mpii.json_write import write_list
from poseval.datasets.single_person.pairing import origin_of, single_set
from poseval.errors import Fault, Faults, error_of, shown
from poseval.kernels import json as kj
from poseval.limits import Limits
from poseval.poses import Array, Bools, Floats, Notice, PoseSet
from poseval.skeletons import get_skeleton

HRNET = (
    kj.text("image"),
    kj.nested("joints"),
    kj.ragged("joints_vis"),
    kj.fixed("center", 2),
    kj.number("scale"),
)
PYTORCH_POSE = (
    kj.text("img_paths"),
    kj.nested("joint_self"),
    kj.fixed("objpos", 2),
    kj.number("scale_provided"),
    kj.number("isValidation"),
)
HEAD_FILES = ("gt_valid.mat", "mpii_gt_val.mat", "detections_our_format.mat", "mpii_headboxes.npy")
NO_HEADS = Notice(
    "N443",
    "the file has no head sizes, and there is no file with them next to it (gt_valid.mat, mpii_gt_val.mat, "
    "detections_our_format.mat, mpii_headboxes.npy)",
)


class MpiiJson(Dataset):
    """HRNet's, mmpose's and pytorch-pose's lists of MPII people."""

    name: ClassVar[str] = "mpii-json"
    title: ClassVar[str] = "MPII ground truth as a JSON list (HRNet, mmpose, pytorch-pose)"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH})
    writes: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH})
    holds: ClassVar[frozenset[str]] = frozenset({"joints", "joint names", "head sizes"})

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by the keys of the first record."""
        try:
            if source.is_folder or not source.document.is_json or source.document.outline.kind != "array":
                return 0.0
            keys = source.document.outline.by_key().keys()
        except Exception:
            return 0.0
        if {"image", "joints", "joints_vis"} <= keys or {"img_paths", "joint_self"} <= keys:
            return 1.0
        return 0.7 if {"image", "center", "scale"} <= keys else 0.0

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """The ground truth; of pytorch-pose's list the people marked as validation, where there are any.

        Raises:
            FormatError: P203 to P206 for records of another form; a list without joints is the test list.
            ValueRangeError: P301 for coordinates that are not finite.
        """
        document = source.document
        old = "joint_self" in document.outline.by_key()
        fields = PYTORCH_POSE if old else HRNET
        table = document.columns(fields)
        faults = Faults()
        _tell(document, table, faults)
        faults.raise_if_any()
        joints = table["joint_self" if old else "joints"]
        if not joints.given.any():
            raise error_of(
                [
                    Fault(
                        "P206",
                        document.name,
                        "has no joints. This is the list of test images, whose ground truth is not public",
                        "validation or training people",
                    )
                ]
            )
        width = 3 if old else 2
        _check_shape(document, joints, width, faults)
        faults.raise_if_any()
        points = joints.values.reshape(table.count, 16, width)
        seen = _seen_old(points) if old else _seen(document, table)
        kept = np.ones(table.count, dtype=np.bool_)
        if old and (table["isValidation"].values == 1).any():
            kept = table["isValidation"].values == 1
        heads, notices = head_column(source.path.parent, int(kept.sum()), source.limits)
        centre, scale = ("objpos", "scale_provided") if old else ("center", "scale")
        columns = {
            "xy": points[kept][..., :2] - 1,
            "seen": seen[kept],
            "head": heads,
            "source_id": np.flatnonzero(kept),
            "extra": {
                "center": table[centre].values.reshape(-1, 2)[kept],
                "scale": table[scale].values[kept],
            },
        }
        images = table["img_paths" if old else "image"].strings()[kept].tolist()
        origin = origin_of(document, self.name, table.count, notices, base=1)
        return single_set(get_skeleton("mpii16"), columns, origin, images)

    def write(self, poses: PoseSet, path: Path, options: WriteOptions) -> Losses:
        """HRNet's list, and the head boxes beside it.

        Raises:
            MismatchError: P404 other joints. UsageError: P131 a file exists, P137 it cannot be written.
        """
        return write_list(poses, path, options, self.holds)


def head_column(folder: Path, count: int, limits: Limits) -> tuple[Floats, list[Notice]]:
    """Head sizes [N] from a file beside a list of N people; without such a file NaN, with a notice."""
    for name in HEAD_FILES:
        path = folder / name
        if not os.path.isfile(path):
            continue
        document = Document.open(path, limits)
        boxes: Array
        if npy.is_npy(document):
            boxes = np.asarray(npy.load(document)[""], dtype=np.float64)
        elif mat.is_mat(document):
            found = mat.load(document, frozenset({"headboxes_src"}))
            boxes = mat_arrays.numbers(found, "headboxes_src", (2, 2, None), document)
        else:
            continue
        if boxes.shape == (2, 2, count):
            return head_sizes(boxes), [Notice("N444", f"head sizes were read from {shown(name)} next to it")]
    return np.full(count, np.nan), [NO_HEADS]


def _tell(document: Document, table: kj.Columns, faults: Faults) -> None:
    codes = {"nonfinite": "P301", "null": "P302", "length": "P204", "repeated": "P205"}
    for fault in table.faults:
        place = f"{document.name}: [{fault.record}]"
        faults.add(
            codes.get(fault.kind, "P203"),
            where=f"{place}.{fault.field}" if fault.field else place,
            what=f"is invalid ({fault.kind.replace('_', ' ')}{f', {fault.found}' if fault.found else ''})",
            wanted="finite numbers",
        )


def _check_shape(document: Document, joints: kj.Column, width: int, faults: Faults) -> None:
    """Sixteen points of so many numbers in each record."""
    rows, inner = joints.lengths, np.diff(joints.inner)
    bad = rows != 16
    if not bad.any():
        bad = (inner.reshape(-1, 16) != width).any(axis=1)
    for row in np.flatnonzero(bad)[: faults.KEPT].tolist():
        faults.add(
            "P204",
            where=f"{document.name}: [{row}].joints",
            what=f"has {rows[row]} joints, or joints with another length than {width}",
            wanted=f"16 joints of {width} numbers",
        )


def _seen(document: Document, table: kj.Columns) -> Array:
    """Labelled joints by `joints_vis`."""
    column = table["joints_vis"]
    if (column.lengths != 16).any():
        row = int(np.flatnonzero(column.lengths != 16)[0])
        raise error_of(
            [
                Fault(
                    "P204",
                    f"{document.name}: [{row}].joints_vis",
                    f"has {int(column.lengths[row])} entries",
                    "16",
                )
            ]
        )
    visible: Bools = column.values.reshape(-1, 16) > 0
    return np.where(visible, 2, 0)


def _seen_old(points: Floats) -> Array:
    missing = (points[..., 0] == 0) & (points[..., 1] == 0)
    return np.where(missing, 0, np.where(points[..., 2] > 0, 2, 1))
