"""Pose AP of PoseTrack: a transcription of poseval 4258a15 (eval_helpers.py, evaluateAP.py) and of the kit's
map.py.

Equal scores stand in the order that poseval's rule sets state, the later row first, or in that of NumPy's own
sort without vector instructions, which is that of every release before 1.25.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Sequence

import numpy as np

from poseval.compat.official.base import ADDITION, CannotCheck, Number, Side, mean, ratio, transcription
from poseval.compat.official.posetrack_files import JOINTS, Person, Video

MISSING_SCORE = -9999.0
GATE = 0.5  # head sizes
GROUPS = {"head": (14, 12, 13), "shoulder": (8, 9), "elbow": (7, 10), "wrist": (6, 11), "hip": (2, 3),
          "knee": (1, 4), "ankle": (0, 5)}  # fmt: skip
SOURCES = {
    "posetrack21": "the PoseTrack21 kit 3e61960, metrics/map.py",
    "corrected": "poseval 4258a15, evaluateAP.py, its faults fixed",
}


# Names of all releases; those that a release or a processor does not know are left alone.
NO_VECTORS = "AVX2 FMA3 AVX512F AVX512CD AVX512_SKX X86_V3 X86_V4 AVX512_ICL AVX512_SPR"
NUMPY = f"NumPy {np.__version__} without vector instructions"
SORT = (
    "import json, sys, numpy as np\n"
    "print(json.dumps([np.argsort(np.array(x, dtype=float)).tolist() for x in json.load(sys.stdin)]))"
)


def poses(kept: Sequence[Video], rules: str, ties: str | None = None) -> Side:
    """AP, precision and recall of joints, groups and in total."""
    scored: list[list[tuple[float, bool]]] = [[] for _ in JOINTS]
    labelled = [0] * len(JOINTS)
    for truth, found in (frames for video in kept for frames in video.frames):
        for person in truth.people:
            for joint in person.joints:
                labelled[joint] += 1
        owner = owners(truth.people, found.people)
        for row, person in enumerate(found.people):
            for joint, place in person.joints.items():
                right = row in owner and near(truth.people[owner[row]], joint, place)
                scored[joint].append((person.scores.get(joint, MISSING_SCORE), right))
    program = transcription(SOURCES.get(rules, "poseval 4258a15, evaluateAP.py"))
    if ties == "official":
        orders = numpy_orders([[score for score, _ in one] for one in scored])
        scored = [[one[row] for row in order] for one, order in zip(scored, orders, strict=True)]
        program += f"; equal scores: {NUMPY}"
    columns = zip(*(_joint(s, n, rules) for s, n in zip(scored, labelled, strict=True)), strict=True)
    numbers: dict[str, Number] = {}
    for name, values in zip(("AP", "precision", "recall"), columns, strict=True):
        rows = grouped(name, values, strict=rules != "corrected")
        numbers |= {f"joint_ap:{key}": value for key, value in rows.items()}
        numbers |= rows if name == "AP" else {}
    numbers |= {f"joint_ap:labelled/{name}": count for name, count in zip(JOINTS, labelled, strict=True)}
    return Side(program, numbers, ADDITION)


def numpy_orders(scores: Sequence[Sequence[float]]) -> list[list[int]]:
    """The order in which NumPy itself sorts each list, in a process without vector instructions.

    Raises:
        CannotCheck: NumPy does not run without them here.
    """
    found = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SORT],
        input=json.dumps(scores),
        env={**os.environ, "NPY_DISABLE_CPU_FEATURES": NO_VECTORS},
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode:
        raise CannotCheck("equal scores: NumPy does not run without vector instructions here")
    orders: list[list[int]] = json.loads(found.stdout)
    return orders


def owners(truth: Sequence[Person], found: Sequence[Person], gate: float = GATE) -> dict[int, int]:
    """The true person that each predicted one owns: one belongs to the best of those that choose it."""
    best: dict[int, tuple[float, int]] = {}
    for row, person in enumerate(found):
        chosen, share = 0, -1.0
        for place, true in enumerate(truth):
            hits = sum(near(true, joint, point, gate) for joint, point in person.joints.items())
            value = hits / len(true.joints) if true.joints else 0.0
            if value > share:
                chosen, share = place, value
        if share > best.get(chosen, (0.0, -1))[0]:
            best[chosen] = (share, row)
    return {row: place for place, (_, row) in best.items()}


def near(true: Person, joint: int, place: tuple[float, float], gate: float = GATE) -> bool:
    """Whether a point lies within `gate` head sizes of a labelled joint."""
    return joint in true.joints and apart(true, joint, place) <= gate


def apart(true: Person, joint: int, place: tuple[float, float]) -> float:
    """Distance of a point from a labelled joint in head sizes; a head of no size is infinitely far."""
    x, y = true.joints[joint][0] - place[0], true.joints[joint][1] - place[1]
    return math.sqrt(x * x + y * y) / true.head if true.head else math.inf


def _joint(scored: list[tuple[float, bool]], labelled: int, rules: str) -> tuple[float, float, float]:
    """AP, precision and recall of one joint."""
    hits = sum(right for _, right in scored)
    precision = ratio(hits, len(scored))
    if rules == "corrected":
        return area(_together(scored), labelled), precision if labelled else math.nan, ratio(hits, labelled)
    if not scored:
        return 0.0, 0.0, 0.0
    wanted = max(labelled, 1) if rules == "posetrack21" else labelled
    order = np.argsort([score for score, _ in scored], kind="stable")[::-1]
    return area([[scored[row][1]] for row in order], wanted), precision, ratio(hits, wanted)


def _together(scored: list[tuple[float, bool]]) -> list[list[bool]]:
    """Hits in steps of equal scores, the best first."""
    steps: dict[float, list[bool]] = {}
    for score, right in scored:
        steps.setdefault(score, []).append(right)
    return [steps[score] for score in sorted(steps, reverse=True)]


def area(steps: Sequence[Sequence[bool]], labelled: int) -> float:
    """VOCap: area under precision, made monotone from the right, over recall."""
    if not labelled:
        return math.nan
    curve, hits, count = [(0.0, 0.0)], 0, 0
    for step in steps:
        hits, count = hits + sum(step), count + len(step)
        curve.append((hits / labelled, hits / count))
    total = height = 0.0
    for (before, _), (recall, precision) in zip(curve[-2::-1], curve[:0:-1], strict=True):
        height = max(height, precision)
        total += (recall - before) * height
    return total


def grouped(name: str, values: Sequence[float], strict: bool) -> dict[str, Number]:
    """Total, groups and joints under the keys of the summary; a strict group has no undefined joint."""
    out: dict[str, Number] = {name: mean(values)}
    for group, members in GROUPS.items():
        chosen = [values[joint] for joint in members]
        undefined = strict and any(math.isnan(value) for value in chosen)
        out[f"{name}/{group}"] = math.nan if undefined else mean(chosen)
    return out | {f"{name}/{joint}": value for joint, value in zip(JOINTS, values, strict=True)}
