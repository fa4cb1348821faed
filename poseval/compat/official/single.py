"""PCKh, PCK, PDJ and PCP of the programs that papers take their digits from, transcribed.

Sources: HRNet 6f69e46 lib/dataset/mpii.py; mmpose 759b39c (MpiiPCKAccuracy, JhmdbPCKAccuracy,
keypoint_eval.py); pytorch-pose edc7aec evaluation/eval_PCKh.py; the MPII kit as in anibali/eval-mpii-pose
938ef9a; bearpaw/eval_pose f6c71b6; Penn Action after Luo et al., CVPR 2018.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from poseval.compat.official import single_files
from poseval.compat.official.base import ADDITION, Array, Number, Question, Side, mean, transcription
from poseval.compat.official.single_files import Singles

SIDED = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
UPPER_BODY = tuple(f"{side}_{kind}" for side in ("left", "right") for kind in ("shoulder", "elbow", "wrist"))
MPII_OUTSIDE = (6, 7)  # pelvis and thorax
FLOAT32 = 2.0**-22  # what adding float32 numbers in another order moves a mean, relative to it
Share = Callable[[float], Array]  # threshold -> fraction of right joints [K]


def errors(people: Singles, scale: Array) -> Array:
    """Distances [N, K] in units of each person's scale; infinite where nothing is predicted."""
    with np.errstate(divide="ignore", invalid="ignore"):
        out = np.linalg.norm(people.found - people.truth, axis=2) / scale[:, None]
    return np.where(np.isnan(out), np.inf, out)


def shares(error: Array, counted: Array, *, strict: bool = False) -> Share:
    """Fraction of right joints [K] at a threshold; NaN for a joint that nobody labels."""

    def at(threshold: float) -> Array:
        right = (error < threshold) if strict else (error <= threshold)
        with np.errstate(invalid="ignore"):
            return np.asarray((right & counted).sum(axis=0) / counted.sum(axis=0))

    return at


def weighted(share: Array, count: Array) -> float:
    """The mean over joints, weighted by how often they are labelled; NaN where one never is (M14)."""
    return float((share * (count / count.sum())).sum())


def pooled(share: Array, count: Array) -> float:
    """The same without the joints that nobody labels."""
    kept = count > 0
    return weighted(share[kept], count[kept]) if kept.any() else math.nan


def kinds(
    name: str, joints: Sequence[str], share: Array, head: Sequence[str], absent: float | None
) -> dict[str, Number]:
    """Rows of kinds of joints; `absent` stands for an unlabelled joint, None leaves it out."""
    value = {joint: float(x) for joint, x in zip(joints, share, strict=True)}
    members = {"head": head, **{kind: (f"left_{kind}", f"right_{kind}") for kind in SIDED}}
    out: dict[str, Number] = {}
    for kind, pair in members.items():
        if not all(joint in value for joint in pair):
            continue
        found = [value[joint] for joint in pair]
        if absent is None:
            out[f"{name}/{kind}"] = mean(found)
        else:
            out[f"{name}/{kind}"] = sum(absent if math.isnan(x) else x for x in found) / len(found)
    return out


def mpii(question: Question) -> list[Side]:
    """PCKh under the rules of five programs."""
    people = single_files.mpii(question.truth, question.predictions)
    return [MPII_RULES[question.rules](people)]


def _mpii_parts(people: Singles) -> tuple[Array, Array, Array]:
    assert people.head is not None
    inside = np.array([joint not in MPII_OUTSIDE for joint in range(16)])
    return people.head, people.labelled.sum(axis=0), inside


def hrnet(people: Singles) -> Side:
    """evaluate() of HRNet: `Mean@0.1` is row 11 of the table."""
    head, count, inside = _mpii_parts(people)
    share = shares(errors(people, head), people.labelled)
    eleventh = np.arange(0, 0.5 + 0.01, 0.01)[11]
    numbers: dict[str, Number] = {
        "PCKh@0.5": weighted(share(0.5)[inside], count[inside]),
        "PCKh@0.1": weighted(share(eleventh)[inside], count[inside]),
        **kinds("PCKh@0.5", people.joints, share(0.5), ("head_top",), math.nan),
        **_joints("PCKh@0.5", people.joints, share(0.5)),
    }
    return Side(transcription("HRNet 6f69e46, lib/dataset/mpii.py evaluate()"), numbers, ADDITION)


