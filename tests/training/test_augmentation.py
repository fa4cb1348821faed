"""Augmentation: what is drawn, and that image and joints move together."""

from __future__ import annotations

import numpy as np
import pytest

from poseval.models.inference.crops import cut
from poseval.skeletons import get_skeleton
from poseval.training.augmentation import HRNET_COCO, NONE, SIMPLE_BASELINES, Augmentation, half_body, sample

FLIP = get_skeleton("coco17").flip
UPPER = tuple(range(11))
BOX = [80.0, 20.0, 180.0, 170.0]
SIZE = (256, 192)


def marked(points: np.ndarray) -> np.ndarray:
    """An image whose channel k is bright about joint k."""
    image = np.zeros((200, 300, len(points)), dtype=np.uint8)
    for joint, (x, y) in enumerate(np.rint(points).astype(int)):
        image[y - 1 : y + 2, x - 1 : x + 2, joint] = 255
    return image


@pytest.fixture
def points() -> np.ndarray:
    random = np.random.RandomState(0)
    return np.rint(np.column_stack([random.uniform(100, 160, 17), random.uniform(40, 150, 17)]))


def test_nothing_drawn_is_the_plain_crop(points: np.ndarray) -> None:
    seen = np.full(17, 2)
    made = sample(marked(points), BOX, points, seen, SIZE, FLIP, np.random.default_rng(0), NONE)
    np.testing.assert_allclose(made.crops.matrix, cut(BOX, SIZE).matrix)
    np.testing.assert_array_equal(made.seen, seen)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("recipe", [SIMPLE_BASELINES, Augmentation(mirrored=1.0, rotated=1.0)])
def test_joints_stay_on_their_marks(points: np.ndarray, seed: int, recipe: Augmentation) -> None:
    rng = np.random.default_rng(seed)
    made = sample(marked(points), BOX, points, np.full(17, 2), SIZE, FLIP, rng, recipe)
    straight, mirrored = [], []
    for joint in range(17):
        x, y = np.rint(made.xy[joint]).astype(int)
        if 0 <= x < SIZE[1] and 0 <= y < SIZE[0]:
            straight.append(made.image[y, x, joint])
            mirrored.append(made.image[y, x, FLIP[joint]])
    # mirrored people have left and right joints exchanged: the mark lies in the mirror joint's channel
    assert min(straight) > 127 or min(mirrored) > 127


def test_a_mirrored_person_has_left_and_right_exchanged(points: np.ndarray) -> None:
    seen = np.arange(17) % 3
    recipe = Augmentation(scale=0.0, rotation=0.0, mirrored=1.0)
    made = sample(marked(points), BOX, points, seen, SIZE, FLIP, np.random.default_rng(0), recipe)
    np.testing.assert_array_equal(made.seen, seen[list(FLIP)])
    plain = cut(BOX, SIZE).from_image(points[None])[0]
    # the middle of the crop is pixel 96; mirroring the image mirrors the crop about it
    np.testing.assert_allclose(made.xy[:, 0], 2 * 96 - plain[list(FLIP), 0], atol=1e-9)
    np.testing.assert_allclose(made.xy[:, 1], plain[list(FLIP), 1], atol=1e-9)


def test_draws_keep_their_bounds(points: np.ndarray) -> None:
    image, rng = np.zeros((8, 8, 1), dtype=np.uint8), np.random.default_rng(1)
    plain = cut(BOX, SIZE).size[0]
    scales, angles = [], []
    for _ in range(400):
        made = sample(image, BOX, points, np.zeros(17), SIZE, FLIP, rng, HRNET_COCO)
        scales.append(made.crops.size[0] / plain)
        linear = made.crops.matrix[0, :, :2]
        angles.append(np.degrees(np.arctan2(-linear[1, 0], linear[0, 0])))
    assert np.min(scales) >= 0.65 - 1e-9
    assert np.max(scales) <= 1.35 + 1e-9
    assert np.abs(angles).max() <= 90 + 1e-9
    assert 0.3 < np.mean(np.isclose(angles, 0)) < 0.5


def test_the_same_seed_draws_the_same(points: np.ndarray) -> None:
    given = (marked(points), BOX, points, np.full(17, 2), SIZE, FLIP)
    one, two = (sample(*given, np.random.default_rng(7), HRNET_COCO, upper=UPPER) for _ in range(2))
    np.testing.assert_array_equal(one.image, two.image)
    np.testing.assert_array_equal(one.xy, two.xy)


def test_half_a_body_is_the_box_of_its_joints(points: np.ndarray) -> None:
    seen = np.zeros(17, dtype=np.int8)
    seen[5:11] = 2  # shoulders, elbows and wrists: no lower half to choose
    found = half_body(points, seen, UPPER, 0.75, np.random.default_rng(0))
    assert found is not None
    centre, size = found
    np.testing.assert_allclose(centre[0], points[5:11].mean(0))
    extent = np.ptp(points[5:11], axis=0)
    width = max(extent[0], extent[1] * 0.75)
    np.testing.assert_allclose(size[0], [width * 1.5, max(extent[1], extent[0] / 0.75) * 1.5])


def test_both_halves_are_chosen(points: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    upper = points[: len(UPPER)].mean(0)
    found = [half_body(points, np.full(17, 2, dtype=np.int8), UPPER, 0.75, rng) for _ in range(300)]
    share = np.mean([np.allclose(half[0][0], upper) for half in found if half is not None])
    assert 0.6 < share < 0.78


def test_a_body_without_halves_is_left_whole(points: np.ndarray) -> None:
    seen = np.zeros(17, dtype=np.int8)
    seen[[0, 16]] = 2
    assert half_body(points, seen, UPPER, 0.75, np.random.default_rng(0)) is None
