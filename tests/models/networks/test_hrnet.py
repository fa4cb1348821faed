"""HRNet against the official implementation."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch

from poseval.errors import UsageError
from poseval.models import create_model
from tests.models.fixture import check

pytestmark = pytest.mark.models


@pytest.mark.parametrize(
    ("variant", "joints", "size"),
    [
        ("hrnet_w32_coco_256x192", 17, (256, 192)),
        pytest.param("hrnet_w32_mpii_256x256", 16, (256, 256), marks=pytest.mark.slow),
    ],
)
def test_equals_the_official_network(variant: str, joints: int, size: tuple[int, int]) -> None:
    check(create_model("hrnet_w32", joints, size), variant)


def test_the_last_fuse_step_makes_the_finest_branch_alone() -> None:
    with torch.device("meta"):
        keys = create_model("hrnet_w48").state_dict()
    last = {key.split(".")[3] for key in keys if key.startswith("stage4.2.fuse_layers.")}
    before = {key.split(".")[3] for key in keys if key.startswith("stage4.1.fuse_layers.")}
    assert last == {"0"}
    assert before == {"0", "1", "2", "3"}


def test_w48_has_the_stated_size() -> None:
    with torch.device("meta"):
        model = create_model("hrnet_w48")
    assert len(model.state_dict()) == 1754
    assert sum(parameter.numel() for parameter in model.parameters()) == pytest.approx(63.596e6, rel=1e-4)


def test_an_impossible_width_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        create_model("hrnet_w32", width=0)
    assert caught.value.code == "P152"
