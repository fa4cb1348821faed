"""`poseval challenge` as an organiser and a participant use it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from poseval.challenge.records import read_record
from poseval.cli import invoke
from poseval.datasets import Role
from tests.challenge.made import TRUTH, predictions, write


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a challenge and a submission."""
    monkeypatch.chdir(tmp_path)
    write(TRUTH, Path("gt.json"), Role.TRUTH)
    write(predictions(), Path("dt.json"))
    assert invoke(["challenge", "init", "c", "--gt", "gt.json", "--title", "People"]) == 0
    return tmp_path


def test_a_submission_is_checked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["challenge", "check", "c", "dt.json", "--page", "p.html", "--save", "r.json", "--team", "us"]
    assert invoke([*words, "--json", "v.json"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("scored on test\nAP ")
    assert said.endswith("valid\n")
    assert "People: Test" in Path("p.html").read_text()
    node = json.loads(Path("v.json").read_text())
    record = read_record(Path("r.json"))
    assert (record.name, record.team, record.verdict.numbers) == ("dt", "us", node["numbers"])
    assert "report" not in node
    assert "private" not in node


def test_a_wrong_submission_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("dt.json").write_text('[{"image_id": 1, "keypoints": [1, 2, 3], "score": 1}]')
    assert invoke(["challenge", "check", "c", "dt.json"]) == 3
    said = capsys.readouterr().out
    assert said.startswith("refused on test")
    assert "[P204]" in said
    assert invoke(["challenge", "check", "c", "absent.json"]) == 3
    assert invoke(["challenge", "check", "c", "dt.json", "--split", "val"]) == 2
    said = capsys.readouterr().err
    assert "'val': is not known [P890]" in said
    assert "expected: one of test" in said
