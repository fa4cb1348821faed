"""Systematic mistakes that leave a file readable and its numbers plausible, found by their effect.

Left and right exchanged, joints in another order, and a shift of one pixel between a one-based and a
zero-based file. Each becomes a notice that names the likely mistake and what the number would be without it;
nothing is changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from poseval.checks.base import Pair
from poseval.kernels.tracking import assign
from poseval.poses import Bools, Floats, Ints, Notice, People
from poseval.poses.aligned import Aligned
from poseval.results.values import Direction

LOOKED_AT = 2000  # people; more do not change a median
LOOKED_AT_IN_CROWDS = 500  # people of frames with several predictions, each of which has to be compared
DISTANCES = 1_000_000  # between all pairs of joints
FEWEST = 8  # people that share a joint, below which nothing is suspected
CLEARLY = 0.6  # errors after the repair, as a fraction of those before, that arouse suspicion
GAIN = 0.05  # by how much the number must get better to be worth a notice
SHIFT_PRECISION = 0.25  # pixels
COARSEST = 0.1  # standard error of the median offset, in pixels, above which a shift is not reported


def systematic_mistakes(pair: Pair) -> Iterator[Notice]:
    """N460 left and right exchanged, N461 another order of joints, N462 a shift of one pixel.

    The number in a notice, the first of the benchmark, is computed only when a mistake is suspected.
    """
    aligned = pair.aligned
    truth, theirs, known = _points(aligned)
    if len(truth) < FEWEST:
        return
    order = _other_order(truth, theirs, known, aligned.truth.skeleton.flip)
    found = None if order is None else _order_notice(pair, order)
    if found is None:
        found = _shift_notice(pair, theirs - truth, known)
    if found is not None:
        yield found


def _points(aligned: Aligned) -> tuple[Floats, Floats, Bools]:
    """True and predicted coordinates [M, K, 2] of some people, and where both are known [M, K]."""
    truth, predictions = aligned.truth.people, aligned.predictions.people
    count = np.bincount(predictions.frame, minlength=len(aligned.truth.frames))
    most = LOOKED_AT if not len(count) or count.max() <= 1 else LOOKED_AT_IN_CROWDS
    kept = np.flatnonzero((count > 0)[truth.frame] & np.logical_or.reduce(truth.seen > 0, axis=1))
    if len(kept) > most:
        kept = kept[np.linspace(0, len(kept) - 1, most).astype(np.int64)]
    row = _partners(truth, predictions, kept)
    known: Bools = (truth.seen[kept] > 0) & (predictions.seen[row] > 0)
    return truth.xy[kept], predictions.xy[row], known


def _partners(truth: People, predictions: People, kept: Ints) -> Ints:
    """Row [M] of the prediction in the frame of each true person; of several, the nearest.

    Nearest by the mean of their joints, which does not depend on their order.
    """
    first = np.searchsorted(predictions.frame, truth.frame[kept])
    count = np.searchsorted(predictions.frame, truth.frame[kept], side="right") - first
    if (count <= 1).all():
        return np.asarray(first, dtype=np.int64)
    start = np.cumsum(count) - count
    rows = np.repeat(first - start, count) + np.arange(count.sum())
    used, place = np.unique(rows, return_inverse=True)
    theirs = _middles(predictions.xy[used], predictions.seen[used] > 0)[place]
    mine = np.repeat(_middles(truth.xy[kept], truth.seen[kept] > 0), count, axis=0)
    person = np.repeat(np.arange(len(kept)), count)
    nearest = np.lexsort((_distance(theirs, mine), person))
    return np.asarray(rows[nearest[start]], dtype=np.int64)


def _middles(xy: Floats, known: Bools) -> Floats:
    """Mean [N, 2] of the known joints."""
    total = np.where(known[..., None], xy, 0.0).sum(axis=1)
    return np.asarray(total / np.maximum(known.sum(axis=1), 1)[:, None])


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
    """The predicted column of each true joint, if another order than the file's fits clearly better."""
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
    filled = np.where(np.isnan(cost), np.nanmax(cost), cost)
    order = assign(filled.T)
    better = filled[order, np.arange(len(own))].sum() < CLEARLY * np.diag(filled).sum()
    return order if better else None


def _people(joints: int) -> int:
    """How many people are enough to detect the order of joints, with bounded work."""
    return max(FEWEST, min(200, DISTANCES // joints**2))


def _reordered(aligned: Aligned, order: Ints) -> Aligned:
    people = aligned.predictions.people
    moved = people.with_columns(
        xy=people.xy[:, order], seen=people.seen[:, order], joint_score=people.joint_score[:, order]
    )
    return Aligned(aligned.truth, replace(aligned.predictions, people=moved))


def _order_notice(pair: Pair, order: Ints) -> Notice | None:
    name, before = pair.headline(pair.aligned)
    _, after = pair.headline(_reordered(pair.aligned, order))
    higher_is_better = pair.metrics[0].better is Direction.HIGHER
    gain = after - before if higher_is_better else (before - after) / max(abs(before), 1e-9)
    if not gain > GAIN:
        return None
    skeleton = pair.aligned.truth.skeleton
    instead = f"{name} would be {after:.2f} instead of {before:.2f}"
    if tuple(order.tolist()) == skeleton.flip:
        return Notice("N460", f"left and right look exchanged; after exchanging them, {instead}")
    wrong = np.flatnonzero(order != np.arange(len(order)))
    listed = ", ".join(f"column {order[k]} looks like {skeleton.joints[k]}" for k in wrong[:4].tolist())
    text = f"joints look reordered ({listed}); in the right order, {instead}"
    return Notice("N461", text, len(wrong))


def _shift_notice(pair: Pair, delta: Floats, known: Bools) -> Notice | None:
    aligned = pair.aligned
    offset = delta[known]
    offset = offset[np.isfinite(offset).all(axis=1)]
    if len(offset) < FEWEST:
        return None
    middle = _middle(offset)
    spread = 1.4826 * _middle(np.abs(offset - middle))  # of a normal distribution
    error = 1.2533 * spread / np.sqrt(len(offset))
    sign = np.sign(middle[0])
    if (np.abs(middle - sign) > SHIFT_PRECISION).any() or (error > COARSEST).any():
        return None
    errors = [float(_middle(_distance(offset, np.full(2, by)))) for by in (0.0, sign)]
    if errors[1] >= errors[0]:
        return None
    people = aligned.predictions.people
    moved = replace(aligned.predictions, people=people.with_columns(xy=people.xy - sign))
    name, before = pair.headline(aligned)
    _, after = pair.headline(Aligned(aligned.truth, moved))
    where = "to the right of and below" if sign > 0 else "to the left of and above"
    kinds = ("one-based", "zero-based") if sign > 0 else ("zero-based", "one-based")
    text = (
        f"predictions lie one pixel {where} the ground truth (median offset {middle[0]:+.2f}, "
        f"{middle[1]:+.2f}). Are they {kinds[0]}, but read as {kinds[1]}? Shifted, the median error "
        f"would be {errors[1]:.2f} instead of {errors[0]:.2f} pixels, and {name} {after:.4f} instead of "
        f"{before:.4f}"
    )
    return Notice("N462", text)
