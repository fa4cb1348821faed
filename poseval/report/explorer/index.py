"""The index of a site: the data of all frames by which its scripts filter, count and sort.

Lists go by frame. `pairs` are [score, OKS, class of each joint, groups of people as bits]; `miss` has the
groups of each missed person, `alone` the scores of false positives, `events` a letter for each broken track,
`identities` [track, identity] of each true person, and `list` the events with what they are about.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from poseval.diagnosis.diagnose import Diagnosis
from poseval.diagnosis.pairs import Pairs
from poseval.poses import Bools, Ints
from poseval.poses.frame_names import named
from poseval.report.explorer.frames import drawn_predictions, faults, first_score
from poseval.report.explorer.thumbnails import Thumbnail
from poseval.results.report import Report

CHUNK = 20  # frames of a file: a page of cards needs one to some dozen of them
MOST_KINDS = 30  # groups of people, each a bit of an integer of JavaScript
LETTERS = {"switch": "s", "fragment": "g"}


@dataclass(frozen=True, eq=False)
class System:
    """One system: its name, scores, diagnosis where there is one, and pairs.

    `slices` are groups of frames [F] by name, `people` groups of true people [G].
    """

    name: str
    report: Report
    diagnosis: Diagnosis | None
    pairs: Pairs
    slices: Mapping[str, Bools]
    people: Mapping[str, Bools]


def index_value(systems: Sequence[System], images: Sequence[Thumbnail | None]) -> dict[str, Any]:
    """The index of systems over the same ground truth, and of the images of its frames."""
    first = systems[0].pairs
    truth = first.aligned.truth
    frames = truth.frames
    keys, names = frames.key.tolist(), named(frames)
    slices = systems[0].slices
    kinds = {**systems[0].people, **{f"{by}: {name}": mask for by, name, mask in first.kinds}}
    people = dict(list(kinds.items())[:MOST_KINDS])
    bits = sum((mask.astype(np.int64) << at for at, mask in enumerate(people.values())), np.int64(0))
    groups: Ints = np.broadcast_to(bits, len(truth)).astype(np.int64)
    return {
        "joints": list(truth.skeleton.joints),
        "limbs": [list(limb) for limb in truth.skeleton.limbs],
        "sequences": list(frames.sequences),
        "slice_names": list(slices),
        "people_names": list(people),
        "chunk": CHUNK,
        "tracked": first.tracks is not None,
        "threshold": first_score(systems[0].diagnosis, first),
        "scores": _score_range(systems),
        "key": keys,
        "name": None if names == keys else names,
        "sequence": frames.sequence.tolist(),
        "number": frames.number.tolist(),
        "image": [0 if one is None else [one.name, one.width, one.height, one.source] for one in images],
        "slices": [
            [at for at, mask in enumerate(slices.values()) if mask[row]] for row in range(len(frames))
        ],
        "systems": [_system_value(system, groups) for system in systems],
    }


def _score_range(systems: Sequence[System]) -> list[float]:
    """Ends of the slider: 0 to 1, or those of the scores where they are beyond."""
    scores = np.concatenate([[0.0, 1.0], *(one.pairs.aligned.predictions.people.score for one in systems)])
    return [float(np.nanmin(scores)), float(np.nanmax(scores))]


def _system_value(system: System, groups: Ints) -> dict[str, Any]:
    pairs = system.pairs
    frames, people = pairs.aligned.truth.frames, pairs.aligned.truth.people
    score = pairs.aligned.predictions.people.score
    out: dict[str, list[Any]] = {
        name: [[] for _ in range(len(frames))] for name in ("pairs", "miss", "alone", "events", "identities")
    }
    for row in range(len(frames)):
        for found in drawn_predictions(pairs, row).tolist():
            value = round(float(score[found]), 4) if math.isfinite(score[found]) else None
            person = int(pairs.person[found])
            if person < 0:
                out["alone"][row].append(value)
            else:
                oks = round(float(pairs.oks[found]), 3)
                out["pairs"][row].append([value, oks, faults(pairs, person), int(groups[person])])
    for person in np.flatnonzero(pairs.due & (pairs.prediction < 0)).tolist():
        out["miss"][people.frame[person]].append(int(groups[person]))
    for person in np.flatnonzero(people.track >= 0).tolist():
        named = [int(people.track[person]), int(pairs.identity[person])]
        out["identities"][people.frame[person]].append(named)
    return {"name": system.name, **out, "list": _events(pairs, out["events"])}


def _events(pairs: Pairs, by_frame: list[list[str]]) -> list[list[Any]]:
    """[frame, letter, person, identity before, after] of each broken track; letters go into `by_frame`."""
    place = {str(key): row for row, key in enumerate(pairs.aligned.truth.frames.key.tolist())}
    out = []
    for event in pairs.tracks.events if pairs.tracks is not None else ():
        letter = LETTERS[event.kind]
        by_frame[place[event.frame]].append(letter)
        out.append([place[event.frame], letter, event.person, event.before, event.after])
    return out
