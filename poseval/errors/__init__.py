"""What can go wrong, as one tree.

::

    PosevalError                    exit
    ├── UsageError      P1xx, P8xx  2   the command or call is wrong
    ├── InputError                  3   a file is wrong
    │   ├── FormatError     P2xx        not the format, or a malformed node
    │   ├── ValueRangeError P3xx        NaN, infinite, negative area, id twice
    │   ├── MismatchError   P4xx        predictions and ground truth do not belong together
    │   └── LimitError      P5xx        larger, deeper or slower than allowed
    └── MissingFeature  P6xx        2   an extra is not installed (says which)

A message says where, what, `expected:` and `try:`. All faults of a file are gathered in `Faults` and raised
as one error that carries them. Faults of one kind are one entry with a count and the first places; the first
20 entries are shown, the rest are counted per code. What each code means stands in `codes.tsv`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

SHOWN_FAULTS = 20  # more entries than this hide the first one, which is mostly the cause of the rest
SHOWN_PLACES = 4  # further places of a kind of fault that are named

LONGEST_SPELT = 200  # characters of a name for which similar ones are sought, by steps of their square


def shown(text: object, limit: int = 120) -> str:
    """Text that is safe on a terminal: all but printable characters and spaces escaped, long text cut.

    Names come from untrusted files; an escape sequence in one could rewrite the user's screen.
    """
    whole = str(text)
    more = "…" if len(whole) > limit else ""
    if whole.isprintable():
        return whole[:limit] + more
    out: list[str] = []
    for char in whole[:limit]:
        if char.isprintable():
            out.append(char)
        else:
            out.append(f"\\u{ord(char):04x}" if ord(char) > 0xFF else f"\\x{ord(char):02x}")
    return "".join(out) + more


def number_of(count: int, noun: str, plural: str | None = None) -> str:
    """A count with its noun in the singular or plural: `1 fault`, `1,612 faults`, `1 person`."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def repeated(names: Iterable[str]) -> list[str]:
    """The names that occur more than once, in the order of their second place."""
    seen: set[str] = set()
    twice: dict[str, None] = {}
    for name in names:
        if name in seen:
            twice[name] = None
        seen.add(name)
    return list(twice)


