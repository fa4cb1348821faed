"""The rows of docs/two_numbers.md: one set of predictions, measured by every program that is installed.

    python docs/two_numbers.py

Each row is the mean AP over OKS 0.50:0.95 that a program gives; of PoseTrack's, the AP of joints. Programs
that are absent give no row, so that the page is put together from several environments. PoseTrack's program
is read from a checkout in POSEVAL_CLIENTS/posetrack.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

import poseval
from poseval.synth import perturb, scene_set

IMAGES, PEOPLE, SEED = 200, 3, 5
Records = tuple[dict[str, Any], list[dict[str, Any]]]


def made(folder: Path) -> Records:
    """Synthetic people and predictions with errors, read afresh: programs write into the records."""
    truth = scene_set(seed=SEED, images=IMAGES, people=PEOPLE)
    poseval.write(truth, folder / "gt.json", "coco", force=True)
    found = perturb(truth, SEED, jitter=0.5)
    poseval.write(found, folder / "dt.json", "coco", role="predictions", truth=truth, force=True)
    return json.loads((folder / "gt.json").read_text()), json.loads((folder / "dt.json").read_text())


def by_image(gt: dict[str, Any], dt: list[dict[str, Any]]) -> Any:
    """People and predictions of each image, predictions by falling score."""
    for image in gt["images"]:
        mine = [one for one in gt["annotations"] if one["image_id"] == image["id"] and one["num_keypoints"]]
        found = [one for one in dt if one["image_id"] == image["id"]]
        yield image, mine, sorted(found, key=lambda one: -one["score"])


def points(records: list[dict[str, Any]]) -> Any:
    return np.array([one["keypoints"] for one in records], dtype=np.float64).reshape(len(records), 17, 3)


def cocoeval(module: str, records: Records, **options: Any) -> float:
    """pycocotools, or a package of its form."""
    coco = __import__(f"{module}.coco", fromlist=["COCO"])
    evaluation = __import__(f"{module}.cocoeval", fromlist=["COCOeval"])
    with contextlib.redirect_stdout(io.StringIO()):
        truth = coco.COCO()
        truth.dataset = records[0]
        truth.createIndex()
        run = evaluation.COCOeval(truth, truth.loadRes(records[1]), "keypoints", **options)
        run.evaluate()
        run.accumulate()
        run.summarize()
    return float(run.stats[0])


def ultralytics(records: Records) -> float:
    """What `PoseValidator` computes of joints: OKS with 0.53 of the box, its matching and its curve."""
    import torch
    from ultralytics.engine.validator import BaseValidator
    from ultralytics.utils.metrics import OKS_SIGMA, ap_per_class, kpt_iou

    own = SimpleNamespace(iouv=torch.linspace(0.5, 0.95, 10))
    hits, scores, people = [], [], 0
    for _, mine, found in by_image(*records):
        people += len(mine)
        scores += [one["score"] for one in found]
        hit = np.zeros((len(found), 10), dtype=bool)
        if mine and found:
            area = torch.tensor([one["bbox"][2] * one["bbox"][3] * 0.53 for one in mine], dtype=torch.float64)
            similarity = kpt_iou(torch.tensor(points(mine)), torch.tensor(points(found)), area, OKS_SIGMA)
            kinds = torch.zeros(len(found)), torch.zeros(len(mine))
            hit = BaseValidator.match_predictions(own, *kinds, similarity).numpy()
        hits.append(hit)
    tallied = np.concatenate(hits), np.array(scores), np.zeros(len(scores)), np.zeros(people)
    return float(np.mean(ap_per_class(*tallied)[5]))


def supervision(records: Records, areas: bool) -> float:
    """`KeyPointMeanAveragePrecision`, whose targets have areas or not."""
    import supervision as sv
    from supervision.metrics.keypoint_mean_average_precision import KeyPointMeanAveragePrecision

    metric = KeyPointMeanAveragePrecision()
    targets, found = [], []
    for _, mine, theirs in by_image(*records):
        there = points(mine)
        data = {"area": np.array([one["area"] for one in mine], dtype=np.float64)} if areas else {}
        kinds = np.zeros(len(mine), dtype=int)
        targets.append(sv.KeyPoints(xy=there[..., :2], visible=there[..., 2] > 0, data=data, class_id=kinds))
        scores = np.array([one["score"] for one in theirs], dtype=np.float64)
        kinds = np.zeros(len(theirs), dtype=int)
        found.append(sv.KeyPoints(xy=points(theirs)[..., :2], detection_confidence=scores, class_id=kinds))
    return float(metric.update(found, targets).compute().map50_95)


def fiftyone(records: Records) -> float:
    """FiftyOne's OKS with COCO's sigmas, in pycocotools' matching."""
    from fiftyone.utils.iou import _compute_object_keypoint_similarity as similarity
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    sizes = {image["id"]: (image["width"], image["height"]) for image in records[0]["images"]}

    class Run(COCOeval):  # type: ignore[misc]
        def computeOks(self, image: Any, category: Any) -> Any:
            mine, found = self._gts[image, category], self._dts[image, category]
            found = sorted(found, key=lambda one: -one["score"])[: self.params.maxDets[-1]]
            out = np.zeros((len(found), len(mine)))
            for at, one in enumerate(found):
                for column, other in enumerate(mine):
                    there, guess = points([other])[0], points([one])[0]
                    joints = np.where(there[:, 2:] > 0, there[:, :2] / sizes[image], np.nan)
                    if np.isfinite(joints).any():
                        given = similarity(joints, guess[:, :2] / sizes[image], self.params.kpt_oks_sigmas)
                        out[at, column] = given
            return out if out.size else []

    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = records[0]
        truth.createIndex()
        run = Run(truth, truth.loadRes(records[1]), "keypoints")
        run.evaluate()
        run.accumulate()
        run.summarize()
    return float(run.stats[0])


