"""Row 15: time grows with what a file holds, not with its square, also where the file is refused."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from poseval.datasets.animals.sleap import _titles
from poseval.datasets.files.folder import file_stems
from poseval.errors import PosevalError, near_names, repeated
from poseval.files.reading import parse_json
from poseval.poses import Frames
from poseval.skeletons import load_skeleton
from tests.shared import SANITISED

MANY = 150_000
SECONDS = 10  # of the processor; steps by the square would take minutes to hours
NAMES = [f"n{at}" for at in range(MANY)]


def keys(folder: Path) -> object:
    return parse_json(
        json.dumps(dict.fromkeys(NAMES, 1))[:-1].encode() + b', "z": 1, "z": 2}', "a.json", 1 << 25
    )


def joints(folder: Path) -> object:
    (folder / "a.json").write_text(json.dumps({"joints": [*NAMES[:90_000], "z", "z"]}))
    return load_skeleton(folder / "a.json")


def titles(folder: Path) -> object:
    return _titles([{"filename": name} for name in NAMES])


def frames(folder: Path) -> object:
    return file_stems(Frames([*NAMES, "z.jpg", "z.png"]))


def spelling(folder: Path) -> object:
    return near_names("ab" * MANY, ["ba" * MANY])


WORK = (keys, joints, titles, frames, spelling)


@pytest.mark.skipif(SANITISED, reason="sanitizers change times")
@pytest.mark.parametrize("work", WORK, ids=[work.__name__ for work in WORK])
def test_15_time_grows_with_the_size(work: Callable[[Path], object], tmp_path: Path) -> None:
    started = time.process_time()
    try:
        work(tmp_path)
    except (PosevalError, ValueError):
        pass  # refused, in time
    assert time.process_time() - started < SECONDS


def test_names_that_occur_more_than_once() -> None:
    assert repeated(["a", "b", "a", "c", "b", "a"]) == ["a", "b"]
    assert repeated(iter([])) == []
