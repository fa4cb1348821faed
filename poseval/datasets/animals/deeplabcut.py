"""DeepLabCut csv: labels (`CollectedData_*.csv`) and predictions, of one animal or several.

Three header rows (scorer, bodyparts, coords), or four with `individuals`; predictions have a likelihood
next to x and y. A row is named by the path of its image, which newer files split into three columns, or by
the number of its frame. An empty cell is a joint that is not labelled. A row of empty cells is an unlabelled
frame, or in predictions a frame without people. Lightning Pose and EKS write the same table with further
columns (the set of an image; medians, variances), which are left out and counted. sleap-io writes it, too,
with a column of likelihoods that is empty where there are none. Several scorers in one table are refused.
Individuals are tracks; people without one are written as `untracked0`, ...
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np

from poseval.datasets.animals.deeplabcut_table import COORDS, Table, from_poses, to_poses
from poseval.datasets.assembly import by_image
from poseval.datasets.base import Dataset, Losses, ReadOptions, Role, WriteOptions
from poseval.datasets.capabilities import losses_of
from poseval.datasets.containers.text_table import check_count, numbers_of, text_of
from poseval.datasets.files.document import Document
from poseval.datasets.files.names import require_plain_names
from poseval.datasets.files.source import Source
from poseval.errors import Faults, FormatError, shown
from poseval.files.writing import write_atomically
from poseval.poses import Origin, PoseSet
from poseval.poses.frame_names import named

LOOKED_AT = 1 << 20  # bytes in which likelihoods are looked for
HEADERS = ("scorer", "individuals", "bodyparts", "coords")
HOLDS = frozenset(
    {
        "joints",
        "frame names",
        "joint names",
        "joint scores",
        "tracks",
        "empty frames",
        "unlabelled frames",
        "sequences",
    }
)
# A row without anyone is a frame that nobody labelled, or one in which nobody was predicted.
LACKS = {
    Role.TRUTH: frozenset({"joint scores", "empty frames"}),
    Role.PREDICTIONS: frozenset({"unlabelled frames"}),
}


class DeepLabCut(Dataset):
    """Tables of three or four header rows."""

    name: ClassVar[str] = "deeplabcut"
    title: ClassVar[str] = "DeepLabCut csv, labels and predictions, single and multi animal"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH, Role.PREDICTIONS})
    writes: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH, Role.PREDICTIONS})
    holds: ClassVar[frozenset[str]] = HOLDS

    lacks: ClassVar[Mapping[Role, frozenset[str]]] = LACKS

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by the first word of the first line; the role by whether there are likelihoods."""
        if source.is_folder or not source.document.head.removeprefix(b"\xef\xbb\xbf").startswith(b"scorer,"):
            return 0.0
        likely = _has_likelihoods(source.document)
        if role is Role.PREDICTIONS:
            return 0.95 if likely else 0.5
        return 0.3 if likely else 0.95

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """One person for each individual with a labelled joint in a frame.

        Raises:
            InputError: what is wrong with the file, all faults gathered.
        """
        document = source.document
        origin = Origin(document.path, document.sha256, self.name)
        return to_poses(_table(document), options, origin, document.name)

    def write(self, poses: PoseSet, path: Path, options: WriteOptions) -> Losses:
        """A csv file; predictions have likelihoods.

        Raises:
            UsageError: P812 names that cannot be held,
                P131 the file exists, P137 it cannot be written, P175 a track twice in a frame.
        """
        require_plain_names(poses, self.name)
        poses = by_image(poses)
        table = from_poses(poses, options.role, named(poses.frames))
        write_atomically(path, _text(table).encode("utf-8", "surrogateescape"), options.force)
        return table_losses(poses, self.holds_as(options.role))


