"""`models check`: a network of painted spots, whose card is wrong in one way at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from PIL import Image

from poseval.cli import invoke
from tests.models.card_text import card_file

pytestmark = pytest.mark.models
# Each joint is a spot of its own colour; the network answers where its colour is, and nothing else.
COLOURS = {"nose": (250, 120, 20), "left_hand": (40, 220, 90), "right_hand": (160, 30, 240)}
MODULE = """
import torch
from torch import nn
from torch.nn import functional

class Spots(nn.Module):
    def __init__(self, colours):
        super().__init__()
        self.register_buffer("colours", torch.tensor(colours) / 255)

    def forward(self, x):
        apart = (x[:, None] - self.colours[None, :, :, None, None]).square().sum(2)
        return functional.avg_pool2d((-apart / 0.02).exp(), 4)

def make(joints, input_size, colours):
    return Spots(colours)
"""


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Twelve images of three soft spots on black."""
    chance = np.random.default_rng(4)
    folder = tmp_path / "people"
    folder.mkdir()
    y, x = np.mgrid[:120, :90]
    for index in range(12):
        picture = np.zeros((120, 90, 3))
        for colour, across in zip(COLOURS.values(), (25, 45, 65), strict=True):
            at = np.array([across, 60]) + chance.uniform([-6, -25], [6, 25])
            weight = np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * 5.0**2))
            picture = picture * (1 - weight[..., None]) + weight[..., None] * np.array(colour)
        Image.fromarray(picture.astype(np.uint8)).save(folder / f"{index}.png")
    return folder


def checked(tmp_path: Path, people: Path, capsys: Any, **changes: Mapping[str, Any]) -> tuple[int, Any]:
    module = f"spots_{tmp_path.name}"
    (tmp_path / f"{module}.py").write_text(MODULE)
    network = {"file": None, "entry": f"{module}:make"}
    network |= {"options": {"colours": [list(map(float, colour)) for colour in COLOURS.values()]}}
    plain = {"mean": [0.0, 0.0, 0.0], "deviation": [1.0, 1.0, 1.0]}
    own = {"skeleton": None, "joints": list(COLOURS), "flip_pairs": []}
    path = card_file(
        tmp_path,
        top={**own, **changes.get("top", {})},
        network=network,
        input={**plain, **changes.get("input", {})},
        output={"decode": "dark", "half_pixel": True, "flip": "none", **changes.get("output", {})},
    )
    status = invoke(["models", "check", str(path), "--images", str(people), "--json"])
    return status, json.loads(capsys.readouterr().out)


def parts(node: Any) -> list[str]:
    return [finding["part"] for finding in node["findings"]]


def test_a_right_card_has_no_findings(tmp_path: Path, people: Path, capsys: Any) -> None:
    status, node = checked(tmp_path, people, capsys)
    assert (status, node["findings"]) == (0, [])
    assert node["measured"]["people"] == "12"


def test_a_wrong_colour_order_is_found(tmp_path: Path, people: Path, capsys: Any) -> None:
    status, node = checked(tmp_path, people, capsys, input={"colour": "bgr"})
    assert status == 1
    assert "colour" in parts(node)
    assert node["findings"][-1]["advice"] == 'colour = "rgb"'


def test_half_a_pixel_is_found(tmp_path: Path, people: Path, capsys: Any) -> None:
    status, node = checked(tmp_path, people, capsys, output={"half_pixel": False})
    assert status == 1
    assert parts(node) == ["half pixel"]
    assert node["findings"][0]["advice"] == "half_pixel = true"


def test_wrong_mirror_joints_are_found(tmp_path: Path, people: Path, capsys: Any) -> None:
    # The spots keep their colours in the mirror: this network has no mirror joints.
    status, node = checked(tmp_path, people, capsys, top={"flip_pairs": [[1, 2]]})
    assert status == 1
    assert "flip pairs" in parts(node)


def test_wrong_pixels_are_found(tmp_path: Path, people: Path, capsys: Any) -> None:
    wrong = {"mean": [0.485, 0.456, 0.406], "deviation": [0.229, 0.224, 0.225]}
    _, node = checked(tmp_path, people, capsys, input=wrong)
    assert "scale of pixels" in parts(node)


FINDER = """
import torch
from torch import nn

class Red(nn.Module):
    def forward(self, x):
        red = x[0, 0] - x[0, 2] > 0.3
        rows, columns = torch.nonzero(red.any(1)), torch.nonzero(red.any(0))
        if not len(rows):
            return torch.zeros(1, 0, 5), torch.zeros(1, 0, 3, 3)
        x0, x1, y0, y1 = columns[0, 0], columns[-1, 0] + 1.0, rows[0, 0], rows[-1, 0] + 1.0
        score = x[0, 0][red].mean()
        middle, centre = (x0 + x1) / 2, (y0 + y1) / 2
        places = [(middle, y0), (x0, centre), (x1, centre)]
        joints = torch.tensor([[[float(a), float(b), 1.0] for a, b in places]])
        return torch.tensor([[[float(x0), float(y0), float(x1), float(y1), float(score)]]]), joints[None]

def make(joints, input_size):
    return Red()
"""


@pytest.mark.parametrize(
    ("colour", "pairs", "parts_found"),
    [("rgb", [[1, 2]], []), ("bgr", [[1, 2]], ["colour", "people"]), ("rgb", [], ["flip pairs"])],
)
def test_a_network_of_whole_images(
    tmp_path: Path, capsys: Any, colour: str, pairs: list[list[int]], parts_found: list[str]
) -> None:
    module = f"red_{tmp_path.name}".replace("[", "_").replace("]", "_")
    (tmp_path / f"{module}.py").write_text(FINDER)
    images = tmp_path / "images"
    images.mkdir()
    for index in range(4):
        picture = np.zeros((60, 80, 3), dtype=np.uint8)
        picture[10 : 30 + index, 20 + 5 * index : 44 + 5 * index, 0] = 220
        Image.fromarray(picture).save(images / f"{index}.png")
    path = card_file(
        tmp_path,
        top={"skeleton": None, "joints": list(COLOURS), "flip_pairs": pairs},
        network={"file": None, "entry": f"{module}:make"},
        input={"size": [60, 80], "colour": colour, "crop": "corner", "fill": 0, "mean": [0.0, 0.0, 0.0],
               "deviation": [1.0, 1.0, 1.0]},
        output={"decode": "rtmo"},
    )  # fmt: skip
    status = invoke(["models", "check", str(path), "--images", str(images), "--json"])
    assert parts(json.loads(capsys.readouterr().out)) == parts_found
    assert status == bool(parts_found)


def test_networks_with_crops_of_their_own_are_refused(capsys: Any) -> None:
    assert invoke(["models", "check", "prtr_sequential", "--weights", "none.pth"]) == 2
    assert "P158" in capsys.readouterr().err


def test_a_second_word_without_check_is_refused(capsys: Any) -> None:
    assert invoke(["models", "hrnet_w32", "hrnet_w48"]) == 2
    assert "P127" in capsys.readouterr().err
