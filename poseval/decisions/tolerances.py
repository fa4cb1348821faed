"""How much a number may get worse, and which numbers a gate guards."""

from __future__ import annotations

import enum
import fnmatch
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from poseval.errors import UsageError, did_you_mean, shown
from poseval.results.units import NumberStyle, Unit
from poseval.results.values import Number, Summary

HIGHEST = 1e6  # pixels, points or shares; a larger drop is a slip of the pen


class Amount(enum.Enum):
    """The unit of a tolerance, by the suffix of its number."""

    SHOWN = ""  # as tables show the number: points of percent, or a fraction; pixels; a count
    POINTS = "pt"  # points of percent
    RELATIVE = "rel%"  # per cent of the baseline's value


@dataclass(frozen=True)
class Tolerance:
    """How much the numbers that match `pattern` (`AP`, `*/AP`) may get worse."""

    pattern: str
    amount: float
    kind: Amount = Amount.SHOWN

    @staticmethod
    def parse(text: str) -> Tolerance:
        """`AP=0.5` (what tables show: points), `AP=0.5pt` (points) or `AP=0.5rel%` (of the baseline's value).

        Raises:
            UsageError: P170 when the text is none of these, P820 `AP=0.5%`, which may be either.
        """
        pattern, equals, amount = text.rpartition("=")
        endings = (Amount.RELATIVE, Amount.POINTS)
        kind = next((kind for kind in endings if amount.endswith(kind.value)), Amount.SHOWN)
        given = amount.removesuffix(kind.value).strip()
        if kind is Amount.SHOWN and given.endswith("%") and _fits(given[:-1]):
            name, plain = shown(pattern), given[:-1].strip()
            raise UsageError(
                "P820",
                where=f"tolerance {shown(text)!r}",
                what="could be percentage points, or a percentage of the baseline's value",
                wanted="one of the two",
                hint=f"{name}={plain}pt (points) or {name}={plain}rel% (of the baseline's value)",
            )
        if not equals or not pattern or not _fits(given):
            raise UsageError(
                "P170",
                where=f"tolerance {shown(text)!r}",
                what="cannot be read",
                wanted="AP=0.5 or AP=0.5pt (points), or AP=0.5rel% (of the baseline's value)",
            )
        return Tolerance(pattern, float(given), kind)

    def allowed(self, key: str, baseline: float, unit: Unit, style: NumberStyle) -> float:
        """The largest drop of a number that is allowed from a baseline value, both as a report holds them.

        Raises:
            UsageError: P821 points for a number that is not a fraction.
        """
        if self.kind is Amount.RELATIVE:
            return self.amount / 100 * abs(baseline)
        return self._absolute(key, unit, style)

    def fails_nothing(self, key: str, number: Number, style: NumberStyle) -> bool:
        """Whether a number cannot drop by more than this, because its lowest value is not that far away."""
        low, high = number.bounds
        return self.kind is not Amount.RELATIVE and high - low <= self._absolute(key, number.unit, style)

    def _absolute(self, key: str, unit: Unit, style: NumberStyle) -> float:
        if self.kind is Amount.SHOWN:
            return self.amount / style.scale(unit)
        if unit is not Unit.SHARE:
            raise UsageError(
                "P821",
                where=f"tolerance for {shown(key)}",
                what=f"is in points, but the number is in {unit.value}",
                wanted="the number alone, or per cent of the baseline's value",
                hint=f"{shown(key)}={self.amount:g} or {shown(key)}={self.amount:g}rel%",
            )
        return self.amount / 100


def _fits(text: str) -> bool:
    try:
        return 0 <= float(text) <= HIGHEST
    except ValueError:
        return False


def matching(pattern: str, keys: Iterable[str], what: str) -> list[str]:
    """The key with this name, or all keys that match it as a pattern.

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
            hint=did_you_mean(pattern, known),
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


def require_failable(tolerances: Sequence[Tolerance], numbers: Summary, style: NumberStyle) -> None:
    """Refuse an amount that no number can drop by: `AP=100` would gate nothing.

    Raises:
        UsageError: P810; P821 points for a number that is not a fraction.
    """
    for tolerance in tolerances:
        keys = matching(tolerance.pattern, numbers, "tolerance for")
        if all(tolerance.fails_nothing(key, numbers[key], style) for key in keys):
            low, high = (end * style.scale(numbers[keys[0]].unit) for end in numbers[keys[0]].bounds)
            small = 0.05 * (high - low)
            raise UsageError(
                "P810",
                where=f"tolerance of {shown(tolerance.pattern)}",
                what=f"is {tolerance.amount:g}, and the number lies between {low:g} and {high:g}",
                wanted="an amount that the number can drop by",
                hint=f"write {tolerance.pattern}={small:g} (as tables show it), or {tolerance.pattern}=5rel% "
                "(of the baseline's value)",
            )


def guarded(guard: Sequence[str], keys: Sequence[str]) -> list[str]:
    """The numbers that patterns name, in their order; a text may hold several patterns between commas.

    Raises:
        UsageError: P146 when one matches no number.
    """
    patterns = [part.strip() for text in guard for part in text.split(",") if part.strip()]
    hit = {key for pattern in patterns for key in matching(pattern, keys, "guard")}
    return [key for key in keys if key in hit]
