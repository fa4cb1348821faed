"""Zip archives as folders of documents: members are read, never extracted; their names are labels only."""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator

from poseval.datasets.files.document import Document
from poseval.errors import FormatError, LimitError, shown
from poseval.files.reading import allowed_bytes, too_much
from poseval.limits import DEFAULT, Limits, to_raise
from poseval.poses.frame_names import natural

CENTRAL_HEADER = b"PK\x01\x02"  # stands before each entry of the table of contents
LOCAL_HEADER_BYTES = 30
DEEPEST = 2  # folders and file name of a member: `preds/a.json`


def is_document(entry: zipfile.ZipInfo) -> bool:
    """Whether this is a regular member `name.json` or `folder/name.json`, named as any system allows."""
    return (
        is_plain(entry) and entry.filename.count("/") < DEEPEST and entry.filename.lower().endswith(".json")
    )


def is_plain(entry: zipfile.ZipInfo) -> bool:
    """Whether this is a regular member that any system can hold below a folder, and is not hidden.

    macOS puts `__MACOSX/._name` beside each file: not its content, under its ending.
    """
    name = entry.filename
    parts = name.split("/")
    plain = all(part and not part.startswith(".") for part in parts)
    regular = stat.S_IFMT(entry.external_attr >> 16) in (0, stat.S_IFREG)
    return plain and regular and parts[0] != "__MACOSX" and not any(c in name for c in "\\:\n\r\0")


class Archive:
    """Members of a zip archive, in sorted order; everything else is counted in `others`.

    `wanted` says which: by default JSON files, at most in one folder.

    Raises:
        FormatError: P212 damaged, P213 two members of one name, members that overlap, encrypted members.
        LimitError: P503 too many members, P501 or P504 too much content.
    """

    def __init__(
        self,
        data: bytes,
        name: str,
        limits: Limits = DEFAULT,
        wanted: Callable[[zipfile.ZipInfo], bool] = is_document,
    ) -> None:
        self.name = name
        self.limits = limits
        # Counted in the raw bytes, because listing a million entries is itself the attack.
        if data.count(CENTRAL_HEADER) > limits.archive_members:
            raise LimitError(
                "P503",
                where=name,
                what="has more members than allowed",
                wanted=f"at most {limits.archive_members:,}",
                hint=to_raise("archive_members", data.count(CENTRAL_HEADER)),
            )
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            entries = self._zip.infolist()
        except (zipfile.BadZipFile, ValueError, EOFError, OverflowError, NotImplementedError) as error:
            raise self._damaged(error) from None
        files = [entry for entry in entries if not entry.is_dir()]
        self._members = {entry.filename: entry for entry in files if wanted(entry)}
        self.others = len(files) - len(self._members)
        self._check(entries, files)
        self.names = tuple(sorted(self._members, key=natural))

    def _check(self, entries: list[zipfile.ZipInfo], files: list[zipfile.ZipInfo]) -> None:
        twice = [name for name, count in Counter(entry.filename for entry in files).items() if count > 1]
        if twice:
            raise FormatError(
                "P213",
                where=self.name,
                what=f"has two members called {shown(twice[0])!r}",
                wanted="distinct names",
            )
        end = 0
        for entry in sorted(entries, key=lambda item: item.header_offset):
            if entry.header_offset < end:
                raise FormatError(
                    "P213", where=self.name, what="has members that overlap", wanted="an undamaged archive"
                )
            end = entry.header_offset + LOCAL_HEADER_BYTES + entry.compress_size
        for entry in self._members.values():
            if entry.flag_bits & 1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise FormatError(
                    "P213",
                    where=f"{self.name}: {shown(entry.filename)}",
                    what="is encrypted or compressed by an unsupported method",
                    wanted="stored or deflated members",
                )
        packed = sum(entry.compress_size for entry in self._members.values())
        if sum(entry.file_size for entry in self._members.values()) > allowed_bytes(packed, self.limits):
            raise too_much(self.name, packed, self.limits)

    def _damaged(self, error: Exception) -> FormatError:
        return FormatError(
            "P212",
            where=self.name,
            what=f"is a damaged zip file ({shown(error)})",
            wanted="an undamaged file",
        )

    def __len__(self) -> int:
        return len(self.names)

    def read(self, member: str) -> Document:
        """One member as a document; its name is `archive.zip: member`.

        Raises:
            FormatError: P212 damaged.
            LimitError: P501 or P504 when it holds more than its entry says.
        """
        entry = self._members[member]
        most = allowed_bytes(entry.compress_size, self.limits)
        try:
            with self._zip.open(entry) as file:
                data = file.read(most + 1)
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            ValueError,
            NotImplementedError,
            RuntimeError,
        ) as error:
            raise self._damaged(error) from None
        if len(data) > most:
            raise too_much(self.name, entry.compress_size, self.limits)
        document = Document(data, self.name, self.limits)
        document.name = f"{document.name}: {shown(member)}"
        return document

    def documents(self) -> Iterator[Document]:
        """Every member, one at a time."""
        for member in self.names:
            yield self.read(member)
