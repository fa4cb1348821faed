"""MPII validation ground truth as HRNet and pytorch-pose use it: `gt_valid.mat`, `detections_our_format.mat`.

2,958 people in the order of Tompson's validation list: `dataset_joints` (names), `jnt_missing` [16, N],
`pos_gt_src` [16, 2, N], `headboxes_src` [2, 2, N] (corner, then x and y), and sometimes `pos_pred_src`.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from poseval.datasets.base import Dataset, ReadOptions, Role
from poseval.datasets.containers import mat_arrays
from poseval.datasets.containers.mat import Cell
from poseval.datasets.files.document import Document
from poseval.datasets.files.source import Source
from poseval.datasets.single_person.pairing import ordered_predictions, origin_of, require_finite, single_set
from poseval.errors import Fault, Faults, error_of, shown
from poseval.poses import Floats, Ints, PoseSet
from poseval.skeletons import get_skeleton

HEAD_SHARE = 0.6  # of the head box's diagonal: 0.8 * 0.75 in the official kit
NAMES = {
    "rank": "right_ankle",
    "rkne": "right_knee",
    "rhip": "right_hip",
    "lhip": "left_hip",
    "lkne": "left_knee",
    "lank": "left_ankle",
    "pelv": "pelvis",
    "thor": "thorax",
    "neck": "upper_neck",
    "head": "head_top",
    "rwri": "right_wrist",
    "relb": "right_elbow",
    "rsho": "right_shoulder",
    "lsho": "left_shoulder",
    "lelb": "left_elbow",
    "lwri": "left_wrist",
}
TRUTH = frozenset({"pos_gt_src", "jnt_missing", "headboxes_src"})


class MpiiGt(Dataset):
    """`gt_valid.mat` and `detections_our_format.mat`."""

    name: ClassVar[str] = "mpii-gt"
    title: ClassVar[str] = (
        "MPII validation ground truth in one .mat (gt_valid.mat, detections_our_format.mat)"
    )
    reads: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH, Role.PREDICTIONS})
    holds: ClassVar[frozenset[str]] = frozenset({"joints", "joint names", "frame names", "head sizes"})
    local_only: ClassVar[bool] = True

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by the names of the variables."""
        names = mat_arrays.shapes(source).keys()
        if not names >= TRUTH:
            return 0.0
        return 1.0 if role is Role.TRUTH or "pos_pred_src" in names else 0.0

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """The ground truth, or the predictions that such a file may carry.

        Raises:
            FormatError: P203, P204, P206 for variables that are missing or of another form, P214 damaged.
            ValueRangeError: P301 for a labelled joint or a head box that is not finite.
        """
        document = source.document
        found = mat_arrays.load(document)
        order = joint_order(found, document)
        wanted = "pos_gt_src" if options.role is Role.TRUTH else "pos_pred_src"
        xy = mat_arrays.numbers(found, wanted, (16, 2, None), document).transpose(2, 0, 1)[:, order]
        if options.role is Role.PREDICTIONS:
            return ordered_predictions(xy, options, origin_of(document, self.name, len(xy)))
        return self._truth(document, found, xy, order)

    def _truth(self, document: Document, found: dict[str, Any], xy: Floats, order: Ints) -> PoseSet:
        count = len(xy)
        missing = mat_arrays.numbers(found, "jnt_missing", (16, count), document).T[:, order] != 0
        heads = head_sizes(mat_arrays.numbers(found, "headboxes_src", (2, 2, count), document))
        faults = Faults()
        require_finite(faults, xy, ~missing, document)
        for row in np.flatnonzero(~np.isfinite(heads)).tolist():
            where = f"{document.name}: headboxes_src of person {row}"
            faults.add("P301", where=where, what="is NaN or infinite", wanted="finite corners")
        faults.raise_if_any()
        columns = {
            "xy": xy - 1,
            "seen": np.where(missing, 0, 2),
            "head": heads,
            "source_id": np.arange(count),
        }
        return single_set(get_skeleton("mpii16"), columns, origin_of(document, self.name, count, base=1))


def head_sizes(boxes: Floats) -> Floats:
    """Head sizes [N] in pixels from head boxes [2, 2, N]: corner, then x and y."""
    with np.errstate(over="ignore"):
        side = boxes[1] - boxes[0]
        return np.asarray(HEAD_SHARE * np.sqrt(side[0] ** 2 + side[1] ** 2))


def joint_order(found: dict[str, Any], document: Document) -> Ints:
    """Row [16] of the file for each joint of mpii16, by the names in `dataset_joints`.

    Raises:
        FormatError: P204 when the names are not MPII's sixteen.
    """
    cells = found.get("dataset_joints")
    items = cells.items if isinstance(cells, Cell) else []
    names = [NAMES.get(item) if isinstance(item, str) else None for item in items]
    joints = get_skeleton("mpii16").joints
    if cells is None:
        return np.arange(len(joints))
    if sorted(map(str, names)) != sorted(joints):
        told = ", ".join(shown(item, 20) for item in items[:16])
        raise error_of(
            [Fault("P204", f"{document.name}: dataset_joints", f"names {told}", "the 16 joints of MPII")]
        )
    return np.asarray([names.index(joint) for joint in joints])
