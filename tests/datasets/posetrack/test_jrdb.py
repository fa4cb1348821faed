"""JRDB-Pose's files: visibilities, images by id, boxes of people without poses, and what is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import poseval
from poseval import datasets
from poseval.benchmarks import get_benchmark
from poseval.benchmarks.jrdb import tracking_metrics
from poseval.datasets import ReadOptions, Role
from poseval.errors import InputError, MismatchError
from poseval.metrics.tracking_scene import Similarity
from poseval.poses import PoseSet
from tests.golden.make.neighbours import jrdb_files
from tests.shared import ROOT

T, P = Role.TRUTH, Role.PREDICTIONS
RULES = ("jrdb-toolkit", "corrected")


def write(folder: Path, files: dict[str, Any]) -> tuple[Path, Path]:
    for name, node in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(node))
    return folder / "gt", folder / "pred"


def read(path: Path, role: Role = T) -> PoseSet:
    return datasets.read(path, ReadOptions(role), "jrdb-pose")


def test_joints_keep_their_visibility(tmp_path: Path) -> None:
    files = jrdb_files(1)
    truth = read(write(tmp_path, files)[0])
    assert truth.skeleton.name == "jrdb17"
    assert truth.frames.sequences == ("cafe_0", "hall_0")
    posed = ~truth.people.extra["unlabelled"]
    flags = truth.people.extra["visibility"][posed]
    assert set(np.unique(flags)) == {0, 1, 2}
    assert (truth.people.seen[posed] == np.where(flags == 2, 2, 1)).all()
    assert not truth.people.seen[~posed].any()
    people = sum(len(files[f"gt/{name}.json"]["annotations"]) for name in truth.frames.sequences)
    boxes = [files[f"labels_2d_stitched/{name}.json"]["labels"] for name in truth.frames.sequences]
    assert posed.sum() == people
    assert (~posed).sum() == sum(len(found) for one in boxes for found in one.values())


def test_areas_come_from_boxes_and_joints_where_the_file_has_none(tmp_path: Path) -> None:
    files = jrdb_files(1)
    first, second = files["gt/cafe_0.json"]["annotations"][:2]
    for person in (first, second):
        del person["area"]
    del second["bbox"]
    truth = read(write(tmp_path, files)[0] / "cafe_0.json")
    x, y = second["keypoints"][0::3], second["keypoints"][1::3]
    area = dict(zip(truth.people.source_id.tolist(), truth.people.area.tolist(), strict=True))
    assert area[first["id"]] == pytest.approx(first["bbox"][2] * first["bbox"][3])
    assert area[second["id"]] == pytest.approx((max(x) - min(x)) * (max(y) - min(y)))


def test_without_boxes_beside_it_a_notice_says_so(tmp_path: Path) -> None:
    files = {name: node for name, node in jrdb_files(1).items() if not name.startswith("labels")}
    truth, found = write(tmp_path, files)
    assert "N570" in {notice.code for notice in read(truth).origin.notices}
    with_boxes = write(tmp_path / "other", jrdb_files(1))
    assert "N572" in {notice.code for notice in poseval.score(*with_boxes).notices}
    assert "N572" not in {notice.code for notice in poseval.score(truth, found).notices}


def test_predictions_are_lists_or_files_with_images(tmp_path: Path) -> None:
    files = jrdb_files(1)
    truth, found = write(tmp_path, files)
    wanted = poseval.score(truth, found).summary
    for name in ("cafe_0", "hall_0"):
        node = files[f"pred/{name}.json"]
        (found / f"{name}.json").write_text(json.dumps(node["annotations"]))
    assert poseval.score(truth, read(found, P)).summary == wanted
    for name in ("cafe_0", "hall_0"):
        node = {**files[f"pred/{name}.json"], "images": files[f"gt/{name}.json"]["images"]}
        (found / f"{name}.json").write_text(json.dumps(node))
    assert poseval.score(truth, read(found, P)).summary == wanted


def test_images_outside_of_the_ground_truth_are_left_out(tmp_path: Path) -> None:
    files = jrdb_files(1)
    wanted = poseval.score(*write(tmp_path, files)).summary
    person = files["pred/cafe_0.json"]["annotations"][0]
    files["pred/cafe_0.json"]["annotations"].append({**person, "image_id": 99})
    report = poseval.score(*write(tmp_path, files))
    assert report.summary == wanted
    assert "N571" in {notice.code for notice in report.notices}
    (tmp_path / "pred" / "hall_0.json").unlink()
    with pytest.raises(MismatchError) as caught:
        poseval.score(tmp_path / "gt", tmp_path / "pred")
    assert caught.value.code == "P480"


def test_the_rules_differ(tmp_path: Path) -> None:
    paths = write(tmp_path, jrdb_files(1))
    kit, mended = (poseval.score(*paths, rules=name).summary for name in ("jrdb-toolkit", "corrected"))
    assert mended["OSPA"] == kit["OSPA"]
    assert mended["OSPA2"] > kit["OSPA2"]  # J01: a frame without predictions costs
    assert mended["OSPA2_visible"] != kit["OSPA2_visible"]  # J02


@pytest.mark.parametrize("sides", [("gt",), ("pred",), ("gt", "pred")])
def test_no_number_depends_on_the_order_of_people(tmp_path: Path, sides: tuple[str, ...]) -> None:
    """J04: the toolkit's AP does, so that it is not among them."""
    files = jrdb_files(83, frames=5, people=5)
    wanted = {name: poseval.score(*write(tmp_path, files), rules=name).summary for name in RULES}
    for name, node in files.items():
        if name.startswith(sides):
            node["annotations"].reverse()
    for name, summary in wanted.items():
        found = poseval.score(*write(tmp_path, files), rules=name).summary
        assert "AP" not in found
        assert found == {key: pytest.approx(value, abs=1e-12, nan_ok=True) for key, value in summary.items()}


