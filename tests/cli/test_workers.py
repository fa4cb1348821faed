"""`--workers` gives the same report, and says so where one process is faster."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from poseval import processes, write
from poseval.cli import invoke
from poseval.synth import perturb, scene_set
from tests.shared import ROOT
from tests.test_processes import KILL, TERMINATE, lives, needs_copies

TRUTH = scene_set(seed=4, images=12, people=2)
FASTER = "workers: one process is faster for this"


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    paths = [str(tmp_path / "preds.json"), str(tmp_path / "gt.json")]
    write(TRUTH, paths[1], format="coco", role="truth")
    write(perturb(TRUTH, seed=1), paths[0], format="coco", role="predictions", truth=TRUTH)
    return [paths[0], "--gt", paths[1]]


@pytest.mark.parametrize("more", [[], ["--stream"], ["--rules", "all"]])
def test_one_process_scores_one_set_and_says_so(
    files: list[str], more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    reports = []
    for options in ([], ["--workers", "2"]):
        assert invoke(["score", *files, "--format", "json", *more, *options]) == 0
        out = capsys.readouterr()
        reports.append(json.loads(out.out, object_hook=untimed))
    assert reports[0] == reports[1]
    assert out.err.count(FASTER) == 1


def untimed(node: dict[str, Any]) -> dict[str, Any]:
    """An object of a report without its timings."""
    return {key: value for key, value in node.items() if key != "timings"}


def test_quiet_says_nothing_of_it(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["score", *files, "--workers", "2", "--quiet"]) == 0
    assert FASTER not in capsys.readouterr().err


@pytest.fixture
def board(files: list[str], tmp_path: Path) -> list[str]:
    """A leaderboard of six: two of one name, and one that cannot be read in the middle."""
    paths = []
    for seed in range(2, 6):
        paths.append(tmp_path / f"other{seed}.json")
        write(perturb(TRUTH, seed), paths[-1], format="coco", role="predictions", truth=TRUTH)
    (tmp_path / "broken.json").write_text("[1", "utf-8")
    (tmp_path / "again").mkdir()
    shutil.copy(paths[2], tmp_path / "again" / "other2.json")
    paths[2:2] = [tmp_path / "broken.json", tmp_path / "again" / "other2.json"]
    return ["leaderboard", *map(str, paths), *files, "-q"]


@pytest.mark.parametrize("workers", ["1", "2", "3", "200"])
def test_a_leaderboard_is_the_same_by_any_number_of_processes(
    board: list[str], workers: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke([*board, "--json", "-", "--workers", "1"]) == 0
    wanted = capsys.readouterr().out
    monkeypatch.setattr(processes, "_is_ours", True)
    assert invoke([*board, "--json", "-", "--workers", workers]) == 0
    found = capsys.readouterr()
    assert found.out == wanted
    assert found.err == ""
    names = [entry["name"] for entry in json.loads(wanted)["entries"]]
    assert sorted(names) == ["other2", "other2 (2)", "other3", "other4", "other5", "preds"]
    assert [refused["name"] for refused in json.loads(wanted)["refused"]] == ["broken.json"]


def test_where_no_process_is_copied_threads_score_and_it_is_said(
    board: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(processes, "_is_ours", True)
    monkeypatch.delattr(os, "fork", raising=False)
    board.remove("-q")
    for workers, told in (("1", 0), ("2", 1)):
        assert invoke([*board, "--workers", workers]) == 0
        assert capsys.readouterr().err.count("workers: threads score") == told


@needs_copies
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (TERMINATE, 143), (KILL, -KILL)])
def test_what_ends_the_command_ends_its_workers_and_leaves_nothing(
    board: list[str], tmp_path: Path, number: int, status: int
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    many = [board[1]] * 5_000
    heard = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"  # not so in the background
    )
    start = f"{heard}; from poseval.cli import main; main()"
    command = [sys.executable, "-c", start, "leaderboard", *many, *board[2:], "--workers", "3"]
    with subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(scratch)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        until = time.monotonic() + 60
        while len(workers := children.read_text("utf-8").split()) < 2:
            assert time.monotonic() < until
            time.sleep(0.02)
        process.send_signal(number)
        assert process.wait(60) == status
        assert process.stderr is not None
        assert process.stderr.read().strip() == ""  # no warning of what was left, and no traceback
    while any(lives(int(worker)) for worker in workers):
        assert time.monotonic() < until
        time.sleep(0.02)
    assert list(scratch.iterdir()) == []
