"""Presence: the fraction of expected people and joints that have any prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from poseval.metrics.base import Metric, Need, Table, Tally
from poseval.metrics.joint_error import predicted
from poseval.poses import Ints
from poseval.poses.aligned import Aligned
from poseval.results.values import Value, Values


@dataclass(frozen=True)
class Presence(Metric):
    """Fraction of people, and of their joints, that have a prediction. It says nothing about quality.

    For submissions to sets whose ground truth is not public: what is missing there counts as wrong on the
    server.
    """

    name: ClassVar[str] = "presence"
    needs: ClassVar[frozenset[Need]] = frozenset({Need.ALONE})
    source: ClassVar[str] = "a check of the form; MPII's server scores missing predictions as wrong"
    formula: ClassVar[str] = (
        "predicted_joints = #(joints with a prediction) / (people * joints); complete_people = fraction of "
        "people with a prediction for every joint"
    )
    undefined: ClassVar[str] = "no person is expected"

    def tally(self, aligned: Aligned) -> Tally:
        """One row per expected person: how many of its joints are predicted."""
        _, there = predicted(aligned)
        count = there.sum(axis=1)
        joints = len(aligned.truth.skeleton)
        columns = {
            "predicted": count,
            "whole": count == joints,
            "person": np.ones(len(count), dtype=np.int64),
        }
        table = Table(aligned.truth.people.frame, columns)
        return Tally(str(self), aligned.unit_keys("frame"), {"people": table}, {"joints": joints})

    def reduce(self, tally: Tally, weight: Ints | None = None) -> Values:
        """The two fractions."""
        people = int(tally.sum("person", weight))
        if not people:
            names = ("complete_people", "predicted_joints")
            return Values(Value(str(self), name, why="no person is expected") for name in names)
        joints = people * int(tally.facts["joints"])
        shares = {
            "complete_people": (int(tally.sum("whole", weight)) / people, people),
            "predicted_joints": (int(tally.sum("predicted", weight)) / joints, joints),
        }
        return Values(Value(str(self), name, value=share, n=n) for name, (share, n) in shares.items())
