"""Crops and the warp: against the official program's numbers and against plain loops."""

from __future__ import annotations

import numpy as np
import pytest

from poseval.errors import UsageError
from poseval.errors.optional import require
from poseval.kernels import images
from poseval.models.inference.crops import (
    affine_matrix,
    centre_and_size,
    crops_of,
    cut,
    inverse,
    map_step,
    transform,
    warp,
)
from tests.shared import shared_path

SINGLE = 1e-6  # share of the largest value; the fixtures went through float32


def near(ours: np.ndarray, recorded: np.ndarray) -> None:
    assert ours.shape == recorded.shape
    np.testing.assert_allclose(ours, recorded, rtol=0, atol=SINGLE * np.abs(recorded).max())


@pytest.mark.parametrize("size", [(256, 192), (384, 288), (256, 256)])
def test_crops_equal_the_official_ones(size: tuple[int, int]) -> None:
    stored = np.load(shared_path("golden/models/pipeline/topdown_geometry.npz"))
    name = f"s{size[0]}x{size[1]}"
    boxes = stored["boxes"].astype(float)
    boxes[:, 2:] += boxes[:, :2]
    crops = crops_of(*centre_and_size(boxes, size[1] / size[0], 1.25), size, rotation=stored["rotation"])
    near(crops.centre, stored[f"{name}/center"])
    near(crops.size / 200, stored[f"{name}/scale"])
    near(crops.matrix, stored[f"{name}/affine"])
    maps = (size[0] // 4, size[1] // 4)
    near(inverse(affine_matrix(crops.centre, crops.size, maps)), stored[f"{name}/heatmap_inverse"])


def test_udp_matrix_equals_the_official_one() -> None:
    stored = np.load(shared_path("golden/models/pipeline/heatmap_codecs_mmpose.npz"))
    boxes = stored["boxes"].astype(float)
    crops = crops_of(
        boxes[:, :2] + boxes[:, 2:] / 2,
        boxes[:, 2:] * 1.25,
        (256, 192),
        rotation=stored["rotation"],
        mapping="udp",
    )
    near(crops.matrix, stored["udp_warp_192x256"])


@pytest.mark.parametrize("mapping", ["affine", "udp", "integer"])
def test_points_come_back_to_where_they_were(mapping: str) -> None:
    crops = cut([[10, 20, 110, 220], [0, 0, 50, 40]], (256, 192), mapping=mapping)
    points = np.random.RandomState(0).rand(2, 5, 2) * 100
    np.testing.assert_allclose(crops.to_image(crops.from_image(points)), points, atol=1e-9)


def test_udp_maps_the_last_pixel_centre_to_the_last_pixel_centre() -> None:
    crops = crops_of([[95.5, 127.5]], [[191, 255]], (256, 192), mapping="udp")
    step = map_step((256, 192), (64, 48), udp=True)
    np.testing.assert_allclose(crops.to_image([[[47, 63]]] * step), [[[191, 255]]], atol=1e-9)


def test_integer_crop_lies_between_whole_pixels() -> None:
    crops = crops_of([[50.7, 60.2]], [[100.0, 100.0]], (100, 100), mapping="integer")
    # corners 0.7 and 10.2 are cut to 0 and 10, 100.7 and 110.2 to 100 and 110: no resize at all
    np.testing.assert_allclose(crops.matrix[0], [[1, 0, 0], [0, 1, -10]], atol=1e-12)


def test_an_image_is_not_a_crop() -> None:
    with pytest.raises(UsageError) as caught:
        cut([[0, 0, 1, 1]], (64, 64), mapping="image")
    assert caught.value.code == "P155"


def test_size_has_the_aspect_and_contains_the_box() -> None:
    boxes = np.array([[0, 0, 30, 300], [5, 5, 205, 25.0]])
    _, size = centre_and_size(boxes, 192 / 256)
    np.testing.assert_allclose(size[:, 0] / size[:, 1], 0.75)
    assert (size >= 1.25 * (boxes[:, 2:] - boxes[:, :2]) - 1e-9).all()


def slow_warp(image: np.ndarray, matrix: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Pixel by pixel, from the definition."""
    back = inverse(matrix)
    out = np.zeros((*size, image.shape[2]))
    for y in range(size[0]):
        for x in range(size[1]):
            column, row = transform(np.array([[x, y]], dtype=float), back)[0]
            left, top = int(np.floor(column)), int(np.floor(row))
            for dy in (0, 1):
                for dx in (0, 1):
                    if 0 <= top + dy < image.shape[0] and 0 <= left + dx < image.shape[1]:
                        share = (1 - abs(column - left - dx)) * (1 - abs(row - top - dy))
                        out[y, x] += share * image[top + dy, left + dx]
    return out


@pytest.mark.parametrize("angle", [0.0, 33.0])
def test_warp_equals_its_definition(angle: float) -> None:
    image = np.random.RandomState(1).randint(0, 256, (23, 31, 3), dtype=np.uint8)
    crops = crops_of(*centre_and_size([[-4, 3, 25, 30]], 0.75), (40, 30), rotation=angle)
    seen = warp(image, crops.matrix[0], (40, 30))
    assert seen.dtype == np.uint8
    np.testing.assert_allclose(seen, slow_warp(image, crops.matrix[0], (40, 30)), atol=0.501)


def test_warp_of_whole_numbers_rounds_to_nearest() -> None:
    image = np.array([[[0], [255]]], dtype=np.uint8)
    half = np.array([[1, 0, -0.5], [0, 1, 0]])  # input pixel 0 sees the middle of the two
    assert warp(image, half, (1, 1))[0, 0, 0] == 128


def test_a_crop_beside_the_image_is_black() -> None:
    image = np.full((8, 8, 3), 200, dtype=np.uint8)
    crops = cut([[1e6, 1e6, 1e6 + 10, 1e6 + 10]], (16, 16))
    assert not warp(image, crops.matrix[0], (16, 16)).any()


def numpy_warp(image: np.ndarray, matrix: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The warp as NumPy computes it: positions in float32, blends in float64, halves to even."""
    back = inverse(matrix).astype(np.float32)
    x, y = np.arange(size[1], dtype=np.float32)[None], np.arange(size[0], dtype=np.float32)[:, None]
    column = np.clip(x * back[0, 0] + y * back[0, 1] + back[0, 2], -1, image.shape[1])
    row = np.clip(x * back[1, 0] + y * back[1, 1] + back[1, 2], -1, image.shape[0])
    left, top = np.floor(column).astype(int), np.floor(row).astype(int)
    right, low = (column - left)[..., None], (row - top)[..., None]
    edged = np.pad(image, ((1, 2), (1, 2), (0, 0))).astype(np.float64)
    upper = edged[top + 1, left + 1] * (1 - right) + edged[top + 1, left + 2] * right
    lower = edged[top + 2, left + 1] * (1 - right) + edged[top + 2, left + 2] * right
    return np.rint(upper * (1 - low) + lower * low).astype(np.uint8)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_warp_is_numpys_to_the_last_bit(channels: int) -> None:
    chance = np.random.default_rng(channels)
    for turn in range(60):  # a third of the crops are upright, whose places are found once for all rows
        image = chance.integers(0, 256, (*chance.integers(1, 60, 2), channels), dtype=np.uint8)
        size = tuple(map(int, chance.integers(2, 50, 2)))
        place = chance.uniform(-20, 80, (1, 2)), chance.uniform(3, 90, (1, 2))
        rotation = chance.uniform(-180, 180) if turn % 3 else 0.0
        matrix = crops_of(*place, size, rotation=rotation).matrix[0]
        assert (matrix[0, 1] == 0 == matrix[1, 0]) == (turn % 3 == 0)
        for turned in (image, image[:, ::-1]):
            np.testing.assert_array_equal(warp(turned, matrix, size), numpy_warp(turned, matrix, size))


def test_a_warp_is_opencvs() -> None:
    cv2 = require("cv2", "this test", "flow")
    if int(cv2.__version__.split(".")[0]) < 5:
        pytest.skip("OpenCV before 5 rounds positions to 1/32 of a pixel")
    image = np.random.default_rng(3).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    for size, angle in (((128, 96), 0.0), ((256, 192), 20.0), ((64, 64), -75.0)):
        matrix = crops_of(*centre_and_size([[150, 20, 420, 280]], size[1] / size[0]), size, rotation=angle)
        theirs = cv2.warpAffine(image, matrix.matrix[0], size[::-1], flags=cv2.INTER_LINEAR)
        apart = np.abs(warp(image, matrix.matrix[0], size).astype(int) - theirs)
        assert apart.max() <= 1
        assert (apart > 0).mean() < 1e-3


@pytest.mark.parametrize("matrix", [np.full((2, 3), np.nan), np.full((2, 3), np.inf), np.full((2, 3), -1e30)])
def test_a_place_that_is_no_place_is_black(matrix: np.ndarray) -> None:
    image = np.full((8, 8, 3), 200, dtype=np.uint8)
    assert not images.warp(image, matrix.astype(np.float32), (4, 4)).any()
