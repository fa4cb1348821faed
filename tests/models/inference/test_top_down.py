"""The top-down pass with networks that answer what the test says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import Tensor, nn

from poseval.errors import UsageError
from poseval.models import card
from poseval.models.inference.top_down import TopDown, last_maps, normalised
from poseval.models.registry import ModelCard
from poseval.skeletons import get_skeleton

pytestmark = pytest.mark.models

CARD = card("hrnet_w32").sized(17, (64, 48))
FLIP = get_skeleton("coco17").flip


class Sees(nn.Module):
    """Heatmaps that are bright where the red channel is: all joints at one spot."""

    def forward(self, images: Tensor) -> Tensor:
        red = nn.functional.avg_pool2d(images[:, :1], 4)
        return red.expand(-1, 17, -1, -1)


class Points(nn.Module):
    """The brightest pixel's place in 0..1 for every joint, and a score per joint."""

    def forward(self, images: Tensor) -> Tensor:
        height, width = images.shape[2:]
        red = images[:, 0].flatten(1)
        index = red.argmax(1)
        place = torch.stack([index % width / width, index // width / height], 1)
        place[red.amax(1) <= 0] = torch.nan
        score = (torch.arange(17) / 17)[None, :, None].expand(len(images), 17, 1)
        return torch.cat([place[:, None].expand(-1, 17, 2), score], 2)


def plain(**changes: Any) -> ModelCard:
    from dataclasses import replace

    return replace(CARD, mean=(0.0,) * 3, std=(1.0,) * 3, **changes)


def image_with_blob(x: int, y: int) -> np.ndarray:
    image = np.zeros((200, 300, 3), dtype=np.uint8)
    image[y - 6 : y + 7, x - 6 : x + 7, 0] = 250
    return image


@pytest.mark.parametrize("crop", ["affine", "udp", "integer"])
@pytest.mark.parametrize("flip_test", [False, True])
def test_a_spot_is_found_where_it_is(crop: str, flip_test: bool) -> None:
    runner = TopDown(Sees(), plain(crop=crop, flip_shift=0, decode="dark"), flip_test=flip_test)
    poses = runner.poses(image_with_blob(131, 92), [[80, 20, 180, 170]])
    # one map pixel is about 13 image pixels; the mean of four input pixels sits 1.5 of them off its corner
    step = poses.area[0] ** 0.5 / (64 * 48) ** 0.5
    assert np.abs(poses.xy[0] - [131, 92]).max() < 2.5 * step


def test_colours_are_fed_in_the_cards_order() -> None:
    pixels = np.zeros((1, 2, 2, 3), dtype=np.uint8)
    pixels[..., 0] = 255
    rgb, bgr = normalised(pixels, card("hrnet_w32")), normalised(pixels, card("simplebaseline_r50"))
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    np.testing.assert_allclose(rgb[0, :, 0, 0], ([1, 0, 0] - mean) / std, rtol=1e-6)
    # blue first, and still the red channel's mean on it
    np.testing.assert_allclose(bgr[0, :, 0, 0], ([0, 0, 1] - mean) / std, rtol=1e-6)


@pytest.mark.parametrize("name", ["hrnet_w32", "simplebaseline_r50", "rtmdet", "hourglass_2"])
def test_every_grey_level_is_divided_then_normalised(name: str) -> None:
    entry, pixels = card(name), np.arange(256 * 6, dtype=np.uint8).reshape(2, 16, 16, 3)
    ordered = pixels[..., ::-1] if entry.colour == "bgr" else pixels
    scaled = ordered.astype(np.float32) / np.float32(entry.pixel_divisor)
    wanted = (scaled - np.float32(entry.mean)) / np.float32(entry.std)
    np.testing.assert_array_equal(normalised(pixels, entry), wanted.transpose(0, 3, 1, 2))


def test_whole_numbers_stay_whole_for_movenet() -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(1, 2, 2, 3)
    np.testing.assert_array_equal(
        normalised(pixels, card("movenet_thunder")), pixels.transpose(0, 3, 1, 2).astype(np.float32)
    )


def test_a_box_in_which_nobody_is_found_has_no_row() -> None:
    entry = plain(kind="regression", decode="coordinates", flip="coordinates")
    runner = TopDown(Points(), entry, flip_test=False)
    boxes = [[0, 0, 40, 40], [80, 20, 180, 170]]
    poses = runner.poses(image_with_blob(131, 92), boxes, [0.3, 0.8])
    assert poses.row.tolist() == [1]
    assert np.abs(poses.xy[0] - [131, 92]).max() < 12
    np.testing.assert_array_equal(poses.box, [boxes[1]])
    visible = np.arange(17) / 17
    assert poses.score[0] == pytest.approx(0.8 * visible[visible > 0.2].mean())


def test_coordinates_of_a_flip_test_are_averaged_with_joints_swapped() -> None:
    entry = plain(kind="regression", decode="coordinates", flip="coordinates")
    runner = TopDown(Points(), entry)
    _, score = runner.decoded(torch.rand(2, 3, 64, 48))
    alone = np.arange(17) / 17
    np.testing.assert_allclose(score, np.stack([(alone + alone[list(FLIP)]) / 2] * 2), rtol=1e-6)


def test_no_box_no_pose() -> None:
    poses = TopDown(Sees(), CARD).poses(image_with_blob(131, 92), np.zeros((0, 4)))
    assert len(poses) == 0
    assert poses.xy.shape == (0, 17, 2)
    assert poses.joint_score.shape == (0, 17)


def test_the_last_stack_is_read() -> None:
    maps = torch.rand(2, 3, 17, 8, 6)
    np.testing.assert_array_equal(last_maps(maps), maps[:, -1].numpy())
    np.testing.assert_array_equal(last_maps([maps[:, 0], maps[:, 1]]), maps[:, 1].numpy())


def test_a_flip_test_without_mirror_joints_is_refused() -> None:
    with pytest.raises(UsageError, match="mirror joints") as caught:
        TopDown(Sees(), CARD.sized(5))
    assert caught.value.code == "P156"
    TopDown(Sees(), CARD.sized(5), flip_test=False)
    TopDown(Sees(), CARD.sized(3), mirror=(0, 2, 1))


def test_a_network_of_whole_images_is_refused() -> None:
    with pytest.raises(UsageError, match="whole images") as caught:
        TopDown(Sees(), plain(crop="image")).poses(image_with_blob(131, 92), [[0, 0, 9, 9]])
    assert caught.value.code == "P156"


@pytest.mark.parametrize(
    ("name", "method"), [("hrnet_w32", "abacus"), ("hrnet_w32", "matching"), ("prtr_r50", "dark")]
)
def test_a_method_that_does_not_read_the_outputs_is_refused(name: str, method: str) -> None:
    with pytest.raises(UsageError, match=method) as caught:
        TopDown(Points(), card(name), method=method)
    assert caught.value.code == "P155"
    assert TopDown(Points(), card("prtr_r50"), method="matching").method == "matching"
