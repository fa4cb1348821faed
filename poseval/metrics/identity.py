"""Identity measures: how well whole tracks agree when they are matched one to one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from poseval.metrics.base import Metric, Need, Tally
from poseval.metrics.joint_rows import (
    Empty,
    JointRows,
    mean_of_defined,
    ratio,
    unit_rows,
    unlabelled_reasons,
)
from poseval.metrics.parameters import always
from poseval.metrics.tracking_scene import (
    Scale,
    Similarity,
    needs_of,
    pose_similarity,
    scene_of,
    sequence_tally,
)
from poseval.poses import Floats, Ints
from poseval.poses.aligned import Aligned
from poseval.results.values import Value, Values


@dataclass(frozen=True)
class Identity(Metric):
    """Identity F1, precision and recall.

    In every sequence true and predicted tracks are matched one to one so that the most frames agree (distance
    at most `at` head sizes, or for whole poses similarity at least `at`); IDTP counts these frames.
    IDF1 = 2 IDTP / (objects + hypotheses), IDP = IDTP / hypotheses, IDR = IDTP / objects, per joint over the
    sums of all sequences; totals are means over joints.

    Undefined for a joint that is never labelled; `empty=trackeval` reads 0 there. All frames count.
    """

    similarity: Similarity = always(Similarity.JOINT)
    at: float = always(0.5)
    area: Scale = Scale.GIVEN
    empty: Empty = Empty.UNDEFINED
    per_joint: bool = False
    sigma: float = 0.0  # of OKS, for all joints; 0 takes those of the skeleton

    name: ClassVar[str] = "identity"
    unit: ClassVar[str] = "sequence"
    measure: ClassVar[frozenset[str]] = frozenset({"similarity"})
    headlines: ClassVar[tuple[str, ...]] = ("IDF1",)
    counted: ClassVar[frozenset[str]] = frozenset({"IDTP"})
    formula: ClassVar[str] = (
        "IDF1 = 2 IDTP / (objects + hypotheses); IDP = IDTP / hypotheses; IDR = IDTP / objects"
    )
    undefined: ClassVar[str] = "a joint that is never labelled"
    source: ClassVar[str] = "Ristani et al. 2016; py-motmetrics 1.4.0, metrics.py (id_global_assignment)"

    @property
    def needs(self) -> frozenset[Need]:  # type: ignore[override]
        """Track ids, and the columns that the similarity needs."""
        return needs_of(self.similarity, self.area, self.sigma)

    def tally(self, aligned: Aligned) -> Tally:
        """One row per sequence: matched frames, objects and hypotheses [K]."""
        scene = scene_of(aligned, self.similarity)
        gate = self.at
        if self.similarity is not Similarity.JOINT:
            likeness = pose_similarity(aligned, scene, self.similarity, self.area, self.sigma)
            scene.use_pairs(np.where(likeness >= self.at, 1 - likeness, np.nan))
            gate = math.inf
        counts = scene.identity(gate)
        return sequence_tally(self.name, aligned, self.similarity, counts)

    def reduce(self, tally: Tally, weight: Ints | None = None) -> Values:
        """IDF1, IDP, IDR and IDTP per joint, group and in total."""
        columns = {name: tally.sum(name, weight) for name in tally.tables["sequences"].columns}
        rows = JointRows.of(tally, self.per_joint, strict=False)
        why = unlabelled_reasons(tally.facts["joints"], columns["objects"])
        out: list[Value] = []
        for statistic, values in _ratios(columns, self.empty).items():
            out += rows(statistic, values, n=columns["objects"], why=why)
        matched = columns["matched"].astype(np.float64)
        out += rows("IDTP", matched, n=columns["objects"], add=True)
        return Values(out)

    def by_unit(self, tally: Tally) -> Values:
        """Totals of every sequence alone."""
        columns = {name: tally.per_unit(name) for name in tally.tables["sequences"].columns}
        totals = {name: mean_of_defined(values) for name, values in _ratios(columns, self.empty).items()}
        return unit_rows(self.name, tally, totals, columns["objects"].sum(axis=-1), "no labelled joint")


def _ratios(columns: dict[str, Any], empty: Empty) -> dict[str, Floats]:
    matched, objects, hypotheses = columns["matched"], columns["objects"], columns["hypotheses"]
    zero = 0.0 if empty is Empty.TRACKEVAL else math.nan
    out = {
        "IDF1": ratio(2 * matched, objects + hypotheses, empty=zero),
        "IDP": ratio(matched, hypotheses, empty=zero),
        "IDR": ratio(matched, objects, empty=zero),
    }
    return {name: np.where(objects > 0, values, zero) for name, values in out.items()}
