"""Data given instead of a path: a pose set, records as in JSON, a `COCO` object, or arrays per image.

Records are read by the readers of files, from the text that `json.dump` would write. So they are recognised,
checked and named as a file's are, and the digest of their signature is that of such a file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

from poseval import datasets
from poseval.datasets.base import ReadOptions, Role
from poseval.datasets.files.document import Document
from poseval.datasets.files.source import Source
from poseval.errors import wrong_type
from poseval.limits import Limits
from poseval.poses import PoseSet


class HoldsCoco(Protocol):
    """`pycocotools.coco.COCO` and what has its form."""

    dataset: dict[str, Any]
    anns: Mapping[Any, Any]


def is_in_memory(value: Any) -> bool:
    """Whether a value holds people itself: a pose set, records, `COCO`, or arrays by image."""
    if isinstance(value, (PoseSet, Mapping)) or _is_coco(value):
        return True
    return isinstance(value, (list, tuple)) and all(isinstance(one, Mapping) for one in value)


def taken(value: Any, options: ReadOptions, name: str, format: str | None = None) -> PoseSet:
    """The pose set of a value that `is_in_memory`; `name` is what messages call it.

    Raises:
        UsageError: P101 records with values that JSON does not have, P851, P855 arrays of other shapes.
        InputError: what is wrong with the records.
    """
    from poseval.datasets.objects.images import by_image, from_images

    if isinstance(value, PoseSet):
        return datasets.as_asked(value, options)
    if _is_coco(value):
        value = value.dataset["annotations"] if options.role is Role.PREDICTIONS else value.dataset
    images = by_image(value) if options.role is Role.PREDICTIONS and format is None else None
    if images is not None:
        return datasets.as_asked(from_images(images, options, f"<{name}>"), options)
    source = source_of(value, name, options.limits)
    return datasets.read(source.given, options, format, source)


def source_of(records: Any, name: str, limits: Limits) -> Source:
    """Records as a source that file readers accept.

    Raises:
        UsageError: P101 records with values that JSON does not have.
    """
    try:
        text = json.dumps(records.dataset if _is_coco(records) else records, default=_plain).encode()
    except (TypeError, ValueError, RecursionError):
        raise wrong_type(name, records, "records of values that JSON has") from None
    return Source(f"<{name}>", limits, Document(text, f"<{name}>", limits))


def _is_coco(value: Any) -> bool:
    """Whether a value is `pycocotools.coco.COCO` or of its form."""
    return isinstance(getattr(value, "dataset", None), dict) and hasattr(value, "anns")


def _plain(value: Any) -> Any:
    """An array of any library as lists."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(type(value).__name__)
