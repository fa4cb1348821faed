"""A short run of the fuzzer in the suite; the long one is `python -m tests.fuzz.formats`."""

from __future__ import annotations

import argparse
import random
import signal
import time
from pathlib import Path

import pytest

from poseval import datasets
from tests.fuzz import formats
from tests.fuzz.mutations import mutated
from tests.fuzz.seeds import READ, REAL, seeds

COUNT = 80
NEEDS = {"parquet": "pyarrow", "mpii-h5": "h5py", "deeplabcut-h5": "h5py"}


@pytest.mark.parametrize("name", READ)
def test_mutations_raise_nothing_but_our_errors(name: str, tmp_path: Path) -> None:
    if name in NEEDS or name in REAL:
        pytest.importorskip(NEEDS.get(name, "h5py"))
    before = signal.signal(signal.SIGALRM, formats.on_alarm)
    try:
        found = formats.attack(name, COUNT, 1, tmp_path)
    finally:
        signal.signal(signal.SIGALRM, before)
    if not found.done and name in REAL:
        pytest.skip("its only files are among the shared samples, which are absent")
    assert found.done == COUNT
    assert not found.failures, found.failures[0]
    assert found.codes  # some mutations are refused


def stuck(name: str, count: int, seed: int, folder: Path, seconds: float) -> formats.Outcome:
    """A read that no signal handler of Python's can end, as one inside a library."""
    with formats.within_seconds():
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
        time.sleep(100)
    return formats.Outcome()


def test_a_read_that_never_ends_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "STUCK", 1)
    given = argparse.Namespace(count=1, seed=0, seconds=float("inf"))
    (failure,) = formats.attack_apart("stuck", stuck, given, tmp_path).failures
    assert "the process died with -9" in failure


@pytest.mark.parametrize("name", [name for name in READ if name not in {*NEEDS, *REAL}])
def test_every_reader_has_sound_seeds(name: str, tmp_path: Path) -> None:
    found = seeds(name, tmp_path)
    assert found
    for number, seed in enumerate(found):
        base = tmp_path / f"sound-{number}"
        base.mkdir()
        bench = formats.Bench(seed, base)
        path = bench.folder if seed.folder else bench.folder / next(iter(seed.files))
        truth = formats.truth_for(name, seed, random.Random(1))
        assert formats.read_one(name, path, seed, truth) == "sound"


def test_a_mutation_is_repeatable() -> None:
    data = b'{"a": [1, 2, 3], "b": "x"}' * 5
    assert mutated(data, random.Random(3)) == mutated(data, random.Random(3))
    assert len({mutated(data, random.Random(n)) for n in range(50)}) > 40


def test_a_hang_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def sleeps(*_: object) -> None:
        while True:
            pass

    monkeypatch.setattr(formats, "SECONDS", 1)
    monkeypatch.setattr(formats, "SHOWN", 1)
    monkeypatch.setattr(datasets, "read", sleeps)
    before = signal.signal(signal.SIGALRM, formats.on_alarm)
    try:
        found = formats.attack("motchallenge", 3, 1, tmp_path)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert "HangError" in found.failures[0]
