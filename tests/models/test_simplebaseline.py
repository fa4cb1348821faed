"""Simple Baselines against the official implementation."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

from poseval.errors import UsageError
from poseval.models import create_model
from tests.models.fixture import check

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


def test_an_input_that_the_strides_do_not_divide_is_refused() -> None:
    with pytest.raises(UsageError, match="divisible by 32") as caught:
        create_model("simplebaseline_r18", input_size=(250, 192))
    assert caught.value.code == "P151"
