"""PoseTrack21's boxes in MOTChallenge's form: HOTA by one program of its kit, the rest by the other.

The two programs take other boxes, and leave out other predictions in ignore regions: HOTA those that its
assignment gives to nobody, CLEAR MOT those that match nobody, IDF1 those that could match nobody.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from poseval.benchmarks.base import Benchmark, Part, Parts, Scored
from poseval.benchmarks.boxes import GATE, MOTCHALLENGE, pair_frames
from poseval.benchmarks.rule_sets import CORRECTED, RuleSet
from poseval.errors import number_of
from poseval.kernels.tracking import assign
from poseval.metrics.base import Metric
from poseval.metrics.clear_mot import ClearMot
from poseval.metrics.hota import Hota
from poseval.metrics.identity import Identity
from poseval.metrics.joint_rows import Empty
from poseval.metrics.tracking_scene import Similarity, box_overlap
from poseval.poses import Bools, Floats, Ints, Notice, PoseSet
from poseval.poses.aligned import Aligned
from poseval.results.values import Summary

KIT = RuleSet(
    "posetrack21", frozenset({"B01", "B02"}), "anDoer/PoseTrack21@3e61960 eval/posetrack21 and eval/mot"
)
IGNORED = 0.1  # overlap of a box with an ignore region from which it is left out
FAR = 1e6  # a cost that no assignment of pairs within the gate reaches


def metrics(rules: RuleSet, truth: PoseSet, per_joint: bool) -> tuple[Metric, ...]:
    """HOTA, CLEAR MOT and identities of boxes."""
    zeros = Empty.UNDEFINED if rules is CORRECTED else Empty.POSETRACK21
    return (Hota(Similarity.IOU, empty=zeros), ClearMot(Similarity.IOU), Identity(Similarity.IOU))


def parts(aligned: Aligned, rules: RuleSet, chosen: tuple[Metric, ...], per_joint: bool) -> Parts:
    """HOTA on the boxes of the files, CLEAR MOT and identities on those of the other program."""
    found = _replaced(aligned, aligned.truth.people.box + 1, aligned.predictions.people.box + 1)
    spare = in_regions(found) & _unassigned(found)
    hota = _without(found, spare)
    count = int(spare.sum())
    text = f"left out: {number_of(count, 'box', 'boxes')} in ignore regions"
    notices = [Notice("N573", text, count)] if count else []
    if chosen:
        return [Part("", hota, chosen)], notices
    cut = _of_whole_pixels(found) if rules.keeps("B01") else found
    inside = in_regions(cut)
    alone, unmatched = _by_motmetrics(cut)
    sets = (hota, _without(cut, inside & unmatched), _without(cut, inside & alone))
    each = zip(("hota", "clear", "identity"), sets, metrics(rules, aligned.truth, per_joint), strict=True)
    return [Part(name, part, (metric,)) for name, part, metric in each], notices


def _replaced(aligned: Aligned, truth: Floats, predictions: Floats) -> Aligned:
    """The sets with other boxes."""
    sides = zip((aligned.truth, aligned.predictions), (truth, predictions), strict=True)
    return Aligned(*(replace(side, people=side.people.with_columns(box=box)) for side, box in sides))


def _without(aligned: Aligned, rows: Bools) -> Aligned:
    """The sets without some predictions."""
    people = aligned.predictions.people.take(np.flatnonzero(~rows))
    return Aligned(aligned.truth, replace(aligned.predictions, people=people))


def _of_whole_pixels(aligned: Aligned) -> Aligned:
    """True corners and sizes without their fractions; predicted boxes moved and narrowed by a pixel."""
    true, found = np.round(aligned.truth.people.box, 6), aligned.predictions.people.box
    corner, size = np.trunc(true[:, :2]), np.trunc(np.round(true[:, 2:] - true[:, :2], 6))
    return _replaced(
        aligned,
        np.concatenate([corner, corner + size], axis=1),
        np.concatenate([found[:, :2] - 1, found[:, 2:] - 2], axis=1),
    )


def _frames(aligned: Aligned) -> Iterator[tuple[Ints, Ints, Floats]]:
    """Rows of both sides of each frame that has predictions, and the overlaps of all pairs."""
    starts = aligned.truth.frame_start(), aligned.predictions.frame_start()
    boxes = aligned.truth.people.box, aligned.predictions.people.box
    for frame in np.unique(aligned.predictions.people.frame).tolist():
        mine, theirs = (np.arange(start[frame], start[frame + 1]) for start in starts)
        a, b = np.repeat(mine, len(theirs)), np.tile(theirs, len(mine))
        yield mine, theirs, box_overlap(boxes[0][a], boxes[1][b]).reshape(len(mine), len(theirs))


def _unassigned(aligned: Aligned) -> Bools:
    """Predictions [N] that the assignment of their frame gives to nobody, in frames with somebody."""
    out = np.zeros(len(aligned.predictions), dtype=np.bool_)
    for mine, theirs, like in _frames(aligned):
        if not len(mine):
            continue
        out[theirs] = True
        like[like < GATE - np.finfo(np.float64).eps] = 0
        column = assign(-like)
        row = np.flatnonzero(column >= 0)
        out[theirs[column[row][like[row, column[row]] > 0]]] = False
    return out


def _by_motmetrics(aligned: Aligned) -> tuple[Bools, Bools]:
    """Predictions [N] that may match nobody of their frame, and those that match nobody, which are more.

    As py-motmetrics matches: who is within the gate of the latest partner keeps it, then the nearest.
    """
    alone = np.ones(len(aligned.predictions), dtype=np.bool_)
    unmatched = alone.copy()
    partner: dict[tuple[int, int], int] = {}
    sequence = aligned.truth.frames.sequence
    truth, predictions = aligned.truth.people, aligned.predictions.people
    for mine, theirs, like in _frames(aligned):
        near = like >= GATE
        alone[theirs] = ~near.any(axis=0)
        cost = np.where(near, 1 - like, FAR)
        keys = [(int(sequence[truth.frame[row]]), int(truth.track[row])) for row in mine]
        place = {int(track): column for column, track in enumerate(predictions.track[theirs])}
        for row, key in enumerate(keys):
            column = place.get(partner.get(key, -1), -1)
            if column >= 0 and cost[row, column] < FAR:
                cost[row], cost[:, column] = FAR, FAR
                unmatched[theirs[column]] = False
        found = assign(cost) if len(mine) else np.zeros(0, dtype=np.int64)
        for row in np.flatnonzero(found >= 0).tolist():
            if cost[row, found[row]] < FAR:
                partner[keys[row]] = int(predictions.track[theirs[found[row]]])
                unmatched[theirs[found[row]]] = False
    return alone, unmatched


def in_regions(aligned: Aligned) -> Bools:
    """Predictions [N] whose box overlaps an ignore region of their frame by over a tenth of their union."""
    regions, people = aligned.truth.ignore, aligned.predictions.people
    start = aligned.predictions.frame_start()
    out = np.zeros(len(aligned.predictions), dtype=np.bool_)
    for region, frame in enumerate(regions.frame.tolist()):
        polygon = regions.vertices[regions.start[region] : regions.start[region + 1]]
        whole = area(polygon)
        for row in range(start[frame], start[frame + 1]):
            box = people.box[row]
            shared = area(clipped(polygon, box))
            union = whole + float(np.prod(box[2:] - box[:2])) - shared
            out[row] |= union > 0 and shared / union > IGNORED
    return out


def area(polygon: Floats) -> float:
    """Area of a simple polygon [V, 2], by the shoelace formula."""
    x, y = polygon.T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def clipped(polygon: Floats, box: Floats) -> Floats:
    """The part of a polygon [V, 2] inside of a box x1, y1, x2, y2, by sides (Sutherland and Hodgman 1974).

    Parts of a polygon that is not convex stay joined along the sides, which adds no area.
    """
    for axis, bound, sign in ((0, box[0], 1), (1, box[1], 1), (0, box[2], -1), (1, box[3], -1)):
        kept: list[Floats] = []
        inside = sign * (polygon[:, axis] - bound) >= 0
        for at in range(len(polygon)):
            last = at - 1
            if inside[at] != inside[last]:
                share = (bound - polygon[last, axis]) / (polygon[at, axis] - polygon[last, axis])
                kept.append(polygon[last] + share * (polygon[at] - polygon[last]))
            if inside[at]:
                kept.append(polygon[at])
        polygon = np.array(kept).reshape(-1, 2)
    return polygon


def numbers(scored: Sequence[Scored], rules: RuleSet) -> Summary:
    """All by their own names; the kit's IDF1 counts predictions as CLEAR MOT does (B02)."""
    out: Summary = {number.key: number for item in scored for number in item.numbers()}
    by_part = {item.part: item.values for item in scored if not item.slice}
    if rules.keeps("B02") and {"clear", "identity"} <= by_part.keys():
        clear = {name: by_part["clear"].get(name) for name in ("objects", "detections", "false_positives")}
        matched = by_part["identity"].get("IDTP")
        total = clear["objects"] + clear["detections"] + clear["false_positives"]
        value = 2 * matched / total if total else math.nan
        out["IDF1"] = out["IDF1"]._replace(value=value)
    return out


def has_image_info(benchmark: Benchmark, truth: PoseSet) -> bool:
    """Whether boxes come with ignore regions, as only PoseTrack21's do."""
    return truth.origin.first_format == "motchallenge" and len(truth.ignore.frame) > 0


POSETRACK21_BOXES = replace(
    MOTCHALLENGE,
    name="posetrack21-boxes",
    title="PoseTrack21, tracked boxes",
    source="Doering et al. 2022; anDoer/PoseTrack21 3e61960, eval/posetrack21 and eval/mot",
    rule_sets=(KIT, CORRECTED),
    signs=((has_image_info, 0.95),),
    metrics=metrics,
    pair=pair_frames,
    parts=parts,
    summary=numbers,
)
