"""Entries of a leaderboard, each one run, from a file, a folder or a store, with facts about it.

One entry that cannot be read never stops the others: it becomes `Refused`, with the reason.
"""

from __future__ import annotations

import hashlib
import json
import os
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from poseval.errors import FormatError, PosevalError, UsageError, shown
from poseval.files.reading import read_json
from poseval.poses import PoseSet
from poseval.processes import each_apart
from poseval.results.report import Report
from poseval.scoring.evaluation import Evaluation
from poseval.scoring.saved_runs import is_saved_run, load, load_report

NAME_LENGTH = 64  # a table column; longer names are cut by no reader's eye
FACTS = ".run.json"  # ending of the file beside a report in which `poseval run` keeps the run's facts
MARK, START = b'"schema": "poseval.report/', 4096  # by which a report is told from predictions
NAMED = 3  # files that a message names
OTHERS = (".toml", ".md", ".txt", ".html", ".png", ".svg", ".pdf", ".csv", ".sqlite")  # beside reports


@dataclass(frozen=True)
class Entry:
    """One run on a board. `facts` are further columns (date, paper, parameters, speed).

    `run` holds the tallies of a saved run, from which paired tests are made. `verified` says what scoring
    its predictions again gave.
    """

    name: str
    report: Report
    team: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    run: Evaluation | None = field(default=None, compare=False, repr=False)
    verified: str = ""

    def __post_init__(self) -> None:
        for text in (self.name, self.team):
            check_name(text)

    @property
    def digest(self) -> str:
        """SHA-256 of name, team and report without timings: the identity of the entry."""
        text = json.dumps([self.name, self.team, self.report.to_json(timings=False)])
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Refused:
    """An entry that cannot be shown, the reason, and the digest under which a store holds it."""

    name: str
    why: str
    digest: str = ""


Ranked = str | os.PathLike[str] | Report | Evaluation | Entry | PoseSet  # what a board can be built of
Score = Callable[[str | PoseSet], Evaluation]  # scores predictions, at a path or in memory


def entry_of(
    path: str | os.PathLike[str], name: str | None = None, team: str = "", score: Score | None = None
) -> Entry:
    """The entry of a JSON report, a saved run or, with `score`, of predictions; and the facts beside it.

    Raises:
        FormatError: P230 or P231 when the file is none, P240 a name that is not fit for a table, P242
            facts that cannot be read.
        LimitError: P501, P502 a report or facts that are larger than allowed.
    """
    place = Path(path)
    name = name or place.stem
    facts = _facts(place.with_name(place.name + FACTS))
    if score is not None and not is_result(place):
        run = score(os.fspath(path))
        return Entry(name, run.report(), team, facts, run, verified="scored here")
    if not is_saved_run(place):
        return Entry(name, load_report(place), team, facts)
    run = load(place)
    return Entry(name, run.report(), team, facts, run)


def is_result(path: Path) -> bool:
    """Whether a file is a report or a saved run, as its start says."""
    if is_saved_run(path):
        return True
    if not os.path.isfile(path):
        return False
    with path.open("rb") as file:
        return MARK in file.read(START)


def unfolded(paths: Sequence[str | os.PathLike[str]], predictions: bool) -> list[str]:
    """Paths, in which a folder of reports and saved runs is replaced by its files.

    With `predictions` a single folder stands for the submissions in it, which are files or folders.

    Raises:
        UsageError: P148 a folder without reports and saved runs.
    """
    out: list[str] = []
    for path in (os.fspath(path) for path in paths):
        if not os.path.isdir(path):
            out.append(path)
            continue
        inside = sorted(item for item in Path(path).iterdir() if _may_be_entry(item))
        # With one result in it, it is a folder of results, and what else lies there is refused by name.
        if any(map(is_result, inside)) or (inside and predictions and len(paths) == 1):
            out += map(os.fspath, inside)
        elif predictions:
            out.append(path)
        else:
            raise UsageError(
                "P148",
                where=shown(path),
                what=f"holds neither reports nor saved runs: {_listed(inside)}" if inside else "holds no run",
                wanted="a folder of reports (`score --json`) or saved runs (`score --save`)",
            )
    # The facts of a run lie beside its report: a pattern such as runs/* names both.
    return [path for path in out if not path.endswith(FACTS)]


def _listed(paths: Sequence[Path]) -> str:
    """The names of a few files."""
    more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
    return ", ".join(shown(path.name, 60) for path in paths[:NAMED]) + more


def _may_be_entry(path: Path) -> bool:
    name = path.name
    return not (
        name.startswith(".") or name.endswith(FACTS) or (os.path.isfile(path) and name.endswith(OTHERS))
    )


def entries_of(
    paths: Sequence[str], name: str | None, team: str, score: Score | None, most: int | None = None
) -> list[Entry | Refused]:
    """The entry of each path; one that cannot be read is refused and stops no other, unless it is alone.

    They are read and scored by threads, or in a command by `most` processes, long files first.
    """
    if len(paths) == 1:
        return [entry_of(paths[0], name, team, score)]
    order = sorted(range(len(paths)), key=lambda place: -_size(paths[place]))
    found = each_apart(lambda place: _entry_or_why(paths[place], team, score), order, most)
    placed = dict(zip(order, found, strict=True))
    return [placed[place] for place in range(len(paths))]


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except (OSError, ValueError):  # said where it is read
        return 0


def _entry_or_why(path: str, team: str, score: Score | None) -> Entry | Refused:
    try:
        return entry_of(path, None, team, score)
    except PosevalError as error:
        return Refused(Path(path).name, reason(error))


def reason(error: PosevalError) -> str:
    """Why an entry is refused, in one line."""
    return f"{error.fault.what} [{error.code}]"


def named_alike(entries: Sequence[Entry]) -> list[Entry]:
    """Entries with unique names: the second `a` becomes `a (2)`."""
    seen: dict[str, int] = {}
    out = []
    for entry in entries:
        seen[entry.name] = seen.get(entry.name, 0) + 1
        count = seen[entry.name]
        out.append(entry if count == 1 else replace(entry, name=f"{entry.name[: NAME_LENGTH - 6]} ({count})"))
    return out


def _facts(path: Path) -> dict[str, Any]:
    """The facts in a file; none without one."""
    try:
        if not os.path.isfile(path):
            return {}
    except OSError:  # the name of a run may be as long as names can be
        return {}
    try:
        facts = read_json(path)
    except (ValueError, RecursionError) as error:
        raise FormatError("P242", where=shown(path), what=f"cannot be read ({shown(error, 80)})") from error
    return facts if isinstance(facts, dict) else {}


def as_name(text: str, most: int = NAME_LENGTH) -> str:
    """What somebody else calls something, as a name that `check_name` takes: escaped, in NFC and cut."""
    found = unicodedata.normalize("NFC", shown(text, most))
    return found if len(found) <= most else f"{found[: most - 1]}…"


def check_name(text: str) -> None:
    """Refuse names that could deceive a reader or break a table.

    Raises:
        FormatError: P240 for control, bidi or zero-width characters, or a name that is too long.
    """
    if len(text) > NAME_LENGTH:
        raise FormatError("P240", where=f"name {shown(text, 20)!r}", what=f"is longer than {NAME_LENGTH}")
    if (
        any(unicodedata.category(char)[0] == "C" for char in text)
        or unicodedata.normalize("NFC", text) != text
    ):
        raise FormatError(
            "P240",
            where=f"name {shown(text)!r}",
            what="holds control, direction or zero-width characters, or is not in NFC",
        )
