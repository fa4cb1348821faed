"""Pictures of synthetic scenes agree with their truth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from poseval.synth import World, render, save_picture, scenes, truth_of


def test_pictures_are_seeded() -> None:
    first, second = (render(next(scenes(3, 1, 3))) for _ in range(2))
    assert first.shape == (240, 320, 3)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, second)
    other = render(next(scenes(4, 1, 3)))
    assert np.abs(first.astype(int) - other).mean() > 5


def test_background_of_a_clip_stands_still() -> None:
    frames = [replace(scene, figures=(), grain=0) for scene in scenes(3, 2, 2, video=True)]
    np.testing.assert_array_equal(render(frames[0]), render(frames[1]))


def test_visible_joints_are_painted_and_hidden_ones_are_covered() -> None:
    """Taking a person away changes the picture at the visible joints and nowhere behind others."""
    visible, covered, changed = 0, 0, 0
    for scene in scenes(17, 12, 3, world=World(largest=180)):
        whole = render(scene).astype(int)
        truth = truth_of([scene], "coco17").people
        for row, figure in enumerate(scene.figures):
            without = replace(scene, figures=tuple(f for f in scene.figures if f is not figure))
            difference = np.abs(whole - render(without)).sum(axis=2)
            alone = truth_of([replace(scene, figures=(figure,), things=())], "coco17").people
            mine = np.flatnonzero(truth.track == row)
            if not len(mine) or not len(alone):
                continue
            at = np.rint(truth.xy[mine[0]]).astype(int)
            for joint in np.flatnonzero(truth.seen[mine[0]] > 0):
                x, y = at[joint]
                if truth.seen[mine[0], joint] == 2:
                    visible += 1
                    changed += int(difference[y, x] > 20)
                elif alone.seen[0, joint] == 2:
                    inner = difference[y, x]
                    covered += 1
                    assert inner == 0 or _near_an_edge(scene, row, truth.xy[mine[0], joint])
    assert visible > 100
    assert changed > 0.95 * visible
    assert covered > 5


def _near_an_edge(scene: object, row: int, point: np.ndarray) -> bool:
    """The joint lies within a pixel of the outline that covers it, so rounding may show the background."""
    distances = [
        float(shape.distance(point[:1], point[1:])[0])
        for owner, shapes in scene.layers()  # type: ignore[attr-defined]
        if owner != row
        for shape in shapes
    ]
    return min(abs(distance) for distance in distances) < 2.0


def test_saved_pictures_come_back(tmp_path: Path) -> None:
    picture = render(next(scenes(3, 1, 2)))
    save_picture(picture, tmp_path / "deep" / "a.png")
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "deep" / "a.png")), picture)
