"""Ways to read places from heatmaps: whether another than the card's fits the network better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from poseval.models.inference.crops import Floats
from poseval.models.inference.decoding import DECODERS, flip_back
from poseval.models.registry import ModelCard
from poseval.runners.card_views import Reading, View, compared, nearer, residuals, spread
from poseval.runners.findings import Finding, Measured

FINE = ("dark", "udp")  # places between pixels, so that steps can be told apart
STEPS = ("affine", "udp", "half pixel")
BETTER, LEAST = 0.85, 0.1  # another decoding must be closer by this factor, and by this many input pixels
CLEARER = 0.95  # another step must be closer by this factor: joints that are far off lean to any side
APART = 0.2  # input pixels between readings without truth: views show less of them than the truth does


def own_reading(card: ModelCard) -> Reading:
    """As the card says."""
    return Reading(
        card.decode, "half pixel" if card.half_pixel else "udp" if card.crop == "udp" else "affine"
    )


def readings(
    card: ModelCard, views: Mapping[str, View], truth: Floats, mirror: Sequence[int] | None
) -> Measured:
    """Steps from a map's pixel to the input's, and ways to find the maximum."""
    own = own_reading(card)
    if card.decode not in DECODERS:
        off = residuals(views, truth, mirror, own)
        return [
            (f"read as {card.decode}", _far(spread(off, compared(off, views["plain"].places(own)[1]))))
        ], []
    fine = replace(own, method=own.method if own.method in FINE else FINE[0])
    steps = {step: residuals(views, truth, mirror, replace(fine, step=step)) for step in STEPS}
    off = steps[own.step]
    use = compared(off, views["plain"].places(fine)[1])
    least = LEAST if np.isfinite(truth).any() else APART
    far = {step: spread(residual, use) for step, residual in steps.items()}
    rows = [(f"read with the step of {step}", _far(value)) for step, value in far.items()]
    best = own.step
    for step in sorted(STEPS, key=lambda step: far[step]):
        clearly = far[step] <= CLEARER * far[own.step]
        if step != own.step and clearly and nearer(off, steps[step], use, least):
            best = step
            break
    findings = []
    if best != own.step:
        what = f"joints are off by {far[own.step]:.2f} input pixels, "
        what += f"and by {far[best]:.2f} with the step of {best}"
        findings.append(Finding("half pixel", what, step_advice(card, best)))
    ways = {way: spread(residuals(views, truth, mirror, Reading(way, best)), use) for way in DECODERS}
    rows += [(f"read by {way}", _far(value)) for way, value in ways.items()]
    good = min(ways, key=lambda way: ways[way])
    if ways[good] < BETTER * ways[own.method] and ways[own.method] - ways[good] > LEAST:
        what = f"joints are off by {ways[own.method]:.2f} input pixels, and by {ways[good]:.2f} by {good}"
        findings.append(Finding("decode", what, f'decode = "{good}"'))
    return rows, findings


def step_advice(card: ModelCard, step: str) -> str:
    """The lines of a card whose maps are read with a step; they must not contradict the others."""
    crop = "udp" if step == "udp" else card.crop if card.crop != "udp" and step == "affine" else "affine"
    lines = [f'crop = "{crop}"'] if crop != card.crop else []
    if card.half_pixel != (step == "half pixel"):
        lines.append(f"half_pixel = {str(step == 'half pixel').lower()}")
    shift = int(step == "affine" and crop == "affine")
    if card.flip == "maps" and card.flip_shift != shift:
        lines.append(f"flip_shift = {shift}")
    return ", ".join(lines)


def flip_shift(card: ModelCard, plain: View, turned: View, mirror: Sequence[int]) -> Measured:
    """How far maps of mirrored inputs have to move before a flip test averages them."""
    reading = replace(own_reading(card), method=FINE[0])
    placed, score = plain.places(reading)
    off = {}
    for shift in {0, 1, card.flip_shift}:
        back = replace(turned, outputs=flip_back(turned.outputs, mirror, shift)).places(reading)[0]
        off[shift] = ((back - placed) / plain.pixel[:, None, None])[None]
    use = compared(off[card.flip_shift], score)
    far = {shift: spread(residual, use) for shift, residual in sorted(off.items())}
    rows = [(f"mirrored maps moved by {shift}", _far(value)) for shift, value in far.items()]
    best = min(far, key=lambda shift: far[shift])
    if best == card.flip_shift or not nearer(off[card.flip_shift], off[best], use, APART):
        return rows, []
    what = f"joints of the mirrored input are off by {far[card.flip_shift]:.2f} input pixels, "
    what += f"and by {far[best]:.2f} where maps move by {best}"
    return rows, [Finding("flip shift", what, f"flip_shift = {best}")]


def _far(value: float) -> str:
    return f"{value:.2f} input pixels off" if np.isfinite(value) else "not measured"
