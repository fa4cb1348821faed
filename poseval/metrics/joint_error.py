"""Single-person pairs, pixel errors per joint, and the lengths that scale them.

PCK, PDJ, PCP, EPE, AUC and NME all start here. They score one prediction against one true person per frame:
a frame of a single-person benchmark is one annotated person.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from poseval.errors import (
    MismatchError,
    UsageError,
    ValueRangeError,
    did_you_mean,
    like_others,
    number_of,
    shown,
)
from poseval.poses import Array, Bools, Floats, Ints, PoseSet
from poseval.poses.aligned import Aligned


class Precision(enum.Enum):
    """Floating-point precision of the distances."""

    DOUBLE = "double"
    SINGLE = "single"  # coordinates and distances rounded to float32, each coordinate scaled: mmpose (M07)
    SINGLE_ERROR = "single_error"  # the same with boxes as the file has them: mmpose before 1.0


class ZeroScale(enum.Enum):
    """How a scored person with a scale of zero is treated."""

    REFUSE = "refuse"
    WRONG = "wrong"  # a division by zero: infinite or NaN, so no joint of the person counts as right
    LEFT_OUT = "left_out"  # the person has no scale, and is not scored
    OVERWRITTEN = "overwritten"  # left out at the first threshold, right at every other (mmpose, quirk M06)


class Ends(enum.Enum):
    """Which joints may define a scale that is a distance between joints of the ground truth."""

    LABELLED = "labelled"
    ANY = "any"  # whatever the file holds, and the prediction's own distance where that is under one pixel


MOST_POINTS = 1000  # of a curve; published ones have up to 51


def require(fits: bool, metric: str, parameter: str, value: object, wanted: str) -> None:
    """Refuse a parameter that does not fit.

    Raises:
        UsageError: P122.
    """
    if not fits:
        where = f"metric {metric}: {parameter}"
        raise UsageError("P122", where=where, what=f"cannot be {shown(value, 60)}", wanted=wanted)


def require_joints(names: Sequence[str], truth: PoseSet, metric: str, parameter: str) -> None:
    """Refuse a parameter that names joints which the ground truth's skeleton does not have.

    Raises:
        UsageError: P122 with the skeleton's joints.
    """
    joints = truth.skeleton.joints
    strange = [name for name in names if name not in joints]
    require(
        not strange,
        metric,
        parameter,
        "/".join(strange),
        f"joints of {truth.skeleton.name}: " + ", ".join(joints),
    )


def partner(aligned: Aligned) -> Ints:
    """Row [N] of the prediction in the frame of each true person; -1 where there is none.

    Raises:
        MismatchError: P411 when a frame holds several people on one side.
    """
    for side, what in ((aligned.truth, "annotated"), (aligned.predictions, "predicted")):
        count = np.bincount(side.people.frame, minlength=len(side.frames))
        crowded = np.flatnonzero(count > 1)
        if len(crowded):
            key = shown(side.frames.key[crowded[0]], 60)
            raise MismatchError(
                "P411",
                where=shown(side.origin.name),
                what=f"has several {what} people in a frame (first: {key})",
                wanted="one person per frame, because this metric scores single people",
                hint="for several people use --benchmark custom, or people=matched in epe and pck",
            )
    place = np.full(len(aligned.truth.frames), -1, dtype=np.int64)
    place[aligned.predictions.people.frame] = np.arange(len(aligned.predictions))
    return place[aligned.truth.people.frame]


def predicted(aligned: Aligned) -> tuple[Floats, Bools]:
    """Predicted coordinates [N, K, 2] beside each true person, and where there are any [N, K]."""
    row = partner(aligned)
    people = aligned.predictions.people
    shape = aligned.truth.people.xy.shape
    if np.array_equal(row, np.arange(len(people))):
        return people.xy, people.seen > 0
    xy, there = np.full(shape, np.nan), np.zeros(shape[:2], dtype=np.bool_)
    found = row >= 0
    xy[found] = people.xy[row[found]]
    there[found] = people.seen[row[found]] > 0
    return xy, there


def labelled(aligned: Aligned) -> Bools:
    """True joints [N, K] that count: labelled, hidden ones too."""
    seen = aligned.truth.people.seen
    out: Bools = (seen == 1) | (seen == 2)
    return out


def distance(a: Floats, b: Floats) -> Floats:
    """Euclidean distance of points [..., 2] in pixels; overflow saturates to infinity."""
    with np.errstate(over="ignore", invalid="ignore"):
        delta = a - b
        out: Floats = np.sqrt(delta[..., 0] * delta[..., 0] + delta[..., 1] * delta[..., 1])
    return out


def pixel_error(aligned: Aligned) -> Floats:
    """Error [N, K] in pixels: NaN where a joint is not labelled, infinite where it is not predicted."""
    xy, there = predicted(aligned)
    error = np.where(there, distance(xy, aligned.truth.people.xy), np.inf)
    return np.where(labelled(aligned), error, np.nan)


# ---------------------------------------------------------------------------------------------- scales


def _ones(truth: PoseSet) -> Floats:
    return np.ones(len(truth))


def _of_box(truth: PoseSet, rule: Callable[[Floats], Floats]) -> Floats:
    """A length by the sides of the file's boxes; a box with a negative side has that as its length."""
    box = truth.people.box
    sides: Floats = box[:, 2:] - box[:, :2]
    least = np.minimum(sides[:, 0], sides[:, 1])
    return np.where(least < 0, least, rule(np.maximum(sides, 0)))


