"""COCO results of one file in several lists: gathered from processes, or by image.

`[[...], [...]]` is what gathering the lists of all processes gives, also with a list on each line;
`{"139": [...], "285": [...]}` are results by image, whose key is the image of records that name none.
"""

from __future__ import annotations

import json
import re

from poseval.datasets.containers.unread import Known
from poseval.datasets.files.document import Document
from poseval.datasets.files.joined import Joined, Piece
from poseval.errors import FormatError

_FIELDS = frozenset({"keypoints", "score", "category_id"})
_FIRST_LIST = re.compile(rb"\s*\[\s*(?:\[\s*\]\s*,\s*)*\[\s*\{")
_RECORD = 8192  # bytes in which the first record names its fields


def holds_lists(document: Document) -> bool:
    """Whether a JSON document has its results in several lists.

    Raises:
        InputError: it is not JSON.
    """
    outline = document.outline
    if outline.kind == "array":
        first = None
        if outline.entries == "array":  # of what its first item is; others are not looked at in the text
            first = _FIRST_LIST.match(document.data, outline.start)
        if first is None:
            return False
        text = document.data[first.end() : first.end() + _RECORD]
        return all(f'"{field}"'.encode() in text for field in (*_FIELDS, "image_id"))
    entries = outline.by_key().values()
    lists = [entry.first_kinds().keys() for entry in entries if entry.kind == "array" and entry.items]
    return (
        all(entry.kind == "array" for entry in entries)
        and bool(lists)
        and all(fields >= _FIELDS for fields in lists)
    )


def joined_lists(document: Document) -> Joined:
    """All records as one list, in the order of the file.

    Raises:
        InputError: P201 no list, a file too large to be taken apart, or a number of thousands of digits.
    """
    node = document.tree(0, len(document.data), Known("[]", "*"))
    if not isinstance(node, dict | list):
        raise FormatError(
            "P201", where=document.name, what="is not a list of results", wanted="[[{...}, ...], ...]"
        )
    by_image = isinstance(node, dict)
    named = node if isinstance(node, dict) else {f"[{at}]": found for at, found in enumerate(node)}
    pieces = []
    for place, found in named.items():
        rows = found if isinstance(found, list) else [found]
        if by_image:
            rows = [{"image_id": place, **row} if isinstance(row, dict) else row for row in rows]
        pieces.append(Piece(document.name, place, 0, len(rows), json.dumps(rows)[1:-1].encode()))
    return Joined(pieces, document.path, document.limits, document.data)
