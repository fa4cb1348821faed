"""Weights that come with poseval: the demo's networks, trained on synthetic people alone."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def shipped_weights(name: str) -> Path | None:
    """The file of a model's weights inside the package, or None where none ships."""
    path = Path(str(files(__name__).joinpath(f"{name}.pt")))
    return path if path.is_file() else None
