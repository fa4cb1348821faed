"""PoseTrack21's `image_info.json` beside MOTChallenge's `gt`: images of a sequence, with ignore regions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from poseval.datasets.containers.unread import Known
from poseval.datasets.files.document import Document
from poseval.datasets.files.source import Source
from poseval.errors import Fault, error_of
from poseval.poses import Floats, IgnoreRegions

NAME = "image_info.json"
KNOWN = Known("[].frame_index", "[].ignore_regions_x", "[].ignore_regions_y", "[].file_name", "[].id",
              "[].frame_id", "[].vid_id", "[].nframes", "[].is_labeled", "[].has_labeled_person",
              "[].original_file_name", "[].has_no_densepose")  # fmt: skip


def regions_beside(source: Source, sequences: Sequence[str]) -> dict[str, dict[int, list[Floats]]]:
    """Polygons [V, 2] of each frame of the sequences of a folder that have such a file.

    Raises:
        FormatError: P279 a file of another form.
    """
    if not source.is_folder:
        return {}
    known = {path.parts[-2]: path for path in source.files if path.name == NAME and len(path.parts) > 1}
    return {name: _regions(source.open(known[name])) for name in sequences if name in known}


def _regions(document: Document) -> dict[int, list[Floats]]:
    outline = document.outline
    found = document.tree(0, len(document.data), KNOWN) if outline.kind == "array" else None
    if not isinstance(found, list) or not all(isinstance(image, dict) for image in found):
        raise error_of([Fault("P279", document.name, "is not a list of images", "a list of objects")])
    out: dict[int, list[Floats]] = {}
    for place, image in enumerate(found):
        number = image.get("frame_index")
        polygons = _polygons(image.get("ignore_regions_x", []), image.get("ignore_regions_y", []))
        if type(number) is not int or not 1 <= number < 10**9 or polygons is None:
            where = f"{document.name}: [{place}]"
            wanted = "frame_index of at least 1, and as many x as y in each ignore region"
            raise error_of([Fault("P279", where, "has no frame_index, or other ignore regions", wanted)])
        out[number] = polygons
    return out


def _polygons(x: Any, y: Any) -> list[Floats] | None:
    """Polygons of at least three vertices; a single one may stand without brackets of its own."""
    if not isinstance(x, list) or not isinstance(y, list):
        return None
    if x and y and not isinstance(x[0], list):
        x, y = [x], [y]
    if len(x) != len(y):
        return None
    out = []
    for a, b in zip(x, y, strict=True):
        if not isinstance(a, list) or not isinstance(b, list) or len(a) != len(b):
            return None
        if not all(type(value) in (int, float) and abs(value) < 1e9 for value in (*a, *b)):
            return None
        if len(a) >= 3:
            out.append(np.array([a, b], dtype=np.float64).T)
    return out


def ignore_regions(
    regions: Mapping[str, Mapping[int, Sequence[Floats]]], place: Mapping[str, int]
) -> IgnoreRegions:
    """The polygons by the rows of their frames `SEQUENCE/number`, ascending."""
    rows = sorted(
        ((place[f"{name}/{number}"], polygon) for name, frames in regions.items()
         for number, polygons in frames.items() for polygon in polygons),
        key=lambda pair: pair[0],
    )  # fmt: skip
    start = np.cumsum([0, *(len(polygon) for _, polygon in rows)])
    vertices = np.concatenate([np.zeros((0, 2)), *(polygon for _, polygon in rows)])
    return IgnoreRegions(vertices, start.astype(np.int64), np.array([row for row, _ in rows], dtype=np.int64))
