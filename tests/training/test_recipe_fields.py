"""The schema of `--set`: it describes every field of a recipe, and every bound is enforced."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from poseval.cli import invoke
from poseval.cli.run import config_of
from poseval.errors import UsageError
from poseval.models.registry import card, list_models
from poseval.models.schema import Flag, Number, OneOf, Option, Several, Whole, typed
from poseval.training import TASKS
from poseval.training.augmentation import Augmentation
from poseval.training.recipe_fields import (
    AUGMENTATION,
    FIELDS,
    OF_TASKS,
    fields_of,
    value_of,
)
from poseval.training.recipes import Recipe, recipe_for, recipe_of, recipes

WHAT_IT_IS_FOR = {"models", "source", "task", "skeletons"}  # a recipe of another kind, not a value of it
PARTS = {"augmentation", "options", "slower"}
EXAMPLES = {
    "heatmaps": "synth_small",
    "joint set": "prtr_r50",
    "centres": "dekr_w32",
    "people set": "prtr_sequential",
    "boxes": "synth_detector",
    "classes": "pplcnet_x0_25",
}
CASES = [(task, name) for task in OF_TASKS for name in fields_of(task) if name != "slower.PREFIX"]


def recipe_of_task(task: str) -> Recipe:
    recipe = recipe_of(card(EXAMPLES[task]))
    assert recipe is not None
    assert recipe.task == task
    return replace(recipe, schedule="steps")  # under which every field has an effect


def extremes(option: Option) -> tuple[list[Any], list[Any]]:
    """Values at the ends of what an option may be, and values just beyond."""
    kind = option.kind
    if isinstance(kind, Whole):
        return [kind.lowest, kind.highest], [kind.lowest - 1, kind.highest + 1, 1.5, True, "many"]
    if isinstance(kind, Number):
        low, high = float(kind.lowest), float(kind.highest)
        least = np.nextafter(low, high) if kind.above else low
        beyond = [low if kind.above else np.nextafter(low, -1), np.nextafter(high, np.inf)]
        return [least, high], [*map(float, beyond), float("nan"), float("inf"), True, "much", None]
    if isinstance(kind, OneOf):
        return list(kind.values), ["magic", 1]
    if isinstance(kind, Flag):
        return [True, False], ["perhaps", 1]
    assert isinstance(kind, Several)
    good, bad = extremes(replace(option, kind=kind.each))
    return [tuple(good), good[1]], [[*reversed(good)], *([value] for value in bad)]


def test_every_field_of_a_recipe_and_of_its_parts_is_described() -> None:
    described = {option.name for option in FIELDS}
    assert {field.name for field in fields(Recipe)} - WHAT_IT_IS_FOR - PARTS == described
    assert {field.name for field in fields(Augmentation)} == {option.name for option in AUGMENTATION}
    assert OF_TASKS.keys() == TASKS.keys()
    for task in OF_TASKS:
        for option in fields_of(task).values():
            assert option.meaning
            assert str(option.kind)


@pytest.mark.parametrize("recipe", recipes(), ids=lambda recipe: ",".join(recipe.models))
def test_every_recipe_has_values_that_its_fields_may_have(recipe: Recipe) -> None:
    entry = next(e for e in map(card, list_models()) if {e.name, e.family} & set(recipe.models))
    for name, option, value in recipe.settings(entry):
        if value is not None:
            assert option.taken(value) == value, name


@pytest.mark.parametrize("recipe", recipes(), ids=lambda recipe: ",".join(recipe.models))
def test_what_is_shown_can_be_typed(recipe: Recipe) -> None:
    entry = next(e for e in map(card, list_models()) if {e.name, e.family} & set(recipe.models))
    for name, _, value in recipe.settings(entry):
        if name != "slower.PREFIX":
            (typed_back,) = config_of((f"{name}={typed(value)}",)).values()
            recipe.changed({name: typed_back})
            found = value_of(name, typed_back, recipe.task)
            assert found == (pytest.approx(value, rel=1e-5) if isinstance(value, float) else value), name


@pytest.mark.parametrize(("task", "name"), CASES)
def test_every_bound_is_enforced(task: str, name: str) -> None:
    recipe = recipe_of_task(task)
    good, bad = extremes(fields_of(task)[name])
    for value in good:
        recipe.changed({name: value})
    for value in bad:
        with pytest.raises(UsageError) as caught:
            recipe.changed({name: value})
        fault = caught.value.fault
        assert (fault.code, fault.where) == ("P159", f"recipe: {name}")
        assert fault.wanted == fields_of(task)[name].allowed
        assert name in str(fault.hint)


def test_texts_are_read_as_they_are_typed() -> None:
    recipe = recipe_for(card("hrnet_w32"), "coco17")
    changes = {"rate": "5e-4", "milestones": "[30,60]", "augmentation": "true", "optimiser": "sgd"}
    changed = recipe.changed(changes)
    assert (changed.rate, changed.milestones, changed.optimiser) == (5e-4, (30.0, 60.0), "sgd")
    assert recipe.changed({"milestones": [30, 60]}).milestones == (30.0, 60.0)


@pytest.mark.parametrize(
    ("model", "changes", "says"),
    [
        ("hrnet_w32", {"augmentation.scal": 0.1}, "did you mean augmentation.scale"),
        ("hrnet_w32", {"slower.PREFIX": 0.1}, "no field"),
        ("hrnet_w32", {"slower.conv1": 101}, "a number from 0 to 100"),
        ("dekr_w32", {"augmentation.rotation": 10}, "only mirrored"),
        (
            "hrnet_w32",
            {"augmentation.scale": 0.3, "augmentation": False},
            "no effect with augmentation=false",
        ),
        (
            "dekr_w32",
            {"augmentation": "false", "augmentation.mirrored": 0},
            "no effect with augmentation=false",
        ),
        ("ps_vit_ti_14_pose", {"factor": 0.5}, "no effect with schedule=cosine"),
        ("hrnet_w32", {"schedule": "constant", "milestones": [3]}, "no effect with schedule=constant"),
    ],
)
def test_fields_that_mean_nothing_are_refused(model: str, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        recipe_for(card(model), "coco17").changed(changes)
    assert caught.value.code == "P159"


def test_a_smallest_crop_above_the_largest_is_refused() -> None:
    recipe = recipe_for(card("dekr_w32"), "coco17").changed({"options.smallest": 2})
    with pytest.raises(UsageError, match=r"above options\.largest=1\.5") as caught:
        recipe.task_options(card("dekr_w32"))
    assert "set both" in str(caught.value.fault.hint)
    assert recipe.changed({"options.largest": 3}).task_options(card("dekr_w32"))["smallest"] == 2


@pytest.mark.parametrize(("task", "name"), [case for case in CASES if case[1].partition(".")[1]])
def test_extremes_give_samples(task: str, name: str) -> None:
    pytest.importorskip("torch")
    from poseval.skeletons import get_skeleton
    from poseval.training import make_task
    from poseval.training.classifier_task import ClassTask
    from tests.training.test_family_tasks import _person, _picture

    entry = card(EXAMPLES[task]).sized(input_size=(64, 64))
    other = {"options.smallest": {"options.largest": 10}, "options.largest": {"options.smallest": 0.01}}
    thing: Any = 0 if task == "classes" else _person()
    for value in extremes(fields_of(task)[name])[0]:
        more = other.get(name, {}) if task != "classes" else {}
        recipe = recipe_of_task(task).changed({"augmentation.mirrored": 1, **more, name: value})
        skeleton = get_skeleton(entry.skeleton or "coco17")
        made: Any = ClassTask(entry, recipe) if task == "classes" else make_task(entry, skeleton, recipe)
        for seed in range(3):
            sample = made.sample(_picture(), thing, np.random.default_rng(seed))
            assert all(np.isfinite(np.asarray(array, dtype=np.float64)).all() for array in sample.values())


def test_targets_and_losses_are_those_that_are_described() -> None:
    pytest.importorskip("torch")
    from poseval.training.heatmap_task import LOSSES, TARGETS

    kinds = {option.name: option.kind for option in OF_TASKS["heatmaps"]}
    assert kinds["target"] == OneOf(tuple(TARGETS))
    assert set(LOSSES) == set(getattr(kinds["loss"], "values", ()))


def test_a_model_shows_its_recipe(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["models", "dekr_w32"]) == 0
    out = capsys.readouterr().out
    assert "options.offset_factor=0.03  weight of the offsets in the loss; a number from 0 to 1000" in out
    assert invoke(["models", "prtr_r50", "--json"]) == 0
    node = json.loads(capsys.readouterr().out)["recipe"]
    by_name = {row["name"]: row for row in node["set"]}
    assert by_name["options.background"]["default"] == 0.1
    assert by_name["slower.backbone"]["default"] == 0.1
    assert invoke(["models", "movenet_thunder", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["recipe"] is None


def test_the_schema_needs_no_torch() -> None:
    lines = "import sys, poseval.training.recipe_fields, poseval.training.recipes\n"
    done = subprocess.run([sys.executable, "-c", lines + "sys.exit('torch' in sys.modules)"], check=False)
    assert done.returncode == 0
