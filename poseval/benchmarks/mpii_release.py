"""MPII with its own release file: several people in groups, and the form of a submission to the test set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from poseval.benchmarks.alignment import align
from poseval.benchmarks.base import Benchmark, Pair, Scored, enter, headlines
from poseval.benchmarks.mpii import OUTSIDE
from poseval.benchmarks.rule_sets import CORRECTED, RuleSet
from poseval.benchmarks.tables import COLUMNS, by_kind
from poseval.errors import MismatchError, shown
from poseval.metrics.joint_ap import JointAp, Ties
from poseval.metrics.joint_error import ZeroScale, check_scale
from poseval.metrics.presence import Presence
from poseval.poses import Frames, Ints, Notice, PoseSet
from poseval.poses.aligned import Aligned
from poseval.results.layout import Layout
from poseval.results.values import Summary
from poseval.skeletons import Skeleton

OFFICIAL = RuleSet(
    "official-kit", frozenset({"M09"}), "MPII evaluation kit, as in anibali/eval-mpii-pose@938ef9a"
)
HEAD = ("upper_neck", "head_top")


def in_groups(truth: PoseSet, predictions: PoseSet, rules: RuleSet) -> Pair:
    """People in their groups, each a frame and a sequence of its own, with fourteen joints.

    Raises:
        MismatchError: P414 ground truth without groups, P402 to P404 sets that do not belong together, P410
            people without a head box.
        ValueRangeError: P304 a head without size.
    """
    aligned, notices = align(truth, predictions)
    if "group" in aligned.truth.people.extra:
        aligned, more = grouped(aligned)
        notices += more
    aligned = _apart(_without(aligned, OUTSIDE))
    check_scale(aligned, aligned.truth.people.head, "head", ZeroScale.REFUSE)
    if rules.keeps("M09"):
        aligned, more = _with_predictions(aligned)
        notices += more
    return aligned, notices


def grouped(aligned: Aligned) -> tuple[Aligned, list[Notice]]:
    """Groups as frames: true people of groups that have labels, and the predictions in them.

    Predictions that name their group (a submission) go there; others go to the group of their image, and
    where an image has several to the one with the nearest person.

    Raises:
        MismatchError: P414 when no group has a labelled person.
    """
    truth, predictions = aligned.truth, aligned.predictions
    own = truth.people.extra["group"]
    labelled = truth.people.is_labelled
    kept = np.flatnonzero(own >= 0)
    code = truth.people.frame * (int(own.max(initial=0)) + 1) + own
    scored = np.unique(code[kept][labelled[kept]])
    if not len(scored):
        raise MismatchError(
            "P414",
            where=shown(truth.origin.name),
            what="has no group of people with labels",
            wanted="MPII's release with groups_v12.mat next to it",
        )
    kept = kept[np.isin(code[kept], scored)]
    width = int(own.max(initial=0)) + 1
    image, number = scored // width, scored % width
    frames = Frames(
        np.asarray([f"{truth.frames.key[i]}#group{n}" for i, n in zip(image, number, strict=True)]),
        path=truth.frames.path[image],
    )
    people = truth.people.take(kept)
    place = np.searchsorted(scored, code[kept])
    order = np.argsort(place, kind="stable")
    people = people.with_columns(frame=np.zeros(len(people), dtype=np.int64)).take(order)
    new_truth = replace(truth, frames=frames, people=people.with_columns(frame=place[order]))
    target, notices = _groups_of_predictions(aligned, scored, width)
    rows = np.flatnonzero(target >= 0)
    rows = rows[np.argsort(target[rows], kind="stable")]
    theirs = predictions.people.with_columns(frame=np.zeros(len(predictions), dtype=np.int64)).take(rows)
    moved = replace(predictions, frames=frames, people=theirs.with_columns(frame=target[rows]))
    return Aligned(new_truth, moved), notices


def _groups_of_predictions(aligned: Aligned, scored: Ints, width: int) -> tuple[Ints, list[Notice]]:
    """Place among the scored groups [P] of each prediction, -1 for none."""
    predictions = aligned.predictions.people
    named = predictions.extra.get("group")
    if named is not None and (named >= 0).all():
        code = predictions.frame * width + named
        place = np.minimum(np.searchsorted(scored, code), len(scored) - 1)
        return np.where(scored[place] == code, place, -1), []
    target = np.full(len(predictions), -1, dtype=np.int64)
    start = np.searchsorted(scored, np.arange(len(aligned.truth.frames) + 1) * width)
    count = np.diff(start)[predictions.frame]
    target[count == 1] = start[predictions.frame[count == 1]]
    several = np.flatnonzero(count > 1)
    for row in several.tolist():
        target[row] = _nearest_group(aligned, row, scored, width)
    notices = []
    outside = int((count == 0).sum())
    if outside:
        text = f"{outside} predictions are in images without a scored group and are left out"
        notices.append(Notice("N490", text, outside))
    if len(several):
        text = (
            f"{len(several)} predictions are in images with several groups, and do not say to which they "
            "belong; each was assigned to the group of the nearest person"
        )
        notices.append(Notice("N491", text, len(several)))
    return target, notices


def _nearest_group(aligned: Aligned, row: int, scored: Ints, width: int) -> int:
    """Place of the group whose person's joints have the nearest middle."""
    people, truth = aligned.predictions.people, aligned.truth.people
    frame = int(people.frame[row])
    start = np.searchsorted(truth.frame, [frame, frame + 1])
    mine = np.arange(*start)
    code = frame * width + truth.extra["group"][mine]
    mine = mine[np.isin(code, scored) & (truth.seen[mine] > 0).any(axis=1)]
    own = people.xy[row][people.seen[row] > 0]
    middle = own.mean(axis=0) if len(own) else np.zeros(2)
    others = [truth.xy[person][truth.seen[person] > 0].mean(axis=0) for person in mine.tolist()]
    nearest = mine[int(np.argmin(((np.asarray(others) - middle) ** 2).sum(axis=1)))]
    return int(np.searchsorted(scored, frame * width + truth.extra["group"][nearest]))


