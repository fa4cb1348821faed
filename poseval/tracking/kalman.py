"""Kalman filters for boxes of many tracks at once, and the two box forms that SORT and ByteTrack use.

Both trackers move each number of a box with its own constant velocity, start with a diagonal covariance and
add diagonal noise. Such a filter falls apart into one filter of position and velocity per number, so the
covariance is three numbers instead of a matrix and all tracks update in a few array operations; the result
equals that of the full matrices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from poseval.poses import Array, Floats


@dataclass(eq=False)
class Filters:
    """Position and velocity of D numbers of n tracks, and their covariances.

    `vv` 0 with no velocity noise keeps a number without velocity.
    """

    x: Floats  # [n, D] position
    v: Floats  # [n, D] velocity per frame
    pp: Floats  # [n, D] variance of position
    pv: Floats  # [n, D] covariance of position and velocity
    vv: Floats  # [n, D] variance of velocity

    def __len__(self) -> int:
        return len(self.x)

    @staticmethod
    def start(x: Floats, position: Floats, velocity: Floats) -> Filters:
        """Tracks that stand still at `x` [n, D], with variances of shape [n, D] or [D]."""
        zero = np.zeros_like(x)
        return Filters(x.copy(), zero, zero + position, zero.copy(), zero + velocity)

    def take(self, rows: Array | slice) -> Filters:
        """Copies of these tracks."""
        return Filters(self.x[rows], self.v[rows], self.pp[rows], self.pv[rows], self.vv[rows])

    def put(self, rows: Array, other: Filters) -> None:
        """Overwrite these tracks."""
        self.x[rows], self.v[rows] = other.x, other.v
        self.pp[rows], self.pv[rows], self.vv[rows] = other.pp, other.pv, other.vv

    @staticmethod
    def join(first: Filters, second: Filters) -> Filters:
        """The tracks of both."""
        return Filters(
            np.concatenate([first.x, second.x]),
            np.concatenate([first.v, second.v]),
            np.concatenate([first.pp, second.pp]),
            np.concatenate([first.pv, second.pv]),
            np.concatenate([first.vv, second.vv]),
        )

    def predict(self, position: Floats, velocity: Floats) -> None:
        """One frame on, with process noise variances of shape [n, D] or [D]."""
        self.x = self.x + self.v
        self.pp = self.pp + 2 * self.pv + self.vv + position
        self.pv = self.pv + self.vv
        self.vv = self.vv + velocity

    def update(self, rows: Array, seen: Floats, noise: Floats) -> None:
        """Correct the tracks `rows` [k] by measurements `seen` [k, D] with variances [k, D] or [D]."""
        pp, pv = self.pp[rows], self.pv[rows]
        whole = pp + noise
        gain, gain_v = pp / whole, pv / whole
        miss = seen - self.x[rows]
        self.x[rows] += gain * miss
        self.v[rows] += gain_v * miss
        self.pp[rows] = pp * (1 - gain)
        self.pv[rows] = pv * (1 - gain)
        self.vv[rows] -= gain_v * pv


def to_area_ratio(box: Floats) -> Floats:
    """Boxes [n, 4] as centre x, centre y, area and width / height, the form of SORT."""
    width, height = box[:, 2] - box[:, 0], box[:, 3] - box[:, 1]
    return np.stack([box[:, 0] + width / 2, box[:, 1] + height / 2, width * height, width / height], axis=1)


def from_area_ratio(state: Floats) -> Floats:
    """Boxes [n, 4] of states in the form of SORT; NaN where area or ratio is negative."""
    with np.errstate(invalid="ignore", divide="ignore"):
        width = np.sqrt(state[:, 2] * state[:, 3])
        half = np.stack([width, state[:, 2] / width], axis=1) / 2
    return np.concatenate([state[:, :2] - half, state[:, :2] + half], axis=1)


def to_ratio_height(box: Floats) -> Floats:
    """Boxes [n, 4] as centre x, centre y, width / height and height, the form of ByteTrack."""
    width, height = box[:, 2] - box[:, 0], box[:, 3] - box[:, 1]
    return np.stack([box[:, 0] + width / 2, box[:, 1] + height / 2, width / height, height], axis=1)


def from_ratio_height(state: Floats) -> Floats:
    """Boxes [n, 4] of states in the form of ByteTrack."""
    half = np.stack([state[:, 2] * state[:, 3], state[:, 3]], axis=1) / 2
    return np.concatenate([state[:, :2] - half, state[:, :2] + half], axis=1)


class AreaRatioMotion:
    """The motion model of SORT and OC-SORT: the ratio of the sides has no velocity.

    Variances are those of the SORT reference code (measurement, start and process noise in the units of the
    state: pixels, square pixels, ratio).
    """

    START_POSITION = np.array([10.0, 10.0, 10.0, 10.0])
    START_VELOCITY = np.array([1e4, 1e4, 1e4, 0.0])  # unknown speed: a large variance
    MOVE_POSITION = np.array([1.0, 1.0, 1.0, 1.0])
    MOVE_VELOCITY = np.array([1e-2, 1e-2, 1e-4, 0.0])
    MEASURED = np.array([1.0, 1.0, 10.0, 10.0])

    @classmethod
    def start(cls, box: Floats) -> Filters:
        """Filters at boxes [n, 4]."""
        return Filters.start(to_area_ratio(box), cls.START_POSITION, cls.START_VELOCITY)

    @classmethod
    def predict(cls, filters: Filters) -> Floats:
        """One frame on; boxes [n, 4], NaN where the state became impossible."""
        shrinking = filters.x[:, 2] + filters.v[:, 2] <= 0
        filters.v[shrinking, 2] = 0.0
        filters.predict(cls.MOVE_POSITION, cls.MOVE_VELOCITY)
        return from_area_ratio(filters.x)

    @classmethod
    def update(cls, filters: Filters, rows: Array, box: Floats) -> None:
        """Correct tracks by their boxes [k, 4]."""
        filters.update(rows, to_area_ratio(box), cls.MEASURED)


class RatioHeightMotion:
    """The motion model of ByteTrack: noise grows with the height of the box."""

    POSITION = 1 / 20  # standard deviation of a position, in heights
    VELOCITY = 1 / 160  # standard deviation of a velocity, in heights per frame
    RATIO = 1e-2  # standard deviation of the ratio of the sides
    RATIO_VELOCITY = 1e-5
    RATIO_MEASURED = 1e-1

    @classmethod
    def _variance(cls, height: Floats, share: float, ratio: float) -> Floats:
        deviation = np.repeat((height * share)[:, None], 4, axis=1)
        deviation[:, 2] = ratio
        return np.square(deviation, out=deviation)

    @classmethod
    def start(cls, box: Floats) -> Filters:
        """Filters at boxes [n, 4]."""
        x = to_ratio_height(box)
        position = cls._variance(x[:, 3], 2 * cls.POSITION, cls.RATIO)
        return Filters.start(x, position, cls._variance(x[:, 3], 10 * cls.VELOCITY, cls.RATIO_VELOCITY))

    @classmethod
    def predict(cls, filters: Filters) -> Floats:
        """One frame on; boxes [n, 4]."""
        height = filters.x[:, 3]
        filters.predict(
            cls._variance(height, cls.POSITION, cls.RATIO),
            cls._variance(height, cls.VELOCITY, cls.RATIO_VELOCITY),
        )
        return from_ratio_height(filters.x)

    @classmethod
    def update(cls, filters: Filters, rows: Array, box: Floats) -> None:
        """Correct tracks by their boxes [k, 4]."""
        noise = cls._variance(filters.x[rows, 3], cls.POSITION, cls.RATIO_MEASURED)
        filters.update(rows, to_ratio_height(box), noise)
