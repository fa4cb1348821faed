"""Comma-separated tables whose rows have fewer or more cells than columns, or that have no end of columns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from poseval.datasets import ReadOptions, Role, read
from poseval.errors import PosevalError
from poseval.limits import DEFAULT
from poseval.scoring.groups import read_groups
from poseval.scoring.slice_tables import read_slices
from tests.fuzz import formats
from tests.hostile.limited import poseval, see_refused
from tests.hostile.made import results, truth, write

VIA = "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes"
READERS: dict[str, tuple[str, str, Callable[[Path], object]]] = {
    "groups": ("frame,group", "P223", lambda path: read_groups(path, DEFAULT)),
    "slices": ("frame,group", "P223", lambda path: read_slices(path, DEFAULT)),
    "via": (VIA, "P270", lambda path: read(path, ReadOptions(Role.TRUTH), "via")),
}
TABLES: dict[str, Callable[[str], str]] = {
    "many columns": lambda head: head + ",x" * 100_000 + "\n" + "1,a\n" * 4000,
    "missing cells": lambda head: head + ",x" * 900 + "\n" + "1,a\n" * 4000,
    "a cell too many": lambda head: f"{head}\n1{',a' * (head.count(',') + 1)}\n",
    "a cell too few": lambda head: f"{head}\n1{',a' * (head.count(',') - 1)}\n",
    "an open quote": lambda head: f'{head}\n"1,a\n',
    "a long cell": lambda head: f"{head}\n{'a' * 200_000}{',a' * head.count(',')}\n",
}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("reader", READERS)
def test_09_rows_have_a_cell_for_each_column(
    reader: str, table: Callable[[str], str], tmp_path: Path
) -> None:
    header, code, take = READERS[reader]
    path = tmp_path / "a.csv"
    path.write_text(table(header))
    with pytest.raises(PosevalError) as caught, formats.within_seconds():
        take(path)
    assert caught.value.code == code
    assert "P" in formats.printable_code(caught.value)


def test_a_severity_of_thousands_of_digits_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"frame,severity\na,{'1' * 5000}\n")
    with pytest.raises(PosevalError) as caught:
        read_slices(path, DEFAULT)
    assert caught.value.code == "P223"


def test_empty_lines_quotes_and_more_columns_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('\nframe,"group",note\r\n\r\n"a, b",1,\r\nc,"two\nlines",x\r\n')
    assert read_groups(path, DEFAULT) == {"a, b": "1", "c": "two\nlines"}


def test_groups_with_more_columns_than_any_under_limits(tmp_path: Path) -> None:
    write(tmp_path / "gt.json", truth())
    write(tmp_path / "dt.json", results())
    (tmp_path / "g.csv").write_text("frame,group" + ",x" * 100_000 + "\n" + "1,a\n" * 400)
    ended = poseval(
        ["score", "dt.json", "--gt", "gt.json", "--ci", "95", "--cluster", "g.csv"], folder=tmp_path
    )
    see_refused(ended, "P223")
