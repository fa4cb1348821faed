"""The table of P06 in docs/quirks.md: how far the order of equal scores moves pose AP of one made set.

    python docs/tie_table.py

Two hundred synthetic images of four people, found with errors; the same predictions under scores that are
written more and more coarsely. Nothing but the order of equal scores differs within a row.
"""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np

from poseval.metrics.joint_ap import JointAp, Ties
from poseval.poses import Floats
from poseval.poses.aligned import Aligned
from poseval.synth import perturb, scene_set

IMAGES, PEOPLE, SEED = 200, 4, 5
HEAD_SHARE = 0.25  # of the square root of a person's area


def made() -> Aligned:
    """Truth with head sizes and predictions with errors, over the same frames."""
    truth = scene_set(seed=SEED, images=IMAGES, people=PEOPLE)
    found = perturb(truth, SEED, jitter=0.7)
    head = HEAD_SHARE * np.sqrt(truth.people.area)
    truth = replace(truth, people=truth.people.with_columns(head=head))
    return Aligned(truth, replace(found, frames=truth.frames))


def scores(sides: Aligned) -> dict[str, Floats]:
    """Scores of joints [N, K] as the rows of the table call them."""
    people = sides.predictions.people
    own = people.joint_score
    person = np.broadcast_to(people.score[:, None], own.shape)
    return {
        "four decimals": np.round(own, 4),
        "three decimals": np.round(own, 3),
        "two decimals": np.round(own, 2),
        "one decimal": np.round(own, 1),
        "the person's, one decimal": np.where(np.isnan(own), np.nan, np.round(person, 1)),
        "none": np.full_like(own, np.nan),
    }


def rows() -> list[str]:
    """The rows of the table, in percent."""
    sides = made()
    out = []
    for name, score in scores(sides).items():
        people = sides.predictions.people.with_columns(joint_score=score)
        tally = JointAp().tally(Aligned(sides.truth, replace(sides.predictions, people=people)))
        found = {ties: 100 * JointAp(ties=ties).reduce(tally).get("AP") for ties in Ties}
        values = JointAp().reduce(tally)
        tied = "AP_low" in {row.statistic for row in values}
        low, high = (100 * values.get(n) if tied else found[Ties.TOGETHER] for n in ("AP_low", "AP_high"))
        shown = (low, found[Ties.LATER_FIRST], found[Ties.OFFICIAL], high, high - low)
        out.append(f"| {name} | " + " | ".join(f"{value:.2f}" for value in shown) + " |")
    return out


if __name__ == "__main__":
    sys.stdout.write("".join(f"{row}\n" for row in rows()))
