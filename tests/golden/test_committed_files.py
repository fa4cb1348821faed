"""The committed golden cases are what the generator makes, complete, small and written in one way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.golden.committed import ROOT
from tests.golden.make.cases import text_of
from tests.golden.make.families import MADE

MOST_BYTES = 3_000_000
REQUIRED = {"ask", "case", "made_by", "tolerance", "why"}


@pytest.mark.parametrize("family", MADE)
def test_the_generator_makes_the_committed_files(family: str, tmp_path: Path) -> None:
    names = set()
    for make in MADE[family]():
        made = make()
        assert made.name not in names
        names.add(made.name)
        folder = made.write(tmp_path)
        there = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
        committed = ROOT / family / made.name
        held = {path.relative_to(committed) for path in committed.rglob("*") if path.is_file()}
        assert held - {Path("expected.json")} == there
        for name in there:
            assert (folder / name).read_bytes() == (committed / name).read_bytes(), f"{made.name}/{name}"
    assert {path.name for path in (ROOT / family).iterdir()} == names


def test_no_family_is_forgotten() -> None:
    assert {path.name for path in ROOT.iterdir()} == set(MADE)


@pytest.mark.parametrize("path", sorted(ROOT.glob("*/*/expected.json")), ids=lambda path: path.parent.name)
def test_what_was_recorded_says_who_said_it_and_why(path: Path) -> None:
    text = path.read_text("utf-8")
    told = json.loads(text)
    assert told.keys() >= REQUIRED
    assert told["case"] == path.parent.name
    assert told["why"].endswith(".")
    assert told["made_by"]["program"]
    assert 0 < told["tolerance"] <= 1e-6
    assert text_of(told) == text


def test_the_cases_are_small() -> None:
    sizes = [path.stat().st_size for path in ROOT.rglob("*") if path.is_file()]
    assert 0 < sum(sizes) < MOST_BYTES
