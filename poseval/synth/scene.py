"""Scenes: positions and motion of people, and the objects around them.

Every number comes from `np.random.Generator(PCG64(SeedSequence([seed, ...])))`, so an image depends on its
seed and index alone: the first five images of a set of ten are the set of five.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from poseval.errors import UsageError
from poseval.limits import DEFAULT
from poseval.poses import Floats
from poseval.synth.body import (
    ACTIVITIES,
    ANGLE,
    ANGLES,
    STEPS,
    Build,
    activity_angles,
    body_joints,
    draw_build,
    project,
)
from poseval.synth.figure import Clothes, Colour, Figure, draw_clothes, make_figure
from poseval.synth.shapes import Shape

STEPS_PER_FRAME: Final = 0.075  # walking cycles in one frame: 0.9 a second at 12 frames a second
STRIDE: Final = {"walk": 0.75, "run": 1.4}  # distance of one cycle in standing heights


@dataclass(frozen=True)
class World:
    """The look of the images; lengths in pixels."""

    width: int = 320
    height: int = 240
    smallest: float = 90.0  # standing height of the smallest person
    largest: float = 260.0
    clutter: int = 7  # most things behind the people
    occluders: float = 0.4  # chance of a thing in front of somebody
    sequence_length: int = 24  # frames of one clip

    def __post_init__(self) -> None:
        if min(self.width, self.height) < 32 or not 8 <= self.smallest <= self.largest:
            raise UsageError(
                "P120",
                where="synthetic world",
                what=f"has images of {self.width} x {self.height} and people of {self.smallest:g} to "
                f"{self.largest:g} pixels",
                wanted="images of at least 32 x 32, people of at least 8 pixels",
            )


@dataclass(frozen=True, eq=False)
class Thing:
    """A piece of the surroundings; `ground` places it among the people from back to front."""

    shapes: tuple[Shape, ...]
    ground: float


@dataclass(frozen=True, eq=False)
class Scene:
    """One image: its people and things, back to front by `ground`."""

    key: str
    path: str
    sequence: str
    number: int
    size: tuple[int, int]
    figures: tuple[Figure, ...]
    things: tuple[Thing, ...]
    texture: tuple[int, ...]  # seed of the background and the grain
    grain: int = 0  # changes from frame to frame; the background does not

    def layers(self) -> list[tuple[int, tuple[Shape, ...]]]:
        """Painting order, back to front: (row in `figures` or -1 for a thing, shapes)."""
        order = [(thing.ground, -1, thing.shapes) for thing in self.things]
        order += [(figure.ground, row, figure.shapes) for row, figure in enumerate(self.figures)]
        order.sort(key=lambda layer: layer[0])
        return [(row, shapes) for _, row, shapes in order]


@dataclass(frozen=True, eq=False)
class Actor:
    """One person over time; angles swing as mean + swing * sin(2 pi pace t + phase)."""

    build: Build
    clothes: Clothes
    mean: Floats  # [A] radians
    swing: Floats  # [A] radians
    pace: Floats  # [A] cycles in one frame
    phase: Floats  # [A] radians
    place: tuple[float, float]  # x of the pelvis and y of the ground at time 0
    speed: tuple[float, float]  # pixels in one frame
    height: float
    growth: float  # factor on the height in one frame
    yaw: float
    pitch: float

    def at(self, index: int, time: float) -> Figure:
        """The figure at a time in frames."""
        angles = self.mean + self.swing * np.sin(2 * np.pi * self.pace * time + self.phase)
        fall = float(angles[ANGLE["fall"]])
        height = self.height * self.growth**time
        flat = project(body_joints(self.build, angles), self.yaw, self.pitch, fall)
        ground = self.place[1] + self.speed[1] * time
        lowest = max(float(point[1]) for point in flat.values())
        offset = np.array([self.place[0] + self.speed[0] * time, ground - lowest * height, 0.0])
        points = {name: point * height + offset for name, point in flat.items()}
        return make_figure(index, points, self.clothes, height, self.build.girth, ground)


def generator(*seed: int) -> np.random.Generator:
    """The project's own stream for these numbers, the same on every platform and NumPy."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(list(seed))))


def scenes(
    seed: int, images: int, people: int, *, video: bool = False, world: World | None = None
) -> Iterator[Scene]:
    """Scenes one after the other.

    Args:
        seed: any non-negative integer.
        images: number of images, over all clips where `video` is set.
        people: most people of a still image (each has 1 to `people`); the number of people of a clip.
        video: clips of `world.sequence_length` frames with motion and crossings instead of stills.

    Raises:
        UsageError: P120 for impossible numbers.
    """
    world = world or World()
    if seed < 0 or images < 0 or people < 0 or images * people > DEFAULT.people:
        raise UsageError(
            "P120",
            where="synthetic scenes",
            what=f"asked for {images} images of {people} people with seed {seed}",
            wanted=f"numbers that are not negative, and at most {DEFAULT.people:,} people",
        )
    if video:
        for index, first in enumerate(range(0, images, world.sequence_length)):
            length = min(world.sequence_length, images - first)
            yield from _clip((seed, 1, index), index, length, people, world)
    else:
        for index in range(images):
            yield _still((seed, 0, index), index, people, world)


