"""One function per command. They take paths or values, return a value and never print.

The commands call these functions. Imports happen inside them, so that a command loads no more than it needs.
`read`, `score`, `evaluate` and `validate` are defined in the packages that do their work.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from poseval.errors import UsageError, number_of, shown, unknown_name, wrong_type

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from poseval.benchmarks.base import Benchmark
    from poseval.conversion.convert import Conversion
    from poseval.conversion.folders import Conversions
    from poseval.datasets import Losses, Role
    from poseval.decisions.keeping import Saved
    from poseval.decisions.leaderboard import Board, Entry, Ranked
    from poseval.decisions.tolerances import Tolerance
    from poseval.decisions.verdict import Verdict
    from poseval.diagnosis.diagnose import Diagnosis
    from poseval.limits import Limits
    from poseval.poses import PoseSet
    from poseval.poses.transforms import Transform
    from poseval.report.plots import Figure
    from poseval.scoring.evaluation import Evaluation
    from poseval.scoring.saved_runs import Run
    from poseval.scoring.score import PathOrPoses, Predictions, Prepared
    from poseval.scoring.task import Asked, Task
    from poseval.skeletons import SkeletonLike
    from poseval.statistics.comparison import Comparison
    from poseval.statistics.sigmas import SigmaEstimate
    from poseval.statistics.training import Deviations

    System = Run | Sequence[Run]  # one run, or several trainings of one recipe

KEEP_UP = "keep-up"  # what a gate may require


def write(
    poses: PoseSet,
    path: str | os.PathLike[str],
    format: str,
    *,
    role: str | Role = "truth",
    force: bool = False,
    truth: PathOrPoses | None = None,
) -> Losses:
    """Write a pose set to a file or folder, completely or not at all, and return what the format cannot hold.

    `role` is `truth` or `predictions`. Predictions of some formats need their ground truth (`truth`) for ids
    and frames.

    Raises:
        UsageError: P130 a format that is not written in this role, P131 a target that exists without
            `force`, P132 an unknown format, P137 a target that cannot be written.
    """
    from poseval.datasets import Role, WriteOptions, writer_of
    from poseval.datasets.files.source import path_of
    from poseval.poses import PoseSet
    from poseval.scoring.keywords import FLAG, kind
    from poseval.scoring.score import read_truth
    from poseval.scoring.task import Task

    if not isinstance(poses, PoseSet):
        raise wrong_type("poses", poses, "a PoseSet", hint="poseval.read(path) gives one")
    target = Path(path_of(path, "path"))
    chosen = Role.of(role)
    writer = writer_of(kind(str, "the name of a format")("format", format), chosen)
    gt = None if truth is None else read_truth(truth, Task())
    return writer.write(poses, target, WriteOptions(chosen, FLAG("force", force), gt))


def convert(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    to: str,
    *,
    role: str | Role | None = None,
    truth: PathOrPoses | None = None,
    format: str | None = None,
    skeleton: SkeletonLike | None = None,
    to_skeleton: SkeletonLike | None = None,
    joints: str | os.PathLike[str] | None = None,
    near: bool = False,
    derive: bool = False,
    align_by: str | None = None,
    transform: str | Transform | Sequence[str | Transform] = (),
    worst: int | None = None,
    images: str | os.PathLike[str] | None = None,
    limits: Limits | Sequence[str] = (),
    category: str | None = None,
    fps: float | None = None,
    force: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Conversion | Conversions:
    """Read `source` and write it to `target` in the format `to`; `lines()` of the result list what was lost.

    A folder that is one data set becomes one target. Otherwise each file of a folder is converted by itself,
    into a folder, and the result is a `Conversions`. `format` and `role` describe the source and are
    recognised unless given. Joints are mapped to `to_skeleton`, or to the skeleton of the ground truth
    (`truth`) of predictions: by equal names, or by the map in the file `joints`. `near` allows similar
    joints, `derive` computes missing ones. `transform` changes coordinates, as in `poseval.score`. With
    `worst`, only that many frames are written: those in which predictions have the most faults against their
    `truth`, to be labelled again. `category` is the one category to read of a file with several. `fps` gives
    frames times, in formats that hold them. `images` is a folder of images, for sizes that the file does
    not give. `progress` is called with (done, total) on long work.

    Raises:
        UsageError: unknown names, P130 a format that is not written in this role, P131 a target that exists,
            P106 no frame has a fault.
        InputError: what is wrong with the source.
    """
    from functools import partial

    from poseval.conversion.convert import ConvertOptions, convert_one
    from poseval.conversion.folders import convert_many, is_many
    from poseval.datasets import Role
    from poseval.datasets.files.source import path_of
    from poseval.diagnosis.worst import worst_frames
    from poseval.files.streams import require_apart
    from poseval.poses.joint_mapping import JointRules
    from poseval.scoring.keywords import FLAG, OPTIONAL_TEXT, kind, transforms
    from poseval.scoring.score import read_truth
    from poseval.scoring.task import Task
    from poseval.skeletons import load_skeleton

    task = Task.of(category=category, limits=limits)
    require_apart(source, truth)
    if progress is not None and not callable(progress):
        raise wrong_type("progress", progress, "a function of two numbers")
    if worst is not None and (not isinstance(worst, int) or worst < 1):
        raise UsageError("P103", where="worst", what=f"is {shown(repr(worst), 40)}", wanted="a number from 1")
    if fps is not None and not (isinstance(fps, (int, float)) and 0 < fps < float("inf")):
        raise UsageError("P103", where="fps", what=f"is {shown(repr(fps), 40)}", wanted="frames a second")
    map_file = None if joints is None else Path(path_of(joints, "joints", "a .toml file"))
    wanted = None if to_skeleton is None else load_skeleton(to_skeleton)
    options = ConvertOptions(
        kind(str, "the name of a format")("to", to),
        None if role is None else Role.of(role),
        None if truth is None else read_truth(truth, task),
        OPTIONAL_TEXT("format", format),
        None if skeleton is None else load_skeleton(skeleton),
        JointRules(wanted, map_file, FLAG("near", near), FLAG("derive", derive)),
        OPTIONAL_TEXT("align_by", align_by),
        None if worst is None else partial(worst_frames, count=worst),
        None if images is None else Path(path_of(images, "images", "a folder")),
        task.limits,
        FLAG("force", force),
        progress,
        OPTIONAL_TEXT("category", category),
        transforms("transform", transform),
        fps,
    )
    path_of(source, "source", "a path (poseval.write takes a PoseSet)")
    path_of(target, "target")
    if is_many(source, options.format):
        return convert_many(source, target, options, progress)
    return convert_one(source, target, options)


def diagnose(
    truth: PathOrPoses,
    predictions: Predictions,
    benchmark: str | Benchmark | None = None,
    *,
    scale: str | None = None,
    worst: int = 20,
    task: Task | None = None,
    **asked: Unpack[Asked],
) -> Diagnosis:
    """Find the errors of predictions: jitter, inversions, swaps, misses, scores, false positives, identities.

    `scale` is the unit of distances, `area` or `head`; by default what the ground truth has. `worst` is the
    number of frames to list. The other keywords are those of `poseval.score`.

    Raises:
        UsageError: unknown names, P112 areas without sigmas.
        InputError: a file is wrong; P410 people have neither areas nor head sizes.
    """
    from poseval.scoring.score import prepare
    from poseval.scoring.task import Task

    prepared = prepare(truth, predictions, Task.of(task, benchmark, **asked))
    return diagnose_prepared(prepared, scale, worst)


def diagnose_prepared(prepared: Prepared, scale: str | None = None, worst: int = 20) -> Diagnosis:
    """`diagnose` for files that were already read and paired."""
    from dataclasses import replace

    from poseval.benchmarks.custom import CUSTOM, with_scales
    from poseval.diagnosis.diagnose import diagnose
    from poseval.diagnosis.error_types import Scale

    if not isinstance(worst, int) or worst < 0:
        raise UsageError(
            "P103", where="worst", what=f"is {shown(repr(worst), 40)}", wanted="a whole number of at least 0"
        )
    units = [unit.value for unit in Scale]
    if scale is not None and not (isinstance(scale, str) and scale in units):
        raise unknown_name("P102", "scale", scale, units)
    aligned = prepared.aligned
    if prepared.benchmark.name == CUSTOM.name:
        aligned = with_scales(aligned)
    found = diagnose(
        aligned,
        scale=None if scale is None else Scale(scale),
        corrected=prepared.rules.name == "corrected",
        worst=worst,
    )
    return replace(found, notices=prepared.notices)


def compare(
    *systems: System | Mapping[str, System],
    truth: PathOrPoses | None = None,
    benchmark: str | Benchmark | None = None,
    keys: Sequence[str] = (),
    level: float | str = 0.95,
    resamples: int | None = None,
    seed: int = 0,
    cluster: str | None = None,
    seed_sd: Deviations = None,
    simultaneous: bool = False,
    task: Task | None = None,
    **asked: Unpack[Asked],
) -> Comparison:
    """Compare systems, and tell which differences noise does not explain.

    Systems are saved runs, evaluations, or predictions with their ground truth (`truth`): one argument each,
    or one mapping of names to systems. A list or a folder of saved runs is one system, trained several times.
    `keys` chooses numbers of the summary, by default all. `level` is 0.95 or 95, `resamples` the number of
    random sign flips, by default as many as the tests need. `cluster` is what is drawn as a whole, `seed_sd`
    the standard deviation of a number between trainings, where one run a side cannot tell. `simultaneous`
    intervals hold for all differences at once. The other keywords are those of `poseval.score`.

    Raises:
        UsageError: P140 fewer than two units, P142 level, resamples or seed out of range, P143 fewer than two
            systems, P144 an unknown key, P147 predictions without ground truth, P167 too few resamples, P168
            an unknown cluster.
        InputError: a file is wrong; P420 other rules or ground truth, P421 other units.
    """
    from poseval.scoring.keywords import FLAG, OPTIONAL_TEXT, several
    from poseval.scoring.saved_runs import runs_of
    from poseval.scoring.score import read_truth
    from poseval.scoring.task import Task
    from poseval.statistics.clusters import clustered
    from poseval.statistics.comparison import compare
    from poseval.statistics.training import deviations

    asked_task = Task.of(task, benchmark, **asked)
    named, field = _named(systems), OPTIONAL_TEXT("cluster", cluster)
    chosen = several((str,), "keys of the summary")("keys", keys)
    # The ground truth is read once, however many systems there are.
    gt = None if truth is None else read_truth(truth, asked_task)
    runs = {
        name: [clustered(run, field, asked_task.limits) for run in runs_of(system, gt, asked_task)]
        for name, system in named.items()
    }
    return compare(
        runs,
        keys=chosen,
        level=level,
        resamples=resamples,
        seed=seed,
        seed_sd=deviations(seed_sd),
        simultaneous=FLAG("simultaneous", simultaneous),
    )


def estimate_sigmas(
    annotations: Sequence[PathOrPoses],
    *,
    level: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
    task: Task | None = None,
    **asked: Unpack[Asked],
) -> SigmaEstimate:
    """Estimate the sigmas of OKS from annotations of the same images by several annotators.

    Each of the further `annotations` is compared with the first one. The other keywords are those of
    `poseval.score`: `skeleton`, `align_by`, `truth_format`, `limits`.

    Raises:
        UsageError: P142 level, resamples or seed out of range, P197 no repeated annotations.
        InputError: a file is wrong, or the files do not belong together.
    """
    from poseval.benchmarks.alignment import align
    from poseval.poses import PoseSet
    from poseval.scoring.keywords import several
    from poseval.scoring.score import A_SET, read_truth
    from poseval.scoring.task import Task
    from poseval.statistics.sigmas import estimate

    wanted = Task.of(task, **asked)
    files = several((str, os.PathLike, PoseSet), A_SET)("annotations", annotations)
    sets = [read_truth(one, wanted) for one in files]
    copies = len({(one.origin.sha256 or str(id(one))) for one in sets}) < len(sets)
    if len(sets) < 2 or copies:
        raise UsageError(
            "P197",
            where="annotations",
            what="are copies of one file" if copies else f"hold {number_of(len(sets), 'file')}",
            wanted="two files or more of the same images, each by another annotator",
            hint="sigmas say how much annotators differ, and one annotation says nothing about it",
        )
    aligned = [align(sets[0], other, wanted.align_by)[0] for other in sets[1:]]
    found = estimate(aligned, level, resamples, seed)
    if not any(row.n for row in found.joints):
        raise UsageError(
            "P197",
            where=shown(sets[1].origin.name),
            what=f"has no person in common with {shown(sets[0].origin.name)}",
            wanted="annotations of the same people",
        )
    return found


def _named(systems: Sequence[System | Mapping[str, System]]) -> dict[str, System]:
    """Systems by the names given, or by their files' names, or whole paths where those are equal."""
    from poseval.poses import PoseSet
    from poseval.scoring.evaluation import Evaluation

    if len(systems) == 1 and isinstance(systems[0], Mapping):
        return {str(name): run for name, run in systems[0].items()}
    runs: dict[str, System] = {}
    paths: list[str] = []
    for run in systems:
        if isinstance(run, PoseSet):
            paths.append(run.origin.path)
        elif isinstance(run, Evaluation):
            paths.append(next((item.path for item in run.inputs if item.role == "predictions"), ""))
        elif isinstance(run, (str, os.PathLike)):
            paths.append(os.fspath(run))
        else:
            hint = "give one argument per system, or one mapping of names to systems"
            raise wrong_type(f"system {len(paths) + 1}", run, "a path, a PoseSet or an evaluation", hint)
    names = [Path(path).name for path in paths]
    labels = names if len(set(names)) == len(names) else paths
    for number, (label, run) in enumerate(zip(labels, systems, strict=True), start=1):
        unique = label if label and labels.count(label) == 1 else f"{label or 'system'} ({number})"
        runs[unique] = run  # type: ignore[assignment]  # no mapping is left
    return runs


