"""Pairs of true people and their likely predictions, found by position or by shape."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from poseval.poses import Bools, Floats, Ints, People
from poseval.poses.aligned import Aligned

LOOKED_AT = 1000  # people; more do not change a median
LOOKED_AT_IN_CROWDS = 500  # people of frames with several predictions, each of which has to be compared
LOOKED_AT_BY_SHAPE = 100
ENOUGH = 20  # times as many rows as are wanted hold enough people with labels and predictions
LIKE = 0.5  # mean difference of two shapes of unit spread, below which they can be of one pose
FEWEST = 8  # people that share a joint, below which nothing is suspected
FEWEST_PLACED = 3  # people whose whole pose is compared
FEWEST_JOINTS = 12  # of them all
MOST_JOINTS = 24  # of a skeleton that tell its shape
PLACE = 0.2  # of a shape, for the place among the people of the frame: it tells people of one shape apart
IN_COMMON = 3  # joints that two poses share, for a shape


@dataclass(frozen=True, eq=False)
class Partners:
    """True and predicted coordinates [M, K, 2] of M people, whether both are known [M, K], and their frames.

    `size` [M] is the longer side of each true person, in pixels.
    """

    truth: Floats
    theirs: Floats
    known: Bools
    frame: Ints
    size: Floats

    @property
    def tell(self) -> bool:
        """Whether there are enough pairs to suspect a mistake."""
        return len(self.truth) >= FEWEST_PLACED and int(self.known.sum()) >= FEWEST_JOINTS

    def some(self, most: int) -> Partners:
        """At most this many of them, evenly spread."""
        if len(self.truth) <= most:
            return self
        kept = np.linspace(0, len(self.truth) - 1, most).astype(np.int64)
        return Partners(
            self.truth[kept], self.theirs[kept], self.known[kept], self.frame[kept], self.size[kept]
        )

    def error(self, theirs: Floats) -> float:
        """Median distance of `theirs` [M, K, 2] from the ground truth, in sizes of the person."""
        with np.errstate(invalid="ignore", over="ignore"):  # sizes may be beyond measure
            relative = distance(theirs, self.truth) / self.size[:, None]
        return float(middle(np.where(np.isfinite(relative), relative, np.inf)[self.known]))


def by_place(aligned: Aligned, most: int | None = None) -> Partners:
    """People and the prediction of their frame; where there are several, the nearest."""
    kept = _kept(aligned, most)
    return _partners(aligned, kept, _nearest(aligned.truth.people, aligned.predictions.people, kept))


def by_shape(aligned: Aligned, exchanged: bool) -> Partners:
    """People and the prediction of their frame that is most like them wherever it lies, and however large.

    Width and height are compared apart; `exchanged` takes the predictions' x for y. People whom no prediction
    is like are left out.
    """
    truth, predictions = aligned.truth.people, aligned.predictions.people
    kept = _kept(aligned, LOOKED_AT_BY_SHAPE)
    joints = np.arange(truth.xy.shape[1])
    if len(joints) > MOST_JOINTS:
        joints = np.linspace(0, len(joints) - 1, MOST_JOINTS).astype(np.int64)
    rows, person, start = _candidates(truth, predictions, kept)
    mine, theirs = kept[person][:, None], rows[:, None]
    known = (truth.seen[mine, joints] > 0) & (predictions.seen[theirs, joints] > 0)
    xy = predictions.xy[theirs, joints]
    differ = np.abs(_shape(truth.xy[mine, joints], known) - _shape(xy[..., ::-1] if exchanged else xy, known))
    count = known.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        apart = np.where(known[..., None], differ, 0.0).sum(axis=(1, 2)) / (2 * count)
    apart[~np.isfinite(apart) | (count < IN_COMMON)] = np.inf
    wanted = np.zeros(len(aligned.truth.frames), dtype=np.bool_)
    wanted[truth.frame[kept]] = True
    places = _places(truth, wanted)[kept][person]
    places -= _places(predictions, wanted)[rows][:, :: -1 if exchanged else 1]
    apart += PLACE * np.abs(places).mean(axis=1)
    best = np.lexsort((apart, person))[start]
    like = apart[best] < LIKE
    return _partners(aligned, kept[like], rows[best[like]])


def _shape(xy: Floats, known: Bools) -> Floats:
    """Points [P, K, 2] around their middle, x and y in units of their own spread."""
    count = np.maximum(known.sum(axis=1), 1)[:, None, None]
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        points = np.where(known[..., None], xy, 0.0)
        points = np.where(known[..., None], points - points.sum(axis=1, keepdims=True) / count, 0.0)
        spread = np.sqrt((points * points).sum(axis=1, keepdims=True) / count)
        return np.asarray(points / np.maximum(spread, 1e-3 * spread.max(axis=2, keepdims=True)))


def _places(people: People, wanted: Bools) -> Floats:
    """Where people of wanted frames [F] stand in them from left to right and top to bottom [N, 2]: 0 to 1."""
    out = np.zeros((len(people), 2))
    rows = np.flatnonzero(wanted[people.frame])
    frame = people.frame[rows]
    at = _middles(people.xy[rows], people.seen[rows] > 0)
    first = np.searchsorted(frame, frame)
    count = np.searchsorted(frame, frame, side="right") - first
    for axis in (0, 1):
        order = np.lexsort((at[:, axis], frame))
        out[rows[order], axis] = (np.arange(len(rows)) - first[order] + 0.5) / count[order]
    return out


def _kept(aligned: Aligned, most: int | None) -> Ints:
    """Rows [M] of true people with a label whose frame holds a prediction."""
    truth, predictions = aligned.truth.people, aligned.predictions.people
    count = np.bincount(predictions.frame, minlength=len(aligned.truth.frames))
    rows = np.arange(len(truth))
    if most is None:
        most = LOOKED_AT if not len(count) or count.max() <= 1 else LOOKED_AT_IN_CROWDS
    elif len(rows) > ENOUGH * most:
        rows = rows[:: len(rows) // (ENOUGH * most)]
    rows = rows[(count > 0)[truth.frame[rows]] & np.logical_or.reduce(truth.seen[rows] > 0, axis=1)]
    if len(rows) > most:
        rows = rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]
    return np.asarray(rows, dtype=np.int64)


def _partners(aligned: Aligned, kept: Ints, row: Ints) -> Partners:
    truth, predictions = aligned.truth.people, aligned.predictions.people
    labelled = truth.seen[kept] > 0
    known: Bools = labelled & (predictions.seen[row] > 0)
    xy = truth.xy[kept]
    low = np.where(labelled[..., None], xy, np.inf).min(axis=1)
    high = np.where(labelled[..., None], xy, -np.inf).max(axis=1)
    with np.errstate(over="ignore", invalid="ignore"):
        size = np.maximum((high - low).max(axis=1, initial=0), 1.0)
    return Partners(xy, predictions.xy[row], known, truth.frame[kept], size)


def _candidates(truth: People, predictions: People, kept: Ints) -> tuple[Ints, Ints, Ints]:
    """Rows [P] of predictions in the frames of true people, whose they are [P], and where each begins [M]."""
    first = np.searchsorted(predictions.frame, truth.frame[kept])
    count = np.searchsorted(predictions.frame, truth.frame[kept], side="right") - first
    start = np.cumsum(count) - count
    rows = np.repeat(first - start, count) + np.arange(count.sum())
    return rows.astype(np.int64), np.repeat(np.arange(len(kept)), count), start.astype(np.int64)


def _nearest(truth: People, predictions: People, kept: Ints) -> Ints:
    """Row [M] of the prediction in the frame of each true person; where there are several, the nearest.

    Nearest by the middle of their joints, which no order of joints changes.
    """
    rows, person, start = _candidates(truth, predictions, kept)
    if len(rows) == len(kept):
        return rows
    used, place = np.unique(rows, return_inverse=True)
    theirs = _middles(predictions.xy[used], predictions.seen[used] > 0)[place]
    mine = _middles(truth.xy[kept], truth.seen[kept] > 0)[person]
    return np.asarray(rows[np.lexsort((distance(theirs, mine), person))[start]], dtype=np.int64)


def _middles(xy: Floats, known: Bools) -> Floats:
    """Mean [N, 2] of the known joints."""
    total = np.where(known[..., None], xy, 0.0).sum(axis=1)
    return np.asarray(total / np.maximum(known.sum(axis=1), 1)[:, None])


def distance(a: Floats, b: Floats) -> Floats:
    """Distance of points [..., 2] in pixels."""
    with np.errstate(over="ignore", invalid="ignore"):
        x, y = a[..., 0] - b[..., 0], a[..., 1] - b[..., 1]
        return np.asarray(np.sqrt(x * x + y * y))


def middle(values: Floats) -> Floats:
    """Lower median along the first axis. (NumPy's own imports masked arrays, which is slow.)"""
    half = (len(values) - 1) // 2
    return np.asarray(np.partition(values, half, axis=0)[half])


def spread(xy: Floats, known: Bools) -> Floats:
    """Root mean square distance [M] of the known joints from their middle."""
    count = np.maximum(known.sum(axis=1), 1)[:, None, None]
    with np.errstate(over="ignore", invalid="ignore"):
        points = np.where(known[..., None], xy, 0.0)
        points = np.where(known[..., None], points - points.sum(axis=1, keepdims=True) / count, 0.0)
        return np.asarray(np.sqrt((points * points).sum(axis=(1, 2)) / count[:, 0, 0]))


def variation(people: People) -> float:
    """Median distance of the joints of one person from those of the next, in spreads of a pose."""
    rows = np.linspace(0, len(people) - 1, min(len(people), LOOKED_AT_BY_SHAPE)).astype(np.int64)
    xy, known = people.xy[rows], people.seen[rows] > 0
    both = known & np.roll(known, 1, axis=0)
    if not both.any():
        return 0.0
    apart = float(middle(distance(xy, np.roll(xy, 1, axis=0))[both]))
    return apart / max(float(middle(spread(xy, known))), 1e-12)
