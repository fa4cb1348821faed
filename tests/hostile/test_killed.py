"""Rows 39 and 41: a writer killed at any step leaves the old or the new, and the next run clears up."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from poseval import evaluate
from poseval.decisions.store import Store
from poseval.scoring.saved_runs import save
from tests.hostile.made import results, truth, write
from tests.shared import ROOT

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "gt.json", truth())
    write(tmp_path / "dt.json", results())
    return tmp_path


def run(folder: Path, at: int, code: str) -> int:
    """The exit status of a run that is killed at a step; below zero where it was."""
    arguments = [sys.executable, "-m", "tests.hostile.killed", str(folder), str(at), code]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(arguments, cwd=folder, env=env, capture_output=True, timeout=120).returncode


def kills(folder: Path, code: str, most: int = 60) -> Iterator[int]:
    """Kill at the first step, the second, ..., until a run is not killed; after each, the caller looks."""
    for at in range(1, most):
        status = run(folder, at, code)
        assert status in (-9, 0), status
        yield at
        if status == 0:
            assert at > 3, "the writer was never killed while it wrote"
            return
    raise AssertionError(f"more than {most} steps")


def command(*arguments: str) -> str:
    return f"from poseval.cli import invoke; assert invoke({list(arguments)!r}) == 0"


def hidden(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def test_39_a_file_is_the_old_or_the_new(folder: Path) -> None:
    out = folder / "out.json"
    out.write_bytes(b"old")
    code = command("convert", "dt.json", "out.json", "--to", "native", "--gt", "gt.json", "--force")
    contents = []
    for _ in kills(folder, code):
        assert len(hidden(folder)) <= 1  # the one before was cleared
        contents.append(out.read_bytes())
        out.write_bytes(b"old")
    assert set(contents[:-1]) <= {b"old", contents[-1]}
    assert contents[0] == b"old" != contents[-1]
    assert not hidden(folder)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.mark.slow
def test_39_a_folder_is_the_old_or_the_new(folder: Path) -> None:
    out = folder / "out"
    code = command("convert", "gt.json", "out", "--to", "yolo", "--force")
    assert run(folder, 0, code) == 0
    new = names(out)
    (out / "labels").mkdir(exist_ok=True)
    (out / "old.txt").write_text("")
    old = names(out)
    seen = []
    for _ in kills(folder, code):
        if out.exists():
            seen.append(names(out))
        else:  # between the two renames: the old one lies beside it, and comes back with the next run
            (beside,) = [path for path in folder.iterdir() if path.name.endswith(".old")]
            seen.append(names(beside))
        if seen[-1] == new and out.exists():
            (out / "old.txt").write_text("")
    assert all(found in (old, new) for found in seen)
    assert seen[0] == old
    assert seen[-1] == new
    assert not hidden(folder)


@pytest.mark.slow
def test_39_a_checkpoint_is_the_old_or_the_new(folder: Path) -> None:
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    save_code = (
        "from pathlib import Path; from poseval.training.checkpoint import save; "
        "save(Path('last.pt'), {'recipe': 1}, epoch=%d, optimiser={})"
    )
    assert run(folder, 0, save_code % 1) == 0
    epochs = []
    for _ in kills(folder, save_code % 2):
        epochs.append(torch.load(folder / "last.pt", weights_only=True)["epoch"])
    assert epochs[0] == 1
    assert epochs[-1] == 2
    assert epochs == sorted(epochs)


@pytest.mark.parametrize("change", ["add", "remove"])
def test_41_a_store_keeps_every_entry_that_was_there(folder: Path, change: str) -> None:
    save(evaluate(folder / "gt.json", folder / "dt.json"), folder / "run.poseval")

    def board(*arguments: str) -> str:
        return command("leaderboard", *arguments, "--db", "board.db")

    for name in ("first", "second"):
        assert run(folder, 0, board("add", "run.poseval", "--name", name)) == 0
    code = board("add", "run.poseval", "--name", "third") if change == "add" else board("remove", "second")
    wanted = {"add": {"first", "second", "third"}, "remove": {"first"}}[change]
    for _ in kills(folder, code):
        held = {entry.name for entry in Store(folder / "board.db").entries()}
        assert held in ({"first", "second"}, wanted)
        if held == wanted:
            break
    assert held == wanted
