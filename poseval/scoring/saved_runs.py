"""A saved run: report and tallies in one small file, from which every later question is answered.

The file is a zip of `run.json` and `.npy` columns, read without pickle and within the limits of
`poseval.limits`. Baselines of gates, entries of leaderboards and inputs of comparisons are such files. The
last member holds a checksum of each other one. It detects damage, but proves nothing: whoever changes the
file can change it, too.
"""

from __future__ import annotations

import io
import json
import math
import os
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from poseval import benchmarks, metrics
from poseval._version import __version__
from poseval.benchmarks.rule_sets import choose
from poseval.datasets.files.document import Document
from poseval.datasets.files.source import Source, path_of
from poseval.datasets.objects.taken import is_in_memory
from poseval.errors import (
    Fault,
    FormatError,
    LimitError,
    MismatchError,
    PosevalError,
    UsageError,
    error_of,
    shown,
)
from poseval.files.writing import write_atomically
from poseval.limits import DEFAULT, Limits, to_raise
from poseval.metrics.base import Metric, Tally
from poseval.poses import Array, PoseSet
from poseval.results.report import Report
from poseval.scoring.evaluation import Evaluation, TalliedPart
from poseval.scoring.reading import PathOrPoses, read_truth
from poseval.scoring.report_checks import alike, checked
from poseval.scoring.run_columns import CHECKSUMS, RunArchive, checksums
from poseval.scoring.score import evaluate
from poseval.scoring.slices import resliced
from poseval.scoring.task import Task

SCHEMA = "poseval.run/2"
READ = (
    "poseval.run/1",
    SCHEMA,
)  # the first has no groups and does not say who named the metrics
Run = PathOrPoses | Evaluation  # a saved run, predictions as a file or in memory, or an evaluation
A_RUN = "a saved run, an evaluation, or predictions as a path, a PoseSet or records"
FIRST = "run.json"  # the archive's first member, by which a run is told from a zip of predictions
NAME_AT = 30  # byte of a zip at which its first member's name stands
# What reading a damaged or foreign zip can raise; a missing field is a KeyError, an unknown name ours.
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    EOFError,
    RecursionError,
    RuntimeError,
    OSError,
    IndexError,
    ArithmeticError,
    StopIteration,
)
STAMP = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can hold: the same run gives the same bytes


def save(evaluation: Evaluation, path: str | os.PathLike[str], *, force: bool = True) -> None:
    """Write a run to a temporary file, then rename it to `path`."""
    write_atomically(Path(path), packed(evaluation), force=force)


def packed(evaluation: Evaluation, more: Mapping[str, bytes] | None = None) -> bytes:
    """A run as the bytes of its file, with `more` members. Equal runs give equal bytes."""
    columns: dict[str, Array] = {}

    def put(array: Array) -> list[str]:
        name = f"column{len(columns):04d}"
        columns[name] = array
        return [name, array.dtype.str]

    def tallies_of(tallies: Mapping[Metric, Tally]) -> dict[str, Any]:
        return {
            str(metric): {
                "metric": tally.metric,
                "keys": put(tally.keys),
                "facts": tally.facts,
                "tables": {
                    name: {
                        "unit": put(table.unit),
                        "columns": {column: put(array) for column, array in table.columns.items()},
                    }
                    for name, table in tally.tables.items()
                },
            }
            for metric, tally in tallies.items()
        }

    parts = [
        {
            "label": part.label,
            "slices": {name: put(mask) for name, mask in part.slices.items()},
            "tallies": tallies_of(part.tallies),
            "apart": {name: tallies_of(tallies) for name, tallies in part.apart.items()},
        }
        for part in evaluation.parts
    ]
    report = evaluation.report().to_dict(timings=False)
    run = {
        "schema": SCHEMA,
        "report": report,
        "by_hand": evaluation.by_hand,
        "groups": {name: put(names) for name, names in evaluation.groups.items()},
        "parts": parts,
    }
    members = {FIRST: json.dumps(run, allow_nan=False).encode()}
    for name, array in columns.items():
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, _small(array), allow_pickle=False)
        members[f"{name}.npy"] = buffer.getvalue()
    return archived({**members, **(more or {})})


