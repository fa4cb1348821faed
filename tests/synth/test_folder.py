"""A world on disk: pictures and a truth that reads back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from poseval import scoring
from poseval.errors import UsageError
from poseval.synth import scenes
from poseval.synth.folder import write_world

image = pytest.importorskip("PIL.Image")


def test_written_world_reads_back(tmp_path: Path) -> None:
    drawn = list(scenes(2, 3, 3))
    truth, path, losses = write_world(tmp_path, drawn)
    assert losses.kept_people == len(truth)
    back = scoring.read(path)
    np.testing.assert_array_equal(
        back.people.xy[back.people.seen > 0], truth.people.xy[truth.people.seen > 0]
    )
    np.testing.assert_array_equal(back.people.seen, truth.people.seen)
    np.testing.assert_allclose(back.people.area, truth.people.area)
    np.testing.assert_allclose(back.people.box, truth.people.box)
    for row, name in enumerate(back.frames.path):
        with image.open(tmp_path / "images" / name) as picture:
            assert picture.size == tuple(back.frames.size[row].astype(int))


def test_a_world_is_not_overwritten(tmp_path: Path) -> None:
    drawn = list(scenes(2, 1, 1))
    write_world(tmp_path, drawn)
    with pytest.raises(UsageError) as caught:
        write_world(tmp_path, drawn)
    assert caught.value.code == "P131"
