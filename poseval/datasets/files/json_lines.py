"""JSON lines: a JSON value on each line, read as one list of them."""

from __future__ import annotations

import re

from poseval.files.packed import plain_name

SUFFIXES = (".jsonl", ".ndjson")  # of files that are lines even where there is one line
_BEGIN = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?=[{\[])")
_NEXT = re.compile(rb"\s*[{\[]")
_ENDS = {b"{": b"}", b"[": b"]"}
_BETWEEN = re.compile(rb"([}\]][ \t\r\n]*)\n([ \t\r]*[{\[])")  # where JSON itself has a comma


def are_lines(text: bytes, path: str) -> bool:
    """Whether a file that begins with this text is JSON lines: its first line is a whole value.

    A file of a single line is recognised by the suffix of `path`.
    """
    begin = _BEGIN.match(text)
    if begin is None:
        return False
    end = text.find(b"\n", begin.end())
    several = end >= 0 and _NEXT.match(text, end) is not None
    if not several and not plain_name(path.lower()).endswith(SUFFIXES):
        return False  # mostly one long line, which is not copied for a look at its end
    first = text[begin.end() : len(text) if end < 0 else end].rstrip()
    return first[-1:] == _ENDS[first[:1]]


def as_list(data: bytes, path: str) -> bytes | None:
    """The lines as one JSON list; None if the text is not JSON lines.

    Each byte of the text stands one behind its place in the file; whether the lines are JSON is asked by the
    reader of the list.
    """
    if not are_lines(data, path):
        return None
    begin = _BEGIN.match(data)
    assert begin is not None
    return b"".join([b"[", b" " * begin.end(), as_items(data[begin.end() :]), b"]"])


def as_items(text: bytes) -> bytes:
    """Lines as the items of a list: a comma for each line's end. The length stays."""
    text = text.replace(b"}\n{", b"},{").replace(b"}\r\n{", b"}\r,{")  # as nearly all are, and faster
    return _BETWEEN.sub(rb"\1,\2", text) if text.find(b"\n", 0, -2) >= 0 else text
