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

from poseval.compat.official.base import (
    Array,
    CannotCheck,
    Number,
    Question,
    Side,
    from_json,
    transcription,
)
from poseval.compat.official.coco_sigmas import SIGMAS
from poseval.compat.official.halpe import by_halpe, with_own_ignore

Record = dict[str, Any]
NAMES = ("AP", "AP50", "AP75", "AP_M", "AP_L", "AR", "AR50", "AR75", "AR_M", "AR_L")
FIELDS = ("keypoints", "foot_kpts", "face_kpts", "lefthand_kpts", "righthand_kpts")
# Part of poseval's summary -> fields of the records, name of the score, number of joints.
WHOLE_BODY = {
    "body": (FIELDS[:1], "score", 17),
    "foot": (FIELDS[1:2], "foot_score", 6),
    "face": (FIELDS[2:3], "face_score", 68),
    "lefthand": (FIELDS[3:4], "lefthand_score", 21),
    "righthand": (FIELDS[4:], "righthand_score", 21),
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
    """COCO-WholeBody: one evaluation per part, as its scripts are copies of pycocotools' evaluation."""
    truth, results = _both(question)
    if not all(field in record for record in (*truth["annotations"], *results) for field in FIELDS):
        raise CannotCheck(f"COCO-WholeBody's scripts need {', '.join(FIELDS)} in every record")
    name = f"{_package('pycocotools')} on the records of each part, as COCO-WholeBody's scripts read them"
    numbers: dict[str, Number] = {}
    start = 0
    for part, (fields, score, count) in WHOLE_BODY.items():
        sigmas = SIGMAS["coco_wholebody"][start : start + count]
        start += count
        found = _rewritten(truth, results, sigmas, fields, score, question.rules)
        numbers |= {f"{part}/{key}": value for key, value in found.items()}
    found = _rewritten(truth, results, SIGMAS["coco_wholebody"], FIELDS, "wholebody_score", question.rules)
    return [Side(name, {**numbers, **{f"wholebody/{key}": value for key, value in found.items()}})]


def halpe(question: Question) -> list[Side]:
    """Halpe: 26 joints as one body; 136 in five evaluations, under `corrected` on the records of each."""
    truth, results = _both(question)
    if _joints(truth) == 26:
        return [_xtcocotools(truth, results, SIGMAS["halpe26"], question.rules)]
    if _joints(truth) != 136:
        raise CannotCheck(f"Halpe has 26 or 136 joints, not {_joints(truth)}")
    sides = []
    for part, (first, last) in HALPE_PARTS.items():
        sigmas = SIGMAS["halpe136"][first:last]
        if question.rules == "reference":
            sides.append(_halpecocotools(truth, results, part, sigmas))
            continue
        records = [_cut(record, first, last) for record in truth["annotations"]]
        records = _numbered(records)
        loaded = [_cut(record, first, last) for record in _loaded(truth, results, question.rules)]
        found = [record for record in loaded if any(flag > 0 for flag in record["keypoints"][2::3])]
        evaluation = _run({**truth, "annotations": records}, found, sigmas, None, loaded=True)
        numbers = {
            f"{part}/{key}": value for key, value in (_summary(evaluation) | _arrays(evaluation)).items()
        }
        sides.append(Side(f"{_package('pycocotools')} on the records of each part", numbers))
    return sides


def _halpecocotools(truth: Record, results: list[Record], part: str, sigmas: Array) -> Side:
    """One part as halpecocotools evaluates it."""
    from pycocotools.cocoeval import COCOeval

    kind = by_halpe(COCOeval, *HALPE_PARTS[part])
    records = [with_own_ignore(record) for record in truth["annotations"]]
    evaluation = _run({**truth, "annotations": records}, results, sigmas, None, kind=kind)
    numbers = {f"{part}/{key}": value for key, value in (_summary(evaluation) | _arrays(evaluation)).items()}
    name = transcription("halpecocotools 0.0.1, similarity and who is ignored")
    return Side(f"{_package('pycocotools')}; {name}", numbers)


def _cut(record: Record, first: int, last: int) -> Record:
    points = record["keypoints"][3 * first : 3 * last]
    return {**record, "keypoints": points, "num_keypoints": sum(flag > 0 for flag in points[2::3])}


def _rewritten(
    truth: Record, results: list[Record], sigmas: Array, fields: Sequence[str], score: str, rules: str
) -> dict[str, Number]:
    """pycocotools on one part of the records; ids begin at 1 unless the rules are the scripts' own (C02)."""
    records = [_as_extended(record, fields) for record in truth["annotations"]]
    loaded = _loaded(truth, results, rules)
    if rules != "reference":
        records = _numbered(records)
    found = _scored_apart(loaded, fields, score)
    evaluation = _run({**truth, "annotations": records}, found, sigmas, None, loaded=True)
    return {**_summary(evaluation), **_arrays(evaluation)}


def _xtcocotools(truth: Record, results: list[Record], sigmas: Array, rules: str) -> Side:
    """xtcocotools where it is installed, else pycocotools on records as xtcocotools reads them."""
    try:
        from xtcocotools.coco import COCO
        from xtcocotools.cocoeval import COCOeval
    except (ImportError, ValueError):  # not installed, or built for another NumPy
        ids = {**truth, "annotations": _numbered(truth["annotations"])}
        numbers = _rewritten(ids, results, sigmas, FIELDS[:1], "score", rules)
        return Side(f"{_package('pycocotools')} on records rewritten as xtcocotools reads them", numbers)
    with _quiet():
        gt = COCO()
        gt.anno_file = [""]
        gt.dataset = {**truth, "annotations": [{"iscrowd": 0, **r} for r in truth["annotations"]]}
        gt.createIndex()
        dt = COCO()
        dt.dataset = {**truth, "annotations": _loaded(truth, results, rules)}
        dt.createIndex()
        evaluation = COCOeval(gt, dt, "keypoints", sigmas)
        evaluation.evaluate()
        evaluation.accumulate()
    return Side(_package("xtcocotools"), {**_summary(evaluation), **_arrays(evaluation)})


def _both(question: Question) -> tuple[Record, list[Record]]:
    truth, results = from_json(question.truth), from_json(question.predictions)
    if not isinstance(truth, dict) or not isinstance(results, list) or not results:
        raise CannotCheck("pycocotools needs a COCO ground-truth file and a list of at least one result")
    if not all("keypoints" in record and "image_id" in record for record in results[:1]):
        raise CannotCheck("the predictions are not COCO results")
    if question.rules != "corrected" and results[0].get("bbox") and not all(r.get("bbox") for r in results):
        raise CannotCheck("pycocotools stops at a result without a box where the first has one (C01)")
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
    annotations = _numbered(truth["annotations"])
    found = _loaded(truth, results, rules)
    return _run({**truth, "annotations": annotations}, found, sigmas, images, loaded=True)


def _numbered(records: list[Record]) -> list[Record]:
    return [{**record, "id": index + 1} for index, record in enumerate(records)]


def _own_area(record: Record) -> float:
    box = record.get("bbox")
    return float(box[2] * box[3]) if box else _extent(record)


def _loaded(truth: Record, results: list[Record], rules: str) -> list[Record]:
    """The results as loadRes makes them, by the program itself; under `corrected` each with its own area."""
    from pycocotools.coco import COCO

    mended = rules == "corrected"
    with _quiet():
        gt = COCO()
        gt.dataset = {**truth, "annotations": []}
        gt.createIndex()
        given = [{key: row[key] for key in row if key != "bbox" or not mended} for row in results]
        found: list[Record] = gt.loadRes(given).dataset["annotations"]
    if mended:
        return [{**row, "area": _own_area(own)} for row, own in zip(found, results, strict=True)]
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
    kind: type[Any] | None = None,
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
        evaluation = (kind or COCOeval)(gt, dt, "keypoints")
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


def _as_extended(record: Record, fields: Sequence[str]) -> Record:
    points = [number for name in fields for number in record[name]]
    labelled = sum(flag > 0 for flag in points[2::3])
    return {**record, "keypoints": points, "num_keypoints": labelled}


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
    return [_xtcocotools(truth, results, SIGMAS[name], question.rules)]
