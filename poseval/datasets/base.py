"""The dataset protocol: each format has one module, which recognises, reads and writes it."""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from poseval.datasets.files.source import Source
from poseval.errors import UsageError, number_of, shown, unknown_name
from poseval.limits import DEFAULT, Limits
from poseval.poses import PoseSet
from poseval.skeletons import Skeleton

SHOWN_KEYS = 6  # keys that a sentence about losses names; the others are counted


class Role(enum.Enum):
    """What a file is read as."""

    TRUTH = "truth"
    PREDICTIONS = "predictions"

    @property
    def words(self) -> str:
        """The role as messages write it."""
        return "ground truth" if self is Role.TRUTH else "predictions"

    @classmethod
    def of(cls, value: Role | str) -> Role:
        """A role from its name: `truth` (or `ground-truth`) or `predictions`.

        Raises:
            UsageError: P102 for anything else.
        """
        try:
            return cls.TRUTH if value == "ground-truth" else cls(value)
        except ValueError:
            raise unknown_name("P102", "role", value, [role.value for role in cls]) from None


@dataclass(frozen=True)
class ReadOptions:
    """How a file is read.

    `truth` is the ground truth that predictions belong to: many prediction formats lack frame sizes, ids or
    joint names without it. `skeleton` names the joints of a file that names none, and is refused where it
    contradicts the file's own names; with `mapped`, joints are mapped later, so that each file is read by its
    own skeleton instead. `rules` names the rule set where the
    reference tool's loader has quirks; `optional` lists columns that the chosen metrics can do without
    (e.g. `area` when OKS takes it from boxes). Without `trusted`, formats that
    are not hardened against crafted files are refused. `category` is the name of the one class to read, where
    a file has several.
    """

    role: Role = Role.TRUTH
    truth: PoseSet | None = None
    skeleton: Skeleton | None = None
    rules: str = "reference"
    optional: frozenset[str] = frozenset()
    limits: Limits = DEFAULT
    progress: Callable[[int, int], None] | None = None  # called with (done, total) on long work
    trusted: bool = True
    mapped: bool = False
    category: str | None = None


@dataclass(frozen=True)
class WriteOptions:
    """How a file is written: `force` overwrites, `role` says whether as ground truth or as predictions."""

    role: Role = Role.TRUTH
    force: bool = False
    truth: PoseSet | None = None
    progress: Callable[[int, int], None] | None = None


@dataclass
class Losses:
    """What the target format cannot hold, counted: field -> how many values were dropped.

    `made` are values that the target needs and the source lacks, with how they were made; `missing` are those
    that could not be made. `unread` counts what the source's reader left out, by key or in words.
    """

    kept_people: int = 0
    kept_frames: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    made: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)

    def lose(self, what: str, count: int) -> None:
        """Count dropped values; nothing is remembered for a count of 0."""
        if count:
            self.dropped[what] += count

    def make(self, what: str, count: int) -> None:
        """Count values that were made for the target; nothing is remembered for a count of 0."""
        if count:
            self.made[what] += count

    def miss(self, what: str, count: int) -> None:
        """Count values that the target needs and lacks; nothing is remembered for a count of 0."""
        if count:
            self.missing[what] += count

    def __str__(self) -> str:
        people = number_of(self.kept_people, "person", "people")
        parts = [f"kept {people} in {number_of(self.kept_frames, 'frame')}"]
        if not self.dropped and not self.unread:
            parts.append("nothing dropped")
        for verb, counts in (("dropped", self.dropped), ("made", self.made), ("missing", self.missing)):
            if counts:
                parts.append(f"{verb} " + _listed(counts.items()))
        if self.unread:
            first = self.unread.most_common(SHOWN_KEYS)
            more = len(self.unread) - len(first)
            parts.append("not read: " + _listed(first) + (f" and {more} more keys" if more else ""))
        return "; ".join(parts)


def _listed(counts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{shown(what, 80)} ({count})" for what, count in counts)


class Dataset(ABC):
    """A file format. Class attributes say what it can do; instances have no state."""

    name: ClassVar[str]
    title: ClassVar[str]
    reads: ClassVar[frozenset[Role]] = frozenset()
    writes: ClassVar[frozenset[Role]] = frozenset()
    normalised: ClassVar[bool] = False  # True: coordinates are fractions of the image's size
    local_only: ClassVar[bool] = False  # True: for the user's own process; a server never reads it
    # Facts of `capabilities.FACTS` that survive writing and reading; where it is only read, those read.
    holds: ClassVar[frozenset[str]] = frozenset()
    lacks: ClassVar[Mapping[Role, frozenset[str]]] = {}  # but not in this role

    def holds_as(self, role: Role) -> frozenset[str]:
        """What the format keeps in a role, so that it can be read back."""
        return self.holds - self.lacks.get(role, frozenset())

    @abstractmethod
    def sniff(self, source: Source, role: Role) -> float:
        """How surely the source is of this format and role: 0 (no) to 1 (certain). Cheap; never raises."""

    @abstractmethod
    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """Read the source as columns.

        A file that names its joints is read by its names; `datasets.read` compares them with the skeleton in
        the options. Only a file that names none takes its joints from there.

        Raises:
            InputError: what is wrong with the file, all faults gathered.
        """

    def write(self, poses: PoseSet, path: Path, options: WriteOptions) -> Losses:
        """Write atomically and say what the format cannot hold.

        Raises:
            UsageError: P130 when the format cannot be written, P131 when the output exists.
        """
        raise UsageError("P130", where=f"format {self.name}", what="cannot be written")
