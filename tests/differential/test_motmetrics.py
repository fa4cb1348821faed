"""Random films through poseval and py-motmetrics: every count and every sum of distances is the same.

Films have switches, reappearances after gaps, empty frames, absent joints, heads of size 0, and, on a grid,
ties of distance: there the two must even choose the same of several equally good assignments.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from poseval.compat.crosscheck import REGISTRY, Case, Difference
from poseval.metrics import parse
from poseval.metrics.base import Metric
from poseval.poses import Frames, People, PoseSet
from poseval.poses.aligned import Aligned
from poseval.skeletons import skeleton_from_names
from tests.kernels.tracking_scenes import Film, Person, random_film, seeds

pytest.importorskip("motmetrics")


def pose_set(film: Film, people: list[list[Person]], frames: Frames) -> PoseSet:
    rows = [person for frame in people for person in frame]
    count = len(rows)
    present = np.array([p.present for p in rows], dtype=bool).reshape(count, film.joints)
    xy = np.array([p.xy for p in rows], dtype=float).reshape(count, film.joints, 2)
    return PoseSet(
        skeleton_from_names([f"joint_{k}" for k in range(film.joints)]),
        frames,
        People(
            xy=xy,
            frame=np.repeat(np.arange(len(people)), [len(frame) for frame in people]),
            seen=present.astype(np.int8) * 2,
            track=np.array([p.track for p in rows], dtype=np.int64),
            head=np.array([p.head for p in rows], dtype=float),
        ),
    )


def aligned(film: Film) -> Aligned:
    lengths = [len(sequence) for sequence in film.sequences]
    frames = Frames(
        key=np.array([str(f) for f in range(sum(lengths))], dtype=np.str_),
        sequence=np.repeat(np.arange(len(lengths)), lengths),
        sequences=tuple(f"s{index}" for index in range(len(lengths))),
    )
    truth = pose_set(film, [frame.truth for frame in film.frames], frames)
    predictions = pose_set(film, [frame.predictions for frame in film.frames], frames)
    return Aligned(truth, replace(predictions, frames=truth.frames))


def differences(film: Film, metric: Metric) -> list[Difference]:
    sides = aligned(film)
    case = Case("", "", sides.truth, sides.predictions)
    return REGISTRY.get(metric.name)(metric, metric.tally(sides), case)


CLEAR = [
    "clear_mot",
    "clear_mot(last_frame=no,dummies=yes,motp=events,empty=poseval)",
    "clear_mot(similarity=pckh)",
    "clear_mot(at=1.5)",
]


GRIDS = pytest.mark.parametrize("grid", [True, False], ids=["ties", "general"])
NAMES = pytest.mark.parametrize("name", [*CLEAR, "identity", "identity(similarity=pckh)"])


@GRIDS
@NAMES
@settings(max_examples=8, deadline=None)
@given(seed=seeds)
def test_no_difference(name: str, grid: bool, seed: int) -> None:
    check(name, grid, seed)


@pytest.mark.slow
@GRIDS
@NAMES
@settings(max_examples=200, deadline=None)
@given(seed=seeds)
def test_no_difference_in_many(name: str, grid: bool, seed: int) -> None:
    check(name, grid, seed)


def check(name: str, grid: bool, seed: int) -> None:
    found = differences(random_film(seed, crowd=6, length=10, grid=grid), parse(name))
    assert found
    for item in found:
        assert item.agrees, item


def test_films_hold_what_is_to_be_tested() -> None:
    """Over many films every kind of event occurs often; otherwise the comparison would show nothing."""
    metric = parse("clear_mot")
    total: dict[str, float] = {}
    ties = 0
    for seed in range(60):
        film = random_film(seed, crowd=6, length=10)
        tally = metric.tally(aligned(film))
        for name in ("misses", "false_positives", "switches", "detections", "fragments", "mostly_lost"):
            total[name] = total.get(name, 0) + float(tally.sum(name).sum())
        for frame in film.frames:
            distance = frame.distance(0)
            near = distance[distance <= 0.5]
            ties += len(near) - len(np.unique(near))
    assert min(total.values()) > 50
    assert ties > 100
