"""PCK, PCP, EPE and AUC against plain loops over random people, with weights."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.integrate import simpson, trapezoid

from poseval.errors import UsageError
from poseval.metrics.epe import Area, Auc, Epe
from poseval.metrics.error_curve import ErrorCurve, Grid, curve_area, failure_rate, grid_points
from poseval.metrics.joint_error import Precision, ZeroScale
from poseval.metrics.pck import HEAD_JOINTS, UPPER_BODY, Absent, Compare, MeanOf, Pck
from poseval.metrics.pcp import Ends, Pcp
from poseval.skeletons import get_skeleton
from poseval.skeletons.sticks import sticks_of
from tests.metrics.loops import WEIGHTS, errors, thinned
from tests.metrics.single import pair_up, random_pair, values


@pytest.mark.parametrize("weight", WEIGHTS, ids=["plain", "weighted"])
@pytest.mark.parametrize("mean", list(MeanOf))
def test_pck(mean: MeanOf, weight: np.ndarray) -> None:
    scene = thinned(1)
    metric = Pck(at=(0.5, 0.2), curve_to=0.6, curve_step=0.2, mean=mean, leave_out=("pelvis",))
    found = metric.reduce(metric.tally(scene), weight)
    table = errors(scene, scene.truth.people.head)
    joints = list(scene.truth.skeleton.joints)

    def counts(at: float, joint: str) -> tuple[int, int]:
        column = [row[joints.index(joint)] for row in table]
        due = sum(int(w) for error, w in zip(column, weight, strict=True) if not math.isnan(error))
        return sum(int(w) for error, w in zip(column, weight, strict=True) if error <= at), due

    def mean_of(names: list[str], at: float) -> float:
        pairs = [counts(at, name) for name in names]
        if mean is MeanOf.POINTS:
            return sum(hit for hit, _ in pairs) / sum(due for _, due in pairs)
        shares = [hit / due for hit, due in pairs if due]
        return sum(shares) / len(shares)

    kept = [name for name in joints if name != "pelvis"]
    for at in (0.5, 0.2):
        name = f"PCKh@{at}"
        row = found.where(statistic=name, joint="")[0]
        assert row.value == pytest.approx(mean_of(kept, at))
        assert row.n == sum(counts(at, joint)[1] for joint in kept)
        assert row.why == f"14 of 15 joints; never labelled: {joints[4]}"
        for joint in joints:
            hit, due = counts(at, joint)
            (row,) = found.where(statistic=name, joint=joint)
            assert row.value == pytest.approx(hit / due if due else math.nan, nan_ok=True)
            assert row.n == due
        for kind in ("wrist", "knee", "shoulder"):
            shares = [hit / due for hit, due in (counts(at, f"{s}_{kind}") for s in ("left", "right")) if due]
            (row,) = found.where(statistic=name, joint=kind)
            assert row.value == pytest.approx(sum(shares) / len(shares))
        head = [counts(at, joint) for joint in HEAD_JOINTS if joint in joints]
        (row,) = found.where(statistic=name, joint="head")
        assert row.value == pytest.approx(sum(hit / due for hit, due in head) / len(head))
        upper = [counts(at, joint) for joint in UPPER_BODY]
        (row,) = found.where(statistic=name, joint="upper_body")
        assert row.value == pytest.approx(sum(hit for hit, _ in upper) / sum(due for _, due in upper))
        assert row.n == sum(due for _, due in upper)
    curve = [mean_of(kept, at) for at in (0.0, 0.2, 0.4, 0.6)]
    rows = [row for row in found if not math.isnan(row.threshold)]
    assert [row.threshold for row in rows] == pytest.approx([0.0, 0.2, 0.4, 0.6])
    assert [row.value for row in rows] == pytest.approx(curve)
    assert found.get("AUC") == pytest.approx(trapezoid(curve, dx=0.2) / 0.6)
    assert found.get("AUC_mean") == pytest.approx(sum(curve) / 4)


def test_pck_of_what_is_never_labelled() -> None:
    """`absent` says what a row of a kind does, and the mean and the curve."""
    scene = thinned(1)
    kind = scene.truth.skeleton.joints[4].split("_", 1)[1]
    other = next(
        name
        for name in scene.truth.skeleton.joints
        if name.endswith(kind) and name != scene.truth.skeleton.joints[4]
    )
    found = {absent: values(Pck(absent=absent, curve_to=0.5), scene) for absent in Absent}
    alone = found[Absent.SKIP].get("PCKh@0.5", other)
    assert found[Absent.SKIP].get("PCKh@0.5", kind) == alone
    assert found[Absent.SKIP].where(joint=kind)[0].why.startswith("1 of 2 joints")
    assert math.isnan(found[Absent.UNDEFINED].get("PCKh@0.5", kind))
    assert found[Absent.MINUS_ONE].get("PCKh@0.5", kind) == (alone - 1) / 2
    for absent in (Absent.SKIP, Absent.UNDEFINED, Absent.MINUS_ONE):
        assert found[absent].get("PCKh@0.5") == found[Absent.SKIP].get("PCKh@0.5")
        assert found[absent].get("AUC") > 0
    assert math.isnan(found[Absent.ALL_UNDEFINED].get("PCKh@0.5"))
    assert math.isnan(found[Absent.ALL_UNDEFINED].get("AUC"))
    whole = random_pair(1)
    assert values(Pck(absent=Absent.ALL_UNDEFINED, curve_to=0.5), whole).get("AUC") > 0


def test_pck_overwritten_by_a_scale_of_zero() -> None:
    """Two of four people have no size: left out at the first threshold, right at the others."""
    truth = np.zeros((4, 16, 2))
    scene = pair_up(truth, truth + np.array([3.0, 0.0]), head=[10.0, 10.0, 0.0, 0.0])
    metric = Pck(at=(0.2, 0.1), zero=ZeroScale.OVERWRITTEN, curve_to=0.4, curve_step=0.2)
    found = metric.reduce(metric.tally(scene))
    assert (found.get("PCKh@0.2"), found.get("PCKh@0.1")) == (0.0, 0.5)
    assert [row.n for row in found.where(joint="")][:2] == [32, 64]
    assert [row.value for row in found if not math.isnan(row.threshold)] == [0.5, 0.5, 1.0]
    weighted = metric.reduce(metric.tally(scene), np.array([1, 1, 2, 0]))
    assert weighted.get("PCKh@0.1") == 0.5


def test_pck_weighs_joints_with_those_of_people_that_are_overwritten() -> None:
    """At the first threshold the mean is that of shares, weighted as if everybody counted."""
    truth = np.zeros((3, 16, 2))
    off = np.zeros((3, 16, 1))
    off[0, 0] = 50.0
    seen = np.zeros((3, 16))
    seen[:, 0] = 2
    seen[:2, 1] = 2
    scene = pair_up(truth, truth + off, head=[10.0, 10.0, 0.0], seen=seen)
    found = values(Pck(zero=ZeroScale.OVERWRITTEN), scene)
    assert found.get("PCKh@0.5") == pytest.approx((3 * 0.5 + 2 * 1.0) / 5)


def test_pck_of_joints_without_a_twin() -> None:
    """A joint that is a kind of its own is undefined where nobody labels it, whatever kinds count as."""
    seen = np.full((2, 16), 2)
    seen[:, get_skeleton("mpii16").index("pelvis")] = 0
    xy = np.zeros((2, 16, 2))
    scene = pair_up(xy, xy, head=[10.0, 10.0], seen=seen)
    for absent in Absent:
        (row,) = values(Pck(absent=absent), scene).where(joint="pelvis")
        assert (math.isnan(row.value), row.why) == (True, "no labelled pelvis")
    nothing = values(Pck(), pair_up(xy, xy, head=[10.0, 10.0], seen=np.zeros((2, 16))))
    assert (nothing[0].statistic, nothing[0].joint) == ("PCKh@0.5", "")


def test_pck_says_how_many_people_have_no_scale() -> None:
    seen = np.full((3, 16), 2)
    seen[0, get_skeleton("mpii16").index("left_shoulder")] = 0
    seen[1] = 0
    xy = np.random.default_rng(0).uniform(0, 99, (3, 16, 2))
    metric = Pck(norm="torso")
    tally = metric.tally(pair_up(xy, xy, seen=seen))
    assert metric.reduce(tally)[0].why == "1 person without a scale, not scored"
    assert "2 people" in metric.reduce(tally, np.array([2, 1, 1]))[0].why


@pytest.mark.parametrize(
    "wrong", [{"at": ()}, {"at": (-0.1,)}, {"curve_to": -0.1}, {"curve_to": 1.0, "curve_step": 0.0}]
)
def test_pck_refuses_parameters(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Pck(**wrong)
    assert Pck(at=(0.0,), curve_to=1000.0, curve_step=1.0).grid()[-1] == 1000
    assert len(Pck(at=tuple(np.arange(1000) / 1000)).at) == 1000
    assert Pck(curve_to=0.3, curve_step=0.1).curve().tolist() == [0.0, 0.1, 0.2, 0.3]


@pytest.mark.parametrize("compare", list(Compare))
def test_pck_on_each_threshold(compare: Compare) -> None:
    truth = np.zeros((3, 16, 2))
    predicted = truth.copy()
    predicted[:, :, 0] = np.array([1.0, 2.0, 3.0])[:, None]
    found = values(Pck("pixels", (1.0, 2.0), compare), pair_up(truth, predicted))
    wanted = (1 / 3, 2 / 3) if compare is Compare.LE else (0.0, 1 / 3)
    assert (found.get("PCK@1"), found.get("PCK@2")) == pytest.approx(wanted)


@pytest.mark.parametrize("ends", list(Ends))
@pytest.mark.parametrize("weight", WEIGHTS, ids=["plain", "weighted"])
def test_pcp(ends: Ends, weight: np.ndarray) -> None:
    scene = thinned(2, "lsp14")
    metric = Pcp(0.3, ends)
    found = metric.reduce(metric.tally(scene), weight)
    truth, guess, skeleton = scene.truth.people, scene.predictions.people, scene.truth.skeleton
    hits, due = {}, {}
    for stick in sticks_of(skeleton):
        a, b = skeleton.indices(stick.a), skeleton.indices(stick.b)
        hits[stick.name] = due[stick.name] = 0
        for person in range(20):
            joints = [*a, *b]
            if not (truth.seen[person, joints] > 0).all():
                continue
            due[stick.name] += int(weight[person])
            if not (guess.seen[person, joints] > 0).all():
                continue
            start, end = truth.xy[person, a].mean(axis=0), truth.xy[person, b].mean(axis=0)
            off = [
                math.dist(
                    truth.xy[person, list(joint)].mean(axis=0), guess.xy[person, list(joint)].mean(axis=0)
                )
                for joint in (a, b)
            ]
            limit = 0.3 * math.dist(start, end)
            right = max(off) <= limit if ends is Ends.STRICT else sum(off) / 2 <= limit
            hits[stick.name] += int(right) * int(weight[person])
    assert found.get("PCP") == pytest.approx(sum(hits.values()) / sum(due.values()))
    for name in hits:
        if due[name]:
            assert found.get("PCP", name) == pytest.approx(hits[name] / due[name])
            assert found.where(joint=name)[0].n == due[name]
    sides = [hits[f"{side}_lower_arm"] / due[f"{side}_lower_arm"] for side in ("left", "right")]
    assert found.get("PCP", "lower_arm") == pytest.approx(sum(sides) / 2)
    assert 0 < sum(hits.values()) < sum(due.values())
    assert Pcp(0.0).at == 0


@pytest.mark.parametrize("weight", WEIGHTS, ids=["plain", "weighted"])
def test_epe(weight: np.ndarray) -> None:
    scene = random_pair(4)
    table = np.repeat(np.array(errors(scene, np.ones(20))), weight, axis=0)
    found = Epe().reduce(Epe().tally(scene), weight)
    assert found.get("EPE") == pytest.approx(np.nanmean(table))
    assert found[0].n == int((~np.isnan(table)).sum())
    for index, joint in enumerate(scene.truth.skeleton.joints):
        assert found.get("EPE", joint) == pytest.approx(np.nanmean(table[:, index]))
    single = Epe(Precision.SINGLE)
    rounded = single.reduce(single.tally(scene)).get("EPE")
    plain = Epe().reduce(Epe().tally(scene)).get("EPE")
    assert rounded != plain
    assert rounded == pytest.approx(plain, rel=1e-6)


@pytest.mark.parametrize("weight", WEIGHTS, ids=["plain", "weighted"])
@pytest.mark.parametrize("area", list(Area))
@pytest.mark.parametrize("mean", list(MeanOf))
def test_auc(area: Area, mean: MeanOf, weight: np.ndarray) -> None:
    scene = thinned(5)
    metric = Auc(norm="head", limit=0.6, steps=3, area=area, mean=mean, compare=Compare.LE)
    found = metric.reduce(metric.tally(scene), weight)
    table = np.repeat(np.array(errors(scene, scene.truth.people.head * 0.6)), weight, axis=0)

    def of(column: np.ndarray) -> float:
        column = column[~np.isnan(column)]
        share = [(column <= at).mean() for at in (0, 1 / 3, 2 / 3, 1)]
        exact = np.clip(1 - column, 0, None).mean()
        return {
            Area.LEFT: sum(share[:-1]) / 3,
            Area.TRAPEZOID: trapezoid(share, dx=1 / 3),
            Area.EXACT: exact,
        }[area]

    each = {joint: of(table[:, k]) for k, joint in enumerate(scene.truth.skeleton.joints) if k != 4}
    for joint, value in each.items():
        assert found.get("AUC", joint) == pytest.approx(value)
    total = sum(each.values()) / len(each) if mean is MeanOf.JOINTS else of(table.ravel())
    assert found.get("AUC") == pytest.approx(total)
    (never,) = found.where(joint=scene.truth.skeleton.joints[4])
    assert math.isnan(never.value)
    assert never.why == f"no labelled {never.joint}"
    assert found[0].n == int((~np.isnan(table)).sum())
    assert Auc(steps=1000).steps == 1000


def test_areas_and_rates_by_each_grid() -> None:
    rng = np.random.default_rng(0)
    error, each = rng.uniform(0, 0.1, 40), rng.integers(1, 4, 40)
    curve = ErrorCurve(error, each)
    written = np.repeat(error, each)

    def share(points: np.ndarray, strict: bool = False) -> np.ndarray:
        return np.array([(written < t if strict else written <= t).mean() for t in points])

    for t in (0.07, 0.05):
        fine = np.arange(0, t + 1e-4, 1e-4)
        even = np.linspace(0, t, 2000)
        assert grid_points(t, Grid.SBR).tolist() == even.tolist()
        assert grid_points(t, Grid.TRAPEZOID).tolist() == fine.tolist()
        assert curve_area(curve, t, Grid.EXACT) == pytest.approx(np.clip(1 - written / t, 0, None).mean())
        assert curve_area(curve, t, Grid.PIPNET) == pytest.approx(simpson(share(fine), x=fine) / t)
        assert curve_area(curve, t, Grid.TRAPEZOID) == pytest.approx(trapezoid(share(fine), x=fine) / t)
        assert curve_area(curve, t, Grid.SBR) == pytest.approx(trapezoid(share(even, True), x=even) / t)
        assert failure_rate(curve, t, Grid.EXACT) == pytest.approx((written > t).mean())
        assert failure_rate(curve, t, Grid.PIPNET) == pytest.approx((written > fine[-1]).mean())
    on = ErrorCurve(np.array([0.05, 0.02]), np.array([1, 1]))
    assert failure_rate(on, 0.05, Grid.EXACT) == 0
    assert failure_rate(on, 0.05, Grid.SBR) == 0.5
