"""Scores from many threads at once are those from one: the compiled module keeps nothing between calls.

Without the global lock (Python 3.13t and later) the threads run side by side in Python's code, too.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import poseval
from poseval.datasets import Role, WriteOptions, get_format
from poseval.synth import perturb, scene_set

THREADS, ROUNDS, SETS = 8, 3, 4


def summary(paths: tuple[Path, Path]) -> dict[str, float]:
    return dict(poseval.score(*paths).summary)


def test_many_threads_give_what_one_gives(tmp_path: Path) -> None:
    coco, pairs = get_format("coco"), []
    for seed in range(SETS):
        truth = scene_set(seed=seed, images=20, people=3)
        pair = (tmp_path / f"truth{seed}.json", tmp_path / f"found{seed}.json")
        coco.write(truth, pair[0], WriteOptions(Role.TRUTH))
        coco.write(perturb(truth, seed), pair[1], WriteOptions(Role.PREDICTIONS, truth=truth))
        pairs.append(pair)
    alone = [summary(pair) for pair in pairs]
    assert len({one["AP"] for one in alone}) == SETS
    with ThreadPoolExecutor(THREADS) as pool:
        together = list(pool.map(summary, pairs * THREADS * ROUNDS))
    assert together == alone * THREADS * ROUNDS
