"""Several threads count what one counts, to the last bit: tracks of all sequences, and ranked lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from poseval.kernels import _kernels
from poseval.kernels.average_precision import HITS_FIRST, LATER_FIRST, TOGETHER, Ranked
from poseval.kernels.tracking import Scene, Side
from poseval.threads import thread_limit

SEQUENCES, FRAMES, PEOPLE, JOINTS = 24, 30, 4, 3  # several times the frames that are worth a thread
ALPHAS = np.arange(0.05, 1, 0.05)


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    yield
    _kernels.set_thread_limit(thread_limit())


def _scene() -> Scene:
    """People who wander, with false ones, lost ones and exchanged tracks."""
    rng = np.random.default_rng(7)
    frames = SEQUENCES * FRAMES
    unit, number = np.repeat(np.arange(SEQUENCES), FRAMES), np.tile(np.arange(FRAMES), SEQUENCES)
    start = np.arange(frames + 1) * PEOPLE
    base = rng.uniform(0, 12, (frames, PEOPLE, JOINTS, 2)).round(1).reshape(-1, JOINTS, 2)
    moved = base + rng.normal(0, 0.4, base.shape)
    tracks = np.tile(np.arange(PEOPLE), frames)
    found = np.concatenate([rng.permutation(PEOPLE) for _ in range(frames)])
    there = rng.random((2, frames * PEOPLE, JOINTS)) < 0.8
    scene = Scene(unit, number, SEQUENCES, Side(start, there[0], tracks), Side(start, there[1], found))
    scene.use_joints(base, moved, rng.uniform(0.5, 2, len(base)))
    return scene


COUNTED: dict[str, Callable[[Scene], Any]] = {
    "best_pose": lambda scene: dict(enumerate(scene.best_pose(0.5))),
    "clear": lambda scene: scene.clear(0.5, dummies=True),
    "clear_trackeval": lambda scene: scene.clear_trackeval(0.5, 1.0),
    "identity": lambda scene: scene.identity(0.5),
    "hota": lambda scene: scene.hota(ALPHAS, 1.0, aligned=False),
    "hota aligned": lambda scene: scene.hota(ALPHAS, 1.0, aligned=True),
}


@pytest.mark.parametrize("name", COUNTED)
def test_tracks(name: str) -> None:
    scene, found = _scene(), []
    for count in (1, 2, 7):
        _kernels.set_thread_limit(count)
        found.append({key: np.asarray(values).tobytes() for key, values in COUNTED[name](scene).items()})
    assert any(np.asarray(values).any() for values in COUNTED[name](scene).values())
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("ties", [LATER_FIRST, TOGETHER, HITS_FIRST])
def test_ranked_lists(ties: int) -> None:
    rng = np.random.default_rng(3)
    rows, cells = 90_000, 9
    cell, score = rng.integers(0, cells, rows), rng.normal(0, 1, rows).round(2)
    score[::7] = -0.0
    hit, weight = rng.random(rows) < 0.4, rng.integers(0, 3, rows)
    found = []
    for count in (1, 2, 7):
        _kernels.set_thread_limit(count)
        ranked = Ranked.of(cell, score, hit, cells)
        areas = ranked.area(weight, np.full(cells, 9000.0), ties)
        found.append([ranked.order.tobytes(), *(part.tobytes() for part in areas)])
    assert found[0] == found[1] == found[2]
    order = np.lexsort((-np.arange(rows), -(score + 0.0), cell))  # of equal scores the later row first
    assert (ranked.order == order).all()
