"""Everything that a file of PoseTrack can get wrong is refused with its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval.datasets import ReadOptions, Role, read
from poseval.errors import FormatError, LimitError, ValueRangeError
from poseval.limits import Limits
from tests.datasets.posetrack.documents import document, load, refused, saved


@pytest.mark.parametrize(
    ("change", "code", "where"),
    [
        (lambda n: n["annotations"][1].update(keypoints=[1.0] * 45), "P204", "annotations[1].keypoints"),
        (lambda n: n["annotations"][1].update(keypoints=[1.0] * 50), "P204", "annotations[1].keypoints"),
        (lambda n: n["annotations"][2].update(scores=[0.5] * 15), "P204", "annotations[2].scores"),
        (lambda n: n["annotations"][0].update(image_id=99), "P276", "annotations[0].image_id"),
        (lambda n: n["annotations"][0].update(track_id="3"), "P203", "annotations[0].track_id"),
        (lambda n: n["annotations"][0].update(track_id=1.5), "P303", "annotations[0].track_id"),
        (lambda n: n["annotations"][0].pop("image_id"), "P206", "annotations[0].image_id"),
        (lambda n: n["annotations"][0].pop("keypoints"), "P206", "annotations[0].keypoints"),
        (lambda n: n["annotations"][0].update(bbox_head=[1, 2, 3]), "P204", "annotations[0].bbox_head"),
        (lambda n: n["annotations"][0].update(bbox_head=[1, 2, -3, 4]), "P304", "annotations[0].bbox_head"),
        (lambda n: n["images"][2].pop("id"), "P206", "images[2].id"),
        (lambda n: n["images"].append(dict(n["images"][0])), "P373", "image 10003420000"),
        (lambda n: n["images"][1].update(ignore_regions_x=[[1, 2, 3]]), "P204", "ignore_regions_y"),
        (
            lambda n: n["images"][1].update(ignore_regions_x=[[1, 2, 3]], ignore_regions_y=[[1, 2]]),
            "P204",
            "ignore_regions_y",
        ),
        (lambda n: n.update(categories=n["categories"] * 2), "P274", "categories"),
        (lambda n: n["categories"][0].pop("keypoints"), "P274", "categories[0].keypoints"),
        (lambda n: n["categories"][0]["keypoints"].__setitem__(1, "belly"), "P275", "head_bottom"),
        (lambda n: n["categories"][0]["keypoints"].__setitem__(1, "nose"), "P275", "head_bottom"),
    ],
)
def test_faults_are_told_with_their_place(change: Any, code: str, where: str, tmp_path: Path) -> None:
    node = document()
    change(node)
    error = refused(node, tmp_path)
    assert code in error.counts
    assert where in str(error)


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_numbers_that_are_none_are_refused(word: str, tmp_path: Path) -> None:
    text = json.dumps(document()).replace("100.5", word, 1)
    path = tmp_path / "a.json"
    path.write_text(text, "utf-8")
    with pytest.raises(ValueRangeError) as caught:
        read(path, ReadOptions())
    assert caught.value.code == "P301"
    assert "annotations[0].keypoints[0]" in str(caught.value)


def test_null_coordinate_is_refused_and_null_score_is_not_given(tmp_path: Path) -> None:
    node = document(1, 1)
    node["annotations"][0]["scores"] = [None] * 17
    assert np.isnan(load(node, tmp_path, Role.PREDICTIONS).people.joint_score).all()
    node["annotations"][0]["keypoints"][4] = None
    assert refused(node, tmp_path).code == "P302"


def test_all_faults_of_all_files_come_together(tmp_path: Path) -> None:
    for index in range(3):
        node = document()
        node["annotations"][index]["keypoints"] = [1.0] * 45
        saved(node, tmp_path / f"{index}.json")
    with pytest.raises(FormatError) as caught:
        read(tmp_path, ReadOptions())
    assert caught.value.counts == {"P204": 3}


def test_two_files_of_one_sequence(tmp_path: Path) -> None:
    saved(document(), tmp_path / "a" / "000342.json")
    saved(document(), tmp_path / "b" / "000342.json")
    with pytest.raises(ValueRangeError) as caught:
        read(tmp_path, ReadOptions(), "posetrack18")
    assert caught.value.code == "P372"


def test_a_foreign_file_among_them(tmp_path: Path) -> None:
    saved(document(), tmp_path / "a.json")
    saved({"info": {}}, tmp_path / "b.json")
    with pytest.raises(FormatError) as caught:
        read(tmp_path, ReadOptions(), "posetrack18")
    assert caught.value.code == "P270"
    assert "b.json" in str(caught.value)


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(FormatError) as caught:
        read(tmp_path, ReadOptions(), "posetrack18")
    assert caught.value.code == "P271"


def test_limits(tmp_path: Path) -> None:
    node = document()
    node["images"][0]["ignore_regions_x"] = node["images"][0]["ignore_regions_y"] = [list(range(20))]
    for limits in (
        Limits(region_vertices=10),
        Limits(people_per_frame=1),
        Limits(people=5),
        Limits(frames=2),
    ):
        with pytest.raises(LimitError):
            load(node, tmp_path, limits=limits)


def test_names_are_shown_without_control_characters(tmp_path: Path) -> None:
    node = document()
    node["categories"][0]["keypoints"][1] = "\x1b[31mneck"
    assert "\x1b" not in str(refused(node, tmp_path))
