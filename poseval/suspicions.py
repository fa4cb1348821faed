"""Systematic mistakes that leave a file readable and its numbers plausible, told by what they do.

Left and right exchanged, joints in another order, and a shift of one pixel between a one-based and a
zero-based file. Each becomes a notice that names the likely mistake and what the number would be without it;
nothing is mended.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from poseval.pairs import Aligned
from poseval.poses import Bools, Floats, Ints, Notice, People

Measure = Callable[[Aligned], float]

LOOKED_AT = 2000  # people; more do not change a median
DISTANCES = 1_000_000  # between all pairs of joints
FEWEST = 8  # people that share a joint, below which nothing is suspected
CLEARLY = 0.6  # errors after the repair, as a share of those before, that arouse suspicion
GAIN = 0.05  # by how much the number must get better to be worth a notice
SHIFT_PRECISION = 0.25  # pixels
COARSEST = 0.1  # standard error of the median offset, in pixels, above which a shift is not told


def suspicions(
    aligned: Aligned, measure: Measure, name: Callable[[], str], higher_is_better: bool = True
) -> list[Notice]:
    """Notices about predictions as a whole.

    `measure` gives the number to tell them by and `name` what it is called; neither is asked without cause.
    """
    truth, theirs, known = _points(aligned)
    if len(truth) < FEWEST:
        return []
    notices: list[Notice] = []
    order = _other_order(truth, theirs, known, aligned.truth.skeleton.flip)
    if order is not None:
        notices += _order_notice(aligned, order, measure, name, higher_is_better)
    if not notices:
        notices += _shift_notice(aligned, theirs - truth, known, measure, name)
    return notices


def _points(aligned: Aligned) -> tuple[Floats, Floats, Bools]:
    """True and predicted coordinates [M, K, 2] of some people, and where both are known [M, K]."""
    truth, predictions = aligned.truth.people, aligned.predictions.people
    there = np.zeros(len(aligned.truth.frames), dtype=np.bool_)
    there[predictions.frame] = True
    kept = np.flatnonzero(there[truth.frame] & np.logical_or.reduce(truth.seen > 0, axis=1))
    if len(kept) > LOOKED_AT:
        kept = kept[np.linspace(0, len(kept) - 1, LOOKED_AT).astype(np.int64)]
    row = _partners(truth, predictions, kept)
    known: Bools = (truth.seen[kept] > 0) & (predictions.seen[row] > 0)
    return truth.xy[kept], predictions.xy[row], known


def _partners(truth: People, predictions: People, kept: Ints) -> Ints:
    """Row [M] of the prediction in the frame of each true person; where there are several, the nearest.

    Nearest by the middle of their joints, which no order of joints changes.
    """
    first = np.searchsorted(predictions.frame, truth.frame[kept])
    last = np.searchsorted(predictions.frame, truth.frame[kept], side="right")
    row = np.asarray(first, dtype=np.int64)
    for place in np.flatnonzero(last - first > 1).tolist():
        person, rows = kept[place], slice(first[place], last[place])
        middle = truth.xy[person][truth.seen[person] > 0].mean(axis=0)
        given = predictions.seen[rows] > 0
        total = np.where(given[..., None], predictions.xy[rows], 0.0).sum(axis=1)
        middles = total / np.maximum(given.sum(axis=1), 1)[:, None]
        row[place] += int(np.argmin(_distance(middles, middle)))
    return row


def _distance(a: Floats, b: Floats) -> Floats:
    with np.errstate(over="ignore", invalid="ignore"):
        x, y = a[..., 0] - b[..., 0], a[..., 1] - b[..., 1]
        return np.asarray(np.sqrt(x * x + y * y))


def _median(values: Floats, known: Bools) -> Floats:
    """Lower median along the first axis [M, ...] over known entries; NaN below the fewest."""
    count = known.sum(axis=0)
    ordered = np.sort(np.where(known, values, np.inf), axis=0)
    middle = np.take_along_axis(ordered, np.maximum(count - 1, 0)[None] // 2, axis=0)[0]
    return np.where(count >= FEWEST, middle, np.nan)


def _middle(values: Floats) -> Floats:
    """Lower median along the first axis. NumPy's own imports masked arrays, which takes longest of all."""
    half = (len(values) - 1) // 2
    return np.asarray(np.partition(values, half, axis=0)[half])


