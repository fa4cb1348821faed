"""Pictures of what networks looked at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from PIL import Image

from poseval.cli import invoke
from poseval.models.networks.dekr import AdaptBlock, PlainBlock
from poseval.models.networks.token_transformer import TokenAttention
from poseval.runners.explain import MOST, PAPER, STRIP, _taps, heated, shaded, sheet
from tests.models.small import SMALL
from tests.runners.conftest import Bench
from tests.runners.test_every_family import random_weights

pytestmark = pytest.mark.models


@pytest.mark.parametrize(
    ("name", "more", "tiles"),
    [
        (
            "tokenpose_t",
            [],
            (6, 4),
        ),  # the crop, the tokens left and 17 joints; the rest of the last row is empty
        ("tokenpose_s_sparse", ["prune=tokens"], (6, 4)),
        ("ps_vit_ti_14_pose", [], (5, 1)),  # the crop and four iterations
    ],
)
def test_a_picture_for_each_of_the_first_people(
    name: str, more: list[str], tiles: tuple[int, int], made: Bench, tmp_path: Path
) -> None:
    words = random_weights(name, SMALL[name], tmp_path / "weights.pt")
    words += [word for pair in more for word in ("--option", pair)]
    folder = tmp_path / "seen"
    call = ["run", name, *words, "--gt", str(made.truth), "--images", str(made.images), "--device", "cpu"]
    assert (
        invoke([*call, "--nms", "none", "--out", str(tmp_path / "p.json"), "--explain", str(folder), "-q"])
        == 0
    )
    pictures = sorted(folder.glob("*.png"))
    assert len(pictures) == MOST
    height, width = (int(side) for side in SMALL[name].size.split("x"))
    with Image.open(pictures[0]) as picture:
        assert picture.size == (tiles[0] * width * 3, tiles[1] * (height * 3 + STRIP) + STRIP)


def test_pixels_of_dekr_are_drawn(made: Bench, tmp_path: Path) -> None:
    words = random_weights("dekr_w32", SMALL["dekr_w32"], tmp_path / "weights.pt")
    call = [
        "run",
        "dekr_w32",
        *words,
        "--gt",
        str(made.truth),
        "--images",
        str(made.images),
        "--device",
        "cpu",
    ]
    assert invoke([*call, "--out", str(tmp_path / "p.json"), "--explain", str(tmp_path / "seen"), "-q"]) == 0
    assert len(list((tmp_path / "seen").glob("*.png"))) == MOST


def test_nobody_to_draw_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = random_weights("dekr_w32", SMALL["dekr_w32"], tmp_path / "weights.pt")
    state = torch.load(tmp_path / "weights.pt")
    for name in ("head_heatmap.1.weight", "head_heatmap.1.bias"):
        state[name].fill_(-1.0 if name.endswith("bias") else 0.0)
    torch.save(state, tmp_path / "weights.pt")
    Image.new("RGB", (64, 64)).save(tmp_path / "black.png")
    call = ["run", "dekr_w32", *words, "--images", str(tmp_path / "black.png"), "--device", "cpu"]
    assert invoke([*call, "--out", str(tmp_path / "p.json"), "--explain", str(tmp_path / "seen")]) == 0
    assert "nothing was drawn" in capsys.readouterr().err


def test_other_networks_are_refused_before_they_run(
    made: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["run", "synth_small", "--weights", str(made.weights), "--gt", str(made.truth)]
    call += [
        "--images",
        str(made.images),
        "--out",
        str(tmp_path / "p.json"),
        "--explain",
        str(tmp_path / "seen"),
    ]
    assert invoke([*call, "--option", "widths=8,8,8,8", "--input-size", "64x48"]) == 2
    assert "cannot draw what this network looks at" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "p.json").exists()


def test_weights_are_those_of_the_attention() -> None:
    torch.manual_seed(0)
    layer = TokenAttention(8, 2, 0.5)
    x = torch.rand(1, 5, 8)
    value = layer.to_qkv(x).reshape(1, 5, 3, 2, 4)[:, :, 2]
    layer.to_out = torch.nn.Identity()
    with torch.no_grad():
        # With the same values in both heads the output is the mean weights times the values.
        layer.to_qkv.weight[16 + 4 :] = layer.to_qkv.weight[16 : 16 + 4]
        value = layer.to_qkv(x).reshape(1, 5, 3, 2, 4)[0, :, 2, 0]
        out = layer(x)[0, :2].reshape(2, 2, 4).mean(dim=1)
        assert torch.allclose(layer.weights(x, 2)[0] @ value, out, atol=1e-6)


def test_taps_are_the_grid_until_an_offset_moves_them() -> None:
    x = torch.rand(1, 4, 5, 6)
    plain = _taps(PlainBlock(4), x)
    assert plain[:, :, 2, 3].tolist() == [[y, x] for y in (1, 2, 3) for x in (2, 3, 4)]
    block = AdaptBlock(4)
    for part in (block.transform_matrix_conv, block.translation_conv):
        torch.nn.init.zeros_(part.weight)
        torch.nn.init.zeros_(part.bias)
    block.transform_matrix_conv.bias.data = torch.tensor([2.0, 0.0, 0.0, 1.0])
    with torch.no_grad():
        assert _taps(block, x)[:, :, 2, 3].tolist() == [[y, x] for y in (0, 2, 4) for x in (2, 3, 4)]


def test_tiles_by_hand() -> None:
    grey = np.full((4, 4, 3), 100, dtype=np.uint8)
    cells = np.array([[1.0, 0.0], [0.0, 0.0]])
    assert shaded(grey, cells)[:, :, 0].tolist() == [[100, 100, 25, 25]] * 2 + [[25] * 4] * 2
    hot = heated(grey, cells, 0.0, 1.0)
    assert hot[0, 0].tolist() == [216, 49, 49]
    assert hot[3, 3].tolist() == [100, 100, 100]
    assert (heated(grey, np.full((2, 2), 0.25), 0.25, 0.5) == 100).all(), "looking everywhere alike is pale"
    page = sheet([(f"joint {k}", np.zeros((200, 100, 3), np.uint8)) for k in range(7)], "dots")
    assert page.shape == (2 * (200 + STRIP) + STRIP, 600, 3)
    titles = [page[:STRIP, 100 * k : 100 * (k + 1)] for k in range(2)]
    assert (titles[0] < PAPER).any()
    assert (titles[0] != titles[1]).any()
    assert (page[200 + STRIP : -STRIP, 100:] == PAPER).all()
