"""Bring predictions onto the ground truth's frames and joints, or say why they do not belong together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from poseval import skeletons
from poseval.errors import MismatchError, number_of, shown, unknown_name
from poseval.poses import Ints, Notice, PoseSet
from poseval.poses.aligned import Aligned
from poseval.poses.frame_names import (
    COVERED,
    WAYS,
    Placement,
    covered,
    labelled_frames,
    numbers,
    of_whole_video,
    place,
)
from poseval.poses.notices import counted
from poseval.poses.remembered import once
from poseval.skeletons import Skeleton, get_skeleton


def align(truth: PoseSet, predictions: PoseSet, way: str | None = None) -> tuple[Aligned, list[Notice]]:
    """Ground truth and predictions over one frames table and one joint order.

    Frames are tried by key, file name, file stem, base name, end of the path, spelling and number at the end
    of the stem; the first way on which every frame with predictions finds exactly one frame of the ground
    truth is taken, with a notice when it is not the key. A later way that would pair other frames makes the
    pairing ambiguous, unless `way` names one.

    Raises:
        MismatchError: P402 frames that the ground truth does not have, P403 ambiguous names, P404 other
        joints.
        UsageError: P176 an unknown way.
    """
    notices: list[Notice] = []
    if predictions.skeleton.joints != truth.skeleton.joints:
        predictions = _on_joints_of(predictions, truth)
        notices.append(
            Notice("N401", "joints of the predictions were put into the order of the ground truth by name")
        )
    moved, more = on_frames_of(truth, predictions, way)
    return Aligned(truth, moved), [*notices, *more]


def on_frames_of(
    truth: PoseSet, predictions: PoseSet, way: str | None = None
) -> tuple[PoseSet, list[Notice]]:
    """Predictions over the ground truth's table of frames, and what to say about the pairing.

    Predictions of frames that the ground truth does not have are left out, with their count, where they are
    on the labelled frames of the ground truth, too: a whole video, of which some frames were labelled.

    Raises:
        MismatchError: P402 frames that the ground truth does not have, P403 ambiguous names.
        UsageError: P176 an unknown way.
    """
    if predictions.frames is truth.frames:
        return predictions, []
    if way is None and np.array_equal(predictions.frames.key, truth.frames.key):
        return replace(predictions, frames=truth.frames), []
    row, notices = _place(truth, predictions, way)
    target = row[predictions.people.frame]
    kept = np.flatnonzero(target >= 0)
    order = kept[np.argsort(target[kept], kind="stable")]
    people = predictions.people.with_columns(frame=np.zeros(len(predictions), dtype=np.int64))
    people = people.take(order).with_columns(frame=target[order])
    moved = PoseSet(
        predictions.skeleton,
        truth.frames,
        people,
        type(predictions.ignore)(),
        predictions.origin,
        predictions.categories,
    )
    return moved, notices


def with_sizes_of(truth: PoseSet, predictions: PoseSet) -> PoseSet:
    """Predictions whose images have the true sizes [F, 2], where their own are not known."""
    frames = predictions.frames
    if frames is truth.frames or not np.isnan(frames.size).any():
        return predictions
    row = place(frames, truth.frames, np.arange(len(frames)), WAYS).row
    size = np.where((row >= 0)[:, None], truth.frames.size[row], np.nan) if len(truth.frames) else frames.size
    return replace(
        predictions, frames=replace(frames, size=np.where(np.isnan(frames.size), size, frames.size))
    )


@dataclass(frozen=True)
class _NotLabelled:
    def say(self, counts: Mapping[str, int]) -> str:
        people = number_of(counts["people"], "predicted person", "predicted people")
        return (
            f"{counts['unlabelled']} of {counts['all']} frames of the ground truth not labelled and not "
            f"scored; {people} there left out"
        )


def on_labelled(aligned: Aligned) -> tuple[Aligned, list[Notice]]:
    """The labelled frames only: it is not known who is in the others.

    An unlabelled frame is not an empty frame: predictions there are neither right nor wrong.
    """
    truth, predictions = aligned.truth, aligned.predictions
    labelled = truth.frames.labelled
    if labelled.all():
        return aligned, []
    rows = np.flatnonzero(labelled)
    lost = int((~labelled[predictions.people.frame]).sum())
    truth = truth.take_frames(rows)
    predictions = replace(predictions.take_frames(rows), frames=truth.frames)
    count = len(labelled) - len(rows)
    counts = {"unlabelled": count, "all": len(labelled), "people": lost}
    return Aligned(truth, predictions), [counted("N941", _NotLabelled(), counts, count=count)]


def _place(truth: PoseSet, predictions: PoseSet, way: str | None) -> tuple[Ints, list[Notice]]:
    """Row of each predicted frame in the ground truth (-1: left out, or without predictions), and notices."""
    if way is not None and way not in WAYS:
        raise unknown_name("P176", "way to pair frames", way, WAYS)
    used = np.unique(predictions.people.frame)
    theirs = predictions.frames
    ways = WAYS if way is None else (way,)
    if not len(used):
        _require_known_frame(truth, predictions, ways)
        return np.full(len(theirs), -1, dtype=np.int64), []
    found = place(theirs, truth.frames, used, ways)
    if found.others or found.twice:
        _refuse_ambiguous(found, predictions)
    notices = []
    taken = found.way or found.most or "key"
    if taken != "key":
        notices.append(Notice("N402", f"frames were paired by {taken}, because keys differ"))
    if found.way is None:
        wanted = labelled_frames(truth)
        share = covered(found.row, wanted) if found.most else 0.0
        named = numbers(truth.frames), numbers(theirs)
        if not found.most or not of_whole_video(found.row, wanted, *named, exact=False):
            _refuse_strange(found, truth, predictions, used, (share, len(wanted)), way)
        notices.append(_left_out(predictions, found.missing, len(used)))
    return found.row, notices


def _require_known_frame(truth: PoseSet, predictions: PoseSet, ways: Sequence[str]) -> None:
    """Refuse (P402) frames of nobody where none is in the ground truth: an empty file is no submission."""
    theirs = predictions.frames
    if not len(theirs) or not len(truth.frames):
        return
    if not (place(theirs, truth.frames, np.arange(len(theirs)), ways).row >= 0).any():
        raise MismatchError(
            "P402",
            where=f"{predictions.origin.name}: frames",
            what=f"have no people and are not in the ground truth (first: {shown(theirs.key[0], 60)})",
            wanted=f"frames of {truth.origin.name}, such as {shown(truth.frames.key[0], 60)}",
            hint="for a submission without any prediction give a JSON file that holds []",
        )


def _shifted(truth: PoseSet, predictions: PoseSet, used: Ints) -> str | None:
    """What to say where every predicted frame is numbered one beside a frame of the ground truth."""
    own, theirs = numbers(truth.frames), numbers(predictions.frames)[used]
    if (own < 0).any() or (theirs < 0).any() or len(np.unique(theirs)) < len(theirs):
        return None
    for by, first, second in ((1, 0, 1), (-1, 1, 0)):
        if np.isin(theirs + by, own).all() and theirs.min() == first and own.min() == second:
            return (
                f"the predictions count from {first}, the ground truth from {second}. "
                "Number the frames of both alike"
            )
    return None


def _left_out(predictions: PoseSet, missing: Ints, used: int) -> Notice:
    frames = ", ".join(shown(name, 40) for name in predictions.frames.key[missing[:5]])
    count = int(np.isin(predictions.people.frame, missing).sum())
    text = (
        f"{shown(predictions.origin.name)}: {len(missing)} of {used} frames with predictions are not in the "
        f"ground truth (first: {frames}); {number_of(count, 'person', 'people')} there left out, because the "
        "labelled frames all have predictions, or nearly"
    )
    return Notice("N940", text, count)


def _refuse_ambiguous(found: Placement, predictions: PoseSet) -> None:
    what = "are ambiguous, because a name occurs twice"
    if found.others:
        way = found.way or found.most
        others = " and by ".join(found.others)
        what = f"are paired with the ground truth by {way}, but differently by {others}"
    raise MismatchError(
        "P403",
        where=f"{shown(predictions.origin.name)}: frames",
        what=f"{what} ({found.doubt})" if found.doubt else what,
        wanted="one frame per name, found in one way",
        hint=f"choose one with --align: {', '.join(WAYS)}",
    )


def _refuse_strange(
    found: Placement,
    truth: PoseSet,
    predictions: PoseSet,
    used: Ints,
    predicted: tuple[float, int],
    way: str | None,
) -> None:
    """Raise P402 with the unpaired frames; `predicted` is the fraction of labelled frames predicted on, and
    the count of these.
    """
    share, labelled = predicted
    overlap = 1 - len(found.missing) / len(used)
    named = ", ".join(shown(name, 40) for name in predictions.frames.key[found.missing[:5]])
    hint = _shifted(truth, predictions, used) or (
        f"only {overlap:.0%} of the frames overlap, and {share:.0%} of the {labelled} labelled frames have "
        f"predictions (a video needs {COVERED:.0%}). Are these predictions of another split?"
    )
    raise MismatchError(
        "P402",
        where=f"{shown(predictions.origin.name)}: frames",
        what=f"{len(found.missing)} of {len(used)} frames with predictions are not in the ground truth "
        f"(first: {named})",
        wanted=f"frames of the ground truth by {', '.join(WAYS) if way is None else way}",
        hint=hint,
    )


def _on_joints_of(predictions: PoseSet, truth: PoseSet) -> PoseSet:
    """Predictions with their joints in the ground truth's order, when both name the same joints.

    Raises:
        MismatchError: P404 with both skeletons named.
    """
    mine, wanted = predictions.skeleton, truth.skeleton
    if set(mine.joints) != set(wanted.joints):
        lacking = [name for name in wanted.joints if name not in mine.joints]
        more = [name for name in mine.joints if name not in wanted.joints]
        differ = [
            f"{len(names)} of {whose} joints are {what} (first: {', '.join(map(shown, names[:4]))})"
            for names, whose, what in ((lacking, "its", "absent"), (more, "the predictions'", "not in it"))
            if names
        ]
        raise MismatchError(
            "P404",
            where=f"{shown(predictions.origin.name)}: joints",
            what=f"follow skeleton {mine.name} ({len(mine)} joints); the ground truth follows {wanted.name} "
            f"({len(wanted)} joints), and {' and '.join(differ)}",
            wanted="the same joints",
            hint="map them by name with `poseval score --joints names`, or with --joints MAP.toml",
        )
    order = np.asarray(mine.indices(wanted.joints))
    people = predictions.people
    people = people.with_columns(
        xy=people.xy[:, order], seen=people.seen[:, order], joint_score=people.joint_score[:, order]
    )
    return replace(predictions, skeleton=wanted, people=people)


def fits(skeleton: Skeleton, wanted: Sequence[str]) -> bool:
    """Whether a skeleton has the joints of one of the named ones, in any order."""
    return any(set(skeleton.joints) == set(get_skeleton(name).joints) for name in wanted)


@once
def differing_sigmas(truth: PoseSet, wanted: tuple[str, ...]) -> Skeleton | None:
    """The named skeleton of the same joints, where it has other sigmas."""
    skeleton = truth.skeleton
    for name in wanted:
        known = get_skeleton(name)
        if known.sigmas is None or skeleton.sigmas is None or set(known.joints) != set(skeleton.joints):
            continue
        theirs = known.sigma_array[list(known.indices(skeleton.joints))]
        if not np.allclose(skeleton.sigma_array, theirs, rtol=1e-9, atol=0):
            return known
    return None


def require_skeleton(truth: PoseSet, benchmark: str, wanted: Sequence[str]) -> None:
    """Refuse the ground truth of another benchmark. A benchmark of user-defined joints takes any.

    Raises:
        MismatchError: P404 with both skeletons named.
    """
    mine = truth.skeleton
    if fits(mine, wanted) or not fits(mine, skeletons.names()):
        return
    raise MismatchError(
        "P404",
        where=f"{shown(truth.origin.name)}: joints",
        what=f"follow skeleton {shown(mine.name)} ({len(mine)} joints); benchmark {benchmark} has "
        f"{' or '.join(wanted)}",
        wanted="ground truth of this benchmark",
        hint="leave out --benchmark, so that it is recognised from the ground truth",
    )
