"""Arrays as pose sets: the numbers of the same people in a file, and words for every shape that cannot be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import poseval
from poseval.errors import PosevalError, UsageError, ValueRangeError
from poseval.synth import perturb, scene_set


def coco_files(folder: Path, seed: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    truth = scene_set(seed=seed, images=9, people=3)
    found = perturb(truth, seed, jitter=0.5)
    poseval.write(truth, folder / "gt.json", "coco")
    poseval.write(found, folder / "dt.json", "coco", role="predictions", truth=truth)
    return json.loads((folder / "gt.json").read_text()), json.loads((folder / "dt.json").read_text())


def arrays_of(gt: dict[str, Any], dt: list[dict[str, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arguments of the two calls, as someone with arrays would have them."""
    labels = gt["annotations"]
    truth = {
        "keypoints": np.array([a["keypoints"] for a in labels]).reshape(-1, 17, 3),
        "third": "visibility",
        "frame": [a["image_id"] for a in labels],
        "frames": [image["id"] for image in gt["images"]],
        "area": [a["area"] for a in labels],
        "box": [a["bbox"] for a in labels],
        "box_form": "xywh",
        "crowd": [a["iscrowd"] for a in labels],
    }
    found = {
        "keypoints": np.array([a["keypoints"] for a in dt]).reshape(-1, 17, 3),
        "third": "score",
        "frame": np.array([a["image_id"] for a in dt]),
        "score": np.array([a["score"] for a in dt], dtype=np.float64),
    }
    return truth, found


def result(report: poseval.Report) -> str:
    """Every number of a report, and which are undefined."""
    node = report.to_dict(timings=False)
    return json.dumps([node["summary"], node["values"]])


def in_other_frame_order(arguments: dict[str, Any], seed: int) -> dict[str, Any]:
    """The same people; those of one frame keep their order, which decides between equal OKS."""
    turn = np.random.default_rng(seed).permutation(max(arguments["frame"]) + 1)
    order = np.argsort(turn[arguments["frame"]], kind="stable")
    rows = {"keypoints", "frame", "area", "box", "crowd"}
    return {name: np.asarray(value)[order] if name in rows else value for name, value in arguments.items()}


@pytest.mark.parametrize("seed", range(5))
def test_arrays_give_the_numbers_of_the_files(seed: int, tmp_path: Path) -> None:
    truth, found = arrays_of(*coco_files(tmp_path, seed))
    expected = result(
        poseval.score(tmp_path / "gt.json", tmp_path / "dt.json", "coco-keypoints", per_joint=True)
    )
    for one in (truth, in_other_frame_order(truth, seed)):
        sides = poseval.from_arrays(**one), poseval.from_arrays(**found)
        assert result(poseval.score(*sides, "coco-keypoints", per_joint=True)) == expected


def test_tensors_and_lists_are_arrays() -> None:
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    xy = np.random.default_rng(0).uniform(0, 99, (3, 17, 2))
    plain = poseval.from_arrays(xy.tolist(), frame=[1, 1, 2], score=[0.5, 0.25, 1])
    tensors = poseval.from_arrays(
        torch.tensor(xy, requires_grad=True),
        frame=[torch.tensor(1), torch.tensor(1), torch.tensor(2)],
        score=torch.tensor([0.5, 0.25, 1.0], dtype=torch.bfloat16),
    )
    for name in ("xy", "frame", "score", "area", "seen"):
        assert np.array_equal(getattr(plain.people, name), getattr(tensors.people, name)), name


def test_the_array_may_be_used_again() -> None:
    xy = np.ones((2, 17, 2))
    poses = poseval.from_arrays(xy, frame=[1, 2])
    xy[:] = 7
    assert (poses.people.xy == 1).all()


def test_frames() -> None:
    xy = np.ones((3, 17, 2))
    assert poseval.from_arrays(xy).frames.key.tolist() == ["0", "1", "2"]
    assert poseval.from_arrays(xy, frame=[10, 9, 10]).frames.key.tolist() == ["9", "10"]
    named = poseval.from_arrays(xy, frame=["v/10", Path("v/9"), "w/1"], frames=["v/9", "v/10", "w/1", "w/2"])
    assert named.frames.sequences == ("v", "w")
    assert dict(zip(named.frames.key.tolist(), named.frames.number.tolist(), strict=True))["v/10"] == 10
    assert len(named.frames) == 4
    sized = [
        poseval.from_arrays(xy, frame=[3, 1, 3], size=size).frames.size.tolist()
        for size in ((8, 6), {1: (8, 6), 3: (8, 6)}, [(8, 6)] * 3)
    ]
    assert sized == [[[8, 6], [8, 6]]] * 3
    rows = poseval.from_arrays(xy, frame=[3, 1, 3], frames=[3, 2, 1], size=[(3, 3), (2, 2), (1, 1)])
    assert rows.frames.size.tolist() == [[1, 1], [2, 2], [3, 3]]


