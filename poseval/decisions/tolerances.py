"""How much a number may get worse, and which numbers a gate guards."""

from __future__ import annotations

import enum
import fnmatch
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from poseval.decisions.loss import loss_from
from poseval.errors import UsageError, did_you_mean, shown
from poseval.poses import Notice
from poseval.results.units import NumberStyle, Unit
from poseval.results.values import Number, Summary

NAMED = 3  # numbers that a notice names
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

    def __str__(self) -> str:
        return f"{self.pattern}={self.amount:g}{self.kind.value}"

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

    def fails_nothing(self, key: str, baseline: float, number: Number, style: NumberStyle) -> bool:
        """Whether a number may drop by this and be at its worst, or have lost nearly all that it was."""
        low, high = number.bounds
        absolute = self.kind is not Amount.RELATIVE
        if absolute and high - low <= self._absolute(key, number.unit, style):
            return True
        loss = loss_from(baseline, number)
        return math.isfinite(loss) and self.allowed(key, baseline, number.unit, style) >= loss

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


def require_failable(
    tolerances: Sequence[Tolerance], baseline: Mapping[str, float], numbers: Summary, style: NumberStyle
) -> list[Notice]:
    """Refuse an amount that lets the loss of everything pass, such as `AP=100` and `AP=100rel%`.

    Where a pattern matches several numbers, and the amount is too much for some, a notice names them.

    Raises:
        UsageError: P810; P821 points for a number that is not a fraction.
    """
    notices = []
    for tolerance in tolerances:
        keys = matching(tolerance.pattern, numbers, "tolerance for")
        keys = [key for key in keys if not math.isnan(baseline[key])]
        blind = [key for key in keys if tolerance.fails_nothing(key, baseline[key], numbers[key], style)]
        if blind and len(blind) == len(keys):
            raise _too_much(tolerance, blind[0], baseline[blind[0]], numbers[blind[0]], style)
        if blind:
            named = ", ".join(
                f"{shown(key)} ({style.number(baseline[key], numbers[key].unit)})" for key in blind[:NAMED]
            )
            more = f" and {len(blind) - NAMED} more" if len(blind) > NAMED else ""
            text = (
                f"tolerance {shown(str(tolerance))} lets nearly all be lost of {named}{more}: "
                "their loss would not fail"
            )
            notices.append(Notice("N498", text, len(blind)))
    return notices


def _too_much(
    tolerance: Tolerance, key: str, baseline: float, number: Number, style: NumberStyle
) -> UsageError:
    scale, pattern = style.scale(number.unit), tolerance.pattern
    low, high = (end * scale for end in number.bounds)
    loss, small = loss_from(baseline, number), 0.05 * (high - low)
    was = style.number(baseline, number.unit)
    between = f"the number lies between {low:g} and {high:g}, and is {was} in the baseline"
    hint = f"write {pattern}=5rel% (of the baseline's value)"
    if small < loss * scale:
        hint = f"write {pattern}={small:g} (as tables show it), or {pattern}=5rel% (of the baseline's value)"
    return UsageError(
        "P810",
        where=f"tolerance of {shown(pattern)}",
        what=f"is {tolerance.amount:g}{tolerance.kind.value}, and {between}",
        wanted="an amount under which the loss of nearly everything fails",
        hint=hint,
    )


def guarded(guard: Sequence[str], keys: Sequence[str]) -> list[str]:
    """The numbers that patterns name, in their order; a text may hold several patterns between commas.

    Raises:
        UsageError: P146 when one matches no number.
    """
    patterns = [part.strip() for text in guard for part in text.split(",") if part.strip()]
    hit = {key for pattern in patterns for key in matching(pattern, keys, "guard")}
    return [key for key in keys if key in hit]
