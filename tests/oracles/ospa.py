"""OSPA and OSPA(2) by their definitions: every assignment is tried, one number after the other is added.

A scene is a mapping track -> frame -> thing; `like(a, b)` is the similarity of two things.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import permutations
from typing import Any

Tracks = Mapping[int, Mapping[int, Any]]
Like = Callable[[Any, Any], float]


def set_distance(distances: Sequence[Sequence[float]], m: int, n: int, cutoff: float, order: float) -> float:
    """OSPA of m against n elements, whose base distances are given."""
    if m > n:
        return set_distance([list(row) for row in zip(*distances, strict=True)], n, m, cutoff, order)
    if n == 0:
        return 0.0
    sums = [
        sum(min(cutoff, distances[i][j]) ** order for i, j in enumerate(chosen))
        for chosen in permutations(range(n), m)
    ]
    return ((min(sums) + cutoff**order * (n - m)) / n) ** (1 / order)


def ospa(truth: Tracks, found: Tracks, frames: int, like: Like, cutoff: float, order: float) -> float:
    """The mean over frames."""
    total = 0.0
    for frame in range(frames):
        mine = [things[frame] for things in truth.values() if frame in things]
        theirs = [things[frame] for things in found.values() if frame in things]
        distances = [[1 - like(a, b) for b in theirs] for a in mine]
        total += set_distance(distances, len(mine), len(theirs), cutoff, order)
    return total / frames


def track_distance(
    a: Mapping[int, Any], b: Mapping[int, Any], like: Like, cutoff: float, order: float
) -> float:
    """Mean over the frames of either track."""
    frames = sorted(a.keys() | b.keys())
    total = 0.0
    for frame in frames:
        both = frame in a and frame in b
        total += (min(cutoff, 1 - like(a[frame], b[frame])) if both else cutoff) ** order
    return (total / len(frames)) ** (1 / order)


def ospa2(truth: Tracks, found: Tracks, like: Like, cutoff: float, order: float) -> float:
    """Of one sequence."""
    mine, theirs = list(truth.values()), list(found.values())
    distances = [[track_distance(a, b, like, cutoff, order) for b in theirs] for a in mine]
    return set_distance(distances, len(mine), len(theirs), cutoff, order)


def overlap(a: Sequence[float], b: Sequence[float]) -> float:
    """Intersection over union of boxes x1, y1, x2, y2."""
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    shared = width * height
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)
