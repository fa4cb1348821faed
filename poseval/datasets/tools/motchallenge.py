"""MOTChallenge text: boxes with tracks, no joints.

Source: MOTChallenge's description of its files: `frame, id, left, top, width, height, conf, class,
visibility` in ground truth and `frame, id, left, top, width, height, conf, x, y, z` in results; frames and
pixels count from 1. In ground truth a `conf` of 0 means "do not evaluate": such boxes are read as crowd.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np

from poseval.datasets.assembly import frames_of, pose_set
from poseval.datasets.base import Dataset, Losses, ReadOptions, Role, WriteOptions
from poseval.datasets.capabilities import losses_of
from poseval.datasets.containers.text_table import check_count, numbers_of, stacked, text_of
from poseval.datasets.files.source import Source
from poseval.errors import Faults, UsageError, shown
from poseval.files.writing import write_atomically
from poseval.poses import Array, Notice, Origin, PoseSet
from poseval.poses.enclosing import enclosing_boxes
from poseval.skeletons import get_skeleton

WIDTHS = {Role.TRUTH: (9, 8, 7), Role.PREDICTIONS: (10, 9, 7)}


class MotChallenge(Dataset):
    """`gt.txt` and results; the set has boxes and tracks, and joints that are not labelled."""

    name: ClassVar[str] = "motchallenge"
    title: ClassVar[str] = "MOTChallenge txt (boxes with tracks, no joints)"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH, Role.PREDICTIONS})
    writes: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH, Role.PREDICTIONS})
    holds: ClassVar[frozenset[str]] = frozenset({"scores", "boxes", "tracks", "crowd flags"})
    lacks: ClassVar[Mapping[Role, frozenset[str]]] = {
        Role.TRUTH: frozenset({"scores"}),
        Role.PREDICTIONS: frozenset({"crowd flags"}),
    }

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by seven to ten comma-separated numbers in the first line."""
        if source.is_folder or source.suffix not in (".txt", ".csv"):
            return 0.0
        first = source.document.data[:400].split(b"\n", 1)[0].split(b",")
        if len(first) not in (7, 8, 9, 10):
            return 0.0
        faults = Faults()
        found = numbers_of([word.decode("utf-8", "replace") for word in first], "", faults)
        if found is None or found[0] != int(found[0]) or found[0] < 1 or found[4] < 0 or found[5] < 0:
            return 0.0
        if len(first) == 9:
            return 0.85 if role is Role.TRUTH else 0.4
        return 0.85 if len(first) in WIDTHS[role] else 0.4

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """Boxes of all frames; one pixel is taken off their corners.

        Raises:
            InputError: what is wrong with the file, all faults gathered.
        """
        document = source.document
        faults = Faults()
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
                    "P204",
                    where=where,
                    what=f"has {len(found)} numbers",
                    wanted="6 to 10, the same in all lines",
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
            elif found[4] < 0 or found[5] < 0:
                faults.add("P307", where=where, what="has a box with a negative size")
            else:
                rows.append(found)
        faults.raise_if_any()
        width = len(rows[0]) if rows else 7
        check_count(width * len(rows), document)
        table = stacked(rows, width)
        numbers = np.unique(table[:, 0].astype(np.int64)) if rows else np.zeros(0, dtype=np.int64)
        frames = frames_of(
            [str(n) for n in numbers.tolist()], options.limits, document.name, None, numbers.tolist()
        )
        asked = options.skeleton or (options.truth.skeleton if options.truth else get_skeleton("coco17"))
        corner = table[:, 2:4] - 1.0
        columns: dict[str, Array] = {
            "xy": np.full((len(rows), len(asked), 2), np.nan),
            "seen": np.zeros((len(rows), len(asked)), dtype=np.int8),
            "box": np.concatenate([corner, corner + table[:, 4:6]], axis=1),
            "track": np.maximum(table[:, 1].astype(np.int64), -1),
        }
        conf = table[:, 6] if width > 6 else np.ones(len(rows))
        if options.role is Role.PREDICTIONS:
            columns["score"] = conf
        else:
            columns["crowd"] = conf == 0
            if width > 7:
                columns["category"] = table[:, 7].astype(np.int64)
        text = f"{document.name}: holds boxes and no joints; 1 was subtracted, because its first pixel is 1"
        origin = Origin(document.path, document.sha256, self.name, len(rows), (Notice("N507", text),))
        place = np.searchsorted(numbers, table[:, 0].astype(np.int64))
        return pose_set(asked, frames, place, columns, origin, options.limits)

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
