"""What metrics need, checked before any work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from poseval.benchmarks.base import Part
from poseval.errors import MismatchError, ValueRangeError, shown
from poseval.metrics.base import Metric, Need
from poseval.metrics.oks_scene import BodyPart, Crowds, IgnoreBy, joints_of, to_be_found
from poseval.metrics.tracking_scene import Similarity, refuse_repeated_tracks
from poseval.poses import Array, People, PoseSet
from poseval.poses.aligned import Aligned

# What metrics need, whether of predictions, and who lacks it.
COLUMNS: tuple[tuple[Need, bool, Callable[[People], Array]], ...] = (
    (Need.SCORES, True, lambda people: np.isnan(people.score)),
    (Need.AREA, False, lambda people: np.isnan(people.area)),
    (Need.BOXES, False, lambda people: np.asarray(np.isnan(people.box).any(axis=1))),
    (Need.FOUND_BOXES, True, lambda people: np.asarray(np.isnan(people.box).any(axis=1))),
    # Nothing is measured against a person without a joint.
    (Need.HEADS, False, lambda people: np.isnan(people.head) & people.is_labelled),
    (Need.TRACKS, False, lambda people: people.track < 0),
    (Need.TRACKS, True, lambda people: people.track < 0),
)


def require_possible(part: Part) -> None:
    """Raise before any work if the metrics lack what they need.

    Raises:
        MismatchError: P410 naming the column, the file and the metric.
        ValueRangeError: P304 areas of 0 or less.
        UsageError: P112 when OKS has no sigmas.
    """
    truth = part.aligned.truth
    for metric in part.metrics:
        if Need.SIGMAS in metric.needs:
            _ = truth.skeleton.sigma_array
        if Need.AREA in metric.needs:
            _check_areas(truth, metric)
        _require_columns(metric, part.aligned)


def require_predicted(metrics: Sequence[Metric], aligned: Aligned) -> None:
    """Raise where predictions lack a column that the metrics take of them, whatever the ground truth holds.

    Raises:
        MismatchError: P410 naming the column, the file and the metric.
    """
    for metric in metrics:
        _require_columns(metric, aligned, predicted_alone=True)


def require_distinct_tracks(metrics: Sequence[Metric], aligned: Aligned) -> None:
    """Raise where a track id occurs twice in a labelled frame and metrics follow tracks.

    Raises:
        MismatchError: P405 naming the first frame and id.
    """
    if any(Need.TRACKS in metric.needs for metric in metrics):
        people = aligned.predictions.people
        rows = np.flatnonzero(aligned.truth.frames.labelled[people.frame])
        refuse_repeated_tracks(people.frame[rows], people.track[rows], aligned)


def _require_columns(metric: Metric, aligned: Aligned, predicted_alone: bool = False) -> None:
    for need, predicted, absent in COLUMNS:
        side = aligned.predictions if predicted else aligned.truth
        asked = need in metric.needs and (predicted or not predicted_alone)
        count = int(absent(side.people).sum()) if asked else 0
        if count:
            raise MismatchError(
                "P410",
                where=shown(side.origin.name),
                what=f"{count} of {len(side)} people have no {need.value}",
                wanted=f"{need.value} for each, which {metric} needs",
                hint=way_out(need, metric, aligned.truth),
            )


def way_out(need: Need, metric: Metric, truth: PoseSet) -> str:
    """What to give instead of a column that a metric lacks."""
    if need is Need.SCORES:
        return "give every prediction a score; --benchmark custom ranks them by the scores of their joints"
    if need is Need.TRACKS:
        alone = (
            "--benchmark custom without this metric"
            if metric.has(similarity=Similarity.OKS)
            else "--metric joint_ap"
        )
        return f"`poseval track` gives predictions track ids; poses alone are scored with {alone}"
    if need is Need.HEADS and not hasattr(metric, "similarity"):
        return "give a head size, or score by --benchmark custom without this metric"
    changes: dict[str, object] = {"area": "extent"}
    if need is Need.HEADS:
        changes["similarity"] = "oks"
        if truth.skeleton.sigmas is None:
            from poseval.benchmarks.custom import SIGMA

            changes["sigma"] = SIGMA
    made = replace(metric, **_typed(metric, changes))
    if need in made.needs:
        return f"give every person a {need.value}"
    if need is Need.HEADS:
        return f"compare whole poses by OKS: --metric '{made}'"
    boxes = ", or from the boxes by area=box" if need is Need.AREA and _have_boxes(truth) else ""
    return f"take it from the extent of the labelled joints: --metric '{made}'{boxes}"


def _have_boxes(truth: PoseSet) -> bool:
    return not np.isnan(truth.people.box).any()


def _typed(metric: Metric, changes: Mapping[str, object]) -> dict[str, Any]:
    """Parameters that the metric has, in their types: `extent` is a member of its own enum."""
    return {
        name: type(getattr(metric, name))(value) for name, value in changes.items() if hasattr(metric, name)
    }


def _check_areas(truth: PoseSet, metric: Metric) -> None:
    """Raise P304 when a person that counts has an area of 0 or less: no distance can be scaled by it.

    Who counts is the metric's affair: by `num_keypoints`, or by the flags of its joints.
    """
    people = truth.people
    chosen = joints_of(truth, getattr(metric, "part", BodyPart.ALL))
    ignore, crowds = getattr(metric, "ignore", IgnoreBy.FLAGS), getattr(metric, "crowds", Crowds.IGNORED)
    bad = np.flatnonzero((people.area <= 0) & to_be_found(people, chosen, ignore, crowds))
    if len(bad):
        order = people.extra.get("order", np.arange(len(people)))
        first = int(order[bad].min())
        value = float(people.area[bad][order[bad].argmin()])
        raise ValueRangeError(
            "P304",
            where=f"{shown(truth.origin.name)}: annotations[{first}].area",
            what=f"is {value:g}; {len(bad)} of {len(people)} people that count have an area of 0 or less",
            wanted="an area in square pixels, more than 0",
            hint=way_out(Need.AREA, metric, truth),
        )
