"""Thrift's compact protocol, by hand and against PyArrow's reading of a footer."""

from __future__ import annotations

import io

import pytest

from poseval.datasets.containers.thrift import Compact
from poseval.datasets.native.parquet import (
    CODEC,
    CODECS,
    COLUMN_DETAILS,
    GROUP_BYTES,
    GROUP_COLUMNS,
    ROW_GROUPS,
    ROWS,
    UNPACKED_BYTES,
    VALUES,
)


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        (b"\x00", {}),
        (b"\x15\x02\x16\x03\x00", {1: 1, 2: -2}),  # whole numbers of 32 and 64 bits
        (b"\x06\x90\x03\x02\x00", {200: 1}),  # the number of a field that stands alone
        (b"\x16\xac\x02\x00", {1: 150}),
        (b"\x11\x12\x00", {1: True, 2: False}),
        (b"\x18\x03abc\x00", {1: b"abc"}),
        (b"\x19\x25\x02\x04\x00", {1: [1, 2]}),
        (b"\x1b\x01\x85\x01a\x02\x00", {1: [(b"a", 1)]}),
        (b"\x1b\x00\x00", {1: []}),
        (b"\x1c\x15\x02\x00\x00", {1: {1: 1}}),
        (b"\x17" + b"\x01" * 8 + b"\x00", {1: b"\x01" * 8}),
        (b"\x15\x02\x05\x02\x04\x00", {1: 2}),  # a field that stands twice
    ],
)
def test_by_hand(data: bytes, fields: dict[int, object]) -> None:
    assert Compact(data, 8).struct() == fields


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x15",
        b"\x15\x02",
        b"\x1d\x00",
        b"\x18\x05ab\x00",
        b"\x19\xf5\xff\xff\xff\xff\x0f\x00",
        b"\x1b\xff\xff\x03\x55\x00",
        b"\x16" + b"\xff" * 12 + b"\x00",
        b"\x1c" * 20 + b"\x00" * 21,
    ],
)
def test_what_is_no_struct_ends_at_once(data: bytes) -> None:
    with pytest.raises((ValueError, IndexError)):
        Compact(data, 8).struct()


def test_a_footer_is_read_as_pyarrow_reads_it() -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = arrow.table({"a": [1.5, 2.5, 3.5], "b": ["x", "yy", "x"], "c": [[1, 2], [3], []]})
    stream = io.BytesIO()
    parquet.write_table(table, stream, row_group_size=2, compression={"a": "GZIP", "b": "SNAPPY"})
    data = stream.getvalue()
    footer = Compact(data[-8 - int.from_bytes(data[-8:-4], "little") : -8], 32).struct()
    theirs = parquet.ParquetFile(io.BytesIO(data)).metadata
    assert footer[ROWS] == theirs.num_rows == 3
    assert len(footer[ROW_GROUPS]) == theirs.num_row_groups == 2
    for at, group in enumerate(footer[ROW_GROUPS]):
        assert group[GROUP_BYTES] == theirs.row_group(at).total_byte_size
        for number, column in enumerate(group[GROUP_COLUMNS]):
            details, other = column[COLUMN_DETAILS], theirs.row_group(at).column(number)
            assert CODECS[details[CODEC]] == other.compression
            assert details[VALUES] == other.num_values
            assert details[UNPACKED_BYTES] == other.total_uncompressed_size
