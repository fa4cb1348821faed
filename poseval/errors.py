"""What can go wrong, as one tree.

::

    PosevalError                    exit
    ├── UsageError      P1xx        2   the command or call is wrong
    ├── InputError                  3   a file is wrong
    │   ├── FormatError     P2xx        not the format, or a malformed node
    │   ├── ValueRangeError P3xx        NaN, infinite, negative area, id twice
    │   ├── MismatchError   P4xx        predictions and truth do not belong together
    │   └── LimitError      P5xx        larger, deeper or slower than allowed
    └── MissingFeature  P6xx        2   an extra is not installed (says which)

A message says where, what, wanted, try. All faults of a file are gathered in `Faults` and raised as one
error that carries them: the first 20 are shown, the rest are counted per code.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

SHOWN_FAULTS = 20  # more lines than this hide the first one, which is mostly the cause of the rest


def shown(text: object, limit: int = 120) -> str:
    """Text that is safe on a terminal: control, bidi and zero-width characters escaped, long text cut.

    Names come from files of strangers; an escape sequence in one could rewrite the user's screen.
    """
    out: list[str] = []
    for char in str(text)[: limit + 1]:
        category = unicodedata.category(char)
        if category[0] == "C" or category in ("Zl", "Zp"):
            out.append(f"\\u{ord(char):04x}" if ord(char) > 0xFF else f"\\x{ord(char):02x}")
        else:
            out.append(char)
    if len(str(text)) > limit:
        return "".join(out[:limit]) + "…"
    return "".join(out)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else text + "."


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: `code`, where it is, what it is, what was wanted, and what to try."""

    code: str
    where: str
    what: str
    wanted: str | None = None
    hint: str | None = None

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}"
        if self.wanted:
            text += f"; {self.wanted}"
        text = _sentence(text)
        if self.hint:
            text += " " + _sentence(self.hint)
        return f"{text} [{self.code}]"


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
        lines = [str(fault) for fault in self.faults[:SHOWN_FAULTS]]
        hidden = self.total - len(lines)
        if hidden > 0:
            rest = Counter(fault.code for fault in self.faults[SHOWN_FAULTS:])
            listed = ", ".join(f"{count} x {code}" for code, count in sorted(rest.items()))
            lines.append(f"... and {hidden} more" + (f" ({listed})" if listed else ""))
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
    """The command or the call is wrong (P1xx)."""

    exit_code = 2


class InputError(PosevalError):
    """A file is wrong."""

    exit_code = 3


class FormatError(InputError):
    """Not the format, or a malformed node (P2xx)."""


class ValueRangeError(InputError):
    """A number that cannot be meant: NaN, infinite, negative area, an id twice (P3xx)."""


class MismatchError(InputError):
    """Predictions and truth do not belong together (P4xx)."""


class LimitError(InputError):
    """Larger, deeper or slower than allowed (P5xx)."""


class MissingFeature(PosevalError):
    """An optional dependency is not installed (P6xx)."""

    exit_code = 2


def unknown_name(code: str, kind: str, name: object, known: Iterable[str], wanted: str = "") -> UsageError:
    """The error for a name that is in no table: lists the table and proposes near names."""
    from difflib import get_close_matches

    listed = list(known)
    near = get_close_matches(str(name), listed, 3)
    return UsageError(
        code,
        where=f"{kind} {shown(name)!r}",
        what="is not known",
        wanted=f"one of {', '.join(listed)}{wanted}",
        hint=f"did you mean {' or '.join(near)}?" if near else None,
    )


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
}


def error_of(
    faults: Sequence[Fault], total: int | None = None, counts: Mapping[str, int] | None = None
) -> PosevalError:
    """One error of the first fault's kind with all faults; `total` and `counts` know those not kept, too."""
    number = len(faults) if total is None else total
    return _rebuild(_KINDS[faults[0].code[:2]], tuple(faults), number, counts)


class Faults:
    """Collects the faults of one file so that a user mends all of them in one round."""

    KEPT = 2000  # enough for any report; the count goes on without keeping

    def __init__(self) -> None:
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
            self._kept.append(Fault(code, where, what, wanted, hint))

    def more(self, code: str, count: int) -> None:
        """Count faults of a code without keeping their places."""
        self.counts[code] += count

    def extend(self, others: Faults) -> None:
        """Take over what another collection found, in its order."""
        room = max(0, self.KEPT - len(self._kept))
        self._kept += others.kept[:room]
        self.counts.update(others.counts)

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
