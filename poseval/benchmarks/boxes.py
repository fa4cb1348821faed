"""Tracked boxes in MOTChallenge's form: CLEAR MOT, identities and HOTA by intersection over union.

Rule sets: `mot16` scores as TrackEval does MOT16 and MOT17; `mot15` remembers matches as the older
kits and py-motmetrics do, and knows no classes; `corrected` is `mot16` where nothing undefined reads 0.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from poseval.benchmarks.base import Benchmark, Pair, Part, Parts, by_names, its_format
from poseval.benchmarks.rule_sets import CORRECTED, RuleSet
from poseval.errors import number_of, shown
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
MOT15 = RuleSet("mot15", frozenset(), "MOT15: no classes, and a match is remembered for ever (py-motmetrics)")
FIXED = replace(CORRECTED, quirks=frozenset({"T01", "T03"}), title="mot16, where undefined numbers are no 0")

PEDESTRIAN = 1
DISTRACTORS = (2, 7, 8, 12)  # on a vehicle, static, distractor, reflection: whoever finds them is not wrong
GATE = 0.5


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
    """Pair frames by number. Frames with only predictions are included, because files list boxes, not frames.

    Raises:
        MismatchError: as `by_names`, for sets with several sequences.
    """
    mine, theirs = truth.frames, predictions.frames
    if len(mine.sequences) > 1 or len(theirs.sequences) > 1:
        return by_names(truth, predictions, rules)
    number = np.union1d(mine.number, theirs.number)
    text = np.array([str(n) for n in number.tolist()], dtype=np.str_)
    frames = Frames(text, np.zeros(len(number), dtype=np.int64), number, sequences=mine.sequences)
    sides = []
    for poses in (truth, predictions):
        place = np.searchsorted(number, poses.frames.number)[poses.people.frame]
        order = np.argsort(place, kind="stable")
        people = poses.people.with_columns(frame=np.zeros(len(poses), dtype=np.int64)).take(order)
        sides.append(replace(poses, frames=frames, people=people.with_columns(frame=place[order])))
    alone = len(number) - len(mine)
    notices = []
    if alone:
        text_ = (
            f"{shown(predictions.origin.name)}: {number_of(alone, 'frame')} without ground truth; every box "
            "there is a false positive"
        )
        notices.append(Notice("N583", text_, alone))
    return Aligned(*sides), notices


def parts(aligned: Aligned, rules: RuleSet, chosen: tuple[Metric, ...], per_joint: bool) -> Parts:
    """The boxes that are evaluated."""
    kept, notices = evaluated(aligned, classes=rules.keeps("T03"))
    return [Part("", kept, chosen or metrics(rules, aligned.truth, per_joint))], notices


def evaluated(aligned: Aligned, *, classes: bool) -> tuple[Aligned, list[Notice]]:
    """The boxes that are evaluated: boxes marked otherwise and predictions of distractors are left out.

    Where `classes` count, people alone are to be found; in each frame predictions are assigned to boxes of
    all classes, and those that fall to a distractor are left out (TrackEval, MotChallenge2DBox).
    """
    truth, predictions = aligned.truth, aligned.predictions
    wanted = ~truth.people.crowd
    free = np.zeros(len(predictions), dtype=np.bool_)
    if classes:
        wanted &= truth.people.category == PEDESTRIAN
        free[_on_distractors(aligned)] = True
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


def _on_distractors(aligned: Aligned) -> Ints:
    """Rows of predictions that are assigned to a distractor."""
    truth, predictions = aligned.truth, aligned.predictions
    starts = truth.frame_start(), predictions.frame_start()
    distractor = np.isin(truth.people.category, DISTRACTORS)
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
    rule_sets=(MOT16, MOT15, FIXED),
    unit="sequence",
    truth_formats=("motchallenge",),
    prediction_formats=("motchallenge",),
    signs=((its_format, 0.9),),
    metrics=metrics,
    pair=pair_frames,
    parts=parts,
)
