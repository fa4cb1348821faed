"""The exact ground truth of scenes as a `PoseSet`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from poseval.errors import UsageError
from poseval.poses import Array, Floats, Frames, IgnoreRegions, Ints, Origin, People, PoseSet
from poseval.skeletons import Skeleton, get_skeleton
from poseval.synth.body import Build, activity_angles, body_joints
from poseval.synth.figure import Figure
from poseval.synth.scene import Scene, World, scenes
from poseval.synth.shapes import Shape

DECIMALS = 2  # of all lengths: the last bits of sine and cosine differ between machines
FEWEST_VISIBLE = 3  # people with fewer visible joints are regions to ignore, as annotators do it
HEAD_SHARE = 0.6  # head size = 0.6 x diagonal of the head box, as MPII and PoseTrack define it
HIDDEN_BELOW = -0.5  # pixels inside another shape from which on a joint counts as hidden


def scene_set(
    seed: int,
    images: int,
    people: int,
    skeleton: str | Skeleton = "coco17",
    video: bool = False,
    world: World | None = None,
) -> PoseSet:
    """The exact ground truth of a seeded set of synthetic images, without drawing them.

    Args:
        seed: any non-negative integer; the same seed gives the same numbers on every platform.
        images: number of images (frames over all clips where `video` is set).
        people: most people of a still (each has 1 to `people`), or the people of every clip.
        skeleton: a skeleton or its name; its joints must be ones that the figures have.
        video: clips with tracks, motion and crossings, of `world.sequence_length` frames each.
        world: image size, sizes of people, clutter.

    Returns:
        People with `xy`, `seen` (0 outside the image, 1 hidden by a person, an object or the own body, 2
        visible), `box` and `area` of the silhouette inside the image, `head` (0.6 x the diagonal of
        `extra["head_box"]` [N, 4]), `track` (unique over all clips; the person's number in a still).
        `extra["num_keypoints"]` counts the labelled joints. People with fewer than three visible joints
        become ignore regions.

    Raises:
        UsageError: P120 for impossible numbers, P121 for a joint that the figures do not have.
    """
    return truth_of(scenes(seed, images, people, video=video, world=world), skeleton)


def drawable_joints() -> frozenset[str]:
    """Names of all joints that a figure has."""
    return frozenset(body_joints(Build(), activity_angles("stand")))


@dataclass
class _Rows:
    """Growing columns of people and regions."""

    xy: list[Floats] = field(default_factory=list)
    seen: list[Array] = field(default_factory=list)
    frame: list[int] = field(default_factory=list)
    track: list[int] = field(default_factory=list)
    box: list[tuple[float, ...]] = field(default_factory=list)
    area: list[float] = field(default_factory=list)
    head_box: list[tuple[float, ...]] = field(default_factory=list)
    regions: list[tuple[int, Floats]] = field(default_factory=list)


def truth_of(source: Iterable[Scene], skeleton: str | Skeleton) -> PoseSet:
    """The exact ground truth of these scenes; see `scene_set`."""
    bones = get_skeleton(skeleton) if isinstance(skeleton, str) else skeleton
    lacking = [joint for joint in bones.joints if joint not in drawable_joints()]
    if lacking:
        raise UsageError(
            "P186",
            where=f"skeleton {bones.name}",
            what=f"has joints that synthetic people do not have: {', '.join(lacking[:8])}",
            wanted="a body skeleton such as coco17, mpii16 or posetrack15_poseval",
        )
    rows = _Rows()
    frames: list[Scene] = []
    sequences: list[str] = []
    for index, scene in enumerate(source):
        frames.append(scene)
        if scene.sequence not in sequences:
            sequences.append(scene.sequence)
        _add_scene(rows, index, scene, bones, len(sequences) - 1)
    count, joints = len(rows.frame), len(bones)
    head_box = np.array(rows.head_box).reshape(count, 4)
    seen = np.array(rows.seen, dtype=np.int8).reshape(count, joints)
    people = People(
        np.array(rows.xy).reshape(count, joints, 2),
        np.array(rows.frame, dtype=np.int64),
        seen=seen,
        track=np.array(rows.track, dtype=np.int64),
        box=np.array(rows.box).reshape(count, 4),
        area=np.array(rows.area),
        head=HEAD_SHARE * np.hypot(head_box[:, 2] - head_box[:, 0], head_box[:, 3] - head_box[:, 1]),
        source_id=np.arange(1, count + 1),
        extra={"head_box": head_box, "num_keypoints": (seen > 0).sum(axis=1).astype(np.int64)},
    )
    table = Frames(
        np.array([scene.key for scene in frames], dtype=np.str_),
        sequence=np.array([sequences.index(scene.sequence) for scene in frames], dtype=np.int64),
        number=np.array([scene.number for scene in frames], dtype=np.int64),
        size=np.array([scene.size for scene in frames], dtype=np.float64).reshape(len(frames), 2),
        path=np.array([scene.path for scene in frames], dtype=np.str_),
        sequences=tuple(sequences) or ("",),
    )
    return PoseSet(bones, table, people, _regions(rows.regions), Origin(format="synthetic", records=count))


def _regions(regions: list[tuple[int, Floats]]) -> IgnoreRegions:
    if not regions:
        return IgnoreRegions()
    start: Ints = np.cumsum([0, *(len(polygon) for _, polygon in regions)]).astype(np.int64)
    return IgnoreRegions(
        np.concatenate([polygon for _, polygon in regions]), start, np.array([frame for frame, _ in regions])
    )


def _add_scene(rows: _Rows, index: int, scene: Scene, bones: Skeleton, clip: int) -> None:
    width, height = scene.size
    layers = scene.layers()
    for row, figure in enumerate(scene.figures):
        x0, y0, x1, y1 = _bounds(figure)
        box = max(x0, 0.0), max(y0, 0.0), min(x1, width - 1.0), min(y1, height - 1.0)
        if box[2] - box[0] < 1 or box[3] - box[1] < 1:
            continue
        xy = np.round(np.array([figure.points[joint][:2] for joint in bones.joints]), DECIMALS)
        inside = (xy >= 0).all(axis=1) & (xy[:, 0] <= width - 1) & (xy[:, 1] <= height - 1)
        hidden = _hidden(row, figure, layers, bones.joints)
        seen = np.where(inside, np.where(hidden, 1, 2), 0)
        rounded = tuple(float(value) for value in np.round(box, DECIMALS))
        if (seen == 2).sum() < min(FEWEST_VISIBLE, len(bones)):
            corners = [[box[0], box[1]], [box[2], box[1]], [box[2], box[3]], [box[0], box[3]]]
            rows.regions.append((index, np.round(np.array(corners), DECIMALS)))
            continue
        rows.xy.append(xy)
        rows.seen.append(seen)
        rows.frame.append(index)
        rows.track.append(figure.actor + (1000 * clip if scene.sequence else 0))
        rows.box.append(rounded)
        rows.area.append(_area(figure, box))
        rows.head_box.append(tuple(float(value) for value in np.round(figure.head.bounds(), DECIMALS)))


def _bounds(figure: Figure) -> tuple[float, float, float, float]:
    bounds = np.array([shape.bounds() for shape in figure.shapes])
    low, high = bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _hidden(
    row: int, figure: Figure, layers: list[tuple[int, tuple[Shape, ...]]], joints: tuple[str, ...]
) -> Array:
    """Which joints something painted later covers, or the own body turns away; bool [K]."""
    hidden = np.array([joint in figure.turned_away for joint in joints])
    x, y = np.array([figure.points[joint][:2] for joint in joints]).T
    after = False
    for owner, shapes in layers:
        if owner == row:
            after = True
            continue
        if after:
            for shape in shapes:
                hidden |= shape.distance(x, y) < HIDDEN_BELOW
    carried = np.zeros(len(joints), dtype=bool)
    for shape in reversed(
        figure.shapes
    ):  # front to back: only what lies in front of the carrying piece hides
        own = np.array([joint in shape.joints for joint in joints])
        carried |= own
        if not carried.all():
            hidden |= ~carried & (shape.distance(x, y) < HIDDEN_BELOW)
    return hidden


def _area(figure: Figure, box: tuple[float, float, float, float]) -> float:
    """Area of the silhouette inside the image, counted on a grid of at most 64 cells a side."""
    step = max(1.0, float(np.ceil(max(box[2] - box[0], box[3] - box[1]) / 64)))
    x = np.arange(np.ceil(box[0]), box[2] + 1e-9, step)
    y = np.arange(np.ceil(box[1]), box[3] + 1e-9, step)
    covered = np.zeros((len(y), len(x)), dtype=bool)
    for shape in figure.shapes:
        x0, y0, x1, y1 = shape.bounds()
        columns = slice(int(np.searchsorted(x, x0)), int(np.searchsorted(x, x1)) + 1)
        lines = slice(int(np.searchsorted(y, y0)), int(np.searchsorted(y, y1)) + 1)
        across, down = np.meshgrid(x[columns], y[lines])
        if across.size:
            covered[lines, columns] |= shape.distance(across, down) <= 0
    return float(covered.sum()) * step * step
