"""Written by docs/type_stub.py: the public names, with `gt=` as another name of `truth=`."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import overload

from typing_extensions import Unpack

from poseval.api.compare import System
from poseval.api.estimate_sigmas import estimate_sigmas as estimate_sigmas
from poseval.benchmarks.base import Benchmark
from poseval.conversion.convert import Conversion
from poseval.conversion.folders import Conversions
from poseval.datasets import Losses
from poseval.datasets import Role
from poseval.datasets.objects.arrays import from_arrays as from_arrays
from poseval.datasets.objects.mmpose import from_mmpose as from_mmpose
from poseval.datasets.objects.movement import from_movement as from_movement
from poseval.datasets.objects.sleap import from_sleap as from_sleap
from poseval.datasets.objects.supervision import from_supervision as from_supervision
from poseval.datasets.objects.table import from_pandas as from_pandas
from poseval.datasets.objects.transformers import from_transformers as from_transformers
from poseval.datasets.objects.ultralytics import from_ultralytics as from_ultralytics
from poseval.decisions.entries import Ranked
from poseval.decisions.keeping import Saved
from poseval.decisions.leaderboard import Board
from poseval.decisions.verdict import Verdict
from poseval.diagnosis.diagnose import Diagnosis
from poseval.errors import PosevalError as PosevalError
from poseval.integrations.pose_metric import PoseMetric as PoseMetric
from poseval.limits import Limits
from poseval.models import create_model as create_model
from poseval.models import list_models as list_models
from poseval.poses import Frames as Frames
from poseval.poses import People as People
from poseval.poses import PoseSet as PoseSet
from poseval.poses.transforms import Transform
from poseval.report.plots import Figure
from poseval.results.report import Report as Report
from poseval.scoring.evaluation import Evaluation
from poseval.scoring.reading import PathOrPoses
from poseval.scoring.reading import Records
from poseval.scoring.saved_runs import Run
from poseval.scoring.score import Predictions
from poseval.scoring.task import Asked
from poseval.scoring.task import Task as Task
from poseval.skeletons import Skeleton as Skeleton
from poseval.skeletons import SkeletonLike
from poseval.skeletons import get_skeleton as get_skeleton
from poseval.statistics.comparison import Comparison
from poseval.statistics.training import Deviations
from poseval.validation.validate import Validation

__all__ = ["Frames", "People", "PoseMetric", "PoseSet", "PosevalError", "Report", "Skeleton", "Task", "__version__", "compare", "convert", "create_model", "diagnose", "estimate_sigmas", "evaluate", "explore", "from_arrays", "from_mmpose", "from_movement", "from_pandas", "from_sleap", "from_supervision", "from_transformers", "from_ultralytics", "gate", "get_skeleton", "leaderboard", "list_models", "plot", "read", "score", "validate", "write"]
__version__: str

@overload
def compare(*systems: System | Mapping[str, System], truth: PathOrPoses | None = ..., benchmark: str | Benchmark | None = ..., keys: Sequence[str] = ..., level: float | str = ..., resamples: int | None = ..., seed: int = ..., cluster: str | None = ..., seed_sd: Deviations = ..., simultaneous: bool = ..., unit: str = ..., task: Task | None = ..., **asked: Unpack[Asked]) -> Comparison: ...
@overload
def compare(*systems: System | Mapping[str, System], gt: PathOrPoses | None, benchmark: str | Benchmark | None = ..., keys: Sequence[str] = ..., level: float | str = ..., resamples: int | None = ..., seed: int = ..., cluster: str | None = ..., seed_sd: Deviations = ..., simultaneous: bool = ..., unit: str = ..., task: Task | None = ..., **asked: Unpack[Asked]) -> Comparison: ...
@overload
def convert(source: str | os.PathLike[str], target: str | os.PathLike[str], to: str, *, role: str | Role | None = ..., truth: PathOrPoses | None = ..., format: str | None = ..., skeleton: SkeletonLike | None = ..., to_skeleton: SkeletonLike | None = ..., joints: str | os.PathLike[str] | None = ..., near: bool = ..., derive: bool = ..., align_by: str | None = ..., transform: str | Transform | Sequence[str | Transform] = ..., worst: int | None = ..., images: str | os.PathLike[str] | None = ..., limits: Limits | Sequence[str] = ..., category: str | None = ..., fps: float | None = ..., force: bool = ..., progress: Callable[[int, int], None] | None = ...) -> Conversion | Conversions: ...
@overload
def convert(source: str | os.PathLike[str], target: str | os.PathLike[str], to: str, *, gt: PathOrPoses | None, role: str | Role | None = ..., format: str | None = ..., skeleton: SkeletonLike | None = ..., to_skeleton: SkeletonLike | None = ..., joints: str | os.PathLike[str] | None = ..., near: bool = ..., derive: bool = ..., align_by: str | None = ..., transform: str | Transform | Sequence[str | Transform] = ..., worst: int | None = ..., images: str | os.PathLike[str] | None = ..., limits: Limits | Sequence[str] = ..., category: str | None = ..., fps: float | None = ..., force: bool = ..., progress: Callable[[int, int], None] | None = ...) -> Conversion | Conversions: ...
@overload
def diagnose(truth: PathOrPoses, predictions: Predictions, benchmark: str | Benchmark | None = ..., *, scale: str | None = ..., worst: int = ..., task: Task | None = ..., **asked: Unpack[Asked]) -> Diagnosis: ...
@overload
def diagnose(*, gt: PathOrPoses, predictions: Predictions, benchmark: str | Benchmark | None = ..., scale: str | None = ..., worst: int = ..., task: Task | None = ..., **asked: Unpack[Asked]) -> Diagnosis: ...
@overload
def evaluate(truth: PathOrPoses, predictions: Predictions, benchmark: str | Benchmark | None = ..., *, task: Task | None = ..., executor: Executor | None = ..., shards: int = ..., stream: bool | None = ..., **asked: Unpack[Asked]) -> Evaluation: ...
@overload
def evaluate(*, gt: PathOrPoses, predictions: Predictions, benchmark: str | Benchmark | None = ..., task: Task | None = ..., executor: Executor | None = ..., shards: int = ..., stream: bool | None = ..., **asked: Unpack[Asked]) -> Evaluation: ...
@overload
def explore(truth: PathOrPoses, predictions: Predictions, out: str | os.PathLike[str], benchmark: str | Benchmark | None = ..., *, other: Predictions | None = ..., images: str | os.PathLike[str] | None = ..., unit: str = ..., force: bool = ..., progress: Callable[[int, int], None] | None = ..., task: Task | None = ..., **asked: Unpack[Asked]) -> Path: ...
@overload
def explore(*, gt: PathOrPoses, predictions: Predictions, out: str | os.PathLike[str], benchmark: str | Benchmark | None = ..., other: Predictions | None = ..., images: str | os.PathLike[str] | None = ..., unit: str = ..., force: bool = ..., progress: Callable[[int, int], None] | None = ..., task: Task | None = ..., **asked: Unpack[Asked]) -> Path: ...
@overload
def gate(run: System, baseline: Saved | Sequence[Saved], truth: PathOrPoses | None = ..., *, max_drop: Mapping[str, str | float] | Sequence[str] = ..., guard: Sequence[str] = ..., significant: bool = ..., require: str | None = ..., level: float | str = ..., resamples: int | None = ..., seed: int = ..., cluster: str | None = ..., seed_sd: Deviations = ..., unit: str = ..., ledger: str | os.PathLike[str] | None = ..., update_baseline: bool = ..., accept: str | None = ..., benchmark: str | Benchmark | None = ..., task: Task | None = ..., **asked: Unpack[Asked]) -> Verdict: ...
@overload
def gate(run: System, baseline: Saved | Sequence[Saved], *, gt: PathOrPoses | None, max_drop: Mapping[str, str | float] | Sequence[str] = ..., guard: Sequence[str] = ..., significant: bool = ..., require: str | None = ..., level: float | str = ..., resamples: int | None = ..., seed: int = ..., cluster: str | None = ..., seed_sd: Deviations = ..., unit: str = ..., ledger: str | os.PathLike[str] | None = ..., update_baseline: bool = ..., accept: str | None = ..., benchmark: str | Benchmark | None = ..., task: Task | None = ..., **asked: Unpack[Asked]) -> Verdict: ...
@overload
def leaderboard(runs: Iterable[Ranked] | Mapping[str, Ranked], truth: PathOrPoses | None = ..., benchmark: str | Benchmark | None = ..., *, sort: str | None = ..., columns: Sequence[str] = ..., facts: Sequence[str] = ..., best_per_team: bool = ..., team: str = ..., level: float | str = ..., unit: str = ..., task: Task | None = ..., **asked: Unpack[Asked]) -> Board: ...
@overload
def leaderboard(runs: Iterable[Ranked] | Mapping[str, Ranked], *, gt: PathOrPoses | None, benchmark: str | Benchmark | None = ..., sort: str | None = ..., columns: Sequence[str] = ..., facts: Sequence[str] = ..., best_per_team: bool = ..., team: str = ..., level: float | str = ..., unit: str = ..., task: Task | None = ..., **asked: Unpack[Asked]) -> Board: ...
@overload
def plot(run: Run | Sequence[Run] | Mapping[str, Run], truth: PathOrPoses | None = ..., benchmark: str | Benchmark | None = ..., *, unit: str = ..., task: Task | None = ..., **asked: Unpack[Asked]) -> dict[str, Figure]: ...
@overload
def plot(run: Run | Sequence[Run] | Mapping[str, Run], *, gt: PathOrPoses | None, benchmark: str | Benchmark | None = ..., unit: str = ..., task: Task | None = ..., **asked: Unpack[Asked]) -> dict[str, Figure]: ...
@overload
def read(path: PathOrPoses, *, role: str | Role = ..., truth: PathOrPoses | None = ..., format: str | None = ..., skeleton: SkeletonLike | None = ..., rules: str = ..., optional: Iterable[str] = ..., limits: Limits | Sequence[str] = ..., category: str | None = ...) -> PoseSet: ...
@overload
def read(path: PathOrPoses, *, gt: PathOrPoses | None, role: str | Role = ..., format: str | None = ..., skeleton: SkeletonLike | None = ..., rules: str = ..., optional: Iterable[str] = ..., limits: Limits | Sequence[str] = ..., category: str | None = ...) -> PoseSet: ...
@overload
def score(truth: PathOrPoses, predictions: Predictions, benchmark: str | Benchmark | None = ..., *, task: Task | None = ..., executor: Executor | None = ..., shards: int = ..., stream: bool | None = ..., **asked: Unpack[Asked]) -> Report: ...
@overload
def score(*, gt: PathOrPoses, predictions: Predictions, benchmark: str | Benchmark | None = ..., task: Task | None = ..., executor: Executor | None = ..., shards: int = ..., stream: bool | None = ..., **asked: Unpack[Asked]) -> Report: ...
@overload
def validate(path: str | os.PathLike[str] | Records, *, truth: PathOrPoses | None = ..., benchmark: str | Benchmark | None = ..., role: str | Role | None = ..., task: Task | None = ..., **asked: Unpack[Asked]) -> Validation: ...
@overload
def validate(path: str | os.PathLike[str] | Records, *, gt: PathOrPoses | None, benchmark: str | Benchmark | None = ..., role: str | Role | None = ..., task: Task | None = ..., **asked: Unpack[Asked]) -> Validation: ...
@overload
def write(poses: PoseSet, path: str | os.PathLike[str], format: str, *, role: str | Role = ..., force: bool = ..., truth: PathOrPoses | None = ...) -> Losses: ...
@overload
def write(poses: PoseSet, path: str | os.PathLike[str], format: str, *, gt: PathOrPoses | None, role: str | Role = ..., force: bool = ...) -> Losses: ...
