"""Plain twins of SORT, ByteTrack and OC-SORT: one object a track, loops, full covariance matrices."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linear_sum_assignment

from poseval.poses import Floats
from poseval.tracking.bytetrack import ByteTrack
from poseval.tracking.ocsort import OcSort
from poseval.tracking.sort import Sort


class Dense:
    """One track with a full covariance: textbook Kalman filter of constant velocity."""

    def __init__(self, x: Floats, position: Floats, velocity: Floats) -> None:
        count = len(x)
        self.x = np.concatenate([x, np.zeros(count)])
        self.p = np.diag(np.concatenate([position, velocity]))
        self.f = np.block([[np.eye(count), np.eye(count)], [np.zeros((count, count)), np.eye(count)]])
        self.h = np.eye(count, 2 * count)

    def copy(self) -> Dense:
        out = Dense(np.zeros(4), np.zeros(4), np.zeros(4))
        out.x, out.p = self.x.copy(), self.p.copy()
        return out

    def predict(self, position: Floats, velocity: Floats) -> None:
        self.x = self.f @ self.x
        self.p = self.f @ self.p @ self.f.T + np.diag(np.concatenate([position, velocity]))

    def update(self, z: Floats, noise: Floats) -> None:
        gain = self.p @ self.h.T @ np.linalg.inv(self.h @ self.p @ self.h.T + np.diag(noise))
        self.x = self.x + gain @ (z - self.h @ self.x)
        self.p = (np.eye(len(self.x)) - gain @ self.h) @ self.p


def iou(a: Floats, b: Floats) -> float:
    """Intersection over union of two boxes."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    inter = max(width, 0.0) * max(height, 0.0)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - inter
    return inter / union if union > 0 else 0.0


def gated(value: Floats, alike: Floats, floor: float) -> list[tuple[int, int]]:
    """SORT's pairs: the best total, of which pairs that are not alike enough are undone."""
    if not alike.size:
        return []
    fit = alike > floor
    if fit.any() and fit.sum(axis=0).max() == 1 and fit.sum(axis=1).max() == 1:
        return [(int(row), int(column)) for row, column in np.argwhere(fit)]
    pairs = zip(*linear_sum_assignment(-value), strict=True)
    return [(int(row), int(column)) for row, column in pairs if alike[row, column] >= floor]


def limited(alike: Floats, floor: float) -> list[tuple[int, int]]:
    """ByteTrack's pairs: the least total cost where leaving two alone costs the limit."""
    rows, columns = alike.shape
    size = rows + columns
    table = np.full((size, size), (1 - floor) / 2)
    table[rows:, columns:] = 0.0
    table[:rows, :columns] = np.where(alike >= floor, 1 - alike, 1e6)
    pairs = zip(*linear_sum_assignment(table), strict=True)
    return [(int(row), int(column)) for row, column in pairs if row < rows and column < columns]


def area_form(box: Floats) -> Floats:
    """Centre, area and ratio of a box."""
    width, height = box[2] - box[0], box[3] - box[1]
    return np.array([box[0] + width / 2, box[1] + height / 2, width * height, width / height])


def from_area_form(x: Floats) -> Floats:
    """The box of a centre, an area and a ratio."""
    width = math.sqrt(x[2] * x[3]) if x[2] * x[3] >= 0 else math.nan
    height = x[2] / width
    return np.array([x[0] - width / 2, x[1] - height / 2, x[0] + width / 2, x[1] + height / 2])


POSITION, VELOCITY = np.full(4, 10.0), np.array([1e4, 1e4, 1e4, 0.0])
MOVED, SPED = np.ones(4), np.array([1e-2, 1e-2, 1e-4, 0.0])
MEASURED = np.array([1.0, 1.0, 10.0, 10.0])


@dataclass
class Track:
    """A track of SORT or OC-SORT."""

    filter: Dense
    last: Floats
    streak: int = 0
    missed: int = 0
    age: int = 0
    identity: int = -1
    heading: Floats = field(default_factory=lambda: np.zeros(2))
    seen: dict[int, Floats] = field(default_factory=dict)  # age -> box
    frozen: Dense | None = None
    box: Floats = field(default_factory=lambda: np.zeros(4))

    @staticmethod
    def at(box: Floats) -> Track:
        return Track(Dense(area_form(box), POSITION, VELOCITY), box, seen={0: box})

    def predict(self) -> None:
        self.box = moved(self.filter)
        self.age += 1
        if self.missed == 0:
            self.frozen = self.filter.copy()
        else:
            self.streak = 0
        self.missed += 1

    def update(self, box: Floats) -> None:
        self.filter.update(area_form(box), MEASURED)
        self.streak, self.missed = self.streak + 1, 0
        self.seen[self.age], self.last = box, box


