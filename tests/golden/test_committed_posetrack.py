"""The committed PoseTrack cases: counts are exact, ratios agree to the tolerance that each case names.

The poseval program prints percents; what depends on py-motmetrics is compared with today's release under
`posetrack-2020`, and without the distances of its other events, as the release of 2017 counted, under
`posetrack-2017`.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import pytest

from poseval import Report, get_skeleton, score
from poseval.errors import PosevalError
from poseval.metrics.base import Metric, Tally
from poseval.metrics.clear_mot import ClearMot
from poseval.metrics.hota import Hota
from poseval.metrics.joint_ap import JointAp
from poseval.metrics.reid_hota import ReidHota
from poseval.scoring.evaluation import Evaluation
from poseval.scoring.score import evaluate
from tests.golden.committed import Case, cases

CASES = cases("posetrack", 30)
SCORED = [case for case in CASES if "raises" not in case.expected]
REFUSED = [case for case in CASES if "raises" in case.expected]
JOINTS = get_skeleton("posetrack15_poseval").joints
COUNTS = {
    "misses": "num_misses",
    "switches": "num_switches",
    "false_positives": "num_false_positives",
    "objects": "num_objects",
    "detections": "num_detections",
}
HOTA_COUNTS = {"matched": "HOTA_TP", "missed": "HOTA_FN", "false": "HOTA_FP"}
TRACKEVAL = {
    "clear_mot": {"MOTA": "MOTA", "MOTP": "MOTP", "precision": "CLR_Pr", "recall": "CLR_Re"},
    "identity": {"IDF1": "IDF1", "IDP": "IDP", "IDR": "IDR"},
}
TRACKEVAL_COUNTS = {"misses": "CLR_FN", "false_positives": "CLR_FP", "switches": "IDSW", "fragments": "Frag"}
TRACKEVAL_COUNTS |= {
    "detections": "CLR_TP",
    "mostly_tracked": "MT",
    "partly_tracked": "PT",
    "mostly_lost": "ML",
}
GROUPS = {"Head": "head", "Shou": "shoulder", "Elb": "elbow", "Wri": "wrist", "Hip": "hip", "Knee": "knee"}
GROUPS |= {"Ankl": "ankle", "Total": ""}
TWO_RULES = pytest.mark.parametrize("rules", ["posetrack-2017", "posetrack-2020"])


def with_part(*parts: str) -> list[Case]:
    """Cases in which a program said something."""
    found = []
    for case in SCORED:
        told: Any = case.expected
        for part in parts:
            told = told.get(part, {})
        if told:
            found.append(case)
    return found


@functools.cache
def report_of(case: Case, rules: str) -> Report:
    return score(case.truth, case.predictions, **case.expected["ask"], rules=rules, per_joint=True)


@functools.cache
def evaluation_of(case: Case, rules: str) -> Evaluation:
    return evaluate(case.truth, case.predictions, **case.expected["ask"], rules=rules, per_joint=True)


def tally_of(case: Case, rules: str, kind: type[Metric]) -> tuple[Any, Tally]:
    for part in evaluation_of(case, rules).parts:
        for metric, tally in part.tallies.items():
            if isinstance(metric, kind):
                return metric, tally
    raise AssertionError(f"no {kind.__name__} in {case}")


def per_joint(case: Case, rules: str, metric: str, statistic: str) -> list[float]:
    """The fifteen joints in the order of 2017, and the total."""
    rows = {
        row.joint: row.value
        for row in report_of(case, rules).values
        if row.metric.partition("(")[0] == metric and row.statistic == statistic and not row.slice
        if math.isnan(row.threshold)
    }
    return [rows[joint] for joint in (*JOINTS, "")]


def check(case: Case, found: Any, wanted: Any, scale: float = 1) -> None:
    """Numbers are equal to the tolerance of the case, and undefined in the same places."""
    numbers = np.array(wanted, dtype=float)  # None becomes NaN
    tolerance = case.expected["tolerance"]
    np.testing.assert_allclose(np.array(found) * scale, numbers, rtol=tolerance, atol=scale * tolerance)


@TWO_RULES
@pytest.mark.parametrize("case", SCORED, ids=str)
def test_pose_ap(case: Case, rules: str) -> None:
    wanted = case.expected["poseval"]["poses"]
    _, tally = tally_of(case, rules, JointAp)
    joint = tally.column("joint")
    assert tally.sum("labelled").tolist() == wanted["labelled"]
    assert np.bincount(joint, minlength=15).tolist() == wanted["predicted"]
    assert np.bincount(joint[tally.column("hit")], minlength=15).tolist() == wanted["hits"]
    for statistic in ("AP", "precision", "recall"):
        check(case, per_joint(case, rules, "joint_ap", statistic), wanted[statistic], 100)


@pytest.mark.parametrize("case", with_part("poseval", "AP_of_sequences"), ids=str)
def test_pose_ap_of_single_sequences(case: Case) -> None:
    rows = [
        row.value
        for row in report_of(case, "posetrack-2017").values
        if row.metric.startswith("joint_ap") and row.statistic == "AP" and row.slice
    ]
    assert len(rows) > 1
    check(case, rows, case.expected["poseval"]["AP_of_sequences"], 100)


@pytest.mark.parametrize("case", with_part("poseval", "AP_of_sequences"), ids=str)
def test_the_order_of_ties_decides_what_the_program_says(case: Case) -> None:
    ask = {**case.expected["ask"], "ties": "later_first"}
    found = score(case.truth, case.predictions, **ask, rules="posetrack-2017").summary["AP"]
    assert found != pytest.approx(case.expected["poseval"]["poses"]["AP"][15] / 100, abs=1e-4)


@TWO_RULES
@pytest.mark.parametrize("case", SCORED, ids=str)
def test_clear_mot(case: Case, rules: str) -> None:
    wanted = case.expected["poseval"]["tracks"]
    _, tally = tally_of(case, rules, ClearMot)
    for column, key in COUNTS.items():
        assert tally.sum(column).tolist() == wanted[key], column
    check(case, tally.sum("matched_distance"), wanted["distance_of_pairs"])
    check(case, tally.sum("other_distance"), wanted["distance_of_other_events"])
    for statistic in ("MOTA", "precision", "recall"):
        check(case, per_joint(case, rules, "clear_mot", statistic), wanted[statistic], 100)
    motp = wanted["MOTP"] if rules == "posetrack-2020" else motp_of_2017(wanted)
    check(case, per_joint(case, rules, "clear_mot", "MOTP"), motp, 100)


def motp_of_2017(wanted: dict[str, Any]) -> list[float]:
    """The program's formula on distances of matches and switches alone; a joint without any has 0."""
    pairs = zip(wanted["distance_of_pairs"], wanted["num_detections"], strict=True)
    values = [100 * (1 - distance / count) if count else 0.0 for distance, count in pairs]
    return [*values, float(np.mean(values))]


