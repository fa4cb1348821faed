"""Random films through TrackEval and through poseval: HOTA, CLEAR and identities of whole poses are the same.

On a grid similarities are tied, and the two must choose the same of several equally good assignments.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from poseval.metrics import parse
from poseval.metrics.clear_mot import COUNTS
from tests.differential.test_motmetrics import aligned
from tests.kernels.tracking_scenes import random_film, seeds
from tests.oracles import trackeval_films

pytest.importorskip("trackeval")

ADDITION = 1e-12  # both add thousands of numbers around 1, in different orders
GRIDS = pytest.mark.parametrize("grid", [True, False], ids=["ties", "general"])
CLEAR = {
    "misses": "CLR_FN",
    "false_positives": "CLR_FP",
    "switches": "IDSW",
    "detections": "CLR_TP",
    "mostly_tracked": "MT",
    "partly_tracked": "PT",
    "mostly_lost": "ML",
    "fragments": "Frag",
}


def hota(grid: bool, seed: int) -> None:
    film = random_film(seed, crowd=6, length=10, grid=grid)
    metric = parse("hota(similarity=pckh,empty=trackeval)")
    tally = metric.tally(aligned(film))
    theirs = trackeval_films.run(film, "pckh", "HOTA")
    assert np.array_equal(tally.sum("matched")[0], theirs["HOTA_TP"])
    missed = tally.sum("objects") - tally.sum("matched")[0]
    assert np.array_equal(missed, theirs["HOTA_FN"])
    found = metric.reduce(tally)
    for name in ("HOTA", "DetA", "AssA", "DetRe", "DetPr", "AssRe", "AssPr", "LocA"):
        assert found.get(name) == pytest.approx(float(theirs[name].mean()), abs=ADDITION), name


def clear(grid: bool, seed: int, likeness: str) -> None:
    film = random_film(seed, crowd=6, length=10, grid=grid)
    metric = parse(f"clear_mot(similarity={likeness},events=trackeval,empty=trackeval)")
    tally = metric.tally(aligned(film))
    theirs = trackeval_films.run(film, likeness, "CLEAR", THRESHOLD=0.5)
    for name, wanted in CLEAR.items():
        assert tally.sum(name)[0] == theirs[wanted], name
    found = metric.reduce(tally)
    for name, wanted in (("MOTA", "MOTA"), ("MOTP", "MOTP"), ("precision", "CLR_Pr"), ("recall", "CLR_Re")):
        if likeness == "pckh":  # with joints the film has several, TrackEval was given the first
            assert found.get(name) == pytest.approx(theirs[wanted], abs=ADDITION), name


def identity(grid: bool, seed: int) -> None:
    film = random_film(seed, crowd=6, length=10, grid=grid)
    metric = parse("identity(similarity=pckh,empty=trackeval)")
    tally = metric.tally(aligned(film))
    theirs = trackeval_films.run(film, "pckh", "Identity", THRESHOLD=0.5)
    assert tally.sum("matched")[0] == theirs["IDTP"]
    assert tally.sum("hypotheses")[0] - tally.sum("matched")[0] == theirs["IDFP"]
    for name in ("IDF1", "IDP", "IDR"):
        assert metric.reduce(tally).get(name) == pytest.approx(theirs[name], abs=ADDITION), name


@GRIDS
@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_hota_of_whole_poses(grid: bool, seed: int) -> None:
    hota(grid, seed)


@GRIDS
@pytest.mark.parametrize("likeness", ["pckh", "joint"])
@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_clear(likeness: str, grid: bool, seed: int) -> None:
    clear(grid, seed, likeness)


@GRIDS
@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_identities(grid: bool, seed: int) -> None:
    identity(grid, seed)


def test_films_tell_the_two_rule_sets_of_clear_apart() -> None:
    """Otherwise agreement would show nothing."""
    apart = dict.fromkeys(COUNTS, 0)
    for seed in range(60):
        sides = aligned(random_film(seed, crowd=6, length=10))
        ours, theirs = (
            parse(f"clear_mot(similarity=pckh,events={e})").tally(sides) for e in ("motmetrics", "trackeval")
        )
        for name in COUNTS:
            apart[name] += ours.sum(name)[0] != theirs.sum(name)[0]
    assert apart["switches"] > 5
    assert apart["fragments"] > 5
