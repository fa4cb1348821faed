"""The judge: limits of time and memory, what is left by what failed, and lists of images without truth."""

from __future__ import annotations

import json
import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from poseval.challenge.apart import run_apart
from poseval.challenge.judge import open_judge
from poseval.challenge.records import Record, is_record, read_record, write_record
from poseval.errors import PosevalError
from tests.challenge.made import make, predictions, records, write
from tests.shared import SANITISED

MIB = 1 << 20
ROOM = {"seconds": 20, "memory": 256 * MIB, "file_bytes": MIB}


def busy(folder: Path) -> None:
    while True:
        pass


def greedy(folder: Path) -> int:
    return len(bytearray(512 * MIB))


def test_an_answer_comes_back(tmp_path: Path) -> None:
    ended = run_apart(lambda folder: [sorted(os.listdir(folder)), os.getcwd() == str(folder)], **ROOM)
    assert (ended.answer, ended.reason) == ([[], True], "")


def test_time_is_bounded() -> None:
    started = time.monotonic()
    ended = run_apart(busy, 1, 256 * MIB, MIB)
    assert (ended.answer, ended.reason) == (None, "time")
    assert time.monotonic() - started < 10


@pytest.mark.skipif(SANITISED, reason="no address space can be limited")
def test_memory_is_bounded() -> None:
    assert run_apart(greedy, **ROOM).reason == "memory"
    assert run_apart(greedy, 20, 1024 * MIB, MIB).answer == 512 * MIB


def test_files_are_bounded() -> None:
    def write_much(folder: Path) -> str:
        try:
            (folder / "x").write_bytes(b"1" * 2 * MIB)
        except OSError as error:
            return type(error).__name__
        return "written"

    assert run_apart(write_much, **ROOM).answer == "OSError"


def test_a_child_that_dies_is_no_answer() -> None:
    assert run_apart(lambda folder: os._exit(3), **ROOM).reason == "died"
    assert run_apart(lambda folder: os.kill(os.getpid(), signal.SIGKILL), **ROOM).reason == "memory"


def test_the_environment_is_not_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTH_TOKEN", "secret")
    assert "AUTH_TOKEN" not in run_apart(lambda folder: list(os.environ), **ROOM).answer


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
    def broken(*given: Any) -> None:
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
    for text in ("{}", "[", '{"schema": "poseval.verdict/1", "verdict": {"x": 1}, "name": "a"}'):
        (tmp_path / "w.json").write_text(text)
        with pytest.raises(PosevalError) as caught:
            read_record(tmp_path / "w.json")
        assert caught.value.code == "P209"
