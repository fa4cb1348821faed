"""A diagnosis as text tables."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from poseval.errors import number_of, shown
from poseval.report.text_table import aligned, number

if TYPE_CHECKING:
    from poseval.diagnosis.diagnose import Diagnosis, RangeDiagnosis
    from poseval.diagnosis.gains import Stage


def _three(value: float) -> str:
    return number(value, ".3f")


def _gain(stage: Stage, before: float) -> str:
    from poseval.diagnosis.gains import mean_ap

    return number(mean_ap(stage) - before, "+.3f")


def render(diagnosis: Diagnosis) -> str:
    """Findings, joint errors, costs, groups, worst frames and track errors."""
    from poseval.diagnosis.findings import findings

    lines = [*findings(diagnosis), ""]
    for item in diagnosis.ranges:
        if item.matched:
            lines += _range_lines(diagnosis, item)
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


def _range_lines(diagnosis: Diagnosis, item: RangeDiagnosis) -> list[str]:
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
    rows = [["fixed", "AP, one after the other", "gain", "AP, alone", "gain"]]
    base = before = mean_ap(item.gains.cumulative[0])
    for one, alone in zip(item.gains.cumulative, item.gains.independent, strict=True):
        rows.append(
            [
                one.title,
                _three(mean_ap(one)),
                _gain(one, before),
                _three(mean_ap(alone)),
                _gain(alone, base),
            ]
        )
        before = mean_ap(one)
    found = item.lrp
    lines += [*aligned(rows), ""]
    lines.append(
        f"oLRP {_three(found.olrp)}: localisation {_three(found.localisation)}, false positives "
        f"{_three(found.false_positive)}, misses {_three(found.false_negative)}; recommended score "
        f"threshold {number(found.threshold, '.2f')}"
    )
    return [*lines, ""]
