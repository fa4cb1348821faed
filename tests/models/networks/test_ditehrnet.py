"""Dite-HRNet against the official implementation."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch

from poseval.models import create_model
from poseval.models.cost import cost_of
from poseval.models.networks.ditehrnet_blocks import shuffled
from poseval.models.registry import card
from tests.models.fixture import Fixture, check

pytestmark = pytest.mark.models


@pytest.mark.parametrize(
    ("name", "variant", "joints", "size"),
    [
        ("ditehrnet_18", "ditehrnet18_coco_256x192", 17, (256, 192)),
        pytest.param("ditehrnet_30", "ditehrnet30_mpii_256x256", 16, (256, 256), marks=pytest.mark.slow),
    ],
)
def test_equals_the_official_network(name: str, variant: str, joints: int, size: tuple[int, int]) -> None:
    check(create_model(name, joints, size), variant)


def test_cost_at_the_published_inputs() -> None:
    small, large = cost_of(card("ditehrnet_18")), cost_of(card("ditehrnet_30"))
    assert (small.parameters / 1e6, small.macs / 1e9) == pytest.approx((1.187, 0.247), rel=0.005)
    assert large.input_shapes == ((1, 3, 384, 288),)
    assert (large.parameters / 1e6, large.macs / 1e9) == pytest.approx((1.863, 0.892), rel=0.005)


def test_clean_fusion_differs_by_what_the_reference_program_gets_wrong() -> None:
    fixture = Fixture.named("ditehrnet18_coco_256x192")
    official, fixed = create_model("ditehrnet_18"), create_model("ditehrnet_18", fixed=True)
    assert list(official.state_dict()) == list(fixed.state_dict())
    for model in (official, fixed):
        fixture.fill(model)
        model.double()
    image = fixture.inputs(torch.float64)
    with torch.no_grad():
        wanted, clean = official(*image), fixed(*image)
    assert float((wanted - clean).abs().max() / wanted.abs().max()) == pytest.approx(0.87, abs=0.005)


def test_a_batch_gives_each_image_its_own_kernels() -> None:
    model = create_model("ditehrnet_18", input_size=(64, 64)).double()
    images = torch.randn(3, 3, 64, 64, dtype=torch.float64)
    with torch.no_grad():
        together = model(images)
        alone = torch.cat([model(image[None]) for image in images])
    assert torch.allclose(together, alone, atol=1e-12)


def test_shuffle_deals_channels_out() -> None:
    x = torch.arange(6).reshape(1, 6, 1, 1)
    assert shuffled(x, 2).flatten().tolist() == [0, 3, 1, 4, 2, 5]
    assert shuffled(x, 3).flatten().tolist() == [0, 2, 4, 1, 3, 5]
