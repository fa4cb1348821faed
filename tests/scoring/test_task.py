"""A task takes what the command line takes, in its forms."""

from __future__ import annotations

from pathlib import Path

import pytest

import poseval
from poseval.benchmarks import get_benchmark
from poseval.errors import UsageError
from poseval.limits import Limits
from poseval.poses.joint_mapping import JointRules
from poseval.skeletons import get_skeleton

Task = poseval.Task


def test_names_and_texts_become_values(tmp_path: Path) -> None:
    path = tmp_path / "sigmas.json"
    path.write_text("[0.1, 0.2]")
    task = Task(
        skeleton="coco17",
        sigmas=path,
        metrics="pck",
        slices="sequence",
        limits=["people=7"],  # type: ignore[arg-type]
    )
    assert task.skeleton == get_skeleton("coco17")
    assert task.sigmas == (0.1, 0.2)
    assert [metric.name for metric in task.metrics] == ["pck"]
    assert task.slices == ("sequence",)
    assert task.limits == Limits(people=7)
    assert Task.of(task) == task


def test_joints_are_mapped_as_on_the_command_line(tmp_path: Path) -> None:
    path = tmp_path / "map.toml"
    path.write_text("")
    assert not Task().joint_rules.asked
    assert Task(joints="names").joint_rules == JointRules(names=True)
    assert Task(joints=str(path), near=True).joint_rules == JointRules(file=path, near=True)
    assert Task(derive=True).joint_rules == JointRules(derive=True)


def test_keywords_replace_what_a_task_says() -> None:
    task = Task(benchmark="mpii-val", rules="corrected")
    assert Task.of(task, None, rules="reference") == Task(benchmark="mpii-val")
    assert Task.of(task, "lsp").benchmark == "lsp"


def test_an_order_of_ties_is_one_that_a_rule_set_has() -> None:
    with pytest.raises(UsageError, match="order of ties 'oficial'") as caught:
        Task(ties="oficial")
    assert caught.value.code == "P102"
    for name, rules in (("coco-keypoints", "reference"), ("posetrack18", "corrected")):
        with pytest.raises(UsageError, match="has no effect") as caught:
            Task(rules=rules, ties="official").rules_of(get_benchmark(name))
        assert caught.value.code == "P127"


def test_an_unknown_keyword_is_told_with_a_near_one() -> None:
    with pytest.raises(UsageError, match="did you mean metrics") as caught:
        poseval.score("gt.json", "dt.json", metric="pck")
    assert caught.value.code == "P189"
