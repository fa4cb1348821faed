"""The finished part of a run, kept on disk: a crash at image 40,000 loses nothing.

A file of JSON lines beside the output (`preds.json.part`): first a description of the run, then the people of
each finished group of frames. A line that a crash cut short is dropped on resuming, and its group is run
again. Groups are the same in every run of one command, so a resumed run gives the numbers of an uninterrupted
one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from poseval.errors import FormatError, LimitError, UsageError, shown
from poseval.files.reading import parse_json, require_regular
from poseval.files.writing import unwritable
from poseval.limits import MIB
from poseval.models.inference.predictions import Poses
from poseval.poses import Array, Floats, Ints

SCHEMA = "poseval.journal/1"
BEGINNING = b'{"schema"'
LINE_BYTES = 64 * MIB  # the people of 64 frames; a crowd of 50 whole bodies in each takes 20 MB
KNOWN = ("frame", "score")  # columns without NaN; a joint that was not found has no place
COLUMNS = ("frame", "xy", "joint_score", "score", "box", "area")


@dataclass(frozen=True, eq=False)
class Found:
    """People of one group of frames: N rows sorted by frame."""

    frame: Ints  # [N]
    xy: Floats  # [N, K, 2] pixels
    joint_score: Floats  # [N, K]
    score: Floats  # [N]
    box: Floats  # [N, 4]
    area: Floats  # [N] as OKS-NMS takes it

    def take(self, rows: Ints) -> Found:
        """The people at these rows, in this order."""
        return Found(*(getattr(self, name)[rows] for name in COLUMNS))

    @staticmethod
    def of(frame: int, poses: Poses) -> Found:
        """The people of one frame."""
        rows = np.full(len(poses), frame, dtype=np.int64)
        return Found(rows, poses.xy, poses.joint_score, poses.score, poses.box, poses.area)

    @staticmethod
    def none(joints: int) -> Found:
        """No people, with this number of joints."""
        return Found(
            np.zeros(0, dtype=np.int64),
            np.zeros((0, joints, 2)),
            np.zeros((0, joints)),
            np.zeros(0),
            np.zeros((0, 4)),
            np.zeros(0),
        )

    @staticmethod
    def joined(parts: list[Found], joints: int) -> Found:
        """The people of several groups, in order."""
        parts = [Found.none(joints), *parts]
        return Found(*(np.concatenate([getattr(part, name) for part in parts]) for name in COLUMNS))


@dataclass
class Journal:
    """Finished groups of one run, kept in a file until the output is written.

    `stamp` gives a digest of the images of frames: a group whose images have been replaced is not taken.

    Raises:
        UsageError: P134 when the file belongs to a run with other inputs or options.
            P135, P136, P137 when it is not a regular file, or cannot be read or written.
        FormatError: P264 when it is not a journal, or holds what no run writes.
    """

    path: Path
    run: Mapping[str, Any]
    joints: int
    groups: Mapping[int, Sequence[int]] | None = None  # frame rows of each group; None: any group and frame
    stamp: Callable[[Sequence[int]], str] | None = None
    done: dict[int, Found] = field(default_factory=dict)
    sizes: dict[int, tuple[int, int]] = field(default_factory=dict)  # frame row -> width, height
    seconds: float = 0.0

    def __post_init__(self) -> None:
        good = self._resume() if os.path.lexists(self.path) else 0
        try:
            self._file = self.path.open("r+b" if good else "wb")
        except OSError as error:
            raise unwritable(shown(self.path.name), error) from None
        self._file.truncate(good)
        self._file.seek(good)
        if not good:
            self._write({"schema": SCHEMA, "run": self.run})

    def add(self, group: int, found: Found, sizes: Mapping[int, tuple[int, int]], seconds: float) -> None:
        """Keep a finished group for good."""
        self.done[group] = found
        self.sizes |= sizes
        self.seconds += seconds
        columns = {name: _plain(getattr(found, name)) for name in COLUMNS}
        seen = [[row, *size] for row, size in sizes.items()]
        images = self._images(group)
        self._write(
            {"group": group, "images": images, "seconds": round(seconds, 4), "sizes": seen, **columns}
        )

    def close(self) -> None:
        """Close the file, keeping it."""
        self._file.close()

    def remove(self) -> None:
        """Remove the file after the output has been written."""
        self._file.close()
        self.path.unlink(missing_ok=True)

    def _images(self, group: int) -> str | None:
        return self.stamp(self.groups[group]) if self.stamp and self.groups else None

    def _write(self, node: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(node, allow_nan=False).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def _resume(self) -> int:
        """Read the finished groups; the length of the good part of the file in bytes."""
        good, name = 0, shown(self.path.name)
        require_regular(self.path, name)
        with self.path.open("rb") as file:
            while line := file.readline(LINE_BYTES):
                try:
                    node = parse_json(line, name, LINE_BYTES) if line.endswith(b"\n") else None
                except (ValueError, LimitError):
                    node = None
                if not isinstance(node, dict):
                    if good == 0 and (line.endswith(b"\n") or not line.startswith(BEGINNING)):
                        raise self._none()  # not a line that was cut short: a file of somebody else
                    break
                if good == 0:
                    self._check_header(node)
                else:
                    self._recall(node)
                good += len(line)
        return good

    def _check_header(self, node: dict[str, Any]) -> None:
        where = shown(self.path.name)
        if node.get("schema") != SCHEMA or not isinstance(node.get("run"), dict):
            raise self._none()
        current = json.loads(json.dumps(self.run))
        differing = sorted(
            key for key in current.keys() | node["run"].keys() if current.get(key) != node["run"].get(key)
        )
        if differing:
            raise UsageError(
                "P134",
                where=where,
                what=f"belongs to an unfinished run with another {', '.join(map(shown, differing))}",
                wanted="the same command, to continue it",
                hint="or pass --fresh to start over",
            )

    def _none(self) -> FormatError:
        return FormatError(
            "P264",
            where=shown(self.path.name),
            what="is not the journal of an unfinished run",
            wanted="the file that the interrupted run left, or none",
            hint="move the file away",
        )

    def _recall(self, node: dict[str, Any]) -> None:
        try:
            group, found = node["group"], _found(node, self.joints)
            sizes = {row: (width, height) for row, width, height in node["sizes"]}
            _require(_whole([group, *sizes]), "a group or a frame that is no whole number")
            _require(_whole([*chain(*sizes.values())], least=1), "a size that is no number of pixels")
            _require(_real([node["seconds"]]) and node["seconds"] >= 0, "no time")
            if self.groups is not None:
                _require(group in self.groups, f"no group {group} in this run")
                frames = {*found.frame.tolist(), *sizes}
                _require(frames <= {*self.groups[group]}, f"frames of another group than {group}")
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise FormatError(
                "P264",
                where=shown(self.path.name),
                what=f"has a damaged line ({shown(error)})",
                hint="pass --fresh to start over",
            ) from error
        if node.get("images") == self._images(group):
            self.done[group] = found
            self.sizes |= sizes
            self.seconds += float(node["seconds"])


def _found(node: Mapping[str, Any], joints: int) -> Found:
    """The people of a line.

    Raises:
        KeyError, TypeError, ValueError, OverflowError: a column is missing, or of another form.
    """
    rows = len(node["frame"])
    shapes = {"frame": (rows,), "xy": (rows, joints, 2), "joint_score": (rows, joints)}
    shapes |= {"score": (rows,), "box": (rows, 4), "area": (rows,)}
    columns = list[Any]()
    for name in COLUMNS:
        flat, shape = node[name], shapes[name]
        for _ in shape[1:]:
            flat = list(chain.from_iterable(flat))
        sound = _whole(flat) if name == "frame" else _real(flat, unknown=name not in KNOWN)
        _require(sound, f"{name} with what is no number")
        array = np.array(node[name], dtype=np.int64 if name == "frame" else np.float64)
        _require(array.shape == shape or not rows, f"{name} of another shape")
        columns.append(array.reshape(shape))
    _require(bool((np.diff(columns[0]) >= 0).all()), "frames that are not in order")
    return Found(*columns)


def _whole(numbers: Sequence[object], least: int = 0) -> bool:
    return all(type(number) is int and number >= least for number in numbers)  # true is a whole number, too


def _real(numbers: Sequence[object], unknown: bool = False) -> bool:
    return {*map(type, numbers)} <= ({int, float, type(None)} if unknown else {int, float})


def _require(sound: bool, what: str) -> None:
    if not sound:
        raise ValueError(what)


def _plain(array: Array) -> Any:
    """Lists for JSON, NaN as null (read back as NaN)."""
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        held = array.astype(object)
        held[np.isnan(array)] = None
        return held.tolist()
    return array.tolist()
