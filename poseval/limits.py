"""Every limit on untrusted input, with its name and reason. Printed by `poseval list limits`.

They are consistent: a file that one limit allows is not refused by a related one. They are raised by
`--limit`, by the keyword `limits`, or by POSEVAL_LIMITS, which is read when poseval is imported.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace

from poseval.errors import LimitError, UsageError, did_you_mean, error_of, shown

MIB = 1024 * 1024
CHARACTERS = 64 * MIB  # of a column of texts: 100,000 frames with names of 671 characters, in 256 MiB


def _limit(default: int, reason: str) -> int:
    value: int = field(default=default, metadata={"reason": reason})
    return value


@dataclass(frozen=True)
class Limits:
    """Limits that readers enforce. All are counts unless the name says bytes.

    `asked` names those that somebody set by a text, even to the usual value: they hold everywhere.
    """

    file_bytes: int = _limit(
        512 * MIB,
        "one file after decompression; COCO test-dev results are 60 MB; 4 GiB for plain results in pieces",
    )
    depth: int = _limit(32, "nesting of JSON; real files use 6")
    numbers: int = _limit(
        110_000_000, "numbers in one file; two million COCO people have 108 million; bounds columns at 880 MB"
    )
    people: int = _limit(
        2_000_000,
        "people in one set: as many COCO results of 250 bytes as a file holds; val2017 needs 500,000; "
        "10,000,000 for plain results in pieces",
    )
    frames: int = _limit(100_000, "frames in one set; COCO test has 40,670")
    people_per_frame: int = _limit(2_000, "matching is quadratic in the people of a frame")
    detections_per_frame: int = _limit(20_000, "predictions for one frame, before a benchmark keeps the best")
    joints: int = _limit(1_000, "joints of a skeleton; whole-body has 133")
    region_vertices: int = _limit(
        10_000, "vertices of one ignore polygon; point-in-polygon is linear in them"
    )
    ratio: int = _limit(200, "decompressed bytes per compressed byte; JSON reaches 20")
    archive_members: int = _limit(100_000, "members of one archive: a file for each frame")
    tree_bytes: int = _limit(
        16 * MIB, "one part of a JSON file that becomes Python objects, ten times as large"
    )
    keys: int = _limit(200_000, "keys in one JSON object; files keyed by frame name have one per frame")
    text_bytes: int = _limit(1024, "one name or text id; file systems allow 255 bytes for a file's own name")
    asked: frozenset[str] = field(default=frozenset(), compare=False, repr=False)


REASONS = {f.name: str(f.metadata["reason"]) for f in fields(Limits) if f.metadata}  # by name, in order
UNITS = {"KiB": 1024, "MiB": MIB, "GiB": 1024 * MIB}
SHORT = {"bytes": "file_bytes"}  # what a limit is called, too
VARIABLE = "POSEVAL_LIMITS"


def raised(texts: Sequence[str], limits: Limits) -> Limits:
    """Limits with some set by texts such as `people=10000000` or `bytes=2GiB`.

    Raises:
        UsageError: P193 an unknown limit, or a value that is not a positive whole number.
    """
    known = list(REASONS)
    named = [next((short for short, name in SHORT.items() if name == one), one) for one in known]
    for text in texts:
        name, _, amount = text.partition("=")
        name = SHORT.get(name, name)
        number = next((amount.removesuffix(unit) for unit in UNITS if amount.endswith(unit)), amount)
        factor = UNITS.get(amount.removeprefix(number), 1)
        if name not in known or not 1 <= _whole(number) < 2**63 // factor:
            raise UsageError(
                "P193",
                where=f"limit {shown(text)!r}",
                what="is not a positive whole number" if name in known else "is not known",
                wanted=f"NAME=NUMBER or NAME=2GiB, of {', '.join(named)}",
                hint=None if name in known else did_you_mean(name, [*named, *known]),
            )
        limits = replace(limits, **{name: int(number) * factor}, asked=limits.asked | {name})
    return limits


def _whole(text: str) -> int:
    """The whole number that a text of digits is; 0 for any other."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def from_environment() -> Limits:
    """The limits with the changes in POSEVAL_LIMITS, such as `bytes=2GiB,people=10000000`.

    Raises:
        UsageError: P193 it says something else.
    """
    texts = [text.strip() for text in os.environ.get(VARIABLE, "").split(",")]
    try:
        return raised([text for text in texts if text], Limits())
    except UsageError as error:
        fault = error.faults[0]
        raise error_of([replace(fault, where=f"{VARIABLE}: {fault.where}")]) from None


def setting(name: str, amount: int) -> str:
    """The text that sets a limit to `amount` or a little more, such as `bytes=560MiB`."""
    return f"{name}={-(-amount // MIB)}MiB" if name == "bytes" else f"{name}={amount}"


def to_raise(name: str, amount: int, known: bool = True) -> str:
    """Advice for a limit that was reached; unless `known`, the input may need more than `amount`."""
    given = setting(name, amount)
    text = f"raise it with --limit {given}, or {VARIABLE}={given} in the environment"
    return text if known else f"{text}, or further: reading stopped there, so how much it takes is not known"


def check_texts(count: int, longest: int, where: str) -> None:
    """Refuse texts too large for a NumPy column, in which each takes as much memory as the longest.

    Raises:
        LimitError: P507.
    """
    if count * longest > CHARACTERS:
        raise LimitError(
            "P507",
            where=where,
            what=f"has a name of {longest:,} characters among {count:,}",
            wanted=f"at most {CHARACTERS // count:,} characters where there are so many names",
        )


def _default() -> Limits:
    try:
        return from_environment()
    except UsageError:
        return Limits()  # told by `from_environment` before anything is read


DEFAULT = _default()


def describe(limits: Limits = DEFAULT) -> list[tuple[str, int, str]]:
    """Name, value and reason of each limit, in order."""
    return [(name, getattr(limits, name), reason) for name, reason in REASONS.items()]
