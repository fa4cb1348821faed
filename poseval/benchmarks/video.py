"""Single people in video: JHMDB and Penn Action."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from poseval.benchmarks.base import PartValues
from poseval.benchmarks.rule_sets import CORRECTED, RuleSet
from poseval.benchmarks.single import SinglePerson
from poseval.metrics.base import Metric
from poseval.metrics.epe import Epe
from poseval.metrics.joint_error import Ends, Precision
from poseval.metrics.pck import Absent, Compare, MeanOf, Pck
from poseval.poses import Bools, PoseSet
from poseval.results.layout import Layout

MMPOSE = RuleSet("mmpose", frozenset({"M03", "M05", "M07", "M11"}), "mmpose 1.3.2 JhmdbPCKAccuracy@759b39c")
COLUMNS = ("Head", "Shoulder", "Elbow", "Wrist", "Hip", "Knee", "Ankle")


class Jhmdb(SinglePerson):
    """JHMDB: PCK by the person's box and by the torso; with the lists of the three splits, their mean.

    Rows are the fifteen joints' kinds; neck and belly are in the mean alone. The mean is over joints.
    """

    name: ClassVar[str] = "jhmdb"
    title: ClassVar[str] = "JHMDB, 15 joints, PCK by box and torso, three splits"
    source: ClassVar[str] = "Jhuang et al. 2013; mmpose JhmdbPCKAccuracy"
    skeleton: ClassVar[str | None] = "jhmdb15"
    rule_sets: ClassVar[tuple[RuleSet, ...]] = (MMPOSE, CORRECTED)
    truth_formats: ClassVar[tuple[str, ...]] = ("jhmdb-coco", "jhmdb-mat")
    prediction_formats: ClassVar[tuple[str, ...]] = ("coco", "pose-mat", "pose-array")
    kinds_of: ClassVar[tuple[str, ...]] = ("PCK@0.2", "tPCK@0.2")

    def recognise(self, truth: PoseSet) -> float:
        """By the format, or the joints with one person per frame."""
        if truth.origin.format in self.truth_formats:
            return 0.95
        return 0.3 if truth.skeleton.name == self.skeleton and len(truth) == len(truth.frames) else 0.0

    def metrics(self, rules: RuleSet, truth: PoseSet, per_joint: bool) -> tuple[Metric, ...]:
        """PCK at 0.05, 0.1 and 0.2 of the longer side of the box, the same of the torso, and EPE."""
        single = Precision.SINGLE if rules.keeps("M07") else Precision.DOUBLE
        box = Pck(
            "bbox",
            (0.2, 0.1, 0.05),
            Compare.LT if rules.keeps("M03") else Compare.LE,
            head=("head",),
            mean=MeanOf.JOINTS,
            absent=Absent.MINUS_ONE if rules.keeps("M05") else Absent.SKIP,
            precision=single,
            per_joint=per_joint,
        )
        torso = Pck(
            "torso",
            box.at,
            box.compare,
            head=box.head,
            mean=box.mean,
            absent=box.absent,
            ends=Ends.ANY if rules.keeps("M11") else Ends.LABELLED,
            precision=single,
            per_joint=per_joint,
        )
        if truth.people.box.size and np.isnan(truth.people.box).all():
            return (torso, Epe(single))  # folders without puppet masks have no boxes
        return (box, torso, Epe(single))

    def slices(self, truth: PoseSet) -> Mapping[str, Bools]:
        """The test videos of each split, where the truth says."""
        extra = truth.frames.extra
        return {name: extra[name] for name in ("split1", "split2", "split3") if name in extra}

    def summary(self, values: PartValues, rules: RuleSet) -> dict[str, float]:
        """Torso numbers are called tPCK; with splits every number is the mean of its splits."""
        out: dict[str, float] = {}
        for per_metric in values.values():
            for metric, rows in per_metric.items():
                prefix = "t" if getattr(metric, "norm", "") == "torso" else ""
                renamed = [row._replace(statistic=prefix + row.statistic) for row in rows]
                splits = list(dict.fromkeys(row.slice for row in renamed if row.slice))
                for name in splits or [""]:
                    cut = [row._replace(slice="") for row in renamed if row.slice == name]
                    label = f"{name}/" if name else ""
                    found = super().summary({"": {metric: type(rows)(cut)}}, rules)
                    out.update((label + key, value) for key, value in found.items())
                for key in [key for key in out if splits and key.startswith(f"{splits[0]}/")]:
                    bare = key.partition("/")[2]
                    out[bare] = float(np.mean([out[f"{name}/{bare}"] for name in splits]))
        return dict(sorted(out.items(), key=lambda item: item[0].startswith("split")))

    def layout(self, summary: Mapping[str, float]) -> Layout | None:
        """mmpose's columns, a row per normaliser; then what has a mean alone, EPE in pixels."""
        rows = []
        for name in ("PCK@0.2", "tPCK@0.2"):
            if name in summary:
                rows.append((name, (*(f"{name}/{column.lower()}" for column in COLUMNS), name)))
        if not rows:
            return None
        blank = ("",) * len(COLUMNS)
        alone = ("PCK@0.1", "PCK@0.05", "tPCK@0.1", "tPCK@0.05", "EPE")
        rows += [(name, (*blank, name)) for name in alone if name in summary]
        return Layout((*COLUMNS, "Mean"), tuple(rows), plain=frozenset({"EPE"}))


