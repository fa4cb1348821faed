"""Lines of numbers in plain text, bounded and strict: what YOLO, MOTChallenge and csv readers share."""

from __future__ import annotations

import math
import re
from itertools import compress, count

import numpy as np

from poseval.datasets.files.document import Document
from poseval.errors import Faults, FormatError, LimitError, shown
from poseval.poses import Floats

# Python's float() also reads `1_0`, `infinity` and digits of other scripts; files of numbers have none.
NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?", re.ASCII)
PLAIN = re.compile(r"[-+.eE0-9]*")  # of these characters float() reads nothing but such a number


def text_of(document: Document) -> str:
    """The document as text.

    Raises:
        FormatError: P211 not UTF-8, or with NUL in it.
    """
    try:
        text = document.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(
            "P211", where=document.name, what="is not UTF-8", hint="save the file as UTF-8"
        ) from error
    if "\0" in text:
        raise FormatError("P211", where=document.name, what="holds a NUL character", wanted="plain text")
    return text


def numbers_of(words: list[str], where: str, faults: Faults, missing: bool = False) -> list[float] | None:
    """Finite numbers, or None with a fault (P203, P301); with `missing`, empty text is read as NaN."""
    found = _plain_numbers(words, missing)
    return _one_by_one(words, where, faults, missing) if found is None else found


def _plain_numbers(words: list[str], missing: bool) -> list[float] | None:
    """Numbers where no word is odd, else None."""
    if not PLAIN.fullmatch("".join(words)):
        return None
    try:
        given = list(map(float, filter(None, words) if missing else words))
    except ValueError:
        return None
    if any(map(math.isinf, given)):
        return None
    if len(given) == len(words):
        return given
    out = [math.nan] * len(words)  # most cells of a table may be empty
    for at, value in zip(compress(count(), words), given, strict=False):
        out[at] = value
    return out


def _one_by_one(words: list[str], where: str, faults: Faults, missing: bool) -> list[float] | None:
    """As `numbers_of`, with the words for what is wrong."""
    out = []
    for at, word in enumerate(words):
        word = word.strip()
        if missing and word.lower() in ("", "nan"):
            out.append(float("nan"))
        elif NUMBER.fullmatch(word):
            value = float(word)
            if value in (float("inf"), float("-inf")):
                faults.add(
                    "P301",
                    where=f"{where}, column {at + 1}",
                    what=f"is {shown(word, 30)}, which is too large for a double",
                )
                return None
            out.append(value)
        elif word.lower().lstrip("+-") in ("nan", "inf", "infinity"):
            faults.add(
                "P301",
                where=f"{where}, column {at + 1}",
                what=f"is {shown(word, 30)}",
                wanted="a finite number",
            )
            return None
        else:
            faults.add(
                "P203", where=f"{where}, column {at + 1}", what=f"is {shown(word, 30)!r}", wanted="a number"
            )
            return None
    return out


def check_count(count: int, document: Document) -> None:
    """Refuse (P502) more numbers than the limits allow."""
    if count > document.limits.numbers:
        raise LimitError(
            "P502",
            where=document.name,
            what=f"has {count:,} numbers",
            wanted=f"at most {document.limits.numbers:,}",
        )


def stacked(rows: list[list[float]], width: int) -> Floats:
    """Rows of equal length as [N, width]."""
    return np.asarray(rows, dtype=np.float64).reshape(len(rows), width)
