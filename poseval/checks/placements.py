"""Scales and offsets that map predictions onto the ground truth, in round numbers if they fit as well."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from poseval.checks.partners import Partners, middle, spread
from poseval.poses import Floats
from poseval.poses.transforms import Transform

AS_WELL = 1.03  # times the error of the fitted numbers, for rounder ones
NEAR = 2.5  # times the median distance from a line
QUARTER = 0.25
STEPS = (10.0, 5.0, 1.0)  # pixels, and the sides of images, to which numbers are rounded, the roundest first

Numbers = tuple[float, float]
Placement = tuple[tuple[Transform, ...], float]  # the way back, and the error that remains


def placements(partners: Partners, theirs: Floats, most: float) -> Iterator[Placement]:
    """One scale, an offset, a scale for each of x and y, and a scale with an offset, fitted to the people.

    Maps that leave an error above `most` are not useful and are not rounded.
    """
    known = partners.known
    mine, other = partners.truth[known], theirs[known]

    def scaled(by: Numbers) -> float:
        return partners.error(theirs * np.asarray(by))

    same = ratio(np.hypot(*mine.T), np.hypot(*other.T))
    if same is not None:
        number, error = _simplest((same, same), _round_scales, scaled, most)
        yield (Transform("scale", number),), error
    number, error = _simplest(
        _offset(mine - other), _round_offsets, lambda by: partners.error(theirs + by), most
    )
    yield (Transform("offset", number),), error
    sides = [ratio(mine[:, axis], other[:, axis]) for axis in (0, 1)]
    if sides[0] is not None and sides[1] is not None:
        number, error = _simplest((sides[0], sides[1]), _round_scales, scaled, most)
        yield (Transform("scale", number),), error
    grown = ratio(spread(partners.truth, known), spread(theirs, known))
    if grown is not None:
        # Offsets take up what a rounder scale leaves, so that the two are rounded one after the other.
        def offset_and_error(by: Numbers) -> tuple[Numbers, float]:
            to = _offset(mine - other * np.asarray(by))
            return to, partners.error(theirs * np.asarray(by) + to)

        scale, _ = _simplest((grown, grown), _round_scales, lambda by: offset_and_error(by)[1], most)
        moved = theirs * np.asarray(scale)
        to, _ = offset_and_error(scale)
        offset, error = _simplest(to, _round_offsets, lambda by: partners.error(moved + by), most)
        yield (Transform("scale", scale), Transform("offset", offset)), error


def _simplest(
    fitted: Numbers,
    rounder: Callable[[Numbers], Iterator[Numbers]],
    error: Callable[[Numbers], float],
    most: float,
) -> tuple[Numbers, float]:
    """The roundest numbers that do as well as the fitted ones, and their error."""
    least = error(fitted)
    if least <= most:
        for numbers in rounder(fitted):
            if all(np.isfinite(numbers)) and (found := error(numbers)) <= AS_WELL * least + 2e-4:
                return numbers, found
    return fitted, least


def _round_scales(numbers: Numbers) -> Iterator[Numbers]:
    if min(map(abs, numbers)) >= 100:  # sides of images
        yield from (_to(step, numbers) for step in STEPS)
    if min(map(abs, numbers)) >= 1:
        yield _by(lambda number: float(round(number)), numbers)
    elif min(map(abs, numbers)) > 1e-3:
        yield _by(lambda number: 1 / max(round(1 / number), 1), numbers)
    yield _to(QUARTER, numbers)
    for digits in (1, 2, 3, 4, 5):
        yield float(f"{numbers[0]:.{digits}g}"), float(f"{numbers[1]:.{digits}g}")


def _round_offsets(numbers: Numbers) -> Iterator[Numbers]:
    yield from (_to(step, numbers) for step in STEPS)
    yield round(numbers[0], 1), round(numbers[1], 1)


def _to(step: float, numbers: Numbers) -> Numbers:
    return round(numbers[0] / step) * step, round(numbers[1] / step) * step


def _by(change: Callable[[float], float], numbers: Numbers) -> Numbers:
    return change(numbers[0]), change(numbers[1])


def ratio(mine: Floats, theirs: Floats) -> float | None:
    """The ratio of the one to the other; None if it cannot be estimated.

    The median of those that are far from 0, then least squares over what lies near that line.
    """
    if not len(theirs):
        return None
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        found = (mine / theirs)[np.abs(theirs) >= middle(np.abs(theirs))]
        found = found[np.isfinite(found) & (found != 0)]
        if not len(found):
            return None
        first = float(middle(found))
        apart = np.abs(mine - first * theirs)
        near = apart <= NEAR * middle(apart)
        number = float((mine * theirs)[near].sum() / (theirs * theirs)[near].sum())
    return number if np.isfinite(number) and number else first


def _offset(delta: Floats) -> Numbers:
    """The median of differences [J, 2]."""
    x, y = middle(np.where(np.isfinite(delta), delta, 0.0)).tolist()
    return x, y
