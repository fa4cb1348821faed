"""Sigmas in another unit than fractions of the root of a person's area."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from poseval.checks.base import Side
from poseval.poses import Floats, Notice
from poseval.skeletons import Skeleton, get_skeleton, names

# Factors by which lists of sigmas are known to be off: pycocotools lists tenths before it divides them, and
# the width of OKS is twice a sigma.
FACTORS = {
    10.0: "pycocotools lists its sigmas as tenths, and divides them by 10",
    0.1: "they may have been divided by 10 twice",
    2.0: "OKS doubles every sigma itself",
    0.5: "OKS doubles every sigma itself: give sigmas, not half of them",
}
NEAR = 0.02  # of a factor
LARGEST = 0.25  # more than twice the largest that is published, 0.107 of the hip
SMALLEST = 0.003  # less than half the smallest that is published, 0.007 of the eyes' corners


def unit_of_sigmas(side: Side) -> Iterator[Notice]:
    """N910: sigmas that are ten times or half of the known ones, or far from any that are published."""
    skeleton = side.poses.skeleton
    if skeleton.sigmas is None:
        return
    own = np.asarray(skeleton.sigmas)
    known = _known(skeleton)
    if known is not None:
        ratio = own / known.sigma_array[[known.index(joint) for joint in skeleton.joints]]
        for factor, why in FACTORS.items():
            if (np.abs(ratio / factor - 1) <= NEAR).all():
                text = f"{side.name}: every sigma is {factor:g} times that of {known.name}: {why}"
                yield Notice("N910", text, len(own))
                return
    middle = float(np.sort(own)[len(own) // 2])
    if not SMALLEST <= middle <= LARGEST:
        yield Notice("N910", _far(side.name, own, middle), len(own))


def _far(name: str, own: Floats, middle: float) -> str:
    return (
        f"{name}: sigmas are around {middle:.3g}; published ones are 0.007 to 0.107, in units of the root "
        "of a person's area"
    )


def _known(skeleton: Skeleton) -> Skeleton | None:
    """The known skeleton with sigmas that has the same joints."""
    for name in names():
        known = get_skeleton(name)
        if known.sigmas is not None and set(known.joints) == set(skeleton.joints):
            return known
    return None
