"""Landmark files in plain Python: csv, COCO form, .pts, WFLW's list, COFW's .mat, LaPa's .txt and 3DDFA's
.npy.

Numbers stay as the files have them; predictions follow the order of the ground truth or its image names.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from poseval.compat.official.base import Array, CannotCheck, arrays, content, from_json
from poseval.compat.official.single_files import Singles, poses

POINT = re.compile(r"^original_(\d{1,6})_([xy])$|^([xy])_?(\d{1,6})$", re.ASCII)
WFLW_ATTRIBUTES = ("pose", "expression", "illumination", "makeup", "occlusion", "blur")
WFLW_LISTS = {"pose": "largepose", **{name: name for name in WFLW_ATTRIBUTES[1:]}}
CROP_PIXELS = 200  # of one unit of `scale`


def read(truth: str, predictions: str) -> Singles:
    """Ground truth of any of these forms with its predictions."""
    place = Path(truth)
    found, names = _truth(place)
    found.found = _predictions(Path(predictions), names, found)
    return found


def _truth(place: Path) -> tuple[Singles, list[Any]]:
    if place.is_dir():
        return _folder(place)
    name = place.name.lower()
    if ".csv" in name:
        return _csv(place)
    if ".json" in name:
        return _coco(place)
    if ".npy" in name or ".mat" in name:
        return _arrays(place)
    if ".pts" in name:
        return _folder(place)
    return _wflw(place)


def _csv(place: Path) -> tuple[Singles, list[Any]]:
    """HRNet-Facial-Landmark-Detection's lists."""
    rows = _rows(content(place).decode("utf-8-sig"))
    names = [row["image_name"] for row in rows]
    columns = _columns(rows[0])
    xy = np.array([[[_number(row[x]), _number(row[y])] for x, y in columns] for row in rows])
    size = np.array([float(row["box_size"]) for row in rows]) if "box_size" in rows[0] else None
    box = None
    if {"scale", "center_w", "center_h"} <= rows[0].keys():
        table = np.array([[float(row[k]) for k in ("center_w", "center_h", "scale")] for row in rows])
        box = _crops(table[:, :2], table[:, 2])
    subsets = _by_folder(names, len(columns))
    stem = place.name.split(".", 1)[0]
    for subset, ending in WFLW_LISTS.items() if len(columns) == 98 else ():
        beside = place.parent / f"{stem}_{ending}.csv"
        if beside.is_file():
            members = {row["image_name"] for row in _rows(beside.read_text("utf-8-sig"))}
            subsets[subset] = np.array([name in members for name in names])
    return _singles(xy, np.isfinite(xy).all(axis=2), size=size, box=box, subsets=subsets), names


def _rows(text: str) -> list[dict[str, str]]:
    header, *rows = csv.reader(io.StringIO(text))
    return [dict(zip(header, row, strict=True)) for row in rows if row]


def _columns(row: dict[str, str]) -> list[tuple[str, str]]:
    axes: dict[str, dict[int, str]] = {"x": {}, "y": {}}
    for name in row:
        match = POINT.match(name)
        if match:
            axes[match[2] or match[3]][int(match[1] or match[4])] = name
    return [(axes["x"][number], axes["y"][number]) for number in sorted(axes["x"])]


def _number(text: str) -> float:
    return float(text) if text.strip() else float("nan")


def _crops(centre: Array, scale: Array) -> Array:
    half = scale[:, None] * CROP_PIXELS / 2
    return np.concatenate([centre - half, centre + half], axis=1)


def _by_folder(names: Sequence[str], points: int) -> dict[str, Array]:
    """300W's common and challenging subsets by the folders of the images; none of other faces."""
    if points != 68:
        return {}
    folders = [set(name.lower().split("/")[:-1]) for name in names]
    out = {
        "challenge": np.array(["ibug" in folder for folder in folders]),
        "common": np.array([bool(folder & {"helen", "lfpw"}) for folder in folders]),
    }
    return {name: mask for name, mask in out.items() if mask.any()}


def _coco(place: Path) -> tuple[Singles, list[Any]]:
    """mmpose's converted files."""
    data = from_json(place)
    people = data["annotations"]
    points = np.array([p["keypoints"] for p in people], dtype=np.float64).reshape(len(people), -1, 3)
    size = np.array([p["box_size"] for p in people]) if all("box_size" in p for p in people) else None
    box = None
    if all("center" in p and "scale" in p for p in people):
        box = _crops(
            np.array([p["center"] for p in people], dtype=np.float64), np.array([p["scale"] for p in people])
        )
    paths = {image["id"]: image.get("file_name", "") for image in data["images"]}
    subsets = _by_folder([paths[p["image_id"]] for p in people], points.shape[1])
    found = _singles(points[..., :2], points[..., 2] > 0, size=size, box=box, subsets=subsets)
    return found, [p["image_id"] for p in people]


