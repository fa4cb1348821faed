"""Landmarks with one text file per face: 300W's .pts, and LaPa's .txt.

.pts: `version: 1`, `n_points: 68`, then x and y per line between braces, one-based; the variant of
landmark-detection (SBR) has a third number, 0 where the point is not visible. LaPa: the number of points,
then x and y per line, zero-based.
"""

from __future__ import annotations

import hashlib
import re
from abc import abstractmethod
from typing import ClassVar

import numpy as np

from poseval.datasets.base import Dataset, ReadOptions, Role
from poseval.datasets.faces.landmarks import face_set, odd_number, read_text
from poseval.datasets.files.document import Document
from poseval.datasets.files.source import Source
from poseval.datasets.single_person.pairing import one_based
from poseval.errors import Faults, FormatError, PosevalError, shown
from poseval.poses import Array, Origin, PoseSet

COUNT = re.compile(r"n_points:\s*(\d+)", re.ASCII)


class _PointFiles(Dataset):
    """A folder of files with one face each, or one file."""

    reads: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH, Role.PREDICTIONS})
    holds: ClassVar[frozenset[str]] = frozenset({"joints", "joint names", "frame names"})
    suffix: ClassVar[str]
    base: ClassVar[int] = 0

    @abstractmethod
    def lines(self, document: Document, faults: Faults) -> list[list[str]] | None:
        """Words of each point's line; None when the file is not of the format (a fault is added)."""

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """Ground truth or predictions; keys are relative paths without their extension.

        Raises:
            FormatError: P201 no such file, P203 no number, P204 another number of points, P211 not UTF-8.
            ValueRangeError: P301 NaN or infinity.
        """
        faults = Faults()
        names, parts, digests = [], [], []
        for name, document in self._documents(source):
            lines = self.lines(document, faults)
            digests.append(document.sha256)
            if lines is not None:
                names.append(name)
                parts.append(_points(document, lines, faults))
        faults.raise_if_any()
        counts = {len(part) for part in parts}
        if len(counts) > 1:
            raise FormatError(
                "P204",
                where=shown(source.path),
                what=f"holds faces with {' and '.join(map(str, sorted(counts)))} points",
                wanted="the same number in every file",
            )
        table = np.stack(parts)
        visible = table[..., 2] != 0
        digest = digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
        notices = (one_based(source.path.name),) if self.base else ()
        origin = Origin(str(source.path), digest, self.name, len(parts), notices, self.base)
        people = {"seen": np.where(visible, 2, 0)}
        return face_set(table[..., :2] - self.base, names, options, origin, people)

    def _documents(self, source: Source) -> list[tuple[str, Document]]:
        if not source.is_folder:
            return [(source.path.name.split(".", 1)[0], source.document)]
        found = [path for path in source.files if path.suffix.lower() == self.suffix]
        if not found:
            raise FormatError(
                "P201", where=shown(source.path), what=f"holds no {self.suffix} file", wanted=self.title
            )
        return [(path.with_suffix("").as_posix(), source.open(path)) for path in found]


class FacePts(_PointFiles):
    """300W's .pts files."""

    name: ClassVar[str] = "face-pts"
    title: ClassVar[str] = "face landmarks as .pts files (300W)"
    suffix: ClassVar[str] = ".pts"
    base: ClassVar[int] = 1

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by the extension, and the words of the header."""
        if source.is_folder:
            return 0.9 if any(path.suffix.lower() == ".pts" for path in source.files) else 0.0
        try:
            return 0.95 if COUNT.search(source.document.head.decode("latin-1")) else 0.0
        except PosevalError:
            return 0.0

    def lines(self, document: Document, faults: Faults) -> list[list[str]] | None:
        """The lines between the braces."""
        text = read_text(document)
        count = COUNT.search(text)
        start, end = text.find("{"), text.rfind("}")
        if count is None or start < 0 or end < start:
            faults.add(
                "P210", where=document.name, what="is not a .pts file", wanted="n_points: N and braces"
            )
            return None
        lines = [line.split() for line in text[start + 1 : end].splitlines() if line.strip()]
        if str(len(lines)) != (count.group(1).lstrip("0") or "0"):
            what = f"has {len(lines)} points, but its header says {shown(count.group(1), 20)}"
            faults.add("P204", where=document.name, what=what)
            return None
        return lines


class LapaTxt(_PointFiles):
    """LaPa's landmarks."""

    name: ClassVar[str] = "lapa-txt"
    title: ClassVar[str] = "LaPa landmarks (a folder of .txt with 106 points)"
    suffix: ClassVar[str] = ".txt"

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by the first line, which is the number of points."""
        try:
            if not source.is_folder:
                return 0.9 if _is_lapa(source.document) else 0.0
            first = next((path for path in source.files if path.suffix.lower() == ".txt"), None)
            if first is None:
                return 0.0
            return 0.85 if _is_lapa(Document.open(source.path / first, source.limits)) else 0.0
        except PosevalError:
            return 0.0

    def lines(self, document: Document, faults: Faults) -> list[list[str]] | None:
        """The lines behind the first."""
        lines = [line.split() for line in read_text(document).splitlines() if line.strip()]
        if not lines or lines[0] != [str(len(lines) - 1)]:
            what = f"has {max(len(lines) - 1, 0)} points, but its first line gives another number"
            faults.add("P204", where=document.name, what=what, wanted="their number in the first line")
            return None
        return lines[1:]


def _is_lapa(document: Document) -> bool:
    lines = document.head.split(b"\n", 2)
    return len(lines) > 2 and lines[0].strip() == b"106" and len(lines[1].split()) == 2


def _points(document: Document, lines: list[list[str]], faults: Faults) -> Array:
    """Points [K, 3]: x, y and whether it is visible (1 where the file does not say)."""
    table = np.ones((len(lines), 3))
    for row, words in enumerate(lines):
        where = f"{document.name}: point {row + 1}"
        if len(words) not in (2, 3):
            faults.add(
                "P204", where=where, what=f"has {len(words)} numbers", wanted="x, y and optionally a flag"
            )
            continue
        try:
            if odd_number("".join(words)):
                raise ValueError(words)
            numbers = [float(word) for word in words]
        except ValueError:
            faults.add("P203", where=where, what=f"is {shown(' '.join(words), 40)!r}", wanted="numbers")
            continue
        if not np.isfinite(numbers).all():
            faults.add("P301", where=where, what="is NaN or infinite", wanted="finite numbers")
            continue
        table[row, : len(numbers)] = numbers
    return table
