"""COFW's test file: `phisT` [N, 87] (29 x, 29 y, 29 occlusion flags) and `bboxesT` [N, 4] (x, y, w, h)."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from poseval.datasets.base import Dataset, ReadOptions, Role
from poseval.datasets.containers import mat_arrays
from poseval.datasets.faces.landmarks import face_set
from poseval.datasets.files.source import Source
from poseval.datasets.single_person.pairing import origin_of, require_finite
from poseval.errors import Faults
from poseval.poses import PoseSet

POINTS = 29


class CofwMat(Dataset):
    """`COFW_test.mat`, of level 5 or 7.3."""

    name: ClassVar[str] = "cofw-mat"
    title: ClassVar[str] = "COFW (COFW_test.mat, COFW_test_color.mat)"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH})
    holds: ClassVar[frozenset[str]] = frozenset(
        {"joints", "joint names", "frame names", "hidden joints", "boxes"}
    )
    local_only: ClassVar[bool] = True

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by the variable `phisT`."""
        known = mat_arrays.shapes(source).keys() | mat_arrays.hdf5_names(source)
        return 1.0 if "phisT" in known or "phisTr" in known else 0.0

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """The ground truth; occluded landmarks are hidden and count. Coordinates are scored as they stand.

        Raises:
            FormatError: P203, P204, P206 for another form, P214 or P215 damaged.
            MissingFeature: P601 for level 7.3 without h5py.
        """
        document = source.document
        found = mat_arrays.load(document, frozenset({"phisT", "phisTr", "bboxesT", "bboxesTr"}))
        suffix = "T" if "phisT" in found else "Tr"
        table = mat_arrays.numbers(found, f"phis{suffix}", (None, 3 * POINTS), document)
        xy = np.stack([table[:, :POINTS], table[:, POINTS : 2 * POINTS]], axis=2)
        faults = Faults()
        require_finite(faults, xy, np.ones(xy.shape[:2]), document)
        suffixed = f"bboxes{suffix}"
        box = mat_arrays.numbers(found, suffixed, (len(table), 4), document) if suffixed in found else None
        if box is not None and not np.isfinite(box).all():
            faults.add("P301", where=f"{document.name}: {suffixed}", what="holds NaN or infinity")
        faults.raise_if_any()
        people: dict[str, Any] = {"seen": np.where(table[:, 2 * POINTS :] > 0, 1, 2)}
        if box is not None:
            people["box"] = np.concatenate([box[:, :2], box[:, :2] + box[:, 2:]], axis=1)
        origin = origin_of(document, self.name, len(table))
        images = [f"{index + 1}" for index in range(len(table))]
        return face_set(xy, images, options, origin, people)
