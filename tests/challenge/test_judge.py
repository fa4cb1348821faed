"""The judge: what is said of what failed, lists of images without ground truth, and records."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from poseval.challenge.judge import open_judge
from poseval.challenge.records import Record, is_record, read_record, write_record
from poseval.errors import PosevalError
from tests.challenge.made import make, predictions, records, write


def test_what_takes_too_long_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make(tmp_path)
    judge = open_judge(replace(made, limits=replace(made.limits, seconds=1)))
    monkeypatch.setattr("poseval.challenge.judge.open_submission", lambda *given: time.sleep(60))
    found = judge.judge(tmp_path / "gt.json")
    assert found.status == "failed"
    assert "took more time than allowed (1 s) to be read and scored [P229]" in found.message
    assert "took more time" in found.page


def test_a_fault_of_ours_is_a_failure_without_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*given: Any, **named: Any) -> None:
        raise RuntimeError("secret 271.828")

    judge = open_judge(make(tmp_path))
    path = write(predictions(), tmp_path / "dt.json")
    for place in ("open_submission", "prepare"):
        with monkeypatch.context() as patch:
            patch.setattr(f"poseval.challenge.judge.{place}", broken)
            found = judge.judge(path)
        assert found.status == "failed"
        assert "[P228]" in found.message
        assert "271" in found.private
        assert "271" not in json.dumps(found.public()) + found.page


def test_columns_are_those_of_the_benchmark(tmp_path: Path) -> None:
    made = make(tmp_path)
    column = replace(made.columns[0], key="PCK")
    with pytest.raises(PosevalError) as caught:
        open_judge(replace(made, columns=(column,)))
    assert caught.value.code == "P891"


def test_a_list_of_images_checks_and_scores_nothing(tmp_path: Path) -> None:
    made = make(tmp_path)
    place = made.folder / made.splits[0].truth
    node = json.loads(place.read_text())
    del node["annotations"]
    place.write_text(json.dumps(node))
    judge = open_judge(made)
    path = write(predictions(), tmp_path / "dt.json")
    found = judge.judge(path)
    assert (found.status, dict(found.numbers)) == ("valid", {})
    rows = records(path)
    rows[0]["image_id"] = 12345
    path.write_text(json.dumps(rows))
    assert "[P402]" in judge.judge(path).message


def test_records_are_read_back(tmp_path: Path) -> None:
    judge = open_judge(make(tmp_path))
    verdict = judge.judge(write(predictions(), tmp_path / "dt.json"))
    record = Record(verdict, "mine", "team", {"method": "x"}, "2027-01-01T00:00:00+00:00")
    write_record(record, tmp_path / "r.json")
    assert is_record(tmp_path / "r.json")
    assert read_record(tmp_path / "r.json") == record
    assert not is_record(tmp_path / "dt.json")
    unknown = (tmp_path / "r.json").read_text().replace('"scored"', '"sc\\u007fred"')
    for text in ("{}", "[", unknown, '{"schema": "poseval.verdict/1", "verdict": {"x": 1}, "name": "a"}'):
        (tmp_path / "w.json").write_text(text)
        with pytest.raises(PosevalError) as caught:
            read_record(tmp_path / "w.json")
        assert caught.value.code == "P209"
