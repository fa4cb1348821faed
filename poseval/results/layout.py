"""How a summary is laid out as a table: declared by a benchmark, rendered by the report."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Layout:
    """A header, and rows of summary keys.

    `header` names the columns after the row label. Fractions are multiplied by `scale` and shown with
    `digits` decimals (percent with one digit, as papers print); keys in `plain` are shown unscaled.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    scale: float = 100.0
    digits: int = 1
    plain: frozenset[str] = frozenset()
