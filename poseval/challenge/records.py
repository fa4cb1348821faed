"""Verdicts kept by organisers: a JSON file for each submission, with who sent it and when."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from poseval.challenge.description import Description
from poseval.challenge.judge import SCHEMA, STATUSES, Verdict, rounded
from poseval.decisions.facts import facts_of
from poseval.errors import FormatError, shown
from poseval.files.reading import REPORT_BYTES, read_json
from poseval.files.writing import write_atomically
from poseval.results.report import Report
from poseval.results.typed import numbers, typed
from poseval.results.units import Unit
from poseval.results.values import Values

MARK, START = f'"schema": "{SCHEMA}"'.encode(), 4096  # by which a record is told from other files


@dataclass(frozen=True)
class Record:
    """A verdict, and what was said with the submission. It holds what is hidden from participants."""

    verdict: Verdict
    name: str
    team: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    received: str = ""  # a moment in UTC, as ISO 8601


def now() -> str:
    """This moment in UTC, as records say it."""
    return dt.datetime.now(dt.timezone.utc).isoformat(timespec="seconds")


def write_record(record: Record, path: Path) -> None:
    """Write a record whole.

    Raises:
        UsageError: P137 it cannot be written. LimitError: P506 no room is left for it.
    """
    node = {"schema": SCHEMA, **asdict(record)}
    text = json.dumps(node, indent=1, allow_nan=False, ensure_ascii=False)
    write_atomically(path, text.encode(errors="backslashreplace"), force=True)  # names that are not UTF-8


def is_record(path: Path) -> bool:
    """Whether a file is a record, as its start says."""
    with path.open("rb") as file:
        return MARK in file.read(START)


def read_record(path: Path) -> Record:
    """The record in a file.

    Raises:
        FormatError: P209 it is none, P242 facts that are no texts and numbers. LimitError: P501, P502 larger
            than any.
    """
    where = shown(path.name)
    try:
        node = read_json(path, REPORT_BYTES)
        if not isinstance(node, dict) or node.pop("schema", None) != SCHEMA:
            raise ValueError("no schema of a verdict")
        verdict = node.pop("verdict")
        known = {one.name for one in fields(Verdict)}
        if not isinstance(verdict, dict) or not verdict.keys() <= known:
            raise ValueError("no verdict")
        for name in ("status", "split", "digest", "message", "page", "private"):
            typed((str,), name, verdict.get(name, ""))
        typed((dict,), "report", verdict.get("report", {}))
        if verdict.get("status") not in STATUSES:
            raise ValueError(f"the status is none of {', '.join(STATUSES)}")
        for name in ("numbers", "joints"):
            numbers(verdict.get(name, {}), name)
        for name in ("name", "team", "received"):
            typed((str,), name, node.get(name, ""))
        if node.get("received"):
            dt.datetime.fromisoformat(node["received"])
        facts = facts_of(where, "facts", node.pop("facts", {}))
        record = Record(Verdict(**verdict), facts=facts, **node)
        "".join(map(str, (record.name, record.team, *facts, *facts.values()))).encode()  # no half characters
        return record
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise FormatError(
            "P209", where=where, what=f"is not a verdict ({shown(error, 80)})", wanted=SCHEMA
        ) from None


def as_shown(description: Description, report: Report) -> Report:
    """A report of the columns alone, as rounded as participants see them."""
    summary = {}
    for column in description.columns:
        value = rounded(report, column.key, column.digits)
        share = report.unit_of(column.key) is Unit.SHARE
        summary[column.key] = round(value / 100, column.digits + 2) if share else value
    return replace(
        report, summary=summary, values=Values(), notices=(), inputs=(), intervals={}, layout=None, tables=()
    )


def as_public(record: Record, description: Description) -> Record:
    """A record that anybody may read: of its report the rounded columns, and nothing for organisers alone."""
    report = dict(record.verdict.report)
    if record.verdict.scored:
        report = as_shown(description, Report.from_dict(report)).to_dict(timings=False)
    return replace(record, verdict=replace(record.verdict, report=report, page="", private="", seconds=0.0))
