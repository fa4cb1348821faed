"""Label files of YOLO as one table: many of them are scanned at once, odd ones line by line."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from poseval.datasets.base import ReadOptions
from poseval.datasets.containers.text_table import check_count, numbers_of, stacked, text_of
from poseval.datasets.files.batches import batches, together
from poseval.datasets.files.document import Document
from poseval.datasets.yolo.layout import Labels, frame_name
from poseval.errors import Faults, FormatError, shown
from poseval.kernels import json as kj
from poseval.poses import Floats, Ints

BOX_ALONE = "5 numbers are a class and a box: write zeros for every joint of an object without labelled ones"
DIGITS = b"0123456789+-.eE \t\r\n"
LINES = "lines"


def read_lines(labels: Labels, options: ReadOptions) -> tuple[list[str], list[str], Floats, Ints]:
    """Frame names [F], digests [F], the numbers of each line [N, W] and its frame [N].

    Raises:
        FormatError: P271 no label files, P211 no text, P203, P204, P301 what is wrong with lines.
        LimitError: P502 more numbers than allowed.
    """
    faults = Faults()
    names: list[str] = []
    digests: list[str] = []
    tables: list[Floats] = []
    counts: list[Ints] = []
    width = 0
    for more, documents in batches(_named(labels)):
        table, count = _scanned(documents) or _by_line(documents, width, faults)
        if len(table) and width not in (0, table.shape[1]):
            table, count = _by_line(documents, width, faults)
        if len(table):
            width = table.shape[1]
            tables.append(table)
        check_count(sum(map(len, tables)) * width, documents[-1])
        names += more
        digests += [document.sha256 for document in documents]
        counts.append(count)
        if options.progress is not None:
            options.progress(len(names), len(labels.files) or 1)
    faults.raise_if_any()
    row = np.repeat(np.arange(len(names)), np.concatenate(counts))
    return names, digests, np.concatenate(tables) if tables else np.zeros((0, 0)), row


def _named(labels: Labels) -> Iterator[tuple[str, Document]]:
    source = labels.source
    if not source.is_folder:
        return iter([(source.path.stem, source.document)])
    if not labels.files:
        raise FormatError(
            "P271", where=shown(source.path), what="holds no label files", wanted="*.txt of YOLO"
        )
    return ((frame_name(path), source.open(path)) for path in labels.files)


def _scanned(documents: list[Document]) -> tuple[Floats, Ints] | None:
    """The lines of all documents and how many each has, by the scanner of JSON; None where one is odd."""
    if any(document.data.translate(None, DIGITS) for document in documents):
        return None
    found = together(documents, [kj.nested(LINES)], LINES, _as_lists)
    if found is None:
        return None
    lines = found[0][LINES]
    lengths = np.diff(lines.inner)
    if not len(lengths):
        return np.zeros((0, 0)), lines.lengths
    if (lengths != lengths[0]).any():
        return None
    return lines.values.reshape(len(lengths), int(lengths[0])), lines.lengths


def _as_lists(data: bytes) -> bytes:
    """Lines of numbers as a list of lists."""
    lines = [b",".join(words) for words in map(bytes.split, data.splitlines()) if words]
    return b"[[" + b"],[".join(lines) + b"]]" if lines else b"[]"


def _by_line(documents: list[Document], width: int, faults: Faults) -> tuple[Floats, Ints]:
    """The same with a fault for each line that is wrong; a `width` of 0 is that of the first line."""
    rows: list[list[float]] = []
    counts = np.zeros(len(documents), dtype=np.int64)
    for at, document in enumerate(documents):
        for number, line in enumerate(text_of(document).splitlines(), start=1):
            words = line.split()
            if not words:
                continue
            place = f"{document.name}: line {number}"
            found = numbers_of(words, place, faults)
            if found is None:
                continue
            width = width or len(found)
            if len(found) != width:
                faults.add(
                    "P204",
                    where=place,
                    what=f"has {len(found)} numbers",
                    wanted=f"{width}, as in the first line",
                    hint=BOX_ALONE if 5 in (len(found), width) else None,
                )
                continue
            rows.append(found)
            counts[at] += 1
        check_count(width * len(rows), document)
    return stacked(rows, width), counts
