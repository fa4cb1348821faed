"""A wrong value is one fault: equal ones are one entry, and nothing is said of the value put in its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.hostile.made import Folder, results, truth


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def many(records: list[dict[str, Any]], field: str, value: Any, count: int = 612) -> list[dict[str, Any]]:
    """Many copies of a record, all with the same wrong value."""
    return [{**records[0], "id": 1 + at, field: value} for at in range(count)]


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("num_keypoints", "17", "P203"),
        ("bbox", [0, 0, -5, "x"], "P203"),
        ("area", None, "P302"),
        ("iscrowd", 7, "P306"),
        ("image_id", 1.5, "P303"),
    ],
)
def test_612_equal_faults_of_a_truth_are_one_entry(folder: Folder, field: str, value: Any, code: str) -> None:
    gt = truth()
    gt["annotations"] = many(gt["annotations"], field, value)
    error = folder.truth_refused(gt, code, "and 611 more: ")
    assert error.total == 612
    assert len({fault.code for fault in error.faults}) == 1
    assert str(error).count("[P") == 1


def test_what_is_wrong_elsewhere_in_the_record_is_still_said(folder: Folder) -> None:
    gt = truth()
    gt["annotations"][0]["num_keypoints"] = "17"
    gt["annotations"][1]["num_keypoints"] = -3
    gt["annotations"][2]["bbox"] = [0, 0, -5, 2]
    error = folder.truth_refused(gt, "P203", r"annotations\[1\].num_keypoints: is -3")
    assert [fault.code for fault in error.faults] == ["P203", "P306", "P307"]


def test_equal_faults_of_results_are_one_entry(folder: Folder) -> None:
    error = folder.results_refused(many(results(), "score", "high"), "P203", "and 611 more: ")
    assert str(error).count("[P") == 1
