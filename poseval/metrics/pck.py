"""PCK and PCKh: the fraction of labelled joints that lie within a distance of their ground truth; and PDJ."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from poseval.errors import number_of
from poseval.metrics.base import Metric, Need, Tally
from poseval.metrics.base import Table as Rows
from poseval.metrics.joint_error import (
    MOST_POINTS,
    Ends,
    Precision,
    ZeroScale,
    check_scale,
    relative_error,
    require,
    require_joints,
    scale,
)
from poseval.metrics.matched_people import Pairing, paired
from poseval.metrics.parameters import always, format_parameter, words
from poseval.poses import Array, Floats, Ints, PoseSet
from poseval.poses.aligned import Aligned
from poseval.results.values import Value, Values

HEAD_JOINTS = ("nose", "neck", "upper_neck", "head_bottom", "head", "head_top")
JOINTS = "joints"  # the scale that the parameter `between` names
UPPER_BODY = tuple(f"{side}_{name}" for name in ("shoulder", "elbow", "wrist") for side in ("left", "right"))


class Compare(enum.Enum):
    """Whether a distance equal to the threshold is right."""

    LE = "le"
    LT = "lt"


class MeanOf(enum.Enum):
    """How the number over all joints is computed."""

    POINTS = "points"  # pooled over all labelled points
    JOINTS = "joints"  # plain mean over the joints that have any


class Absent(enum.Enum):
    """How a joint that is never labelled counts in the row of its kind, and in the mean."""

    SKIP = "skip"  # the row is the mean of the joints that have labels, and says so
    UNDEFINED = "undefined"  # the row is undefined, too
    ALL_UNDEFINED = "all_undefined"  # the row is undefined, and so is the mean over all joints
    MINUS_ONE = "minus_one"  # the joint counts as -1 (mmpose, quirk M05)


@dataclass(frozen=True)
class Pck(Metric):
    """Fraction of labelled joints within `at` scale units of their ground truth.

    Scale `head` gives PCKh: 0.6 times the diagonal of the head box. Hidden joints that are labelled count.
    A joint that is not predicted is wrong at every threshold.

    `norm=joints` takes the distance between two joints of the person, `between=(left_ear,right_ear)`. Of
    several people in a frame (`people=matched`) each is scored by the prediction that it is paired with (see
    docs/metrics/epe.md); the joints of a person without one are wrong.
    """

    norm: str = always(
        "head"
    )  # scale: head, torso, bbox, longest_side, pixels, joints, or a named pair of them
    at: tuple[float, ...] = always((0.5,))  # thresholds in scale units
    compare: Compare = Compare.LE  # whether a distance on the threshold is right
    curve_to: float = 0.0  # last threshold of the curve; 0 draws none
    curve_step: float = 0.01  # between the thresholds of the curve
    leave_out: tuple[str, ...] = words()  # joints outside the mean and the curve
    head: tuple[str, ...] = words()  # joints of the row "head"; none takes the neck and head joints there are
    mean: MeanOf = MeanOf.POINTS  # what the number without a joint is
    absent: Absent = Absent.SKIP  # what a joint without any label does to its row
    zero: ZeroScale = ZeroScale.REFUSE  # what a scale of zero means
    ends: Ends = Ends.LABELLED  # which joints may span a scale
    precision: Precision = Precision.DOUBLE  # of distances
    called: tuple[float, ...] = ()  # what a tool prints for each of `at`, where that is another number
    per_joint: bool = False  # shows joints in the summary
    between: tuple[str, ...] = words()  # the two joints whose distance is the scale `joints`
    people: Pairing = Pairing.ALONE  # whose prediction is scored: the only one, or the matched one

    name = "pck"
    source = (
        "Yang and Ramanan, Articulated human detection with flexible mixtures of parts (PAMI 2013), section "
        "8; PCKh: Andriluka et al., 2D human pose estimation: new benchmark and state of the art analysis "
        "(CVPR 2014), section 4, and the MPII evaluation kit"
    )
    formula: ClassVar[str] = (
        "PCK@t = #(labelled joints with |p - g| / s <= t) / #(labelled joints); "
        "AUC = area under PCK over the thresholds 0, step, ..., last by the trapezoid rule, divided by the "
        "last; AUC_mean = plain mean of the same points"
    )
    undefined: ClassVar[str] = "no joint of a kind is labelled in the whole set; the joint is then undefined"
    prefix: ClassVar[str] = "PCK"
    companions: ClassVar[Mapping[str, tuple[str, ...]]] = {"at": ("called",), "norm": ("between",)}

    def __post_init__(self) -> None:
        """Raises UsageError P122 for parameters that cannot be."""
        fits = 1 <= len(self.at) <= MOST_POINTS and min(self.at) >= 0
        require(fits, self.name, "at", self.at, f"1 to {MOST_POINTS} numbers of at least 0")
        require(self.curve_to >= 0, self.name, "curve_to", self.curve_to, "a number of at least 0")
        require(
            self.curve_step > 0 and self.curve_to / self.curve_step <= MOST_POINTS,
            self.name,
            "curve_step",
            self.curve_step,
            f"a number above 0, for up to {MOST_POINTS} points",
        )
        wanted = "as many numbers as thresholds"
        require(len(self.called) in (0, len(self.at)), self.name, "called", self.called, wanted)
        count = 2 if self.norm == JOINTS else 0
        wanted = "two joints with norm=joints, such as between=(left_ear,right_ear), and none without"
        require(len(self.between) == count, self.name, "between", "/".join(self.between) or "none", wanted)

    @property
    def needs(self) -> frozenset[Need]:  # type: ignore[override]
        """One person per frame, unless people are matched."""
        return frozenset({Need.ALONE} if self.people is Pairing.ALONE else ())

    def scale_rule(self, truth: PoseSet) -> str:
        """The parameter `norm`, `a/b` for the distance of two joints; empty for pixels."""
        return "" if self.norm == "pixels" else "/".join(self.between) or self.norm

    def tally(self, aligned: Aligned) -> Tally:
        """One row per true person: the first threshold that each joint meets.

        Raises:
            UsageError: P119 an unknown scale, P111 and P122 joints that the skeleton does not have.
            MismatchError: P410, P411. ValueRangeError: P304.
        """
        require_joints(self.head, aligned.truth, self.name, "head")
        require_joints(self.leave_out, aligned.truth, self.name, "leave_out")
        pairs = paired(aligned, self.people)
        rule = "/".join(self.between) or self.norm
        length = scale(pairs, rule, self.ends, self.precision)
        check_scale(pairs, length, rule, self.zero)
        if self.zero is ZeroScale.LEFT_OUT:
            length = np.where(length > 0, length, np.nan)
        error = relative_error(pairs, length, self.precision)
        grid = self.grid()
        counted = ~np.isnan(error)
        place = np.searchsorted(grid, np.where(counted, error, np.inf), side=self._side()).astype(np.int16)
        void = np.zeros(error.shape, dtype=np.bool_)
        if self.zero is ZeroScale.OVERWRITTEN:
            void = counted & (length <= 0)[:, None]
        place[~counted | void] = -1
        unit = aligned.truth.people.frame
        lost = np.isnan(length) & aligned.truth.people.is_labelled
        return Tally(
            str(self),
            aligned.unit_keys("frame"),
            {"people": Rows(unit, {"place": place, "void": void, "unscaled": lost})},
            {"joints": list(aligned.truth.skeleton.joints), "groups": _plain(aligned.truth.skeleton.groups)},
        )

    def grid(self) -> Floats:
        """Thresholds [T] in ascending order: `at` and the curve's."""
        # Not np.unique, which imports masked arrays (10 ms).
        return np.asarray(sorted({*map(float, self.at), *self.curve().tolist()}), dtype=np.float64)

    def curve(self) -> Floats:
        """Thresholds of the curve, multiples of the step; the last one exactly as given."""
        if self.curve_to <= 0:
            return np.zeros(0)
        count = round(self.curve_to / self.curve_step)
        steps = np.asarray(np.arange(count + 1) * self.curve_step, dtype=np.float64)
        steps[-1] = self.curve_to
        return steps

    def _side(self) -> Any:
        return "left" if self.compare is Compare.LE else "right"

    def reduce(self, tally: Tally, weight: Ints | None = None) -> Values:
        """Values per threshold: the mean, each kind of joint, each joint; then the curve and its areas."""
        joints: list[str] = tally.facts["joints"]
        hits, count, void = self._counts(tally, weight)
        out: list[Value] = []
        lost = int(tally.sum("unscaled", weight))
        named = self.called or self.at
        for number, (threshold, label) in enumerate(zip(self.at, named, strict=True)):
            spare = np.zeros_like(void) if number == 0 else void
            row = _Row(joints, hits[self._place(threshold)] + spare, count + spare, count + void)
            out += self._statistic(
                row, f"{self.base_name}@{format_parameter(float(label))}", tally.facts, lost
            )
        out += self._curve(joints, hits + void, count + void)
        return Values(row._replace(metric=str(self)) for row in out)

    @property
    def base_name(self) -> str:
        """What the statistics are called before their threshold: PCK, PCKh for the head's scale, PDJ."""
        return "PCKh" if self.norm == "head" and self.prefix == "PCK" else self.prefix

    def _place(self, threshold: float) -> int:
        return int(np.searchsorted(self.grid(), threshold))

    def _counts(self, tally: Tally, weight: Ints | None) -> tuple[Ints, Ints, Ints]:
        """Hits [T, K] per threshold, counted joints [K], and joints of people without a scale [K]."""
        bins = len(self.grid()) + 2  # one before the first for "not counted", one behind the last for "wrong"
        place = tally.column("place")
        width = place.shape[1]
        flat = tally.cache.get("flat")
        if flat is None:
            flat = (place.astype(np.int64) + 1 + bins * np.arange(width)).ravel()
            tally.cache["flat"] = flat
        if weight is None:
            table = np.bincount(flat, minlength=bins * width)
        else:
            each = np.repeat(weight[tally.unit_of("place")], width)
            # Sums of integers below 2**53 are exact in float64.
            table = np.bincount(flat, weights=each, minlength=bins * width).astype(np.int64)
        table = table.reshape(width, bins)[:, 1:]
        return table.cumsum(axis=1)[:, :-1].T, table.sum(axis=1), tally.sum("void", weight)

    def _statistic(self, row: _Row, name: str, facts: Mapping[str, Any], lost: int) -> list[Value]:
        kept = [index for index, joint in enumerate(row.joints) if joint not in self.leave_out]
        out = [self._mean(row, kept, name, lost)]
        groups = {kind: tuple(members) for kind, members in facts["groups"].items() if len(members) > 1}
        head = self.head or tuple(joint for joint in HEAD_JOINTS if joint in row.joints)
        if head:
            groups = {"head": tuple(row.joints.index(joint) for joint in head), **groups}
        out += [self._kind(row, members, name, kind) for kind, members in groups.items()]
        if set(UPPER_BODY) <= set(row.joints):
            members = [row.joints.index(joint) for joint in UPPER_BODY]
            out.append(_ratio(name, "upper_body", row.hits[members].sum(), row.count[members].sum(), "joint"))
        taken = {value.joint for value in out}
        out += [
            _ratio(name, joint, row.hits[index], row.count[index], joint)
            for index, joint in enumerate(row.joints)
            if joint not in taken
        ]
        return out

    def _mean(self, row: _Row, kept: Sequence[int], name: str, lost: int) -> Value:
        hits, count, weight = row.hits[kept], row.count[kept], row.weight[kept]
        void = [row.joints[index] for index in kept if not row.count[index]]
        remark = _remark(len(kept), void, lost)
        if not count.sum() or (void and self.absent is Absent.ALL_UNDEFINED):
            return Value("", name, why=remark or "no labelled joint")
        share = np.divide(hits, count, out=np.zeros(len(kept)), where=count > 0)
        if self.mean is MeanOf.JOINTS:
            value = float(share[count > 0].mean())
        elif (weight == count).all():
            value = float(hits.sum() / count.sum())
        else:
            value = float((share * weight).sum() / weight.sum())
        return Value("", name, value=value, n=int(count.sum()), why=remark)

    def _kind(self, row: _Row, members: Sequence[int], name: str, kind: str) -> Value:
        """Plain mean of the joints of one kind."""
        void = [row.joints[index] for index in members if not row.count[index]]
        count = int(row.count[list(members)].sum())
        if len(void) == len(members) and self.absent is not Absent.MINUS_ONE:
            return Value("", name, kind, why=f"no labelled {kind}")
        if void and self.absent in (Absent.UNDEFINED, Absent.ALL_UNDEFINED):
            return Value("", name, kind, why=f"no labelled {', '.join(void)}")
        share = [float(row.hits[i] / row.count[i]) if row.count[i] else -1.0 for i in members]
        if self.absent is Absent.SKIP:
            share = [value for value, index in zip(share, members, strict=True) if row.count[index]]
        return Value("", name, kind, value=sum(share) / len(share), n=count, why=_remark(len(members), void))

    def _curve(self, joints: Sequence[str], hits: Ints, count: Ints) -> list[Value]:
        steps = self.curve()
        if not len(steps):
            return []
        kept = [index for index, joint in enumerate(joints) if joint not in self.leave_out]
        total = int(count[kept].sum())
        undefined = self.absent is Absent.ALL_UNDEFINED and not count[kept].all()
        if not total or undefined:
            return [Value("", area, why="no labelled joint") for area in ("AUC", "AUC_mean")]
        chosen = hits[[self._place(step) for step in steps]][:, kept]
        if self.mean is MeanOf.JOINTS:
            some = count[kept] > 0
            share = (chosen[:, some] / count[kept][some]).mean(axis=1)
        else:
            share = chosen.sum(axis=1) / total
        base = self.base_name
        area = float(((share[1:] + share[:-1]) / 2 * np.diff(steps)).sum() / steps[-1])
        out = [
            Value("", "AUC", value=area, n=total),
            Value("", "AUC_mean", value=float(share.mean()), n=total),
        ]
        return out + [
            Value("", base, threshold=float(step), value=float(value), n=total)
            for step, value in zip(steps, share, strict=True)
        ]


