"""Notices: what a user should know that is no error, and what those of several files say together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from poseval.errors import number_of, shown

SHOWN = 5  # names in one sentence


class Wording(Protocol):
    """The sentence of a notice for any counts. Two are equal where they say the same of other counts."""

    def say(self, counts: Mapping[str, int]) -> str:
        """The sentence; `counts` are by the names of what was counted, or under an empty name."""

    def __hash__(self) -> int: ...


@dataclass(frozen=True)
class Amount:
    """`before`, the sum of all counts with its noun, `after`; then the names of what was counted, if any."""

    before: str = ""
    noun: str = ""
    after: str = ""

    def say(self, counts: Mapping[str, int]) -> str:
        """The sentence."""
        from poseval.poses.frame_names import natural

        total = sum(counts.values())
        names = sorted(filter(None, counts), key=natural)
        told = ", ".join(shown(name, 40) for name in names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
        number = number_of(total, self.noun) if self.noun else f"{total:,}"
        return f"{self.before}{number}{self.after}" + (f" ({told})" if told else "")


@dataclass(frozen=True)
class Counted:
    """What the text of a notice is made of."""

    wording: Wording
    counts: Mapping[str, int]
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Notice:
    """Something a user should know that is not an error: a code, a sentence, and how often it occurred."""

    code: str
    text: str
    count: int = 1
    counted: Counted | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.text} [{self.code}]"


def counted(
    code: str, wording: Wording, counts: Mapping[str, int], *files: str, count: int | None = None
) -> Notice:
    """A notice that can be added to others of its wording, about the `files` if any are named.

    `count` is the sum of all `counts` unless given.
    """
    text = wording.say(counts)
    if files:
        others = len(files) - 1
        text = files[0] + (f" and {number_of(others, 'other file')}" if others else "") + f": {text}"
    return Notice(
        code, text, sum(counts.values()) if count is None else count, Counted(wording, counts, files)
    )


def together(notices: Iterable[Notice]) -> list[Notice]:
    """Notices of several files, or of pieces of one: each wording is said once, with the sum of its counts.

    A sentence that counts nothing is said once, too.
    """
    same: dict[tuple[str, Wording | str], list[Notice]] = {}
    for notice in notices:
        wording = notice.text if notice.counted is None else notice.counted.wording
        same.setdefault((notice.code, wording), []).append(notice)
    return [several[0] if len(several) == 1 else _sum(several) for several in same.values()]


def _sum(several: list[Notice]) -> Notice:
    first, parts = several[0], [notice.counted for notice in several if notice.counted is not None]
    if first.counted is None:
        return replace(first, count=max(notice.count for notice in several))
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part.counts)
    files = dict.fromkeys(name for part in parts for name in part.files)
    return counted(
        first.code, first.counted.wording, total, *files, count=sum(notice.count for notice in several)
    )
