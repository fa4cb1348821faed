"""What `models check` finds, as values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What looks wrong: the part of the card, what was measured, and what to try."""

    part: str
    what: str
    advice: str


Measured = tuple[list[tuple[str, str]], list[Finding]]  # labels and texts, and what looks wrong


@dataclass(frozen=True)
class CardCheck:
    """What was measured, as labels and texts, and what looks wrong.

    `found` says whether the network finds these people at all: otherwise little can be compared.
    """

    measured: tuple[tuple[str, str], ...]
    findings: tuple[Finding, ...]
    found: bool = True
