"""Objects of detectors, and tables: the real classes where installed, and small ones of their form."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import poseval
from poseval.errors import UsageError
from poseval.synth import perturb, scene_set


def ultralytics_results(make: Any) -> list[Any]:
    """Two people, and nobody, by a class that takes what `Results` takes."""
    picture = np.zeros((48, 64, 3), dtype=np.uint8)
    points = np.full((2, 17, 3), 0.9)
    points[0, :, :2], points[1, :, :2] = 10, 20
    points[1, 4] = (30, 40, 0.1)
    boxes = np.array([[1, 2, 31, 42, 7, 0.75, 0], [5, 5, 9, 9, 8, 0.5, 0]], dtype=np.float64)
    none = {"boxes": np.zeros((0, 6)), "keypoints": np.zeros((0, 17, 3))}
    return [
        make(picture, "a/1.jpg", {0: "person"}, boxes=boxes, keypoints=points),
        make(picture, "a/2.jpg", {0: "person"}, **none),
    ]


def stand_in(picture: Any, path: str, names: Any, boxes: Any, keypoints: Any) -> SimpleNamespace:
    track = boxes[:, 4] if boxes.shape[1] == 7 else None
    return SimpleNamespace(
        path=path,
        orig_shape=picture.shape[:2],
        keypoints=SimpleNamespace(data=keypoints),
        boxes=SimpleNamespace(id=track, conf=boxes[:, -2], xyxy=boxes[:, :4]),
    )


def check_ultralytics(make: Any) -> None:
    results = ultralytics_results(make)
    poses = poseval.from_ultralytics(results)
    assert poses.frames.key.tolist() == ["a/1.jpg", "a/2.jpg"]
    assert poses.frames.size.tolist() == [[64, 48]] * 2
    people = poses.people
    assert people.score.tolist() == [0.75, 0.5]
    assert people.track.tolist() == [7, 8]
    assert people.box[0].tolist() == [1, 2, 31, 42]
    assert people.area.tolist() == [1200, 16]
    assert people.xy[1, 3:5].tolist() == [[20, 20], [30, 40]]
    assert people.joint_score[0, 0] == pytest.approx(0.9)
    assert poseval.from_ultralytics(results, frames=[5, 6]).frames.key.tolist() == ["5", "6"]
    assert len(poseval.from_ultralytics(results[1:])) == 0


def test_ultralytics() -> None:
    check_ultralytics(stand_in)
    for wrong in ([object()], [SimpleNamespace(path="a", orig_shape=(1, 1), keypoints=5)]):
        with pytest.raises(UsageError, match="P179"):
            poseval.from_ultralytics(wrong)
    with pytest.raises(UsageError, match="1 objects and 2 names"):
        poseval.from_ultralytics([object()], frames=[1, 2])


def test_the_real_ultralytics() -> None:
    found = pytest.importorskip("ultralytics.engine.results", reason="needs ultralytics")
    torch = pytest.importorskip("torch", reason="needs PyTorch")

    def make(picture: Any, path: str, names: Any, boxes: Any, keypoints: Any) -> Any:
        columns = {"boxes": torch.tensor(boxes), "keypoints": torch.tensor(keypoints)}
        return found.Results(picture, path, names, **columns)

    check_ultralytics(make)


def test_transformers() -> None:
    points, scores = np.array([[1, 2], [3, 4]]), np.array([0.5, 1.0])
    some = {"keypoints": points, "scores": scores, "labels": np.array([2, 5])}
    poses = poseval.from_transformers([[some], []], ["a.jpg", "b.jpg"])
    assert len(poses.frames) == 2
    assert np.flatnonzero(poses.people.seen[0]).tolist() == [2, 5]
    assert poses.people.score.tolist() == [0.75]
    assert poses.people.xy[0, 5].tolist() == [3, 4]
    for change in ({"labels": np.array([2, 17])}, {"labels": np.array([-1, 2])}, {"scores": np.ones(3)}):
        wrong = [[{**some, **change}]]
        with pytest.raises(UsageError, match="P179"):
            poseval.from_transformers(wrong, ["a.jpg"])


def test_the_real_transformers() -> None:
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    transformers = pytest.importorskip("transformers", reason="needs transformers")
    processor = transformers.VitPoseImageProcessor()
    heat = torch.zeros(2, 17, 64, 48)
    for joint in range(17):
        heat[:, joint, 10 + joint, 20] = 1.0
    outputs = SimpleNamespace(heatmaps=heat)
    made = processor.post_process_pose_estimation(
        outputs, boxes=[[[0, 0, 96, 128]], [[50, 20, 96, 128]]], threshold=0.3
    )
    poses = poseval.from_transformers(made, frames=[1, 2])
    assert poses.people.frame.tolist() == [0, 1]
    assert (poses.people.seen == 2).all()
    shift = poses.people.xy[1] - poses.people.xy[0]
    np.testing.assert_allclose(shift, np.tile([50.0, 20.0], (17, 1)), atol=1e-3)


def mmpose_sample(image: int, make: Any) -> Any:
    found = {
        "keypoints": np.full((1, 17, 2), float(image)),
        "keypoint_scores": np.full((1, 17), 0.5, dtype=np.float32),
        "bboxes": np.array([[0.0, 0, 10, 10]]),
        "bbox_scores": np.array([0.5]),
    }
    return make({"img_id": image, "img_path": "x.jpg", "ori_shape": (48, 64)}, found)


def check_mmpose(make: Any) -> None:
    poses = poseval.from_mmpose([mmpose_sample(image, make) for image in (7, 3, 7)])
    assert poses.frames.key.tolist() == ["3", "7"]
    assert poses.people.frame.tolist() == [0, 1, 1]
    assert poses.people.score.tolist() == [0.25] * 3
    assert poses.frames.size.tolist() == [[64, 48]] * 2
    assert [notice.code for notice in poses.origin.notices] == ["N505"]


def test_mmpose() -> None:
    check_mmpose(lambda meta, found: {**meta, "pred_instances": found})
    check_mmpose(lambda meta, found: SimpleNamespace(**meta, pred_instances=SimpleNamespace(**found)))
    with pytest.raises(UsageError, match="P179"):
        poseval.from_mmpose([{"img_id": 1}])


def test_mmpose_people_are_ranked_as_its_metric_ranks_them() -> None:
    """Joints at or below 0.2 do not count, and a top-down network has its boxes' scores from the data set."""
    confidence = np.r_[np.full(5, 0.8), np.full(12, 0.2)][None]
    found = {"keypoints": np.ones((1, 17, 2)), "keypoint_scores": confidence}
    sample = {"img_id": 1, "pred_instances": found, "gt_instances": {"bbox_scores": np.array([0.5])}}
    nobody = {**found, "keypoint_scores": np.full((1, 17), 0.1)}
    poses = poseval.from_mmpose([sample, {"img_id": 2, "pred_instances": nobody}])
    assert poses.people.score.tolist() == pytest.approx([0.4, 0.0])


