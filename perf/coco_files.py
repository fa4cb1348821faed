"""Seeded COCO files of val2017's size: 5,000 images, 11,004 people, and as many predictions as asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from once import once

IMAGES, PEOPLE, JOINTS = 5000, 11004, 17
LABELLED = 0.58  # share of people with labelled joints, as in val2017
WIDTH, HEIGHT = 640, 480

Array = NDArray[Any]


class Scene:
    """True people as columns; files are written from it."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        rng = self.rng
        self.image = np.sort(rng.integers(0, IMAGES, PEOPLE))
        self.size = np.exp(rng.normal(4.4, 0.7, PEOPLE))  # side of the box in pixels
        centre = rng.uniform(0, 1, (PEOPLE, 2)) * [WIDTH, HEIGHT]
        self.xy = np.round(
            centre[:, None] + rng.normal(0, 0.25, (PEOPLE, JOINTS, 2)) * self.size[:, None, None]
        )
        seen = rng.choice([0, 1, 2], (PEOPLE, JOINTS), p=[0.3, 0.1, 0.6])
        self.seen = np.where(rng.random((PEOPLE, 1)) < LABELLED, seen, 0)
        self.area = np.round(self.size**2 * rng.uniform(0.3, 0.7, PEOPLE), 4)


def write_truth(scene: Scene, path: Path) -> None:
    """Annotations with segmentation outlines, links and licences, as the published file has them."""
    images = [
        {
            "license": 1 + n % 8,
            "file_name": f"{n:012d}.jpg",
            "coco_url": f"http://images.example.org/synthetic/{n:012d}.jpg",
            "height": HEIGHT,
            "width": WIDTH,
            "date_captured": "2001-02-03 04:05:06",
            "flickr_url": f"http://photos.example.org/albums/0/{n:010d}_{0:010x}_z.jpg",
            "id": n,
        }
        for n in range(IMAGES)
    ]
    outline = np.round(scene.rng.normal(0, 0.5, (PEOPLE, 40, 2)) * scene.size[:, None, None] + 200, 2)
    annotations = []
    for row in range(PEOPLE):
        flags = scene.seen[row]
        joints = np.where(flags[:, None] > 0, scene.xy[row], 0).astype(int)
        low, high = scene.xy[row].min(axis=0), scene.xy[row].max(axis=0)
        annotations.append(
            {
                "segmentation": [outline[row].ravel().tolist()],
                "num_keypoints": int((flags > 0).sum()),
                "area": float(scene.area[row]),
                "iscrowd": 0,
                "keypoints": np.concatenate([joints, flags[:, None]], axis=1).ravel().tolist(),
                "image_id": int(scene.image[row]),
                "bbox": [*low.tolist(), *(high - low).tolist()],
                "category_id": 1,
                "id": 100000 + row,
            }
        )
    category = {
        "supercategory": "person",
        "id": 1,
        "name": "person",
        "keypoints": NAMES,
        "skeleton": [[1, 2]],
    }
    info = {"description": "synthetic", "version": "1.0", "year": 2017}
    tree = {
        "info": info,
        "licenses": [],
        "images": images,
        "annotations": annotations,
        "categories": [category],
    }
    path.write_text(json.dumps(tree), "utf-8")


SIDED = ("eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle")
NAMES = ["nose", *(f"{side}_{part}" for part in SIDED for side in ("left", "right"))]


def _predictions(scene: Scene, count: int, long_floats: bool, noise_by: float) -> Iterator[str]:
    """Records as text: one detection for each labelled person, then half near anybody and half anywhere."""
    rng = scene.rng
    labelled = rng.permutation(np.flatnonzero(scene.seen.any(axis=1)))
    for first in range(0, count, 50_000):
        size = min(50_000, count - first)
        model = rng.integers(0, PEOPLE, size)
        near = rng.random(size) < 0.5
        own = labelled[first : first + size]
        model[: len(own)], near[: len(own)] = own, True
        noise = noise_by * np.exp(rng.normal(-3.2, 0.8, size)) * scene.size[model]
        xy = scene.xy[model] + rng.normal(0, 1, (size, JOINTS, 2)) * noise[:, None, None]
        image = np.where(near, scene.image[model], rng.integers(0, IMAGES, size))
        score = np.clip(near * 0.5 - noise / scene.size[model] + rng.uniform(0, 0.6, size), 0.001, 1)
        confidence = rng.uniform(0.2, 1, (size, JOINTS, 1))
        joints = np.concatenate([xy, confidence], axis=2).reshape(size, -1)
        joints = joints.astype(np.float32).astype(float) if long_floats else np.round(joints, 3)
        score = score if long_floats else np.round(score, 4)
        for row in range(size):
            numbers = ", ".join(map(repr, joints[row].tolist()))
            yield (
                f'{{"image_id": {image[row]}, "category_id": 1, "keypoints": [{numbers}], '
                f'"score": {float(score[row])!r}}}'
            )


def write_predictions(scene: Scene, path: Path, count: int, long_floats: bool, noise_by: float) -> None:
    """A result list; `long_floats` writes 17 digits, as float32 values come out of most programs."""
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        for index, record in enumerate(_predictions(scene, count, long_floats, noise_by)):
            file.write(", " + record if index else record)
        file.write("]")


def files(
    folder: Path, count: int, long_floats: bool = False, noise_by: float = 1.0, seed: int = 2017
) -> tuple[Path, Path]:
    """Truth and `count` predictions in a folder, with `noise_by` times the usual noise; written once."""
    kind = f"{'_long' if long_floats else ''}{f'_noise{noise_by:g}' if noise_by != 1 else ''}"
    truth = folder / "person_keypoints.json"
    found = folder / f"predictions_{count}{kind}.json"
    once(truth, lambda part: write_truth(Scene(seed), part))
    once(found, lambda part: write_predictions(Scene(seed), part, count, long_floats, noise_by))
    return truth, found
