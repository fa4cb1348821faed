"""What every metric must keep, over every registered metric at once.

A metric that cannot have a property stands in `EXEMPT` with its reason.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poseval import metrics
from poseval.metrics.base import Metric, Need, Tally
from poseval.metrics.clear_mot import ClearMot
from poseval.metrics.hota import Hota
from poseval.metrics.tracking_scene import Similarity
from poseval.results.values import Direction, Values
from tests.properties import worlds
from tests.properties.worlds import World, world_for

EXAMPLES = 8
SEEDS = st.integers(0, 10**6)

# (property, metric) -> why the metric cannot have it
EXEMPT: dict[tuple[str, str], str] = {}

for _name in ("pck", "pdj", "pcp", "epe", "auc", "nme", "presence"):
    EXEMPT["false positive", _name] = "one prediction per frame: there is no room for another"
EXEMPT["self", "presence"] = "it asks for every joint, also for those that the truth does not label"
EXEMPT["scale", "epe"] = "an error in pixels grows with the pixels"
EXEMPT["scale", "auc"] = "its limit is in pixels"
for _name in ("self", "false positive", "true positive"):
    EXEMPT[_name, "calibration"] = "it asks whether scores are right, and good poses may have wrong ones"
for _name in ("ospa", "ospa2"):
    EXEMPT["false positive", _name] = "the part of localisation is spread over more people; see test_ospa.py"
EXEMPT["weights", "reid_hota"] = "identities run over all sequences, so that a copy of one is no new evidence"
EXEMPT["tallies add", "reid_hota"] = EXEMPT["weights", "reid_hota"]

# Statistics that a change of scale moves: their ranges of area are in pixels.
SIZED = frozenset({"AP_M", "AP_L", "AR_M", "AR_L"})
# (metric, statistic) -> the value of a perfect prediction, where it is not 1 (0 for what is better lower)
PERFECT: dict[tuple[str, str], float] = {
    ("auc", "AUC"): 19 / 20,  # nothing lies strictly below the first of its 20 thresholds, 0
}
# (metric, statistic) -> lowest and highest value, where these are not 0 and 1
RANGES: dict[tuple[str, str], tuple[float, float]] = {
    ("epe", "EPE"): (0, np.inf),
    ("nme", "NME"): (0, np.inf),
    ("nme", "NME_median"): (0, np.inf),
    ("nme", "NME_trimmed"): (0, np.inf),
    ("clear_mot", "MOTA"): (-np.inf, 1),
}


def having(name: str, among: Callable[[Metric], bool] = lambda metric: True) -> Any:
    """Parametrises a test over the metrics that can have a property."""
    kept = [m for m in metrics.registered() if (name, m.name) not in EXEMPT and among(m)]
    assert kept, "a property that nothing has"
    return pytest.mark.parametrize("metric", kept, ids=lambda metric: metric.name)


def everything(metric: Metric, world: World) -> Values:
    aligned = world.aligned()
    return metric.reduce(metric.tally(aligned))


def headline(metric: Metric, world: World) -> dict[str, float]:
    return metric.headline(everything(metric, world))


def same(first: dict[str, float], second: dict[str, float], tolerance: float = 0.0) -> None:
    assert first.keys() == second.keys()
    for name, value in first.items():
        assert second[name] == pytest.approx(value, abs=tolerance, nan_ok=True), name


def quick(test: Any) -> Any:
    return settings(max_examples=EXAMPLES, deadline=None)(test)


def test_every_exemption_is_of_a_registered_metric_and_has_a_reason() -> None:
    known = {metric.name for metric in metrics.registered()}
    assert all(name in known and len(reason) > 10 for (_, name), reason in EXEMPT.items())
    assert {name for name, _ in PERFECT} | {name for name, _ in RANGES} <= known


@having("self")
@quick
@given(seed=SEEDS)
def test_truth_against_itself_is_perfect(metric: Metric, seed: int) -> None:
    for name, value in headline(metric, worlds.perfected(world_for(metric, seed))).items():
        best = 1.0 if metric.direction(name) is Direction.HIGHER else 0.0
        wanted = PERFECT.get((metric.name, name), best)
        assert value == pytest.approx(wanted, abs=1e-9) or np.isnan(value), name


@having("order of people")
@quick
@given(seed=SEEDS)
def test_order_of_people_does_not_matter(metric: Metric, seed: int) -> None:
    world, rng = world_for(metric, seed), np.random.default_rng(seed)
    other = world.both(lambda poses: worlds.people_reordered(poses, rng))
    same(headline(metric, world), headline(metric, other), 1e-12)


@having("order of frames")
@quick
@given(seed=SEEDS)
def test_order_of_frames_does_not_matter(metric: Metric, seed: int) -> None:
    world = world_for(metric, seed)
    other = worlds.frames_reordered(world, np.random.default_rng(seed))
    same(headline(metric, world), headline(metric, other), 1e-12)


@having("names")
@quick
@given(seed=SEEDS)
def test_names_and_ids_mean_nothing(metric: Metric, seed: int) -> None:
    world = world_for(metric, seed)
    same(headline(metric, world), headline(metric, world.both(worlds.relabelled)), 1e-12)


@having("order of joints")
@quick
@given(seed=SEEDS)
def test_joints_may_be_permuted_with_the_skeleton(metric: Metric, seed: int) -> None:
    world = world_for(metric, seed)
    other = worlds.joints_permuted(world, np.random.default_rng(seed))
    same(headline(metric, world), headline(metric, other), 1e-9)


@having("translation")
@quick
@given(seed=SEEDS)
def test_translation_changes_nothing(metric: Metric, seed: int) -> None:
    world = world_for(metric, seed)
    same(headline(metric, world), headline(metric, world.both(worlds.translated)), 1e-9)


@having("scale")
@quick
@given(seed=SEEDS)
def test_scaling_pixels_with_areas_and_heads_changes_nothing(metric: Metric, seed: int) -> None:
    world = world_for(metric, seed)
    before, after = (headline(metric, w) for w in (world, world.both(worlds.scaled)))
    same(*({k: v for k, v in values.items() if k not in SIZED} for values in (before, after)), 1e-9)


@having("false positive")
@quick
@given(seed=SEEDS)
def test_a_far_false_positive_never_helps(metric: Metric, seed: int) -> None:
    world = world_for(metric, seed)
    more = headline(metric, worlds.with_false_positive(world, np.random.default_rng(seed)))
    for name, value in headline(metric, world).items():
        assert not_better(metric, name, more[name], value), name


@having("true positive")
@quick
@given(seed=SEEDS)
def test_removing_a_true_positive_never_helps(metric: Metric, seed: int) -> None:
    world = worlds.perfected(world_for(metric, seed))
    row = int(np.random.default_rng(seed).integers(len(world.predictions)))
    less = headline(metric, worlds.without_prediction(world, row))
    for name, value in headline(metric, world).items():
        assert not_better(metric, name, less[name], value), name


def not_better(metric: Metric, statistic: str, after: float, before: float) -> bool:
    """Whether a value did not improve; undefined is no improvement."""
    if np.isnan(after):
        return True
    gain = after - before if metric.direction(statistic) is Direction.HIGHER else before - after
    return bool(np.isnan(before) or gain <= 1e-12)


@having("nearer", lambda metric: metric.name in ("pck", "pdj", "pcp", "epe", "auc", "nme", "oks_ap"))
@quick
@given(seed=SEEDS, share=st.sampled_from([0.0, 0.25, 0.5, 0.9]))
def test_moving_joints_nearer_to_their_truth_never_hurts(metric: Metric, seed: int, share: float) -> None:
    world = worlds.singles(seed, "ibug68" if metric.name == "nme" else "mpii16")
    rng = np.random.default_rng(seed)
    people, truth = world.predictions.people, world.truth.people.xy
    moved = rng.random(people.xy.shape[:2]) < 0.3
    xy = np.where(moved[..., None], truth + share * (people.xy - truth), people.xy)
    nearer = World(world.truth, replace(world.predictions, people=people.with_columns(xy=xy)))
    after = headline(metric, nearer)
    for name, value in headline(metric, world).items():
        assert not_better(metric, name, value, after[name]), name


@having("tallies add")
@quick
@given(seed=SEEDS, parts=st.integers(2, 4))
def test_tallies_of_disjoint_units_add(metric: Metric, seed: int, parts: int) -> None:
    aligned = world_for(metric, seed).aligned()
    whole = metric.reduce(metric.tally(aligned))
    pieces = [metric.tally(piece) for piece in aligned.shards(parts, metric.unit)]
    assert metric.reduce(Tally.concat(pieces)) == whole


@having("weights of one")
@quick
@given(seed=SEEDS)
def test_weights_of_one_change_nothing(metric: Metric, seed: int) -> None:
    tally = metric.tally(world_for(metric, seed).aligned())
    assert metric.reduce(tally, np.ones(tally.units, dtype=np.int64)) == metric.reduce(tally)


@having("weights")
@quick
@given(seed=SEEDS)
def test_integer_weights_are_physical_copies(metric: Metric, seed: int) -> None:
    world = world_for(metric, seed)
    tally = metric.tally(world.aligned())
    weight = np.random.default_rng(seed).integers(0, 3, tally.units)
    copies = headline(metric, worlds.copied(world, weight, metric.unit))
    same(copies, metric.headline(metric.reduce(tally, weight)), 1e-12)


@having("headlines")
@quick
@given(seed=SEEDS)
def test_quick_headlines_are_those_of_reduce(metric: Metric, seed: int) -> None:
    tally = metric.tally(world_for(metric, seed).aligned())
    weights = np.random.default_rng(seed).integers(0, 3, (3, tally.units))
    for weight, quickly in zip(weights, metric.reduce_headlines(tally, weights), strict=True):
        same(metric.headline(metric.reduce(tally, weight)), metric.headline(quickly), 1e-12)


@having("range")
@quick
@given(seed=SEEDS)
def test_values_stay_in_their_range_or_say_why_not(metric: Metric, seed: int) -> None:
    world = world_for(metric, seed)
    blank = replace(
        world.truth, people=world.truth.people.with_columns(seen=np.zeros(world.truth.people.seen.shape))
    )
    for found in (everything(metric, world), everything(metric, World(blank, world.predictions))):
        shown = metric.headline(found)
        for row in found:
            if np.isnan(row.value):
                assert row.why, f"{row.statistic} {row.joint} {row.slice}"
            elif row.statistic in shown:
                low, high = RANGES.get((metric.name, row.statistic), (0, 1))
                assert low <= row.value <= high, row


@pytest.mark.parametrize("at", [1, 2, 4])
@pytest.mark.parametrize("similarity", Similarity)
def test_swapped_tracks_cost_exactly_two_switches(similarity: Similarity, at: int) -> None:
    world = worlds.couple(4)
    people = world.predictions.people
    track = np.where(people.frame >= at, 1 - people.track, people.track)
    swapped = World(world.truth, replace(world.predictions, people=people.with_columns(track=track)))
    joints = len(world.truth.skeleton) if similarity is Similarity.JOINT else 1
    metric = ClearMot(similarity=similarity)
    before, after = everything(metric, world), everything(metric, swapped)
    assert (before.get("switches"), after.get("switches")) == (0, 2 * joints)
    for statistic in ("misses", "false_positives", "precision", "recall", "MOTP"):
        assert after.get(statistic) == before.get(statistic)
    hota = Hota(similarity=similarity)
    for statistic in ("DetA", "LocA"):
        assert everything(hota, swapped).get(statistic) == everything(hota, world).get(statistic) == 1
    assert everything(hota, swapped).get("AssA") < 1


@having(
    "detection only", lambda metric: metric.name in ("oks_ap", "oks_lrp", "calibration", "joint_ap", "ex_oks")
)
def test_track_ids_never_change_what_looks_at_detections_alone(metric: Metric) -> None:
    world = world_for(metric, 11)
    people = world.predictions.people
    other = replace(world.predictions, people=people.with_columns(track=people.track[::-1]))
    assert everything(metric, world) == everything(metric, World(world.truth, other))


@having("workers")
@pytest.mark.parametrize("workers", [2, 5])
def test_any_number_of_workers_gives_the_same(metric: Metric, workers: int) -> None:
    aligned = world_for(metric, 21).aligned()
    pieces = list(aligned.shards(workers, metric.unit))
    with ThreadPoolExecutor(workers) as executor:
        tallies = list(executor.map(metric.tally, pieces))
    if ("tallies add", metric.name) not in EXEMPT:
        assert metric.reduce(Tally.concat(tallies)) == metric.reduce(metric.tally(aligned))


CODE = """
from poseval import metrics
from tests.properties.worlds import world_for
for metric in metrics.registered():
    print(metric, metric.reduce(metric.tally(world_for(metric, 5).aligned())).rows)
"""


def test_hash_seeds_change_nothing() -> None:
    said = set()
    for seed in ("0", "1", "77"):
        done = subprocess.run(
            [sys.executable, "-c", CODE],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join([".", *sys.path])},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        said.add(done.stdout)
    assert len(said) == 1
    assert said.pop().count("\n") == len(metrics.registered())


def test_metrics_that_need_one_person_per_frame_are_the_ones_that_say_so() -> None:
    alone = {metric.name for metric in metrics.registered() if Need.ALONE in metric.needs}
    assert alone == {"auc", "epe", "nme", "pck", "pcp", "pdj", "presence"}
