"""Short ways to read files in tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from poseval import datasets
from poseval.datasets import ReadOptions, Role, Source
from poseval.poses import PoseSet


def truth(path: Path, **options: Any) -> PoseSet:
    """A file as truth; its format is recognised."""
    return datasets.read(path, ReadOptions(**options))


def predictions(path: Path, of: PoseSet | None = None, **options: Any) -> PoseSet:
    """A file as predictions for a truth; its format is recognised."""
    return datasets.read(path, ReadOptions(Role.PREDICTIONS, of, **options))


def recognised(path: Path, role: Role = Role.TRUTH) -> str:
    """Name of the format."""
    return datasets.recognise(Source(path), role)


def codes(poses: PoseSet) -> list[str]:
    """Codes of the notices that a reader left."""
    return [notice.code for notice in poses.origin.notices]