def gate(
    run: System,
    baseline: Saved | Sequence[Saved],
    truth: PathOrPoses | None = None,
    *,
    max_drop: Mapping[str, str | float] | Sequence[str] = (),
    guard: Sequence[str] = (),
    significant: bool = False,
    require: str | None = None,
    level: float | str = 0.95,
    resamples: int | None = None,
    seed: int = 0,
    cluster: str | None = None,
    seed_sd: Deviations = None,
    ledger: str | os.PathLike[str] | None = None,
    update_baseline: bool = False,
    accept: str | None = None,
    benchmark: str | Benchmark | None = None,
    task: Task | None = None,
    **asked: Unpack[Asked],
) -> Verdict:
    """Check a run, or several trainings of one recipe, against the baseline.

    A run is a saved run, or predictions with their ground truth (`truth`).
    `max_drop` says what numbers of the summary, or patterns of them, may lose: `{"AP": 0.005}` (absolute) or
    `{"AP": "2%"}` (of the baseline's value). `guard` names the numbers that decide; by default those of
    `max_drop`, else the primary number, and all where digits are compared. A `significant` gate bounds each
    drop; with `require="keep-up"` it fails for what is not shown, too. `level`, `resamples`, `seed`,
    `cluster` and `seed_sd` are as in `compare`. `ledger` is a file that counts the looks. `update_baseline`
    replaces the baseline's file by a run that is shown to keep up, `accept` by any run for the reason given.
    Benchmark, rules and metrics are the baseline's unless given.

    Raises:
        UsageError: P100 the baseline defines no number that decides, P142 level, resamples or seed out of
            range, P170 a drop that cannot be read, P146 one of no number, P147 predictions without ground
            truth, P167 too few resamples, P168 an unknown cluster, P169 what does not go together.
        InputError: a file is wrong; P231 the baseline is no saved run, P232 the ledger is none, P420 other
            rules or ground truth, P421 other units.
    """
    from poseval.datasets.files.source import path_of
    from poseval.decisions.gate import Demands
    from poseval.decisions.keeping import Keeping, hold
    from poseval.scoring.keywords import FLAG, OPTIONAL_TEXT, several
    from poseval.scoring.task import Task
    from poseval.statistics.training import deviations

    if OPTIONAL_TEXT("require", require) not in (None, KEEP_UP):
        raise unknown_name("P102", "require", require, [KEEP_UP])
    demands = Demands(
        _tolerances(max_drop),
        several((str,), "keys or patterns")("guard", guard),
        FLAG("significant", significant),
        require is not None,
        level,
        resamples,
        seed,
        deviations(seed_sd),
    )
    keeping = Keeping(
        FLAG("update_baseline", update_baseline),
        OPTIONAL_TEXT("accept", accept),
        None if ledger is None else Path(path_of(ledger, "ledger")),
    )
    field = OPTIONAL_TEXT("cluster", cluster)
    return hold(run, baseline, truth, Task.of(task, benchmark, **asked), field, demands, keeping)


