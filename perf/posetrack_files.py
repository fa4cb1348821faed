"""Seeded PoseTrack18 files of the size of its validation set: 74 videos, 3,900 frames, 16,000 people."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from once import once

VIDEOS, FRAMES, UNLABELLED = 74, 53, 12  # frames per video with and without truth
CROWD = 25  # most people of a video
WIDTH, HEIGHT = 1280, 720
NAMES = (
    *("nose", "head_bottom", "head_top", "left_ear", "right_ear", "left_shoulder", "right_shoulder"),
    *("left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip"),
    *("left_knee", "right_knee", "left_ankle", "right_ankle"),
)
# a standing body in units of its height, in the order of NAMES; ears are never given
BODY = np.array(
    [
        (0.0, -0.42), (0.0, -0.34), (0.0, -0.5), (0.0, 0.0), (0.0, 0.0), (0.1, -0.3), (-0.1, -0.3),
        (0.13, -0.15), (-0.13, -0.15), (0.14, 0.0), (-0.14, 0.0), (0.07, 0.0), (-0.07, 0.0),
        (0.08, 0.23), (-0.08, 0.23), (0.08, 0.46), (-0.08, 0.46),
    ]
)  # fmt: skip
EARS = (3, 4)

Array = NDArray[Any]


@dataclass
class Video:
    """One video: coordinates [T, P, 17, 2], who is shown [T, P], labelled joints [T, P, 17], heads [P]."""

    number: int
    xy: Array
    shown: Array
    labelled: Array
    height: Array

    @property
    def name(self) -> str:
        return f"{self.number:06d}_mpii_test"

    def image(self, frame: int) -> dict[str, Any]:
        ident = 10**10 + self.number * 10**4 + frame
        return {
            "has_no_densepose": True,
            "is_labeled": frame < FRAMES,
            "file_name": f"images/val/{self.name}/{frame:06d}.jpg",
            "nframes": FRAMES + UNLABELLED,
            "frame_id": ident,
            "vid_id": f"{self.number:06d}",
            "id": ident,
        }


def video(rng: np.random.Generator, number: int, people: int) -> Video:
    """People that walk past each other."""
    length = FRAMES + UNLABELLED
    height = rng.uniform(120, 420, people)
    start = rng.uniform([0.1 * WIDTH, 0.3 * HEIGHT], [0.9 * WIDTH, 0.7 * HEIGHT], (people, 2))
    walk = start + np.cumsum(rng.normal(0, 4, (length, people, 2)) + rng.normal(0, 2, (people, 2)), axis=0)
    swing = np.cumsum(rng.normal(0, 0.006, (length, people, 17, 2)), axis=0)
    xy = walk[:, :, None] + (BODY + swing) * height[:, None, None]
    shown = rng.random((length, people)) < 0.93
    labelled = rng.random((length, people, 17)) < 0.88
    labelled[..., EARS] = False
    return Video(number, np.round(xy, 3), shown, labelled, height)


def truth_of(film: Video, rng: np.random.Generator) -> dict[str, Any]:
    """The truth file of a video."""
    images, annotations = [], []
    for frame in range(FRAMES + UNLABELLED):
        image = film.image(frame)
        regions = [rng.uniform(0, 200, (6, 2)).round(1).tolist()] if film.number % 5 == 0 else []
        image["ignore_regions_x"] = [[x for x, _ in ring] for ring in regions]
        image["ignore_regions_y"] = [[y for _, y in ring] for ring in regions]
        images.append(image)
        if frame >= FRAMES:
            continue
        for person in np.flatnonzero(film.shown[frame]):
            joints = film.labelled[frame, person]
            points = np.where(joints[:, None], film.xy[frame, person], 0.0)
            side = 0.12 * film.height[person]
            x, y = film.xy[frame, person, 0] - side / 2
            box = [film.xy[frame, person].min(axis=0), np.ptp(film.xy[frame, person], axis=0)]
            annotations.append(
                {
                    "bbox_head": [round(float(v), 2) for v in (x, y, side, 1.2 * side)],
                    "keypoints": np.column_stack([points, joints]).ravel().tolist(),
                    "track_id": int(person),
                    "image_id": image["id"],
                    "bbox": np.concatenate(box).round(2).tolist(),
                    "scores": [],
                    "category_id": 1,
                    "id": image["id"] * 100 + int(person),
                }
            )
    return {"images": images, "annotations": annotations, "categories": categories()}


def predictions_of(film: Video, rng: np.random.Generator) -> dict[str, Any]:
    """Predictions with jitter, misses, false alarms, lost joints and exchanged ids, on all frames."""
    images, annotations = [], []
    people = film.xy.shape[1]
    ids = np.arange(people)
    for frame in range(FRAMES + UNLABELLED):
        image = film.image(frame)
        images.append({key: image[key] for key in ("file_name", "nframes", "frame_id", "vid_id", "id")})
        if people > 1 and rng.random() < 0.1:
            a, b = rng.permutation(people)[:2]
            ids[a], ids[b] = ids[b], ids[a]
        found = np.flatnonzero(film.shown[frame] & (rng.random(people) < 0.93))
        rows = [(film.xy[frame, p], film.height[p], int(ids[p])) for p in found]
        for extra in range(rng.poisson(0.08 * max(1, people))):
            where = rng.uniform([0, 0], [WIDTH, HEIGHT], 2)
            rows.append((where + BODY * 200, 200.0, 1000 + 50 * frame + extra))
        for points, height, ident in rows:
            spot = points + rng.normal(0, 0.022, (17, 2)) * height
            present = rng.random(17) < 0.94
            present[list(EARS)] = False
            score = np.where(present, rng.beta(5, 2, 17), 0.0)
            spot = np.where(present[:, None], spot, 0.0)
            annotations.append(
                {
                    "keypoints": np.column_stack([spot.round(3), present]).ravel().tolist(),
                    "track_id": ident,
                    "image_id": image["id"],
                    "scores": score.round(5).tolist(),
                    "category_id": 1,
                }
            )
    return {"images": images, "annotations": annotations, "categories": categories()}


def categories() -> list[dict[str, Any]]:
    return [{"supercategory": "person", "id": 1, "name": "person", "keypoints": list(NAMES), "skeleton": []}]


def write_videos(folder: Path, videos: int, seed: int) -> None:
    """The files of truth and predictions below a new folder."""
    rng = np.random.default_rng(seed)
    for side in ("gt", "pred"):
        (folder / side).mkdir(parents=True)
    for index in range(videos):
        crowded = index % 24 == 7
        people = int(rng.integers(16, CROWD + 1)) if crowded else 1 + min(12, int(rng.geometric(0.34)))
        film = video(rng, 300 + index, people)
        for side, make in (("gt", truth_of), ("pred", predictions_of)):
            (folder / side / f"{film.name}.json").write_text(json.dumps(make(film, rng)), "utf-8")


def files(folder: Path, videos: int = VIDEOS, seed: int = 18) -> tuple[Path, Path]:
    """Folders of truth and predictions; made once."""
    made = once(folder / f"posetrack-{videos}-videos-{seed}", lambda part: write_videos(part, videos, seed))
    return made / "gt", made / "pred"
