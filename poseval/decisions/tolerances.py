"""How much a number may get worse, and which numbers a gate guards."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from poseval.errors import UsageError, shown
from poseval.results.values import Bounds

HIGHEST = 1e6  # pixels, points or shares; a larger drop is a slip of the pen


@dataclass(frozen=True)
class Tolerance:
    """How much the numbers that match `pattern` (`AP`, `*/AP`) may get worse."""

    pattern: str
    amount: float
    relative: bool = False

    @staticmethod
    def parse(text: str) -> Tolerance:
        """`AP=0.005` (absolute, a fraction) or `AP=0.5%` (of the baseline's value).

        Raises:
            UsageError: P170 when the text is neither.
        """
        pattern, equals, amount = text.rpartition("=")
        relative = amount.endswith("%")
        try:
            number = float(amount.removesuffix("%")) / (100 if relative else 1)
        except ValueError:
            number = math.nan
        if not equals or not pattern or not 0 <= number <= HIGHEST:
            raise UsageError(
                "P170",
                where=f"tolerance {shown(text)!r}",
                what="cannot be read",
                wanted="AP=0.005 or AP=0.5%",
            )
        return Tolerance(pattern, number, relative)

    def allowed(self, baseline: float) -> float:
        """The largest drop allowed from a baseline value."""
        return self.amount * abs(baseline) if self.relative else self.amount


def matching(pattern: str, keys: Iterable[str], what: str) -> list[str]:
    """The key of this name, or all that match it as a pattern.

    Raises:
        UsageError: P146 when there is none.
    """
    known = list(keys)
    hit = [pattern] if pattern in known else [key for key in known if fnmatch.fnmatchcase(key, pattern)]
    if not hit:
        raise UsageError(
            "P146",
            where=f"{what} {shown(pattern)!r}",
            what="matches no number of the baseline",
            wanted=f"one of {', '.join(known[:40])}",
        )
    return hit


def by_key(tolerances: Sequence[Tolerance], keys: Sequence[str]) -> dict[str, Tolerance]:
    """The tolerance of each number that has one; a later one overrides an earlier one.

    Raises:
        UsageError: P146 when one matches no number.
    """
    out: dict[str, Tolerance] = {}
    for tolerance in tolerances:
        out.update((key, tolerance) for key in matching(tolerance.pattern, keys, "tolerance for"))
    return out


def require_failable(tolerances: Sequence[Tolerance], bounds: Mapping[str, Bounds]) -> None:
    """Refuse an amount that no number can drop by: `AP=5`, where a percentage was meant, would gate nothing.

    `bounds` are the lowest and highest value of each number.

    Raises:
        UsageError: P810.
    """
    for tolerance in tolerances:
        ranges = [bounds[key] for key in matching(tolerance.pattern, bounds, "tolerance for")]
        if not tolerance.relative and all(high - low <= tolerance.amount for low, high in ranges):
            low, high = ranges[0]
            raise UsageError(
                "P810",
                where=f"tolerance of {shown(tolerance.pattern)}",
                what=f"is {tolerance.amount:g}, and the number lies between {low:g} and {high:g}",
                wanted="an amount that the number can drop by",
                hint=f"for a percentage of the baseline write {tolerance.pattern}={tolerance.amount:g}%",
            )


def guarded(guard: Sequence[str], keys: Sequence[str]) -> list[str]:
    """The numbers that patterns name, in their order; several may stand in one text, with commas between.

    Raises:
        UsageError: P146 when one matches no number.
    """
    patterns = [part.strip() for text in guard for part in text.split(",") if part.strip()]
    hit = {key for pattern in patterns for key in matching(pattern, keys, "guard")}
    return [key for key in keys if key in hit]
