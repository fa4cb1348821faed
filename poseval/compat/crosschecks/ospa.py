"""Cross-checks of ospa and ospa2: the sums of the definitions, frame by frame, with SciPy's assignment.

JRDB's toolkit has OSPA(2) at order 1 with cutoff 1 (`ospa2.py`); the other orders and cutoffs are written
after the papers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from poseval.compat.crosschecks.base import LOOPS, Case, Difference, of_number
from poseval.compat.crosschecks.videos import alike, videos_of
from poseval.compat.official.base import ADDITION, CannotCheck
from poseval.compat.official.posetrack_files import Frame, Person
from poseval.errors import UsageError
from poseval.metrics.base import Metric, Tally
from poseval.metrics.ospa import Ospa
from poseval.metrics.ospa_tracks import Counted, Ospa2
from poseval.metrics.ospa_visibility import Levels
from poseval.metrics.tracking_scene import Similarity
from poseval.poses import Floats

Terms = tuple[float, float, int]  # the sum over pairs, the price of what is left over, and n


def check(metric: Metric, tally: Tally, case: Case) -> list[Difference]:
    """OSPA or OSPA(2) with both parts.

    Raises:
        UsageError: P104 for another metric.
        CannotCheck: numbers by visibility are asked for, which the check of JRDB-Pose compares.
    """
    if isinstance(metric, Ospa2) and metric.visibility is not Levels.NONE:
        raise CannotCheck("numbers by visibility are compared by the check of the benchmark jrdb-pose")
    if not isinstance(metric, Ospa | Ospa2):
        raise UsageError("P104", where=f"metric {metric}", what="is neither ospa nor ospa2")
    sigmas = np.full(len(case.truth.skeleton), metric.sigma)
    if metric.similarity is Similarity.OKS and not metric.sigma:
        sigmas = case.truth.skeleton.sigma_array
    rows: list[Terms] = []
    for video in videos_of(case):
        frames = [_distances(metric, truth, found, sigmas) for truth, found in video.frames]
        if isinstance(metric, Ospa2):
            rows.append(_tracks(metric, frames))
        else:
            rows += [_terms(metric, distance**metric.order) for *_, distance in frames]
    power = 1 / metric.order
    columns = {
        "": [((a + b) / n) ** power if n else 0.0 for a, b, n in rows],
        "_loc": [(a / n) ** power if n else 0.0 for a, _, n in rows],
        "_card": [(b / n) ** power if n else 0.0 for _, b, n in rows],
    }
    ours = {row.statistic: row.value for row in metric.reduce(tally)}
    name = metric.headlines[0]
    return [
        of_number(name + part, ours[name + part], float(np.mean(values)))._replace(
            program=LOOPS, tolerance=ADDITION
        )
        for part, values in columns.items()
    ]


def _distances(
    metric: Ospa | Ospa2, truth: Frame, found: Frame, sigmas: Floats
) -> tuple[Sequence[Person], Sequence[Person], Floats]:
    """Those who are compared, and their distances [O, H], cut."""
    a, b, like = alike(truth, found, metric.similarity, metric.area, sigmas)
    kept = [k for k, person in enumerate(a) if person.joints or metric.similarity is Similarity.IOU]
    return [a[k] for k in kept], b, np.minimum(1 - like[kept], metric.cutoff)


def _terms(metric: Ospa | Ospa2, powers: Floats) -> Terms:
    """The terms of one set of distances, which are to the power of the order."""
    m, n = powers.shape
    rows, columns = linear_sum_assignment(powers)
    return float(powers[rows, columns].sum()), metric.cutoff**metric.order * abs(m - n), max(m, n)


def _tracks(metric: Ospa2, frames: Sequence[tuple[Sequence[Person], Sequence[Person], Floats]]) -> Terms:
    """The terms of one sequence: distances of tracks added one frame after the other."""
    price = metric.cutoff**metric.order
    ids = [sorted({int(p.track or 0) for frame in frames for p in frame[side]}) for side in (0, 1)]
    total: dict[tuple[int, int], float] = defaultdict(float)
    union: dict[tuple[int, int], int] = defaultdict(int)
    for a, b, distance in frames:
        if not len(b) and metric.frames is Counted.PREDICTED:
            continue
        here = [{int(p.track or 0): k for k, p in enumerate(side)} for side in (a, b)]
        for g in ids[0]:
            for h in ids[1]:
                if g in here[0] and h in here[1]:
                    total[g, h] += float(distance[here[0][g], here[1][h]]) ** metric.order
                elif g in here[0] or h in here[1]:
                    total[g, h] += price
                union[g, h] += g in here[0] or h in here[1]
    table = [[total[g, h] / max(1, union[g, h]) for h in ids[1]] for g in ids[0]]
    return _terms(metric, np.array(table).reshape(len(ids[0]), len(ids[1])))