def like_others(count: int) -> str:
    """What follows a fault of one that `count` others share: `, like 3 others`, or nothing."""
    return f", like {number_of(count, 'other')}" if count else ""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: `code`, where it is, what it is, what was expected, and what to try.

    `stage` counts the checks of a file before the one that found it.
    """

    code: str
    where: str
    what: str
    wanted: str | None = None
    hint: str | None = None
    stage: int = field(default=0, compare=False, repr=False)

    def __str__(self) -> str:
        return self.text()

    def text(self, others: Sequence[Fault] = ()) -> str:
        """The fault in labelled parts; `others` are faults of the same kind in other places."""
        lines = [f"{self.where}: {self.what} [{self.code}]"]
        if others:
            file, colon, _ = self.where.rpartition(": ")
            places = ", ".join(fault.where.removeprefix(file + colon) for fault in others[:SHOWN_PLACES])
            more = len(others) - SHOWN_PLACES
            lines.append(f"  and {len(others):,} more: {places}" + (", ..." if more > 0 else ""))
        if self.wanted:
            lines.append(f"  expected: {self.wanted}")
        if self.hint:
            lines.append(f"  try: {self.hint}")
        return "\n".join(lines)

    @property
    def kind(self) -> tuple[str, str, str, str]:
        """A key that is equal for faults that differ only in numbers."""
        parts = (self.where, self.what, self.wanted or "")
        where, what, wanted = (re.sub(r"[-+]?\d+(\.\d+)?(e[-+]?\d+)?", "#", text) for text in parts)
        return self.code, where, what, wanted


def folded(faults: Iterable[Fault]) -> list[list[Fault]]:
    """Faults grouped by kind, in the order of first appearance."""
    kinds: dict[tuple[str, str, str, str], list[Fault]] = {}
    for fault in faults:
        kinds.setdefault(fault.kind, []).append(fault)
    return list(kinds.values())


class PosevalError(Exception):
    """Base of every error that poseval raises on purpose. `exit_code` is what the command line returns."""

    exit_code = 70

    def __init__(
        self,
        code: str,
        *,
        where: str,
        what: str,
        wanted: str | None = None,
        hint: str | None = None,
        faults: Sequence[Fault] = (),
        total: int | None = None,
        counts: Mapping[str, int] | None = None,
    ) -> None:
        self.fault = Fault(code, where, what, wanted, hint)
        self.faults: tuple[Fault, ...] = tuple(faults) or (self.fault,)
        # Of all faults, also of those that were not kept; the codes of the kept ones where nobody counted.
        self.counts: Counter[str] = Counter(counts or (fault.code for fault in self.faults))
        self.total = len(self.faults) if total is None else total
        super().__init__(self._text())

    @property
    def code(self) -> str:
        """Code of the first fault, e.g. `P204`."""
        return self.fault.code

    def _text(self) -> str:
        kinds = folded(self.faults)
        lines = [first.text(others) for first, *others in kinds[:SHOWN_FAULTS]]
        hidden = self.total - sum(len(kind) for kind in kinds[:SHOWN_FAULTS])
        if hidden > 0:
            rest = self.counts - Counter(fault.code for kind in kinds[:SHOWN_FAULTS] for fault in kind)
            listed = ", ".join(f"{count:,} x {code}" for code, count in sorted(rest.items()))
            lines.append(f"... and {hidden:,} more" + (f" ({listed})" if listed else ""))
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process borders (workers); the keyword-only constructor needs this.
        return (_rebuild, (type(self), self.faults, self.total, self.counts))


def _rebuild(
    kind: type[PosevalError],
    faults: tuple[Fault, ...],
    total: int,
    counts: Mapping[str, int] | None = None,
) -> PosevalError:
    first = faults[0]
    return kind(
        first.code,
        where=first.where,
        what=first.what,
        wanted=first.wanted,
        hint=first.hint,
        faults=faults,
        total=total,
        counts=counts,
    )


class UsageError(PosevalError):
    """The command or the call is wrong (P1xx; P8xx where those are used up)."""

    exit_code = 2


class InputError(PosevalError):
    """A file is wrong."""

    exit_code = 3


class FormatError(InputError):
    """Not the format, or a malformed node (P2xx)."""


class ValueRangeError(InputError):
    """An impossible value: NaN, infinite, a negative area, an id twice (P3xx)."""


class MismatchError(InputError):
    """Predictions and ground truth do not belong together (P4xx)."""


class LimitError(InputError):
    """Larger, deeper or slower than allowed (P5xx)."""


class MissingFeature(PosevalError):
    """An optional dependency is not installed (P6xx)."""

    exit_code = 2


MOST_LISTED = 100  # names in a message


def unknown_name(
    code: str, kind: str, name: object, known: Iterable[str], wanted: str = "", hint: str | None = None
) -> UsageError:
    """The error for a name that is in no table: lists the table and proposes near names, else `hint`."""
    listed = list(known)
    more = f" and {len(listed) - MOST_LISTED} more" if len(listed) > MOST_LISTED else ""
    return UsageError(
        code,
        where=f"{kind} {shown(name)!r}",
        what="is not known",
        wanted=f"one of {', '.join(map(shown, listed[:MOST_LISTED]))}{more}{wanted}",
        hint=did_you_mean(str(name), listed) or hint,
    )


def did_you_mean(name: str, known: Iterable[str], most: int = 3, closeness: float = 0.6) -> str | None:
    """The advice for a name that is not known: those that may be meant; None where none is near."""
    near = near_names(name, known, most, closeness)
    return f"did you mean {' or '.join(map(shown, near))}?" if near else None


def near_names(name: str, known: Iterable[str], most: int = 3, closeness: float = 0.6) -> list[str]:
    """Names that may be meant: those that begin with or contain what was typed, then similar ones.

    `closeness`, from 0 to 1, is how much a name that is spelt otherwise has in common with what was typed.
    """
    from difflib import get_close_matches

    listed = list(known)
    typed = name.lower()
    within = [one for one in listed if len(typed) > 2 and typed in one.lower()]
    within.sort(key=lambda one: not one.lower().startswith(typed))
    lower = {one.lower(): one for one in listed if len(one) <= LONGEST_SPELT}
    close = get_close_matches(typed, lower, most, closeness) if len(typed) <= LONGEST_SPELT else []
    spelt = [lower[one] for one in close]
    return list(dict.fromkeys([*within, *spelt]))[:most]


def wrong_type(where: str, value: object, wanted: str, hint: str | None = None) -> UsageError:
    """The error for an argument of another type than the function takes, such as None for a path."""
    found = "None" if value is None else f"of type {shown(type(value).__name__, 60)}"
    return UsageError("P101", where=where, what=f"is {found}", wanted=wanted, hint=hint)


_KINDS: dict[str, type[PosevalError]] = {
    "P1": UsageError,
    "P2": FormatError,
    "P3": ValueRangeError,
    "P4": MismatchError,
    "P5": LimitError,
    "P6": MissingFeature,
    "P8": UsageError,
}


def error_of(
    faults: Sequence[Fault], total: int | None = None, counts: Mapping[str, int] | None = None
) -> PosevalError:
    """One error of the first fault's kind with all faults; `total` and `counts` know those not kept, too."""
    number = len(faults) if total is None else total
    return _rebuild(_KINDS[faults[0].code[:2]], tuple(faults), number, counts)


