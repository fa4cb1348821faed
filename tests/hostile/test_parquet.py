"""Row 20 of the table of attacks: Parquet files that promise more than they hold, or hold other columns."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval import datasets
from poseval.datasets import Role, WriteOptions
from tests.datasets.posetrack_sets import random_set
from tests.hostile.limited import poseval, run_limited, see_refused
from tests.hostile.made import results, write

arrow = pytest.importorskip("pyarrow", reason="needs pyarrow")
parquet = pytest.importorskip("pyarrow.parquet", reason="needs pyarrow")
MANY = 120_000_000  # more than the limit on numbers


def column(table: Any, name: str, values: Any) -> Any:
    """The table with one column exchanged."""
    return table.set_column(table.column_names.index(name), name, values)


def nulls_in_a_list(table: Any) -> Any:
    """One row holds so many values, in some kilobytes."""
    many = arrow.nulls(MANY, arrow.null())
    offsets = arrow.array([0] * table.num_rows + [MANY], arrow.int32())
    return column(table, "people.xy", arrow.ListArray.from_arrays(offsets, many))


def texts_in_place_of_numbers(table: Any) -> Any:
    return column(table, "people.area", arrow.array(["=1+1"] * table.num_rows))


def structures(table: Any) -> Any:
    return column(table, "people.area", arrow.array([{"path": "/etc/passwd"}] * table.num_rows))


def a_list_of_lists(table: Any) -> Any:
    return column(table, "people.box", arrow.array([[[1.0] * 4]] * table.num_rows))


def many_rows(table: Any) -> Any:
    names = {"people.frame": arrow.nulls(MANY, arrow.null())}
    return arrow.table(names).replace_schema_metadata(table.schema.metadata)


def described(table: Any, name: str) -> Any:
    """The table with the description of a column of one value a row."""
    metadata = dict(table.schema.metadata)
    with np.load(io.BytesIO(base64.b64decode(metadata[b"poseval.tables"]))) as old:
        rest = {**old, f"shape.{name}": np.zeros(0, np.int64)}
    out = io.BytesIO()
    np.savez_compressed(out, **rest)
    return table.replace_schema_metadata({**metadata, b"poseval.tables": base64.b64encode(out.getvalue())})


def a_long_text_in_every_row(table: Any) -> Any:
    """200,000 rows of one text of 100 kB, which is in the file once."""
    many = table.take(arrow.array([0] * 200_000, arrow.int32()))
    texts = arrow.DictionaryArray.from_arrays(
        arrow.array([0] * len(many), arrow.int32()), arrow.array(["x" * 100_000])
    )
    return described(many.append_column("people.extra.tag", texts), "people.extra.tag")


def a_column_of_another_program(table: Any) -> Any:
    return table.append_column("more", arrow.array(["y" * 40_000_000] + [""] * (table.num_rows - 1)))


def much_text(table: Any) -> Any:
    texts = arrow.array(["y" * 400_000_000] + [""] * (table.num_rows - 1))
    return described(table.append_column("people.extra.tag", texts), "people.extra.tag")


def packed_otherwise(table: Any) -> Any:
    """Zeros that Zstandard packs 10,000 to 1."""
    many = table.take(arrow.array([0] * 400_000, arrow.int32()))
    return many.replace_schema_metadata(table.schema.metadata)


def make(change: str, path: Path) -> None:
    """Write a sound file and change it; in a process of its own, because it takes memory."""
    datasets.get_format("parquet").write(random_set(1, predictions=False), path, WriteOptions(Role.TRUTH))
    packing = "zstd" if change == "packed_otherwise" else "snappy"
    parquet.write_table(globals()[change](parquet.read_table(path)), path, compression=packing)


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        (many_rows, "P502"),
        (nulls_in_a_list, "P502"),
        (texts_in_place_of_numbers, "P270"),
        (structures, "P270"),
        (a_list_of_lists, "P270"),
        (a_long_text_in_every_row, "P507"),
        (a_column_of_another_program, "P270"),
        (much_text, "P502"),
        (packed_otherwise, "P270"),
    ],
)
def test_20_columns_of_another_size_or_kind(change: Callable[[Any], Any], codes: str, tmp_path: Path) -> None:
    path = tmp_path / "gt.parquet"
    call = f"from {__name__} import *; make({change.__name__!r}, Path({str(path)!r}))"
    made = run_limited(["-c", call], folder=tmp_path, space=8 << 30, seconds=60)
    assert made.status == 0, made.err
    assert path.stat().st_size < 30_000_000
    write(tmp_path / "dt.json", results())
    see_refused(poseval(["score", "dt.json", "--gt", "gt.parquet"], folder=tmp_path), codes)
