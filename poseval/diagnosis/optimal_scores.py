"""Optimal scores, which would rank predictions best: similarity with people, lowered by soft suppression.

The optimal score of a prediction is its highest similarity with a person that counts. Inside a frame the
prediction of the highest score then lowers those that score less, by exp(-oks^2 / 0.5) with the OKS of the
two on the mean of their extents; then the next one, until none is left.

Frames with the same number of predictions are computed together. The numbers are those of one frame after
the other, to the last bit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from poseval.diagnosis.error_types import MAX_DETS, Scene, SizeRange
from poseval.kernels.coco import Cells, cell_pairs, keep, oks_pairs
from poseval.kernels.poses import extent
from poseval.poses import Bools, Floats, Ints

BLOCK = 4096  # pairs that are compared at once: their joints stay in the processor's cache
NO_CHANGE = 1e-9  # exp(-x^2 / 0.5) is 1 below this x, as its distance from 1 is less than 2^-54


@dataclass(frozen=True, eq=False)
class Suppression:
    """All pairs of predictions that share a frame, and how much the better one lowers the other.

    `groups` are the rows [C, N] of the C frames with N predictions, for each N above 1. The pairs `one` and
    `two` [Q], and their factors [Q], follow them: all pairs of a frame, frame by frame.
    """

    scene: Scene
    xy: Floats  # [P, K, 2]
    kept: Cells
    groups: tuple[Ints, ...]
    one: Ints
    two: Ints
    factor: Floats

    @staticmethod
    def of(scene: Scene) -> Suppression:
        """The pairs of a scene's predictions."""
        kept = keep(scene.detections.score, scene.poses, MAX_DETS)
        count = np.diff(kept.start)
        groups, ones, twos = [], [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for number in np.unique(count[count > 1]).tolist():
            rows = kept.row[kept.start[:-1][count == number][:, None] + np.arange(number)]
            first, other = np.triu_indices(number, 1)
            groups.append(rows)
            ones.append(rows[:, first].ravel())
            twos.append(rows[:, other].ravel())
        one, two, xy = np.concatenate(ones), np.concatenate(twos), scene.detections.xy
        return Suppression(scene, xy, kept, tuple(groups), one, two, _factors(scene, xy, one, two))

    @cached_property
    def with_people(self) -> tuple[Ints, Ints, Floats]:
        """Rows of predictions and people that share a frame, and their similarity, [R] each."""
        pose, person = cell_pairs(self.kept, self.scene.people)
        return pose, person, oks_pairs(self.xy, self.scene.targets, self.scene.sigmas, pose, person)

    def moved(self, xy: Floats) -> Suppression:
        """The same pairs after some joints were moved to `xy` [P, K, 2]."""
        changed = (xy != self.xy).any(axis=(1, 2))
        again = np.flatnonzero(changed[self.one] | changed[self.two])
        factor = self.factor.copy()
        factor[again] = _factors(self.scene, xy, self.one[again], self.two[again])
        return replace(self, xy=xy, factor=factor)

    def optimal_scores(self, size: SizeRange) -> tuple[Floats, Floats]:
        """Scores that would rank best, and the highest similarity with a person that counts, [P] each."""
        targets = self.scene.targets
        pose, person, oks = self.with_people
        area = targets.area[person]
        countable = ~targets.ignored[person] & (area >= size.low) & (area <= size.high)
        best = np.zeros(len(self.xy))
        np.maximum.at(best, pose[countable], oks[countable])
        out = best.copy()
        done = 0
        for rows in self.groups:
            frames, number = rows.shape
            first, other = np.triu_indices(number, 1)
            factor = np.ones((frames, number, number))
            pairs = self.factor[done : done + frames * len(first)].reshape(frames, -1)
            factor[:, first, other] = factor[:, other, first] = pairs
            done += pairs.size
            out[rows] = _suppressed(best[rows], factor)
        return out, best


def _factors(scene: Scene, xy: Floats, one: Ints, two: Ints) -> Floats:
    """By how much the predictions of each pair [Q] lower each other.

    Joints that were not predicted (infinite) have similarity 0 and are not part of the extent.
    """
    predicted: Bools = np.asarray(np.isfinite(xy).all(axis=2))
    area = extent(xy, predicted.astype(np.int8))
    x, y = (np.where(predicted, xy[..., axis], 0.0) for axis in range(2))
    oks = np.empty(len(one))
    for start in range(0, len(one), BLOCK):
        block = slice(start, start + BLOCK)
        a, b = one[block], two[block]
        with np.errstate(over="ignore", invalid="ignore"):  # NaN, of a pair without end, is not near
            off = (x[a] - x[b]) ** 2 + (y[a] - y[b]) ** 2
            off[~(predicted[a] & predicted[b])] = np.inf
            mean = (area[a] + area[b]) / 2 + np.spacing(1)
            oks[block] = np.exp(-off / (2 * scene.sigmas) ** 2 / mean[:, None] / 2).mean(axis=1)
    out = np.ones(len(one))
    near = np.flatnonzero(oks > NO_CHANGE)
    # The C library's exp: NumPy's differs in the last place on some processors.
    out[near] = list(map(math.exp, (-(oks[near] ** 2) / 0.5).tolist()))
    return out


def _suppressed(score: Floats, factor: Floats) -> Floats:
    """Scores [C, N] after each prediction, from the highest on, has lowered those that are left."""
    out = score.copy()
    left = np.ones(out.shape, dtype=np.bool_)
    cell = np.arange(len(out))
    for _ in range(out.shape[1] - 1):
        top = np.where(left, out, -np.inf).argmax(axis=1)
        left[cell, top] = False
        out *= np.where(left, factor[cell, top], 1.0)
    return out
