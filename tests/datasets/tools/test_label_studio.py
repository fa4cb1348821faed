"""Label Studio: per cent of the image, people by their regions, names of images."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import poseval
from poseval import datasets
from poseval.datasets import ReadOptions, Role, Source
from poseval.errors import InputError, LimitError
from poseval.limits import DEFAULT
from poseval.poses import PoseSet
from poseval.poses.frame_names import named

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


def test_minus_zero_is_zero(tmp_path: Path) -> None:
    poses = read(tmp_path / "a.json", [task([point("nose", -0.0, -0)])])
    assert [str(value) for value in poses.people.xy.ravel().tolist()] == ["0.0", "0.0"]


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


def codes(poses: PoseSet) -> dict[str, int]:
    """Codes of the notices, with their counts."""
    return {notice.code: notice.count for notice in poses.origin.notices}


UNSEEN: list[Any] = [
    [],
    None,
    [{"was_cancelled": True, "result": []}],
    [{"was_cancelled": True, "result": [point("nose", 1, 1)]}],
]
NOBODY = [{"id": 1, "data": {"image": "b.jpg"}, "annotations": given} for given in UNSEEN]


@pytest.mark.parametrize("second", NOBODY)
def test_a_task_that_nobody_annotated_is_not_labelled(tmp_path: Path, second: dict[str, Any]) -> None:
    poses = read(tmp_path / "a.json", [task([point("nose", 1, 2)]), second])
    assert poses.frames.labelled.tolist() == [True, False]
    assert len(poses) == 1


def test_an_annotation_without_results_is_a_frame_without_people(tmp_path: Path) -> None:
    poses = read(tmp_path / "a.json", [task([point("nose", 1, 2)]), task([], "b.jpg")])
    assert poses.frames.labelled.tolist() == [True, True]


def test_a_task_without_predictions_is_no_unlabelled_one(tmp_path: Path) -> None:
    rows = [task([point("nose", 1, 2)], key="predictions"), {"data": {"image": "b.jpg"}, "predictions": []}]
    assert read(tmp_path / "a.json", rows, P).frames.labelled.all()


def scene(images: int) -> list[dict[str, Any]]:
    """A person of four joints in each of some images."""
    corners = [("nose", 20, 30), ("tail", 40, 60), ("ear", 25, 50), ("paw", 35, 35)]
    return [
        task(
            [{**region("r"), "score": 0.5 + at / 10}, *(point(name, x, y, "r") for name, x, y in corners)],
            f"{at}.jpg",
        )
        for at in range(images)
    ]


def test_people_predicted_in_an_unlabelled_task_are_no_mistakes(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(
        json.dumps([{**one, "predictions": one["annotations"]} for one in scene(2)])
    )
    truth = scene(2)
    for given, value, left_out in (([{"result": []}], 0.5, False), ([], 1.0, True)):
        truth[1]["annotations"] = given
        (tmp_path / "t.json").write_text(json.dumps(truth))
        both = tmp_path / "t.json", tmp_path / "p.json"
        report = poseval.score(*both, "oks", metrics="oks_ap(area=box)", sigmas=[0.05] * 4)
        assert report.summary["AP"] == pytest.approx(value, abs=0.005)
        told = [notice.text for notice in report.notices if notice.code == "N941"]
        sentence = "1 of 2 frames of the ground truth not labelled and not scored"
        assert told == left_out * [f"{sentence}; 1 predicted person there left out"]


def car() -> dict[str, Any]:
    """A rectangle of a label that has no keypoints anywhere."""
    out = region("c")
    return {**out, "value": {**out["value"], "rectanglelabels": ["car"]}}


def test_a_rectangle_of_another_label_is_nobody(tmp_path: Path) -> None:
    results = [region("r"), point("nose", 50, 50, "r"), region("alone"), car()]
    poses = read(tmp_path / "a.json", [task(results)])
    assert poses.categories == {1: "mouse"}
    assert poses.people.seen.tolist() == [[2], [0]]  # the second mouse has a box and no joints
    assert codes(poses) == {"N509": 1}
    assert "1 rectangle of the label car" in poses.origin.notices[0].text
    assert poses.origin.unread["rectangles of the label car"] == 1


def test_labels_with_keypoints_are_categories_by_their_names(tmp_path: Path) -> None:
    other = region("o")
    other["value"]["rectanglelabels"] = ["ape"]
    poses = read(
        tmp_path / "a.json", [task([region("r"), point("nose", 5, 5, "r"), other, point("nose", 9, 9, "o")])]
    )
    assert poses.categories == {1: "ape", 2: "mouse"}
    assert poses.people.category.tolist() == [2, 1]


def test_polygons_and_texts_are_counted(tmp_path: Path) -> None:
    more = [
        {"type": "polygonlabels", "value": {"points": [[1, 2]]}},
        {"type": "choices", "value": {"choices": ["x"]}},
    ]
    poses = read(tmp_path / "a.json", [task([point("nose", 1, 2), more[0], *more])])
    assert sorted(notice.count for notice in poses.origin.notices) == [1, 2]
    assert poses.origin.unread["results of type polygonlabels"] == 2
    assert poses.origin.unread["results of type choices"] == 1
    assert poses.origin.unread["[].annotations[].result[].value.points"] == 2


@pytest.mark.parametrize("order", [("tail", "nose", "ear10", "ear2"), ("ear2", "ear10", "nose", "tail")])
def test_joints_are_in_one_order_whatever_stands_first(tmp_path: Path, order: tuple[str, ...]) -> None:
    poses = read(tmp_path / "a.json", [task([point(name, len(name), 2) for name in order])])
    assert poses.skeleton.joints == ("ear2", "ear10", "nose", "tail")
    said = next(notice.text for notice in poses.origin.notices if notice.code == "N545")
    assert said.endswith(
        "declares no order of joints; they are in the order of their names: ear2, ear10, nose, tail"
    )


def film(number: int, name: str = "walk.mp4") -> dict[str, Any]:
    """A task that shows a frame of a video."""
    video = {"filename": name, "frame_idx": number, "shape": [100, 48, 64, 3]}
    return {**task([point("nose", 1, 2)]), "meta": {"video": video}}


def test_tasks_of_a_video_keep_their_frames(tmp_path: Path) -> None:
    poses = read(tmp_path / "a.json", [film(30), film(4), film(100)])
    assert poses.frames.key.tolist() == ["30", "4", "100"]
    assert poses.frames.number.tolist() == [30, 4, 100]
    several = read(tmp_path / "b.json", [film(30), film(30, "run.mp4")])
    assert several.frames.key.tolist() == ["walk.mp4/30", "run.mp4/30"]
    assert several.frames.sequences == ("walk.mp4", "run.mp4")
    empty = {**film(7), "annotations": [{"result": []}]}
    assert read(tmp_path / "c.json", [empty]).frames.size.tolist() == [[64, 48]]


def test_unlabelled_tasks_survive_a_round_trip(tmp_path: Path) -> None:
    poses = read(tmp_path / "a.json", [task([point("nose", 1, 2)]), NOBODY[0], task([], "c.jpg")])
    losses = poseval.write(poses, tmp_path / "b.json", "label-studio")
    assert "unlabelled frames" not in losses.dropped
    again = datasets.read(tmp_path / "b.json", ReadOptions(T), "label-studio")
    assert again.frames.labelled.tolist() == [True, False, True]


def test_a_labelling_configuration_beside_the_file_declares_the_order(tmp_path: Path) -> None:
    labels = "".join(f'<Label value="{name}"/>' for name in ("tail", "nose", "paw"))
    other = '<RectangleLabels><Label value="x"/></RectangleLabels>'
    view = f'<View><KeyPointLabels name="k">{labels}</KeyPointLabels>{other}</View>'
    (tmp_path / "a.config.xml").write_text(view)
    poses = read(tmp_path / "a.json", [task([point("nose", 1, 2), point("ear", 3, 4)])])
    assert poses.skeleton.joints == ("tail", "nose", "paw", "ear")
    assert poses.people.seen.tolist() == [[0, 2, 0, 2]]


def test_the_order_of_joints_survives_a_round_trip(tmp_path: Path) -> None:
    (tmp_path / "a.config.xml").write_text(
        '<View><KeyPointLabels><Label value="b"/><Label value="a"/></KeyPointLabels></View>'
    )
    poses = read(tmp_path / "a.json", [task([point("a", 1, 2), point("b", 3, 4)])])
    poseval.write(poses, tmp_path / "c.json", "label-studio")
    assert datasets.read(tmp_path / "c.json", ReadOptions(T)).skeleton.joints == ("b", "a")


@pytest.mark.parametrize("target", ["coco", "yolo", "cvat"])
def test_an_unlabelled_task_becomes_no_empty_image(tmp_path: Path, target: str) -> None:
    truth = scene(2)
    truth[1]["annotations"] = []
    (tmp_path / "t.json").write_text(json.dumps(truth))
    out = tmp_path / {"coco": "o.json", "yolo": "o", "cvat": "o.xml"}[target]
    done = poseval.convert(tmp_path / "t.json", out, target)
    assert done.losses.dropped["unlabelled frames"] == 1
    again = poseval.read(out, optional=["area"])
    assert [Path(name).stem for name in named(again.frames)] == ["0"]


def test_too_many_joints_are_a_limit_that_can_be_raised(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps([task([point("nose", 10, 10), point("tail", 20, 20)])]))
    limits = replace(DEFAULT, joints=1)
    with pytest.raises(LimitError, match="has 2 joints") as caught:
        datasets.read(path, ReadOptions(T, limits=limits), "label-studio")
    assert caught.value.code == "P502"
    assert "--limit joints=2" in str(caught.value)