def _without(aligned: Aligned, names: Sequence[str]) -> Aligned:
    """Both sets without some joints."""
    skeleton = aligned.truth.skeleton
    kept = [index for index, name in enumerate(skeleton.joints) if name not in names]
    if len(kept) == len(skeleton):
        return aligned
    place = {old: new for new, old in enumerate(kept)}
    small = Skeleton(
        f"{skeleton.name}-{len(kept)}",
        tuple(skeleton.joints[index] for index in kept),
        tuple(place[skeleton.flip[index]] for index in kept),
        tuple((place[a], place[b]) for a, b in skeleton.limbs if a in place and b in place),
        source=skeleton.source,
    )

    def cut(poses: PoseSet) -> PoseSet:
        people = poses.people
        columns = {name: getattr(people, name)[:, kept] for name in ("xy", "seen", "joint_score")}
        return replace(poses, skeleton=small, people=people.with_columns(**columns))

    return Aligned(cut(aligned.truth), cut(aligned.predictions))


def _apart(aligned: Aligned) -> Aligned:
    """Every frame as a sequence of its own: groups are what is resampled."""
    frames = aligned.truth.frames
    count = np.arange(len(frames))
    apart = replace(
        frames, sequence=count, number=np.zeros_like(count), sequences=tuple(map(str, frames.key))
    )
    return Aligned(replace(aligned.truth, frames=apart), replace(aligned.predictions, frames=apart))


def _with_predictions(aligned: Aligned) -> tuple[Aligned, list[Notice]]:
    """Only groups with a prediction: the kit counts the others' joints nowhere (quirk M09)."""
    there = np.zeros(len(aligned.truth.frames), dtype=np.bool_)
    there[aligned.predictions.people.frame] = True
    lost = int((~there).sum())
    if not lost:
        return aligned, []
    rows = np.flatnonzero(there)
    truth = aligned.truth.take_frames(rows)
    predictions = replace(aligned.predictions.take_frames(rows), frames=truth.frames)
    text = f"{lost} groups without any prediction are not counted, as the kit does (quirk M09)"
    return _apart(Aligned(truth, predictions)), [Notice("N492", text, lost)]


