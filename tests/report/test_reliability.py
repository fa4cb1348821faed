"""The figure of reliability curves."""

from __future__ import annotations

import pytest

from poseval.metrics.calibration import Calibration
from poseval.metrics.oks_ap import OksAp
from poseval.report.plots import figure_bytes, figures
from poseval.scoring.score import evaluate
from tests.metrics.oks_people import crowded

pytest.importorskip("matplotlib")


def test_the_figure_shows_the_bins() -> None:
    given, metric = crowded(3, frames=12), Calibration(bins=4)
    evaluation = evaluate(given.truth, given.predictions, "oks", metrics=[metric])
    (curve, _) = metric.reliability(evaluation.parts[0].tallies[metric])
    figure = figures(evaluation, evaluation.report())["reliability"]
    (axes,) = figure.axes
    drawn = next(line for line in axes.get_lines() if len(line.get_xdata()) == len(curve.score) > 2)
    assert drawn.get_xdata().tolist() == (100 * curve.score).tolist()
    assert drawn.get_ydata().tolist() == (100 * curve.value).tolist()
    assert f"poses (ECE {100 * curve.off:.2f} of {curve.count.sum()})" in [
        t.get_text() for t in figure.legends[0].get_texts()
    ]
    assert figure_bytes(figure, "svg").startswith(b"<?xml")


def test_other_metrics_have_no_such_figure() -> None:
    given = crowded(3)
    evaluation = evaluate(given.truth, given.predictions, "oks", metrics=[OksAp()])
    assert "reliability" not in figures(evaluation, evaluation.report())
