"""Training targets and losses against the official programs' numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from poseval.training import heatmap_targets
from tests.shared import shared_path

SINGLE = 2e-7  # float32 rounding of values up to 1


def stored(name: str) -> dict[str, np.ndarray]:
    with np.load(shared_path(f"golden/models/pipeline/{name}.npz")) as file:
        return dict(file)


@pytest.mark.parametrize(("case", "size", "sigma"), [("a", (64, 48), 2.0), ("b", (96, 72), 3.0)])
def test_repository_targets_equal_the_official_ones(case: str, size: tuple[int, int], sigma: float) -> None:
    data = stored("heatmap_targets_losses")
    maps, weight = heatmap_targets.gaussian(
        data[f"{case}/joints"][:, :2] / 4, data[f"{case}/vis"][:, 0], size, sigma
    )
    np.testing.assert_allclose(maps, data[f"{case}/target"], rtol=0, atol=SINGLE)
    np.testing.assert_array_equal(weight, data[f"{case}/weight"][:, 0])


@pytest.mark.parametrize("name", ["gaussian", "unbiased", "udp"])
def test_mmpose_targets_equal_the_official_ones(name: str) -> None:
    data = stored("heatmap_codecs_mmpose")
    maps, weight = getattr(heatmap_targets, name)(data["kpts"][0], data["vis"][0], (64, 48))
    np.testing.assert_allclose(maps, data[f"target_{name}"], rtol=0, atol=SINGLE)
    np.testing.assert_array_equal(weight, data[f"target_{name}_weight"][0])


@pytest.mark.parametrize("name", ["gaussian", "unbiased", "udp"])
def test_joints_that_are_not_labelled_have_no_weight(name: str) -> None:
    maps, weight = getattr(heatmap_targets, name)(
        [[5, 5], [np.nan, 3], [500, 5], [6, 6]], [0, 1, 1, 2], (16, 16)
    )
    assert weight.tolist() == [0, 0, 0, 1]
    assert maps[:3].sum() == 0
    assert maps[3].max() == 1.0


@pytest.mark.models
def test_losses_equal_the_official_ones() -> None:
    torch: Any = pytest.importorskip("torch")
    from poseval.training.heatmap_losses import joints_mse, joints_ohkm

    data = stored("heatmap_targets_losses")
    maps, target, weight = (torch.from_numpy(data[f"loss_{name}"]) for name in ("pred", "target", "weight"))
    assert joints_mse(maps, target, weight).item() == pytest.approx(float(data["joints_mse"]), rel=1e-6)
    assert joints_mse(maps, target).item() == pytest.approx(float(data["joints_mse_noweight"]), rel=1e-6)
    assert joints_ohkm(maps, target, weight).item() == pytest.approx(float(data["joints_ohkm8"]), rel=1e-6)
