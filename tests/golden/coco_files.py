"""COCO truth and result files as pose sets, read with plain `json`: what the golden tests feed to metrics."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np

from poseval.poses import Frames, People, PoseSet
from poseval.poses.aligned import Aligned
from poseval.skeletons import Skeleton

PART_KEYS = ("keypoints", "foot_kpts", "face_kpts", "lefthand_kpts", "righthand_kpts")
PART_SCORES = ("foot_score", "face_score", "lefthand_score", "righthand_score", "wholebody_score")


def load(folder: Path, name: str) -> Any:
    """`name`.json or `name`.json.gz of a folder."""
    plain, packed = folder / f"{name}.json", folder / f"{name}.json.gz"
    return json.loads(plain.read_bytes() if plain.exists() else gzip.decompress(packed.read_bytes()))


def skeleton(sigmas: np.ndarray) -> Skeleton:
    """A skeleton of nameless joints."""
    count = len(sigmas)
    joints = tuple(f"joint_{k}" for k in range(count))
    return Skeleton("test", joints, tuple(range(count)), sigmas=tuple(map(float, sigmas)))


def _flat(record: dict[str, Any], joints: int) -> list[float]:
    if joints == 133:
        return [number for key in PART_KEYS for number in record[key]]
    return list(record["keypoints"])


def _poses(records: list[dict[str, Any]], joints: int) -> np.ndarray:
    numbers = [_flat(record, joints) for record in records]
    return np.array(numbers, dtype=float).reshape(len(records), joints, 3)


def _extra(records: list[dict[str, Any]], key: str) -> np.ndarray:
    return np.array([record.get(key, np.nan) for record in records], dtype=float)


def aligned(truth: dict[str, Any], results: list[dict[str, Any]], sigmas: np.ndarray) -> Aligned:
    """Both files over one frames table, images in order of their id; records of other images are left out."""
    joints = len(sigmas)
    images = {image["id"]: image for image in truth["images"]}
    ids = sorted(images)
    place = {image: row for row, image in enumerate(ids)}
    crowd_index = np.array([images[key].get("crowdIndex", np.nan) for key in ids], dtype=float)
    frames = Frames(np.array([str(key) for key in ids]), extra={"crowd_index": crowd_index})
    people = sorted(
        (record for record in truth["annotations"] if record["image_id"] in place),
        key=lambda record: place[record["image_id"]],
    )
    found = sorted(
        (record for record in results if record["image_id"] in place),
        key=lambda record: place[record["image_id"]],
    )
    categories = {c["id"]: c["name"] for c in truth["categories"]}
    bones = skeleton(sigmas)
    return Aligned(
        PoseSet(bones, frames, _truth_people(people, place, joints), categories=categories),
        PoseSet(bones, frames, _found_people(found, results, place, joints), categories=categories),
    )


def _truth_people(records: list[dict[str, Any]], place: dict[int, int], joints: int) -> People:
    poses = _poses(records, joints)
    box = np.array([record["bbox"] for record in records], dtype=float).reshape(-1, 4)
    extra = {
        "num_keypoints": np.array([record.get("num_keypoints", -1) for record in records], dtype=np.int64),
        "box_size": box[:, 2:],
    }
    if records and "pad_to_contain" in records[0]:
        extra["pad_to_contain"] = np.array([record["pad_to_contain"] for record in records], dtype=float)
    return People(
        xy=poses[..., :2],
        frame=np.array([place[record["image_id"]] for record in records], dtype=np.int64),
        seen=np.ceil(poses[..., 2]).astype(np.int8),
        area=_extra(records, "area"),
        box=np.concatenate([box[:, :2], box[:, :2] + box[:, 2:]], axis=1),
        crowd=np.array([bool(record.get("iscrowd")) for record in records], dtype=bool),
        category=np.array([record["category_id"] for record in records], dtype=np.int64),
        source_id=np.array([record["id"] for record in records], dtype=np.int64),
        extra=extra,
    )


def _found_people(
    records: list[dict[str, Any]], in_file: list[dict[str, Any]], place: dict[int, int], joints: int
) -> People:
    poses = _poses(records, joints)
    if in_file and in_file[0].get("bbox"):
        area = np.array([record["bbox"][2] * record["bbox"][3] for record in records], dtype=float)
    else:
        # The extent that pycocotools takes is that of the body joints alone.
        body = [np.array(record["keypoints"], dtype=float) for record in records]
        area = np.array([np.ptp(one[0::3]) * np.ptp(one[1::3]) for one in body])
    numbers = {id(record): row for row, record in enumerate(in_file, start=1)}
    return People(
        xy=poses[..., :2],
        frame=np.array([place[record["image_id"]] for record in records], dtype=np.int64),
        joint_score=poses[..., 2],
        score=_extra(records, "score"),
        area=area,
        category=np.array([record["category_id"] for record in records], dtype=np.int64),
        source_id=np.array([numbers[id(record)] for record in records], dtype=np.int64),
        extra={key: _extra(records, key) for key in PART_SCORES},
    )
