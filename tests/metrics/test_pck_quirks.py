"""One test per quirk of the tools for single people and faces; docs/quirks.md has a paragraph for each."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import poseval
from poseval.benchmarks import get_benchmark, names
from poseval.benchmarks.mpii import pckh
from poseval.benchmarks.rule_sets import RuleSet, choose
from poseval.errors import ValueRangeError
from poseval.metrics.error_curve import ErrorCurve, Grid, curve_area, failure_rate
from poseval.metrics.joint_error import Ends, Precision, relative_error
from poseval.metrics.nme import Nme, Over, Points
from poseval.metrics.pck import Pck
from poseval.poses import Frames, People, PoseSet
from poseval.poses.aligned import Aligned
from poseval.results.values import Values
from tests.benchmarks.test_aflw_pifa import test_without_the_fitted_landmarks_the_crop_is_the_size
from tests.benchmarks.test_neighbours import test_joints_of_human36m_go_by_place
from tests.metrics.single import pair_up, random_pair, values

DOCS = Path(__file__).resolve().parents[2] / "docs"
JOINTS = poseval.get_skeleton("mpii16").joints
ONES = np.ones(1, dtype=np.int64)


def rule_set(name: str) -> RuleSet:
    return choose(name, get_benchmark("mpii-val").rule_sets)


def under(name: str, scene: Aligned) -> Values:
    return values(pckh(rule_set(name)), scene)


def off(pixels: float, joint: str | None = None, **more: object) -> Aligned:
    """Two people with heads of 100 pixels, one joint (or all) off by so many."""
    truth = np.arange(64.0).reshape(2, 16, 2) * 10
    predicted = truth.copy()
    predicted[:, slice(None) if joint is None else JOINTS.index(joint), 0] += pixels
    return pair_up(truth, predicted, head=[100.0, 100.0], **more)  # type: ignore[arg-type]


def test_m01_at_01_is_011() -> None:
    scene = off(10.5)
    assert [under(name, scene).get("PCKh@0.1") for name in ("hrnet", "official-kit")] == [1.0, 0.0]


def test_m02_head_is_head_top() -> None:
    scene = off(99.0, "upper_neck")
    assert [under(n, scene).get("PCKh@0.5", "head") for n in ("hrnet", "mmpose", "pytorch-pose")] == [1.0] * 3
    assert [under(n, scene).get("PCKh@0.5", "head") for n in ("official-kit", "corrected")] == [0.5] * 2


def test_m03_on_the_threshold() -> None:
    scene = off(50.0)
    found = {
        rule_set.name: under(rule_set.name, scene).get("PCKh@0.5")
        for rule_set in get_benchmark("mpii-val").rule_sets
    }
    assert found == {"official-kit": 1, "hrnet": 1, "mmpose": 0, "pytorch-pose": 0, "corrected": 1}


def test_m04_mean_over_joints() -> None:
    seen = np.full((2, 16), 2)
    seen[1, 0] = 0
    scene = off(99.0, "right_ankle", seen=seen)
    assert under("pytorch-pose", scene).get("PCKh@0.5") == pytest.approx(13 / 14)
    assert under("corrected", scene).get("PCKh@0.5") == pytest.approx(26 / 27)


def test_m05_never_labelled_is_minus_one() -> None:
    seen = np.full((2, 16), 2)
    seen[:, JOINTS.index("head_top")] = 0
    scene = off(0.0, seen=seen)
    assert under("mmpose", scene).get("PCKh@0.5", "head") == -1.0
    assert under("mmpose", scene).get("PCKh@0.5") == 1.0
    assert under("corrected", scene).get("PCKh@0.5", "head") == 1.0


def test_m06_zero_head() -> None:
    scene = off(30.0)
    people = scene.truth.people.with_columns(head=np.array([100.0, 0.0]))
    scene = Aligned(replace(scene.truth, people=people), scene.predictions)
    found = under("mmpose", scene)
    assert (found.get("PCKh@0.5"), found.get("PCKh@0.1")) == (1.0, 0.5)
    for name in ("official-kit", "hrnet", "pytorch-pose", "corrected"):
        with pytest.raises(ValueRangeError) as caught:
            under(name, scene)
        assert caught.value.code == "P304"


def test_m07_float32_distances() -> None:
    scene = off(50.0 - 1e-7)
    double = relative_error(scene, scene.truth.people.head)
    single = relative_error(scene, scene.truth.people.head, Precision.SINGLE)
    assert (double < 0.5).all()
    assert (single == 0.5).all()
    assert under("mmpose", scene).get("PCKh@0.5") == 0.0


@pytest.mark.parametrize("base", [0, 1])
def test_m07_float32_truth(base: int) -> None:
    """The truth is 503.0 as float32, and 3 pixels of a head of 30 are too far; in float64 they are less."""
    truth, found = np.zeros((1, 16, 2)), np.zeros((1, 16, 2))
    truth[:, 0], found[:, 0] = (502.9999938964844 - base, 421.9999969482421 - base), (500 - base, 422 - base)
    seen = np.where(np.arange(16) == 0, 2, 0)[None, :]
    scene = pair_up(truth, found, head=[29.99999926757812], seen=seen)
    origin = replace(scene.truth.origin, base=base)
    scene = replace(scene, truth=replace(scene.truth, origin=origin))
    at = {name: under(name, scene).get("PCKh@0.1") for name in ("mmpose", "official-kit")}
    assert at == {"mmpose": 0.0, "official-kit": 1.0}


def test_m08_a_row_with_one_side() -> None:
    seen = np.full((2, 16), 2)
    seen[:, JOINTS.index("left_knee")] = 0
    scene = off(0.0, seen=seen)
    for name in ("official-kit", "hrnet", "pytorch-pose"):
        assert math.isnan(under(name, scene).get("PCKh@0.5", "knee"))
    assert under("corrected", scene).get("PCKh@0.5", "knee") == 1.0


def test_m14_a_joint_that_nobody_labels_takes_the_mean_along() -> None:
    seen = np.full((2, 16), 2)
    seen[:, JOINTS.index("left_knee")] = 0
    scene = off(0.0, seen=seen)
    for name in ("hrnet", "pytorch-pose"):
        found = under(name, scene)
        assert [math.isnan(found.get(key)) for key in ("PCKh@0.5", "PCKh@0.1", "AUC")] == [True] * 3
        assert found.get("PCKh@0.5", "ankle") == 1
    for name in ("official-kit", "mmpose", "corrected"):
        assert under(name, scene).get("PCKh@0.5") == 1
    outside = np.full((2, 16), 2)
    outside[:, JOINTS.index("pelvis")] = 0
    assert under("hrnet", off(0.0, seen=outside)).get("PCKh@0.5") == 1


def test_m09_groups_without_predictions() -> None:
    frames = Frames(np.array(["a", "b"]))
    skeleton = poseval.get_skeleton("mpii16")
    xy = np.arange(64.0).reshape(2, 16, 2)
    truth = PoseSet(skeleton, frames, People(xy, np.array([0, 1]), head=np.array([9.0, 9.0])))
    found = People(xy[:1], np.array([0]), joint_score=np.full((1, 16), 0.5))
    predictions = PoseSet(skeleton, frames, found)
    assert poseval.score(truth, predictions, "mpii-multi").summary["AP"] == 1.0
    assert poseval.score(truth, predictions, "mpii-multi", rules="corrected").summary["AP"] == 0.5


def test_m11_torso_of_unlabelled_joints_and_of_the_prediction() -> None:
    seen = np.full((1, 16), 2)
    seen[0, JOINTS.index("left_shoulder")] = 0
    truth = np.zeros((1, 16, 2))
    truth[0, JOINTS.index("right_hip")] = [0, 40]
    scene = pair_up(truth, truth + 1, seen=seen)
    metric = Pck("torso", (0.2,), ends=Ends.ANY)
    assert values(metric, scene)[0].n == 15
    assert values(replace(metric, ends=Ends.LABELLED), scene)[0].n == 0
    flat, wide = np.zeros((1, 16, 2)), np.zeros((1, 16, 2))
    wide[0, JOINTS.index("right_hip")] = [0, 40]
    assert values(metric, pair_up(flat, wide))[0].value == 15 / 16


def test_m12_flics_head_is_called_torso() -> None:
    scene = random_pair(1, skeleton="flic10", noise=60.0)
    kit = poseval.score(scene.truth, scene.predictions, "flic").summary
    report = poseval.score(scene.truth, scene.predictions, "flic", rules="corrected")
    mended = report.summary
    assert kit["PCP/head"] != kit["PCP/torso"]
    assert mended["PCP/head"] == report.values.get("PCP", "head")
    assert (kit["PCP/head"], kit["PCP/torso"]) == (mended["PCP/torso"], mended["PCP/head"])


def test_m13_hourglass_labels(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    part = np.full((1, 16, 2), 5.0)
    part[0, :3] = [[1, 9], [9, 1], [2, 2]]
    with h5py.File(tmp_path / "valid.h5", "w") as file:
        file["part"], file["normalize"], file["imgname"] = part, np.ones(1), np.array([b"a"])
        file["visible"] = np.zeros((1, 16))
    assert poseval.read(tmp_path / "valid.h5").people.seen[0, :4].tolist() == [0, 0, 1, 1]


def faces() -> Aligned:
    truth = np.random.default_rng(0).uniform(0, 90, (2, 68, 2))
    seen = np.full((2, 68), 2)
    seen[0, 10:50] = 0
    shift = np.array([[[1.0, 0.0]], [[3.0, 0.0]]])
    return pair_up(truth, truth + shift, "ibug68", seen=seen)


def test_n01_mean_over_points() -> None:
    assert values(Nme("pixels"), faces()).get("NME") == pytest.approx(2.0)
    assert values(Nme("pixels", Over.POINTS), faces()).get("NME") == pytest.approx((28 * 1 + 68 * 3) / 96)


def test_n02_grid_beyond_the_threshold() -> None:
    curve = ErrorCurve(np.array([0.07005]), ONES)
    assert failure_rate(curve, 0.07, Grid.EXACT) == 1.0
    assert failure_rate(curve, 0.07, Grid.PIPNET) == 0.0
    at_01 = ErrorCurve(np.array([0.10005]), ONES)
    assert failure_rate(at_01, 0.1, Grid.PIPNET) == 1.0


def test_n03_area_by_simpsons_rule() -> None:
    curve = ErrorCurve(np.array([0.04217]), ONES)
    assert curve_area(curve, 0.1, Grid.EXACT) == pytest.approx(0.5783, abs=1e-12)
    assert curve_area(curve, 0.1, Grid.PIPNET) == pytest.approx(0.5783, abs=1e-3)
    assert curve_area(curve, 0.1, Grid.PIPNET) != pytest.approx(0.5783, abs=1e-6)


def test_n04_strictly_below() -> None:
    step = 0.08 / 1999
    curve = ErrorCurve(np.array([1999 * step]), ONES)
    assert failure_rate(curve, 0.08, Grid.SBR) == 1.0
    assert failure_rate(ErrorCurve(np.array([0.08]), ONES), 0.08, Grid.EXACT) == 0.0


def test_n05_float32_and_balanced() -> None:
    metric = get_benchmark("aflw2000-3d").metrics(
        get_benchmark("aflw2000-3d").rule_sets[0], faces().truth, False
    )[0]
    assert str(metric) == "nme(by=landmark_sqrt,bins=30/60,precision=single)"


def test_n06_landmarks_without_a_label() -> None:
    scene = faces()
    xy = scene.predictions.people.xy.copy()
    xy[0, 20] += 680
    moved = pair_up(scene.truth.people.xy, xy, "ibug68", seen=scene.truth.people.seen)
    assert values(Nme("pixels"), moved).get("NME") == pytest.approx(2.0)
    assert values(Nme("pixels", points=Points.ALL), moved).get("NME") > 6.0
    benchmark = get_benchmark("300w")
    keeps = {b.name: benchmark.metrics(b, scene.truth, False)[0].points for b in benchmark.rule_sets}  # type: ignore[attr-defined]
    assert [name for name, points in keeps.items() if points is Points.ALL] == ["hrnet"]


def test_n07_aflw_by_the_longer_side() -> None:
    benchmark = get_benchmark("aflw19")
    by = {b.name: benchmark.metrics(b, faces().truth, False)[0].by for b in benchmark.rule_sets}  # type: ignore[attr-defined]
    assert {name for name, rule in by.items() if rule == "box_side"} == {"mmpose"}
    assert by["hrnet"] == "face_size"


test_m15_joints_of_human36m_go_by_place = test_joints_of_human36m_go_by_place
test_n08_the_size_lies_beside = test_without_the_fitted_landmarks_the_crop_is_the_size


def test_every_quirk_has_its_paragraph_and_its_test() -> None:
    text = (DOCS / "quirks.md").read_text("utf-8")
    told = {line.split(":")[0][4:] for line in text.splitlines() if line.startswith("### ")}
    own = {quirk for quirk in told if quirk[0] in "MN"}
    kept = {
        quirk
        for name in names()
        for rules in get_benchmark(name).rule_sets
        for quirk in rules.quirks
        if quirk[0] in "MN"
    }
    assert kept <= own
    tested = {name.split("_")[1].upper() for name in globals() if name.startswith(("test_m", "test_n"))}
    assert tested == own
