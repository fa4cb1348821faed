"""What the papers vary: each option changes the part that it names, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("torch")

import numpy as np
import torch

from poseval.errors import UsageError
from poseval.models import create_model
from poseval.models.inference.bottom_up import snapped
from poseval.models.networks.binary_layers import BinaryConv
from poseval.models.networks.dekr import AdaptBlock, FreeBlock, PlainBlock
from poseval.models.networks.ditehrnet_blocks import DenseContext, DynamicConv, GlobalContext, SplitConv
from poseval.models.networks.hrnet import Exchange
from poseval.models.networks.pplcnet import SqueezeExcite

pytestmark = pytest.mark.models
SIZE = (64, 64)


def count(model: torch.nn.Module, kind: type) -> int:
    return sum(isinstance(part, kind) for part in model.modules())


@pytest.mark.parametrize(
    ("options", "fused"),
    [({}, 8), ({"exchange_within": False}, 3), ({"exchange_within": False, "exchange_across": False}, 1)],
)
def test_hrnet_exchanges_where_it_is_asked_to(options: dict[str, Any], fused: int) -> None:
    """8, 3 and 1 exchanges: the paper's numbers for its three networks."""
    model = create_model("hrnet_w32", 2, SIZE, width=4, **options)
    assert sum(part.fused for part in model.modules() if isinstance(part, Exchange)) == fused


def test_the_head_of_hrnet_reads_the_maps_asked_for() -> None:
    one, all_four = (create_model("hrnet_w32", 2, SIZE, width=4, reads=r) for r in ((32,), (4, 8, 16, 32)))
    assert one.final_layer.in_channels == 32
    assert all_four.final_layer.in_channels == 60
    assert one(torch.rand(1, 3, *SIZE)).shape == (1, 2, 16, 16)


def test_blocks_of_pplcnet_by_their_digits() -> None:
    model = create_model("pplcnet_x0_25", 3, SIZE, se="1100000000000", large_kernels="1" * 13)
    blocks = [block for name in ("2", "3", "4", "5", "6") for block in model.get_submodule(f"blocks{name}")]
    assert [block.squeeze for block in blocks] == [True, True] + [False] * 11
    assert {block.dw_conv.conv.kernel_size for block in blocks} == {(5, 5)}
    assert count(create_model("pplcnet_x0_25", 3, SIZE, se="1" * 13), SqueezeExcite) == 13
    assert create_model("pplcnet_x0_25", 3, SIZE, last_conv=False).fc.in_features == 128


def test_without_progressive_sampling_points_stay_where_they_were() -> None:
    regular = create_model("ps_vit_ti_14_pose", 2, SIZE, progressive=False, iterations=6).backbone
    assert len(regular.ps_layers) == 6
    assert not any(layer.offset_layer for layer in regular.ps_layers)
    moving = create_model("ps_vit_ti_14_pose", 2, SIZE, offset_scale=2.0).backbone
    torch.nn.init.ones_(moving.ps_layers[0].offset_layer.bias)
    with torch.no_grad():
        assert torch.equal(regular.tokens(torch.rand(1, 3, *SIZE))[1], regular.point_coord)
        points = moving.tokens(torch.rand(1, 3, *SIZE))[1]
    assert torch.allclose(points, moving.point_coord + 2)


def test_each_iteration_may_have_a_position_layer_of_its_own() -> None:
    own = create_model("ps_vit_ti_14_pose", 2, SIZE, shared_position=False).backbone
    assert len({id(layer.position_layer) for layer in own.ps_layers}) == 4


@pytest.mark.parametrize(
    ("convolution", "kind"), [("adaptive", AdaptBlock), ("deformable", FreeBlock), ("plain", PlainBlock)]
)
def test_offset_branches_of_dekr(convolution: str, kind: type) -> None:
    apart = create_model("dekr_w32", 3, SIZE, width=4, convolution=convolution)
    joined = create_model("dekr_w32", 3, SIZE, width=4, convolution=convolution, separate=False)
    assert (count(apart, kind), count(joined, kind)) == (6, 2)
    for model in (apart, joined):
        assert model(torch.rand(1, 3, *SIZE))[1].shape == (1, 6, 16, 16)


def test_free_taps_start_as_a_plain_convolution() -> None:
    block = FreeBlock(3).eval()
    torch.nn.init.zeros_(block.offset_conv.weight)
    torch.nn.init.zeros_(block.offset_conv.bias)
    x = torch.rand(1, 3, 8, 8)
    plain = torch.nn.functional.conv2d(x, block.adapt_conv.weight, padding=1)
    assert torch.allclose(block.adapt_conv(x, torch.zeros(1, 9, 2, 8, 8)), plain, atol=1e-6)


def test_joints_snap_to_the_nearest_maximum_within_reach() -> None:
    heatmaps = torch.zeros(3, 40, 40)
    heatmaps[0, 10, 12] = heatmaps[0, 30, 30] = 1.0
    heatmaps[1, 39, 39] = 1.0
    found = np.array([[[44.0, 42.0, 0.9], [4.0, 4.0, 0.9]]])
    moved = snapped(found, heatmaps, 4.0)
    assert moved.tolist() == [[[48.0, 40.0, 0.9], [4.0, 4.0, 0.9]]]  # the second one's maximum is too far


