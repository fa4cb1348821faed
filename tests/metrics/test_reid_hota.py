"""HOTA of identities against a plain twin on random films, whole and with sequences repeated."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from poseval.errors import MismatchError
from poseval.metrics.hota import LEVELS, RADIUS, Frames, ratios
from poseval.metrics.reid_hota import Pieces, ReidHota
from poseval.poses.aligned import Aligned
from tests.differential.test_motmetrics import aligned
from tests.kernels.test_tracking import film
from tests.kernels.test_tracking import person as someone
from tests.kernels.tracking_scenes import Film, Frame, random_film
from tests.metrics.test_hota import reid

EPSILON = np.finfo(float).eps


def matches(frame: Frame, joint: int, alpha: float) -> list[tuple[int, int, float]]:
    """Identities matched at alpha, with their similarity: most true positives first, then most alike."""
    if not frame.truth or not frame.predictions:
        return []
    alike = np.nan_to_num(np.maximum(0, 1 - frame.distance(joint) / RADIUS), nan=0.0, posinf=0.0)
    gain = alike + 1000 * (alike >= alpha - EPSILON)
    pairs = zip(*linear_sum_assignment(-gain), strict=True)
    return [
        (frame.truth[g].track, frame.predictions[p].track, float(alike[g, p]))
        for g, p in pairs
        if alike[g, p] > 0 and alike[g, p] >= alpha - EPSILON
    ]


def sums_of(
    film: Film, order: list[int], joint: int, pieces: Pieces, frames: Frames
) -> dict[str, np.ndarray]:
    """The sums of `hota.ratios` of one joint [A]; sequences in this order, some perhaps twice."""
    size: tuple[Counter[int], Counter[int]] = (Counter(), Counter())
    missed = 0
    for place in order:
        sequence = film.sequences[place]
        labelled = [sum(bool(p.present[joint]) for p in frame.truth) for frame in sequence]
        predicted = sum(len(frame.predictions) for frame in sequence)
        for frame, due in zip(sequence, labelled, strict=True):
            for people, counter in ((frame.truth, size[0]), (frame.predictions, size[1])):
                counter.update(p.track for p in people if p.present[joint])
            if frames is Frames.SEQUENCE and frame.truth and not frame.predictions and predicted:
                missed += sum(labelled) - due
    out: dict[str, Any] = defaultdict(list)
    objects, hypotheses = sum(size[0].values()), sum(size[1].values())
    for alpha in LEVELS:
        shared: Counter[tuple[int, int]] = Counter()
        runs: dict[int, list[list[int]]] = defaultdict(list)  # of each object: [hypothesis, length]
        similarity = 0.0
        for place in order:
            fresh: set[int] = set()
            for frame in film.sequences[place]:
                for g, t, alike in matches(frame, joint, alpha):
                    shared[g, t] += 1
                    similarity += alike
                    begins = pieces is Pieces.WITHIN and g not in fresh
                    fresh.add(g)
                    if runs[g] and runs[g][-1][0] == t and not begins:
                        runs[g][-1][1] += 1
                    else:
                        runs[g].append([t, 1])
        matched = sum(shared.values())
        both = {(g, t): max(1, size[0][g] + size[1][t] - m) for (g, t), m in shared.items()}
        out["matched"].append(matched)
        out["missed"].append(objects - matched + missed)
        out["false"].append(hypotheses - matched)
        out["similarity"].append(similarity)
        out["association"].append(sum(m * m / both[pair] for pair, m in shared.items()))
        out["association_recall"].append(sum(m * m / size[0][g] for (g, _), m in shared.items()))
        out["association_precision"].append(sum(m * m / size[1][t] for (_, t), m in shared.items()))
        out["fragments"].append(sum(n * n / both[g, t] for g, each in runs.items() for t, n in each))
    return {name: np.array(values) for name, values in out.items()}


def returning(seed: int) -> Film:
    """A film whose people and predicted identities are the same in every sequence."""
    film = random_film(seed, crowd=3, length=5, grid=False)
    for sequence in film.sequences:
        for side in ("truth", "predictions"):
            people = [person for frame in sequence for person in getattr(frame, side)]
            names = sorted({person.track for person in people})
            for person in people:
                person.track = names.index(person.track)
    return film


@pytest.mark.parametrize("frames", list(Frames))
@pytest.mark.parametrize("pieces", list(Pieces))
@pytest.mark.parametrize("seed", range(12))
def test_sums(seed: int, pieces: Pieces, frames: Frames) -> None:
    film = returning(seed) if seed % 2 else random_film(seed, crowd=4, length=6, grid=False)
    metric = ReidHota(pieces, frames)
    tally = metric.tally(reid(aligned(film)))
    for weight in (None, [2, 0, 1][: len(film.sequences)]):
        order = [
            place for place, times in enumerate(weight or [1] * len(film.sequences)) for _ in range(times)
        ]
        found = metric.sums(tally, None if weight is None else np.array(weight))
        for joint in range(film.joints):
            for name, wanted in sums_of(film, order, joint, pieces, frames).items():
                assert found[name][joint] == pytest.approx(wanted), name


def test_totals_are_means_over_joints_then_over_alphas() -> None:
    film = random_film(4, crowd=6, length=10)
    metric = ReidHota(per_joint=True)
    tally = metric.tally(reid(aligned(film)))
    found, numbers = metric.reduce(tally), ratios(metric.sums(tally), metric.empty)
    assert film.joints > 1
    for name in ("HOTA", "AssA", "DetA", "FragA"):
        each = numbers[name]
        assert 0 < found.get(name) == pytest.approx(np.nanmean(each, axis=0).mean())
        for joint in range(film.joints):
            assert found.get(name, f"joint_{joint}") == pytest.approx(each[joint].mean(), nan_ok=True)


def test_a_joint_that_is_never_labelled_has_no_part_in_totals() -> None:
    made = random_film(4, crowd=6, length=10)
    for frame in made.frames:
        for person in frame.truth:
            person.present[0] = False
    metric = ReidHota(per_joint=True)
    found = metric.reduce(metric.tally(reid(aligned(made))))
    assert math.isnan(found.get("HOTA", "joint_0"))
    others = [found.get("HOTA", f"joint_{joint}") for joint in range(1, made.joints)]
    assert found.get("HOTA") == pytest.approx(np.mean(others))


def test_a_piece_goes_on_through_three_videos() -> None:
    """Two frames in each of three videos: one piece of 6, or three of 2; a break in the second ends it."""
    once = film(*[([someone(0, 0)], [someone(4, 0)])] * 2).sequences[0]
    broken = film(*[([someone(0, 0)], [someone(name, 0)]) for name in (4, 5, 4)]).sequences[0]
    for middle in (once, broken):
        made = Film([once, middle, once], 1)
        tally = ReidHota().tally(reid(aligned(made)))
        for pieces, wanted in ((Pieces.ACROSS, 6 * 6), (Pieces.WITHIN, 3 * 2 * 2)):
            metric = ReidHota(pieces)
            for name, values in sums_of(made, [0, 1, 2], 0, pieces, Frames.OWN).items():
                assert metric.sums(tally)[name][0] == pytest.approx(values), name
            if middle is once:
                assert metric.sums(tally)["fragments"][0] == pytest.approx(wanted / 6)


def test_everybody_needs_an_identity() -> None:
    sides = reid(aligned(random_film(4, crowd=6, length=10)))
    person = sides.truth.people.extra["person_id"].copy()
    count = len(person)

    def named(extra: dict[str, np.ndarray]) -> Aligned:
        people = sides.truth.people.with_columns(extra=extra)
        return Aligned(replace(sides.truth, people=people), sides.predictions)

    person[:2] = -1
    with pytest.raises(MismatchError, match=f"2 of {count} people have no person_id") as caught:
        ReidHota().tally(named({"person_id": person}))
    assert caught.value.code == "P416"
    with pytest.raises(MismatchError, match=f"{count} of {count} people"):
        ReidHota().tally(named({}))
    assert ReidHota().tally(named({"person_id": np.arange(count)})).units
