"""Which way each statistic is better, between which bounds it lies, and in what unit: a table of exceptions.

What is not named is a fraction from 0 to 1 that is better higher, and that leaving out units shows.
"""

from __future__ import annotations

import math

import pytest

from poseval import metrics
from poseval.metrics.base import Metric
from poseval.results.values import Direction
from tests.properties.test_variants import VARIANTS, world_of

LOWER = {
    "calibration": {"ECE", "joint_ECE", "OKS", "joint_OKS", "score", "joint_score"},
    "clear_mot": {"ML", "false_positives", "fragmentations", "misses", "switches"},
    "epe": {"EPE", "EPE_p1", "EPE_p50", "EPE_p90", "EPE_p100"},
    "nme": {"NME", "NME_median", "NME_std", "NME_trimmed", "FR@0.05", "FR@0.08", "FR@0.1"},
    "oks_lrp": {"LRP", "oLRP", "oLRP_loc", "oLRP_FP", "oLRP_FN", "threshold"},
    "ospa": {"OSPA", "OSPA_loc", "OSPA_card"},
    "ospa2": {"OSPA2", "OSPA2_loc", "OSPA2_card"},
}
BOUNDS = {
    **{("epe", name): (0.0, math.inf) for name in LOWER["epe"]},
    **{("nme", name): (0.0, math.inf) for name in ("NME", "NME_median", "NME_std", "NME_trimmed")},
    **{("clear_mot", name): (-math.inf, 1.0) for name in ("MOTA", "MOTP")},
}
PIXELS = {("epe", name) for name in LOWER["epe"]}
COUNTS = {
    "clear_mot": {
        *("objects", "misses", "false_positives", "switches", "fragmentations", "detections"),
        *("tracks", "MT", "PT", "ML"),
    },
    "identity": {"IDTP"},
    "joint_ap": {"true_positives", "predicted", "labelled"},
}
JUMPING = {
    *(("calibration", name) for name in ("ECE", "joint_ECE")),
    *(("oks_lrp", name) for name in ("oLRP_loc", "oLRP_FP", "oLRP_FN")),
    ("nme", "NME_median"),
}


@pytest.mark.parametrize("metric", [*metrics.registered(), *VARIANTS], ids=str)
def test_every_number_is_as_the_table_says(metric: Metric) -> None:
    found = metric.reduce(metric.tally(world_of(metric, 3).aligned()))
    assert len(found) > 0
    for row in found:
        number, name = metric.number(row), (metric.name, row.statistic)
        counted = row.statistic in COUNTS.get(metric.name, ())
        lower = row.statistic in LOWER.get(metric.name, ())
        assert number.better is (Direction.LOWER if lower else Direction.HIGHER), name
        assert number.bounds == ((0.0, math.inf) if counted else BOUNDS.get(name, (0.0, 1.0))), name
        unit = "count" if counted else "pixels" if name in PIXELS else "share"
        assert number.unit.value == unit, name
        assert number.smooth == (name not in JUMPING), name
        assert (number.value, number.n) == (pytest.approx(row.value, nan_ok=True), row.n)
        assert (number.statistic, number.joint, number.slice) == (row.statistic, row.joint, row.slice)
