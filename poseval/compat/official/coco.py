"""COCO and its relatives: pycocotools or xtcocotools on the files, with the sigmas of each program.

Where xtcocotools is the program and is not installed, pycocotools scores records that are rewritten as
xtcocotools reads them, and the answer says so.
"""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from poseval.compat.official.base import Array, CannotCheck, Number, Question, Side, from_json
from poseval.compat.official.coco_sigmas import SIGMAS

Record = dict[str, Any]
NAMES = ("AP", "AP50", "AP75", "AP_M", "AP_L", "AR", "AR50", "AR75", "AR_M", "AR_L")
FIELDS = ("keypoints", "foot_kpts", "face_kpts", "lefthand_kpts", "righthand_kpts")
# Part of poseval's summary -> type of evaluation of xtcocotools, fields of the records, name of the score.
WHOLE_BODY = {
    "body": ("keypoints_body", FIELDS[:1], "score"),
    "foot": ("keypoints_foot", FIELDS[1:2], "foot_score"),
    "face": ("keypoints_face", FIELDS[2:3], "face_score"),
    "lefthand": ("keypoints_lefthand", FIELDS[3:4], "lefthand_score"),
    "righthand": ("keypoints_righthand", FIELDS[4:], "righthand_score"),
    "wholebody": ("keypoints_wholebody", FIELDS, "wholebody_score"),
}
HALPE_PARTS = {"body": (0, 20), "foot": (20, 26), "face": (26, 94), "hand": (94, 136), "wholebody": (0, 136)}
BOX_SHARE = 0.53  # of a box that stands for an area
SPLITS = (("easy", -math.inf, 0.2), ("medium", 0.2, 0.8), ("hard", 0.8, math.inf))


def body(question: Question) -> list[Side]:
    """COCO's own 17 joints by pycocotools, its sigmas untouched; OCHuman likewise."""
    truth, results = _both(question)
    return [_pycocotools(truth, results, question.rules, None)]


def plain(question: Question) -> list[Side]:
    """Any COCO file: by the sigmas that the user gave, or pycocotools' own for 17 joints."""
    truth, results = _both(question)
    if question.sigmas is not None:
        return [_pycocotools(truth, results, question.rules, np.array(question.sigmas))]
    joints = _joints(truth)
    if joints != 17:
        raise CannotCheck(f"pycocotools has no sigmas for {joints} joints; give --sigmas")
    return [_pycocotools(truth, results, question.rules, None)]


def crowdpose(question: Question) -> list[Side]:
    """CrowdPose's rules through pycocotools: crowdposetools cannot be installed."""
    truth, results = _both(question)
    truth = {**truth, "annotations": [_area_of_box(record) for record in truth["annotations"]]}
    sigmas, numbers = SIGMAS["crowdpose"], {}
    whole = _evaluated(truth, results, sigmas, question.rules)
    numbers = {key: value for key, value in _summary(whole).items() if not key.endswith(("_M", "_L"))}
    numbers |= _arrays(whole)
    if all("crowdIndex" in image for image in truth["images"]):
        for name, low, high in SPLITS:
            ids = [image["id"] for image in truth["images"] if low <= image["crowdIndex"] < high]
            part = _evaluated(truth, results, sigmas, question.rules, ids) if ids else None
            value = math.nan if part is None else float(_summary(part)["AP"])
            numbers[f"AP_{name}"] = round(value, 4) if question.rules == "reference" else value
    return [Side(f"{_package('pycocotools')} with the areas, sigmas and splits of crowdposetools", numbers)]


def exlpose(question: Question) -> list[Side]:
    """ExLPose: CrowdPose's rules without its splits, and without numbers by size."""
    truth, results = _both(question)
    truth = {**truth, "annotations": [_area_of_box(record) for record in truth["annotations"]]}
    side = _pycocotools(truth, results, question.rules, SIGMAS["exlpose"])
    numbers = {key: value for key, value in side.numbers.items() if not key.endswith(("_M", "_L"))}
    return [Side(f"{side.program}, with the areas and sigmas of ExLPose's cocoeval_custom.py", numbers)]


def whole_body(question: Question) -> list[Side]:
    """COCO-WholeBody: one evaluation per part."""
    truth, results = _both(question)
    sides, start = [], 0
    for part, (kind, fields, score) in WHOLE_BODY.items():
        count = {"body": 17, "foot": 6, "face": 68, "lefthand": 21, "righthand": 21}.get(part, 133)
        sigmas = SIGMAS["coco_wholebody"][start : start + count] if part != "wholebody" else None
        start += count
        chosen = SIGMAS["coco_wholebody"] if sigmas is None else sigmas
        side = _extended(truth, results, kind, chosen, fields, score)
        numbers = {f"{part}/{key}": value for key, value in side.numbers.items()}
        sides.append(Side(side.program, numbers, side.tolerance))
    return sides


