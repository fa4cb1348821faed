"""What people send: one file, packed or not, or a folder of files, perhaps inside of other folders.

A zip archive is unpacked into an empty folder of the process that scores it: members that a system could put
elsewhere are left out, and all together keep the limits.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, replace
from pathlib import Path
from zipfile import ZipInfo

from poseval import datasets
from poseval.benchmarks.base import Benchmark
from poseval.datasets import ReadOptions, Role, Source
from poseval.datasets.files.archive import Archive, is_plain
from poseval.datasets.files.document import ZIP_MAGICS
from poseval.errors import FormatError, InputError, LimitError, shown
from poseval.files.reading import read_regular, require_regular
from poseval.files.writing import NO_ROOM
from poseval.limits import Limits
from poseval.poses import PoseSet

MOST_FOLDERS = 8  # one inside the other, each with nothing else in it
# Files that systems and engines put beside what people send.
BESIDE = frozenset({"__macosx", "thumbs.db", "desktop.ini", "metadata", "metadata.yaml"})
NOTES = (".md", ".txt", ".pdf", ".png", ".jpg")  # that people add to the file that counts
READABLE = "a JSON file, one packed by gzip or zip, or a folder of files as the format has them"
OWN_ZIP = ".npz"  # a format that is a zip file inside


@dataclass(frozen=True)
class Submission:
    """What a participant sent: where it is, its format, and whether that is one of the challenge's own."""

    source: Source
    format: str
    expected: bool

    def read(self, options: ReadOptions) -> PoseSet:
        """The predictions; formats that a server does not read by itself only where they are expected.

        Raises:
            UsageError, InputError: what is wrong with it.
        """
        options = replace(options, trusted=self.expected)
        return datasets.read(self.source.given, options, self.format, self.source)


def open_submission(
    path: Path, folder: Path, benchmark: Benchmark, formats: tuple[str, ...], options: ReadOptions
) -> Submission:
    """Find what a participant sent, and its format; `options.truth` is what participants know.

    `folder` is empty: a zip archive goes there. Expected are the formats of `formats`, else the benchmark's.

    Raises:
        UsageError, InputError: what is wrong with it. P226 no file or a link in it, P227 another format than
            those of `formats`.
    """
    _check_regular(path, options.limits)
    place = found_in(_unzipped(path, folder, options.limits))
    os.chdir(place.parent)  # so that messages name it as participants do, without the folders of the server
    source = Source(place.name, options.limits)
    expected = formats or benchmark.prediction_formats
    format = _format_of(source, expected, options)
    if formats and format not in formats:
        raise FormatError(
            "P227",
            where=shown(place.name),
            what=f"is {format}",
            wanted=f"{' or '.join(formats)}, which this challenge takes",
            hint=f"convert it: poseval convert SUBMISSION OUT --to {formats[0]}",
        )
    return Submission(source, format, format in expected)


def _format_of(source: Source, accepted: tuple[str, ...], options: ReadOptions) -> str:
    """The format of a submission; where several fit equally, one that the challenge expects."""
    try:
        return datasets.recognise(source, Role.PREDICTIONS, options.truth)
    except InputError as error:
        fits = datasets.fits(source, Role.PREDICTIONS) if error.code == "P202" else ()
        expected = [name for name in fits if name in accepted]
        if not expected:
            raise
        return expected[0]


def found_in(path: Path) -> Path:
    """The file or folder of predictions at a path: what lies alone in a folder stands for it.

    Raises:
        FormatError: P226 a folder without files.
    """
    for _ in range(MOST_FOLDERS):
        if not os.path.isdir(path):
            return path
        inside = _inside(path)
        if len(inside) > 1:
            inside = [
                one for one in inside if os.path.isdir(one) or not one.name.lower().endswith(NOTES)
            ] or inside
        if not inside:
            raise FormatError("P226", where="the submission", what="holds no file", wanted=READABLE)
        if len(inside) > 1:
            return path
        path = inside[0]
    return path


def _inside(folder: Path) -> list[Path]:
    with os.scandir(folder) as entries:
        names = [one.name for one in entries]
    return sorted(folder / name for name in names if _counts(name))


def _counts(name: str) -> bool:
    return name.lower() not in BESIDE and not name.startswith(".")


def _check_regular(path: Path, limits: Limits) -> None:
    """Refuse links and devices anywhere in a folder: no reader may be led to another file of the server."""
    count = 0
    for folder, folders, names in os.walk(path, followlinks=False):
        count += len(names) + len(folders)
        if count > limits.archive_members:
            raise LimitError(
                "P503",
                where="the submission",
                what="holds more files than allowed",
                wanted=f"at most {limits.archive_members:,}",
            )
        for name in (*folders, *names):
            kind = os.lstat(os.path.join(folder, name)).st_mode
            if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
                raise FormatError(
                    "P226",
                    where=f"the submission: {shown(name)}",
                    what="is a link or a device",
                    wanted="regular files and folders",
                )


def _unzipped(path: Path, folder: Path, limits: Limits) -> Path:
    """The folder with the members of a zip archive; any other path as it is.

    Raises:
        FormatError: P212, P213 an archive that is not sound; P226 an archive in an archive, or an empty one.
        LimitError: P501, P503, P504 as for every archive.
    """
    found = found_in(path)
    if os.path.isdir(found) or found.name.lower().endswith(OWN_ZIP):
        return path
    name = shown(found.name)
    if not _is_zip(found, name):
        return path
    archive = Archive(read_regular(found, name, limits.file_bytes), name, limits, _is_sent)
    for member in archive.names:
        document = archive.read(member)
        if document.is_zip and not member.lower().endswith(OWN_ZIP):
            raise FormatError(
                "P226",
                where=f"{name}: {shown(member)}",
                what="is a zip archive inside of another",
                wanted=READABLE,
                hint="zip the files themselves",
            )
        _put(folder / member, document.data, f"{name}: {shown(member)}")
    if not archive.names:
        raise FormatError("P226", where=name, what="holds no file", wanted=READABLE)
    return folder


def _is_zip(path: Path, name: str) -> bool:
    """Whether a file starts as a zip archive; one that cannot be opened is left to its reader."""
    require_regular(path, name)
    try:
        with path.open("rb") as file:
            return file.read(len(ZIP_MAGICS[0])) in ZIP_MAGICS
    except OSError:
        return False


def _is_sent(entry: ZipInfo) -> bool:
    parts = entry.filename.split("/")
    return is_plain(entry) and len(parts) <= MOST_FOLDERS and all(map(_counts, parts))


def _put(place: Path, data: bytes, where: str) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    except OSError as error:
        if error.errno in NO_ROOM:
            raise
        raise FormatError(
            "P213", where=where, what="cannot stand in a folder with the other members", wanted="plain names"
        ) from None
