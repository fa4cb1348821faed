"""Rule books: what a benchmark reproduces of its reference tool, and what it mends."""

from __future__ import annotations

from dataclasses import dataclass

from poseval.errors import UsageError, shown


@dataclass(frozen=True)
class Rules:
    """A named rule book. `quirks` are the ids of the reference tool's faults that it keeps."""

    name: str  # "reference", "corrected", or a profile such as "poseval-2017"
    quirks: frozenset[str] = frozenset()
    title: str = ""

    def keeps(self, quirk: str) -> bool:
        """Whether the fault with this id (see docs/quirks.md) is reproduced."""
        return quirk in self.quirks


CORRECTED = Rules("corrected", title="the published definition, faults of the tools mended")


def choose(name: str, books: tuple[Rules, ...]) -> Rules:
    """The rule book called `name`; `reference` means the first one.

    Raises:
        UsageError: P124 for a name that the benchmark does not have.
    """
    for book in books:
        if book.name == name or (name == "reference" and book is books[0]):
            return book
    raise UsageError(
        "P124",
        where=f"rules {shown(name)!r}",
        what="are not known to this benchmark",
        wanted="one of reference, " + ", ".join(book.name for book in books),
    )
