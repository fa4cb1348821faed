"""`--workers` gives the same report, and says so where one process was faster."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from poseval import write
from poseval.cli import invoke
from poseval.synth import perturb, scene_set

TRUTH = scene_set(seed=4, images=12, people=2)
FASTER = "workers: one process is faster for this"


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    paths = [str(tmp_path / "preds.json"), str(tmp_path / "gt.json")]
    write(TRUTH, paths[1], format="coco", role="truth")
    write(perturb(TRUTH, seed=1), paths[0], format="coco", role="predictions", truth=TRUTH)
    return [paths[0], "--gt", paths[1]]


@pytest.mark.parametrize(("seconds", "told"), [(1000.0, True), (0.0, False)])
def test_one_process_is_named_where_it_was_faster(
    files: list[str],
    seconds: float,
    told: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("poseval.scoring.late_processes.START_SECONDS", seconds)
    reports = []
    for options in ([], ["--workers", "2"]):
        assert invoke(["score", *files, "--format", "json", *options]) == 0
        out = capsys.readouterr()
        report = json.loads(out.out)
        del report["timings"]
        reports.append(report)
    assert reports[0] == reports[1]
    assert (FASTER in out.err) is told


def test_quiet_says_nothing_of_it(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["score", *files, "--workers", "2", "--quiet"]) == 0
    assert FASTER not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("seconds", "processors", "told"), [(1000.0, 3, True), (0.0, 3, False), (0.0, 2, True)]
)
def test_a_leaderboard_is_the_same_by_workers(
    files: list[str],
    seconds: float,
    processors: int,
    told: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("poseval.scoring.late_processes.START_SECONDS", seconds)
    monkeypatch.setenv("POSEVAL_NUM_THREADS", str(processors))
    for seed in range(2, 5):
        path = tmp_path / f"other{seed}.json"
        write(perturb(TRUTH, seed), path, format="coco", role="predictions", truth=TRUTH)
        files.insert(0, str(path))
    broken = tmp_path / "broken.json"
    broken.write_text("[1", "utf-8")
    boards = []
    for options in ([], ["--workers", "2"]):
        assert invoke(["leaderboard", str(broken), *files, "--json", "-", *options]) == 0
        out = capsys.readouterr()
        boards.append(json.loads(out.out))
    assert boards[0] == boards[1]
    assert len(boards[0]["entries"]) == 4
    assert [refused["name"] for refused in boards[0]["refused"]] == ["broken.json"]
    assert (FASTER in out.err) is told
