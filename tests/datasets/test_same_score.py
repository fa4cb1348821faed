"""One prediction set in many formats has one score."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from poseval import datasets
from poseval.datasets import Role, WriteOptions
from poseval.errors import MismatchError
from poseval.poses import Frames, People, PoseSet
from poseval.scoring.score import score
from poseval.skeletons import get_skeleton

FORMATS = (
    "openpose",
    "yolo",
    "alphapose",
    "deeplabcut",
    "deeplabcut-h5",
    "label-studio",
    "mediapipe",
    "native",
)
IMAGES = 12


def truth_and_predictions(seed: int = 3) -> tuple[PoseSet, PoseSet]:
    """A COCO-like truth, and noisy predictions whose score is the mean confidence, as OpenPose's must be."""
    rng = np.random.default_rng(seed)
    names = np.asarray([f"{number:012d}.jpg" for number in range(100, 100 + IMAGES)])
    keys = np.asarray([str(number) for number in range(100, 100 + IMAGES)])
    frame = np.repeat(np.arange(IMAGES), 3)
    rows = len(frame)
    centre = rng.uniform(150, 500, (rows, 1, 2))
    xy = np.round(centre + rng.uniform(-100, 100, (rows, 17, 2)), 2)
    frames = Frames(keys, size=np.full((IMAGES, 2), 640.0), path=names)
    low, high = xy.min(axis=1), xy.max(axis=1)
    box = np.concatenate([low, high], axis=1)
    people = People(
        xy, frame, seen=np.full((rows, 17), 2), area=(high - low).prod(axis=1) / 2, box=box,
        source_id=np.arange(1, rows + 1),
    )  # fmt: skip
    truth = PoseSet(get_skeleton("coco17"), frames, people)
    noise = rng.normal(0, 1, xy.shape) * rng.uniform(1, 25, (rows, 1, 1))
    guess = np.clip(np.round(xy + noise, 2), 1, 639)
    confidence = np.round(rng.uniform(0.1, 1, (rows, 17)), 3)
    columns = {"joint_score": confidence, "score": confidence.mean(axis=1), "area": None}
    made = replace(
        people, xy=guess, seen=np.full((rows, 17), 2), track=np.tile(np.arange(3), IMAGES), **columns
    )
    return truth, replace(truth, people=made)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, float]:
    folder = tmp_path_factory.mktemp("coco")
    truth, predictions = truth_and_predictions()
    coco = datasets.get_format("coco")
    coco.write(truth, folder / "gt.json", WriteOptions(Role.TRUTH))
    coco.write(predictions, folder / "dt.json", WriteOptions(Role.PREDICTIONS, truth=truth))
    ap = score(folder / "gt.json", folder / "dt.json", "coco-keypoints").summary["AP"]
    assert 0.1 < ap < 0.9
    return folder / "gt.json", folder, ap


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_the_score_of_the_coco_results(
    name: str, files: tuple[Path, Path, float], tmp_path: Path
) -> None:
    if name == "deeplabcut-h5":
        pytest.importorskip("h5py")
    truth, _, ap = files
    gt, predictions = truth_and_predictions()
    datasets.get_format(name).write(predictions, tmp_path / "out", WriteOptions(Role.PREDICTIONS, truth=gt))
    target = tmp_path / "out"
    suffix = {"native": ".npz", "deeplabcut": ".csv"}.get(name)
    if suffix:
        target = target.rename(tmp_path / f"out{suffix}")
    report = score(truth, target, "coco-keypoints", joints="names")
    assert report.summary["AP"] == pytest.approx(ap, abs=1e-12)


def test_other_joints_are_refused_unless_a_map_is_asked_for(
    files: tuple[Path, Path, float], tmp_path: Path
) -> None:
    _, predictions = truth_and_predictions()
    datasets.get_format("openpose").write(predictions, tmp_path / "out", WriteOptions(Role.PREDICTIONS))
    with pytest.raises(MismatchError) as caught:
        score(files[0], tmp_path / "out", "coco-keypoints")
    assert caught.value.code == "P404"
    report = score(files[0], tmp_path / "out", "coco-keypoints", joints="names")
    assert any("mapped" in text for text in report.deviations)
    assert any(notice.code == "N504" for notice in report.notices)
