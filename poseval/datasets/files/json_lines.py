"""JSON lines: a JSON value on each line, read as one list of them."""

from __future__ import annotations

import re

from poseval.files.packed import plain_name

SUFFIXES = (".jsonl", ".ndjson")  # of files that are lines even where there is one line
_BEGIN = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?=[{\[])")
_NEXT = re.compile(rb"\s*[{\[]")
_ENDS = {b"{": b"}", b"[": b"]"}


def as_list(data: bytes, path: str) -> bytes | None:
    """The lines as one JSON list; None if the text is not JSON lines.

    Only the first and last character of each line are checked here, the rest by the reader of the list. A
    file of a single line is recognised by the suffix of `path`.
    """
    begin = _BEGIN.match(data)
    if begin is None:
        return None
    end = data.find(b"\n", begin.end())
    several = end >= 0 and _NEXT.match(data, end) is not None
    if not several and not plain_name(path.lower()).endswith(SUFFIXES):
        return None  # mostly one long line, which is not copied for a look at its end
    first = data[begin.end() : len(data) if end < 0 else end].rstrip()
    if first[-1:] != _ENDS[first[:1]]:
        return None
    lines = [line for line in (part.strip() for part in data[begin.end() :].split(b"\n")) if line]
    if any(line[-1:] != _ENDS.get(line[:1]) for line in lines):
        return None
    return b"[" + b",\n".join(lines) + b"]"
