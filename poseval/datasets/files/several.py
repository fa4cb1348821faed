"""Several files named one by one, treated like a folder of exactly these files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from poseval.datasets.files.source import Source
from poseval.errors import UsageError, shown
from poseval.limits import DEFAULT, Limits
from poseval.poses.frame_names import natural


class SeveralFiles(Source):
    """The files at several paths, including those in folders; `path` is their common folder.

    Raises:
        UsageError: P114 a path that does not exist, P198 one that is named twice, P128 one that can be
            read only once.
    """

    def __init__(self, paths: Sequence[str | os.PathLike[str]], limits: Limits = DEFAULT) -> None:
        parts = [Source(path, limits) for path in paths]
        stream = next((part for part in parts if part.is_stream), None)
        if stream is not None:
            raise UsageError(
                "P128",
                where=shown(stream.name),
                what="can only be read as the only input",
                wanted="files, or one input",
            )
        places = [part.path.absolute() for part in parts]
        twice = next((place for at, place in enumerate(places) if place in places[:at]), None)
        if twice is not None:
            raise UsageError("P198", where=shown(twice), what="is named twice", wanted="each file once")
        folders = [
            place if part.is_folder else place.parent for place, part in zip(places, parts, strict=True)
        ]
        super().__init__(os.path.commonpath(folders), limits)
        self._found = [
            (place / path if part.is_folder else place).relative_to(self.path)
            for place, part in zip(places, parts, strict=True)
            for path in (part.files if part.is_folder else (Path(),))
        ]

    @cached_property
    def is_folder(self) -> bool:
        """True, so that readers treat the files like those of a folder."""
        return True

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """The files, relative to `path`, in the natural order of their names."""
        return tuple(sorted(set(self._found), key=lambda path: natural(path.as_posix())))