def without_confidences(records: Records) -> Records:
    """The same predictions with 0 for the third number of each joint, as some programs write them."""
    gt, dt = records
    changed = [
        {**one, "keypoints": [0 if at % 3 == 2 else value for at, value in enumerate(one["keypoints"])]}
        for one in dt
    ]
    return gt, changed


def ours(records: Records, metric: str = "oks_ap") -> float:
    """poseval, by a metric."""
    return float(poseval.score(*records, "coco-keypoints", metrics=[metric]).summary["AP"])


def xtcocotools(records: Records, **options: Any) -> float:
    """xtcocotools, which wants the sigmas to be given."""
    sigmas = np.asarray(poseval.get_skeleton("coco17").sigmas)
    return cocoeval("xtcocotools", records, sigmas=sigmas, **options)


# What MMPose's PoseTrack18Metric calls of PoseTrack's program, which has our import name. It loads tqdm for
# the conversion of files alone.
PROGRAM = """
import sys, types
sys.modules["tqdm"] = types.ModuleType("tqdm")
from poseval import eval_helpers
from poseval.evaluateAP import evaluateAP
frames = eval_helpers.load_data_dir(["", sys.argv[1] + "/", sys.argv[2] + "/"])
print("AP", float(eval_helpers.getCum(evaluateAP(*frames, None, False, False)[0])[-1]) / 100)
"""
VECTORS = "AVX2 X86_V3 AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR X86_V4"


def tied(folder: Path) -> tuple[Path, Path]:
    """One synthetic clip of PoseTrack, and predictions whose joints have scores of one decimal."""
    truth = scene_set(seed=SEED, images=20, people=4, video=True, skeleton="posetrack15_poseval")
    found = perturb(truth, SEED, jitter=0.7)
    head = 0.25 * np.sqrt(truth.people.area)
    truth = replace(truth, people=truth.people.with_columns(head=head))
    people = found.people
    score, track = np.round(people.joint_score, 1), np.arange(len(people)) % 50
    found = replace(found, people=people.with_columns(joint_score=score, track=track))
    poseval.write(truth, folder / "gt", "posetrack18")
    poseval.write(found, folder / "dt", "posetrack18", role="predictions", truth=truth)
    for path in list(folder.rglob("*_synth.json")):  # the program knows names of PoseTrack's form alone
        text = path.read_text("utf-8").replace("_synth", "_mpii_test")
        path.with_name(path.name.replace("_synth", "_mpii_test")).write_text(text, "utf-8")
        path.unlink()
    return folder / "gt", folder / "dt"


def posetrack(_: Records, metric: str = "joint_ap") -> float:
    """poseval's AP of joints on the tied predictions."""
    with tempfile.TemporaryDirectory() as folder:
        report = poseval.score(*tied(Path(folder)), "posetrack18", metrics=[metric])
    return float(report.summary["AP"])


def posetrack_program(_: Records) -> float:
    """PoseTrack's own, with NumPy's sort for processors without vector instructions, as all can run it."""
    checkout = Path(os.environ.get("POSEVAL_CLIENTS", "")) / "posetrack"
    if not (checkout / "poseval" / "evaluateAP.py").is_file():
        raise ImportError("PoseTrack's program in POSEVAL_CLIENTS/posetrack")
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, *map(str, tied(Path(folder)))],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(checkout), "NPY_DISABLE_CPU_FEATURES": VECTORS},
            capture_output=True,
            text=True,
            check=True,
        )
    return float(done.stdout.split("AP ")[-1])


ROWS: dict[str, Callable[[Records], float]] = {
    "poseval, as COCO": ours,
    "poseval, `oks_ap(area=box)`": partial(ours, metric="oks_ap(area=box)"),
    "poseval, `oks_ap(area=extent)`": partial(ours, metric="oks_ap(area=extent)"),
    "pycocotools": partial(cocoeval, "pycocotools"),
    "Ultralytics, `PoseValidator`": ultralytics,
    "supervision, targets with `area`": partial(supervision, areas=True),
    "supervision, targets without `area`": partial(supervision, areas=False),
    "FiftyOne's OKS, COCO's sigmas": fiftyone,
    "xtcocotools": xtcocotools,
    "xtcocotools, `use_area=False`": partial(xtcocotools, use_area=False),
    "xtcocotools, joint confidences 0": lambda given: xtcocotools(without_confidences(given)),
    "poseval, PoseTrack, later row first": posetrack,
    "poseval, PoseTrack, `joint_ap(ties=official)`": partial(posetrack, metric="joint_ap(ties=official)"),
    "PoseTrack's program, as MMPose calls it": posetrack_program,
    "pycocotools, joint confidences 0": lambda given: cocoeval("pycocotools", without_confidences(given)),
}


def main() -> None:
    """Print a row for each program that is installed."""
    with tempfile.TemporaryDirectory() as folder:
        for name, measure in ROWS.items():
            try:
                value = measure(made(Path(folder)))
            except ImportError as error:
                sys.stderr.write(f"{name}: {error}\n")
                continue
            sys.stdout.write(f"| {name} | {value:.4f} |\n")


if __name__ == "__main__":
    main()
