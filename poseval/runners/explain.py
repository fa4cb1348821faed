"""Drawings of what networks looked at: attention, sampled pixels, sampling points.

- TokenPose: where each keypoint token looks in the last layer, and which visual tokens are left.
- DEKR: the pixels that the offset branch of each joint reads at a person's centre.
- PS-ViT, for poses and for classes: the sampling points of every iteration.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from poseval.errors import UsageError
from poseval.files.writing import make_folder, write_atomically
from poseval.models.inference.bottom_up import STRIDE, BottomUp, image_crop
from poseval.models.inference.crops import Crops, Floats, warp
from poseval.models.inference.top_down import TopDown, normalised
from poseval.models.networks.dekr import AdaptBlock, FreeBlock
from poseval.models.networks.ps_vit import STEM_STRIDE, SamplingLayer
from poseval.models.networks.sampling import regular_grid
from poseval.models.networks.token_transformer import KeptTokens, Links, TokenAttention
from poseval.models.networks.tokenpose import TokenHead
from poseval.models.registry import ModelCard
from poseval.poses import PoseSet
from poseval.runners.estimators import CropEstimator, DetectingEstimator, Estimator, ImageEstimator
from poseval.runners.frames import Pictures
from poseval.skeletons import load_skeleton

MOST = 16  # people that are drawn
TILE = 192  # pixels of the longer side of a tile, at least
ROW = 6  # tiles side by side
HOTTEST = 0.75  # fraction of red where the heat is largest; the image shows through
STRIP = 16  # pixels of the line of text above a tile and below all
PAPER = 225  # grey behind text, and where no tile is
LEAST_SPAN = 2.0  # of even attention, where red is full at least: what is nearly even stays pale
POINT = 2  # pixels from a point's centre to its edge
COLOURS = ((66, 133, 244), (251, 188, 5), (234, 67, 53), (52, 168, 83), (171, 71, 188), (0, 172, 193),
           (255, 112, 67), (158, 157, 36))  # fmt: skip

Pixels = NDArray[np.uint8]


def explain(poses: PoseSet, pictures: Pictures, estimator: Estimator, folder: Path) -> None:
    """Draw the first people of a run into a folder, a PNG each.

    Raises:
        UsageError: P158 a network of which nothing can be drawn, P137 a folder that cannot be written to.
        LimitError: P506 no room is left.
    """
    finder = explainable(estimator)
    make_folder(folder)
    people = poses.people
    for person in range(min(MOST, len(people))):
        image = pictures.load(int(people.frame[person]))
        with torch.inference_mode():
            if isinstance(finder, BottomUp):
                pixels = _activated(finder, image, people.xy[person])
            else:
                cut = finder.crops(people.box[person][None])
                shown = _cut(image, cut)
                inputs = finder.inputs(image, cut).to(finder.device)
                if _has(finder.model, SamplingLayer):
                    pixels = _points(finder.model, shown, inputs)
                else:
                    pixels = _attention(finder.model, shown, inputs, _names(finder.card))
        _write(pixels, folder, person)


def explain_classes(
    model: nn.Module, seen: Sequence[Pixels], inputs: Tensor, folder: Path, first: int
) -> None:
    """Draw what a classifier looked at: `seen` are the inputs [N, 3, h, w] as images, from the `first` on.

    Raises:
        UsageError: P137 a folder that cannot be written to. LimitError: P506 no room is left.
    """
    make_folder(folder)
    for place, shown in enumerate(seen[: max(MOST - first, 0)]):
        _write(_points(model, shown, inputs[place][None]), folder, first + place)


def samples_points(model: nn.Module) -> None:
    """Refuse a classifier of which nothing can be drawn.

    Raises:
        UsageError: P158 it samples no points.
    """
    if not _has(model, SamplingLayer):
        raise _nothing_to_draw()


def _nothing_to_draw() -> UsageError:
    return UsageError(
        "P158",
        where="--explain",
        what="cannot draw what this network looks at",
        wanted="a TokenPose, a DEKR or a PS-ViT",
    )


def _write(pixels: Pixels, folder: Path, number: int) -> None:
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    write_atomically(folder / f"{number:04d}.png", out.getvalue(), force=True)


def explainable(estimator: Estimator) -> TopDown | BottomUp:
    """The procedure whose network can be drawn.

    Raises:
        UsageError: P158 a network of which nothing can be drawn.
    """
    crops = estimator.crops if isinstance(estimator, DetectingEstimator) else estimator
    if isinstance(crops, CropEstimator) and any(_has(crops.top.model, k) for k in (SamplingLayer, TokenHead)):
        return crops.top
    if isinstance(crops, ImageEstimator) and isinstance(crops.finder, BottomUp):
        return crops.finder
    raise _nothing_to_draw()


def _cut(image: Pixels, crop: Crops) -> Pixels:
    """The pixels [h, w, 3] that the network sees, before they are normalised."""

    return warp(image, crop.matrix[0], crop.input_size)


def _has(model: nn.Module, kind: type[nn.Module]) -> bool:
    return any(isinstance(part, kind) for part in model.modules())


@contextmanager
def _heard(parts: Sequence[nn.Module], listen: Callable[[nn.Module, Any, Any], None]) -> Iterator[None]:
    """A context in which `listen(part, inputs, outputs)` is called after each part."""
    handles = [part.register_forward_hook(listen) for part in parts]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _points(model: nn.Module, shown: Pixels, inputs: Tensor) -> Pixels:
    """The crop beside itself with the points of each iteration, in a colour each."""
    found: list[Floats] = []
    layers = [part for part in model.modules() if isinstance(part, SamplingLayer)]
    with _heard(layers, lambda part, given, out: found.append(out[2][0].double().cpu().numpy())):
        model(inputs)
    tiles = [("crop", shown)]
    for step, points in enumerate(found):
        # A pixel of the stem's map stands for four of the input: its centre lies between them.
        place = (points[:, ::-1] + 0.5) * STEM_STRIDE - 0.5
        tiles.append((f"iteration {step + 1}", dotted(shown, place, COLOURS[step % len(COLOURS)])))
    return sheet(tiles, "dots: where the network samples the image")


def _names(card: ModelCard) -> Sequence[str]:
    """Names of the joints, or numbers from 1 where the card names no skeleton."""
    if card.skeleton is not None:
        return load_skeleton(card.skeleton).joints
    return [f"joint {number + 1}" for number in range(card.joints)]


def _attention(model: nn.Module, shown: Pixels, inputs: Tensor, names: Sequence[str]) -> Pixels:
    """The crop, the visual tokens that are left, and the attention of each keypoint token.

    Attention is pale where it is no more than that of a token that looks everywhere alike, and reddest at the
    largest of all joints, so that tiles compare.
    """
    head = next(part for part in model.modules() if isinstance(part, TokenHead))
    transformer = head.get_submodule(head.names[-1])
    layers = [part for part in transformer.modules() if isinstance(part, TokenAttention)]
    found: list[Tensor] = []

    def listen(part: nn.Module, given: Any, out: Any) -> None:
        if isinstance(part, TokenAttention):
            found.append(part.weights(given[0], head.joints)[0])

    with _heard(layers[-1:], listen):
        model(inputs)
    rows, columns = head.grid
    kept = np.arange(rows * columns)
    left = np.ones(rows * columns)
    if isinstance(head.pruning, KeptTokens) and head.pruning.kept is not None:
        # The last layer's attention already works on the tokens that are left.
        kept = head.pruning.kept[0].cpu().numpy()
        left = np.isin(np.arange(rows * columns), kept).astype(np.float64)
    elif isinstance(head.pruning, Links) and head.pruning.kept is not None:
        links = head.pruning.kept[0].flatten().cpu().numpy()
        counts = np.bincount(links, minlength=rows * columns)
        left = counts / counts.max()
    tiles = [("crop", shown), ("tokens left", shaded(shown, left.reshape(rows, columns)))]
    attention = found[-1].double().cpu().numpy()
    even = 1 / attention.shape[1]
    most = float(attention[:, head.joints :].max())
    full = max(most, LEAST_SPAN * even)
    for name, weights in zip(names, attention, strict=True):
        heat = np.zeros(rows * columns)
        heat[kept] = weights[head.joints :]
        tiles.append((name, heated(shown, heat.reshape(rows, columns), even, full)))
    caption = f"attention: grey up to {even:.4f} (everywhere alike), red at {full:.4f}; largest {most:.4f}"
    return sheet(tiles, caption)


def _activated(finder: BottomUp, image: Pixels, joints: Floats) -> Pixels:
    """The image beside itself with the pixels that each joint's branch reads at a person's centre.

    They are those of the branch's last block.
    """
    crop = image_crop((image.shape[0], image.shape[1]), min(finder.card.input_size))
    shown = _cut(image, crop)
    inputs = torch.from_numpy(normalised(shown[None], finder.card)).to(finder.device)
    taps: list[Floats] = []
    branches = finder.model.get_submodule("offset_feature_layers")
    blocks = [list(branch.children())[-1] for branch in branches.children()]
    with _heard(blocks, lambda part, given, out: taps.append(_taps(part, given[0]))):
        finder.model(inputs)
    placed = joints[np.isfinite(joints).all(axis=1)]
    centre = crop.from_image(placed[None])[0].mean(axis=0) / STRIDE
    height, width = taps[0].shape[2:]
    column, row = (int(np.clip(round(v), 0, n - 1)) for v, n in zip(centre, (width, height), strict=True))
    drawn = shown
    for joint, each in enumerate(taps):
        place = (each[:, ::-1, row, column] + 0.5) * STRIDE - 0.5
        drawn = dotted(drawn, place, COLOURS[joint % len(COLOURS)])
    return sheet([("image", shown), ("pixels read", drawn)], "dots: what each joint reads at the centre")


def _taps(part: nn.Module, x: Tensor) -> Floats:
    """Places [9, 2, H, W] (y, x) in cells that a block reads for each cell of its input [1, C, H, W]."""
    height, width = x.shape[2:]
    place = np.stack(np.meshgrid(np.arange(height), np.arange(width), indexing="ij"))
    grid = regular_grid().double().numpy().T[:, :, None, None]
    taps = place[None] + grid
    if isinstance(part, AdaptBlock):
        return np.asarray(taps + part.offset(x)[0].double().cpu().numpy())
    if isinstance(part, FreeBlock):
        moved = part.offset_conv(x)[0].reshape(9, 2, height, width)
        return np.asarray(taps + moved.double().cpu().numpy())
    return np.asarray(taps)


def dotted(shown: Pixels, points: Floats, colour: tuple[int, int, int]) -> Pixels:
    """A copy of an image [H, W, 3] with dots at points [n, 2] (x, y)."""
    from PIL import Image, ImageDraw

    image = Image.fromarray(shown)
    draw = ImageDraw.Draw(image)
    for x, y in np.asarray(points).tolist():
        draw.ellipse((x - POINT, y - POINT, x + POINT, y + POINT), fill=colour)
    return np.asarray(image)


def shaded(shown: Pixels, kept: Floats) -> Pixels:
    """An image [H, W, 3] darkened where `kept` [rows, columns], in 0..1, is small."""
    share = _grown(kept, shown)[..., None]
    return np.asarray(shown * (0.25 + 0.75 * share), dtype=np.uint8)


def heated(shown: Pixels, heat: Floats, low: float, high: float) -> Pixels:
    """An image [H, W, 3] in grey under `heat` [rows, columns], red from `low` (not at all) to `high`."""
    share = HOTTEST * _grown(np.clip((heat - low) / (high - low), 0.0, 1.0), shown)[..., None]
    grey = np.repeat(shown.mean(axis=2, keepdims=True), 3, axis=2)
    return np.asarray(grey * (1 - share) + np.array([255.0, 32.0, 32.0]) * share, dtype=np.uint8)


def _grown(values: Floats, shown: Pixels) -> Floats:
    """Cells [rows, columns] as large as an image [H, W, 3]."""
    rows = np.arange(shown.shape[0]) * values.shape[0] // shown.shape[0]
    columns = np.arange(shown.shape[1]) * values.shape[1] // shown.shape[1]
    return np.asarray(values[rows][:, columns], dtype=np.float64)


def sheet(tiles: Sequence[tuple[str, Pixels]], caption: str) -> Pixels:
    """Titled images of one size beside each other, six in a row, small ones enlarged, and a line below."""
    factor = max(1, -(-TILE // max(tiles[0][1].shape[:2])))
    large = []
    for title, tile in tiles:
        grown = tile.repeat(factor, axis=0).repeat(factor, axis=1)
        large.append(np.concatenate([_line(title, grown.shape[1]), grown]))
    blank = np.full_like(large[0], PAPER)
    columns = min(ROW, len(large))
    large += [blank] * (-len(large) % columns)
    rows = [np.concatenate(large[first : first + columns], axis=1) for first in range(0, len(large), columns)]
    return np.concatenate([*rows, _line(caption, rows[0].shape[1])])


def _line(text: str, width: int) -> Pixels:
    """A strip [STRIP, width, 3] of text; what is too long is cut."""
    from PIL import Image, ImageDraw, ImageFont

    strip = Image.new("RGB", (width, STRIP), (PAPER, PAPER, PAPER))
    ImageDraw.Draw(strip).text((3, 2), text, fill=(0, 0, 0), font=ImageFont.load_default())
    return np.asarray(strip)
