"""JRDB-Pose: the toolkit's two evaluations, transcribed; CLEAR, identities and HOTA by TrackEval.

Source: JRDB-dataset/jrdb_toolkit 4fbf7d6, pose_eval/pose_eval.py (`ospa_for_loc`), posetrack/datasets/
jrdbpose.py and posetrack/metrics/ospa2.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from poseval.compat.official.base import (
    ADDITION,
    Array,
    CannotCheck,
    Number,
    Question,
    Side,
    from_json,
    transcription,
)
from poseval.compat.official.tracking import Tracks, trackeval, trackeval_version

SIGMAS = np.array([0.079, 0.025, 0.025, 0.079, 0.026, 0.079, 0.072, 0.072, 0.107, 0.062, 0.107, 0.107, 0.062,
                   0.087, 0.087, 0.089, 0.089])  # fmt: skip
Shot = tuple[list[int], list[int], Array, Array, Array]  # ids, likeness of joints, visibility, of poses
LEVELS = ("invisible", "occluded", "visible")
LABELLED, PREDICTED = 0.3, 0.8  # UNLABELED_VS_LABELED_IOU_THRESHOLD, UNLABELED_VS_PREDS_IOU_THRESHOLD


@dataclass
class Image:
    """One image: people of both sides as the files have them, and everybody's boxes."""

    truth: list[dict[str, Any]]
    found: list[dict[str, Any]]
    boxes: list[list[float]]


def sides(question: Question) -> list[Side]:
    """OSPA of poses and OSPA(2) of tracks by the toolkit, the rest by TrackEval.

    Raises:
        CannotCheck: files that the toolkit does not read.
    """
    mended = question.rules == "corrected"
    videos = _videos(Path(question.truth), Path(question.predictions))
    frames = [_frame(image) for images in videos.values() for image in images]
    numbers: dict[str, Number] = {"OSPA": float(np.mean(frames))}
    tracks = [_tracked(images, "image" in name) for name, images in videos.items()]
    parts = [_ospa2(one, mended) for one in tracks]
    numbers |= {key: float(np.mean([part[key] for part in parts])) for key in parts[0]}
    name = "jrdb_toolkit 4fbf7d6, pose_eval" + (", its faults fixed" if mended else "")
    if mended:
        return [Side(transcription(name), numbers, ADDITION)]
    try:
        return [Side(transcription(name), numbers, ADDITION), _by_trackeval(tracks)]
    except CannotCheck as why:
        return [Side(transcription(name), numbers, ADDITION, (f"numbers of TrackEval: {why}",))]


def _by_trackeval(tracks: Sequence[Sequence[Shot]]) -> Side:
    """CLEAR, identities and HOTA of whole poses."""
    given = [
        Tracks([g for g, *_ in one], [h for _, h, *_ in one], [like for *_, like in one]) for one in tracks
    ]
    higher, clear = trackeval(given, "HOTA"), trackeval(given, "CLEAR", THRESHOLD=0.5)
    identity = trackeval(given, "Identity", THRESHOLD=0.5)
    others = {key: float(higher[key].mean()) for key in ("HOTA", "DetA", "AssA", "LocA")}
    others |= {"MOTA": float(clear["MOTA"]), "MOTP": float(clear["MOTP"]), "IDF1": float(identity["IDF1"])}
    others |= {"precision": float(clear["CLR_Pr"]), "recall": float(clear["CLR_Re"])}
    return Side(trackeval_version(), dict(others), ADDITION)


def _videos(truth: Path, predictions: Path) -> dict[str, list[Image]]:
    """Images of each sequence, in the order of the ground truth's file."""
    files = sorted(truth.glob("*.json")) if truth.is_dir() else [truth]
    out = {}
    for file in files:
        data = from_json(file)
        place = predictions / file.name if predictions.is_dir() else predictions
        guess = from_json(place)
        people = guess["annotations"] if isinstance(guess, dict) else guess
        kind = "labels_2d" if "image" in file.stem else "labels_2d_stitched"
        beside = file.absolute().parent.parent / kind / file.name
        labels = from_json(beside)["labels"] if beside.is_file() else {}
        if not isinstance(data, dict) or not all("track_id" in p for p in people):
            raise CannotCheck("the toolkit reads people with a track_id")
        out[file.stem] = [
            Image(
                [p for p in data["annotations"] if p["image_id"] == image["id"]],
                [p for p in people if p["image_id"] == image["id"]],
                [p["box"] for p in labels.get(image["file_name"][-10:], [])],
            )
            for image in data["images"]
        ]
    return out


def _points(person: dict[str, Any]) -> Array:
    return np.reshape(np.array(person["keypoints"], dtype=np.float64), (-1, 3))


