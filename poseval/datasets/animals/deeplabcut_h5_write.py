"""A table of DeepLabCut in pandas' form `fixed`, written with h5py alone.

Source: pandas `io/pytables.py` and PyTables' attributes. Texts in attributes are marked as UTF-8: PyTables
gives others back as bytes, which pandas does not understand. `N.` is a pickled None.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from poseval.datasets.animals.deeplabcut_table import Table
from poseval.poses import Array

LEVELS = ("scorer", "individuals", "bodyparts", "coords")
KEY = "df_with_missing"


def fill(file: Any, table: Table) -> None:
    """Put the table into an empty file."""
    _mark(file, "GROUP", "1.0")
    _say(file, "PYTABLES_FORMAT_VERSION", "2.1")
    group = file.create_group(KEY)
    _mark(group, "GROUP", "1.0")
    for name, value in (
        ("pandas_type", "frame"),
        ("encoding", "UTF-8"),
        ("errors", "strict"),
        ("axis0_variety", "multi"),
        ("axis1_variety", "regular"),
        ("block0_items_variety", "multi"),
    ):
        _say(group, name, value)
    group.attrs["ndim"], group.attrs["nblocks"] = np.int64(2), np.int64(1)
    single = all(individual == "" for _, individual, _, _ in table.header)
    levels = [at for at in range(4) if not (single and at == 1)]
    for axis in ("axis0", "block0_items"):
        group.attrs[f"{axis}_nlevels"] = np.int64(len(levels))
        for number, at in enumerate(levels):
            _level(group, axis, number, [column[at] for column in table.header], LEVELS[at])
    index = _texts(group, "axis1", list(table.index))
    index.attrs["name"] = np.bytes_(b"N.")
    _array(group, "block0_values", np.ascontiguousarray(table.values))


def _say(node: Any, name: str, text: str) -> None:
    """An attribute of UTF-8 text."""
    import h5py

    raw = text.encode()
    kind = h5py.string_dtype("utf-8", max(len(raw), 1))
    if raw:
        node.attrs.create(name, raw, dtype=kind)
    else:
        node.attrs[name] = h5py.Empty(kind)


def _mark(node: Any, kind: str, version: str) -> None:
    for name, value in (("CLASS", kind), ("TITLE", ""), ("VERSION", version)):
        _say(node, name, value)


def _array(group: Any, name: str, values: Array) -> Any:
    node = group.create_dataset(name, data=values)
    _mark(node, "ARRAY", "2.4")
    _say(node, "FLAVOR", "numpy")
    node.attrs["transposed"] = np.uint8(1)
    return node


def _level(group: Any, axis: str, number: int, names: list[str], title: str) -> None:
    """One level of the columns' names: its words, and which of them each column has."""
    words = list(dict.fromkeys(names))
    level = _texts(group, f"{axis}_level{number}", words)
    _say(level, "name", title)
    _say(level, f"{axis}_name{title}", title)
    place = {word: at for at, word in enumerate(words)}
    codes = np.asarray([place[name] for name in names], dtype=np.int64)
    _array(group, f"{axis}_label{number}", codes)


def _texts(group: Any, name: str, words: list[str]) -> Any:
    raw = [word.encode("utf-8", "surrogateescape") for word in words]
    longest = max([len(word) for word in raw], default=1) or 1
    node = _array(group, name, np.asarray(raw, dtype=f"S{longest}"))
    _say(node, "kind", "string")
    _say(node, "nan_rep", "")
    return node
