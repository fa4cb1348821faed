"""The description of a challenge: one frozen value, read from `challenge.toml` and checked."""

from __future__ import annotations

import datetime as dt
import os
import re
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from poseval import benchmarks
from poseval.challenge.schema import made, setting, written
from poseval.errors import Faults, FormatError, PosevalError, repeated, shown, unknown_name
from poseval.limits import DEFAULT, Limits, raised
from poseval.scoring.task import Task

FILE = "challenge.toml"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")  # of a split: part of file names and of engines' code names
PUBLIC = ("nothing", "frames", "people", "everything")
DETAIL = ("numbers", "per-joint", "report")
BETTER = ("higher", "lower")
TIES = ("shared", "earlier")
TITLE, COLUMN_TITLE = 64, 36  # characters that every engine takes
MOST_PATH = 1024  # characters of a file's name and its folders


@dataclass(frozen=True, kw_only=True)
class Split:
    """A set that submissions are scored on, when, how often, and what of it a participant may learn."""

    name: str = setting("Its name: small letters, digits, - and _.")
    title: str = setting("What participants see.")
    truth: str = setting("Ground truth: a file or folder beside this file, in any format that poseval reads.")
    public: str = setting(
        "What participants know of it: nothing; its frames (names, sizes, which of them are labelled); the "
        "people in them, too, without their poses, as benchmarks of single people need; or everything. "
        "Messages about a submission never say more.",
        "frames",
        choices=PUBLIC,
    )
    detail: str = setting(
        "What a participant sees of the score: the numbers of the columns; those of each joint, too; or the "
        "report with its tables and curves.",
        "numbers",
        choices=DETAIL,
    )
    start: dt.datetime = setting("When submissions open, in UTC.")
    end: dt.datetime | None = setting("When they close. Without it they never do.", None)
    per_day: int = setting("Submissions that a participant may make in a day.", 5, least=1)
    total: int = setting("Submissions that a participant may make at all.", 100, least=1)

    @property
    def hidden(self) -> bool:
        """Whether there is something that messages must not say."""
        return self.public != "everything"


@dataclass(frozen=True, kw_only=True)
class Column:
    """A number of the board."""

    key: str = setting("The number, by its key in the summary of `poseval score`.")
    title: str = setting("The head of the column, at most 36 characters.")
    better: str = setting("Which direction is better.", choices=BETTER)
    digits: int = setting(
        "Decimals that are shown: of percent for shares, of pixels for distances. Numbers are rounded before "
        "anybody sees them, which slows probing of hidden ground truth.",
        1,
        least=0,
    )


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """How entries are ordered."""

    by: str = setting("The column that decides.")
    ties: str = setting(
        "Entries of equal shown numbers: `shared`, they share a rank; `earlier`, the earlier is first.",
        "shared",
        choices=TIES,
    )


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What one submission may take."""

    seconds: int = setting("Seconds to read and score it.", 300, least=1)
    memory: str = setting("Memory for that, beside the ground truth.", "4GiB")
    bytes: str = setting("Size of the file, before and after it is unpacked.", "512MiB")
    people: int = setting("People in it.", DEFAULT.people, least=1)
    people_per_frame: int = setting("People in one frame of it.", DEFAULT.detections_per_frame, least=1)


@dataclass(frozen=True, kw_only=True)
class Question:
    """A fact that is asked of a participant beside the submission."""

    key: str = setting("Its name: small letters, digits and _.")
    title: str = setting("What is asked.")
    choices: tuple[str, ...] = setting("The answers to choose from. Without them it is a text.", ())
    required: bool = setting("Whether it must be answered.", False)
    shown: bool = setting("Whether the board shows the answer.", True)


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page of the challenge's site."""

    title: str = setting("Its title.")
    file: str = setting("Its text: a Markdown or HTML file beside this file.")


