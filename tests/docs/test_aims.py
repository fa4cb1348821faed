"""`perf/aims.py`: what a row of the table says."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.shared import ROOT

pytestmark = pytest.mark.skipif(not hasattr(os, "posix_spawnp"), reason="measuring programs need POSIX")


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(sys, "path", [*sys.path, str(ROOT / "perf")])
    return importlib.import_module("aims")


@pytest.mark.parametrize(
    ("bound", "unit", "found", "wanted"),
    [
        (0.18, "s", 0.1803, "| 0.18 s | 0.1803 s | 7 | not reached |"),
        (25, "ms", 25.04, "| 25 ms | 25.04 ms | 7 | not reached |"),
        (25, "ms", 24.96, "| 25 ms | 24.96 ms | 7 | reached |"),
        (1.7, "x", 1.698, "| 1.7 x | 1.698 x | 7 | not reached |"),
        (1.7, "x", 1.7, "| 1.7 x | 1.70 x | 7 | reached |"),
        (700, "MB", 595.3, "| 700 MB | 595 MB | 7 | reached |"),
        (0.45, "s", 0.404, "| 0.45 s | 0.40 s | 7 | reached |"),
    ],
)
def test_what_was_found_differs_from_its_bound(
    program: ModuleType, bound: float, unit: str, found: float, wanted: str
) -> None:
    aim = program.Aim("a row", bound, unit, lambda folder, rounds: found)
    assert aim.row(Path(), 7) == f"| a row {wanted}"


def test_a_row_says_of_how_many_rounds_it_is(program: ModuleType) -> None:
    asked: list[int] = []

    def measure(folder: Path, rounds: int) -> float:
        asked.append(rounds)
        return 1.0

    for most, rounds in ((99, 7), (3, 7), (3, 2)):
        assert f"| {min(most, rounds)} | reached |" in program.Aim("a", 2, "s", measure, most).row(
            Path(), rounds
        )
    assert asked == [7, 3, 2]


@pytest.mark.parametrize("name", ["kept", "build", "diagnose", "posetrack"])
def test_a_measure_runs_a_process_in_each_round(
    program: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    seconds = iter((3.0, 1.0, 2.0))

    def run(*_: Any) -> Any:
        cost = next(seconds)
        return program.Process(cost, cost, 0.0, f"{cost}\n")

    monkeypatch.setattr(program, "run_process", run)
    monkeypatch.setattr(program, "coco", lambda *_: (tmp_path, tmp_path))
    monkeypatch.setattr(program.posetrack_files, "files", lambda *_: (tmp_path, tmp_path))
    found = getattr(program, name)(tmp_path, 3)
    assert found == (2000.0 if name == "kept" else 2.0)
    assert next(seconds, None) is None
