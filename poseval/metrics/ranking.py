"""Tallies of ranked detections, and the average precision and recall that they reduce to.

Tables of such a tally: `detections` (rows in order of unit, category and descending score) with `score`,
`category` and the masks `hit` and `skip` [R, A]; `people` with `person_category` and `counted` [N, A].
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from poseval.kernels.coco import PRECISION, RECALL, RECALLS, Curves, Ranked, accumulate, descending, resample
from poseval.metrics.base import Tally
from poseval.poses import Bools, Floats, Ints


@dataclass(frozen=True, eq=False)
class OksCurves:
    """Precision over recall per threshold, category and area range; NaN without people to find."""

    precision: Floats  # [T, Q, K, A]
    recall: Floats  # [T, K, A] highest recall reached
    scores: Floats  # [T, Q, K, A] score at which the recall is reached; 0 where it is not
    positives: Ints  # [K, A] people to be found

    def mean(self, kind: str, threshold: int, range: int) -> float:
        """Mean of precision (AP) or recall (AR) over all defined entries; NaN when there is none."""
        values = (self.precision if kind == "AP" else self.recall)[..., range]
        if threshold >= 0:
            values = values[threshold : threshold + 1]
        defined = values.ravel()
        total = float(np.add.reduce(defined))
        if math.isnan(total):
            defined = defined[~np.isnan(defined)]
            total = float(np.add.reduce(defined))
        return total / len(defined) if len(defined) else math.nan


def ranking(tally: Tally, hit: str = "hit", skip: str = "skip") -> Ranked:
    """The detections of a tally, to be ranked."""
    return Ranked(tally.column("score"), tally.column(hit), tally.column(skip), tally.unit_of("score"))


def orders(tally: Tally, categories: int) -> list[Ints]:
    """One ranking by descending score per category; sorted once per tally."""
    known: list[Ints] | None = tally.cache.get("orders")
    if known is None:
        order = descending(tally.column("score"))
        if categories > 1:
            category = tally.column("category")[order]
            known = [order[category == k] for k in range(categories)]
        else:
            known = [order]
        tally.cache["orders"] = known
    return known


def positives(tally: Tally, categories: int, counted: str = "counted") -> Ints:
    """People to be found [U, K, A] per unit, category and area range; counted once per tally."""
    known: Ints | None = tally.cache.get(f"positives/{counted}")
    if known is None:
        flags = tally.column(counted)
        cell = tally.unit_of(counted) * categories + tally.column("person_category")
        cells = tally.units * categories
        columns = [np.bincount(cell[column], minlength=cells) for column in flags.T]
        known = np.stack(columns, axis=-1).reshape(tally.units, categories, flags.shape[1])
        tally.cache[f"positives/{counted}"] = known
    return known


def weighted_people(tally: Tally, categories: int, weights: Ints, counted: str = "counted") -> Ints:
    """People to be found [B, A] of all categories and each area range under each weight vector [B, U]."""
    of_all = positives(tally, categories, counted).sum(axis=1).astype(np.float64)
    # Whole numbers below 2^53 are exact as floats, whose product is 10 times as fast as that of integers.
    people: Ints = (weights.astype(np.float64) @ of_all).astype(np.int64)
    return people


def weighted(counts: Ints, weight: Ints | None) -> Ints:
    """Sum of counts [U, ...] over units, each multiplied by its weight."""
    total: Ints = counts.sum(axis=0) if weight is None else np.tensordot(weight, counts, axes=(0, 0))
    return total


def curves(
    tally: Tally,
    categories: int,
    thresholds: int,
    weight: Ints | None = None,
    columns: tuple[str, str, str] = ("hit", "skip", "counted"),
) -> OksCurves:
    """The curves of a tally under weights [U] (None: all 1; computed once per tally)."""
    known: OksCurves | None = tally.cache.get(f"curves/{columns}") if weight is None else None
    if known is not None:
        return known
    hit, skip, counted = columns
    ranked = ranking(tally, hit, skip)
    found = weighted(positives(tally, categories, counted), weight)
    parts: list[Curves] = [
        accumulate(ranked, order, found[k], thresholds, weight)
        for k, order in enumerate(orders(tally, categories))
    ]
    found_curves = OksCurves(
        np.stack([part.precision for part in parts], axis=2),
        np.stack([part.recall for part in parts], axis=1),
        np.stack([part.scores for part in parts], axis=2),
        found,
    )
    if weight is None:
        tally.cache[f"curves/{columns}"] = found_curves
    return found_curves


def means(
    tally: Tally,
    categories: int,
    thresholds: int,
    weights: Ints,
    statistics: list[tuple[str, int, int]],
    columns: tuple[str, str, str] = ("hit", "skip", "counted"),
) -> Floats:
    """`OksCurves.mean` [B, S] of each statistic (kind, threshold, range) under each weight vector [B, U]."""
    hit, skip, counted = columns
    return resample(
        ranking(tally, hit, skip),
        orders(tally, categories),
        positives(tally, categories, counted),
        weights,
        thresholds,
        [(RECALL if kind == "AR" else PRECISION, threshold, range) for kind, threshold, range in statistics],
        RECALLS,
    )


def per_row(values: Bools | Ints, start: Ints) -> Ints:
    """A value of each cell [C], repeated for the cell's rows."""
    return np.repeat(values, np.diff(start)).astype(np.int64, copy=False)
