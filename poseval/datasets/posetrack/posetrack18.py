"""PoseTrack18: one COCO-like JSON per video, with head boxes, track ids and ignore polygons.

Source: PoseTrack18 annotations v0.45; the rules of reading are those of poseval 4258a15, `convert.py`
(`to_old`): a joint is absent when its three numbers are 0; joints go by the names in `categories`.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from poseval.datasets.base import Losses, WriteOptions
from poseval.datasets.posetrack.posetrack17 import PoseTrack17
from poseval.poses import PoseSet


class PoseTrack18(PoseTrack17):
    """One COCO-like JSON per video, with head boxes and ignore polygons; a folder of them, or one file."""

    name: ClassVar[str] = "posetrack18"
    title: ClassVar[str] = "PoseTrack18 JSON, one file per video"
    holds: ClassVar[frozenset[str]] = PoseTrack17.holds | {"boxes", "frame sizes"}

    def write(self, poses: PoseSet, path: Path, options: WriteOptions) -> Losses:
        """One file per sequence in the folder `path`, or one file where it is named `.json`.

        Raises:
            UsageError: P131 a file exists, P137 it cannot be written, P190 to P192 the set does not fit.
        """
        from poseval.datasets.posetrack.write18 import write

        return write(poses, path, options, reid=self.name == "posetrack21")