def test_hota_is_that_of_whole_poses() -> None:
    """J05: that of joints stops in the toolkit."""
    jrdb = get_benchmark("jrdb-pose")
    (hota,) = (m for m in tracking_metrics(jrdb.rule_sets[0]) if m.name == "hota")
    assert hota.has(similarity=Similarity.OKS)
    page = (ROOT / "docs" / "quirks.md").read_text("utf-8")
    assert re.findall(r"^### (J\d\d): ", page, re.MULTILINE) == [f"J0{place}" for place in range(1, 6)]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"keypoints": [1.0, 2.0, 2] * 16}, "P204"),
        ({"keypoints": [1.0, 2.0, 3] * 17}, "P277"),
        ({"keypoints": [1.0, None, 2] * 17}, "P302"),
        ({"keypoints": "none"}, "P203"),
        ({"image_id": 77}, "P276"),
        ({"track_id": "a"}, "P203"),
        ({"bbox": [1, 2, 3]}, "P204"),
    ],
)
def test_wrong_people_are_refused(tmp_path: Path, fields: dict[str, Any], code: str) -> None:
    files = jrdb_files(1)
    people = files["gt/cafe_0.json"]["annotations"]
    people[1] = {**people[1], **fields}
    with pytest.raises(InputError) as caught:
        read(write(tmp_path, files)[0])
    assert caught.value.code == code


@pytest.mark.parametrize(
    "labels",
    [[], {"000000.jpg": 3}, {"000000.jpg": [{}]}, {"000000.jpg": [{"box": [1, 2, 3]}]},
     {"000000.jpg": [{"box": [1, 2, -3, 4]}]}, {"000000.jpg": [{"box": [1, 2, "3", 4]}]}],
)  # fmt: skip
def test_wrong_boxes_are_refused(tmp_path: Path, labels: Any) -> None:
    files = jrdb_files(1)
    files["labels_2d_stitched/cafe_0.json"] = {"labels": labels}
    with pytest.raises(InputError) as caught:
        read(write(tmp_path, files)[0])
    assert caught.value.code == "P278"


def test_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("nothing")
    with pytest.raises(InputError) as caught:
        read(tmp_path)
    assert caught.value.code == "P271"
