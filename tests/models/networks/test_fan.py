"""FAN and binary HPM blocks against the official programs, and packed weights against the simulation."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch.nn import functional

from poseval.errors import UsageError, ValueRangeError
from poseval.models import create_model, load_weights
from poseval.models.cost import measure
from poseval.models.inference.top_down import TopDown
from poseval.models.networks.binary_layers import (
    BinaryConv,
    PackedConv,
    packed,
    save_packed,
    sign,
)
from poseval.models.networks.fan import HPMBlock
from poseval.models.registry import card
from poseval.training.heatmap_losses import sigmoid_cross_entropy
from tests.models.fixture import Fixture, check
from tests.oracles.popcount import popcount_conv

pytestmark = pytest.mark.models


@pytest.mark.slow
def test_equals_the_official_network() -> None:
    check(create_model("fan_1"), "fan1_aflw68_256")


def test_binary_block_equals_the_official_one() -> None:
    # Signs flip where float32 rounds differently, so only float64 compares.
    check(HPMBlock(256, 256, BinaryConv), "bnn_hblock_xnor_256", dtypes=(torch.float64,))


def test_order_of_relu_and_sign_matters() -> None:
    fixture = Fixture.named("bnn_hblock_xnor_256")
    x = fixture.inputs(torch.float32)[0].double()
    outputs = []
    for relu in ("before", "none", "after"):
        block = HPMBlock(256, 256, BinaryConv, relu=relu)
        fixture.fill(block)
        with torch.no_grad():
            outputs.append(block.double().eval()(x))
    before, none, after = outputs
    assert float((before - none).abs().max() / before.abs().max()) > 0.1
    assert float((after - none).abs().max() / before.abs().max()) > 0.1


@pytest.mark.parametrize(("name", "millions", "gigas"), [("fan_1", 6.250, 8.268), ("fan_4", 23.820, 25.235)])
def test_cost(name: str, millions: float, gigas: float) -> None:
    cost = measure(create_model(name), torch.zeros(1, 3, 256, 256))
    assert (cost.parameters / 1e6, cost.macs / 1e9) == pytest.approx((millions, gigas), rel=0.005)
    assert cost.savings == {}


def test_four_stacks_have_the_published_layout() -> None:
    one, four = create_model("fan_1").state_dict(), create_model("fan_4").state_dict()
    assert (len(one), len(four)) == (334, 1129)
    again = {
        key.replace("0", "3", 1)
        for key in one
        if key.startswith(("m0.", "top_m_0", "conv_last0", "l0", "bn_end0"))
    }
    assert again <= set(four)
    assert {f"{name}{stack}.weight" for name in ("bl", "al") for stack in range(3)} <= set(four)
    assert "bl3.weight" not in four


@pytest.mark.parametrize("joints", [19, 34, 16])
def test_other_numbers_of_points(joints: int) -> None:
    with torch.no_grad():
        maps = create_model("fan_4", joints, (64, 64))(torch.zeros(2, 3, 64, 64))
    assert [tuple(each.shape) for each in maps] == [(2, joints, 16, 16)] * 4


def test_sign_of_zero_is_zero_and_gradients_stop_beyond_one() -> None:
    x = torch.tensor([-2.0, -1.0, -0.5, 0.0, 0.3, 1.0, 1.5], requires_grad=True)
    out = sign(x)
    assert out.tolist() == [-1, -1, -1, 0, 1, 1, 1]
    out.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0, 1, 1, 1, 1, 1, 0]


def test_popcount_is_the_convolution_of_signs() -> None:
    random = np.random.default_rng(0)
    signs = random.integers(-1, 2, (2, 5, 7, 6)).astype(np.int8)
    weights = random.choice([-1, 1], (4, 5, 3, 3))
    bits = np.packbits(weights.reshape(4, -1) > 0, axis=1)
    wanted = functional.conv2d(
        torch.from_numpy(signs).double(), torch.from_numpy(weights).double(), padding=1
    )
    assert np.array_equal(popcount_conv(signs, bits), wanted.numpy())


def by_counting(conv: PackedConv, x: torch.Tensor) -> torch.Tensor:
    """`PackedConv.forward` without a float product before the scale; sign(0) is 0 and no bit."""
    sums = popcount_conv(x.sign().to(torch.int8).numpy(), conv.bits.numpy())
    return conv.activation_post_process(torch.from_numpy(sums).to(x) * conv.scale)


@pytest.mark.parametrize("relu", ["before", "after", "none"])
@pytest.mark.parametrize("centred", [False, True])
def test_packed_layers_give_the_simulations_numbers_exactly(relu: str, centred: bool) -> None:
    torch.manual_seed(0)
    block = HPMBlock(12, 12, partial(BinaryConv, centred=centred), relu=relu).eval()
    for module in block.modules():
        if isinstance(module, BinaryConv):
            torch.nn.init.uniform_(module.activation_post_process.alpha, 0.5, 2)
    x = torch.randn(2, 12, 9, 8)
    twin = packed(block)
    counted = packed(block)
    for module in counted.modules():
        if isinstance(module, PackedConv):
            module.forward = partial(by_counting, module)  # type: ignore[method-assign]
    with torch.no_grad():
        wanted = block(x)
        assert torch.equal(twin(x), wanted)
        assert torch.equal(counted(x), wanted)


def test_a_packed_network_gives_the_simulations_numbers_exactly(tmp_path: Path) -> None:
    torch.manual_seed(1)
    model = create_model("hpm_1_binary", input_size=(64, 64))
    path = tmp_path / "packed.pth"
    size = save_packed(model, path)
    savings = measure(model, torch.zeros(1, 3, 64, 64)).savings
    state = torch.load(path, weights_only=True)
    assert savings["bytes packed"] == sum(value.numel() * value.element_size() for value in state.values())
    assert size == path.stat().st_size < 1.1 * savings["bytes packed"]  # the rest is names
    assert 16 * size < savings["bytes as float32"]
    assert savings["fraction of weights in one bit"] == pytest.approx(0.978, abs=0.001)
    loaded = create_model("hpm_1_binary", input_size=(64, 64), packed=True)
    load_weights(loaded, path)
    image = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(loaded(image)[-1], model(image)[-1])


def test_a_weight_of_zero_has_no_bit() -> None:
    block = HPMBlock(8, 8, BinaryConv)
    with torch.no_grad():
        block.conv1.weight[0, 0, 0, 0] = 0
    with pytest.raises(ValueRangeError, match=r"conv1\.weight") as caught:
        packed(block)
    assert caught.value.code == "P351"


def test_first_and_last_layers_are_real() -> None:
    model = create_model("fan_1_binary")
    real = {name for name, module in model.named_modules() if isinstance(module, torch.nn.Conv2d)}
    assert {"conv1", "l0", "conv_last0", "conv2.downsample.2"} <= real
    assert all("m0" not in name for name in real)


def test_unknown_options_are_refused() -> None:
    with pytest.raises(UsageError) as caught:
        create_model("hpm_1_binary", pool="median")
    assert caught.value.code == "P152"
    with pytest.raises(UsageError) as caught:
        create_model("fan_1", input_size=(96, 96))
    assert caught.value.code == "P151"


def test_binary_maps_are_logits_in_training_and_probabilities_after() -> None:
    model = create_model("hpm_1_binary", input_size=(64, 64))
    image = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        evaluated = model(image)[-1]
        model.sigmoid = False
        logits = model(image)[-1]
    assert torch.equal(evaluated, logits.sigmoid())
    model.sigmoid = True
    assert float(model.train()(image)[-1].detach().min()) < 0


def test_sigmoid_cross_entropy_by_hand() -> None:
    logits = torch.tensor([0.0, 2.0, -1.0, 3.0]).reshape(1, 2, 1, 2)
    target = torch.tensor([1.0, 0.5, 0.0, 1.0]).reshape(1, 2, 1, 2)
    p = logits.sigmoid()
    by_joint = -(target * p.log() + (1 - target) * (1 - p).log()).mean((2, 3))
    assert float(sigmoid_cross_entropy(logits, target)) == pytest.approx(float(by_joint.mean()))
    weight = torch.tensor([[[1.0], [0.0]]])
    assert float(sigmoid_cross_entropy(logits, target, weight)) == pytest.approx(float(by_joint[0, 0]) / 2)


def test_binary_weights_learn() -> None:
    torch.manual_seed(0)
    model = create_model("hpm_1_binary", joints=2, input_size=(64, 64)).train()
    image, target = torch.rand(2, 3, 64, 64), torch.zeros(2, 2, 16, 16)
    target[:, :, 8, 8] = 1
    sigmoid_cross_entropy(model(image)[-1], target).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert float(parameter.grad.abs().max()) > 0, name


def test_faces_are_cut_like_the_face_program_cuts_them() -> None:
    runner = TopDown(create_model("fan_1", input_size=(64, 64)), card("fan_1").sized(input_size=(64, 64)))
    crops = runner.crops([[100.0, 200.0, 295.0, 395.0]])
    # centre (197.5, 297.5), raised by 0.12 * 195; scale (195 + 195) / 195 of 200 pixels
    assert crops.centre[0].tolist() == pytest.approx([197.5, 297.5 - 23.4])
    assert crops.size[0].tolist() == pytest.approx([400.0, 400.0])


def test_a_face_runs_end_to_end() -> None:
    torch.manual_seed(0)
    runner = TopDown(create_model("fan_1", input_size=(64, 64)), card("fan_1").sized(input_size=(64, 64)))
    image = np.random.default_rng(0).integers(0, 255, (80, 90, 3)).astype(np.uint8)
    poses = runner.poses(image, [[20.0, 20.0, 60.0, 60.0]])
    assert poses.xy.shape == (1, 68, 2)
