"""The findings of a diagnosis in sentences: who was found, the worst joint, AP, what fixing gains."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from poseval.diagnosis.diagnose import Diagnosis
from poseval.diagnosis.error_types import Fault, Scale
from poseval.diagnosis.gains import INACCURATE, STAGES, Step, mean_ap
from poseval.errors import number_of, shown
from poseval.results.units import NumberStyle

TABLES = NumberStyle(digits=1)  # as the tables of a diagnosis
SMALLEST = 0.0005  # a gain below it is printed as 0.0
# Stages in the plural of a sentence.
PLURAL = ("baseline", "missed joints", "swaps", "inversions", "jitter", "scores", "false positives", "misses")
WORDS = dict(zip(STAGES, PLURAL, strict=True))


def findings(diagnosis: Diagnosis, style: NumberStyle = TABLES) -> list[str]:
    """Sentences about the first size range, with numbers in the given style; none if it has no people.

    Kinds of errors are ranked by their progressive gains, as coco-analyze ranks them: what fixing one kind
    adds once all kinds before it are fixed. The gain alone stands beside it. Misses are people without a
    prediction; what people cost that were found too inaccurately has its own sentence.
    """
    main = diagnosis.ranges[0]
    lines = _opening(diagnosis) + _score(diagnosis, style) + _gains(main.gains.steps, style)
    total, bad = main.counts[1:].sum(axis=0), main.counts[2:].sum(axis=0)
    if total.any() and not (bad.any() or main.gains.missed.any() or main.gains.false_positives.any()):
        lines.append("no errors were found")
    return lines


def _opening(diagnosis: Diagnosis) -> list[str]:
    """How many people were matched at all, and the joint that is wrong most often."""
    main = diagnosis.ranges[0]
    parts = []
    if not math.isnan(mean_ap(main.gains.cumulative[0])):
        people, found = (sum(getattr(g, name) for g in diagnosis.everyone) for name in ("people", "matched"))
        verb = "was" if people == 1 else "were"
        parts.append(f"{found:,} of {number_of(people, 'person', 'people')} {verb} found")
    total, bad = main.counts[1:].sum(axis=0), main.counts[2:].sum(axis=0)
    if bad.any():
        fraction = np.divide(bad, total, out=np.zeros(len(total)), where=total > 0)
        joint = int(np.argmax(fraction))
        jitter = main.counts[Fault.JITTER][joint] / total[joint]
        parts.append(
            f"the worst joint is {shown(diagnosis.joints[joint])}: {fraction[joint]:.0%} of its labelled "
            f"keypoints on people who were found are wrong (jitter: {jitter:.0%})"
        )
    return ["; ".join(parts)] if parts else []


def _score(diagnosis: Diagnosis, style: NumberStyle) -> list[str]:
    """AP and over whom."""
    main = diagnosis.ranges[0]
    ap = mean_ap(main.gains.cumulative[0])
    if math.isnan(ap):
        return []
    people = sum(group.people for group in diagnosis.everyone)
    text = "AP by OKS, which compares whole poses, "
    if diagnosis.scale is Scale.HEAD:
        text += "with the size of a head as the scale of a person, "
    text += f"is {style.number(ap)}"
    if main.people < people:
        side = f"{math.sqrt(main.size.low):.0f}"
        text += (
            f", without {number_of(people - main.people, 'person', 'people')} below {side} x {side} pixels, "
            "whom the AP of a report counts"
        )
    return [text]


def _gains(steps: Sequence[Step], style: NumberStyle) -> list[str]:
    """What gains most when kinds are fixed one after the other, and what does when fixed alone."""
    kinds = {step.name: step for step in steps if step.name != INACCURATE}
    best = max(kinds.values(), key=lambda step: np.nan_to_num(step.gain))
    single = max(kinds.values(), key=lambda step: np.nan_to_num(step.gain_alone))
    lines = []
    if best.gain >= SMALLEST:
        names = list(kinds)
        before = names[: names.index(best.name)]
        if not before:
            how = "when fixed first"
        elif best.name == names[-1]:
            how = "with all other errors fixed"
        else:
            how = f"with {_listed([WORDS[name] for name in before])} fixed"
        gain, alone = (style.number(value, sign=True) for value in (best.gain, best.gain_alone))
        lines.append(f"fixing {WORDS[best.name]} gains most: AP {gain} {how}, {alone} alone")
        if single is not best and single.gain_alone >= SMALLEST:
            gain, alone = (style.number(value, sign=True) for value in (single.gain, single.gain_alone))
            lines.append(
                f"fixed alone, {WORDS[single.name]} would gain most: AP {alone}; with the errors before them "
                f"fixed, {gain}"
            )
    (rest,) = (step for step in steps if step.name == INACCURATE)
    if max(np.nan_to_num([rest.gain, rest.gain_alone])) >= SMALLEST:
        lines.append(
            "AP averages over limits on how near a pose must be (OKS); poses that were found, but are not "
            f"near enough for some limit, cost AP {style.number(rest.gain_alone)} now, and "
            f"{style.number(rest.gain)} once all other errors are fixed; coco-analyze counts them as misses"
        )
    return lines


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
