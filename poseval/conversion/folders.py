"""Convert a folder of separate data sets into a folder of the same structure."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from poseval import datasets
from poseval.conversion.convert import Conversion, ConvertOptions, convert_one
from poseval.datasets import Role, Source
from poseval.datasets.files.folder import write_folder
from poseval.datasets.registry import TABLE
from poseval.errors import FormatError, InputError, number_of, shown

# Suffixes of the files that a folder may hold which is written anew.
KINDS = tuple(sorted({".json", ".txt", ".yaml", ".csv", *(row.suffix for row in TABLE.values())}))
SHOWN = 10  # files named in the talk, of those converted and of those left out


@dataclass
class Conversions:
    """The conversion of each file, or the reason why it was left out."""

    done: list[tuple[str, Conversion]] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The result as lines of text: each file, a total, and the files that were left out."""
        out = []
        for name, one in self.done[:SHOWN]:
            own = f"{shown(Path(name).name)}: "  # with which readers begin their notices
            out += [f"{shown(name)}: {line.removeprefix(own)}" for line in one.lines()]
        if len(self.done) > SHOWN:
            out.append(f"... and {number_of(len(self.done) - SHOWN, 'more file')}")
        people = sum(one.losses.kept_people for _, one in self.done)
        frames = sum(one.losses.kept_frames for _, one in self.done)
        dropped = sum(sum(one.losses.dropped.values()) for _, one in self.done)
        lost = number_of(dropped, "value") if dropped else "nothing"
        kept = f"{number_of(people, 'person', 'people')} in {number_of(frames, 'frame')}"
        out.append(f"{number_of(len(self.done), 'file')}: kept {kept}; dropped {lost}")
        out += [f"left out: {shown(name)} ({why})" for name, why in self.left[:SHOWN]]
        if len(self.left) > SHOWN:
            out.append(f"... and {number_of(len(self.left) - SHOWN, 'more file')} left out")
        return out


def is_many(source: str | os.PathLike[str], format: str | None) -> bool:
    """Whether the source is a folder of separate data sets."""
    if not os.path.isdir(source):
        return False
    if format is not None:
        return not datasets.get_row(format).is_folder
    # Lists of results may be parts of one set or sets of their own: --format-in coco-parts joins them.
    found = {name for role in Role for name in datasets.fits(Source(source), role)}
    return found <= {"coco-parts"}


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
    """Relative name and content of each converted file."""
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
    if os.path.isdir(place):
        for path in sorted(place.rglob("*")):
            if os.path.isfile(path):
                yield f"{name}/{path.relative_to(place).as_posix()}", path.read_bytes()
        return
    yield name + suffix, place.read_bytes()
    for path in sorted(place.parent.glob(f"{place.name}.*")):  # what a writer puts beside its file
        yield name + path.name.removeprefix(place.name), path.read_bytes()
