"""Hostile submissions through the judge that every engine asks: refused with a code, within limits.

The rows are those of the project's table of attacks. A wrong file never becomes a number.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from poseval.challenge.judge import Judge, open_judge
from tests.challenge.hostile_files import ACCEPTED, ATTACKED, MIB, REFUSED, Rows
from tests.challenge.made import make, predictions, write
from tests.hostile.limited import poseval


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    made = make(tmp_path_factory.mktemp("attacks"))
    return open_judge(replace(made, limits=replace(made.limits, memory="1GiB", seconds=60)))


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    found: Rows = json.loads(write(predictions(), tmp_path_factory.mktemp("rows") / "dt.json").read_bytes())
    return found


@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_file_is_refused(name: str, judge: Judge, rows: Rows, tmp_path: Path) -> None:
    code, made = REFUSED[name]
    path = tmp_path / "submission"
    path.write_bytes(made(rows))
    found = judge.judge(path)
    assert found.status == "refused", found.private or found.message
    assert f"[{code}" in found.message
    assert not found.numbers
    assert len(found.message) < 20_000
    assert found.message.replace("\n", "").isprintable()
    assert not ATTACKED.exists()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ACCEPTED)
def test_an_odd_file_has_an_honest_number(name: str, judge: Judge, rows: Rows, tmp_path: Path) -> None:
    path = tmp_path / "submission.json"
    plain = tmp_path / "plain.json"
    plain.write_text(json.dumps(rows))
    path.write_bytes(ACCEPTED[name](rows))
    found, best = judge.judge(path), judge.judge(plain)
    assert found.scored, found.message + found.private
    assert found.numbers["AP"] <= best.numbers["AP"] <= 100


def test_37_what_is_no_file(judge: Judge, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    os.symlink(tmp_path / "loop", tmp_path / "loop")
    (tmp_path / "empty").mkdir()
    for name in ("pipe", "loop", "empty", "absent"):
        found = judge.judge(tmp_path / name)
        assert found.status == "refused", name
        assert not found.numbers


@pytest.mark.parametrize("name", ["12 deep", "16 zip bomb", "19 pickle in a zip", "30 a flood"])
def test_the_command_under_limits_of_memory_and_disk(name: str, rows: Rows, tmp_path: Path) -> None:
    made = make(tmp_path)
    path = tmp_path / "submission"
    path.write_bytes(REFUSED[name][1](rows))
    ended = poseval(
        ["challenge", "check", made.folder, path], folder=tmp_path, seconds=60, file_bytes=16 * MIB
    )
    assert ended.status == 3, ended.err
    assert ended.out.startswith("refused on test")
    assert "Traceback" not in ended.err
    assert ended.peak < 1024 * MIB
