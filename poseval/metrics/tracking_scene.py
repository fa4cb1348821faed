"""From aligned sets to the scene that the tracking kernels walk over, per joint or per whole pose."""

from __future__ import annotations

import enum
from collections.abc import Mapping

import numpy as np

from poseval.errors import MismatchError, shown
from poseval.kernels.poses import extent
from poseval.kernels.tracking import Scene, Side
from poseval.metrics.base import Need, Table, Tally
from poseval.metrics.joint_rows import joint_facts
from poseval.metrics.oks_scene import sigmas_of
from poseval.poses import Array, Floats, Ints, People
from poseval.poses.aligned import Aligned

CHUNK = 1 << 18  # pairs times joints held at a time: some 20 MB


class Similarity(enum.Enum):
    """What is tracked: single joints, or whole poses by a similarity between 0 and 1."""

    JOINT = "joint"  # distance in head sizes, joint by joint
    OKS = "oks"  # object keypoint similarity
    PCKH = "pckh"  # fraction of the ground truth's joints within half a head size
    IOU = "iou"  # intersection over union of boxes; joints play no part


class Scale(enum.Enum):
    """The source of a person's area in OKS."""

    GIVEN = "given"
    BOX = "box"
    EXTENT = "extent"  # of the labelled joints


PCKH_GATE = 0.5  # head sizes


def needs_of(similarity: Similarity, area: Scale, sigma: float = 0.0) -> frozenset[Need]:
    """Track ids, and the columns that a similarity needs."""
    if similarity is Similarity.IOU:
        return frozenset({Need.TRACKS, Need.BOXES, Need.FOUND_BOXES})
    if similarity is not Similarity.OKS:
        return frozenset({Need.TRACKS, Need.HEADS})
    needs = {Need.TRACKS} if sigma else {Need.TRACKS, Need.SIGMAS}
    if area is not Scale.EXTENT:
        needs.add(Need.AREA if area is Scale.GIVEN else Need.BOXES)
    return frozenset(needs)


def sizes_of(people: People, area: Scale) -> Floats:
    """Area [N] by which OKS scales distances; that of joints in a line is next to nothing, but not 0."""
    if area is Scale.EXTENT:
        return np.maximum(extent(people.xy, people.seen), np.spacing(1.0))
    return people.area if area is Scale.GIVEN else np.prod(people.box[:, 2:] - people.box[:, :2], axis=1)


def sequence_tally(name: str, aligned: Aligned, similarity: Similarity, counts: Mapping[str, Array]) -> Tally:
    """A tally of one row per sequence: columns [S, K, ...] of each joint, K = 1 for whole poses."""
    keys = aligned.unit_keys("sequence")
    skeleton = aligned.truth.skeleton if similarity is Similarity.JOINT else None
    return Tally(
        name, keys, {"sequences": Table(np.arange(len(keys), dtype=np.int64), counts)}, joint_facts(skeleton)
    )


def scene_of(aligned: Aligned, similarity: Similarity) -> Scene:
    """The scene of all sequences; the pair values of whole poses are still to be given.

    Raises:
        MismatchError: P405 when a prediction's track id occurs twice in a frame.
    """
    frames = aligned.truth.frames
    whole = similarity is not Similarity.JOINT
    sides = []
    for poses in (aligned.truth, aligned.predictions):
        present = poses.people.seen > 0
        present = np.ones((len(poses), 1), dtype=np.bool_) if whole else present
        sides.append(Side(poses.frame_start(), present, poses.people.track))
    refuse_repeated_tracks(aligned.predictions.people.frame, aligned.predictions.people.track, aligned)
    scene = Scene(frames.sequence, frames.number, len(frames.sequences), *sides)
    if not whole:
        truth, predictions = aligned.truth.people, aligned.predictions.people
        scene.use_joints(truth.xy, predictions.xy, truth.head)
    return scene


