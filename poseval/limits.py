"""Every limit on untrusted input, with its name and reason. Printed by `poseval list limits`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace

from poseval.errors import UsageError, shown

MIB = 1024 * 1024


def _limit(default: int, reason: str) -> int:
    value: int = field(default=default, metadata={"reason": reason})
    return value


@dataclass(frozen=True)
class Limits:
    """Limits that a reader keeps. All are counts unless the name says bytes."""

    file_bytes: int = _limit(512 * MIB, "one file after decompression; COCO test-dev results are 60 MB")
    depth: int = _limit(32, "nesting of JSON; real files use 6")
    numbers: int = _limit(
        100_000_000, "numbers in one file; a million COCO people have 54 million; bounds columns at 800 MB"
    )
    people: int = _limit(5_000_000, "people in one set; val2017 with 100 detections per image has 500,000")
    frames: int = _limit(100_000, "frames in one set; COCO test has 40,670")
    people_per_frame: int = _limit(2_000, "matching is quadratic in the people of a frame")
    detections_per_frame: int = _limit(20_000, "predictions for one frame, before a benchmark keeps the best")
    joints: int = _limit(1_000, "joints of a skeleton; whole-body has 133")
    region_vertices: int = _limit(
        10_000, "vertices of one ignore polygon; point-in-polygon is linear in them"
    )
    ratio: int = _limit(200, "decompressed bytes per compressed byte; JSON reaches 20")
    archive_members: int = _limit(20_000, "members of one archive")
    keys: int = _limit(200_000, "keys in one JSON object; files keyed by frame name have one per frame")
    text_bytes: int = _limit(1024, "one name or text id; file systems allow 255 bytes for a file's own name")


DEFAULT = Limits()


UNITS = {"KiB": 1024, "MiB": MIB, "GiB": 1024 * MIB}


def raised(texts: Sequence[str], limits: Limits = DEFAULT) -> Limits:
    """Limits with some set by texts such as `people=10000000` or `file_bytes=2GiB`.

    Raises:
        UsageError: P193 an unknown limit, or no positive whole number.
    """
    known = [f.name for f in fields(limits)]
    for text in texts:
        name, _, amount = text.partition("=")
        number = next((amount.removesuffix(unit) for unit in UNITS if amount.endswith(unit)), amount)
        factor = UNITS.get(amount.removeprefix(number), 1)
        if name not in known or not number.isdigit() or int(number) < 1:
            raise UsageError(
                "P193",
                where=f"limit {shown(text)!r}",
                what="is not a positive whole number" if name in known else "is not known",
                wanted=f"NAME=NUMBER or NAME=2GiB, of {', '.join(known)}",
            )
        limits = replace(limits, **{name: int(number) * factor})
    return limits


def describe(limits: Limits = DEFAULT) -> list[tuple[str, int, str]]:
    """Name, value and reason of each limit, in order."""
    return [(f.name, getattr(limits, f.name), str(f.metadata["reason"])) for f in fields(limits)]
