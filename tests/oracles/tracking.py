"""Plain twins of the tracking kernels: loops, dictionaries and SciPy's assignment."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
from scipy.optimize import linear_sum_assignment

from poseval.kernels.tracking import ABSENT, HIT, TOO_FAR, UNASSIGNED, UNLABELLED
from tests.kernels.tracking_scenes import Film, Frame

EPSILON = np.finfo(float).eps


def best_pose(film: Film, gate: float) -> tuple[list[int], np.ndarray]:
    """Truth row owned by each prediction, and joint labels."""
    owned: list[int] = []
    labels: list[list[int]] = []
    first = 0
    for frame in film.frames:
        near = np.stack([frame.distance(j) <= gate for j in range(film.joints)])  # [K, G, P]
        share = np.zeros((len(frame.predictions), len(frame.truth)))
        for g, person in enumerate(frame.truth):
            if person.present.any():
                share[:, g] = near[:, g].sum(axis=0) / person.present.sum()
        kept = np.zeros_like(share)
        for p in range(len(share)):
            if share.shape[1]:
                best = int(np.argmax(share[p]))
                kept[p, best] = share[p, best]
        owner: dict[int, int] = {}
        for g in range(share.shape[1]):
            if len(share) and kept[:, g].max() > 0:
                owner[int(np.argmax(kept[:, g]))] = g
        for p, person in enumerate(frame.predictions):
            owned.append(first + owner[p] if p in owner else -1)
            labels.append(
                [
                    _label(frame, near, owner, p, j) if person.present[j] else ABSENT
                    for j in range(film.joints)
                ]
            )
        first += len(frame.truth)
    return owned, np.array(labels, dtype=np.int8).reshape(len(labels), film.joints)


def _label(frame: Frame, near: np.ndarray, owner: dict[int, int], p: int, joint: int) -> int:
    if p not in owner:
        return UNASSIGNED
    if not frame.truth[owner[p]].present[joint]:
        return UNLABELLED
    return HIT if near[joint, owner[p], p] else TOO_FAR


def identity(film: Film, gate: float) -> list[list[tuple[int, int, int]]]:
    """(matched, objects, hypotheses) per sequence and joint."""
    out = []
    for sequence in film.sequences:
        row = []
        for joint in range(film.joints):
            meet: Counter[tuple[int, int]] = Counter()
            objects = hypotheses = 0
            for frame in sequence:
                objects += sum(bool(p.present[joint]) for p in frame.truth)
                hypotheses += sum(bool(p.present[joint]) for p in frame.predictions)
                for g, p in np.argwhere(frame.distance(joint) <= gate):
                    meet[frame.truth[g].track, frame.predictions[p].track] += 1
            truth, predicted = sorted({o for o, _ in meet}), sorted({h for _, h in meet})
            table = np.zeros((len(truth), len(predicted)))
            for (o, h), count in meet.items():
                table[truth.index(o), predicted.index(h)] = count
            rows, columns = linear_sum_assignment(-table)
            row.append((int(table[rows, columns].sum()), objects, hypotheses))
        out.append(row)
    return out


def hota(
    film: Film, alphas: np.ndarray, radius: float, *, aligned: bool
) -> list[list[dict[str, np.ndarray]]]:
    """Sums per sequence and joint."""
    return [[_hota_of(s, j, alphas, radius, aligned) for j in range(film.joints)] for s in film.sequences]


def _alikeness(frame: Frame, joint: int, radius: float) -> np.ndarray:
    return np.nan_to_num(np.maximum(0, 1 - frame.distance(joint) / radius), nan=0.0, posinf=0.0)


def _agreement(sequence: list[Frame], joint: int, radius: float) -> dict[tuple[int, int], float]:
    """TrackEval's global alignment score of each pair of tracks."""
    shared: dict[tuple[int, int], float] = defaultdict(float)
    size: tuple[Counter[int], Counter[int]] = (Counter(), Counter())
    for frame in sequence:
        alike = _alikeness(frame, joint, radius)
        for people, counter in ((frame.truth, size[0]), (frame.predictions, size[1])):
            counter.update(p.track for p in people if p.present[joint])
        for g, p in np.argwhere(alike > 0):
            both = alike[:, p].sum() + alike[g].sum() - alike[g, p]
            shared[frame.truth[g].track, frame.predictions[p].track] += alike[g, p] / both
    return {(g, p): m / (size[0][g] + size[1][p] - m) for (g, p), m in shared.items()}


def _hota_of(
    sequence: list[Frame], joint: int, alphas: np.ndarray, radius: float, aligned: bool
) -> dict[str, np.ndarray]:
    agreement = _agreement(sequence, joint, radius)
    count: dict[int, Counter[tuple[int, int]]] = defaultdict(Counter)
    pieces: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    last: dict[int, dict[int, int]] = defaultdict(dict)
    size: tuple[Counter[int], Counter[int]] = (Counter(), Counter())
    similarity = np.zeros(len(alphas))
    for frame in sequence:
        for people, counter in ((frame.truth, size[0]), (frame.predictions, size[1])):
            counter.update(p.track for p in people if p.present[joint])
        if not frame.truth or not frame.predictions:
            continue
        alike = _alikeness(frame, joint, radius)
        weight = [[agreement.get((g.track, p.track), 0.0) for p in frame.predictions] for g in frame.truth]
        gain = alike * np.array(weight) if aligned else alike
        for g, p in zip(*linear_sum_assignment(-gain), strict=True):
            pair = (frame.truth[g].track, frame.predictions[p].track)
            for a, alpha in enumerate(alphas):
                if alike[g, p] <= 0 or alike[g, p] < alpha - EPSILON:
                    continue
                similarity[a] += alike[g, p]
                count[a][pair] += 1
                if last[a].get(pair[0]) == pair[1]:
                    at = max(i for i, piece in enumerate(pieces[a]) if piece[:2] == pair)
                    pieces[a][at] = (*pair, pieces[a][at][2] + 1)
                else:
                    pieces[a].append((*pair, 1))
                last[a][pair[0]] = pair[1]
    out: dict[str, list[float]] = defaultdict(list)
    for a in range(len(alphas)):
        sums = Counter[str]()
        for (g, t), m in count[a].items():
            both = max(1, size[0][g] + size[1][t] - m)
            sums["association"] += m * m / both
            sums["association_recall"] += m * m / max(1, size[0][g])
            sums["association_precision"] += m * m / max(1, size[1][t])
            sums["fragments"] += sum(n * n for o, h, n in pieces[a] if (o, h) == (g, t)) / both
        out["matched"].append(sum(count[a].values()))
        for name in ("association", "association_recall", "association_precision", "fragments"):
            out[name].append(sums[name])
    out["similarity"] = list(similarity)
    return {name: np.array(values) for name, values in out.items()}