@dataclass(frozen=True)
class Pdj(Pck):
    """Fraction of labelled joints detected within `at` torso diameters of their ground truth, per kind of
    joint.

    PDJ is PCK by the torso at several thresholds. The published kits print no mean over the joints; the
    number without a joint here is pooled over all labelled points.
    """

    norm: str = always("torso")
    at: tuple[float, ...] = always((0.1, 0.2, 0.3, 0.4, 0.5))

    name = "pdj"
    source = (
        "Sapp and Taskar, MODEC (CVPR 2013), section 5; Toshev and Szegedy, DeepPose (CVPR 2014), section "
        "4.1; bearpaw/eval_pose utils/eval_pdj.m"
    )
    formula: ClassVar[str] = (
        "PDJ@t = #(labelled joints with |p - g| / d <= t) / #(labelled joints); "
        "d = distance of left shoulder and right hip"
    )
    undefined: ClassVar[str] = (
        "no joint of a kind is labelled; a person whose torso is not labelled is not scored"
    )
    prefix: ClassVar[str] = "PDJ"


@dataclass(frozen=True, eq=False)
class _Row:
    """Counts of one threshold: hits [K], counted [K], and what weighs each joint in a pooled mean [K]."""

    joints: Sequence[str]
    hits: Array
    count: Array
    weight: Array


def _plain(groups: Mapping[str, Sequence[int]]) -> dict[str, list[int]]:
    return {name: list(members) for name, members in groups.items()}


def _ratio(name: str, joint: str, hits: int, count: int, what: str) -> Value:
    if not count:
        return Value("", name, joint, why=f"no labelled {what}")
    return Value("", name, joint, value=float(hits / count), n=int(count))


def _remark(total: int, void: Sequence[str], lost: int = 0) -> str:
    parts = []
    if void:
        parts.append(f"{total - len(void)} of {total} joints; never labelled: {', '.join(void)}")
    if lost:
        parts.append(f"{number_of(lost, 'person', 'people')} without a scale, not scored")
    return "; ".join(parts)
