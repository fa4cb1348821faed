"""A short run of the second ring's fuzzer; the long one is `python -m tests.fuzz.second_ring`."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.fuzz import formats, second_ring

COUNT = 60


@pytest.mark.parametrize("name", second_ring.TARGETS)
def test_mutations_raise_nothing_but_our_errors(name: str, tmp_path: Path) -> None:
    if name in ("torch", "safetensors", "classes"):
        pytest.importorskip("torch", reason="needs PyTorch")
    before = signal.signal(signal.SIGALRM, formats.on_alarm)
    try:
        found = second_ring.attack(name, COUNT, 1, tmp_path)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert found.done == COUNT
    assert not found.failures, found.failures[0]
    assert found.codes  # some mutations are refused
