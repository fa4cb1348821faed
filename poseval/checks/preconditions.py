"""What metrics need, checked before any work."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from poseval.benchmarks.base import Part
from poseval.errors import MismatchError, ValueRangeError, shown
from poseval.metrics.base import Need
from poseval.poses import Array, People, PoseSet


def require_possible(part: Part) -> None:
    """Raise before any work if the metrics lack what they need.

    Raises:
        MismatchError: P410 naming the column, the file and the metric.
        ValueRangeError: P304 areas of 0 or less.
        UsageError: P112 when OKS has no sigmas.
    """
    truth, predictions = part.aligned.truth, part.aligned.predictions
    lacking: list[tuple[Need, PoseSet, Callable[[People], Array]]] = [
        (Need.SCORES, predictions, lambda people: np.isnan(people.score)),
        (Need.AREA, truth, lambda people: np.isnan(people.area)),
        (Need.BOXES, truth, lambda people: np.asarray(np.isnan(people.box).any(axis=1))),
        # Nothing is measured against a person without a joint.
        (Need.HEADS, truth, lambda people: np.isnan(people.head) & (people.seen > 0).any(axis=1)),
        (Need.TRACKS, truth, lambda people: people.track < 0),
        (Need.TRACKS, predictions, lambda people: people.track < 0),
    ]
    hints = {
        Need.AREA: "compute it from the boxes with --metric 'oks_ap(area=box)'",
        Need.TRACKS: "score poses without tracks with --metric joint_ap",
    }
    for metric in part.metrics:
        if Need.SIGMAS in metric.needs:
            _ = truth.skeleton.sigma_array
        if Need.AREA in metric.needs:
            _check_areas(truth, hints[Need.AREA])
        for need, side, absent in lacking:
            count = int(absent(side.people).sum()) if need in metric.needs else 0
            if count:
                raise MismatchError(
                    "P410",
                    where=shown(side.origin.name),
                    what=f"{count} of {len(side)} people have no {need.value}",
                    wanted=f"{need.value} for each, which {metric} needs",
                    hint=hints.get(need),
                )


def _check_areas(truth: PoseSet, hint: str) -> None:
    """Raise P304 when a person that counts has an area of 0 or less: no distance can be scaled by it."""
    people = truth.people
    given = people.extra.get("num_keypoints")
    counted = people.seen.any(axis=1) if given is None else given != 0
    bad = np.flatnonzero((people.area <= 0) & ~people.crowd & counted)
    if len(bad):
        order = people.extra.get("order", np.arange(len(people)))
        first = int(order[bad].min())
        value = float(people.area[bad][order[bad].argmin()])
        raise ValueRangeError(
            "P304",
            where=f"{shown(truth.origin.name)}: annotations[{first}].area",
            what=f"is {value:g}; {len(bad)} of {len(people)} people that count have an area of 0 or less",
            wanted="an area in square pixels, more than 0",
            hint=hint,
        )
