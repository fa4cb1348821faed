"""Ground truth and predictions of one frame as an SVG drawing, over the image where there is one."""

from __future__ import annotations

import html
from pathlib import Path

import numpy as np

from poseval.errors import shown
from poseval.poses import Bools, Floats, People
from poseval.poses.aligned import Aligned
from poseval.poses.images import FrameImages
from poseval.report.crops import FARTHEST, Window, around, crop
from poseval.skeletons import Skeleton

WIDTH = 420  # pixels of a thumbnail; twenty of them stay below 2 MB
TRUTH, FOUND = "#009E73", "#D55E00"


def frame_svg(aligned: Aligned, frame: int, images: FrameImages | None = None) -> str:
    """One frame, cropped to the people: ground truth in solid green, predictions in dashed orange lines."""
    truth, found = aligned.truth.people, aligned.predictions.people
    frames = aligned.truth.frames
    mine, theirs = truth.take(truth.frame == frame), found.take(found.frame == frame)
    x0, y0, x1, y1 = _window(mine, theirs, frames.size[frame])
    scale = WIDTH / max(x1 - x0, 1.0)
    height = max(1, round((y1 - y0) * scale))
    file = None if images is None else images.files[frame]
    title = html.escape(shown(frames.key[frame]))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">'
    parts = [head, f"<title>{title}</title>", '<rect width="100%" height="100%" fill="#f4f4f4"/>']
    parts.append(_picture(file, (x0, y0, x1, y1), scale))
    origin = np.array([x0, y0])
    for people, colour, dash in ((mine, TRUTH, ""), (theirs, FOUND, ' stroke-dasharray="5 3"')):
        for row in range(len(people)):
            xy = (np.clip(people.xy[row], -FARTHEST, FARTHEST) - origin) * scale
            parts.append(_person(xy, people.seen[row] > 0, aligned.truth.skeleton, colour, dash))
    return "".join([*parts, "</svg>"])


def _window(mine: People, theirs: People, size: Floats) -> tuple[float, float, float, float]:
    """The region to show: the true people with a margin, or all people, or the frame."""
    people = mine if (mine.seen > 0).any() else theirs
    return around(people.xy[people.seen > 0], size)


def _person(xy: Floats, seen: Bools, skeleton: Skeleton, colour: str, dash: str) -> str:
    xy = np.clip(np.nan_to_num(xy), -1e4, 1e4)
    lines = [
        f'<line x1="{xy[a, 0]:.1f}" y1="{xy[a, 1]:.1f}" x2="{xy[b, 0]:.1f}" y2="{xy[b, 1]:.1f}"{dash}/>'
        for a, b in skeleton.limbs
        if seen[a] and seen[b]
    ]
    dots = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6" fill="{colour}"/>' for x, y in xy[seen]]
    return f'<g stroke="{colour}" stroke-width="2" fill="none" opacity="0.9">{"".join([*lines, *dots])}</g>'


def _picture(file: Path | None, window: Window, scale: float) -> str:
    """The part of the image inside the window; empty without a readable image."""
    found = crop(file, window, WIDTH)
    if found is None:
        return ""
    place = f'x="{(found.x - window[0]) * scale:.1f}" y="{(found.y - window[1]) * scale:.1f}"'
    size = f'width="{found.width * scale:.1f}" height="{found.height * scale:.1f}"'
    return f'<image {place} {size} preserveAspectRatio="none" href="{found.url}"/>'
