"""The fields of a JSON list over all its records, because the first record may lack some.

Formats are recognised by the first record, which is read without the rest. A task that nobody annotated, or a
frame in which nobody was found, may stand there and lack what others have.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from poseval.datasets.files.document import Document
from poseval.errors import InputError
from poseval.kernels import json as kernel
from poseval.kernels import json_outline
from poseval.kernels.json_outline import Entry, Outline


def widened(document: Document) -> Outline | None:
    """The outline of a list with the fields that its first record lacks or leaves empty; never raises.

    Each field is taken from the first record that has it. None if no field is added.
    """
    outline = document.outline
    if outline.kind != "array" or not isinstance(outline.entries, tuple):
        return None
    there = {entry.key for entry in outline.entries if not _is_empty(entry)}
    try:
        found = _columns(document, ())
        names = [name for name in found.unknown if name not in there]
        spans = _columns(document, tuple(kernel.span(name) for name in names))
        more = [entry for name in names if (entry := _first(document, spans, name)) is not None]
    except InputError:
        return None
    if not more:
        return None
    given = {entry.key for entry in more}
    return replace(outline, entries=(*(e for e in outline.entries if e.key not in given), *more))


def _columns(document: Document, fields: tuple[kernel.Field, ...]) -> kernel.Columns:
    return kernel.columns(
        document.data,
        fields,
        start=document.outline.start,
        depth=0,
        last=True,
        name=document.name,
        limits=document.limits,
        end=document.outline.end,
    )


def _first(document: Document, table: kernel.Columns, name: str) -> Entry | None:
    """The field in the first record where it holds something, else in the first that has it."""
    empty = None
    spans = table[name].values.reshape(-1, 2)
    for start, end in spans[np.flatnonzero(spans[:, 0] >= 0)].tolist():
        inner = json_outline.outline(document.data[start:end], name=document.name, limits=document.limits)
        entry = _entry(name, inner, start, end)
        if not _is_empty(entry):
            return entry
        empty = empty or entry
    return empty


def _entry(name: str, inner: Outline, start: int, end: int) -> Entry:
    if inner.kind != "array":
        return Entry(name, inner.kind, start, end)
    return Entry(name, "array", start, end, int(inner.entries is not None), inner.entries)


def _is_empty(entry: Entry) -> bool:
    return entry.kind == "null" or (entry.kind == "array" and not entry.items)
