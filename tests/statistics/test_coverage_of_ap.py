"""Coverage of AP's intervals over 1,000 simulated data sets.

AP of a small set is biased upwards: its precision envelope takes the better of neighbouring points, and the
bias fades only slowly with the number of images. What the interval is for is therefore the AP that the system
would have on another set of this size, drawn in the same way: the mean over many such sets.
"""

from __future__ import annotations

import numpy as np
import pytest

from poseval import benchmarks
from poseval.metrics.base import Table, Tally
from poseval.metrics.oks_ap import OksAp
from poseval.metrics.ranking import means
from poseval.poses import Floats, Ints
from poseval.results.signature import Signature
from poseval.scoring.evaluation import Evaluation, TalliedPart
from poseval.statistics.intervals import intervals

METRIC = OksAp(thresholds=(0.5,), ranges=("all:0:1e10",))
IMAGES, PEOPLE, SETS, RESAMPLES = 200, 2, 1000, 400


def simulate(seed: int) -> Tally:
    """People of images that differ in difficulty; nine of ten are found, and there are false positives."""
    rng = np.random.default_rng([7, seed])
    count = IMAGES * PEOPLE
    unit = np.repeat(np.arange(IMAGES), PEOPLE)
    ease = rng.normal(0, 0.5, IMAGES)[unit]
    oks = 1 / (1 + np.exp(-(1.5 + ease + rng.normal(0, 1.2, count))))
    found, false = rng.random(count) < 0.9, rng.random(count) < 0.25
    noise = rng.normal(0, 0.15, int(found.sum() + false.sum()))
    score = np.concatenate([0.5 + 0.3 * oks[found], np.full(int(false.sum()), 0.45)]) + noise
    row_unit = np.concatenate([unit[found], unit[false]])
    hit = np.concatenate([oks[found] >= 0.5, np.zeros(int(false.sum()), dtype=bool)])
    order = np.lexsort((-score, row_unit))
    detections = {
        "score": score[order],
        "category": np.zeros(len(order), dtype=np.int64),
        "hit": hit[order].astype(np.uint64)[:, None],
        "skip": np.zeros((len(order), 1), dtype=np.uint64),
    }
    people = {"person_category": np.zeros(count, dtype=np.int64), "counted": np.ones((count, 1), dtype=bool)}
    tables = {"detections": Table(row_unit[order], detections), "people": Table(unit, people)}
    facts = {"thresholds": [0.5], "categories": ["person"], "joints": ["body"]}
    return Tally(str(METRIC), np.arange(IMAGES).astype(np.str_), tables, facts)


def ap(tally: Tally, weights: Ints) -> Floats:
    found: Floats = means(tally, 1, 1, weights, [("AP", -1, 0)])[:, 0]
    return found


def evaluation(tally: Tally) -> Evaluation:
    coco = benchmarks.get_benchmark("coco-keypoints")
    signature = Signature((("metric", str(METRIC)),))
    return Evaluation(coco, coco.rule_sets[0], (TalliedPart("", {METRIC: tally}),), signature)


@pytest.mark.slow
def test_intervals_of_ap_cover_as_often_as_they_say() -> None:
    one = np.ones((1, IMAGES), dtype=np.int64)
    target = float(np.mean([ap(simulate(seed), one)[0] for seed in range(10_000, 14_000)]))
    covered = {"auto": 0, "percentile": 0, "bca": 0}
    for seed in range(SETS):
        run = evaluation(simulate(seed))
        for method in covered:
            found = intervals(run, method=method, resamples=RESAMPLES, seed=seed)["AP"]
            covered[method] += found.low <= target <= found.high
    for method, count in covered.items():
        assert 0.93 <= count / SETS <= 0.97, (method, count / SETS)


def test_the_simulation_equals_the_metric() -> None:
    tally = simulate(0)
    assert METRIC.reduce(tally).get("AP") == ap(tally, np.ones((1, IMAGES), dtype=np.int64))[0]
