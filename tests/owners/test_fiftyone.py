"""FiftyOne's importer makes samples of the folders that we write."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval import datasets
from poseval.datasets import Losses, Role, WriteOptions
from poseval.errors import UsageError
from poseval.poses import PoseSet
from tests.datasets.real_libraries import NAMES, video


def boxed(role: Role) -> PoseSet:
    """The video with boxes, a hidden joint and a crowd."""
    poses = video(role)
    low = np.array([[10.0, 20], [200, 30], [14, 22], [205, 33]])
    seen = poses.people.seen.copy()
    if role is Role.TRUTH:
        seen[0, 2] = 1
    people = poses.people.with_columns(
        box=np.concatenate([low, low + 50.0], axis=1), seen=seen, crowd=np.arange(4) == 3
    )
    return replace(poses, people=people)


def written(folder: Path, role: Role, truth: PoseSet | None = None) -> Losses:
    """The folder, and what was lost."""
    options = WriteOptions(role, truth=truth)
    return datasets.get_format("fiftyone").write(boxed(role), folder, options)


def samples(folder: Path) -> list[Any]:
    """Samples as FiftyOne itself makes them; its database is not needed for that."""
    importers = pytest.importorskip("fiftyone.utils.data.importers", reason="needs fiftyone, which is heavy")
    with importers.LegacyFiftyOneDatasetImporter(str(folder)) as importer:
        return list(importer)


@pytest.mark.parametrize("role", Role, ids=lambda role: role.value)
def test_the_importer_finds_every_joint_and_box(role: Role, tmp_path: Path) -> None:
    poses = boxed(role)
    assert not written(tmp_path / "set", role).dropped
    field = {Role.TRUTH: "ground_truth", Role.PREDICTIONS: "predictions"}[role]
    found = samples(tmp_path / "set")
    assert [one.filepath for one in found] == [str(tmp_path / "set" / name) for name in NAMES]
    start = poses.frame_start()
    for at, sample in enumerate(found):
        assert (sample.metadata.width, sample.metadata.height) == (640, 480)
        rows = range(int(start[at]), int(start[at + 1]))
        assert len(sample[field].keypoints) == len(sample[f"{field}_boxes"].detections) == len(rows)
        for row, person, box in zip(
            rows, sample[field].keypoints, sample[f"{field}_boxes"].detections, strict=True
        ):
            seen = poses.people.seen[row] > 0
            places = np.asarray(person.points) * [640, 480]
            np.testing.assert_allclose(places[seen], poses.people.xy[row][seen], rtol=1e-12)
            assert np.isnan(places[~seen]).all()
            assert person.label == box.label == "person"
            assert person.index == box.index == poses.people.track[row]
            corner = np.asarray(box.bounding_box[:2]) * [640, 480]
            np.testing.assert_allclose(corner, poses.people.box[row, :2], rtol=1e-12)
            if role is Role.PREDICTIONS:
                assert box.confidence == poses.people.score[row]
                scores = np.asarray(person.confidence)
                np.testing.assert_array_equal(scores[seen], poses.people.joint_score[row][seen])


def test_predictions_stand_beside_their_truth(tmp_path: Path) -> None:
    written(tmp_path / "set", Role.PREDICTIONS, boxed(Role.TRUTH))
    node = json.loads((tmp_path / "set" / "samples.json").read_bytes())
    for sample in node["samples"]:
        counts = {name: len(sample[name]["keypoints"]) for name in ("ground_truth", "predictions")}
        assert counts["ground_truth"] == counts["predictions"]
    first = node["samples"][0]["ground_truth"]["keypoints"][0]
    assert first["occluded"][:4] == [False, False, True, False]
    assert node["samples"][3]["ground_truth"]["keypoints"][0]["iscrowd"] == 1
    info = json.loads((tmp_path / "set" / "metadata.json").read_bytes())["info"]
    assert info["skeleton"]["labels"] == list(video(Role.TRUTH).skeleton.joints)


def test_images_of_unknown_size_are_refused(tmp_path: Path) -> None:
    poses = boxed(Role.TRUTH)
    unknown = replace(poses, frames=replace(poses.frames, size=np.full((4, 2), np.nan)))
    with pytest.raises(UsageError) as caught:
        datasets.get_format("fiftyone").write(unknown, tmp_path / "set", WriteOptions())
    assert caught.value.code == "P174"
    assert not (tmp_path / "set").exists()
