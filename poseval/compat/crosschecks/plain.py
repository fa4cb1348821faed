"""What the cross-checks of single people share: people one by one, in plain numbers and loops.

No program computes these metrics for all formats, so their rules are written down a second time, person by
person and joint by joint, with nothing shared with the metrics but their parameters. Sums of floating-point
numbers are added in another order here; what that alone can move counts as no difference.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from poseval.compat.crosschecks.base import Case, Difference, of_number
from poseval.compat.official.base import ADDITION
from poseval.compat.official.single_files import Singles
from poseval.errors import UsageError
from poseval.metrics.joint_error import Ends, Precision
from poseval.skeletons import Skeleton

Point = tuple[float, float]


class Person(NamedTuple):
    """A true person and the prediction for it; a point that is not there is None."""

    truth: list[Point | None]
    unlabelled: list[Point]  # what the file holds at each joint, labelled or not
    found: list[Point | None]
    head: float
    box: tuple[float, float, float, float]
    face_size: float
    yaw: float


def people(case: Case, precision: Precision = Precision.DOUBLE) -> Iterator[Person]:
    """Every true person with its prediction, in the order of the file; ground truth as float32 where asked.

    People are those that the other side read, where it reads these files, else those that poseval read.
    """
    if case.singles is not None:
        yield from _read_apart(case.singles, precision)
        return
    truth, found = case.truth.people, case.predictions.people
    base = case.truth.origin.base
    held = as_float32 if precision is Precision.SINGLE else float
    by_frame = {int(frame): row for row, frame in enumerate(found.frame)}
    size, yaw = truth.extra.get("face_size"), truth.extra.get("yaw")
    for row in range(len(truth)):
        points = [(held(x + base) - base, held(y + base) - base) for x, y in truth.xy[row].tolist()]
        labelled = [
            point if flag in (1, 2) else None for point, flag in zip(points, truth.seen[row], strict=True)
        ]
        guess: list[Point | None] = [None] * len(points)
        other = by_frame.get(int(truth.frame[row]))
        if other is not None:
            guess = [
                (float(x), float(y)) if flag > 0 else None
                for (x, y), flag in zip(found.xy[other], found.seen[other], strict=True)
            ]
        x0, y0, x1, y1 = (held(side) for side in truth.box[row].tolist())
        yield Person(
            labelled,
            points,
            guess,
            float(truth.head[row]),
            (x0, y0, x1, y1),
            math.nan if size is None else float(size[row]),
            math.nan if yaw is None else float(yaw[row]),
        )


def _read_apart(singles: Singles, precision: Precision) -> Iterator[Person]:
    held = as_float32 if precision is Precision.SINGLE else float
    none = [math.nan] * len(singles.truth)
    head, size, yaw = (
        none if column is None else column.tolist() for column in (singles.head, singles.size, singles.yaw)
    )
    boxes = [[math.nan] * 4] * len(singles.truth) if singles.box is None else singles.box.tolist()
    for row in range(len(singles.truth)):
        points = [(held(x), held(y)) for x, y in singles.truth[row].tolist()]
        labelled = [
            point if flag else None for point, flag in zip(points, singles.labelled[row], strict=True)
        ]
        found = [None if x != x else (x, y) for x, y in singles.found[row].tolist()]
        x0, y0, x1, y1 = map(held, boxes[row])
        yield Person(labelled, points, found, head[row], (x0, y0, x1, y1), size[row], yaw[row])


def apart(a: Point, b: Point) -> float:
    """Distance of two points."""
    x, y = a[0] - b[0], a[1] - b[1]
    return math.sqrt(x * x + y * y)


def scale_of(
    person: Person,
    skeleton: Skeleton,
    rule: str,
    ends: Ends = Ends.LABELLED,
    precision: Precision = Precision.DOUBLE,
) -> float:
    """Length that a person's errors are measured in; NaN where there is none."""
    single = precision is Precision.SINGLE
    x0, y0, x1, y1 = person.box
    width, height = x1 - x0, y1 - y0
    points = [point for point in person.truth if point is not None]
    if rule.startswith(("landmark_", "longest")) and points:
        width = max(x for x, _ in points) - min(x for x, _ in points)
        height = max(y for _, y in points) - min(y for _, y in points)
    simple = {
        "head": person.head,
        "face_size": person.face_size,
        "pixels": 1.0,
    }
    if rule in simple:
        return simple[rule]
    if rule in ("bbox", "box_side", "longest_side"):
        longest = max(width, height) if points else math.nan
        return as_float32(longest) if single and rule != "longest_side" else longest
    if rule in ("box_sqrt", "landmark_sqrt"):
        return math.sqrt(width * height)
    if rule in ("box_diag", "landmark_diag"):
        return math.sqrt(width**2 + height**2)
    pair = skeleton.normalisers.get(rule)
    if pair is None and rule == "torso":
        pair = (skeleton.index("left_shoulder"), skeleton.index("right_hip"))
    if pair is None:
        raise UsageError("P104", where=f"normaliser {rule}", what="is not known to the cross-check")
    sides = [end if isinstance(end, (list, tuple)) else (end,) for end in pair]
    if ends is Ends.ANY:
        own = span(person.unlabelled, sides, single)
        return span(person.found, sides) if own < 1 else own
    return span(person.truth, sides, single)


def span(points: Sequence[Point | None], sides: Sequence[Sequence[int]], single: bool = False) -> float:
    """Distance between the means of two sets of points; NaN where one is missing."""
    middles = []
    for side in sides:
        chosen = [points[index] for index in side]
        known = [point for point in chosen if point is not None]
        if len(known) < len(chosen):
            return math.nan
        middles.append((sum(x for x, _ in known) / len(known), sum(y for _, y in known) / len(known)))
    if single:
        x, y = (as_float32(a - b) for a, b in zip(*middles, strict=True))
        return as_float32(math.sqrt(as_float32(as_float32(x * x) + as_float32(y * y))))
    return apart(middles[0], middles[1])


def relative(person: Person, joint: int, length: float, precision: Precision) -> float:
    """Error of a labelled joint in units of a length; infinite where it is not predicted."""
    truth, found = person.truth[joint], person.found[joint]
    assert truth is not None, "only labelled joints are asked for"
    if found is None:
        return math.inf
    if precision is Precision.DOUBLE:
        return apart(found, truth) / length
    x, y = (found[0] - truth[0]) / length, (found[1] - truth[1]) / length
    return as_float32(math.sqrt(x * x + y * y))


def as_float32(value: float) -> float:
    """A number rounded to 24 bits."""
    if value == 0 or math.isinf(value) or math.isnan(value):
        return value
    mantissa, exponent = math.frexp(value)
    return math.ldexp(float(round(mantissa * 2**24)), exponent - 24)


def differs(name: str, ours: float, theirs: float) -> Difference:
    """The difference of two numbers; sums of large numbers may differ by more than those around 1."""
    found = of_number(name, ours, theirs)
    return found._replace(tolerance=ADDITION * max(1.0, abs(theirs) if math.isfinite(theirs) else 1.0))


def middle(points: Sequence[Point | None], side: Sequence[int]) -> Point | None:
    """Mean of some points; None where one is missing."""
    known = [point for index in side if (point := points[index]) is not None]
    if len(known) < len(side):
        return None
    return sum(x for x, _ in known) / len(known), sum(y for _, y in known) / len(known)