def of_the_test(truth: PoseSet, predictions: PoseSet, rules: RuleSet) -> Pair:
    """One frame per separated person of the test images, with the prediction of its rectangle.

    Of a submission of several people, one frame per group, with the prediction of most joints.

    Raises:
        MismatchError: P414 ground truth without test images, P402 to P404 sets that do not belong together.
    """
    aligned, notices = align(truth, predictions)
    extra, frames = aligned.truth.people.extra, aligned.truth.frames
    if not {"rect", "single", "expected"} <= extra.keys() or "train" not in frames.extra:
        raise _no_test(truth)
    test = ~frames.extra["train"][aligned.truth.people.frame]
    groups = predictions.people.extra.get("group")
    several = groups is not None and bool((groups >= 0).any())
    rows = np.flatnonzero(test & (extra["group"] >= 0 if several else extra["single"] & extra["expected"]))
    if not len(rows):
        raise _no_test(truth)
    if several:
        aligned, more = _by_group(aligned, rows)
        notices += more
    else:
        aligned, lost = _by_rectangle(aligned, rows)
        if lost:
            text = f"{lost} predictions belong to rectangles that the test does not score"
            notices.append(Notice("N493", text, lost))
    return _without(aligned, OUTSIDE), notices


def _no_test(truth: PoseSet) -> MismatchError:
    return MismatchError(
        "P414",
        where=shown(truth.origin.name),
        what="has no separated people in test images",
        wanted="the complete MPII release (mpii_human_pose_v1_u12_1.mat)",
    )


def _by_rectangle(aligned: Aligned, rows: Ints) -> tuple[Aligned, int]:
    """The true people in `rows` and the predictions of their rectangles; how many predictions are left."""
    truth, predictions = aligned.truth, aligned.predictions
    frames = truth.frames
    rect = truth.people.extra["rect"]
    keys = [f"{frames.key[truth.people.frame[row]]}#{rect[row]}" for row in rows.tolist()]
    table = Frames(np.asarray(keys), path=frames.path[truth.people.frame[rows]])
    place = {(int(truth.people.frame[row]), int(rect[row])): new for new, row in enumerate(rows.tolist())}
    theirs = predictions.people
    own = theirs.extra.get("rect", np.zeros(len(theirs), dtype=np.int64))
    target = np.asarray(
        [place.get(pair, -1) for pair in zip(theirs.frame.tolist(), own.tolist(), strict=True)],
        dtype=np.int64,
    )
    kept = np.flatnonzero(target >= 0)
    kept = kept[np.argsort(target[kept], kind="stable")]
    zero = np.zeros(len(theirs), dtype=np.int64)
    people = theirs.with_columns(frame=zero).take(kept).with_columns(frame=target[kept])
    wanted = truth.people.take(rows).with_columns(frame=np.arange(len(rows)))
    return (
        Aligned(
            PoseSet(truth.skeleton, table, wanted, origin=truth.origin),
            PoseSet(predictions.skeleton, table, people, origin=predictions.origin),
        ),
        int((target < 0).sum()),
    )


