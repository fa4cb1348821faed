"""WFLW's own list: 196 coordinates, a rectangle, six attributes and the image, one face per line."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from poseval.datasets.base import Dataset, ReadOptions, Role
from poseval.datasets.faces.landmarks import face_set, parse_numbers, read_text
from poseval.datasets.files.source import Source
from poseval.datasets.single_person.pairing import origin_of
from poseval.errors import Faults, PosevalError
from poseval.poses import PoseSet

POINTS = 98
ATTRIBUTES = ("pose", "expression", "illumination", "makeup", "occlusion", "blur")
WORDS = 2 * POINTS + 4 + len(ATTRIBUTES) + 1


class WflwTxt(Dataset):
    """`list_98pt_rect_attr_test.txt`."""

    name: ClassVar[str] = "wflw-txt"
    title: ClassVar[str] = "WFLW list (list_98pt_rect_attr_test.txt)"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH})
    holds: ClassVar[frozenset[str]] = frozenset(
        {"joints", "joint names", "frame names", "boxes", "further columns"}
    )

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by the number of words in the first line."""
        if source.is_folder:
            return 0.0
        try:
            line = source.document.head.split(b"\n", 1)[0]
        except PosevalError:
            return 0.0
        return 0.95 if len(line.split()) == WORDS else 0.0

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """The ground truth; `people.extra` holds the six attributes as flags.

        Raises:
            FormatError: P203 no number, P204 lines of another length, P211 not UTF-8.
            ValueRangeError: P301 NaN or infinity.
        """
        document = source.document
        faults = Faults()
        lines = [line.split() for line in read_text(document).splitlines() if line.strip()]
        for number, words in enumerate(lines, 1):
            if len(words) != WORDS:
                where = f"{document.name}: line {number}"
                faults.add("P204", where=where, what=f"has {len(words)} words", wanted=f"{WORDS} words")
        faults.raise_if_any()
        table = parse_numbers([words[:-1] for words in lines], document, 1, faults)
        table = table.reshape(len(lines), WORDS - 1)
        faults.raise_if_any()
        rect, flags = table[:, 2 * POINTS : 2 * POINTS + 4], table[:, 2 * POINTS + 4 :]
        extra = {name: flags[:, index] > 0 for index, name in enumerate(ATTRIBUTES)}
        people = {"box": rect, "extra": extra}
        xy = table[:, : 2 * POINTS].reshape(-1, POINTS, 2)
        images = [words[-1] for words in lines]
        return face_set(np.asarray(xy), images, options, origin_of(document, self.name, len(lines)), people)