def pytorch_pose(people: Singles) -> Side:
    """eval_PCKh.py: strictly below, and a plain mean of 14 joints."""
    head, _, inside = _mpii_parts(people)
    share = shares(errors(people, head), people.labelled, strict=True)
    numbers: dict[str, Number] = {
        "PCKh@0.5": float(share(0.5)[inside].mean()),
        **kinds("PCKh@0.5", people.joints, share(0.5), ("head_top",), math.nan),
        **_joints("PCKh@0.5", people.joints, share(0.5)),
    }
    return Side(transcription("pytorch-pose edc7aec, eval_PCKh.py"), numbers, ADDITION)


def kit(people: Singles, *, mended: bool = False) -> Side:
    """evaluatePCKh.m: all points pooled, the head row of upper neck and head top, and the area."""
    head, count, inside = _mpii_parts(people)
    share = shares(errors(people, head), people.labelled)
    upper = np.array([joint in UPPER_BODY for joint in people.joints])
    thresholds = np.arange(51) * 0.01
    curve = [pooled(share(float(t))[inside], count[inside]) for t in thresholds]
    numbers: dict[str, Number] = {
        "PCKh@0.5": pooled(share(0.5)[inside], count[inside]),
        "PCKh@0.1": pooled(share(float(thresholds[10]))[inside], count[inside]),
        "AUC": float(np.trapezoid(curve, thresholds) / 0.5),
        "PCKh@0.5/upper_body": pooled(share(0.5)[upper], count[upper]),
        **kinds(
            "PCKh@0.5", people.joints, share(0.5), ("upper_neck", "head_top"), None if mended else math.nan
        ),
        **_joints("PCKh@0.5", people.joints, share(0.5)),
    }
    name = "the MPII kit (anibali/eval-mpii-pose 938ef9a), evaluatePCKh.m"
    return Side(transcription(name + (", its faults fixed" if mended else "")), numbers, ADDITION)


def mmpose_mpii(people: Singles) -> Side:
    """MpiiPCKAccuracy: float32 ground truth and distances, strictly below, -1 for unlabelled joints."""
    head, count, inside = _mpii_parts(people)
    scale = np.array(head)
    first = _mmpose_shares(people, scale, 0.5, 1)
    tenth = _mmpose_shares(people, scale, np.arange(0, 0.5 + 0.01, 0.01)[10], 1)
    numbers: dict[str, Number] = {
        "PCKh@0.5": float((first * (count / count[inside].sum()))[inside].sum()),
        "PCKh@0.1": float((tenth * (count / count[inside].sum()))[inside].sum()),
        **kinds("PCKh@0.5", people.joints, first, ("head_top",), -1.0),
        **_joints("PCKh@0.5", people.joints, np.where(first < 0, math.nan, first)),
    }
    return Side(transcription("mmpose 759b39c, MpiiPCKAccuracy"), numbers, ADDITION)


def _mmpose_shares(people: Singles, scale: Array, threshold: float, base: int) -> Array:
    """keypoint_pck_accuracy: shares [K]; sizes that are not positive become 1000000 in the caller's array."""
    counted = people.labelled & ~(scale == 0)[:, None]
    scale[scale <= 0] = 1e6
    held = people.truth.astype(np.float32)
    if not base:
        held = held - np.float32(people.base)
    delta = (people.found - (0 if base else people.base)) - held
    distance = np.linalg.norm(delta / scale[:, None, None], axis=-1).astype(np.float32)
    right = (np.where(np.isnan(distance), np.inf, distance) < threshold) & counted
    total = counted.sum(axis=0)
    return np.where(total > 0, right.sum(axis=0) / np.maximum(total, 1), -1.0)


MPII_RULES: Mapping[str, Callable[[Singles], Side]] = {
    "official-kit": kit,
    "hrnet": hrnet,
    "mmpose": mmpose_mpii,
    "pytorch-pose": pytorch_pose,
    "corrected": lambda people: kit(people, mended=True),
}


def _joints(name: str, joints: Sequence[str], share: Array) -> dict[str, Number]:
    return {f"{name}/{joint}": float(value) for joint, value in zip(joints, share, strict=True)}


# -------------------------------------------------------------------------------------- LSP, FLIC, PARSE

