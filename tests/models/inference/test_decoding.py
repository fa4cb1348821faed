"""Decoding and the flip test against the official programs' numbers."""

from __future__ import annotations

import numpy as np
import pytest

from poseval.errors import UsageError
from poseval.models.inference.crops import crops_of, map_step
from poseval.models.inference.decoding import (
    argmax,
    blur,
    dark,
    decode,
    flip_back,
    flip_points,
    quarter,
    simcc,
    udp,
)
from poseval.skeletons import get_skeleton
from tests.shared import shared_path

PIXEL = 1e-4  # the fixtures are float32, their largest number a few hundred


def stored(name: str) -> dict[str, np.ndarray]:
    with np.load(shared_path(f"golden/models/pipeline/{name}.npz")) as file:
        return dict(file)


def test_repository_decoding_equals_the_official_one() -> None:
    data = stored("heatmap_decode")
    maps = data["heatmaps"]
    crops = crops_of(data["center"], data["scale"] * 200, (256, 192))
    xy, score = argmax(maps)
    np.testing.assert_array_equal(xy, data["argmax"])
    np.testing.assert_array_equal(score, data["maxvals"][..., 0])
    for name, method in (("quarter_0", "argmax"), ("quarter_1", "quarter"), ("dark_k11", "dark")):
        found = crops.to_image(decode(maps, method)[0] * map_step((256, 192), (64, 48)))
        np.testing.assert_allclose(found, data[f"{name}/preds"], atol=PIXEL)


def test_mmpose_decoding_equals_the_official_one() -> None:
    data = stored("heatmap_codecs_mmpose")
    maps = data["heatmaps"]
    xy, score = argmax(maps, "mmpose")
    np.testing.assert_array_equal(xy[0], data["0/max"])
    np.testing.assert_array_equal(score[0], data["0/score"])
    np.testing.assert_allclose(quarter(maps, "mmpose")[0][0], data["0/quarter"], atol=PIXEL)
    np.testing.assert_allclose(dark(maps, border="mmpose")[0][0], data["0/dark"], atol=PIXEL)
    np.testing.assert_allclose(udp(maps)[0][0], data["0/dark_udp"], atol=PIXEL)


def peak(x: int, y: int, right: float, low: float) -> np.ndarray:
    maps = np.zeros((1, 1, 6, 8), dtype=np.float32)
    maps[0, 0, y, x] = 1.0
    if x + 1 < 8:
        maps[0, 0, y, x + 1] = right
    if y + 1 < 6:
        maps[0, 0, y + 1, x] = low
    return maps


@pytest.mark.parametrize(
    ("at", "repository", "mmpose"),
    [
        ((3, 3), (3.25, 3.25), (3.25, 3.25)),
        ((1, 3), (1.0, 3.0), (1.0, 3.25)),  # x on the rim: the repository then leaves y alone too
        ((3, 1), (3.0, 1.0), (3.25, 1.0)),
        ((6, 3), (6.25, 3.25), (6.25, 3.25)),
        ((7, 3), (7.0, 3.0), (7.0, 3.25)),
    ],
)
def test_border_rules_differ(
    at: tuple[int, int], repository: tuple[float, float], mmpose: tuple[float, float]
) -> None:
    maps = peak(*at, 0.5, 0.5)
    assert tuple(quarter(maps)[0][0, 0]) == repository
    assert tuple(quarter(maps, "mmpose")[0][0, 0]) == mmpose


def test_a_map_without_a_positive_maximum_has_no_place() -> None:
    maps = np.full((1, 1, 6, 8), -1.0, dtype=np.float32)
    assert argmax(maps)[0].tolist() == [[[0.0, 0.0]]]
    assert argmax(maps, "mmpose")[0].tolist() == [[[-1.0, -1.0]]]


@pytest.mark.parametrize(("method", "tolerance"), [(dark, 0.02), (udp, 0.02), (quarter, 0.3)])
def test_a_gaussian_is_found_between_pixels(method: object, tolerance: float) -> None:
    x, y = np.arange(48), np.arange(64)[:, None]
    truth = np.array([20.37, 31.81])
    maps = np.exp(-((x - truth[0]) ** 2 + (y - truth[1]) ** 2) / 8).astype(np.float32)[None, None]
    assert np.abs(method(maps)[0][0, 0] - truth).max() < tolerance  # type: ignore[operator]


def test_blur_keeps_the_maximum() -> None:
    maps = peak(3, 3, 0.2, 0.1)
    assert blur(maps, 11).max() == pytest.approx(1.0)


def test_blur_refuses_an_even_kernel() -> None:
    with pytest.raises(UsageError) as caught:
        blur(peak(3, 3, 0, 0), 10)
    assert caught.value.code == "P155"


def test_flip_test_equals_the_official_one() -> None:
    data = stored("heatmap_decode")
    flip = get_skeleton("coco17").flip
    plain = flip_back(data["flip_in"], flip, 0)
    np.testing.assert_allclose(plain.sum((2, 3)), data["flip_back_sum_by_joint"], rtol=1e-6)
    np.testing.assert_array_equal(plain[:, :, 32], data["flip_back_row32"])
    average = (data["heatmaps"][:1] + flip_back(data["flip_in"], flip, 1)) * 0.5
    np.testing.assert_array_equal(average, data["flip_average"])


def test_flip_points_mirrors_and_swaps() -> None:
    xy, score = flip_points(np.array([[[0.1, 0.5], [0.7, 0.2]]]), np.array([[0.9, 0.3]]), (1, 0))
    np.testing.assert_allclose(xy, [[[0.3, 0.2], [0.9, 0.5]]])
    np.testing.assert_allclose(score, [[0.3, 0.9]])


def test_simcc_reads_both_axes() -> None:
    x, y = np.zeros((1, 2, 16)), np.zeros((1, 2, 20))
    x[0, 0, 7], y[0, 0, 12] = 0.8, 0.6
    xy, score = simcc(x, y, 2.0)
    assert xy.tolist() == [[[3.5, 6.0], [-1.0, -1.0]]]
    assert score.tolist() == [[0.6, 0.0]]


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(UsageError, match="quarter") as caught:
        decode(peak(3, 3, 0, 0), "guess")
    assert caught.value.code == "P155"
