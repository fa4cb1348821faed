"""The table of attacks, rows 1 to 8, as far as files of single people and faces have it: numbers.

Each test makes a small sound pair and breaks it in one place.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

import poseval
from poseval import datasets
from poseval.datasets import ReadOptions, Role
from poseval.errors import FormatError, InputError, MismatchError, ValueRangeError
from tests.datasets.faces.test_faces import csv_lines
from tests.datasets.mat_files import gt_valid
from tests.hostile.single_person import COUNT, Pair, write


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


def test_sound_files_score(pair: Pair) -> None:
    assert pair.score().summary["PCKh@0.5"] > 0.9


# 1: numbers that are not finite


@pytest.mark.parametrize("value", [np.inf, -np.inf])
@pytest.mark.parametrize("axis", [0, 1])
def test_01_infinite_prediction(pair: Pair, value: float, axis: int) -> None:
    pair.found[3, 4, axis] = value
    error = pair.refused(ValueRangeError, "P301", r"pred\.npy: person 3, joint 4: is infinite")
    assert error.total == 1


def test_01_half_a_point(pair: Pair) -> None:
    pair.found[3, 4, 0] = np.nan
    pair.found[5, :, 1] = np.nan
    assert pair.refused(ValueRangeError, "P301", "person 3, joint 4").total == 17


def test_01_every_coordinate_nan_scores_nothing(pair: Pair) -> None:
    pair.found[:] = np.nan
    pair.refused(ValueRangeError, "P301", "like every other coordinate")


def test_01_nan_for_a_whole_point_is_wrong_and_told(pair: Pair) -> None:
    before = pair.score().summary["PCKh@0.5"]
    pair.found[:6] = np.nan
    report = pair.score()
    assert report.summary["PCKh@0.5"] <= before / 2 + 1e-9
    assert "N449" in {notice.code for notice in report.notices}


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_01_truth(pair: Pair, value: float) -> None:
    pair.truth[2, 1] = value
    pair.refused(ValueRangeError, "P301", r"gt\.mat: person 2, joint 1")


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e400", "9" * 400])
def test_01_literals_in_json(tmp_path: Path, word: str) -> None:
    path = tmp_path / "pred.json"
    path.write_text(json.dumps([[[1.5, 2.5]] * 16] * 3).replace("2.5", word, 18).replace(word, "2.5", 16))
    with pytest.raises(ValueRangeError, match=r"pred\.json: \[1\]\[0\]\[1\]: is (NaN|infinite)") as caught:
        datasets.read(path, ReadOptions(Role.PREDICTIONS))
    assert (caught.value.code, caught.value.total) == ("P301", 2)


def test_01_labels_of_videos_and_faces(tmp_path: Path) -> None:
    sides = np.tile([0.0, 0, 5, 5], (3, 1))
    video = {"x": np.ones((3, 13)), "y": np.ones((3, 13)), "visibility": np.ones((3, 13)), "bbox": sides}
    video["x"][1, 2:5] = np.nan
    savemat(tmp_path / "0001.mat", video)
    with pytest.raises(ValueRangeError, match=r"0001\.mat: frame 1, joint 2") as caught:
        poseval.read(tmp_path / "0001.mat")
    assert (caught.value.code, caught.value.total) == ("P301", 3)
    faces = np.zeros((4, 2, 21))
    faces[2, 0, 3] = faces[3, 1, 1] = np.inf
    np.save(tmp_path / "AFLW_GT_pts21.npy", faces)
    with pytest.raises(ValueRangeError, match=r"pts21\.npy: face 2, joint 3") as lost:
        poseval.read(tmp_path / "AFLW_GT_pts21.npy")
    assert (lost.value.code, lost.value.total) == ("P301", 2)


def test_01_heads(pair: Pair) -> None:
    pair.heads[3:5, 0, 0] = np.nan
    assert pair.refused(ValueRangeError, "P301", r"gt\.mat: headboxes_src of person 3").total == 2


# 2: null


def test_02_null_is_a_joint_not_predicted(tmp_path: Path) -> None:
    path = tmp_path / "pred.json"
    people = [[[1.5, 2.5]] * 16 for _ in range(3)]
    people[1][2] = [None, None]  # type: ignore[list-item]
    path.write_text(json.dumps(people))
    found = datasets.read(path, ReadOptions(Role.PREDICTIONS))
    assert found.people.seen[1, :4].tolist() == [2, 2, 0, 2]
    people[1][2] = [1.0, None]  # type: ignore[list-item]
    path.write_text(json.dumps(people))
    with pytest.raises(ValueRangeError, match=r"pred\.json: \[1\]\[2\]\[1\]: is null") as caught:
        datasets.read(path, ReadOptions(Role.PREDICTIONS))
    assert caught.value.code == "P302"


def test_02_a_score_that_is_null_is_not_given(tmp_path: Path) -> None:
    path = tmp_path / "pred.json"
    path.write_text(json.dumps([[[1.5, 2.5, None]] * 16] * 3))
    found = datasets.read(path, ReadOptions(Role.PREDICTIONS)).people
    assert np.isnan(found.joint_score).all()
    assert (found.seen == 2).all()


# 3: huge and tiny


@pytest.mark.parametrize("value", [1e308, -1e308, 5e-324])
def test_03_huge_coordinates_saturate(pair: Pair, value: float) -> None:
    pair.found[:, 5] = value
    report = pair.score(per_joint=True)
    assert report.summary["PCKh@0.5/left_ankle"] == 0.0
    assert all(math.isfinite(number) for number in report.summary.values())
    told = [notice for notice in report.notices if notice.code == "N422"]
    assert [notice.count for notice in told] == ([COUNT] if abs(value) > 1 else [])


def test_03_huge_faces(tmp_path: Path) -> None:
    truth = np.random.default_rng(0).uniform(0, 90, (3, 68, 2))
    found = truth.copy()
    found[0, 0] = 1e308
    write(tmp_path / "t.csv", csv_lines(truth))
    write(tmp_path / "p.csv", csv_lines(found))
    report = poseval.score(tmp_path / "t.csv", tmp_path / "p.csv", "300w")
    assert report.summary["FR@0.1"] == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    "metric",
    ["nme", "nme(by=landmark_diag)", "nme(by=box_sqrt)", "pck(norm=box_diag,at=0.1)", "auc(norm=pupil)"],
)
@pytest.mark.filterwarnings("error")
def test_03_a_scale_beyond_measure_is_refused(metric: str) -> None:
    from tests.metrics.single import pair_up

    truth = np.random.default_rng(0).uniform(50, 300, (10, 68, 2))
    truth[3, 36:48] = [[1e308, -1e308]] * 6 + [[-1e308, 1e308]] * 6
    box = np.tile([0.0, 0, 90, 90], (10, 1))
    box[3] = [0, 0, 1.7e308, 1.7e308]
    scene = pair_up(truth, truth + 5, "ibug68", box=box)
    with pytest.raises(ValueRangeError, match="has an infinite scale") as caught:
        poseval.score(scene.truth, scene.predictions, "300w", metrics=[metric])
    assert caught.value.code == "P304"


@pytest.mark.filterwarnings("error")
def test_03_distances_beyond_measure_fail_their_face() -> None:
    from tests.metrics.single import pair_up

    truth = np.random.default_rng(0).uniform(50, 300, (10, 68, 2))
    found = truth.copy()
    found[3, 5] = [1e308, -1e308]
    scene = pair_up(truth, found, "ibug68")
    report = poseval.score(scene.truth, scene.predictions, "300w", metrics=["nme", "epe"])
    assert report.summary["FR@0.1"] == pytest.approx(0.1)
    assert math.isnan(report.summary["NME"])
    assert report.why("NME") == "1 labelled landmarks have no prediction, or an infinite one"
    assert report.why("EPE") == "1 of 680 labelled joint points have no prediction, or an infinite one"


# 4: other types


@pytest.mark.parametrize("array", [np.zeros((12, 16, 2), dtype=bool), np.full((12, 16, 2), "1.5")])
def test_04_flags_and_texts_are_no_coordinates(pair: Pair, array: np.ndarray) -> None:
    gt = gt_valid(pair.folder / "gt.mat", pair.truth, pair.missing, pair.heads)
    np.save(pair.folder / "pred.npy", array)
    with pytest.raises(FormatError) as caught:
        poseval.score(gt, pair.folder / "pred.npy", "mpii-val")
    assert caught.value.code == "P206"


@pytest.mark.parametrize(
    ("word", "kind"), [("true", "true or false"), ('"12.5"', "text"), ("{}", "an object")]
)
def test_04_lists_of_poses(tmp_path: Path, word: str, kind: str) -> None:
    path = tmp_path / "pred.json"
    path.write_text(json.dumps([[[1.5, 2.5]] * 16] * 3).replace("2.5", word, 1))
    with pytest.raises(FormatError, match=rf"pred\.json: \[0\]\[0\]\[1\]: is {kind}") as caught:
        datasets.read(path, ReadOptions(Role.PREDICTIONS))
    assert caught.value.code == "P203"


@pytest.mark.parametrize("word", ["1_0", "\u0661\u0662", "true", "0x10"])
def test_04_cells_that_only_python_takes_for_numbers(tmp_path: Path, word: str) -> None:
    lines = csv_lines()
    cells = lines[2].split(",")
    cells[5] = word
    lines[2] = ",".join(cells)
    write(tmp_path / "t.csv", lines)
    with pytest.raises(FormatError, match=r"t\.csv: line 3, column 5") as caught:
        poseval.read(tmp_path / "t.csv")
    assert caught.value.code == "P203"


@pytest.mark.parametrize("word", ["true", '"12.5"'])
def test_04_json(tmp_path: Path, word: str) -> None:
    joints = [[float(n), 2.0] for n in range(16)]
    record = {"image": "a", "joints": joints, "joints_vis": [1] * 16, "center": [1, 2], "scale": 1.0}
    path = tmp_path / "valid.json"
    path.write_text(json.dumps([record]).replace("[3.0, 2.0]", f"[3.0, {word}]"))
    with pytest.raises(FormatError, match=r"\[0\]\.joints") as caught:
        poseval.read(path)
    assert caught.value.code == "P203"


# 5: ids


@pytest.mark.parametrize(
    ("joint", "code"), [(16.0, "P303"), (-1.0, "P303"), (1.5, "P303"), (2.0**53, "P303")]
)
def test_05_joint_ids(tmp_path: Path, joint: float, code: str) -> None:
    from tests.datasets.mat_files import person, points, release

    bad = person(1, annopoints=points([joint], [[1.0, 2.0]]))  # type: ignore[list-item]
    with pytest.raises(ValueRangeError, match=r"m\.mat: annolist\(1\)\.annorect\(1\)") as caught:
        poseval.read(release(tmp_path / "m.mat", [[bad]], [1], [[1]]))
    assert caught.value.code == code


def coco_face(path: Path, **changes: Any) -> Path:
    annotation = {
        "id": 1,
        "image_id": 7,
        "keypoints": [1.0, 2.0, 1] * 68,
        "bbox": [5, 6, 10, 20],
        "area": 9.0,
    }
    tree = {
        "images": [{"id": changes.pop("image", 7), "file_name": "a.jpg", "width": 60, "height": 50}],
        "annotations": [{**annotation, **changes}],
        "categories": [{"id": 1, "name": "face", "keypoints": []}],
    }
    path.write_text(json.dumps(tree))
    return path


@pytest.mark.parametrize("value", [1.5, 2**63, 2**70, -(2**70), True])
def test_05_image_ids_that_are_none(tmp_path: Path, value: Any) -> None:
    with pytest.raises(FormatError, match=r"f\.json: annotations\[0\]\.image_id") as caught:
        poseval.read(coco_face(tmp_path / "f.json", image_id=value))
    assert caught.value.code == "P203"


@pytest.mark.parametrize(
    ("image", "value"), [(1, 1.0), (2**53 + 1, 2**53 + 1), (-1, -1), ("000123", "000123")]
)
def test_05_image_ids_are_exact(tmp_path: Path, image: Any, value: Any) -> None:
    found = poseval.read(coco_face(tmp_path / "f.json", image=image, image_id=value))
    assert found.frames.key.tolist() == [str(image)]


@pytest.mark.parametrize(("image", "value"), [(2**53, 2**53 + 1), ("000123", 123), (123, "123")])
def test_05_image_ids_that_only_look_alike(tmp_path: Path, image: Any, value: Any) -> None:
    with pytest.raises(MismatchError, match=r"f\.json: annotations\[0\]\.image_id") as caught:
        poseval.read(coco_face(tmp_path / "f.json", image=image, image_id=value))
    assert caught.value.code == "P402"


# 6: scores


def test_06_any_finite_score_is_accepted(pair: Pair) -> None:
    scores = np.linspace(-5, 7, COUNT * 16).reshape(COUNT, 16, 1)
    pair.found = np.concatenate([pair.found, scores], axis=2)
    assert pair.score().summary["PCKh@0.5"] > 0.9


def test_06_equal_scores_are_told_and_the_rule_is_in_the_signature(tmp_path: Path) -> None:
    from tests.datasets.mat_files import cells, person, points, release, submission

    people = [person(n, at=100.0 + 400 * n) for n in range(2)]
    truth = release(tmp_path / "m.mat", [people], [1], [[]])
    savemat(tmp_path / "groups_v12.mat", {"groups": cells([cells([np.array([1.0, 2.0])])])})
    found = [points(range(16), one["xy"], scores=[0.5] * 16) for one in people]
    report = poseval.score(truth, submission(tmp_path / "p.mat", [found]), "mpii-multi")
    assert {notice.code: notice.count for notice in report.notices}["N433"] == 14
    assert "ties=earlier_first" in str(report.signature)


# 7: areas, heads and eyes of no size


@pytest.mark.parametrize("rule_set", ["reference", "corrected"])
def test_07_head_of_no_size(pair: Pair, rule_set: str) -> None:
    pair.heads[4] = 7.0
    pair.refused(ValueRangeError, "P304", r"gt\.mat: 4: has a scale of 0 pixels", rules=rule_set)


def test_07_head_of_no_size_on_a_person_without_labels_is_fine(pair: Pair) -> None:
    pair.heads[4], pair.missing[4] = 7.0, 1
    assert pair.score().summary["PCKh@0.5"] > 0.9


def test_07_a_head_of_a_pixel_is_told(pair: Pair) -> None:
    pair.heads[4:6] = [[10.0, 10.0], [10.5, 10.5]]
    told = [notice for notice in pair.score().notices if notice.code == "N466"]
    assert [notice.count for notice in told] == [2]
    assert told[0].text.startswith(f"2 of {COUNT} people have a scale (head) of one pixel or less")


def test_07_faces_in_shares_of_the_picture(tmp_path: Path) -> None:
    write(tmp_path / "t.csv", csv_lines(np.random.default_rng(0).uniform(0, 1, (3, 68, 2))))
    report = poseval.score(tmp_path / "t.csv", tmp_path / "t.csv", "300w")
    assert "N466" in {notice.code for notice in report.notices}


def test_07_eyes_in_one_place(tmp_path: Path) -> None:
    truth = np.random.default_rng(0).uniform(0, 90, (3, 68, 2))
    truth[1, 45] = truth[1, 36]
    write(tmp_path / "t.csv", csv_lines(truth))
    with pytest.raises(
        ValueRangeError, match=r"t\.csv: b\.jpg: has a scale of 0 pixels \(outer_eye\)"
    ) as caught:
        poseval.score(tmp_path / "t.csv", tmp_path / "t.csv", "300w")
    assert caught.value.code == "P304"


# 8: boxes


@pytest.mark.parametrize(
    ("box", "code"),
    [([5.0, 5, 5, 5], "P304"), ([9.0, 9, 5, 5], "P304"), ([9.0, 0, 5, 8], "P304"), ([np.nan] * 4, "P410")],
)
def test_08_boxes(box: list[float], code: str) -> None:
    from tests.metrics.single import pair_up

    scene = pair_up(np.zeros((2, 13, 2)), np.zeros((2, 13, 2)), "penn_action13", box=[[0.0, 0, 9, 9], box])
    with pytest.raises(InputError, match=r"00001\.jpg#0(: has a scale of|\))") as caught:
        poseval.score(scene.truth, scene.predictions, "penn-action")
    assert caught.value.code == code


@pytest.mark.parametrize("by", ["box_sqrt", "box_diag", "box_side"])
@pytest.mark.parametrize("box", [[9.0, 0, 5, 8], [0.0, 9, 8, 5], [9.0, 9, 5, 5]])
def test_08_a_negative_side_has_no_size(by: str, box: list[float]) -> None:
    from tests.metrics.single import pair_up

    scene = pair_up(np.zeros((2, 68, 2)), np.zeros((2, 68, 2)), "ibug68", box=[[0.0, 0, 9, 9], box])
    with pytest.raises(
        ValueRangeError, match=rf"has a scale of -4 pixels \({by}\); 1 person without"
    ) as caught:
        poseval.score(scene.truth, scene.predictions, "300w", metrics=[f"nme(by={by})"])
    assert caught.value.code == "P304"
