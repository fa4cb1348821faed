"""A pose set that worker processes of this machine map into their memory, and do not copy."""

from __future__ import annotations

import io
import mmap
import pickle
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from poseval.errors import UsageError, shown
from poseval.poses.pose_set import PoseSet

ALIGNED = 64  # bytes: where columns begin
KEPT = 4  # sets that a worker holds at once


@dataclass(frozen=True)
class Place:
    """Where a set lies: the file of its columns, their first bytes and lengths, and the rest, pickled."""

    path: str
    spans: tuple[tuple[int, int], ...]
    rest: bytes


@contextmanager
def shared(poses: PoseSet) -> Iterator[PoseSet]:
    """The same set, that goes to other processes as the place of a file, which each of them maps once.

    The file is written when the set first goes to another process, and is there inside of the block only.
    What is made from the set, by `replace` say, is a set like any other.

    Raises:
        UsageError: P137 the file cannot be written, where the set is sent.
    """
    with TemporaryDirectory(prefix="poseval-", ignore_cleanup_errors=True) as folder:
        found = SharedSet(**{field.name: getattr(poses, field.name) for field in fields(PoseSet)})
        object.__setattr__(found, "_file", _File(poses, Path(folder) / "columns"))
        yield found


class SharedSet(PoseSet):
    """A set that is sent as the place where it lies."""

    def __reduce_ex__(self, protocol: Any) -> Any:
        file = self.__dict__.get("_file")
        return super().__reduce_ex__(protocol) if file is None else (opened, (file.place(),))


@lru_cache(maxsize=KEPT)
def opened(place: Place) -> PoseSet:
    """The set at a place; its columns are the pages of the file, which nobody can write to."""
    with open(place.path, "rb") as file:
        pages = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    found = pickle.loads(place.rest, buffers=[pages[first : first + size] for first, size in place.spans])
    if not isinstance(found, PoseSet):
        raise TypeError("not a pose set")
    return found


class _File:
    """The file of a set, which is written once."""

    def __init__(self, poses: PoseSet, path: Path) -> None:
        self._poses, self._path = poses, path
        self._guard = threading.Lock()
        self._place: Place | None = None

    def place(self) -> Place:
        with self._guard:
            if self._place is None:
                columns: list[pickle.PickleBuffer] = []
                out = io.BytesIO()
                _Pickler(out, protocol=5, buffer_callback=columns.append).dump(self._poses)
                self._place = Place(str(self._path), _written(self._path, columns), out.getvalue())
            return self._place


class _Pickler(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        """A column that was not given is one value for all rows, and stays so."""
        if isinstance(value, np.ndarray) and value.size > 1 and not any(value.strides):
            return np.broadcast_to, (value[(slice(1),) * value.ndim].reshape(()).copy(), value.shape)
        return NotImplemented


def _written(path: Path, columns: Sequence[pickle.PickleBuffer]) -> tuple[tuple[int, int], ...]:
    spans, at = [], 0
    try:
        with path.open("wb") as file:
            for column in columns:
                with column.raw() as data:
                    spans.append((at, data.nbytes))
                    file.write(data)
                    at += file.write(bytes(-data.nbytes % ALIGNED)) + data.nbytes
            file.write(bytes(ALIGNED))  # a file without a byte cannot be mapped
    except OSError as error:
        raise UsageError(
            "P137",
            where=shown(path),
            what=f"cannot be written ({shown(error, 80)})",
            wanted="room on the disk",
        ) from error
    return tuple(spans)
