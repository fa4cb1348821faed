"""A gate on the numbers of slices."""

from __future__ import annotations

from pathlib import Path

import pytest

import poseval
from poseval.poses import PoseSet
from poseval.scoring import saved_runs
from poseval.scoring.score import evaluate
from tests.properties.worlds import World, crowds


@pytest.fixture
def world() -> World:
    return crowds(3)


def worse(world: World) -> PoseSet:
    people = world.predictions.people
    moved = people.with_columns(xy=people.xy + 40.0)
    return PoseSet(world.predictions.skeleton, world.truth.frames, moved)


@pytest.fixture
def baseline(world: World, tmp_path: Path) -> Path:
    run = evaluate(world.truth, world.predictions, "oks", slices=["size", "sequence"])
    saved_runs.save(run, tmp_path / "base.poseval")
    return tmp_path / "base.poseval"


def test_predictions_are_cut_as_the_baseline_was(world: World, baseline: Path) -> None:
    asked = {"max_drop": {"size=medium/AP": "1pt"}}
    kept = poseval.gate(world.predictions, baseline, world.truth, **asked)  # type: ignore[arg-type]
    assert kept.passed
    lost = poseval.gate(worse(world), baseline, world.truth, **asked)  # type: ignore[arg-type]
    assert "size=medium/AP" in [check.key for check in lost.failed]


@pytest.mark.parametrize("significant", [False, True])
def test_a_run_without_the_slice_does_not_pass(world: World, baseline: Path, significant: bool) -> None:
    found = poseval.gate(
        world.predictions,
        baseline,
        world.truth,
        slices=["crowding"],
        max_drop={"size=medium/AP": "1pt"},
        significant=significant,
    )
    (check,) = found.failed
    assert (check.key, check.why) == ("size=medium/AP", "undefined in this run")


def test_slices_that_the_baseline_lacks_are_not_held_to_its_tolerances(world: World, baseline: Path) -> None:
    """A pattern also matched the numbers of the run's own slices, and the gate ended in an internal error."""
    found = poseval.gate(
        world.predictions,
        baseline,
        world.truth,
        slices=["size", "sequence", "crowding"],
        max_drop={"*": "1pt"},
    )
    assert found.passed
    assert not [check.key for check in found.checks if check.key.startswith("crowding")]