HEADS = {14: ("neck", "head_top"), 10: ("nose", "neck")}
TORSO = {14: (9, 2), 10: (6, 5)}  # eval_pck.m
# keypoints2sticks.m: stick -> joints of its two ends
Ends = tuple[tuple[int, ...], tuple[int, ...]]
STICKS: Mapping[int, Mapping[str, Ends]] = {
    14: {"lower_leg": ((0,), (1,)), "upper_leg": ((1,), (2,)), "upper_leg#": ((3,), (4,)),
         "lower_leg#": ((4,), (5,)), "lower_arm": ((6,), (7,)), "upper_arm": ((7,), (8,)),
         "upper_arm#": ((9,), (10,)), "lower_arm#": ((10,), (11,)), "head": ((12,), (13,)),
         "torso": ((2, 3), (8, 9))},
    10: {"torso": ((1,), (5, 9)), "head": ((0,), (1,)), "upper_arm": ((2,), (3,)), "lower_arm": ((3,), (4,)),
         "upper_arm#": ((6,), (7,)), "lower_arm#": ((7,), (8,))},
    12: {"torso": ((0,), (1,)), "upper_arm": ((2,), (4,)), "upper_arm#": ((3,), (5,)),
         "lower_arm": ((4,), (6,)), "lower_arm#": ((5,), (7,)), "head": ((10,), (11,))},
}  # fmt: skip


def lsp(question: Question) -> list[Side]:
    """PCK, PDJ and strict PCP of LSP and PARSE."""
    return [_eval_pose(single_files.lsp(question.truth, question.predictions), question)]


def flic(question: Question) -> list[Side]:
    """The same of FLIC; its table of sticks has head and torso exchanged (M12)."""
    side = _eval_pose(single_files.flic(question.truth, question.predictions), question)
    numbers = dict(side.numbers)
    if question.rules != "corrected":
        numbers["PCP/head"], numbers["PCP/torso"] = numbers["PCP/torso"], numbers["PCP/head"]
    return [Side(side.program, numbers, side.tolerance)]


def cooking(question: Question) -> list[Side]:
    """Strict PCP of MPII Cooking (demo_eval_mpiicooking.m)."""
    people = single_files.cooking(question.truth, question.predictions)
    return [Side(transcription("bearpaw/eval_pose f6c71b6"), _pcp(people, STICKS[12]), ADDITION)]


def _eval_pose(people: Singles, question: Question) -> Side:
    count = len(people.joints)
    a, b = TORSO[count]
    torso = np.linalg.norm(people.truth[:, a] - people.truth[:, b], axis=1)
    share = shares(errors(people, torso), people.labelled)
    thresholds = np.arange(21) * 0.01
    thresholds[-1] = 0.2
    curve = [float(share(float(t)).mean()) for t in thresholds]
    numbers: dict[str, Number] = {"AUC": float(np.trapezoid(curve, thresholds) / 0.2)}
    for name, at in (("PCK@0.2", 0.2), *((f"PDJ@{t:g}", t) for t in (0.1, 0.2, 0.3, 0.4))):
        numbers[name] = float(share(at).mean())
        if at == 0.2:
            numbers |= kinds(name, people.joints, share(at), HEADS[count], None)
    numbers |= _joints("PCK@0.2", people.joints, share(0.2))
    numbers |= _pcp(people, STICKS[count])
    mended = ", its faults fixed" if question.rules == "corrected" else ""
    return Side(transcription(f"bearpaw/eval_pose f6c71b6{mended}"), numbers, ADDITION)


