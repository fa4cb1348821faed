"""Bounds hold for every reader: bytes before anything is read, people and coordinates whoever made them."""

from __future__ import annotations

from pathlib import Path

import pytest

from poseval import datasets
from poseval.datasets import ReadOptions
from poseval.errors import LimitError
from poseval.limits import Limits
from tests.datasets.test_bad_input import EXTRAS, put, with_truth
from tests.fuzz.seeds import READ, seeds


@pytest.mark.parametrize(
    ("limits", "codes"),
    [
        (Limits(file_bytes=64), {"P501", "P504"}),
        (Limits(numbers=3), {"P501", "P502"}),
        (Limits(people=0), {"P502", "P505"}),
    ],
    ids=["bytes", "numbers", "people"],
)
@pytest.mark.parametrize("name", READ)
def test_every_reader_keeps_the_bounds(name: str, limits: Limits, codes: set[str], tmp_path: Path) -> None:
    if name in EXTRAS:
        pytest.importorskip(EXTRAS[name])
    for number, seed in enumerate(seeds(name, tmp_path)):
        truth = with_truth(name, seed)
        options = ReadOptions(seed.role, truth, optional=frozenset({"area"}), limits=limits)
        with pytest.raises(LimitError) as caught:
            datasets.read(put(seed, tmp_path / f"seed{number}", bytes), options, name)
        assert caught.value.code in codes
