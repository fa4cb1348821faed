"""A short run of the fuzzer in the suite; the long one is `python -m tests.fuzz.formats`."""

from __future__ import annotations

import random
import signal
from pathlib import Path

import pytest

from poseval import datasets
from tests.fuzz import formats

COUNT = 60
OWN = [name for name in datasets.names() if datasets.get_format(name).holds or name in formats.READ_ONLY]


@pytest.mark.parametrize("name", OWN)
def test_mutations_raise_nothing_but_our_errors(name: str, tmp_path: Path) -> None:
    if datasets.get_format(name).local_only:
        pytest.importorskip("pyarrow" if name == "parquet" else "h5py")
    before = signal.signal(signal.SIGALRM, formats._hang)
    try:
        assert formats.attack(name, COUNT, random.Random(1), tmp_path) < COUNT
    finally:
        signal.signal(signal.SIGALRM, before)