def _has_likelihoods(document: Document) -> bool:
    """Whether any likelihood is written: sleap-io writes a column of them that is empty."""
    lines = document.data[:LOOKED_AT].decode("utf-8", "replace").split("\n")
    coords = next((line.split(",") for line in lines[: len(HEADERS)] if line.startswith("coords,")), [])
    places = [at for at, name in enumerate(coords) if name.strip() == "likelihood"]
    cells = (line.rstrip("\r").split(",") for line in lines[3:] if not line.startswith(HEADERS))
    return any(row[at].strip().lower() not in ("", "nan") for row in cells for at in places if at < len(row))


def table_losses(poses: PoseSet, holds: frozenset[str]) -> Losses:
    """What of a pose set a table of DeepLabCut cannot hold."""
    people = poses.people
    losses = losses_of(poses, holds)
    empty = ~people.is_labelled
    losses.lose("people without a joint", int(empty.sum()))
    losses.kept_people -= int(empty.sum())
    lost = (people.seen == 0) & np.isfinite(people.xy).all(axis=2) & (people.xy != 0).any(axis=2)
    losses.lose("coordinates of joints that were not found", int(lost.sum()))
    return losses


def _table(document: Document) -> Table:
    """The header and the numbers.

    Raises:
        FormatError: P270 no such header, P204 rows of other lengths, P203 cells that are not numbers.
    """
    try:
        rows = list(csv.reader(io.StringIO(text_of(document), newline="")))
    except csv.Error as error:
        raise FormatError(
            "P270", where=document.name, what=f"cannot be read as csv ({shown(error)})"
        ) from error
    head = 0
    while head < len(rows) and head < len(HEADERS) and rows[head] and rows[head][0] in HEADERS:
        head += 1
    titles = [row[0] for row in rows[:head]]
    if titles not in ([HEADERS[0], *HEADERS[2:]], list(HEADERS)):
        raise FormatError(
            "P270",
            where=document.name,
            what=f"has these header rows: {', '.join(map(shown, titles)) or 'none'}",
            wanted="scorer, (individuals,) bodyparts, coords",
        )
    # Newer files keep folder, video and image of a path in three columns.
    skip = 3 if len(rows[0]) > 3 and rows[0][1] == rows[0][2] == "" else 1
    width = len(rows[0])
    width = max(width, *(len(row) for row in rows[1:head]))
    rows[0] += rows[0][-1:] * (width - len(rows[0]))  # a scorer named less often than there are columns
    if any(len(row) != width for row in rows[:head]) or width <= skip:
        raise FormatError("P204", where=f"{document.name}: header", what="has rows of different lengths")
    check_count(width * len(rows), document)
    # Columns that are not read may hold words: Lightning Pose's `set` has train, validation and test.
    others = [at for at in range(skip, width) if rows[head - 1][at] not in COORDS]
    faults = Faults()
    index: list[str] = []
    values: list[list[float]] = []
    for number, row in enumerate(rows[head:], start=head + 1):
        if not row:
            continue
        whole = number < len(rows) or document.data.endswith(b"\n")
        if whole and len(row) < width:
            row = [*row, *[""] * (width - len(row))]  # pandas reads cells left out at the end as empty
        if len(row) != width:
            faults.add(
                "P204",
                where=f"{document.name}: line {number}",
                what=f"has {len(row)} cells",
                wanted=f"{width} cells, as in the header",
            )
            continue
        for at in others:
            row[at] = ""
        found = numbers_of(row[skip:], f"{document.name}: line {number}", faults, missing=True)
        if found is not None:
            index.append("/".join(row[:skip]))
            values.append(found)
    faults.raise_if_any()
    names = [row[skip:] for row in rows[:head]]
    if head == 3:
        names.insert(1, [""] * (width - skip))
    header = list(zip(*names, strict=True))
    return Table(header, index, np.asarray(values, dtype=np.float64).reshape(-1, width - skip))


def _text(table: Table) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    single = all(individual == "" for _, individual, _, _ in table.header)
    for at, title in enumerate(HEADERS):
        if not (single and title == "individuals"):
            writer.writerow([title, *(column[at] for column in table.header)])
    for name, row in zip(table.index, table.values.tolist(), strict=True):
        writer.writerow([name, *("" if value != value else repr(value) for value in row)])
    return out.getvalue()
