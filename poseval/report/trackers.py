"""A report in an experiment tracker: numbers as scalars, the page and the figures as artefacts.

The object that is logged to says which tracker it is, by the package that its class comes from. A tracker is
one function and one row of `TRACKERS`. Nothing of these packages is imported unless an object of theirs is
given.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from poseval.errors import UsageError, wrong_type
from poseval.files.writing import make_folder, write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from poseval.results.report import Report


@dataclass(frozen=True)
class Record:
    """What of a report goes into a tracker."""

    prefix: str
    step: int | None
    scalars: Mapping[str, float]  # by prefix/key; undefined numbers are left out
    signature: str
    page: str  # HTML; empty without pages
    figures: Mapping[str, Figure]  # by prefix/name

    @property
    def stem(self) -> str:
        """Name of the page without its ending: those of several steps stand side by side."""
        return f"{self.prefix}/report" + ("" if self.step is None else f"_{self.step}")


def to_mlflow(target: Any, record: Record) -> None:
    """`mlflow` itself, for its active run, or a run."""
    import mlflow

    run = (mlflow.active_run() or mlflow.start_run()) if isinstance(target, ModuleType) else target
    to_mlflow_run(mlflow.MlflowClient(), run.info.run_id, record)


def to_mlflow_run(client: Any, run: str, record: Record) -> None:
    """A run of MLflow by its id. Its names of numbers have no `@`."""
    for name, value in record.scalars.items():
        client.log_metric(run, re.sub(r"[^\w\-./ :]", "_", name), value, step=record.step or 0)
    client.set_tag(run, f"{record.prefix}.signature", record.signature)
    if record.page:
        client.log_text(run, record.page, f"{record.stem}.html")
    for name, figure in record.figures.items():
        client.log_figure(run, figure, f"{name}.png")


def to_wandb(target: Any, record: Record) -> None:
    """`wandb` itself, for its active run, or a run; all in one step of its history."""
    import wandb

    shown: dict[str, Any] = dict(record.scalars)
    if record.page:
        shown[f"{record.prefix}/report"] = wandb.Html(record.page, inject=False)
    shown |= {name: wandb.Image(_picture(figure)) for name, figure in record.figures.items()}
    target.log(shown, step=record.step)
    run = wandb.run if isinstance(target, ModuleType) else target
    run.summary[f"{record.prefix}/signature"] = record.signature


def to_tensorboard(target: Any, record: Record) -> None:
    """A `SummaryWriter` of PyTorch or tensorboardX. TensorBoard shows no pages: it lies beside the events."""
    for name, value in record.scalars.items():
        target.add_scalar(name, value, record.step)
    target.add_text(f"{record.prefix}/signature", f"`{record.signature}`", record.step)
    for name, figure in record.figures.items():
        target.add_figure(name, figure, record.step)
    if record.page:
        path = Path(target.log_dir if hasattr(target, "log_dir") else target.logdir) / f"{record.stem}.html"
        make_folder(path.parent)
        write_atomically(path, record.page.encode(), force=True)
    target.flush()


def to_aim(target: Any, record: Record) -> None:
    """A `Run` of Aim. Its user interface shows texts, so that the page is one."""
    import aim

    for name, value in record.scalars.items():
        target.track(value, name=name, step=record.step)
    target[f"{record.prefix}_signature"] = record.signature
    for name, figure in record.figures.items():
        target.track(aim.Image(_picture(figure)), name=name, step=record.step)
    if record.page:
        target.track(aim.Text(record.page), name=f"{record.prefix}/report.html", step=record.step)


def to_lightning(target: Any, record: Record) -> None:
    """A logger of Lightning, by the tracker behind it."""
    experiment = target.experiment
    if type(experiment).__name__ == "MlflowClient":
        to_mlflow_run(experiment, target.run_id, record)
    else:
        _tracker_of(experiment)(experiment, record)


# package -> how it takes a report
TRACKERS: dict[str, Callable[[Any, Record], None]] = {
    "mlflow": to_mlflow,
    "wandb": to_wandb,
    "torch": to_tensorboard,
    "tensorboardX": to_tensorboard,
    "aim": to_aim,
    "lightning": to_lightning,
    "pytorch_lightning": to_lightning,
}
# What an object of the package needs to have.
CALLED = {
    "mlflow": ("info", "active_run"),
    "wandb": ("log",),
    "torch": ("add_scalar",),
    "tensorboardX": ("add_scalar",),
    "aim": ("track",),
    "lightning": ("experiment",),
    "pytorch_lightning": ("experiment",),
}
WANTED = "mlflow or a run of it, wandb or a run of it, a SummaryWriter, an aim.Run, or a logger of Lightning"


def log(report: Report, trackers: tuple[Any, ...], step: int | None, prefix: str, pages: bool) -> None:
    """Log a report to each of the trackers.

    Raises:
        UsageError: P101 another object, or a step or prefix of another type, P863 pages of a report that was
            read.
    """
    if step is not None and (isinstance(step, bool) or not hasattr(step, "__index__")):
        raise wrong_type("step", step, "a whole number")
    if not isinstance(prefix, str):
        raise wrong_type("prefix", prefix, "a text")
    chosen = [(_tracker_of(one), one) for one in trackers]
    if not chosen:
        raise UsageError("P101", where="tracker", what="is missing", wanted=WANTED)
    page, figures = _drawn(report) if pages else ("", {})
    record = Record(
        prefix,
        None if step is None else int(step),
        {f"{prefix}/{key}": value for key, value in report.summary.items() if math.isfinite(value)},
        str(report.signature),
        page,
        {f"{prefix}/{name}": figure for name, figure in figures.items()},
    )
    for to, one in chosen:
        to(one, record)


def several(given: Any) -> tuple[Any, ...]:
    """One tracker or several, as a tuple.

    Raises:
        UsageError: P101 an object that is none.
    """
    listed = tuple(given) if isinstance(given, (list, tuple)) else (given,)
    for one in listed:
        _tracker_of(one)
    return listed


def _tracker_of(target: Any) -> Callable[[Any, Record], None]:
    if isinstance(target, ModuleType):
        packages = [target.__name__]
    else:
        packages = [kind.__module__.partition(".")[0] for kind in type(target).__mro__]
    for package in packages:
        if package in TRACKERS and any(hasattr(target, name) for name in CALLED[package]):
            return TRACKERS[package]
    raise wrong_type("tracker", target, WANTED)


def _picture(figure: Figure) -> Any:
    """A figure as trackers take it that would ask pyplot, which holds none of ours."""
    from PIL import Image

    from poseval.report.plots import figure_bytes

    return Image.open(io.BytesIO(figure_bytes(figure, "png")))


def _drawn(report: Report) -> tuple[str, Mapping[str, Figure]]:
    """The page and the figures of a run that is still there."""
    from poseval.diagnosis.diagnose import diagnose_if_possible
    from poseval.report.html import to_html
    from poseval.report.notebook import behind_of
    from poseval.report.plots import figures

    hint = "log the numbers alone with pages=False, or score again"
    evaluation, aligned = behind_of(report.behind, hint)
    found = diagnose_if_possible(aligned, report.rules == "corrected")
    return to_html(report, evaluation, found, aligned), figures(evaluation, report, found)
