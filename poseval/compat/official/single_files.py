"""Files of single people in plain Python: MPII, LSP, PARSE, FLIC, JHMDB and Penn Action, and arrays of poses.

Numbers stay as the files have them. A bare array of predictions counts pixels as its ground truth's file
does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from poseval.compat.official.base import Array, CannotCheck, arrays, from_json

POSES = ("preds", "pred", "pos_pred", "keypoints", "landmarks", "pos_pred_src")
LAYOUTS = ((0, 1, 2), (2, 1, 0), (2, 0, 1), (0, 2, 1), (1, 0, 2), (1, 2, 0))
HEAD_FILES = ("gt_valid.mat", "mpii_gt_val.mat", "detections_our_format.mat", "mpii_headboxes.npy")
HEAD_SHARE = 0.6
MPII = (
    "right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle", "pelvis",
    "thorax", "upper_neck", "head_top", "right_wrist", "right_elbow", "right_shoulder",
    "left_shoulder", "left_elbow", "left_wrist",
)  # fmt: skip
LSP = (
    "right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle", "right_wrist",
    "right_elbow", "right_shoulder", "left_shoulder", "left_elbow", "left_wrist", "neck", "head_top",
)  # fmt: skip
FLIC = (
    "nose", "neck", "right_shoulder", "right_elbow", "right_wrist", "right_hip", "left_shoulder",
    "left_elbow", "left_wrist", "left_hip",
)  # fmt: skip
PENN = (
    "head", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist",
    "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip
JHMDB = (
    "neck", "belly", "head", "right_shoulder", "left_shoulder", "right_hip", "left_hip",
    "right_elbow", "left_elbow", "right_knee", "left_knee", "right_wrist", "left_wrist",
    "right_ankle", "left_ankle",
)  # fmt: skip
H36M = (
    "pelvis", "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle", "spine",
    "thorax", "neck", "head_top", "left_shoulder", "left_elbow", "left_wrist", "right_shoulder",
    "right_elbow", "right_wrist",
)  # fmt: skip


@dataclass
class Singles:
    """People one by one: ground truth and predictions [N, K, 2] (NaN: not predicted), and their scales."""

    joints: Sequence[str]
    truth: Array
    labelled: Array
    found: Array
    head: Array | None = None  # [N]
    box: Array | None = None  # [N, 4] corners
    size: Array | None = None  # [N], of faces
    yaw: Array | None = None  # [N] degrees
    base: int = 0  # what the ground truth's file calls the first pixel
    subsets: Mapping[str, Array] = field(default_factory=dict)  # [N] bool


def mpii(truth: str, predictions: str) -> Singles:
    """gt_valid.mat, HRNet's or pytorch-pose's list, or the hourglass's valid.h5."""
    if ".json" in Path(truth).name:
        found = _mpii_list(truth)
    else:
        data = arrays(truth)
        found = _mpii_mat(data) if "pos_gt_src" in data else _mpii_h5(data)
    xy, labelled, head = found
    guess = poses(predictions, len(xy), len(MPII))
    return Singles(MPII, xy, labelled, guess, head=head, base=1)


def _mpii_mat(data: Mapping[str, Any]) -> tuple[Array, Array, Array]:
    missing = np.asarray(data["jnt_missing"]).T != 0
    return np.asarray(data["pos_gt_src"]).transpose(2, 0, 1), ~missing, _heads(data["headboxes_src"])


def _heads(boxes: Any) -> Array:
    sides = np.asarray(boxes, dtype=np.float64)
    return np.asarray(np.linalg.norm(sides[1] - sides[0], axis=0) * HEAD_SHARE)


def _mpii_h5(data: Mapping[str, Any]) -> tuple[Array, Array, Array]:
    if "part" not in data:
        raise CannotCheck("the ground truth is not an MPII file that the other program reads")
    xy = np.asarray(data["part"], dtype=np.float64)
    return xy, np.asarray((xy > 1).all(axis=2)), np.asarray(data["normalize"], dtype=np.float64).ravel()


