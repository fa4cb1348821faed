"""Everything that is wrong or unusual in a file, in one run: faults by code, notices, the official server.

Readers gather all faults. Here they are grouped by code, with their count, their first places and the likely
cause. `health` holds notices about what is valid but suspicious.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from poseval import benchmarks, checks, datasets
from poseval.benchmarks.alignment import align
from poseval.benchmarks.base import Benchmark
from poseval.benchmarks.official_programs import says
from poseval.datasets import ReadOptions, Role, Source
from poseval.datasets.files.source import path_of
from poseval.datasets.objects.taken import is_in_memory, source_of
from poseval.errors import Fault, InputError, PosevalError, UsageError
from poseval.poses import Notice, PoseSet
from poseval.poses.transforms import transformed
from poseval.results.result import Result
from poseval.scoring.reading import OPTIONAL, PathOrPoses, Records, is_image_list, read_truth
from poseval.scoring.score import prepare, tally
from poseval.scoring.task import Asked, Task

if TYPE_CHECKING:
    from typing_extensions import Unpack

PLACES = 5  # shown for each code
COSTS = ("N926", "N927", "N929")  # what even perfect predictions would lose

CAUSES = {
    "P200": "the program that wrote it stopped before it wrote anything",
    "P201": "another format or the other role; the two files may be exchanged",
    "P202": "content that fits two formats or layouts",
    "P203": "a program that writes numbers as text, or true instead of 1",
    "P204": "keypoints of another skeleton, or points of two numbers instead of three",
    "P205": "two programs wrote the same object, or a merge failed",
    "P206": "a field that is left out or spelt differently",
    "P210": "a truncated download, or a file written by hand",
    "P211": "a file saved in another encoding than UTF-8",
    "P212": "an interrupted download, or a file cut when it was packed",
    "P213": "an archive packed by hand, or one that holds several sets",
    "P214": "a MATLAB file that was cut or edited",
    "P215": "an HDF5 file that was open while it was copied, or one of another program",
    "P216": "an array of Python objects, or a file cut short",
    "P217": "a pickle with tensors or objects in it, which are never unpacked",
    "P219": "an XML file with entities, or edited by hand",
    "P270": "another program's file under the same extension",
    "P271": "the folder above or below the right one",
    "P275": "joints spelt differently, or of another data set",
    "P276": "people of images that were left out of the file",
    "P301": "a division by zero in the model or in the conversion to pixels",
    "P302": "a missing number written as null",
    "P303": "ids, classes or flags that were computed or scaled with the coordinates",
    "P304": "areas or sizes that were never filled in",
    "P305": "two files joined, each with ids that start at the same number",
    "P306": "confidences instead of visibility flags: predictions used as labels",
    "P307": "corners instead of width and height, or the reverse",
    "P308": "labels without their images",
    "P372": "results of two runs in one folder",
    "P402": "predictions of another split, or ids of another version of the data",
    "P403": "frame names that occur in several folders",
    "P404": "predictions of another skeleton",
    "P405": "a tracker that gives one id to two people, or two runs joined",
    "P410": "a column is missing that the benchmark's metric needs",
    "P412": "predictions of another split, or images without detections left out",
    "P480": "sequences that failed while predicting, or another split",
    "P481": "only labelled frames were predicted, or frames cut off at the end",
    "P482": "frames counted from 0 and from 1, or another sequence under this name",
    "P501": "a file that is not a list of poses, or several sets in one file",
    "P502": "detections without a score threshold and without suppression of duplicates",
    "P503": "the folder of a whole data set",
    "P504": "an archive made to exhaust memory",
}


@dataclass(frozen=True)
class Group:
    """Faults of one code."""

    code: str
    count: int
    first: tuple[Fault, ...]
    cause: str | None


@dataclass(frozen=True, repr=False)
class Validation(Result):
    """The result: format, role, groups of faults, notices, what the server says. `ok` without faults."""

    form: ClassVar[str] = "validation"
    table: ClassVar[str] = "faults"
    path: str
    format: str | None
    role: str
    people: int = 0
    frames: int = 0
    groups: tuple[Group, ...] = ()
    health: tuple[Notice, ...] = ()
    server: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()
    others: tuple[str, ...] = ()  # formats that the content fits, too

    @property
    def ok(self) -> bool:
        """Whether there are no faults. Notices never make a file invalid."""
        return not self.groups

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values for JSON."""
        return {
            "schema": "poseval.validation/1",
            "path": self.path,
            "ok": self.ok,
            "format": self.format,
            "also_fits": list(self.others),
            "role": self.role,
            "people": self.people,
            "frames": self.frames,
            "faults": [
                {
                    "code": group.code,
                    "count": group.count,
                    "cause": group.cause,
                    "first": [
                        {"where": f.where, "what": f.what, "wanted": f.wanted, "hint": f.hint}
                        for f in group.first
                    ],
                }
                for group in self.groups
            ],
            "health": [{"code": n.code, "count": n.count, "text": n.text} for n in self.health],
            "server": list(self.server),
            "notices": [{"code": n.code, "count": n.count, "text": n.text} for n in self.notices],
        }


