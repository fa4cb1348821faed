"""The keywords of a task: which types each takes, and how its convenient forms become the field."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from poseval.benchmarks.base import Benchmark
from poseval.benchmarks.rule_sets import ORDERS
from poseval.errors import UsageError, shown, unknown_name, wrong_type
from poseval.files.absent import absent
from poseval.limits import Limits, from_environment, raised
from poseval.metrics import MetricRequest
from poseval.metrics.base import Metric
from poseval.poses.frame_names import WAYS
from poseval.poses.transforms import Transform
from poseval.skeletons import Skeleton, load_skeleton
from poseval.skeletons.sigmas import Given, read_sigmas

BY_NAMES = "names"  # the value of `joints` that maps by equal names
Plain = Callable[[str, Any], Any]  # of the keyword's name and value


def kind(types: type | tuple[type, ...], wanted: str) -> Plain:
    """A check that a keyword is of one of these types; None passes where NoneType is one."""

    def checked(name: str, value: Any) -> Any:
        if isinstance(value, types):
            return value
        raise wrong_type(name, value, wanted)

    return checked


def several(types: tuple[type, ...], wanted: str) -> Plain:
    """A check for a list of such values; one alone stands for a list of one."""

    def checked(name: str, value: Any) -> Any:
        if isinstance(value, types):
            return (value,)
        if not isinstance(value, Iterable) or isinstance(value, dict):
            raise wrong_type(name, value, wanted)
        listed = tuple(value)
        for item in listed:
            if not isinstance(item, types):
                raise wrong_type(f"an item of {name}", item, wanted)
        return listed

    return checked


def _skeleton(name: str, value: Any) -> Skeleton | None:
    return None if value is None else load_skeleton(value)


def _joints(name: str, value: Any) -> str | Path | None:
    if value is None:
        return None
    if isinstance(value, (str, os.PathLike)):
        by_names = f"or {BY_NAMES}, which maps by equal names"
        return BY_NAMES if value == BY_NAMES else _file(name, value, by_names)
    raise wrong_type(name, value, f"{BY_NAMES!r} or a .toml file")


def _file(name: str, value: str | os.PathLike[str], hint: str | None = None) -> Path:
    """A file named by a keyword. That it exists is checked here, apart from the scored files."""
    path = Path(value)
    if not os.path.exists(path):
        raise absent(path, f"{name} {shown(path)}", "a file", hint)
    if not os.path.isfile(path):
        raise UsageError("P114", where=f"{name} {shown(path)}", what="is not a file", wanted="a file")
    return path


def _way(name: str, value: Any) -> str | None:
    way = OPTIONAL_TEXT(name, value)
    if way is not None and way not in WAYS:
        raise unknown_name("P176", "way to pair frames", way, WAYS)
    return str(way) if way is not None else None


def _ties(name: str, value: Any) -> str | None:
    order = OPTIONAL_TEXT(name, value)
    if order is not None and order not in ORDERS:
        raise unknown_name("P102", "order of ties", order, ORDERS)
    return str(order) if order is not None else None


def _sigmas(name: str, value: Any) -> Given | None:
    return None if value is None else read_sigmas(value)


def _metrics(name: str, value: Any) -> tuple[Metric | MetricRequest, ...]:
    wanted = "names of metrics, such as pck(at=0.2), or metrics"
    listed = several((str, Metric, MetricRequest), wanted)(name, value)
    return tuple(MetricRequest.of(item) if isinstance(item, str) else item for item in listed)


def transforms(name: str, value: Any) -> tuple[Transform, ...]:
    """Changes of coordinates, from texts such as `scale=2.5`."""
    listed = several((str, Transform), "changes such as xy, normalised or scale=2.5")(name, value)
    return tuple(Transform.parse(item) if isinstance(item, str) else item for item in listed)


def _slices(name: str, value: Any) -> tuple[str, ...]:
    listed = several((str, os.PathLike), "names of slices: size, sequence, FILE.csv, ...")(name, value)
    names = tuple(dict.fromkeys(map(os.fspath, listed)))
    for slice_name in names:
        if slice_name.endswith(".csv"):
            _file("slice", slice_name)
        elif not re.fullmatch(r"[\w -]+", slice_name):
            wanted = "an attribute such as size, a column of frames, or FILE.csv"
            where = f"slice {shown(slice_name)!r}"
            raise UsageError("P149", where=where, what="is neither a name nor a csv file", wanted=wanted)
    return names


def _limits(name: str, value: Any) -> Limits:
    if isinstance(value, Limits):
        return value
    return raised(
        several((str,), "Limits, or texts such as people=10000000")(name, value), from_environment()
    )


OPTIONAL_TEXT = kind((str, type(None)), "a name, or None")
FLAG = kind(bool, "True or False")
# keyword -> how its convenient forms become the field
PLAIN: dict[str, Plain] = {
    "benchmark": kind((str, Benchmark, type(None)), "the name of a benchmark, or None"),
    "rules": kind(str, "the name of a rule set"),
    "ties": _ties,
    "skeleton": _skeleton,
    "sigmas": _sigmas,
    "joints": _joints,
    "near": FLAG,
    "derive": FLAG,
    "align_by": _way,
    "transform": transforms,
    "truth_format": OPTIONAL_TEXT,
    "predictions_format": OPTIONAL_TEXT,
    "category": OPTIONAL_TEXT,
    "metrics": _metrics,
    "per_joint": FLAG,
    "slices": _slices,
    "limits": _limits,
}
