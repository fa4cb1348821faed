"""Landmark lists of HRNet-Facial-Landmark-Detection: 300W, AFLW, COFW and WFLW as csv.

A header `image_name,scale,center_w,center_h,original_0_x,original_0_y,...`; AFLW has `box_size` as well.
Coordinates are scored as they stand. The same layout, or a name and the coordinates alone, holds
predictions; an empty cell is a landmark that was not predicted. WFLW's six subsets are lists of their own,
which are looked up by image name when they lie beside the list.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from poseval.datasets.base import Dataset, ReadOptions, Role
from poseval.datasets.faces.landmarks import crop_box, face_set, half_pairs, parse_numbers, read_text
from poseval.datasets.files.document import Document
from poseval.datasets.files.source import Source
from poseval.datasets.single_person.pairing import origin_of
from poseval.errors import Fault, Faults, PosevalError, error_of, shown
from poseval.poses import Array, PoseSet

# At most six digits, so that a name of many is no work.
POINT = re.compile(
    r"^(?P<name>.*?)(?<!\d)(?P<number>\d{1,6})_?(?P<axis>[xy])$|^(?P<axis2>[xy])_?(?P<number2>\d{1,6})$",
    re.ASCII,
)
NAMES = ("image_name", "image", "name", "file_name", "filename", "path")
# WFLW's own names of its subsets, as the lists are called.
WFLW_LISTS = {
    "pose": "largepose",
    "expression": "expression",
    "illumination": "illumination",
    "makeup": "makeup",
    "occlusion": "occlusion",
    "blur": "blur",
}


class FaceCsv(Dataset):
    """Landmarks as csv, one face per line."""

    name: ClassVar[str] = "face-csv"
    title: ClassVar[str] = "face landmarks as csv (HRNet-Facial-Landmark-Detection)"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH, Role.PREDICTIONS})
    holds: ClassVar[frozenset[str]] = frozenset({"joints", "joint names", "frame names", "boxes"})

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by the header."""
        if source.is_folder:
            return 0.0
        try:
            head = source.document.head.split(b"\n", 1)[0].decode("utf-8-sig")
        except (PosevalError, UnicodeDecodeError):
            return 0.0
        names = [name.strip() for name in head.split(",")]
        if len(names) > 8 and names[0].lower() in NAMES and sum(bool(POINT.match(n)) for n in names) > 5:
            return 0.95 if "original_0_x" in names else 0.7
        return 0.0

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """Ground truth or predictions.

        `people.extra`: `face_size` where the list has `box_size`, and for WFLW the subsets whose lists lie
        beside it. Boxes are the square crops that centre and scale describe.

        Raises:
            FormatError: P203 no number, P204 lines of another length, P206 columns missing, P211 not UTF-8.
            ValueRangeError: P301 NaN or infinity.
        """
        document = source.document
        header, lines = _lines(document)
        place, axes = _columns(header, document)
        faults = Faults()
        table = parse_numbers([line[1:] for line in lines], document, 2, faults)
        table = table.reshape(len(lines), len(header) - 1)
        xy = np.stack([table[:, axes[0]], table[:, axes[1]]], axis=2)
        whole = np.isfinite(xy).all(axis=(1, 2))
        faults.raise_if_any()
        images = [line[0].strip() for line in lines]
        people: dict[str, Any] = {"extra": {}}
        if {"scale", "center_w", "center_h"} <= place.keys():
            centre = table[:, [place["center_w"], place["center_h"]]]
            people["box"] = crop_box(centre, table[:, place["scale"]])
        if "box_size" in place:
            people["extra"]["face_size"] = table[:, place["box_size"]]
        if options.role is Role.TRUTH:
            people["extra"].update(_wflw_subsets(source, images))
        notices = half_pairs(int((~whole).sum()), len(lines))
        origin = origin_of(document, self.name, len(lines), notices)
        return face_set(xy, images, options, origin, people)


def _lines(document: Document) -> tuple[list[str], list[list[str]]]:
    """The header and the lines, each of the header's length."""
    limit = csv.field_size_limit(1 << 16)
    try:
        rows = [row for row in csv.reader(read_text(document).splitlines()) if row]
    except csv.Error as error:
        raise error_of(
            [Fault("P210", document.name, f"is not csv ({shown(error)})", "one face per line")]
        ) from None
    finally:
        csv.field_size_limit(limit)
    if not rows:
        raise error_of([Fault("P200", document.name, "is empty", "a header and one face per line")])
    faults = Faults()
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(rows[0]):
            where = f"{document.name}: line {number}"
            faults.add(
                "P204", where=where, what=f"has {len(row)} cells", wanted=f"{len(rows[0])}, as in the header"
            )
    faults.raise_if_any()
    return [name.strip() for name in rows[0]], rows[1:]


def _columns(header: Sequence[str], document: Document) -> tuple[dict[str, int], tuple[list[int], list[int]]]:
    """Place of each named column behind the image name, and of the x and the y of each landmark."""
    place = {name: index for index, name in enumerate(header[1:])}
    axes: dict[str, dict[int, int]] = {"x": {}, "y": {}}
    for name, index in place.items():
        match = POINT.match(name)
        if match:
            number = int(match["number"] or match["number2"])
            axes[match["axis"] or match["axis2"]][number] = index
    order = sorted(axes["x"])
    if not order or order != sorted(axes["y"]) or order[-1] - order[0] != len(order) - 1:
        raise error_of(
            [
                Fault(
                    "P206",
                    f"{document.name}: line 1",
                    f"names {len(axes['x'])} x and {len(axes['y'])} y of landmarks",
                    "original_0_x, original_0_y, original_1_x, ...",
                )
            ]
        )
    return place, ([axes["x"][n] for n in order], [axes["y"][n] for n in order])


def _wflw_subsets(source: Source, images: Sequence[str]) -> dict[str, Array]:
    """Membership in WFLW's subsets, by the lists `..._SUBSET.csv` beside a list of the whole test set."""
    stem = source.path.name.split(".", 1)[0]
    found: dict[str, Array] = {}
    if "wflw" not in stem.lower():
        return found
    for subset, name in WFLW_LISTS.items():
        path = source.path.parent / f"{stem}_{name}.csv"
        if os.path.isfile(path):
            _, lines = _lines(Document.open(path, source.limits))
            members = {line[0].strip() for line in lines}
            found[subset] = np.asarray([image in members for image in images])
    return found