def moved(filter: Dense) -> Floats:
    """One frame on: the box expected."""
    if filter.x[2] + filter.x[6] <= 0:
        filter.x[6] = 0.0
    filter.predict(MOVED, SPED)
    return from_area_form(filter.x)


class SortTwin:
    """SORT."""

    def __init__(self, config: Sort) -> None:
        self.config, self.tracks, self.frames, self.names = config, list[Track](), 0, 0

    def step(self, box: Floats, score: Floats) -> list[int]:
        """Identity of each row."""
        self.frames += 1
        for track in self.tracks:
            track.predict()
        alike = np.array([[iou(b, track.box) for track in self.tracks] for b in box])
        owner = {row: self.tracks[t] for row, t in gated(alike, alike, self.config.iou)}
        return self.finish(box, owner)

    def finish(self, box: Floats, owner: dict[int, Track]) -> list[int]:
        """Update, begin, name and forget."""
        for row, track in owner.items():
            track.update(box[row])
        for row in range(len(box)):
            if row not in owner:
                owner[row] = Track.at(box[row])
                self.tracks.append(owner[row])
        out = []
        for row in range(len(box)):
            track = owner[row]
            ripe = track.streak >= self.config.min_hits or self.frames <= self.config.min_hits
            if ripe and track.identity < 0:
                track.identity, self.names = self.names, self.names + 1
            out.append(track.identity if ripe else -1)
        self.tracks = [track for track in self.tracks if track.missed <= self.config.max_age]
        return out


class OcSortTwin(SortTwin):
    """OC-SORT."""

    def __init__(self, config: OcSort) -> None:
        super().__init__(Sort(config.iou, config.min_hits, config.max_age))
        self.own = config

    def step(self, box: Floats, score: Floats) -> list[int]:
        """Identity of each row; -1 for rows of low score."""
        self.frames += 1
        good = [row for row in range(len(box)) if score[row] > self.own.score]
        for track in self.tracks:
            track.predict()
        alike = np.array([[iou(box[row], track.box) for track in self.tracks] for row in good])
        value = alike + np.array(
            [[self._momentum(track, box[row]) * score[row] for track in self.tracks] for row in good]
        )
        pairs = dict(gated(value, alike, self.own.iou))
        rows = [place for place in range(len(good)) if place not in pairs]
        left = [t for t in range(len(self.tracks)) if t not in pairs.values()]
        again = np.array([[iou(box[good[place]], self.tracks[t].last) for t in left] for place in rows])
        pairs |= {rows[place]: left[t] for place, t in gated(again, again, self.own.iou)}
        owner = {place: self.tracks[t] for place, t in pairs.items()}
        for place, track in owner.items():
            seen = box[good[place]]
            track.heading = direction(self._earlier(track), seen)
            if track.missed > 1:
                self._rerun(track, seen)
        named = dict(zip(good, self.finish(box[good], owner), strict=True))
        return [named.get(row, -1) for row in range(len(box))]

    def _earlier(self, track: Track) -> Floats:
        for step in range(self.own.delta, 0, -1):
            if track.age - step in track.seen:
                return track.seen[track.age - step]
        return track.last

    def _momentum(self, track: Track, box: Floats) -> float:
        cosine = float(direction(self._earlier(track), box) @ track.heading)
        angle = math.acos(min(1.0, max(-1.0, cosine)))
        return (math.pi / 2 - abs(angle)) / math.pi * self.own.inertia

    def _rerun(self, track: Track, box: Floats) -> None:
        assert track.frozen is not None
        gap, filter = track.missed, track.frozen.copy()
        for step in range(1, gap):
            filter.update(area_form(track.last + step / gap * (box - track.last)), MEASURED)
            moved(filter)
        track.filter = filter


def direction(before: Floats, now: Floats) -> Floats:
    """Unit vector between the centres of two boxes."""
    step = np.array([now[0] + now[2] - before[0] - before[2], now[1] + now[3] - before[1] - before[3]]) / 2
    return step / (math.hypot(*step) + 1e-6)