def _other_order(truth: Floats, theirs: Floats, known: Bools, flip: tuple[int, ...]) -> Ints | None:
    """Predicted column for each true joint, when another order than the file's fits clearly better."""
    some = np.linspace(0, len(truth) - 1, min(len(truth), _people(len(flip)))).astype(np.int64)
    truth, theirs, known = truth[some], theirs[some], known[some]
    own = _median(_distance(theirs, truth), known)
    if np.isnan(own).all():
        return None
    mirror = np.asarray(flip)
    exchanged = _median(_distance(theirs[:, mirror], truth), known & known[:, mirror])
    if np.nansum(exchanged) < CLEARLY * np.nansum(own):
        return mirror
    every = _distance(theirs[:, :, None], truth[:, None])  # [M, predicted, true]
    cost = _median(every, known[:, :, None] & known[:, None])
    nearest = np.nanargmin(np.where(np.isnan(cost), np.inf, cost), axis=0)
    if (nearest == np.arange(len(own)))[~np.isnan(own)].mean() > 0.7:
        return None
    from scipy.optimize import linear_sum_assignment

    filled = np.where(np.isnan(cost), np.nanmax(cost), cost)
    _, order = linear_sum_assignment(filled.T)
    better = filled[order, np.arange(len(own))].sum() < CLEARLY * np.diag(filled).sum()
    return np.asarray(order, dtype=np.int64) if better else None


def _people(joints: int) -> int:
    """How many people are enough to see the order of joints, with bounded work."""
    return max(FEWEST, min(200, DISTANCES // joints**2))


def _reordered(aligned: Aligned, order: Ints) -> Aligned:
    people = aligned.predictions.people
    moved = people.with_columns(
        xy=people.xy[:, order], seen=people.seen[:, order], joint_score=people.joint_score[:, order]
    )
    return Aligned(aligned.truth, replace(aligned.predictions, people=moved))


def _order_notice(
    aligned: Aligned, order: Ints, measure: Measure, name: Callable[[], str], higher_is_better: bool
) -> list[Notice]:
    before, after = measure(aligned), measure(_reordered(aligned, order))
    gain = after - before if higher_is_better else (before - after) / max(abs(before), 1e-9)
    if not gain > GAIN:
        return []
    skeleton = aligned.truth.skeleton
    instead = f"{name()} would be {after:.2f} instead of {before:.2f}"
    if tuple(order.tolist()) == skeleton.flip:
        text = f"left and right look exchanged: with the flip {instead}"
        return [Notice("N460", text)]
    wrong = np.flatnonzero(order != np.arange(len(order)))
    told = ", ".join(f"column {order[k]} looks like {skeleton.joints[k]}" for k in wrong[:4].tolist())
    text = f"joints look like they are in another order ({told}): put right, {instead}"
    return [Notice("N461", text, len(wrong))]


def _shift_notice(
    aligned: Aligned, delta: Floats, known: Bools, measure: Measure, name: Callable[[], str]
) -> list[Notice]:
    offset = delta[known]
    offset = offset[np.isfinite(offset).all(axis=1)]
    if len(offset) < FEWEST:
        return []
    middle = _middle(offset)
    spread = 1.4826 * _middle(np.abs(offset - middle))  # of a normal distribution
    error = 1.2533 * spread / np.sqrt(len(offset))
    sign = np.sign(middle[0])
    if (np.abs(middle - sign) > SHIFT_PRECISION).any() or (error > COARSEST).any():
        return []
    errors = [float(_middle(_distance(offset, np.full(2, by)))) for by in (0.0, sign)]
    if errors[1] >= errors[0]:
        return []
    people = aligned.predictions.people
    moved = replace(aligned.predictions, people=people.with_columns(xy=people.xy - sign))
    before, after = measure(aligned), measure(Aligned(aligned.truth, moved))
    where = "right and below" if sign > 0 else "left and above"
    kinds = ("one-based", "zero-based") if sign > 0 else ("zero-based", "one-based")
    text = (
        f"predictions lie one pixel to the {where} the truth (median offset {middle[0]:+.2f}, "
        f"{middle[1]:+.2f}): are they {kinds[0]}, and taken for {kinds[1]}? Shifted, the median error "
        f"would be {errors[1]:.2f} instead of {errors[0]:.2f} pixels, and {name()} {after:.4f} instead of "
        f"{before:.4f}"
    )
    return [Notice("N462", text)]
