"""Multiply-adds against counts by hand, and against the published table."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch
from torch import nn
from torch.nn import functional

from poseval.errors import MissingFeature, UsageError
from poseval.models import card, create_model, list_models
from poseval.models.cost import cost_of, measure

pytestmark = pytest.mark.models


def test_convolutions_are_counted_at_their_output() -> None:
    cost = measure(nn.Conv2d(4, 6, 3, 2, 1, groups=2), torch.zeros(1, 4, 8, 8))
    assert cost.macs == 4 * 4 * 6 * 9 * 2
    assert cost.by_operation == {"convolution": cost.macs}
    assert cost.parameters == 6 * 2 * 9 + 6


def test_transposed_convolutions_are_counted_at_their_input() -> None:
    cost = measure(nn.ConvTranspose2d(4, 6, 4, 2, 1), torch.zeros(1, 4, 8, 8))
    assert cost.macs == 8 * 8 * 4 * 6 * 16


def test_linear_layers_and_attention_are_counted() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(8, 8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.linear(x)
            return functional.scaled_dot_product_attention(x[:, None], x[:, None], x[:, None])

    cost = measure(Net(), torch.zeros(2, 5, 8))
    assert cost.macs == 2 * 5 * 8 * 8 + 2 * 5 * 5 * (8 + 8)


def test_the_fused_encoder_layer_hides_nothing() -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    cost = measure(layer, torch.zeros(1, 5, 8))
    assert cost.macs == 5 * 8 * 24 + 5 * 5 * 16 + 5 * 8 * 8 + 2 * 5 * 8 * 16


def test_norms_and_resizing_cost_nothing_and_the_mode_is_kept() -> None:
    model = nn.Sequential(nn.BatchNorm2d(3), nn.ReLU(), nn.Upsample(scale_factor=2)).train()
    assert measure(model, torch.zeros(1, 3, 8, 8)).macs == 0
    assert model.training


TABLE = [  # name, joints, input size, millions of parameters, billions of multiply-adds
    ("simplebaseline_r50", 17, (256, 192), 34.000, 5.426),
    ("simplebaseline_r101", 16, (256, 256), 52.992, 12.083),
    ("simplebaseline_r152", 17, (384, 288), 68.635, 28.573),
    ("hrnet_w32", 17, (256, 192), 28.536, 7.645),
    ("hrnet_w32", 16, (256, 256), 28.536, 10.193),
    ("hrnet_w48", 17, (384, 288), 63.596, 35.307),
    ("hourglass_2", 16, (256, 256), 8.429, 8.335),
    ("hourglass_8", 16, (256, 256), 32.819, 27.440),
]


@pytest.mark.parametrize(("name", "joints", "size", "millions", "billions"), TABLE)
def test_the_published_table_holds(
    name: str, joints: int, size: tuple[int, int], millions: float, billions: float
) -> None:
    with torch.device("meta"):
        model = create_model(name, joints, size)
        cost = measure(model, torch.zeros(1, 3, *card(name).sized(joints, size).input_size))
    assert cost.parameters / 1e6 == pytest.approx(millions, rel=0.005)
    assert cost.macs / 1e9 == pytest.approx(billions, rel=0.005)


IN_THEIR_WEIGHTS = {"movenet_lightning", "movenet_thunder"} | {
    name for name in list_models() if card(name).builder.endswith(":build_onnx")
}


@pytest.mark.parametrize("name", sorted(set(list_models()) - IN_THEIR_WEIGHTS))
def test_every_model_that_needs_no_package_is_measured(name: str) -> None:
    try:
        cost = cost_of(card(name))
    except MissingFeature as error:
        pytest.skip(str(error))
    assert cost.parameters > 0
    assert cost.macs > 0


@pytest.mark.parametrize("name", sorted(IN_THEIR_WEIGHTS))
def test_a_network_that_lies_in_its_weights_needs_them(name: str) -> None:
    if card(name).builder.endswith(":build_onnx"):
        pytest.importorskip("onnxruntime")
    with pytest.raises(UsageError, match="load_weights") as caught:
        cost_of(card(name))
    assert caught.value.code == "P153"
