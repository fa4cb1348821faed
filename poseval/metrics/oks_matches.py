"""Detections and their matches at one OKS threshold, from which LRP and calibration are computed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from poseval.kernels.coco import oks_pairs
from poseval.metrics.oks_scene import Scene
from poseval.metrics.ranking import per_row
from poseval.poses import Bools, Floats, Ints

EVERY_SIZE = np.array([[0.0, np.inf]])  # the one area range [1, 2]
ONE = np.uint64(1)  # the bit of the one threshold


@dataclass(frozen=True, eq=False)
class Matches:
    """The D detections that count, in the order of cells and descending scores, and the people to be found.

    A detection that took an ignored person does not count. `person` is the row of the matched person, -1 for
    none.
    """

    row: Ints  # [D] row among the detections
    unit: Ints  # [D]
    category: Ints  # [D]
    person: Ints  # [D]
    oks: Floats  # [D] with the matched person, 0 without one
    people_unit: Ints  # [N] of everybody who is to be found
    people_category: Ints  # [N]

    @property
    def hit(self) -> Bools:
        """Whether a detection [D] is matched."""
        out: Bools = self.person >= 0
        return out


def matches(scene: Scene, threshold: float, max_dets: int) -> Matches:
    """COCO's greedy matching at one OKS threshold, people of every size."""
    found = scene.match(np.array([threshold]), EVERY_SIZE, max_dets, with_matched=True)
    hit = (found.hit[:, 0] & ONE).astype(np.bool_)
    counts = np.flatnonzero(hit | ((found.skip[:, 0] & ONE) == 0))
    row, hit = found.row[counts], hit[counts]
    person = np.where(hit, found.matched[counts, 0, 0], -1).astype(np.int64)
    oks = np.zeros(len(row))
    oks[hit] = oks_pairs(scene.detections.xy, scene.targets, scene.sigmas, row[hit], person[hit])
    due = ~found.truth_skip[:, 0]
    return Matches(
        row,
        per_row(scene.unit, found.start)[counts],
        per_row(scene.category, found.start)[counts],
        person,
        oks,
        per_row(scene.unit, scene.people.start)[due],
        per_row(scene.category, scene.people.start)[due],
    )
