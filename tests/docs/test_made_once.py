"""Measuring programs that are stopped while they make files leave none that a later run takes for whole."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.shared import ROOT

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="measuring programs need POSIX")
Program = Callable[[str], ModuleType]
KILLED = """
import os, signal, sys
from pathlib import Path
from once import once

def make(part):
    part.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)

once(Path(sys.argv[1]), make)
"""


class Stopped(BaseException):
    """As Ctrl-C stops a program."""


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Program:
    monkeypatch.setattr(sys, "path", [*sys.path, str(ROOT / "perf")])
    return import_module


def test_a_killed_program_leaves_nothing_under_the_name(program: Program, tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.json"
    env = {**os.environ, "PYTHONPATH": str(ROOT / "perf")}
    for _ in range(2):  # what the first one left is in nobody's way
        done = subprocess.run([sys.executable, "-c", KILLED, str(path)], env=env, check=False)
        assert done.returncode < 0
        assert not path.exists()
    program("once").once(path, lambda part: part.write_text("whole"))
    program("once").once(path, lambda part: part.write_text("again"))
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_predictions_are_whole(program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    coco_files = program("coco_files")
    records = coco_files._predictions

    def some(*words: Any) -> Iterator[str]:
        yield next(records(*words))
        raise Stopped

    stopped(monkeypatch, coco_files, "_predictions", some, partial(coco_files.files, tmp_path, 20))
    truth, found = coco_files.files(tmp_path, 20)
    assert len(json.loads(found.read_text())) == 20
    assert len(json.loads(truth.read_text())["annotations"]) == coco_files.PEOPLE


def test_videos_are_whole(program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    posetrack_files = program("posetrack_files")
    files = partial(posetrack_files.files, tmp_path, 2)
    stopped(monkeypatch, posetrack_files, "predictions_of", stop, files)
    assert [sorted(path.name for path in side.iterdir()) for side in files()] == 2 * [
        ["000300_mpii_test.json", "000301_mpii_test.json"]
    ]


def test_converted_files_are_whole(program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    history = program("history")

    def convert(command: list[str], names: tuple[str, ...] = ("a", "b")) -> None:
        folder = Path(command[5])
        folder.mkdir()
        for name in names:
            (folder / name).touch()

    def cut(command: list[str]) -> None:
        convert(command, ("a",))
        raise Stopped

    make = partial(history.openpose, tmp_path, tmp_path / "gt.json", tmp_path / "dt.json")
    stopped(monkeypatch, history, "run_process", cut, make)
    monkeypatch.setattr(history, "run_process", convert)
    assert sorted(path.name for path in make().iterdir()) == ["a", "b"]


def test_shifted_predictions_are_whole(
    program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "dt.json").write_text(json.dumps([{"keypoints": [1.0, 2.0, 2.0]}]))
    make = partial(program("aims").shifted, tmp_path / "dt.json", 3)
    stopped(monkeypatch, Path, "write_text", write_half, make)
    assert json.loads(make().read_text()) == [{"keypoints": [4.0, 2.0, 2.0]}]


def test_simulated_sets_are_whole(program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    simulation = program("simulation")
    monkeypatch.setattr(simulation, "KEEP", tmp_path)
    monkeypatch.setattr(simulation, "PROCESSES", 1)
    make = partial(simulation.counted, partial(divmod, 100), 2)

    def save(path: Path, rows: Any) -> None:
        path.write_bytes(b"\x93NUMPY")
        raise Stopped

    with pytest.raises(ZeroDivisionError):  # of data set 0
        make()
    np.save(tmp_path / "divmod 100.npy", np.array([[7.0, 8.0]]))
    stopped(monkeypatch, np, "save", save, make)
    assert make().tolist() == [[7, 8], [100, 0]]


def test_an_environment_without_its_packages_is_not_used(
    program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    coco = program("coco")
    installed: list[str] = []

    def create(place: Path, with_pip: bool) -> None:
        (place / "bin").mkdir(parents=True, exist_ok=True)
        (place / "bin" / "python").touch()

    monkeypatch.setattr(coco.venv, "create", create)
    make = partial(coco.peers_python, tmp_path)
    stopped(monkeypatch, coco.subprocess, "run", stop, make)
    monkeypatch.setattr(coco.subprocess, "run", lambda words, check: installed.extend(words[-3:]))
    for _ in range(2):
        assert make() == tmp_path / "peers" / "bin" / "python"
    assert installed == list(coco.PEERS)
    monkeypatch.setattr(coco, "PEERS", ("hotcoco==9.9.9",))
    make()
    assert installed[-1] == "hotcoco==9.9.9"


def stopped(
    monkeypatch: pytest.MonkeyPatch,
    where: Any,
    name: str,
    broken: Callable[..., Any],
    make: Callable[[], Any],
) -> None:
    """Make files with something that stops the program on the way."""
    with monkeypatch.context() as patch:
        patch.setattr(where, name, broken)
        with pytest.raises(Stopped):
            make()


def stop(*_: Any, **__: Any) -> None:
    raise Stopped


def write_half(path: Path, text: str, encoding: str) -> None:
    path.write_bytes(text.encode(encoding)[: len(text) // 2])
    raise Stopped