def halpe(question: Question) -> list[Side]:
    """Halpe: 26 joints as one body; 136 in five evaluations, which pycocotools makes on their records."""
    truth, results = _both(question)
    if _joints(truth) == 26:
        return [_extended(truth, results, "keypoints", SIGMAS["halpe26"], FIELDS[:1], "score")]
    if _joints(truth) != 136:
        raise CannotCheck(f"Halpe has 26 or 136 joints, not {_joints(truth)}")
    sides = []
    for part, (first, last) in HALPE_PARTS.items():
        sigmas = SIGMAS["halpe136"][first:last]
        records = [_cut(record, first, last, index) for index, record in enumerate(truth["annotations"])]
        loaded = [_cut(record, first, last, None) for record in _loaded(truth, results)]
        found = [record for record in loaded if any(flag > 0 for flag in record["keypoints"][2::3])]
        evaluation = _run({**truth, "annotations": records}, found, sigmas, None, loaded=True)
        numbers = {
            f"{part}/{key}": value for key, value in (_summary(evaluation) | _arrays(evaluation)).items()
        }
        sides.append(Side(f"{_package('pycocotools')} on the records of each part", numbers))
    return sides


def _cut(record: Record, first: int, last: int, index: int | None) -> Record:
    points = record["keypoints"][3 * first : 3 * last]
    out = {**record, "keypoints": points, "num_keypoints": sum(flag > 0 for flag in points[2::3])}
    return out if index is None else {**out, "id": index + 1}


def _extended(
    truth: Record, results: list[Record], kind: str, sigmas: Array, fields: Sequence[str], score: str
) -> Side:
    """xtcocotools where it is installed, else pycocotools on records as xtcocotools reads them."""
    try:
        from xtcocotools.coco import COCO
        from xtcocotools.cocoeval import COCOeval
    except (ImportError, ValueError):  # not installed, or built for another NumPy
        records = [_as_extended(record, fields, index) for index, record in enumerate(truth["annotations"])]
        found = _scored_apart(_loaded(truth, results), fields, score)
        evaluation = _run({**truth, "annotations": records}, found, sigmas, None, loaded=True)
        name = f"{_package('pycocotools')} on records rewritten as xtcocotools reads them"
        return Side(name, {**_summary(evaluation), **_arrays(evaluation)})
    with _quiet():
        gt = COCO()
        gt.anno_file = [""]
        gt.dataset = {**truth, "annotations": [{"iscrowd": 0, **r} for r in truth["annotations"]]}
        gt.createIndex()
        dt = gt.loadRes([dict(record) for record in results])
        evaluation = COCOeval(gt, dt, kind, sigmas)
        evaluation.evaluate()
        evaluation.accumulate()
    return Side(_package("xtcocotools"), {**_summary(evaluation), **_arrays(evaluation)})


def _both(question: Question) -> tuple[Record, list[Record]]:
    truth, results = from_json(question.truth), from_json(question.predictions)
    if not isinstance(truth, dict) or not isinstance(results, list) or not results:
        raise CannotCheck("pycocotools needs a COCO ground-truth file and a list of at least one result")
    if not all("keypoints" in record and "image_id" in record for record in results[:1]):
        raise CannotCheck("the predictions are not COCO results")
    return truth, results


def _joints(truth: Record) -> int:
    return len(truth["annotations"][0]["keypoints"]) // 3 if truth["annotations"] else 0


def _area_of_box(record: Record) -> Record:
    return {**record, "area": record["bbox"][2] * record["bbox"][3] * BOX_SHARE}


def _pycocotools(truth: Record, results: list[Record], rules: str, sigmas: Array | None) -> Side:
    evaluation = _evaluated(truth, results, sigmas, rules)
    name = _package("pycocotools")
    if rules == "corrected":
        name += ", its faults C01 and C02 fixed by rewriting records"
    return Side(name, {**_summary(evaluation), **_arrays(evaluation)})


def _evaluated(
    truth: Record,
    results: list[Record],
    sigmas: Array | None,
    rules: str,
    images: Sequence[Any] | None = None,
) -> Any:
    """pycocotools' evaluation; under `corrected` ids begin at 1 and each result has its own area."""
    if rules != "corrected":
        return _run(truth, results, sigmas, images)
    annotations = [{**record, "id": index + 1} for index, record in enumerate(truth["annotations"])]
    found = _loaded(truth, results)
    for record, given in zip(found, results, strict=True):
        record["area"] = given["bbox"][2] * given["bbox"][3] if given.get("bbox") else _extent(given)
    return _run({**truth, "annotations": annotations}, found, sigmas, images, loaded=True)


