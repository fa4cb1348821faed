"""`models check`: what looks wrong in a card, found by running its network on people in several ways.

Each person is shown to the network as the card says, mirrored, moved and from farther away. Read rightly, the
joints come back to the same places of the image; read wrongly (half a pixel aside, in steps of another size,
with joints exchanged) they do not. Where the truth is known, the distance to it decides instead. Colours and
their scale are judged by the network's own scores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from poseval.errors import number_of
from poseval.models.inference.crops import Crops, Floats, map_step, on_input
from poseval.models.inference.decoding import DECODERS, decode
from poseval.models.inference.top_down import TopDown, last_maps
from poseval.models.registry import IMAGENET_MEAN, IMAGENET_STD, ModelCard
from poseval.runners.frames import Picture
from poseval.skeletons import Skeleton, load_skeleton

MOST_PEOPLE = 48  # more do not change what is found, and take time
GROWN, MOVED = 1.2, 0.06  # of the box, and of its sides
BATCH = 16
SURE = 0.5  # share of the joints, the most certain ones, that are compared
BETTER, LEAST = 0.85, 0.1  # another way must be closer by this factor, and by this many input pixels
AGREE = 0.8  # share of people that must score higher in other colours
STEPS = ("affine", "udp", "half pixel")
SCALES = {  # name -> divisor, mean, deviation
    "ImageNet's mean and deviation of pixels from 0 to 1": (255.0, IMAGENET_MEAN, IMAGENET_STD),
    "pixels from 0 to 1": (255.0, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    "pixels from 0 to 255": (1.0, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
}


@dataclass(frozen=True, eq=False)
class Sample:
    """A person: an RGB image [H, W, 3], a box [4], and where known the true joints [K, 2], else NaN."""

    picture: Picture
    box: Floats
    truth: Floats


@dataclass(frozen=True)
class Finding:
    """What looks wrong: the part of the card, what was measured, and what to try."""

    part: str
    what: str
    advice: str


@dataclass(frozen=True)
class CardCheck:
    """What was measured, as labels and texts, and what looks wrong."""

    measured: tuple[tuple[str, str], ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, eq=False)
class _View:
    """The network's answer to one way of looking at all people."""

    crops: Crops
    outputs: Any
    width: Floats  # [N] of the images, where mirrored; NaN elsewhere
    pixel: Floats  # [N] image pixels per input pixel


def check_card(model: torch.nn.Module, card: ModelCard, samples: Sequence[Sample]) -> CardCheck:
    """Run the network of a top-down card on people and compare ways to feed and to read it.

    Raises:
        MismatchError: P451 for outputs other than the card says.
    """
    top = TopDown(model, card, flip_test=False)
    people = samples[:MOST_PEOPLE]
    views = {name: _view(top, people, name) for name in ("plain", "mirrored", "moved", "grown")}
    measured, findings = [("people", str(len(people)))], list[Finding]()
    for part in (_readings, _pairs):
        rows, found = part(card, views, people)
        measured += rows
        findings += found
    rows, found = _colours(top, people, views["plain"])
    return CardCheck((*measured, *rows), (*findings, *found))


def _view(top: TopDown, people: Sequence[Sample], name: str) -> _View:
    boxes = np.stack([one.box for one in people]).astype(np.float64)
    width = np.full(len(people), np.nan)
    sides = boxes[:, 2:] - boxes[:, :2]
    if name == "moved":
        boxes += np.tile(sides * MOVED, 2)
    elif name == "grown":
        boxes += np.concatenate([-sides, sides], axis=1) * (GROWN - 1) / 2
    elif name == "mirrored":
        width = np.array([one.picture.shape[1] for one in people], dtype=np.float64)
        boxes[:, [0, 2]] = width[:, None] - 1 - boxes[:, [2, 0]]
    crops = top.crops(boxes)
    inputs = []
    for row, one in enumerate(people):
        picture = one.picture[:, ::-1] if name == "mirrored" else one.picture
        inputs.append(top.inputs(picture, _row(crops, row)))
    pixel = crops.size[:, 0] / crops.input_size[1]
    return _View(crops, _outputs(top, torch.cat(inputs)), width, pixel)


