"""A report in experiment trackers, each the real library where it is installed, and read back from it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import poseval
from poseval.errors import UsageError
from poseval.report import trackers
from poseval.synth import perturb, scene_set

TRUTH = scene_set(seed=2, images=6, people=2)
HEADS = scene_set(seed=2, images=6, people=1, skeleton="mpii16")


@pytest.fixture(scope="module")
def report() -> poseval.Report:
    return poseval.score(TRUTH, perturb(TRUTH, 2, jitter=0.5), "coco-keypoints")


def defined(report: poseval.Report) -> dict[str, float]:
    return {key: value for key, value in report.summary.items() if math.isfinite(value)}


@pytest.fixture
def mlflow(tmp_path: Path) -> Iterator[Any]:
    package = pytest.importorskip("mlflow", reason="needs mlflow: in an environment of its own")
    package.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    package.set_experiment(experiment_id=package.create_experiment("tried", f"file://{tmp_path}/files"))
    yield package
    package.end_run()


def test_mlflow_holds_numbers_page_and_figures(report: poseval.Report, mlflow: Any, tmp_path: Path) -> None:
    with mlflow.start_run() as run:
        report.log_to(mlflow, step=3)
    kept = mlflow.get_run(run.info.run_id)
    assert kept.data.metrics == {f"poseval/{key}": value for key, value in defined(report).items()}
    assert kept.data.tags["poseval.signature"] == str(report.signature)
    history = mlflow.MlflowClient().get_metric_history(run.info.run_id, "poseval/AP")
    assert [one.step for one in history] == [3]
    page = mlflow.artifacts.load_text(f"{kept.info.artifact_uri}/poseval/report_3.html")
    assert page.startswith("<!doctype html>")
    names = [one.path for one in mlflow.MlflowClient().list_artifacts(run.info.run_id, "poseval")]
    assert "poseval/precision_recall.png" in names
    report.log_to(run, step=4, pages=False)  # a run that ended, by its object
    assert len(mlflow.MlflowClient().get_metric_history(run.info.run_id, "poseval/AP")) == 2


def test_mlflow_takes_names_that_it_has_no_sign_for(mlflow: Any) -> None:
    with mlflow.start_run() as run:
        pck = poseval.score(
            HEADS, perturb(HEADS, 2, jitter=0.5, missed_people=0, false_positives=0, duplicates=0), "mpii-val"
        )
        pck.log_to(mlflow, pages=False)
    kept = mlflow.get_run(run.info.run_id).data.metrics
    assert any("@" in key for key in pck.summary)
    assert len(kept) == len(defined(pck)) > 3


def test_wandb_offline_holds_numbers_page_and_figures(
    report: poseval.Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wandb = pytest.importorskip("wandb", reason="needs wandb: in an environment of its own")
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.chdir(tmp_path)  # it makes a folder of its name, which Python would import elsewhere
    run = wandb.init(mode="offline", dir=tmp_path, project="tried")
    report.log_to(run, step=3)
    report.log_to(wandb, step=4, pages=False)  # whose step ends the one before
    found = dict(run.summary)
    run.finish()
    for key, value in defined(report).items():
        assert found[f"poseval/{key}"] == value
    assert found["poseval/signature"] == str(report.signature)
    assert list(Path(run.dir).rglob("media/html/poseval/*.html"))
    assert list(Path(run.dir).rglob("media/images/poseval/precision_recall*.png"))


@pytest.mark.parametrize("package", ["torch.utils.tensorboard", "tensorboardX"])
def test_tensorboard_holds_numbers_page_and_figures(
    report: poseval.Report, package: str, tmp_path: Path
) -> None:
    pytest.importorskip("tensorboard", reason="needs tensorboard: in an environment of its own")
    kind = pytest.importorskip(package, reason=f"needs {package}").SummaryWriter
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    writer = kind(str(tmp_path))
    report.log_to(writer, step=3)
    writer.close()
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    for key, value in defined(report).items():
        (one,) = events.Scalars(f"poseval/{key}")
        assert (one.step, one.value) == (3, pytest.approx(value, rel=1e-6))  # which are stored as floats
    assert "poseval/precision_recall" in events.Tags()["images"]
    assert "poseval/signature/text_summary" in events.Tags()["tensors"]
    assert (tmp_path / "poseval" / "report_3.html").read_text("utf-8").startswith("<!doctype html>")


def test_aim_holds_numbers_page_and_figures(report: poseval.Report, tmp_path: Path) -> None:
    aim = pytest.importorskip("aim", reason="needs aim: in an environment of its own")
    run = aim.Run(repo=str(tmp_path), system_tracking_interval=None, capture_terminal_logs=False)
    report.log_to(run, step=3)
    from aim.storage.context import Context

    found = {metric.name: metric.values.values_list() for metric in run.metrics()}
    for key, value in defined(report).items():
        assert found[f"poseval/{key}"] == [value]
    page = run.get_text_sequence("poseval/report.html", Context({})).values.last()
    assert page[0] == 3
    assert page[1].data.startswith("<!doctype html>")
    assert run.get_image_sequence("poseval/precision_recall", Context({})).values.last()[0] == 3
    assert run["poseval_signature"] == str(report.signature)
    run.close()


class Writer:
    """A writer of a program's own, of a package that is in the table."""

    __module__ = "tensorboardX.writer"

    def __init__(self, folder: Path) -> None:
        self.logdir = str(folder)
        self.scalars: list[tuple[str, float, int | None]] = []
        self.figures: list[str] = []

    def add_scalar(self, name: str, value: float, step: int | None) -> None:
        self.scalars.append((name, value, step))

    def add_figure(self, name: str, figure: Any, step: int | None) -> None:
        self.figures.append(name)

    def add_text(self, name: str, text: str, step: int | None) -> None: ...

    def flush(self) -> None: ...


