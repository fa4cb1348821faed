"""MMEngine's evaluator with our metric, by its name in a config, on samples of the shape of MMPose's."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import poseval
from poseval.errors import UsageError
from poseval.poses import PoseSet
from poseval.synth import perturb, scene_set

pytest.importorskip("mmengine", reason="needs mmengine: in an environment of its own")

from mmengine.evaluator import Evaluator
from mmengine.logging import MessageHub
from mmengine.structures import BaseDataElement, InstanceData

import poseval.integrations.mmengine

TRUTH = scene_set(seed=6, images=12, people=3)
FOUND = perturb(TRUTH, 6, jitter=0.5)


def samples(found: PoseSet) -> list[Any]:
    """One sample a person, as of a top-down network: the box's score is that of the ground truth's box."""
    rng = np.random.default_rng(0)
    people = found.people
    out = []
    for row in range(len(people)):
        frame = int(people.frame[row])
        sample = BaseDataElement(
            metainfo={"id": row, "img_id": int(found.frames.key[frame]), "ori_shape": (480, 640)}
        )
        sample.pred_instances = InstanceData(
            keypoints=people.xy[row][None],
            keypoint_scores=rng.uniform(0, 1, (1, 17)),
            heat_maps=np.zeros((1, 17, 64, 48)),
        )
        sample.gt_instances = InstanceData(bbox_scores=people.score[row : row + 1])
        out.append(sample)
    return out


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    poseval.write(TRUTH, tmp_path / "gt.json", "coco")
    return tmp_path


def config(folder: Path) -> dict[str, Any]:
    return {"type": "PosevalMetric", "benchmark": "coco-keypoints", "ann_file": str(folder / "gt.json")}


def evaluated(asked: dict[str, Any], given: list[Any], **meta: Any) -> tuple[Any, Any]:
    evaluator = Evaluator([asked])
    evaluator.dataset_meta = meta
    for start in range(0, len(given), 5):
        evaluator.process(data_samples=given[start : start + 5], data_batch=None)
    numbers = evaluator.evaluate(len(given))
    return numbers, evaluator.metrics[0]


def test_the_number_is_that_of_the_same_people_as_a_file(folder: Path) -> None:
    given = samples(FOUND)
    numbers, metric = evaluated(config(folder), given)
    results = [
        {
            "image_id": sample.img_id,
            "category_id": 1,
            "keypoints": np.c_[sample.pred_instances.keypoints[0], np.ones(17)].ravel().tolist(),
            "score": float(score),
        }
        for sample in given
        for confidence in sample.pred_instances.keypoint_scores
        for score in sample.gt_instances.bbox_scores * confidence[confidence > 0.2].mean()
    ]
    (folder / "dt.json").write_text(json.dumps(results))
    wanted = poseval.score(folder / "gt.json", folder / "dt.json", "coco-keypoints")
    assert numbers.keys() == {f"poseval/{key}" for key in wanted.summary}
    assert numbers["poseval/AP"] == wanted.summary["AP"] > 0.1
    assert metric.report.summary == wanted.summary
    assert metric.report.signature == wanted.signature


def test_the_data_set_says_where_its_ground_truth_is(folder: Path) -> None:
    asked = {"type": "PosevalMetric", "benchmark": "coco-keypoints", "rules": "corrected"}
    hub = MessageHub.get_current_instance()
    hub.update_info("synthetic_ann_file", str(folder / "gt.json"))
    numbers, metric = evaluated(asked, samples(FOUND), dataset_name="synthetic")
    assert metric.report.rules == "corrected"
    assert 0.1 < numbers["poseval/AP"] < 1
    with pytest.raises(UsageError, match="ann_file=") as caught:
        evaluated(asked, samples(FOUND), dataset_name="another")
    assert caught.value.code == "P875"


def test_no_heat_map_is_kept(folder: Path) -> None:
    metric = poseval.integrations.mmengine.PoseMetric("coco-keypoints", folder / "gt.json")
    metric.process(None, [sample.to_dict() for sample in samples(FOUND)])
    assert {name for kept in metric.results for name in kept["pred_instances"]} == {
        "keypoints",
        "keypoint_scores",
    }


def test_what_is_refused_is_refused_before_the_epoch(folder: Path) -> None:
    for wrong in ({"benchmark": "coco-keypoint"}, {"benchmark": "coco-keypoints", "rule": "corrected"}):
        with pytest.raises(UsageError):
            Evaluator([{"type": "PosevalMetric", **wrong}])
    with pytest.raises(UsageError, match="P179"):
        evaluated(
            config(folder),
            [BaseDataElement(metainfo={"img_id": 1})],
        )


def test_the_numbers_are_those_of_mmpose(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All ten of its CocoMetric without suppression, from a checkout in POSEVAL_CLIENTS, on these samples."""
    checkout = Path(os.environ.get("POSEVAL_CLIENTS", "")) / "mmpose"
    if not (checkout / "mmpose").is_dir():
        pytest.skip("needs a checkout of MMPose in POSEVAL_CLIENTS")
    monkeypatch.syspath_prepend(str(checkout))
    for needed in ("mmcv", "xtcocotools.coco", "json_tricks", "munkres"):
        pytest.importorskip(needed, reason=f"needs {needed}")
    from mmpose.evaluation.metrics.coco_metric import CocoMetric

    given = [sample.to_dict() for sample in samples(FOUND)]
    theirs = CocoMetric(str(folder / "gt.json"), nms_mode="none")
    theirs.dataset_meta = {"sigmas": np.array(TRUTH.skeleton.sigmas), "num_keypoints": 17}
    theirs.process({}, given)
    ours = poseval.integrations.mmengine.PoseMetric("coco-keypoints", folder / "gt.json")
    ours.process(None, given)
    wanted = list(theirs.evaluate(len(given)).values())
    assert list(ours.evaluate(len(given)).values()) == wanted
    assert 0.1 < wanted[0] < 1
