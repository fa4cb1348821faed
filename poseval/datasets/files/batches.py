"""Many small files scanned as one list: a folder with a file for each frame costs little more than its bytes.

What is odd is left alone here. The reader then goes file by file, and finds the words and the place for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate

import numpy as np

from poseval.datasets.files.document import Document
from poseval.errors import InputError
from poseval.kernels import json as kernel
from poseval.limits import MIB

FILES, BYTES = 512, 16 * MIB  # of a batch, so that a folder of any size takes little memory


def batches(named: Iterable[tuple[str, Document]]) -> Iterator[tuple[list[str], list[Document]]]:
    """Documents and their names in order, some at a time."""
    names, documents, size = list[str](), list[Document](), 0
    for name, document in named:
        names.append(name)
        documents.append(document)
        size += len(document.data)
        if len(names) == FILES or size >= BYTES:
            yield names, documents
            names, documents, size = [], [], 0
    if names:
        yield names, documents


def together(
    documents: Sequence[Document],
    fields: Sequence[kernel.Field],
    key: str = "",
    as_json: Callable[[bytes], bytes] = bytes,
) -> tuple[kernel.Columns, bytes] | None:
    """A record [F] for each document, and the text that spans point into; None if anything in it is odd.

    Each document is an object, or with a `key` any value, which becomes the field of that name; `as_json`
    makes JSON of it first. Fields that were not asked for are counted as unread in the first document.
    """
    front, back = (b'{"%s":' % key.encode(), b"}") if key else (b"", b"")
    parts = [front + as_json(document.data) + back for document in documents]
    text = b"[" + b",".join(parts) + b"]"
    begin = np.fromiter(accumulate((len(part) + 1 for part in parts), initial=1), dtype=np.int64)
    limits, around = documents[0].limits, 1 + bool(key)
    try:
        table = kernel.columns(text, fields, last=True, limits=replace(limits, depth=limits.depth + around))
    except InputError:
        return None
    if table.count != len(documents):
        return None
    if (table.offset < begin[:-1]).any() or (table.offset >= begin[1:]).any():
        return None  # a file that holds two values, and one that holds none
    unread = documents[0].unread
    for inner, place in kernel.walk(table):
        if inner.faults or inner.fault_counts or inner.unknown_rest:
            return None
        above = f"{place.removeprefix(key).removeprefix('.')}[]." if place else ""
        unread.update({above + name: count for name, count in inner.unknown.items()})
    return table, text
