"""Model cases: tiny networks with weights by formula, and what lies between heatmaps and joints.

The weights and inputs of networks follow the formula of `tests/models/fixture.py`, so that no case holds any.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.golden.make.cases import Made

CASES: list[Callable[[], Made]] = []


def network(name: str, why: str, model: str, size: int, **options: Any) -> None:
    """Register a network: poseval's model of this name, square inputs of `size` pixels, and its options."""

    def make() -> Made:
        ask = {"config": options.get("config", {}), "input_size": [size, size], "model": model}
        ask |= {"joints": options["joints"]} if "joints" in options else {}
        return Made(name, why, {}, ask, name, {"kind": "network"}, 1e-9)

    CASES.append(make)


network("hrnet_narrow", "HRNet of width 8: four stages, exchange between branches.", "hrnet_w32", 64,
        joints=5, config={"width": 8})  # fmt: skip
network("simplebaseline_18", "Simple Baselines on ResNet-18: residual blocks and deconvolutions.",
        "simplebaseline_r18", 64, joints=5)  # fmt: skip
network("hourglass_narrow", "Two stacked hourglasses of width 32.", "hourglass_2", 64, config={"width": 32})
network("tokenpose_small", "TokenPose-S of depth 4: patches, tokens, sine positions.", "tokenpose_s_v1", 64,
        joints=5, config={"depths": [4], "patch": [2, 2]})  # fmt: skip
network("fan_single", "One module of FAN on 68 landmarks.", "fan_1", 64)
network("lcnet_small", "LCNet of scale 0.35 as timm builds it: depthwise convolutions, squeeze and excite.",
        "lcnet_035", 64)  # fmt: skip


def steps(why: str, judge: str) -> Callable[[Callable[[], dict[str, Any]]], Callable[[], Made]]:
    """Register a function that makes the input of a step of the pipeline."""

    def register(fill: Callable[[], dict[str, Any]]) -> Callable[[], Made]:
        def make() -> Made:
            told = {"kind": "steps"}
            return Made(fill.__name__, why, {"input.json": fill()}, {}, judge, told, 1e-6)

        CASES.append(make)
        return make

    return register


def heatmaps(seed: int) -> np.ndarray:
    """Maps [2, 6, 16, 12]: bumps inside and on every rim, one without a positive number, one that is flat."""
    rng = np.random.RandomState(seed)
    x, y = np.arange(12), np.arange(16)[:, None]
    places = rng.uniform((2.5, 2.5), (8.5, 12.5), (2, 6, 2))
    places[1, :4] = (0.3, 7.2), (11.2, 6.6), (5.7, 0.2), (6.1, 15.4)
    maps = np.exp(-((x - places[..., 0, None, None]) ** 2 + (y - places[..., 1, None, None]) ** 2) / 4)
    maps = maps + rng.normal(0, 0.01, maps.shape)
    maps[0, 4] = -np.abs(maps[0, 4])
    maps[1, 5] = 0.25
    return np.round(maps, 4)


@steps("Heatmaps to joints by HRNet: maximum, quarter shift, the way back to the image; DARK on the map.",
       "repository decoding")  # fmt: skip
def heatmap_decoding() -> dict[str, Any]:
    centre, scale = [[100.0, 140.0], [55.5, 60.25]], [[0.75, 1.0], [0.45, 0.6]]
    return {"maps": heatmaps(1).tolist(), "center": centre, "scale": scale}


@steps(
    "Heatmaps to joints by mmpose: its maximum, shifts and both forms of DARK, and SimCC.", "mmpose decoding"
)
def mmpose_decoding() -> dict[str, Any]:
    rng = np.random.RandomState(2)
    rows = {axis: np.round(rng.random_sample((3, 5, size)), 4) for axis, size in (("x", 24), ("y", 32))}
    rows["x"][0, 0] = rows["y"][0, 0] = 0.0
    return {"maps": heatmaps(3).tolist(), "simcc_x": rows["x"].tolist(), "simcc_y": rows["y"].tolist()}


@steps("Suppression of poses and boxes by HRNet: hard, soft, and by visible joints.", "suppression")
def suppression() -> dict[str, Any]:
    rng = np.random.RandomState(4)
    poses = rng.uniform(0, 100, (4, 17, 2)) + rng.uniform(0, 200, (4, 1, 2))
    poses = poses[rng.randint(0, 4, 14)]
    poses += rng.normal(0, 4, (14, 17, 2)) * rng.choice([0.3, 1, 3], (14, 1, 1))
    poses = np.concatenate([poses, rng.random_sample((14, 17, 1))], axis=2)
    corner = rng.uniform(0, 60, (12, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(20, 60, (12, 2))], axis=1)
    told = {"poses": poses, "score": rng.random_sample(14), "area": rng.uniform(3000, 9000, 14)}
    told |= {"boxes": boxes, "box_score": rng.random_sample(12)}
    return {key: np.round(value, 3).tolist() for key, value in told.items()}


@steps(
    "Boxes to crops: centre, size and affine matrix of HRNet with rotation, and the matrix of UDP.", "crops"
)
def crops() -> dict[str, Any]:
    rng = np.random.RandomState(5)
    boxes = np.round(np.concatenate([rng.uniform(-20, 200, (6, 2)), rng.uniform(5, 300, (6, 2))], axis=1), 2)
    return {"boxes": boxes.tolist(), "rotation": [0, 0, 30, -45, 90, 12.5], "size": [256, 192]}
