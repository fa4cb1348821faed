"""PS-ViT against the official implementation."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import numpy as np
import torch

from poseval.models import create_model
from poseval.models.cost import measure
from poseval.models.networks.ps_vit import regular_points
from tests.models.fixture import check

pytestmark = pytest.mark.models


@pytest.mark.parametrize("name", ["ps_vit_ti_14", pytest.param("ps_vit_b_14", marks=pytest.mark.slow)])
def test_equals_the_official_network(name: str) -> None:
    check(create_model(name), name)


def test_b_18_is_b_14_with_more_points() -> None:
    small, large = create_model("ps_vit_b_14").state_dict(), create_model("ps_vit_b_18").state_dict()
    assert list(small) == list(large)
    assert [key for key in small if small[key].shape != large[key].shape] == ["point_coord"]
    assert large["point_coord"].shape == (1, 324, 2)
    cost = measure(create_model("ps_vit_b_18"), torch.zeros(1, 3, 224, 224))
    assert cost.parameters / 1e6 == pytest.approx(21.344, rel=0.005)
    assert cost.macs / 1e9 == pytest.approx(8.741, rel=0.005)


def test_points_are_y_x_and_listed_column_by_column() -> None:
    points = regular_points((2, 3), (8, 12))
    assert points[0].tolist() == [[2, 2], [6, 2], [2, 6], [6, 6], [2, 10], [6, 10]]


@pytest.mark.parametrize("side", [3, 14, 24, 56, 64, 96, 112])
def test_points_are_rounded_as_the_program_rounds_them(side: int) -> None:
    """(i * side) / n + s / 2 in float32, at every grid; the product with (i + 0.5) is rounded otherwise."""
    single = np.float32
    for count in range(1, 65):
        half = single(side / count / 2)
        wanted = [single(single(i) * single(side)) / single(count) + half for i in range(count)]
        points = regular_points((count, 1), (side, side))[0, :, 0]
        assert points.dtype == torch.float32
        assert points.tolist() == [float(each) for each in wanted]


def test_points_of_b_18_are_not_those_of_the_plain_product() -> None:
    plain = (torch.arange(18) + 0.5) * 56 / 18
    points = create_model("ps_vit_b_18").point_coord[0]
    y, x = plain.repeat(18), plain.repeat_interleave(18)
    assert int((points != torch.stack((y, x), dim=1)).sum()) == 216


def test_position_layer_is_one_layer_for_all_steps() -> None:
    model = create_model("ps_vit_ti_14")
    assert all(layer.position_layer is model.pos_layer for layer in model.ps_layers)


def test_positions_do_not_teach_offsets() -> None:
    # Through the samples an offset learns; on a flat map samples do not change, so nothing reaches it.
    model = create_model("ps_vit_ti_14_pose", input_size=(64, 64)).backbone
    torch.nn.init.normal_(model.ps_layers[0].offset_layer.weight)
    features = torch.ones(1, 192, 16, 16)
    start = model.point_coord
    tokens, offset, points = model.ps_layers[0](features, start, None, None)
    offset = (0.01 * offset).detach().requires_grad_()
    out, _, moved = model.ps_layers[1](features, points, offset, tokens)
    out.square().sum().backward()
    assert not moved.requires_grad
    assert float(offset.grad.abs().max()) < 1e-3


def test_pose_tokens_return_to_their_grid_cell() -> None:
    model = create_model("ps_vit_ti_14_pose", input_size=(64, 48)).backbone
    model.trans_layers = torch.nn.ModuleList()
    model.tokens = lambda images: (model.point_coord.repeat(1, 1, 96), model.point_coord)
    grid = model(torch.zeros(1, 3, 64, 48))
    assert grid.shape == (1, 192, 4, 3)
    assert grid[0, 0].tolist() == [[2, 2, 2], [6, 6, 6], [10, 10, 10], [14, 14, 14]]
    assert grid[0, 1, 0].tolist() == [2, 6, 10]


def test_pose_network_gives_quarter_size_maps() -> None:
    model = create_model("ps_vit_ti_14_pose", joints=16, input_size=(128, 96))
    with torch.no_grad():
        assert model(torch.zeros(2, 3, 128, 96)).shape == (2, 16, 32, 24)
