"""Samples and losses of the heatmap task."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from poseval.errors import UsageError
from poseval.models.inference.crops import cut, map_step
from poseval.models.inference.decoding import decode
from poseval.models.registry import card
from poseval.skeletons import get_skeleton
from poseval.synth import render, scenes, truth_of
from poseval.training.augmentation import NONE
from poseval.training.heatmap_task import HeatmapTask
from poseval.training.recipes import recipe_for
from poseval.training.task import PersonOf

pytestmark = pytest.mark.models
COCO = get_skeleton("coco17")


def person() -> tuple[np.ndarray, PersonOf]:
    scene = next(scenes(3, 1, 1))
    people = truth_of([scene], COCO).people
    return render(scene), PersonOf(people.box[0], people.xy[0], people.seen[0], float(people.area[0]))


@pytest.mark.parametrize("name", ["simplebaseline_r18", "hrnet_w32", "synth_small", "hourglass_2"])
def test_targets_lie_where_the_decoder_finds_the_joints(name: str) -> None:
    """Encoding a person and decoding the maps gives the joints back on the picture."""
    entry = card(name).sized(17)
    recipe = replace(recipe_for(entry, "coco17"), augmentation=NONE, options={"target": "unbiased"})
    picture, one = person()
    sample = HeatmapTask(entry, COCO, recipe).sample(picture, one, np.random.default_rng(0))
    assert sample["input"].shape == (3, *entry.input_size)
    assert sample["maps"].shape == (17, *entry.output_size)
    np.testing.assert_array_equal(sample["weight"] > 0, one.seen > 0)
    xy, score = decode(sample["maps"][None], "dark")
    assert entry.crop != "image"
    crops = cut(one.box, entry.input_size, padding=entry.padding, mapping=entry.crop)
    step = map_step(entry.input_size, entry.output_size, entry.crop == "udp")
    back = crops.to_image(xy * step)[0]
    seen = (one.seen > 0) & (score[0] > 0.9)
    assert seen.sum() > 8
    assert np.abs(back - one.xy)[seen].max() < 1.0


def test_every_stack_is_trained() -> None:
    entry = card("hourglass_2").sized(17)
    task = HeatmapTask(entry, COCO, recipe_for(entry, "coco17"))
    target = torch.rand(2, 17, 8, 8)
    batch = {"maps": target, "weight": torch.ones(2, 17)}
    stacks = torch.stack([target, target + 1], 1)
    assert task.loss(stacks, batch) == pytest.approx(0.5)
    assert task.loss([target + 1, target + 1], batch) == pytest.approx(1.0)
    assert task.loss(target + 1, batch) == pytest.approx(0.5)


def test_unlabelled_joints_weigh_nothing() -> None:
    entry = card("synth_small")
    task = HeatmapTask(entry, COCO, replace(recipe_for(entry, "coco17"), options={}))
    maps, weight = torch.zeros(1, 17, 32, 24), torch.ones(1, 17)
    weight[0, 3] = 0
    wrong = maps.clone()
    wrong[0, 3] = 7
    assert task.loss(wrong, {"maps": maps, "weight": weight}) == 0


def test_the_targets_width_is_an_option() -> None:
    entry = card("synth_small")
    picture, one = person()
    sums = []
    for options in ({}, {"sigma": 2 * entry.sigma}):
        recipe = replace(recipe_for(entry, "coco17"), augmentation=NONE, options=options)
        sums.append(
            HeatmapTask(entry, COCO, recipe).sample(picture, one, np.random.default_rng(0))["maps"].sum()
        )
    assert sums[1] > 2 * sums[0]


@pytest.mark.parametrize(
    "options", [{"target": "square"}, {"loss": "hinge"}, {"colour": 1}, {"sigma": 0}, {"gain": "much"}]
)
def test_unknown_options(options: dict[str, object]) -> None:
    entry = card("synth_small")
    with pytest.raises(UsageError) as caught:
        HeatmapTask(entry, COCO, replace(recipe_for(entry, "coco17"), options=options))
    assert caught.value.code == "P159"
