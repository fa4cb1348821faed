"""JRDB-Pose: OSPA of poses, OSPA(2) of tracks with its parts, CLEAR MOT, identities and HOTA by OKS.

Two evaluations of the toolkit on the same files, which do not agree on what counts. `pose` counts joints that
are visible or occluded, in all images, by the area of the file. `tracking` counts all joints, in images where
somebody's pose is labelled, by the area of the box around the joints, and leaves out predictions of people
whose pose nobody labelled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from poseval.benchmarks.alignment import align
from poseval.benchmarks.base import Benchmark, Pair, Part, Parts, Scored, its_format
from poseval.benchmarks.rule_sets import CORRECTED, RuleSet
from poseval.errors import MismatchError, number_of, shown
from poseval.kernels.tracking import assign
from poseval.metrics.base import Metric
from poseval.metrics.clear_mot import ClearMot, Events
from poseval.metrics.hota import Hota
from poseval.metrics.identity import Identity
from poseval.metrics.joint_rows import Empty
from poseval.metrics.ospa import Ospa
from poseval.metrics.ospa_tracks import Counted, Ospa2
from poseval.metrics.ospa_visibility import COLUMN, Levels
from poseval.metrics.tracking_scene import Similarity, box_overlap
from poseval.poses import Bools, Floats, Frames, Ints, Notice, PoseSet
from poseval.poses.aligned import Aligned
from poseval.poses.enclosing import enclosing_boxes
from poseval.results.layout import Layout
from poseval.results.values import Summary

REFERENCE = RuleSet(
    "jrdb-toolkit",
    frozenset({"J01", "J02"}),
    "JRDB-dataset/jrdb_toolkit@4fbf7d6 pose_eval, without its AP (J04) and its HOTA of joints (J05)",
)
SAME_PERSON = 0.3  # overlap from which a box is that of somebody with a pose
SAME_BOX = 0.8  # overlap from which a prediction is of somebody without one
SEAM = 400.0  # pixels: who is wider stands across the seam of the panorama
WIDTHS = {True: 3760.0, False: 752.0}  # of the stitched panorama, and of a single camera


def tracking_metrics(rules: RuleSet) -> tuple[Metric, ...]:
    """OSPA(2) with its parts, HOTA, CLEAR MOT and identities of whole poses."""
    zeros = Empty.UNDEFINED if rules is CORRECTED else Empty.TRACKEVAL
    return (
        Ospa2(
            frames=Counted.PREDICTED if rules.keeps("J01") else Counted.ALL,
            visibility=Levels.OFF if rules.keeps("J02") else Levels.ALL,
        ),
        Hota(Similarity.OKS, empty=zeros),
        ClearMot(Similarity.OKS, events=Events.TRACKEVAL, empty=zeros),
        Identity(Similarity.OKS, empty=zeros),
    )


def metrics(rules: RuleSet, truth: PoseSet, per_joint: bool) -> tuple[Metric, ...]:
    """Those of both evaluations."""
    return (Ospa(), *tracking_metrics(rules))


def pair_images(truth: PoseSet, predictions: PoseSet, rules: RuleSet) -> Pair:
    """Images by their sequence and id; single sequences belong together whatever they are called.

    Raises:
        MismatchError: P480 sequences without predictions; P404 other joints.
    """
    if predictions.frames is truth.frames or predictions.skeleton.joints != truth.skeleton.joints:
        return align(truth, predictions)
    ours, theirs = truth.frames.sequences, predictions.frames.sequences
    alone = len(ours) == len(theirs) == 1
    lost = [] if alone else [name for name in ours if name not in theirs]
    if lost:
        raise MismatchError(
            "P480",
            where=shown(predictions.origin.name),
            what=f"has no file for {number_of(len(lost), 'sequence')} (first: {shown(lost[0])})",
            wanted="one file per sequence of the ground truth, with the same name",
        )
    row = {name: place for place, name in enumerate(_image_names(truth.frames, alone))}
    place = np.array([row.get(name, -1) for name in _image_names(predictions.frames, alone)], dtype=np.int64)
    kept = np.flatnonzero(place[predictions.people.frame] >= 0)
    spare = int((place < 0).sum())
    people = predictions.people.take(kept)
    target = place[people.frame]
    order = np.argsort(target, kind="stable")
    people = people.with_columns(frame=np.zeros(len(people), dtype=np.int64)).take(order)
    predictions = replace(predictions, frames=truth.frames, people=people.with_columns(frame=target[order]))
    text = f"left out: {number_of(spare, 'image')} outside of the ground truth"
    return Aligned(truth, predictions), [Notice("N571", text, spare)] if spare else []


def _image_names(frames: Frames, alone: bool) -> list[str]:
    """Sequence and id of each image; of single sequences the id alone."""
    names = ["" if alone else frames.sequences[s] for s in frames.sequence.tolist()]
    return [f"{name}/{key.rpartition(':')[2]}" for name, key in zip(names, frames.key.tolist(), strict=True)]


def parts(aligned: Aligned, rules: RuleSet, chosen: tuple[Metric, ...], per_joint: bool) -> Parts:
    """The people of frames, and those of tracks; metrics by hand run on the latter."""
    tracks, notices = tracked(aligned)
    if chosen:
        return [Part("", tracks, chosen)], notices
    return [
        Part("pose", seen_joints(aligned), (Ospa(),)),
        Part("tracking", tracks, tracking_metrics(rules)),
    ], notices


def seen_joints(aligned: Aligned) -> Aligned:
    """People with poses, whose invisible joints do not count; areas are above 0."""
    posed = _posed(aligned.truth)
    truth = aligned.truth
    people = truth.people.take(np.flatnonzero(posed))
    flags = people.extra.get(COLUMN)
    seen = people.seen if flags is None else np.where(flags > 0, people.seen, 0)
    people = people.with_columns(seen=seen, area=people.area + np.spacing(1.0))
    return Aligned(replace(truth, people=people), aligned.predictions)


def tracked(aligned: Aligned) -> tuple[Aligned, list[Notice]]:
    """Images in which a pose is labelled, with all joints, and areas of the boxes around them.

    Predictions whose box is that of somebody without a pose are left out (J03).
    """
    truth, predictions = aligned.truth, aligned.predictions
    wide = not any("image" in name.rpartition("/")[2] for name in truth.frames.sequences)
    boxes = body_boxes(truth, WIDTHS[wide]), body_boxes(predictions, WIDTHS[wide])
    posed = _posed(truth)
    free = _of_nobody(aligned, posed, boxes)
    size = np.prod(boxes[0][:, 2:] - boxes[0][:, :2], axis=1)
    people = truth.people.with_columns(area=np.where(size > 0, size, 1.0)).take(np.flatnonzero(posed))
    mask = np.ones(len(predictions), dtype=np.bool_)
    mask[free] = False
    rows = np.unique(people.frame)
    kept = replace(truth, people=people).take_frames(rows)
    found = replace(predictions, people=predictions.people.take(np.flatnonzero(mask))).take_frames(rows)
    text = f"left out: {number_of(len(free), 'prediction')} of people without a labelled pose"
    notices = [Notice("N572", text, len(free))] if len(free) else []
    return Aligned(kept, replace(found, frames=kept.frames)), notices


def body_boxes(poses: PoseSet, width: float) -> Floats:
    """Boxes [N, 4] around all joints; who stands across the seam of the panorama goes on beyond its end."""
    box = enclosing_boxes(poses.people.xy, np.ones(poses.people.seen.shape, dtype=np.bool_))
    across = box[:, 2] - box[:, 0] > SEAM
    box[across, 0], box[across, 2] = box[across, 2], box[across, 0] + width
    return box


def _posed(truth: PoseSet) -> Bools:
    """Who has a pose [N]."""
    return np.asarray(truth.people.is_labelled, dtype=np.bool_)


def _of_nobody(aligned: Aligned, posed: Bools, boxes: tuple[Floats, Floats]) -> Ints:
    """Rows of predictions whose box is that of a person without a pose."""
    truth, predictions = aligned.truth, aligned.predictions
    starts = truth.frame_start(), predictions.frame_start()
    out: list[int] = []
    for frame in np.unique(truth.people.frame[~posed]).tolist():
        rows = np.arange(starts[0][frame], starts[0][frame + 1])
        others = np.arange(starts[1][frame], starts[1][frame + 1])
        mine, bare = rows[posed[rows]], truth.people.box[rows[~posed[rows]]]
        if not len(mine) or not len(others):
            continue
        bare = bare[~(_overlaps(bare, boxes[0][mine]) > SAME_PERSON).any(axis=1)]
        alike = _overlaps(boxes[1][others], bare) > SAME_BOX
        column = assign(-alike.astype(np.float64)) if len(bare) else np.full(len(others), -1)
        found = np.flatnonzero(column >= 0)
        out += others[found[alike[found, column[found]]]].tolist()
    return np.asarray(out, dtype=np.int64)


def _overlaps(a: Floats, b: Floats) -> Floats:
    """Intersections over union [A, B]."""
    rows, columns = np.repeat(np.arange(len(a)), len(b)), np.tile(np.arange(len(b)), len(a))
    return box_overlap(a[rows], b[columns]).reshape(len(a), len(b))


def numbers(scored: Sequence[Scored], rules: RuleSet) -> Summary:
    """OSPA of poses first, then the numbers of tracks, all by their own names."""
    out: Summary = {}
    for item in scored:
        out |= {number.key: number for number in item.numbers()}
    return out


def table(summary: Summary) -> Layout | None:
    """The columns of the board."""
    keys = tuple(
        key for key in ("OSPA", "OSPA2", "OSPA2_card", "OSPA2_loc", "HOTA", "MOTA", "IDF1") if key in summary
    )
    return Layout(keys, (("", keys),)) if keys else None


JRDB_POSE = Benchmark(
    name="jrdb-pose",
    title="JRDB-Pose, 17 joints, OSPA of poses and tracks",
    primary="OSPA",
    source="Vendrow et al. 2023; JRDB-dataset/jrdb_toolkit 4fbf7d6",
    skeletons=("jrdb17",),
    fixed_skeleton=True,
    rule_sets=(REFERENCE, CORRECTED),
    unit="sequence",
    truth_formats=("jrdb-pose",),
    prediction_formats=("jrdb-pose",),
    signs=((its_format, 0.98),),
    metrics=metrics,
    pair=pair_images,
    parts=parts,
    summary=numbers,
    layout=table,
)
