"""Small single-person sets: one annotated and one predicted pose per frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from poseval.metrics.base import Metric
from poseval.poses import Frames, People, PoseSet
from poseval.poses.aligned import Aligned
from poseval.results.values import Values
from poseval.skeletons import Skeleton, get_skeleton


def pair_up(
    truth: Any,
    predicted: Any,
    skeleton: str | Skeleton = "mpii16",
    *,
    seen: Any = None,
    given: Any = None,
    head: Any = None,
    box: Any = None,
    extra: Mapping[str, Any] | None = None,
) -> Aligned:
    """Aligned sets of N people from coordinates [N, K, 2]; frame i holds person i."""
    kind = get_skeleton(skeleton) if isinstance(skeleton, str) else skeleton
    count = len(truth)
    frames = Frames(np.array([f"{i:05d}.jpg#0" for i in range(count)]))
    people = People(truth, np.arange(count), seen=seen, head=head, box=box, extra=extra or {})
    guess = People(predicted, np.arange(count), seen=given)
    return Aligned(PoseSet(kind, frames, people), PoseSet(kind, frames, guess))


def random_pair(seed: int, count: int = 20, skeleton: str = "mpii16", noise: float = 15.0) -> Aligned:
    """A random scene with labels left out, hidden joints and heads of 20 to 80 pixels."""
    rng = np.random.default_rng(seed)
    joints = len(get_skeleton(skeleton))
    truth = rng.uniform(50, 500, (count, joints, 2))
    seen = rng.choice([0, 1, 2, 2, 2], (count, joints)).astype(np.int8)
    predicted = truth + rng.normal(0, noise, truth.shape)
    box = np.concatenate([truth.min(axis=1) - 5, truth.max(axis=1) + 5], axis=1)
    return pair_up(truth, predicted, skeleton, seen=seen, head=rng.uniform(20, 80, count), box=box)


def values(metric: Metric, aligned: Aligned) -> Values:
    """Values of a metric over a whole set."""
    return metric.reduce(metric.tally(aligned))
