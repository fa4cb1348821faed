"""Simple Baselines against the official implementation."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import numpy as np
import torch

from poseval.errors import UsageError
from poseval.models import create_model
from tests.models.fixture import Fixture, check, check_keys

pytestmark = pytest.mark.models


@pytest.mark.parametrize(
    ("name", "variant", "joints", "size"),
    [
        ("simplebaseline_r18", "simplebaseline_r18_coco_256x192", 17, (256, 192)),
        ("simplebaseline_r50", "simplebaseline_r50_coco_256x192", 17, (256, 192)),
        pytest.param(
            "simplebaseline_r152",
            "simplebaseline_r152_coco_384x288",
            17,
            (384, 288),
            marks=pytest.mark.slow,
        ),
    ],
)
def test_equals_the_official_network(name: str, variant: str, joints: int, size: tuple[int, int]) -> None:
    check(create_model(name, joints, size), variant)


def test_caffe_weights_fit_and_mean_another_network() -> None:
    model = create_model("simplebaseline_r50_caffe")
    fixture = Fixture.named("simplebaseline_r50_coco_256x192")
    check_keys(model, fixture)
    fixture.fill(model)
    with torch.no_grad():
        out = model(*fixture.inputs(torch.float32)).flatten().numpy()
    wanted = fixture.arrays["out/value"]
    difference = np.abs(out[fixture.arrays["out/index"]] - wanted).max() / np.abs(wanted).max()
    assert difference == pytest.approx(0.21, abs=0.05)


def test_an_input_that_the_strides_do_not_divide_is_refused() -> None:
    with pytest.raises(UsageError, match="divisible by 32") as caught:
        create_model("simplebaseline_r18", input_size=(250, 192))
    assert caught.value.code == "P151"
