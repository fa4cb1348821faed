"""Faults in columns of records, put into words: shared by all formats that consist of records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from poseval.datasets.files.document import Document
from poseval.errors import Faults, near_names, number_of, shown
from poseval.kernels.json import Bools, Column, Columns, RawFault
from poseval.poses import Notice
from poseval.poses.notices import SHOWN, counted

SHOWN_PLACES = 3  # examples in one sentence

CODES = {
    "nonfinite": "P301",
    "null": "P302",
    "type": "P203",
    "repeated": "P205",
    "length": "P204",
    "fraction": "P303",
    "range": "P303",
    "flag": "P306",
    "long_text": "P502",
}


@dataclass(frozen=True)
class FieldsNotRead:
    """That fields of a list of records, by their names, were not read; with `known` ones that are near."""

    REST: ClassVar = ""  # the name of those that are too many to be counted by their names

    place: str
    known: tuple[str, ...] = field(compare=False)

    def say(self, counts: Mapping[str, int]) -> str:
        """The sentence, with the most frequent fields."""
        named = sorted((item for item in counts.items() if item[0] != self.REST), key=lambda item: -item[1])
        told = []
        for key, count in named[:SHOWN]:
            near = near_names(key, self.known, 1, closeness=0.8)
            told.append(f"{shown(key, 40)} ({count})" + (f", did you mean {near[0]}?" if near else ""))
        more = "many" if self.REST in counts else len(named) - len(told)
        rest = f" and {more} more" if more else ""
        return f"{self.place}: fields not read: {', '.join(told)}{rest}"


@dataclass(frozen=True)
class Wanted:
    """What a field should hold, for messages: the kind in words, and what its length should be."""

    kind: str = "a number"
    length: str | None = None
    hint: str | None = None


@dataclass(frozen=True, eq=False)
class Records:
    """An array of records of a document: its columns, where it stands, and the faults found so far.

    `key` is the key of the array in the top-level object, empty for a top-level array. Records are named
    by their place in the file: `gt.json: annotations[3].area`, `preds.json: [1832].keypoints[7]`.
    """

    document: Document
    table: Columns
    faults: Faults
    key: str = ""
    wanted: Mapping[str, Wanted] = field(default_factory=dict)

    def at(self, record: int, name: str = "", element: int = -1) -> str:
        """The place of a record, a field or an element, for messages."""
        text = self.document.place(self.key, record)
        if name:
            text += f".{name}"
        return f"{text}[{element}]" if element >= 0 else text

    def tell(self) -> None:
        """Turn everything that the compiled module found wrong into faults."""
        _tell(self, self.table, lambda row: self.at(row))

    def need(self, *names: str, hint: str | None = None, unless: Bools | None = None) -> None:
        """A fault (P206) for each record that lacks one of the fields; null is another fault (P302)."""
        whole = np.ones(self.table.count, dtype=np.bool_)
        if self.table.fault_counts.get(("", "type")):
            # What is no object was refused as such; that it has no fields is no fault of its own.
            whole = np.logical_or.reduce([self.table[name].mark != 0 for name in names], axis=0)
        for name in names:
            self.faults.stage += 1
            absent = (self.table[name].mark == 0) & whole
            if unless is not None:
                absent &= ~unless
            self.refuse(absent, "P206", "is missing", name=name, hint=hint)

    def refuse(
        self,
        where: Bools,
        code: str,
        what: str | Callable[[int], str],
        *,
        name: str = "",
        wanted: str | None = None,
        hint: str | None = None,
    ) -> None:
        """A fault for each record in the mask; `what` may depend on the record.

        If the compiled module refused the field of a record, its value is made up and gets no second fault.
        If it refused more records than it lists, the records after the listed ones get no fault either.
        """
        rows = np.flatnonzero(where & ~self._refused(name) if self.table.fault_counts else where)
        for row in rows[: self.faults.KEPT].tolist():
            text = what if isinstance(what, str) else what(row)
            self.faults.add(code, where=self.at(row, name), what=text, wanted=wanted, hint=hint)
        if len(rows) > self.faults.KEPT:
            self.faults.more(code, len(rows) - self.faults.KEPT)

    def _refused(self, name: str) -> Bools:
        """Which records have a fault in a field already [N]."""
        out = np.zeros(self.table.count, dtype=np.bool_)
        listed = [fault.record for fault in self.table.faults if fault.field == name]
        out[listed] = True
        if sum(count for (field, _), count in self.table.fault_counts.items() if field == name) > len(listed):
            out[max(listed, default=0) :] = True
        return out

    def unknown(self, expected: frozenset[str]) -> list[Notice]:
        """A notice about fields that nobody reads, beyond those the format is known to have."""
        found = {key: count for key, count in self.table.unknown.items() if key not in expected}
        if self.table.unknown_rest:
            found[FieldsNotRead.REST] = self.table.unknown_rest
        wording = FieldsNotRead(self.key or "records", tuple(self.table.columns))
        return [counted("N410", wording, found, self.document.name)] if found else []


def _tell(records: Records, table: Columns, at: Callable[[int], str]) -> None:
    kept: dict[tuple[str, str], int] = {}
    for fault in table.faults:
        where = at(fault.record) + (f".{fault.field}" if fault.field else "")
        if fault.element >= 0:
            where += f"[{fault.element}]"
        wanted = records.wanted.get(fault.field, Wanted())
        what = _what(records.document.data, fault)
        hint = wanted.hint if fault.kind == "length" else None
        if fault.element >= 0 and what == "is an array" and wanted.kind.startswith("a list of"):
            hint = f"write {wanted.kind}, without lists in it"
        records.faults.add(
            CODES[fault.kind],
            where=f"{where} (byte {records.document.byte(fault.offset)})",
            what=what,
            wanted=_wanted(fault, wanted),
            hint=hint,
        )
        key = (fault.field, fault.kind)
        kept[key] = kept.get(key, 0) + 1
    for (name, kind), count in table.fault_counts.items():
        rest = count - kept.get((name, kind), 0)
        if rest:
            records.faults.more(CODES[kind], rest)
    for name, column in table.columns.items():
        if column.records is not None and (column.records.faults or column.records.columns):
            _tell(records, column.records, _inner_place(column, name, at))


def _inner_place(column: Column, name: str, at: Callable[[int], str]) -> Callable[[int], str]:
    """Names the rows of a nested table by their owner: `[12].people[3]`."""

    def place(row: int) -> str:
        owner = int(np.searchsorted(column.start, row, side="right")) - 1
        owner = min(owner, len(column.start) - 2)
        return f"{at(owner)}.{name}[{row - int(column.start[owner])}]"

    return place


def _token(data: bytes, offset: int) -> str:
    """The literal at an offset, as far as it goes on one line."""
    text = data[offset : offset + 40]
    for end, byte in enumerate(text):
        if byte in b",]} \r\n\t":
            text = text[:end]
            break
    return shown(text.decode("utf-8", "replace"), 32)


def _what(data: bytes, fault: RawFault) -> str:
    if fault.kind == "type":
        article = "an" if fault.found[0] in "ao" else "a"
        return f"is {'NaN or infinite' if fault.found == 'nonfinite' else f'{article} {fault.found}'}"
    if fault.kind == "nonfinite":
        token = _token(data, fault.offset)
        return f"is {token}" + ("" if token[-1:] in "Nny" else ", beyond the range of a double")
    if fault.kind == "length":
        return f"has {number_of(fault.number, 'number')}"
    return {
        "null": "is null",
        "repeated": "occurs twice in one object",
        "fraction": f"is {_token(data, fault.offset)}",
        "range": f"is {_token(data, fault.offset)}",
        "flag": f"is {fault.number}",
        "long_text": f"is a text of {fault.number} bytes",
    }[fault.kind]


def _wanted(fault: RawFault, wanted: Wanted) -> str | None:
    if not fault.field:
        return "an object"
    if fault.kind in ("type", "null"):
        return f"{wanted.kind if fault.element < 0 else 'a number'}"
    if fault.kind == "length":
        return wanted.length
    return {
        "nonfinite": "a finite number",
        "fraction": "an integer",
        "range": "an integer that 64 bits hold exactly",
        "flag": "0 or 1",
        "long_text": "at most limits.text_bytes",
    }.get(fault.kind)


def places(rows: np.ndarray, name: Callable[[int], str]) -> str:
    """The first few rows by name, for one sentence: `a, b, c and 12 more`."""
    told = ", ".join(name(row) for row in rows[:SHOWN_PLACES].tolist())
    more = len(rows) - SHOWN_PLACES
    return f"{told} and {more} more" if more > 0 else told
