"""What benchmark `custom` measures, a second time in plain loops over lists of points."""

from __future__ import annotations

import math
from itertools import permutations

Point = tuple[float, float]
Pose = list[Point | None]  # None: not labelled, or not predicted


def size(pose: Pose) -> tuple[float, float]:
    """Width and height of the tight box around a pose."""
    found = [point for point in pose if point is not None]
    if not found:
        return 0.0, 0.0
    xs, ys = [x for x, _ in found], [y for _, y in found]
    return max(xs) - min(xs), max(ys) - min(ys)


def likeness(truth: Pose, found: Pose) -> float:
    """How alike a person and a prediction are, as docs/metrics/epe.md defines it."""
    longest = max(math.hypot(*size(truth)), math.hypot(*size(found)))
    total, count = 0.0, 0
    for mine, theirs in zip(truth, found, strict=True):
        if mine is None:
            continue
        count += 1
        if theirs is not None:
            apart = math.dist(mine, theirs)
            total += max(0.0, 1 - apart / longest) if longest else 1 / (1 + apart)
    return total / count if count else 0.0


def pairs(truth: list[Pose], found: list[Pose]) -> dict[int, int]:
    """The pairing of greatest sum, by trying all of them."""
    table = [[likeness(one, other) for other in found] for one in truth]
    best: tuple[float, dict[int, int]] = (-1.0, {})
    places = [*range(len(found)), *[-1] * len(truth)]
    for order in set(permutations(places, len(truth))):
        total = sum(table[row][at] for row, at in enumerate(order) if at >= 0)
        if total > best[0]:
            best = (total, {row: at for row, at in enumerate(order) if at >= 0 and table[row][at] > 0})
    return best[1]


def errors(truth: list[Pose], found: list[Pose]) -> list[tuple[float | None, float]]:
    """For each labelled joint its error (None: nothing predicted) and its person's longer side."""
    matched = pairs(truth, found)
    out: list[tuple[float | None, float]] = []
    for row, pose in enumerate(truth):
        side = max(size(pose))
        for joint, mine in enumerate(pose):
            if mine is None:
                continue
            theirs = found[matched[row]][joint] if row in matched else None
            out.append((None if theirs is None else math.dist(mine, theirs), side))
    return out


def percentile(values: list[float], number: float) -> float:
    """The smallest value that at least `number` per cent of the values do not exceed."""
    ordered = sorted(values)
    for at, value in enumerate(ordered, start=1):
        if at * 100 >= number * len(ordered) - 1e-9:
            return value
    return math.nan


def oks(truth: Pose, found: Pose, sigmas: list[float]) -> float:
    """OKS with the extent of the labelled joints for an area."""
    width, height = size(truth)
    total, count = 0.0, 0
    for mine, theirs, sigma in zip(truth, found, sigmas, strict=True):
        if mine is None:
            continue
        count += 1
        if theirs is not None:
            total += math.exp(-(math.dist(mine, theirs) ** 2) / (2 * width * height * (2 * sigma) ** 2))
    return total / count


def average_precision(
    frames: list[tuple[list[Pose], list[tuple[float, Pose]]]], sigmas: list[float]
) -> float:
    """Mean over ten thresholds of the precision at 101 recalls; people without extent are ignored."""
    parts = [_precision(frames, sigmas, 0.5 + 0.05 * step) for step in range(10)]
    return sum(parts) / len(parts)


def _precision(
    frames: list[tuple[list[Pose], list[tuple[float, Pose]]]], sigmas: list[float], threshold: float
) -> float:
    marks: list[tuple[float, bool]] = []
    total = 0
    for truth, found in frames:
        counted = [all(side > 0 for side in size(pose)) for pose in truth]
        total += sum(counted)
        taken: set[int] = set()
        for score, pose in sorted(found, key=lambda item: -item[0]):
            scored = [
                (oks(one, pose, sigmas), row)
                for row, one in enumerate(truth)
                if row not in taken and counted[row]
            ]
            best = max(scored, default=(0.0, -1))
            if best[0] >= threshold - 1e-10:
                taken.add(best[1])
            marks.append((score, best[0] >= threshold - 1e-10))
    marks.sort(key=lambda item: -item[0])
    curve: list[tuple[float, float]] = []
    hits = 0
    for count, (_, hit) in enumerate(marks, start=1):
        hits += hit
        curve.append((hits / total, hits / count))
    out = 0.0
    for step in range(101):
        out += max((p for r, p in curve if r >= step / 100 - 1e-12), default=0.0)
    return out / 101
