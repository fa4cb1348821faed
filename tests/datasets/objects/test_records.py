"""Records in memory where a path can be: the same numbers, notices and errors as from a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import poseval
from poseval.compat import COCO
from poseval.errors import PosevalError
from tests.datasets.objects.test_arrays import coco_files


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("records")
    gt, dt = coco_files(made, 3)
    # As `json.dump` writes them, so that the digests can be compared.
    (made / "gt.json").write_text(json.dumps(gt))
    (made / "dt.json").write_text(json.dumps(dt))
    return made


@pytest.fixture
def records(folder: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    return json.loads((folder / "gt.json").read_text()), json.loads((folder / "dt.json").read_text())


def same(one: poseval.Report, other: poseval.Report) -> None:
    left, right = one.to_dict(timings=False), other.to_dict(timings=False)
    for name in ("inputs", "notices"):
        left.pop(name), right.pop(name)
    assert left == right
    assert [notice.code for notice in one.notices] == [notice.code for notice in other.notices]


def test_a_report_of_records_is_that_of_the_files(folder: Path, records: tuple[Any, Any]) -> None:
    gt, dt = records
    of_files = poseval.score(folder / "gt.json", folder / "dt.json")
    same(poseval.score(gt, dt), of_files)
    same(poseval.score(gt=gt, predictions=dt), of_files)  # type: ignore[call-arg]
    same(poseval.score(folder / "gt.json", dt), of_files)
    same(poseval.score(gt, folder / "dt.json"), of_files)
    same(poseval.score(poseval.read(gt), poseval.read(dt, role="predictions", truth=gt)), of_files)


def test_numpy_and_tuples_inside_records_are_numbers(records: tuple[Any, Any]) -> None:
    gt, dt = records
    arrays = [
        {**one, "keypoints": np.array(one["keypoints"]), "score": np.float64(one["score"])} for one in dt
    ]
    assert poseval.score(gt, arrays).summary == poseval.score(gt, dt).summary


def test_coco_objects(folder: Path, records: tuple[Any, Any]) -> None:
    gt, dt = records
    ours = COCO(str(folder / "gt.json"), verbose=False)
    expected = poseval.score(gt, dt)
    same(poseval.score(ours, dt), expected)
    pycocotools = pytest.importorskip("pycocotools.coco", reason="needs pycocotools")
    theirs = pycocotools.COCO(str(folder / "gt.json"))
    same(poseval.score(theirs, dt), expected)
    assert poseval.score(theirs, theirs.loadRes(str(folder / "dt.json"))).summary == expected.summary


def test_predictions_image_by_image(records: tuple[Any, Any]) -> None:
    gt, dt = records
    expected = poseval.score(gt, dt).summary
    ids = [image["id"] for image in gt["images"]]
    of = {key: [one for one in dt if one["image_id"] == key] for key in ids}
    arrays = {
        key: {
            "keypoints": np.array([one["keypoints"] for one in found]).reshape(len(found), -1, 3),
            "scores": np.array([one["score"] for one in found]),
        }
        for key, found in of.items()
    }
    people = {
        key: [
            {
                "keypoints": points,
                "score": score,
            }
            for points, score in zip(one["keypoints"], one["scores"], strict=True)
        ]
        for key, one in arrays.items()
    }
    assert any(not len(one["scores"]) for one in arrays.values()) or len(of) == len(ids)
    assert poseval.score(gt, arrays).summary == expected
    assert poseval.score(gt, [{"image_id": key, **one} for key, one in arrays.items()]).summary == expected
    assert poseval.score(gt, people).summary == expected
    labelled = {
        key: {**one, "labels": np.ones(len(one["scores"])), "keypoint_scores": one["keypoints"][..., 2]}
        for key, one in arrays.items()
    }
    found = poseval.read(labelled, role="predictions", truth=gt)
    assert found.origin.unread.keys() == {"labels", "third column of keypoints"}
    assert poseval.score(gt, labelled).summary == expected


def test_every_verb_takes_them(records: tuple[Any, Any]) -> None:
    gt, dt = records
    worse = [{**one, "keypoints": [number + 3 for number in one["keypoints"]]} for one in dt]
    assert poseval.compare(dt, worse, truth=gt, keys=["AP"]).systems == ("system (1)", "system (2)")
    run = poseval.evaluate(gt, dt)
    assert poseval.gate(dt, run, gt).passed
    assert not poseval.gate(worse, run, gt).passed
    assert poseval.diagnose(gt, dt, worst=1).worst
    assert poseval.validate(dt, truth=gt).ok
    assert "precision_recall" in poseval.plot(dt, gt)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda gt, dt: (dt, gt), "P201"),
        (lambda gt, dt: (gt, {"x": object()}), "P101"),
        (lambda gt, dt: (gt, 5), "P101"),
        (lambda gt, dt: (gt, [*dt, 5]), "P101"),
        (lambda gt, dt: (gt, [{**dt[0], "keypoints": [1.0]}]), "P204"),
        (lambda gt, dt: (gt, [{**dt[0], "score": float("nan")}]), "P301"),
        (lambda gt, dt: (gt, {1: {"keypoints": np.ones((2, 17, 3)), "scores": [1.0]}}), "P851"),
        (
            lambda gt, dt: (
                gt,
                {1: {"keypoints": np.ones((1, 17, 2))}, 2: {"keypoints": np.ones((1, 5, 2))}},
            ),
            "P855",
        ),
        (
            lambda gt, dt: (
                gt,
                {1: {"keypoints": np.ones((1, 17, 2)), "scores": [1]}, 2: {"keypoints": np.ones((1, 17, 2))}},
            ),
            "P855",
        ),
    ],
)
def test_what_is_wrong_is_named(records: tuple[Any, Any], change: Any, code: str) -> None:
    with pytest.raises(PosevalError) as caught:
        poseval.score(*change(*records))
    assert caught.value.code == code
    assert caught.value.fault.where