@dataclass(frozen=True, kw_only=True)
class Description:
    """All that engines need to know of a challenge. Paths stand relative to `folder`."""

    title: str = setting("Title of the challenge, at most 64 characters.")
    summary: str = setting("One sentence about it.", "")
    benchmark: str = setting("Benchmark of `poseval list benchmarks`, by whose rules it is scored.")
    rules: str = setting("Rule set of the benchmark.", "reference")
    skeleton: str | None = setting("Skeleton, where the ground truth does not name its joints.", None)
    category: str | None = setting("Category that is scored, where the ground truth has several.", None)
    formats: tuple[str, ...] = setting(
        "Formats of submissions, of `poseval list formats`. Without this list: those of the benchmark, and "
        "every other that is safe to read on a server.",
        (),
    )
    image: str = setting("Logo: a PNG, JPEG or GIF file beside this file.")
    terms: str = setting("Terms that participants agree to: a Markdown or HTML file beside this file.")
    container: str = setting(
        "Container image in which Codabench scores: built by the Dockerfile of the bundle and pushed to "
        "a registry."
    )
    contact: str = setting("Where participants ask, such as an e-mail address.", "")
    ranking: Ranking = setting("How entries are ordered.")
    limits: Bounds = setting("What one submission may take.", Bounds())
    columns: tuple[Column, ...] = setting("Numbers of the board, in their order.")
    splits: tuple[Split, ...] = setting(
        "Sets that submissions are scored on, in the order of time: a public one to try, a hidden one."
    )
    questions: tuple[Question, ...] = setting("Facts that are asked of a participant.", ())
    pages: tuple[Page, ...] = setting("Pages of the site.")
    folder: Path = Path()

    def split(self, name: str | None = None) -> Split:
        """A split by its name; without one the last, which ranks.

        Raises:
            UsageError: P890 there is none of this name.
        """
        if name is None:
            return self.splits[-1]
        for split in self.splits:
            if split.name == name:
                return split
        raise unknown_name("P890", "split", name, [split.name for split in self.splits])

    def task(self, detail: str = DETAIL[0]) -> Task:
        """What is asked of a submission."""
        return Task.of(
            benchmark=self.benchmark,
            rules=self.rules,
            skeleton=self.skeleton,
            category=self.category,
            per_joint=detail != DETAIL[0],
            limits=self.reading,
        )

    @property
    def reading(self) -> Limits:
        """Limits of the reader."""
        return raised(
            [
                f"bytes={self.limits.bytes}",
                f"people={self.limits.people}",
                f"detections_per_frame={self.limits.people_per_frame}",
            ],
            DEFAULT,
        )

    @property
    def memory_bytes(self) -> int:
        """Memory that scoring may take."""
        return raised([f"bytes={self.limits.memory}"], DEFAULT).file_bytes

    def to_toml(self) -> str:
        """`challenge.toml`, with a comment for each setting."""
        return f"# A challenge for `poseval challenge` (docs/challenge.md).\n\n{written(self)}"


def read_description(folder: str | os.PathLike[str], whole: bool = True) -> Description:
    """The description in a folder, or in a file; `whole`: all files that it names must be there.

    Raises:
        UsageError: P114 there is no such file.
        FormatError: P208 with all its faults.
    """
    from poseval.files.toml import read_toml

    path = Path(folder)
    path = path / FILE if os.path.isdir(path) else path
    where = shown(path.name, 60)
    try:
        node = read_toml(path)
    except ValueError as error:
        what = f"is not TOML ({shown(error, 200)})"
        raise FormatError("P208", where=where, what=what, wanted="lines KEY = VALUE") from None
    return described(node, path.parent, where, whole)


def described(node: Any, folder: Path, where: str = FILE, whole: bool = True) -> Description:
    """The description that a table makes, of a challenge in `folder`.

    Raises:
        FormatError: P208 with all its faults.
    """
    faults = Faults()
    found = made(Description, node, where, faults)
    faults.raise_if_any()
    assert found is not None
    found = replace(found, folder=folder)
    check(found, where, faults)
    if whole:
        _check_files(found, where, faults)
    faults.raise_if_any()
    return found


