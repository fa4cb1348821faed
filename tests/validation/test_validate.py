"""Faults by code, health and exits of `poseval validate`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from poseval import datasets
from poseval.cli import invoke
from poseval.datasets import Role, WriteOptions
from poseval.poses import PoseSet
from poseval.validation.validate import validate
from tests.datasets.test_same_score import truth_and_predictions


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, PoseSet, PoseSet]:
    truth, predictions = truth_and_predictions()
    coco = datasets.get_format("coco")
    coco.write(truth, tmp_path / "gt.json", WriteOptions(Role.TRUTH))
    coco.write(predictions, tmp_path / "dt.json", WriteOptions(Role.PREDICTIONS, truth=truth))
    return tmp_path / "gt.json", tmp_path / "dt.json", truth, predictions


def test_a_sound_file_is_valid(files: tuple[Path, Path, PoseSet, PoseSet]) -> None:
    found = validate(files[1], truth=files[0], benchmark="coco-keypoints")
    assert found.ok
    assert (found.format, found.people, found.frames) == ("coco", 36, 12)
    assert any("would score" in line for line in found.server)


def test_faults_are_grouped_by_code_with_counts_and_causes(
    files: tuple[Path, Path, PoseSet, PoseSet], capsys: pytest.CaptureFixture[str]
) -> None:
    records = json.loads(files[1].read_text())
    for record in records[:7]:
        record["keypoints"][0] = float("nan")
    for record in records[10:13]:
        del record["score"]
    bad = files[1].with_name("bad.json")
    bad.write_text(json.dumps(records))
    found = validate(bad, truth=files[0], benchmark="coco-keypoints")
    assert {group.code: group.count for group in found.groups} == {"P301": 7, "P206": 3}
    assert found.groups[0].cause
    assert len(found.groups[0].first) == 5
    assert found.server
    assert invoke(["validate", str(bad), "--gt", str(files[0]), "--json"]) == 3
    told = json.loads(capsys.readouterr().out)
    assert not told["ok"]
    assert told["faults"][0]["count"] == 7
    assert invoke(["validate", str(files[1]), "--gt", str(files[0])]) == 0


def test_health_names_what_is_legal_and_suspicious(files: tuple[Path, Path, PoseSet, PoseSet]) -> None:
    _, path, truth, predictions = files
    flip = np.asarray(truth.skeleton.flip)
    people = truth.people.with_columns(
        xy=truth.people.xy[:, flip],
        score=np.full(len(truth), 0.5),
        joint_score=np.ones(truth.people.seen.shape),
    )
    target = path.with_name("odd.json")
    datasets.get_format("coco").write(
        replace(predictions, people=people), target, WriteOptions(Role.PREDICTIONS)
    )
    found = validate(target, truth=files[0])
    codes = {notice.code for notice in (*found.health, *found.notices)}
    assert found.ok
    assert {"N420", "N460"} <= codes


def test_truth_with_areas_of_one_and_contradicting_counts(files: tuple[Path, Path, PoseSet, PoseSet]) -> None:
    node = json.loads(files[0].read_text())
    for annotation in node["annotations"]:
        annotation["area"] = 1
        annotation["num_keypoints"] = 3
    bad = files[0].with_name("odd_truth.json")
    bad.write_text(json.dumps(node))
    found = validate(bad)
    assert found.role == "truth"
    assert {"N416", "N415"} <= {notice.code for notice in (*found.health, *found.notices)}


def test_no_known_format(tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(b"\x01\x02\x03")
    found = validate(path)
    assert found.format is None
    assert found.groups[0].code == "P201"