def _row(crops: Crops, row: int) -> Crops:
    one = slice(row, row + 1)
    return replace(crops, centre=crops.centre[one], size=crops.size[one], matrix=crops.matrix[one])


def _outputs(top: TopDown, inputs: torch.Tensor) -> Any:
    """Maps [N, K, H, W] of a network of heatmaps, else (places [N, K, 2] in input pixels, scores [N, K])."""
    parts = [inputs[first : first + BATCH] for first in range(0, len(inputs), BATCH)]
    if top.method in DECODERS:
        return np.concatenate([last_maps(top.outputs(part.to(top.device))) for part in parts])
    answers = [top.decoded(part) for part in parts]
    return tuple(np.concatenate(each) for each in zip(*answers, strict=True))


def _places(view: _View, method: str, step: str) -> tuple[Floats, Floats]:
    """Joints [N, K, 2] in pixels of the image as it is, not mirrored, and scores [N, K]."""
    if isinstance(view.outputs, tuple):
        xy, score = view.outputs
    else:
        maps = view.outputs
        xy, score = decode(maps, method)
        size = (maps.shape[2], maps.shape[3])
        xy = on_input(xy, map_step(view.crops.input_size, size, step == "udp"), step == "half pixel")
    placed = view.crops.to_image(xy)
    turned = ~np.isnan(view.width)
    placed[turned, :, 0] = view.width[turned, None] - 1 - placed[turned, :, 0]
    return placed, score


def _off(
    card: ModelCard, views: Mapping[str, _View], people: Sequence[Sample], method: str, step: str
) -> float:
    """How far joints are from the truth, or without one from their own places in the other views.

    The median over the surer half of the joints, in input pixels.
    """
    plain, score = _places(views["plain"], method, step)
    pixel = views["plain"].pixel[:, None]
    sure = score >= np.quantile(score, SURE)
    truth = np.stack([one.truth for one in people])
    known = np.isfinite(truth).all(axis=2)
    if known.any():
        apart = np.linalg.norm(plain - truth, axis=2) / pixel
        return float(np.median(apart[sure & known])) if (sure & known).any() else float("nan")
    mirror = list(load_skeleton(card.skeleton).flip) if card.skeleton else slice(None)
    others = []
    for name, view in views.items():
        placed = _places(view, method, step)[0]
        others.append(placed[:, mirror] if name == "mirrored" else placed)
    apart = np.linalg.norm(np.stack(others) - np.median(np.stack(others), axis=0), axis=3).mean(0) / pixel
    return float(np.median(apart[sure]))


def _readings(
    card: ModelCard, views: Mapping[str, _View], people: Sequence[Sample]
) -> tuple[list[tuple[str, str]], list[Finding]]:
    """Ways to read places from heatmaps, and steps from a map's pixel to the input's."""
    own_step = "half pixel" if card.half_pixel else card.mapping
    if card.decode not in DECODERS:
        return [(f"read as {card.decode}", _far(_off(card, views, people, card.decode, own_step)))], []
    steps = {step: _off(card, views, people, card.decode, step) for step in STEPS}
    rows = [(f"read with the step of {step}", _far(value)) for step, value in steps.items()]
    findings = []
    best, own = min(steps, key=lambda step: steps[step]), steps.get(own_step, np.nan)
    if own_step in steps and steps[best] < BETTER * own and own - steps[best] > LEAST:
        words = {"udp": 'crop = "udp"', "affine": 'crop = "affine"', "half pixel": "half_pixel = true"}
        advice = words[best] + (" and half_pixel = false" if own_step == "half pixel" else "")
        findings.append(
            Finding(
                "half pixel",
                f"joints are off by {own:.2f} input pixels, and by {steps[best]:.2f} with the step of {best}",
                advice,
            )
        )
    methods = {name: _off(card, views, people, name, best) for name in DECODERS}
    rows += [(f"read by {name}", _far(value)) for name, value in methods.items()]
    good = min(methods, key=lambda name: methods[name])
    if methods[good] < BETTER * methods[card.decode] and methods[card.decode] - methods[good] > LEAST:
        what = (
            f"joints are off by {methods[card.decode]:.2f} input pixels, and by {methods[good]:.2f} by {good}"
        )
        findings.append(Finding("decode", what, f'decode = "{good}"'))
    return rows, findings