def _pcp(people: Singles, sticks: Mapping[str, Ends]) -> dict[str, Number]:
    """Strict PCP: both ends within half the stick's length."""
    rows: dict[str, list[float]] = {}
    for name, ends in sticks.items():
        true, found = (
            [points[:, list(end)].mean(axis=1) for end in ends] for points in (people.truth, people.found)
        )
        length = np.linalg.norm(true[0] - true[1], axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            off = [np.linalg.norm(t - f, axis=1) / length for t, f in zip(true, found, strict=True)]
        rows.setdefault(name.rstrip("#"), []).append(float(((off[0] <= 0.5) & (off[1] <= 0.5)).mean()))
    every = [value for values in rows.values() for value in values]
    return {"PCP": sum(every) / len(every), **{f"PCP/{name}": mean(values) for name, values in rows.items()}}


# --------------------------------------------------------------------------------- JHMDB and Penn Action


def jhmdb(question: Question) -> list[Side]:
    """JhmdbPCKAccuracy at three thresholds by box and torso, and EPE; of splits each, and their mean."""
    mended = question.rules == "corrected"
    splits = single_files.jhmdb_splits(question.truth, question.predictions)
    each = {name: _jhmdb(single_files.jhmdb(*paths), mended) for name, paths in splits.items()}
    keys = next(iter(each.values()))
    numbers = {key: float(np.mean([one[key] for one in each.values()])) for key in keys}
    if len(each) > 1:
        numbers |= {f"{name}/{key}": value for name, one in each.items() for key, value in one.items()}
    name = "mmpose 759b39c, JhmdbPCKAccuracy" + (", its faults fixed" if mended else "")
    return _with_epe(name, numbers, mended)


def _jhmdb(people: Singles, mended: bool) -> dict[str, float]:
    """The numbers of one set."""
    box: Array = np.asarray(people.box, dtype=np.float64 if mended else np.float32)
    scales = {"": np.max(box[:, 2:] - box[:, :2], axis=1), "t": _torsos(people, mended)}
    numbers: dict[str, Any] = {}
    for prefix, scale in scales.items():
        for at in (0.2, 0.1, 0.05):
            share = _jhmdb_shares(people, np.array(scale, dtype=np.float64), at, mended)
            known = share[~np.isnan(share)] if mended else share[share >= 0]
            name = f"{prefix}PCK@{at:g}"
            numbers[name] = float(known.mean()) if len(known) else (math.nan if mended else 0.0)
            if at == 0.2:
                numbers |= kinds(name, people.joints, share, ("head",), None if mended else -1.0)
    numbers["EPE"] = _epe(people, mended)
    return numbers


def h36m(question: Question) -> list[Side]:
    """TopDownH36MDataset of mmpose 0.29: PCK at 0.2 of the longer side of the box, and EPE."""
    people = single_files.h36m(question.truth, question.predictions)
    mended = question.rules == "corrected"
    assert people.box is not None
    scale = np.max(people.box[:, 2:] - people.box[:, :2], axis=1)
    share = _jhmdb_shares(people, np.array(scale), 0.2, mended)
    known = share[~np.isnan(share)] if mended else share[share >= 0]
    numbers: dict[str, Any] = {
        "PCK@0.2": float(known.mean()) if len(known) else (math.nan if mended else 0.0),
        **kinds("PCK@0.2", people.joints, share, ("head_top",), None if mended else -1.0),
        "EPE": _epe(people, mended),
    }
    name = "mmpose 0700205, TopDownH36MDataset" + (", its faults fixed" if mended else "")
    return _with_epe(name, numbers, mended)


def _with_epe(name: str, numbers: Mapping[str, float], mended: bool) -> list[Side]:
    """Shares, and mean errors, which mmpose adds in float32, so that digits from the eighth on are noise."""
    program = transcription(name)
    mean_errors = {key: value for key, value in numbers.items() if key.rpartition("/")[2] == "EPE"}
    shares = {key: value for key, value in numbers.items() if key not in mean_errors}
    largest = max((value for value in mean_errors.values() if value == value), default=0.0)
    tolerance = ADDITION if mended else largest * FLOAT32
    return [Side(program, shares, ADDITION), Side(program, mean_errors, tolerance)]


def _torsos(people: Singles, mended: bool) -> Array:
    """Distance of joints 4 and 5, of the prediction where the ground truth's is below a pixel (M11)."""
    if mended:
        whole = people.labelled[:, 4] & people.labelled[:, 5]
        return np.where(whole, np.linalg.norm(people.truth[:, 4] - people.truth[:, 5], axis=1), math.nan)
    held = people.truth.astype(np.float32) - np.float32(1)
    own = np.array([np.linalg.norm(person[4] - person[5]) for person in held], dtype=np.float64)
    theirs = np.linalg.norm(people.found[:, 4] - people.found[:, 5], axis=1)
    return np.where(own < 1, theirs, own)


def _jhmdb_shares(people: Singles, scale: Array, at: float, mended: bool) -> Array:
    if not mended:
        return _mmpose_shares(people, scale, at, 0)
    counted = people.labelled & ~np.isnan(scale)[:, None]
    return shares(errors(people, scale), counted)(at)


def _epe(people: Singles, mended: bool) -> float:
    held = people.truth if mended else people.truth.astype(np.float32)
    distance = np.linalg.norm(people.found - held, axis=-1)
    kept = (distance if mended else distance.astype(np.float32)).T[people.labelled.T]  # joint by joint
    return math.nan if np.isnan(kept).any() or not len(kept) else float(kept.sum() / len(kept))


def penn(question: Question) -> list[Side]:
    """PCK at 0.2 of the longer side of the box, over the visible joints."""
    people, _ = single_files.penn(question.truth, question.predictions)
    assert people.box is not None
    scale = np.max(people.box[:, 2:] - people.box[:, :2], axis=1)
    share = shares(errors(people, scale), people.labelled)(0.2)
    count = people.labelled.sum(axis=0)
    numbers: dict[str, Number] = {
        "PCK@0.2": pooled(share, count),
        "PCK@0.2_mean": mean(share.tolist()),
        **kinds("PCK@0.2", people.joints, share, ("head",), None),
    }
    return [Side(transcription("the protocol of Luo et al. (CVPR 2018)"), numbers, ADDITION)]
