"""Rows 21 to 32 of the table of attacks, as far as COCO-like files have them: belonging, and gaming."""

from __future__ import annotations

import math
import random
import time

import pytest

import poseval
from poseval.datasets.coco.results import read_results
from poseval.datasets.files.document import Document
from poseval.errors import UsageError
from tests.hostile.made import Folder, codes, results, sentence, truth


def test_21_images_without_predictions_are_told(folder: Folder) -> None:
    report = poseval.score(*folder.both(truth(), results()[:4]))
    (found,) = [notice for notice in report.notices if notice.code == "N424"]
    assert "1 of 3 images with labelled people" in found.text


def test_21_image_rows_twice_are_merged(folder: Folder) -> None:
    gt = truth()
    gt["images"] += gt["images"][:2]
    found = folder.truth(gt)
    assert found.frames.key.tolist() == ["10", "11", "12", "13"]
    assert "2 of 6 rows with the id of an earlier row" in sentence(found, "N411")


def test_21_annotation_of_an_image_that_is_not_listed(folder: Folder) -> None:
    gt = truth()
    gt["annotations"][5]["image_id"] = 999
    found = folder.truth(gt)
    assert len(found) == 5
    assert "1 of 6 annotations" in sentence(found, "N412")


def test_21_unknown_image_is_named(folder: Folder) -> None:
    dt = results()
    dt[4]["image_id"] = 77
    dt[5]["image_id"] = 78
    error = folder.results_refused(dt, "P402", r"\[4\]\.image_id: 2 of 6 records .*\(first: 77, 78\)")
    assert "another split" not in str(error)


def test_22_predictions_of_another_split(folder: Folder) -> None:
    dt = results()[:4] + [{**results()[0], "image_id": 1000 + n} for n in range(98)]
    folder.results_refused(dt, "P402", r"only 2% of the images .* predictions of another split")


def test_22_predictions_of_more_than_was_labelled(folder: Folder) -> None:
    dt = results() + [{**results()[0], "image_id": 1000 + n} for n in range(97)]
    found = folder.results(dt)
    assert len(found) == 6
    assert "97 of 103 records are for images that are not in the ground truth (first: 1000, 1001" in sentence(
        found, "N940"
    )


def test_22_categories_of_another_set(folder: Folder) -> None:
    dt = results()
    dt[0]["category_id"] = 5
    said = sentence(folder.results(dt), "N418")
    assert "1 result of categories that are not in the ground truth (5)" in said
    gt = truth()
    gt["annotations"][0]["category_id"] = 5
    assert "not counted" in sentence(folder.truth(gt), "N418")


def test_27_truth_without_labelled_people(folder: Folder) -> None:
    gt = truth()
    gt["annotations"] = []
    assert codes(folder.truth(gt)) == ["N427"]
    report = poseval.score(*folder.both(gt, results()), benchmark="coco-keypoints")
    assert math.isnan(report.summary["AP"])
    row = next(row for row in report.values if row.statistic == "AP")
    assert row.why


def test_27_predictions_on_an_empty_image_are_false(folder: Folder) -> None:
    dt = [*results(), {**results()[0], "image_id": 13, "score": 0.99}]
    assert poseval.score(*folder.both(truth(), dt)).summary["AP"] < 1


def test_28_joint_that_is_never_labelled(folder: Folder) -> None:
    gt = truth()
    for row in gt["annotations"]:
        row["keypoints"][9:12] = [0, 0, 0]
        row["num_keypoints"] = 16
    report = poseval.score(*folder.both(gt, results()), per_joint=True)
    assert math.isnan(report.summary["AP/left_ear"])
    assert report.summary["AP/nose"] == pytest.approx(1.0)
    assert report.summary["AP"] == pytest.approx(1.0)


def test_29_empty_predictions(folder: Folder) -> None:
    report = poseval.score(*folder.both(truth(), []))
    assert report.summary["AP"] == 0
    assert report.summary["AR"] == 0
    assert "N423" in [notice.code for notice in report.notices]


def test_29_results_mean_nothing_without_truth() -> None:
    with pytest.raises(UsageError, match="--gt") as caught:
        read_results(Document(b"[]", "dt.json"), None)
    assert caught.value.code == "P139"


def test_30_copies_are_told(folder: Folder) -> None:
    dt = [dict(row) for row in results() for _ in range(5)]
    assert "24 of 30 predictions are copies" in sentence(folder.results(dt), "N419")


def test_30_a_few_equal_rows_in_different_images_are_no_copies(folder: Folder) -> None:
    dt = results()
    dt[0]["keypoints"] = dt[2]["keypoints"]
    assert codes(folder.results(dt)) == []


def test_30_ten_thousand_detections_in_one_image(folder: Folder) -> None:
    rng = random.Random(5)
    dt = results()
    dt += [{**dt[0], "score": rng.random()} for _ in range(10_000)]
    gt_path, dt_path = folder.both(truth(), dt)
    start = time.perf_counter()
    report = poseval.score(gt_path, dt_path)
    assert time.perf_counter() - start < 60  # hours where every pair is kept
    assert any("are copies" in notice.text for notice in report.notices)


def test_31_order_of_the_file_decides_ties_only_by_the_rule_that_is_told(folder: Folder) -> None:
    dt = results()
    for row in dt:
        row["score"] = 0.5
    report = poseval.score(*folder.both(truth(), dt))
    assert any("tie rule" in notice.text for notice in report.notices)


def test_32_joints_outside_the_images(folder: Folder) -> None:
    dt = results()
    for row in dt[:3]:
        row["keypoints"][0::3] = [5000.0] * 17
    assert "50% of the joints are outside" in sentence(folder.results(dt), "N421")


def test_32_one_point_for_all_joints(folder: Folder) -> None:
    dt = results()
    dt[2]["keypoints"] = [5.0, 6.0, 0.5] * 17
    assert "1 of 6 predictions have all joints at one point" in sentence(folder.results(dt), "N426")


def areas(folder: Folder, rows: list[dict[str, object]], rule: str) -> list[float]:
    found: list[float] = folder.results(rows, rules=rule).people.area.tolist()
    return found


def test_area_of_detections_by_the_first_result(folder: Folder) -> None:
    """Quirk C01 under the reference rules; each result's own box under the corrected ones."""
    plain, dt = results(), results()
    whole = areas(folder, plain, "reference")
    assert whole == areas(folder, plain, "corrected")
    dt[1]["bbox"] = [0, 0, 10, 20]
    assert areas(folder, dt, "reference") == whole
    assert "N431" in codes(folder.results(dt))
    assert areas(folder, dt, "corrected") == [whole[0], 200.0, *whole[2:]]
    dt[0]["bbox"] = [0, 0, 3, 5]
    assert areas(folder, dt, "reference") == [15.0, 200.0, *whole[2:]]
    dt[0]["bbox"] = []
    assert areas(folder, dt, "reference") == whole


def test_area_under_corrected_rules_leaves_out_joints_that_are_not_predicted(folder: Folder) -> None:
    dt = results()
    dt[0]["keypoints"][:3] = [0, 0, 0]
    reference, corrected = (areas(folder, dt, rule)[0] for rule in ("reference", "corrected"))
    assert corrected < areas(folder, results(), "reference")[0] * 1.0001 < reference
