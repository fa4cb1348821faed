"""Several systems in one figure."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import poseval
from poseval.cli import invoke
from poseval.errors import MismatchError, UsageError
from poseval.poses import PoseSet
from poseval.report.overlays import overlaid
from poseval.report.slice_plot import slice_figures
from poseval.scoring import saved_runs
from poseval.scoring.evaluation import Evaluation
from poseval.scoring.score import evaluate
from poseval.statistics.intervals import intervals
from tests.metrics.oks_people import crowded

pytest.importorskip("matplotlib")
METRICS = ("oks_ap", "calibration")


def runs(*, per_joint: bool = True) -> dict[str, Evaluation]:
    given = crowded(4, frames=14)
    worse = given.predictions.people.with_columns(xy=given.predictions.people.xy + 3.0)
    other = PoseSet(given.predictions.skeleton, given.predictions.frames, worse)
    return {
        name: evaluate(given.truth, poses, "oks", metrics=METRICS, per_joint=per_joint)
        for name, poses in (("first", given.predictions), ("wor$e", other))
    }


def test_every_figure_has_both_systems() -> None:
    given = runs()
    figures = overlaid(given)
    assert {
        "summary",
        "AP_over_threshold",
        "precision_recall",
        "AP_per_joint",
        "reliability",
    } <= figures.keys()
    for name, figure in figures.items():
        legend = figure.axes[0].get_legend() or figure.legends[0]
        texts = [text.get_text() for text in legend.get_texts()]
        assert any(text.startswith("first") for text in texts), name
        assert any(text.startswith(r"wor\$e") for text in texts), name


def test_curves_are_those_of_the_reports() -> None:
    given = runs()
    figures = overlaid(given)
    for line, run in zip(figures["AP_over_threshold"].axes[0].get_lines(), given.values(), strict=True):
        rows = [
            r
            for r in run.report().values
            if r.statistic == "AP" and not np.isnan(r.threshold) and not r.joint
        ]
        wanted = [100 * row.value for row in sorted(rows, key=lambda row: row.threshold)]
        assert list(line.get_ydata()) == wanted
    assert len(figures["precision_recall"].axes[0].get_lines()) == 2 * len(given)
    marks = figures["AP_per_joint"].axes[0].get_lines()
    for line, run in zip(marks, given.values(), strict=True):
        joints = [100 * r.value for r in run.report().values if r.statistic == "AP" and r.joint]
        assert list(line.get_xdata()) == joints


def test_figures_have_the_unit_of_the_text() -> None:
    given = runs()
    run = next(iter(given.values()))
    for unit, scale, told in (("percent", 100.0, "in percent"), ("fraction", 1.0, "in fractions of 1")):
        for name, figure in (poseval.plot(given, unit=unit) | poseval.plot(run, unit=unit)).items():
            axes = figure.axes[-1]
            assert told in axes.get_xlabel() + axes.get_ylabel(), name
            highest = max(axes.get_xlim()[1], axes.get_ylim()[1]) if unit == "fraction" else scale
            assert highest <= 1.2 * scale or "per_joint" in name or name == "summary", name
    with pytest.raises(UsageError):
        poseval.plot(run, unit="per mille")


def test_no_mark_hides_another_and_no_legend_lies_over_them() -> None:
    one = next(iter(runs().values()))
    figures = overlaid({"first": one, "same": one})
    for name in ("summary", "AP_per_joint"):
        first, second = (set(line.get_ydata()) for line in figures[name].axes[0].get_lines()[:2])
        assert first.isdisjoint(second), name
    for name, figure in figures.items():
        figure.canvas.draw()
        box = figure.legends[0].get_window_extent()
        assert not any(box.overlaps(axes.get_window_extent()) for axes in figure.axes), name


def test_a_summary_has_the_intervals_of_its_runs() -> None:
    one = next(iter(runs().values()))
    found = intervals(one)
    (line, *_) = overlaid({"a": replace(one, intervals=found)})["summary"].axes[0].get_lines()[1:]
    assert list(line.get_xdata()) == [100 * found["AP"].low, 100 * found["AP"].high]


def test_slices_are_drawn_with_their_intervals() -> None:
    given = crowded(4, frames=14)
    run = evaluate(given.truth, given.predictions, "oks", slices=["size"])
    (figure,) = slice_figures({"": run}).values()
    lines = figure.axes[0].get_lines()
    report = run.report()
    wanted = [100 * report.summary[f"size={name}/AP"] for name in ("small", "medium", "large")]
    assert list(lines[0].get_xdata()) == wanted
    found = intervals(run)["size=large/AP"]
    assert [100 * found.low, 100 * found.high] in [list(line.get_xdata()) for line in lines]
    assert slice_figures(runs()) == {}
    both = slice_figures({"a": run, "b": run})
    assert list(both) == ["slice_size"]


def test_python_draws_several_runs() -> None:
    figures = poseval.plot(runs())
    assert "summary" in figures
    assert poseval.plot(list(runs().values())).keys() == figures.keys()


def test_runs_of_other_ground_truth_are_refused() -> None:
    other = crowded(5, frames=14)
    with pytest.raises(MismatchError) as caught:
        poseval.plot({**runs(), "b": evaluate(other.truth, other.predictions, "oks", metrics=METRICS)})
    assert caught.value.code == "P420"


def test_more_runs_than_colours_are_refused() -> None:
    one = next(iter(runs().values()))
    with pytest.raises(UsageError) as caught:
        poseval.plot({str(index): one for index in range(9)})
    assert caught.value.code == "P834"


def test_the_command_draws_several_saved_runs(tmp_path: Path) -> None:
    paths = []
    for name, run in runs(per_joint=False).items():
        paths.append(str(tmp_path / f"{name}.poseval"))
        saved_runs.save(run, paths[-1])
    assert invoke(["plot", *paths, "--out", str(tmp_path / "figures"), "-q"]) == 0
    assert (tmp_path / "figures" / "summary.png").read_bytes().startswith(b"\x89PNG")
