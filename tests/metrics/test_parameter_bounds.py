"""The bounds of each metric's numbers, from both sides: the last that is taken and the first that is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from poseval.errors import UsageError
from poseval.metrics import parse
from poseval.metrics.base import Metric
from poseval.metrics.calibration import Calibration
from poseval.metrics.epe import Auc, Epe
from poseval.metrics.joint_ap import JointAp
from poseval.metrics.nme import Nme
from poseval.metrics.oks_ap import OksAp
from poseval.metrics.oks_lrp import OksLrp
from poseval.metrics.ospa import Ospa
from poseval.metrics.ospa_tracks import Ospa2
from poseval.metrics.parameters import read_parameter
from poseval.metrics.pck import Pck
from poseval.metrics.pcp import Pcp

MANY = tuple(np.linspace(0, 1, 1000).tolist())
BOUNDS: list[tuple[type[Metric], str, Any, Any]] = [
    (Calibration, "bins", 1, 0),
    (Calibration, "bins", 1000, 1001),
    (Calibration, "match", 1e-9, 0.0),
    (Calibration, "match", 1.0, 1.001),
    (Calibration, "max_dets", 1, 0),
    (Calibration, "sigma", 0.0, -0.001),
    (Epe, "percentiles", (1e-9,), (0.0,)),
    (Epe, "percentiles", (50.0, 100.0), (50.0, 100.001)),
    (Auc, "limit", 1e-9, 0.0),
    (Auc, "steps", 1, 0),
    (Auc, "steps", 1000, 1001),
    (JointAp, "at", 1e-9, 0.0),
    (Nme, "at", (1e-9,), (0.0,)),
    (Nme, "at", (0.1, 10.0), (0.1, 10.001)),
    (Nme, "bins", (1e-9, 30.0), (0.0, 30.0)),
    (Nme, "bins", (30.0, 30.001), (30.0, 30.0)),
    (OksAp, "thresholds", (0.001, 1.0), (0.0, 1.0)),
    (OksAp, "thresholds", (1.0,), (1.001,)),
    (OksAp, "thresholds", MANY[1:65], MANY[1:66]),
    (OksAp, "max_dets", 1, 0),
    (OksAp, "sigma", 0.0, -0.001),
    (OksLrp, "tau", 1e-9, 0.0),
    (OksLrp, "tau", 0.999, 1.0),
    (OksLrp, "score", 0.0, -0.001),
    (OksLrp, "score", 1.0, 1.001),
    (OksLrp, "max_dets", 1, 0),
    (OksLrp, "sigma", 0.0, -0.001),
    (Ospa, "cutoff", 1e-9, 0.0),
    (Ospa, "cutoff", 1.0, 1.001),
    (Ospa, "order", 1.0, 0.999),
    (Ospa2, "order", 100.0, 100.001),
    (Pck, "at", (0.0,), (-0.001,)),
    (Pck, "at", (0.5,), ()),
    (Pck, "at", MANY, (*MANY, 1.0)),
    (Pck, "curve_to", 0.0, -0.001),
    (Pck, "curve_step", 1e-9, 0.0),
    (Pcp, "at", 0.0, -0.001),
]


@pytest.mark.parametrize(("metric", "parameter", "taken", "refused"), BOUNDS)
def test_a_bound_belongs_to_what_is_taken(
    metric: type[Metric], parameter: str, taken: object, refused: object
) -> None:
    assert getattr(metric(**{parameter: taken}), parameter) == taken
    with pytest.raises(UsageError) as caught:
        metric(**{parameter: refused})
    assert caught.value.code == "P122"
    assert caught.value.fault.where == f"metric {metric.name}: {parameter}"


@pytest.mark.parametrize(
    ("last", "step", "fits"), [(1.0, 0.001, True), (1.001, 0.001, False), (0.5, 0.001, True)]
)
def test_a_curve_has_a_thousand_points_at_most(last: float, step: float, fits: bool) -> None:
    if fits:
        assert Pck(curve_to=last, curve_step=step).curve_to == last
        return
    with pytest.raises(UsageError) as caught:
        Pck(curve_to=last, curve_step=step)
    assert caught.value.fault.where == "metric pck: curve_step"


def test_as_many_names_as_thresholds_or_none() -> None:
    assert Pck(at=(0.1, 0.2), called=(1.0, 2.0)).called == (1.0, 2.0)
    for called in ((1.0,), (1.0, 2.0, 3.0)):
        with pytest.raises(UsageError) as caught:
            Pck(at=(0.1, 0.2), called=called)
        assert caught.value.fault.where == "metric pck: called"


@pytest.mark.parametrize("between", [("left_hip",), ("left_hip", "right_hip", "nose")])
def test_a_length_lies_between_two_joints(between: tuple[str, ...]) -> None:
    for norm in ("joints", "head"):
        with pytest.raises(UsageError) as caught:
            Pck(norm=norm, between=between)
        assert caught.value.fault.where == "metric pck: between"
    assert Pck(norm="joints", between=("left_hip", "right_hip")).between == ("left_hip", "right_hip")


@pytest.mark.parametrize(
    ("default", "taken", "refused"),
    [
        (0.5, "1e12", "1.000001e12"),
        (0.5, "-1e12", "-1.000001e12"),
        (20, "1000000", "1000001"),
        (20, "-1000000", "-1000001"),
    ],
)
def test_numbers_that_are_written_as_text_have_an_end(default: float, taken: str, refused: str) -> None:
    assert read_parameter(taken, default, "metric toy: x") == float(taken)
    with pytest.raises(UsageError) as caught:
        read_parameter(refused, default, "metric toy: x")
    assert caught.value.code == "P122"


def test_a_metric_is_written_in_4096_characters_at_most() -> None:
    assert parse("presence".ljust(4096)).name == "presence"
    with pytest.raises(UsageError) as caught:
        parse("presence".ljust(4097))
    assert caught.value.code == "P123"
