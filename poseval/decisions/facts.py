"""Facts about entries that a person wrote: date, paper, link, code, description, team, cost."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from poseval.decisions.entries import Entry
from poseval.errors import FormatError, UsageError, did_you_mean, shown
from poseval.files.toml import read_toml

LONGEST = 500  # characters of one fact
Facts = Mapping[str, Mapping[str, Any]]  # entry -> name of the fact -> text or number


def read_facts(path: str | os.PathLike[str]) -> Facts:
    """The facts of a TOML file: a table for each entry, with texts, numbers and dates.

    Raises:
        FormatError: P242 not TOML, or another form. LimitError: P501 larger than 1 MiB, P502 more or deeper.
    """
    where = shown(os.fspath(path), 400)
    try:
        node = read_toml(path)
    except ValueError as error:
        raise FormatError("P242", where=where, what=f"cannot be read ({shown(error, 80)})") from error
    return {name: facts_of(where, name, table) for name, table in node.items()}


def facts_of(where: str, name: str, table: Any) -> dict[str, Any]:
    """The facts of one entry: texts, numbers and dates.

    Raises:
        FormatError: P242 no table, or another form.
    """
    if not isinstance(table, dict):
        raise FormatError(
            "P242", where=where, what=f"{shown(name)} is no table", wanted=f"[{shown(name, 40)}]"
        )
    out: dict[str, Any] = {}
    for fact, value in table.items():
        if isinstance(value, (dt.date, dt.datetime, dt.time)):
            value = value.isoformat()
        plain = isinstance(value, (str, int, float)) and not isinstance(value, bool)
        if not plain or len(str(value)) > LONGEST:
            raise FormatError(
                "P242",
                where=f"{where}: {shown(name)}",
                what=f"has a fact {shown(fact)!r} of another form",
                wanted=f"a text of at most {LONGEST} characters, a number or a date",
            )
        out[fact] = value
    return out


def with_facts(entries: Sequence[Entry], facts: Facts) -> list[Entry]:
    """Entries with their facts added, found by name; the fact `team` becomes their team.

    Raises:
        UsageError: P825 facts of an entry that is not there. FormatError: P240 a team that is no name.
    """
    unknown = [name for name in facts if name not in {entry.name for entry in entries}]
    if unknown:
        raise UsageError(
            "P825",
            where=f"facts of {shown(unknown[0])}",
            what="belong to no entry",
            wanted=f"one of {', '.join(shown(entry.name) for entry in entries[:20])}",
            hint=did_you_mean(unknown[0], [entry.name for entry in entries]),
        )
    out = []
    for entry in entries:
        own = dict(facts.get(entry.name, {}))
        team = str(own.pop("team", entry.team))
        out.append(replace(entry, team=team, facts={**entry.facts, **own}))
    return out


def names_of(facts: Facts) -> list[str]:
    """The names of all facts, in their first order."""
    return [name for name in dict.fromkeys(n for own in facts.values() for n in own) if name != "team"]
