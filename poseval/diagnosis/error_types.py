"""Good, jitter, inversion, swap or miss: the class of each joint of each matched person.

A prediction is matched to a person at a similarity of 0.1, as COCO matches. Then each labelled joint of the
person is compared with the same joint, and the mirrored joint, of every person in the frame: `best` is the
highest similarity, of equals the matched person's own joint, then the others', then the mirrored ones.

    good       best is the own joint, above 0.85
    jitter     best is the own joint, from 0.5 to below 0.85
    inversion  best is the own mirrored joint, 0.5 or more
    swap       best is another person's joint or mirrored joint, 0.5 or more
    miss       best is below 0.5

Source: Ronchi and Perona 2017, "Benchmarking and Error Diagnosis in Multi-Instance Pose Estimation"; program
coco-analyze. Exactly 0.85 is in no class there (quirk C21); it counts as good under corrected rules.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from poseval.errors import MismatchError, shown
from poseval.kernels.coco import Cells, Detections, Matching, Targets, match
from poseval.kernels.poses import extent
from poseval.metrics.oks_scene import box_sizes
from poseval.poses import Bools, Floats, Ints
from poseval.poses.aligned import Aligned

GOOD, MISS = 0.85, 0.5  # similarities where good and miss begin
LOCALISED = 0.1  # similarity at which a prediction is taken to mean a person
MAX_DETS = 20
EPS = float(np.spacing(1))

# Head-normalised data has no sigmas: similarity falls to 0.5 at half a head size, the threshold of PCKh@0.5.
HEAD_SIGMA = 0.5 * math.sqrt(0.125 / math.log(2))


class Fault(enum.IntEnum):
    """Class of a joint; NONE is unlabelled, or in no class."""

    NONE = 0
    GOOD = 1
    JITTER = 2
    INVERSION = 3
    SWAP = 4
    MISS = 5


class Scale(enum.Enum):
    """What a distance is measured in."""

    AREA = "area"  # sigma * sqrt(area), as OKS
    HEAD = "head"  # head size, as PCKh


@dataclass(frozen=True)
class SizeRange:
    """People whose size (square pixels, or squared head size) is in [low, high] count."""

    name: str
    low: float
    high: float


AREA_RANGES = (
    SizeRange("all", 32.0**2, 1e10),
    SizeRange("medium", 32.0**2, 96.0**2),
    SizeRange("large", 96.0**2, 1e10),
)
HEAD_RANGES = (SizeRange("all", 0.0, math.inf),)


@dataclass(frozen=True, eq=False)
class Scene:
    """Ground truth and predictions as the diagnosis needs them, and the frames in which they are matched."""

    detections: Detections
    targets: Targets
    poses: Cells
    people: Cells
    sigmas: Floats  # [K]
    flip: Ints  # [K]
    frame: Ints  # [P] frame of each prediction
    count: int  # frames


@dataclass(frozen=True, eq=False)
class Labels:
    """Class of every joint of every matched prediction in one size range, M rows.

    `prediction` and `person` are rows [M]; `fault` [M, K] int8; `best` [M, K] similarity behind the class.
    """

    prediction: Ints
    person: Ints
    fault: NDArray[np.int8]
    best: Floats

    def take(self, chosen: Bools) -> Labels:
        """The rows of some matches [M]."""
        return Labels(self.prediction[chosen], self.person[chosen], self.fault[chosen], self.best[chosen])

    def counts(self) -> Ints:
        """Joints per class [6, K]."""
        return np.stack([(self.fault == kind).sum(axis=0) for kind in Fault]).astype(np.int64)


def scene_of(aligned: Aligned, scale: Scale) -> Scene:
    """Columns for the diagnosis.

    Raises:
        MismatchError: P410 people without area or head size.
        UsageError: P112 a skeleton without sigmas under `Scale.AREA`.
    """
    truth, predictions = aligned.truth, aligned.predictions
    size = truth.people.area if scale is Scale.AREA else truth.people.head**2
    if np.isnan(size).any():
        raise MismatchError(
            "P410",
            where=shown(truth.origin.name),
            what=f"{int(np.isnan(size).sum())} of {len(truth)} people have no {scale.value}",
            wanted=f"{scale.value} of every person, because errors are measured in it",
        )
    joints = len(truth.skeleton)
    sigmas = truth.skeleton.sigma_array if scale is Scale.AREA else np.full(joints, HEAD_SIGMA)
    labelled: Bools = truth.people.seen > 0
    empty = ~labelled.any(axis=1)
    count = truth.people.extra.get("num_keypoints")
    if count is not None:
        empty = np.where(count >= 0, count == 0, empty)
    box = np.concatenate([truth.people.box[:, :2], box_sizes(truth.people)], axis=1)
    box = np.where(np.isnan(box).any(axis=1)[:, None], (np.inf, np.inf, 0.0, 0.0), box)
    targets = Targets(
        truth.people.xy,
        labelled,
        size,
        box,
        truth.people.crowd | empty,
        truth.people.crowd,
        np.zeros(len(truth), dtype=np.bool_),
    )
    people = predictions.people
    score = people.score if not np.isnan(people.score).all() else np.nanmean(people.joint_score, axis=1)
    area = np.where(np.isnan(people.area), extent(people.xy, people.seen), people.area)
    return Scene(
        Detections(np.where(people.seen[..., None] > 0, people.xy, np.inf), score, area),
        targets,
        Cells.of(people.frame, len(truth.frames)),
        Cells.of(truth.people.frame, len(truth.frames)),
        sigmas,
        np.asarray(truth.skeleton.flip),
        people.frame,
        len(truth.frames),
    )


def match_scene(
    scene: Scene, thresholds: Floats, ranges: tuple[SizeRange, ...], detections: Detections | None = None
) -> Matching:
    """COCO's greedy matching of the predictions, or of `detections` in place of them."""
    bounds = np.array([(item.low, item.high) for item in ranges])
    return match(
        detections or scene.detections,
        scene.poses,
        scene.targets,
        scene.people,
        scene.sigmas,
        thresholds,
        bounds,
        MAX_DETS,
        with_matched=True,
    )


