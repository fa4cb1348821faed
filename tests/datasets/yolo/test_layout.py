"""A YOLO data set given as its yaml, as its root, or as the folder of labels of one split."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import poseval
from poseval.errors import FormatError
from poseval.poses import PoseSet

YAML = """
path: {root}
train: images/train
val: images/val
kpt_shape: [3, 3]
flip_idx: [0, 2, 1]
names: {{0: fly}}
kpt_names: {{0: [head, left_wing, right_wing]}}
kpt_oks_sigmas: [0.02, 0.05, 0.06]
"""
LINE = "0 0.5 0.5 0.4 0.4 {x:.4f} 0.4 2 0.45 0.6 2 0.55 0.6 1\n"


def data_set(folder: Path, yaml: str = YAML, root: str = ".") -> Path:
    """Three images of `val` and two of `train`, 200 by 100 pixels."""
    sizes = ["name,width,height"]
    for split, count in (("train", 2), ("val", 3)):
        for at in range(count):
            place = folder / "labels" / split / f"img{at}.txt"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(LINE.format(x=0.5 + at / 100 + (split == "train") / 5))
            sizes.append(f"{split}/img{at},200,100")
    (folder / "image_sizes.csv").write_text("\n".join(sizes) + "\n")
    (folder / "data.yaml").write_text(yaml.format(root=root))
    return folder


def heads(poses: PoseSet) -> list[float]:
    return np.round(poses.people.xy[:, 0, 0], 6).tolist()


@pytest.mark.parametrize("given", ["", "data.yaml", "labels/val"])
def test_each_way_reads_the_split_and_what_the_yaml_says(given: str, tmp_path: Path) -> None:
    poses = poseval.read(data_set(tmp_path / "flies") / given)
    assert heads(poses) == [100.0, 102.0, 104.0]
    assert poses.skeleton.joints == ("head", "left_wing", "right_wing")
    assert poses.skeleton.sigmas == (0.02, 0.05, 0.06)
    assert poses.skeleton.flip == (0, 2, 1)
    assert poses.categories == {1: "fly"}
    told = [notice for notice in poses.origin.notices if notice.code == "N915"]
    assert [notice.count for notice in told] == [2] * (given == "")
    assert not [notice for notice in poses.origin.notices if notice.code == "N530"]


def test_another_split_by_its_folder(tmp_path: Path) -> None:
    assert heads(poseval.read(data_set(tmp_path / "flies") / "labels/train")) == [140.0, 142.0]


@pytest.mark.parametrize("root", ["/nowhere/flies", "../flies", "other"])
def test_a_root_that_is_not_there_is_the_folder_of_the_yaml(root: str, tmp_path: Path) -> None:
    place = data_set(tmp_path / "flies", root=root)
    assert heads(poseval.read(place / "data.yaml")) == [100.0, 102.0, 104.0]


def test_predictions_are_scored_with_each_way(tmp_path: Path) -> None:
    place = data_set(tmp_path / "flies")
    runs = tmp_path / "predict" / "labels"
    runs.mkdir(parents=True)
    for at in range(3):
        x = 0.5 + at / 100
        line = f"0 0.5 0.5 0.4 0.4 {x:.4f} 0.41 0.9 0.45 0.6 0.8 0.55 0.6 0.7 0.{9 - at}\n"
        (runs / f"img{at}.txt").write_text(line)
    reports = [poseval.score(place / given, runs) for given in ("", "data.yaml", "labels/val")]
    assert [report.benchmark for report in reports] == ["custom"] * 3
    assert reports[0].summary["EPE"] == pytest.approx(1 / 3)
    assert all(str(report.summary) == str(reports[0].summary) for report in reports)
    assert "sigma=" not in str(reports[0].signature)


def test_three_joints_without_names_are_numbered(tmp_path: Path) -> None:
    yaml = "path: .\nval: images/val\nkpt_shape: [3, 3]\n"
    poses = poseval.read(data_set(tmp_path / "flies", yaml))
    assert poses.skeleton.joints == ("kpt-0", "kpt-1", "kpt-2")
    named = poseval.get_skeleton("coco17")
    with pytest.raises(poseval.PosevalError):
        poseval.read(tmp_path / "flies", skeleton=named)


@pytest.mark.parametrize("sigmas", ["[0.1]", "[0.1, 0.1, 0]", "0.1", "[a, b, c]"])
def test_wrong_sigmas_are_refused(sigmas: str, tmp_path: Path) -> None:
    place = data_set(tmp_path / "flies", YAML.replace("[0.02, 0.05, 0.06]", sigmas))
    with pytest.raises(FormatError) as caught:
        poseval.read(place)
    assert caught.value.code == "P273"
    assert "kpt_oks_sigmas" in caught.value.fault.where


def test_a_yaml_without_its_labels_says_what_it_looked_for(tmp_path: Path) -> None:
    path = tmp_path / "data.yaml"
    path.write_text(YAML.format(root="."))
    with pytest.raises(FormatError) as caught:
        poseval.read(path)
    assert caught.value.code == "P271"
    assert "labels/val" in str(caught.value)