def _loaded(truth: Record, results: list[Record]) -> list[Record]:
    """The results as loadRes makes them, by the program itself."""
    from pycocotools.coco import COCO

    with _quiet():
        gt = COCO()
        gt.dataset = {**truth, "annotations": []}
        gt.createIndex()
        found: list[Record] = gt.loadRes([dict(record) for record in results]).dataset["annotations"]
    return found


def _extent(record: Record) -> float:
    x, y = record["keypoints"][0::3], record["keypoints"][1::3]
    return float((max(x) - min(x)) * (max(y) - min(y)))


def _run(
    truth: Record,
    results: list[Record],
    sigmas: Array | None,
    images: Sequence[Any] | None,
    *,
    loaded: bool = False,
) -> Any:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with _quiet():
        gt = COCO()
        gt.dataset = {**truth, "annotations": [_complete(record) for record in truth["annotations"]]}
        gt.createIndex()
        if loaded:
            dt = COCO()
            dt.dataset = {**truth, "annotations": results}
            dt.createIndex()
        else:
            dt = gt.loadRes([dict(record) for record in results])
        evaluation = COCOeval(gt, dt, "keypoints")
        if sigmas is not None:
            evaluation.params.kpt_oks_sigmas = sigmas
        if images is not None:
            evaluation.params.imgIds = list(images)
        evaluation.evaluate()
        evaluation.accumulate()
    return evaluation


def _complete(record: Record) -> Record:
    """Fields that pycocotools stops without."""
    labelled = sum(flag > 0 for flag in record["keypoints"][2::3])
    return {"iscrowd": 0, "num_keypoints": labelled, **record}


def _as_extended(record: Record, fields: Sequence[str], index: int) -> Record:
    points = [number for name in fields for number in record[name]]
    labelled = sum(flag > 0 for flag in points[2::3])
    return {**record, "keypoints": points, "num_keypoints": labelled, "id": index + 1}


def _scored_apart(results: list[Record], fields: Sequence[str], score: str) -> list[Record]:
    """Results of a part: its points and score; those without any confidence take no part."""
    out = []
    for record in results:
        points = [number for name in fields for number in record[name]]
        if any(flag > 0 for flag in points[2::3]):
            out.append({**record, "keypoints": points, "score": record.get(score, record["score"])})
    return out


def _summary(evaluation: Any) -> dict[str, Number]:
    """The ten numbers as summarize() takes them from the arrays; NaN where it prints -1."""
    labels, thresholds = evaluation.params.areaRngLbl, np.asarray(evaluation.params.iouThrs)
    out: dict[str, Number] = {}
    for name in NAMES:
        array = evaluation.eval["precision" if name.startswith("AP") else "recall"]
        if name[2:].isdigit():
            array = array[np.flatnonzero(thresholds == int(name[2:]) / 100)]
        area = {"_M": "medium", "_L": "large"}.get(name[2:], "all")
        kept = array[..., labels.index(area), 0]
        kept = kept[kept > -1]
        out[name] = float(np.mean(kept)) if len(kept) else math.nan
    return out


def _arrays(evaluation: Any) -> dict[str, Number]:
    found = {name: evaluation.eval[name][..., 0] for name in ("precision", "recall", "scores")}
    return {f"oks_ap:{name}": np.where(array == -1, np.nan, array) for name, array in found.items()}


def _package(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return name


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    with contextlib.redirect_stdout(io.StringIO()):
        yield


def aic(question: Question) -> list[Side]:
    """AI Challenger in its COCO form, which has no areas."""
    return _by_xtcocotools(question, "aic", use_area=False)


def ap10k(question: Question) -> list[Side]:
    """AP-10K."""
    return _by_xtcocotools(question, "ap10k")


def animalpose(question: Question) -> list[Side]:
    """Animal-Pose."""
    return _by_xtcocotools(question, "animalpose")


def humanart(question: Question) -> list[Side]:
    """Human-Art with 17 or 21 joints."""
    truth, _ = _both(question)
    return _by_xtcocotools(question, "humanart21" if _joints(truth) == 21 else "humanart17")


def _by_xtcocotools(question: Question, name: str, use_area: bool = True) -> list[Side]:
    """xtcocotools with the sigmas of mmpose."""
    truth, results = _both(question)
    if not use_area:
        truth = {**truth, "annotations": [_area_of_box(record) for record in truth["annotations"]]}
    return [_extended(truth, results, "keypoints", SIGMAS[name], FIELDS[:1], "score")]
