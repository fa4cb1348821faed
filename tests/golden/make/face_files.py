"""Truth of face cases as arrays, and as the .npy files of 3DDFA."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np


def found_of(folder: Path) -> np.ndarray:
    """Predictions [N, K, 2]."""
    return np.array(json.loads((folder / "pred.json").read_text("utf-8")), dtype=float)


def truth_of(folder: Path) -> dict[str, Any]:
    """`points` [N, K, 2], and what else the file holds: box_size [N], flags [N, K], marks [N, 6], yaw [N]."""
    (path,) = folder.glob("gt.*")
    if path.suffix == ".csv":
        with path.open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        names = [name for name in rows[0] if name.startswith("original_")]
        points = np.array([[float(row[name]) for name in names] for row in rows]).reshape(len(rows), -1, 2)
        known = {"points": points}
        if "box_size" in rows[0]:
            known["box_size"] = np.array([float(row["box_size"]) for row in rows])
        return known
    if path.suffix == ".txt":
        words = [line.split() for line in path.read_text("utf-8").splitlines()]
        numbers = np.array([row[:-1] for row in words], dtype=float)
        return {"points": numbers[:, :196].reshape(-1, 98, 2), "marks": numbers[:, 200:206]}
    content = json.loads(path.read_text("utf-8"))
    if "points" in content:
        return {key: np.array(value, dtype=float) for key, value in content.items()}
    people = content["annotations"]
    keypoints = np.array([person["keypoints"] for person in people]).reshape(len(people), -1, 3)
    sizes = np.array([person["box_size"] for person in people])
    return {"points": keypoints[..., :2], "flags": keypoints[..., 2], "box_size": sizes, "people": people}


def write_3ddfa(folder: Path, into: Path) -> tuple[Path, Path]:
    """Truth and yaw, and predictions beside them under the name of the re-annotation."""
    truth = truth_of(folder)
    place, found = into / "AFLW2000-3D.pts68.npy", into / "AFLW2000-3D-Reannotated.pts68.npy"
    np.save(place, truth["points"].transpose(0, 2, 1).astype(np.float32))
    np.save(found, found_of(folder).transpose(0, 2, 1).astype(np.float32))
    np.save(into / "AFLW2000-3D.pose.npy", truth["yaw"])
    return place, found


# 3DDFA's benchmark_aflw.py: AFLW's 21 points, each of these of the 68, from 1.
PIFA = ((18,), (20,), (22,), (23,), (25,), (27,), (37,), (37, 38, 39, 40, 41, 42), (40,), (43,),
        (43, 44, 45, 46, 47, 48), (46,), (3,), (32,), (31,), (36,), (15,), (49,),
        (61, 62, 63, 64, 65, 66, 67, 68), (55,), (9,))  # fmt: skip


def write_pifa(folder: Path, into: Path) -> tuple[Path, Path, Path]:
    """Truth with its companions; predictions of 21 points, and those of 68 that they come from."""
    truth, fitted = truth_of(folder), found_of(folder)
    companions = {"pts21": truth["points"], "pts68": truth["fitted"], "crop_yaws": truth["yaw"]}
    for name, values in {**companions, "crop_roi_box": truth["crop"]}.items():
        ready = values.transpose(0, 2, 1).astype(np.float32) if values.ndim == 3 else values
        np.save(into / f"AFLW_GT_{name}.npy", ready)
    points = [fitted[:, [point - 1 for point in of]].mean(axis=1) for of in PIFA]
    np.save(into / "pred21.npy", np.stack(points, axis=2).astype(np.float32))
    np.save(into / "pred68.npy", fitted.transpose(0, 2, 1).astype(np.float32))
    return into / "AFLW_GT_pts21.npy", into / "pred21.npy", into / "pred68.npy"
