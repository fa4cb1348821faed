"""PoseMetric: the report of all frames whatever the batches, and nothing lost by what is refused."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import poseval
from poseval.errors import PosevalError, UsageError, ValueRangeError
from poseval.synth import perturb, scene_set
from tests.integrations.loaders import arrays, batches, some

FOUND, TRUTH = arrays(1)
FRAMES = TRUTH["frames"]


def expected(**asked: Any) -> str:
    sides = poseval.from_arrays(**TRUTH), poseval.from_arrays(**FOUND, frames=FRAMES)
    return poseval.score(*sides, "coco-keypoints", **asked).to_json(timings=False)


def filled(seed: int = 0, size: int = 7, **asked: Any) -> poseval.PoseMetric:
    metric = poseval.PoseMetric("coco-keypoints", **asked)
    order = np.random.default_rng(seed).permutation(FRAMES)
    for found, truth in batches(FOUND, TRUTH, order, size):
        metric.update(found, truth)
    return metric


@pytest.mark.parametrize("size", [1, 7, 64])
def test_batches_in_any_order_give_one_report(size: int) -> None:
    metric = filled(seed=size, size=size, per_joint=True)
    assert len(metric) == len(FRAMES)
    assert metric.compute().to_json(timings=False) == expected(per_joint=True)
    assert metric.compute().to_json(timings=False) == expected(per_joint=True), "computing changes nothing"


def test_rules_and_metrics_are_those_asked_for() -> None:
    for asked in ({"rules": "corrected"}, {"metrics": ["oks_ap(max_dets=1)"]}, {"sigmas": 0.1}):
        assert filled(**asked).compute().to_json(timings=False) == expected(**asked)


def test_it_starts_anew() -> None:
    metric = filled()
    metric.reset()
    assert len(metric) == 0
    with pytest.raises(UsageError, match="before any update"):
        metric.compute()
    for found, truth in batches(FOUND, TRUTH, FRAMES, 9):
        metric.update(found, truth)
    assert metric.compute().to_json(timings=False) == expected()


def test_bytes_pickles_and_merging_keep_everything() -> None:
    whole = expected()
    halves = [poseval.PoseMetric("coco-keypoints") for _ in range(2)]
    for number, (found, truth) in enumerate(batches(FOUND, TRUTH, FRAMES, 3)):
        halves[number % 2].update(found, truth)
    for copied in (
        [poseval.PoseMetric.from_bytes(half.to_bytes()) for half in halves],
        pickle.loads(pickle.dumps(halves)),
    ):
        copied[1].merge(copied[0])
        assert copied[1].compute().to_json(timings=False) == whole
    empty = poseval.PoseMetric("coco-keypoints")
    empty.merge(halves[0])
    empty.merge(halves[1])
    assert empty.compute().to_json(timings=False) == whole
    assert halves[0].to_bytes() == halves[0].to_bytes()
    assert len(poseval.PoseMetric.from_bytes(poseval.PoseMetric("coco-keypoints").to_bytes())) == 0


def test_a_metric_goes_on_from_its_bytes() -> None:
    metric = poseval.PoseMetric("coco-keypoints", skeleton=poseval.get_skeleton("coco17"), metrics="oks_ap")
    loader = list(batches(FOUND, TRUTH, FRAMES, 9))
    for number, (found, truth) in enumerate(loader):
        metric.update(found, truth)
        if number == 1:
            metric = poseval.PoseMetric.from_bytes(metric.to_bytes())
    assert metric.compute().to_json(timings=False) == expected(skeleton="coco17", metrics="oks_ap")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("files")
    truth = scene_set(seed=4, images=10, people=3)
    poseval.write(truth, made / "gt.json", "coco")
    found = perturb(truth, 4, jitter=0.5)
    poseval.write(found, made / "dt.json", "coco", role="predictions", truth=truth)
    return made


def results(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "dt.json").read_text())
    return found


def numbers(report: poseval.Report, *more: str) -> str:
    """What a report says of its numbers, in the same text for undefined ones."""
    node = report.to_dict(timings=False)
    return json.dumps([node[name] for name in ("summary", "values", "deviations", *more)])


def test_predictions_of_a_known_file_give_the_report_of_the_files(folder: Path) -> None:
    report = poseval.score(folder / "gt.json", folder / "dt.json", "coco-keypoints")
    metric = poseval.PoseMetric("coco-keypoints", truth=folder / "gt.json")
    for image in np.random.default_rng(0).permutation(10) + 1:
        mine = [one for one in results(folder) if one["image_id"] == image]
        points = np.array([one["keypoints"] for one in mine]).reshape(len(mine), 17, 3)
        columns = {"keypoints": points, "third": "score", "score": [one["score"] for one in mine]}
        if mine:
            metric.update({**columns, "frame": [image] * len(mine)})
    assert numbers(metric.compute(), "signature") == numbers(report, "signature")
    by_record = poseval.PoseMetric("coco-keypoints", truth=folder / "gt.json")
    for image in {one["image_id"] for one in results(folder)}:
        by_record.update([one for one in results(folder) if one["image_id"] == image])
    assert numbers(by_record.compute(), "signature") == numbers(report, "signature")
    again = poseval.PoseMetric.from_bytes(metric.to_bytes(), truth=folder / "gt.json")
    assert numbers(again.compute(), "signature") == numbers(report, "signature")
    for truth in (None, scene_set(seed=5, images=10, people=3)):
        with pytest.raises(UsageError, match="P861"):
            poseval.PoseMetric.from_bytes(metric.to_bytes(), truth=truth)


def test_records_and_pose_sets_are_batches(folder: Path) -> None:
    gt = json.loads((folder / "gt.json").read_text())
    report = poseval.score(folder / "gt.json", folder / "dt.json", "coco-keypoints")
    metric = poseval.PoseMetric("coco-keypoints")
    for image in gt["images"]:
        people = [a for a in gt["annotations"] if a["image_id"] == image["id"]]
        found = [one for one in results(folder) if one["image_id"] == image["id"]]
        if people:
            metric.update(found, {**gt, "images": [image], "annotations": people})
    assert numbers(metric.compute()) == numbers(report)


def test_nothing_predicted_is_a_result(folder: Path) -> None:
    metric = poseval.PoseMetric("coco-keypoints", truth=folder / "gt.json")
    assert metric.compute().summary["AP"] == 0
    with pytest.raises(UsageError, match="predictions alone"):
        metric.update(FOUND, TRUTH)


def test_a_frame_twice_is_refused_or_counted_once() -> None:
    metric = filled()
    again = some(FOUND, FRAMES[:5]), some(TRUTH, FRAMES[:5])
    with pytest.raises(UsageError, match="comes again") as caught:
        metric.update(*again)
    assert caught.value.code == "P859"
    assert metric.compute().to_json(timings=False) == expected()
    once = filled(repeated="once")
    once.update(*again)
    report = once.compute()
    assert report.summary == metric.compute().summary
    assert report.signature == metric.compute().signature
    assert [(notice.code, notice.count) for notice in report.notices if notice.code == "N596"] == [
        ("N596", 5)
    ]


GOOD = (some(FOUND, FRAMES[:3]), some(TRUTH, FRAMES[:3]))
XY = np.ones((2, 17, 2))
SET = scene_set(seed=1, images=2, people=1)


def changed(**columns: Any) -> dict[str, Any]:
    return {"keypoints": XY, "frame": [1, 2], "score": [1, 1], **columns}


BAD: dict[str, tuple[Any, Any, str]] = {
    "no target": (changed(), None, "P858"),
    "exchanged": (GOOD[1], GOOD[0], "P856"),
    "no keypoints": (changed(keypoints=None), changed(), "P858"),
    "unknown column": (changed(scores=[1, 1]), changed(), "P858"),
    "joints": (changed(keypoints=XY[:, :16]), {**GOOD[1], "frames": [1, 2, *FRAMES[:3]]}, "P855"),
    "other columns": ({"keypoints": XY, "frame": [1, 2]}, {**GOOD[1], "frames": [1, 2, *FRAMES[:3]]}, "P855"),
    "shape": (changed(keypoints=XY[0]), changed(), "P851"),
    "length": (changed(score=[1]), changed(), "P851"),
    "infinite": (changed(keypoints=XY * np.inf), changed(), "P301"),
    "visible NaN": (
        changed(),
        {"keypoints": np.full((2, 17, 3), np.nan), "third": "visibility", "visibility": np.ones((2, 17))},
        "P850",
    ),
    "frame not listed": (changed(), changed(frames=[1]), "P854"),
    "text": ("preds.json", changed(), "P101"),
    "another kind": (perturb(SET, 1), SET, "P858"),
    "two kinds": (changed(), SET, "P858"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_batch_that_is_refused_changes_nothing(name: str) -> None:
    found, truth, code = BAD[name]
    metric = poseval.PoseMetric("coco-keypoints")
    metric.update(*GOOD)
    before = metric.to_bytes()
    with pytest.raises(PosevalError) as caught:
        metric.update(found, truth)
    assert caught.value.code == code
    assert metric.to_bytes() == before
    assert len(metric) == 3


def test_a_nan_is_a_joint_that_is_not_there() -> None:
    points = GOOD[0]["keypoints"].copy()
    points[0, 3] = np.nan
    metric = poseval.PoseMetric("coco-keypoints")
    metric.update({**GOOD[0], "keypoints": points}, GOOD[1])
    assert metric.sets()[1].people.seen[0, 3] == 0
    labelled = GOOD[1]["keypoints"].copy()
    labelled[0, 3] = (np.nan, np.nan, 2)
    with pytest.raises(ValueRangeError, match="P301"):
        metric.update(some(FOUND, FRAMES[5:6]), {**some(TRUTH, FRAMES[:3]), "keypoints": labelled})


def test_empty_batches_and_images_without_people() -> None:
    metric = poseval.PoseMetric("coco-keypoints")
    metric.update([], {"keypoints": [], "frames": [1, 2]})
    assert len(metric) == 2
    metric.update(*GOOD)
    alone = poseval.PoseMetric("coco-keypoints")
    alone.update(*GOOD)
    assert metric.compute().summary == alone.compute().summary


def test_settings_that_differ_are_named() -> None:
    metric = filled()
    for other, says in (
        (poseval.PoseMetric("coco-keypoints", per_joint=True), "per_joint"),
        (poseval.PoseMetric("crowdpose"), "benchmark"),
        (poseval.PoseMetric("coco-keypoints", rules="corrected"), "rules"),
    ):
        with pytest.raises(UsageError, match=says) as caught:
            metric.merge(other)
        assert caught.value.code == "P860"
    with pytest.raises(UsageError, match="P101"):
        metric.merge("other")  # type: ignore[arg-type]
    assert metric.compute().to_json(timings=False) == expected()


def test_people_without_frames_are_alone_in_theirs() -> None:
    rng = np.random.default_rng(0)
    xy = rng.uniform(0, 99, (9, 16, 2))
    found, head = xy + rng.normal(0, 3, xy.shape), np.full(9, 20.0)
    metric = poseval.PoseMetric("mpii-val")
    for rows in (slice(0, 4), slice(4, 9)):
        metric.update(found[rows], {"keypoints": xy[rows], "head": head[rows]})
    sides = poseval.from_arrays(xy, head=head), poseval.from_arrays(found)
    assert metric.compute().to_json(timings=False) == poseval.score(*sides, "mpii-val").to_json(timings=False)
    with pytest.raises(UsageError, match="P860"):
        metric.merge(metric)


@pytest.mark.parametrize("damage", [b"", b"x", b"PK\x03\x04", None])
def test_other_bytes_are_refused(damage: bytes | None) -> None:
    data = filled().to_bytes()[:-20] if damage is None else damage
    with pytest.raises(UsageError, match="P861"):
        poseval.PoseMetric.from_bytes(data)


def test_wrong_arguments_are_usage_errors() -> None:
    for call in (
        lambda: poseval.PoseMetric(5),  # type: ignore[arg-type]
        lambda: poseval.PoseMetric("coco-keypoint"),
        lambda: poseval.PoseMetric("coco-keypoints", repeated="twice"),
        lambda: poseval.PoseMetric("coco-keypoints", rule="corrected"),  # type: ignore[call-arg]
        lambda: filled().compute(sync=True),
    ):
        with pytest.raises(UsageError) as caught:
            call()
        assert caught.value.fault.wanted
