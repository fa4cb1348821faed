"""What every metric must keep, under parameters that are not its defaults."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from poseval import metrics
from poseval.metrics.base import Metric, Tally
from poseval.metrics.joint_rows import Empty
from poseval.results.values import Values
from tests.properties import worlds
from tests.properties.worlds import World, world_for

VARIANTS = [
    metrics.parse(text)
    for text in (
        "pck(norm=head,at=0.3/0.5,curve_to=0.5,curve_step=0.1,absent=all_undefined)",
        "pck(norm=bbox,at=0.1,compare=lt,curve_to=0.5,curve_step=0.25,mean=joints,leave_out=thorax/upper_neck)",
        "pck(norm=head,at=0.5,absent=minus_one,zero=overwritten,head=head_top)",
        "pck(norm=head,at=0.2/0.5,people=matched)",
        "epe(precision=single,percentiles=50/90)",
        "epe(people=matched,percentiles=1/50/100)",
        "auc(norm=pixels,limit=30,steps=7,area=trapezoid,compare=le,mean=points)",
        "auc(norm=bbox,limit=0.3,steps=5,area=exact)",
        "nme(by=auto,over=points,at=0.05/0.1,grid=sbr,points=all)",
        "nme(by=face_size,at=0.08,grid=pipnet,precision=single)",
        "pcp(at=0.3,ends=loose)",
        "oks_ap(thresholds=0.3/0.75,ranges=all:0:1e10/tiny:0:9000,max_dets=2,area=box,per_joint=yes)",
        "oks_ap(area=extent,categories=pooled,ignore=flags,sigma=0.1)",
        "ex_oks(edge=side,published=no,padding=1)",
        "oks_lrp(tau=0.3,score=0.2,max_dets=3,area=extent,ignore=flags)",
        "calibration(bins=3,match=0.3,max_dets=2,categories=pooled,sigma=0.1)",
        "clear_mot(similarity=joint,at=0.3,events=trackeval,empty=trackeval,per_joint=yes)",
        "clear_mot(similarity=oks,at=0.5,area=extent,last_frame=no,dummies=yes,motp=events,empty=poseval)",
        "hota(similarity=joint,assignment=plain,frames=sequence,total=posetrack21,empty=poseval)",
        "hota(similarity=pckh,empty=trackeval)",
        "identity(similarity=oks,at=0.3,area=box,per_joint=yes)",
        "joint_ap(at=0.3,ties=later_first,empty=poseval,per_joint=yes)",
    )
]
every = pytest.mark.parametrize("metric", VARIANTS, ids=str)
seeds = pytest.mark.parametrize("seed", [3, 8])


def world_of(metric: Metric, seed: int) -> World:
    return worlds.singles(seed, "ibug68") if metric.name == "nme" else world_for(metric, seed)


def keys(values: Values) -> list[tuple[str, str, str]]:
    return [(row.statistic, row.joint, row.slice) for row in values if np.isnan(row.threshold)]


def same(first: Values, second: Values) -> None:
    assert keys(first) == keys(second)
    for one, other in zip(first, second, strict=True):
        assert one._replace(value=0.0) == other._replace(value=0.0)
        assert one.value == pytest.approx(other.value, abs=1e-12, nan_ok=True), one


@every
@seeds
def test_tallies_of_disjoint_units_add(metric: Metric, seed: int) -> None:
    aligned = world_of(metric, seed).aligned()
    pieces = [metric.tally(piece) for piece in aligned.shards(3, metric.unit)]
    assert metric.reduce(Tally.concat(pieces)) == metric.reduce(metric.tally(aligned))


@every
@seeds
def test_integer_weights_are_physical_copies(metric: Metric, seed: int) -> None:
    world = world_of(metric, seed)
    tally = metric.tally(world.aligned())
    weight = np.random.default_rng(seed).integers(0, 4, tally.units)
    copied = worlds.copied(world, weight, metric.unit).aligned()
    shown = metric.headline_rows  # of ties, which copies make, joint_ap has more rows
    same(Values(shown(metric.reduce(metric.tally(copied)))), Values(shown(metric.reduce(tally, weight))))


@every
@seeds
def test_quick_headlines_are_those_of_reduce(metric: Metric, seed: int) -> None:
    tally = metric.tally(world_of(metric, seed).aligned())
    weights = np.random.default_rng(seed).integers(0, 3, (3, tally.units))
    weights[2] = 0
    for weight, quickly in zip(weights, metric.reduce_headlines(tally, weights), strict=True):
        whole = metric.headline_rows(metric.reduce(tally, weight))
        same(Values(whole), Values(metric.headline_rows(quickly)))


@every
def test_each_unit_alone_is_that_unit_weighted(metric: Metric) -> None:
    tally = metric.tally(world_of(metric, 3).aligned())
    found = metric.by_unit(tally)
    for index, key in enumerate(tally.keys.tolist()):
        weight = np.zeros(tally.units, dtype=np.int64)
        weight[index] = 1
        alone = [row for row in metric.headline_rows(metric.reduce_headline(tally, weight)) if not row.joint]
        shown = {row.statistic for row in alone}
        own = [row for row in found if row.slice == key and row.statistic in shown]
        same(Values(alone).sliced(key), Values(own))


@every
def test_the_same_numbers_are_undefined_and_say_why(metric: Metric) -> None:
    world = world_of(metric, 3)
    blank = world.truth.people.with_columns(seen=np.zeros(world.truth.people.seen.shape))
    unlabelled = World(replace(world.truth, people=blank), world.predictions)
    tally = metric.tally(world.aligned())
    nothing = metric.reduce(tally, np.zeros(tally.units, dtype=np.int64))
    full = metric.headline_rows(metric.reduce(tally))
    for found in (nothing, metric.reduce(metric.tally(unlabelled.aligned()))):
        rows = metric.headline_rows(found)
        assert [metric.number(row).key for row in rows] == [metric.number(row).key for row in full]
        assert all(row.why for row in rows if np.isnan(row.value))
    if not metric.has(empty=Empty.POSEVAL) and not metric.has(empty=Empty.TRACKEVAL):
        assert all(np.isnan(row.value) for row in metric.headline_rows(nothing))