@pytest.mark.parametrize("case", with_part("trackeval"), ids=str)
def test_clear_and_identities_of_trackeval(case: Case) -> None:
    wanted = case.expected["trackeval"]
    for metric, names in TRACKEVAL.items():
        for statistic, key in names.items():
            found = per_joint(case, "trackeval", metric, statistic)[:15]
            check(case, found, wanted["CLEAR" if metric == "clear_mot" else "Identity"][key])
    _, tally = tally_of(case, "trackeval", ClearMot)
    for column, key in TRACKEVAL_COUNTS.items():
        assert tally.sum(column).tolist() == wanted["CLEAR"][key], column
    assert per_joint(case, "trackeval", "identity", "IDTP")[:15] == wanted["Identity"]["IDTP"]


@pytest.mark.parametrize("case", with_part("trackeval"), ids=str)
def test_hota_of_trackeval(case: Case) -> None:
    wanted = case.expected["trackeval"]["HOTA"]
    metric, tally = tally_of(case, "trackeval", Hota)
    units = {name: tally.per_unit(name) for name in tally.tables["sequences"].columns}
    sums = metric.sums(units, np.ones(tally.units, dtype=np.int64))
    for name, key in HOTA_COUNTS.items():
        np.testing.assert_array_equal(sums[name], wanted[key], err_msg=key)
    for statistic in wanted.keys() - HOTA_COUNTS.values():
        check(case, per_joint(case, "trackeval", "hota", statistic)[:15], wanted[statistic])


@pytest.mark.parametrize("case", with_part("posetrack21"), ids=str)
def test_hota_of_the_kit(case: Case) -> None:
    wanted = case.expected["posetrack21"]["HOTA"]
    metric, tally = tally_of(case, "posetrack21", Hota)
    units = {name: tally.per_unit(name) for name in tally.tables["sequences"].columns}
    check_hota(case, "hota", metric.sums(units, np.ones(tally.units, dtype=np.int64)), wanted)


@pytest.mark.parametrize("case", with_part("posetrack21", "reid"), ids=str)
def test_reidentification_of_the_kit(case: Case) -> None:
    metric, tally = tally_of(case, "posetrack21", ReidHota)
    check_hota(case, "reid_hota", metric.sums(tally), case.expected["posetrack21"]["reid"])


def check_hota(case: Case, metric: str, sums: dict[str, Any], wanted: dict[str, Any]) -> None:
    for name, key in HOTA_COUNTS.items():
        np.testing.assert_array_equal(sums[name], wanted[key], err_msg=key)
    statistics = wanted.keys() - HOTA_COUNTS.values()
    assert len(statistics) == 11
    for statistic in statistics:
        check(case, per_joint(case, "posetrack21", metric, statistic), wanted[statistic])


@pytest.mark.parametrize("case", with_part("posetrack21"), ids=str)
def test_pose_ap_of_the_kit(case: Case) -> None:
    wanted = case.expected["posetrack21"]["poses"]
    values = report_of(case, "posetrack21").values
    rows = {
        (row.statistic, row.joint): row.value
        for row in values
        if row.metric.startswith("joint_ap") and not row.slice
    }
    for statistic, table in (("AP", "map"), ("precision", "precision"), ("recall", "recall")):
        found = [rows[statistic, group] for group in GROUPS.values()]
        check(case, found, [wanted[table][name] for name in GROUPS], 100)


def test_every_program_spoke_often_enough() -> None:
    assert len(SCORED) >= 23
    assert len(with_part("posetrack21")) >= 15
    assert len(with_part("trackeval")) >= 15
    assert with_part("posetrack21", "reid")


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_what_the_program_refuses_is_refused(case: Case) -> None:
    with pytest.raises(PosevalError) as caught:
        report_of(case, "posetrack-2017")
    assert caught.value.code == case.expected["answer"]
