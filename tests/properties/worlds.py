"""Small random worlds for the properties of metrics, and what one may do to them without changing a number.

Coordinates are multiples of 1/8 pixel and moves and scales are powers of two, so that what should change
nothing changes not one bit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from poseval.metrics.base import Metric, Need
from poseval.poses import Array, Frames, Ints, People, PoseSet
from poseval.poses.aligned import Aligned
from poseval.skeletons import Skeleton, get_skeleton

GRID = 8  # steps per pixel
SEQUENCES, LENGTH, MOST = 3, 4, 3


@dataclass(frozen=True)
class World:
    """Truth and predictions that share a frames table."""

    truth: PoseSet
    predictions: PoseSet

    def aligned(self) -> Aligned:
        """What a metric tallies."""
        return Aligned(self.truth, self.predictions)

    def both(self, change: Callable[[PoseSet], PoseSet]) -> World:
        """The same change on both sides; the frames table stays shared."""
        truth, predictions = change(self.truth), change(self.predictions)
        return World(truth, replace(predictions, frames=truth.frames))


def world_for(metric: Metric, seed: int) -> World:
    """A world that has what the metric needs."""
    if Need.ALONE in metric.needs:
        return singles(seed, "ibug68" if metric.name == "nme" else "mpii16")
    return crowds(seed)


def _grid(values: Array) -> Array:
    return np.round(values * GRID) / GRID


def _people(rng: np.random.Generator, skeleton: str, frame: Ints, noise: float) -> tuple[People, People]:
    """True people and one prediction for each, some joints without a label, some predictions far off."""
    joints, count = len(get_skeleton(skeleton)), len(frame)
    xy = _grid(rng.uniform(0, 128, (count, joints, 2)) + rng.uniform(0, 512, (count, 1, 2)))
    seen = rng.choice([0, 1, 2, 2, 2], (count, joints)).astype(np.int8)
    seen[:, :2] = 2  # nobody is without labels, and every world has some
    low, high = xy.min(axis=1) - 4, xy.max(axis=1) + 4
    truth = People(
        xy,
        frame,
        seen,
        area=_grid(0.53 * np.prod(high - low, axis=1)),
        box=np.concatenate([low, high], axis=1),
        head=rng.integers(16, 65, count) * 1.0,
        extra={"face_size": np.full(count, 64.0)},
    )
    spread = rng.choice([noise / 4, noise, noise * 4], (count, joints, 1))
    guess = People(
        _grid(xy + rng.normal(0, 1, xy.shape) * spread),
        frame,
        joint_score=rng.permutation(count * joints).reshape(count, joints) / (count * joints + 1),
        score=rng.permutation(count) / (count + 1),
    )
    return truth, guess


def singles(seed: int, skeleton: str = "mpii16", count: int = 12) -> World:
    """One person and one prediction per frame."""
    rng = np.random.default_rng([seed, 1])
    frames = Frames(np.array([f"{n:03d}" for n in range(count)]))
    truth, guess = _people(rng, skeleton, np.arange(count), 8.0)
    kind = get_skeleton(skeleton)
    return World(PoseSet(kind, frames, truth), PoseSet(kind, frames, guess))


def crowds(seed: int) -> World:
    """Short videos of up to three tracked people of 17 joints, some missed, some found twice."""
    rng = np.random.default_rng([seed, 2])
    frames = Frames(
        np.array([f"{s}/{n}" for s in range(SEQUENCES) for n in range(LENGTH)]),
        sequence=np.repeat(np.arange(SEQUENCES), LENGTH),
        number=np.tile(np.arange(LENGTH), SEQUENCES),
        sequences=tuple(f"video {s}" for s in range(SEQUENCES)),
    )
    present = [
        (s * LENGTH + n, s * 10 + person)
        for s in range(SEQUENCES)
        for n in range(LENGTH)
        for person in range(int(rng.integers(1, MOST + 1)))
    ]
    frame, track = (np.array(column, dtype=np.int64) for column in zip(*present, strict=True))
    truth, guess = _people(rng, "coco17", frame, 8.0)
    truth = truth.with_columns(track=track, extra={"person_id": track})
    swapped = np.where(rng.random(len(track)) < 0.2, track + 5, track)
    guess = guess.with_columns(track=swapped, extra={"person_id": swapped})
    guess = guess.take(np.flatnonzero(rng.random(len(track)) < 0.85))
    kind = get_skeleton("coco17")
    return World(PoseSet(kind, frames, truth), PoseSet(kind, frames, guess))


def couple(seed: int, length: int = 5) -> World:
    """Two people in every frame of one video, found perfectly under their own tracks."""
    rng = np.random.default_rng([seed, 3])
    frames = Frames(np.array([f"{n}" for n in range(length)]), sequence=np.zeros(length, dtype=np.int64))
    truth, _ = _people(rng, "coco17", np.repeat(np.arange(length), 2), 8.0)
    track = np.tile([0, 1], length)
    truth = truth.with_columns(track=track, seen=np.full(truth.seen.shape, 2))
    return perfected(World(*[PoseSet(get_skeleton("coco17"), frames, truth)] * 2))


def perfected(world: World) -> World:
    """Predictions that equal the truth: every labelled joint, and no other."""
    truth = world.truth
    people = truth.people.with_columns(
        seen=np.where(truth.people.seen > 0, 2, 0),
        score=np.linspace(0.9, 0.5, len(truth)),
        joint_score=np.linspace(0.9, 0.5, truth.people.seen.size).reshape(truth.people.seen.shape),
    )
    return World(truth, PoseSet(truth.skeleton, truth.frames, people))


# ------------------------------------------------------------------------------------------- changes


def people_reordered(poses: PoseSet, rng: np.random.Generator) -> PoseSet:
    """People of each frame in another order."""
    order = np.lexsort((rng.random(len(poses)), poses.people.frame))
    return replace(poses, people=poses.people.take(order))


def frames_reordered(world: World, rng: np.random.Generator) -> World:
    """Frames of the table in another order; their place in the video stays."""
    order = rng.permutation(len(world.truth.frames))
    place = np.argsort(order)

    def change(poses: PoseSet) -> PoseSet:
        target = place[poses.people.frame]
        rows = np.argsort(target, kind="stable")
        people = poses.people.with_columns(frame=np.zeros(len(poses), dtype=np.int64)).take(rows)
        people = people.with_columns(frame=target[rows])
        return replace(poses, frames=poses.frames.take(order), people=people)

    return world.both(change)


def relabelled(poses: PoseSet) -> PoseSet:
    """Other names of frames, sequences and people."""
    frames = poses.frames
    renamed = replace(
        frames,
        key=np.array([f"frame-{key}" for key in frames.key]),
        sequences=tuple(f"clip-{name}" for name in frames.sequences),
    )
    people = poses.people
    track = np.where(people.track >= 0, (people.track * 7 + 3) % 1009, -1)
    extra = dict(people.extra)
    if "person_id" in extra:
        extra["person_id"] = (extra["person_id"] * 7 + 3) % 1009
    moved = people.with_columns(track=track, source_id=np.arange(len(poses)) + 90, extra=extra)
    return replace(poses, frames=renamed, people=moved)


def permuted(skeleton: Skeleton, order: list[int]) -> Skeleton:
    """The same joints in another order: joint i of the result is joint `order[i]` of the skeleton."""
    place = {old: new for new, old in enumerate(order)}
    normalisers = {
        name: tuple(
            tuple(place[old] for old in end) if isinstance(end, (list, tuple)) else place[end] for end in pair
        )
        for name, pair in skeleton.normalisers.items()
    }
    return Skeleton(
        f"{skeleton.name}[permuted]",
        tuple(skeleton.joints[old] for old in order),
        tuple(place[skeleton.flip[old]] for old in order),
        tuple((place[a], place[b]) for a, b in skeleton.limbs),
        None if skeleton.sigmas is None else tuple(skeleton.sigmas[old] for old in order),
        skeleton.source,
        normalisers,
    )


def joints_permuted(world: World, rng: np.random.Generator) -> World:
    """Joints in another order, together with the skeleton."""
    order = rng.permutation(len(world.truth.skeleton))
    skeleton = permuted(world.truth.skeleton, order.tolist())

    def change(poses: PoseSet) -> PoseSet:
        people = poses.people
        columns = {name: getattr(people, name)[:, order] for name in ("xy", "seen", "joint_score")}
        return replace(poses, skeleton=skeleton, people=people.with_columns(**columns))

    return world.both(change)


def translated(poses: PoseSet, by: tuple[float, float] = (64.0, 1024.0)) -> PoseSet:
    """Everything moved."""
    people = poses.people
    shift = np.asarray(by)
    return replace(
        poses,
        people=people.with_columns(xy=people.xy + shift, box=people.box + np.concatenate([shift, shift])),
    )


def scaled(poses: PoseSet, by: float = 4.0) -> PoseSet:
    """Everything in other pixels: lengths times a factor, areas times its square."""
    people = poses.people
    extra = {name: column * by if name == "face_size" else column for name, column in people.extra.items()}
    return replace(
        poses,
        people=people.with_columns(
            xy=people.xy * by,
            box=people.box * by,
            head=people.head * by,
            area=people.area * by**2,
            extra=extra,
        ),
    )


def with_false_positive(world: World, rng: np.random.Generator) -> World:
    """One more predicted person, far from everybody, with the lowest scores and a track of its own."""
    people = world.predictions.people
    frame = int(rng.integers(len(world.truth.frames)))
    at = int(np.searchsorted(people.frame, frame, side="right"))
    rows = np.insert(np.arange(len(people)), at, 0)
    more = people.with_columns(frame=np.zeros(len(people), dtype=np.int64)).take(rows)
    column = {name: getattr(more, name).copy() for name in ("xy", "joint_score", "score", "track", "box")}
    column["xy"][at] = 1e6
    column["joint_score"][at] = -1.0
    column["score"][at] = -1.0
    column["track"][at] = 9999
    extra = {name: values.copy() for name, values in more.extra.items()}
    if "person_id" in extra:
        extra["person_id"][at] = 9999
    frames = np.insert(people.frame, at, frame)
    grown = more.with_columns(**column, extra=extra, frame=frames)
    return World(world.truth, replace(world.predictions, people=grown))


def without_prediction(world: World, row: int) -> World:
    """One predicted person less."""
    kept = np.delete(np.arange(len(world.predictions)), row)
    people = world.predictions.people.take(kept)
    return World(world.truth, replace(world.predictions, people=people))


def copied(world: World, weight: Ints, unit: str) -> World:
    """Physical copies of frames or sequences: unit u stands `weight[u]` times."""
    frames = world.truth.frames
    blocks = [
        np.array([index]) if unit == "frame" else np.flatnonzero(frames.sequence == index)
        for index in range(len(weight))
    ]
    order = [(index, copy) for index in range(len(weight)) for copy in range(int(weight[index]))]
    rows = np.concatenate([blocks[index] for index, _ in order]) if order else np.zeros(0, dtype=np.int64)
    length = [len(blocks[index]) for index, _ in order]
    key = [
        f"{frames.key[row]}#{copy}"
        for (index, copy), n in zip(order, length, strict=True)
        for row in blocks[index]
    ]
    taken = frames.take(rows)
    columns = {"key": np.asarray(key, dtype=np.str_)}
    if unit != "frame":
        columns["sequence"] = np.repeat(np.arange(len(order)), length)
        names = tuple(f"{frames.sequences[index]}#{copy}" for index, copy in order)
        taken = replace(taken, **columns, sequences=names)  # type: ignore[arg-type]
    else:
        taken = replace(taken, **columns)  # type: ignore[arg-type]

    def change(poses: PoseSet) -> PoseSet:
        start = np.searchsorted(poses.people.frame, np.arange(len(frames) + 1))
        parts = [np.arange(start[row], start[row + 1]) for row in rows]
        picked = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)
        target = np.repeat(np.arange(len(rows)), [len(part) for part in parts])
        flat = poses.people.with_columns(frame=np.zeros(len(poses), dtype=np.int64))
        people = flat.take(picked).with_columns(frame=target)
        return replace(poses, frames=taken, people=people)

    return world.both(change)
