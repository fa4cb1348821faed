"""MOTChallenge text: boxes with tracks, no joints.

Source: MOTChallenge's description of its files: `frame, id, left, top, width, height, conf, class,
visibility` in ground truth and `frame, id, left, top, width, height, conf, x, y, z` in results; frames and
pixels count from 1. In ground truth a `conf` of 0 means "do not evaluate": such boxes are read as crowd.
A folder holds several sequences: ground truth as `SEQUENCE/gt/gt.txt`, as it is published, or as
`SEQUENCE.txt`, as results are. PoseTrack21 puts `image_info.json` beside `gt`: all images of the sequence,
with ignore regions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from poseval.datasets.assembly import digest_of, frames_of, pose_set
from poseval.datasets.base import Dataset, Losses, ReadOptions, Role, WriteOptions
from poseval.datasets.capabilities import losses_of
from poseval.datasets.containers.text_table import check_count, numbers_of, stacked, text_of
from poseval.datasets.files.document import Document
from poseval.datasets.files.source import Source
from poseval.datasets.tools.image_info import ignore_regions, regions_beside
from poseval.errors import Faults, FormatError, UsageError, shown
from poseval.files.writing import write_atomically
from poseval.poses import Array, Floats, Notice, Origin, PoseSet
from poseval.poses.enclosing import enclosing_boxes
from poseval.skeletons import get_skeleton

LOOKED_AT = 20  # files of a folder, until one is not empty
WIDTHS = {Role.TRUTH: (9, 8, 7), Role.PREDICTIONS: (10, 9, 7)}


class MotChallenge(Dataset):
    """`gt.txt` and results; the set has boxes and tracks, and joints that are not labelled."""

    name: ClassVar[str] = "motchallenge"
    title: ClassVar[str] = "MOTChallenge txt, or a folder of them (boxes with tracks, no joints)"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH, Role.PREDICTIONS})
    writes: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH, Role.PREDICTIONS})
    holds: ClassVar[frozenset[str]] = frozenset({"scores", "boxes", "tracks", "crowd flags"})
    lacks: ClassVar[Mapping[Role, frozenset[str]]] = {
        Role.TRUTH: frozenset({"scores"}),
        Role.PREDICTIONS: frozenset({"crowd flags"}),
    }

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by seven to ten comma-separated numbers in the first line of the first file."""
        if source.is_folder:
            documents = (source.open(path) for path in list(_paths(source, role).values())[:LOOKED_AT])
            document = next((one for one in documents if one.data.strip()), None)
        else:
            document = source.document if source.suffix in (".txt", ".csv") else None
        if document is None:
            return 0.0
        first = document.data[:400].split(b"\n", 1)[0].split(b",")
        if len(first) not in (7, 8, 9, 10):
            return 0.0
        faults = Faults()
        found = numbers_of([word.decode("utf-8", "replace") for word in first], "", faults)
        if found is None or found[0] != int(found[0]) or found[0] < 1 or found[4] < 0 or found[5] < 0:
            return 0.0
        if source.is_folder and Path(document.name).name == "gt.txt":
            return 0.85  # whatever stands behind the box: PoseTrack21 has ten numbers
        if len(first) == 9:
            return 0.85 if role is Role.TRUTH else 0.4
        return 0.85 if len(first) in WIDTHS[role] else 0.4

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """Boxes of all frames; one pixel is taken off their corners. A folder is a set of sequences.

        Raises:
            InputError: what is wrong with the files, all faults gathered; P271 a folder without any.
        """
        found = _documents(source, options.role)
        regions = regions_beside(source, list(found)) if options.role is Role.TRUTH else {}
        faults = Faults()
        tables = {name: _table(document, faults) for name, document in found.items()}
        faults.raise_if_any()
        limits = options.limits
        names = [
            f"{name}/{n}" if name else str(n)
            for name, table in tables.items()
            for n in _numbers(table, regions.get(name, {}))
        ]
        numbers = [int(name.rpartition("/")[2]) for name in names]
        frames = frames_of(names, limits, str(source.path), None, numbers)
        index = np.repeat(
            np.arange(len(tables)), [len(_numbers(t, regions.get(n, {}))) for n, t in tables.items()]
        )
        frames = replace(frames, sequence=index, sequences=tuple(tables))  # empty files are sequences, too
        place = {name: row for row, name in enumerate(names)}
        rows = [
            place[f"{name}/{n}" if name else str(n)]
            for name, table in tables.items()
            for n in table[:, 0].astype(np.int64).tolist()
        ]
        table = np.concatenate([np.zeros((0, 8)), *tables.values()])
        asked = options.skeleton or (options.truth.skeleton if options.truth else get_skeleton("coco17"))
        corner = table[:, 2:4] - 1.0
        columns: dict[str, Array] = {
            "xy": np.full((len(rows), len(asked), 2), np.nan),
            "seen": np.zeros((len(rows), len(asked)), dtype=np.int8),
            "box": np.concatenate([corner, corner + table[:, 4:6]], axis=1),
            "track": np.maximum(table[:, 1].astype(np.int64), -1),
        }
        if options.role is Role.PREDICTIONS:
            columns["score"] = table[:, 6]
        else:
            columns["crowd"] = table[:, 6] == 0
            columns["category"] = table[:, 7].astype(np.int64)
        where, digest = str(source.path), digest_of((n, d.sha256) for n, d in found.items())
        if not source.is_folder:
            where, digest = source.document.path, source.document.sha256
        text = f"{shown(where)}: holds boxes and no joints; 1 was subtracted, because its first pixel is 1"
        origin = Origin(where, digest, self.name, len(rows), (Notice("N507", text),))
        poses = pose_set(asked, frames, np.asarray(rows, dtype=np.int64), columns, origin, limits)
        return replace(poses, ignore=ignore_regions(regions, place)) if regions else poses

    def write(self, poses: PoseSet, path: Path, options: WriteOptions) -> Losses:
        """One line per person, frames numbered from 1 by their number.

        A box that was not given is the extent of the joints; people without both are left out.

        Raises:
            UsageError: P131 the file exists, P137 it cannot be written, P178 several sequences.
        """
        if len(np.unique(poses.frames.sequence)) > 1:
            raise UsageError(
                "P178",
                where=shown(poses.origin.name),
                what="has several sequences",
                wanted="one sequence per file",
            )
        people = poses.people
        losses = losses_of(poses, self.holds_as(options.role))
        given = np.asarray(~np.isnan(people.box).any(axis=1), dtype=np.bool_)
        box = np.where(given[:, None], people.box, enclosing_boxes(people.xy, people.seen > 0))
        boxed = np.asarray(~np.isnan(box).any(axis=1), dtype=np.bool_)
        losses.make("boxes computed from the joints", int((boxed & ~given).sum()))
        losses.lose("people without a box or joints", int((~boxed).sum()))
        losses.kept_people = int(boxed.sum())
        shift = 1 if len(poses.frames) and poses.frames.number.min() < 1 else 0
        lines = []
        for row in np.flatnonzero(boxed).tolist():
            x0, y0, x1, y1 = box[row].tolist()
            frame = int(poses.frames.number[people.frame[row]]) + shift
            numbers = [x0 + 1, y0 + 1, x1 - x0, y1 - y0]
            if options.role is Role.TRUTH:
                tail = [str(int(not people.crowd[row])), str(int(people.category[row])), "1"]
            else:
                score = float(people.score[row])
                tail = ["1" if score != score else repr(score), "-1", "-1", "-1"]
            words = [str(frame), str(int(people.track[row])), *map(repr, numbers), *tail]
            lines.append(",".join(words))
        write_atomically(path, "".join(f"{line}\n" for line in lines).encode(), options.force)
        return losses


