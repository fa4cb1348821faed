"""Rows 1 to 8 of the table of attacks: numbers."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

import poseval
from poseval.errors import Faults, ValueRangeError
from tests.hostile.made import Folder, codes, results, sentence, truth

WRITTEN = {"nan": float("nan"), "infinity": float("inf"), "minus infinity": float("-inf")}


def test_sound_files_have_nothing_to_tell(folder: Folder) -> None:
    found = folder.results(results())
    assert codes(found) == []
    assert len(found) == 6
    assert poseval.score(*folder.both(truth(), results())).summary["AP"] == pytest.approx(1.0)


# 1: NaN, Infinity, 1e400


@pytest.mark.parametrize("value", WRITTEN.values(), ids=WRITTEN)
def test_01_coordinate_that_is_not_finite(folder: Folder, value: float) -> None:
    dt = results()
    dt[3]["keypoints"][7] = value
    folder.results_refused(dt, "P301", r"dt\.json: \[3\]\.keypoints\[7\] \(byte \d+\): is -?(NaN|Infinity)")


def test_01_every_coordinate_nan_scores_nothing(folder: Folder) -> None:
    dt = results()
    for row in dt:
        row["keypoints"] = [float("nan")] * 51
    error = folder.results_refused(dt, "P301", r"\[0\]\.keypoints\[0\]")
    assert error.total == 6 * 51
    assert "and 305 more" in str(error)


def test_01_many_faults_are_counted(folder: Folder) -> None:
    dt = results() * 1000
    for row in dt:
        row["score"] = float("nan")
    error = folder.results_refused(dt, "P301", r"\[0\]\.score")
    assert error.total == 6000
    assert len(error.faults) <= Faults.KEPT


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e400", "-1e999"])
@pytest.mark.parametrize("place", ["score", "keypoints", "bbox"])
def test_01_literals_in_results(folder: Folder, literal: str, place: str) -> None:
    dt = results()
    dt[1][place] = {"score": "@", "keypoints": [1, 2, "@"] * 17, "bbox": [1, 2, "@", 4]}[place]
    text = json.dumps(dt).replace('"@"', literal)
    error = folder.results_refused(text, "P301", rf"\[1\]\.{place}")
    at = int(str(error).split("byte ")[1].split(")")[0])
    assert text[at:].startswith(literal)


@pytest.mark.parametrize("place", ["area", "bbox", "keypoints"])
def test_01_literals_in_truth(folder: Folder, place: str) -> None:
    gt = truth()
    gt["annotations"][2][place] = float("inf") if place == "area" else [float("inf")] * 51
    folder.truth_refused(gt, "P301", rf"gt\.json: annotations\[2\]\.{place}")


def test_01_image_size(folder: Folder) -> None:
    gt = truth()
    gt["images"][1]["width"] = float("nan")
    folder.truth_refused(gt, "P301", r"gt\.json: images\[1\]\.width")


# 2: null


def test_02_null_coordinate(folder: Folder) -> None:
    dt = results()
    dt[0]["keypoints"][3] = None
    folder.results_refused(dt, "P302", r"\[0\]\.keypoints\[3\] \(byte \d+\): is null")


def test_02_null_joint_score_is_not_given(folder: Folder) -> None:
    dt = results()
    dt[0]["keypoints"][5] = None
    found = folder.results(dt)
    assert np.isnan(found.people.joint_score[0]).tolist() == [False, True] + [False] * 15


def test_02_null_score_of_a_person(folder: Folder) -> None:
    dt = results()
    dt[4]["score"] = None
    folder.results_refused(dt, "P302", r"\[4\]\.score")


@pytest.mark.parametrize("place", ["area", "id", "image_id", "category_id", "iscrowd"])
def test_02_null_in_truth(folder: Folder, place: str) -> None:
    gt = truth()
    gt["annotations"][0][place] = None
    folder.truth_refused(gt, "P302", rf"annotations\[0\]\.{place}")


# 3: huge and tiny


def test_03_huge_coordinates_saturate(folder: Folder) -> None:
    dt = results()
    dt[0]["keypoints"][0::3] = [1e308, -1e308] * 8 + [1e308]
    dt[1]["keypoints"][0] = 5e-324
    report = poseval.score(*folder.both(truth(), dt))
    assert all(math.isfinite(value) for value in report.summary.values() if value == value)
    assert 0 < report.summary["AP"] < 1
    assert "more than 100 image widths away" in sentence(folder.results(dt), "N422")


@pytest.mark.parametrize("rules", ["reference", "corrected"])
def test_03_area_of_a_huge_flat_pose_is_never_nan(folder: Folder, rules: str) -> None:
    dt = results()
    dt[0]["keypoints"][0::3] = [1e308, -1e308] * 8 + [1e308]
    dt[0]["keypoints"][1::3] = [5.0] * 17
    dt[1]["bbox"] = [0, 0, 1e308, 1e308]
    assert not np.isnan(folder.results(dt, rules=rules).people.area).any()


# 4: other types


@pytest.mark.parametrize(
    ("value", "kind"), [(True, "boolean"), ("12.5", "string"), ([1], "array"), ({"a": 1}, "object")]
)
@pytest.mark.parametrize("place", ["score", "keypoints"])
def test_04_what_is_no_number(folder: Folder, value: Any, kind: str, place: str) -> None:
    dt = results()
    if place == "score":
        dt[2]["score"] = value
    else:
        dt[2]["keypoints"][8] = value
    where = r"\[2\]\.score" if place == "score" else r"\[2\]\.keypoints\[8\]"
    folder.results_refused(dt, "P203", rf"{where} \(byte \d+\): is an? {kind}[\s\S]*expected: a number")


@pytest.mark.parametrize("value", ["yes", 2, -1, 0.5])
def test_04_crowd_flags(folder: Folder, value: Any) -> None:
    gt = truth()
    gt["annotations"][1]["iscrowd"] = value
    code = {"yes": "P203", 0.5: "P303"}.get(value, "P306")
    folder.truth_refused(gt, code, r"annotations\[1\]\.iscrowd")


def test_04_crowd_flag_may_be_a_boolean(folder: Folder) -> None:
    gt = truth()
    gt["annotations"][1]["iscrowd"] = True
    assert folder.truth(gt).people.crowd.tolist() == [False, True, False, False, False, False]


# 5: ids


@pytest.mark.parametrize("value", [2**53 + 1, 2**63 - 1, 0, -1, -(2**63)])
def test_05_ids_are_exact(folder: Folder, value: int) -> None:
    gt = truth()
    gt["annotations"][0]["id"] = value
    gt["images"][0]["id"] = value
    for row in gt["annotations"][:2]:
        row["image_id"] = value
    found = folder.truth(gt)
    assert value in found.people.source_id.tolist()
    assert str(value) in found.frames.key.tolist()
    dt = results()
    for row in dt[:2]:
        row["image_id"] = value
    assert codes(folder.results(dt, gt)) == []


def test_05_neighbours_of_2_to_the_53_stay_apart(folder: Folder) -> None:
    gt = truth()
    for n in (0, 1):
        gt["images"][n]["id"] = 2**53 + n
        for row in gt["annotations"][2 * n : 2 * n + 2]:
            row["image_id"] = 2**53 + n
    assert np.bincount(folder.truth(gt).people.frame, minlength=4).tolist() == [2, 0, 2, 2]


@pytest.mark.parametrize(
    ("text", "code"), [("9223372036854775808", "P303"), ("1.5", "P303"), (str(2**70), "P303")]
)
def test_05_ids_that_64_bits_do_not_hold(folder: Folder, text: str, code: str) -> None:
    gt = truth()
    gt["annotations"][0]["id"] = "@"
    folder.truth_refused(json.dumps(gt).replace('"@"', text), "P303", rf"annotations\[0\]\.id .*: is {text}")


def test_05_one_point_zero_is_one(folder: Folder) -> None:
    gt = truth()
    gt["annotations"][0]["id"] = 1.0
    gt["annotations"][0]["category_id"] = 1.0
    assert folder.truth(gt).people.source_id.tolist() == [1, 2, 3, 4, 5, 6]


def texts(rows: list[dict[str, Any]], form: str) -> list[dict[str, Any]]:
    for row in rows:
        row["image_id"] = form.format(row["image_id"])
    return rows


@pytest.mark.parametrize(("form", "how"), [("{}", "id"), ("{:06d}.jpg", "file name"), ("{:06d}", "stem")])
def test_05_text_ids_that_match_exactly_one_way(folder: Folder, form: str, how: str) -> None:
    found = folder.results(texts(results(), form))
    assert sentence(found, "N402").endswith(f"paired by {how}")
    assert found.people.frame.tolist() == [0, 0, 1, 1, 2, 2]


def test_05_numeric_look_alikes_are_reported(folder: Folder) -> None:
    error = folder.results_refused(texts(results(), "{:09d}"), "P402", r"\[0\]\.image_id: 6 of 6 records")
    assert "'000000010' looks like image 10, but the text differs from its id" in str(error)


def test_05_text_ids_that_match_two_ways_differently(folder: Folder) -> None:
    gt = truth()
    for image, other in zip(gt["images"], (13, 12, 11, 10), strict=True):
        image["file_name"] = f"{other}.jpg"
    folder.results_refused(texts(results(), "{}"), "P403", "names different images by id and by stem", gt)


def test_05_texts_on_both_sides_are_compared_as_given(folder: Folder) -> None:
    gt = truth()
    for image in gt["images"]:
        image["id"] = f"{image['id']:06d}"
    texts(gt["annotations"], "{:06d}")
    assert codes(folder.results(texts(results(), "{:06d}"), gt)) == []
    folder.results_refused(texts(results(), "{}"), "P402", r"\[0\]\.image_id", gt)


def test_05_ids_that_are_number_here_and_text_there(folder: Folder) -> None:
    gt = truth()
    gt["images"].append({"id": "10", "width": 1, "height": 1})
    folder.truth_refused(
        gt, "P305", r"images\[4\]\.id: is the text '10', but another image has the number 10"
    )


# 6: scores


def test_06_any_finite_score_is_accepted(folder: Folder) -> None:
    dt = results()
    for row, score in zip(dt, [-5, -0.0, 0, 1e9, 1e-300, 1.5], strict=True):
        row["score"] = score
    assert codes(folder.results(dt)) == []


def test_06_equal_scores_name_the_tie_rule(folder: Folder) -> None:
    dt = results()
    for row in dt:
        row["score"] = 1
    assert "tie rule" in sentence(folder.results(dt), "N420")


# 7: areas


@pytest.mark.parametrize("value", [0, -1, -0.0])
def test_07_area_of_nothing_on_a_person_that_counts(folder: Folder, value: float) -> None:
    gt = truth()
    gt["annotations"][3]["area"] = value
    folder.truth_refused(gt, "P304", r"annotations\[3\]\.area: is -?[01] for a person that counts")
    with pytest.raises(ValueRangeError, match=r"annotations\[3\]\.area") as caught:
        poseval.score(*folder.both(gt, results()))
    assert caught.value.code == "P304"


def test_07_area_of_nothing_does_not_matter_to_boxes_or_crowds(folder: Folder) -> None:
    gt = truth()
    gt["annotations"][3]["area"] = 0
    report = poseval.score(*folder.both(gt, results()), metrics=["oks_ap(area=box)"])
    assert report.summary["AP"] == pytest.approx(1.0)
    gt["annotations"][3]["iscrowd"] = 1
    assert codes(folder.truth(gt)) == []


@pytest.mark.parametrize(("ignore", "refused"), [("flags", True), ("count", False)])
def test_07_area_of_nothing_counts_where_the_flags_say_so(folder: Folder, ignore: str, refused: bool) -> None:
    gt = truth()
    gt["annotations"][3].update(area=0, num_keypoints=0)
    asked = {"metrics": [f"oks_ap(ignore={ignore})"]}
    if not refused:
        assert poseval.score(*folder.both(gt, results()), **asked).summary["AP"] > 0.9
        return
    with pytest.raises(ValueRangeError, match=r"annotations\[3\]\.area") as caught:
        poseval.score(*folder.both(gt, results()), **asked)
    assert caught.value.code == "P304"


def test_07_nobody_counts_without_a_labelled_joint(folder: Folder) -> None:
    gt = truth()
    gt["annotations"][3].update(area=0, keypoints=[0] * 51)  # its num_keypoints says 17
    asked = {"metrics": ["oks_ap(ignore=flags)"]}
    assert poseval.score(*folder.both(gt, results()), **asked).summary["AP"] == pytest.approx(1.0)


def test_07_area_one_everywhere(folder: Folder) -> None:
    gt = truth()
    for row in gt["annotations"]:
        row["area"] = 1
    assert "all 6 areas are 1" in sentence(folder.truth(gt), "N416")


def test_07_area_in_another_unit(folder: Folder) -> None:
    gt = truth()
    for row in gt["annotations"]:
        row["area"] /= 10_000
    assert "Are they in square pixels?" in sentence(folder.truth(gt), "N416")


def test_07_missing_area(folder: Folder) -> None:
    gt = truth()
    del gt["annotations"][5]["area"]
    folder.truth_refused(gt, "P206", r"annotations\[5\]\.area: is missing[\s\S]*oks_ap\(area=box\)")
    assert np.isnan(folder.truth(gt, optional=frozenset({"area"})).people.area).sum() == 1


# 8: boxes


@pytest.mark.parametrize("box", [[1, 2, -3, 4], [1, 2, 3, -4]])
def test_08_box_of_negative_size(folder: Folder, box: list[float]) -> None:
    gt, dt = truth(), results()
    gt["annotations"][1]["bbox"] = box
    dt[1]["bbox"] = box
    folder.truth_refused(gt, "P307", r"annotations\[1\]\.bbox: has width -?3 and height -?4")
    folder.results_refused(dt, "P307", r"\[1\]\.bbox: has width -?3 and height -?4")


def test_08_nan_box_and_short_box(folder: Folder) -> None:
    gt = truth()
    gt["annotations"][1]["bbox"][2] = float("nan")
    folder.truth_refused(gt, "P301", r"annotations\[1\]\.bbox\[2\]")
    gt["annotations"][1]["bbox"] = [1, 2, 3]
    folder.truth_refused(
        gt, "P204", r"annotations\[1\]\.bbox .*has 3 numbers[\s\S]*expected: x, y, width, height"
    )
