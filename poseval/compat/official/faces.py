"""NME of the programs that papers take it from, transcribed.

Sources: HRNet-Facial-Landmark-Detection f776dbe lib/core/evaluation.py; mmpose 759b39c (NME, keypoint_nme);
PIPNet b9eab58 lib/functions.py, also STAR; landmark-detection 1d4fd20 SBR/lib/xvision/common_eval.py; 3DDFA
benchmark_aflw.py and benchmark_aflw2000.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy.integrate import simpson

from poseval.compat.official import faces_files
from poseval.compat.official.base import ADDITION, Array, CannotCheck, Number, Question, Side, transcription
from poseval.compat.official.single_files import Singles

# Number of landmarks -> the outer corners of the eyes, as all programs have them.
OUTER_EYES = {68: (36, 45), 98: (60, 72), 29: (8, 9), 106: (66, 79)}
THRESHOLDS = (0.1, 0.08)


def faces(question: Question) -> list[Side]:
    """NME, failure rates and areas, of the whole set and its subsets, as far as the program prints them."""
    people = faces_files.read(question.truth, question.predictions)
    program, numbers_of = RULES[question.rules]
    numbers: dict[str, Number] = dict(numbers_of(people))
    for name, mask in people.subsets.items():
        numbers |= {f"{name}/{key}": value for key, value in numbers_of(_only(people, mask)).items()}
    return [Side(transcription(program), numbers, ADDITION)]


def _only(people: Singles, mask: Array) -> Singles:
    columns: dict[str, Any] = {
        name: None if (value := getattr(people, name)) is None else value[mask]
        for name in ("truth", "labelled", "found", "box", "size", "yaw")
    }
    return Singles(people.joints, **columns)


def _scale(people: Singles) -> Array:
    """The face size that the list gives for 19 points, else the distance of the outer eye corners."""
    count = len(people.joints)
    if count == 19:
        if people.size is None:
            raise CannotCheck("the ground truth has no box_size")
        return people.size
    a, b = OUTER_EYES[count]
    return np.asarray(np.linalg.norm(people.truth[:, a] - people.truth[:, b], axis=1))


def _per_image(people: Singles, counted: Array) -> Array:
    """Mean error of each image over the counted points, in units of the face; none without any."""
    error = np.linalg.norm(people.found - people.truth, axis=2) / _scale(people)[:, None]
    some = counted.any(axis=1)
    error = np.where(counted, np.where(np.isnan(error), np.inf, error), 0.0)[some]
    return np.asarray(error.sum(axis=1) / counted[some].sum(axis=1))


def _mean(values: Array) -> float:
    return float(values.mean()) if len(values) and np.isfinite(values).all() else math.nan


def hrnet(people: Singles) -> dict[str, Number]:
    """compute_nme over every landmark of the file; failures are strictly above."""
    error = _per_image(people, np.asarray(np.isfinite(people.truth).all(axis=2)))
    return {"NME": _mean(error), **{f"FR@{t:g}": float((error > t).mean()) for t in THRESHOLDS}}


def mmpose(people: Singles) -> dict[str, Number]:
    """keypoint_nme: all labelled points of all images at once, in float32; AFLW by its box's longer side."""
    held = people.truth.astype(np.float32)
    if len(people.joints) == 19:
        if people.box is None:
            raise CannotCheck("the ground truth has no centre and scale")
        box = people.box.astype(np.float32)
        scale = (box[:, 2:] - box[:, :2]).max(axis=1)
    else:
        a, b = OUTER_EYES[len(people.joints)]
        scale = np.linalg.norm(held[:, a] - held[:, b], axis=1)
    delta = (people.found - held) / scale.astype(np.float64)[:, None, None]
    error = np.linalg.norm(delta, axis=-1).astype(np.float32).astype(np.float64)
    return {"NME": _mean(error[people.labelled])}


def pipnet(people: Singles) -> dict[str, Number]:
    """compute_fr_and_auc: Simpson's rule over arange(0, t + step, step)."""
    error = _per_image(people, people.labelled)
    out: dict[str, Number] = {"NME": _mean(error)}
    for t in THRESHOLDS:
        points = np.arange(0, t + 0.0001, 0.0001)
        share = [float((error <= x).mean()) for x in points]
        out[f"FR@{t:g}"] = 1 - share[-1]
        out[f"AUC@{t:g}"] = float(simpson(share, x=points) / t)
    return out


