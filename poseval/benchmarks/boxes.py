"""Tracked boxes in MOTChallenge's form: CLEAR MOT, identities and HOTA by intersection over union.

Rule sets: `mot16` scores as TrackEval does MOT16 and MOT17, `mot20` as MOT20; `mot15` remembers matches as
the older kits and py-motmetrics do, and knows no classes; `corrected` is `mot16` where nothing undefined
reads 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from poseval.benchmarks.base import Benchmark, Pair, Part, Parts, its_format
from poseval.benchmarks.rule_sets import CORRECTED, RuleSet
from poseval.errors import MismatchError, number_of, shown
from poseval.kernels.tracking import assign
from poseval.metrics.base import Metric
from poseval.metrics.clear_mot import ClearMot, Events
from poseval.metrics.hota import Hota
from poseval.metrics.identity import Identity
from poseval.metrics.joint_rows import Empty
from poseval.metrics.tracking_scene import Similarity, box_overlap
from poseval.poses import Frames, Ints, Notice, PoseSet
from poseval.poses.aligned import Aligned

MOT16 = RuleSet("mot16", frozenset({"T01", "T02", "T03"}), "MOT16 and MOT17 by TrackEval 1.3.0")
MOT20 = RuleSet("mot20", frozenset({"T01", "T02", "T03", "T04"}), "MOT20 by TrackEval 1.3.0")
MOT15 = RuleSet("mot15", frozenset(), "MOT15: no classes, and a match is remembered for ever (py-motmetrics)")
FIXED = replace(CORRECTED, quirks=frozenset({"T01", "T03"}), title="mot16, where undefined numbers are no 0")

PEDESTRIAN = 1
DISTRACTORS = (2, 7, 8, 12)  # on a vehicle, static, distractor, reflection: whoever finds them is not wrong
VEHICLE = 6  # a distractor in MOT20 (T04)
GATE = 0.5
LAST = 10**9  # above the number of every frame


def metrics(rules: RuleSet, truth: PoseSet, per_joint: bool) -> tuple[Metric, ...]:
    """HOTA, CLEAR MOT and identities of boxes."""
    zeros = Empty.TRACKEVAL if rules.keeps("T02") else Empty.UNDEFINED
    events = Events.TRACKEVAL if rules.keeps("T01") else Events.MOTMETRICS
    return (
        Hota(Similarity.IOU, empty=zeros),
        ClearMot(Similarity.IOU, events=events, empty=zeros),
        Identity(Similarity.IOU, empty=zeros),
    )


def pair_frames(truth: PoseSet, predictions: PoseSet, rules: RuleSet) -> Pair:
    """Pair frames by sequence and number. Frames with only predictions are included: files list boxes alone.

    Two single sequences are paired whatever their names.

    Raises:
        MismatchError: P480 sequences without predictions.
    """
    names = truth.frames.sequences
    place, notices = _partners(truth, predictions)
    if (place < 0).any():
        kept = np.flatnonzero(place[predictions.frames.sequence] >= 0)
        predictions = predictions.take_frames(kept)
    mine, theirs = truth.frames, predictions.frames
    own = [mine.sequence * LAST + mine.number, place[theirs.sequence] * LAST + theirs.number]
    every = np.union1d(*own)
    sequence, number = every // LAST, every % LAST
    pairs = zip(sequence.tolist(), number.tolist(), strict=True)
    text = np.array([f"{names[s]}/{n}" if len(names) > 1 else str(n) for s, n in pairs], dtype=np.str_)
    frames = Frames(text, sequence, number, sequences=names)
    sides = []
    for poses, key in zip((truth, predictions), own, strict=True):
        row = np.searchsorted(every, key)[poses.people.frame]
        order = np.argsort(row, kind="stable")
        people = poses.people.with_columns(frame=np.zeros(len(poses), dtype=np.int64)).take(order)
        regions = replace(poses.ignore, frame=np.searchsorted(every, key)[poses.ignore.frame])
        people = people.with_columns(frame=row[order])
        sides.append(replace(poses, frames=frames, people=people, ignore=regions))
    alone = len(every) - len(mine)
    if alone:
        text_ = (
            f"{shown(predictions.origin.name)}: {number_of(alone, 'frame')} without ground truth; every box "
            "there is a false positive"
        )
        notices.append(Notice("N583", text_, alone))
    return Aligned(*sides), notices


def _partners(truth: PoseSet, predictions: PoseSet) -> tuple[Ints, list[Notice]]:
    """The true sequence of each predicted one, -1 for those without one, which a notice counts."""
    ours, theirs = truth.frames.sequences, predictions.frames.sequences
    if len(ours) == len(theirs) == 1:
        return np.zeros(1, dtype=np.int64), []
    place = np.array([ours.index(name) if name in ours else -1 for name in theirs], dtype=np.int64)
    lost = sorted(set(range(len(ours))) - set(place.tolist()))
    if lost:
        raise MismatchError(
            "P480",
            where=shown(predictions.origin.name),
            what=f"has no file for {number_of(len(lost), 'sequence')} (first: {shown(ours[lost[0]])})",
            wanted="one file per sequence of the ground truth, with the same name",
            hint="write an empty file for a sequence in which nobody was found",
        )
    spare = int((place < 0).sum())
    text = f"left out: {number_of(spare, 'sequence')} outside of the ground truth"
    return place, [Notice("N484", text, spare)] if spare else []


def parts(aligned: Aligned, rules: RuleSet, chosen: tuple[Metric, ...], per_joint: bool) -> Parts:
    """The boxes that are evaluated."""
    distractors = (*DISTRACTORS, VEHICLE) if rules.keeps("T04") else DISTRACTORS
    kept, notices = evaluated(aligned, distractors if rules.keeps("T03") else ())
    return [Part("", kept, chosen or metrics(rules, aligned.truth, per_joint))], notices


def evaluated(aligned: Aligned, distractors: Sequence[int]) -> tuple[Aligned, list[Notice]]:
    """The boxes that are evaluated: boxes marked otherwise and predictions of distractors are left out.

    Where some classes are `distractors`, people alone are to be found; in each frame predictions are assigned
    to boxes of all classes, and those that fall to a distractor are left out (TrackEval, MotChallenge2DBox).
    """
    truth, predictions = aligned.truth, aligned.predictions
    wanted = ~truth.people.crowd
    free = np.zeros(len(predictions), dtype=np.bool_)
    if distractors:
        wanted &= truth.people.category == PEDESTRIAN
        free[_on_distractors(aligned, distractors)] = True
    if wanted.all() and not free.any():
        return aligned, []
    text = (
        f"{number_of(int((~wanted).sum()), 'box', 'boxes')} of the ground truth not evaluated by flag or "
        f"class, {number_of(int(free.sum()), 'predicted box', 'predicted boxes')} on distractors left out"
    )
    kept = Aligned(
        replace(truth, people=truth.people.take(np.flatnonzero(wanted))),
        replace(predictions, people=predictions.people.take(np.flatnonzero(~free))),
    )
    return kept, [Notice("N584", text, int((~wanted).sum() + free.sum()))]


def _on_distractors(aligned: Aligned, distractors: Sequence[int]) -> Ints:
    """Rows of predictions that are assigned to a distractor."""
    truth, predictions = aligned.truth, aligned.predictions
    starts = truth.frame_start(), predictions.frame_start()
    distractor = np.isin(truth.people.category, distractors)
    out: list[int] = []
    for frame in np.unique(truth.people.frame[distractor]).tolist():
        rows = np.arange(starts[0][frame], starts[0][frame + 1])
        others = np.arange(starts[1][frame], starts[1][frame + 1])
        if not len(others):
            continue
        a, b = np.repeat(rows, len(others)), np.tile(others, len(rows))
        alike = box_overlap(truth.people.box[a], predictions.people.box[b]).reshape(len(rows), -1)
        alike[alike < GATE - np.finfo(np.float64).eps] = 0
        column = assign(-alike)
        place = np.flatnonzero(column >= 0)
        place = place[(alike[place, column[place]] > 0) & distractor[rows[place]]]
        out += others[column[place]].tolist()
    return np.asarray(out, dtype=np.int64)


MOTCHALLENGE = Benchmark(
    name="motchallenge",
    title="MOTChallenge, tracked boxes",
    primary="HOTA",
    source="Milan et al. 2016; Dendorfer et al. 2021; JonathonLuiten/TrackEval 1.3.0",
    rule_sets=(MOT16, MOT20, MOT15, FIXED),
    unit="sequence",
    truth_formats=("motchallenge",),
    prediction_formats=("motchallenge",),
    signs=((its_format, 0.9),),
    metrics=metrics,
    pair=pair_frames,
    parts=parts,
)
