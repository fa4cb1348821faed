"""The store of a leaderboard: runs in an SQLite file, which is input as any other file is.

Only the tables that the store makes are read, because a view or a trigger would run what its author wrote.
Reading opens the file read-only. A statement that takes too long is ended, and so is one during which a
signal comes: Python handles signals between statements only.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import quote

from poseval.decisions.entries import Entry, Refused, reason
from poseval.errors import FormatError, LimitError, PosevalError, UsageError, shown
from poseval.files.reading import SIDE_BYTES, parse_json, require_regular
from poseval.limits import DEFAULT, to_raise
from poseval.results.report import Report
from poseval.scoring.report_checks import checked
from poseval.scoring.saved_runs import packed, unpacked

TABLE = (
    "CREATE TABLE entry (digest TEXT PRIMARY KEY, name TEXT NOT NULL, "
    "team TEXT NOT NULL, facts TEXT NOT NULL, report TEXT NOT NULL)"
)
TALLIES = "CREATE TABLE tallies (digest TEXT PRIMARY KEY, run BLOB NOT NULL)"  # saved runs of entries
BARE = [("index", "sqlite_autoindex_entry_1", "entry", None), ("table", "entry", "entry", TABLE)]
SCHEMA = sorted(
    [
        *BARE,
        ("index", "sqlite_autoindex_tallies_1", "tallies", None),
        ("table", "tallies", "tallies", TALLIES),
    ],
    key=lambda item: item[:2],
)
SECONDS = 30.0  # for a statement, and for other writers to finish; a thousand reports take milliseconds
STEPS = 10_000  # of SQLite's machine between two looks at the clock and at signals
NO_ROOM = ("database or disk is full", "disk I/O error")  # as SQLite says it
BESIDE = ("-journal", "-wal", "-shm")  # endings of the files of an unfinished write
PAUSE = 0.02  # seconds between two tries to get a lock


class Store:
    """Runs kept in an SQLite file (write-ahead log, one writer at a time, idempotent by digest)."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def _open(self, *, write: bool) -> Iterator[tuple[sqlite3.Connection, _Clock]]:
        self._check_file()
        is_new = write and not os.path.exists(self.path)
        clock = _Clock()
        mode = "rwc" if write else "ro"
        name = f"file:{quote(os.fsencode(self.path.absolute()))}?mode={mode}"
        try:
            with clock.noting_signals(), closing(_connect(name)) as connection:
                connection.set_progress_handler(clock.late, STEPS)
                connection.execute("PRAGMA trusted_schema=OFF")
                self._check_schema(connection, clock, write)
                yield connection, clock
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # its messages may hold any bytes
            if write and str(error) in NO_ROOM:
                for ending in ("", *BESIDE) if is_new else ():
                    self._beside(ending).unlink(missing_ok=True)
                raise LimitError(
                    "P506",
                    where=shown(self.path),
                    what=f"cannot be written ({error})",
                    wanted="free space on the disk",
                ) from error
            raise FormatError(
                "P241", where=shown(self.path), what=f"is not a leaderboard store ({shown(error)})"
            ) from error

    def _beside(self, ending: str) -> Path:
        return self.path.with_name(self.path.name + ending)

    def _check_file(self) -> None:
        for ending in BESIDE:  # SQLite opens them by itself, and would wait for a pipe without an end
            beside = self._beside(ending)
            if os.path.lexists(beside):
                require_regular(beside, shown(beside))
        if not os.path.exists(self.path):
            return
        if not os.path.isfile(self.path):
            raise UsageError(
                "P135", where=shown(self.path), what="is not a file", wanted="a leaderboard store"
            )
        if self.path.stat().st_size > DEFAULT.file_bytes:
            raise LimitError(
                "P501",
                where=shown(self.path),
                what=f"has {self.path.stat().st_size:,} bytes",
                wanted=f"at most {DEFAULT.file_bytes:,}",
                hint=to_raise("bytes", self.path.stat().st_size),
            )

    def _check_schema(self, connection: sqlite3.Connection, clock: _Clock, write: bool) -> None:
        """See that the file holds our table and nothing else, before anything of it is used."""
        found = _patiently(
            connection, clock, "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"
        ).fetchall()
        if write and found in ([], BARE):
            _patiently(connection, clock, "PRAGMA journal_mode=WAL")
            for table in (TABLE, TALLIES):
                _patiently(connection, clock, table.replace("TABLE", "TABLE IF NOT EXISTS", 1))
        elif not found:
            raise FormatError(
                "P241",
                where=shown(self.path),
                what="is empty",
                wanted="a file that `poseval leaderboard --db` made",
                hint="add runs to it: poseval leaderboard add RUN.poseval --db " + shown(self.path),
            )
        elif found not in (BARE, SCHEMA):
            raise FormatError(
                "P241",
                where=shown(self.path),
                what="holds other tables, views or triggers than a leaderboard store",
                wanted="a file that `poseval leaderboard --db` made",
            )

    def add(self, entry: Entry) -> bool:
        """Store an entry, with its tallies if it has any; False if the same entry is stored already.

        Raises:
            FormatError: P230, P241 it cannot be read back, or the file is not a store.
        """
        facts, report = json.dumps(dict(entry.facts)), entry.report.to_json(False)
        where = shown(entry.name)
        checked(Report.from_json(report, where), where)  # what cannot be read back would be refused later
        with self._open(write=True) as (connection, clock):
            _patiently(connection, clock, "BEGIN IMMEDIATE")
            done = connection.execute(
                "INSERT OR IGNORE INTO entry VALUES (?, ?, ?, ?, ?)",
                (entry.digest, entry.name, entry.team, facts, report),
            )
            if entry.run is not None:
                connection.execute(
                    "INSERT OR IGNORE INTO tallies VALUES (?, ?)", (entry.digest, packed(entry.run))
                )
            connection.execute("COMMIT")
            return done.rowcount == 1

    def entries(self) -> list[Entry | Refused]:
        """All entries, in the order of their digests; one that cannot be read is refused and stops no other.

        Raises:
            FormatError: P241 the file is not a store. LimitError: P501 it is larger than allowed.
        """
        self._require()
        with self._open(write=False) as (connection, clock):
            return self._held(connection, clock)

    def _require(self) -> None:
        if not os.path.exists(self.path):
            raise UsageError(
                "P114", where=shown(self.path), what="does not exist", wanted="a leaderboard store"
            )

    def _held(self, connection: sqlite3.Connection, clock: _Clock) -> list[Entry | Refused]:
        (tallied,) = _patiently(
            connection, clock, "SELECT count(*) FROM sqlite_master WHERE name = 'tallies'"
        ).fetchone()
        out: list[Entry | Refused] = []
        left = _Left(self.path)
        for digest, *row in _patiently(
            connection, clock, "SELECT digest, name, team, facts, report FROM entry ORDER BY digest"
        ):
            left.take(row)
            try:
                entry = self._entry(*row)
                if tallied:
                    found = connection.execute(
                        "SELECT run FROM tallies WHERE digest = ?", (digest,)
                    ).fetchone()
                    left.take(found or ())
                    entry = entry if found is None else self._with_tallies(entry, *found)
                out.append(entry)
            except PosevalError as error:
                out.append(Refused(shown(row[0], 60), reason(error), shown(digest, 64)))
        return out

    def _entry(self, name: Any, team: Any, facts: Any, report: Any) -> Entry:
        where = f"{shown(self.path)}: entry {shown(name)}"
        if not all(isinstance(text, str) for text in (name, team, facts, report)):
            raise FormatError(
                "P241",
                where=where,
                what="is not an entry of a leaderboard",
                wanted="name, team, facts and report as text",
            )
        try:
            found = parse_json(facts, where, SIDE_BYTES)
        except ValueError as error:
            raise FormatError(
                "P242", where=where, what=f"has facts that are not JSON ({shown(error)})"
            ) from error
        made = checked(Report.from_json(report, where), where)
        return Entry(name, made, team, found if isinstance(found, dict) else {})

    def _with_tallies(self, entry: Entry, data: Any) -> Entry:
        where = f"{shown(self.path)}: entry {shown(entry.name)}"
        run = unpacked(data if isinstance(data, bytes) else b"", where)
        if run.signature != entry.report.signature:
            raise FormatError(
                "P241", where=where, what="has the tallies of another run", wanted="those of its report"
            )
        return replace(entry, run=run)

    def remove(self, which: str) -> int:
        """Remove entries by name, or by a digest prefix of at least 8 digits; returns how many.

        Raises:
            UsageError: P114 no such store, P826 no such entry.
        """
        self._require()
        with self._open(write=True) as (connection, clock):
            _patiently(connection, clock, "BEGIN IMMEDIATE")
            prefix = which if len(which) >= 8 and set(which) <= set("0123456789abcdef") else "-"
            done = connection.execute(
                "DELETE FROM entry WHERE name = ? OR substr(digest, 1, ?) = ?", (which, len(prefix), prefix)
            )
            connection.execute("DELETE FROM tallies WHERE digest NOT IN (SELECT digest FROM entry)")
            connection.execute("COMMIT")
            removed = done.rowcount
        if not removed:
            raise UsageError(
                "P826",
                where=shown(self.path),
                what=f"has no entry called {shown(which)!r}",
                wanted="the name of an entry, or eight digits of its digest",
            )
        return removed


