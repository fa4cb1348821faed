"""Changes of coordinates, made only when asked for by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from poseval.errors import MismatchError, UsageError, shown
from poseval.poses import Array, Floats, IgnoreRegions, People, PoseSet

FORMS = (
    "xy, left-right, flip=x or flip=y, normalised or normalised=-1,1, scale=K or K,K, offset=X,Y, "
    "resized=W,H, longest=N, shortest=N, letterbox=N, boxes=corners or boxes=centre"
)
MEANING = {
    "xy": "x and y exchanged",
    "left-right": "left and right exchanged",
    "flip=x": "x counted from the other side of the image",
    "flip=y": "y counted from the other side of the image",
    "normalised": "fractions of the image size converted to pixels",
    "normalised=-1,1": "numbers from -1 to 1 over the image converted to pixels",
    "scale": "coordinates times {}",
    "offset": "coordinates moved by {} pixels",
    "resized": "coordinates of images resized to {} pixels mapped back",
    "longest": "coordinates of images resized to a longer side of {} pixels mapped back",
    "shortest": "coordinates of images resized to a shorter side of {} pixels mapped back",
    "letterbox": "coordinates of images in a square of {} pixels, with a border, mapped back",
    "boxes=corners": "boxes read as corners x0, y0, x1, y1",
    "boxes=centre": "boxes read as centre, width and height",
}
# How many numbers each change has; 0: one for both x and y, or one for each.
NUMBERS = {"scale": 0, "offset": 2, "resized": 2, "longest": 1, "shortest": 1, "letterbox": 1}
# The same for images of one size that no file gives.
BY_HAND = {
    "flip=x": "--transform scale=-1,1 --transform offset=WIDTH-1,0",
    "flip=y": "--transform scale=1,-1 --transform offset=0,HEIGHT-1",
    "normalised": "--transform scale=WIDTH,HEIGHT",
    "normalised=-1,1": "--transform offset=1,1 --transform scale=HALF_WIDTH,HALF_HEIGHT",
    "resized": "--transform scale=K,K",
    "longest": "--transform scale=K",
    "shortest": "--transform scale=K",
    "letterbox": "--transform scale=K --transform offset=X,Y",
}


@dataclass(frozen=True)
class Transform:
    """One change of coordinates: what it is, and its one or two numbers (for x and for y)."""

    kind: str
    numbers: tuple[float, float] = (1.0, 1.0)

    @staticmethod
    def parse(text: str) -> Transform:
        """The change that a text such as `scale=2.5` names.

        Raises:
            UsageError: P102 when the text names no change.
        """
        kind, equals, rest = text.strip().partition("=")
        if kind in NUMBERS and equals:
            numbers = _numbers(rest)
            if len(numbers) == 1 and NUMBERS[kind] != 2:
                numbers *= 2
            elif NUMBERS[kind] == 1:
                numbers = []
            if len(numbers) == 2 and (kind == "offset" or all(numbers)) and _are_sides(kind, numbers):
                return Transform(kind, (numbers[0], numbers[1]))
        elif text.strip() in MEANING and text.strip() not in NUMBERS:
            return Transform(text.strip())
        raise UsageError("P102", where=f"--transform {shown(text)}", what="is not known", wanted=FORMS)

    @property
    def sentence(self) -> str:
        """A sentence that says what the change does."""
        return MEANING[self.kind].format(self._listed if self.kind in NUMBERS else "")

    @property
    def _listed(self) -> str:
        x, y = (f"{number:.10g}" for number in self.numbers)
        return x if x == y and NUMBERS[self.kind] != 2 else f"{x},{y}"

    def __str__(self) -> str:
        return f"{self.kind}={self._listed}" if self.kind in NUMBERS else self.kind

    def apply(self, poses: PoseSet) -> PoseSet:
        """The set with joints, boxes, areas, head sizes and ignore regions in the new coordinates.

        Raises:
            MismatchError: P415 when a change needs the size of an image with people, which is not known.
        """
        if self.kind == "left-right":
            order = np.asarray(poses.skeleton.flip)
            return replace(poses, people=reordered(poses.people, order))
        if self.kind.startswith("boxes"):
            return replace(poses, people=_boxes(poses.people, self.kind))
        people = poses.people
        if self.kind == "xy":
            return _moved(poses, lambda points, of: points[..., ::-1], np.ones((len(people), 2)))
        if self.kind == "offset":
            by = np.asarray(self.numbers)
            return _moved(poses, lambda points, of: points + by, np.ones((len(people), 2)))
        if self.kind == "scale":
            factor = np.asarray(self.numbers)
            return _moved(
                poses, lambda points, of: points * factor, np.broadcast_to(factor, (len(people), 2))
            )
        size = _sizes(poses, self)
        if self.kind.startswith("flip"):
            axis = "xy".index(self.kind[-1])
            sign = np.where(np.arange(2) == axis, -1.0, 1.0)
            last = np.where(np.arange(2) == axis, size - 1, 0.0)  # the last pixel becomes the first
            return _moved(
                poses, lambda points, of: points * sign + last[of][:, None], np.ones((len(people), 2))
            )
        if self.kind == "normalised=-1,1":
            return _moved(
                poses, lambda points, of: (points + 1) / 2 * size[of][:, None], size[people.frame] / 2
            )
        if self.kind in ("normalised", "resized"):
            factor = size / (np.asarray(self.numbers) if self.kind == "resized" else 1.0)
            return _moved(poses, lambda points, of: points * factor[of][:, None], factor[people.frame])
        side = (size.min if self.kind == "shortest" else size.max)(axis=1, keepdims=True)
        factor = np.repeat(side / self.numbers[0], 2, axis=1)
        border = np.zeros_like(size)
        if self.kind == "letterbox":
            border = (size.max(axis=1, keepdims=True) - size) / 2
        return _moved(
            poses,
            lambda points, of: points * factor[of][:, None] - border[of][:, None],
            factor[people.frame],
        )


def _sizes(poses: PoseSet, of: Transform) -> Floats:
    """Sizes [F, 2] of images; P415 when that of an image with people is not known."""
    size, people = poses.frames.size, poses.people
    unknown = np.isnan(size[people.frame]).any(axis=1)
    if unknown.any():
        key = shown(poses.frames.key[people.frame[unknown.argmax()]], 60)
        raise MismatchError(
            "P415",
            where=shown(poses.origin.name),
            what=f"has people in images of unknown size (first: {key})",
            wanted=f"image sizes in the ground truth, for {of}",
            hint=f"where all images have one size, say it: {BY_HAND[of.kind]}",
        )
    return size


def reordered(people: People, order: Array) -> People:
    """People whose joint k is their former joint `order[k]` [K]."""
    return people.with_columns(
        xy=people.xy[:, order], seen=people.seen[:, order], joint_score=people.joint_score[:, order]
    )


def transformed(poses: PoseSet, transforms: Sequence[Transform]) -> PoseSet:
    """The set after all changes, in order."""
    for transform in transforms:
        poses = transform.apply(poses)
    return poses


def _are_sides(kind: str, numbers: Sequence[float]) -> bool:
    """Whether the numbers of a change can be the sides of images, where they must be."""
    return kind in ("scale", "offset") or min(numbers) > 0


def _numbers(text: str) -> list[float]:
    try:
        found = [float(word) for word in text.replace("x", ",").split(",")]
    except ValueError:
        return []
    return found if all(map(math.isfinite, found)) else []


Move = Callable[[Floats, Array], Floats]  # of points [R, V, 2] and their frames [R]


def _moved(poses: PoseSet, move: Move, factor: Floats) -> PoseSet:
    """Points moved, lengths and areas of people times their factor [N, 2]."""
    people = poses.people
    with np.errstate(over="ignore", invalid="ignore"):
        xy = move(people.xy, people.frame)
        corners = move(people.box.reshape(-1, 2, 2), people.frame)
        box = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
        grown = np.abs(factor.prod(axis=1))
        extra = dict(people.extra)
        if "box_size" in extra:
            extra["box_size"] = box[:, 2:] - box[:, :2]
        moved = people.with_columns(
            xy=xy, box=box, area=people.area * grown, head=people.head * np.sqrt(grown), extra=extra
        )
        regions = poses.ignore
        if len(regions):
            of = np.repeat(regions.frame, np.diff(regions.start))
            vertices = move(regions.vertices[:, None], of)[:, 0]
            regions = IgnoreRegions(vertices, regions.start, regions.frame)
    return replace(poses, people=moved, ignore=regions)


def _boxes(people: People, kind: str) -> People:
    """Boxes that a reader took for corner, width and height, as what they are."""
    first, size = people.box[:, :2], people.box[:, 2:] - people.box[:, :2]
    if "box_size" in people.extra:
        size = np.asarray(people.extra["box_size"], dtype=np.float64)
    if kind == "boxes=corners":
        box = np.concatenate([first, size], axis=1)
    else:
        box = np.concatenate([first - size / 2, first + size / 2], axis=1)
    extra = dict(people.extra)
    if "box_size" in extra:
        extra["box_size"] = box[:, 2:] - box[:, :2]
    with np.errstate(over="ignore", invalid="ignore"):
        of_box = np.isclose(people.area, size.prod(axis=1))
        area = np.where(of_box, (box[:, 2:] - box[:, :2]).prod(axis=1), people.area)
    return people.with_columns(box=box, area=area, extra=extra)
