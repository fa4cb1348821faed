"""PoseSet: a benchmark is a table of people.

Rows are people, columns are arrays, the frame is an index column. A missing number is NaN, a missing id is
-1; there is no `None` inside arrays. Constructors check shape, dtype, finiteness and order once and set the
arrays read-only; every function behind them trusts its input.

Identity is the row, never the id in the file. Coordinates are pixels with (0, 0) at the centre of the first
pixel; readers convert to these and say so in `Origin.notices`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from poseval.errors import ValueRangeError, number_of, shown, wrong_type
from poseval.poses.notices import Notice
from poseval.skeletons import Skeleton

Array = NDArray[Any]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Origin:
    """Where a pose set came from: path as given, SHA-256 of the bytes parsed, format name, notices.

    `base` is the coordinate that the file gives to the first pixel (1 in MATLAB's world); readers take it
    off, and predictions that are bare arrays share the base of their ground truth. `converted_from` is the
    format of the file that a file of poseval's own was made from; `sha256` and `base` are then that file's.
    `unread` counts what the file holds and the set does not, by its key or in words.
    """

    path: str = ""
    sha256: str = ""
    format: str = "memory"
    records: int = 0
    notices: tuple[Notice, ...] = ()
    base: int = 0
    converted_from: str = ""
    unread: Mapping[str, int] = field(default_factory=dict)

    @property
    def first_format(self) -> str:
        """The format of the original annotations, by which benchmarks are recognised."""
        return self.converted_from or self.format

    @property
    def name(self) -> str:
        """Last part of the path, for messages."""
        return self.path.rstrip("/").rsplit("/", 1)[-1] or "<memory>"


TIME = "time"  # further column of frames


def _frozen(array: Array) -> Array:
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array


def _column(name: str, value: Any, dtype: Any, shape: tuple[int, ...], missing: Any) -> Array:
    """`value` as a read-only array of dtype and shape; `missing` stands in a column that was not given.

    It stands there once for all rows, and takes no memory.
    """
    if value is None:
        return np.broadcast_to(np.asarray(missing, dtype=dtype), shape)
    array = _numbers(name, value, dtype)
    if array.shape != shape:
        raise ValueRangeError(
            "P310", where=f"column {name}", what=f"has shape {array.shape}", wanted=f"{shape}"
        )
    return _frozen(np.ascontiguousarray(array) if any(array.strides) else array)


def _numbers(name: str, value: Any, dtype: Any) -> Array:
    """`value` as an array of a dtype."""
    wanted = np.dtype(dtype)
    try:
        array = np.asarray(value)
        if array.dtype.kind == "f" and wanted.kind == "i" and not (array == np.rint(array)).all():
            raise ValueRangeError(
                "P310", where=f"column {name}", what="holds numbers that are not whole", wanted=str(wanted)
            )
        return array.astype(wanted, copy=False)
    except (TypeError, ValueError, OverflowError):
        raise wrong_type(f"column {name}", value, f"an array of {wanted}") from None


def _extras(extra: Mapping[str, Any], rows: int) -> dict[str, Array]:
    if not isinstance(extra, Mapping):
        raise wrong_type("extra columns", extra, "a mapping of names to arrays")
    out = {}
    for name, value in extra.items():
        array = np.asarray(value)
        if array.dtype == object or array.shape[:1] != (rows,):
            raise ValueRangeError(
                "P310",
                where=f"column {name}",
                what=f"has shape {array.shape} and dtype {array.dtype}",
                wanted=f"{rows} rows of numbers or text",
            )
        out[name] = _frozen(array)
    return out


@dataclass(frozen=True, eq=False, repr=False)
class Frames:
    """Images or video frames, F rows.

    `key` is the unique name of the frame in its file (an image id or a file name, as text). `sequence`
    indexes `sequences`; a still image belongs to its own sequence or to one common sequence 0. `number` is
    the order inside the sequence. `extra` holds further columns by name, e.g. `crowd_index` [F] float64, or
    `time` [F] float64 seconds, where a file says when its frames were taken.
    """

    key: Array  # [F] str, unique
    sequence: Ints = None  # type: ignore[assignment]  # [F] int64 into `sequences`
    number: Ints = None  # type: ignore[assignment]  # [F] int64
    size: Floats = None  # type: ignore[assignment]  # [F, 2] float64 width, height in pixels; NaN unknown
    labelled: Bools = None  # type: ignore[assignment]  # [F] bool
    path: Array = None  # type: ignore[assignment]  # [F] str, file name as the annotation gives it
    sequences: tuple[str, ...] = ("",)
    extra: Mapping[str, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        key = np.asarray(self.key)
        if key.ndim != 1:
            raise wrong_type("column frames.key", self.key, "a list of names")
        if key.dtype.kind != "U":
            key = key.astype(np.str_) if len(key) else np.zeros(0, dtype="U1")
        count = len(key)
        put = object.__setattr__
        put(self, "key", _frozen(key))
        put(self, "sequence", _column("frames.sequence", self.sequence, np.int64, (count,), 0))
        number = np.arange(count) if self.number is None else self.number
        put(self, "number", _column("frames.number", number, np.int64, (count,), 0))
        put(self, "size", _column("frames.size", self.size, np.float64, (count, 2), np.nan))
        put(self, "labelled", _column("frames.labelled", self.labelled, np.bool_, (count,), True))
        path = np.full(count, "", dtype="U1") if self.path is None else np.asarray(self.path, dtype=np.str_)
        put(self, "path", _column("frames.path", path, path.dtype, (count,), ""))
        named: Any = self.sequences
        if isinstance(named, str) or not isinstance(named, Iterable):
            raise wrong_type("frames.sequences", named, "a list of names")
        put(self, "sequences", tuple(named))
        put(self, "extra", _extras(self.extra, count))
        if count and not (self.sequence.min() >= 0 and self.sequence.max() < len(self.sequences)):
            raise ValueRangeError(
                "P311", where="frames.sequence", what="has indices outside the list of sequences"
            )

    def __len__(self) -> int:
        return len(self.key)

    def __repr__(self) -> str:
        return f"Frames({len(self):,} in {number_of(len(self.sequences), 'sequence')})"

    def take(self, rows: Array) -> Frames:
        """The frames at these rows, in this order; the list of sequences is kept."""
        picked = {name: column[rows] for name, column in self.extra.items()}
        return Frames(
            self.key[rows],
            self.sequence[rows],
            self.number[rows],
            self.size[rows],
            self.labelled[rows],
            self.path[rows],
            self.sequences,
            picked,
        )


@dataclass(frozen=True, eq=False, repr=False)
class People:
    """People, N rows sorted by frame (stable), K joints.

    A joint that is not labelled or not predicted has `seen` 0; its coordinates are then NaN or as in the
    file, and no metric reads them (unless a quirk of a reference tool does). For predictions `seen` is 2 if
    the joint is predicted. `seen` 3 marks a true joint outside the activation window (Ex-OKS).
    """

    xy: Floats  # [N, K, 2] float64 pixels
    frame: Ints  # [N] int64 into Frames, non-decreasing
    seen: NDArray[np.int8] = None  # type: ignore[assignment]  # [N, K] 0 not labelled, 1 hidden, 2 visible
    joint_score: Floats = None  # type: ignore[assignment]  # [N, K] NaN = not given
    score: Floats = None  # type: ignore[assignment]  # [N] NaN = not given
    track: Ints = None  # type: ignore[assignment]  # [N] -1 = none
    area: Floats = None  # type: ignore[assignment]  # [N] square pixels, NaN = not given
    box: Floats = None  # type: ignore[assignment]  # [N, 4] x0 y0 x1 y1, NaN = not given
    head: Floats = None  # type: ignore[assignment]  # [N] head size in pixels, NaN = not given
    crowd: Bools = None  # type: ignore[assignment]  # [N]
    category: Ints = None  # type: ignore[assignment]  # [N] category id of the file; 1 when there is none
    source_id: Ints = None  # type: ignore[assignment]  # [N] id in the file, for messages; -1 none
    extra: Mapping[str, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        xy = _numbers("people.xy", self.xy, np.float64)
        if xy.ndim != 3 or xy.shape[2] != 2:
            raise ValueRangeError(
                "P310", where="column people.xy", what=f"has shape {xy.shape}", wanted="[N, K, 2]"
            )
        rows, joints = xy.shape[:2]
        put = object.__setattr__
        put(self, "xy", _frozen(np.ascontiguousarray(xy)))
        for name, dtype, shape, missing in (
            ("frame", np.int64, (rows,), 0),
            ("seen", np.int8, (rows, joints), 2),
            ("joint_score", np.float64, (rows, joints), np.nan),
            ("score", np.float64, (rows,), np.nan),
            ("track", np.int64, (rows,), -1),
            ("area", np.float64, (rows,), np.nan),
            ("box", np.float64, (rows, 4), np.nan),
            ("head", np.float64, (rows,), np.nan),
            ("crowd", np.bool_, (rows,), False),
            ("category", np.int64, (rows,), 1),
            ("source_id", np.int64, (rows,), -1),
        ):
            put(self, name, _column(f"people.{name}", getattr(self, name), dtype, shape, missing))
        put(self, "extra", _extras(self.extra, rows))
        if rows and bool((np.diff(self.frame) < 0).any()):
            raise ValueRangeError("P312", where="column people.frame", what="is not sorted by frame")
        if not self.is_finite and not np.isfinite(self.xy[self.seen > 0]).all():
            raise ValueRangeError("P301", where="column people.xy", what="is NaN or infinite where seen > 0")

    @cached_property
    def is_finite(self) -> bool:
        """Whether all coordinates are finite, those of joints with `seen` 0, too."""
        with np.errstate(over="ignore", invalid="ignore"):
            return bool(np.isfinite(self.xy.sum()))  # only where all its parts are; one pass

    @cached_property
    def is_labelled(self) -> Bools:
        """Whether any joint of each person [N] is labelled; of predictions, predicted."""
        return _frozen(np.logical_or.reduce(self.seen > 0, axis=1))

    def __len__(self) -> int:
        return len(self.frame)

    def __repr__(self) -> str:
        return f"People({len(self):,} of {number_of(self.xy.shape[1], 'joint')})"

    def take(self, rows: Array) -> People:
        """The people at `rows`, a mask or indices that keep the order by frame."""
        if rows.dtype == np.bool_:
            rows = np.flatnonzero(rows)  # once, not for each column
        columns = {f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name != "extra"}
        return People(**columns, extra={name: column[rows] for name, column in self.extra.items()})

    def with_columns(self, **columns: Any) -> People:
        """The same people with some columns replaced."""
        return replace(self, **columns)


@dataclass(frozen=True, eq=False, repr=False)
class IgnoreRegions:
    """Ragged polygons, R of them over V vertices: polygon r is `vertices[start[r]:start[r + 1]]`."""

    vertices: Floats = field(default_factory=lambda: np.zeros((0, 2)))  # [V, 2] pixels
    start: Ints = field(default_factory=lambda: np.zeros(1, dtype=np.int64))  # [R + 1]
    frame: Ints = field(
        default_factory=lambda: np.zeros(0, dtype=np.int64)
    )  # [R] into Frames, non-decreasing

    def __post_init__(self) -> None:
        vertices = np.asarray(self.vertices, dtype=np.float64).reshape(-1, 2)
        count = len(self.frame)
        put = object.__setattr__
        put(self, "vertices", _frozen(np.ascontiguousarray(vertices)))
        put(self, "start", _column("ignore.start", self.start, np.int64, (count + 1,), 0))
        put(self, "frame", _column("ignore.frame", self.frame, np.int64, (count,), 0))
        if self.start[0] != 0 or self.start[-1] != len(vertices) or bool((np.diff(self.start) < 0).any()):
            raise ValueRangeError(
                "P313", where="ignore.start", what="does not divide the vertices into polygons"
            )
        if not np.isfinite(vertices).all():
            raise ValueRangeError(
                "P301", where="ignore.vertices", what="has NaN or infinite numbers", wanted="finite numbers"
            )

    def __len__(self) -> int:
        return len(self.frame)

    def __repr__(self) -> str:
        return f"IgnoreRegions({len(self):,})"


@dataclass(frozen=True, eq=False, repr=False)
class PoseSet:
    """A skeleton, frames, people and ignore regions, and their origin.

    `categories` maps category ids of the file to names; benchmarks of people have one entry.
    """

    skeleton: Skeleton
    frames: Frames
    people: People
    ignore: IgnoreRegions = field(default_factory=IgnoreRegions)
    origin: Origin = field(default_factory=Origin)
    categories: Mapping[int, str] = field(default_factory=lambda: {1: "person"})

    def __post_init__(self) -> None:
        for name, kind in (
            ("skeleton", Skeleton), ("frames", Frames), ("people", People), ("ignore", IgnoreRegions)
        ):  # fmt: skip
            value = getattr(self, name)
            if not isinstance(value, kind):
                raise wrong_type(name, value, kind.__name__)
        joints = self.people.xy.shape[1]
        if joints != len(self.skeleton):
            raise ValueRangeError(
                "P310",
                where="column people.xy",
                what=f"has {joints} joints",
                wanted=f"skeleton {self.skeleton.name} has {len(self.skeleton)}",
            )
        for name, column in (("people", self.people.frame), ("ignore", self.ignore.frame)):
            if len(column) and not (column.min() >= 0 and column.max() < len(self.frames)):
                raise ValueRangeError(
                    "P311", where=f"column {name}.frame", what="has indices outside the frames"
                )

    def __len__(self) -> int:
        return len(self.people)

    def __repr__(self) -> str:
        people, frames = number_of(len(self), "person", "people"), number_of(len(self.frames), "frame")
        return f"PoseSet({self.skeleton.name}, {people} in {frames}, {shown(self.origin.name, 60)})"

    def _repr_html_(self) -> str:
        """What a notebook shows: what each column holds."""
        text: str = import_module("poseval.report.notebook").pose_set(self)
        return text

    def take_frames(self, rows: Ints) -> PoseSet:
        """The frames `rows` (ascending) with their people and ignore regions; sequences are kept whole."""
        place = np.full(len(self.frames), -1, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        people = self.people
        keep = np.flatnonzero(place[people.frame] >= 0)
        if len(keep) < len(people):
            people = people.take(keep)
        kept = np.flatnonzero(place[self.ignore.frame] >= 0)
        length = np.diff(self.ignore.start)[kept]
        start = np.concatenate(([0], np.cumsum(length)))
        first = np.repeat(self.ignore.start[kept] - start[:-1], length)
        return replace(
            self,
            frames=self.frames.take(rows),
            people=people.with_columns(frame=place[people.frame]),
            ignore=IgnoreRegions(
                self.ignore.vertices[first + np.arange(start[-1])], start, place[self.ignore.frame[kept]]
            ),
        )

    def frame_start(self) -> Ints:
        """Offsets [F + 1]: people of frame f are rows `start[f]:start[f + 1]`."""
        return np.searchsorted(self.people.frame, np.arange(len(self.frames) + 1)).astype(np.int64)

    def with_notices(self, notices: Sequence[Notice]) -> PoseSet:
        """The same set with further notices in its origin."""
        return replace(self, origin=replace(self.origin, notices=(*self.origin.notices, *notices)))
