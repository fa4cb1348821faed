"""Checks of files for mistakes that leave them valid. Every command runs them.

A check is a function and a row of `TABLE`. It looks at one set (`truth`, `predictions`, or `set` for both),
at a set without its counterpart (`alone`), or at both together (`pair`); then it can also compute the number
without the mistake. Of both together, `scored` says what the ground truth is for the metrics. A check
returns notices, changes nothing and raises no error. What makes a score impossible is in `preconditions`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from poseval.benchmarks.base import Part
from poseval.checks.base import Pair, Side
from poseval.checks.rescoring import Rescoring
from poseval.datasets.base import Role
from poseval.poses import Notice, PoseSet
from poseval.poses.remembered import once

Examined = dict[str, list[Notice]]  # name of a check -> what it said

# name of a check -> what it looks at, and module:function
TABLE: dict[str, tuple[str, str]] = {
    "sigmas": ("truth", "poseval.checks.sigmas:unit_of_sigmas"),
    "area": ("truth", "poseval.checks.areas:unit_of_area"),
    "keypoint count": ("set", "poseval.checks.counts:keypoint_counts"),
    "labels": ("truth", "poseval.checks.counts:nobody_labelled"),
    "predictions": ("predictions", "poseval.checks.counts:no_predictions"),
    "ties": ("predictions", "poseval.checks.counts:equal_scores"),
    "tracks": ("alone", "poseval.checks.counts:repeated_tracks"),
    "copies": ("truth", "poseval.checks.coordinates:copies"),
    "copies of predictions": ("alone", "poseval.checks.coordinates:copies_of_predictions"),
    "copies, both": ("pair", "poseval.checks.coordinates:copies_beside"),
    "outside": ("set", "poseval.checks.coordinates:outside_the_image"),
    "far": ("set", "poseval.checks.coordinates:far_away"),
    "one point": ("set", "poseval.checks.coordinates:one_point"),
    "boxes": ("set", "poseval.checks.boxes:outside_the_image"),
    "gaps": ("pair", "poseval.checks.counts:frames_without_predictions"),
    "form of boxes": ("alone", "poseval.checks.boxes:in_another_form"),
    "form of boxes, both": ("pair", "poseval.checks.boxes:in_another_form_beside"),
    "quirks": ("pair", "poseval.checks.quirks:quirks_that_cost"),
    "areas of detections": ("pair", "poseval.checks.quirks:areas_of_detections"),
    "count of keypoints": ("pair", "poseval.checks.left_out:said_to_be_unlabelled"),
    "confidence": ("pair", "poseval.checks.left_out:without_confidence"),
    "most detections": ("pair", "poseval.checks.left_out:beyond_most_detections"),
    "categories": ("pair", "poseval.checks.left_out:categories_without_results"),
    "another category": ("pair", "poseval.checks.left_out:results_of_another_category"),
    "crowd index": ("scored", "poseval.checks.left_out:crowd_indices"),
    "unit": ("truth", "poseval.checks.coordinates:fractions_of_the_image"),
    "unit of predictions": ("alone", "poseval.checks.coordinates:predicted_fractions"),
    "scale": ("scored", "poseval.checks.scales:tiny_scales"),
    "extent": ("scored", "poseval.checks.scales:extent_as_area"),
    "coordinate frame": ("pair", "poseval.checks.coordinate_frame:systematic_mistakes"),
}


def examine_set(poses: PoseSet, role: Role, paired: bool = False) -> list[Notice]:
    """Notices about one set of people; if `paired`, without those that a check of the pair will give."""
    if paired and role is Role.TRUTH:
        return list(_of_truth(poses))
    return listed(_ask({role.value, "set"} | (set() if paired else {"alone"}), Side(poses, role)))


@once
def _of_truth(truth: PoseSet) -> list[Notice]:
    """Notices about a ground truth that has predictions beside it."""
    return listed(_ask({Role.TRUTH.value, "set"}, Side(truth, Role.TRUTH)))


def examine_pair(part: Part, rescoring: Rescoring) -> list[Notice]:
    """Notices about predictions, alone and together with their ground truth, and what mistakes cost."""
    return listed(examined_pair(part, rescoring))


def examined_pair(part: Part, rescoring: Rescoring) -> Examined:
    """As `examine_pair`, by the names of the checks."""
    side = Side(part.aligned.predictions, Role.PREDICTIONS)
    asked = bool(part.metrics) and len(part.aligned.predictions) > 0
    return {
        **_ask({Role.PREDICTIONS.value, "set"}, side),
        **_ask({"pair", "scored"}, Pair(part, rescoring, side) if asked else None),
    }


def examined_scored(part: Part, rescoring: Rescoring) -> Examined:
    """What is said of the ground truth under the metrics of a part, by the names of the checks."""
    side = Side(part.aligned.predictions, Role.PREDICTIONS)
    return _ask({"scored"}, Pair(part, rescoring, side) if part.metrics else None)


def listed(examined: Examined) -> list[Notice]:
    """All notices of some checks."""
    return [notice for notices in examined.values() for notice in notices]


@cache
def _module(name: str) -> ModuleType:
    """A module, whole: unlike `sys.modules`, an import waits for the thread that is at it."""
    return import_module(name)


def _ask(kinds: Iterable[str], about: Any) -> Examined:
    """What each check of some kinds says; nothing where there is nothing to look at."""
    found: Examined = {}
    for check, (kind, place) in TABLE.items():
        if kind in kinds:
            name, _, function = place.partition(":")
            found[check] = [] if about is None else list(getattr(_module(name), function)(about))
    return found
