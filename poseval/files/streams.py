"""Inputs other than files: standard input, pipes and addresses, each read once, with a bound."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from poseval.errors import LimitError, MissingFeature, UsageError, shown
from poseval.errors.optional import require
from poseval.files.reading import read_regular, too_large

STDIN = "-"
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://", re.ASCII)  # `C:/` has one letter
_used: list[str] = []  # standard input, once it was read


def is_address(path: str | os.PathLike[str]) -> bool:
    """Whether this is `https://...`, `s3://...` and their like."""
    return _ADDRESS.match(os.fspath(path)) is not None


def is_stream(path: str | os.PathLike[str]) -> bool:
    """Whether this is standard input or an address, not a path."""
    return os.fspath(path) == STDIN or is_address(path)


def require_apart(*paths: object) -> None:
    """Refuse standard input as more than one of the inputs, before any is read.

    Raises:
        UsageError: P128.
    """
    if sum(isinstance(path, str | Path) and os.fspath(path) == STDIN for path in paths) > 1:
        raise _no_stdin("P128", "would have to be read twice", "give one of them by its path")


def public_name(path: str | os.PathLike[str]) -> str:
    """A path for messages and reports: `<stdin>`, or an address without its passwords and keys."""
    text = os.fspath(path)
    if text == STDIN:
        return "<stdin>"
    if not is_address(text):
        return text
    parts = urlsplit(text)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def read_input(path: str | os.PathLike[str], most: int) -> bytes:
    """All bytes of a file, of standard input (`-`), of a pipe or of an address.

    Raises:
        UsageError: P114 no such file, P135 no file or pipe, P136 cannot be read, P109 standard input is a
            terminal or closed, P128 it was read already.
        LimitError: P501 more than `most` bytes.
        MissingFeature: P601 an address without the package that opens it.
    """
    text = os.fspath(path)
    if text == STDIN:
        return _stdin(most)
    if is_address(text):
        return _remote(text, most)
    return read_regular(path, shown(text, limit=400), most, pipes=True)


def _stdin(most: int) -> bytes:
    stream = getattr(sys.stdin, "buffer", None)
    if _used:
        raise _no_stdin("P128", "was read already", "give one of them by its path")
    if stream is None or sys.stdin.isatty():
        raise _no_stdin(
            "P109", "is closed" if stream is None else "is a terminal", "write `< FILE` after the command"
        )
    _used.append(STDIN)
    return _bounded(stream, "standard input", most)


def _no_stdin(code: str, what: str, hint: str) -> UsageError:
    return UsageError(
        code,
        where="standard input",
        what=what,
        wanted="one file, piped in",
        hint=hint,
    )


def _bounded(stream: Any, name: str, most: int) -> bytes:
    """All that a stream gives, refused as soon as it is too much."""
    try:
        data: bytes = stream.read(most + 1)
    except OSError as error:
        raise _unreadable(name, error) from None
    if len(data) > most:
        raise too_large(name, most)
    return data


def _remote(address: str, most: int) -> bytes:
    """The bytes behind an address, by fsspec."""
    name = shown(public_name(address), limit=400)
    if "::" in address:  # fsspec would open the second address, and inside it what the first one names
        raise UsageError("P136", where=name, what="is a chain of addresses", wanted="the address of one file")
    fsspec = require("fsspec", name, "remote", "download the file")
    try:
        with fsspec.open(address, "rb") as stream:
            return _bounded(stream, name, most)
    except (LimitError, UsageError):
        raise
    except FileNotFoundError:
        raise UsageError("P114", where=name, what="does not exist", wanted="a file") from None
    except ImportError as error:  # fsspec names the package that opens this kind of address
        hint = "pip install 'poseval[remote]'" if address.startswith("http") else None
        raise MissingFeature(
            "P601", where=name, what=shown(error, 200), wanted="that package", hint=hint
        ) from None
    except Exception as error:  # of any package that fsspec opens the address with
        raise _unreadable(name, error) from None


def _unreadable(name: str, error: Exception) -> UsageError:
    reason = shown(error, 200) or type(error).__name__
    return UsageError("P136", where=name, what=f"cannot be read ({reason})", wanted="a readable file")
