"""How far predictions lie beside their truth, over all joints; and the same once more, in plain loops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from poseval.compat.crosschecks.base import Case, Difference, of_number
from poseval.metrics.base import Metric, Need, Table, Tally
from poseval.metrics.joint_error import pixel_error
from poseval.poses import Ints
from poseval.poses.aligned import Aligned
from poseval.results.values import Direction, Value, Values


@dataclass(frozen=True)
class Offset(Metric):
    """Mean distance in units of some pixels."""

    pixels: float = 1.0

    name: ClassVar[str] = "offset"
    needs: ClassVar[frozenset[Need]] = frozenset({Need.ALONE})
    better: ClassVar[Direction] = Direction.LOWER
    source: ClassVar[str] = "made up"

    def tally(self, aligned: Aligned) -> Tally:
        """One row a person."""
        error = pixel_error(aligned)
        known = np.isfinite(error)
        columns = {"error": np.where(known, error, 0.0).sum(axis=1), "count": known.sum(axis=1)}
        table = Table(aligned.truth.people.frame, columns)
        return Tally(str(self), aligned.unit_keys("frame"), {"people": table})

    def reduce(self, tally: Tally, weight: Ints | None = None) -> Values:
        """The mean."""
        count = int(tally.sum("count", weight))
        if not count:
            return Values([Value(str(self), "offset", why="no joint")])
        value = float(tally.sum("error", weight)) / count / self.pixels
        return Values([Value(str(self), "offset", value=value, n=count)])


def check(metric: Metric, tally: Tally, case: Case) -> list[Difference]:
    """The mean by loops."""
    assert isinstance(metric, Offset)
    truth, found = case.truth.people, case.predictions.people
    errors = []
    for row, frame in enumerate(truth.frame):
        for other in np.flatnonzero(found.frame == frame):
            for joint in np.flatnonzero((truth.seen[row] > 0) & (found.seen[other] > 0)):
                errors.append(float(np.linalg.norm(truth.xy[row, joint] - found.xy[other, joint])))
    ours = metric.reduce(tally).get("offset")
    theirs = sum(errors) / len(errors) / metric.pixels
    return [of_number("offset", round(ours, 9), round(theirs, 9))]
