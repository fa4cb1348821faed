"""Scenes as images, painted with NumPy."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from poseval.files.writing import make_folder, write_atomically
from poseval.poses import Floats
from poseval.synth.scene import Scene, generator
from poseval.synth.shapes import Shape

Picture = NDArray[np.uint8]  # [H, W, 3] red, green, blue

GRAIN = 0.022  # standard deviation of the sensor noise, of 1
PATTERN_DEPTH = 0.62  # brightness of the dark part of a pattern
RIM = 0.72  # brightness of the outline, which parts an arm from a trunk of the same colour


def render(scene: Scene) -> Picture:
    """A scene as red, green and blue bytes [H, W, 3]."""
    rng = generator(*scene.texture)
    canvas = _background(rng, *scene.size)
    light = float(rng.uniform(-0.6, 0.6))
    for _, shapes in scene.layers():
        for shape in shapes:
            _paint(canvas, shape, light)
    exposure, gamma = rng.uniform(0.82, 1.12), rng.uniform(0.85, 1.2)
    grain = generator(*scene.texture, scene.grain).normal(0.0, GRAIN, canvas.shape)
    canvas = np.clip(canvas * exposure, 0.0, 1.0) ** gamma + grain
    out: Picture = np.clip(np.rint(canvas * 255.0), 0, 255).astype(np.uint8)
    return out


def save_picture(picture: Picture, path: Path) -> None:
    """Write an image; the suffix says the format.

    Raises:
        UsageError: P137 it cannot be written. LimitError: P506 no room is left for it.
    """
    from PIL import Image

    make_folder(path.parent)
    kind, out = Image.registered_extensions()[path.suffix.lower()], io.BytesIO()
    Image.fromarray(picture).save(
        out, kind, compress_level=1
    )  # of PNG: a third of the time, a tenth more bytes
    write_atomically(path, out.getvalue(), force=True)


def _background(rng: np.random.Generator, width: int, height: int) -> Floats:
    """A wall or sky above a floor, both uneven."""
    wall, floor = rng.uniform(0.25, 0.9, 3), rng.uniform(0.2, 0.75, 3)
    wall, floor = (0.55 * tint + 0.45 * tint.mean() for tint in (wall, floor))
    horizon = rng.uniform(0.35, 0.7) * height
    lines = np.arange(height)[:, None]
    edge = np.clip((lines - horizon) / 2.0 + 0.5, 0.0, 1.0)[:, :, None]
    slope = (1.0 - 0.25 * np.abs(lines - horizon) / height)[:, :, None]
    canvas: Floats = (wall * (1 - edge) + floor * edge) * slope * np.ones((1, width, 1))
    for cells, depth in ((4, 0.10), (24, 0.05)):
        canvas += depth * _noise(rng, width, height, cells)
    return canvas


def _noise(rng: np.random.Generator, width: int, height: int, cells: int) -> Floats:
    """Smooth noise in -1..1 [H, W, 1]: a coarse random grid, bilinearly enlarged."""
    grid = rng.uniform(-1.0, 1.0, (cells + 1, cells + 1))
    y, x = np.linspace(0, cells, height, endpoint=False), np.linspace(0, cells, width, endpoint=False)
    top, left = y.astype(int), x.astype(int)
    down, right = (y - top)[:, None], (x - left)[None, :]
    upper = grid[np.ix_(top, left)] * (1 - right) + grid[np.ix_(top, left + 1)] * right
    lower = grid[np.ix_(top + 1, left)] * (1 - right) + grid[np.ix_(top + 1, left + 1)] * right
    out: Floats = (upper * (1 - down) + lower * down)[:, :, None]
    return out


def _paint(canvas: Floats, shape: Shape, light: float) -> None:
    """Blend one shape into the canvas [H, W, 3]."""
    height, width = canvas.shape[:2]
    x0, y0, x1, y1 = shape.bounds()
    left, right = max(int(np.floor(x0 - 1)), 0), min(int(np.ceil(x1 + 2)), width)
    top, low = max(int(np.floor(y0 - 1)), 0), min(int(np.ceil(y1 + 2)), height)
    if left >= right or top >= low:
        return
    x, y = np.meshgrid(np.arange(left, right, dtype=np.float64), np.arange(top, low, dtype=np.float64))
    distance = shape.distance(x, y)
    cover = np.clip(0.5 - distance, 0.0, 1.0)[:, :, None]
    if not cover.any():
        return
    girth = max(min(shape.radii) if shape.kind == "ellipse" else max(shape.radii), 2.0)
    inward = np.clip(-distance / girth, 0.0, 1.0)
    tone = RIM + (1.0 - RIM) * np.clip(inward * 3.0, 0.0, 1.0)
    tone = tone * (1.0 + 0.12 * light * np.clip((x - (x0 + x1) / 2) / max(x1 - x0, 1.0), -0.5, 0.5))
    if shape.pattern != "plain":
        tone = tone * _pattern(shape, x, y)
    patch = canvas[top:low, left:right]
    patch += cover * (np.array(shape.colour) * tone[:, :, None] - patch)


def _pattern(shape: Shape, x: Floats, y: Floats) -> Floats:
    """Brightness of a woven pattern about the middle of the shape."""
    middle = shape.points.mean(axis=0) if shape.kind != "ellipse" else shape.points[0]
    period = max(0.9 * max(shape.radii), 4.0)
    across = np.mod((x - middle[0]) / period, 1.0) < 0.5
    down = np.mod((y - middle[1]) / period, 1.0) < 0.5
    dark = {"stripes": across, "bands": down, "checks": across ^ down}[shape.pattern]
    return np.where(dark, PATTERN_DEPTH, 1.0)
