"""Columns from JSON: the Python interface of `json_columns.cpp`.

`outline` says what a file holds and where, `columns` reads an array of objects into NumPy columns by a
declared schema. Neither builds a tree: depth, keys, records and numbers are bounded while the text is read.
Both are tolerant of key order, white space, unknown fields and escapes, and of the byte order mark; anything
that is not JSON in UTF-8 is refused with its byte and line. `NaN` and `Infinity` are passed over in fields
that nobody reads, and are faults in the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from poseval.errors import FormatError, LimitError, PosevalError, shown
from poseval.kernels import _kernels
from poseval.limits import DEFAULT, Limits, check_texts, to_raise

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

WINDOW = 2 << 20  # bytes of a file that are held at a time, twice; they stay in the processor's own memory
STRETCH = 4 << 20  # bytes; long against the start of a thread, small against a file
# Values of `Column.mark`.
ABSENT, GIVEN = _kernels.MARK_ABSENT, _kernels.MARK_GIVEN
NULL, TEXT = _kernels.MARK_NULL, _kernels.MARK_TEXT


@dataclass(frozen=True)
class Field:
    """One field to read, made by the functions below.

    `nullable` is (stride, at): `null` in a list is NaN where index % stride == at, and a fault elsewhere; as
    the whole value it is "not given".
    """

    name: str
    type: str = "number"
    shape: str = "one"
    length: int = 0
    stride: int = 1
    head: int = 1
    nullable: tuple[int, int] = (0, 0)
    fields: tuple[Field, ...] = ()

    def spec(self) -> tuple[Any, ...]:
        """The tuple that the compiled module reads."""
        return (
            self.name,
            self.type,
            self.shape,
            self.length,
            self.stride,
            self.head,
            *self.nullable,
            [inner.spec() for inner in self.fields],
        )


def _nulls(nullable: bool) -> tuple[int, int]:
    return (1, 0) if nullable else (0, 0)


def number(name: str, *, nullable: bool = False) -> Field:
    """A finite number: `values` [N] float64, NaN where absent."""
    return Field(name, "number", nullable=_nulls(nullable))


def integer(name: str, *, nullable: bool = False) -> Field:
    """An exact 64-bit integer (1.0 is 1): `values` [N] int64, -1 where absent."""
    return Field(name, "integer", nullable=_nulls(nullable))


def flag(name: str) -> Field:
    """true, false, 0 or 1: `values` [N] int64, -1 where absent."""
    return Field(name, "flag")


def text(name: str, *, nullable: bool = False) -> Field:
    """A string: `codes` [N] into `words`, -1 where absent."""
    return Field(name, "text", nullable=_nulls(nullable))


def identifier(name: str) -> Field:
    """An integer (`values`) or a string (`codes`, mark TEXT)."""
    return Field(name, "id")


def span(name: str) -> Field:
    """Any value, unread: `values` [2 N] byte offsets of its start and end, -1 where absent."""
    return Field(name, "span")


def fixed(name: str, length: int, *, nullable: bool = False) -> Field:
    """A list of `length` numbers: `values` [N * length], NaN where absent. Nullable: `[]` says absent too."""
    return Field(name, "number", "fixed", length=length, nullable=_nulls(nullable))


def ragged(name: str, *, nullable: bool = False) -> Field:
    """A list of numbers: `values` [M], `start` [N + 1]."""
    return Field(name, "number", "list", nullable=_nulls(nullable))


def points(name: str, stride: int = 3, null_at: int | None = None) -> Field:
    """A flat list of points of `stride` numbers, as COCO keypoints: x0 y0 v0 x1 y1 v1 ...

    `values` [M * 2] holds the first two numbers of each point, `tail` [M * (stride - 2)] the others and
    `start` [N + 1] counts points. `null` is NaN at place `null_at` of a point only.
    """
    nullable = (0, 0) if null_at is None else (stride, null_at)
    return Field(name, "number", "list", stride=stride, head=2, nullable=nullable)


def nested(name: str, *, nullable: bool = False) -> Field:
    """A list of lists of numbers: `values` [M], `inner` [L + 1] cuts them, `start` [N + 1] cuts the lists."""
    return Field(name, "number", "lists", nullable=_nulls(nullable))


def records(name: str, fields: Sequence[Field], *, nullable: bool = False) -> Field:
    """A list of objects: `records` holds their columns, `start` [N + 1] cuts its rows."""
    return Field(name, "records", nullable=_nulls(nullable), fields=tuple(fields))


@dataclass(frozen=True, eq=False)
class Column:
    """The values of one field in N records; which parts are filled depends on the field (see above)."""

    mark: NDArray[np.uint8]  # [N] ABSENT, GIVEN, NULL or TEXT
    values: Any = None
    tail: Floats = None  # type: ignore[assignment]
    start: Ints = None  # type: ignore[assignment]
    inner: Ints = None  # type: ignore[assignment]
    codes: Ints = None  # type: ignore[assignment]
    words: tuple[str, ...] = ()
    records: Columns | None = None

    @property
    def given(self) -> Bools:
        """Whether each record [N] has a value that is not null."""
        return cast(Bools, (self.mark == GIVEN) | (self.mark == TEXT))

    @property
    def lengths(self) -> Ints:
        """[N] how many entries each list has."""
        return np.diff(self.start)

    def strings(self) -> NDArray[np.str_]:
        """[N] the texts as a NumPy array; empty where there is none.

        Raises:
            LimitError: P507 one of them is so long that the array would not fit.
        """
        check_texts(len(self.codes), max(map(len, self.words), default=0), "texts")
        return np.asarray([*self.words, ""], dtype=np.str_)[self.codes]


@dataclass(frozen=True)
class RawFault:
    """One wrong value, as reported by the compiled module.

    kind is one of type, nonfinite, null, repeated, length, fraction, range, flag, long_text; `field` is empty
    when the record itself is not an object; `found` is the kind of value for `type`, `number` the length for
    `length`.
    """

    kind: str
    field: str
    record: int
    element: int
    offset: int
    found: str
    number: int


@dataclass(frozen=True, eq=False)
class Columns:
    """An array of objects as columns. `offset` [N] is the byte at which each record starts."""

    count: int
    offset: Ints
    columns: Mapping[str, Column]
    faults: tuple[RawFault, ...] = ()
    fault_counts: Mapping[tuple[str, str], int] = field(default_factory=dict)  # (field, kind)
    unknown: Mapping[str, int] = field(default_factory=dict)
    unknown_rest: int = 0  # keys beyond the first few hundred names
    end: int = -1

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]


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


def stop_error(stop: _kernels.JsonStop, data: bytes, name: str, allowed: Mapping[str, int]) -> PosevalError:
    """The error for a text that could not be read on: P200 empty, P210 syntax, P211 encoding, P502 limits."""
    kind, offset = cast("tuple[str, int]", stop.args)
    where = f"{name}: line {line_of(data, offset)}, byte {offset}"
    if kind in _LIMITED:
        what, unit = _LIMITED[kind]
        most = allowed[kind]
        hint = to_raise("people" if kind == "records" else kind, 2 * most, known=False)
        return LimitError("P502", where=where, what=what, wanted=f"at most {most:,} {unit}", hint=hint)
    if kind == "encoding":
        return FormatError("P211", where=where, what="is not UTF-8", hint="save the file as UTF-8")
    if kind == "truncated":
        if not data.strip(b" \t\r\n\xef\xbb\xbf"):
            return FormatError("P200", where=name, what="is empty", wanted="a JSON document")
        return FormatError("P210", where=where, what="ends in the middle of the document (truncated)")
    found = shown(data[offset : offset + 1].decode("latin-1"))
    return FormatError(
        "P210", where=where, what=f"{_SYNTAX[kind]} ({found!r})" if found else _SYNTAX[kind], wanted="JSON"
    )


def line_of(data: bytes, offset: int) -> int:
    """Line, from 1, that holds the byte at `offset`.

    Raises:
        ValueError: the text has no such byte, nor ends there.
    """
    return _kernels.line_of(data, offset)


def outline(data: bytes, *, name: str = "<memory>", limits: Limits = DEFAULT) -> Outline:
    """What the JSON text holds, and where, without building it.

    An object is checked and walked to its end, but for long lists of records in it (`Entry.checked`). Of an
    array only the first element is read.

    Raises:
        FormatError: P200 empty, P210 not JSON, P211 not UTF-8.
        LimitError: P502 nested too deep or too many keys.
    """
    try:
        found = _kernels.json_outline(data, limits.depth, limits.keys)
    except _kernels.JsonStop as stop:
        allowed = {"depth": limits.depth, "keys": limits.keys}
        raise stop_error(stop, data, name, allowed) from None
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


def columns(
    data: bytes,
    fields: Sequence[Field],
    *,
    start: int = 0,
    depth: int = 0,
    last: bool = False,
    name: str = "<memory>",
    limits: Limits = DEFAULT,
    max_records: int | None = None,
    threads: int = 0,
    stretch: int = STRETCH,
    end: int = -1,
) -> Columns:
    """Reads the array of objects that starts at byte `start` into columns.

    `depth` is how many arrays and objects enclose that array; `last` says that nothing may follow it. At most
    `max_records` records (default: the limit on people). The result depends neither on `threads` (0:
    POSEVAL_NUM_THREADS, or the processors) nor on `stretch`, the bytes that one reads at a time, nor on
    `end`, where the array is expected to end (-1: with the text): no thread looks behind it.

    Raises:
        FormatError: P210 not JSON, P211 not UTF-8.
        LimitError: P502 too deep, or too many keys, records or numbers.
    """
    allowed = {
        "depth": limits.depth,
        "keys": limits.keys,
        "records": limits.people if max_records is None else max_records,
        "numbers": limits.numbers,
    }
    try:
        raw = _kernels.json_columns(
            data,
            start,
            depth,
            last,
            [item.spec() for item in fields],
            (allowed["depth"], allowed["keys"], allowed["records"], allowed["numbers"], limits.text_bytes),
            threads,
            stretch,
            end,
        )
    except _kernels.JsonStop as stop:
        raise stop_error(stop, data, name, allowed) from None
    return _columns(raw)


def file_columns(
    handle: int,
    size: int,
    fields: Sequence[Field],
    digest: Callable[[memoryview], object],
    *,
    start: int = 0,
    limits: Limits = DEFAULT,
    max_records: int | None = None,
    window: int = WINDOW,
) -> Columns | None:
    """Reads the array of objects that an open file of `size` bytes ends with into columns, part by part.

    The array starts at byte `start`. `digest` gets every byte of the file, in order. Only two parts of the
    file are held, of `window` bytes each. None where it is not as usual: not JSON, beyond a limit, with a
    record longer than a part, or shorter than `size`. Then reading it as a whole tells what is wrong.
    """
    most = limits.people if max_records is None else max_records
    raw = _kernels.json_file_columns(
        handle,
        size,
        start,
        [item.spec() for item in fields],
        (limits.depth, limits.keys, most, limits.numbers, limits.text_bytes),
        window,
        digest,
    )
    return None if raw is None else _columns(raw)


def _columns(raw: dict[str, Any]) -> Columns:
    made = {}
    for name, parts in raw["columns"].items():
        inner = parts.get("records")
        words = tuple(parts.get("words", ()))
        made[name] = Column(
            **{**parts, "words": words, "records": None if inner is None else _columns(inner)}
        )
    return Columns(
        count=raw["count"],
        offset=raw["offset"],
        columns=made,
        faults=tuple(RawFault(*fault) for fault in raw["faults"]),
        fault_counts={(name, kind): count for name, kind, count in raw["fault_counts"]},
        unknown=dict(raw["unknown"]),
        unknown_rest=raw["unknown_rest"],
        end=raw.get("end", -1),
    )


def walk(table: Columns, path: str = "") -> Iterator[tuple[Columns, str]]:
    """The table and the tables nested in it, each with its path, e.g. `` and `people`."""
    yield table, path
    for name, column in table.columns.items():
        if column.records is not None:
            yield from walk(column.records, f"{path}.{name}" if path else name)