def _still(seed: tuple[int, ...], index: int, people: int, world: World) -> Scene:
    rng = generator(*seed)
    count = int(rng.integers(1, people + 1)) if people else 0
    actors: list[Actor] = []
    for _ in range(count):
        near = actors[-1] if actors and rng.random() < 0.45 else None
        actors.append(_still_actor(rng, world, near))
    figures = tuple(actor.at(row, 0.0) for row, actor in enumerate(actors))
    things = _things(rng, world, figures)
    name = f"{index + 1:06d}"
    return Scene(
        str(index + 1), f"{name}.png", "", index, (world.width, world.height), figures, things, (*seed, 7)
    )


def _clip(seed: tuple[int, ...], index: int, length: int, people: int, world: World) -> Iterator[Scene]:
    rng = generator(*seed)
    actors = [_clip_actor(rng, world, row, length) for row in range(people)]
    first = tuple(actor.at(row, length / 2) for row, actor in enumerate(actors))
    things = _things(rng, world, first)
    name = f"{index + 1:06d}_synth"
    for time in range(length):
        figures = tuple(actor.at(row, float(time)) for row, actor in enumerate(actors))
        key = str(10**10 + (index + 1) * 10**4 + time)
        yield Scene(key, f"{name}/{time:06d}.png", name, time, (world.width, world.height), figures, things,
                    (*seed, 7), time)  # fmt: skip


def _draw_angles(rng: np.random.Generator, activity: str, spread: float) -> Floats:
    mean = activity_angles(activity)
    wobble = rng.normal(0.0, np.radians(spread), len(ANGLES))
    for name, factor in (("lean", 0.6), ("side", 0.6), ("twist", 1.0), ("fall", 0.35), ("turn", 2.0)):
        wobble[ANGLE[name]] *= factor
    for name in ("left_knee", "right_knee", "left_elbow", "right_elbow"):
        wobble[ANGLE[name]] = abs(wobble[ANGLE[name]])  # neither bends backwards
    if rng.random() < 0.5:  # the mirrored activity
        for left, right in [(a, "right" + a[4:]) for a in ANGLES if a.startswith("left_")]:
            mean[[ANGLE[left], ANGLE[right]]] = mean[[ANGLE[right], ANGLE[left]]]
    angles = mean + wobble
    for name in ("left_knee", "right_knee", "left_elbow", "right_elbow"):
        angles[ANGLE[name]] = np.clip(angles[ANGLE[name]], 0.0, np.radians(140))
    return angles