def archived(members: Mapping[str, bytes]) -> bytes:
    """Members as the bytes of an archive, without times, followed by their checksums."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**members, CHECKSUMS: checksums(members)}.items():
            archive.writestr(zipfile.ZipInfo(name, STAMP), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _small(array: Array) -> Array:
    """The same integers in the fewest bytes that hold them; other kinds unchanged."""
    if array.dtype.kind not in "iu" or not array.size:
        return np.asarray(array)
    kind = np.promote_types(np.min_scalar_type(array.min()), np.min_scalar_type(array.max()))
    return array.astype(kind) if kind.kind in "iu" and kind.itemsize < array.dtype.itemsize else array


def load(path: str | os.PathLike[str], limits: Limits = DEFAULT) -> Evaluation:
    """The run that `save` wrote.

    Raises:
        FormatError: P231 when the file is not such a run, or is damaged.
        LimitError: P501 to P504 when it unpacks to more than the limits allow.
    """
    return unpacked(Document.open(path, limits).data, shown(Path(path).name), limits)


def unpacked(data: bytes, where: str, limits: Limits = DEFAULT) -> Evaluation:
    """The run that `packed` gave, called `where` in messages.

    Raises:
        FormatError: P231 when the bytes are not such a run, or are damaged.
        LimitError: P501 to P504 when they unpack to more than the limits allow.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if len(archive.infolist()) > limits.archive_members:
                raise LimitError(
                    "P503",
                    where=where,
                    what=f"has {len(archive.infolist()):,} members",
                    wanted=f"at most {limits.archive_members:,}",
                    hint=to_raise("archive_members", len(archive.infolist())),
                )
            members = RunArchive(archive, len(data), where, limits)
            summed = CHECKSUMS in archive.namelist()
            if summed:
                members.require_checksums()
            run = members.json(FIRST)
            if run.get("schema") == SCHEMA and not summed:
                raise ValueError("no checksums")
            if run.get("schema") not in READ:
                raise ValueError(f"schema {run.get('schema')!r}")
            found = _evaluation(run, members, where)
            # Facts and columns that no metric can use show here, and nowhere later.
            _require_own_numbers(run, checked(found.report(), where))
            return found
    except (*DAMAGED, UsageError, FormatError) as error:  # P121, P125: what no plug-in here knows; P230
        said = error.fault.what if isinstance(error, PosevalError) else error
        text = f"is not a saved run, or is damaged ({type(error).__name__}: {shown(said, 200)})"
        raise error_of([Fault("P231", where, text, "a file that `poseval score --save` wrote")]) from error


def _require_own_numbers(run: Mapping[str, Any], again: Report) -> None:
    """Refuse a run whose report says other numbers than its tallies give in the same version.

    Raises:
        ValueError: there is such a number.
    """
    said = Report.from_dict(run["report"])
    if said.signature.get("poseval") != __version__:
        return  # a digit that changed from one version to the next is what gates are for
    for key, value in again.summary.items():
        if not alike(said.summary.get(key, math.nan), value):
            raise ValueError(f"its report says another {key} than its tallies")


def _evaluation(run: dict[str, Any], members: RunArchive, where: str) -> Evaluation:
    report = Report.from_dict(run["report"], where)
    benchmark = benchmarks.get_benchmark(report.benchmark)
    parts = []
    for node in run["parts"]:
        tallies = _tallies(node["tallies"], members)
        units = next(iter(tallies.values())).units
        slices = {name: members.mask(place, units) for name, place in node["slices"].items()}
        apart = {name: _tallies(inner, members) for name, inner in node.get("apart", {}).items()}
        if any(one.keys() != tallies.keys() for one in apart.values()):
            raise ValueError("a group of people with other metrics")
        if any(tally.units != units for one in apart.values() for tally in one.values()):
            raise ValueError("a group of people over other units")
        parts.append(TalliedPart(str(node["label"]), tallies, slices, apart))
    units = next(iter(parts[0].tallies.values())).units
    benchmark = benchmark.counted_for([metric for part in parts for metric in part.tallies])
    groups = {name: members.names(place, units) for name, place in run.get("groups", {}).items()}
    return Evaluation(
        benchmark,
        choose(report.rules, benchmark.rule_sets),
        tuple(parts),
        report.signature,
        report.notices,
        report.deviations,
        report.inputs,
        by_hand=bool(run.get("by_hand", False)),
        groups=groups,
        intervals=report.intervals,
    )


def _tallies(node: Mapping[str, Any], members: RunArchive) -> dict[Metric, Tally]:
    return {metrics.parse(text): members.tally(inner) for text, inner in node.items()}


def load_report(path: str | os.PathLike[str]) -> Report:
    """A report: a JSON file of `poseval score --json`, or the report inside a saved run.

    Raises:
        FormatError: P230 or P231 when the file is neither, or is one that poseval cannot have written.
    """
    where = shown(Path(path).name)
    if is_saved_run(path):
        return checked(load(path).report(), where)
    return checked(Report.from_json(Document.open(path).data, where), where)


