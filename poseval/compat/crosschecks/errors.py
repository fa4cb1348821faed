"""Cross-checks of epe, auc and nme: the published rules again, in plain loops."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from poseval.compat.crosschecks.base import Case, Difference
from poseval.compat.crosschecks.plain import differs, people, relative, scale_of
from poseval.errors import UsageError
from poseval.metrics.base import Metric, Tally
from poseval.metrics.epe import Area, Auc, Epe
from poseval.metrics.error_curve import Grid
from poseval.metrics.nme import Nme, Over, Points
from poseval.metrics.pck import Compare, MeanOf


def check_epe(metric: Metric, tally: Tally, case: Case) -> list[Difference]:
    """The mean over all points and each joint's."""
    if not isinstance(metric, Epe):
        raise UsageError("P104", where=f"metric {metric}", what="is not checked here", wanted="epe")
    joints = case.truth.skeleton.joints
    errors: list[list[float]] = [[] for _ in joints]
    for person in people(case, metric.precision):
        for joint, point in enumerate(person.truth):
            if point is not None:
                errors[joint].append(relative(person, joint, 1.0, metric.precision))
    values = metric.reduce(tally)
    out = [differs("EPE", values.get("EPE"), mean_of([e for error in errors for e in error]))]
    for name, error in zip(joints, errors, strict=True):
        out.append(differs(f"EPE/{name}", values.get("EPE", name), mean_of(error)))
    return out


def mean_of(errors: Sequence[float]) -> float:
    """Mean; NaN for none, or where one is infinite."""
    if not errors or any(math.isinf(error) for error in errors):
        return math.nan
    return sum(errors) / len(errors)


def check_auc(metric: Metric, tally: Tally, case: Case) -> list[Difference]:
    """The area over all joints, and each joint's."""
    if not isinstance(metric, Auc):
        raise UsageError("P104", where=f"metric {metric}", what="is not checked here", wanted="auc")
    skeleton = case.truth.skeleton
    errors: list[list[float]] = [[] for _ in skeleton.joints]
    for person in people(case, metric.precision):
        length = scale_of(person, skeleton, metric.norm, precision=metric.precision) * metric.limit
        for joint, point in enumerate(person.truth):
            if point is not None and not math.isnan(length):
                errors[joint].append(relative(person, joint, length, metric.precision))
    areas = [auc_of(metric, [error]) for error in errors]
    known = [area for area in areas if not math.isnan(area)]
    if metric.mean is MeanOf.JOINTS:
        total = sum(known) / len(known) if known else math.nan
    else:
        total = auc_of(metric, errors)
    values = metric.reduce(tally)
    out = [differs("AUC", values.get("AUC"), total)]
    for name, area in zip(skeleton.joints, areas, strict=True):
        out.append(differs(f"AUC/{name}", values.get("AUC", name), area))
    return out


def auc_of(metric: Auc, errors: Sequence[Sequence[float]]) -> float:
    """Area under the fraction of right points of some joints together."""
    points = [value for error in errors for value in error]
    if not points:
        return math.nan
    if metric.area is Area.EXACT:
        return sum(max(0.0, 1 - value) for value in points) / len(points)
    shares = []
    for step in range(metric.steps + 1):
        at = 1.0 * step / metric.steps
        right = sum(value < at or (value == at and metric.compare is Compare.LE) for value in points)
        shares.append(right / len(points))
    if metric.area is Area.LEFT:
        return sum(shares[:-1]) / metric.steps
    return sum((a + b) / 2 for a, b in pairwise(shares)) / metric.steps


def check_nme(metric: Metric, tally: Tally, case: Case) -> list[Difference]:
    """The mean, and failure rate and area at each threshold."""
    if not isinstance(metric, Nme):
        raise UsageError("P104", where=f"metric {metric}", what="is not checked here", wanted="nme")
    skeleton = case.truth.skeleton
    rule = str(tally.facts["by"])
    images: list[tuple[float, float]] = []
    total, points = 0.0, 0
    for person in people(case, metric.precision):
        length = scale_of(person, skeleton, rule, precision=metric.precision)
        if metric.points is Points.ALL:
            person = person._replace(truth=list(person.unlabelled))
        errors = [
            relative(person, joint, length, metric.precision)
            for joint, point in enumerate(person.truth)
            if point is not None and not math.isnan(length)
        ]
        if errors:
            images.append((sum(errors) / len(errors), person.yaw))
            total, points = total + sum(errors), points + len(errors)
    values = metric.reduce(tally)
    out = [differs("NME", values.get("NME"), nme_mean(metric, images, total, points))]
    for at in metric.at:
        failed, area = curve_numbers([error for error, _ in images], at, metric.grid)
        out.append(differs(f"FR@{at:g}", values.get(f"FR@{at:g}"), failed))
        out.append(differs(f"AUC@{at:g}", values.get(f"AUC@{at:g}"), area))
    return out


def curve_numbers(errors: Sequence[float], at: float, grid: Grid) -> tuple[float, float]:
    """Failure rate and area up to a threshold, as the tool of the grid takes them."""
    if not errors:
        return math.nan, math.nan
    if grid is Grid.EXACT:
        failed = sum(error > at for error in errors) / len(errors)
        return failed, sum(max(0.0, 1 - error / at) for error in errors) / len(errors)
    if grid is Grid.SBR:
        steps = [at * step / 1999 for step in range(1999)] + [at]
        shares = [sum(error < step for error in errors) / len(errors) for step in steps]
    else:
        # arange's own points: multiples of the step below t + step, which can reach t + step by rounding.
        steps = [step * 1e-4 for step in range(math.ceil((at + 1e-4) / 1e-4))]
        shares = [sum(error <= step for error in errors) / len(errors) for step in steps]
    if grid is Grid.PIPNET:
        from scipy.integrate import simpson

        return 1 - shares[-1], float(simpson(shares, x=steps)) / at
    points = list(zip(steps, shares, strict=True))
    area = sum((low + high) / 2 * (t - s) for (s, low), (t, high) in pairwise(points))
    return 1 - shares[-1], area / at


def nme_mean(metric: Nme, images: list[tuple[float, float]], total: float, points: int) -> float:
    """The mean of the images' errors, of all points, or of the means of the yaw bins."""
    if not images or math.isinf(total):
        return math.nan
    if metric.bins:
        edges = [-1.0, *metric.bins, math.inf]
        means = []
        for low, high in pairwise(edges):
            inside = [error for error, yaw in images if low < abs(yaw) <= high]
            if not inside:
                return math.nan
            means.append(sum(inside) / len(inside))
        return sum(means) / len(means)
    if metric.over is Over.POINTS:
        return total / points
    return sum(error for error, _ in images) / len(images)