def validate(
    path: str | os.PathLike[str] | Records,
    *,
    truth: PathOrPoses | None = None,
    benchmark: str | Benchmark | None = None,
    role: str | Role | None = None,
    task: Task | None = None,
    **asked: Unpack[Asked],
) -> Validation:
    """Find everything that is wrong or unusual in a file or in records in memory.

    With ground truth this is everything that scoring the file would find.

    `role` is `truth` or `predictions`; it is recognised by default. The keywords are those of
    `poseval.score`. A file that is valid together with its ground truth can be scored, because the same code
    reads and scores it.

    Raises:
        UsageError: the path does not exist, unknown names.
        InputError: the ground truth itself is wrong.
    """
    task = Task.of(task, benchmark, **asked)
    chosen = None if role is None else Role.of(role)
    gt = None if truth is None else read_truth(truth, task)
    if isinstance(path, (str, os.PathLike)) or not is_in_memory(path) or isinstance(path, PoseSet):
        source = Source(path_of(path, "path", "a path, or records in memory"), task.limits)
    else:
        source = source_of(path, "records", task.limits)
    format = task.predictions_format
    guess: list[Notice] = []
    if chosen is None:
        chosen = Role.PREDICTIONS
        if gt is None:
            sure = _confidences(source, format)
            chosen = max(sure, key=lambda item: sure[item], default=Role.TRUTH)
            guess = datasets.guessed(source, chosen, sure)
    found = _Found(source.name, format, chosen.value)
    asked_of = _benchmark(task, gt)
    if asked_of is not None:
        task.rules_of(asked_of)
    try:
        found.format = format or datasets.recognise(source, chosen, gt)
        if format is None:
            found.others = tuple(name for name in datasets.fits(source, chosen) if name != found.format)
        mapped = task.joint_rules.asked
        options = ReadOptions(
            chosen,
            gt,
            task.skeleton,
            task.rules,
            OPTIONAL,
            task.limits,
            mapped=mapped,
            category=task.category,
        )
        poses = datasets.read(source.given, options, found.format, source)
        if gt is None and task.transform:
            poses, task = transformed(poses, task.transform), replace(task, transform=())
    except InputError as error:
        return found.with_faults(error, asked_of)
    found.people, found.frames = len(poses), len(poses.frames)
    found.notices = (*guess, *poses.origin.notices)
    if chosen is Role.TRUTH:
        return found.with_faults(_scored_by_itself(poses, asked_of, task, found), asked_of)
    if gt is None:
        found.health = tuple(checks.examine_set(poses, chosen))
        return found.with_faults(None, asked_of)
    return found.with_faults(_scored(gt, poses, asked_of, task, found), asked_of)


OF_SLICES = frozenset({"P149", "P830", "P831", "P832"})  # what was asked for cannot be, whatever the file is


