"""`models check` of networks of whole images: their colours, and joints that a mirror exchanges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from torch import nn

from poseval.models.inference.crops import Floats
from poseval.models.inference.predictions import Poses, WholeImage
from poseval.models.inference.whole_image import whole_image
from poseval.models.registry import ModelCard
from poseval.runners.card_check import mirror_joints
from poseval.runners.card_pixels import AGREE, HIGHER
from poseval.runners.findings import CardCheck, Finding
from poseval.runners.frames import Picture
from poseval.skeletons import load_skeleton

MOST_IMAGES = 24
SAME = 0.5  # IoU of a person on an image and on its mirror image


def check_finder(model: nn.Module, card: ModelCard, pictures: Sequence[Picture]) -> CardCheck:
    """Run the network of a card on images, on their mirror images, and in the other order of colours.

    Raises:
        MismatchError: P451 for outputs other than the card says.
    """
    pictures = pictures[:MOST_IMAGES]
    finder = whole_image(model, card, flip_test=False)
    plain = [finder.poses(picture) for picture in pictures]
    count = sum(map(len, plain))
    measured = [("images", str(len(pictures))), ("people found", str(count))]
    findings: list[Finding] = []
    swapped = replace(card, colour="bgr" if card.colour == "rgb" else "rgb")
    other = whole_image(model, swapped, flip_test=False)
    own_score = np.array([_best(found) for found in plain])
    score = np.array([_best(other.poses(picture)) for picture in pictures])
    measured += [
        ("best score as the card says", f"{own_score.mean():.3f}"),
        (f"best score with colours as {swapped.colour}", f"{score.mean():.3f}"),
    ]
    higher = float((score > own_score).mean())
    if higher >= AGREE and score.mean() > HIGHER * own_score.mean():
        what = f"on {higher:.0%} of images the best person scores higher with colours as {swapped.colour}"
        findings.append(Finding("colour", what, f'colour = "{swapped.colour}"'))
    if card.skeleton is not None:
        pairs = _pairs(finder, pictures, plain, card.joints)
        if len(pairs[0]):
            rows, found = mirror_joints(load_skeleton(card.skeleton), *pairs)
            measured += rows
            findings += found
    return CardCheck(tuple(measured), tuple(findings), bool(count))


def _best(found: Poses) -> float:
    return float(found.score.max()) if len(found) else 0.0


def _pairs(
    finder: WholeImage, pictures: Sequence[Picture], plain: Sequence[Poses], joints: int
) -> tuple[Floats, Floats]:
    """Joints [P, K, 2] of people on images, and of the same people on the mirror images, turned back."""
    here, there = [], []
    for picture, found in zip(pictures, plain, strict=True):
        width = picture.shape[1]
        turned = finder.poses(picture[:, ::-1])
        boxes, xy = turned.box.copy(), turned.xy.copy()
        boxes[:, [0, 2]] = width - boxes[:, [2, 0]]
        xy[..., 0] = width - xy[..., 0]
        for box, places in zip(found.box, found.xy, strict=True):
            overlap = _iou(box, boxes)
            if len(overlap) and overlap.max() >= SAME:
                here.append(places)
                there.append(xy[int(overlap.argmax())])
    empty = np.zeros((0, joints, 2))
    return (np.stack(here), np.stack(there)) if here else (empty, empty)


def _iou(box: Floats, boxes: Floats) -> Floats:
    """IoU [n] of one box with boxes [n, 4], as continuous ones."""
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    common = np.maximum(high - low, 0).prod(1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(1) + (box[2:] - box[:2]).prod()
    shared: Floats = common / np.maximum(areas - common, np.spacing(1.0))
    return shared
