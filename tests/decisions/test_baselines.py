"""The files of baselines and ledgers: their bytes, and what damages them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from poseval.decisions.baselines import (
    Baseline,
    Ledger,
    load_baseline,
    load_ledger,
    save_baseline,
    save_ledger,
)
from poseval.errors import FormatError
from tests.statistics.ratios import register, run


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The numbers of these tests under names that saved runs can be read by."""
    register(monkeypatch)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = Baseline.of(run(np.full(6, 0.5))).replaced_by(run(np.full(6, 0.4)), "keeps up", anchor=False)
    save_baseline(made, tmp_path / "base.poseval")
    return tmp_path / "base.poseval"


def test_a_history_that_was_changed_is_found_by_its_checksum(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for why, changed in ((b"keeps up", False), (b"KEEPS UP", True)):
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in members.items():
                archive.writestr(name, data.replace(b"keeps up", why))
        if not changed:
            assert load_baseline(path).lineage[-1].why == "keeps up"
    with pytest.raises(FormatError, match="checksum") as caught:
        load_baseline(path)
    assert caught.value.code == "P231"


def test_files_are_indented_by_one(path: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        assert archive.read("baseline.json").startswith(
            b'{\n "schema": "poseval.baseline/1",\n "lineage": [\n'
        )
    save_ledger(Ledger("a", {"x": 1}), tmp_path / "looks.json")
    text = '{\n "schema": "poseval.ledger/1",\n "anchor": "a",\n "looks": {\n  "x": 1\n }\n}\n'
    assert (tmp_path / "looks.json").read_text() == text


@pytest.mark.parametrize(
    "text",
    [
        '{"schema": "poseval.ledger/1", "looks": {}}',
        '{"schema": "poseval.ledger/1", "anchor": "a", "looks": {"x": "1"}}',
        '{"schema": "poseval.ledger/1", "anchor": "a", "looks": {"x": 1.5}}',
        '{"schema": "poseval.ledger/1", "anchor": "a", "looks": [1]}',
        '{"anchor": "a", "looks": {}}',
        "{",
    ],
)
def test_what_is_no_ledger_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "looks.json").write_text(text)
    with pytest.raises(FormatError) as caught:
        load_ledger(tmp_path / "looks.json", "a")
    assert caught.value.code == "P232"


def test_looks_are_numbered_from_one() -> None:
    ledger = Ledger("a", {})
    for digest, look in (("x", 1), ("y", 2), ("x", 1), ("z", 3)):
        ledger = ledger.looked_at(digest)
        assert ledger.looks[digest] == look
    assert ledger == Ledger("a", {"x": 1, "y": 2, "z": 3})
