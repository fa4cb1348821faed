"""Detectron2's own coordinates: COCO's result list, with keypoints half a pixel to the right and below.

Source: Detectron2 `data/detection_utils.py` adds 0.5 to the keypoints of COCO when it loads them, because it
counts pixels as areas, and `evaluation/coco_evaluation.py` takes it off when it writes
`coco_instances_results.json`. That file therefore is plain COCO (format `coco`). Predictions that were dumped
from `Instances.pred_keypoints` directly still carry the half pixel; nothing in them tells, so this format is
never guessed: name it with `--format-in detectron2`. Boxes have no such shift.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from poseval.datasets.base import Dataset, Losses, ReadOptions, Role, WriteOptions
from poseval.datasets.coco.format import Coco
from poseval.datasets.files.source import Source
from poseval.poses import Floats, Notice, PoseSet

HALF = 0.5


MARKED = 0.9  # Coco's confidence in results with scores
UNLIKELY = 0.6  # enough to be named as another way to read the file, never enough to be taken for it


class Detectron2(Dataset):
    """A result list in Detectron2's coordinates."""

    name: ClassVar[str] = "detectron2"
    title: ClassVar[str] = "COCO results in Detectron2's own coordinates (keypoints + 0.5); never guessed"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.PREDICTIONS})
    writes: ClassVar[frozenset[Role]] = frozenset({Role.PREDICTIONS})
    holds: ClassVar[frozenset[str]] = frozenset(
        {"joints", "frame names", "joint scores", "scores", "boxes", "tracks", "categories"}
    )

    def sniff(self, source: Source, role: Role) -> float:
        """Less sure than for COCO results with boxes, which look the same: nobody sees the half pixel."""
        sure = Coco().sniff(source, role)
        keys = source.document.outline.by_key().keys() if sure >= MARKED else frozenset()
        return UNLIKELY if {"bbox", "keypoints", "score"} <= keys else 0.0

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """As COCO results, with half a pixel taken off every keypoint.

        Raises:
            UsageError: P139 without ground truth. InputError: as COCO results.
        """
        poses = Coco().read(source, options)
        people = poses.people.with_columns(xy=_shifted(poses, -HALF))
        text = (
            f"{source.document.name}: half a pixel, which Detectron2 adds, was subtracted from the keypoints"
        )
        return replace(poses, people=people, origin=replace(poses.origin, format=self.name)).with_notices(
            [Notice("N506", text)]
        )

    def write(self, poses: PoseSet, path: Path, options: WriteOptions) -> Losses:
        """As COCO results, with half a pixel added.

        Raises:
            UsageError: as COCO results.
        """
        people = poses.people.with_columns(xy=_shifted(poses, HALF))
        return Coco().write(replace(poses, people=people), path, options)


def _shifted(poses: PoseSet, by: float) -> Floats:
    """Coordinates with a shift, where joints were predicted: a joint that was not found stays at 0 0."""
    return np.where((poses.people.seen > 0)[:, :, None], poses.people.xy + by, poses.people.xy)