def sbr(people: Singles) -> dict[str, Number]:
    """evaluate_normalized_mean_error: strictly below each of 2,000 thresholds, the trapezoid rule."""
    error = _per_image(people, people.labelled)
    out: dict[str, Number] = {"NME": _mean(error)}
    for t in THRESHOLDS:
        points = np.linspace(0, t, num=2000)
        share = np.array([float((error < x).mean()) for x in points])
        out[f"FR@{t:g}"] = 1 - float(share[-1])
        out[f"AUC@{t:g}"] = float(np.trapezoid(share, points) / t)
    return out


def corrected(people: Singles) -> dict[str, Number]:
    """The exact area under the distribution of the images' errors."""
    error = _per_image(people, people.labelled)
    out: dict[str, Number] = {"NME": _mean(error)}
    for t in THRESHOLDS:
        out[f"FR@{t:g}"] = float((error > t).mean())
        out[f"AUC@{t:g}"] = float(np.maximum(0, 1 - error / t).mean())
    return out


RULES: Mapping[str, tuple[str, Callable[[Singles], dict[str, Number]]]] = {
    "hrnet": ("HRNet-Facial-Landmark-Detection f776dbe, compute_nme()", hrnet),
    "mmpose": ("mmpose 759b39c, keypoint_nme()", mmpose),
    "pipnet": ("PIPNet b9eab58, compute_fr_and_auc()", pipnet),
    "sbr": ("landmark-detection 1d4fd20, SBR common_eval.py", sbr),
    "corrected": ("PIPNet b9eab58, its faults fixed", corrected),
}


def aflw2000(question: Question) -> list[Side]:
    """3DDFA: by the root of the area around the landmarks, the mean of three bins of yaw, in float32."""
    people = faces_files.read(question.truth, question.predictions)
    if people.yaw is None:
        raise CannotCheck("there are no yaw angles next to the landmarks")
    mended = question.rules == "corrected"
    kind = np.float64 if mended else np.float32
    truth: Array = people.truth.astype(kind)
    side = truth.max(axis=1) - truth.min(axis=1)
    length = np.sqrt(side[:, 0] * side[:, 1])
    delta = (people.found.astype(kind) - truth).astype(np.float64) / length.astype(np.float64)[:, None, None]
    error = np.linalg.norm(delta, axis=-1).astype(kind).astype(np.float64).mean(axis=1)
    angle = np.abs(people.yaw)
    bins = [error[angle <= 30], error[(angle > 30) & (angle <= 60)], error[angle > 60]]
    numbers: dict[str, Number] = {
        "NME": float(np.mean([_mean(part) for part in bins])),
        "NME_plain": _mean(error),
    }
    name = "3DDFA, benchmark_aflw2000.py" + (", in float64" if mended else "")
    return [Side(transcription(name), numbers, ADDITION if mended else 1e-7)]


def aflw_pifa(question: Question) -> list[Side]:
    """3DDFA: points that are there, by the box around 68 fitted ones, the mean of three bins of yaw."""
    people = faces_files.read(question.truth, question.predictions)
    if people.yaw is None or people.size is None:
        raise CannotCheck("AFLW_GT_crop_yaws.npy and AFLW_GT_pts68.npy are not beside the landmarks")
    if question.rules == "corrected":
        raise CannotCheck("no program has these rules")
    error = []
    delta = people.found.astype(np.float64) - people.truth.astype(np.float64)
    for face, there in enumerate(people.labelled):
        off = np.linalg.norm(delta[face][there], axis=1)
        error.append(off.mean() / people.size[face])
    found, angle = np.array(error), np.abs(people.yaw)
    bins = [found[angle <= 30], found[(angle > 30) & (angle <= 60)], found[angle > 60]]
    numbers: dict[str, Number] = {
        "NME": float(np.mean([_mean(part) for part in bins])),
        "NME_plain": _mean(found),
    }
    name = "3DDFA 4ff2cea, benchmark_aflw.py, in float64"
    return [Side(transcription(name), numbers, ADDITION)]
