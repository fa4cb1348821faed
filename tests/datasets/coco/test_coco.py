"""What the COCO reader makes of sound files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval.datasets import ReadOptions, Role, Source, get_format
from poseval.kernels.json import STRETCH
from poseval.skeletons import get_skeleton
from tests.datasets.coco.readings import (
    ANY_AREA,
    coco_like,
    loaded,
    read_results,
    read_truth,
    whole_body,
)
from tests.hostile.made import codes, results, truth, write
from tests.shared import shared_path, threads_of

# --- the contract ---


def test_truth_by_column(tmp_path: Path) -> None:
    gt = truth()
    gt["images"].reverse()
    gt["images"][1]["crowdIndex"] = 0.25
    gt["annotations"].reverse()
    first = gt["annotations"][-1]
    first["keypoints"][2::3] = [0, 1, 2, 3] * 4 + [0.5]
    first["ignore"] = 1
    found = read_truth(write(tmp_path / "gt.json", gt))
    frames, people = found.frames, found.people
    assert found.origin.format == "coco"
    assert found.origin.records == 6
    assert found.skeleton is get_skeleton("coco17")
    assert found.categories == {1: "person"}
    assert frames.key.tolist() == ["10", "11", "12", "13"]
    assert frames.path.tolist() == ["000010.jpg", "000011.jpg", "000012.jpg", "000013.jpg"]
    assert frames.size.tolist() == [[640, 480]] * 4
    assert frames.sequences == ("",)
    assert frames.extra["image_id"].tolist() == [10, 11, 12, 13]
    np.testing.assert_array_equal(frames.extra["crowd_index"], [np.nan, np.nan, 0.25, np.nan])
    assert people.frame.tolist() == [0, 0, 1, 1, 2, 2]
    assert people.source_id.tolist() == [2, 1, 4, 3, 6, 5]
    assert people.extra["order"].tolist() == [4, 5, 2, 3, 0, 1]
    assert people.extra["ignore"].tolist() == [False, True, False, False, False, False]
    assert people.seen[1].tolist() == [0, 1, 2, 3] * 4 + [1]
    assert people.area.tolist() == [20001.5, 20000.5, 20003.5, 20002.5, 20005.5, 20004.5]
    assert people.box[0].tolist() == [91, 80, 331, 290]
    assert people.extra["box_size"][0].tolist() == [240, 210]
    np.testing.assert_array_equal(people.xy[1].ravel(), np.delete(first["keypoints"], np.s_[2::3]))
    assert np.isnan(people.score).all()


def test_results_by_column(tmp_path: Path) -> None:
    gt = read_truth(write(tmp_path / "gt.json", truth()))
    dt = results()[::-1]
    dt[0]["keypoints"][:3] = [0, 0, 0]
    dt[0]["bbox"] = [1, 2, 3.5, 4]
    found = read_results(write(tmp_path / "dt.json", dt), gt)
    people = found.people
    assert found.frames is gt.frames
    assert people.frame.tolist() == [0, 0, 1, 1, 2, 2]
    assert people.source_id.tolist() == [5, 6, 3, 4, 1, 2]
    assert people.extra["order"].tolist() == [4, 5, 2, 3, 0, 1]
    np.testing.assert_allclose(people.score, [0.55, 0.5, 0.65, 0.6, 0.75, 0.7], rtol=0, atol=1e-15)
    assert people.seen[4].tolist() == [0] + [2] * 16
    assert people.joint_score[4].tolist() == [0.0] + [0.9] * 16
    assert people.box[4].tolist() == [1, 2, 4.5, 6]
    assert people.area[4] == 14.0


def test_one_file_is_read_the_same_by_any_number_of_threads(tmp_path: Path) -> None:
    rows = [{**row, "score": n / 7} for n, row in enumerate(results() * 4000)]
    path, gt = write(tmp_path / "dt.json", rows), read_truth(write(tmp_path / "gt.json", truth()))
    seen = []
    for threads in ("1", "2", "5"):
        with threads_of(threads):
            found = read_results(path, gt)
        seen.append((found.people.xy.tobytes(), found.people.score.tobytes(), found.people.area.tobytes()))
    assert path.stat().st_size > 2 * STRETCH
    assert seen[0] == seen[1] == seen[2]


def test_whole_body_parts_are_one_skeleton(tmp_path: Path) -> None:
    gt, dt = truth(), results()
    whole_body(gt["annotations"])
    whole_body(dt)
    dt[2]["foot_score"] = 0.25
    dt[2]["body_score"] = 0.125
    body = read_truth(write(tmp_path / "gt.json", gt))
    assert body.skeleton is get_skeleton("coco_wholebody133")
    found = read_results(write(tmp_path / "dt.json", dt), body)
    assert found.people.xy.shape == (6, 133, 2)
    parts = [dt[2][f"{name}_kpts"] for name in ("foot", "face", "lefthand", "righthand")]
    flat = np.concatenate([dt[2]["keypoints"], *parts]).reshape(133, 3)
    np.testing.assert_array_equal(found.people.xy[2], flat[:, :2])
    np.testing.assert_array_equal(found.people.joint_score[2], flat[:, 2])
    np.testing.assert_array_equal(found.people.extra["foot_score"], [np.nan, np.nan, 0.25] + [np.nan] * 3)
    assert "body_score" not in found.people.extra
    assert codes(found) == []
    alone = read_results(
        write(tmp_path / "dt.json", results()), read_truth(write(tmp_path / "b.json", truth()))
    )
    np.testing.assert_array_equal(found.people.area, alone.people.area)


def test_whole_body_results_as_one_vector(tmp_path: Path) -> None:
    gt, dt = truth(), results()
    whole_body(gt["annotations"])
    for row in dt:
        row["keypoints"] = row["keypoints"] + [1.0] * (3 * 116)
    found = read_results(write(tmp_path / "dt.json", dt), read_truth(write(tmp_path / "gt.json", gt)))
    assert found.people.xy.shape == (6, 133, 2)


def test_body_of_a_whole_body_file_on_request(tmp_path: Path) -> None:
    gt = truth()
    whole_body(gt["annotations"])
    found = read_truth(write(tmp_path / "gt.json", gt), skeleton=get_skeleton("coco17"))
    assert found.people.xy.shape == (6, 17, 2)


def test_joint_sets_beside_each_other(tmp_path: Path) -> None:
    path = shared_path("samples/humanart/annotations/test_humanart.json")
    few, many = read_truth(path), read_truth(path, skeleton=get_skeleton("humanart21"))
    assert (few.skeleton.name, codes(few)) == ("coco17", ["N417"])
    assert (many.skeleton.name, codes(many)) == ("humanart21", [])
    records = json.loads(path.read_bytes())["annotations"]
    assert sorted(many.people.extra["num_keypoints"]) == sorted(row["num_keypoints_21"] for row in records)
    np.testing.assert_array_equal(many.people.xy[:, :17], few.people.xy)


def test_flags_of_ex_oks_and_padding(tmp_path: Path) -> None:
    gt = truth()
    for row in gt["annotations"]:
        row["pad_to_contain"] = [k / 8 for k in range(17)]
    found = read_truth(write(tmp_path / "gt.json", gt))
    np.testing.assert_array_equal(found.people.extra["pad_to_contain"][5], np.arange(17) / 8)


def test_optional_field_that_comes_late(tmp_path: Path) -> None:
    gt = truth()
    gt["annotations"][4]["ignore"] = 1
    assert read_truth(write(tmp_path / "gt.json", gt)).people.extra["ignore"].tolist() == [False] * 4 + [
        True,
        False,
    ]


def test_unnamed_joints(tmp_path: Path) -> None:
    gt = truth()
    del gt["categories"][0]["keypoints"]
    found = read_truth(write(tmp_path / "gt.json", gt))
    assert (found.skeleton.name, codes(found)) == ("coco17", ["N417"])
    for row in gt["annotations"]:
        row["keypoints"] = row["keypoints"][:15]
        row["num_keypoints"] = 5
    odd = read_truth(write(tmp_path / "gt.json", gt))
    assert (odd.skeleton.joints[:2], odd.skeleton.sigmas) == (("joint_0", "joint_1"), None)
    del gt["categories"]
    assert codes(read_truth(write(tmp_path / "gt.json", gt))) == ["N417", "N429"]


def test_names_spelt_otherwise(tmp_path: Path) -> None:
    gt = truth()
    gt["categories"][0]["keypoints"] = [
        name.replace("_", " ").title() for name in gt["categories"][0]["keypoints"]
    ]
    assert read_truth(write(tmp_path / "gt.json", gt)).skeleton.name == "coco17"


def test_several_categories_in_the_order_of_the_file(tmp_path: Path) -> None:
    gt = truth()
    gt["categories"] = [
        {**gt["categories"][0], "id": key, "name": name} for key, name in ((7, "b"), (1, "a"))
    ]
    gt["annotations"][0]["category_id"] = 7
    found = read_truth(write(tmp_path / "gt.json", gt))
    assert list(found.categories.items()) == [(7, "b"), (1, "a")]
    assert found.people.category.tolist() == [7, 1, 1, 1, 1, 1]


def test_empty_truth_has_frames(tmp_path: Path) -> None:
    gt = truth()
    gt["annotations"] = []
    found = read_truth(write(tmp_path / "gt.json", gt))
    assert (len(found), len(found.frames), found.skeleton.name) == (0, 4, "coco17")
    gt["images"] = []
    assert len(read_truth(write(tmp_path / "gt.json", gt)).frames) == 0


# --- real files ---


@pytest.mark.parametrize("path", coco_like(), ids=lambda path: path.name)
def test_every_sample_reads_as_json_has_it(path: Path) -> None:
    tree = loaded(path)
    found = get_format("coco").read(Source(path), ReadOptions(optional=ANY_AREA))
    assert len(found.frames) == len({image["id"] for image in tree["images"]})
    assert len(found) == len(tree["annotations"])
    people, joints = found.people, len(found.skeleton)
    for row, order in enumerate(people.extra["order"].tolist()):
        node = tree["annotations"][order]
        parts = ["keypoints", "foot_kpts", "face_kpts", "lefthand_kpts", "righthand_kpts"]
        numbers = [n for part in (parts if joints == 133 else parts[:1]) for n in node[part]]
        points = np.array(numbers, dtype=float).reshape(joints, 3)
        np.testing.assert_array_equal(people.xy[row], points[:, :2])
        np.testing.assert_array_equal(people.seen[row] > 0, points[:, 2] > 0)
        assert found.frames.key[people.frame[row]] == str(node["image_id"])
        assert people.source_id[row] == node["id"]
        assert people.area[row] == node["area"] if "area" in node else np.isnan(people.area[row])


# --- recognising ---


@pytest.mark.parametrize(
    ("content", "role", "sure"),
    [
        (truth(), Role.TRUTH, 0.9),
        (truth(), Role.PREDICTIONS, 0.0),
        (results(), Role.PREDICTIONS, 0.9),
        (results(), Role.TRUTH, 0.0),
        ([], Role.PREDICTIONS, 0.55),
        ([{"image_id": 1, "keypoints": []}], Role.PREDICTIONS, 0.6),
        ({"images": [], "annotations": []}, Role.TRUTH, 0.6),
        ({"images": [], "annotations": [{"bbox": []}]}, Role.TRUTH, 0.3),
        ({"images": [{"vid_id": "1"}], "annotations": [{"keypoints": []}]}, Role.TRUTH, 0.6),
        ("[", Role.PREDICTIONS, 0.0),
        (b"\x80\x04binary", Role.TRUTH, 0.0),
    ],
)
def test_sniff(tmp_path: Path, content: Any, role: Role, sure: float) -> None:
    assert get_format("coco").sniff(Source(write(tmp_path / "x.json", content)), role) == sure
