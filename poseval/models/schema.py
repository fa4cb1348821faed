"""Options of models as data: what each may be, how it is typed, and what it is for.

Cards hold them, so that Python, the command line and the documentation know the same ones, without PyTorch.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from poseval.errors import UsageError, did_you_mean, shown

NOTHING = "none"  # an empty list, or no value, as it is typed


class Kind(Protocol):
    """The values that an option may have; as text, their description."""

    def taken(self, value: Any) -> Any:
        """The value in its own type.

        Raises:
            ValueError: another value.
        """

    def read(self, text: str) -> Any:
        """The value that a text stands for; ValueError for other texts."""


@dataclass(frozen=True)
class Whole:
    """Whole numbers."""

    lowest: int
    highest: int
    step: int = 1

    def taken(self, value: Any) -> int:
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            raise ValueError
        number = operator.index(value)
        if not self.lowest <= number <= self.highest or number % self.step:
            raise ValueError
        return number

    def read(self, text: str) -> int:
        return self.taken(int(text))

    def __str__(self) -> str:
        by = f" divisible by {self.step}" if self.step > 1 else ""
        return f"a whole number from {self.lowest} to {self.highest:,}{by}"


@dataclass(frozen=True)
class Number:
    """Numbers; with `above` the lowest itself is left out."""

    lowest: float
    highest: float
    above: bool = False

    def taken(self, value: Any) -> float:
        if isinstance(value, bool | str) or not hasattr(value, "__float__"):
            raise ValueError
        try:
            number = float(value)
        except (OverflowError, TypeError) as error:
            raise ValueError from error
        if not math.isfinite(number) or not self.lowest <= number <= self.highest:
            raise ValueError
        if self.above and number == self.lowest:
            raise ValueError
        return number

    def read(self, text: str) -> float:
        return self.taken(float(text))

    def __str__(self) -> str:
        first = f"above {self.lowest:g} and at most" if self.above else f"from {self.lowest:g} to"
        return f"a number {first} {self.highest:g}"


@dataclass(frozen=True)
class Flag:
    """True or false."""

    def taken(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise ValueError
        return value

    def read(self, text: str) -> bool:
        known = {"true": True, "false": False}
        if text.lower() not in known:
            raise ValueError
        return known[text.lower()]

    def __str__(self) -> str:
        return "true or false"


@dataclass(frozen=True)
class OneOf:
    """One of a few words or numbers."""

    values: tuple[str | int, ...]

    def taken(self, value: Any) -> str | int:
        found = [known for known in self.values if type(known) is type(value) and known == value]
        if not found:
            raise ValueError
        return found[0]

    def read(self, text: str) -> str | int:
        found = [known for known in self.values if str(known) == text]
        if not found:
            raise ValueError
        return found[0]

    def __str__(self) -> str:
        return ", ".join(map(str, self.values[:-1])) + f" or {self.values[-1]}"


@dataclass(frozen=True)
class Bits:
    """A digit 0 or 1 for each of some blocks, as papers print them."""

    count: int

    def taken(self, value: Any) -> str:
        if not isinstance(value, str) or len(value) != self.count or set(value) - set("01"):
            raise ValueError
        return value

    def read(self, text: str) -> str:
        return self.taken(text)

    def __str__(self) -> str:
        return f"{self.count} digits 0 or 1"


@dataclass(frozen=True)
class Words:
    """A text, such as a name or a file."""

    of: str

    def taken(self, value: Any) -> str:
        if not isinstance(value, str) or not value:
            raise ValueError
        return value

    def read(self, text: str) -> str:
        return self.taken(text)

    def __str__(self) -> str:
        return self.of


@dataclass(frozen=True)
class Several:
    """A list of values of one kind."""

    each: Kind
    fewest: int
    most: int
    falling: bool = False
    rising: bool = False

    def taken(self, value: Any) -> tuple[Any, ...]:
        if isinstance(value, str) or not hasattr(value, "__iter__") or not hasattr(value, "__len__"):
            raise ValueError
        if not self.fewest <= len(value) <= self.most:
            raise ValueError
        values = tuple(self.each.taken(one) for one in value)
        if self.falling and list(values) != sorted(values, reverse=True):
            raise ValueError
        if self.rising and list(values) != sorted(values):
            raise ValueError
        return values

    def read(self, text: str) -> tuple[Any, ...]:
        inner = text.strip()
        if inner == NOTHING:
            return self.taken(())
        if inner[:1] + inner[-1:] in ("()", "[]"):
            inner = inner[1:-1]
        parts = inner.rstrip().removesuffix(",").split(",", self.most)
        return self.taken([self.each.read(part.strip()) for part in parts])

    def __str__(self) -> str:
        least = max(self.fewest, 1)
        count = f"{least}" if least == self.most else f"{least} to {self.most}"
        order = ", none above the one before" if self.falling else ""
        order += ", none below the one before" if self.rising else ""
        return f"a list of {count}, each {self.each}{order}" + ("" if self.fewest else f", or {NOTHING}")


@dataclass(frozen=True)
class Either:
    """Values of one kind or of another."""

    first: Kind
    second: Kind

    def taken(self, value: Any) -> Any:
        try:
            return self.first.taken(value)
        except ValueError:
            return self.second.taken(value)

    def read(self, text: str) -> Any:
        try:
            return self.first.read(text)
        except ValueError:
            return self.second.read(text)

    def __str__(self) -> str:
        return f"{self.first}, or {self.second}"


@dataclass(frozen=True)
class Option:
    """One option of a model.

    `default` is the network's own, which a card's `config` may replace. `optional` allows None. `unless`
    names another option, and its values with which this one has no effect. `free` marks options that a
    network may be run with whatever it was trained with. `paper` is what its paper states about it.
    """

    name: str
    kind: Kind
    default: Any
    meaning: str
    paper: str = ""
    optional: bool = False
    unless: tuple[str, tuple[Any, ...]] | None = None
    free: bool = False

    def taken(self, value: Any) -> Any:
        """The value in its own type; ValueError for a value that it may not have."""
        return None if value is None and self.optional else self.kind.taken(value)

    def read(self, text: str) -> Any:
        """The value that a text stands for, quotes around it left out; ValueError for other texts."""
        if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
            text = text[1:-1]
        if self.optional and text.lower() in (NOTHING, "null"):
            return None
        return self.kind.read(text)

    @property
    def allowed(self) -> str:
        """What it may be, in words."""
        return f"{self.kind}" + (f", or {NOTHING}" if self.optional else "")


Options = Sequence[Option]


def typed(value: Any) -> str:
    """A value of an option as it is typed on the command line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(map(typed, value)) or NOTHING
    return NOTHING if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def read_options(model: str, options: Options, texts: Mapping[str, str]) -> dict[str, Any]:
    """Values of options from texts.

    Raises:
        UsageError: P152 an unknown option, or a text that is none of its values.
    """
    return {name: _value(model, find(model, options, name), text, read=True) for name, text in texts.items()}


