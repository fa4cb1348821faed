"""Sound files of single people, to be broken in one place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import poseval
from poseval.errors import InputError
from tests.datasets.mat_files import gt_valid

COUNT = 12


class Pair:
    """A sound truth and predictions of MPII in memory, and how to write them."""

    def __init__(self, folder: Path) -> None:
        rng = np.random.default_rng(1)
        self.folder = folder
        self.truth = rng.uniform(50, 400, (COUNT, 16, 2))
        self.found = self.truth + rng.normal(0, 3, self.truth.shape)
        self.missing = np.zeros((COUNT, 16))
        self.heads = np.tile([[10.0, 10.0], [40.0, 50.0]], (COUNT, 1, 1))

    def score(self, **options: Any) -> poseval.Report:
        gt = gt_valid(self.folder / "gt.mat", self.truth, self.missing, self.heads)
        np.save(self.folder / "pred.npy", self.found)
        return poseval.score(gt, self.folder / "pred.npy", "mpii-val", **options)

    def refused(self, kind: type[InputError], code: str, place: str, **options: Any) -> InputError:
        with pytest.raises(kind, match=place) as caught:
            self.score(**options)
        assert caught.value.code == code
        return caught.value


def write(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join(lines) + "\n")
