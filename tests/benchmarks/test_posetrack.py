"""PoseTrack benchmarks: pairing of sequences and frames, and what a submission can get wrong."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval.errors import MismatchError
from poseval.scoring.score import read, score
from tests.benchmarks.test_posetrack_quirks import pose_set, run, walk
from tests.datasets.posetrack.documents import document, saved


def submission(node: dict[str, Any]) -> dict[str, Any]:
    """The truth's document as predictions."""
    for image in node["images"]:
        del image["ignore_regions_x"], image["ignore_regions_y"]
    for person in node["annotations"]:
        del person["bbox_head"]
        person["scores"] = [0.5 + person["track_id"] / 10] * 17
    return node


def folders(tmp_path: Path, change: Any = None, name: str = "000342_mpii_test.json") -> tuple[Path, Path]:
    found = submission(document())
    if change is not None:
        change(found)
    saved(document(), tmp_path / "gt" / "000342_mpii_test.json")
    saved(found, tmp_path / "pred" / name)
    return tmp_path / "gt", tmp_path / "pred"


def refused(tmp_path: Path, change: Any, rules: str = "reference") -> MismatchError:
    with pytest.raises(MismatchError) as caught:
        score(*folders(tmp_path, change), rules=rules)
    return caught.value


def codes(tmp_path: Path, change: Any = None, name: str = "000342_mpii_test.json") -> set[str]:
    report = score(*folders(tmp_path, change, name))
    assert report.summary["AP"] == 1
    return {notice.code for notice in report.notices}


def test_a_perfect_submission(tmp_path: Path) -> None:
    report = score(*folders(tmp_path))
    assert report.benchmark == "posetrack18"
    for key in (
        "AP",
        "AP/head",
        "MOTA",
        "MOTP/ankle",
        "precision",
        "recall",
        "IDF1",
        "HOTA",
        "DetA",
        "AssA",
        "LocA",
    ):
        assert report.summary[key] == 1
    assert report.to_text().splitlines()[2].split()[-1] == "Total"


def test_joints_are_listed_when_asked(tmp_path: Path) -> None:
    truth, found = folders(tmp_path)
    assert "AP/right_ankle" not in score(truth, found).summary
    assert score(truth, found, per_joint=True).summary["AP/right_ankle"] == 1


def test_single_frame_benchmark_has_ap_alone(tmp_path: Path) -> None:
    summary = score(*folders(tmp_path), "posetrack17-single-frame").summary
    assert {key.partition("/")[0] for key in summary} == {"AP", "precision", "recall"}


@pytest.mark.parametrize("rules", ["reference", "corrected"])
def test_a_missing_sequence(rules: str, tmp_path: Path) -> None:
    truth, found = folders(tmp_path)
    saved(document(), truth / "000999_mpii_test.json")
    with pytest.raises(MismatchError) as caught:
        score(truth, found, rules=rules)
    assert caught.value.code == "P480"
    assert "000999_mpii_test" in str(caught.value)


def test_a_surplus_sequence_is_left_out_and_told(tmp_path: Path) -> None:
    truth, found = folders(tmp_path)
    other = submission(document())
    for image in other["images"]:
        image["file_name"] = image["file_name"].replace("000342", "000999")
    saved(other, found / "000999_mpii_test.json")
    assert "N484" in {notice.code for notice in score(truth, found).notices}


def test_frames_that_are_missing_or_foreign(tmp_path: Path) -> None:
    def fewer(node: dict[str, Any]) -> None:
        del node["images"][2]
        node["annotations"] = node["annotations"][:4]

    error = refused(tmp_path / "a", fewer)
    assert error.code == "P481"
    assert "000342_mpii_test 3/2" in str(error)
    assert refused(tmp_path / "b", fewer, "corrected").code == "P481"

    def foreign(node: dict[str, Any]) -> None:
        node["images"].append(
            {**node["images"][0], "id": 5, "file_name": "images/val/000342_mpii_test/99.jpg"}
        )

    assert refused(tmp_path / "c", foreign).code == "P482"


def test_a_whole_video_is_scored_on_the_frames_of_the_truth(tmp_path: Path) -> None:
    truth, found = folders(tmp_path)
    before = score(truth, found).summary
    (path,) = found.glob("*.json")
    node = json.loads(path.read_text())
    for number in range(10, 17):
        name = f"images/val/000342_mpii_test/{number:06d}.jpg"
        node["images"].append({**node["images"][0], "id": 900 + number, "file_name": name})
        node["annotations"].append({**node["annotations"][0], "id": 900 + number, "image_id": 900 + number})
    path.write_text(json.dumps(node))
    report = score(truth, found)
    assert report.summary == before
    (told,) = [notice for notice in report.notices if notice.code == "N940"]
    assert told.count == 7
    assert (
        "7 of 10 frames are not in the ground truth (first: 910, 911, 912, 913, 914); 7 people there left out"
        in told.text
    )


