"""MPII ground truth in the form of the stacked hourglass code: `valid.h5` (extra `formats`).

`part` [N, 16, 2] holds the annotations cut down to whole pixels, `normalize` [N] the head size, `imgname` and
`person` the image and the number of the person in it. `visible` is 0 for hidden and for missing joints alike,
so a joint is labelled where x > 1 and y > 1, as the hourglass code decides (quirk M13).
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from poseval.datasets.base import Dataset, ReadOptions, Role
from poseval.datasets.containers import hdf5, mat_arrays
from poseval.datasets.files.source import Source
from poseval.datasets.single_person.pairing import origin_of, require_finite, single_set
from poseval.errors import Fault, Faults, error_of
from poseval.poses import Notice, PoseSet
from poseval.skeletons import get_skeleton

TRUTH = frozenset({"part", "normalize", "imgname"})
WHOLE_PIXELS = Notice(
    "N441",
    "joints in hourglass files are rounded down to whole pixels; scores differ from those of gt_valid.mat",
)


class MpiiH5(Dataset):
    """The stacked hourglass's annotation files."""

    name: ClassVar[str] = "mpii-h5"
    title: ClassVar[str] = "MPII ground truth of the stacked hourglass (valid.h5)"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH})
    holds: ClassVar[frozenset[str]] = frozenset(
        {"joints", "joint names", "frame names", "hidden joints", "head sizes", "further columns"}
    )
    local_only: ClassVar[bool] = True

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by the names of the arrays."""
        return 1.0 if mat_arrays.hdf5_names(source) >= TRUTH else 0.0

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """The ground truth.

        Raises:
            MissingFeature: P601 without h5py.
            FormatError: P203, P204, P206 for arrays that are missing or of another form, P215 damaged.
        """
        document = source.document
        found = hdf5.load(document)
        xy = mat_arrays.numbers(found, "part", (None, 16, 2), document)
        count = len(xy)
        heads = mat_arrays.numbers(found, "normalize", (count,), document)
        labelled = (xy > 1).all(axis=2)
        visible = np.ones((count, 16))
        if "visible" in found:
            visible = mat_arrays.numbers(found, "visible", (count, 16), document)
        faults = Faults()
        require_finite(faults, xy, np.ones((count, 16)), document)
        faults.raise_if_any()
        extra = {
            name: np.asarray(found[name], dtype=np.float64)
            for name in ("center", "scale")
            if name in found and found[name].shape[:1] == (count,) and found[name].dtype.kind in "iuf"
        }
        columns = {
            "xy": xy - 1,
            "seen": np.where(labelled, np.where(visible > 0, 2, 1), 0),
            "head": heads,
            "source_id": np.arange(count),
            "extra": extra,
        }
        if "imgname" not in found:
            raise error_of([Fault("P206", document.name, "has no imgname", "the name of each image")])
        images = _names(found["imgname"], count)
        origin = origin_of(document, self.name, count, [WHOLE_PIXELS], base=1)
        return single_set(get_skeleton("mpii16"), columns, origin, images)


def _names(raw: Any, count: int) -> list[str]:
    """Image names, stored as byte strings or as rows of character codes."""
    rows = np.asarray(raw)
    if rows.shape[:1] != (count,) or rows.dtype.kind not in "iufS":
        return [str(row) for row in range(count)]
    if rows.dtype.kind == "S":
        return [b"".join(np.atleast_1d(row)).decode("utf-8", "replace") for row in rows]
    codes = rows.reshape(count, -1).tolist()
    return ["".join(chr(int(code)) for code in row if 0 < code < 0x110000) for row in codes]
