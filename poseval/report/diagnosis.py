"""A diagnosis as text tables."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from poseval.diagnosis.gains import mean_ap
from poseval.errors import number_of, shown
from poseval.report.text_table import aligned, number
from poseval.results.units import PERCENT, NumberStyle

if TYPE_CHECKING:
    from poseval.diagnosis.diagnose import Diagnosis, RangeDiagnosis
    from poseval.diagnosis.error_types import SizeRange

LARGEST_SIDE = 1e4  # pixels; a range up to there has no upper limit that matters


def render(diagnosis: Diagnosis, unit: str = PERCENT) -> str:
    """Findings, joint errors, costs, groups, worst frames and track errors."""
    from poseval.diagnosis.findings import findings

    style = NumberStyle(unit, digits=1)
    lines = [*findings(diagnosis, style), ""]
    for item in diagnosis.ranges:
        if item.matched:
            lines += _range_lines(diagnosis, item, style)
    rows = [["people", "", "count", "matched", *_CLASSES]]
    for group in diagnosis.groups:
        total = max(1, int(group.joints[1:].sum()))
        fractions = [f"{int(n) / total:.0%}" for n in group.joints[1:]]
        rows.append([f"{group.by}: {group.name}", "", str(group.people), str(group.matched), *fractions])
    lines += [*aligned(rows), ""]
    if diagnosis.worst:
        rows = [["worst frames", "joints", "misses", "false positives"]]
        rows += [
            [shown(w.frame, 60), str(w.joints), str(w.missed), str(w.background)] for w in diagnosis.worst
        ]
        lines += [*aligned(rows), ""]
    if diagnosis.tracks is not None:
        tracks = diagnosis.tracks
        lines.append(
            f"tracks: {number_of(tracks.count('switch'), 'switch', 'switches')}, "
            f"{number_of(tracks.count('fragment'), 'fragment')}, "
            f"{number_of(len(tracks.mixed), 'identity', 'identities')} on several people"
        )
        for event in tracks.events[:20]:
            lines.append(
                f"  {shown(event.sequence, 60)} frame {shown(event.frame, 60)}: {event.kind} on person "
                f"{event.person}, identity {event.before} -> {event.after}"
            )
    return "\n".join(lines) + "\n"


def _limits(size: SizeRange) -> str:
    """The limits of a range in words, where it has any."""
    low, high = math.sqrt(size.low), math.sqrt(size.high)
    if not low:
        return ""
    upper = f" to {high:.0f} x {high:.0f}" if high < LARGEST_SIDE else ""
    return f" (from {low:.0f} x {low:.0f}{upper} pixels)"


_CLASSES = ["good", "jitter", "inversion", "swap", "miss"]


def _range_lines(diagnosis: Diagnosis, item: RangeDiagnosis, style: NumberStyle) -> list[str]:
    lines = [f"size {item.size.name}{_limits(item.size)}: {item.found:,} of {item.people:,} people matched"]
    others = item.matched - item.found
    if others:
        lines.append(
            f"below are the joints of {number_of(item.matched, 'person', 'people')}, {others:,} of them of "
            "other sizes, as coco-analyze counts (quirk C27; not so by --rules corrected)"
        )
    rows = [["joint", *_CLASSES]]
    for index, joint in enumerate(diagnosis.joints):
        column = item.counts[1:, index]
        total = int(column.sum())
        rows.append([shown(joint), *(number(int(n) / total if total else math.nan, ".1%") for n in column)])
    whole = item.counts[1:].sum(axis=1)
    rows.append(["all joints", *(f"{int(n) / max(1, int(whole.sum())):.1%}" for n in whole)])
    lines += ["", *aligned(rows), ""]
    base = style.number(mean_ap(item.gains.cumulative[0]))
    none = style.number(0.0, sign=True)
    ap = "AP by OKS"  # not the AP of a score, which may be by joints, or count smaller people, too
    rows = [[f"fixed ({style.caption()})", f"{ap}, one after the other", "gain", f"{ap}, alone", "gain"]]
    rows.append(["baseline", base, none, base, none])
    for step in item.gains.steps:
        ap, gain = style.number(step.ap), style.number(step.gain, sign=True)
        alone, gain_alone = style.number(step.alone), style.number(step.gain_alone, sign=True)
        rows.append([step.title, ap, gain, alone, gain_alone])
    found = item.lrp
    lines += [*aligned(rows), ""]
    lines.append(
        f"oLRP {style.number(found.olrp)}: localisation {style.number(found.localisation)}, "
        f"false positives {style.number(found.false_positive)}, "
        f"misses {style.number(found.false_negative)}; recommended score "
        f"threshold {number(found.threshold, '.2f')}"
    )
    return [*lines, ""]