def test_frames_that_nobody_evaluates_may_be_missing_under_corrected_rules() -> None:
    truth = pose_set(3, *walk(2))
    truth = replace(truth, frames=replace(truth.frames, labelled=np.array([True, True, False])))
    found = pose_set(2, *walk(2))
    assert score(truth, found, "posetrack18", rules="corrected").summary["AP"] == 1
    with pytest.raises(MismatchError) as caught:
        score(truth, found, "posetrack18")
    assert caught.value.code == "P481"


def test_frames_are_found_by_file_name_when_ids_differ(tmp_path: Path) -> None:
    def renumber(node: dict[str, Any]) -> None:
        for row in (*node["images"], *node["annotations"]):
            key = "image_id" if "image_id" in row else "id"
            row[key] = row[key] - 10003420000 + 1

    assert "N481" in codes(tmp_path, renumber)


def test_sequences_are_found_by_folder_when_files_are_named_otherwise(tmp_path: Path) -> None:
    assert "N485" in codes(tmp_path, name="mine.json")


def test_images_in_another_order(tmp_path: Path) -> None:
    assert "N482" in codes(tmp_path, lambda node: node["images"].reverse())


def test_a_track_id_twice_in_a_frame(tmp_path: Path) -> None:
    def twice(node: dict[str, Any]) -> None:
        node["annotations"][1]["track_id"] = 0

    assert refused(tmp_path, twice).code == "P405"


def test_a_missing_track_id(tmp_path: Path) -> None:
    truth, found = folders(tmp_path, lambda node: node["annotations"][0].pop("track_id"))
    with pytest.raises(MismatchError) as caught:
        score(truth, found)
    assert caught.value.code == "P410"
    assert "--metric joint_ap" in str(caught.value)
    assert score(truth, found, metrics=["joint_ap"]).summary["AP"] == 1


def test_track_ids_above_the_bound_of_the_official_program(tmp_path: Path) -> None:
    def enlarge(node: dict[str, Any]) -> None:
        for person in node["annotations"]:
            person["track_id"] += 10_000

    codes(tmp_path, enlarge)


def test_a_truth_without_a_head_box(tmp_path: Path) -> None:
    truth, found = folders(tmp_path)
    node = document()
    del node["annotations"][0]["bbox_head"]
    saved(node, truth / "000342_mpii_test.json")
    with pytest.raises(MismatchError) as caught:
        score(truth, found)
    assert caught.value.code == "P410"
    assert "head size" in str(caught.value)


def test_one_track_id_in_two_sequences_is_two_people() -> None:
    truth = pose_set(4, *walk(4))
    frames = replace(truth.frames, sequence=np.array([0, 0, 1, 1]), sequences=("a", "b"))
    truth = replace(truth, frames=frames)
    found = replace(truth, people=truth.people.with_columns(track=np.array([1, 1, 2, 2])))
    assert score(truth, found, "posetrack18", rules="corrected").summary["MOTA"] == 1


def test_nobody_anywhere() -> None:
    truth = pose_set(3)
    report = run(truth, pose_set(3, *walk(3)), "corrected")
    assert math.isnan(report.summary["MOTA"])
    assert "no labelled" in report.why("MOTA")
    empty = run(pose_set(3, *walk(3)), pose_set(3), "corrected")
    assert (empty.summary["AP"], empty.summary["recall"], empty.summary["MOTA"]) == (0, 0, 0)
    assert math.isnan(empty.summary["precision"])


def test_values_list_every_sequence() -> None:
    truth = pose_set(4, *walk(4))
    truth = replace(
        truth, frames=replace(truth.frames, sequence=np.array([0, 0, 1, 1]), sequences=("a", "b"))
    )
    report = run(truth, truth, "corrected")
    for statistic in ("AP", "MOTA", "IDF1", "HOTA"):
        assert {
            row.slice: row.value for row in report.values.where(statistic=statistic, joint="") if row.slice
        } == {
            "a": 1,
            "b": 1,
        }
    assert not any(key.startswith(("a/", "b/")) for key in report.summary)


def test_mixed_forms_meet(tmp_path: Path) -> None:
    from poseval.datasets import Role, WriteOptions, get_format

    truth, found = folders(tmp_path)
    predictions = read(found, role="predictions")
    get_format("posetrack17").write(predictions, tmp_path / "old", WriteOptions(role=Role.PREDICTIONS))
    assert score(truth, tmp_path / "old").summary == score(truth, found).summary
