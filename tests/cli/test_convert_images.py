"""`poseval convert --images`: sizes and full names that the file does not give."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from poseval import datasets
from poseval.cli import invoke
from poseval.datasets import Role, WriteOptions
from poseval.poses import Frames, People, PoseSet
from poseval.skeletons import skeleton_from_names

NAMES = np.array(["labeled-data/mouse/img01.png", "labeled-data/mouse/img02.png"])


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """DeepLabCut's labels, predictions with a fault, and the pictures, of which a table knows no sizes."""
    for role in Role:
        scores = {} if role is Role.TRUTH else {"score": np.ones(2), "joint_score": np.ones((2, 3))}
        xy = np.arange(12.0).reshape(2, 3, 2) * 5
        if role is Role.PREDICTIONS:
            xy[1] += 200
        poses = PoseSet(
            skeleton_from_names(["nose", "ear", "tail"]),
            Frames(NAMES, path=NAMES),
            People(xy, np.array([0, 1]), **scores),
        )
        datasets.get_format("deeplabcut").write(poses, tmp_path / f"{role.value}.csv", WriteOptions(role))
    (tmp_path / "pictures").mkdir()
    for name in NAMES:
        Image.new("L", (640, 480)).save(tmp_path / "pictures" / Path(str(name)).name)
    return tmp_path


def call(*words: object) -> int:
    return invoke(["convert", *map(str, words)])


def test_the_way_out_of_unknown_sizes_works(labels: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = (labels / "truth.csv", labels / "out.json", "--to", "label-studio", "--role", "truth")
    assert call(*words) == 2
    err = capsys.readouterr().err
    assert "P174" in err
    assert "--images DIR" in err
    assert call(*words, "--images", labels / "pictures") == 0
    first = json.loads((labels / "out.json").read_bytes())[0]["annotations"][0]["result"][1]
    assert (first["original_width"], first["original_height"]) == (640, 480)


@pytest.mark.parametrize("to", ["label-studio", "yolo", "fiftyone", "cvat"])
def test_failures_of_a_laboratory_go_back_to_labelling(to: str, labels: Path) -> None:
    words = (labels / "predictions.csv", labels / "again", "--gt", labels / "truth.csv", "--worst", 1)
    assert call(*words, "--to", to, "--images", labels / "pictures") == 0
    found = labels / "again"
    text = (
        "".join(path.read_text() for path in found.rglob("*") if path.is_file())
        if found.is_dir()
        else (found.read_text())
    )
    assert "img02" in text
    assert "img01" not in text


def test_images_in_sub_folders_are_found_and_counted(
    labels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (labels / "pictures" / "img02.png").unlink()
    (labels / "pictures").rename(labels / "deep")
    (labels / "pictures").mkdir()
    (labels / "deep").rename(labels / "pictures" / "deep")
    words = (labels / "truth.csv", labels / "out.json", "--to", "coco", "--role", "truth")
    assert call(*words, "--images", labels / "pictures") == 0
    images = json.loads((labels / "out.json").read_bytes())["images"]
    assert [image.get("width") for image in images] == [640, None]
    assert "images: 1 of 2 frames have one of the 1 in" in capsys.readouterr().err
    (labels / "empty").mkdir()
    assert call(*words, "--force", "--images", labels / "empty") == 2
    assert "P840" in capsys.readouterr().err


def test_names_get_the_ending_of_their_picture(tmp_path: Path) -> None:
    poses = PoseSet(
        skeleton_from_names(["a"]), Frames(np.array(["mouse"])), People(np.ones((1, 1, 2)), np.array([0]))
    )
    datasets.get_format("native").write(poses, tmp_path / "a.npz", WriteOptions())
    Image.new("L", (32, 16)).save(tmp_path / "mouse.png")
    words = (tmp_path / "a.npz", tmp_path / "a.json", "--to", "coco", "--role", "truth", "--images", tmp_path)
    assert call(*words) == 0
    image = json.loads((tmp_path / "a.json").read_bytes())["images"][0]
    assert (image["file_name"], image["width"], image["height"]) == ("mouse.png", 32, 16)


def test_no_picture_outside_of_the_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = np.array(["../secret.png"])
    poses = PoseSet(
        skeleton_from_names(["a"]), Frames(names, path=names), People(np.ones((1, 1, 2)), np.array([0]))
    )
    datasets.get_format("native").write(poses, tmp_path / "a.npz", WriteOptions())
    Image.new("L", (32, 16)).save(tmp_path / "secret.png")
    (tmp_path / "in").mkdir()
    words = (tmp_path / "a.npz", tmp_path / "a.json", "--to", "label-studio", "--role", "truth")
    assert call(*words, "--images", tmp_path / "in") == 2
    err = capsys.readouterr().err
    assert "P840" in err
    assert "nor do" not in err
    assert call(*words, "--images", tmp_path / "none") == 2
    assert "P114" in capsys.readouterr().err
