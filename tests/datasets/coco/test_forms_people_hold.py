"""COCO results in the wrappings that people keep them in: the same score as the bare list."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import poseval
from poseval import datasets
from poseval.cli import invoke
from poseval.errors import FormatError, MismatchError, PosevalError, UsageError
from poseval.results.report import Report
from tests.hostile.made import Folder, codes, results, sentence, truth, write

Node = Any


def noisy() -> list[dict[str, Any]]:
    """Results whose score is no round number."""
    rng = np.random.default_rng(5)
    made = results()
    for at, one in enumerate(made):
        points = np.asarray(one["keypoints"], dtype=float).reshape(-1, 3)
        points[:, :2] = np.round(points[:, :2] + rng.normal(0, 4 + at, (len(points), 2)), 2)
        one["keypoints"], one["score"] = points.ravel().tolist(), 0.9 - at / 10
    return made


def score(gt: Path, dt: Path, **asked: Any) -> Report:
    return poseval.score(gt, dt, "coco-keypoints", **asked)


def numbers(report: Report) -> dict[str, str]:
    """The summary, in a form in which a number that is undefined equals itself."""
    return {name: repr(value) for name, value in report.summary.items()}


def said(report: Report) -> list[str]:
    return [notice.code for notice in report.notices]


@pytest.fixture
def gt(tmp_path: Path) -> Path:
    return write(tmp_path / "gt.json", truth())


@pytest.fixture
def bare(gt: Path, tmp_path: Path) -> Report:
    found = score(gt, write(tmp_path / "bare.json", noisy()))
    assert 0 < found.summary["AP"] < 1
    return found


def whole(rows: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {**truth(), "annotations": rows, **more}


WRAPPINGS: dict[str, Callable[[list[dict[str, Any]]], Node]] = {
    "results": lambda rows: {"results": rows},
    "any key": lambda rows: {"meta": {"model": "a"}, "my_poses": rows},
    "annotations": lambda rows: {"annotations": rows},
    "a whole file": whole,
    "a whole file with ids": lambda rows: whole([{**row, "id": at} for at, row in enumerate(rows)]),
    "the first record without a score key order": lambda rows: {
        "results": [dict(reversed(r.items())) for r in rows]
    },
}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_an_object_around_the_list(wrapping: str, gt: Path, bare: Report, tmp_path: Path) -> None:
    found = score(gt, write(tmp_path / "dt.json", WRAPPINGS[wrapping](noisy())))
    assert numbers(found) == numbers(bare)
    assert "N543" in said(found)


def lines_of(rows: list[dict[str, Any]], end: str = "\n") -> bytes:
    return end.join(json.dumps(row) for row in rows).encode()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n"])
def test_json_lines(end: str, gt: Path, bare: Report, tmp_path: Path) -> None:
    path = tmp_path / "dt.jsonl"
    path.write_bytes(lines_of(noisy(), end) + end.encode())
    assert numbers(score(gt, path)) == numbers(bare)
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + lines_of(noisy(), end)))
    assert numbers(score(gt, path)) == numbers(bare)


def test_json_lines_of_one_line(gt: Path, tmp_path: Path) -> None:
    path = tmp_path / "dt.jsonl"
    path.write_bytes(lines_of(noisy()[:1]))
    alone = score(gt, write(tmp_path / "one.json", noisy()[:1]))
    assert numbers(score(gt, path)) == numbers(alone)


def test_a_broken_line_is_named_by_its_place(gt: Path, tmp_path: Path) -> None:
    rows = noisy()
    del rows[2]["score"]
    path = tmp_path / "dt.jsonl"
    path.write_bytes(lines_of(rows))
    with pytest.raises(FormatError, match=r"dt\.jsonl: \[2\]\.score: is missing") as caught:
        score(gt, path)
    assert caught.value.code == "P206"


def test_two_documents_are_no_lines(gt: Path, tmp_path: Path) -> None:
    path = tmp_path / "dt.json"
    path.write_text(json.dumps(noisy(), indent=1) + "\n" + json.dumps(noisy(), indent=1))
    with pytest.raises(FormatError) as caught:
        score(gt, path)
    assert caught.value.code == "P210"


# --- a whole file has ids and joints of its own ---


def test_own_image_ids_are_those_of_the_names(gt: Path, bare: Report, tmp_path: Path) -> None:
    rows, images = noisy(), deepcopy(truth()["images"])
    ids = [image["id"] for image in images]
    other = dict(zip(ids, ids[1:] + ids[:1], strict=True))
    for image in images:
        image["id"] = other[image["id"]]
    for row in rows:
        row["image_id"] = other[row["image_id"]]
    found = score(gt, write(tmp_path / "dt.json", whole(rows, images=images)))
    assert numbers(found) == numbers(bare)
    assert "N402" in said(found)


def test_own_joint_order_is_followed_by_name(gt: Path, bare: Report, tmp_path: Path) -> None:
    rows, categories = noisy(), deepcopy(truth()["categories"])
    categories[0]["keypoints"].reverse()
    for row in rows:
        row["keypoints"] = np.asarray(row["keypoints"]).reshape(-1, 3)[::-1].ravel().tolist()
    found = score(gt, write(tmp_path / "dt.json", whole(rows, categories=categories)))
    assert numbers(found) == numbers(bare)
    assert "N401" in said(found)


def test_truth_without_scores_is_no_predictions(gt: Path, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"and so does gt\.json: give the predictions") as caught:
        score(gt, write(tmp_path / "dt.json", truth()))
    assert caught.value.code == "P201"
    bare = write(tmp_path / "bare.json", noisy())
    with pytest.raises(FormatError, match="exchanged"):
        score(bare, gt)


# --- ground truth ---


def test_an_empty_list_of_keypoints_is_a_person_whom_nobody_labelled(gt: Path, tmp_path: Path) -> None:
    made = truth()
    made["annotations"][1].update(keypoints=[0] * 51, num_keypoints=0)
    zeros = score(write(tmp_path / "zeros.json", made), dt := write(tmp_path / "dt.json", noisy()))
    made["annotations"][1]["keypoints"] = []
    found = score(write(tmp_path / "empty.json", made), dt)
    assert numbers(found) == numbers(zeros) != numbers(score(gt, dt))
    assert "N542" in said(found)
    del made["annotations"][1]["num_keypoints"]
    assert numbers(score(write(tmp_path / "empty.json", made), dt)) == numbers(zeros)


@pytest.mark.parametrize("row", [0, 3])
def test_keypoints_that_are_missing_are_named_wherever_they_stand(row: int, tmp_path: Path) -> None:
    made = truth()
    del made["annotations"][row]["keypoints"]
    with pytest.raises(FormatError, match=rf"annotations\[{row}\]\.keypoints: is missing") as caught:
        poseval.read(write(tmp_path / "gt.json", made))
    assert caught.value.code == "P206"
    assert "person_keypoints_" in str(caught.value)


def with_cars(at: int) -> dict[str, Any]:
    made = truth()
    car = {"id": 900, "image_id": 10, "category_id": 3, "bbox": [1, 2, 3, 4], "area": 12.0, "iscrowd": 0}
    made["annotations"].insert(at, car)
    made["categories"].append({"id": 3, "name": "car"})
    return made


@pytest.mark.parametrize("at", [0, 2, 6])
def test_a_class_without_keypoints_is_counted(at: int, bare: Report, tmp_path: Path) -> None:
    path, dt = write(tmp_path / "cars.json", with_cars(at)), write(tmp_path / "dt.json", noisy())
    found = score(path, dt)
    assert numbers(found) == numbers(bare)
    assert "N540" in said(found)
    assert numbers(score(path, dt, category="person")) == numbers(bare)


def test_faults_beside_records_left_out_are_named_by_their_place_in_the_file(tmp_path: Path) -> None:
    made = with_cars(2)
    made["annotations"][4]["keypoints"][0] = True
    made["annotations"][1]["id"] = made["annotations"][5]["id"]
    with pytest.raises(PosevalError) as caught:
        poseval.read(write(tmp_path / "gt.json", made))
    assert "annotations[4].keypoints[0]" in str(caught.value)
    assert "annotations[5].id" in str(caught.value)
    assert "(first: annotations[1])" in str(caught.value)


def two_classes() -> tuple[dict[str, Any], list[dict[str, Any]]]:
    made, rows = truth(), noisy()
    made["categories"].append(
        {"id": 2, "name": "big bottle", "keypoints": ["cap", "left_rim", "right_rim", "foot"]}
    )
    bottle = {
        "id": 800,
        "image_id": 11,
        "category_id": 2,
        "bbox": [1, 2, 30, 40],
        "area": 900.0,
        "iscrowd": 0,
    }
    made["annotations"].insert(2, {**bottle, "keypoints": [1, 2, 2] * 4, "num_keypoints": 4})
    rows.insert(1, {"image_id": 11, "category_id": 2, "keypoints": [1, 2, 1] * 4, "score": 0.5})
    return made, rows


def test_categories_of_several_joint_counts_need_one_named(bare: Report, tmp_path: Path) -> None:
    made, rows = two_classes()
    gt, dt = write(tmp_path / "two.json", made), write(tmp_path / "dt.json", rows)
    with pytest.raises(MismatchError, match='category="person" or category="big bottle"') as caught:
        score(gt, dt)
    assert caught.value.code == "P406"
    found = score(gt, dt, category="person")
    assert numbers(found) == numbers(bare)
    assert said(found).count("N540") == 2
    bottle = poseval.read(gt, category="big bottle")
    assert bottle.skeleton.joints == ("cap", "left_rim", "right_rim", "foot")
    assert len(bottle) == 1
    assert len(poseval.read(gt, category="2")) == 1
    with pytest.raises(UsageError, match="did you mean person") as unknown:
        score(gt, dt, category="persn")
    assert unknown.value.code == "P102"


# --- near misses ---


def boxes_alone() -> Node:
    made = truth()
    for one in made["annotations"]:
        del one["keypoints"]
    return made


OCHUMAN = {"keypoint_visible": {}, "images": [{"file_name": "a.jpg", "annotations": [{"keypoints": None}]}]}
AIC = [{"image_id": "a", "keypoint_annotations": {"human1": [1, 2, 1]}, "human_annotations": {}}]
MINIMAL = [{"image": "/a.png", "id": 1, "kp": [], "annotator": 1, "annotation_id": 1}]


@pytest.mark.parametrize(
    ("node", "says"),
    [
        (boxes_alone(), "person_keypoints_"),
        (OCHUMAN, "OCHuman's own JSON"),
        (AIC, "AI Challenger's own JSON"),
        (MINIMAL, "JSON_MIN, which is not read: export as JSON"),
    ],
)
def test_near_misses_are_named_with_the_way_out(node: Node, says: str, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=says) as caught:
        poseval.read(write(tmp_path / "gt.json", node))
    assert caught.value.code == "P201"


def test_a_list_of_images_validates_results_and_scores_nothing(tmp_path: Path, capsys: Any) -> None:
    made = truth()
    del made["annotations"]
    gt, dt = write(tmp_path / "image_info.json", made), write(tmp_path / "dt.json", noisy())
    with pytest.raises(MismatchError, match="nothing to score") as caught:
        score(gt, dt)
    assert caught.value.code == "P414"
    assert invoke(["validate", str(dt), "--gt", str(gt)]) == 0
    assert "N541" in capsys.readouterr().out
    rows = noisy()
    del rows[0]["score"]
    assert invoke(["validate", str(write(tmp_path / "bad.json", rows)), "--gt", str(gt)]) == 3
    assert "P206" in capsys.readouterr().out


def test_categories_through_the_command_line(bare: Report, tmp_path: Path, capsys: Any) -> None:
    made, rows = two_classes()
    gt, dt = write(tmp_path / "two.json", made), write(tmp_path / "dt.json", rows)
    assert invoke(["score", str(dt), "--gt", str(gt), "--category", "person", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["summary"]["AP"] == bare.summary["AP"]


def test_a_category_of_a_format_that_names_its_classes_otherwise(tmp_path: Path) -> None:
    gt = write(tmp_path / "gt.json", truth())
    poseval.convert(gt, tmp_path / "gt.npz", "native")
    assert len(poseval.read(tmp_path / "gt.npz", category="person")) == 6
    with pytest.raises(UsageError) as caught:
        poseval.read(tmp_path / "gt.npz", category="bottle")
    assert caught.value.code == "P102"


@pytest.mark.parametrize(
    ("fields", "role"), [((), "predictions"), (("id",), "predictions"), (("id", "area"), "truth")]
)
def test_the_role_of_a_whole_file_alone(fields: tuple[str, ...], role: str, tmp_path: Path) -> None:
    rows = [
        {**row, **{name: 1.5 + at if name == "area" else at for name in fields}}
        for at, row in enumerate(noisy())
    ]
    path = write(tmp_path / "dt.json", whole(rows))
    sure = datasets.confidences(datasets.Source(path))
    assert max(sure, key=lambda one: sure[one]).value == role
    assert sure[datasets.Role.PREDICTIONS] >= datasets.SURE


def test_a_whole_file_of_predictions_needs_no_truth(tmp_path: Path) -> None:
    path = write(tmp_path / "dt.json", whole(noisy()))
    found = poseval.read(path, role="predictions")
    assert (len(found), len(found.frames), found.skeleton.name) == (6, 4, "coco17")
    assert found.people.score.tolist() == [row["score"] for row in noisy()]
    assert invoke(["convert", str(path), str(tmp_path / "out"), "--to", "openpose"]) == 0
    assert invoke(["validate", str(path)]) == 0
    for bare in (noisy(), {"results": noisy()}, whole(noisy(), categories=[])):
        with pytest.raises(UsageError) as caught:
            poseval.read(write(tmp_path / "bare.json", bare), role="predictions")
        assert caught.value.code == "P139"


def test_scores_in_a_ground_truth_look_like_predictions(tmp_path: Path) -> None:
    """A whole COCO file of predictions with ids and areas, given as ground truth: AP would be 100."""
    gt = truth()
    for person in gt["annotations"]:
        person["score"] = 0.5
    told = sentence(Folder(tmp_path).truth(gt), "N555")
    assert told == (
        "gt.json: the annotations have a score, as predictions do; they were read as ground truth. Are they "
        "what a model predicted?"
    )
    assert "N555" not in codes(Folder(tmp_path).truth(truth()))
