"""What a path holds, looked at once: a document, or a folder with its list of files."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from poseval.errors import LimitError, UsageError, shown
from poseval.limits import DEFAULT, Limits

if TYPE_CHECKING:
    from poseval.datasets.document import Document


class Source:
    """A path given by the user; nothing is opened before it is asked for, and a file is opened once."""

    def __init__(self, path: str | os.PathLike[str], limits: Limits = DEFAULT) -> None:
        self.path = Path(path)
        self.limits = limits
        if not os.path.lexists(self.path):
            raise UsageError("P114", where=shown(self.path), what="does not exist", wanted="a file or folder")

    @cached_property
    def is_folder(self) -> bool:
        """Whether the path is a folder."""
        return self.path.is_dir()

    @cached_property
    def suffix(self) -> str:
        """Extension in lower case, `.gz` skipped: `.json` for `a.JSON.gz`."""
        path = self.path.with_suffix("") if self.path.suffix.lower() == ".gz" else self.path
        return path.suffix.lower()

    @cached_property
    def document(self) -> Document:
        """The file's bytes, read once with limits.

        Raises:
            InputError: not a regular file, too large, unreadable.
        """
        from poseval.datasets.document import Document

        return Document.open(self.path, self.limits)

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """Regular files below a folder, as relative paths in sorted order; hidden ones are left out.

        Raises:
            LimitError: P503 for more files than `limits.frames`.
        """
        found: list[Path] = []
        for folder, folders, names in os.walk(self.path, followlinks=False):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            base = Path(folder).relative_to(self.path)
            found.extend(base / name for name in names if not name.startswith("."))
            if len(found) > self.limits.frames:
                raise LimitError(
                    "P503",
                    where=shown(self.path),
                    what=f"holds more than {self.limits.frames} files",
                    wanted="at most limits.frames",
                )
        return tuple(sorted(found, key=lambda path: path.as_posix()))
