"""The journal of a run survives crashes and refuses to mix runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from poseval.errors import FormatError, UsageError
from poseval.runners.journal import COLUMNS, Found, Journal

RUN = {"model": "hrnet_w32", "options": {"flip": True}}


def found(frame: int, joints: int = 3) -> Found:
    rng = np.random.default_rng(frame)
    rows = 2
    xy = rng.random((rows, joints, 2)) * 100 / 3
    xy[0, 1] = np.nan
    return Found(
        np.full(rows, frame),
        xy,
        rng.random((rows, joints)),
        rng.random(rows),
        rng.random((rows, 4)),
        rng.random(rows),
    )


def equal(a: Found, b: Found) -> None:
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


def test_what_was_added_comes_back_to_the_bit(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "a.part", RUN, 3)
    journal.add(0, found(0), {0: (64, 48)}, 1.5)
    journal.add(1, Found.none(3), {1: (64, 48)}, 0.5)
    journal.close()
    again = Journal(tmp_path / "a.part", RUN, 3)
    assert again.done.keys() == {0, 1}
    assert again.seconds == 2.0
    assert again.sizes == {0: (64, 48), 1: (64, 48)}
    equal(again.done[0], found(0))
    equal(again.done[1], Found.none(3))
    again.remove()
    assert not (tmp_path / "a.part").exists()


@pytest.mark.parametrize("cut", [1, 7, 40])
def test_a_torn_last_line_is_run_again(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "a.part"
    journal = Journal(path, RUN, 3)
    journal.add(0, found(0), {0: (64, 48)}, 1.0)
    journal.add(1, found(1), {1: (64, 48)}, 1.0)
    journal.close()
    path.write_bytes(path.read_bytes()[:-cut])
    again = Journal(path, RUN, 3)
    assert again.done.keys() == {0}
    again.add(1, found(1), {1: (64, 48)}, 1.0)
    again.close()
    last = Journal(path, RUN, 3)
    assert last.done.keys() == {0, 1}
    equal(last.done[1], found(1))
    last.close()


def test_a_torn_header_starts_afresh(tmp_path: Path) -> None:
    (tmp_path / "a.part").write_bytes(b'{"schema": "poseval.jou')
    journal = Journal(tmp_path / "a.part", RUN, 3)
    assert not journal.done
    journal.close()


def test_another_run_is_not_mixed_in(tmp_path: Path) -> None:
    Journal(tmp_path / "a.part", RUN, 3).close()
    with pytest.raises(UsageError, match="another options") as caught:
        Journal(tmp_path / "a.part", {**RUN, "options": {"flip": False}}, 3)
    assert caught.value.code == "P134"


@pytest.mark.parametrize("content", [b'{"mine": 1}\n', b"notes\n", b"\x89PNG", b"[[[[" * 100 + b"\n"])
def test_another_file_is_not_overwritten(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.part").write_bytes(content)
    with pytest.raises(FormatError) as caught:
        Journal(tmp_path / "a.part", RUN, 3)
    assert caught.value.code == "P264"
    assert (tmp_path / "a.part").read_bytes() == content


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.part"
    journal = Journal(path, RUN, 3)
    journal.add(0, found(0), {0: (64, 48)}, 1.0)
    journal.close()
    with pytest.raises(FormatError, match="damaged") as caught:
        Journal(path, RUN, 4)
    assert caught.value.code == "P264"


def test_groups_are_joined_in_order() -> None:
    joined = Found.joined([found(0), Found.none(3), found(1)], 3)
    assert joined.frame.tolist() == [0, 0, 1, 1]
    assert len(Found.joined([], 5).xy.shape) == 3