def test_joints_that_are_not_there() -> None:
    xy = np.ones((2, 17, 3))
    xy[0, 3, :2] = np.nan
    xy[1, 4] = 0
    found = poseval.from_arrays(xy, third="score", score=[1, 1])
    assert found.people.seen[0, 3] == found.people.seen[1, 4] == 0
    assert found.people.seen.sum() == 2 * (34 - 2)
    xy[0, 3] = (1, 1, 0)
    assert poseval.from_arrays(xy, third="visibility").people.seen[0, 3] == 0
    mean = poseval.from_arrays(xy, third="score")
    assert [notice.code for notice in mean.origin.notices] == ["N500"]


BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "one person": ({"keypoints": np.ones((17, 2))}, "P851", r"keypoints\[None\] is one person"),
    "flat": ({"keypoints": np.ones((4, 51))}, "P851", r"reshape\(N, -1, 3\)"),
    "four columns": ({"keypoints": np.ones((4, 17, 4))}, "P851", r"\[4, 17, 4\]"),
    "third": ({"keypoints": np.ones((4, 17, 3))}, "P853", 'third="visibility" or third="score"'),
    "no third": ({"third": "score"}, "P851", "the third column the score"),
    "unknown third": ({"keypoints": np.ones((4, 17, 3)), "third": "v"}, "P102", "visibility, score"),
    "twice": (
        {"keypoints": np.ones((4, 17, 3)), "third": "score", "joint_score": np.ones((4, 17))},
        "P850",
        "third column",
    ),
    "ragged": ({"keypoints": [[[1, 2]], [[1, 2], [3, 4]]]}, "P851", r"\[N, K, 2\]"),
    "text": ({"keypoints": "poses.npy"}, "P101", r"\[N, K, 2\]"),
    "score": ({"score": [1, 2]}, "P851", r"score: has shape \[2\]"),
    "a score for all": ({"score": 0.5}, "P851", r"score: has shape \[\]"),
    "area": ({"area": ["a"] * 4}, "P101", "area"),
    "box": ({"box": np.ones((4, 2))}, "P851", r"\[4, 4\]"),
    "box sizes": ({"box": [[5, 5, 2, 2]] * 4}, "P851", 'box_form="xywh"'),
    "box form": ({"box": np.ones((4, 4)), "box_form": "cxcywh"}, "P102", "xyxy, xywh"),
    "frame": ({"frame": [1, 2]}, "P851", "frame: has shape"),
    "mixed joints": (
        {"keypoints": [np.ones((17, 2)), np.ones((5, 2))]},
        "P851",
        "keypoints.1.: has shape .5, 2.",
    ),
    "no ids": ({"frame": [1.5, 2, 3, 4]}, "P101", "frame ids"),
    "one id": ({"frame": "a.jpg"}, "P101", "frame ids"),
    "frames": ({"frame": [1, 2, 3, 4], "frames": [1, 2]}, "P854", "among the frames, like 1 other"),
    "track": ({"track": [0.5] * 4}, "P101", "whole numbers"),
    "size": ({"size": [1, 2, 3]}, "P851", "width and height"),
    "joints": ({"keypoints": np.ones((4, 5, 2))}, "P852", "pass skeleton=..."),
    "skeleton": ({"skeleton": "mpii16"}, "P851", "16, as skeleton mpii16 has"),
    "names": ({"skeleton": ["a", "b"]}, "P851", "2"),
    "visibility": ({"visibility": np.ones((4, 16))}, "P851", "one for each joint"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_is_said_in_words(name: str) -> None:
    change, code, says = BAD[name]
    with pytest.raises(UsageError, match=says) as caught:
        poseval.from_arrays(**{"keypoints": np.ones((4, 17, 2)), **change})
    assert caught.value.code == code
    assert "--" not in str(caught.value)


def test_infinite_and_contradictory_coordinates_are_refused() -> None:
    xy = np.ones((1, 17, 3))
    xy[0, 0, 0] = np.inf
    for third in ("score", "visibility"):
        with pytest.raises(ValueRangeError, match="P301"):
            poseval.from_arrays(xy, third=third)
    xy[0, 0, 0] = np.nan
    with pytest.raises(ValueRangeError, match="P301"):
        poseval.from_arrays(xy, third="visibility")


def test_sets_in_the_wrong_order_are_noticed() -> None:
    xy = np.random.default_rng(0).uniform(0, 99, (3, 17, 2))
    truth = poseval.from_arrays(xy, area=[99, 99, 99])
    found = poseval.from_arrays(xy, score=[1, 1, 1])
    assert poseval.score(truth, found, "coco-keypoints").summary["AP"] == 1
    with pytest.raises(UsageError, match="exchanged") as caught:
        poseval.score(found, truth, "coco-keypoints")
    assert caught.value.code == "P856"
    for wrong in ({"truth": found, "predictions": truth}, {"gt": found, "predictions": truth}):
        with pytest.raises(PosevalError, match="P856"):
            poseval.score(**wrong, benchmark="coco-keypoints")  # type: ignore[misc]
