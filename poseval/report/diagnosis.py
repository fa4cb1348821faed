"""A diagnosis as text tables."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from poseval.errors import number_of, shown
from poseval.report.text_table import aligned, number
from poseval.results.units import PERCENT, NumberStyle

if TYPE_CHECKING:
    from poseval.diagnosis.diagnose import Diagnosis, RangeDiagnosis


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


_CLASSES = ["good", "jitter", "inversion", "swap", "miss"]


def _range_lines(diagnosis: Diagnosis, item: RangeDiagnosis, style: NumberStyle) -> list[str]:
    from poseval.diagnosis.gains import mean_ap

    lines = [f"size {item.size.name}: {number_of(item.matched, 'person', 'people')} matched", ""]
    rows = [["joint", *_CLASSES]]
    for index, joint in enumerate(diagnosis.joints):
        column = item.counts[1:, index]
        total = int(column.sum())
        rows.append([shown(joint), *(number(int(n) / total if total else math.nan, ".1%") for n in column)])
    whole = item.counts[1:].sum(axis=1)
    rows.append(["all joints", *(f"{int(n) / max(1, int(whole.sum())):.1%}" for n in whole)])
    lines += [*aligned(rows), ""]
    rows = [[f"fixed ({style.caption()})", "AP, one after the other", "gain", "AP, alone", "gain"]]
    base = before = mean_ap(item.gains.cumulative[0])
    for one, alone in zip(item.gains.cumulative, item.gains.independent, strict=True):
        ap, single = mean_ap(one), mean_ap(alone)
        gains = [style.number(found, sign=True) for found in (ap - before, single - base)]
        rows.append([one.title, style.number(ap), gains[0], style.number(single), gains[1]])
        before = ap
    found = item.lrp
    lines += [*aligned(rows), ""]
    lines.append(
        f"oLRP {style.number(found.olrp)}: localisation {style.number(found.localisation)}, "
        f"false positives {style.number(found.false_positive)}, "
        f"misses {style.number(found.false_negative)}; recommended score "
        f"threshold {number(found.threshold, '.2f')}"
    )
    return [*lines, ""]
