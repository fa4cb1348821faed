"""The table of models in docs/models.md holds what was measured last."""

from __future__ import annotations

import importlib
import json
from types import ModuleType

import pytest

pytest.importorskip("torch")

from tests.shared import ROOT


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "perf"))
    return importlib.import_module("models")


def test_the_table_is_current(program: ModuleType) -> None:
    page = (ROOT / "docs" / "models.md").read_text("utf-8")
    lines = program.table(json.loads(program.STORE.read_text("utf-8")))
    new = importlib.import_module("sections").with_section(page, "models", "\n".join(lines))
    assert new == page, "run python perf/models.py --write docs/models.md"


def test_every_network_that_does_not_lie_in_a_file_of_ones_own_is_measured(program: ModuleType) -> None:
    known = program.kept()
    lacking = {name for name in program.list_models() if "ms" not in known.get(name, {})}
    others = {"keypoint_rcnn"}  # another package's
    assert [name for name in lacking - others if program.counted(program.card(name), None)] == []
    assert {"movenet_lightning", "movenet_thunder"}.isdisjoint(lacking)


def test_a_busy_round_does_not_count(program: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    found = {"simplebaseline_r18": iter([9.0, 5.0, 7.0]), "hrnet_w32": iter([3.0, 4.0, 8.0])}

    def milliseconds(entry: object, weights: object, passes: int) -> float:
        name = str(getattr(entry, "name", ""))
        asked.append(name)
        return next(found[name])

    kept: dict[str, dict[str, float]] = {}
    monkeypatch.setattr(program, "list_models", lambda: sorted(found))
    monkeypatch.setattr(program, "counted", lambda entry, weights: {"parameters": 1})
    monkeypatch.setattr(program, "milliseconds", milliseconds)
    monkeypatch.setattr(program, "keep", kept.__setitem__)
    program.measure("*", {}, 3, 7)
    assert asked == ["hrnet_w32", "simplebaseline_r18"] * 3
    assert {name: row["ms"] for name, row in kept.items()} == {"hrnet_w32": 3.0, "simplebaseline_r18": 5.0}
