"""Cross-check: the same files through poseval and through the programs that it must agree with.

`OFFICIAL` names, per benchmark, the other side of its own metrics: a function of `compat.official`, which
knows nothing of poseval. Metrics that are chosen by hand, and those of other packages, have a check per
metric: `CHECKS` for ours, entry points of `poseval.crosschecks` for theirs.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import FunctionType
from typing import TYPE_CHECKING

import numpy as np

from poseval.compat.crosschecks.base import Case, Check, Checked, Difference, of_array, of_number
from poseval.compat.official.base import Answer, CannotCheck, Number, Question, Side
from poseval.compat.official.coco_sigmas import OF_BENCHMARK
from poseval.compat.official.posetrack import evaluated
from poseval.compat.official.posetrack_files import Video, videos
from poseval.compat.official.single_files import Singles
from poseval.datasets import Source
from poseval.errors import UsageError, shown
from poseval.metrics.hota import Hota
from poseval.metrics.matched_people import Pairing
from poseval.metrics.oks_ap import OksAp
from poseval.plugins import Registry, load
from poseval.scoring.evaluation import Evaluation
from poseval.scoring.score import Prepared, prepare, tally
from poseval.scoring.task import Asked, Task

if TYPE_CHECKING:
    from typing_extensions import Unpack

_ROOM = "poseval.compat.official"
# benchmark -> module:function of type `Answer`
OFFICIAL: dict[str, str | Answer] = {
    "coco-keypoints": f"{_ROOM}.coco:body",
    "ochuman": f"{_ROOM}.coco:body",
    "oks": f"{_ROOM}.coco:plain",
    "exlpose": f"{_ROOM}.coco:exlpose",
    "crowdpose": f"{_ROOM}.coco:crowdpose",
    "coco-wholebody": f"{_ROOM}.coco:whole_body",
    "aic": f"{_ROOM}.coco:aic",
    "ap10k": f"{_ROOM}.coco:ap10k",
    "animalpose": f"{_ROOM}.coco:animalpose",
    "humanart": f"{_ROOM}.coco:humanart",
    "halpe": f"{_ROOM}.coco:halpe",
    "mpii-val": f"{_ROOM}.single:mpii",
    "mpii-multi": f"{_ROOM}.mpii_multi:multi",
    "lsp": f"{_ROOM}.single:lsp",
    "parse": f"{_ROOM}.single:lsp",
    "flic": f"{_ROOM}.single:flic",
    "mpii-cooking": f"{_ROOM}.single:cooking",
    "jhmdb": f"{_ROOM}.single:jhmdb",
    "penn-action": f"{_ROOM}.single:penn",
    "h36m-2d": f"{_ROOM}.single:h36m",
    **dict.fromkeys(("300w", "wflw", "cofw", "aflw19", "lapa"), f"{_ROOM}.faces:faces"),
    "aflw2000-3d": f"{_ROOM}.faces:aflw2000",
    "aflw-pifa": f"{_ROOM}.faces:aflw_pifa",
    "posetrack17": f"{_ROOM}.posetrack:sides",
    "posetrack18": f"{_ROOM}.posetrack:sides",
    "posetrack21": f"{_ROOM}.posetrack:sides",
    "posetrack17-single-frame": f"{_ROOM}.posetrack:single_frames",
    "posetrack21-boxes": f"{_ROOM}.posetrack_boxes:sides",
    "jrdb-pose": f"{_ROOM}.jrdb:sides",
    "motchallenge": f"{_ROOM}.boxes:boxes",
}
# metric -> module:function of type `Check`, for metrics chosen by hand
CHECKS: dict[str, str] = {
    "oks_ap": "poseval.compat.crosschecks.oks:check",
    "auc": "poseval.compat.crosschecks.errors:check_auc",
    "epe": "poseval.compat.crosschecks.errors:check_epe",
    "nme": "poseval.compat.crosschecks.errors:check_nme",
    "pck": "poseval.compat.crosschecks.pck:check_pck",
    "pcp": "poseval.compat.crosschecks.pck:check_pcp",
    "pdj": "poseval.compat.crosschecks.pck:check_pck",
    "presence": "poseval.compat.crosschecks.pck:check_presence",
    "joint_ap": "poseval.compat.crosschecks.joint_ap:check",
    "clear_mot": "poseval.compat.crosschecks.tracking:check_clear",
    "identity": "poseval.compat.crosschecks.tracking:check_identity",
    "hota": "poseval.compat.crosschecks.tracking:check_hota",
    **dict.fromkeys(("ospa", "ospa2"), "poseval.compat.crosschecks.ospa:check"),
}
REGISTRY: Registry[Check] = Registry("cross-check", "P104", "poseval.crosschecks", CHECKS, FunctionType)
# benchmark -> reader of people one by one, for metrics chosen by hand
READERS: dict[str, str] = {
    "mpii-val": f"{_ROOM}.single_files:mpii",
    **dict.fromkeys(("lsp", "parse"), f"{_ROOM}.single_files:lsp"),
    "flic": f"{_ROOM}.single_files:flic",
    "mpii-cooking": f"{_ROOM}.single_files:cooking",
    "jhmdb": f"{_ROOM}.single_files:jhmdb",
    "h36m-2d": f"{_ROOM}.single_files:h36m",
    **dict.fromkeys(("300w", "wflw", "cofw", "aflw19", "lapa", "aflw2000-3d"), f"{_ROOM}.faces_files:read"),
}
# What a task can ask for and no program knows; sigmas, too, but of benchmarks that leave them open.
CHANGES = ("skeleton", "joints", "near", "derive", "align_by")
OWN_SIGMAS = frozenset({"oks"})
# Part of a benchmark -> rules by which its people are kept, where they are not those of the rule set.
RULES_OF = {"poseval": "posetrack-2017"}


def crosscheck(
    truth: str | os.PathLike[str],
    predictions: str | os.PathLike[str],
    benchmark: str | None = None,
    *,
    task: Task | None = None,
    **asked: Unpack[Asked],
) -> Checked:
    """Score two files with poseval and with the programs it reproduces.

    Parameters as in `poseval.score`. Names are those of the summary; a count stands under
    `metric:statistic/joint`.

    Raises:
        UsageError: P127 with a transform, P128 an input that can be read only once, P145 nothing of the
            benchmark can be checked on these files.
        PosevalError: what scoring raises.
    """
    for path in (truth, predictions):
        _require_file(path)
    wanted = Task.of(task, benchmark, **asked)
    if wanted.transform:
        raise UsageError(
            "P127",
            where="--transform",
            what="changes coordinates, and the official programs read the files themselves",
            wanted="files in the coordinates that are scored",
            hint="write such a file with `poseval convert --transform`",
        )
    asked_joints, wanted = wanted.per_joint, replace(wanted, per_joint=True)
    prepared = prepare(truth, predictions, wanted)
    run = tally(prepared)
    sigmas = None if wanted.sigmas is None else prepared.truth.skeleton.sigmas
    question = Question(
        prepared.benchmark.name,
        prepared.rules.name,
        os.fspath(truth),
        os.fspath(predictions),
        sigmas,
        wanted.ties,
    )
    joints = () if asked_joints else prepared.truth.skeleton.joints
    try:
        known = _for_program(question, wanted)
        found = (
            _by_metric(prepared, run, known) if run.by_hand else _by_benchmark(run, known, frozenset(joints))
        )
    except CannotCheck as reason:
        found = _by_metric(prepared, run, replace(question, benchmark=""))
        found = replace(
            found, unchecked=(f"{question.benchmark}, official program: {reason}", *found.unchecked)
        )
    if not found.differences:
        why = "; ".join(map(shown, found.unchecked)) or "no program"
        raise UsageError(
            "P145",
            where=f"benchmark {question.benchmark}",
            what=f"cannot be checked on these files: {why}",
            wanted=f"one of {', '.join(OFFICIAL)}, with files that its program reads",
        )
    return found


def _require_file(path: str | os.PathLike[str]) -> None:
    """Refuse standard input, pipes and addresses: the other program reads the files itself."""
    source = Source(path)
    if source.is_stream or not (os.path.isfile(source.path) or source.is_folder):
        raise UsageError(
            "P128",
            where=shown(source.name),
            what="can be read once, and a cross-check reads its files twice",
            wanted="files",
        )


def _for_program(question: Question, task: Task) -> Question:
    """The question as it is, if the benchmark's program can be asked it.

    Raises:
        CannotCheck: no program is known, or the task asks for what no program knows.
    """
    if question.benchmark not in OFFICIAL:
        raise CannotCheck("none is known")
    own = () if question.benchmark in OWN_SIGMAS else ("sigmas",)
    changed = [name for name in (*CHANGES, *own) if getattr(task, name) != getattr(Task(), name)]
    if changed:
        raise CannotCheck(f"it does not support {', '.join(changed)}")
    return question


def _by_benchmark(run: Evaluation, question: Question, spare: frozenset[str]) -> Checked:
    """The benchmark's own numbers beside those of its program, which need not have rows of `spare` joints.

    Raises:
        CannotCheck: the program does not read these files.
    """
    entry = OFFICIAL[question.benchmark]
    answer: Answer = load(entry) if isinstance(entry, str) else entry
    sides = answer(question)
    ours = numbers_of(run)
    out = [item for side in sides for item in _compared(ours, side)]
    compared = {key for side in sides for key in side.numbers}
    lacking = [
        f"{key}: the other program does not print it"
        for key in run.report().summary
        if key not in compared and key.rpartition("/")[2] not in spare
    ]
    told = [text for side in sides for text in side.remarks]
    return Checked(tuple(out), (*told, *lacking))


def _compared(ours: Mapping[str, Number], side: Side) -> Iterator[Difference]:
    for key, theirs in side.numbers.items():
        mine = ours.get(key, math.nan)
        if isinstance(theirs, np.ndarray):
            found = of_array(key, np.asarray(mine, dtype=np.float64), theirs.astype(np.float64))
        else:
            found = of_number(key, float(mine), float(theirs))
            found = found if key in ours else found._replace(largest=math.inf)
        yield found._replace(program=side.program, tolerance=side.tolerance)


def numbers_of(run: Evaluation) -> dict[str, Number]:
    """The summary, every value of each metric under `metric:statistic/joint`, and its arrays."""
    out: dict[str, Number] = dict(run.report().summary)
    for part in run.parts:
        prefix = f"{part.label}/" if part.label else ""
        for metric, counts in part.tallies.items():
            for row in metric.reduce(counts):
                if math.isnan(row.threshold) and not row.slice:
                    key = f"{row.statistic}/{row.joint}" if row.joint else row.statistic
                    out.setdefault(f"{prefix}{metric.name}:{key}", row.value)
                    out.setdefault(prefix + key, row.value)
            if isinstance(metric, OksAp):
                curves = metric.curves(counts)
                out |= {f"{prefix}oks_ap:{k}": getattr(curves, k) for k in ("precision", "recall", "scores")}
            if isinstance(metric, Hota):
                out[f"{prefix}hota:matched"] = counts.sum("matched")
    return out


def _by_metric(prepared: Prepared, run: Evaluation, question: Question) -> Checked:
    """Each metric beside the check of its name, on people that the other side read where it can."""
    checked = REGISTRY.names()
    singles, seen = _singles(question), _videos(question)
    out: list[Difference] = []
    unchecked: list[str] = []
    for part, tallied in zip(prepared.parts, run.parts, strict=True):
        rules = RULES_OF.get(part.label, question.rules)
        case = Case(
            question.truth,
            question.predictions,
            part.aligned.truth,
            part.aligned.predictions,
            part.slices,
            singles,
            None if seen is None else [evaluated(video, rules) for video in seen],
            OF_BENCHMARK.get((question.benchmark, len(part.aligned.truth.skeleton))),
        )
        prefix = f"{part.label}/" if part.label else ""
        for metric, counts in tallied.tallies.items():
            if metric.has(people=Pairing.MATCHED):
                unchecked.append(f"{prefix}{metric}: no other program pairs people in this way")
                continue
            if metric.name not in checked:
                unchecked.append(f"{prefix}{metric}: there is no check of this metric")
                continue
            with REGISTRY.blamed(metric.name):
                try:
                    rows = REGISTRY.get(metric.name)(metric, counts, case)
                except CannotCheck as why:
                    unchecked.append(f"{prefix}{metric}: {why}")
                    continue
            out.extend(row._replace(name=prefix + row.name) for row in rows)
    return Checked(tuple(out), tuple(unchecked))


def _singles(question: Question) -> Singles | None:
    """People one by one, read by the other side; None where it does not read these files."""
    if question.benchmark not in READERS:
        return None
    try:
        found: Singles = load(READERS[question.benchmark])(question.truth, question.predictions)
    except CannotCheck:
        return None
    return found


def _videos(question: Question) -> list[Video] | None:
    """People in sequences, read by the other side; None where it does not read these files."""
    if not question.benchmark.startswith("posetrack"):
        return None
    try:
        return videos(question.truth, question.predictions)
    except CannotCheck:
        return None