class _Clock:
    """Ends statements that take too long, or during which a signal came."""

    def __init__(self) -> None:
        self.end = time.monotonic() + SECONDS
        self.signal: int | None = None

    def late(self) -> int:
        """Whether the statement is to end; SQLite asks again and again."""
        return int(self.signal is not None or time.monotonic() > self.end)

    @contextmanager
    def noting_signals(self) -> Iterator[None]:
        """Note SIGINT and SIGTERM, and send them again at the end: SQLite swallows exceptions."""
        if threading.current_thread() is not threading.main_thread():
            yield  # signals are the main thread's affair
            return
        before = {number: signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            if self.signal is not None:
                signal.raise_signal(self.signal)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.signal = number


def _connect(name: str) -> sqlite3.Connection:
    return sqlite3.connect(name, uri=True, timeout=0.0, isolation_level=None)


class _Left:
    """What rows may still hold: together no more than the file. Damaged ones can share pages."""

    def __init__(self, path: Path) -> None:
        self._path = path
        files = (os.fspath(path), f"{path}-wal")
        self._bytes = sum(os.path.getsize(one) for one in files if os.path.exists(one))

    def take(self, row: Sequence[Any]) -> None:
        """Count the values of a row.

        Raises:
            FormatError: P241 the rows are longer together than the file.
        """
        self._bytes -= sum(len(value) for value in row if isinstance(value, (str, bytes)))
        if self._bytes < 0:
            raise FormatError(
                "P241",
                where=shown(self._path),
                what="has entries that are longer together than the file",
                wanted="an undamaged leaderboard store",
            )


def _patiently(connection: sqlite3.Connection, clock: _Clock, statement: str) -> sqlite3.Cursor:
    """Execute a statement, waiting for other writers in Python, where signals are noted."""
    while True:
        try:
            return connection.execute(statement)
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or clock.late():
                raise
            time.sleep(PAUSE)
