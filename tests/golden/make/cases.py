"""A golden case as it is made: its files, why it exists, what poseval is asked and who judges it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CASES = Path(__file__).resolve().parent.parent / "cases"


@dataclass(frozen=True)
class Made:
    """One case: `files` maps a path inside its folder to JSON values, `ask` is keywords of `poseval.score`.

    `judge` names the official program, `options` how it is called, and `tolerance` how well its numbers are
    known.
    """

    name: str
    why: str
    files: Mapping[str, Any]
    ask: Mapping[str, Any] = field(default_factory=dict)
    judge: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    tolerance: float = 1e-12

    def write(self, family: Path) -> Path:
        """Write the files of the case, the same bytes every time; returns its folder."""
        folder = family / self.name
        for name, value in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text_of(value), "utf-8")
        return folder

    def write_expected(self, family: Path, found: Mapping[str, Any]) -> None:
        """Write what the official program said beside the files."""
        (family / self.name).mkdir(parents=True, exist_ok=True)
        told = {"ask": self.ask, "case": self.name, "tolerance": self.tolerance, "why": self.why, **found}
        (family / self.name / "expected.json").write_text(text_of(told), "utf-8")


def text_of(value: Any) -> str:
    """JSON with sorted keys that a person can read: one line for each item of the outer lists.

    NaN and infinities are written as Python's `json` writes them.
    """
    if isinstance(value, str):
        return value
    if not isinstance(value, dict):
        return _lines(value) + "\n"
    rows = [f"{json.dumps(key)}: {_lines(value[key])}" for key in sorted(value)]
    return "{\n" + ",\n".join(rows) + "\n}\n"


def _lines(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + ",\n".join(_plain(item) for item in value) + "\n]"
    if isinstance(value, dict) and any(isinstance(item, dict | list) for item in value.values()):
        return (
            "{\n" + ",\n".join(f" {json.dumps(key)}: {_plain(value[key])}" for key in sorted(value)) + "\n}"
        )
    return _plain(value)


def _plain(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


Make = Callable[[], Made]
