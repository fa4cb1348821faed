"""Poses that were never mapped back from the crops of single people: the right shapes in the wrong places."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from poseval.checks.base import Pair
from poseval.checks.partners import FEWEST, LOOKED_AT_BY_SHAPE, Partners, middle
from poseval.poses import Bools, Floats, Notice

ELSEWHERE = 0.3  # sizes of a person between it and its prediction, below which poses are where they belong
ALIKE = 0.06  # sizes of a person that remain after a scale and a move of its own
OTHERS = 2.5  # times as large must be what remains with the pose of somebody else
ONE_PLACE = 0.5  # spreads of a pose that half of all predictions may lie from their common middle: a crop's
MOST = 0.5  # of the people looked at must have a prediction of their shape


def in_crops(pair: Pair, nearest: Partners, some: Partners) -> Notice | None:
    """N931: each prediction has the shape of a person, and a scale and a place of its own.

    `some` are people and the predictions of their shape.
    """
    if nearest.error(nearest.theirs) < ELSEWHERE:
        return None
    if len(some.truth) < max(FEWEST, MOST * min(len(nearest.truth), LOOKED_AT_BY_SHAPE)):
        return None
    middles, spreads = _form(some.theirs, some.known)
    apart = np.abs(middles - middle(middles))
    if (middle(apart) > ONE_PLACE * middle(spreads).max()).any():
        return None
    error = some.error(_laid_on(some))
    turn = np.roll(np.arange(len(some.truth)), 1)
    other = replace(some, theirs=some.theirs[turn], known=some.known & some.known[turn])
    if not error < ALIKE or not other.tell or other.error(_laid_on(other)) < OTHERS * error:
        return None
    text = (
        f"{pair.predictions.name}: predictions have the shapes of the people, but each has a scale and a "
        "place of its own: they look like coordinates of crops or heatmaps of single people; map them back "
        "to the image with the boxes of the crops"
    )
    return Notice("N931", text, len(some.truth))


def _laid_on(partners: Partners) -> Floats:
    """Predictions [M, K, 2] with the middle and the spread of their people, x and y apart."""
    middles, spreads = zip(
        *(_form(xy, partners.known) for xy in (partners.truth, partners.theirs)), strict=True
    )
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.asarray((partners.theirs - middles[1]) * (spreads[0] / spreads[1]) + middles[0])


def _form(xy: Floats, known: Bools) -> tuple[Floats, Floats]:
    """Middle and spread [M, 1, 2] of the known joints."""
    count = np.maximum(known.sum(axis=1), 1)[:, None, None]
    with np.errstate(invalid="ignore", over="ignore"):
        centre = np.where(known[..., None], xy, 0.0).sum(axis=1, keepdims=True) / count
        apart = np.where(known[..., None], xy - centre, 0.0)
        return centre, np.sqrt((apart * apart).sum(axis=1, keepdims=True) / count)