def _mpii_list(path: str) -> tuple[Array, Array, Array]:
    people = from_json(path)
    if "joint_self" in people[0]:
        chosen = [p for p in people if p.get("isValidation") == 1] or people
        points = np.array([p["joint_self"] for p in chosen], dtype=np.float64)
        xy, labelled = points[..., :2], ~(points[..., :2] == 0).all(axis=2)
    else:
        xy = np.array([p["joints"] for p in people], dtype=np.float64)
        labelled = np.array([p["joints_vis"] for p in people]) > 0
    for name in HEAD_FILES:
        beside = Path(path).parent / name
        if beside.is_file():
            data = arrays(beside)
            boxes = data.get("headboxes_src", data.get(""))
            if boxes is not None and np.shape(boxes) == (2, 2, len(xy)):
                return xy, labelled, _heads(boxes)
    raise CannotCheck("there is no file with head boxes next to the list")


def lsp(truth: str, predictions: str) -> Singles:
    """LSP's joints [2 or 3, 14, N], of which the last 1,000 are tested; PARSE's ptsAll [14, 2, 305]."""
    data = arrays(truth)
    if "ptsAll" in data:
        xy, first = (
            np.asarray(data["ptsAll"]).transpose(2, 0, 1),
            100 if data["ptsAll"].shape[2] == 305 else 0,
        )
        swapped = {"left": "right", "right": "left"}
        names = ["_".join((swapped.get(s, s), r)) if r else s for s, _, r in (j.partition("_") for j in LSP)]
    elif np.shape(data.get("joints", ()))[1:2] == (14,):
        xy, first = np.asarray(data["joints"])[:2].transpose(2, 1, 0), 0
        first, names = (1000 if len(xy) == 2000 else 0), list(LSP)
    else:
        raise CannotCheck("the ground truth has no joints of LSP or PARSE")
    xy = xy.astype(np.float64)
    guess = poses(predictions, len(xy), 14, len(xy) - first)
    if len(guess) < len(xy):
        xy = xy[first:]
    elif first:
        raise CannotCheck("predictions include the training half, but the kit scores only the test half")
    return Singles(names, xy, np.asarray(np.isfinite(xy).all(axis=2)), guess, base=1)


def flic(truth: str, predictions: str) -> Singles:
    """FLIC's joints [2, 10, N] as the kits ship them."""
    data = arrays(truth)
    if np.shape(data.get("joints", ()))[:2] != (2, 10):
        raise CannotCheck("the kit reads FLIC only as joints [2, 10, N]")
    xy = np.asarray(data["joints"], dtype=np.float64).transpose(2, 1, 0)
    return Singles(FLIC, xy, np.asarray(np.isfinite(xy).all(axis=2)), poses(predictions, len(xy), 10), base=1)


def cooking(truth: str, predictions: str) -> Singles:
    """MPII Cooking's joints [2, 12, N]."""
    data = arrays(truth)
    if np.shape(data.get("joints", ()))[:2] != (2, 12):
        raise CannotCheck("eval_pose reads joints [2, 12, N]")
    xy = np.asarray(data["joints"], dtype=np.float64).transpose(2, 1, 0)
    names = [f"joint_{k}" for k in range(12)]
    return Singles(names, xy, np.ones(xy.shape[:2], dtype=bool), poses(predictions, len(xy), 12), base=1)


def jhmdb(truth: str, predictions: str) -> Singles:
    """mmpose's COCO form: boxes and points count from 1, and boxes are clipped to the image."""
    if Path(truth).is_dir():
        raise CannotCheck("mmpose reads a file for each split")
    data = from_json(truth)
    if not isinstance(data, dict) or "annotations" not in data:
        raise CannotCheck("mmpose reads JHMDB only in COCO format")
    size = {image["id"]: (image["width"], image["height"]) for image in data["images"]}
    people = data["annotations"]
    points = np.array([p["keypoints"] for p in people], dtype=np.float64).reshape(len(people), -1, 3)
    boxes = np.zeros((len(people), 4))
    for row, person in enumerate(people):
        x, y, w, h = person["bbox"]
        width, height = size[person["image_id"]]
        for corner, value, limit in ((0, x - 1, width), (1, y - 1, height), (2, x - 1 + w, width),
                                     (3, y - 1 + h, height)):  # fmt: skip
            boxes[row, corner] = min(max(value, 0), limit - 1)
    found, base = _of_images(predictions, [p["image_id"] for p in people], points.shape[1])
    guess = found if found is not None else poses(predictions, len(people), points.shape[1])
    return Singles(JHMDB, points[..., :2], points[..., 2] > 0, guess + base, box=boxes, base=1)