def _wflw(place: Path) -> tuple[Singles, list[Any]]:
    lines = [line.split() for line in content(place).decode().splitlines() if line.strip()]
    table = np.array([[float(word) for word in line[:206]] for line in lines])
    xy = table[:, :196].reshape(-1, 98, 2)
    subsets = {name: table[:, 200 + k] > 0 for k, name in enumerate(WFLW_ATTRIBUTES)}
    return _singles(xy, np.isfinite(xy).all(axis=2), box=table[:, 196:200], subsets=subsets), [
        x[-1] for x in lines
    ]


def _arrays(place: Path) -> tuple[Singles, list[Any]]:
    data = arrays(place)
    if "phisT" in data or "phisTr" in data:
        table = np.asarray(data.get("phisT", data.get("phisTr")), dtype=np.float64)
        table = table if table.shape[1] == 87 else table.T
        xy = np.stack([table[:, :29], table[:, 29:58]], axis=2)
        return _singles(xy, np.ones(xy.shape[:2], dtype=bool)), [str(k + 1) for k in range(len(xy))]
    if set(data) != {""} or np.ndim(data[""]) != 3:
        raise CannotCheck("the ground truth has no landmarks that the other program reads")
    xy = np.asarray(data[""])[:, :2].transpose(0, 2, 1)
    found = _singles(xy, ~(xy == -1).any(axis=2))
    aflw2000 = place.name.startswith("AFLW2000-3D")
    yaw = "AFLW2000-3D.pose.npy" if aflw2000 else "AFLW_GT_crop_yaws.npy"
    for path in (place.parent / yaw, place.parent / f"{yaw}.gz"):
        if path.is_file():
            found.yaw = np.asarray(arrays(path)[""], dtype=np.float64)
    fitted = place.parent / "AFLW_GT_pts68.npy"
    if not aflw2000 and fitted.is_file():
        points = np.asarray(arrays(fitted)[""], dtype=np.float64)[:, :2]
        found.size = np.sqrt(np.prod(points.max(axis=2) - points.min(axis=2), axis=1))
    return found, [f"{k:06d}" for k in range(len(xy))]


def _folder(place: Path) -> tuple[Singles, list[Any]]:
    faces = _point_files(place)
    table = np.stack(list(faces.values()))
    found = _singles(table[..., :2], table[..., 2] != 0, subsets=_by_folder(list(faces), table.shape[1]))
    found.base = int(any(place.rglob("*.pts")) if place.is_dir() else ".pts" in place.name)
    return found, list(faces)


def _point_files(place: Path) -> dict[str, Array]:
    """Points [K, 3] of each face by its name without extension."""
    files = (
        [place]
        if place.is_file()
        else sorted(p for p in place.rglob("*") if p.suffix.lower() in (".pts", ".txt"))
    )
    out = {}
    for file in files:
        text = content(file).decode()
        lines = text[text.index("{") + 1 : text.rindex("}")] if "{" in text else text.split("\n", 1)[1]
        rows = [[float(word) for word in line.split()] for line in lines.splitlines() if line.strip()]
        name = (
            file.relative_to(place).with_suffix("").as_posix()
            if place.is_dir()
            else file.name.split(".", 1)[0]
        )
        out[name] = np.array([(*row, 1.0)[:3] for row in rows])
    if not out:
        raise CannotCheck(f"{place} holds no landmark files")
    return out


def _singles(xy: Array, labelled: Array, **columns: Any) -> Singles:
    joints = [f"point_{k}" for k in range(xy.shape[1])]
    return Singles(joints, xy, labelled, np.full(xy.shape, np.nan), **columns)


def _predictions(place: Path, names: Sequence[Any], truth: Singles) -> Array:
    """Predicted points [N, K, 2] in the order of the ground truth."""
    shape = truth.truth.shape[:2]
    if place.is_dir() or (".pts" in place.name and ".npy" not in place.name):
        if not truth.base and place.is_dir() and any(place.rglob("*.pts")):
            raise CannotCheck("predictions count pixels from 1, the ground truth from 0")
        return _named({k: v[:, :2] for k, v in _point_files(place).items()}, names, shape)
    if ".csv" in place.name:
        found, other = _csv(place)
        return _named(dict(zip(other, found.truth, strict=True)), names, shape)
    if ".json" in place.name:
        records = from_json(place)
        if isinstance(records, list) and records and isinstance(records[0], dict):
            points = {r["image_id"]: np.reshape(r["keypoints"], (-1, 3))[:, :2] for r in records}
            return _named(points, names, shape)
    if ".npy" in place.name:
        table = np.asarray(arrays(place)[""])
        if table.ndim == 3 and table.shape[1] in (2, 3) and table.shape[2] == shape[1]:
            return table[:, :2].transpose(0, 2, 1)
    return poses(str(place), *shape)


def _named(points: dict[Any, Array], names: Sequence[Any], shape: tuple[int, ...]) -> Array:
    if len(set(names)) < len(names):
        raise CannotCheck("an image has several faces")
    lost = [name for name in names if name not in points]
    if lost:
        raise CannotCheck(f"{len(lost)} faces have no prediction of the same name (first: {lost[0]})")
    return np.stack([points[name] for name in names]).astype(np.float64)
