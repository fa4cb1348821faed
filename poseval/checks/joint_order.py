"""The order of joints: left and right exchanged, or columns that hold other joints than they should."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from poseval.checks.base import Pair
from poseval.checks.partners import FEWEST, Partners, distance
from poseval.kernels.tracking import assign
from poseval.poses import Bools, Floats, Ints, Notice
from poseval.poses.transforms import reordered

DISTANCES = 1_000_000  # between all pairs of joints
CLEARLY = 0.6  # errors after the repair, as a fraction of those before, that arouse suspicion
GAIN = 0.05  # by how much the number must get better to be worth a notice


def other_order(pair: Pair, partners: Partners) -> Notice | None:
    """N460 left and right exchanged, or N461 another order of joints, where the number gets better by it."""
    skeleton = pair.aligned.truth.skeleton
    order = order_of(partners, skeleton.flip)
    if order is None:
        return None
    predictions = pair.aligned.predictions
    change = pair.with_predictions(replace(predictions, people=reordered(predictions.people, order)))
    if not change.gain > GAIN:
        return None
    if tuple(order.tolist()) == skeleton.flip:
        text = f"left and right look exchanged; after exchanging them, {change}; try: --transform left-right"
        return Notice("N460", text)
    wrong = np.flatnonzero(order != np.arange(len(order)))
    listed = ", ".join(f"column {order[k]} looks like {skeleton.joints[k]}" for k in wrong[:4].tolist())
    text = f"joints look reordered ({listed}); in the right order, {change}"
    return Notice("N461", text, len(wrong))


def _median(values: Floats, known: Bools) -> Floats:
    """Lower median along the first axis [M, ...] over known entries; NaN below the fewest."""
    count = known.sum(axis=0)
    ordered = np.sort(np.where(known, values, np.inf), axis=0)
    middle = np.take_along_axis(ordered, np.maximum(count - 1, 0)[None] // 2, axis=0)[0]
    return np.where(count >= FEWEST, middle, np.nan)


def order_of(partners: Partners, flip: tuple[int, ...]) -> Ints | None:
    """Predicted column for each true joint, when another order than the file's fits clearly better."""
    some = partners.some(_people(len(flip)))
    truth, theirs, known = some.truth, some.theirs, some.known
    own = _median(distance(theirs, truth), known)
    if np.isnan(own).all():
        return None
    mirror = np.asarray(flip)
    exchanged = _median(distance(theirs[:, mirror], truth), known & known[:, mirror])
    if np.nansum(exchanged) < CLEARLY * np.nansum(own):
        return mirror
    every = distance(theirs[:, :, None], truth[:, None])  # [M, predicted, true]
    cost = _median(every, known[:, :, None] & known[:, None])
    nearest = np.nanargmin(np.where(np.isnan(cost), np.inf, cost), axis=0)
    if (nearest == np.arange(len(own)))[~np.isnan(own)].mean() > 0.7:
        return None
    filled = np.where(np.isnan(cost), np.nanmax(cost), cost)
    order = assign(filled.T)
    better = filled[order, np.arange(len(own))].sum() < CLEARLY * np.diag(filled).sum()
    return order if better else None


def _people(joints: int) -> int:
    """How many people are enough to see the order of joints, with bounded work."""
    return max(FEWEST, min(200, DISTANCES // joints**2))