def _landmark_sides(truth: PoseSet) -> Floats:
    """Width and height [N, 2] of the tight box around the labelled joints; NaN without any."""
    people = truth.people
    xy = np.where(people.seen[..., None] > 0, people.xy, np.nan)
    low = np.fmin.reduce(xy, axis=1, initial=np.inf)
    high = np.fmax.reduce(xy, axis=1, initial=-np.inf)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.where(np.isfinite(low) & np.isfinite(high), high - low, np.nan)


def _geometric(sides: Floats) -> Floats:
    with np.errstate(over="ignore"):
        return np.asarray(np.sqrt(sides[:, 0] * sides[:, 1]))


def _diagonal(sides: Floats) -> Floats:
    with np.errstate(over="ignore"):
        return np.asarray(np.sqrt(sides[:, 0] ** 2 + sides[:, 1] ** 2))


def _longest(sides: Floats) -> Floats:
    return np.asarray(sides.max(axis=1, initial=-np.inf))


def _face_size(truth: PoseSet) -> Floats:
    column = truth.people.extra.get("face_size")
    if column is None:
        raise MismatchError(
            "P410",
            where=shown(truth.origin.name),
            what="has no face sizes",
            wanted="a column box_size next to the landmarks",
        )
    return np.asarray(column, dtype=np.float64)


# Every rule that needs no named pair of joints. Boxes are the file's; landmark boxes are tight around joints.
RULES: dict[str, Callable[[PoseSet], Floats]] = {
    "head": lambda truth: truth.people.head,
    "bbox": lambda truth: _of_box(truth, _longest),
    "box_side": lambda truth: _of_box(truth, _longest),
    "box_sqrt": lambda truth: _of_box(truth, _geometric),
    "box_diag": lambda truth: _of_box(truth, _diagonal),
    "face_size": _face_size,
    "longest_side": lambda truth: _longest(_landmark_sides(truth)),
    "landmark_sqrt": lambda truth: _geometric(_landmark_sides(truth)),
    "landmark_diag": lambda truth: _diagonal(_landmark_sides(truth)),
    "pixels": _ones,
}
BOXES = frozenset({"bbox", "box_side", "box_sqrt", "box_diag"})  # rules that read the file's boxes
MEANING = {
    "head": "0.6 times the diagonal of the head box",
    "bbox": "longer side of the person's box",
    "box_side": "longer side of the face's or person's box",
    "box_sqrt": "root of width times height of the box",
    "box_diag": "diagonal of the box",
    "face_size": "size of the face in the annotation",
    "longest_side": "longer side of the tight box around the labelled joints",
    "landmark_sqrt": "root of width times height of the tight box around the labelled joints",
    "landmark_diag": "diagonal of the tight box around the labelled joints",
    "pixels": "none: distances in pixels",
}


def named_pairs(truth: PoseSet) -> dict[str, tuple[tuple[int, ...], tuple[int, ...]]]:
    """Named distances between joints of the true skeleton: name -> (indices to average, the same)."""
    out = {}
    for name, pair in truth.skeleton.normalisers.items():
        a, b = (tuple(end) if isinstance(end, (list, tuple)) else (int(end),) for end in pair)
        out[name] = (a, b)
    joints = truth.skeleton.joints
    if "torso" not in out and "left_shoulder" in joints and "right_hip" in joints:
        out["torso"] = ((joints.index("left_shoulder"),), (joints.index("right_hip"),))
    return out


def _joints_between(truth: PoseSet, rule: str) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """The joints of a rule `a/b`: the distance between two joints by name; None for another rule.

    Raises:
        UsageError: P111 a joint that the skeleton does not have.
    """
    a, slash, b = rule.partition("/")
    return ((truth.skeleton.index(a),), (truth.skeleton.index(b),)) if slash else None


def choices(truth: PoseSet) -> list[str]:
    """Every scale that this ground truth's skeleton allows."""
    return [*named_pairs(truth), *RULES]