def test_the_data_elements_that_mmpose_builds_on() -> None:
    structures = pytest.importorskip("mmengine.structures", reason="needs mmengine")

    def make(meta: dict[str, Any], found: dict[str, Any]) -> Any:
        sample = structures.BaseDataElement(metainfo=meta)
        sample.pred_instances = structures.InstanceData(**found)
        return sample

    check_mmpose(make)


def long_form(poses: poseval.PoseSet, pandas: Any) -> Any:
    people = poses.people
    rows = [
        {
            "image": poses.frames.key[people.frame[at]],
            "who": at,
            "part": joint,
            "px": people.xy[at, number, 0],
            "py": people.xy[at, number, 1],
            "v": people.seen[at, number],
            "conf": people.joint_score[at, number],
            "total": people.score[at],
            "size": people.area[at],
        }
        for at in range(len(people))
        for number, joint in enumerate(poses.skeleton.joints)
    ]
    return pandas.DataFrame(rows)


NAMES = {"frame": "image", "person": "who", "joint": "part", "x": "px", "y": "py"}


def test_a_table_in_long_form_gives_the_numbers_of_its_people() -> None:
    pandas = pytest.importorskip("pandas", reason="needs pandas")
    truth = scene_set(seed=2, images=6, people=3)
    found = perturb(truth, 2, jitter=0.5)
    expected = poseval.score(truth, found, "coco-keypoints").summary
    gt = poseval.from_pandas(long_form(truth, pandas), **NAMES, visibility="v", area="size")
    table = long_form(found, pandas)
    dt = poseval.from_pandas(table, **NAMES, score="conf", person_score="total")
    empty = set(truth.frames.key.tolist()) - set(gt.frames.key.tolist())
    assert not empty, "a table cannot say that an image has nobody"
    assert poseval.score(gt, dt, "coco-keypoints").summary == expected
    for change, says in (
        ({"score": "missing"}, "'missing'"),
        ({"x": "x"}, "frame="),
        ({"skeleton": "mpii16"}, "mpii16"),
    ):
        with pytest.raises(UsageError, match=says):
            poseval.from_pandas(table, **{**NAMES, **change})  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="repeats image"):
        poseval.from_pandas(pandas.concat([table, table.head(1)]), **NAMES)
