from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from poseval.errors import FormatError, MismatchError
from tests.datasets.reading import codes, predictions, recognised, truth
from tests.shared import shared_path


def penn(path: Path, length: int = 4, boxes: int | None = None, **changes: Any) -> Path:
    content = {
        "x": np.tile(np.arange(13.0) + 1, (length, 1)),
        "y": np.full((length, 13), 7.0),
        "visibility": np.ones((length, 13), dtype=np.uint8),
        "bbox": np.tile([1.0, 2.0, 31.0, 42.0], (length if boxes is None else boxes, 1)),
        "train": np.array([[-1]], dtype=np.int32),
        "dimensions": np.array([[270, 480, length]], dtype=np.uint16),
        "nframes": np.array([[length]], dtype=np.uint8),
        "action": "bowl",
    }
    savemat(path, {**content, **changes})
    return path


def test_penn_videos_are_sequences_and_invisible_joints_are_not_labelled(tmp_path: Path) -> None:
    visible = np.ones((4, 13), dtype=np.uint8)
    visible[1, 2] = 0
    penn(tmp_path / "0001.mat", visibility=visible)
    penn(tmp_path / "0002.mat", 5, boxes=3, train=np.array([[1]], dtype=np.int32))
    found = truth(tmp_path)
    assert recognised(tmp_path) == "penn-action"
    assert found.frames.sequences == ("0001", "0002")
    assert found.frames.key.tolist()[3:5] == ["0001/000004", "0002/000001"]
    assert np.bincount(found.frames.sequence).tolist() == [4, 3]
    assert found.frames.size[0].tolist() == [480.0, 270.0]
    assert found.people.seen[1, :4].tolist() == [2, 2, 0, 2]
    assert found.people.box[0].tolist() == [0.0, 1.0, 30.0, 41.0]
    assert found.people.xy[0, :2].tolist() == [[0, 6], [1, 6]]
    assert found.frames.extra["test"].tolist() == [True] * 4 + [False] * 3
    assert codes(found) == ["N440", "N447"]


def test_penn_one_video_and_wrong_shapes(tmp_path: Path) -> None:
    assert truth(penn(tmp_path / "0007.mat")).frames.sequences == ("0007",)
    with pytest.raises(FormatError, match=r"y: has shape 3 x 13[\s\S]*expected: 4 x 13") as caught:
        truth(penn(tmp_path / "0008.mat", y=np.ones((3, 13))))
    assert caught.value.code == "P204"


def test_predictions_by_sequence(tmp_path: Path) -> None:
    penn(tmp_path / "0001.mat")
    penn(tmp_path / "0002.mat", 3)
    gt = truth(tmp_path)
    xy = np.full((3, 13, 2), 5.0)
    xy[2, 1] = np.nan
    np.savez(tmp_path / "pred.npz", **{"0002": xy})
    found = predictions(tmp_path / "pred.npz", gt)
    assert found.people.frame.tolist() == [4, 5, 6]
    assert found.people.xy[0, 0].tolist() == [4.0, 4.0]
    assert found.people.seen[2, :3].tolist() == [2, 0, 2]
    np.savez(tmp_path / "short.npz", **{"0002": xy[:2]})
    with pytest.raises(
        MismatchError, match=r"0002: holds 2 poses of 13 joints[\s\S]*expected: 3 frames"
    ) as caught:
        predictions(tmp_path / "short.npz", gt)
    assert caught.value.code == "P412"
    np.savez(tmp_path / "strange.npz", **{"0002": xy, "0003": xy})
    with pytest.raises(MismatchError, match="first: 0003") as strange:
        predictions(tmp_path / "strange.npz", gt)
    assert strange.value.code == "P402"


@pytest.mark.parametrize("frames", [3, 5])
def test_predictions_of_frames_without_a_box_are_left_out(tmp_path: Path, frames: int) -> None:
    penn(tmp_path / "0001.mat")
    penn(tmp_path / "0002.mat", 5, boxes=3)
    gt = truth(tmp_path)
    xy = np.arange(frames * 26.0).reshape(frames, 13, 2)
    np.savez(tmp_path / "pred.npz", **{"0002": xy})
    found = predictions(tmp_path / "pred.npz", gt)
    assert np.array_equal(found.people.xy, xy[:3] - 1)
    assert codes(found) == ["N440"] + ["N494"] * (frames > 3)
    np.savez(tmp_path / "pred.npz", **{"0002": np.zeros((4, 13, 2))})
    with pytest.raises(MismatchError, match="0002: holds 4 poses") as caught:
        predictions(tmp_path / "pred.npz", gt)
    assert caught.value.code == "P412"


def jhmdb(folder: Path, action: str, video: str, length: int = 3, mask: bool = False) -> None:
    place = folder / "joint_positions" / action / video
    place.mkdir(parents=True)
    positions = np.arange(30.0).reshape(2, 15, 1) + np.arange(length)
    savemat(place / "joint_positions.mat", {"pos_img": positions, "scale": np.ones((1, length))})
    if mask:
        shape = np.zeros((40, 60, length))
        shape[10:20, 5:50] = 1
        other = folder / "puppet_mask" / action / video
        other.mkdir(parents=True)
        savemat(other / "puppet_mask.mat", {"part_mask": shape})


def test_jhmdb_folder_with_masks_and_splits(tmp_path: Path) -> None:
    jhmdb(tmp_path, "catch", "a", mask=True)
    jhmdb(tmp_path, "catch", "b", 2)
    (tmp_path / "splits").mkdir()
    (tmp_path / "splits" / "catch_test_split1.txt").write_text("a.avi 1\nb.avi 2\n")
    (tmp_path / "splits" / "catch_test_split2.txt").write_text("a.avi 2\nb.avi 1\n")
    found = truth(tmp_path)
    assert recognised(tmp_path) == "jhmdb-mat"
    assert found.frames.sequences == ("a", "b")
    assert found.people.xy[0, 0].tolist() == [-1.0, 14.0]
    assert found.people.box[0].tolist() == [5.0, 10.0, 49.0, 19.0]
    assert np.isnan(found.people.box[3]).all()
    assert found.frames.extra["split1"].tolist() == [False] * 3 + [True] * 2
    assert found.frames.extra["split2"].tolist() == [True] * 3 + [False] * 2


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError) as caught:
        truth(tmp_path)
    assert caught.value.code == "P271"


def test_real_labels() -> None:
    found = truth(shared_path("golden/mpii/_inputs/penn_action"))
    assert (len(found), len(found.frames.sequences)) == (928, 10)
    assert found.people.xy[0, 0].tolist() == [135.5, 70.25]
    single = truth(shared_path("samples/formats/penn_action_mat/0011.mat"))
    assert (len(single), single.people.seen[0, 5]) == (60, 0)