def scale(
    aligned: Aligned,
    rule: str,
    ends: Ends = Ends.LABELLED,
    precision: Precision = Precision.DOUBLE,
) -> Floats:
    """Scale [N] in pixels of each true person under a rule; NaN where it has none.

    In single precision boxes and spans between joints are taken from float32 numbers in float32.

    Raises:
        UsageError: P119 for a rule that the skeleton does not have; the message lists its choices.
    """
    single = precision is Precision.SINGLE
    truth = in_single(aligned.truth) if single else aligned.truth
    pair = named_pairs(truth).get(rule) or _joints_between(truth, rule)
    if pair is None:
        if rule not in RULES:
            raise UsageError(
                "P119",
                where=f"normaliser {shown(rule)!r}",
                what=f"is not known for skeleton {truth.skeleton.name}",
                wanted="one of " + ", ".join(choices(truth)),
                hint=did_you_mean(rule, choices(truth)),
            )
        length = RULES[rule](truth)
        return length.astype(np.float32).astype(np.float64) if single and rule in BOXES else length
    length = _span(truth.people.xy.astype(np.float32) if single else truth.people.xy, pair)
    length = length.astype(np.float64)
    if ends is Ends.LABELLED:
        seen = truth.people.seen > 0
        whole = seen[:, pair[0]].all(axis=1) & seen[:, pair[1]].all(axis=1)
        return np.where(whole, length, np.nan)
    return np.where(length < 1, _span(predicted(aligned)[0], pair), length)


def in_single(truth: PoseSet) -> PoseSet:
    """The ground truth with coordinates and boxes as float32 holds them, coordinates as the file has them."""
    people, base = truth.people, truth.origin.base
    with np.errstate(over="ignore"):
        xy = (people.xy + base).astype(np.float32).astype(np.float64) - base
        box = people.box.astype(np.float32).astype(np.float64)
    return replace(truth, people=people.with_columns(xy=xy, box=box))


def _span(xy: Array, pair: tuple[tuple[int, ...], tuple[int, ...]]) -> Floats:
    with np.errstate(over="ignore"):
        a, b = (xy[:, end].mean(axis=1) if len(end) > 1 else xy[:, end[0]] for end in pair)
    return distance(a, b)


def check_scale(aligned: Aligned, length: Floats, rule: str, zero: ZeroScale) -> None:
    """Refuse scales of scored people that the file does not give, or that are infinite or not above zero.

    A distance between joints may be unknown (NaN) because a joint is not labelled; a column of the file may
    not. No epsilon hides a zero.

    Raises:
        MismatchError: P410 for people without the column.
        ValueRangeError: P304 with the first person's place.
    """
    scored = labelled(aligned).any(axis=1)
    people, frames = aligned.truth.people, aligned.truth.frames
    name = shown(aligned.truth.origin.name)
    if rule in RULES and zero is not ZeroScale.LEFT_OUT:
        lacking = np.flatnonzero(np.isnan(length) & scored)
        if len(lacking):
            first = shown(frames.key[people.frame[lacking[0]]], 60)
            count = f"{len(lacking)} of {len(people)} people"
            raise MismatchError(
                "P410",
                where=name,
                what=f"{count} have no {rule} ({MEANING[rule]}; first: {first})",
                wanted="a scale for every person that is scored",
                hint="take another scale: --metric 'pck(norm=longest_side)', or of two joints "
                "--metric 'pck(norm=joints,between=(A,B))'",
            )
    endless = np.flatnonzero(np.isinf(length) & scored)
    if len(endless):  # every error would be nothing in its units
        row = int(endless[0])
        raise ValueRangeError(
            "P304",
            where=f"{name}: {shown(frames.key[people.frame[row]], 60)}",
            what=f"has an infinite scale ({rule}){like_others(len(endless) - 1)}",
            wanted="coordinates and boxes in pixels",
        )
    bad = np.flatnonzero((length <= 0) & scored)
    if len(bad) and zero is ZeroScale.REFUSE:
        row = int(bad[0])
        raise ValueRangeError(
            "P304",
            where=f"{name}: {shown(frames.key[people.frame[row]], 60)}",
            what=f"has a scale of {length[row]:g} pixels ({rule}); "
            f"{number_of(len(bad), 'person', 'people')} without a scale above 0",
            wanted="a positive scale for every person that is scored",
        )


def relative_error(
    aligned: Aligned,
    length: Floats,
    precision: Precision = Precision.DOUBLE,
) -> Floats:
    """Error [N, K] in units of `length` [N]: NaN not scored, infinite where wrong at any threshold.

    Not scored are joints without a label, and people whose scale is not known (NaN).
    """
    mask = labelled(aligned) & ~np.isnan(length)[:, None]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if precision is Precision.DOUBLE:
            error = pixel_error(aligned) / length[:, None]
        else:
            error = _single(aligned, length)
    return np.where(mask, np.where(np.isnan(error), np.inf, error), np.nan)


def _single(aligned: Aligned, length: Floats) -> Floats:
    """The same in float32, each coordinate scaled before the root, and the distance rounded."""
    xy, there = predicted(aligned)
    truth = in_single(aligned.truth)
    delta = ((xy + truth.origin.base) - (truth.people.xy + truth.origin.base)) / length[:, None, None]
    error: Array = np.linalg.norm(delta, axis=-1)
    return np.where(there, error.astype(np.float32).astype(np.float64), np.inf)
