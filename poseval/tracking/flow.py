"""Optical flow, which moves points from one frame to the next: from pixels, files or any function.

`flow_source("dis")` names the kinds. Pixels come from the frames when they are asked for; OpenCV, the extra
`flow`, is imported then.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from poseval.errors import MismatchError, UsageError, did_you_mean, shown
from poseval.errors.optional import require
from poseval.poses import Floats
from poseval.tracking.base import FlowSource, FrameInput
from poseval.tracking.flow_field import Field, sample

Grey = NDArray[np.uint8]  # [H, W]

LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601


class DenseFlow:
    """Flow from a function that gives a field [H, W, 2] from one frame to the next."""

    def __init__(self, field: Callable[[FrameInput, FrameInput], Field]) -> None:
        self._field = field

    def move(self, points: Floats, before: FrameInput, now: FrameInput) -> Floats:
        """Points [M, 2] moved by the field read at each."""
        return points + sample(self._field(before, now), points)


class PointFlow:
    """Flow from a function that moves points, e.g. the known motion of a synthetic scene."""

    def __init__(self, move: Callable[[Floats, FrameInput, FrameInput], Floats]) -> None:
        self._move = move

    def move(self, points: Floats, before: FrameInput, now: FrameInput) -> Floats:
        """Points [M, 2] as the function moves them."""
        return self._move(points, before, now)


class PixelFlow:
    """Base of the flows computed from pixels: keeps the grey image of the last frame."""

    def __init__(self) -> None:
        self._last: tuple[FrameInput, Grey] | None = None

    def _pair(self, before: FrameInput, now: FrameInput) -> tuple[Grey, Grey]:
        """Grey images of two frames.

        Raises:
            UsageError: P163 when a frame has no pixels.
            MismatchError: P460 when the two differ in size.
        """
        first = self._last[1] if self._last and self._last[0] is before else _grey(before)
        second = _grey(now)
        self._last = (now, second)
        if first.shape != second.shape:
            raise MismatchError(
                "P460",
                where=f"frame {shown(now.key)}",
                what=f"is {second.shape[1]} x {second.shape[0]} pixels",
                wanted=f"{first.shape[1]} x {first.shape[0]} as frame {shown(before.key)}",
            )
        return first, second


def _grey(frame: FrameInput) -> Grey:
    if frame.image is None:
        raise UsageError(
            "P163",
            where=f"frame {shown(frame.key)}",
            what="has no image to compute optical flow from",
            wanted="the images of the video",
            hint="pass --images FOLDER, or --flow FOLDER with flow files, or choose a tracker without flow",
        )
    image = frame.image()
    if image.ndim == 2:
        return image
    return np.asarray(image[:, :, :3] @ LUMA + 0.5, dtype=np.uint8)


def _opencv() -> Any:
    return require("cv2", "optical flow", "flow", otherwise="pass --flow FOLDER with flow files")


class DisFlow(PixelFlow):
    """Dense inverse search of OpenCV; `preset` is ultrafast, fast or medium.

    `fast` brings frames as near to each other as `medium` at a fifth of its time.
    """

    def __init__(self, preset: str = "fast") -> None:
        super().__init__()
        cv2 = _opencv()
        self._engine = cv2.DISOpticalFlow_create(getattr(cv2, f"DISOPTICAL_FLOW_PRESET_{preset.upper()}"))

    def move(self, points: Floats, before: FrameInput, now: FrameInput) -> Floats:
        """Points [M, 2] moved by the dense flow read at each."""
        first, second = self._pair(before, now)
        return points + sample(self._engine.calc(first, second, None), points)


class FarnebackFlow(PixelFlow):
    """Farneback's polynomial expansion of OpenCV, with the parameters of its tutorial."""

    PYRAMID, LEVELS, WINDOW, ROUNDS, NEIGHBOURS, SIGMA = 0.5, 3, 15, 3, 5, 1.2

    def move(self, points: Floats, before: FrameInput, now: FrameInput) -> Floats:
        """Points [M, 2] moved by the dense flow read at each."""
        first, second = self._pair(before, now)
        field = _opencv().calcOpticalFlowFarneback(
            first,
            second,
            None,
            self.PYRAMID,
            self.LEVELS,
            self.WINDOW,
            self.ROUNDS,
            self.NEIGHBOURS,
            self.SIGMA,
            0,
        )
        return points + sample(field, points)


class SparseFlow(PixelFlow):
    """Pyramidal Lucas-Kanade of OpenCV at the points: cheap where they are few. A lost point stays."""

    WINDOW, LEVELS = (21, 21), 3

    def move(self, points: Floats, before: FrameInput, now: FrameInput) -> Floats:
        """Points [M, 2] followed one by one."""
        first, second = self._pair(before, now)
        if not len(points):
            return points
        start = points.astype(np.float32)[:, None, :]
        moved, found, _ = _opencv().calcOpticalFlowPyrLK(
            first, second, start, None, winSize=self.WINDOW, maxLevel=self.LEVELS
        )
        kept = np.where(found.reshape(-1, 1) == 1, moved[:, 0, :], points)
        return np.where(np.isfinite(kept), kept, points).astype(np.float64)


SOURCES: dict[str, Callable[[], Any]] = {
    "dis": DisFlow,
    "dis_medium": lambda: DisFlow("medium"),
    "farneback": FarnebackFlow,
    "lk": SparseFlow,
}


def flow_source(text: str) -> FlowSource:
    """The named source, or flow files when `text` is a folder.

    Raises:
        UsageError: P164 for neither.
        MissingFeature: P601 when OpenCV is needed and not installed.
    """
    if text in SOURCES:
        return cast(FlowSource, SOURCES[text]())
    if os.path.isdir(text):
        from poseval.tracking.flo_files import FloFiles

        return FloFiles(Path(text))
    raise UsageError(
        "P164",
        where=f"flow {shown(text)!r}",
        what="is neither a method of optical flow nor a folder",
        wanted=f"one of {', '.join(SOURCES)}, or a folder of .flo files",
        hint=did_you_mean(text, SOURCES, 1),
    )