def _tolerances(max_drop: Mapping[str, str | float] | Sequence[str]) -> list[Tolerance]:
    """What may get worse, from a mapping or from texts `KEY=AMOUNT`."""
    from poseval.decisions.tolerances import Tolerance
    from poseval.scoring.keywords import several

    if isinstance(max_drop, Mapping):
        texts: Iterable[str] = [f"{key}={amount}" for key, amount in max_drop.items()]
    else:
        texts = several((str,), 'a mapping such as {"AP": "0.5%"}')("max_drop", max_drop)
    return [Tolerance.parse(text) for text in texts]


def leaderboard(
    runs: Iterable[Ranked] | Mapping[str, Ranked],
    *,
    sort: str | None = None,
    columns: Sequence[str] = (),
    facts: Sequence[str] = (),
    best_per_team: bool = False,
    team: str = "",
    level: float | str = 0.95,
) -> Board:
    """Rank runs of one benchmark: saved runs, JSON reports, reports or evaluations.

    A mapping gives their names; otherwise file names do. `sort` is the number to rank by, by default
    the first of the summary; `columns` are further numbers, `facts` what `poseval run` wrote beside a report.
    Saved runs and evaluations are distinguished by paired tests at `level`, reports by overlap of intervals.

    Raises:
        UsageError: P142 a level that cannot be, P148 no runs, or a number that none has.
        InputError: a file is wrong; P240 a name that is not fit for a table, P420 other rules or ground
            truth, P422 intervals of different levels or methods.
    """
    from poseval.decisions.leaderboard import Entry, build
    from poseval.results.report import Report
    from poseval.scoring.evaluation import Evaluation
    from poseval.scoring.keywords import FLAG, OPTIONAL_TEXT, kind, several

    types = (str, os.PathLike, Report, Evaluation, Entry)
    wanted = "saved runs or JSON reports"
    if isinstance(runs, Mapping):
        named = [(str(name), kind(types, wanted)(str(name), run)) for name, run in runs.items()]
    else:
        named = [("", run) for run in several(types, wanted)("runs", runs)]
    kind(str, "a name")("team", team)
    entries = [_entry(run, name, team, number) for number, (name, run) in enumerate(named, start=1)]
    listed = several((str,), "keys")
    return build(
        entries,
        sort=OPTIONAL_TEXT("sort", sort),
        columns=listed("columns", columns),
        facts=listed("facts", facts),
        best_per_team=FLAG("best_per_team", best_per_team),
        level=level,
    )


