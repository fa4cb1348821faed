"""Checks of files for mistakes that leave them valid. Every command runs them.

A check is a function and a row of `TABLE`. It looks at one set (`truth`, `predictions`, or `set` for both) or
at the two side by side (`pair`), and returns notices; it changes nothing and raises no error. What makes a
score impossible is in `preconditions`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Any

from poseval.datasets.base import Role
from poseval.metrics.base import Metric
from poseval.poses import Notice, PoseSet
from poseval.poses.aligned import Aligned

# name of a check -> what it looks at, and module:function
TABLE: dict[str, tuple[str, str]] = {
    "sigmas": ("truth", "poseval.checks.sigmas:unit_of_sigmas"),
    "area": ("truth", "poseval.checks.areas:unit_of_area"),
    "keypoint count": ("set", "poseval.checks.counts:keypoint_counts"),
    "labels": ("truth", "poseval.checks.counts:nobody_labelled"),
    "predictions": ("predictions", "poseval.checks.counts:no_predictions"),
    "ties": ("predictions", "poseval.checks.counts:equal_scores"),
    "copies": ("set", "poseval.checks.coordinates:copies"),
    "outside": ("set", "poseval.checks.coordinates:outside_the_image"),
    "far": ("set", "poseval.checks.coordinates:far_away"),
    "one point": ("set", "poseval.checks.coordinates:one_point"),
    "boxes": ("set", "poseval.checks.boxes:outside_the_image"),
    "gaps": ("pair", "poseval.checks.counts:frames_without_predictions"),
    "scale": ("pair", "poseval.checks.scales:tiny_scales"),
    "coordinate frame": ("pair", "poseval.checks.coordinate_frame:systematic_mistakes"),
}


def examine_set(poses: PoseSet, role: Role) -> list[Notice]:
    """Notices about one set of people."""
    from poseval.checks.base import Side

    side = Side(poses, role)
    return _ask({role.value, "set"}, side)


def examine_pair(aligned: Aligned, metrics: Sequence[Metric]) -> list[Notice]:
    """Notices about predictions, alone and together with their ground truth."""
    from poseval.checks.base import Pair

    found = examine_set(aligned.predictions, Role.PREDICTIONS)
    if metrics and len(aligned.predictions):
        found += _ask({"pair"}, Pair(aligned, tuple(metrics)))
    return found


def _ask(kinds: Iterable[str], about: Any) -> list[Notice]:
    found: list[Notice] = []
    for kind, place in TABLE.values():
        if kind in kinds:
            module, _, name = place.partition(":")
            found.extend(getattr(import_module(module), name)(about))
    return found
