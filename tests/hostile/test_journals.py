"""Journals of unfinished runs that no run has written: they are refused, never continued."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval.errors import FormatError, UsageError
from poseval.runners.journal import SCHEMA, Journal

RUN = {"model": "m"}
GROUPS = {0: (0, 2), 1: (3,)}
LINE: dict[str, Any] = {
    "group": 0,
    "seconds": 1,
    "sizes": [[0, 64, 48], [2, 64, 48]],
    "frame": [0, 2],
    "xy": [[[1, 2.5], [None, None]]] * 2,
    "joint_score": [[1, None]] * 2,
    "score": [0.5, 1],
    "box": [[0, 0, 1, 1]] * 2,
    "area": [1, 1.5],
}
HUGE = 1 << 63
CHANGES: dict[str, dict[str, Any]] = {
    "a group that is negative": {"group": -5},
    "a group that is not of the run": {"group": 7},
    "a group that is text": {"group": "0"},
    "a group that is true": {"group": True},
    "a group that is a list": {"group": [0]},
    "a frame of no group": {"frame": [0, 99_999]},
    "a frame of another group": {"frame": [0, 3]},
    "a frame beyond 63 bits": {"frame": [0, HUGE]},
    "a frame with a fraction": {"frame": [0, 2.0]},
    "frames out of order": {"frame": [2, 0]},
    "more frames than people": {"frame": [0, 0, 2]},
    "no score": {"score": [None, 1]},
    "a score as text": {"score": ["1.5", 1]},
    "true as a coordinate": {"xy": [[[True, 1], [1, 1]]] * 2},
    "coordinates in another order": {"xy": [[1, 2, 3, 4]] * 2},
    "coordinates of another shape": {"xy": [[[1, 2, 3, 4]]] * 2},
    "joints in a text": {"joint_score": ["12"] * 2},
    "joints in an object": {"joint_score": [{"1": 1, "2": 2}] * 2},
    "a box of three": {"box": [[0, 0, 1]] * 2},
    "a size of 0": {"sizes": [[0, 0, 48]]},
    "a negative size": {"sizes": [[0, -5, 48]]},
    "a size that is true": {"sizes": [[0, True, 48]]},
    "a size of a frame of another group": {"sizes": [[3, 64, 48]]},
    "a size of three": {"sizes": [[0, 64, 48, 3]]},
    "time that is negative": {"seconds": -1},
    "time that is text": {"seconds": "1"},
    "no time": {"seconds": None},
}


def journal(path: Path, *lines: str) -> Path:
    header = json.dumps({"schema": SCHEMA, "run": RUN})
    path.write_text("".join(f"{line}\n" for line in (header, *lines)))
    return path


def test_a_sound_line_is_continued(tmp_path: Path) -> None:
    path = journal(
        tmp_path / "a.part", json.dumps(LINE), json.dumps({**LINE, "group": 1, "frame": [3, 3], "sizes": []})
    )
    found = Journal(path, RUN, 2, GROUPS)
    found.close()
    assert found.done.keys() == {0, 1}
    assert found.sizes == {0: (64, 48), 2: (64, 48)}
    np.testing.assert_array_equal(found.done[0].xy[0], [[1, 2.5], [np.nan, np.nan]])


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_no_run_writes_is_refused(change: dict[str, Any], tmp_path: Path) -> None:
    path = journal(tmp_path / "a.part", json.dumps({**LINE, **change}))
    before = path.read_bytes()
    with pytest.raises(FormatError, match="damaged line") as caught:
        Journal(path, RUN, 2, GROUPS)
    assert caught.value.code == "P264"
    assert path.read_bytes() == before


@pytest.mark.parametrize("key", ["xy", "seconds", "frame"])
def test_a_line_with_a_number_of_hundreds_of_digits_is_run_again(key: str, tmp_path: Path) -> None:
    text = json.dumps({**LINE, key: 1.5}).replace("1.5", "1" + "0" * 400)
    found = Journal(journal(tmp_path / "a.part", text), RUN, 2, GROUPS)
    found.close()
    assert not found.done


def test_37_a_journal_that_is_a_loop_or_has_too_long_a_name(tmp_path: Path) -> None:
    (tmp_path / "a.part").symlink_to("a.part")
    for name, code in (("a.part", "P136"), ("x" * 300, "P137"), ("no/a.part", "P137")):
        with pytest.raises(UsageError) as caught:
            Journal(tmp_path / name, RUN, 2)
        assert caught.value.code == code