def _paths(source: Source, role: Role) -> dict[str, Path]:
    """The files of a folder by their sequences."""
    if role is Role.TRUTH:
        published = [path for path in source.files if path.parts[-2:] == ("gt", "gt.txt") and path.parts[:-2]]
        if published:
            return {path.parts[-3]: path for path in published}
    return {path.stem: path for path in source.files if path.suffix == ".txt" and len(path.parts) == 1}


def _documents(source: Source, role: Role) -> dict[str, Document]:
    """The files by their sequences; a single file is a sequence without a name.

    Raises:
        FormatError: P271 a folder without files of sequences.
    """
    if not source.is_folder:
        return {"": source.document}
    found = {name: source.open(path) for name, path in _paths(source, role).items()}
    if not found:
        raise FormatError(
            "P271",
            where=shown(source.path),
            what="holds no sequence",
            wanted="SEQUENCE/gt/gt.txt, or a SEQUENCE.txt for each",
        )
    return found


def _numbers(table: Floats, regions: Mapping[int, Sequence[Floats]]) -> list[int]:
    """Frames of a sequence: those with boxes, and those that a list of its images names."""
    return sorted({*table[:, 0].astype(np.int64).tolist(), *regions})


def _table(document: Document, faults: Faults) -> Floats:
    """The lines of a file as numbers [N, 8]: frame, track, box, confidence and class, 1 where absent."""
    rows: list[list[float]] = []
    for number, line in enumerate(text_of(document).splitlines(), start=1):
        if not line.strip():
            continue
        where = f"{document.name}: line {number}"
        found = numbers_of(line.split(","), where, faults)
        if found is None:
            continue
        if not 6 <= len(found) <= 10 or (rows and len(found) != len(rows[0])):
            faults.add(
                "P204", where=where, what=f"has {len(found)} numbers", wanted="6 to 10, the same in all lines"
            )
        elif (
            found[0] != int(found[0])
            or not 1 <= found[0] < 10**9
            or found[1] != int(found[1])
            or abs(found[1]) > 2**53
        ):
            faults.add(
                "P303", where=where, what="has a frame or track that is not a whole number of at least 1"
            )
        elif len(found) > 7 and abs(found[7]) > 2**53:
            faults.add("P303", where=where, what="has a class that is beyond all whole numbers")
        elif found[4] < 0 or found[5] < 0:
            faults.add("P307", where=where, what="has a box with a negative size")
        else:
            rows.append(found)
    width = len(rows[0]) if rows else 7
    check_count(width * len(rows), document)
    out = np.ones((len(rows), 8))
    out[:, : min(width, 8)] = stacked(rows, width)[:, :8]
    return out