def _far(value: float) -> str:
    return f"{value:.2f} input pixels off" if np.isfinite(value) else "not measured"


def _pairs(
    card: ModelCard, views: Mapping[str, _View], people: Sequence[Sample]
) -> tuple[list[tuple[str, str]], list[Finding]]:
    """Which joint of the mirrored image lies where each joint lies."""
    if card.skeleton is None:
        return [("mirror joints", "not known, so not compared")], []
    step = "half pixel" if card.half_pixel else card.mapping
    plain, mirrored = (_places(views[name], card.decode, step)[0] for name in ("plain", "mirrored"))
    return mirror_joints(load_skeleton(card.skeleton), plain, mirrored)


def mirror_joints(
    skeleton: Skeleton, plain: Floats, mirrored: Floats
) -> tuple[list[tuple[str, str]], list[Finding]]:
    """Whether joints [P, K, 2] of mirror images, turned back, lie where a skeleton's mirror joints lay."""
    apart = np.median(np.linalg.norm(plain[:, :, None] - mirrored[:, None], axis=3), axis=0)  # [K, K]
    nearest, own = apart.argmin(1), np.array(skeleton.flip)
    joint = np.arange(len(own))
    wrong = (nearest != own) & (apart[joint, nearest] < 0.5 * apart[joint, own])
    findings = []
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        names = skeleton.joints
        what = (
            f"on mirrored images {names[nearest[first]]} lies where {names[first]} lay, and the card expects "
            f"{names[own[first]]} there; {number_of(int(wrong.sum()), 'joint')} of {len(own)} are so"
        )
        findings.append(Finding("flip pairs", what, "flip_pairs of the joints as the network was trained"))
    return [("mirror joints", f"{len(own) - int(wrong.sum())} of {len(own)} as the card says")], findings


def _colours(
    top: TopDown, people: Sequence[Sample], plain: _View
) -> tuple[list[tuple[str, str]], list[Finding]]:
    """The network's scores with the other order of colours, and with other scales of pixels."""
    card = top.card
    own = _scores(plain.outputs)
    ways = {f"colours as {'bgr' if card.colour == 'rgb' else 'rgb'}": replace(
        card, colour="bgr" if card.colour == "rgb" else "rgb"
    )}  # fmt: skip
    for name, (divisor, mean, deviation) in SCALES.items():
        if (divisor, mean, deviation) != (card.pixel_divisor, card.mean, card.std):
            ways[name] = replace(card, pixel_divisor=divisor, mean=mean, std=deviation)
    rows, findings = [("score as the card says", f"{own.mean():.3f}")], []
    for name, other in ways.items():
        fed = TopDown(top.model, other, flip_test=False, device=top.device)
        score = _scores(_view(fed, people, "plain").outputs)
        rows.append((f"score with {name}", f"{score.mean():.3f}"))
        higher = float((score > own).mean())
        if higher >= AGREE and score.mean() > own.mean():
            part = "colour" if name.startswith("colours") else "scale of pixels"
            what = (
                f"{higher:.0%} of people score higher with {name} ({score.mean():.3f}, not {own.mean():.3f})"
            )
            advice = (
                f'colour = "{other.colour}"'
                if part == "colour"
                else f"divisor = {other.pixel_divisor:g}, mean = {list(other.mean)}, "
                f"deviation = {list(other.std)}"
            )
            findings.append(Finding(part, what, advice))
    return rows, findings


def _scores(outputs: Any) -> NDArray[np.float64]:
    """The mean score of each person's joints."""
    joints = outputs[1] if isinstance(outputs, tuple) else outputs.max((2, 3))
    mean: NDArray[np.float64] = np.asarray(joints, dtype=np.float64).mean(1)
    return mean
