"""Label Studio: per cent of the image, people by their regions, names of images."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from poseval import datasets
from poseval.datasets import ReadOptions, Role, Source
from poseval.errors import InputError
from poseval.poses import PoseSet

T, P = Role.TRUTH, Role.PREDICTIONS
SIZE = {"original_width": 200, "original_height": 100}


def point(label: str, x: float, y: float, parent: str | None = None, **more: Any) -> dict[str, Any]:
    """A keypoint in per cent."""
    value = {"x": x, "y": y, "width": 0.5, "keypointlabels": [label]}
    out = {"id": f"{parent}{label}", "type": "keypointlabels", "value": value, **SIZE, **more}
    return out if parent is None else {**out, "parentID": parent}


def region(name: str) -> dict[str, Any]:
    """A rectangle that keypoints belong to."""
    value = {"x": 10, "y": 20, "width": 50, "height": 40, "rectanglelabels": ["mouse"]}
    return {"id": name, "type": "rectanglelabels", "value": value, **SIZE, "score": 0.75}


def task(results: list[dict[str, Any]], image: str = "a.jpg", key: str = "annotations") -> dict[str, Any]:
    """A task with one annotation or prediction."""
    return {"id": 1, "data": {"image": image}, key: [{"result": results}]}


def read(path: Path, tasks: Any, role: Role = T) -> PoseSet:
    """The tasks as a file."""
    path.write_text(json.dumps(tasks))
    return datasets.read(path, ReadOptions(role), "label-studio")


def test_people_are_the_keypoints_of_one_region(tmp_path: Path) -> None:
    results = [
        region("r1"),
        point("nose", 50, 50, "r1"),
        point("tail", 10, 90, "r1"),
        region("r2"),
        point("tail", 100, 100, "r2"),
    ]
    poses = read(tmp_path / "a.json", [task(results)])
    assert poses.skeleton.joints == ("nose", "tail")
    assert poses.people.xy[0].tolist() == [[100, 50], [20, 90]]
    assert poses.people.seen.tolist() == [[2, 2], [0, 2]]
    assert poses.people.box.tolist() == [[20, 20, 120, 60]] * 2
    assert poses.frames.size.tolist() == [[200, 100]]


def test_keypoints_without_a_region_are_one_person(tmp_path: Path) -> None:
    assert len(read(tmp_path / "a.json", [task([point("nose", 1, 2), point("tail", 3, 4)])])) == 1


def test_predictions_have_scores(tmp_path: Path) -> None:
    results = [region("r"), point("nose", 50, 50, "r", score=0.5)]
    poses = read(tmp_path / "a.json", [task(results, key="predictions")], P)
    assert datasets.recognise(Source(tmp_path / "a.json"), P) == "label-studio"
    assert poses.people.score.tolist() == [0.75]
    assert poses.people.joint_score.tolist() == [[0.5]]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/data/upload/1/0a1b2c3d-walk.jpg", "walk.jpg"),
        ("/data/local-files/?d=walk/3.jpg", "walk/3.jpg"),
        ("s3://bucket/walk/3.jpg", "bucket/walk/3.jpg"),
        ("walk%20me/3.jpg", "walk me/3.jpg"),
    ],
)
def test_images_are_called_by_their_files(tmp_path: Path, path: str, name: str) -> None:
    assert read(tmp_path / "a.json", [task([point("nose", 1, 2)], path)]).frames.key.tolist() == [name]


def test_cancelled_and_further_annotations(tmp_path: Path) -> None:
    one = task([point("nose", 1, 2)])
    one["annotations"].insert(0, {"was_cancelled": True, "result": [point("nose", 9, 9)]})
    one["annotations"].append({"result": []})
    poses = read(tmp_path / "a.json", [one])
    assert poses.people.xy[0, 0].tolist() == [2, 2]
    assert [notice.code for notice in poses.origin.notices] == ["N510"]


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ([point("nose", 1, 2), point("nose", 3, 4)], "P205"),
        ([{**point("nose", 1, 2), "original_width": None}], "P203"),
        ([{**point("nose", 1, 2), "original_width": 0}], "P203"),
        ([point("nose", "x", 2)], "P203"),  # type: ignore[arg-type]
        ([{**point("nose", 1, 2), "value": {"x": 1, "y": 2}}], "P206"),
        (["text"], "P203"),
        ("text", "P203"),
    ],
)
def test_wrong_results_are_refused(tmp_path: Path, results: Any, code: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path / "a.json", [task(results)])
    assert caught.value.code == code


@pytest.mark.parametrize("content", [{}, [1], "text"])
def test_other_json_is_refused(tmp_path: Path, content: Any) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path / "a.json", content)
    assert caught.value.code[:2] == "P2"


@pytest.mark.parametrize("turned", [False, True])
def test_relations_tie_keypoints_to_regions(tmp_path: Path, turned: bool) -> None:
    results = [region("r1"), region("r2"), point("nose", 50, 50), {**point("nose", 10, 10), "id": "k2"}]
    results[2]["id"] = "k1"
    for keypoint, box in (("k1", "r2"), ("k2", "r1")):
        ends = (box, keypoint) if turned else (keypoint, box)
        results.append({"type": "relation", "from_id": ends[0], "to_id": ends[1]})
    poses = read(tmp_path / "a.json", [task(results)])
    assert poses.people.xy[:, 0].tolist() == [[20, 10], [100, 50]]
