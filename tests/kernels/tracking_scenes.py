"""Random scenes for the tracking kernels: reappearances, empty frames, absent joints and ties of distance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from poseval.kernels.tracking import Scene, Side


@dataclass
class Person:
    """One row: track id, coordinates [K, 2], present joints [K], head size (truth only)."""

    track: int
    xy: np.ndarray
    present: np.ndarray
    head: float = 1.0


@dataclass
class Frame:
    """People of one frame on both sides."""

    truth: list[Person]
    predictions: list[Person]

    def distance(self, joint: int) -> np.ndarray:
        """Distances [G, P] of one joint in head sizes; NaN where either side lacks it."""
        out = np.full((len(self.truth), len(self.predictions)), np.nan)
        for g, a in enumerate(self.truth):
            for p, b in enumerate(self.predictions):
                if a.present[joint] and b.present[joint]:
                    dx, dy = a.xy[joint] - b.xy[joint]
                    with np.errstate(divide="ignore", invalid="ignore"):
                        out[g, p] = np.sqrt(dx * dx + dy * dy) / np.float64(a.head)
        return out


@dataclass
class Film:
    """Sequences of frames, K joints."""

    sequences: list[list[Frame]]
    joints: int

    @property
    def frames(self) -> list[Frame]:
        return [frame for sequence in self.sequences for frame in sequence]

    def scene(self) -> Scene:
        """The same as the kernels see it."""
        unit = np.repeat(np.arange(len(self.sequences)), [len(s) for s in self.sequences]).astype(np.int64)
        number = np.concatenate([np.zeros(0, int), *(np.arange(len(s)) for s in self.sequences)])
        truth = [p for frame in self.frames for p in frame.truth]
        predictions = [p for frame in self.frames for p in frame.predictions]
        scene = Scene(
            unit,
            number.astype(np.int64),
            len(self.sequences),
            self._side(truth, [len(f.truth) for f in self.frames]),
            self._side(predictions, [len(f.predictions) for f in self.frames]),
        )
        scene.use_joints(
            self._xy(truth), self._xy(predictions), np.array([p.head for p in truth], dtype=float)
        )
        return scene

    def _side(self, people: list[Person], counts: list[int]) -> Side:
        present = np.array([p.present for p in people], dtype=bool).reshape(len(people), self.joints)
        start = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        return Side(start, present, np.array([p.track for p in people], dtype=np.int64))

    def _xy(self, people: list[Person]) -> np.ndarray:
        return np.array([p.xy for p in people], dtype=float).reshape(len(people), self.joints, 2)


def random_film(seed: int, *, crowd: int = 4, length: int = 8, grid: bool = True) -> Film:
    """Tracks that walk, hide and come back; predictions near them with swapped, new and repeated ids."""
    rng = np.random.default_rng(seed)
    joints = int(rng.integers(1, 4))
    sequences = []
    for _ in range(int(rng.integers(1, 4))):
        people = int(rng.integers(0, crowd + 1))
        place = rng.integers(0, 6, (people, joints, 2)).astype(float)
        names = rng.permutation(20)[:people]
        shown = rng.permutation(30)[:people]
        frames = []
        for _ in range(int(rng.integers(0, length + 1))):
            step = rng.integers(-1, 2, place.shape) if grid else rng.normal(0, 0.6, place.shape)
            place = place + step
            if rng.random() < 0.25 and people > 1:  # two predictions exchange ids
                a, b = rng.permutation(people)[:2]
                shown[a], shown[b] = shown[b], shown[a]
            if rng.random() < 0.15 and people:
                free = sorted(set(range(60)) - set(shown.tolist()))
                shown[int(rng.integers(people))] = int(rng.choice(free))
            frames.append(_frame(rng, place, names, shown, joints, grid))
        sequences.append(frames)
    return Film(sequences, joints)


def _frame(
    rng: np.random.Generator, place: np.ndarray, names: np.ndarray, shown: np.ndarray, joints: int, grid: bool
) -> Frame:
    truth, predictions = [], []
    nobody = rng.random() < 0.1
    for index in rng.permutation(len(place)):
        heads = (1.0, 2.0, 4.0, 0.0) if grid else (1.0, 2.5)
        if rng.random() < 0.8:
            head = float(rng.choice(heads))
            truth.append(Person(int(names[index]), place[index], rng.random(joints) < 0.85, head))
        if rng.random() < 0.8 and not nobody:
            noise = (
                rng.integers(-1, 2, place[index].shape) if grid else rng.normal(0, 0.5, place[index].shape)
            )
            predictions.append(Person(int(shown[index]), place[index] + noise, rng.random(joints) < 0.9))
    if rng.random() < 0.3 and not nobody:
        free = sorted(set(range(60, 70)))
        where = rng.integers(0, 6, (joints, 2)).astype(float)
        predictions.append(Person(int(rng.choice(free)), where, rng.random(joints) < 0.9))
    order = rng.permutation(len(predictions))
    return Frame(truth, [predictions[i] for i in order])


seeds = st.integers(0, 2**32 - 1)
