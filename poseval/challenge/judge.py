"""The judge: what every engine asks about a submission, and the verdict that it gets.

A submission is read and checked against what participants know (`public`), then scored against the whole
ground truth. What the first step says is shown. Of the second step participants see rounded numbers, or one
sentence that is the same whatever went wrong.
"""

from __future__ import annotations

import hashlib
import math
import os
import tempfile
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from poseval import benchmarks, checks
from poseval.benchmarks.base import Benchmark
from poseval.challenge.apart import Allowance, Ended, run_apart
from poseval.challenge.description import DETAIL, Description, Split
from poseval.challenge.messages import refusal, said_of
from poseval.challenge.page import page_of, report_page
from poseval.challenge.public import known_part
from poseval.challenge.scratch import scratch_folder
from poseval.challenge.submission import Submission, open_submission
from poseval.checks.preconditions import require_distinct_tracks, require_predicted
from poseval.datasets import ReadOptions, Role
from poseval.errors import Fault, PosevalError, shown, unknown_name
from poseval.limits import DEFAULT, MIB
from poseval.poses import Notice, PoseSet
from poseval.results.report import Report
from poseval.results.units import PERCENT, NumberStyle
from poseval.scoring.reading import is_image_list, read_truth
from poseval.scoring.score import Prepared, prepare, tally
from poseval.scoring.task import Task

SCHEMA = "poseval.verdict/1"
KNOWN = "known/{}.npz"  # of a split: what participants know, where the ground truth is not at hand
STATUSES = SCORED, VALID, REFUSED, FAILED = "scored", "valid", "refused", "failed"
DIGEST_STEP = 1 << 20
MORE_DISK = 64 * MIB  # beyond the content of files, which take whole blocks
WHERE = "the submission"
# What a participant reads where the reason could say something of the hidden ground truth, or is ours.
NOT_SCORED = Fault(
    "P228",
    WHERE,
    "is valid, and could not be scored with the ground truth",
    hint="ask the organisers, and name the digest of the submission",
)
VALID_FORM = "the submission: {}, predictions\n"
FEWER = "send fewer people per frame"
FEWER_FILES = "send fewer files, in fewer folders"


@dataclass(frozen=True)
class Verdict:
    """What came of a submission.

    `status` is `scored`; `valid`, where the ground truth is only a list of images; `refused`, where the
    submission is wrong; or `failed`. Only what is scored has `numbers` (and `joints`, where participants may
    see them), as they are shown: rounded, fractions in percent. `message` and `page` (HTML) are
    for the participant. `private` and `report` are for organisers alone: they hold what is hidden.
    """

    status: str
    split: str
    digest: str = ""
    numbers: Mapping[str, float] = field(default_factory=dict)
    joints: Mapping[str, float] = field(default_factory=dict)
    message: str = ""
    page: str = ""
    private: str = ""
    report: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def scored(self) -> bool:
        """Whether it has numbers: everything else never stands on a board and counts for no quota."""
        return self.status == SCORED

    def public(self) -> dict[str, Any]:
        """What a participant may see, as plain values for JSON."""
        return {
            "schema": SCHEMA,
            "status": self.status,
            "split": self.split,
            "digest": self.digest,
            "numbers": dict(self.numbers),
            "joints": dict(self.joints),
            "message": self.message,
        }


