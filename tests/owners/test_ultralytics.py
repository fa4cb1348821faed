"""Ultralytics loads the data sets that we write: every image, every joint, every class."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval import datasets
from poseval.datasets import Losses, Role, WriteOptions
from poseval.poses import PoseSet
from tests.datasets.real_libraries import NAMES, video


@pytest.fixture(scope="module")
def ultralytics(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The library, with its settings in a folder of the test."""
    os.environ["YOLO_CONFIG_DIR"] = str(tmp_path_factory.mktemp("settings"))
    os.environ["YOLO_OFFLINE"] = "true"
    pytest.importorskip(
        "ultralytics", reason="needs ultralytics, which is heavy: in an environment of its own"
    )
    from ultralytics.data import dataset, utils

    return dataset, utils


def written(poses: PoseSet, folder: Path) -> tuple[Path, Losses]:
    """A data set with its pictures."""
    from PIL import Image

    target = folder / "set"
    losses = datasets.get_format("yolo").write(poses, target, WriteOptions())
    for name, size in zip(NAMES, poses.frames.size.tolist(), strict=True):
        place = target / "images" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (int(size[0]), int(size[1]))).save(place)
    return target, losses


def loaded(ultralytics: Any, target: Path) -> list[dict[str, Any]]:
    """The labels that Ultralytics keeps, in the order of the images."""
    dataset, utils = ultralytics
    data = utils.check_det_dataset(str(target / "data.yaml"), autodownload=False)
    found = dataset.YOLODataset(img_path=data["train"], data=data, task="pose", augment=False)
    return sorted(found.labels, key=lambda label: str(label["im_file"]))


def test_every_joint_arrives(ultralytics: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")  # a data set is found wherever one stands
    poses = video(Role.TRUTH)
    target, losses = written(poses, tmp_path)
    labels = loaded(ultralytics, target)
    assert [Path(label["im_file"]).name for label in labels] == [Path(name).name for name in NAMES]
    start = poses.frame_start()
    for at, label in enumerate(labels):
        rows = slice(int(start[at]), int(start[at + 1]))
        points = np.asarray(label["keypoints"]).reshape(-1, 17, 3)
        # Rows are sorted by Ultralytics where it finds copies only.
        seen = poses.people.seen[rows] > 0
        np.testing.assert_array_equal(points[:, :, 2] > 0, seen)
        np.testing.assert_allclose(
            points[:, :, :2][seen] * [640, 480], poses.people.xy[rows][seen], atol=1e-3
        )
    assert losses.made == {"boxes computed from the joints": 4}


def test_flips_and_names(ultralytics: Any, tmp_path: Path) -> None:
    poses = video(Role.TRUTH)
    target, _ = written(poses, tmp_path)
    data = ultralytics[1].check_det_dataset(str(target / "data.yaml"), autodownload=False)
    assert data["kpt_shape"] == [17, 3]
    assert tuple(data["flip_idx"]) == poses.skeleton.flip
    assert data["names"] == {0: "person"}
    assert tuple(data["kpt_names"][0]) == poses.skeleton.joints


def test_a_joint_beyond_the_edge_does_not_cost_the_whole_image(ultralytics: Any, tmp_path: Path) -> None:
    poses = video(Role.TRUTH)
    xy = poses.people.xy.copy()
    xy[0, 0], xy[0, 1], xy[2, 5] = (-30, 10), (700, 10), (10, 500)
    box = np.full((4, 4), np.nan)
    box[3] = -90, -80, 40, 30  # its centre is outside
    beyond = replace(poses, people=poses.people.with_columns(xy=xy, box=box))
    target, losses = written(beyond, tmp_path)
    labels = loaded(ultralytics, target)
    assert [len(label["cls"]) for label in labels] == [2, 1, 0, 1]
    points = np.asarray(labels[0]["keypoints"]).reshape(-1, 17, 3)
    assert points[0, :3, 2].tolist() == [0, 0, 2]
    np.testing.assert_allclose(
        np.asarray(labels[3]["bboxes"])[0] * [640, 480, 640, 480], [20, 15, 40, 30], atol=1e-3
    )
    assert losses.dropped["joints outside of their images (Ultralytics would leave the images out)"] == 3
    assert losses.made["boxes cut at the edge of their images"] == 1