def jhmdb_splits(truth: str, predictions: str) -> dict[str, tuple[str, str]]:
    """The two files of each split in folders; one pair without a name for two files."""
    sides = []
    for place in (Path(truth), Path(predictions)):
        files = sorted(place.glob("*.json")) if place.is_dir() else []
        sides.append(
            {
                f"split{n}": path
                for path in files
                for n in "123"
                if re.search(rf"(sub|split)[_-]?{n}", path.name)
            }
        )
    if not all(sides):
        return {"": (truth, predictions)}
    return {name: (str(path), str(sides[1][name])) for name, path in sides[0].items()}


def h36m(truth: str, predictions: str) -> Singles:
    """mmpose's COCO form of Human3.6M: joints by place, boxes as the file has them."""
    data = from_json(truth)
    if not isinstance(data, dict) or "annotations" not in data:
        raise CannotCheck("mmpose reads Human3.6M only in COCO format")
    people = [p for p in data["annotations"] if max(p["keypoints"]) != 0 and not p.get("iscrowd")]
    points = np.array([p["keypoints"] for p in people], dtype=np.float64).reshape(len(people), -1, 3)
    boxes = np.array([p["bbox"] for p in people], dtype=np.float64).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    found, _ = _of_images(predictions, [p["image_id"] for p in people], points.shape[1])
    guess = found if found is not None else poses(predictions, len(people), points.shape[1])
    return Singles(H36M, points[..., :2], points[..., 2] > 0, guess, box=boxes)


def _of_images(path: str, images: Sequence[Any], joints: int) -> tuple[Array | None, int]:
    """Poses of COCO results in the order of these images, and what is added to count from 1."""
    if ".json" not in Path(path).name:
        return None, 0
    records = from_json(path)
    if not isinstance(records, list) or not records or not isinstance(records[0], dict):
        return None, 0
    by_image = {record["image_id"]: record["keypoints"] for record in records}
    out = np.full((len(images), joints, 2), np.nan)
    for row, image in enumerate(images):
        if image in by_image:
            out[row] = np.reshape(by_image[image], (joints, 3))[:, :2]
    return out, 1


def penn(truth: str, predictions: str) -> tuple[Singles, list[str]]:
    """Penn Action's folder of NNNN.mat, frames without a box left out; and the video of each person."""
    place = Path(truth)
    files = [place] if place.is_file() else sorted(place.glob("[0-9][0-9][0-9][0-9].mat"))
    parts, boxes, videos, lengths = [], [], [], {}
    for file in files:
        data = arrays(file)
        frames = min(len(data["x"]), len(data["bbox"]))
        columns = [np.asarray(data[name], dtype=np.float64)[:frames] for name in ("x", "y", "visibility")]
        parts.append(np.stack(columns, axis=2))
        boxes.append(np.asarray(data["bbox"], dtype=np.float64)[:frames])
        videos += [file.stem] * frames
        lengths[file.stem] = frames
    table, box = np.concatenate(parts), np.concatenate(boxes)
    given = arrays(predictions)
    if set(given) >= set(lengths):
        guess = np.concatenate([_laid_out(given[v], None, 13)[:n, :, :2] for v, n in lengths.items()])
    else:
        guess = poses(predictions, len(table), 13)
    return Singles(
        PENN, table[..., :2], table[..., 2] == 1, guess.astype(np.float64), box=box, base=1
    ), videos


def poses(path: str, people: int, joints: int, *others: int) -> Array:
    """The array of poses [N, K, 2] of a file, for this number of people."""
    given = arrays(path)
    chosen = [given[name] for name in POSES if name in given and np.ndim(given[name]) == 3]
    chosen += [value for value in given.values() if np.ndim(value) == 3]
    if not chosen:
        raise CannotCheck(f"{path} holds no array of poses")
    table = _laid_out(np.asarray(chosen[0], dtype=np.float64), people, joints, *others)
    if len(table) not in (people, *others) or table.shape[1] != joints:
        raise CannotCheck(f"{path} holds {table.shape[0]} poses of {table.shape[1]} joints")
    return np.asarray(table[..., :2])


def _laid_out(table: Array, people: int | None, joints: int, *others: int) -> Array:
    counts = (people, *others)
    ways = [way for way in LAYOUTS if table.shape[way[2]] in (2, 3) and table.shape[way[1]] == joints
            and (people is None or table.shape[way[0]] in counts)]  # fmt: skip
    if not ways:
        raise CannotCheck(
            f"an array of shape {table.shape} is not an array of {people} poses of {joints} joints"
        )
    return table.transpose(ways[0])