@dataclass(frozen=True, eq=False)
class Judge:
    """The judge of one split; it holds the ground truth, which is read once."""

    description: Description
    split: Split
    benchmark: Benchmark
    task: Task
    truth: PoseSet
    known: PoseSet | None

    def judge(self, path: Path, place: Path | None = None) -> Verdict:
        """The verdict on a file or folder, from a child process with the limits of the description.

        What it needs for a moment lies below `place`, by default below the system's folder for such.
        """
        digest = digest_of(path)
        absolute = path.absolute()
        with scratch_folder(Path(tempfile.gettempdir())) if place is None else nullcontext(place) as below:
            ended = run_apart(lambda folder: asdict(self.examine(absolute, folder)), self._allowance, below)
        if ended.answer is not None:
            return Verdict(**{**ended.answer, "digest": digest, "seconds": ended.seconds})
        return self._of_ended(ended, digest)

    @property
    def _allowance(self) -> Allowance:
        """What the process that reads and scores may take."""
        most = self.description.reading.file_bytes
        disk = 2 * most + MORE_DISK
        return Allowance(self.description.limits.seconds, self.description.memory_bytes, most, disk)

    def _of_ended(self, ended: Ended, digest: str) -> Verdict:
        limits = self.description.limits
        disk = f"{self._allowance.disk // MIB} MiB"
        most = {"time": f"{limits.seconds} s", "memory": limits.memory, "disk": disk}.get(ended.reason)
        what = f"took more {ended.reason} than allowed ({most}) to be read and scored"
        hint = FEWER_FILES if ended.reason == "disk" else FEWER
        fault = NOT_SCORED if most is None else Fault("P229", WHERE, what, hint=hint)
        text = f"{fault}\n"
        return Verdict(
            FAILED,
            self.split.name,
            digest,
            message=text,
            page=page_of(self.description, self.split, FAILED, message=text),
            private=f"the process that scored it ended without an answer ({ended.reason})",
            seconds=ended.seconds,
        )

    def examine(self, path: Path, folder: Path) -> Verdict:
        """The verdict, from this process. `folder` is empty, to unpack to; the current one is changed."""
        options = ReadOptions(
            Role.PREDICTIONS,
            self.known,
            self.task.skeleton,
            self.task.rules,
            limits=self.task.limits,
            category=self.task.category,
        )
        try:
            formats = self.description.formats
            sent = open_submission(path, folder, self.benchmark, formats, options)
            checked = None if self.known is None else self._checked(sent, options)
        except PosevalError as error:
            return self._without_score(REFUSED, refusal(error, self.split.hidden))
        except MemoryError:
            raise
        except Exception as error:
            return self._failed(private=f"{type(error).__name__}: {shown(error, 2000)}")
        try:
            # Where participants know no frames, their files can be read with the ground truth alone.
            poses, notices = checked or (sent.read(replace(options, truth=self.truth)), ())
            said = said_of(poses, sent.format, notices) if checked else VALID_FORM.format(sent.format)
            if is_image_list(self.truth):
                return self._without_score(VALID, f"{said}valid; there is no ground truth to score it with\n")
            return self._scored(poses, said, notices)
        except MemoryError:
            raise
        except Exception as error:
            own = error if not self.split.hidden else checked and self._own_fault(checked[0])
            if isinstance(own, PosevalError):
                return self._without_score(REFUSED, refusal(own, self.split.hidden))
            return self._failed(private=f"{type(error).__name__}: {shown(error, 2000)}")

    def _own_fault(self, poses: PoseSet) -> PosevalError | None:
        """What predictions lack by themselves, where scoring them failed: found without the ground truth."""
        assert self.known is not None
        rules = self.task.rules_of(self.benchmark)
        aligned, _ = self.benchmark.pair(self.known, poses, rules)
        try:
            require_predicted(self.benchmark.metrics(rules, self.known, False), aligned)
        except PosevalError as error:
            return error
        return None

    def _checked(self, sent: Submission, options: ReadOptions) -> tuple[PoseSet, tuple[Notice, ...]]:
        """The predictions, read and paired with what participants know, and what is unusual in them."""
        assert self.known is not None
        poses = sent.read(options)
        rules = self.task.rules_of(self.benchmark)
        aligned, paired = self.benchmark.pair(self.known, poses, rules)
        # Not left to scoring, which looks at what hidden ignore regions leave: its failure would say where
        # they are.
        require_distinct_tracks(self.benchmark.metrics(rules, self.known, False), aligned)
        notices = [*poses.origin.notices, *paired, *checks.examine_set(poses, Role.PREDICTIONS)]
        return poses, tuple(dict.fromkeys(notices))

    def _scored(self, poses: PoseSet, said: str, notices: tuple[Notice, ...]) -> Verdict:
        # Notices about both sides together say what is hidden: none is shown, and none takes time.
        prepared = prepare(self.truth, poses, self.task, examined=not self.split.hidden)
        evaluation = tally(prepared)
        report = evaluation.report()
        numbers = self._numbers(report)
        if math.isnan(numbers[self.description.ranking.by]):
            return self._failed(private=f"{self.description.ranking.by} is undefined")
        joints = self._joints(report) if self.split.detail != DETAIL[0] else {}
        page = page_of(
            self.description,
            self.split,
            SCORED,
            numbers=numbers,
            joints=joints,
            message=said,
            run=(report, evaluation, prepared.aligned) if self.split.detail == DETAIL[2] else None,
            notices=notices,
        )
        return Verdict(
            SCORED,
            self.split.name,
            numbers={key: value for key, value in numbers.items() if not math.isnan(value)},
            joints=joints,
            message=said,
            page=page,
            report=report.to_dict(),
        )

    def _numbers(self, report: Report) -> dict[str, float]:
        return {column.key: rounded(report, column.key, column.digits) for column in self.description.columns}

    def _joints(self, report: Report) -> dict[str, float]:
        """Numbers of single joints, rounded as the columns are."""
        digits = min(column.digits for column in self.description.columns)
        shown_keys = {column.key for column in self.description.columns}
        joints = {row.joint for row in report.values if row.joint}
        keys = [key for key in report.summary if key.rpartition("/")[2] in joints and key not in shown_keys]
        found = {key: rounded(report, key, digits) for key in keys}
        return {key: value for key, value in found.items() if not math.isnan(value)}

    def _failed(self, private: str) -> Verdict:
        """A verdict that says nothing but that; the reason is for organisers."""
        return self._without_score(FAILED, f"{NOT_SCORED}\n", private)

    def _without_score(self, status: str, text: str, private: str = "") -> Verdict:
        page = page_of(self.description, self.split, status, message=text)
        return Verdict(status, self.split.name, message=text, page=page, private=private)


