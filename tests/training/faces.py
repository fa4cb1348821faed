"""Synthetic faces of 68 points and their truth, as the list that face programs read."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from poseval.poses import Array, Floats
from poseval.synth.picture import save_picture

SIDE = 96
OUTLINE, BROWS, NOSE = (0, 17), ((17, 22), (22, 27)), ((27, 31), (31, 36))
EYES, LIPS, MOUTH = ((36, 42), (42, 48)), (48, 60), (60, 68)


def _arc(centre: tuple[float, float], radii: tuple[float, float], degrees: Floats) -> Floats:
    angle = np.deg2rad(degrees)
    return np.stack([centre[0] + radii[0] * np.cos(angle), centre[1] + radii[1] * np.sin(angle)], axis=1)


def _template(rng: np.random.Generator) -> Floats:
    """[68, 2] in the order of 300W, the head about 2 high and around (0, 0)."""
    wide, brow, lid, mouth, gap = rng.uniform([0.7, 0.28, 0.05, 0.22, 0.02], [0.9, 0.42, 0.11, 0.36, 0.12])
    eye = rng.uniform(0.3, 0.4)
    parts = [_arc((0, -0.1), (wide, 1.0), np.linspace(180, 0, 17))]
    parts += [_arc((side * eye, -brow), (0.2, 0.12), np.linspace(180, 360, 5)) for side in (-1, 1)]
    parts += [np.stack([np.zeros(4), np.linspace(-0.2, 0.15, 4)], axis=1)]
    parts += [_arc((0, 0.2), (0.16, 0.07), np.linspace(180, 0, 5))]
    parts += [_arc((side * eye, -0.18), (0.14, lid), np.arange(180, 540, 60)) for side in (-1, 1)]
    parts += [_arc((0, 0.5), (mouth, 0.08 + gap), np.arange(180, 540, 30))]
    parts += [_arc((0, 0.5), (mouth - 0.06, gap), np.arange(180, 540, 45))]
    return np.concatenate(parts)


def _near(grid: Floats, points: Floats, closed: bool) -> Floats:
    """Distance of each pixel to a line through the points."""
    ends = np.roll(points, -1, axis=0) if closed else points[1:]
    best = np.full(grid.shape[:2], np.inf)
    for start, end in zip(points if closed else points[:-1], ends, strict=True):
        along = end - start
        share = np.clip((grid - start) @ along / max(float(along @ along), 1e-9), 0, 1)
        best = np.minimum(best, np.hypot(*np.moveaxis(grid - start - share[..., None] * along, -1, 0)))
    return best


def _inside(grid: Floats, points: Floats) -> Array:
    """Pixels within a convex or star-shaped outline, by the number of crossings to the right."""
    crossed = np.zeros(grid.shape[:2], dtype=bool)
    for (x0, y0), (x1, y1) in zip(points, np.roll(points, -1, axis=0), strict=True):
        if y0 != y1:
            spans = (grid[..., 1] > min(y0, y1)) & (grid[..., 1] <= max(y0, y1))
            crossed ^= spans & (grid[..., 0] < x0 + (grid[..., 1] - y0) * (x1 - x0) / (y1 - y0))
    return crossed


def _paint(points: Floats, rng: np.random.Generator) -> Array:
    grid = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE)), axis=-1).astype(np.float64)
    canvas = rng.uniform(0.2, 0.9, 3) * (0.8 + 0.2 * grid[..., :1] / SIDE)
    crown = points[:17][::-1] * [1, -0.8] + [0, 1.8 * points[[0, 16], 1].mean()]
    skin, lips = (
        rng.uniform([0.6, 0.4, 0.3], [0.95, 0.75, 0.65]),
        rng.uniform([0.5, 0.1, 0.1], [0.8, 0.3, 0.3]),
    )
    canvas[_inside(grid, np.concatenate([points[:17], crown]))] = skin
    for first, last in EYES:
        canvas[_inside(grid, points[first:last])] = 0.95
        canvas[np.hypot(*np.moveaxis(grid - points[first:last].mean(axis=0), -1, 0)) < 1.2] = 0.1
    canvas[_inside(grid, points[slice(*LIPS)])] = lips
    canvas[_inside(grid, points[slice(*MOUTH)])] = 0.1
    for (first, last), shade in (*((part, 0.15) for part in BROWS), *((part, 0.35) for part in NOSE)):
        canvas[_near(grid, points[first:last], closed=False) < 0.8] = shade
    return np.clip(canvas * 255, 0, 255).astype(np.uint8)


def write_faces(folder: Path, count: int, seed: int = 3) -> Path:
    """`count` pictures of one face each below `folder/images`; returns the path of their list."""
    rows = []
    for index in range(count):
        rng = np.random.default_rng([seed, index])
        size, turn = rng.uniform(22, 32), np.deg2rad(rng.uniform(-15, 15))
        around = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        points = np.round(_template(rng) @ around * size + SIDE / 2 + rng.uniform(-6, 6, 2), 2)
        name = f"{index + 1:03d}.png"
        save_picture(_paint(points, rng), folder / "images" / name)
        low, high = points.min(axis=0), points.max(axis=0)
        middle = (low + high) / 2
        rows.append([name, f"{max(high - low) / 200:.4f}", *np.round(middle, 2), *points.ravel()])
    path = folder / "faces.csv"
    header = [f"original_{point}_{axis}" for point in range(68) for axis in "xy"]
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["image_name", "scale", "center_w", "center_h", *header], *rows])
    return path