def _entry(run: Any, name: str, team: str, number: int) -> Entry:
    from poseval.decisions.leaderboard import Entry, entry_of
    from poseval.results.report import Report

    if isinstance(run, Entry):
        return run
    if isinstance(run, (str, os.PathLike)):
        return entry_of(run, name, team)
    if isinstance(run, Report):
        return Entry(name or f"run {number}", run, team)
    return Entry(name or f"run {number}", run.report(), team, run=run)


def plot(
    run: Run,
    truth: PathOrPoses | None = None,
    benchmark: str | Benchmark | None = None,
    *,
    task: Task | None = None,
    **asked: Unpack[Asked],
) -> dict[str, Figure]:
    """The figures of a saved run, or of predictions with their ground truth (`truth`), by name.

    They are matplotlib figures that belong to no window and no global state. Predictions also give the
    figures of their diagnosis, where the ground truth allows one. The keywords are those of `poseval.score`.

    Raises:
        UsageError: P147 predictions without ground truth.
        InputError: a file is wrong.
    """
    from poseval.report.plots import figures
    from poseval.scoring.task import Task

    evaluation, diagnosis = run_and_diagnosis(run, truth, Task.of(task, benchmark, **asked))
    return figures(evaluation, evaluation.report(), diagnosis)


def run_and_diagnosis(run: Run, truth: PathOrPoses | None, task: Task) -> tuple[Evaluation, Diagnosis | None]:
    """A run, and the diagnosis of predictions. A saved run holds no people, so it has no diagnosis."""
    from poseval.diagnosis.diagnose import diagnose_if_possible
    from poseval.scoring.evaluation import Evaluation
    from poseval.scoring.saved_runs import is_saved, run_of
    from poseval.scoring.score import prepare, tally

    if truth is None or is_saved(run) or isinstance(run, Evaluation):
        return run_of(run, truth, task), None
    prepared = prepare(truth, run, task)
    return tally(prepared), diagnose_if_possible(prepared.aligned, prepared.rules.name == "corrected")
