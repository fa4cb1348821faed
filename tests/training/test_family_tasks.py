"""Samples and losses of networks that answer with sets, and of DEKR."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from poseval.errors import UsageError
from poseval.models.networks.prtr_sequential import Sequential
from poseval.models.registry import card, list_models
from poseval.skeletons import get_skeleton
from poseval.training import make_task
from poseval.training.dekr_task import CentreTask, cells_inside
from poseval.training.prtr_task import MOST_PEOPLE, JointSetTask, PeopleSetTask, unit_joints
from poseval.training.recipes import recipe_for, recipes
from poseval.training.task import PersonOf

pytestmark = pytest.mark.models
SKELETON = get_skeleton("coco17")
STILL = {"augmentation.scale": 0, "augmentation.rotation": 0, "augmentation.mirrored": 0}


def _person(x: float = 20.0, y: float = 30.0) -> PersonOf:
    grid = np.stack(np.meshgrid(np.arange(17) % 5, np.arange(1)), -1).reshape(-1, 2).astype(float)
    xy = np.array([x, y]) + grid * [8, 1] + np.arange(17)[:, None] * [0, 3]
    box = np.array([xy[:, 0].min(), xy[:, 1].min(), xy[:, 0].max(), xy[:, 1].max()])
    return PersonOf(box, xy, np.full(17, 2, dtype=np.int8), 2000.0)


def _picture() -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.random.default_rng(0).integers(0, 255, (96, 128, 3)).astype(np.uint8)


def _rng() -> np.random.Generator:
    return np.random.default_rng(1)


FAMILIES = ("dekr", "ditehrnet", "fan", "pplcnet", "prtr", "ps_vit", "tokenpose")


@pytest.mark.parametrize("family", FAMILIES)
def test_every_model_of_poses_has_a_recipe(family: str) -> None:
    entries = [card(name) for name in list_models() if card(name).family == family]
    entries = [entry for entry in entries if entry.kind != "classifier"]
    assert entries
    for entry in entries:
        assert make_task(entry, SKELETON, recipe_for(entry, entry.skeleton or "coco17"))


def test_published_values_of_some_recipes() -> None:
    tokenpose = recipe_for(card("tokenpose_b"), "coco17")
    assert (tokenpose.rate, tokenpose.milestones, tokenpose.epochs) == (1e-3, (200, 260), 300)
    dite = recipe_for(card("ditehrnet_18"), "coco17")
    assert (dite.rate, dite.warm_up, dite.milestones, dite.epochs) == (2e-3, 500, (170, 200), 270)
    assert recipe_for(card("ditehrnet_18"), "mpii16").epochs == 260
    assert recipe_for(card("prtr_w32"), "coco17").slower == ()
    prtr = recipe_for(card("prtr_r50"), "coco17")
    assert (prtr.optimiser, prtr.rate, prtr.decay, prtr.clip, prtr.factor) == ("adamw", 1e-4, 1e-4, 0.1, 0.5)
    assert prtr.slower == (("backbone.", 0.1),)
    assert recipe_for(card("dekr_w32"), "coco17").milestones == (90, 120)
    assert recipe_for(card("dekr_w32"), "crowdpose14").milestones == (200, 260)
    assert recipe_for(card("hpm_1_binary"), "mpii16").options == {"loss": "sigmoid"}
    assert recipe_for(card("fan_4"), "ibug68").optimiser == "rmsprop"
    assert sum("from memory" in recipe.source for recipe in recipes()) >= 5


def test_unit_joints_outside_the_input_weigh_nothing() -> None:
    xy = np.array([[0.0, 0.0], [64.0, 32.0], [65.0, 3.0], [5.0, 5.0]])
    unit, weight = unit_joints(xy, np.array([2, 1, 2, 0]), (32, 64))
    assert unit.tolist() == [[0, 0], [1, 1], [0, 0], [0, 0]]
    assert weight[:, 0].tolist() == [1, 1, 0, 0]


def test_a_joint_set_sample_is_the_crop_in_shares() -> None:
    entry = card("prtr_r50").sized(input_size=(64, 64))
    recipe = recipe_for(entry, "coco17").changed(STILL)
    person = _person()
    sample = JointSetTask(entry, SKELETON, recipe).sample(_picture(), person, _rng())
    assert sample["input"].shape == (3, 64, 64)
    assert (sample["weight"] == 1).all()
    side = np.ptp(person.box.reshape(2, 2), axis=0).max() * 1.25
    wanted = (person.xy - person.box.reshape(2, 2).mean(axis=0)) / side + 0.5
    assert np.allclose(sample["xy"], wanted, atol=1e-5)


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_people_set_sample_holds_everybody(mirrored: bool) -> None:
    entry = card("prtr_sequential").sized(input_size=(96, 128))
    recipe = recipe_for(entry, "coco17").changed({"augmentation.mirrored": float(mirrored)})
    task = PeopleSetTask(entry, SKELETON, recipe)
    first, second = _person(), _person(80, 10)
    sample = task.sample(_picture(), replace(first, others=(second,)), _rng())
    assert sample["people"] == 2
    assert sample["box"].shape == (MOST_PEOPLE, 4)
    centre = first.box.reshape(2, 2).mean(axis=0)
    centre[0] = 127 - centre[0] if mirrored else centre[0]
    assert np.allclose(sample["box"][0, :2] * [128, 96], centre, atol=0.1)
    joint = SKELETON.flip[3] if mirrored else 3
    x = 127 - first.xy[joint, 0] if mirrored else first.xy[joint, 0]
    assert sample["xy"][0, 3, 0] * 128 == pytest.approx(x, abs=0.1)
    assert not sample["weight"][2:].any()
    batch = {key: torch.from_numpy(np.stack([value])) for key, value in sample.items()}
    outputs = {
        "pred_logits": torch.zeros(1, 4, 2),
        "pred_boxes": torch.full((1, 4, 4), 0.3),
        "pred_kpt_coord": torch.full((1, 4, 20, 2), 0.5),
        "pred_kpt_logits": torch.zeros(1, 4, 20, 18),
    }
    assert float(task.loss(outputs, batch)) > 0


def test_a_people_set_sample_lies_where_the_runner_puts_the_picture() -> None:
    entry = card("prtr_sequential").sized(input_size=(128, 96))
    recipe = recipe_for(entry, "coco17").changed({"augmentation.mirrored": 0})
    sample = PeopleSetTask(entry, SKELETON, recipe).sample(_picture(), _person(), _rng())
    runner = Sequential(torch.nn.Identity(), entry)  # type: ignore[arg-type]
    inputs, padding, (crop,) = runner._fitted([_picture()])
    assert np.array_equal(sample["input"], inputs[0].numpy())
    assert np.array_equal(sample["padding"], padding[0].numpy())
    assert sample["padding"].mean() == pytest.approx(1 - 72 / 128)
    placed = crop.to_image(sample["xy"][:1] * [crop.input_size[1], crop.input_size[0]])
    assert np.allclose(placed[0], _person().xy, atol=1e-4)


def test_a_centre_sample_covers_the_whole_picture() -> None:
    entry = card("dekr_w32").sized(input_size=(96, 96))
    recipe = recipe_for(entry, "coco17").changed(
        {
            "augmentation.mirrored": 0,
            "options.smallest": 1.0,
            "options.largest": 1.0,
            "options.rotation": 0.0,
            "options.translation": 0.0,
        }
    )
    task = CentreTask(entry, SKELETON, recipe)
    person = _person(50, 20)
    sample = task.sample(_picture(), person, _rng())
    assert sample["input"].shape == (3, 96, 96)
    assert sample["maps"].shape == (18, 24, 24)
    assert sample["offsets"].shape == (34, 24, 24)
    # A square of the short side about the middle of 128 x 96: x moves by 16, and cells are 4 pixels.
    centre = (person.xy.mean(axis=0) - [16, 0]) / 4
    row, column = np.unravel_index(sample["maps"][17].argmax(), (24, 24))
    assert np.abs(np.array([column, row]) - centre).max() <= 0.5
    cell = np.array([int(centre[0]), int(centre[1])])
    offset = sample["offsets"].reshape(17, 2, 24, 24)[5, :, cell[1], cell[0]]
    assert np.allclose(cell - offset, (person.xy[5] - [16, 0]) / 4, atol=1e-4)
    unknown = replace(person, area=float("nan"))
    again = task.sample(_picture(), unknown, _rng())
    assert np.array_equal(again["maps"][:17], sample["maps"][:17])


WHOLE_CUT = {
    "augmentation.mirrored": 0,
    "options.smallest": 1.0,
    "options.largest": 1.0,
    "options.rotation": 0.0,
    "options.translation": 0.0,
}


@pytest.mark.parametrize("mirrored", [0, 1])
def test_regions_to_ignore_teach_no_background(mirrored: int) -> None:
    entry = card("dekr_w32").sized(input_size=(96, 128))
    recipe = recipe_for(entry, "coco17").changed({**WHOLE_CUT, "augmentation.mirrored": mirrored})
    task, person = CentreTask(entry, SKELETON, recipe), _person()
    region = np.array([[82.0, 2.0], [126.0, 2.0], [126.0, 90.0], [82.0, 90.0]])  # the person reaches x = 81
    plain = task.sample(_picture(), person, _rng())
    masked = task.sample(_picture(), replace(person, ignored=(region,)), _rng())
    left, right = (127 - 126, 127 - 82) if mirrored else (82, 126)
    inside = np.zeros((24, 32), dtype=bool)
    inside[1:23] = (np.arange(32) * 4 > left) & (np.arange(32) * 4 < right)
    background = plain["maps_weight"] < 1
    near = (plain["maps_weight"] == 1) & inside
    assert near.any()  # joints whose surroundings reach into the region
    assert not masked["maps_weight"][background & inside].any()
    assert (masked["maps_weight"][near] == 1).all()
    assert np.array_equal(masked["maps_weight"][:, ~inside], plain["maps_weight"][:, ~inside])
    for name in ("input", "maps", "offsets", "offsets_weight"):
        assert np.array_equal(masked[name], plain[name])
    assert cells_inside(region[:2] / 4, (24, 32)).sum() == 0


def test_unknown_options_of_the_centre_task_are_refused() -> None:
    entry = card("dekr_w32")
    with pytest.raises(UsageError) as caught:
        CentreTask(entry, SKELETON, recipe_for(entry, "coco17").changed({"options.turn": 3}))
    assert caught.value.code == "P159"


def test_faces_are_raised_in_training_too() -> None:
    entry = card("fan_1").sized(joints=17, input_size=(64, 64))
    recipe = recipe_for(entry, "coco17").changed(STILL)
    person = _person()
    maps = make_task(entry, SKELETON, recipe).sample(_picture(), person, _rng())["maps"]
    level = make_task(replace(entry, raised=0.0), SKELETON, recipe).sample(_picture(), person, _rng())["maps"]
    rows = [np.unravel_index(each[8].argmax(), each[8].shape)[0] for each in (maps, level)]
    assert rows[0] > rows[1]


@pytest.mark.parametrize(
    ("name", "option"),
    [("dekr_w32", "background"), ("dekr_w32", "offset_factor"), ("prtr_r50", "background")],
)
def test_weights_of_a_loss_are_options_of_the_recipe(name: str, option: str) -> None:
    entry = card(name).sized(input_size=(64, 64))
    recipe = recipe_for(entry, "coco17")
    torch.manual_seed(0)
    outputs: Any = (torch.rand(1, 18, 16, 16), torch.rand(1, 34, 16, 16))
    if name == "prtr_r50":
        outputs = {"pred_logits": torch.rand(1, 20, 18), "pred_coords": torch.rand(1, 20, 2)}
    losses = []
    for value in (0.1, 0.9):
        task: Any = make_task(entry, SKELETON, recipe.changed({f"options.{option}": value}))
        sample = task.sample(_picture(), _person(), _rng())
        batch = {key: torch.from_numpy(np.asarray(array)[None]) for key, array in sample.items()}
        losses.append(float(task.loss(outputs, batch)))
    assert losses[0] != losses[1]
    with pytest.raises(UsageError, match=r"options\.nothing") as caught:
        make_task(entry, SKELETON, recipe.changed({"options.nothing": 1}))
    assert caught.value.code == "P159"
