"""Baselines of gates: the last accepted run, the anchor, their history, and the ledger of gate runs.

A baseline file is the saved run of the last one with two more members: the anchor's saved run, and
`baseline.json` (schema `poseval.baseline/1`); a plain saved run is a baseline that nothing has replaced yet.
The anchor is the best run shown so far, or one that a person accepted. Without it each run could lose a
little against the last one, and the losses would add up unseen.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from poseval.errors import Fault, error_of, shown
from poseval.files.absent import absent
from poseval.files.earlier import HISTORY
from poseval.files.reading import read_json, read_regular
from poseval.files.writing import write_atomically
from poseval.limits import DEFAULT, Limits
from poseval.results.result import json_value
from poseval.results.typed import made, typed
from poseval.scoring import saved_runs
from poseval.scoring.evaluation import Evaluation
from poseval.scoring.run_columns import RunArchive

SCHEMA, LEDGER_SCHEMA = "poseval.baseline/1", "poseval.ledger/1"
ANCHOR = "anchor.poseval"


@dataclass(frozen=True)
class Step:
    """One run that became the baseline: its digest, its primary number, why, and whether it is the anchor."""

    digest: str
    key: str
    value: float
    why: str
    anchor: bool


@dataclass(frozen=True, eq=False)
class Baseline:
    """What a gate compares runs with: the last run, the anchor, and the steps that led there."""

    anchor: Evaluation
    last: Evaluation
    lineage: tuple[Step, ...] = ()

    @staticmethod
    def of(run: Evaluation, why: str = "first run") -> Baseline:
        """A baseline made from a first run."""
        return Baseline(run, run, (_step(run, why, anchor=True),))

    def replaced_by(self, run: Evaluation, why: str, *, anchor: bool) -> Baseline:
        """The baseline with another last run, which also becomes the anchor if `anchor`."""
        step = _step(run, why, anchor=anchor)
        return Baseline(run if anchor else self.anchor, run, (*self.lineage, step))


def digest_of(run: Evaluation) -> str:
    """SHA-256 of a run as saved without intervals, because these do not change its identity."""
    return hashlib.sha256(saved_runs.packed(replace(run, intervals={}))).hexdigest()


def _step(run: Evaluation, why: str, *, anchor: bool) -> Step:
    return Step(digest_of(run)[:16], run.primary, run.summary()[run.primary], why, anchor)


def load_baseline(path: str | os.PathLike[str], limits: Limits = DEFAULT) -> Baseline:
    """The baseline that `save_baseline` wrote, or a plain saved run as one.

    Raises:
        UsageError: P114 no such file.
        FormatError: P231 when the file is neither, or is damaged.
        LimitError: P501 when it unpacks to more than the limits allow.
    """
    where = shown(Path(path).name)
    if not os.path.exists(path):
        make = "make one: poseval score PREDICTIONS --gt FILE --save FILE.poseval"
        raise absent(path, where, "a saved run", make)
    data = read_regular(path, where, limits.file_bytes)
    last = saved_runs.unpacked(data, where, limits)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if HISTORY not in archive.namelist():
                return Baseline.of(last)
            members = RunArchive(archive, len(data), where, limits)
            members.require_checksums()
            head, anchor = members.json(HISTORY), members.member(ANCHOR)
        if head.get("schema") != SCHEMA:
            raise ValueError(f"schema {head.get('schema')!r}")
        steps = tuple(made(Step, step) for step in head["lineage"])
        return Baseline(saved_runs.unpacked(anchor, f"{where}: {ANCHOR}", limits), last, steps)
    except saved_runs.DAMAGED as error:
        text = f"is not a baseline, or is damaged ({type(error).__name__}: {shown(error, 80)})"
        raise error_of([Fault("P231", where, text, "a file that `poseval score --save` wrote")]) from error


def save_baseline(baseline: Baseline, path: str | os.PathLike[str]) -> None:
    """Write a baseline to a temporary file, then rename it. Equal baselines give equal bytes."""
    head = {
        "schema": SCHEMA,
        "lineage": [{k: json_value(v) for k, v in vars(step).items()} for step in baseline.lineage],
    }
    more = {
        HISTORY: json.dumps(head, allow_nan=False, indent=1).encode(),
        ANCHOR: saved_runs.packed(baseline.anchor),
    }
    write_atomically(Path(path), saved_runs.packed(baseline.last, more), force=True)


@dataclass(frozen=True)
class Ledger:
    """How often runs were gated against one anchor: run digest -> number of the gate run, from 1.

    Each gate run may raise a false alarm, so each further one gets a smaller part of alpha.
    """

    anchor: str
    looks: Mapping[str, int]

    def looked_at(self, digest: str) -> Ledger:
        """The ledger with this run counted; a run that was gated before does not count again."""
        if digest in self.looks:
            return self
        return replace(self, looks={**self.looks, digest: len(self.looks) + 1})


def load_ledger(path: str | os.PathLike[str], anchor: str) -> Ledger:
    """The ledger of an anchor; an empty one where the file does not exist or is of another anchor.

    Raises:
        FormatError: P232 when the file is not a ledger.
    """
    if not os.path.exists(path):
        return Ledger(anchor, {})
    where = shown(Path(path).name)
    try:
        node = read_json(path)
        if node["schema"] != LEDGER_SCHEMA:
            raise ValueError(f"schema {node['schema']!r}")
        looks = {digest: typed((int,), digest, number) for digest, number in node["looks"].items()}
        return Ledger(anchor, looks if node["anchor"] == anchor else {})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        text = f"is not a ledger ({type(error).__name__}: {shown(error, 80)})"
        raise error_of([Fault("P232", where, text, "a file that `poseval gate --ledger` wrote")]) from error


def save_ledger(ledger: Ledger, path: str | os.PathLike[str]) -> None:
    """Write a ledger to a temporary file, then rename it."""
    node = {"schema": LEDGER_SCHEMA, "anchor": ledger.anchor, "looks": dict(ledger.looks)}
    write_atomically(Path(path), (json.dumps(node, indent=1) + "\n").encode(), force=True)
