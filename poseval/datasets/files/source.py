"""What a path leads to: a document, or a folder with its list of files; each is opened only once."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from poseval.errors import LimitError, PosevalError, UsageError, shown, wrong_type
from poseval.files.absent import absent
from poseval.files.packed import plain_name
from poseval.files.streams import is_stream, public_name
from poseval.limits import DEFAULT, Limits, to_raise
from poseval.poses.frame_names import natural
from poseval.threads import started

if TYPE_CHECKING:
    from poseval.datasets.files.archive import Archive
    from poseval.datasets.files.document import Document

UNPACKED_BY_READER = (".npz",)  # zip inside, but no folder of documents


def path_of(value: Any, where: str, wanted: str = "a path") -> str | os.PathLike[str]:
    """An argument that names a file or folder, which need not exist; as it was given.

    Raises:
        UsageError: P101 for anything but text or a path; a number, for example, would be an open file. An
            empty text is refused, too: it would be the current folder.
    """
    if isinstance(value, str) and not value:
        raise UsageError(
            "P101", where=where, what="is empty", wanted=wanted, hint="'.' is the current folder"
        )
    if isinstance(value, (str, os.PathLike)):
        return value
    array = hasattr(value, "shape") and hasattr(value, "dtype")
    raise wrong_type(where, value, wanted, "poseval.from_arrays(...) makes a set of it" if array else None)


class Source:
    """A path given by the user; nothing is opened before it is asked for, and a file is opened once.

    With a given `document` no file is opened; the path is then only its name in messages.
    """

    def __init__(
        self, path: str | os.PathLike[str], limits: Limits = DEFAULT, document: Document | None = None
    ) -> None:
        self.given = path_of(path, "path")
        # Standard input, an address or memory, which has no neighbours.
        self.is_stream = document is not None or is_stream(self.given)
        self.name = public_name(self.given)  # as it was given, for messages
        self.path = Path(self.name)
        self.limits = limits
        self._archive: Archive | None = None
        self._ahead: threading.Thread | None = None
        self._fetched = document
        self._unread: dict[str, Counter[str]] = {}
        self._failure: Exception | None = None  # a pipe cannot be asked a second time
        if not self.is_stream and not os.path.lexists(self.path):
            raise absent(self.path, shown(self.path), "a file or folder")

    @cached_property
    def is_folder(self) -> bool:
        """Whether the path is a folder."""
        return not self.is_stream and os.path.isdir(self.path)

    @cached_property
    def suffix(self) -> str:
        """Extension in lower case, that of a packing skipped: `.json` for `a.JSON.gz`."""
        return Path(plain_name(self.path.name)).suffix.lower()

    @cached_property
    def document(self) -> Document:
        """The file's bytes, read once with limits; of a zip archive that holds one JSON file, that file.

        Raises:
            UsageError: P135 not a regular file, P136 cannot be read.
            FormatError: P212 damaged gzip or zip, P213 an archive that is not sound.
            LimitError: P501 too large, P503 too many members, P504 unpacks to suspiciously much.
        """

        if self._ahead is not None:
            self._ahead.join()
        if self._fetched is None and self._failure is None:
            self._fetch()
        if self._failure is not None:
            raise self._failure
        found, self._fetched = self._fetched, None
        assert found is not None
        if found.is_zip and self.suffix not in UNPACKED_BY_READER:
            from poseval.datasets.files.archive import Archive

            self._archive = Archive(found.data, found.path, self.limits)
            if len(self._archive) == 1:
                return self._archive.read(self._archive.names[0])
        return found

    def fetch(self) -> None:
        """Start to read the file in a thread, if one can be started; `document` waits for it."""
        if not self.is_folder:
            self._ahead = started(self._fetch)

    def _fetch(self) -> None:
        from poseval.datasets.files.document import Document
        from poseval.datasets.files.long_list import opened

        try:
            self._fetched = opened(self.given, self.limits) or Document.open_input(self.given, self.limits)
        except (PosevalError, OSError, MemoryError) as error:
            self._failure = error  # told when the document is asked for

    @property
    def archive(self) -> Archive | None:
        """The archive that the document is, or came out of; None for anything but zip."""
        _ = self.document
        return self._archive

    def open(self, path: Path) -> Document:
        """Open a file of the folder by its relative path. What is not read of it is counted in `unread`.

        Raises:
            UsageError, FormatError, LimitError: as for `document`.
        """
        from poseval.datasets.files.document import Document

        found = Document.open(os.path.join(str(self.path), path), self.limits)
        self._unread[str(path)] = found.unread
        return found

    @property
    def unread(self) -> Counter[str]:
        """What was not read of the opened files, counted by key or in words."""
        total: Counter[str] = Counter()
        for part in self._unread.values():
            total.update(part)
        if not self.is_folder and not self._unread:
            total.update(self.document.unread)
        return total

    def documents(self, suffix: str = ".json") -> Iterator[Document]:
        """Files of a folder or archive with these endings (before `.gz`), one at a time; or the one document.

        Raises:
            UsageError, FormatError, LimitError: as for `document`.
        """
        if self.is_folder:
            for path in self.files:
                if plain_name(path.name.lower()).endswith(suffix):
                    yield self.open(path)
        elif self.archive is not None:
            for at, document in enumerate(self.archive.documents()):
                self._unread[str(at)] = document.unread
                yield document
        else:
            yield self.document

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """Regular files below a folder, as relative paths in natural order; hidden ones are left out.

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
                    what="holds more files than allowed",
                    wanted=f"at most {self.limits.frames:,}",
                    hint=to_raise("frames", 2 * self.limits.frames, known=False),
                )
        return tuple(sorted(found, key=lambda path: natural(path.as_posix())))
