"""A table of DeepLabCut in pandas' form `fixed`, written with h5py alone."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from poseval.datasets.deeplabcut_table import Table
from poseval.errors import MissingFeature, shown

LEVELS = ("scorer", "individuals", "bodyparts", "coords")


def content(table: Table, where: str) -> bytes:
    """The bytes of the file.

    Raises:
        MissingFeature: P601 without h5py.
    """
    try:
        import h5py
    except ImportError:
        raise MissingFeature(
            "P601",
            where=shown(where),
            what="is HDF5, and h5py is not installed",
            wanted="the extra `formats`",
            hint="pip install 'poseval[formats]'",
        ) from None
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        _mark(file, "GROUP", "1.0")
        file.attrs["PYTABLES_FORMAT_VERSION"] = np.bytes_(b"2.1")
        group = file.create_group("df_with_missing")
        _mark(group, "GROUP", "1.0")
        for name, value in (
            ("pandas_type", b"frame"),
            ("pandas_version", b"0.15.2"),
            ("encoding", b"UTF-8"),
            ("errors", b"strict"),
            ("axis0_variety", b"multi"),
            ("axis1_variety", b"regular"),
            ("block0_items_variety", b"multi"),
        ):
            group.attrs[name] = np.bytes_(value)
        group.attrs["ndim"], group.attrs["nblocks"] = np.int64(2), np.int64(1)
        single = all(individual == "" for _, individual, _, _ in table.header)
        levels = [at for at in range(4) if not (single and at == 1)]
        for axis in ("axis0", "block0_items"):
            group.attrs[f"{axis}_nlevels"] = np.int64(len(levels))
            for number, at in enumerate(levels):
                _level(
                    group,
                    f"{axis}_level{number}",
                    f"{axis}_label{number}",
                    [c[at] for c in table.header],
                    LEVELS[at],
                )
                group.attrs[f"{axis}_name{number}"] = np.bytes_(LEVELS[at].encode())
        _texts(group, "axis1", list(table.index), "N.")
        values = group.create_dataset("block0_values", data=np.ascontiguousarray(table.values))
        _mark(values, "ARRAY", "2.4")
        values.attrs["transposed"] = np.bool_(True)
    return out.getvalue()


def _mark(node: Any, kind: str, version: str) -> None:
    for name, value in (("CLASS", kind), ("TITLE", ""), ("VERSION", version)):
        node.attrs[name] = np.bytes_(value.encode())


def _level(group: Any, level: str, label: str, names: list[str], title: str) -> None:
    words = list(dict.fromkeys(names))
    _texts(group, level, words, "N.")
    codes = group.create_dataset(
        label, data=np.asarray([words.index(name) for name in names], dtype=np.int64)
    )
    _mark(codes, "ARRAY", "2.4")
    group[level].attrs["name"] = np.bytes_(title.encode())


def _texts(group: Any, name: str, words: list[str], title: str) -> None:
    raw = [word.encode("utf-8", "surrogateescape") for word in words]
    data = np.asarray(raw, dtype=f"S{max([len(word) for word in raw], default=1) or 1}")
    node = group.create_dataset(name, data=data)
    _mark(node, "ARRAY", "2.4")
    node.attrs["kind"] = np.bytes_(b"string")
    node.attrs["name"] = np.bytes_(title.encode())
