"""Groups of people in MPII's release, in the order of its kit."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from poseval.poses import Ints, PoseSet


class Place(NamedTuple):
    """Where the elements of a submission belong: frame [E] and group inside it [E] (-1 none)."""

    frame: Ints
    group: Ints


def groups_of(truth: PoseSet, frames: Ints) -> Place:
    """Frame [E] and place in it [E] of each group of people in these frames."""
    group = truth.people.extra.get("group", np.full(len(truth), -1))
    rows = np.flatnonzero((group >= 0) & np.isin(truth.people.frame, frames))
    pairs = np.unique(np.stack([truth.people.frame[rows], group[rows]], axis=1), axis=0).reshape(-1, 2)
    return Place(pairs[:, 0], pairs[:, 1])
