"""Converting a folder of files that are sets of their own: a folder of the same shape comes out."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from poseval import datasets
from poseval.conversion.convert import Conversion, ConvertOptions, convert_one
from poseval.datasets import Source
from poseval.datasets.files.folder import write_folder
from poseval.datasets.registry import TABLE
from poseval.errors import FormatError, InputError, shown

# Suffixes of the files that a folder may hold which is written anew.
KINDS = tuple(sorted({".json", ".txt", ".yaml", ".csv", *(row.suffix for row in TABLE.values())}))
SHOWN = 10  # files named in the talk, of those converted and of those left out


@dataclass
class Conversions:
    """What became of each file: its conversion, or why it was left out."""

    done: list[tuple[str, Conversion]] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The same as sentences: each file's, a total, and the files that were left out."""
        out = []
        for name, one in self.done[:SHOWN]:
            own = f"{shown(Path(name).name)}: "  # with which readers begin their notices
            out += [f"{shown(name)}: {line.removeprefix(own)}" for line in one.lines()]
        if len(self.done) > SHOWN:
            out.append(f"... and {len(self.done) - SHOWN} files more")
        people = sum(one.losses.kept_people for _, one in self.done)
        frames = sum(one.losses.kept_frames for _, one in self.done)
        dropped = sum(sum(one.losses.dropped.values()) for _, one in self.done)
        total = f"{len(self.done)} files: kept {people} people in {frames} frames; {dropped} values dropped"
        out.append(total if dropped else total.replace("0 values", "nothing"))
        out += [f"left out: {shown(name)} ({why})" for name, why in self.left[:SHOWN]]
        if len(self.left) > SHOWN:
            out.append(f"... and {len(self.left) - SHOWN} files more left out")
        return out


def is_many(source: str | os.PathLike[str], format: str | None) -> bool:
    """Whether the source is a folder, and of files that are sets of their own."""
    if not os.path.isdir(source):
        return False
    if format is not None:
        return not datasets.get_row(format).is_folder
    return max(datasets.confidences(Source(source)).values()) < datasets.SURE


def convert_many(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    options: ConvertOptions,
    progress: Callable[[int, int], None] | None = None,
) -> Conversions:
    """Convert every file below a folder; files of no known format are left out and named.

    Raises:
        FormatError: P271 when no file is of a known format.
        UsageError, InputError: as for one file; nothing is written then.
    """
    found = Conversions()
    files = _converted(Path(source), Source(source).files, options, found, progress)
    write_folder(Path(target), files, options.force, (*KINDS, datasets.get_row(options.to).suffix))
    return found


def _converted(
    base: Path,
    paths: tuple[Path, ...],
    options: ConvertOptions,
    found: Conversions,
    progress: Callable[[int, int], None] | None,
) -> Iterator[tuple[str, bytes]]:
    """Relative name and content of each file that comes out."""
    each = replace(options, force=True, progress=None)
    suffix = datasets.get_row(options.to).suffix
    with tempfile.TemporaryDirectory() as scratch:
        for at, path in enumerate(paths):
            name = path.as_posix()
            place = Path(scratch) / str(at)
            try:
                done = convert_one(base / path, place, each)
            except InputError as error:
                if options.format is not None or error.code != "P201":
                    raise
                found.left.append((name, "of no known format"))
                continue
            finally:
                if progress is not None:
                    progress(at + 1, len(paths))
            found.done.append((name, done))
            yield from _files(place, path.with_suffix("").as_posix(), suffix)
    if not found.done:
        raise FormatError(
            "P271",
            where=shown(base),
            what="holds no file of a known format",
            wanted="see `poseval list formats`",
        )


def _files(place: Path, name: str, suffix: str) -> Iterator[tuple[str, bytes]]:
    if place.is_dir():
        for path in sorted(place.rglob("*")):
            if path.is_file():
                yield f"{name}/{path.relative_to(place).as_posix()}", path.read_bytes()
        return
    yield name + suffix, place.read_bytes()
    for path in sorted(place.parent.glob(f"{place.name}.*")):  # what a writer puts beside its file
        yield name + path.name.removeprefix(place.name), path.read_bytes()
