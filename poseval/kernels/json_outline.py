"""What a JSON text holds and where, without building it: the Python interface of `json_outline.cpp`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from poseval.errors import FormatError, LimitError, PosevalError, shown
from poseval.kernels import _kernels
from poseval.limits import DEFAULT, Limits, to_raise


@dataclass(frozen=True)
class Origin:
    """Where a text that was made to be read as JSON stands in its file, for messages.

    One byte was put before `text`, the file's own bytes from byte `byte` in line `line` on, and perhaps more
    behind; in between, each byte has its place.
    """

    text: bytes
    byte: int = 0
    line: int = 1

    def place(self, offset: int) -> tuple[int, int]:
        """Line and byte of the file for an offset in the text that was made."""
        at = min(max(offset - 1, 0), len(self.text))
        return self.line + line_of(self.text, at) - 1, self.byte + at

    def is_behind(self, offset: int) -> bool:
        """Whether an offset is behind what the file has."""
        return offset > len(self.text)


@dataclass(frozen=True)
class Entry:
    """A key of the top level: kind, bytes, and of an array how many items and what the first one is.

    `first` is the outline of the first item when that is an object (its keys' kinds), else its kind. Of a
    long list of records only the end was looked for: `checked` is false until `columns` or `check` reads it.
    """

    key: str
    kind: str
    start: int
    end: int
    items: int = 0
    first: tuple[Entry, ...] | str | None = None
    checked: bool = True

    def first_kinds(self) -> dict[str, str]:
        """Kinds of the first item's fields; empty when it is not an object."""
        return {entry.key: entry.kind for entry in self.first} if isinstance(self.first, tuple) else {}


@dataclass(frozen=True)
class Outline:
    """What the top level is. `end` is -1 for an array, which is checked to its end only by `columns`."""

    kind: Literal["null", "boolean", "number", "string", "array", "object", "nonfinite"]
    start: int
    end: int
    entries: tuple[Entry, ...] | str | None

    def by_key(self) -> dict[str, Entry]:
        """Entries of a top-level object, or of the first record of a top-level array; a repeated key once."""
        return {entry.key: entry for entry in self.entries} if isinstance(self.entries, tuple) else {}

    def repeated(self) -> list[str]:
        """Keys of the top-level object that stand there twice."""
        if not isinstance(self.entries, tuple):
            return []
        counts = Counter(entry.key for entry in self.entries)
        return [key for key, count in counts.items() if count > 1]


_SYNTAX = {
    "junk": "has more text after the end of the document",
    "trailing_comma": "has a comma before a closing bracket",
    "comment": "has a comment, which JSON does not allow",
    "unexpected": "holds a character that JSON does not allow here",
    "control": "has an unescaped control character in a string",
    "escape": "has a malformed escape in a string",
    "number": "has a malformed number",
}
_LIMITED = {
    "depth": ("is nested deeper than allowed", "levels"),
    "keys": ("has an object with more keys than allowed", "keys"),
    "records": ("has more records than allowed", "records"),
    "numbers": ("has more numbers than allowed", "numbers"),
}


def stop_error(
    stop: _kernels.JsonStop, data: bytes, name: str, allowed: Mapping[str, int], origin: Origin | None = None
) -> PosevalError:
    """The error for a text that could not be read on: P200 empty, P210 syntax, P211 encoding, P502 limits."""
    kind, offset = cast("tuple[str, int]", stop.args)
    line, byte = (line_of(data, offset), offset) if origin is None else origin.place(offset)
    where = f"{name}: line {line}, byte {byte}"
    if kind in _LIMITED:
        return limited(kind, where, allowed[kind])
    if kind == "encoding":
        return FormatError("P211", where=where, what="is not UTF-8", hint="save the file as UTF-8")
    if kind == "truncated" or (origin is not None and origin.is_behind(offset)):
        if not data.strip(b" \t\r\n\xef\xbb\xbf"):
            return FormatError("P200", where=name, what="is empty", wanted="a JSON document")
        return FormatError("P210", where=where, what="ends in the middle of the document (truncated)")
    found = shown(data[offset : offset + 1].decode("latin-1"))
    return FormatError(
        "P210", where=where, what=f"{_SYNTAX[kind]} ({found!r})" if found else _SYNTAX[kind], wanted="JSON"
    )


def limited(kind: str, where: str, most: int) -> LimitError:
    """The error P502 for a text that has more levels, keys, records or numbers (`kind`) than allowed."""
    what, unit = _LIMITED[kind]
    hint = to_raise("people" if kind == "records" else kind, 2 * most, known=False)
    return LimitError("P502", where=where, what=what, wanted=f"at most {most:,} {unit}", hint=hint)


def line_of(data: bytes, offset: int) -> int:
    """Line, from 1, that holds the byte at `offset`.

    Raises:
        ValueError: the text has no such byte, nor ends there.
    """
    return _kernels.line_of(data, offset)


def outline(
    data: bytes, *, name: str = "<memory>", limits: Limits = DEFAULT, origin: Origin | None = None
) -> Outline:
    """What the JSON text holds, and where, without building it.

    An object is checked and walked to its end, but for long lists of records in it (`Entry.checked`). Of an
    array only the first element is read. `origin` is where a text that was made stands in its file.

    Raises:
        FormatError: P200 empty, P210 not JSON, P211 not UTF-8.
        LimitError: P502 nested too deep or too many keys.
    """
    try:
        found = _kernels.json_outline(data, limits.depth, limits.keys)
    except _kernels.JsonStop as stop:
        allowed = {"depth": limits.depth, "keys": limits.keys}
        raise stop_error(stop, data, name, allowed, origin) from None
    return Outline(found["kind"], found["start"], found["end"], _entries(found["entries"]))


def check(data: bytes, entry: Entry, *, name: str = "<memory>", limits: Limits = DEFAULT) -> None:
    """Checks a value of the top-level object that `outline` has not.

    Raises:
        FormatError: P210 not JSON, P211 not UTF-8.
        LimitError: P502 nested too deep or too many keys.
    """
    try:
        _kernels.json_check(data, entry.start, 1, limits.depth, limits.keys)
    except _kernels.JsonStop as stop:
        allowed = {"depth": limits.depth, "keys": limits.keys}
        raise stop_error(stop, data, name, allowed) from None


def _entries(raw: Any) -> tuple[Entry, ...] | str | None:
    if not isinstance(raw, list):
        return cast("str | None", raw)
    return tuple(
        Entry(key, kind, start, end, items, _entries(first), checked)
        for key, kind, start, end, items, first, checked in raw
    )
