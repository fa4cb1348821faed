"""AFLW (PIFA) by the rules of 3DDFA: the fitted landmarks beside it give the size, and yaw the balance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import poseval
from poseval.compat.crosscheck import crosscheck
from poseval.errors import MismatchError


def write(folder: Path, seed: int = 1, count: int = 30) -> tuple[Path, Path]:
    rng = np.random.default_rng(seed)
    truth = rng.uniform(20, 200, (count, 2, 21)).astype(np.float32)
    np.save(folder / "pred.npy", (truth + rng.normal(0, 5, truth.shape)).astype(np.float32))
    truth[rng.random((count, 21)).nonzero()[0] % count, :, 3] = -1
    truth[:, :, 7] = np.where(rng.random((count, 1)) < 0.5, -1, truth[:, :, 7])
    np.save(folder / "AFLW_GT_pts21.npy", truth)
    np.save(folder / "AFLW_GT_pts68.npy", rng.uniform(0, 150, (count, 2, 68)).astype(np.float32))
    np.save(folder / "AFLW_GT_crop_roi_box.npy", np.tile([10.0, 10, 300, 320], (count, 1)))
    np.save(folder / "AFLW_GT_crop_yaws.npy", rng.uniform(-90, 90, count))
    return folder / "AFLW_GT_pts21.npy", folder / "pred.npy"


@pytest.mark.parametrize("seed", range(5))
def test_the_other_side_says_the_same(seed: int, tmp_path: Path) -> None:
    paths = write(tmp_path, seed)
    found = crosscheck(*paths, "aflw-pifa")
    assert found.agrees
    assert {"NME", "NME_plain"} <= {item.name for item in found.differences}


def test_without_the_fitted_landmarks_the_crop_is_the_size(tmp_path: Path) -> None:
    truth, found = write(tmp_path)
    whole = {rules: poseval.score(truth, found, "aflw-pifa", rules=rules).summary["NME"]
             for rules in ("3ddfa", "corrected")}  # fmt: skip
    (tmp_path / "AFLW_GT_pts68.npy").unlink()
    crop = poseval.score(truth, found, "aflw-pifa").summary["NME"]
    assert crop == pytest.approx(whole["corrected"])
    assert crop != pytest.approx(whole["3ddfa"])


def test_the_way_from_68_points_is_said_and_works(tmp_path: Path) -> None:
    truth, found = write(tmp_path)
    np.save(found, np.random.default_rng(2).uniform(0, 200, (30, 2, 68)).astype(np.float32))
    with pytest.raises(MismatchError, match="points from the 68 with derive") as caught:
        poseval.score(truth, found, "aflw-pifa")
    assert caught.value.code == "P404"
    assert poseval.score(truth, found, "aflw-pifa", derive=True).summary["NME"] > 0
