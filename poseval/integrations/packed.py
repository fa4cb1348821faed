"""A metric's settings and batches as bytes: JSON and arrays in a zip, without pickle."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from poseval.benchmarks.base import Benchmark
from poseval.datasets.base import ReadOptions, Role
from poseval.datasets.native.columns import columns_of, description_of, poses_of
from poseval.errors import PosevalError, UsageError, shown
from poseval.integrations.arrays import Arrays, joined
from poseval.integrations.batch import Batch, Side
from poseval.metrics.base import Metric
from poseval.poses import Array, Origin, PoseSet
from poseval.poses.concatenated import concatenated
from poseval.poses.transforms import Transform
from poseval.scoring.evaluation import truth_digest
from poseval.skeletons import Skeleton

SCHEMA = "poseval.metric/1"
HEADER = "metric"  # member of the zip
TRUTH = "ground truth"  # the setting that is its digest
ROLES = {"predictions": Role.PREDICTIONS, "target": Role.TRUTH}
DAMAGED = (zipfile.BadZipFile, KeyError, TypeError, ValueError, AttributeError, IndexError, EOFError, OSError)


@dataclass(frozen=True)
class State:
    """What a metric holds: settings as plain values, and the batches so far."""

    settings: Mapping[str, Any]
    batches: Sequence[Batch]
    numbered: int
    again: int


def require_same_settings(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> None:
    """Refuse metrics with different settings.

    Raises:
        UsageError: P860 with the first setting that differs.
    """
    for name in sorted(mine.keys() | theirs.keys()):
        if mine.get(name) != theirs.get(name):
            raise UsageError(
                "P860",
                where=f"setting {name}",
                what=f"is {shown(mine.get(name))} in one metric and {shown(theirs.get(name))} in the other",
                wanted="metrics with the same settings",
            )


def settings_of(asked: Mapping[str, Any], truth: PoseSet | None, strict: bool = True) -> dict[str, Any]:
    """The settings of a metric as plain values; without `strict` a user-defined benchmark is its name.

    Raises:
        UsageError: P861 for a value that has no plain form.
    """
    plain = {
        name: value.name if isinstance(value, Benchmark) and not strict else _plain(name, value)
        for name, value in asked.items()
        if value is not None
    }
    return plain if truth is None else {**plain, TRUTH: truth_digest(truth)}


def _plain(name: str, value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, Skeleton):
        return _plain(name, asdict(value))
    if isinstance(value, (Metric, Transform)):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(name, item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(name, item) for item in value]
    raise UsageError(
        "P861",
        where=f"setting {name}",
        what=f"is of type {shown(type(value).__name__)}, which has no plain form",
        wanted="names and numbers",
        hint="pickle the metric instead",
    )


def to_bytes(state: State) -> bytes:
    """Pack settings and batches."""
    arrays: dict[str, Array] = {}
    sides: dict[str, Any] = {}
    for name in ROLES:
        found = [side for batch in state.batches if (side := _side_of(batch, name)) is not None]
        if found:
            whole: Side = concatenated(found) if isinstance(found[0], PoseSet) else joined(found)
            sides[name] = _packed_side(name, whole, arrays)
    header = {
        "schema": SCHEMA,
        "settings": state.settings,
        "frames": [frame for batch in state.batches for frame in batch.frames],
        "numbered": state.numbered,
        "again": state.again,
        "sides": sides,
    }
    arrays[HEADER] = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)
    out = io.BytesIO()
    np.savez(out, allow_pickle=False, **arrays)
    return out.getvalue()


def _side_of(batch: Batch, name: str) -> Any:
    return batch.predictions if name == "predictions" else batch.truth


def _packed_side(name: str, side: Side, arrays: dict[str, Array]) -> dict[str, Any]:
    """The part of a side that is not arrays; arrays go into `arrays`."""
    if isinstance(side, PoseSet):
        arrays |= {f"{name}/{column}": array for column, array in columns_of(side).items()}
        return {"description": description_of(side, ROLES[name]), "records": side.origin.records}
    arrays |= {f"{name}/column/{column}": array for column, array in side.columns.items()}
    arrays |= {f"{name}/frame": side.frame, f"{name}/frames": side.frames}
    return {"shared": dict(side.shared), "size": dict(side.size), "columns": list(side.columns)}


def from_bytes(data: bytes) -> State:
    """The state that `to_bytes` wrote.

    Raises:
        UsageError: P861 other bytes.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        header = json.loads(arrays[HEADER].tobytes())
        if header["schema"] != SCHEMA:
            raise ValueError(f"schema {header['schema']!r}")
        settings = dict(header["settings"])
        if isinstance(settings.get("skeleton"), dict):
            fields = {name: _tuples(value) for name, value in settings["skeleton"].items()}
            settings["skeleton"] = Skeleton(**fields)
        sides = {name: _unpacked_side(name, node, arrays) for name, node in header["sides"].items()}
        frames = tuple(header["frames"])
        batches = [Batch(frames, sides["predictions"], sides.get("target"))] if sides else []
        return State(settings, batches, int(header["numbered"]), int(header["again"]))
    except (*DAMAGED, PosevalError) as error:
        text = f"are not those of a PoseMetric, or are damaged ({shown(error, 100)})"
        raise UsageError("P861", where="bytes", what=text, wanted="what to_bytes() gave") from error


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def _unpacked_side(name: str, node: Any, arrays: Mapping[str, Array]) -> Side:
    if "description" in node:
        start = f"{name}/"
        columns = {key.removeprefix(start): array for key, array in arrays.items() if key.startswith(start)}
        origin = Origin("<batches>", "", "memory", int(node["records"]))
        return poses_of(columns, node["description"], ReadOptions(ROLES[name]), origin)
    columns = {str(column): arrays[f"{name}/column/{column}"] for column in node["columns"]}
    frame, frames = (arrays[f"{name}/{part}"] for part in ("frame", "frames"))
    return Arrays(columns, frame, frames, dict(node["shared"]), dict(node["size"]))