def rounded(report: Report, key: str, digits: int) -> float:
    """A number of a report as it is shown: in percent where it is a share, with so many decimals."""
    text = NumberStyle(PERCENT, digits).number(report.summary.get(key, math.nan), report.unit_of(key))
    return math.nan if text == "n/a" else float(text)


def open_judge(description: Description, split: str | None = None) -> Judge:
    """The judge of a split, by its name; without one of the last.

    Raises:
        UsageError: P890 there is no such split. P891 a column is no number of the benchmark.
        InputError: the ground truth is wrong.
    """
    chosen = description.split(split)
    task = description.task(chosen.detail)
    truth = read_truth(description.folder / chosen.truth, replace(task, limits=DEFAULT))
    if not is_image_list(truth):
        # Scored once here, so that children find everything imported, and columns are known to be right.
        report = _rehearsed(truth, task, chosen)
        for column in description.columns:
            if column.key not in report.summary:
                raise unknown_name("P891", "column", column.key, report.summary)
    benchmark = benchmarks.get_benchmark(description.benchmark)
    return Judge(description, chosen, benchmark, task, truth, known_part(truth, chosen.public))


def open_form_judge(description: Description, split: str | None = None) -> Judge:
    """A judge that has only what participants know, from `known/SPLIT.npz` beside the description.

    Raises:
        UsageError: P890 there is no such split, P114 no such file.
    """
    chosen = description.split(split)
    task = description.task()
    known = read_truth(description.folder / KNOWN.format(chosen.name), replace(task, limits=DEFAULT))
    known = known.with_notices([Notice("N541", "what participants know of the ground truth")])
    return Judge(description, chosen, benchmarks.get_benchmark(description.benchmark), task, known, known)


def perfect_report(truth: PoseSet, task: Task) -> Report:
    """The report of ground truth that is scored as its own predictions: it has every number of the benchmark.

    Raises:
        UsageError, InputError: it lacks what the benchmark needs.
    """
    return tally(_perfect(truth, task)).report()


def _perfect(truth: PoseSet, task: Task) -> Prepared:
    people = truth.people.with_columns(score=np.ones(len(truth)), track=np.arange(len(truth)))
    return prepare(truth, replace(truth, people=people), task)


def _rehearsed(truth: PoseSet, task: Task, split: Split) -> Report:
    """The perfect report, drawn where participants see it: children need not prepare fonts again."""
    prepared = _perfect(truth, task)
    evaluation = tally(prepared)
    report = evaluation.report()
    if split.detail == DETAIL[2]:
        report_page(split, (report, evaluation, prepared.aligned), ())
    return report


def digest_of(path: Path) -> str:
    """SHA-256 of a file, or of the names and contents of a folder's files; empty where it cannot be read."""
    digest = hashlib.sha256()
    files = [path]
    if os.path.isdir(path):
        files = sorted(Path(folder, name) for folder, _, names in os.walk(path) for name in names)
    for file in files:
        if os.path.islink(file) or not os.path.isfile(file):
            continue
        if file != path:
            digest.update(os.fsencode(file.relative_to(path)) + b"\0")
        with file.open("rb") as stream:
            while step := stream.read(DIGEST_STEP):
                digest.update(step)
    return digest.hexdigest()
