"""The tracker protocol: `step` gets the people of one frame and returns their identities.

`step` returns an identity for each input row, so that keypoints and scores travel with the person whatever
the tracker does inside. People that the tracker itself adds to a frame (because the detector missed them) are
in `added` after the step.
"""

from __future__ import annotations

import enum
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from poseval.errors import UsageError, shown
from poseval.poses import Floats, Ints
from poseval.skeletons import Skeleton
from poseval.tracking.bodies import Bodies

Image = NDArray[np.uint8]  # [H, W, 3] RGB, or [H, W] grey

UNTRACKED = -1  # identity of a row that belongs to no track


@dataclass(frozen=True, eq=False)
class FrameInput:
    """One frame as a tracker sees it.

    `key` names the frame in the user's files; only flow sources that look something up by name read it.
    `size` is width and height in pixels, None when unknown. `image` loads the pixels when they are asked
    for, so that nothing is read for trackers that do not need pixels.
    """

    bodies: Bodies
    number: int = 0
    key: str = ""
    size: tuple[float, float] | None = None
    image: Callable[[], Image] | None = None


@dataclass(frozen=True, eq=False)
class Added:
    """People that the tracker itself put into the frame, m rows, and their identities."""

    bodies: Bodies
    identity: Ints  # [m] int64


class FlowSource(Protocol):
    """Moves points from one frame to the next."""

    def move(self, points: Floats, before: FrameInput, now: FrameInput) -> Floats:
        """Points [M, 2] of frame `before`, moved to frame `now`. Asked once per pair of frames."""
        ...


class PoseModel(Protocol):
    """A top-down pose network behind a call: boxes in, joints out."""

    def __call__(self, frame: FrameInput, box: Floats) -> tuple[Floats, Floats]:
        """Joints [m, K, 2] in pixels and their scores [m, K] in boxes [m, 4] of a frame; 0: no joint."""
        ...


class Matcher(Protocol):
    """Measures how different two sets of poses are, for trackers that match by a learnt distance."""

    def __call__(self, now: Bodies, before: Bodies) -> Floats:
        """Distances [n, m] of n poses from m others; smaller means more alike."""
        ...


@dataclass(frozen=True, eq=False)
class Resources:
    """What a tracker may use besides the rows of the frame."""

    flow: FlowSource | None = None
    pose: PoseModel | None = None
    matcher: Matcher | None = None


class Tracker(ABC):
    """Follows the people of one sequence; a new sequence needs a new tracker."""

    def __init__(self, skeleton: Skeleton) -> None:
        self.skeleton = skeleton
        self.added = nothing(len(skeleton))
        self._next = 0

    @abstractmethod
    def step(self, frame: FrameInput) -> Ints:
        """Identity [n] int64 of each input row, `UNTRACKED` for a row that belongs to no track.

        Frames come in the order of the video; each call is one frame later.
        """

    def follow(self, frame: FrameInput) -> bool:
        """Whether the frame could be tracked without detections, so that a runner can skip its detector.

        True when that worked: the people lie in `added`. Otherwise `step` must see the frame with its rows.
        """
        return False

    def fresh(self, count: int) -> Ints:
        """New identities, counted from 0 and never used before."""
        first, self._next = self._next, self._next + count
        return np.arange(first, self._next, dtype=np.int64)


def nothing(joints: int) -> Added:
    """No added people."""
    return Added(Bodies.empty(joints), np.zeros(0, dtype=np.int64))


class Config:
    """Base of frozen dataclasses whose fields are the parameters; `str` gives the text that `parse` reads."""

    name: ClassVar[str]
    summary: ClassVar[str]
    source: ClassVar[str]

    def __str__(self) -> str:
        items = ((f.name, getattr(self, f.name)) for f in fields(self))  # type: ignore[arg-type]
        return f"{self.name}({','.join(f'{key}={_text(value)}' for key, value in items)})"

    def _bounded(self, **bounds: tuple[float, float]) -> None:
        """Raise UsageError P162 unless each named field lies within its bounds."""
        for key, (low, high) in bounds.items():
            value = getattr(self, key)
            if not low <= value <= high:
                sides = (("at least", low), ("at most", high))
                bounds_text = [f"{words} {bound:g}" for words, bound in sides if math.isfinite(bound)]
                raise UsageError(
                    "P162",
                    where=f"{self.name}: {key}",
                    what=f"is {shown(value)}",
                    wanted=", ".join(bounds_text) or "a number",
                )


class TrackerConfig(Config, ABC):
    """Parameters of a tracker.

    `replaces` marks trackers whose rows without an identity gave way to others: detections of frames in which
    the tracker found the people itself. `threshold` names the parameter that is the least score of a row that
    may get an identity, where there is one.
    """

    replaces: ClassVar[bool] = False
    threshold: ClassVar[str] = ""

    @abstractmethod
    def tracker(self, skeleton: Skeleton, resources: Resources | None = None) -> Tracker:
        """A tracker for one sequence.

        Raises:
            UsageError: P163 when it needs something that `resources` lacks.
        """

    @property
    def needs_flow(self) -> bool:
        """Whether these parameters need a source of optical flow."""
        return False


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value.value if isinstance(value, enum.Enum) else value)