class Faults:
    """Collects the faults of one file so that a user fixes all of them in one round.

    Whoever goes on to another check of the same file adds 1 to `stage`.
    """

    KEPT = 2000  # enough for any report; the count goes on without keeping
    LISTED = 1000  # of stage 0: values of a text, of which the compiled module lists so many

    def __init__(self) -> None:
        self.stage = 0
        self._kept: list[Fault] = []
        self.counts: Counter[str] = Counter()

    def __len__(self) -> int:
        return sum(self.counts.values())

    def add(
        self, code: str, *, where: str, what: str, wanted: str | None = None, hint: str | None = None
    ) -> None:
        """Remember one fault."""
        self.counts[code] += 1
        if len(self._kept) < self.KEPT:
            self._kept.append(Fault(code, where, what, wanted, hint, self.stage))

    def more(self, code: str, count: int) -> None:
        """Count faults of a code without keeping their places."""
        self.counts[code] += count

    def extend(self, others: Faults) -> None:
        """Add the faults of another collection, in its order."""
        room = max(0, self.KEPT - len(self._kept))
        self._kept += others.kept[:room]
        self.counts.update(others.counts)

    def take(self, error: PosevalError, but: str = "") -> None:
        """Add the faults of another piece of the file, but those of one code, as if it were read as a whole.

        Then each check goes over all of the file before the next one.
        """
        found = [*self._kept, *(fault for fault in error.faults if fault.code != but)]
        found.sort(key=lambda fault: fault.stage)
        listed = sum(fault.stage == 0 for fault in found)
        self._kept = [*found[: min(listed, self.LISTED)], *found[listed:]][: self.KEPT]
        self.counts.update({code: count for code, count in error.counts.items() if code != but})

    @property
    def kept(self) -> tuple[Fault, ...]:
        """The faults kept, in the order found."""
        return tuple(self._kept)

    def raise_if_any(self) -> None:
        """Raise one error that carries everything found, or return.

        Raises:
            PosevalError: of the class that the first fault's code belongs to.
        """
        if self._kept:
            raise error_of(self._kept, len(self), self.counts)
