"""The families of cases, and who judges each. Judges need other programs, so they are imported late."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.golden.make import coco, coco_dialects, faces, models, neighbours, posetrack, single
from tests.golden.make.cases import Made, Make

Judge = Callable[[Made, Path, Path | None], dict[str, Any]]

MADE: dict[str, Callable[[], Sequence[Make]]] = {
    "coco": lambda: coco.CASES,
    "posetrack": lambda: posetrack.CASES,
    "mpii": lambda: single.CASES,
    "nme": lambda: faces.CASES,
    "models": lambda: models.CASES,
    "neighbours": lambda: neighbours.CASES,
}
assert coco_dialects.CROWDPOSE_SIGMAS  # its cases stand in coco.CASES, too


def judge(family: str) -> Judge:
    """The function that asks the official program about a case of a family."""
    found: Judge = importlib.import_module(f"tests.golden.make.judge_{family}").judge
    return found
