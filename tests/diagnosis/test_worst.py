"""The frames with the most errors, for ground truth with and without areas, boxes, head sizes and sigmas."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from poseval.diagnosis.worst import ranked_frames, worst_frames
from poseval.errors import UsageError
from poseval.poses import Frames, People, PoseSet
from poseval.poses.aligned import Aligned
from poseval.skeletons import Skeleton

NAN = math.nan
# The labelled ones span 100 x 50 pixels; the last is not labelled.
PLACES = np.array([[300.0, 200.0], [400.0, 200.0], [400.0, 250.0], [300.0, 250.0], [900.0, 900.0]])
OFF = (6.0, 10.0, 0.0)  # pixels that the first joint of frames a, b and c is off
# Below this part of the root of the area a joint is right, under a sigma of 0.1: exp(-x^2 / 0.08) = 0.85.
RIGHT = math.sqrt(-0.08 * math.log(0.85))
AREAS = ", by areas of boxes or of the labelled joints"
SIGMA = " and a sigma of 0.1 for every joint"


def scene(sigma: float | None = None, **columns: Any) -> Aligned:
    """A person in each of the frames a, b and c, and one in d of whom nobody labelled a joint."""
    skeleton = Skeleton("five", tuple("pqrst"), (0, 1, 2, 3, 4), sigmas=sigma and (sigma,) * 5)
    frames = Frames(np.array(["a", "b", "c", "d"]))
    xy = np.tile(PLACES, (4, 1, 1))
    found = xy[:3].copy()
    found[:, 0, 0] += OFF
    seen = np.array([[1, 2, 2, 1, 0]] * 3 + [[0] * 5])
    truth = PoseSet(skeleton, frames, People(xy, np.arange(4), seen=seen, **columns))
    return Aligned(truth, PoseSet(skeleton, frames, People(found, np.arange(3), score=[0.5, 0.5, 0.5])))


def boxes(first: list[float], second: list[float]) -> np.ndarray:
    return np.array([first, second, [NAN] * 4, [NAN] * 4])


def test_the_sizes_of_these_tests_lie_on_either_side_of_right() -> None:
    assert OFF[0] < RIGHT * math.sqrt(100 * 50) < OFF[1]
    assert RIGHT * math.sqrt(50 * 30) < OFF[0]
    assert OFF[1] < RIGHT * math.sqrt(200 * 50)


@pytest.mark.parametrize(
    ("sigma", "columns", "rows", "by"),
    [
        (None, {}, [1], AREAS + SIGMA),
        (0.1, {}, [1], AREAS),
        (0.02, {}, [0, 1], AREAS),
        (None, {"box": boxes([310, 210, 360, 240], [NAN] * 4)}, [0, 1], AREAS + SIGMA),
        (None, {"box": boxes([310, 210, 360, 240], [300, 200, 500, 250])}, [0], AREAS + SIGMA),
        (None, {"area": [1500.0, NAN, NAN, NAN]}, [0, 1], AREAS + SIGMA),
        (None, {"area": [1500.0, 10000.0, 1.0, 1.0]}, [0], AREAS + SIGMA),
        (0.1, {"area": [1500.0, 10000.0, NAN, 1.0]}, [0], AREAS),
        (0.1, {"area": [1500.0, 10000.0, 1.0, 1.0]}, [0], ""),
        # By head sizes a joint is right up to 0.242 of them.
        (None, {"head": [20.0, 50.0, 1.0, 1.0]}, [0], ""),
        (0.1, {"head": [20.0, 50.0, 1.0, 1.0]}, [0], ""),
        (None, {"head": [20.0, 50.0, NAN, 1.0]}, [1], AREAS + SIGMA),
        (0.1, {"head": [20.0, 50.0, NAN, 1.0]}, [1], AREAS),
    ],
)
def test_errors_are_measured_by_what_every_person_has(
    sigma: float | None, columns: dict[str, Any], rows: list[int], by: str
) -> None:
    found, text = worst_frames(scene(sigma, **columns), 9)
    assert found.tolist() == rows
    assert found.dtype == np.int64
    assert text == (
        f"chose {len(rows)} of 4 frames with the most errors{by}; "
        f"the worst frame is {'ab'[rows[0]]} with 1 wrong joint, 0 misses and 0 false positives"
    )


def test_the_worst_frames_come_first_and_rows_ascend() -> None:
    aligned = scene()
    people = aligned.predictions.people
    xy = people.xy.copy()
    xy[0, 0, 0] += 60  # two wrong joints in the first frame, one in the second
    xy[0, 1, 0] += 60
    worse = PoseSet(
        aligned.truth.skeleton, aligned.truth.frames, people.with_columns(xy=xy, frame=np.array([0, 1, 2]))
    )
    ranked = ranked_frames(Aligned(aligned.truth, worse), 9)
    assert [(row, one.frame, one.joints) for row, one in ranked] == [(0, "a", 2), (1, "b", 1)]
    assert ranked_frames(Aligned(aligned.truth, worse), 1) == ranked[:1]
    text = "the worst frame is a with 2 wrong joints, 0 misses and 0 false positives"
    assert worst_frames(Aligned(aligned.truth, worse), 2)[0].tolist() == [0, 1]
    one, told = worst_frames(Aligned(aligned.truth, worse), 1)
    assert one.tolist() == [0]
    assert text in told


def test_no_error_is_a_fault_of_the_request() -> None:
    aligned = scene()
    exact = PoseSet(aligned.truth.skeleton, aligned.truth.frames, aligned.truth.people.take(np.arange(3)))
    exact = PoseSet(exact.skeleton, exact.frames, exact.people.with_columns(score=np.ones(3)))
    with pytest.raises(UsageError) as caught:
        worst_frames(Aligned(aligned.truth, exact), 5)
    assert caught.value.code == "P106"
