"""NME, failure rates, areas and the error distribution."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import simpson as scipy_simpson
from scipy.stats import trim_mean

from poseval.errors import UsageError, ValueRangeError
from poseval.metrics import parse
from poseval.metrics.error_curve import ErrorCurve, Grid, grid_points, simpson
from poseval.metrics.nme import Nme, Over, Points
from poseval.poses.aligned import Aligned
from poseval.results.values import Direction
from tests.metrics.single import pair_up, values


def faces(errors: list[float], seen: object = None, **more: object) -> Aligned:
    """Faces with 100 pixels between the outer eye corners and all landmarks off by so many pixels."""
    rng = np.random.default_rng(7)
    truth = rng.uniform(0, 200, (len(errors), 68, 2))
    truth[:, 36], truth[:, 45] = [0, 0], [60, 80]
    predicted = truth + np.array(errors)[:, None, None] * np.array([0.6, 0.8])
    return pair_up(truth, predicted, "ibug68", seen=seen, **more)  # type: ignore[arg-type]


def test_mean_failure_rate_and_exact_area() -> None:
    found = values(Nme(at=(0.1, 0.08)), faces([2.0, 8.0, 11.0]))
    assert found.get("NME") == pytest.approx(0.07, abs=1e-15)
    assert found.get("FR@0.1") == pytest.approx(1 / 3)
    assert found.get("AUC@0.1") == pytest.approx((0.8 + 0.2) / 3)
    assert found.get("NME_median") == pytest.approx(0.08)
    assert found.get("NME", "kpt-5") == pytest.approx(0.07)


def test_images_and_points_differ_when_points_are_missing() -> None:
    seen = np.full((2, 68), 2)
    seen[0, :34] = 0
    scene = faces([0.0, 10.0], seen)
    assert values(Nme("pixels"), scene).get("NME") == pytest.approx(5.0)
    assert values(Nme("pixels", Over.POINTS), scene).get("NME") == pytest.approx(10 * 68 / 102)


def test_all_points_count_under_the_quirk() -> None:
    seen = np.full((1, 68), 2)
    seen[0, 0] = 0
    scene = faces([0.0], seen)
    xy = scene.predictions.people.xy.copy()
    xy[0, 0] += [0, 68]
    moved = pair_up(scene.truth.people.xy, xy, "ibug68", seen=seen)
    assert values(Nme("pixels"), moved).get("NME") == 0.0
    assert values(Nme("pixels", points=Points.ALL), moved).get("NME") == 1.0


def test_pupils_are_means_of_points() -> None:
    truth = np.zeros((1, 68, 2))
    truth[0, 36:42, 0] = [0, 2, 4, 0, 2, 4]
    truth[0, 42:48, 0] = [12, 12, 12, 12, 12, 12]
    predicted = truth + np.array([1.0, 0.0])
    assert values(Nme("pupil"), pair_up(truth, predicted, "ibug68")).get("NME") == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("by", "length"),
    [
        ("box_sqrt", 20.0),
        ("box_side", 40.0),
        ("box_diag", math.sqrt(1700)),
        ("landmark_sqrt", 60.0),
        ("landmark_diag", math.sqrt(30**2 + 120**2)),
        ("longest_side", 120.0),
        ("face_size", 25.0),
    ],
)
def test_box_normalisers(by: str, length: float) -> None:
    truth = np.zeros((1, 19, 2))
    truth[0, 3] = [30, 120]
    scene = pair_up(
        truth,
        truth + np.array([0, 7.0]),
        "aflw19",
        box=[[10, 10, 20, 50]],
        extra={"face_size": np.array([25.0])},
    )
    assert values(Nme(by), scene).get("NME") == pytest.approx(7 / length)


def test_no_default_without_a_customary_normaliser() -> None:
    scene = pair_up(np.zeros((1, 19, 2)), np.zeros((1, 19, 2)), "aflw19")
    with pytest.raises(UsageError, match="one of head, bbox, box_side") as caught:
        Nme().tally(scene)
    assert caught.value.code == "P119"


def test_eyes_in_one_place_are_refused() -> None:
    scene = pair_up(np.zeros((1, 68, 2)), np.zeros((1, 68, 2)), "ibug68")
    with pytest.raises(ValueRangeError, match="0 pixels") as caught:
        Nme().tally(scene)
    assert caught.value.code == "P304"


def test_a_missing_prediction_fails_its_image_and_leaves_the_mean_undefined() -> None:
    given = np.full((2, 68), 2)
    given[1, 4] = 0
    found = values(Nme(), faces([0.0, 0.0], given=given))
    assert math.isnan(found.get("NME"))
    assert found[0].why == "1 labelled landmarks have no prediction, or an infinite one"
    assert found.get("FR@0.1") == 0.5
    assert found.get("AUC@0.1") == 0.5


def test_yaw_bins_are_balanced() -> None:
    yaw = np.array([0.0, -30.0, 31.0, 61.0])
    scene = faces([1.0, 3.0, 4.0, 9.0], extra={"yaw": yaw})
    found = values(Nme("outer_eye", bins=(30.0, 60.0)), scene)
    assert found.get("NME") == pytest.approx((0.02 + 0.04 + 0.09) / 3)
    assert found.get("NME_plain") == pytest.approx(0.0425)
    assert found.get("NME", slice="yaw<=30") == pytest.approx(0.02)
    assert found.get("NME", slice="yaw>60") == pytest.approx(0.09)


def test_an_empty_yaw_bin_leaves_the_balanced_mean_undefined() -> None:
    found = values(Nme("outer_eye", bins=(30.0, 60.0)), faces([1.0], extra={"yaw": np.array([0.0])}))
    assert math.isnan(found.get("NME"))
    assert found[0].why == "a yaw bin is empty"


def test_yaw_bins_need_yaw() -> None:
    with pytest.raises(UsageError, match="yaw") as caught:
        Nme("outer_eye", bins=(30.0,)).tally(faces([1.0]))
    assert caught.value.code == "P185"


def test_the_grid_overshoots_for_some_thresholds() -> None:
    assert grid_points(0.08, Grid.PIPNET)[-1] == pytest.approx(0.08)
    assert grid_points(0.05, Grid.PIPNET)[-1] == pytest.approx(0.0501)
    errors = np.array([0.05005])
    curve = ErrorCurve(errors, np.ones(1, dtype=np.int64))
    assert curve.share(grid_points(0.05, Grid.PIPNET)[-1]) == 1.0
    assert curve.share(0.05) == 0.0


@pytest.mark.parametrize("count", [2, 3, 4, 51, 502, 1001])
def test_simpson_agrees_with_scipy(count: int) -> None:
    rng = np.random.default_rng(count)
    x = np.arange(count) * 1e-4
    y = rng.random(count)
    assert simpson(y, x) == pytest.approx(float(scipy_simpson(y, x=x)), rel=1e-12)


@pytest.mark.parametrize("count", [2, 3, 4, 5, 6, 7, 12])
def test_simpson_of_points_of_any_distance_agrees_with_scipy(count: int) -> None:
    rng = np.random.default_rng(count)
    x = 3.0 + np.cumsum(rng.uniform(0.1, 2, count))
    y = rng.normal(size=count)
    assert simpson(y, x) == pytest.approx(float(scipy_simpson(y, x=x)), rel=1e-12)


def test_median_with_multiplicities_is_that_of_the_written_out_list() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        error, each = rng.random(5), rng.integers(1, 4, 5)
        assert ErrorCurve(error, each).median() == np.median(np.repeat(error, each))


def test_directions_and_names() -> None:
    metric = Nme("pupil", at=(0.08, 0.1), grid=Grid.SBR, bins=(30.0, 60.0))
    assert metric.direction("NME") is Direction.LOWER
    assert metric.direction("FR@0.1") is Direction.LOWER
    assert metric.direction("AUC@0.1") is Direction.HIGHER
    assert str(metric) == "nme(by=pupil,at=0.08/0.1,grid=sbr,bins=30/60)"
    assert parse(str(metric)) == metric


def test_nothing_labelled_is_undefined() -> None:
    found = values(Nme(), faces([1.0], np.zeros((1, 68))))
    assert math.isnan(found.get("NME"))
    assert math.isnan(found.get("AUC@0.1"))


@pytest.mark.parametrize("count", [1, 9, 10, 25, 40])
def test_the_trimmed_mean_is_scipys(count: int) -> None:
    rng = np.random.default_rng(count)
    error, each = rng.gamma(1.0, size=count), rng.integers(0, 4, count)
    each[0] = 1
    found = ErrorCurve(error, each).trimmed_mean(0.1)
    assert found == pytest.approx(trim_mean(np.repeat(error, each), 0.1))


def test_median_and_trimmed_mean_are_in_the_summary_and_survive_a_lost_image() -> None:
    aligned = faces([float(e) for e in range(1, 21)])
    found = Nme().headline(values(Nme(), aligned))
    assert found["NME_median"] == pytest.approx(0.105)
    assert found["NME_trimmed"] == pytest.approx(0.105)
    lost = ErrorCurve(np.array([0.1] * 19 + [np.inf]), np.ones(20, dtype=np.int64))
    assert (lost.median(), lost.trimmed_mean(0.1)) == pytest.approx((0.1, 0.1))


def test_half_a_place_is_none_where_all_points_count() -> None:
    """Of 68 points one has no x in the ground truth and is not predicted."""
    truth = np.zeros((1, 68, 2))
    truth[0, 0] = [np.nan, 5]
    given = np.full((1, 68), 2)
    given[0, 0] = 0
    scene = pair_up(truth, np.full((1, 68, 2), (3.0, 4.0)), "ibug68", seen=given, given=given)
    assert values(Nme("pixels", points=Points.ALL), scene).get("NME") == 5


@pytest.mark.filterwarnings("error")
def test_a_face_without_a_landmark_counts_nowhere_and_divides_nothing() -> None:
    seen = np.full((3, 68), 2)
    seen[1] = 0
    found = values(Nme("pixels", at=(5.0,)), faces([2.0, 9.0, 4.0], seen))
    assert found.get("NME") == pytest.approx(3.0)
    assert found.get("FR@5") == 0.0
    assert found.where(statistic="NME", joint="")[0].n == 2


def test_the_trimmed_mean_leaves_out_a_tenth_of_the_images_at_either_end() -> None:
    """Of 1, 4, 9 ... 100 pixels the least and the largest: 4 to 81 remain."""
    found = Nme().headline(values(Nme(), faces([float(e * e) for e in range(1, 11)])))
    assert found["NME_trimmed"] == pytest.approx(sum(e * e for e in range(2, 10)) / 8 / 100)
