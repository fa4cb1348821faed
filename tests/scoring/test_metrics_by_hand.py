"""Metrics that are asked for by name take the parameters of the rule set, unless they are given."""

from __future__ import annotations

import numpy as np
import pytest

from poseval.metrics import MetricRequest
from poseval.metrics.clear_mot import ClearMot
from poseval.metrics.hota import Hota, Matching
from poseval.metrics.joint_ap import JointAp, Ties
from poseval.metrics.joint_rows import Empty
from poseval.metrics.pck import Compare, Pck
from poseval.metrics.tracking_scene import Similarity
from tests.benchmarks.test_posetrack_quirks import NO_NOSE, pose_set, run, walk


@pytest.mark.parametrize("rules", ["posetrack-2017", "posetrack-2020", "posetrack21", "corrected"])
@pytest.mark.parametrize(
    ("metric", "statistic"), [("joint_ap", "AP"), ("clear_mot", "MOTA"), ("hota", "HOTA")]
)
def test_one_metric_alone_gives_what_the_benchmark_gives(rules: str, metric: str, statistic: str) -> None:
    truth = pose_set(4, *walk(4), joints=NO_NOSE)
    found = pose_set(4, *walk(2), (2, 5, 109.0), (3, 5, 900.0), joints=NO_NOSE)
    whole, alone = run(truth, found, rules), run(truth, found, rules, metric)
    assert alone.summary[statistic] == whole.summary[statistic]


def test_given_parameters_win() -> None:
    own = (JointAp(ties=Ties.LATER_FIRST, empty=Empty.POSEVAL),)
    assert MetricRequest.of("joint_ap").under(own) == own[0]
    found = MetricRequest.of("joint_ap(ties=together)").under(own)
    assert found == JointAp(ties=Ties.TOGETHER, empty=Empty.POSEVAL)


def test_another_measure_starts_from_the_defaults() -> None:
    own = (Hota(assignment=Matching.PLAIN, empty=Empty.POSETRACK21), ClearMot(last_frame=False))
    assert MetricRequest.of("hota(similarity=oks)").under(own) == Hota(similarity=Similarity.OKS)
    assert MetricRequest.of("hota(similarity=joint)").under(own) == own[0]
    assert MetricRequest.of("clear_mot(similarity=pckh)").under(own) == ClearMot(similarity=Similarity.PCKH)


def test_the_nearest_of_several_is_the_model() -> None:
    own = (Pck("bbox", (0.2,), Compare.LT), Pck("torso", (0.2,), Compare.LT, leave_out=("neck",)))
    assert MetricRequest.of("pck(norm=torso)").under(own) == own[1]
    assert MetricRequest.of("pck").under(own) == own[0]


def test_names_of_thresholds_go_with_the_thresholds() -> None:
    own = (Pck("head", (0.5, 0.11), called=(0.5, 0.1)),)
    assert MetricRequest.of("pck(at=0.2)").under(own) == Pck("head", (0.2,))
    assert MetricRequest.of("pck(compare=lt)").under(own) == Pck(
        "head", (0.5, 0.11), Compare.LT, called=(0.5, 0.1)
    )


def test_a_run_that_is_compared_keeps_its_own_parameters() -> None:
    """A task with a metric, not its name, is taken as it is."""
    truth = pose_set(3, *walk(3), joints=NO_NOSE)
    assert np.isclose(run(truth, truth, "posetrack-2017").summary["AP"], 14 / 15)
    from poseval.scoring.score import score

    report = score(truth, truth, "posetrack18", rules="posetrack-2017", metrics=[JointAp()])
    assert report.summary["AP"] == 1
