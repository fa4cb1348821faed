"""The program that measures the tables of docs/statistics.md asks the package as it is now."""

from __future__ import annotations

import sys
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> dict[str, ModuleType]:
    # At the end, as one of the files has the name of a module of Python's library.
    monkeypatch.setattr(sys, "path", [*sys.path, str(ROOT / "perf")])
    return {name: import_module(name) for name in ("alarms", "interval_coverage")}


def test_gates_and_comparisons_are_asked(program: dict[str, Any]) -> None:
    name = "PoseTrack, 10 sequences"
    equal, worse = program["alarms"]._equal(name, 0), program["alarms"]._worse(name, 0)
    assert (len(equal), len(worse)) == (len(program["alarms"].EQUAL), len(program["alarms"].WORSE))


def test_trainings_and_margins_are_in_the_unit_of_the_gate(program: dict[str, Any]) -> None:
    """A margin of one point is passed by an equal model in some sets, and a drop of six in none."""
    keeps_up, _, _, smallest = program["alarms"]._kept_up(0.05, 0.0, 0)
    assert keeps_up
    assert 0.06 < smallest < 0.1
    assert program["alarms"]._kept_up(0.01, 0.06, 0)[2]
    assert len(program["alarms"]._trained(0.002, 3, 0)) == 3


def test_intervals_are_asked(program: dict[str, Any]) -> None:
    row, *others = program["interval_coverage"]._covered("PCKh", 20, 1)
    assert np.isnan(others).all()  # bootstrap intervals are asked of one set in eight
    (inside_endless, inside_usual, width) = row[0]
    assert {inside_endless, inside_usual} <= {0.0, 1.0}
    assert 0.05 < width < 0.5


def test_what_is_kept_is_not_simulated_again(
    program: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    simulation = import_module("simulation")
    monkeypatch.setattr(simulation, "KEEP", tmp_path)
    monkeypatch.setattr(simulation, "PROCESSES", 1)
    work = partial(divmod, 100)
    assert simulation.counted(partial(program["alarms"]._kept_up, 0.01, 0.06), 2).shape == (2, 4)
    np.save(tmp_path / "divmod 100.npy", np.array([[7.0, 8.0]]))
    assert simulation.counted(work, 1).tolist() == [[7, 8]]
    assert simulation.counted(work, 2).tolist() == [[7, 8], [100, 0]]
    assert simulation.counted(work, 1).tolist() == [[7, 8], [100, 0]]


def test_the_page_has_a_place_for_every_table() -> None:
    page = (ROOT / "docs/statistics.md").read_text("utf-8")
    program = (ROOT / "perf/claims.py").read_text("utf-8")
    tables = program[program.index("TABLES") :].partition("\n}")[0]
    names = [line.split('"')[1] for line in tables.splitlines() if line.startswith('    "')]
    assert len(names) == 10
    for name in names:
        assert f"<!-- {name}: begin -->" in page
        assert f"<!-- {name}: end -->" in page
