"""A report is anybody's file: what poseval would not have written is refused, and what it writes is read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import poseval
from poseval import metrics
from poseval.errors import FormatError, PosevalError
from poseval.results.report import Report
from poseval.results.units import Unit
from poseval.scoring.report_checks import checked
from poseval.scoring.saved_runs import load_report
from poseval.scoring.score import evaluate
from poseval.statistics.intervals import with_intervals
from poseval.synth import perturb, scene_set
from tests.golden.committed import Case, cases
from tests.properties.worlds import world_for

TRUTH = scene_set(seed=1, images=12, people=3)
RUN = evaluate(TRUTH, perturb(TRUTH, 2), "coco-keypoints")
REPORT = with_intervals(RUN.report(), RUN)
Node = dict[str, Any]


def written(report: Report) -> None:
    """Reading what poseval wrote gives the same directions, units and primary number."""
    again = checked(Report.from_json(report.to_json()), "report")
    assert dict(again.better) == dict(report.better)
    assert dict(again.units) == dict(report.units)
    assert again.primary == report.primary
    assert dict(again.summary) == pytest.approx(dict(report.summary), nan_ok=True)


@pytest.mark.parametrize("family", ["coco", "mpii", "nme", "posetrack"])
def test_every_benchmark_is_read(family: str) -> None:
    read = 0
    for case in cases(family, 5):
        try:
            report = poseval.score(case.truth, case.predictions, **_asked(case), per_joint=True)
        except PosevalError:
            continue  # what the official program refuses, too
        written(report)
        read += 1
    assert read >= 3


def _asked(case: Case) -> Node:
    return {name: value for name, value in case.expected["ask"].items() if name != "per_joint"}


@pytest.mark.parametrize("metric", metrics.registered(), ids=lambda metric: metric.name)
def test_every_metric_is_read(metric: metrics.Metric) -> None:
    world = world_for(metric, 1)
    written(poseval.score(world.truth, world.predictions, "custom", metrics=str(metric)))


def test_groups_of_severities_are_read(tmp_path: Path) -> None:
    kinds = ["clean", "fog severity 1", "fog severity 2"]
    rows = [f"{key},{kinds[at % 3]}" for at, key in enumerate(TRUTH.frames.key)]
    table = tmp_path / "weather.csv"
    table.write_text("\n".join(["frame,group", *rows]) + "\n")
    report = poseval.score(TRUTH, perturb(TRUTH, 2), "coco-keypoints", slices=[str(table), "size"])
    assert {key.split("/")[0] for key in report.summary} >= {"weather:mPC", "weather:rPC", "size=large"}
    written(report)


def put(*path: str, value: Any) -> Callable[[Node], None]:
    def change(node: Node) -> None:
        for name in path[:-1]:
            node = node[int(name)] if isinstance(node, list) else node[name]
        node[path[-1]] = value

    return change


def first(node: Node) -> None:
    node["summary"] = {"ZZ": 0.99, **node["summary"]}


def signed(change: Callable[[str], str]) -> Callable[[Node], None]:
    return lambda node: node.update(signature=change(node["signature"]))


def interval(key: str = "AP", **given: Any) -> Callable[[Node], None]:
    return lambda node: node["intervals"][key].update(given)


def fewer(node: Node) -> None:
    del node["intervals"]["AP"]["cluster"]


def two_levels(node: Node) -> None:
    node["intervals"]["AP"]["level"] = 0.9


POISONS: dict[str, Callable[[Node], None]] = {
    "AP 5.0": put("summary", "AP", value=5.0),
    "AP below 0": put("summary", "AP", value=-0.1),
    "AP 1e308": put("summary", "AP", value=1e308),
    "a text": put("summary", "AP", value="0.99"),
    "true": put("summary", "AP", value=True),
    "a list": put("summary", "AP", value=[0.5]),
    "another direction": put("better", "AP", value="lower"),
    "no direction": put("better", "AP", value="sideways"),
    "a number of no metric in front": first,
    "a value beyond its range": put("values", "0", "value", value=7.0),
    "a count below 0": put("values", "0", "n", value=-1),
    "an unknown metric": put("values", "0", "metric", value="magic"),
    "text in intervals": interval(low="a"),
    "an interval of nothing": lambda node: node["intervals"].update(ZZ=node["intervals"]["AP"]),
    "ends exchanged": interval(low=0.9, high=0.1),
    "one end": interval(low=None),
    "a level of 95": interval(level=95.0),
    "units below 0": interval(units=-3),
    "intervals that are a list": put("intervals", value=[]),
    "another benchmark": put("benchmark", value="crowdpose"),
    "no benchmark": put("benchmark", value="mine"),
    "other rules": put("rules", value="corrected"),
    "another unit": put("units", value={"AP": "miles"}),
    "a summary that is not of its values": put("summary", "AP", value=0.6),
    "an undefined number that its values define": put("summary", "AP_L", value=None),
    "a number fewer": lambda node: node["summary"].pop("AR"),
    "another primary number": put("primary", value="AR"),
    "percent": put("unit", value="percent"),
    "a part more": put("more", value=1),
    "a part fewer": lambda node: node.pop("inputs"),
    "a field fewer in a value": lambda node: node["values"][0].pop("why"),
    "a value twice": lambda node: node["values"].append(node["values"][0]),
    "a count beyond measure": put("values", "0", "n", value=10**12),
    "a reason without end": put("values", "0", "why", value="x" * 5000),
    "a part more in the signature": signed(lambda text: text.replace("|rules:", "|mine:1|rules:")),
    "a part of the signature twice": signed(lambda text: text + "|poseval:0.1.0"),
    "another order in the signature": signed(
        lambda text: "|".join([*text.split("|")[:-2], "poseval:1", "rules:r"])
    ),
    "no ground truth in the signature": signed(lambda text: re.sub(r"\|gt:\w+", "", text)),
    "another ground truth in the signature": put("inputs", "0", "sha256", value="0" * 64),
    "another metric in the signature": signed(lambda text: "oks_ap|" + text.partition("|")[2]),
    "a negative count of a notice": put("notices", value=[{"code": "N100", "text": "", "count": -1}]),
    "no digest": put("inputs", "0", "sha256", value="abc"),
    "another role": put("inputs", "0", "role", value="judge"),
    "records beyond measure": put("inputs", "0", "records", value=10**30),
    "a table of longer rows": put(
        "layout", value={"header": ["AP"], "rows": [["", ["AP", "AR"]]], "digits": 1, "title": ""}
    ),
    **{
        f"an interval with {what}": interval(**given)
        for what, given in {
            "its number outside": {"low": 0.0, "high": 0.1},
            "units beyond measure": {"units": 10**15},
            "a level of 1 %": {"level": 0.01},
            "another method": {"method": "by eye"},
            "an error below 0": {"error": -0.1},
            "more groups than units": {"groups": 10**6},
        }.items()
    },
    "an interval with a field fewer": fewer,
    "intervals of two levels": two_levels,
    "another schema": put("schema", value="poseval.report/99"),
}


@pytest.mark.parametrize("poison", POISONS.values(), ids=POISONS)
def test_what_poseval_would_not_write_is_refused(poison: Callable[[Node], None], tmp_path: Path) -> None:
    node = REPORT.to_dict()
    path = tmp_path / "report.json"
    path.write_text(json.dumps(node))
    load_report(path)
    poison(node)
    path.write_text(json.dumps(node))
    with pytest.raises(FormatError) as caught:
        load_report(path)
    assert caught.value.code == "P230"


def test_a_repeated_key_is_refused(tmp_path: Path) -> None:
    text = REPORT.to_json()
    twice = text.replace('"summary": {', '"summary": {"AP": 0.99,', 1)
    (tmp_path / "report.json").write_text(twice)
    with pytest.raises(FormatError, match="'AP' occurs twice"):
        load_report(tmp_path / "report.json")


@pytest.mark.parametrize("forged", [{"primary": "AR"}, {"units": {"AP": Unit.COUNT}}])
def test_units_and_the_primary_number_are_our_own(forged: Node) -> None:
    with pytest.raises(FormatError) as caught:
        checked(replace(REPORT, **forged), "report")
    assert caught.value.code == "P230"
    silent = checked(replace(REPORT, primary="", units={}, better={}), "report")
    assert (silent.primary, silent.units, silent.better) == ("AP", {}, REPORT.better)
