"""The demo's detector: targets that decode to the boxes they were made of, samples, and the loss."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from poseval.cli import invoke
from poseval.models.inference.whole_image import whole_image
from poseval.models.networks.synth_detector import found_boxes
from poseval.models.registry import card, create_model
from poseval.skeletons import get_skeleton
from poseval.training import make_task
from poseval.training.box_task import BoxTask, box_targets, middle_loss
from poseval.training.recipes import recipe_for
from poseval.training.task import PersonOf

pytestmark = pytest.mark.models
SIZE = (36, 48)
BOXES = np.array([[2.0, 3.0, 12.5, 30.25], [20.0, 5.0, 30.0, 36.0], [31.0, 10.0, 47.5, 34.0]])


def as_output(middles: np.ndarray, distances: np.ndarray) -> torch.Tensor:
    logits = np.log(np.clip(middles, 1e-4, 1 - 1e-4) / (1 - np.clip(middles, 1e-4, 1 - 1e-4)))
    return torch.from_numpy(np.concatenate([logits[None], distances]).astype(np.float32))


def task(**changes: float) -> BoxTask:
    entry, skeleton = card("synth_detector"), get_skeleton("coco17")
    made = make_task(entry, skeleton, recipe_for(entry, skeleton.name).changed(changes))
    assert isinstance(made, BoxTask)
    return made


def person(box: list[float]) -> PersonOf:
    return PersonOf(np.array(box), np.zeros((17, 2)), np.zeros(17, dtype=np.int8), 100.0)


def test_targets_are_read_back_as_the_boxes() -> None:
    middles, distances, weight = box_targets(BOXES, SIZE)
    corners, score = found_boxes(as_output(middles, distances))
    order = np.argsort(corners[:, 0])
    np.testing.assert_allclose(corners[order], BOXES, atol=1e-4)
    assert (score > 0.99).all()
    assert weight.sum() == 3 * 9


def test_of_two_people_with_one_middle_the_smaller_is_learnt() -> None:
    both = np.array([[10.0, 10.0, 20.0, 20.0], [5.0, 5.0, 25.0, 25.0]])
    _, distances, _ = box_targets(both, SIZE)
    np.testing.assert_allclose(np.exp(distances[:, 15, 15]), [5.5, 5.5, 4.5, 4.5], rtol=1e-6)


@pytest.mark.parametrize("mirrored", [0.0, 1.0])
def test_a_sample_shows_its_boxes(mirrored: float) -> None:
    picture = np.zeros((144, 192, 3), dtype=np.uint8)
    picture[40:120, 20:60] = 255
    still = {"options.smallest": 1, "options.largest": 1, "options.translation": 0}
    made = task(**still, **{"augmentation.mirrored": mirrored})
    sample = made.sample(picture, person([20, 40, 60, 120]), np.random.default_rng(0))
    corners, _ = found_boxes(as_output(sample["middles"], sample["distances"]))
    bright = np.argwhere(sample["input"][0] > 1)
    seen = [*bright.min(0)[::-1], *(bright.max(0)[::-1] + 1)]
    np.testing.assert_allclose(corners[0] * 4, seen, atol=1.5)
    assert abs(corners[0, 0] * 4 - (132 if mirrored else 20)) < 2


def test_people_who_are_cut_off_have_the_box_that_is_left() -> None:
    picture = np.zeros((144, 192, 3), dtype=np.uint8)
    made = task(**{"options.smallest": 1, "options.largest": 1, "options.translation": 0})
    one = person([150, 40, 230, 120])
    sample = made.sample(picture, one, np.random.default_rng(1))
    corners, _ = found_boxes(as_output(sample["middles"], sample["distances"]))
    assert corners[:, [0, 2]].min() >= -1e-4
    assert corners[:, [0, 2]].max() <= 48 + 1e-4


def test_the_loss_is_least_for_the_right_answer() -> None:
    middles, distances, weight = (torch.from_numpy(part)[None] for part in box_targets(BOXES, SIZE))
    batch = {"middles": middles, "distances": distances, "weight": weight}
    right = as_output(middles[0].numpy(), distances[0].numpy())[None]
    made = task()
    least = float(made.loss(right, batch))
    assert least < float(made.loss(right + torch.tensor([0.0, 0.3, 0, 0, 0])[:, None, None], batch))
    assert least < float(made.loss(right.roll(4, dims=3), batch))


def test_an_image_of_nobody_has_a_finite_loss() -> None:
    logits = torch.zeros(1, *SIZE, requires_grad=True)
    loss = middle_loss(logits, torch.zeros(1, *SIZE))
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()


def test_the_network_gives_boxes_inside_the_image() -> None:
    torch.manual_seed(0)
    finder = whole_image(create_model("synth_detector"), card("synth_detector"))
    image = np.random.default_rng(0).integers(0, 255, (101, 333, 3), dtype=np.uint8)
    found = finder.poses(image)
    assert (found.box >= 0).all()
    assert (found.box <= [333, 101, 333, 101]).all()
    assert found.xy.shape[1] == 0


def test_a_trained_detector_gives_the_boxes_of_a_run(
    sixteen: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = ["--images", str(sixteen / "images"), "-q"]
    job = ["train", "synth_detector", "--data", str(sixteen / "truth.json"), "--out", str(tmp_path / "net")]
    small = ["--input-size", "32x48", "--option", "widths=4,4,4,4", "--epochs", "2", "--device", "cpu"]
    assert invoke([*job, *truth, *small, "--channels-last"]) == 0
    assert invoke([*job, *truth, *small, "--val", str(sixteen / "truth.json")]) == 2
    assert "finds boxes and no joints" in capsys.readouterr().err
    out = tmp_path / "found.json"
    boxes = ["--boxes", "detector:synth_detector", "--detector-weights", str(tmp_path / "net" / "best.pt")]
    run = ["run", "synth_small", "--gt", str(sixteen / "truth.json"), "--out", str(out), *boxes]
    assert invoke([*run, *truth]) == 0
    assert out.is_file()
