"""Predictions on resized images that were never mapped back, each image with its own factor."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from poseval.checks.partners import Partners
from poseval.checks.placements import Numbers, Placement, ratio
from poseval.poses import Floats
from poseval.poses.transforms import Transform

AS_WELL = 1.03  # times the error of the fitted sides, for rounder ones
NEAR = 0.01  # by which rounder sides may differ
STEPS = (100.0, 32.0, 10.0, 1.0)  # of which the sides of networks are multiples, the roundest first


def resized(partners: Partners, theirs: Floats, size: Floats) -> Iterator[Placement]:
    """The error that remains if all images were resized to one size, one side length, or a padded square.

    `size` [M, 2] is that of the image of each person. Images of one size are left to the check of a common
    scale and offset.
    """
    if not (size > 0).all() or (size == size[0]).all():
        return
    longer, shorter = (np.repeat(side, 2).reshape(-1, 2) for side in (size.max(axis=1), size.min(axis=1)))
    border = (longer - size) / 2
    none = np.zeros_like(border)
    for kind, unit, moved in (
        ("resized", size, none),
        ("longest", longer, none),
        ("shortest", shorter, none),
        ("letterbox", longer, border),
    ):
        shares = (partners.truth + moved[:, None]) / unit[:, None]  # of the sides that are sought
        sides = _sides(theirs[partners.known], shares[partners.known], together=kind != "resized")
        if sides is None:
            continue

        def error(by: Numbers, unit: Floats = unit, moved: Floats = moved) -> float:
            return partners.error(theirs * (unit / np.asarray(by))[:, None] - moved[:, None])

        yield (Transform(kind, sides := _roundest(sides, error)),), error(sides)


def _roundest(sides: Numbers, error: Callable[[Numbers], float]) -> Numbers:
    """The roundest sides near the fitted ones that do as well."""
    least = error(sides)
    for step in STEPS:
        x, y = (max(round(side / step), 1) * step for side in sides)
        near = max(abs(x / sides[0] - 1), abs(y / sides[1] - 1)) < NEAR
        if near and error((x, y)) <= AS_WELL * least + 2e-4:
            return x, y
    return sides


def _sides(theirs: Floats, normalised: Floats, together: bool) -> Numbers | None:
    """What predictions [J, 2] are times normalised coordinates [J, 2]; None where nothing tells."""
    if together:
        side = ratio(theirs.ravel(), normalised.ravel())
        return None if side is None or side <= 0 else (side, side)
    x, y = (ratio(theirs[:, axis], normalised[:, axis]) for axis in (0, 1))
    return None if x is None or y is None or min(x, y) <= 0 else (x, y)