def test_each_decoder_layer_of_prtr_answers() -> None:
    small: dict[str, Any] = {"depth": 18, "width": 4, "queries": 8, "hidden": 16, "decoder_layers": 3}
    model = create_model("prtr_r50", 2, SIZE, layers=1, **small)
    with torch.no_grad():
        outputs = model(torch.rand(1, 3, *SIZE))
    layers = [*outputs["aux_outputs"], outputs]
    assert (len(layers), len(model.transformer.encoder.layers)) == (3, 1)
    last = model.decode(outputs)[0]
    answers = []
    for model.decoder_layer in (1, 2, 3):
        answers.append(model.decode(outputs)[0])
    assert np.array_equal(answers[2], last)
    assert not np.array_equal(answers[0], answers[1])
    with pytest.raises(UsageError, match="decoder has 3 layers"):
        create_model("prtr_r50", 2, SIZE, layers=1, decoder_layer=4, **small)


@pytest.mark.parametrize(("block", "binary"), [("bottleneck", 3), ("wide", 3), ("parallel", 5),
                                               ("parallel_3x3", 3), ("hpm", 3)])  # fmt: skip
def test_blocks_of_the_binary_network(block: str, binary: int) -> None:
    model = create_model("hpm_1_binary", 2, SIZE, width=16, block=block)
    assert count(model, BinaryConv) == 17 * binary
    with torch.no_grad():
        assert model(torch.rand(1, 3, *SIZE))[-1].shape == (1, 2, 16, 16)


@pytest.mark.parametrize(
    ("option", "kind"),
    [("dynamic", DynamicConv), ("dense_context", DenseContext), ("global_context", GlobalContext)],
)
def test_parts_of_ditehrnet_can_be_left_out(option: str, kind: type) -> None:
    modules = (1, 1, 1)
    assert count(create_model("ditehrnet_18", 2, SIZE, modules=modules), kind)
    without = create_model("ditehrnet_18", 2, SIZE, modules=modules, **{option: False})
    assert not count(without, kind)
    with torch.no_grad():
        assert without(torch.rand(2, 3, *SIZE)).shape == (2, 2, 16, 16)


def test_depthwise_convolutions_of_ditehrnet_are_split_or_not() -> None:
    plain = create_model("ditehrnet_18", 2, SIZE, modules=(1, 1, 1), split=False)
    assert {len(part.conv) for part in plain.modules() if isinstance(part, SplitConv)} == {1}


def test_the_graph_layers_of_tokenpose_see_all_joints_without_a_mask() -> None:
    free = create_model(
        "tokenpose_s_sparse", 16, SIZE, patch=(4, 4), depths=(2,), graph_layers=1, joint_mask=False
    )
    assert free.head.joint_mask is None


def test_tokens_of_tokenpose_are_as_wide_as_asked_for() -> None:
    head = create_model("tokenpose_t", 2, SIZE, patch=(4, 4), depths=(2,), heads=4, token_width=64).head
    assert head.keypoint_token.shape == (1, 2, 64)
    assert head.pos_embedding.shape == (1, 16, 64)
    assert head.transformer.layers[0][0].fn["fn"].to_qkv.weight.shape == (192, 64)
    published = create_model("tokenpose_t", 2, SIZE, patch=(4, 4), depths=(2,))
    assert published.head.keypoint_token.shape == (1, 2, 192)


def test_a_width_of_tokens_that_heads_do_not_divide_is_refused() -> None:
    with pytest.raises(UsageError, match="token_width is 64, with 12 heads") as caught:
        create_model("tokenpose_t", token_width=64, heads=12)
    assert caught.value.code == "P152"


@pytest.mark.parametrize(("spacing", "points"), [(8, 64), (16, 16), (32, 4)])
def test_the_sampling_grid_of_ps_vit_for_poses_is_as_fine_as_asked_for(spacing: int, points: int) -> None:
    model = create_model("ps_vit_ti_14_pose", 2, SIZE, spacing=spacing, head_width=8)
    assert model.backbone.point_coord.shape == (1, points, 2)
    assert model(torch.rand(1, 3, *SIZE)).shape == (1, 2, 16, 16)


def test_the_sequential_prtr_stands_on_an_hrnet_too() -> None:
    few = {"queries": 4, "keypoint_queries": 20, "layers": 1, "hidden": 32}
    model = create_model("prtr_sequential", 2, SIZE, body="hrnet", width=4, **few)
    assert model.backbone.widths == (4, 8, 16, 32)
    assert model.transformer_kpt.input_proj.in_channels == 8 + 16 + 32
    found = model(torch.rand(2, 3, *SIZE))
    assert found["pred_kpt_coord"].shape == (2, 4, 20, 2)
    learning = [name for name, part in model.named_parameters() if part.requires_grad]
    assert any(name.startswith("backbone.0.body.conv1") for name in learning)
    with pytest.raises(UsageError, match="option depth has no effect with body=hrnet"):
        create_model("prtr_sequential", 2, SIZE, body="hrnet", depth=18)
