"""One-euro smoothing of tracked joints: an optional step after tracking that changes only coordinates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from poseval.errors import number_of
from poseval.poses import Bools, Floats, Ints, Notice, PoseSet
from poseval.tracking.base import UNTRACKED, Config


@dataclass(frozen=True)
class OneEuro(Config):
    """A low-pass filter whose cutoff grows with the speed of the joint.

    A joint at rest is smoothed with a cutoff of `min_cutoff` hertz, one that moves at v pixels per second
    with `min_cutoff` + `beta` * v; the speed itself is smoothed with `speed_cutoff`. `rate` is in frames per
    second. A joint unseen for more than `gap` frames starts anew.
    """

    min_cutoff: float = 1.0
    beta: float = 0.02
    speed_cutoff: float = 1.0
    rate: float = 25.0
    gap: int = 10

    name: ClassVar[str] = "one_euro"
    summary: ClassVar[str] = "low-pass filter that follows fast motion"
    source: ClassVar[str] = "Casiez, Roussel and Vogel 2012"

    def __post_init__(self) -> None:
        tiny = 1e-9
        self._bounded(
            min_cutoff=(tiny, np.inf),
            beta=(0.0, np.inf),
            speed_cutoff=(tiny, np.inf),
            rate=(tiny, np.inf),
            gap=(1, np.inf),
        )


def smooth(poses: PoseSet, config: OneEuro | None = None) -> PoseSet:
    """The same people with `xy` of tracked, seen joints smoothed along their tracks.

    Identities, scores, flags, boxes and the order of rows stay. Rows without a track stay as they are, and
    so does a second row of one track in one frame.
    """
    config = config or OneEuro()
    people, frames = poses.people, poses.frames
    xy = np.array(people.xy)
    moved = np.zeros(people.seen.shape, dtype=np.bool_)
    start = poses.frame_start()
    for sequence in np.unique(frames.sequence):
        members = np.flatnonzero(frames.sequence == sequence)
        members = members[np.argsort(frames.number[members], kind="stable")]
        inside = np.isin(people.frame, members) & (people.track != UNTRACKED)
        names = np.unique(people.track[inside])
        state = _Filter(config, len(names), people.xy.shape[1])
        for row in members.tolist():
            here = np.arange(start[row], start[row + 1])
            here = here[people.track[here] != UNTRACKED]
            tracks, first = np.unique(people.track[here], return_index=True)
            here = here[first]
            seen = people.seen[here] > 0
            smoothed = state.step(np.searchsorted(names, tracks), xy[here], seen, int(frames.number[row]))
            moved[here] = seen
            xy[here] = np.where(seen[:, :, None], smoothed, xy[here])
    count = int(moved.sum())
    done = replace(poses, people=people.with_columns(xy=xy))
    return done.with_notices([Notice("N163", f"smoothed by {config}: {number_of(count, 'joint')}", count)])


class _Filter:
    """State of all joints of all tracks of one sequence."""

    def __init__(self, config: OneEuro, tracks: int, joints: int) -> None:
        self._config = config
        self._place = np.zeros((tracks, joints, 2))
        self._speed = np.zeros((tracks, joints, 2))  # pixels a second
        self._number = np.full((tracks, joints), np.iinfo(np.int32).min, dtype=np.int64)  # frame last seen

    def step(self, tracks: Ints, xy: Floats, seen: Bools, number: int) -> Floats:
        """Smoothed joints [n, K, 2] of tracks [n] in the frame of this number; unseen ones as they are."""
        config = self._config
        gap = np.maximum(number - self._number[tracks], 1)
        known = (seen & (gap <= config.gap))[:, :, None]
        seconds = (gap / config.rate)[:, :, None]
        before = self._place[tracks]
        raw = np.where(known, (xy - before) / seconds, 0.0)
        old = np.where(known, self._speed[tracks], 0.0)
        speed = old + _share(config.speed_cutoff, seconds) * (raw - old)
        pace = np.sqrt(np.square(speed).sum(axis=2, keepdims=True))
        share = np.where(known, _share(config.min_cutoff + config.beta * pace, seconds), 1.0)
        place = np.where(known, before + share * (xy - before), xy)
        keep = seen[:, :, None]
        self._place[tracks] = np.where(keep, place, before)
        self._speed[tracks] = np.where(keep, speed, self._speed[tracks])
        self._number[tracks] = np.where(seen, number, self._number[tracks])
        return place


def _share(cutoff: float | Floats, seconds: Floats) -> Floats:
    """Weight of the new value in a first-order low-pass filter of a cutoff in hertz."""
    turn: Floats = 2 * np.pi * cutoff * seconds
    return turn / (turn + 1)