def test_each_tracker_gets_all_defined_numbers(report: poseval.Report, tmp_path: Path) -> None:
    first, second = Writer(tmp_path / "a"), Writer(tmp_path / "b")
    report.log_to(first, second, step=7, prefix="val")
    assert first.scalars == second.scalars
    assert first.scalars == [(f"val/{key}", value, 7) for key, value in defined(report).items()]
    assert "val/precision_recall" in first.figures
    assert "AP" in (tmp_path / "b" / "val" / "report_7.html").read_text("utf-8")


def test_what_is_no_tracker_is_refused_before_anything_is_logged(
    report: poseval.Report, tmp_path: Path
) -> None:
    writer = Writer(tmp_path)
    for wrong in (None, "mlflow", math, object()):
        with pytest.raises(UsageError, match="SummaryWriter") as caught:
            report.log_to(writer, wrong)
        assert caught.value.code == "P101"
    for asked in ({"step": 1.5}, {"step": True}, {"prefix": 3}):
        with pytest.raises(UsageError, match="P101"):
            report.log_to(writer, **asked)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="P101"):
        report.log_to()
    assert not writer.scalars


def test_a_report_that_was_read_has_numbers_alone(report: poseval.Report, tmp_path: Path) -> None:
    again, writer = poseval.Report.from_json(report.to_json()), Writer(tmp_path)
    with pytest.raises(UsageError, match="pages=False") as caught:
        again.log_to(writer)
    assert caught.value.code == "P863"
    assert not writer.scalars
    again.log_to(writer, pages=False)
    assert len(writer.scalars) == len(defined(report))


def test_one_tracker_stands_for_a_list_of_one(tmp_path: Path) -> None:
    writer = Writer(tmp_path)
    assert trackers.several(writer) == trackers.several([writer]) == (writer,)
    assert trackers.several(()) == ()


def test_the_table_is_whole() -> None:
    assert trackers.TRACKERS.keys() == trackers.CALLED.keys()
