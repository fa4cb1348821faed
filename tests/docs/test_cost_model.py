"""`perf/cost_model.py`: the simulation sees where the formula is wrong, and the page's own program is run."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.shared import ROOT


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(sys, "path", [*sys.path, str(ROOT / "perf")])
    return importlib.import_module("cost_model")


def constants(program: ModuleType, *seconds: float) -> Any:
    times = {
        count: tuple(one * np.linspace(0.99, 1.01, 5))
        for count, one in zip(program.COUNTS, seconds, strict=True)
    }
    return program.Constants(0.2, 0.03, times, {"weak": 0.06, "a part": 0.025}, (20.0, 10.0))


def test_a_line_is_found_again(program: ModuleType) -> None:
    of = constants(program, *(0.007 + 2.5e-6 * count for count in program.COUNTS))
    assert of.line == pytest.approx((2.5e-6, 0.007))
    assert max(abs(of.missed(count)) for count in program.COUNTS) < 1e-9
    for submissions, predictions, workers in program.PLANS:
        by_hand = program.formula(of, submissions, predictions, workers)
        assert program.simulated(of, submissions, predictions, workers) == pytest.approx(by_hand, rel=0.02)


def test_the_simulation_and_the_page_show_where_the_formula_is_wrong(program: ModuleType) -> None:
    """As times are that rise, fall and rise again: no line fits them."""
    of = constants(program, 0.018, 0.04, 0.037, 0.11)
    assert of.missed(10_000) < -0.2
    by_hand, drawn = (work(of, 20_000, 10_000, 4) for work in (program.formula, program.simulated))
    assert by_hand / drawn - 1 == pytest.approx(of.missed(10_000), abs=0.01)
    assert (
        f"| 10,000 | 40.0 (39.6-40.4) | {1000 * of.submission(10_000):.1f} | {of.missed(10_000):+.1%} |"
        in (program.section(of))
    )


def test_plans_are_of_counts_that_are_measured(program: ModuleType) -> None:
    assert {predictions for _, predictions, _ in program.PLANS} <= set(program.COUNTS)


def test_the_program_of_the_page_is_run(
    program: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(program, "POOLED", 3)
    (block,) = [
        text.partition("```")[0]
        for text in (ROOT / "docs" / "scale.md").read_text("utf-8").split("```python\n")
        if "ProcessPoolExecutor()" in text
    ]
    wanted = block.replace('"gt.json"', "'/t.json'").replace('["a.json", "b.json"]', "['/p.json'] * 3")
    ran: dict[str, str] = {}

    def run(command: list[str]) -> Any:
        assert command[:2] == ["env", "POSEVAL_NUM_THREADS=1"]
        path = Path(command[-1])
        ran[path.stem] = path.read_text()
        return importlib.import_module("processes").Process(2.0 if path.stem == "alone" else 1.0, 0, 0, "")

    monkeypatch.setattr(program, "run_process", run)
    assert program.by_processes(tmp_path, Path("/t.json"), Path("/p.json"), 2) == (2.0, 1.0)
    assert ran == {"pool": wanted, "alone": wanted.replace("pool.map(", "map(")}
    assert ran["pool"] != ran["alone"]


def test_a_page_without_its_program_is_refused(
    program: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "page.md").write_text('```python\nread("gt.json")\n```\n')
    monkeypatch.setattr(program, "PAGE", tmp_path / "page.md")
    with pytest.raises(SystemExit, match=r"page.md names .* 0 times, not once"):
        program.program(Path("/t.json"), Path("/p.json"))
