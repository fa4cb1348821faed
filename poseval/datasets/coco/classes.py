"""Which annotations of a COCO file are of the class that is scored, where the file has several."""

from __future__ import annotations

import numpy as np

from poseval.datasets.assembly import of_other_categories
from poseval.datasets.coco.categories import Categories
from poseval.datasets.files.document import Document
from poseval.datasets.files.joined import some_of
from poseval.errors import unknown_name
from poseval.kernels import json as kj
from poseval.kernels.json import Bools
from poseval.poses import Notice

_FIELDS = (kj.integer("category_id"), kj.ragged("keypoints", nullable=True))


def asked_class(categories: Categories, category: str | None) -> Categories:
    """The one category that was asked for by name or id; all of them where none was.

    Raises:
        UsageError: P102 the file has no such category.
    """
    if category is None or not categories.names:
        return categories
    found = [key for key, name in categories.names.items() if category in (name, str(key))]
    if len(found) != 1:
        raise unknown_name("P102", "category", category, categories.names.values())
    return categories.only(found)


def scored_classes(document: Document, categories: Categories) -> Categories:
    """The categories without those that name no joints, and of which no annotation has keypoints."""
    bare = set(categories.names) - set(categories.joints)
    if not bare or not categories.joints:
        return categories
    table = document.columns(_FIELDS, "annotations")
    with_points = table["category_id"].values[table["keypoints"].lengths > 0]
    lost = bare - set(np.unique(with_points).tolist())
    return categories.only([key for key in categories.names if key not in lost])


def of_classes(
    document: Document, key: str, everyone: Categories, scored: Categories
) -> tuple[Document, str, list[Notice]]:
    """The list under a key without records of categories that are not scored, which are counted.

    Records of a category that the file does not list stay: they have a notice of their own.
    """
    others = sorted(set(everyone.names) - set(scored.names))
    if not others:
        return document, key, []
    table = document.columns(_FIELDS, key or None)
    lost: Bools = np.isin(table["category_id"].values, others)
    if not lost.any():
        return document, key, []
    kinds = table["category_id"].values[lost]
    notice = of_other_categories(document.name, kinds, everyone.names.__getitem__)
    return some_of(document, key, ~lost), "", [notice]
