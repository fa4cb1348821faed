"""`poseval validate` as a command: faults of all kinds at once, health, the official program, exits, JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval import datasets
from poseval.cli import invoke
from poseval.datasets import Role, WriteOptions
from poseval.validation.validate import CAUSES, validate
from tests.fuzz.seeds import small_sets

T, P = Role.TRUTH, Role.PREDICTIONS


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    truth, predictions = small_sets()
    for name, target, poses, role in (
        ("coco", "gt.json", truth, T),
        ("coco", "dt.json", predictions, P),
        ("openpose", "openpose", predictions, P),
        ("posetrack18", "pt_gt", truth, T),
    ):
        datasets.get_format(name).write(poses, tmp_path / target, WriteOptions(role, truth=truth))
    return {path.name.split(".")[0]: path for path in tmp_path.iterdir()}


def call(*words: object) -> int:
    return invoke(["validate", *map(str, words)])


def told(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, dict[str, Any]]:
    code = call(*words, "--json")
    return code, json.loads(capsys.readouterr().out)


def spoil(path: Path, target: Path, *changes: tuple[int, str, Any]) -> Path:
    """COCO results with fields of records set, or taken away where the value is None."""
    records = json.loads(path.read_text())
    for at, key, value in changes:
        if value is None:
            del records[at][key]
        else:
            records[at][key] = value
    target.write_text(json.dumps(records))
    return target


def test_every_kind_of_fault_is_told_in_one_run(
    files: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = spoil(
        files["dt"],
        tmp_path / "bad.json",
        (0, "keypoints", [float("nan")] + [1.0] * 50),
        (1, "score", None),
        (2, "score", "0.5"),
        (3, "image_id", 31337),
        (4, "keypoints", [1.0] * 42),
    )
    code, found = told(capsys, path, "--gt", files["gt"], "--benchmark", "coco-keypoints")
    assert code == 3
    groups = {group["code"]: group for group in found["faults"]}
    assert {code: group["count"] for code, group in groups.items()} == {
        "P301": 1,
        "P206": 1,
        "P203": 1,
        "P402": 1,
        "P204": 1,
    }
    assert "[1].score" in groups["P206"]["first"][0]["where"]
    assert all(group["cause"] == CAUSES[code] for code, group in groups.items())
    assert sorted(line.split(": ")[1] for line in found["server"]) == sorted(groups)
    assert found["ok"] is False


def test_the_text_has_the_same_in_lines(
    files: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = spoil(files["dt"], tmp_path / "bad.json", *((at, "score", None) for at in range(5)))
    assert call(path, "--gt", files["gt"], "--benchmark", "coco-keypoints") == 3
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("bad.json: coco, predictions")
    assert f"P206: 5 faults (likely: {CAUSES['P206']})" in lines
    assert any(line.startswith("  bad.json: [0].score: is missing") for line in lines)
    assert "server: pycocotools: P206: stops with a KeyError that names the field, not the record" in lines
    assert lines[-1] == "invalid: 5 faults"


def test_counts_are_exact_beyond_the_faults_that_are_kept(tmp_path: Path) -> None:
    record = {"image_id": 100, "category_id": 1, "score": 1.0, "keypoints": [1.0] * 51}
    records = [dict(record) for _ in range(3000)]
    for record in records[:2500]:
        del record["score"]
    for record in records[2500:]:
        record["keypoints"] = [float("inf")] + [1.0] * 50
    truth, _ = small_sets()
    datasets.get_format("coco").write(truth, tmp_path / "gt.json", WriteOptions(T))
    (tmp_path / "bad.json").write_text(json.dumps(records))
    found = validate(tmp_path / "bad.json", truth=tmp_path / "gt.json")
    assert {group.code: group.count for group in found.groups} == {"P206": 2500, "P301": 500}
    assert "... and 2495 more" in found.to_text()


def test_a_sound_file_exits_with_0(files: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert call(files["dt"], "--gt", files["gt"], "--benchmark", "coco-keypoints") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("dt.json: coco, predictions: 5 people in 3 frames")
    assert "other formats that fit: detectron2 (choose with --format-in)" in lines
    assert "server: pycocotools would score this file" in lines
    assert lines[-1] == "valid"


def test_a_file_that_score_refuses_is_not_valid(
    files: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # PoseTrack's pairing is by sequence: predictions without one belong to no score.
    source = files["pt_gt"] if files["pt_gt"].is_file() else next(files["pt_gt"].rglob("*.json"))
    node = json.loads(source.read_text())
    node["images"] = node["images"][:1]
    node["annotations"] = [one for one in node["annotations"] if one["image_id"] == node["images"][0]["id"]]
    for one in node["annotations"]:
        one.pop("bbox_head", None)
        one["track_id"] = 0
        one["scores"] = [0.5] * (len(one["keypoints"]) // 3)
    (tmp_path / "less.json").write_text(json.dumps(node))
    words = (tmp_path / "less.json", "--gt", source, "--benchmark", "posetrack18", "--role", "predictions")
    code, found = told(capsys, *words)
    scored = invoke(
        ["score", str(tmp_path / "less.json"), "--gt", str(source), "--benchmark", "posetrack18", "-q"]
    )
    assert (code, scored) == (3, 3)
    assert found["server"][0].startswith("PoseTrack's evaluator")


def test_other_joints_are_a_fault_with_a_cause(
    files: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = told(capsys, files["openpose"], "--gt", files["gt"], "--benchmark", "coco-keypoints")
    assert code == 3
    assert found["faults"][0]["code"] == "P404"
    assert found["server"][0].startswith("pycocotools reads coco, not openpose")
    assert found["server"][1].startswith("pycocotools: P404")


def test_health_is_told_and_the_file_stays_valid(
    files: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth, predictions = small_sets()
    people = predictions.people.with_columns(score=np.full(len(predictions), 0.5))
    target = tmp_path / "equal.json"
    datasets.get_format("coco").write(replace(predictions, people=people), target, WriteOptions(P))
    code, found = told(capsys, target, "--gt", files["gt"])
    assert code == 0
    assert "N420" in [notice["code"] for notice in (*found["health"], *found["notices"])]
    assert len(truth) == 5


def test_a_truth_alone(files: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    code, found = told(capsys, files["gt"])
    assert (code, found["role"], found["format"], found["server"]) == (0, "truth", "coco", [])


def test_format_role_and_skeleton_by_hand(files: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    words = (files["dt"], "--gt", files["gt"], "--format-in", "detectron2")
    code, found = told(capsys, *words, "--role", "predictions")
    assert (code, found["format"], found["also_fits"]) == (0, "detectron2", [])
    code, found = told(capsys, files["gt"], "--role", "predictions")
    assert (code, found["faults"][0]["code"]) == (3, "P201")
    code, found = told(capsys, files["gt"], "--skeleton", "mpii16")
    assert (code, found["faults"][0]["code"]) == (3, "P407")


def test_align(files: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth, predictions = small_sets()
    target = tmp_path / "own.npz"
    datasets.get_format("native").write(predictions, target, WriteOptions(P))
    assert told(capsys, target, "--gt", files["gt"], "--align", "number")[0] == 0
    names = np.asarray([f"x{name}" for name in truth.frames.key.tolist()])
    moved = replace(predictions, frames=type(truth.frames)(names, size=truth.frames.size))
    datasets.get_format("native").write(moved, target, WriteOptions(P, force=True))
    assert told(capsys, target, "--gt", files["gt"], "--align", "key")[0] == 3
    assert told(capsys, target, "--gt", files["gt"])[0] == 0


def test_what_is_not_there_and_unknown_names(
    files: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(tmp_path / "absent.json") == 2
    assert call(files["dt"], "--gt", files["gt"], "--benchmark", "cocoo") == 2
    assert call(files["dt"], "--gt", files["gt"], "--format-in", "cocoo") == 2
    assert capsys.readouterr().out == ""


def test_no_known_format_says_what_it_looks_like(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(20))
    code, found = told(capsys, tmp_path / "x.jpg")
    assert (code, found["format"], found["faults"][0]["code"]) == (3, None, "P201")
    assert "an image" in found["faults"][0]["first"][0]["hint"]


@pytest.mark.parametrize(
    ("option", "code"),
    [
        (("--rules", "lenient"), "P124"),
        (("--joints", "nowhere.toml"), "P114"),
        (("--slice", "nowhere"), "P149"),
        (("--slice", "nowhere.csv"), "P114"),
    ],
)
def test_a_wrong_call_is_no_fault_of_the_file(
    files: dict[str, Path], capsys: pytest.CaptureFixture[str], option: tuple[str, str], code: str
) -> None:
    assert call(files["dt"], "--gt", files["gt"], *option) == 2
    assert code in capsys.readouterr().err
