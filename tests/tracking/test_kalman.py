"""The split filters equal filters with full matrices."""

from __future__ import annotations

import numpy as np
import pytest

from poseval.poses import Floats
from poseval.tracking.kalman import (
    AreaRatioMotion,
    RatioHeightMotion,
    from_area_ratio,
    from_ratio_height,
    to_area_ratio,
    to_ratio_height,
)
from tests.oracles.trackers import Dense


def boxes(rng: np.random.Generator, frames: int) -> Floats:
    """A box that drifts and grows with noise [T, 4]."""
    t = np.arange(frames)[:, None]
    base = np.array([100.0, 200.0, 180.0, 400.0]) + t * np.array([3.0, -2.0, 4.0, -1.0])
    return base + rng.normal(0, 2, (frames, 4))


def test_area_ratio_motion_equals_full_matrices() -> None:
    rng = np.random.default_rng(5)
    many = np.stack([boxes(rng, 12) for _ in range(3)], axis=1)
    filters = AreaRatioMotion.start(many[0])
    twins = [
        Dense(z, AreaRatioMotion.START_POSITION, AreaRatioMotion.START_VELOCITY)
        for z in to_area_ratio(many[0])
    ]
    for t in range(1, 12):
        predicted = AreaRatioMotion.predict(filters)
        for twin in twins:
            twin.predict(AreaRatioMotion.MOVE_POSITION, AreaRatioMotion.MOVE_VELOCITY)
        np.testing.assert_allclose(filters.x, [twin.x[:4] for twin in twins], rtol=1e-10)
        np.testing.assert_allclose(from_area_ratio(filters.x), predicted)
        rows = np.array([0, 2]) if t % 3 == 0 else np.arange(3)
        AreaRatioMotion.update(filters, rows, many[t, rows])
        for row in rows:
            twins[row].update(to_area_ratio(many[t])[row], AreaRatioMotion.MEASURED)
        np.testing.assert_allclose(filters.v, [twin.x[4:] for twin in twins], rtol=1e-9, atol=1e-9)
        full = np.array([twin.p for twin in twins])
        np.testing.assert_allclose(filters.pp, np.diagonal(full[:, :4, :4], axis1=1, axis2=2), rtol=1e-9)
        np.testing.assert_allclose(filters.pv, np.diagonal(full[:, :4, 4:], axis1=1, axis2=2), rtol=1e-7)


def test_ratio_height_motion_equals_full_matrices() -> None:
    track = boxes(np.random.default_rng(6), 10)
    filters = RatioHeightMotion.start(track[:1])
    first = to_ratio_height(track[:1])[0]

    def variance(height: float, share: float, ratio: float) -> Floats:
        return np.square([share * height, share * height, ratio, share * height])

    twin = Dense(first, variance(first[3], 2 / 20, 1e-2), variance(first[3], 10 / 160, 1e-5))
    for t in range(1, 10):
        height = float(twin.x[3])
        twin.predict(variance(height, 1 / 20, 1e-2), variance(height, 1 / 160, 1e-5))
        RatioHeightMotion.predict(filters)
        twin.update(to_ratio_height(track[t : t + 1])[0], variance(float(twin.x[3]), 1 / 20, 1e-1))
        RatioHeightMotion.update(filters, np.array([0]), track[t : t + 1])
        np.testing.assert_allclose(filters.x[0], twin.x[:4], rtol=1e-10)
        np.testing.assert_allclose(filters.v[0], twin.x[4:], rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize(
    ("there", "back"), [(to_area_ratio, from_area_ratio), (to_ratio_height, from_ratio_height)]
)
def test_box_forms_come_back(there, back) -> None:  # type: ignore[no-untyped-def]
    box = boxes(np.random.default_rng(1), 8)
    np.testing.assert_allclose(back(there(box)), box, rtol=1e-12)


def test_area_never_predicted_negative() -> None:
    filters = AreaRatioMotion.start(np.array([[0.0, 0.0, 10.0, 10.0]]))
    filters.v[0, 2] = -500.0
    assert np.isfinite(AreaRatioMotion.predict(filters)).all()
    assert filters.v[0, 2] == 0.0


def test_variances_are_those_of_the_reference_code() -> None:
    """SORT's in the units of its state, ByteTrack's in heights."""
    assert AreaRatioMotion.START_POSITION.tolist() == [10, 10, 10, 10]
    assert AreaRatioMotion.START_VELOCITY.tolist() == [1e4, 1e4, 1e4, 0]
    assert AreaRatioMotion.MOVE_POSITION.tolist() == [1, 1, 1, 1]
    assert AreaRatioMotion.MOVE_VELOCITY.tolist() == [1e-2, 1e-2, 1e-4, 0]
    assert AreaRatioMotion.MEASURED.tolist() == [1, 1, 10, 10]
    assert (RatioHeightMotion.POSITION, RatioHeightMotion.VELOCITY) == (1 / 20, 1 / 160)
    assert (RatioHeightMotion.RATIO, RatioHeightMotion.RATIO_VELOCITY) == (1e-2, 1e-5)
    assert RatioHeightMotion.RATIO_MEASURED == 1e-1
