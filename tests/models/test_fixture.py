"""The parity harness notices what it is there to notice."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import numpy as np
import torch
from torch import nn

from poseval.models import create_model
from tests.models.fixture import Agreement, Fixture, check_keys, check_outputs, flatten, sample_index

pytestmark = pytest.mark.models

VARIANT = "simplebaseline_r18_coco_256x192"


@pytest.fixture
def filled() -> tuple[nn.Module, Fixture]:
    fixture = Fixture.named(VARIANT)
    model = create_model("simplebaseline_r18")
    fixture.fill(model)
    return model, fixture


def test_one_weight_a_little_off_is_noticed(filled: tuple[nn.Module, Fixture]) -> None:
    model, fixture = filled
    with torch.no_grad():
        model.get_parameter("layer3.0.conv1.weight")[0, 0, 0, 0] += 0.5
    with pytest.raises(AssertionError, match="differs by"):
        check_outputs(model, fixture, Agreement(), torch.float32)


def test_a_module_of_another_name_is_noticed(filled: tuple[nn.Module, Fixture]) -> None:
    model, fixture = filled
    model.layer5 = nn.Identity()
    model.add_module("bn9", nn.BatchNorm2d(1))
    with pytest.raises(AssertionError):
        check_keys(model, fixture)


def test_a_feature_that_is_never_made_is_noticed(filled: tuple[nn.Module, Fixture]) -> None:
    model, fixture = filled
    fixture.meta["taps"].append({**fixture.meta["taps"][0], "name": "layer4.9"})
    with pytest.raises(AssertionError, match=r"layer4\.9"):
        check_outputs(model, fixture, Agreement(), torch.float32)


def test_numbers_that_are_not_finite_never_agree() -> None:
    with pytest.raises(AssertionError):
        Agreement().compare("part", [np.nan, 1.0], [0.0, 1.0], 1e-4)


def test_nested_outputs_have_dotted_names() -> None:
    one = torch.zeros(1)
    assert sorted(flatten([one, {"a": one, "b": (one, one)}])) == [
        "out.0",
        "out.1.a",
        "out.1.b.0",
        "out.1.b.1",
    ]


def test_sampled_positions_are_sorted_and_in_range() -> None:
    index = sample_index("conv1", 1000, 16)
    assert len(set(index.tolist())) == 16
    assert (np.diff(index) > 0).all()
    assert index.max() < 1000
    assert sample_index("conv1", 5, 16).tolist() == [0, 1, 2, 3, 4]
