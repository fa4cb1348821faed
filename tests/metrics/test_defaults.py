"""What a metric without parameters means: its name in a report stands for these."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from poseval import metrics
from poseval.metrics.base import Metric, Need
from poseval.metrics.oks_scene import SceneRules

RANGES = ("all:0:1e10", "medium:1024:9216", "large:9216:1e10")
THRESHOLDS = tuple(pytest.approx(0.5 + 0.05 * place) for place in range(10))
TRACKING = {"per_joint": False, "sigma": 0.0}
PCK = {"curve_to": 0.0, "curve_step": 0.01, "leave_out": (), "head": (), "called": (), "between": ()}
# metric -> the numbers, flags and names that it takes where nothing is asked for
DEFAULTS: dict[str, dict[str, Any]] = {
    "auc": {"norm": "pixels", "limit": 30.0, "steps": 20, "per_joint": False},
    "calibration": {"bins": 10, "match": 0.1, "max_dets": 20, "sigma": 0.0},
    "clear_mot": {"at": 0.5, "last_frame": True, "dummies": False, **TRACKING},
    "epe": {"percentiles": (), "per_joint": False},
    "ex_oks": {
        "thresholds": THRESHOLDS,
        "ranges": RANGES,
        "max_dets": 20,
        "confidence": 0.5,
        "padding": 1.25,
        "published": True,
    },
    "hota": TRACKING,
    "identity": {"at": 0.5, **TRACKING},
    "joint_ap": {"at": 0.5, "per_joint": False},
    "nme": {"by": "auto", "at": (0.1,), "bins": (), "per_joint": False},
    "oks_ap": {
        "thresholds": THRESHOLDS,
        "ranges": RANGES,
        "max_dets": 20,
        "drop_zero_confidence": False,
        "id_zero": False,
        "only_20": False,
        "single_precision": False,
        "per_joint": False,
        "sigma": 0.0,
    },
    "oks_lrp": {"tau": 0.5, "score": 0.0, "max_dets": 20, "sigma": 0.0},
    "ospa": {"cutoff": 1.0, "order": 1.0, "sigma": 0.0},
    "ospa2": {"cutoff": 1.0, "order": 1.0, "sigma": 0.0},
    "pck": {"norm": "head", "at": (0.5,), "per_joint": False, **PCK},
    "pcp": {"at": 0.5, "per_joint": False},
    "pdj": {"norm": "torso", "at": (0.1, 0.2, 0.3, 0.4, 0.5), "per_joint": False, **PCK},
    "presence": {},
    "reid_hota": {"per_joint": False},
}
OKS = {Need.SCORES, Need.AREA, Need.SIGMAS}
NEEDS = {
    **{name: {Need.ALONE} for name in ("auc", "epe", "nme", "pcp", "pdj", "presence")},
    **dict.fromkeys(("calibration", "oks_ap", "oks_lrp"), OKS),
    "ex_oks": OKS | {Need.BOXES},
    "joint_ap": {Need.HEADS},
    "reid_hota": {Need.HEADS},
}
KNOWN = {metric.name: metric for metric in metrics.registered()}


@pytest.mark.parametrize("name", KNOWN)
def test_parameters_that_are_not_given(name: str) -> None:
    metric = type(KNOWN[name])()
    plain = (int, float, str, tuple)
    found = {
        field.name: getattr(metric, field.name)
        for field in fields(metric)
        if isinstance(field.default, plain) and not hasattr(field.default, "value")
    }
    assert found == DEFAULTS[name]
    assert metrics.parse(name if name not in ("auc", "pck") else str(metric)) == metric


@pytest.mark.parametrize("name", NEEDS)
def test_what_a_metric_needs_where_nothing_is_asked_for(name: str) -> None:
    needs = type(KNOWN[name])().needs
    assert needs - {Need.TRACKS} == NEEDS[name]


def those(attribute: str) -> set[str]:
    return {name for name, metric in KNOWN.items() if getattr(metric, attribute)}


def test_facts_of_metrics() -> None:
    """Which are other measures by a parameter, jump, know who is outside of a group, and only add rows."""
    assert those("ignores_outside") == {"calibration", "oks_ap", "oks_lrp"}
    tracking = ("clear_mot", "hota", "identity", "ospa", "ospa2")
    measures = {name: metric.measure for name, metric in KNOWN.items() if metric.measure}
    assert measures == {name: {"similarity"} for name in tracking}
    jumping = {name: metric.jumping for name, metric in KNOWN.items() if metric.jumping}
    assert jumping == {
        "calibration": {"ECE", "joint_ECE"},
        "nme": {"NME_median"},
        "oks_lrp": {"oLRP_FN", "oLRP_FP", "oLRP_loc"},
    }
    assert Metric.additions == {"per_joint"}
    assert not Metric.ignores_outside


def test_rules_of_scenes_leave_nobody_out_by_themselves() -> None:
    rules = SceneRules()
    assert (rules.drop_zero_confidence, rules.id_zero, rules.sigma) == (False, False, 0.0)
