"""Reading between pixels, and the deformable convolution."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch
from torch.nn import functional

from poseval.models.networks.sampling import DeformableConv, sample_points

pytestmark = pytest.mark.models


def test_samples_are_bilinear_and_zero_outside() -> None:
    row, column = torch.meshgrid(torch.arange(5.0), torch.arange(7.0), indexing="ij")
    features = (10 * row + column + 1)[None, None].double()
    points = torch.tensor(
        [[[0.0, 0.0], [4.0, 6.0], [1.25, 2.5], [-0.5, 0.0], [9.0, 9.0]]], dtype=torch.float64
    )
    wanted = [1.0, 47.0, 16.0, 0.5, 0.0]
    assert sample_points(features, points)[0, 0].tolist() == pytest.approx(wanted)


def test_one_row_or_column_is_a_map_too() -> None:
    features = torch.arange(1.0, 5.0).reshape(1, 1, 1, 4).double()
    points = torch.tensor([[[0.0, 1.5], [0.5, 1.0]]], dtype=torch.float64)
    assert sample_points(features, points)[0, 0].tolist() == pytest.approx([2.5, 1.0])


def test_taps_that_stay_are_a_convolution() -> None:
    torch.manual_seed(0)
    layer = DeformableConv(3, 4).double()
    x = torch.randn(2, 3, 5, 6, dtype=torch.float64)
    plain = functional.conv2d(x, layer.weight, padding=1)
    assert torch.allclose(layer(x, torch.zeros(2, 9, 2, 5, 6, dtype=torch.float64)), plain, atol=1e-12)


def test_taps_that_all_move_read_a_shifted_map() -> None:
    torch.manual_seed(0)
    layer = DeformableConv(2, 2).double()
    x = torch.randn(1, 2, 6, 7, dtype=torch.float64)
    offset = torch.zeros(1, 9, 2, 6, 7, dtype=torch.float64)
    offset[:, :, 0] = 1  # one row down
    shifted = functional.pad(x, (0, 0, 0, 1))[:, :, 1:]
    wanted = functional.conv2d(shifted, layer.weight, padding=1)
    # The padded convolution sees zeros above the first row where the moved taps see the real row 0.
    assert torch.allclose(layer(x, offset)[:, :, 1:], wanted[:, :, 1:], atol=1e-12)
