"""Options of resampling in the forms that users write: a level, a count, a seed."""

from __future__ import annotations

import math

from poseval.errors import UsageError, shown

LOWEST, HIGHEST = 0.5, 0.9999  # levels; one below a half is a slip of the pen
MOST = 1_000_000  # resamples, for which memory and patience last
MOST_SEED = 2**32 - 1


def level_of(value: object, name: str = "level") -> float:
    """A confidence level as a fraction: 95, "95", "95%", "95 %" and 0.95 are the same.

    Raises:
        UsageError: P142 for anything but a level from 50 % to 99.99 %.
    """
    text = str(value).strip()
    percent = text.endswith("%")
    try:
        number = math.nan if isinstance(value, bool) else float(text.removesuffix("%"))
    except ValueError:
        number = math.nan
    level = number / 100 if percent or number >= 1 else number
    if not LOWEST <= level <= HIGHEST:
        raise UsageError(
            "P142",
            where=name,
            what=f"is {shown(value, 40)}",
            wanted="a level from 50 % to 99.99 %: 95, 95% and 0.95 are the same",
        )
    return level


def count_of(value: object, name: str = "resamples", least: int = 2) -> int:
    """A number of resamples.

    Raises:
        UsageError: P142 for anything but a whole number from `least` to a million.
    """
    return _whole(value, name, least, MOST)


def seed_of(value: object, name: str = "seed") -> int:
    """A seed of random numbers.

    Raises:
        UsageError: P142 for anything but a whole number from 0 to 2^32 - 1.
    """
    return _whole(value, name, 0, MOST_SEED)


def _whole(value: object, name: str, least: int, most: int) -> int:
    try:
        number = -1 if isinstance(value, (bool, float)) else int(str(value))
    except ValueError:
        number = -1
    if not least <= number <= most:
        raise UsageError(
            "P142",
            where=name,
            what=f"is {shown(value, 40)}",
            wanted=f"a whole number from {least:,} to {most:,}",
        )
    return number
