"""Columns from JSON: the Python interface of `json_columns.cpp`.

`columns` reads an array of objects into NumPy columns by a declared schema, `json_outline` says what a file
holds and where. Neither builds a tree: depth, keys, records and numbers are bounded while the text is read.
Both are tolerant of key order, white space, unknown fields and escapes, and of the byte order mark; anything
that is not JSON in UTF-8 is refused with its byte and line. `NaN` and `Infinity` are passed over in fields
that nobody reads, and are faults in the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from poseval.kernels import _kernels
from poseval.kernels.json_outline import Origin, stop_error
from poseval.limits import DEFAULT, Limits, check_texts

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
    origin: Origin | None = None,
) -> Columns:
    """Reads the array of objects that starts at byte `start` into columns.

    `depth` is how many arrays and objects enclose that array; `last` says that nothing may follow it. At most
    `max_records` records (default: the limit on people). The result depends neither on `threads` (0:
    POSEVAL_NUM_THREADS, or the processors) nor on `stretch`, the bytes that one reads at a time, nor on
    `end`, where the array is expected to end (-1: with the text): no thread looks behind it. `origin` is
    where a text that was made stands in its file.

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
        raise stop_error(stop, data, name, allowed, origin) from None
    return _columns(raw)


def cut_short(data: bytes, limits: Limits = DEFAULT) -> bool:
    """Whether an array of objects that could not be read only ends too early."""
    allowed = (limits.depth, limits.keys, limits.people, limits.numbers, limits.text_bytes)
    try:
        _kernels.json_columns(data, 0, 0, True, [], allowed, 0, STRETCH, -1)
    except _kernels.JsonStop as stop:
        return bool(stop.args[0] == "truncated")
    return False


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
