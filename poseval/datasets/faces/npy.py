"""AFLW and AFLW2000-3D as 3DDFA ships them: landmarks in one .npy, boxes and yaw angles in others beside it.

- `AFLW_GT_pts21.npy` [N, 2, 21], -1 where not annotated; `AFLW_GT_crop_roi_box.npy` [N, 4],
  `AFLW_GT_crop_yaws.npy` [N] degrees; `AFLW_GT_pts68.npy` [N, 2, 68], the fitted landmarks whose tight box is
  the size of the face.
- `AFLW2000-3D.pts68.npy` [N, 3, 68] or its re-annotation [N, 2, 68]; `AFLW2000-3D.pose.npy` [N] degrees,
  `AFLW2000-3D_crop.roi_box.npy` [N, 4].

The re-annotation read as predictions scores the original against it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from poseval.datasets.base import Dataset, ReadOptions, Role
from poseval.datasets.containers import npy as numpy_file
from poseval.datasets.faces.landmarks import face_set
from poseval.datasets.files.document import Document
from poseval.datasets.files.source import Source
from poseval.datasets.single_person.pairing import ordered_predictions, origin_of, require_finite
from poseval.errors import Fault, Faults, PosevalError, error_of
from poseval.poses import Floats, PoseSet
from poseval.skeletons.by_count import skeleton_for

# Beginning of the landmark file's name -> companions: column -> file name, the longest beginning first.
COMPANIONS = {
    "AFLW2000-3D": {"yaw": "AFLW2000-3D.pose.npy", "box": "AFLW2000-3D_crop.roi_box.npy"},
    "AFLW_GT": {
        "yaw": "AFLW_GT_crop_yaws.npy",
        "box": "AFLW_GT_crop_roi_box.npy",
        "face_size": "AFLW_GT_pts68.npy",
    },
}


class FaceNpy(Dataset):
    """Landmarks [N, 2 or 3, K] as .npy."""

    name: ClassVar[str] = "face-npy"
    title: ClassVar[str] = (
        "face landmarks as .npy with boxes and yaw angles next to it (3DDFA: AFLW, AFLW2000-3D)"
    )
    reads: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH, Role.PREDICTIONS})
    holds: ClassVar[frozenset[str]] = frozenset(
        {"joints", "joint names", "frame names", "boxes", "further columns"}
    )

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by the shape: axes of faces, coordinates and a known number of landmarks."""
        if source.is_folder:
            return 0.0
        try:
            if not numpy_file.is_npy(source.document):
                return 0.0
            shape = numpy_file.load(source.document)[""].shape
        except PosevalError:
            return 0.0
        fits = len(shape) == 3 and shape[1] in (2, 3) and skeleton_for(shape[2], "faces") is not None
        return 0.9 if fits else 0.0

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """Ground truth with `people.extra["yaw"]` in degrees where known, or predictions in the ground
        truth's order.

        Raises:
            FormatError: P204 another shape, P216 damaged.
            MismatchError: P412 another number of faces than the ground truth.
        """
        document = source.document
        table = numpy_file.load(document)[""]
        if table.ndim != 3 or table.shape[1] not in (2, 3) or table.dtype.kind not in "iuf":
            fault = Fault("P204", document.name, f"has shape {table.shape}", "[N, 2 or 3, K]")
            raise error_of([fault])
        xy = table[:, :2].astype(np.float64).transpose(0, 2, 1)
        faults = Faults()
        require_finite(faults, xy, np.ones(xy.shape[:2]), document, row="face")
        faults.raise_if_any()
        missing = (xy == -1).any(axis=2)  # the other coordinate of a missing landmark is left as it was
        seen = np.where(missing, 0, 2)
        origin = origin_of(document, self.name, len(xy))
        if options.role is Role.PREDICTIONS:
            return ordered_predictions(xy, options, origin, {"seen": seen})
        people: dict[str, Any] = {"seen": seen, "extra": {}}
        for column, values in _companions(source.path, len(xy), source).items():
            if column == "box":
                people["box"] = values
            else:
                people["extra"][column] = values
        return face_set(xy, [f"{index:06d}" for index in range(len(xy))], options, origin, people)


def _companions(path: Path, count: int, source: Source) -> dict[str, Floats]:
    """Columns from the files beside the landmarks; those of another length are not theirs."""
    out: dict[str, Floats] = {}
    for beginning, files in COMPANIONS.items():
        if not path.name.startswith(beginning):
            continue
        for column, name in files.items():
            for found in (path.parent / name, path.parent / f"{name}.gz"):
                if not os.path.isfile(found):
                    continue
                document = Document.open(found, source.limits)
                if not numpy_file.is_npy(document):
                    continue
                values = numpy_file.load(document)[""].astype(np.float64)
                if column == "face_size" and values.ndim == 3 and values.shape[1] >= 2:
                    side = values[:, :2].max(axis=2) - values[:, :2].min(axis=2)
                    values = np.sqrt(side[:, 0] * side[:, 1])
                if values.shape == ((count, 4) if column == "box" else (count,)):
                    out[column] = values
    return out
