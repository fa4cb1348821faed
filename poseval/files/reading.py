"""Bounded reading of one file: its bytes, its text, or the JSON in it.

Only regular files are opened, and pipes that the user named; opening never waits. Small files (settings,
facts, reports) are JSON with bounds on bytes, items and depth.
"""

from __future__ import annotations

import errno
import io
import json
import math
import os
import re
import select
import stat
from typing import Any, NoReturn

from poseval.errors import LimitError, UsageError, repeated, shown
from poseval.files.absent import absent
from poseval.limits import DEFAULT, MIB, Limits, to_raise

RATIO_FREE_BYTES = MIB  # below this size no ratio is suspicious: a short file of zeros packs 1000 to 1
AT_ONCE = 64 * 1024  # bytes of a file that one call reads, with one more to see its end
GROWS = 16 * MIB  # bytes by which a file may be larger than it says, as one that is written meanwhile
PIPE_SECONDS = 60  # until the first byte; downloads and decompression start sooner
SIDE_BYTES = MIB  # a file of settings or facts; a skeleton of 1,000 joints is 60 kB
REPORT_BYTES = 32 * MIB  # a report; one with 10,000 rows is 3 MB
MOST_HUGE = 1000  # whole numbers of more than 64 bits in a part of a data set
ITEMS = 4_000_000  # values of a JSON tree; 500 MB as Python objects at most


def read_regular(path: str | os.PathLike[str], name: str, most: int, pipes: bool = False) -> bytes:
    """All bytes of a regular file. It is opened without waiting, so that a pipe cannot block.

    With `pipes` a pipe is read to its end; its writer must begin within `PIPE_SECONDS`.

    Raises:
        UsageError: P114 no such file, P135 not a regular file, P136 cannot be read.
        LimitError: P501 larger than `most` bytes.
    """
    from poseval.kernels.files import file_start  # the compiled module is not loaded for names of skeletons

    flags = (
        os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    )
    try:
        handle = os.open(path, flags)
    except FileNotFoundError:
        raise absent(path, name, "a file") from None
    except (OSError, ValueError) as error:
        raise unreadable(name, error) from None
    try:
        found = os.fstat(handle)
        if pipes and stat.S_ISFIFO(found.st_mode):
            return _read_pipe(handle, name, most)
        if not stat.S_ISREG(found.st_mode):
            raise UsageError(
                "P135", where=name, what=f"is {_kind_of(found.st_mode)}", wanted="a regular file"
            )
        size = found.st_size
        if size > most:
            raise too_large(name, most, size)
        data = file_start(handle, size) if size > AT_ONCE else os.read(handle, size + 1)
        if size > AT_ONCE or len(data) != size:  # else it ended where it says
            os.lseek(handle, len(data), os.SEEK_SET)
            data += _rest(handle, min(GROWS, most + 1 - len(data)))
        if len(data) <= most and len(data) < size + GROWS:
            return data
        raise UsageError(
            "P135", where=name, what="gives more bytes than its size says", wanted="a regular file"
        )
    except OSError as error:
        raise unreadable(name, error) from None
    finally:
        os.close(handle)


def require_regular(path: str | os.PathLike[str], name: str) -> None:
    """Refuse what is not a regular file, before a library opens it and waits or reads forever.

    Raises:
        UsageError: P114 no such file, P135 not a regular file, P136 cannot be examined.
    """
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        raise absent(path, name, "a file") from None
    except (OSError, ValueError) as error:
        raise unreadable(name, error) from None
    if not stat.S_ISREG(mode):
        raise UsageError("P135", where=name, what=f"is {_kind_of(mode)}", wanted="a regular file")


def _rest(handle: int, most: int) -> bytes:
    """What is left of an open file, `most` bytes of it."""
    parts, size = list[bytes](), 0
    while size < most and (part := os.read(handle, min(MIB, most - size))):
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def _read_pipe(handle: int, name: str, most: int) -> bytes:
    """Everything that is written to an open pipe until its last writer closes it."""
    ready = select.poll()
    ready.register(handle, select.POLLIN | select.POLLHUP)
    if not ready.poll(PIPE_SECONDS * 1000):
        raise UsageError(
            "P135",
            where=name,
            what=f"is a pipe to which nobody wrote for {PIPE_SECONDS} s",
            wanted="a regular file, or a pipe with a writer",
        )
    os.set_blocking(handle, True)
    with io.FileIO(handle, closefd=False) as raw, io.BufferedReader(raw) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise too_large(name, most)
    return data


def too_large(name: str, most: int, size: int = 0) -> LimitError:
    """The error for an input of more bytes than allowed; of a file the `size` is known."""
    return LimitError(
        "P501",
        where=name,
        what=f"is larger than {most:,} bytes",
        wanted="a smaller file",
        hint=to_raise("bytes", max(size, 2 * most), known=size > most),
    )


