"""Writing a folder as a whole: first a temporary folder, then a rename; and file names for frames."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from poseval.errors import UsageError, repeated, shown
from poseval.files.neighbours import neighbour_of
from poseval.files.writing import unwritable
from poseval.poses import Frames
from poseval.poses.frame_names import named, stem


def write_folder(path: Path, files: Iterable[tuple[str, bytes]], force: bool, kinds: tuple[str, ...]) -> None:
    """Write files (relative name, content) to a new folder that appears whole or not at all.

    With `force` an existing folder is replaced if it holds nothing but files of these `kinds` (suffixes).

    Raises:
        UsageError: P131 the target exists, P137 it cannot be written or holds other files.
    """
    target = Path(os.path.realpath(path))
    name = shown(os.fspath(path), limit=400)
    neighbour = neighbour_of(target)  # before looking: it may put back a folder whose writer was killed
    exists = os.path.lexists(target)
    if exists and not force:
        raise UsageError(
            "P131", where=name, what="exists", wanted="a new name", hint="pass --force to overwrite it"
        )
    if exists:
        _check_replaceable(target, name, kinds)
    old = neighbour.with_suffix(".old")
    placed = False
    try:
        neighbour.mkdir()
        _fill(os.fspath(neighbour), files)
        if exists:
            target.rename(old)
        neighbour.rename(target)
        placed = True
    except OSError as error:
        raise unwritable(name, error) from error
    finally:
        # A signal may come at any place. The old one goes only when the new one stands where it stood.
        if not placed and os.path.exists(old) and not os.path.lexists(target):
            old.rename(target)
        shutil.rmtree(neighbour, ignore_errors=True)
        if placed:
            shutil.rmtree(old, ignore_errors=True)


def _fill(folder: str, files: Iterable[tuple[str, bytes]]) -> None:
    """Write files (relative name, content) below a new folder, of which nobody else knows."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    made = {""}
    for relative, content in files:
        parent = relative.rpartition("/")[0]
        if parent not in made:
            os.makedirs(f"{folder}/{parent}", exist_ok=True)
            made.add(parent)
        handle = os.open(f"{folder}/{relative}", flags, 0o666)
        try:
            while content:
                content = content[os.write(handle, content) :]
        finally:
            os.close(handle)


def _check_replaceable(target: Path, name: str, kinds: tuple[str, ...]) -> None:
    if not os.path.isdir(target):
        raise UsageError("P137", where=name, what="is a file", wanted="a folder")
    for folder, _, files in os.walk(target):
        for file in files:
            if not file.endswith(kinds):
                raise UsageError(
                    "P137",
                    where=name,
                    what=f"holds other files ({shown(Path(folder, file).name)}) and is not replaced",
                    wanted=f"a folder of {', '.join(kinds)} files only, or a new name",
                )


def file_stems(frames: Frames) -> list[str]:
    """A relative path without extension for each frame, from its file name, else from its key.

    Raises:
        UsageError: P172 when a name cannot be a file's, or two frames have the same.
    """
    out = []
    for path in named(frames):
        parts = path.replace("\\", "/").lstrip("/").split("/")
        parts[-1] = stem(parts[-1])
        if any(part in ("", ".", "..") or ":" in part or "\0" in part for part in parts):
            raise UsageError(
                "P172",
                where=f"frame {shown(path)!r}",
                what="has a name that is not a valid file name",
                wanted="a relative path",
            )
        out.append("/".join(parts))
    if len(set(out)) < len(out):
        twice = repeated(out)[0]
        raise UsageError(
            "P172",
            where=f"frame {shown(twice)!r}",
            what="names two frames once the extension is removed",
            wanted="one file name per frame",
        )
    return out
