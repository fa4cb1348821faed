"""Random COCO files through pycocotools and through poseval: no difference anywhere."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings

from poseval.compat import COCO, COCOeval
from poseval.metrics.oks_ap import OksAp
from tests.differential.coco_scenes import scenes
from tests.golden import coco_files
from tests.oracles import pycocotools_scenes as reference

Scene = tuple[dict[str, Any], list[dict[str, Any]], list[float]]
SETTINGS = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def minus_one(array: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(array), -1.0, array)


def metric_agrees(scene: Scene) -> None:
    truth, results, sigmas = scene
    theirs, _ = reference.run(truth, results, np.array(sigmas))
    metric = OksAp(id_zero=True)
    tally = metric.tally(coco_files.aligned(truth, results, np.array(sigmas)))
    curves = metric.curves(tally)
    for name in ("precision", "recall", "scores"):
        assert np.array_equal(minus_one(getattr(curves, name)), theirs.eval[name][..., 0]), name
    headline = metric.headline(metric.reduce(tally))
    assert minus_one(np.array(list(headline.values()))).tolist() == theirs.stats.tolist()


def drop_in_agrees(scene: Scene) -> None:
    truth, results, sigmas = scene
    theirs, _ = reference.run(truth, results, np.array(sigmas), two_limits)
    gt = COCO(verbose=False)
    gt.dataset = copy.deepcopy(truth)
    gt.createIndex()
    ours = COCOeval(gt, gt.loadRes(results), verbose=False)
    ours.params.kpt_oks_sigmas = np.array(sigmas)
    two_limits(ours.params)
    ours.evaluate()
    ours.accumulate()
    ours.summarize()
    for name in ("precision", "recall", "scores"):
        assert np.array_equal(ours.eval[name], theirs.eval[name]), name
    assert ours.stats.tolist() == theirs.stats.tolist()
    assert ours.ious.keys() == theirs.ious.keys()
    for key, wanted in theirs.ious.items():
        assert np.array_equal(ours.ious[key], wanted), key
    for mine, wanted in zip(ours.evalImgs, theirs.evalImgs, strict=True):
        assert (mine is None) == (wanted is None)
        for key in wanted or ():
            assert np.array_equal(mine[key], wanted[key]), key


def two_limits(params: Any) -> None:
    params.maxDets = [20, 2]


@SETTINGS
@given(scenes())
def test_the_metric_agrees(scene: Scene) -> None:
    metric_agrees(scene)


@SETTINGS
@given(scenes())
def test_the_drop_in_agrees(scene: Scene) -> None:
    drop_in_agrees(scene)
