"""Recipes: found by name, family and skeleton; stretched, changed, and refused when nonsense."""

from __future__ import annotations

import json

import pytest

from poseval.errors import UsageError
from poseval.models.registry import card, list_models
from poseval.training.augmentation import HRNET_COCO, HRNET_MPII, NONE
from poseval.training.recipes import Recipe, recipe_for, recipes


def test_every_recipe_is_for_a_model_and_says_where_it_comes_from() -> None:
    known = {card(name).family for name in list_models()} | set(list_models())
    assert recipes()
    for recipe in recipes():
        assert set(recipe.models) <= known
        assert len(recipe.source) > 20
        assert list(recipe.milestones) == sorted(recipe.milestones)
        assert all(step < recipe.epochs for step in recipe.milestones)
        json.dumps(recipe.plain())


def test_the_recipe_fits_model_and_skeleton() -> None:
    hrnet = card("hrnet_w32")
    assert recipe_for(hrnet, "coco17").augmentation == HRNET_COCO
    assert recipe_for(hrnet, "mpii16").augmentation == HRNET_MPII
    assert recipe_for(card("simplebaseline_r50"), "posetrack17slots").epochs == 20
    assert recipe_for(card("simplebaseline_r50"), "coco17").milestones == (90, 120)
    with pytest.raises(UsageError, match="hrnet") as caught:
        recipe_for(card("movenet_thunder"), "coco17")
    assert caught.value.code == "P159"


def test_published_rates() -> None:
    recipe = recipe_for(card("simplebaseline_r50"), "coco17")
    rates = [recipe.rate * recipe.rate_at(epoch * 10, 10) for epoch in (0, 89, 90, 119, 120, 139)]
    assert rates == pytest.approx([1e-3, 1e-3, 1e-4, 1e-4, 1e-5, 1e-5])
    short = recipe.with_epochs(14)
    assert short.milestones == (9, 12)
    assert short.rate_at(90, 10) == pytest.approx(0.1)


def test_warm_up_and_cosine() -> None:
    recipe = Recipe((), "", HRNET_COCO, 10, schedule="cosine", warm_up=4)
    factors = [recipe.rate_at(step, 10) for step in range(101)]
    assert factors[0] == pytest.approx(0.25)
    assert max(factors) < 1
    assert factors[50] == pytest.approx(0.5)
    assert factors[100] == pytest.approx(0)


def test_changes() -> None:
    recipe = recipe_for(card("hrnet_w32"), "coco17")
    other = recipe.changed(
        {"rate": 1, "batch": 8, "augmentation.scale": 0, "options.loss": "ohkm", "schedule": "cosine"}
    )
    assert (other.rate, other.batch, other.augmentation.scale, other.schedule) == (1.0, 8, 0.0, "cosine")
    assert other.options == {"loss": "ohkm"}
    assert other.augmentation.rotation == recipe.augmentation.rotation


@pytest.mark.parametrize(
    "change",
    [
        {"speed": 1},
        {"rate": "fast"},
        {"rate": -1},
        {"batch": 0},
        {"batch": 1.5},
        {"batch": True},
        {"optimiser": "magic"},
        {"augmentation.colour": 1},
        {"models": 3},
        {"options": 3},
    ],
)
def test_nonsense_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(UsageError) as caught:
        recipe_for(card("hrnet_w32"), "coco17").changed(change)
    assert caught.value.code == "P159"


def test_augmentation_is_turned_off_as_a_whole() -> None:
    recipe = recipe_for(card("hpm_1_binary"), "mpii16")
    assert recipe.augmentation != NONE
    assert recipe.changed({"augmentation": False}).augmentation == NONE
    assert recipe.changed({"augmentation": True}) == recipe
    with pytest.raises(UsageError, match="true or false"):
        recipe.changed({"augmentation": 3})


def test_slower_parts_are_changed_by_their_prefix() -> None:
    recipe = recipe_for(card("prtr_r50"), "coco17")
    assert recipe.changed({"slower.backbone": 1}).slower == (("backbone", 1.0),)
    assert recipe.changed({"slower.class_embed": 0.5}).slower == (("backbone.", 0.1), ("class_embed", 0.5))
    with pytest.raises(UsageError, match=r"slower\.backbone") as caught:
        recipe.changed({"slower.backbone": -1})
    assert caught.value.code == "P159"
