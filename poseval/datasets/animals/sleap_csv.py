"""SLEAP's analysis as csv, which `sleap-convert --format analysis.csv` and SLEAP's window write.

Columns are `track`, `frame_idx`, `instance.score`, then x, y and score of each node, called `<node>.x`, ...
A row is an instance; an empty cell is a node that is not there. Source: SLEAP's
`sleap/info/write_tracking_h5.py` and sleap-io's csv. Instances that a person drew have no score, and a file
of them is ground truth.
"""

from __future__ import annotations

import csv
import io
import re
from typing import ClassVar

from poseval.datasets.animals.individuals import tracks_of
from poseval.datasets.base import Dataset, ReadOptions, Role
from poseval.datasets.containers.text_table import check_count, numbers_of, text_of
from poseval.datasets.files.source import Source
from poseval.datasets.gathering import Found, Gathering, Joints
from poseval.errors import FormatError, number_of, shown
from poseval.poses import Notice, Origin, PoseSet
from poseval.poses.frame_names import natural

FIRST = ("track", "frame_idx", "instance.score")
HEAD = re.compile(rb"track,frame_idx,instance\.score,[^\n]*\.x,")
PARTS = ("x", "y", "score")
LIKELY = 1 << 16  # bytes that are looked at for scores


class SleapCsv(Dataset):
    """One line per instance."""

    name: ClassVar[str] = "sleap-csv"
    title: ClassVar[str] = "SLEAP analysis csv: one line per instance"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH, Role.PREDICTIONS})
    holds: ClassVar[frozenset[str]] = frozenset(
        {"joints", "joint names", "frame names", "joint scores", "scores", "tracks"}
    )

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by the header; the role by whether the first instance has a score."""
        if source.is_folder or not HEAD.match(source.document.head.removeprefix(b"\xef\xbb\xbf")):
            return 0.0
        lines = source.document.data[:LIKELY].split(b"\n")[1:]
        scored = any(
            line.split(b",", 3)[2].strip().lower() not in (b"", b"nan")
            for line in lines
            if line.count(b",") > 2
        )
        return 0.95 if scored == (role is Role.PREDICTIONS) else 0.5

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """The instances of all frames.

        Raises:
            InputError: what is wrong with the file, all faults gathered.
        """
        document = source.document
        try:
            rows = list(csv.reader(io.StringIO(text_of(document), newline="")))
        except csv.Error as error:
            raise FormatError(
                "P270", where=document.name, what=f"cannot be read as csv ({shown(error)})"
            ) from error
        check_count(sum(map(len, rows)), document)
        nodes, others = _nodes(rows[0] if rows else [], document.name)
        into = Gathering(document.name, options)
        names = sorted({row[0] for row in rows[1:] if row and row[0]}, key=natural)
        tracks = dict(zip(names, tracks_of(names).tolist(), strict=True)) if names else {}
        for number, row in enumerate(rows[1:], start=2):
            where = f"{document.name}: line {number}"
            if not row:
                continue
            if len(row) != len(rows[0]):
                into.faults.add(
                    "P204",
                    where=where,
                    what=f"has {len(row)} cells",
                    wanted=f"{len(rows[0])} cells, as in the header",
                )
                continue
            cells = [row[2], *(row[at] for columns in nodes.values() for at in columns)]
            values = numbers_of(cells, where, into.faults, missing=True)
            if values is None:
                continue
            if not row[1].isdecimal() or len(row[1]) > 9:
                into.faults.add(
                    "P303", where=where, what=f"has frame {shown(row[1], 20)!r}", wanted="a number"
                )
                continue
            frame = into.frame(row[1], number=int(row[1]))
            person = Found(frame, score=values[0], track=tracks.get(row[0], -1))
            for at, name in enumerate(nodes):
                x, y, score = values[1 + 3 * at : 4 + 3 * at]
                if x == x and y == y:
                    person.joints[name] = (x, y, score if options.role is Role.PREDICTIONS else 2.0)
            into.people.append(person)
        origin = Origin(document.path, document.sha256, self.name)
        poses = into.poses(origin, Joints(declared=list(nodes)))
        if not others:
            return poses
        told = ", ".join(shown(name, 30) for name in others[:5])
        text = f"{document.name}: not read: {number_of(len(others), 'column')}: {told}"
        return poses.with_notices([Notice("N547", text, len(others))])


def _nodes(header: list[str], where: str) -> tuple[dict[str, tuple[int, int, int]], list[str]]:
    """The columns of each node's x, y and score, and those of nothing known."""
    if tuple(name.strip().lstrip("\ufeff") for name in header[:3]) != FIRST:
        code, what = ("P270", "has another header") if header else ("P200", "is empty")
        raise FormatError(code, where=where, what=what, wanted=",".join(FIRST))
    place = {name: at for at, name in enumerate(header)}
    if len(place) < len(header):
        raise FormatError("P205", where=where, what="has two columns with the same name")
    names = dict.fromkeys(name[:-2] for name in header[3:] if name.endswith((".x", ".y")))
    lacking = [f"{name}.{part}" for name in names for part in PARTS if f"{name}.{part}" not in place]
    if lacking or not names:
        what = f"has no column {shown(lacking[0], 40)}" if lacking else "has no nodes"
        raise FormatError("P206", where=where, what=what, wanted="x, y and score of each node")
    found = {name: (place[f"{name}.x"], place[f"{name}.y"], place[f"{name}.score"]) for name in names}
    used = {at for columns in found.values() for at in columns}
    return found, [name for at, name in enumerate(header) if at > 2 and at not in used]