def label(scene: Scene, found: Matching, range_index: int, corrected: bool = False) -> Labels:
    """Classes of the joints of all matched predictions with labelled joints, in one size range."""
    person = found.matched[:, range_index, 0].astype(np.int64)
    rows = np.flatnonzero(person >= 0)
    rows = rows[scene.targets.labelled[person[rows]].any(axis=1)]
    prediction, person = found.row[rows], person[rows]
    if not len(rows):
        empty = np.zeros((0, len(scene.sigmas)))
        return Labels(prediction, person, empty.astype(np.int8), empty)
    first, other = _neighbours(scene, prediction, person)
    pair = np.repeat(np.arange(len(rows)), np.diff(np.append(first, len(other))))
    direct = _similarity(scene, prediction[pair], other, np.arange(len(scene.sigmas)))
    mirrored = _similarity(scene, prediction[pair], other, scene.flip)
    best_direct = np.maximum.reduceat(direct, first, axis=0)
    best_mirrored = np.maximum.reduceat(mirrored, first, axis=0)
    best = np.maximum(best_direct, best_mirrored)
    own = (direct[first] == best_direct) & (best_direct >= best_mirrored)
    own_mirror = (mirrored[first] == best_mirrored) & (best_direct < best_mirrored)
    good = best >= GOOD if corrected else best > GOOD
    fault = np.select(
        [best < MISS, own & good, own & (best < GOOD), own, own_mirror],
        [Fault.MISS, Fault.GOOD, Fault.JITTER, Fault.NONE, Fault.INVERSION],
        Fault.SWAP,
    )
    fault = np.where(scene.targets.labelled[person], fault, Fault.NONE).astype(np.int8)
    return Labels(prediction, person, fault, best)


def _neighbours(scene: Scene, prediction: Ints, person: Ints) -> tuple[Ints, Ints]:
    """All people in the frame of each match, the matched one first: offsets [M] and rows [P]."""
    frame = scene.frame[prediction]
    count = np.diff(scene.people.start)[frame]
    first = np.concatenate([[0], np.cumsum(count)[:-1]])
    offset = np.arange(count.sum()) - np.repeat(first, count)
    other = scene.people.row[np.repeat(scene.people.start[frame], count) + offset]
    # The matched person and the first of the frame change places: only being first decides between equals.
    place = np.flatnonzero(other == np.repeat(person, count))
    other[place] = other[first]
    other[first] = person
    return first, other


def _similarity(scene: Scene, prediction: Ints, person: Ints, joint: Ints) -> Floats:
    """Similarity [P, K] of predicted joint i to the person's joint `joint[i]`; -1 where unlabelled."""
    off = scene.detections.xy[prediction] - scene.targets.xy[person][:, joint]
    scale = (scene.targets.area[person] + EPS)[:, None]
    labelled = scene.targets.labelled[person][:, joint]
    square = np.where(labelled, (off**2).sum(axis=2), 0.0)
    return np.where(labelled, np.exp(-square / (2 * scene.sigmas) ** 2 / scale / 2), -1.0)
