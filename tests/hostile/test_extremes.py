"""Rows 3 and 6 in all that is made of a score: numbers near the largest double, in files that are read."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from poseval.cli import invoke
from tests.hostile.made import results, truth, write

pytest.importorskip("matplotlib")
Change = Callable[[dict[str, Any], list[dict[str, Any]]], None]
LARGE = 1e308


def everywhere(records: list[dict[str, Any]], alternating: bool) -> None:
    for row, record in enumerate(records):
        record["keypoints"] = [
            value if at % 3 == 2 else LARGE * (-1) ** ((at + row) * alternating)
            for at, value in enumerate(record["keypoints"])
        ]


def scores(dt: list[dict[str, Any]], alternating: bool) -> None:
    for row, record in enumerate(dt):
        record["score"] = LARGE * (-1) ** (row * alternating)


CHANGES: dict[str, Change] = {
    "scores": lambda gt, dt: scores(dt, False),
    "scores of both signs": lambda gt, dt: scores(dt, True),
    "predictions": lambda gt, dt: everywhere(dt, False),
    "predictions on both sides": lambda gt, dt: everywhere(dt, True),
    "ground truth": lambda gt, dt: everywhere(gt["annotations"], False),
    "ground truth on both sides": lambda gt, dt: everywhere(gt["annotations"], True),
}
MATCHED = ["--benchmark", "custom", "--metric", "epe(people=matched)", "--metric", "oks_ap(area=extent)"]
COMMANDS: dict[str, list[str]] = {
    "score": ["score", "{dt}", "--gt", "{gt}", "--ci", "95", "--report", "{out}.html"],
    "custom": ["score", "{dt}", "--gt", "{gt}", *MATCHED, "--report", "{out}.html"],
    "diagnose": ["diagnose", "{dt}", "--gt", "{gt}", "--report", "{out}.html"],
    "validate": ["validate", "{dt}", "--gt", "{gt}"],
    "plot": ["plot", "{dt}", "--gt", "{gt}", "--out", "{out}"],
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_03_numbers_near_the_largest(
    change: Change, command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gt, dt = truth(), results()
    change(gt, dt)
    places = {
        "gt": write(tmp_path / "gt.json", gt),
        "dt": write(tmp_path / "dt.json", dt),
        "out": tmp_path / "o",
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        status = invoke([word.format(**places) for word in command])
    said = capsys.readouterr()
    assert status in (0, 1, 3), said.err
    assert "internal error" not in said.err
    assert status == 0 or "[P" in said.err + said.out


@pytest.mark.parametrize("fact", [LARGE, -LARGE, 10**400, True, "1e308", None, [1], {"a": 1}])
def test_03_facts_of_a_board_near_the_largest(
    fact: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gt, dt = write(tmp_path / "gt.json", truth()), write(tmp_path / "dt.json", results())
    for name, number in (("a", fact), ("b", 3)):
        report = tmp_path / f"{name}.json"
        assert invoke(["score", str(dt), "--gt", str(gt), "--json", str(report), "-q"]) == 0
        write(tmp_path / f"{name}.json.run.json", json.dumps({"size": number}))
    words = ["leaderboard", str(tmp_path / "a.json"), str(tmp_path / "b.json"), "--x", "size"]
    status = invoke([*words, "--plot", str(tmp_path / "board.svg"), "--fact", "size"])
    said = capsys.readouterr()
    assert status in (0, 2, 3), said.err
    assert "internal error" not in said.err