def _gait(activity: str, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """Swing, pace and phase [A] of an activity: a gait where it has one, idle sway elsewhere."""
    swing = np.abs(rng.normal(0.0, np.radians(3.0), len(ANGLES)))
    pace = rng.uniform(0.01, 0.05, len(ANGLES))
    phase = rng.uniform(0.0, 2 * np.pi, len(ANGLES))
    for name in ("left_shoulder", "right_shoulder", "left_raise", "right_raise", "left_elbow", "right_elbow"):
        swing[ANGLE[name]] *= 4.0
    swing[ANGLE["fall"]] *= 0.3
    if activity in STEPS:
        step, start = np.radians(STEPS[activity]), float(rng.uniform(0.0, 2 * np.pi))
        for name, size, lag in (
            ("left_hip", step, 0.0),
            ("right_hip", step, np.pi),
            ("left_knee", 0.7 * step, 0.5 * np.pi),
            ("right_knee", 0.7 * step, 1.5 * np.pi),
            ("left_shoulder", 0.8 * step, np.pi),
            ("right_shoulder", 0.8 * step, 0.0),
        ):
            swing[ANGLE[name]], pace[ANGLE[name]], phase[ANGLE[name]] = size, STEPS_PER_FRAME, start + lag
    return swing, pace, phase


def _still_actor(rng: np.random.Generator, world: World, near: Actor | None) -> Actor:
    activity = sorted(ACTIVITIES)[rng.integers(len(ACTIVITIES))]
    angles = _draw_angles(rng, activity, 11.0)
    if rng.random() < 0.04:
        angles[ANGLE["fall"]] += np.radians(90.0) * (1 if rng.random() < 0.5 else -1)
    swing, pace, phase = _gait(activity, rng)
    height = float(np.exp(rng.uniform(np.log(world.smallest), np.log(world.largest))))
    x = float(rng.uniform(0.02, 0.98) * world.width)
    ground = float(_ground(rng, world, height))
    if near is not None:
        height = near.height * float(rng.uniform(0.75, 1.3))
        x = near.place[0] + float(rng.normal(0.0, 0.35)) * height
        ground = near.place[1] + float(rng.uniform(-0.1, 0.1)) * height
    yaw = float(rng.normal(0.0, np.radians(55.0))) + (np.pi if rng.random() < 0.25 else 0.0)
    pitch = float(np.radians(rng.uniform(-3.0, 16.0)))
    build, clothes = draw_build(rng), draw_clothes(rng)
    return Actor(build, clothes, angles, swing, pace, phase, (x, ground), (0.0, 0.0), height, 1.0, yaw, pitch)


def _ground(rng: np.random.Generator, world: World, height: float) -> float:
    """Near people stand lower; tall ones lose their legs below the image rather than their head above."""
    free = world.height - height
    low = rng.uniform(0.25, 1.0) * max(free, 0.0) + min(height, world.height)
    return float(low + max(0.0, -free) + rng.uniform(-0.02, 0.18) * height)


def _clip_actor(rng: np.random.Generator, world: World, row: int, length: int) -> Actor:
    """Every third person acts on the spot; the others walk or run across, by turns from left and right."""
    height = float(np.exp(rng.uniform(np.log(world.smallest), np.log(0.8 * world.largest))))
    height = min(height, 0.9 * world.height)
    ground = (
        float(min(world.height * rng.uniform(0.72, 0.98), world.height - 2)) if height < world.height else 0.0
    )
    ground = max(ground, height * 0.97)
    if row % 3 == 2:
        activity = ("stand", "wave", "hips", "star", "carry", "sit")[rng.integers(6)]
        speed, yaw = 0.0, float(rng.normal(0.0, np.radians(40.0)))
        x = float(rng.uniform(0.2, 0.8) * world.width)
    else:
        activity = "run" if rng.random() < 0.25 else "walk"
        direction = 1.0 if row % 3 == 0 else -1.0
        speed = direction * STRIDE[activity] * STEPS_PER_FRAME * height
        yaw = direction * float(np.radians(rng.uniform(50.0, 95.0)))
        meeting = world.width * rng.uniform(0.35, 0.65)
        x = float(meeting - speed * length / 2)
    swing, pace, phase = _gait(activity, rng)
    angles = _draw_angles(rng, activity, 6.0)
    growth = float(np.exp(rng.normal(0.0, 0.003)))
    pitch = float(np.radians(rng.uniform(0.0, 12.0)))
    build, clothes = draw_build(rng), draw_clothes(rng)
    return Actor(
        build, clothes, angles, swing, pace, phase, (x, ground), (speed, 0.0), height, growth, yaw, pitch
    )


def _things(rng: np.random.Generator, world: World, figures: tuple[Figure, ...]) -> tuple[Thing, ...]:
    """Furniture, poles and bushes behind everybody, and now and then one in front of somebody."""
    things = []
    for _ in range(int(rng.integers(0, world.clutter + 1))):
        x, y = rng.uniform(0, world.width), rng.uniform(0.35, 0.95) * world.height
        things.append(_thing(rng, float(x), float(y), float(rng.uniform(0.12, 0.5) * world.height), -1.0))
    for figure in figures:
        if rng.random() < world.occluders:
            x = float(figure.points["pelvis"][0] + rng.normal(0.0, 0.25) * figure.height)
            size = float(rng.uniform(0.15, 0.45) * figure.height)
            low = figure.ground + float(rng.uniform(0.0, 0.08)) * figure.height
            things.append(_thing(rng, x, low, size, figure.ground + 1.0))
    return tuple(things)


def _thing(rng: np.random.Generator, x: float, low: float, size: float, ground: float) -> Thing:
    """A box, pole or bush that stands on y = `low`."""
    tint = rng.uniform(0.15, 0.8, 3) * 0.5 + rng.uniform(0.1, 0.45)
    colour: Colour = (float(tint[0]), float(tint[1]), float(tint[2]))
    kind = int(rng.integers(3))
    if kind == 0:
        wide = size * float(rng.uniform(0.5, 1.6))
        corners = np.array([[x - wide / 2, low - size], [x + wide / 2, low - size], [x + wide / 2, low],
                            [x - wide / 2, low]])  # fmt: skip
        pattern = ("plain", "bands", "checks")[rng.integers(3)]
        return Thing((Shape("polygon", corners, (1.5, 0.0), colour, pattern=pattern),), ground)
    if kind == 1:
        radius = 0.05 * size
        stem = np.array([[x, low - 2.2 * size], [x, low]])
        return Thing((Shape("capsule", stem, (radius, radius), colour),), ground)
    shapes = []
    for _ in range(5):
        middle = np.array([x, low - 0.5 * size]) + rng.normal(0.0, 0.22, 2) * size
        direction = np.array([1.0, 0.0])
        green: Colour = (0.12 + 0.2 * colour[0], 0.25 + 0.4 * colour[1], 0.1 + 0.15 * colour[2])
        half = size * rng.uniform(0.18, 0.38, 2)
        shapes.append(
            Shape("ellipse", np.array([middle, direction]), (float(half[0]), float(half[1])), green)
        )
    return Thing(tuple(shapes), ground)