class PennAction(SinglePerson):
    """Penn Action: PCK at 0.2 of the longer side of the frame's box, over visible joints."""

    name: ClassVar[str] = "penn-action"
    title: ClassVar[str] = "Penn Action, 13 joints, PCK by the box"
    source: ClassVar[str] = "Zhang et al. 2013; protocol of Luo et al., LSTM Pose Machines (CVPR 2018)"
    skeleton: ClassVar[str | None] = "penn_action13"
    rule_sets: ClassVar[tuple[RuleSet, ...]] = (RuleSet("reference"), CORRECTED)
    truth_formats: ClassVar[tuple[str, ...]] = ("penn-action",)
    prediction_formats: ClassVar[tuple[str, ...]] = ("pose-mat", "pose-array")
    kinds_of: ClassVar[tuple[str, ...]] = ("PCK@0.2",)

    def recognise(self, truth: PoseSet) -> float:
        """By the format."""
        return 0.95 if truth.origin.format == "penn-action" else 0.0

    def metrics(self, rules: RuleSet, truth: PoseSet, per_joint: bool) -> tuple[Metric, ...]:
        """PCK over all points, and the mean over joints."""
        points = Pck("bbox", (0.2,), per_joint=per_joint, head=("head",))
        return (points, Pck("bbox", (0.2,), mean=MeanOf.JOINTS, head=("head",)))

    def summary(self, values: PartValues, rules: RuleSet) -> dict[str, float]:
        """The pooled number, the mean over joints (`PCK@0.2_mean`), and the kinds."""
        pooled = {
            label: {m: rows for m, rows in per.items() if getattr(m, "mean", None) is not MeanOf.JOINTS}
            for label, per in values.items()
        }
        out = super().summary(pooled, rules)
        for per_metric in values.values():
            for metric, rows in per_metric.items():
                if getattr(metric, "mean", None) is MeanOf.JOINTS:
                    out["PCK@0.2_mean"] = rows.get("PCK@0.2")
        return out

    def layout(self, summary: Mapping[str, float]) -> Layout | None:
        """Kinds of joints, the pooled number and the mean over joints."""
        if "PCK@0.2" not in summary:
            return None
        keys = (*(f"PCK@0.2/{column.lower()}" for column in COLUMNS), "PCK@0.2", "PCK@0.2_mean")
        return Layout((*COLUMNS, "All", "Mean"), (("PCK@0.2", keys),))
