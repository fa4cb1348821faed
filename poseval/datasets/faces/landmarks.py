"""What the readers of face landmarks share: skeletons by their number of points, and lists of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from poseval.datasets.base import ReadOptions, Role
from poseval.datasets.files.document import Document
from poseval.datasets.single_person.pairing import single_set
from poseval.errors import Fault, Faults, FormatError, error_of, shown
from poseval.poses import Floats, Notice, Origin, PoseSet
from poseval.skeletons import Skeleton
from poseval.skeletons.by_count import require_skeleton

CROP_PIXELS = 200  # `scale` of HRNet's face lists is the side of the square crop in units of 200 pixels


def face_skeleton(points: int, options: ReadOptions, where: str) -> Skeleton:
    """The skeleton with this number of landmarks, or the one asked for.

    Raises:
        FormatError: P204 for a number of landmarks that no known set has, or that the ground truth does not
            have.
    """
    wanted = options.skeleton or (options.truth.skeleton if options.truth is not None else None)
    if wanted is not None:
        if len(wanted) != points:
            raise FormatError(
                "P204",
                where=where,
                what=f"has {points} landmarks",
                wanted=f"{len(wanted)}, as skeleton {wanted.name} has",
            )
        return wanted
    return require_skeleton(points, "faces", where)


def crop_box(centre: Floats, scale: Floats) -> Floats:
    """Boxes [N, 4] around centres [N, 2] with sides of 200 * scale pixels."""
    half = (scale * CROP_PIXELS / 2)[:, None]
    return np.concatenate([centre - half, centre + half], axis=1)


def read_text(document: Document) -> str:
    """The document as text.

    Raises:
        FormatError: P211 when it is not UTF-8.
    """
    try:
        return document.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(
            "P211", where=f"{document.name}: byte {error.start}", what="is not UTF-8", hint="save it as UTF-8"
        ) from None


def odd_number(text: str) -> bool:
    """Whether Python accepts this text as a number but files must not: `1_0`, or non-ASCII digits."""
    return "_" in text or not text.isascii()


def parse_numbers(
    cells: Sequence[Sequence[str]], document: Document, first_line: int, faults: Faults
) -> Floats:
    """Numbers [N, C] of rows of text cells; empty cells are NaN.

    Adds P203 for text that is not a number and P301 for NaN and infinities that are written out.
    """
    width = len(cells[0]) if cells else 0
    try:
        if not any(odd_number("".join(line)) for line in cells):
            quick = np.array(cells, dtype=np.float64).reshape(len(cells), width)
            if np.isfinite(quick).all():
                return quick
    except ValueError:
        pass  # reported cell by cell below
    table = np.full((len(cells), width), np.nan)
    for row, line in enumerate(cells):
        for column, cell in enumerate(line):
            text = cell.strip()
            if not text:
                continue
            where = f"{document.name}: line {first_line + row}, column {column + 1}"
            try:
                if odd_number(text):
                    raise ValueError(text)
                table[row, column] = float(text)
            except ValueError:
                faults.add("P203", where=where, what=f"is {shown(text, 30)!r}", wanted="a number")
                continue
            if not np.isfinite(table[row, column]):
                faults.add("P301", where=where, what=f"is {shown(text, 30)}", wanted="a finite number")
    return table


def face_set(
    xy: Floats,
    images: Sequence[str],
    options: ReadOptions,
    origin: Origin,
    people: Mapping[str, Any] | None = None,
) -> PoseSet:
    """One frame per face; landmarks whose coordinates are NaN are not labelled, or not predicted."""
    skeleton = face_skeleton(xy.shape[1], options, origin.name)
    columns = dict(people or {})
    known = np.isfinite(xy).all(axis=2)
    columns.setdefault("seen", np.where(known, 2, 0))
    if options.role is Role.TRUTH and not len(xy):
        raise error_of([Fault("P200", origin.name, "holds no face", "at least one")])
    columns.setdefault("source_id", np.arange(len(xy)))
    return single_set(skeleton, {"xy": xy, **columns}, origin, list(images))


def half_pairs(count: int, faces: int) -> list[Notice]:
    """A notice about faces with missing landmarks; no notice if all faces are complete."""
    if not count:
        return []
    return [Notice("N448", f"{count} of {faces} faces do not have all landmarks", count)]