def _by_group(aligned: Aligned, rows: Ints) -> tuple[Aligned, list[Notice]]:
    """The groups of the true people in `rows`, one person for each, and the fullest prediction."""
    truth, predictions = aligned.truth, aligned.predictions
    theirs, own = predictions.people, truth.people.extra["group"]
    width = int(max(own.max(initial=0), theirs.extra["group"].max(initial=0))) + 1
    code = truth.people.frame[rows] * width + own[rows]
    groups, first = np.unique(code, return_index=True)
    key = [f"{truth.frames.key[group // width]}#group{group % width}" for group in groups.tolist()]
    table = Frames(np.asarray(key), path=truth.frames.path[groups // width])
    target = theirs.frame * width + theirs.extra["group"]
    place = np.minimum(np.searchsorted(groups, target), len(groups) - 1)
    fullest = np.argsort(-(theirs.seen > 0).sum(axis=1), kind="stable")
    inside = fullest[groups[place[fullest]] == target[fullest]]
    frame, chosen = np.unique(place[inside], return_index=True)
    zero = np.zeros(len(theirs), dtype=np.int64)
    people = theirs.with_columns(frame=zero).take(inside[chosen]).with_columns(frame=frame)
    wanted = truth.people.with_columns(frame=np.zeros(len(truth), dtype=np.int64)).take(rows[first])
    notices = [
        Notice(
            "N468",
            "several people; each group counts as one person, predicted by the one with most joints",
        )
    ]
    unscored = int((np.isnan(theirs.joint_score) & (theirs.seen > 0)).sum())
    if unscored:
        text = f"{unscored} predicted joints have no score, by which the server ranks them"
        notices.append(Notice("N469", text, unscored))
    return (
        Aligned(
            PoseSet(
                truth.skeleton, table, wanted.with_columns(frame=np.arange(len(groups))), origin=truth.origin
            ),
            PoseSet(predictions.skeleton, table, people, origin=predictions.origin),
        ),
        notices,
    )


def has_groups(benchmark: Benchmark, truth: PoseSet) -> bool:
    """Whether this is MPII's release with groups."""
    group = truth.people.extra.get("group")
    return group is not None and bool((group >= 0).any())


def joint_ap(rules: RuleSet, truth: PoseSet, per_joint: bool) -> tuple[JointAp]:
    """AP of every joint, equal scores in the order of the file."""
    return (JointAp(ties=Ties.EARLIER_FIRST, per_joint=per_joint),)


def group_numbers(scored: Sequence[Scored], rules: RuleSet) -> Summary:
    """`AP`, `AP/head` (mean of upper neck and head top) and the other kinds, and joints where asked."""
    out = headlines(scored, rules)
    for item in scored:
        if item.slice:
            continue
        found = {row.joint: item.metric.number(row) for row in item.values if row.statistic == "AP"}
        found.pop("", None)
        if set(HEAD) <= found.keys():
            neck, top = (found.pop(name) for name in HEAD)
            found["head"] = neck._replace(value=float(np.mean([neck.value, top.value])), joint="head")
        names = [name.lower() for name in COLUMNS]
        if getattr(item.metric, "per_joint", False):
            names += [name for name in found if name not in names]
        enter(out, item, [found[name] for name in names if name in found])
    return out


def group_table(summary: Summary) -> Layout | None:
    """The kit's columns."""
    if "AP/head" not in summary:
        return None
    return Layout((*COLUMNS, "Total"), (("AP", by_kind("AP")),))


MPII_MULTI = Benchmark(  # AP per joint over groups of people, none of whom stands alone
    name="mpii-multi",
    title="MPII Human Pose, several people, AP per joint over groups",
    primary="AP",
    source="Pishchulin et al. 2016 (DeepCut); the evaluation kit, assignGTmulti.m, getRPC.m, VOCap.m",
    skeletons=("mpii16",),
    fixed_skeleton=True,
    rule_sets=(OFFICIAL, CORRECTED),
    unit="sequence",
    truth_formats=("mpii-mat",),
    prediction_formats=("mpii-submission", "coco"),
    signs=((has_groups, 0.7),),
    metrics=joint_ap,
    pair=in_groups,
    summary=group_numbers,
    layout=group_table,
)


def presence(rules: RuleSet, truth: PoseSet, per_joint: bool) -> tuple[Presence]:
    """Whether everybody has a prediction."""
    return (Presence(),)


MPII_TEST = (
    Benchmark(  # the ground truth of the test set is not public, so nothing but the form can be scored
        name="mpii-test",
        title="MPII Human Pose, form of a submission to the test set (no quality)",
        source="the instructions of MPII's evaluation kit",
        skeletons=("mpii16",),
        fixed_skeleton=True,
        truth_formats=("mpii-mat",),
        prediction_formats=("mpii-submission",),
        incomparable="only the form is checked, because the ground truth of the test set is not public",
        metrics=presence,
        pair=of_the_test,
    )
)
