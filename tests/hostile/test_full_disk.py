"""Row 39: no writer leaves a part behind when there is no room, and each says which file it was."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import poseval as library
from poseval.cli import invoke
from poseval.scoring.saved_runs import save
from tests.hostile.limited import poseval, run_limited, see_refused
from tests.hostile.made import results, truth, write

ROOM = 300  # bytes; every output below has more

WRITERS: dict[str, list[str]] = {
    "json": ["score", "dt.json", "--gt", "gt.json", "--json", "out/r.json"],
    "csv": ["score", "dt.json", "--gt", "gt.json", "--per-joint", "--csv", "out/r.csv"],
    "save": ["score", "dt.json", "--gt", "gt.json", "--save", "out/r.poseval"],
    "report": ["score", "dt.json", "--gt", "gt.json", "--report", "out/r.html"],
    "plot": ["plot", "good.poseval", "--out", "out"],
    "convert": ["convert", "gt.json", "out/c.json", "--to", "coco"],
    "folder": ["convert", "gt.json", "out/c", "--to", "posetrack18"],
    "synth": ["synth", "out/world", "--images", "1"],
    "store": ["leaderboard", "add", "good.poseval", "--db", "out/board.sqlite"],
    "board": ["leaderboard", "good.poseval", "--html", "out/board.html"],
    "board as JSON": ["leaderboard", *["good.poseval"] * 9, "--json", "out/board.json"],
    "board as a figure": ["leaderboard", "good.poseval", "--x", "AP", "--plot", "out/board.svg"],
    "diagnosis": ["diagnose", "dt.json", "--gt", "gt.json", "--json", "out/d.json"],
    "diagnosis as a page": ["diagnose", "dt.json", "--gt", "gt.json", "--report", "out/d.html"],
    "comparison": ["compare", "good.poseval", "good.poseval", "--json", "out/c.json"],
    "comparison as a figure": ["compare", "good.poseval", "good.poseval", "--figure", "out/c.svg"],
    "explorer": ["score", "dt.json", "--gt", "gt.json", "--report", "out/site/"],
    "baseline": ["gate", "--run", "good.poseval", "--baseline", "out.poseval", "--update-baseline"],
    "archive": ["convert", "gt.json", "out/c.npz", "--to", "native"],
    "many files": ["convert", "gt.json", "out/c", "--to", "yolo"],
    "tracks": ["track", "dt.json", "--gt", "gt.json", "--out", "out/t.json", "--to", "native"],
    "demonstration": ["demo", "out/demo"],
    "board as csv": ["leaderboard", "good.poseval", "--csv", "out/board.csv"],
    "board as Markdown": ["leaderboard", "good.poseval", "--markdown", "out/board.md"],
    "board as LaTeX": ["leaderboard", "good.poseval", "--latex", "out/board.tex"],
    "comparison as csv": ["compare", "good.poseval", "good.poseval", "--csv", "out/c.csv"],
    "verdict": ["gate", "--run", "good.poseval", "--baseline", "good.poseval", "--json", "out/g.json"],
    "verdict as JUnit": [
        "gate",
        "--run",
        "good.poseval",
        "--baseline",
        "good.poseval",
        "--junit",
        "out/g.xml",
    ],
    "sigmas": ["sigmas", "gt.json", "gt2.json", "--out", "out/s.json"],
    "sigmas as JSON": ["sigmas", "gt.json", "gt2.json", "--json", "out/s.json"],
    "pages": ["explore", "dt.json", "--gt", "gt.json", "--out", "out/site"],
    "challenge": ["challenge", "init", "out/challenge", "--gt", "gt.json", "--title", "People"],
    "submission": ["challenge", "check", "challenge", "dt.json", "--save", "out/v.json"],
    "submission as a page": ["challenge", "check", "challenge", "dt.json", "--page", "out/v.html"],
}


@pytest.mark.parametrize("arguments", WRITERS.values(), ids=WRITERS)
def test_writers(arguments: list[str], tmp_path: Path) -> None:
    write(tmp_path / "gt.json", truth())
    write(tmp_path / "dt.json", results())
    save(library.evaluate(tmp_path / "gt.json", tmp_path / "dt.json"), tmp_path / "good.poseval")
    shutil.copy(tmp_path / "good.poseval", tmp_path / "out.poseval")
    if "gt2.json" in arguments:
        again = truth()
        for person in again["annotations"]:
            person["keypoints"] = [value + (at % 3 < 2) for at, value in enumerate(person["keypoints"])]
        write(tmp_path / "gt2.json", again)
    if arguments[:2] == ["challenge", "check"]:
        made = [str(tmp_path / "challenge"), "--gt", str(tmp_path / "gt.json"), "--title", "People"]
        assert invoke(["challenge", "init", *made]) == 0
    (tmp_path / "out").mkdir()
    ended = poseval(arguments, folder=tmp_path, seconds=60, file_bytes=ROOM)
    see_refused(ended, "P506", (3,))
    assert "out" in ended.err
    left = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert not [path for path in left if path.suffix == ".sqlite"]
    assert all(path.stat().st_size < ROOM and not path.name.endswith(".tmp") for path in left)


def test_a_full_disk_and_a_closed_output_at_once(tmp_path: Path) -> None:
    """The file that could not be written is the error, whether or not somebody listens."""
    write(tmp_path / "gt.json", truth())
    write(tmp_path / "dt.json", results())
    code = (
        "import os, sys; os.close(1); sys.stdout = None; from poseval.cli import invoke; "
        "sys.exit(invoke(['score', 'dt.json', '--gt', 'gt.json', '--json', 'r.json', '--csv', '-']))"
    )
    ended = run_limited(["-c", code], folder=tmp_path, seconds=60, file_bytes=ROOM)
    assert ended.status in (2, 3), ended.err
    assert "[P506]" in ended.err or "[P137]" in ended.err
    assert not list(tmp_path.glob("r.json*"))
    assert not list(tmp_path.glob(".r.json*"))
