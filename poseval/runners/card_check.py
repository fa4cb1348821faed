"""`models check`: what looks wrong in a card, found by running its network on people in several ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from poseval.errors import number_of
from poseval.models.inference.crops import Floats
from poseval.models.inference.decoding import DECODERS
from poseval.models.inference.top_down import TopDown
from poseval.models.registry import ModelCard
from poseval.runners.card_pixels import WORKS, fed, paddings, pixels
from poseval.runners.card_readings import flip_shift, own_reading, readings
from poseval.runners.card_views import TURNED, VIEWS, Sample, View, longer_sides, truth_of, view
from poseval.runners.findings import CardCheck, Finding, Measured
from poseval.skeletons import Skeleton, load_skeleton

FEW = 0.5  # of the joints; wrong pairs of a right skeleton are mostly wrong for all that have a side
MOST_PEOPLE = 48  # more do not change what is found, and take time


def check_card(model: torch.nn.Module, card: ModelCard, samples: Sequence[Sample]) -> CardCheck:
    """Run the network of a top-down card on people and compare ways to feed and to read it.

    Raises:
        MismatchError: P451 for outputs other than the card says.
    """
    top = TopDown(model, card, flip_test=False)
    people = samples[:MOST_PEOPLE]
    views = {name: view(top, people, name) for name in VIEWS}
    mirror = load_skeleton(card.skeleton).flip if card.skeleton else None
    truth = truth_of(people)
    own = fed(top, people, views)
    rows, findings = pixels(top, people, own)
    if not findings:
        more, findings = paddings(top, people, own)
        rows += more
    parts = [_order(card, views["plain"], people)] if not findings else []
    if own.works and not findings:
        pairs = _pairs(card, views)
        parts += [readings(card, views, truth, None if pairs[1] else mirror), pairs]
        if card.flip == "maps" and card.decode in DECODERS and mirror and not any(one for _, one in parts):
            parts.append(flip_shift(card, views["plain"], view(top, people, TURNED), mirror))
    else:
        why = "compared once the network is fed rightly" if findings else "not compared: joints are not found"
        parts.append(([("steps, decoding, mirror joints", why)], []))
    for more, found in parts:
        rows, findings = [*rows, *more], [*findings, *found]
    return CardCheck((("people", str(len(people))), *rows), tuple(findings), own.works)


def _order(card: ModelCard, plain: View, people: Sequence[Sample]) -> Measured:
    """Whether each joint lies where the ground truth has the joint of its name."""
    truth = truth_of(people)
    known = np.isfinite(truth).all(2).any(0)
    if card.skeleton is None or not known.any():
        return [], []
    joints = load_skeleton(card.skeleton).joints
    side = longer_sides(people)
    placed = plain.places(own_reading(card))[0]
    apart = np.linalg.norm(placed[:, :, None] - truth[:, None], axis=3) / side[:, None, None]  # [N, K, K]
    apart = np.where(known, apart, np.inf)
    usual = np.nanmedian(apart, axis=0)
    nearest, own = usual.argmin(1), usual.diagonal()
    least = usual.min(1)
    wrong = known & (least < 0.5 * own) & (least < WORKS)
    right = known & ~wrong & (own < WORKS)
    rows = [("joints", f"{int(right.sum())} of {int(known.sum())} where the ground truth has them")]
    if not wrong.any():
        return rows, []
    first = int(np.flatnonzero(wrong)[0])
    what = f"{joints[first]} lies where the ground truth has {joints[nearest[first]]}; "
    what += f"{number_of(int(wrong.sum()), 'joint')} of {int(known.sum())} are so"
    return rows, [Finding("joints", what, "the skeleton, or the order of the joints, of the training")]


def _pairs(card: ModelCard, views: Mapping[str, View]) -> Measured:
    """Which joint of the mirrored image lies where each joint lies."""
    if card.skeleton is None:
        return [("mirror joints", "not known, so not compared")], []
    plain, mirrored = (views[name].places(own_reading(card))[0] for name in ("plain", "mirrored"))
    return mirror_joints(load_skeleton(card.skeleton), plain, mirrored)


def mirror_joints(skeleton: Skeleton, plain: Floats, mirrored: Floats) -> Measured:
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
        advice = "flip_pairs of the joints as the network was trained"
        if wrong.sum() <= FEW * len(own):
            advice += "; as so few differ, the skeleton or the order of its joints is the likelier cause"
        findings.append(Finding("flip pairs", what, advice))
    return [("mirror joints", f"{len(own) - int(wrong.sum())} of {len(own)} as the card says")], findings