def check(description: Description, where: str, faults: Faults) -> None:
    """What no single value says: names twice, files that are not there, times in another order."""
    _check_task(description, where, faults)
    for name in ("columns", "splits", "pages"):
        if not getattr(description, name):
            faults.add("P208", where=f"{where}: {name}", what="is empty", wanted="at least one")
    for name, keys in (
        ("columns", [column.key for column in description.columns]),
        ("splits", [split.name for split in description.splits]),
        ("questions", [question.key for question in description.questions]),
    ):
        for key in sorted(repeated(keys)):
            faults.add("P208", where=f"{where}: {name}", what=f"has {shown(key, 60)} twice", wanted="it once")
    if description.ranking.by not in [column.key for column in description.columns]:
        faults.add(
            "P208",
            where=f"{where}: ranking.by = {shown(description.ranking.by, 60)!r}",
            what="is not a column",
            wanted=f"one of {', '.join(shown(column.key, 60) for column in description.columns)}",
        )
    for key in [*(s.name for s in description.splits), *(q.key for q in description.questions)]:
        if not NAME.fullmatch(key):
            faults.add(
                "P208",
                where=f"{where}: {shown(key, 60)!r}",
                what="is not a plain name",
                wanted="at most 32 small letters, digits, - and _",
            )
    texts = [("title", description.title, TITLE)]
    texts += [(f"splits: {split.name}: title", split.title, TITLE) for split in description.splits]
    texts += [(f"columns: {one.key}: title", one.title, COLUMN_TITLE) for one in description.columns]
    texts += [(f"splits: {split.name}: ground truth", split.truth, MOST_PATH) for split in description.splits]
    for name, text, most in texts:
        if not text.strip() or len(text) > most:
            faults.add(
                "P208",
                where=f"{where}: {shown(name, 80)}",
                what=f"has {len(text)} characters",
                wanted=f"1 to {most}",
            )
        elif any(unicodedata.category(char)[0] == "C" for char in text):
            faults.add(
                "P208",
                where=f"{where}: {shown(name, 80)} = {shown(text, 80)!r}",
                what="holds control, direction or zero-width characters",
                wanted="text that pages can show",
            )
    _check_times(description, where, faults)


def _check_task(description: Description, where: str, faults: Faults) -> None:
    """Names of benchmark, rules, skeleton, formats, and sizes that can be read."""
    from poseval import datasets
    from poseval.benchmarks.rule_sets import choose

    def ask_for(ask: Any) -> None:
        try:
            ask()
        except PosevalError as error:
            fault = error.fault
            what = f"{fault.where} {fault.what}"
            faults.add("P208", where=where, what=what, wanted=fault.wanted, hint=fault.hint)

    ask_for(lambda: choose(description.rules, benchmarks.get_benchmark(description.benchmark).rule_sets))
    for format in description.formats:
        ask_for(lambda format=format: datasets.get_format(format))
    ask_for(lambda: description.memory_bytes)
    ask_for(lambda: description.task())


def _check_times(description: Description, where: str, faults: Faults) -> None:
    last: Split | None = None
    for split in description.splits:
        if split.end is not None and split.end <= split.start:
            faults.add(
                "P208",
                where=f"{where}: splits: {split.name}: end",
                what="is not after its start",
                wanted="a later time",
            )
        if last is not None and (last.end is None or split.start <= last.end):
            faults.add(
                "P208",
                where=f"{where}: splits: {split.name}: start",
                what=f"is not after the end of {last.name}",
                wanted="splits one after the other, because Codabench refuses others",
                hint=f"give {last.name} an end, and {split.name} a later start",
            )
        last = split


def _check_files(description: Description, where: str, faults: Faults) -> None:
    named = [("image", description.image), ("terms", description.terms)]
    named += [(f"pages: {page.title}", page.file) for page in description.pages]
    named += [(f"splits: {split.name}: ground truth", split.truth) for split in description.splits]
    for name, file in named:
        path = description.folder / file
        inside = not os.path.isabs(file) and ".." not in Path(file).parts
        if not inside or not os.path.exists(path):
            faults.add(
                "P208",
                where=f"{where}: {shown(name, 80)} = {shown(file, 120)!r}",
                what="does not exist" if inside else "is outside of the folder",
                wanted=f"a file below {shown(description.folder.name or '.', 60)}",
            )
        elif os.path.isfile(path) and path.stat().st_size == 0:
            faults.add("P208", where=f"{where}: {shown(file, 120)}", what="is empty", wanted="some content")
