"""A network of painted spots whose answers are known, images of such spots, and its cards."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.models.card_text import card_file

# Each joint is a spot of its own colour; the network answers where its colour is, and nothing else.
COLOURS = {"nose": (250, 120, 20), "left_hand": (40, 220, 90), "right_hand": (160, 30, 240)}
MODULE = """
import torch
from torch import nn
from torch.nn import functional

class Spots(nn.Module):
    def __init__(self, colours, step):
        super().__init__()
        self.register_buffer("colours", torch.tensor(colours) / 255)
        self.step = step

    def forward(self, x):
        apart = (x[:, None] - self.colours[None, :, :, None, None]).square().sum(2)
        near = (-apart / 0.05).exp()
        for _ in range(3):  # nearly a Gaussian, which the samples below catch well
            near = functional.avg_pool2d(near, 5, 1, 2)
        if self.step == "half pixel":
            return functional.avg_pool2d(near, 4)
        if self.step == "affine":
            return near[..., ::4, ::4]
        size = (x.shape[2] // 4, x.shape[3] // 4)
        return functional.interpolate(near, size=size, mode="bilinear", align_corners=True)

def make(joints, input_size, colours, step):
    return Spots(colours, step)
"""


@cache
def pictures(count: int = 16) -> tuple[list[NDArray[np.uint8]], NDArray[np.float64]]:
    """Images of three soft spots on black, and their middles [N, 3, 2]."""
    chance = np.random.default_rng(4)
    y, x = np.mgrid[:120, :90]
    out, places = [], np.zeros((count, len(COLOURS), 2))
    for index in range(count):
        picture = np.zeros((120, 90, 3))
        across = chance.permutation([20, 45, 70])
        for joint, colour in enumerate(COLOURS.values()):
            at = np.array([across[joint], 60]) + chance.uniform([-8, -45], [8, 45])
            places[index, joint] = at
            weight = np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * 5.0**2))
            picture = picture * (1 - weight[..., None]) + weight[..., None] * np.array(colour)
        out.append(picture.astype(np.uint8))
    return out, places


def image_folder(folder: Path) -> Path:
    """The images as files, of one person each."""
    folder.mkdir()
    for index, picture in enumerate(pictures()[0]):
        Image.fromarray(picture).save(folder / f"{index}.png")
    return folder


def spots_card(
    folder: Path, step: str = "half pixel", *, one_hand: bool = False, **changes: Mapping[str, Any]
) -> Path:
    """A card of the network with a step from map to input; as it stands it is right for `half pixel`.

    With `one_hand` the network finds both hands at the left one, so that they are mirror joints.
    """
    module = f"spots_{folder.name}".replace("[", "_").replace("]", "_").replace("-", "_")
    (folder / f"{module}.py").write_text(MODULE)
    colours = [list(map(float, colour)) for colour in COLOURS.values()]
    colours = [*colours[:2], colours[1]] if one_hand else colours
    return card_file(
        folder,
        top={"skeleton": None, "joints": list(COLOURS), "flip_pairs": [], **changes.get("top", {})},
        network={"file": None, "entry": f"{module}:make", "options": {"colours": colours, "step": step}},
        input={"mean": [0.0, 0.0, 0.0], "deviation": [1.0, 1.0, 1.0], **changes.get("input", {})},
        output={"decode": "dark", "half_pixel": True, "flip": "none", **changes.get("output", {})},
    )