def refuse_repeated_tracks(frame: Ints, track: Ints, aligned: Aligned) -> None:
    """Refuse a track id that two people of one frame carry.

    Raises:
        MismatchError: P405 naming the first frame and id.
    """
    order = np.lexsort((track, frame))
    same = (np.diff(frame[order]) == 0) & (np.diff(track[order]) == 0) & (track[order][1:] >= 0)
    if not same.any():
        return
    row = order[np.flatnonzero(same)[0]]
    key = shown(aligned.truth.frames.key[frame[row]], 60)
    raise MismatchError(
        "P405",
        where=f"{shown(aligned.predictions.origin.name)}: frame {key}",
        what=f"has track id {track[row]} twice ({int(same.sum())} repeated ids in all)",
        wanted="one person per track id in a frame",
    )


def pair_rows(scene: Scene) -> tuple[Ints, Ints]:
    """Ground truth and prediction row [pairs] of every pair of a frame, truth-major, frame after frame."""
    truth_start, start = scene.truth.start, scene.predictions.start
    frame = np.repeat(np.arange(len(start) - 1), np.diff(truth_start))
    count = np.diff(start)[frame]
    truth = np.repeat(np.arange(len(frame)), count)
    offset = np.arange(len(truth)) - np.repeat(np.cumsum(count) - count, count)
    return truth, start[frame][truth] + offset


def pose_similarity(
    aligned: Aligned, scene: Scene, similarity: Similarity, area: Scale, sigma: float = 0.0
) -> Floats:
    """Likeness [pairs] of whole poses, 0 to 1; NaN where the ground truth labels no joint.

    OKS: mean over labelled joints of exp(-d^2 / (2 area (2 sigma)^2)), a joint that was not predicted counts
    0 (COCO evaluation, `computeOks`); `sigma` is that of all joints, 0 the skeleton's. PCKh: fraction of
    labelled joints within half a head size. IoU is that of boxes, whatever joints they have.
    """
    truth, prediction = pair_rows(scene)
    if similarity is Similarity.IOU:
        return box_overlap(aligned.truth.people.box[truth], aligned.predictions.people.box[prediction])
    out = np.empty(len(truth), dtype=np.float64)
    needed = similarity is Similarity.OKS
    sigmas = sigmas_of(aligned.truth, sigma) if needed else np.zeros(0)
    size = sizes_of(aligned.truth.people, area) if needed else np.zeros(0)
    step = max(1, CHUNK // max(1, len(aligned.truth.skeleton)))
    for begin in range(0, len(truth), step):
        part = slice(begin, begin + step)
        out[part] = _similarity_of(aligned, truth[part], prediction[part], similarity, (size, sigmas))
    return out


def box_overlap(a: Floats, b: Floats) -> Floats:
    """Intersection over union [pairs] of boxes x1, y1, x2, y2 [pairs, 4]; 0 for a box without area.

    Source: TrackEval 1.3.0, datasets/_base_dataset.py (`_calculate_box_ious`).
    """
    low, high = np.maximum(a[:, :2], b[:, :2]), np.minimum(a[:, 2:], b[:, 2:])
    shared = np.maximum(high - low, 0.0).prod(axis=1)
    areas = [(box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1]) for box in (a, b)]
    some = np.minimum(*areas) > np.finfo(np.float64).eps
    out: Floats = np.divide(shared, areas[0] + areas[1] - shared, out=np.zeros(len(a)), where=some)
    return out


def _similarity_of(
    aligned: Aligned, truth: Ints, prediction: Ints, kind: Similarity, scale: tuple[Floats, Floats]
) -> Floats:
    mine, theirs = aligned.truth.people, aligned.predictions.people
    labelled, predicted = mine.seen[truth] > 0, theirs.seen[prediction] > 0
    both = labelled & predicted
    delta = np.where(both[..., None], mine.xy[truth] - theirs.xy[prediction], 0.0)
    squared = (delta**2).sum(axis=2)
    if kind is Similarity.PCKH:
        with np.errstate(divide="ignore", invalid="ignore"):
            near = np.sqrt(squared) / mine.head[truth][:, None] <= PCKH_GATE
        likeness = near.astype(np.float64)
    else:
        size, sigmas = scale
        variance = (2 * sigmas) ** 2
        likeness = np.exp(-squared / (2 * variance * size[truth][:, None]))
    total = np.where(both, likeness, 0.0).sum(axis=1)
    count = labelled.sum(axis=1)
    out: Floats = np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
    return out
