"""The committed golden cases: files that our generator made, and what the official programs said about them.

README.md beside this file says how they are made. Unlike the cases of the shared research data they are
part of the project, so that every clone compares digits.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent / "cases"


@dataclass(frozen=True)
class Case:
    """A folder of `tests/golden/cases`."""

    folder: Path

    @property
    def expected(self) -> dict[str, Any]:
        """What the official program said, and what poseval is asked."""
        found: dict[str, Any] = json.loads((self.folder / "expected.json").read_text("utf-8"))
        return found

    @property
    def truth(self) -> Path:
        """The ground truth: a file or a folder."""
        return self._only("gt*")

    @property
    def predictions(self) -> Path:
        """The predictions: a file or a folder."""
        return self._only("pred*")

    def _only(self, pattern: str) -> Path:
        (found,) = self.folder.glob(pattern)
        return found

    def __str__(self) -> str:
        return self.folder.name


def cases(family: str, at_least: int) -> list[Case]:
    """All cases of a family, sorted; fewer than `at_least` is an error, so that no empty list can pass."""
    found = [Case(path.parent) for path in sorted((ROOT / family).glob("*/expected.json"))]
    if len(found) < at_least:
        raise RuntimeError(f"{len(found)} golden cases of {family}, wanted {at_least}")
    return found
