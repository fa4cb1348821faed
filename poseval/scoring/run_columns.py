"""Columns of a saved run, read with bounds: claimed sizes are compared with the actual ones."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np

from poseval.datasets.containers.npy import load_npy
from poseval.errors import FormatError, LimitError
from poseval.files.reading import REPORT_BYTES, allowed_bytes, parse_json, too_much
from poseval.limits import Limits, to_raise
from poseval.metrics.base import Table, Tally
from poseval.poses import Array, Bools

KINDS = "biufU"
NUMBER_BYTES = 8  # of the widest number that a tally holds
DEPTH = 16  # of the JSON; facts of metrics nest three deep
CHECKSUMS = "checksums.sha256"  # the last member: a line for each other one, as `sha256sum` writes it


def checksums(members: Mapping[str, bytes]) -> bytes:
    """The digests of members by name. They detect damage only: who changes a member can change these."""
    return "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in members.items()).encode()


class RunArchive:
    """The members of a saved run; each column is read once, and all together are bounded.

    Members unpack to at most `limits.ratio` times the file, and columns to `limits.file_bytes`, also after
    numbers were widened to the type that the run gives them.
    """

    def __init__(self, archive: zipfile.ZipFile, packed: int, where: str, limits: Limits) -> None:
        self._archive, self._packed, self._where, self._limits = archive, packed, where, limits
        self._left = allowed_bytes(packed, limits)
        self._room = limits.file_bytes
        self._read: set[str] = set()
        self._sums: dict[str, str] | None = None

    def require_checksums(self) -> None:
        """Compare every member that is read from now on with its checksum.

        Raises:
            ValueError: no checksums, or those of other members. LimitError: P501, P504.
        """
        others = [item.filename for item in self._archive.infolist() if item.filename != CHECKSUMS]
        lines = self.member(CHECKSUMS).decode().splitlines()
        found = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
        if sorted(others) != sorted(found):
            raise ValueError("checksums of other members")
        self._sums = found

    def member(self, name: str) -> bytes:
        """The bytes of a member.

        Raises:
            LimitError: P504 when the members read so far unpack to too much. KeyError: no such member.
        """
        with self._archive.open(name) as stream:
            data = stream.read(self._left + 1)
        self._left -= len(data)
        if self._left < 0:
            raise too_much(self._where, self._packed, self._limits)
        if self._sums is not None and hashlib.sha256(data).hexdigest() != self._sums[name]:
            raise ValueError(f"{name} does not match its checksum")
        return data

    def json(self, name: str) -> dict[str, Any]:
        """A member that is a JSON object.

        Raises:
            LimitError: P501, P502, P504. ValueError: not an object. KeyError: no such member.
        """
        node = parse_json(self.member(name), self._where, REPORT_BYTES, DEPTH)
        if not isinstance(node, dict):
            raise ValueError("not an object")
        return node

    def column(self, place: Any) -> Array:
        """The column at a place (name, type of its numbers).

        Raises:
            LimitError: P501, P502, P504. ValueError, TypeError, KeyError: another form.
        """
        name, kind = place
        if not isinstance(kind, str) or len(kind) > 16:
            raise ValueError("a column without a type")
        dtype = np.dtype(kind)
        if dtype.kind not in KINDS or (dtype.kind != "U" and dtype.itemsize > NUMBER_BYTES):
            raise ValueError(f"column of type {kind}")
        if name in self._read:
            raise ValueError(f"column {name} occurs twice")
        self._read.add(name)
        try:
            found = load_npy(self.member(f"{name}.npy"), str(name), self._limits)
        except FormatError as error:
            raise ValueError(str(error)) from None
        if (dtype.kind == "U" and found.dtype != dtype) or not np.can_cast(found.dtype, dtype, "safe"):
            raise ValueError(f"column of type {found.dtype}, but {kind} is expected")
        self._room -= found.size * max(dtype.itemsize, found.dtype.itemsize)
        if self._room < 0:
            raise LimitError(
                "P501",
                where=self._where,
                what="has columns of more bytes than allowed",
                wanted=f"at most {self._limits.file_bytes:,} bytes",
                hint=to_raise("bytes", 2 * self._limits.file_bytes),
            )
        return found.astype(dtype)

    def tally(self, node: dict[str, Any]) -> Tally:
        """A tally whose rows belong to its units.

        Raises:
            LimitError, ValueError, TypeError, KeyError: as for `column`.
        """
        keys = self.column(node["keys"])
        tables = {name: self._table(table, len(keys)) for name, table in node["tables"].items()}
        if keys.ndim != 1 or keys.dtype.kind != "U" or not isinstance(node["facts"], dict):
            raise ValueError("a tally without names of units, or without facts")
        return Tally(str(node["metric"]), keys, tables, node["facts"])

    def _table(self, node: dict[str, Any], units: int) -> Table:
        unit = self.column(node["unit"])
        columns = {name: self.column(place) for name, place in node["columns"].items()}
        if unit.ndim != 1 or unit.dtype.kind not in "iu":
            raise ValueError("rows without their units")
        if len(unit) and not 0 <= unit.min() <= unit.max() < units:
            raise ValueError(f"a row with a unit beyond the {units}")
        for name, column in columns.items():
            if column.shape[:1] != unit.shape:
                raise ValueError(f"column {name} has {column.shape} values for {len(unit)} rows")
            if name == "score" and not np.isfinite(column).all():
                raise ValueError("a score that is not finite")
        return Table(unit, columns)

    def names(self, place: Any, units: int) -> Array:
        """A name for each unit [U] str.

        Raises:
            LimitError, ValueError, TypeError, KeyError: as for `column`.
        """
        found = self.column(place)
        if found.dtype.kind != "U" or found.shape != (units,):
            raise ValueError("names that are not one for each unit")
        return found

    def mask(self, place: Any, units: int) -> Bools:
        """Which units a slice holds [U].

        Raises:
            LimitError, ValueError, TypeError, KeyError: as for `column`.
        """
        found: Bools = self.column(place)
        if found.dtype != np.bool_ or found.shape != (units,):
            raise ValueError("a slice that is not a choice of units")
        return found