@dataclass
class ByteTrackOne:
    """A track of ByteTrack; `state` is followed, lost or tentative."""

    filter: Dense
    state: str
    born: int
    last: int
    identity: int = -1

    @property
    def box(self) -> Floats:
        x, y, ratio, height = self.filter.x[:4]
        return np.array([x - ratio * height / 2, y - height / 2, x + ratio * height / 2, y + height / 2])


def height_form(box: Floats) -> Floats:
    """Centre, ratio and height of a box."""
    width, height = box[2] - box[0], box[3] - box[1]
    return np.array([box[0] + width / 2, box[1] + height / 2, width / height, height])


def variance(height: float, share: float, ratio: float) -> Floats:
    """Variances by the height of a box."""
    return np.square([share * height, share * height, ratio, share * height])


class ByteTrackTwin:
    """ByteTrack."""

    def __init__(self, config: ByteTrack) -> None:
        self.config, self.tracks, self.frame, self.names = config, list[ByteTrackOne](), 0, 0

    def step(self, box: Floats, score: Floats) -> list[int]:
        """Identity of each row."""
        self.frame += 1
        config, owner = self.config, dict[int, ByteTrackOne]()
        for track in self.tracks:
            if track.state != "tentative":
                self._predict(track)
        pool = [track for track in self.tracks if track.state != "tentative"]
        tentative = [track for track in self.tracks if track.state == "tentative"]
        followed = [track for track in pool if track.state == "followed"]
        strong = [row for row in range(len(box)) if score[row] > config.high]
        weak = [row for row in range(len(box)) if config.low < score[row] <= config.high]
        self._round(strong, pool, box, score, config.match, owner, config.fuse_score)
        left = [track for track in followed if track not in owner.values()]
        self._round(weak, left, box, score, config.second, owner, False)
        for track in left:
            if track not in owner.values():
                track.state = "lost"
        strong = [row for row in strong if row not in owner]
        self._round(strong, tentative, box, score, config.unconfirmed, owner, config.fuse_score)
        self.tracks = [
            track for track in self.tracks if track.state != "tentative" or track in owner.values()
        ]
        for row in strong:
            if row not in owner and score[row] >= config.start:
                owner[row] = self._begin(box[row])
        out = [owner[row].identity if row in owner else -1 for row in range(len(box))]
        self.tracks = [t for t in self.tracks if t.state != "lost" or self.frame - t.last <= config.buffer]
        self._end_doubles()
        return out

    def _predict(self, track: ByteTrackOne) -> None:
        if track.state == "lost":
            track.filter.x[7] = 0.0
        height = float(track.filter.x[3])
        track.filter.predict(variance(height, 1 / 20, 1e-2), variance(height, 1 / 160, 1e-5))

    def _round(
        self,
        rows: list[int],
        tracks: list[ByteTrackOne],
        box: Floats,
        score: Floats,
        cost: float,
        owner: dict[int, ByteTrackOne],
        fuse: bool,
    ) -> None:
        alike = np.array(
            [[iou(box[row], t.box) * (score[row] if fuse else 1) for t in tracks] for row in rows]
        )
        found = limited(alike.reshape(len(rows), len(tracks)), 1 - cost)
        for place, t in found:
            track = owner[rows[place]] = tracks[t]
            noise = variance(float(track.filter.x[3]), 1 / 20, 1e-1)
            track.filter.update(height_form(box[rows[place]]), noise)
            track.state, track.last = "followed", self.frame
            if track.identity < 0:
                track.identity, self.names = self.names, self.names + 1

    def _begin(self, box: Floats) -> ByteTrackOne:
        x = height_form(box)
        filter = Dense(x, variance(x[3], 2 / 20, 1e-2), variance(x[3], 10 / 160, 1e-5))
        track = ByteTrackOne(filter, "tentative", self.frame, self.frame)
        if self.frame == 1:
            track.state, track.identity, self.names = "followed", self.names, self.names + 1
        self.tracks.append(track)
        return track

    def _end_doubles(self) -> None:
        ended = set()
        for live in self.tracks:
            for lost in self.tracks:
                if (
                    live.state != "lost"
                    and lost.state == "lost"
                    and 1 - iou(live.box, lost.box) < self.config.double
                ):
                    older = live.last - live.born > lost.last - lost.born
                    ended.add(id(lost if older else live))
        self.tracks = [track for track in self.tracks if id(track) not in ended]
