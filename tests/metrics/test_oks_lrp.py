"""oks_lrp against a transcription of the published formula, and its parameters."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from poseval.errors import UsageError
from poseval.metrics import parse
from poseval.metrics.oks_lrp import OksLrp
from poseval.metrics.oks_scene import Categories, SceneRules, scene_of
from poseval.poses.aligned import Aligned
from tests.metrics.oks_people import aligned, boxes, crowded, poses
from tests.oracles import coco_matching


def lrp(hits: list[float], false: int, missed: int, tau: float) -> float:
    """The formula: `hits` are the similarities of true positives."""
    total = sum((1 - similarity) / (1 - tau) for similarity in hits) + false + missed
    return total / (len(hits) + false + missed)


def by_loops(given: Aligned, metric: OksLrp) -> dict[str, float]:
    """All numbers by going through categories, thresholds and detections one by one."""
    scene = scene_of(given, SceneRules(categories=metric.categories))
    cells = coco_matching.match(
        scene.detections,
        scene.poses,
        scene.targets,
        scene.people,
        scene.sigmas,
        np.array([metric.tau]),
        np.array([[0, np.inf]]),
        metric.max_dets,
    )
    found: dict[str, list[float]] = {}
    for category in range(len(scene.categories)):
        rows, due = [], 0
        for place, cell in enumerate(cells):
            if scene.category[place] != category:
                continue
            due += int((~cell["truth_skip"]).sum())
            for pose, person, skip in zip(
                cell["row"], cell["matched"][0, 0], cell["skip"][0, 0], strict=True
            ):
                if skip:
                    continue
                oks = -1.0
                if person >= 0:
                    oks = coco_matching.oks(scene.detections.xy[pose], scene.targets, person, scene.sigmas)
                rows.append((scene.detections.score[pose], oks))
        if not due:
            continue
        best: tuple[float, ...] = (math.inf,)
        for percent in range(101):
            kept = [oks for score, oks in rows if score >= percent / 100]
            hits = [oks for oks in kept if oks >= 0]
            value = lrp(hits, len(kept) - len(hits), due - len(hits), metric.tau)
            if value < best[0] - 1e-9:
                where = 1 - sum(hits) / len(hits) if hits else math.nan
                false = 1 - len(hits) / len(kept) if kept else math.nan
                best = (value, where, false, 1 - len(hits) / due, percent / 100)
        for name, number in zip(("oLRP", "oLRP_loc", "oLRP_FP", "oLRP_FN", "threshold"), best, strict=True):
            found.setdefault(name, []).append(number)
        kept = [oks for score, oks in rows if score >= metric.score]
        hits = [oks for oks in kept if oks >= 0]
        found.setdefault("LRP", []).append(lrp(hits, len(kept) - len(hits), due - len(hits), metric.tau))
    return {name: float(np.nanmean(values)) for name, values in found.items()}


VARIANTS = [
    OksLrp(),
    OksLrp(tau=0.8, score=0.5),
    OksLrp(tau=0.1, max_dets=2),
    OksLrp(categories=Categories.POOLED),
]


@pytest.mark.parametrize("metric", VARIANTS, ids=str)
@pytest.mark.parametrize("categories", [1, 3])
@pytest.mark.parametrize("seed", range(4))
def test_every_number_is_that_of_the_formula(metric: OksLrp, categories: int, seed: int) -> None:
    given = crowded(seed, frames=8, categories=categories)
    found = metric.reduce(metric.tally(given))
    for name, value in by_loops(given, metric).items():
        assert found.get(name) == pytest.approx(value, abs=1e-8), name


def scene(scores: list[float], off: list[float], people: int = 2) -> Aligned:
    """People of area 4000 in one frame; detection i is the first people's, moved by `off[i]` pixels."""
    xy = poses(np.random.default_rng(3), people)
    xy[1:] += 5000 * np.arange(1, people)[:, None, None]
    found = np.stack([xy[i % people] + move for i, move in enumerate(off)])
    truth = {"xy": xy, "area": np.full(people, 4000.0), "box": boxes(xy)}
    return aligned(
        [0] * people,
        [0] * len(off),
        1,
        truth_columns=truth,
        found_columns={"xy": found, "score": np.array(scores), "area": np.full(len(off), 4000.0)},
    )


