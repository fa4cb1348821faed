"""`poseval score --rules all`: every rule set of the benchmark, side by side."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from poseval.cli import invoke
from poseval.datasets import Role, WriteOptions, get_format
from poseval.synth import perturb, scene_set

TRUTH = scene_set(seed=4, images=5, people=2)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    folder = tmp_path_factory.mktemp("files")
    truth, predictions = folder / "gt.json", folder / "pred.json"
    get_format("coco").write(TRUTH, truth, WriteOptions(role=Role.TRUTH))
    made = perturb(TRUTH, seed=1, jitter=0.4)
    get_format("coco").write(made, predictions, WriteOptions(role=Role.PREDICTIONS, truth=TRUTH))
    return str(predictions), str(truth)


def test_rule_sets_stand_side_by_side_and_one_after_another(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke(["score", files[0], "--gt", files[1], "-q", "--rules", "all"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["reference", "corrected"]
    assert lines[1].split()[0] == "AP"
    assert [line for line in lines if " rules)" in line] == [
        "coco-keypoints (reference rules), in percent",
        "coco-keypoints (corrected rules), in percent",
    ]


def test_json_is_a_list_of_reports(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    single = tmp_path / "one.json"
    assert invoke(["score", files[0], "--gt", files[1], "-q", "--rules", "all", "--json", "-"]) == 0
    reports = json.loads(capsys.readouterr().out)
    assert [report["rules"] for report in reports] == ["reference", "corrected"]
    assert invoke(["score", files[0], "--gt", files[1], "-q", "--json", str(single)]) == 0
    assert json.loads(single.read_text("utf-8"))["summary"] == reports[0]["summary"]


@pytest.mark.parametrize("option", ["--csv", "--save", "--report"])
def test_outputs_that_hold_one_report_are_refused(
    files: tuple[str, str], option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "out"
    assert invoke(["score", files[0], "--gt", files[1], "--rules", "all", option, str(target)]) == 2
    assert "P127" in capsys.readouterr().err
    assert not target.exists()


def test_reading_in_pieces_is_refused(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["score", files[0], "--gt", files[1], "--rules", "all", "--stream"]) == 2
    assert "--stream: does not go with --rules all" in capsys.readouterr().err


def test_a_wrong_file_is_refused_as_under_one_rule_set(
    files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text('[{"image_id": 1,', "utf-8")
    assert invoke(["score", str(broken), "--gt", files[1], "--rules", "all"]) == 3
    assert "P2" in capsys.readouterr().err