def is_saved_run(path: str | os.PathLike[str]) -> bool:
    """Whether a file starts as a saved run: a zip whose first member is a run's. A pipe is left unread."""
    if not os.path.isfile(path):
        return False
    try:
        with open(path, "rb") as stream:
            start = stream.read(NAME_AT + len(FIRST))
    except OSError:
        return False
    return start.startswith(b"PK\x03\x04") and start.endswith(FIRST.encode())


def run_of(
    run: Run, truth: PathOrPoses | None = None, task: Task | None = None, like: Evaluation | None = None
) -> Evaluation:
    """An evaluation: the one given, the one saved at a path, or one made from predictions.

    `like` is a run whose benchmark, rules and metrics are taken over where the task names none, so that a
    gate asks the question that its baseline answered.

    Raises:
        UsageError: P101 another type, P114 no such file, P147 predictions without ground truth.
        InputError: what is wrong with the files; P420 a saved run of another ground truth than `truth`.
    """
    asked = task or Task()
    if isinstance(run, Evaluation):
        return resliced(run, asked.slices, asked.limits)
    if is_saved(run):
        saved = load(path_of(run, "run"), asked.limits)
        if truth is not None:
            _check_truth(saved, truth, asked, Path(path_of(run, "run")).name)
        return resliced(saved, asked.slices, asked.limits)
    if truth is None:
        name: object = "records"
        if isinstance(run, PoseSet):
            name = run.origin.name
        elif not is_in_memory(run):
            name = Source(path_of(run, "run")).path
        raise needs_truth(name)
    return evaluate(truth, run, task=asked if like is None else asked.like(like))


def needs_truth(name: object) -> UsageError:
    """P147: predictions that were given alone."""
    return UsageError(
        "P147",
        where=shown(name),
        what="is not a saved run, so it needs its ground truth",
        wanted="predictions together with their ground truth",
        hint="add --gt FILE",
    )


def _check_truth(run: Evaluation, truth: PathOrPoses, task: Task, name: str) -> None:
    """Refuse a saved run beside a ground truth that it was not scored against; it is not scored again."""
    gt = truth if isinstance(truth, PoseSet) else read_truth(truth, task)
    own = next((item.sha256 for item in run.inputs if item.role == "truth"), "")
    if own and gt.origin.sha256 and own != gt.origin.sha256:
        raise MismatchError(
            "P420",
            where=f"{shown(name)} and {shown(gt.origin.name)}",
            what="do not belong together: the saved run was scored against another ground truth",
            wanted="the ground truth of the run, or none",
        )


def runs_of(
    run: Run | Sequence[Run],
    truth: PathOrPoses | None = None,
    task: Task | None = None,
    like: Evaluation | None = None,
) -> list[Evaluation]:
    """One run, or several trainings of it, given as a sequence or a folder of only saved runs.

    Raises:
        UsageError: P101 another type, P114 no such file, P147 predictions without ground truth.
        InputError: what is wrong with the files.
    """
    if isinstance(run, (str, os.PathLike)) and os.path.isdir(run):
        inside = sorted(path for path in Path(run).iterdir() if not path.name.startswith("."))
        if any(is_saved_run(path) for path in inside):
            asked = task or Task()  # a file among them that cannot be read is an error, which names it
            return [resliced(load(path, asked.limits), asked.slices, asked.limits) for path in inside]
    if isinstance(run, Sequence) and not isinstance(run, str) and not (run and is_in_memory(run)):
        return [run_of(item, truth, task, like) for item in run]
    return [run_of(cast("Run", run), truth, task, like)]


def saved_in(run: Run | Sequence[Run]) -> list[str]:
    """The file names of the saved runs that are given, one by one or as a folder."""
    if isinstance(run, Evaluation) or is_in_memory(run):
        return []
    if isinstance(run, Sequence) and not isinstance(run, str):
        return [name for item in run for name in saved_in(item)]
    path = Path(path_of(run, "run", A_RUN))
    if os.path.isdir(path):
        inside = sorted(item for item in path.iterdir() if not item.name.startswith("."))
        return [item.name for item in inside] if any(map(is_saved_run, inside)) else []
    return [path.name] if is_saved_run(path) else []


def is_saved(run: Run) -> bool:
    """Whether this is an evaluation or a saved run; otherwise it is predictions.

    Raises:
        UsageError: P101 for anything that is not a run.
    """
    if isinstance(run, Evaluation) or is_in_memory(run):
        return isinstance(run, Evaluation)
    return is_saved_run(path_of(run, "run", A_RUN))