def _benchmark(task: Task, truth: PoseSet | None) -> Benchmark | None:
    """The named benchmark, or the one recognised from the ground truth, if any."""
    if task.benchmark is not None:
        return benchmarks.get_benchmark(task.benchmark) if isinstance(task.benchmark, str) else task.benchmark
    if truth is None:
        return None
    try:
        return benchmarks.recognise(truth)
    except UsageError:
        return None


def _scored_by_itself(
    truth: PoseSet, benchmark: Benchmark | None, task: Task, found: _Found
) -> PosevalError | None:
    """Why nothing can be scored against a ground truth. Notices about it are added to `found`.

    What can be scored as its own predictions lacks nothing that a score needs.
    """
    people = truth.people.with_columns(score=np.ones(len(truth)), track=np.arange(len(truth)))
    own = replace(truth, people=people)
    refused = _scored(truth, own, benchmark or _benchmark(task, truth), task, found)
    costs = [notice for notice in found.health if notice.code in COSTS]
    found.health = (*checks.examine_set(truth, Role.TRUTH), *costs)
    return refused


def _scored(
    truth: PoseSet, predictions: PoseSet, benchmark: Benchmark | None, task: Task, found: _Found
) -> PosevalError | None:
    """Why predictions cannot be scored. Notices about them are added to `found`."""
    try:
        if benchmark is None or is_image_list(truth):
            aligned, _ = align(truth, predictions, task.align_by)
            odd = checks.examine_set(aligned.predictions, Role.PREDICTIONS)
            found.health = (*(n for n in truth.origin.notices if n.code == "N541"), *odd)
            return None
        prepared = prepare(truth, predictions, replace(task, benchmark=benchmark))
        known = {*truth.origin.notices, *predictions.origin.notices}
        found.frames = len(prepared.aligned.truth.frames)
        found.health = tuple(notice for notice in prepared.notices if notice not in known)
        tally(prepared)
    except PosevalError as error:
        if error.code in OF_SLICES:
            raise
        if not found.health:
            found.health = tuple(checks.examine_set(predictions, Role.PREDICTIONS))
        return error
    return None


@dataclass
class _Found:
    """A validation in the making."""

    path: str
    format: str | None
    role: str
    people: int = 0
    frames: int = 0
    others: tuple[str, ...] = ()
    health: tuple[Notice, ...] = ()
    notices: tuple[Notice, ...] = ()

    def with_faults(self, error: PosevalError | None, benchmark: Benchmark | None) -> Validation:
        """The validation, with the faults of an error by code."""
        groups = () if error is None else grouped(error)
        server: tuple[str, ...] = ()
        if benchmark is not None and self.role == Role.PREDICTIONS.value:
            server = says(benchmark, self.format, [group.code for group in groups], self.people)
        return Validation(
            self.path, self.format, self.role, self.people, self.frames, groups,
            self.health, server, self.notices, self.others,
        )  # fmt: skip


def _confidences(source: Source, format: str | None) -> dict[Role, float]:
    """How surely the file can be read in each role; nothing of a broken one."""
    if format is not None:
        dataset = datasets.get_format(format)
        return {role: dataset.sniff(source, role) for role in Role if role in dataset.reads}
    try:
        return datasets.confidences(source)
    except InputError:
        return {}


def grouped(error: PosevalError) -> tuple[Group, ...]:
    """The faults of an error by code, the most frequent first; faults that were not kept are counted."""
    by_code: dict[str, list[Fault]] = {}
    for fault in error.faults:
        by_code.setdefault(fault.code, []).append(fault)
    groups = [
        Group(code, error.counts[code], tuple(found[:PLACES]), CAUSES.get(code))
        for code, found in by_code.items()
    ]
    groups += [
        Group(code, count, (), CAUSES.get(code))
        for code, count in error.counts.items()
        if code not in by_code
    ]
    groups.sort(key=lambda group: -group.count)
    return tuple(groups)