def settled(model: str, options: Options, own: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """All options of a model: its defaults, the card's `own` and those `asked` for, each in its own type.

    Raises:
        UsageError: P152 an unknown option, a value it may not have, or a change that has no effect.
    """
    by_name = {option.name: option for option in options}
    changed = {name: _value(model, find(model, options, name), value) for name, value in asked.items()}
    given = {name: by_name[name].taken(value) if name in by_name else value for name, value in own.items()}
    before = {option.name: option.default for option in options} | given
    after = before | changed
    for name, value in changed.items():
        _check_effect(model, by_name[name], value, before[name], after)
    return after


def find(model: str, options: Options, name: str) -> Option:
    """The option of this name.

    Raises:
        UsageError: P152 there is none.
    """
    known = [option.name for option in options]
    if name not in known:
        raise UsageError(
            "P152",
            where=f"model {model}",
            what=f"has no option {shown(name)}",
            wanted=f"one of {', '.join(known)}" if known else "no option",
            hint=did_you_mean(name, known, 1, 0.65),  # `scale` is not `caffe`
        )
    return options[known.index(name)]


def _value(model: str, option: Option, value: Any, read: bool = False) -> Any:
    try:
        return option.read(value) if read else option.taken(value)
    except ValueError:
        raise UsageError(
            "P152",
            where=f"model {model}",
            what=f"option {option.name} is {shown(value) if read else shown(repr(value), 80)}",
            wanted=option.allowed,
        ) from None


def _check_effect(model: str, option: Option, value: Any, before: Any, after: Mapping[str, Any]) -> None:
    """Refuse to change an option that changes nothing in this network."""
    if option.unless is None or value == before or after[option.unless[0]] not in option.unless[1]:
        return
    other, useless = option.unless
    raise UsageError(
        "P152",
        where=f"model {model}",
        what=f"option {option.name} has no effect with {other}={typed(after[other])}",
        wanted=f"{option.name} only with {other} other than {' or '.join(map(typed, useless))}",
        hint=f"leave {option.name} out",
    )
