"""A shared set goes to other processes as the place of a file, and is the same set there."""

from __future__ import annotations

import os
import pickle
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from poseval.errors import UsageError
from poseval.poses import PoseSet
from poseval.poses.digest import content_digest
from poseval.poses.shared import opened, shared
from poseval.synth import scene_set

MADE = scene_set(seed=1, images=40, people=3)
POSES = replace(MADE, people=MADE.people.with_columns(head=None))


def facts(poses: PoseSet) -> tuple[int, int, str, bool]:
    """The process, which object the set is in it, what it holds, and whether it can be written to."""
    return os.getpid(), id(poses), content_digest(poses), poses.people.xy.flags.writeable


def test_each_process_maps_the_set_once_and_sees_the_same() -> None:
    with shared(POSES) as poses, ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(facts, [poses] * 6))
    assert len({process for process, *_ in found}) == len({(process, place) for process, place, *_ in found})
    assert os.getpid() not in {process for process, *_ in found}
    assert {(digest, writable) for *_, digest, writable in found} == {(content_digest(POSES), False)}


def test_little_is_sent_and_nothing_is_written_before() -> None:
    with shared(POSES) as poses:
        folder = Path(poses.__dict__["_file"]._path).parent
        assert list(folder.iterdir()) == []
        sent = pickle.dumps(poses)
        assert len(sent) < len(pickle.dumps(POSES)) / 5
        assert pickle.loads(sent) is pickle.loads(pickle.dumps(poses))
        (file,) = folder.iterdir()
        assert file.stat().st_size > POSES.people.xy.nbytes
    assert not folder.exists()


def test_the_set_is_the_same_with_its_origin_and_empty_columns() -> None:
    with shared(POSES) as poses:
        found = pickle.loads(pickle.dumps(poses))
    assert (found.origin, found.skeleton, found.categories) == (
        POSES.origin,
        POSES.skeleton,
        POSES.categories,
    )
    assert content_digest(found) == content_digest(POSES)
    assert not any(POSES.people.head.strides)
    assert not any(found.people.head.strides)  # no memory for what was not given
    assert found.frames.path.dtype == POSES.frames.path.dtype


def test_what_is_made_from_it_is_a_set_like_any_other() -> None:
    with shared(POSES) as poses:
        fewer = replace(poses, people=poses.people.take(np.arange(5)))
        found = pickle.loads(pickle.dumps(fewer))
    assert len(found) == 5
    assert content_digest(found) == content_digest(fewer)


def test_a_full_disk_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with shared(POSES) as poses:
        monkeypatch.setattr(Path, "open", refused)
        with pytest.raises(UsageError, match="No space left") as caught:
            pickle.dumps(poses)
    assert caught.value.code == "P137"
    opened.cache_clear()
