"""Where identities break: switches, fragments and mixed tracks, with their frames.

People are paired per frame by similarity of whole poses (greedy by score, at 0.5 or more). Along each true
track the predicted identity is followed:

    switch    the identity differs from the last one seen on this person
    fragment  the person is found again after frames without a match, whatever the identity
    mixed     a predicted identity that is seen on more than one person
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from poseval.diagnosis.error_types import Scene, SizeRange, match_scene
from poseval.poses import Ints
from poseval.poses.aligned import Aligned

NOBODY = -2
EVERYONE = SizeRange("all", 0.0, np.inf)


@dataclass(frozen=True)
class TrackEvent:
    """One break: its kind, sequence, frame, the person's track, and identities before and after (-1 none)."""

    kind: str
    sequence: str
    frame: str
    person: int
    before: int
    after: int


@dataclass(frozen=True)
class TrackErrors:
    """All breaks, and identities that were seen on several people: (sequence, identity, tracks)."""

    events: tuple[TrackEvent, ...]
    mixed: tuple[tuple[str, int, tuple[int, ...]], ...]

    def count(self, kind: str) -> int:
        """Number of breaks of a kind."""
        return sum(event.kind == kind for event in self.events)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "switches": self.count("switch"),
            "fragments": self.count("fragment"),
            "mixed": [{"sequence": s, "identity": i, "people": list(p)} for s, i, p in self.mixed],
            "events": [vars(event) for event in self.events],
        }


def identities(aligned: Aligned, scene: Scene) -> Ints:
    """Predicted identity [G] of each true person: -1 if it is missing, `NOBODY` without a prediction."""
    found = match_scene(scene, np.array([0.5]), (EVERYONE,))
    out = np.full(len(aligned.truth.people), NOBODY, dtype=np.int64)
    person = found.matched[:, 0, 0]
    hit = person >= 0
    out[person[hit]] = aligned.predictions.people.track[found.row[hit]]
    return out


def track_errors(aligned: Aligned, scene: Scene) -> TrackErrors:
    """Follow every true track through its sequence."""
    truth = aligned.truth.people
    identity = identities(aligned, scene)
    matched = identity != NOBODY
    frames = aligned.truth.frames
    sequence = frames.sequence[truth.frame]
    order = np.lexsort((frames.number[truth.frame], truth.track, sequence))
    order = order[truth.track[order] >= 0]
    events: list[TrackEvent] = []
    seen_on: dict[tuple[int, int], set[int]] = {}
    last: tuple[int, int] = (-1, -1)
    before, lost = -1, False
    for row in order:
        key = (int(sequence[row]), int(truth.track[row]))
        if key != last:
            last, before, lost = key, -1, False
        if not matched[row]:
            lost = before >= 0
            continue
        after = int(identity[row])
        where = (frames.sequences[key[0]], str(frames.key[truth.frame[row]]), key[1], before, after)
        if before >= 0 and after != before:
            events.append(TrackEvent("switch", *where))
        if before >= 0 and lost:
            events.append(TrackEvent("fragment", *where))
        if after >= 0:
            seen_on.setdefault((key[0], after), set()).add(key[1])
            before = after
        lost = False
    mixed = tuple(
        (frames.sequences[s], i, tuple(sorted(people)))
        for (s, i), people in sorted(seen_on.items())
        if len(people) > 1
    )
    return TrackErrors(tuple(events), mixed)
