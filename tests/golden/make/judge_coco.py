"""What pycocotools, xtcocotools and exococotools say: numbers, and counts from their own matches."""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import io
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tests.golden.make.cases import Made
from tests.golden.make.judge_coco_kits import KITS

NAMES = ("AP", "AP50", "AP75", "AP_M", "AP_L", "AR", "AR50", "AR75", "AR_M", "AR_L")
CROWD_NAMES = ("AP", "AP50", "AP75", "AR", "AR50", "AR75", "AP_easy", "AP_medium", "AP_hard")
EX_OKS_NAMES = {f"AP (v={flag})": f"AP_v{flag}" for flag in (1, 2, 3)}
EX_OKS_NAMES |= {f"{kind} {at}": f"{kind}{at[1:]:0<2}" for kind in ("AP", "AR") for at in (".5", ".75")}
EX_OKS_NAMES |= {f"{kind} ({size})": f"{kind}_{size}" for kind in ("AP", "AR") for size in "ML"}
RANGES = ("all", "medium", "large")
PARTS = {"body": "keypoints", "foot": "keypoints_foot", "face": "keypoints_face"}
PARTS |= {"lefthand": "keypoints_lefthand", "righthand": "keypoints_righthand"}
PARTS |= {"wholebody": "keypoints_wholebody"}


def judge(made: Made, folder: Path, programs: Path | None = None) -> dict[str, Any]:
    """Numbers of the program that a case names; where it dies, how."""
    if made.judge in KITS:
        assert programs is not None, "--programs names the folder of the checkouts"
        program, place, asked = KITS[made.judge]
        ratios = asked(folder, programs / place)
        return {"made_by": {"program": program, "numpy": np.__version__}, "counts": {}, "ratios": ratios}
    program, _, mode = made.judge.partition(" ")
    version = f"{program} {importlib.metadata.version(program)}"
    options = {key: value for key, value in made.options.items() if key != "answer"}
    told: dict[str, Any] = {"made_by": {"program": version, "numpy": np.__version__, "options": options}}
    if "answer" in made.options:
        told["answer"] = made.options["answer"]
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            found = _whole_body(folder) if mode else _plain(program, made, folder)
    except Exception as error:
        if "answer" not in made.options:
            raise
        return {**told, "raises": type(error).__name__}  # what the program dies of is the record
    return {**told, **found}


def _plain(program: str, made: Made, folder: Path) -> dict[str, Any]:
    options = {"sigmas": made.ask.get("sigmas"), **made.options}
    run = _run(program, folder, options)
    counts = {"": _counts(run)} if program != "exococotools" else {}
    if run.params.maxDets == [20]:
        run.summarize()
        return {"counts": counts, "ratios": {"": _named(run, program)}}
    return {"counts": counts, "ratios": {"": _means(run)}}


def _run(program: str, folder: Path, options: Mapping[str, Any]) -> Any:
    if program == "exococotools":  # its wheel imports a part of itself by another name
        sys.modules["ExCocotools"] = importlib.import_module(program)
        sys.modules["ExCocotools._mask"] = importlib.import_module(f"{program}._mask")
    package = importlib.import_module(f"{program}.coco")
    evaluator = importlib.import_module(f"{program}.cocoeval").COCOeval
    truth = package.COCO(str(folder / "gt.json"))
    found = truth.loadRes(str(folder / "pred.json"))
    sigmas = options.get("sigmas")
    sigmas = None if sigmas is None else np.array(sigmas)
    kind = options.get("iouType", "keypoints")
    if program == "pycocotools":
        run = evaluator(truth, found, kind)
        if sigmas is not None:
            run.params.kpt_oks_sigmas = sigmas
    elif program == "xtcocotools":
        run = evaluator(truth, found, kind, sigmas, options["use_area"])
    else:
        given = {"confidence_thr": options["confidence"], "padding": options["padding"]}
        run = evaluator(truth, found, kind, sigmas, extended_oks=True, **given)
    if "maxDets" in options:
        run.params.maxDets = options["maxDets"]
    run.evaluate()
    run.accumulate()
    return run


