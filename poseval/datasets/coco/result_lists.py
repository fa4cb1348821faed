"""Where a JSON document keeps its COCO results: as a bare list, or under a key of an object.

Results are written bare by COCO's own programs. People keep them as `{"results": [...]}`, and as a whole COCO
file whose annotations are the predictions.
"""

from __future__ import annotations

from poseval.datasets.files.document import Document
from poseval.errors import InputError
from poseval.kernels import json as kj
from poseval.kernels.json_outline import Entry

ANNOTATIONS = "annotations"
NAMES = ("results", "predictions", "detections", ANNOTATIONS)


def list_key(document: Document) -> str | None:
    """The key of the list of results, empty for a bare list; None where there is none, or several."""
    outline = document.outline
    if outline.kind == "array":
        return ""
    found = [key for key, entry in outline.by_key().items() if _is_list(document, entry)]
    if not found:  # a list of nobody says so by its name alone
        found = [key for key, entry in outline.by_key().items() if key in NAMES and _is_empty(entry)]
    return found[0] if len(found) == 1 else None


def first_record(document: Document, key: str) -> set[str]:
    """The fields of the first record of the list under a key, or of a bare list; of a piece, of the whole."""
    if document.first_fields is not None:
        return set(document.first_fields)
    entries = document.outline.by_key()
    return set(entries[key].first_kinds() if key else entries)


def any_has(document: Document, key: str, name: str) -> bool:
    """Whether any record of a list has a field, which the first one may lack; never raises."""
    if name in first_record(document, key):
        return True
    try:
        return bool((document.columns((kj.span(name),), key or None)[name].mark != kj.ABSENT).any())
    except InputError:
        return False


def _is_empty(entry: Entry) -> bool:
    return entry.kind == "array" and not entry.items


def _is_list(document: Document, entry: Entry) -> bool:
    kinds = entry.first_kinds()
    if entry.kind != "array" or "image_id" not in kinds:
        return False
    return "keypoints" in kinds or any_has(document, entry.key, "keypoints")
