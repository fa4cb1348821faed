from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval.datasets import Role, WriteOptions, get_format
from poseval.errors import FormatError, MismatchError, UsageError, ValueRangeError
from poseval.synth import scene_set
from tests.datasets.mat_files import gt_valid
from tests.datasets.reading import codes, recognised, truth
from tests.shared import shared_path


def record(**changes: Any) -> dict[str, Any]:
    joints = [[float(n), float(2 * n)] for n in range(1, 17)]
    base = {"image": "a.jpg", "joints": joints, "joints_vis": [1] * 16, "center": [5.0, 6.0], "scale": 1.5}
    return {**base, **changes}


def write(folder: Path, records: list[dict[str, Any]]) -> Path:
    path = folder / "valid.json"
    path.write_text(json.dumps(records))
    return path


def test_hrnets_list(tmp_path: Path) -> None:
    hidden = record(joints_vis=[0] + [1] * 15)
    found = truth(write(tmp_path, [record(), hidden, record(image="b.jpg")]))
    assert recognised(tmp_path / "valid.json") == "mpii-json"
    assert found.frames.key.tolist() == ["a.jpg#0", "a.jpg#1", "b.jpg"]
    assert found.people.xy[0, :2].tolist() == [[0, 1], [1, 3]]
    assert found.people.seen[1, :2].tolist() == [0, 2]
    assert np.isnan(found.people.head).all()
    assert codes(found) == ["N440", "N443"]


def test_heads_come_from_the_file_beside_it(tmp_path: Path) -> None:
    heads = np.tile([[10.0, 10.0], [40.0, 50.0]], (2, 1, 1))
    gt_valid(tmp_path / "gt_valid.mat", np.zeros((2, 16, 2)), np.zeros((2, 16)), heads)
    found = truth(write(tmp_path, [record(), record()]))
    assert found.people.head.tolist() == [30.0, 30.0]
    assert codes(found) == ["N440", "N444"]
    assert np.isnan(truth(write(tmp_path, [record()])).people.head).all()


def test_pytorch_poses_list_keeps_validation_people_and_hidden_joints(tmp_path: Path) -> None:
    def old(validation: float, flag: float) -> dict[str, Any]:
        return {
            "img_paths": "a.jpg",
            "joint_self": [[0.0, 0.0, 0.0], *([[float(n), 3.0, flag] for n in range(1, 16)])],
            "isValidation": validation,
            "objpos": [1.0, 2.0],
            "scale_provided": 2.0,
        }

    found = truth(write(tmp_path, [old(0.0, 1.0), old(1.0, 0.0), old(1.0, 1.0)]))
    assert found.people.source_id.tolist() == [1, 2]
    assert found.people.seen[:, :2].tolist() == [[0, 1], [0, 2]]


def test_the_list_of_test_images_has_no_truth(tmp_path: Path) -> None:
    record_without = {key: value for key, value in record().items() if not key.startswith("joints")}
    with pytest.raises(FormatError, match="truth is not public") as caught:
        truth(write(tmp_path, [record_without]))
    assert caught.value.code == "P206"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"joints": [[1.0, 2.0]] * 15}, "P204"),
        ({"joints": [[1.0, 2.0, 3.0]] * 16}, "P204"),
        ({"joints_vis": [1] * 15}, "P204"),
        ({"joints": [["1", 2.0]] * 16}, "P203"),
        ({"joints": "here"}, "P203"),
        ({"scale": True}, "P203"),
    ],
)
def test_records_of_another_form(tmp_path: Path, change: dict[str, Any], code: str) -> None:
    with pytest.raises(FormatError, match=r"\[1\]") as caught:
        truth(write(tmp_path, [record(), record(**change)]))
    assert caught.value.code == code


@pytest.mark.parametrize("word", ["NaN", "Infinity", "1e400"])
def test_numbers_that_are_not_finite(tmp_path: Path, word: str) -> None:
    path = write(tmp_path, [record()])
    path.write_text(path.read_text().replace("[3.0, 6.0]", f"[3.0, {word}]"))
    with pytest.raises(ValueRangeError, match=r"\[0\]\.joints") as caught:
        truth(path)
    assert caught.value.code == "P301"


def test_real_files() -> None:
    found = truth(shared_path("samples/formats/mpii_json_mmpose/test_mpii.json"))
    assert found.people.xy[0, 0].tolist() == [803.0, 710.0]
    found = truth(shared_path("samples/formats/mpii_json_datumaro/mpii_annotations.json"))
    assert (len(found), round(float(found.people.head[0]), 3)) == (3, 244.101)


def test_a_written_list_reads_back(tmp_path: Path) -> None:
    poses = scene_set(3, 4, 3, skeleton="mpii16")
    path = tmp_path / "truth.json"
    form, options = get_format("mpii-json"), WriteOptions(Role.TRUTH)
    losses = form.write(poses, path, options)
    assert losses.dropped["hidden joints"] == (poses.people.seen == 1).sum()
    assert "head sizes" not in losses.dropped
    back = truth(path)
    assert back.frames.path.tolist() == poses.frames.path[poses.people.frame].tolist()
    labelled = poses.people.seen > 0
    assert np.array_equal(back.people.seen > 0, labelled)
    np.testing.assert_allclose(back.people.xy[labelled], poses.people.xy[labelled], rtol=0, atol=1e-9)
    np.testing.assert_allclose(back.people.head, poses.people.head, rtol=1e-12)
    box = poses.people.box
    np.testing.assert_allclose(back.people.extra["center"], (box[:, :2] + box[:, 2:]) / 2 + 1)
    np.testing.assert_allclose(back.people.extra["scale"], (box[:, 2:] - box[:, :2]).max(axis=1) / 200)
    again = tmp_path / "again"
    again.mkdir()
    form.write(back, again / "truth.json", options)
    assert (again / "truth.json").read_bytes() == path.read_bytes()
    with pytest.raises(UsageError) as exists:
        form.write(poses, path, options)
    assert exists.value.code == "P131"


def test_other_joints_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(MismatchError, match="--to-skeleton mpii16") as caught:
        get_format("mpii-json").write(scene_set(1, 1, 1), tmp_path / "a.json", WriteOptions(Role.TRUTH))
    assert caught.value.code == "P404"
    assert not list(tmp_path.iterdir())
