"""The findings of a diagnosis in sentences: what fixing gains most, and the worst joint."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from poseval.diagnosis.diagnose import Diagnosis
from poseval.diagnosis.gains import STAGES, Stage, mean_ap
from poseval.errors import number_of, shown
from poseval.results.units import NumberStyle

TABLES = NumberStyle(digits=1)  # as the tables of a diagnosis
SMALLEST = 0.0005  # a gain below it is printed as 0.0
# Stages in the plural of a sentence.
PLURAL = ("baseline", "missed joints", "swaps", "inversions", "jitter", "scores", "false positives", "misses")
WORDS = dict(zip(STAGES, PLURAL, strict=True))


def findings(diagnosis: Diagnosis, style: NumberStyle = TABLES) -> list[str]:
    """Sentences about the first size range, their numbers in a style; none where nobody is to be found.

    Kinds of errors are ranked by their progressive gains, as coco-analyze ranks them: what fixing one kind
    adds once all kinds before it are fixed. The gain alone stands beside it.
    """
    main = diagnosis.ranges[0]
    lines = _score(diagnosis, style) + _gains(main.gains.cumulative, main.gains.independent, style)
    total, bad = main.counts[1:].sum(axis=0), main.counts[2:].sum(axis=0)
    if total.any() and not (bad.any() or main.gains.missed.any() or main.gains.false_positives.any()):
        lines.append("no errors were found")
    if bad.any():
        fraction = np.divide(bad, total, out=np.zeros(len(total)), where=total > 0)
        joint = int(np.argmax(fraction))
        name = shown(diagnosis.joints[joint])
        lines.append(f"worst joint: {name}, {fraction[joint]:.0%} of its labelled keypoints are wrong")
    return lines


def _score(diagnosis: Diagnosis, style: NumberStyle) -> list[str]:
    """AP, and how many people were matched at all."""
    ap = mean_ap(diagnosis.ranges[0].gains.cumulative[0])
    if math.isnan(ap):
        return []
    people, matched = (sum(getattr(g, name) for g in diagnosis.everyone) for name in ("people", "matched"))
    found = f"{matched:,} of {number_of(people, 'person', 'people')} were matched"
    return [f"AP by OKS is {style.number(ap)}; {found}"]


def _gains(cumulative: Sequence[Stage], independent: Sequence[Stage], style: NumberStyle) -> list[str]:
    """What gains most when kinds are fixed one after the other, and what does when fixed alone."""
    base = mean_ap(independent[0])
    after = {b.name: mean_ap(b) - mean_ap(a) for a, b in pairwise(cumulative)}
    alone = {stage.name: mean_ap(stage) - base for stage in independent[1:]}
    best, single = (max(found, key=lambda name: np.nan_to_num(found[name])) for found in (after, alone))
    if not after[best] >= SMALLEST:
        return []

    def gain(value: float) -> str:
        return style.number(value, sign=True)

    names = list(after)
    before = names[: names.index(best)]
    if not before:
        how = "when fixed first"
    elif best == names[-1]:
        how = "with all other errors fixed"
    else:
        how = f"with {_listed([WORDS[name] for name in before])} fixed"
    lines = [f"fixing {WORDS[best]} gains most: AP {gain(after[best])} {how}, {gain(alone[best])} alone"]
    if single != best and alone[single] >= SMALLEST:
        text = f"fixed alone, {WORDS[single]} would gain most: AP {gain(alone[single])}"
        if single == names[-1]:
            text += ", because whoever was found too inaccurately for a threshold is a miss there"
        lines.append(f"{text}; with the errors before them fixed, {gain(after[single])}")
    return lines


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
