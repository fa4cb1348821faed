"""Rows 39 and 41: a writer killed at any step leaves the old or the new, and the next run clears up."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from poseval import evaluate
from poseval.datasets.files.folder import write_folder
from poseval.decisions.store import Store
from poseval.errors import PosevalError
from poseval.scoring.saved_runs import save
from tests.hostile.limited import NO_BYTECODE
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
    env = {**os.environ, "PYTHONPATH": str(ROOT), **NO_BYTECODE}
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


@pytest.mark.parametrize("fault", [KeyboardInterrupt, OSError])
@pytest.mark.parametrize("at", [1, 2])
def test_39_a_folder_that_is_not_placed_leaves_the_old_one(
    fault: type[BaseException], at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first rename moves the old folder away, the second puts the new one there."""
    target = tmp_path / "out"
    write_folder(target, [("a.txt", b"old")], force=False, kinds=(".txt",))
    rename, left = Path.rename, [at]

    def failing(path: Path, other: Path) -> Path:
        left[0] -= 1
        if left[0] == 0:
            raise fault(5, "cut")
        return rename(path, other)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises((fault, PosevalError)):
        write_folder(target, [("a.txt", b"new")], force=True, kinds=(".txt",))
    assert (target / "a.txt").read_bytes() == b"old"
    assert not hidden(tmp_path)


NO_ROOM = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)); "


@pytest.mark.parametrize(("name", "form"), [("out.json", "native"), ("out", "posetrack18")])
def test_39_killed_on_a_full_disk_and_then_run_again(name: str, form: str, folder: Path) -> None:
    """Two faults at once, and a third run without either: the old stays whole, then the new, and no rest."""
    arguments = ["convert", "gt.json", name, "--to", form, "--force"]
    assert run(folder, 0, command(*arguments)) == 0
    out = folder / name
    old = contents(out)
    for at in range(1, 40):
        status = run(
            folder, at, NO_ROOM + f"from poseval.cli import invoke; assert invoke({arguments!r}) == 3"
        )
        assert status in (-9, 0)
        assert contents(out) == old
        if status == 0:
            break
    assert at > 2
    assert run(folder, 0, command(*arguments)) == 0
    assert contents(out) == old
    assert not list(folder.rglob(".*"))


def contents(path: Path) -> dict[str, bytes]:
    """The files that a person sees; a killed writer's own are hidden."""
    files = [path] if path.is_file() else [one for one in path.rglob("[!.]*") if one.is_file()]
    return {one.relative_to(path.parent).as_posix(): one.read_bytes() for one in files}


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
