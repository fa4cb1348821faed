"""Interface between a run and a model: images are prepared in the reader thread, then answered in groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch

from poseval.models.inference.crops import Crops, Floats
from poseval.models.inference.predictions import Poses, WholeImage
from poseval.models.inference.suppression import box_nms, instance_scores
from poseval.models.inference.top_down import TopDown
from poseval.runners.frames import Picture


class Estimator(Protocol):
    """A model together with its pre- and post-processing."""

    wants_boxes: bool  # whether frames without boxes are skipped

    def prepare(self, picture: Picture, boxes: Floats, score: Floats) -> Any:
        """The input for the device made from an image; runs in the reader thread."""

    def answer(self, prepared: Sequence[Any]) -> list[Poses]:
        """Poses of each prepared image."""


@dataclass(frozen=True, eq=False)
class _Inputs:
    crops: Crops
    tensor: torch.Tensor  # [n, 3, h, w]
    box: Floats  # [n, 4]
    score: Floats  # [n]


class CropEstimator:
    """A top-down model on given boxes; batches run across images of a group."""

    wants_boxes = True

    def __init__(self, top: TopDown, batch: int) -> None:
        self.top, self.batch = top, batch

    def prepare(self, picture: Picture, boxes: Floats, score: Floats) -> _Inputs:
        crops = self.top.crops(boxes)
        if not len(boxes):
            size = self.top.card.input_size
            return _Inputs(crops, torch.zeros((0, 3, *size)), boxes, score)
        return _Inputs(crops, self.top.inputs(picture, crops), boxes, score)

    def answer(self, prepared: Sequence[_Inputs]) -> list[Poses]:
        joints = self.top.card.joints
        xy, joint_score = [np.zeros((0, joints, 2))], [np.zeros((0, joints))]
        whole = torch.cat([item.tensor for item in prepared]) if prepared else torch.zeros(0)
        for first in range(0, len(whole), self.batch):
            points, scores = self.top.decoded(whole[first : first + self.batch])
            xy.append(points)
            joint_score.append(scores)
        all_xy, all_scores = np.concatenate(xy), np.concatenate(joint_score)
        out, first = [], 0
        for item in prepared:
            rows = slice(first, first + len(item.box))
            first = rows.stop
            out.append(_poses(item, all_xy[rows], all_scores[rows]))
        return out


def _poses(item: _Inputs, xy: Floats, joint_score: Floats) -> Poses:
    """Poses of the boxes in which the model found somebody, in pixels of the image."""
    if not len(item.box):
        empty = np.zeros(0)
        return Poses(xy, joint_score, empty, item.box, empty, np.zeros(0, dtype=np.int64))
    placed = item.crops.to_image(xy)
    score = instance_scores(joint_score, item.score)
    poses = Poses(placed, joint_score, score, item.box, item.crops.area, np.arange(len(item.box)))
    return poses.take(np.isfinite(placed).all((1, 2)))


@runtime_checkable
class TakesBatches(Protocol):
    """A whole-image model that takes several images in one pass, with up to `most` people each."""

    most: int

    def batch(self, images: Sequence[Picture]) -> list[Poses]:
        """People on each image."""


class ImageEstimator:
    """A model that finds the people of a whole image itself; `batch` counts people, as with crops."""

    wants_boxes = False

    def __init__(self, finder: WholeImage, batch: int) -> None:
        self.finder, self.together = finder, 1
        if isinstance(finder, TakesBatches):
            self.together = max(1, batch // finder.most)

    def prepare(self, picture: Picture, boxes: Floats, score: Floats) -> Picture:
        return picture

    def answer(self, prepared: Sequence[Picture]) -> list[Poses]:
        if not isinstance(self.finder, TakesBatches):
            return [self.finder.poses(picture) for picture in prepared]
        groups = (prepared[first : first + self.together] for first in range(0, len(prepared), self.together))
        return [poses for group in groups for poses in self.finder.batch(group)]


class DetectingEstimator:
    """A top-down model on the boxes of a detector, which both see each image in turn."""

    wants_boxes = False

    def __init__(self, crops: CropEstimator, detector: WholeImage, least: float, overlap: float) -> None:
        self.crops, self.detector, self.least, self.overlap = crops, detector, least, overlap

    def prepare(self, picture: Picture, boxes: Floats, score: Floats) -> Picture:
        return picture

    def answer(self, prepared: Sequence[Picture]) -> list[Poses]:
        inputs = []
        for picture in prepared:
            found = self.detector.poses(picture)
            found = found.take(np.flatnonzero(found.score >= self.least))
            found = found.take(box_nms(found.box, found.score, self.overlap))
            inputs.append(self.crops.prepare(picture, found.box, found.score))
        return self.crops.answer(inputs)


def procedure(estimator: Estimator) -> Any:
    """The test procedure around the network, of crops or of whole images; None behind a detector."""
    return getattr(estimator, "top", None) or getattr(estimator, "finder", None)
