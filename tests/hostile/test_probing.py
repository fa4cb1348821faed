"""Row 33: what is said of predictions holds nothing of a hidden ground truth but rounded, counted numbers.

`tests/challenge/test_hidden.py` asks the same of every benchmark, by challenges that differ in their truth.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from poseval.challenge import codabench, evalai
from poseval.challenge.description import Description
from poseval.challenge.judge import Verdict, open_judge
from poseval.challenge.starting import start
from poseval.cli import invoke
from tests.hostile.made import results, truth, write

SECRET = 271.828125
SECRET_IDS = range(6_180_339, 6_180_350)
HIDDEN = re.compile(r"271\.8|61803\d\d")
Change = Callable[[list[dict[str, Any]]], None]


def hidden() -> dict[str, Any]:
    """A ground truth all of whose coordinates, boxes, areas and ids of people have the secret's digits."""
    node = truth()
    for number, person in zip(SECRET_IDS, node["annotations"], strict=False):
        person["id"] = number
        person["keypoints"] = [SECRET if value != 2 else 2 for value in person["keypoints"]]
        person["bbox"] = [SECRET] * 4
        person["area"] = SECRET
    return node


WRONG: dict[str, Change] = {
    "short": lambda dt: dt[0].update(keypoints=[1.0, 2.0]),
    "NaN": lambda dt: dt[0].update(score=float("nan")),
    "text": lambda dt: dt[0].update(keypoints="x"),
    "unknown image": lambda dt: dt[0].update(image_id=99),
    "no score": lambda dt: dt[0].pop("score"),
    "other category": lambda dt: dt[0].update(category_id=7),
    "normalised": lambda dt: [row.update(keypoints=[0.5] * 51) for row in dt] and None,
    "sound": lambda dt: None,
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
def test_33_messages_hold_no_coordinate_of_the_truth(
    change: Change, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gt = write(tmp_path / "gt.json", hidden())
    dt = results()
    change(dt)
    path = write(tmp_path / "dt.json", dt)
    for command in (["validate", str(path), "--gt", str(gt)], ["score", str(path), "--gt", str(gt)]):
        invoke(command)
        said = capsys.readouterr()
        assert not HIDDEN.search(said.out + said.err)
        assert said.out + said.err


forked = pytest.mark.skipif(sys.platform == "win32", reason="challenges are scored in forked processes")


def judged(sent: list[Path], description: Description) -> list[Verdict]:
    judge = open_judge(description)
    return [judge.judge(path) for path in sent]


@forked
def test_33_replies_have_one_shape_and_hold_nothing_hidden(tmp_path: Path) -> None:
    sent = []
    for name, change in WRONG.items():
        dt = results()
        change(dt)
        sent.append(write(tmp_path / f"{name}.json", dt))
    answers = []
    for name, node in (("hidden", hidden()), ("other", truth())):
        gt = write(tmp_path / f"{name}.json", node)
        answers.append(judged(sent, start(tmp_path / f"challenge {name}", gt, "People")))
    verdicts = answers[0]
    assert {one.status for one in verdicts} == {"refused", "scored"}
    assert [one.message for one in verdicts] == [one.message for one in answers[1]]
    assert len({tuple(one.public()) for one in verdicts}) == 1
    for one in verdicts:
        assert not HIDDEN.search(json.dumps(one.public()) + one.page)
        assert one.message


@forked
def test_33_numbers_are_rounded(tmp_path: Path) -> None:
    """Points of a thousandth of a digit that is shown cannot be told apart, those of ten digits can."""
    gt = write(tmp_path / "gt.json", truth())
    description = start(tmp_path / "challenge", gt, "People")
    sent = []
    for number, (people, moved) in enumerate([(6, 0.0), (6, 0.5), (6, 1.0), (3, 0.0)]):
        dt = results()[:people]
        dt[0]["keypoints"][0] += moved
        sent.append(write(tmp_path / f"{number}.json", dt))
    verdicts = judged(sent, description)
    assert all(one.scored for one in verdicts)
    numbers = [one.public()["numbers"] for one in verdicts]
    assert numbers[0] == numbers[1] == numbers[2] != numbers[3]
    assert all(value == round(value, 1) for one in numbers for value in one.values())


def test_33_quotas_reach_each_server(tmp_path: Path) -> None:
    made = start(tmp_path / "challenge", write(tmp_path / "gt.json", truth()), "People")
    asked = replace(made, splits=(replace(made.splits[0], per_day=3, total=7),))
    for phases in (codabench.competition(asked)["phases"], evalai.configuration(asked)["challenge_phases"]):
        (phase,) = phases
        assert (phase["max_submissions_per_day"], phase["max_submissions"]) == (3, 7)
