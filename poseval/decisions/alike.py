"""What entries of one board have in common, and what is left out of one that differs from most.

Anybody may add an entry. One whose intervals or units are made in another way loses them, and stops no other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from poseval.decisions.entries import Entry
from poseval.errors import shown
from poseval.results.values import Interval

LEVEL = 0.95  # the usual one, which is taken where as many entries have one as another


class LeftOut(NamedTuple):
    """What was left out of the entry `name`, why, and the code of the reason."""

    name: str
    why: str
    code: str

    def __str__(self) -> str:
        return f"left out of {shown(self.name)}: {shown(self.why, 400)} [{self.code}]"


class Way(NamedTuple):
    """How an interval was made. An exact limit stands in for any method where the number is 0 or 1."""

    level: float
    method: str
    cluster: str

    @staticmethod
    def of(interval: Interval) -> Way:
        """How it was made."""
        return Way(interval.level, interval.method, interval.cluster)

    def fits(self, other: Way) -> bool:
        """Whether intervals made in the two ways can be held against each other."""
        alike = self.method == other.method or "exact" in (self.method, other.method)
        return alike and (self.level, self.cluster) == (other.level, other.cluster)

    def against(self, usual: Way) -> str:
        """In which ways it differs."""
        both = zip(("level", "method", "cluster"), self, usual, strict=True)
        return ", ".join(f"{what} {shown(one)} and not {shown(two)}" for what, one, two in both if one != two)


def alike(entries: Sequence[Entry], key: str) -> tuple[list[Entry], list[LeftOut]]:
    """Entries without what differs from most, and what was left out.

    That are intervals, where those of the number `key` were made in another way, and tallies of other units.
    """
    found = [entry.report.interval(key) for entry in entries]
    ways = [None if interval is None else Way.of(interval) for interval in found]
    usual = _usual([way for way in ways if way is not None])
    units = [_units(entry) for entry in entries]
    most = max(filter(None, units), key=lambda unit: (units.count(unit), unit), default="")
    out, left = [], []
    for entry, way, unit in zip(entries, ways, units, strict=True):
        if way is not None and usual is not None and not way.fits(usual):
            left.append(LeftOut(entry.name, f"its intervals, of {way.against(usual)} as most", "P422"))
            entry = replace(entry, report=replace(entry.report, intervals={}))
        if unit not in ("", most):
            left.append(LeftOut(entry.name, "its tallies, of other units than most", "P421"))
            entry = replace(entry, run=None)
        out.append(entry)
    return out, left


def _usual(ways: Sequence[Way]) -> Way | None:
    """The way of most; of two that are as frequent that of the usual level."""
    told = [way for way in ways if way.method != "exact"] or ways
    return max(told, key=lambda way: (told.count(way), -abs(way.level - LEVEL), way), default=None)


def _units(entry: Entry) -> str:
    """A digest of the names of the units that were tallied; "" where nothing was."""
    if entry.run is None:
        return ""
    return hashlib.sha256(json.dumps(entry.run.unit_keys.tolist()).encode()).hexdigest()