def _kind_of(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    if stat.S_ISFIFO(mode):
        return "a pipe"
    return "a socket" if stat.S_ISSOCK(mode) else "a device"


def unreadable(name: str, error: OSError | ValueError) -> UsageError:
    """The error for an input that the system does not open: P136."""
    reason = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
    if isinstance(error, OSError) and error.errno == errno.ELOOP:
        reason = "its symbolic links form a loop"
    return UsageError("P136", where=name, what=f"cannot be read ({shown(reason)})", wanted="a readable file")


def read_text(path: str | os.PathLike[str], most: int = SIDE_BYTES) -> str:
    """The text of a small file in UTF-8, with or without a byte order mark.

    Raises:
        UsageError: P114 no such file, P135 not a regular file, P136 cannot be read.
        LimitError: P501 larger than `most` bytes.
        UnicodeDecodeError: not UTF-8.
    """
    return read_regular(path, shown(os.fspath(path), limit=400), most).decode("utf-8-sig")


def read_json(path: str | os.PathLike[str], most: int = SIDE_BYTES, depth: int = DEFAULT.depth) -> Any:
    """The JSON in a small file, of finite numbers.

    Raises:
        UsageError: P114 no such file, P135 not a regular file, P136 cannot be read.
        LimitError: P501 larger than `most` bytes, P502 more values or deeper than allowed.
        ValueError: not JSON, not UTF-8, or a number that is not finite.
    """
    name = shown(os.fspath(path), limit=400)
    return parse_json(read_regular(path, name, most), name, most, depth)


def parse_json(data: str | bytes, name: str, most: int = SIDE_BYTES, depth: int = DEFAULT.depth) -> Any:
    """JSON of finite numbers; bytes, items and depth are counted before a value is built.

    Raises:
        LimitError: P501 larger than `most` bytes, P502 more than `ITEMS` values or deeper than `depth`.
        ValueError: not JSON, not UTF-8, a key twice in an object, or a number that is not finite or a whole
            one of more than 64 bits.
    """
    if len(data) > most:
        raise LimitError("P501", where=name, what="is too large", wanted=f"at most {most:,} bytes")
    text = data if isinstance(data, str) else data.decode("utf-8-sig")
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    if sum(text.count(sign) for sign in ",[{") > ITEMS:
        raise LimitError(
            "P502", where=name, what="has more values than allowed", wanted=f"at most {ITEMS:,} values"
        )
    if _deeper(text, depth):
        raise LimitError("P502", where=name, what="is nested too deeply", wanted=f"at most {depth} levels")
    return json.loads(
        text,
        parse_constant=_no_constant,
        parse_float=_finite,
        parse_int=_whole if _may_be_huge(raw) else None,
        object_pairs_hook=_distinct,
    )


# A string without its end reaches to the end of the text, so that no place is looked at twice.
STRINGS_AND_BRACKETS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)


DIGITS_ALIKE = bytes.maketrans(b"123456789", b"0" * 9)
ZEROS = re.compile(rb"0+")
MANY_DIGITS = b"0" * 20  # of a whole number of more than 64 bits, or of a fraction


def _deeper(text: str, most: int) -> bool:
    """Whether brackets outside of strings nest deeper."""
    depth = 0
    for found in STRINGS_AND_BRACKETS.finditer(text):
        sign = text[found.start()]
        if sign in "[{":
            depth += 1
            if depth > most:
                return True
        elif sign in "]}":
            depth -= 1
    return False


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = repeated(key for key, _ in pairs)[0]
        raise ValueError(f"{shown(twice, 40)!r} occurs twice")
    return found


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is too large for a number")
    return number


def _may_be_huge(data: bytes) -> bool:
    """Whether a whole number of more than 64 bits may stand in a text of JSON."""
    digits = data.translate(DIGITS_ALIKE)
    at = digits.find(MANY_DIGITS)
    while at >= 0 and data[at - 1 : at] == b".":
        behind = ZEROS.match(digits, at)
        assert behind is not None
        at = digits.find(MANY_DIGITS, behind.end())
    return at >= 0


def _whole(text: str) -> int:
    """A number of 64 bits: of larger ones any number can be made to have the same hash."""
    number = int(text)
    if abs(number) >> 64:
        raise ValueError(f"{text[:40]} is too large for a whole number")
    return number


def parse_tree(data: bytes) -> Any:
    """JSON whose bytes and depth are bounded already; a few whole numbers in it may have more than 64 bits.

    Raises:
        ValueError: not JSON, not UTF-8, a number of thousands of digits, or many of more than 64 bits, which
            as keys of a map can be made to have the same hash.
    """
    text, huge = data.decode("utf-8"), 0

    def whole(digits: str) -> int:
        nonlocal huge
        number = int(digits)
        huge += abs(number) >> 64 > 0
        if huge > MOST_HUGE:
            raise ValueError(f"more than {MOST_HUGE:,} whole numbers are too large, as {digits[:40]} is")
        return number

    try:
        return json.loads(text, parse_int=whole if _may_be_huge(data) else None)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def allowed_bytes(packed: int, limits: Limits) -> int:
    """How much `packed` bytes may unpack to."""
    return min(limits.file_bytes, max(limits.ratio * packed, RATIO_FREE_BYTES))


def too_much(name: str, packed: int, limits: Limits) -> LimitError:
    """The error for packed data that holds more than `allowed_bytes`."""
    if allowed_bytes(packed, limits) == limits.file_bytes:
        return LimitError(
            "P501",
            where=name,
            what=f"unpacks to more than {limits.file_bytes:,} bytes",
            wanted="a smaller file",
            hint=to_raise("bytes", 2 * limits.file_bytes, known=False),
        )
    return LimitError(
        "P504",
        where=name,
        what=f"unpacks to more than {limits.ratio} times its size",
        wanted="a sound file: pose files usually reach 20",
        hint=f"unpack it yourself if you trust it, or {to_raise('ratio', 5 * limits.ratio, known=False)}",
    )
