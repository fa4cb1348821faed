"""Random MOTChallenge files: classes, flags, exchanged ids, gaps, frames with one side alone, and ties."""

from __future__ import annotations

from pathlib import Path

import numpy as np

CLASSES = (1, 1, 1, 1, 7, 8, 2, 12, 6)  # people most of all, distractors, of MOT20 (6), too


def write_boxes(seed: int, folder: Path) -> tuple[str, str]:
    """Ground truth and results of one sequence; coordinates are whole for even seeds, so that they tie."""
    rng = np.random.default_rng([seed, 5])
    whole = seed % 2 == 0
    people = int(rng.integers(1, 8))
    place = rng.integers(0, 80, (people, 2)).astype(float)
    size = rng.choice([20.0, 30.0, 40.0], (people, 2))
    kind = rng.choice(CLASSES, people)
    kind[0] = 1
    shown = np.arange(people) + 1
    truth, found = ["1,1,5,5,30,30,1,1,1"], ["1,90,5,5,30,30,1,-1,-1,-1"]
    for frame in range(2, int(rng.integers(3, 16))):
        place += rng.integers(-3, 4, place.shape) if whole else rng.normal(0, 3, place.shape).round(2)
        if rng.random() < 0.2 and people > 1:
            a, b = rng.permutation(people)[:2]
            shown[a], shown[b] = shown[b], shown[a]
        alone = rng.random()
        for index in rng.permutation(people):
            if alone > 0.1 and rng.random() < 0.8:
                flag = int(rng.random() < 0.9)
                truth.append(_line(frame, index + 1, place[index], size[index], f"{flag},{kind[index]},1"))
            if alone < 0.9 and rng.random() < 0.8:
                step = rng.integers(-6, 7, 2) if whole else rng.normal(0, 5, 2).round(2)
                score = round(float(rng.random()), 2)
                found.append(
                    _line(frame, shown[index], place[index] + step, size[index], f"{score},-1,-1,-1")
                )
        if alone < 0.9 and rng.random() < 0.3:
            found.append(_line(frame, 50 + frame, rng.integers(0, 80, 2), size[0], "0.3,-1,-1,-1"))
    paths = folder / "gt.txt", folder / "found.txt"
    for path, lines in zip(paths, (truth, found), strict=True):
        path.write_text("".join(f"{line}\n" for line in lines))
    return str(paths[0]), str(paths[1])


def _line(frame: int, track: int, corner: np.ndarray, size: np.ndarray, tail: str) -> str:
    x, y = (round(float(value), 2) for value in corner)
    return f"{frame},{track},{x:g},{y:g},{size[0]:g},{size[1]:g},{tail}"
