"""A run without what some numbers do not need gives these numbers under any weights, to the last bit."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from poseval.benchmarks.base import headlines
from poseval.scoring.evaluation import Evaluation
from poseval.scoring.score import evaluate
from poseval.synth import perturb, scene_set

TRUTH = scene_set(seed=3, images=40, people=3)
FOUND = perturb(TRUTH, seed=4)


def run(benchmark: str = "coco-keypoints", **asked: object) -> Evaluation:
    return evaluate(TRUTH, FOUND, benchmark, **asked)  # type: ignore[arg-type]


def ranges(of: Evaluation) -> int:
    (metric,) = of.parts[0].tallies
    return len(metric.ranges)  # type: ignore[attr-defined]


@pytest.mark.parametrize("keys", [("AP",), ("AP50", "AR75"), ("AR",)])
def test_numbers_of_all_people_need_no_ranges_of_area(keys: tuple[str, ...]) -> None:
    whole = run()
    narrow = whole.narrowed(keys)
    assert (ranges(whole), ranges(narrow)) == (3, 1)
    weights = np.random.default_rng(1).integers(0, 3, (20, len(TRUTH.frames)))
    for before, after in zip(whole.summaries(weights), narrow.summaries(weights), strict=True):
        assert {key: after[key] for key in keys} == {key: before[key] for key in keys}


@pytest.mark.parametrize("keys", [("AP", "AP_M"), ("AR_L",)])
def test_numbers_of_a_range_keep_all(keys: tuple[str, ...]) -> None:
    assert ranges(run().narrowed(keys)) == 3


def test_what_is_named_otherwise_keeps_all() -> None:
    sliced, joints = run(slices=("size",)), run(per_joint=True)
    assert sliced.narrowed(("AP",)) is sliced
    assert ranges(joints.narrowed(("AP",))) == 3
    assert joints.narrowed(("AP/nose",)) is joints
    plain = run()
    renamed = replace(plain, benchmark=replace(plain.benchmark, summary=partial(headlines)))
    assert renamed.narrowed(("AP",)) is renamed
