"""MMPose: the inferencer's JSON and `--dump` results, their scores and their refusals."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval import datasets
from poseval.datasets import ReadOptions, Role, Source
from poseval.errors import InputError
from poseval.poses import PoseSet

P = Role.PREDICTIONS


def entry(number: int, people: int = 2, **more: Any) -> dict[str, Any]:
    """One image of a dump, as MMPose's `PoseDataSample.to_dict` has it."""
    rng = np.random.default_rng(number)
    return {
        "id": number,
        "img_id": number,
        "img_path": f"data/coco/val2017/{number:012d}.jpg",
        "ori_shape": (480, 640),
        "input_size": (192, 256),
        "flip_indices": list(range(17)),
        "raw_ann_info": {"bbox": np.asarray([1.0, 2.0, 3.0, 4.0]), "id": 7},
        "gt_instances": {"bboxes": np.ones((people, 4), dtype=np.float32)},
        "pred_instances": {
            "keypoints": rng.uniform(0, 400, (people, 17, 2)).astype(np.float32),
            "keypoint_scores": np.full((people, 17), 0.5, dtype=np.float32),
            "bboxes": np.asarray([[1, 2, 30, 40]] * people, dtype=np.float32),
            "bbox_scores": np.full(people, 0.25, dtype=np.float32),
        },
        **more,
    }


def dumped(path: Path, entries: Any, protocol: int = 4) -> PoseSet:
    """The dump of these entries."""
    path.write_bytes(pickle.dumps(entries, protocol))
    return datasets.read(path, ReadOptions(P), "mmpose-dump")


@pytest.mark.parametrize("protocol", range(2, 6))
def test_a_dump_is_recognised_and_read(tmp_path: Path, protocol: int) -> None:
    entries = [entry(139), entry(285, 1)]
    poses = dumped(tmp_path / "results.pkl", entries, protocol)
    assert datasets.recognise(Source(tmp_path / "results.pkl"), P) == "mmpose-dump"
    assert poses.skeleton.name == "coco17"
    assert poses.frames.key.tolist() == ["000000000139.jpg", "000000000285.jpg"]
    assert poses.frames.size.tolist() == [[640, 480], [640, 480]]
    assert poses.people.frame.tolist() == [0, 0, 1]
    wanted = entries[0]["pred_instances"]["keypoints"][1].astype(np.float64)
    np.testing.assert_array_equal(poses.people.xy[1], wanted)
    assert poses.people.box[0].tolist() == [1, 2, 30, 40]
    assert poses.people.score.tolist() == [0.125] * 3  # the box's score times the mean of the joints'


def test_people_of_one_image_in_several_entries_are_one_frame(tmp_path: Path) -> None:
    poses = dumped(tmp_path / "a.pkl", [entry(139, 1), entry(139, 1)])
    assert (len(poses), len(poses.frames)) == (2, 1)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"img_path": None, "img_id": None}, "P206"),
        ({"pred_instances": None}, "P206"),
        ({"pred_instances": {"keypoints": np.zeros((1, 17, 2))}}, "P206"),
        (
            {"pred_instances": {"keypoints": np.zeros((1, 17, 2)), "keypoint_scores": np.zeros((1, 16))}},
            "P204",
        ),
        (
            {"pred_instances": {"keypoints": np.zeros((1, 17, 3)), "keypoint_scores": np.zeros((1, 17))}},
            "P204",
        ),
        (
            {"pred_instances": {"keypoints": np.zeros((1, 99, 2)), "keypoint_scores": np.zeros((1, 99))}},
            "P204",
        ),
        (
            {
                "pred_instances": {
                    "keypoints": np.full((1, 17, 2), np.nan),
                    "keypoint_scores": np.zeros((1, 17)),
                }
            },
            "P301",
        ),
        (
            {
                "pred_instances": {
                    "keypoints": np.full((1, 17, 2), "text"),
                    "keypoint_scores": np.zeros((1, 17)),
                }
            },
            "P203",
        ),
    ],
    ids=["nameless", "none", "no scores", "shapes", "three", "joints", "nan", "texts"],
)
def test_a_wrong_dump_is_refused(tmp_path: Path, change: dict[str, Any], code: str) -> None:
    with pytest.raises(InputError) as caught:
        dumped(tmp_path / "a.pkl", [entry(139, **change)])
    assert caught.value.code == code


@pytest.mark.parametrize("content", [{}, [1], "text", None, [[]]])
def test_a_pickle_of_something_else_is_no_dump(tmp_path: Path, content: Any) -> None:
    with pytest.raises(InputError) as caught:
        dumped(tmp_path / "a.pkl", content)
    assert caught.value.code == "P270"


def test_tensors_are_refused_with_what_to_do(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="needs torch")
    with pytest.raises(InputError, match="save arrays instead") as caught:
        dumped(tmp_path / "a.pkl", [entry(139, heatmaps=torch.zeros(2))])
    assert caught.value.code == "P217"


def instance(x: float) -> dict[str, Any]:
    """One person of the inferencer."""
    return {
        "keypoints": [[x + joint, 2.0] for joint in range(17)],
        "keypoint_scores": [0.5] * 17,
        "bbox": [[x, 1.0, x + 20, 9.0]],
        "bbox_score": 0.5,
    }


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_video_counts_its_frames(tmp_path: Path, wrapped: bool) -> None:
    frames = [{"frame_id": 3, "instances": [instance(1)]}, {"frame_id": 9, "instances": []}]
    content = {"meta_info": {}, "instance_info": frames} if wrapped else frames
    (tmp_path / "a.json").write_text(json.dumps(content))
    assert datasets.recognise(Source(tmp_path / "a.json"), P) == "mmpose"
    poses = datasets.read(tmp_path / "a.json", ReadOptions(P))
    assert poses.frames.number.tolist() == [3, 9]
    assert poses.people.box.tolist() == [[1, 1, 21, 9]]
    assert poses.people.score.tolist() == [0.25]
    assert poses.people.xy[0, 4].tolist() == [5, 2]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"keypoints": "text"}, "P203"),
        ({"keypoints": [[1, 2]] * 16}, "P204"),
        ({"keypoints": [[1, None]] * 17}, "P203"),
        ({"keypoint_scores": [0.5] * 3}, "P204"),
        ({"keypoint_scores": None}, "P203"),
        ({"bbox": [1, 2]}, "P204"),
        ({"bbox_score": "high"}, "P203"),
    ],
)
def test_a_wrong_instance_is_refused(tmp_path: Path, change: dict[str, Any], code: str) -> None:
    (tmp_path / "a.json").write_text(json.dumps([{**instance(1), **change}]))
    with pytest.raises(InputError) as caught:
        datasets.read(tmp_path / "a.json", ReadOptions(P), "mmpose")
    assert code in caught.value.counts, caught.value
