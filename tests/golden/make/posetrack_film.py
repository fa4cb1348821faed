"""Seeded PoseTrack videos: people who walk, predictions near them, and their files of 2017, 2018 and 2021."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Record = dict[str, Any]

NAMES_18 = (
    *("nose", "head_bottom", "head_top", "left_ear", "right_ear", "left_shoulder", "right_shoulder"),
    *("left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip"),
    *("left_knee", "right_knee", "left_ankle", "right_ankle"),
)
NAMES_17 = (
    *("right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle", "right_wrist"),
    *("right_elbow", "right_shoulder", "left_shoulder", "left_elbow", "left_wrist"),
    *("head_bottom", "nose", "head_top"),
)
EARS = (3, 4)
HEAD = (30.0, 40.0)  # its diagonal is 50, so that the head size 0.6 * 50 is 30 pixels


@dataclass
class Body:
    """A person in a frame: joints [17, 3] as x, y, flag (truth) and a score of each (predictions)."""

    track: int
    joints: np.ndarray
    scores: list[float] | None = None
    head: tuple[float, float] = HEAD
    fields: Record = field(default_factory=dict)


@dataclass
class Frame:
    """Truth, predictions and what the image says of itself."""

    truth: list[Body] = field(default_factory=list)
    found: list[Body] = field(default_factory=list)
    labelled: bool = True
    ignored: list[list[tuple[float, float]]] = field(default_factory=list)


class Film:
    """A video of some frames; people walk straight, numbers are rounded to one decimal."""

    def __init__(self, seed: int, frames: int = 8, number: int = 800001) -> None:
        self.rng = np.random.RandomState(seed)
        self.frames = [Frame() for _ in range(frames)]
        self.number = number
        self.people = 0

    @property
    def name(self) -> str:
        """Name of the sequence."""
        return f"{self.number:06}_mpii_test"

    def walk(
        self,
        track: int,
        frames: Iterable[int] | None = None,
        at: tuple[float, float] | None = None,
        speed: tuple[float, float] = (6, 1),
        missing: Iterable[int] = (),
        **fields: Any,
    ) -> None:
        """A person through frames, all by default; joints of the indices `missing` are not annotated."""
        x, y = at or (100 + 170.0 * self.people, 100 + 40.0 * (self.people % 3))
        self.people += 1
        offset = self.rng.uniform((0, 0), (110, 200), (17, 2))
        for number in range(len(self.frames)) if frames is None else frames:
            joints = np.zeros((17, 3))
            place = np.array([x + speed[0] * number, y + speed[1] * number])
            joints[:, :2] = np.round(offset + place, 1) + 0.25
            joints[:, 2] = 1
            joints[[*EARS, *missing]] = 0
            self.frames[number].truth.append(Body(track, joints, fields=dict(fields)))

    def find(
        self,
        track: int,
        ident: int | None = None,
        frames: Iterable[int] | None = None,
        spread: float = 3,
        lost: float = 0,
        score: float | None = None,
        **fields: Any,
    ) -> None:
        """Predictions near a walking person as track `ident`; a share of joints is lost."""
        for number in range(len(self.frames)) if frames is None else frames:
            for body in self.frames[number].truth:
                if body.track == track:
                    shift = self.rng.normal(0, spread, (17, 2)) if spread else np.zeros((17, 2))
                    self._add(number, body, track if ident is None else ident, shift, lost, score, fields)

    def _add(
        self,
        number: int,
        body: Body,
        ident: int,
        shift: np.ndarray,
        lost: float,
        score: float | None,
        fields: Record,
    ) -> None:
        joints = body.joints.copy()
        gone = (joints[:, 2] == 0) | (self.rng.random_sample(17) < lost)
        joints[:, :2] = np.round(joints[:, :2] + shift, 2)
        joints[:, 2] = 1
        joints[gone] = 0
        scores = [round(float(s), 6) for s in self.rng.uniform(0.2, 1, 17)]
        scores = scores if score is None else [score] * 17
        self.frames[number].found.append(Body(ident, joints, scores, body.head, dict(fields)))

    def stray(self, ident: int, frames: Iterable[int], at: tuple[float, float] = (900, 400)) -> None:
        """A prediction near nobody."""
        for number in frames:
            joints = np.zeros((17, 3))
            joints[:, :2] = np.round(np.array(at) + self.rng.uniform((0, 0), (100, 180), (17, 2)), 2)
            joints[:, 2] = 1
            joints[list(EARS)] = 0
            scores = [round(float(s), 6) for s in self.rng.uniform(0.1, 0.7, 17)]
            self.frames[number].found.append(Body(ident, joints, scores))

    def image_id(self, number: int) -> int:
        """Id of a frame as PoseTrack18 makes it."""
        return 10**10 + self.number * 10**4 + number

    def image_name(self, number: int) -> str:
        """Path of a frame."""
        return f"images/val/{self.name}/{number:06}.jpg"


def as_18(film: Film, truth: bool, names: tuple[str, ...] = NAMES_18) -> Record:
    """A file of PoseTrack18 and 21."""
    images, annotations = [], []
    for number, frame in enumerate(film.frames):
        key = film.image_id(number)
        image: Record = {"file_name": film.image_name(number), "frame_id": key, "id": key}
        image |= {"is_labeled": frame.labelled, "nframes": len(film.frames), "vid_id": f"{film.number:06}"}
        for axis, place in (("x", 0), ("y", 1)):
            image[f"ignore_regions_{axis}"] = [[point[place] for point in area] for area in frame.ignored]
        images.append(image)
        for index, body in enumerate(frame.truth if truth else frame.found):
            keep = [NAMES_18.index(name) for name in names]
            flat = [float(n) for n in body.joints[keep].ravel()]
            scores = [] if body.scores is None else [body.scores[k] for k in keep]
            record = {"id": key * 100 + index, "image_id": key, "track_id": body.track, "category_id": 1}
            record |= {"keypoints": flat, "scores": scores}
            if truth:
                record["bbox_head"] = [60.0, 60.0, *body.head]
            annotations.append({**record, **body.fields})
    category = {"id": 1, "name": "person", "keypoints": list(names)}
    return {"annotations": annotations, "categories": [category], "images": images}


def as_17(film: Film, truth: bool) -> Record:
    """A file of PoseTrack17; joints without a flag are left out."""
    frames = []
    for number, frame in enumerate(film.frames):
        people = [_rect(body) for body in (frame.truth if truth else frame.found)]
        entry: Record = {"annorect": people, "image": [{"name": film.image_name(number)}]}
        entry |= {"imgnum": [number + 1], "is_labeled": [int(frame.labelled)]}
        if frame.ignored:
            areas = [[{"x": [x], "y": [y]} for x, y in area] for area in frame.ignored]
            entry["ignore_regions"] = [{"point": area} for area in areas]
        frames.append(entry)
    return {"annolist": frames}


def _rect(body: Body) -> Record:
    points = []
    for ident, name in enumerate(NAMES_17):
        place = NAMES_18.index(name)
        x, y, flag = (float(n) for n in body.joints[place])
        if flag or x or y:
            point: Record = {"id": [ident], "x": [x], "y": [y], "is_visible": [int(flag)]}
            if body.scores is not None:
                point["score"] = [body.scores[place]]
            points.append(point)
    width, height = body.head
    corners = {"x1": [60.0], "y1": [60.0], "x2": [60.0 + width], "y2": [60.0 + height]}
    return {"annopoints": [{"point": points}], "track_id": [body.track], **corners, **body.fields}


def folders(films: Iterable[Film], form: str = "18") -> Record:
    """Files of both folders of a case; `form` is 17, 18 or, with predictions of the other form, 18/17."""
    write = {"17": as_17, "18": as_18}
    sides = form.split("/")
    out = {}
    for film in films:
        out[f"gt/{film.name}.json"] = write[sides[0]](film, True)
        out[f"pred/{film.name}.json"] = write[sides[-1]](film, False)
    return out
