"""The colours of a card, the scale of its pixels and its crops: whether the network does better with others.

A network's score says nothing of the scale: larger inputs make larger heatmaps. So the joints decide, by
their distance to the truth or, without any, by where they come back to when a person is moved. The other
order of colours leaves the scale as it is, and there the score is evidence, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from poseval.models.inference.crops import Floats
from poseval.models.inference.top_down import TopDown
from poseval.models.registry import IMAGENET_MEAN, IMAGENET_STD, ModelCard
from poseval.runners.card_readings import BETTER, own_reading
from poseval.runners.card_views import ERRORS, MOVED, Sample, View, longer_sides, truth_of, view
from poseval.runners.findings import Finding, Measured

AGREE = 0.8  # share of people whose score must be higher in the other colours
HIGHER = 1.01  # the mean score there, times that of the card
WORKS = 0.1  # joints of most people are off by less, as a part of the box's longer side
FARTHEST = 0.5  # of the box's longer side: beyond it a joint is not found
NONE, ONES = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
SCALES = {  # name -> divisor, mean, deviation
    "ImageNet's mean and deviation of pixels from 0 to 1": (255.0, IMAGENET_MEAN, IMAGENET_STD),
    "pixels from 0 to 1": (255.0, NONE, ONES),
    "pixels from -1 to 1": (255.0, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "pixels from 0 to 255": (1.0, NONE, ONES),
    "pixels from 0 to 255 without their mean": (1.0, (123.675, 116.28, 103.53), ONES),
}
PADDINGS = (1.0, 1.25, 1.5, 2.0)
UNLABELLED = "not compared: that takes labelled joints (--gt)"


@dataclass(frozen=True, eq=False)
class Fed:
    """How people fare with the pixels of a card.

    `off` [N] is how far a person's joints are off as a part of the box, NaN where not known, and `score` [N]
    the mean score. `by_truth` says whether it is the distance to the truth.
    """

    card: ModelCard
    off: Floats
    score: Floats
    by_truth: bool

    @property
    def works(self) -> bool:
        """Whether joints of most people are found."""
        return bool(np.nanmedian(self.off) < WORKS)

    @property
    def mean(self) -> float:
        """How far joints are off, NaN where nothing is known."""
        return float(np.nanmean(self.off))

    def __str__(self) -> str:
        return f"joints {self.mean:.1%} of the box off, score {self.score.mean():.3f}"

    def nearer_than(self, own: Fed) -> bool:
        """Whether joints are clearly nearer to the truth; without truth, whether only this way finds them.

        Nearer by more than smaller crops give any network, because they show people larger.
        """
        larger = min(1.0, self.card.padding / own.card.padding)
        if not self.works or self.mean > BETTER * larger * own.mean or (own.works and not self.by_truth):
            return False
        signs = np.sign((own.off - self.off)[np.isfinite(own.off)])
        return bool(signs.sum() >= ERRORS * np.sqrt(len(signs)))  # more people than by chance, however far

    def surer_than(self, own: Fed) -> bool:
        """Whether nearly everybody has a higher score, with joints that are no farther from the truth."""
        agree = float((self.score > own.score).mean()) >= AGREE
        higher = agree and self.score.mean() > HIGHER * own.score.mean()
        return bool(higher and self.works and (self.mean <= own.mean or not self.by_truth))


def fed(top: TopDown, people: Sequence[Sample], views: Mapping[str, View] | None = None) -> Fed:
    """How people fare with the card's pixels; `views` are those that are there already.

    Raises:
        MismatchError: P451 for outputs other than the card says.
    """
    views, reading = views or {}, own_reading(top.card)
    plain = views.get("plain") or view(top, people, "plain")
    placed = plain.places(reading)[0]
    truth = truth_of(people)
    by_truth = bool(np.isfinite(truth).any())
    if by_truth:
        apart = np.linalg.norm(placed - truth, axis=2)[None]
    else:
        moved = [views.get(name) or view(top, people, name) for name in MOVED]
        seen = np.stack([each.places(reading)[0] for each in moved])
        apart = np.linalg.norm(seen - placed, axis=3)
    side = longer_sides(people)
    shares = np.minimum(apart / side[:, None], FARTHEST)
    known = np.isfinite(shares).any((0, 2))
    off = np.full(len(people), np.nan)
    off[known] = np.nanmean(shares[:, known], axis=(0, 2))
    return Fed(top.card, off, plain.scores(), by_truth)


def pixels(top: TopDown, people: Sequence[Sample], own: Fed) -> Measured:
    """The network with the other order of colours, and with other scales of pixels.

    Both at once, too, where the card's order does not work or is worse: one fault may hide the other.
    """
    card = top.card
    other = _with(top, people, colour="bgr" if card.colour == "rgb" else "rgb")
    rows = [("as the card says", str(own)), (f"colours as {other.card.colour}", str(other))]
    better = [other] if other.nearer_than(own) else []
    if own.works and not own.by_truth:
        rows.append(("scale of pixels", UNLABELLED))
    else:
        orders = (card, other.card) if better or not own.works else (card,)
        for order, (name, scale) in product(orders, SCALES.items()):
            if scale != (card.pixel_divisor, card.mean, card.std):
                changes = dict(zip(("pixel_divisor", "mean", "std"), scale, strict=True))
                scaled = _with(top, people, colour=order.colour, **changes)
                rows.append((name if order is card else f"{name}, {order.colour}", str(scaled)))
                better += [scaled] if scaled.nearer_than(own) else []
    if not better and other.surer_than(own):
        better = [other]
    return rows, _best(better, own)


def paddings(top: TopDown, people: Sequence[Sample], own: Fed) -> Measured:
    """The network with crops that show more or less around the people."""
    if not own.by_truth:
        return [("padding", UNLABELLED)], []
    others = [_with(top, people, padding=each) for each in PADDINGS if each != top.card.padding]
    rows = [(f"padding of {each.card.padding:g}", str(each)) for each in others]
    return rows, _best([each for each in others if each.nearer_than(own)], own)


def _best(better: Sequence[Fed], own: Fed) -> list[Finding]:
    """What the best of the ways that are better changes in the card."""
    if not better:
        return []
    best = min(better, key=lambda each: each.mean)
    card, parts, advice = best.card, list[str](), list[str]()
    if card.colour != own.card.colour:
        parts.append("colour")
        advice.append(f'colour = "{card.colour}"')
    if (card.pixel_divisor, card.mean, card.std) != (own.card.pixel_divisor, own.card.mean, own.card.std):
        parts.append("scale of pixels")
        advice.append(f"divisor = {card.pixel_divisor:g}, mean = {list(card.mean)}")
        advice.append(f"deviation = {list(card.std)}")
    if card.padding != own.card.padding:
        parts.append("padding")
        advice.append(f"padding = {card.padding:g}")
    what = f"as the card says: {own}; otherwise: {best}"
    return [Finding(" and ".join(parts), what, ", ".join(advice))]


def _with(top: TopDown, people: Sequence[Sample], **changes: object) -> Fed:
    changed = replace(top.card, **changes)  # type: ignore[arg-type]
    return fed(TopDown(top.model, changed, flip_test=False, device=top.device), people)
