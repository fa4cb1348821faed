"""Wrong calls of the kernels that walk over scenes, polygons and costs."""

from __future__ import annotations

from typing import Any

import numpy as np

from poseval.kernels import _kernels
from tests.kernels.wrong_values import HUGE, Call, changed, gate, index, kinds, listed, offsets, poses, tied

RNG = np.random.default_rng(6)
SIDE = {
    "start": np.array([0, 2, 3, 5]),
    "present": np.ones((5, 2), dtype=np.uint8),
    "track": np.array([0, 1, 0, 0, 1]),
}


def scene_arguments() -> dict[str, np.ndarray]:
    """Two units of two frames and one, two joints, five rows on each side."""
    arguments = {"order": np.array([0, 1, 2]), "unit_start": np.array([0, 2, 3])}
    for part in ("start", "present", "track"):
        arguments |= {f"truth_{part}": SIDE[part], f"prediction_{part}": SIDE[part]}
    return arguments | {"truth_tracks": np.array([2, 2]), "prediction_tracks": np.array([2, 2])}


def scene(joints: bool = True) -> Any:
    made = _kernels.Scene(*scene_arguments().values())
    if joints:
        made.use_joints(np.zeros((5, 2, 2)), np.zeros((5, 2, 2)), np.ones(5))
    return made


def scene_calls() -> dict[str, Call]:
    sound = scene_arguments()
    wrong = {"order": list(index(sound["order"], 3)), "unit_start": list(offsets(sound["unit_start"]))}
    for side in ("truth", "prediction"):
        present = sound[f"{side}_present"]
        endless = ("endless joints", np.zeros((0, 2**40), dtype=np.uint8))
        wrong[f"{side}_start"] = list(offsets(sound[f"{side}_start"]))
        wrong[f"{side}_present"] = [*tied(present), endless]
        wrong[f"{side}_track"] = list(index(sound[f"{side}_track"], 2))
        tracks = sound[f"{side}_tracks"]
        wrong[f"{side}_tracks"] = [*tied(tracks)] + [(str(n), changed(tracks, n)) for n in (-1, 0, 9, HUGE)]
    xy, head = np.zeros((5, 2, 2)), np.ones(5)
    made = scene(joints=False)
    single = {**sound, "truth_present": SIDE["present"][:, :1], "prediction_present": SIDE["present"][:, :1]}
    poses_only = _kernels.Scene(*single.values())
    pairs, pair_start = np.linspace(0, 1, 9), np.array([0, 4, 5, 9])
    infinite = [(f"{value}", changed(pairs, value)) for value in (np.inf, -np.inf)]
    no_scene = [("without distances", scene(joints=False)), ("None", None)]
    alphas = [
        ("none", []),
        ("NaN", [np.nan]),
        ("falling", [0.9, 0.1]),
        ("too many", [0.5] * 1001),
        ("None", None),
    ]
    radius = [*gate(), ("-1", -1.0), ("infinite", np.inf)]
    distances = {"scene": scene(), "gate": 0.5}
    levels = {"scene": scene(), "alphas": [0.1, 0.5], "radius": 0.5}
    return {
        "Scene": Call(_kernels.Scene, sound, wrong),
        "Scene.use_joints": Call(
            made.use_joints,
            {"truth_xy": xy, "prediction_xy": xy, "head": head},
            listed(truth_xy=poses(xy), prediction_xy=poses(xy), head=tied(head)),
        ),
        "Scene.use_pairs": Call(
            poses_only.use_pairs,
            {"value": pairs, "pair_start": pair_start},
            {"value": [*tied(pairs), *infinite], "pair_start": list(offsets(pair_start))},
        ),
        "best_pose": Call(_kernels.best_pose, distances, {"scene": no_scene, "gate": list(gate())}),
        "identity_counts": Call(
            _kernels.identity_counts, distances, {"scene": no_scene, "gate": list(gate())}
        ),
        "clear_counts": Call(
            _kernels.clear_counts,
            {**distances, "skip_last_frame": False, "dummies": False},
            {"scene": no_scene, "gate": list(gate())},
        ),
        "clear_trackeval_counts": Call(
            _kernels.clear_trackeval_counts,
            {"scene": scene(), "threshold": 0.5, "radius": 0.5},
            {"scene": no_scene, "threshold": list(gate()), "radius": radius},
        ),
        "hota_counts": Call(
            _kernels.hota_counts,
            {**levels, "aligned": True},
            {"scene": no_scene, "alphas": alphas, "radius": radius},
        ),
        "reid_counts": Call(
            _kernels.reid_counts, levels, {"scene": no_scene, "alphas": alphas, "radius": radius}
        ),
    }


def region_calls() -> dict[str, Call]:
    points, frame = RNG.uniform(0, 4, (5, 2)), np.array([0, 0, 1, 1, 2])
    vertices, start, region = RNG.uniform(0, 4, (7, 2)), np.array([0, 3, 7]), np.array([0, 1])
    cost = RNG.uniform(size=(3, 4))
    impossible = cost.copy()
    impossible[1] = np.inf
    return {
        "points_in_regions": Call(
            _kernels.points_in_regions,
            {"points": points, "frame": frame, "vertices": vertices, "start": start, "region_frame": region},
            {
                **listed(
                    points=tied(points),
                    vertices=tied(vertices),
                    start=offsets(start),
                    region_frame=tied(region),
                ),
                "frame": [*tied(frame), ("falling", frame[::-1])],
            },
        ),
        "assign": Call(
            _kernels.assign,
            {"cost": cost},
            {
                "cost": [
                    *kinds(cost),
                    ("flat", cost[0]),
                    ("a row of infinity", impossible),
                    ("NaN in each", np.full((2, 2), np.nan)),
                    ("minus infinity", np.full((2, 2), -np.inf)),
                    ("endless rows", np.zeros((2**40, 0))),
                ]
            },
        ),
    }