def test_a_false_positive_is_cut_off_by_the_best_threshold() -> None:
    metric = OksLrp()
    tally = metric.tally(scene([0.9, 0.8, 0.3], [0.0, 0.0, 3000.0]))
    found = metric.reduce(tally)
    assert found.get("oLRP") == 0
    assert found.get("LRP") == pytest.approx(1 / 3)  # one false positive beside two exact hits
    assert found.get("threshold") == pytest.approx(0.31)  # the lowest that leaves it out
    notices = {notice.code: notice.text for notice in metric.notices(tally)}
    assert notices == {"N581": "oLRP is that of predictions with a score of 0.31 or more"}


def test_scores_that_are_no_fractions_are_said() -> None:
    metric = OksLrp()
    tally = metric.tally(scene([12.0, 3.0], [0.0, 0.0]))
    assert [notice.code for notice in metric.notices(tally)] == ["N580", "N581"]


@pytest.mark.parametrize(
    ("scores", "text"),
    [
        ([0.0, 1.0], ""),
        ([1.01, 0.5], "1 of 2 scores lie outside of 0 to 1, where oks_lrp looks for thresholds"),
        ([-0.01, 1.01], "2 of 2 scores lie outside of 0 to 1, where oks_lrp looks for thresholds"),
    ],
)
def test_scores_outside_are_counted(scores: list[float], text: str) -> None:
    metric = OksLrp()
    found = [one for one in metric.notices(metric.tally(scene(scores, [0.0, 0.0]))) if one.code == "N580"]
    assert [one.text for one in found] == ([text] if text else [])
    assert [one.count for one in found] == ([int(text[0])] if text else [])


def test_a_score_on_the_threshold_is_kept() -> None:
    given = scene([0.5, 0.9], [0.0, 0.0])
    for threshold, missed in ((0.49, 0.0), (0.5, 0.0), (0.51, 0.5)):
        metric = OksLrp(score=threshold)
        assert metric.reduce(metric.tally(given)).get("LRP") == pytest.approx(missed)


def test_nobody_to_be_found_and_nothing_found() -> None:
    metric = OksLrp()
    tally = metric.tally(scene([0.5, 0.9], [0.0, 0.0]))
    none = metric.reduce(tally, np.zeros(tally.units, dtype=np.int64))
    assert [(row.statistic, row.why) for row in none] == [
        (name, "nobody is to be found")
        for name in ("oLRP", "oLRP_loc", "oLRP_FP", "oLRP_FN", "threshold", "LRP")
    ]
    assert [row.n for row in metric.reduce(tally)] == [2] * 6


def test_without_a_detection_worth_keeping_all_are_missed() -> None:
    found = OksLrp().reduce(OksLrp().tally(scene([-0.5], [0.0])))
    assert (found.get("oLRP"), found.get("oLRP_FN"), found.get("LRP")) == (1, 1, 1)
    assert math.isnan(found.get("oLRP_loc"))
    assert all(row.why for row in found if math.isnan(row.value))


@pytest.mark.parametrize(
    "wrong",
    [{"tau": 0.0}, {"tau": 1.0}, {"score": 1.5}, {"max_dets": 0}, {"sigma": -1.0}, {"sigma": math.inf}],
)
def test_parameters_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        OksLrp(**wrong)
    assert caught.value.code == "P122"


def test_the_name_parses_back() -> None:
    assert str(parse("oks_lrp(tau=0.75,area=box)")) == "oks_lrp(tau=0.75,area=box)"
