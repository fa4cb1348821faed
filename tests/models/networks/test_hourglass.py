"""Stacked hourglass against the official implementation."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch

from poseval.errors import UsageError
from poseval.models import create_model
from tests.models.fixture import check

pytestmark = pytest.mark.models


def test_equals_the_official_network() -> None:
    check(create_model("hourglass_2"), "hourglass2_princeton_mpii_256")


def test_eight_stacks_have_the_stated_size_and_keys() -> None:
    with torch.device("meta"):
        model = create_model("hourglass_8")
    assert len(model.state_dict()) == 2752
    assert sum(parameter.numel() for parameter in model.parameters()) == pytest.approx(32.819e6, rel=1e-4)


def test_unused_skip_layers_get_no_gradient() -> None:
    model = create_model("hourglass_2", input_size=(64, 64))
    model(torch.zeros(1, 3, 64, 64)).sum().backward()
    unused = [name for name, parameter in model.named_parameters() if parameter.grad is None]
    assert len(unused) == 58
    assert all(".skip_layer." in name for name in unused)


def test_an_odd_width_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        create_model("hourglass_2", width=255)
    assert caught.value.code == "P152"