def _frame(image: Image) -> float:
    """get_ospa: joints that are not invisible, by the area of the file."""
    m, n = len(image.truth), len(image.found)
    if not m or not n:
        return float(m != n)
    cost = np.zeros((m, n))
    for i, person in enumerate(image.truth):
        true = _points(person)
        seen = true[:, 2] > 0
        if not seen.any():
            raise CannotCheck("a pose has no visible joint, whom the toolkit measures by the box")
        area = person.get("area") or person["bbox"][2] * person["bbox"][3]
        for j, guess in enumerate(image.found):
            square = ((_points(guess)[:, :2] - true[:, :2]) ** 2).sum(axis=1)
            like = np.exp(-square / (2 * SIGMAS) ** 2 / (area + np.spacing(1)) / 2)
            cost[i, j] = 1 - like[seen].mean()
    rows, columns = linear_sum_assignment(cost)
    return float((cost[rows, columns].sum() + abs(m - n)) / max(m, n))


def _tracked(images: Sequence[Image], single: bool) -> list[Shot]:
    """get_raw_seq_data: images with poses, without the predictions of people who have none."""
    width = 752 if single else 3760
    out: list[Shot] = []
    for image in images:
        if not image.truth:
            continue
        found = _without_unlabelled(image, width)
        like = np.zeros((len(image.truth), len(found), 17))
        for i, person in enumerate(image.truth):
            true = _points(person)
            x1, y1, x2, y2 = _around(true, width)
            area = (x2 - x1) * (y2 - y1)
            for j, guess in enumerate(found):
                square = ((true[:, :2] - _points(guess)[:, :2]) ** 2).sum(axis=1)
                like[i, j] = np.exp(-square / ((2 * SIGMAS) ** 2 * (area if area > 0 else 1) * 2))
        flags = np.array([_points(person)[:, 2] for person in image.truth])
        ids = [[int(p["track_id"]) for p in side] for side in (image.truth, found)]
        out.append((ids[0], ids[1], like, flags, like.mean(axis=2)))
    return out


def _around(points: Array, width: float) -> tuple[float, float, float, float]:
    (x1, y1), (x2, y2) = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    if x2 - x1 > 400:
        x1, x2 = x2, x1 + width
    return float(x1), float(y1), float(x2), float(y2)


def _without_unlabelled(image: Image, width: float) -> list[dict[str, Any]]:
    labelled = [_around(_points(p), width) for p in image.truth]
    bare = [(x, y, x + w, y + h) for x, y, w, h in image.boxes]
    bare = [box for box in bare if all(_overlap(box, other) <= LABELLED for other in labelled)]
    if not bare or not image.found:
        return image.found
    hits = np.array(
        [[_overlap(_around(_points(p), width), box) > PREDICTED for box in bare] for p in image.found]
    )
    rows, columns = linear_sum_assignment(hits, maximize=True)
    free = {int(row) for row, column in zip(rows, columns, strict=True) if hits[row, column]}
    return [person for place, person in enumerate(image.found) if place not in free]


def _overlap(a: Sequence[float], b: Sequence[float]) -> float:
    shared = max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / union if shared > 0 else 0.0


def _ospa2(shots: Sequence[Shot], mended: bool) -> dict[str, float]:
    """OSPA2.eval_sequence, one pair of tracks after the other."""
    ids = [sorted({key for shot in shots for key in shot[side]}) for side in (0, 1)]
    m, n = len(ids[0]), len(ids[1])
    if not m or not n:
        return dict.fromkeys(("OSPA2", *(f"OSPA2_{name}" for name in LEVELS)), float(m != n)) | {
            "OSPA2_card": float(m != n), "OSPA2_loc": 0.0}  # fmt: skip
    total, counts = np.zeros((4, m, n)), np.zeros((m, n))
    for mine, theirs, like, flags, pose in shots:
        if not theirs and not mended:
            continue
        for g, track in enumerate(ids[0]):
            for h, other in enumerate(ids[1]):
                counts[g, h] += track in mine or other in theirs
                if track in mine and other in theirs:
                    i, j = mine.index(track), theirs.index(other)
                    total[3, g, h] += 1 - pose[i, j]
                    for level in range(3):
                        total[level, g, h] += _level(1 - like[i, j], flags[i] == level, mended)
                else:
                    total[:, g, h] += track in mine or other in theirs
    mean = total / np.maximum(counts, 1)
    rows, columns = linear_sum_assignment(mean[3])
    card = abs(m - n) / max(m, n)
    terms = [float(table[rows, columns].sum()) / max(m, n) for table in mean]
    named = {f"OSPA2_{name}": terms[level] + card for level, name in enumerate(LEVELS)}
    return {"OSPA2": terms[3] + card, "OSPA2_card": card, "OSPA2_loc": terms[3], **named}


def _level(distance: Array, mask: Array, mended: bool) -> float:
    """Mean distance of the joints of a visibility; the toolkit counts those alone that are off."""
    kept = distance[mask]
    count = len(kept) if mended else int((kept > 0).sum())
    return math.fsum(kept.tolist()) / max(1, count)