def _named(run: Any, program: str) -> dict[str, float]:
    if program == "exococotools":
        pairs = zip(run.stats_names, map(float, run.stats), strict=True)
        return {EX_OKS_NAMES.get(name, name): value for name, value in pairs}
    names = NAMES if len(run.stats) == len(NAMES) else CROWD_NAMES
    return dict(zip(names, map(float, run.stats), strict=True))


def _means(run: Any) -> dict[str, float]:
    """The ten numbers as `summarize` would make them if it took other maxDets than 20."""
    thresholds = {"": slice(None), "50": slice(0, 1), "75": slice(5, 6)}
    out = {}
    for kind in ("AP", "AR"):
        array = run.eval["precision" if kind == "AP" else "recall"]
        for name, cut in thresholds.items():
            out[kind + name] = _mean(array[cut, ..., 0, 0])
        for place, name in ((1, "_M"), (2, "_L")):
            out[kind + name] = _mean(array[..., place, 0])
    return out


def _mean(array: np.ndarray) -> float:
    kept = array[array > -1]
    return float(kept.mean()) if kept.size else -1.0


def _counts(run: Any) -> dict[str, Any]:
    """People, hits and false results at each threshold, per range of area."""
    unmatched = 0 if "pycoco" in type(run).__module__ else -1
    out: dict[str, Any] = {}
    bounds = {tuple(bound): name for bound, name in zip(run.params.areaRng, RANGES, strict=True)}
    for name in RANGES:
        rows = [row for row in run.evalImgs if row and bounds[tuple(row["aRng"])] == name]
        matched = [np.asarray(row["dtMatches"]) != unmatched for row in rows]
        ignored = [np.asarray(row["dtIgnore"]).astype(bool) for row in rows]
        none = np.zeros(len(run.params.iouThrs), dtype=int)
        pairs = list(zip(matched, ignored, strict=True))
        out[name] = {
            "people": int(sum((np.asarray(row["gtIgnore"]) == 0).sum() for row in rows)),
            "hits": sum(((m & ~i).sum(axis=1) for m, i in pairs), none).tolist(),
            "false": sum(((~m & ~i).sum(axis=1) for m, i in pairs), none).tolist(),
        }
    return out


def _whole_body(folder: Path) -> dict[str, Any]:
    counts, ratios = {}, {}
    sigmas = _part_sigmas()
    for part, kind in PARTS.items():
        run = _run("xtcocotools", folder, {"iouType": kind, "use_area": True, "sigmas": sigmas[part]})
        counts[part] = _counts(run)
        run.summarize()
        ratios[part] = _named(run, "xtcocotools")
    return {"counts": counts, "ratios": ratios}


def _part_sigmas() -> dict[str, list[float]]:
    """The sigmas of COCO-WholeBody's evaluation scripts, by part."""
    body = _thousandths("26 25 25 35 35 79 79 72 72 62 62 107 107 87 87 89 89")
    foot = _thousandths("68 66 66 92 94 94")
    face = _thousandths(
        "42 43 44 43 40 35 31 25 20 23 29 32 37 38 43 41 45 13 12 11 11 12 12 11 11 13 15 9 7 7 7 12 9 8 16 "
        "10 17 11 9 11 9 7 13 8 11 12 10 34 8 8 9 8 8 7 10 8 9 9 9 7 7 8 11 8 8 8 10 8"
    )
    hand = _thousandths("29 22 35 37 47 26 25 24 35 18 24 22 26 17 21 21 32 20 19 22 31")
    out = {"body": body, "foot": foot, "face": face, "lefthand": hand, "righthand": hand}
    return {**out, "wholebody": [sigma for part in out.values() for sigma in part]}


def _thousandths(text: str) -> list[float]:
    return [int(word) / 1000 for word in text.split()]
