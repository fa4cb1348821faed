"""Clusters, resampled as a whole: frames of a video, people of an image, or groups in a csv file.

Units of one cluster are alike, so they carry less information than the same number of independent units. A
benchmark names its cluster, `--cluster` another; the choice of a user is part of the signature.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from poseval.errors import UsageError, shown, unknown_name
from poseval.limits import DEFAULT, Limits
from poseval.poses import Array, Ints
from poseval.poses.frame_names import stem
from poseval.scoring.evaluation import Evaluation
from poseval.scoring.groups import IMAGE, read_groups

BOTH = "+"  # person+sequence: two ways to be alike at once


@dataclass(frozen=True, eq=False)
class Clusters:
    """`of` [U] int64 is the cluster that each unit belongs to, one of `count`; `keys` [count] names them."""

    name: str
    of: Ints
    keys: Array

    @property
    def count(self) -> int:
        """Number of clusters."""
        return len(self.keys)

    def weights(self, drawn: Ints) -> Ints:
        """Weights of units [B, U] from weights of clusters [B, count]."""
        out: Ints = drawn[:, self.of]
        return out


def clustered(evaluation: Evaluation, name: str | None, limits: Limits = DEFAULT) -> Evaluation:
    """The evaluation with the cluster that the user chose: its unit, a field, a csv file, or two of them.

    Raises:
        UsageError: P168 a field that the run does not have, or a file that leaves units out.
    """
    if name is None:
        return evaluation
    groups, names = dict(evaluation.groups), []
    for part in name.split(BOTH):
        label = part
        if part.endswith(".csv"):
            label, groups[label] = _from_file(evaluation, part, limits)
        names.append(label)
    if len(names) > 2:
        raise UsageError(
            "P168",
            where=f"cluster {shown(name)!r}",
            what="has more than two fields",
            wanted="one field, or two joined by +",
        )
    signature = evaluation.signature.with_pair("cluster", BOTH.join(names))
    out = replace(evaluation, groups=groups, signature=signature)
    clusters_of(out)
    return out


def clustered_like(evaluation: Evaluation, other: Evaluation) -> Evaluation:
    """The evaluation with the cluster that the user chose for another run of the same units, if any."""
    named = other.signature.get("cluster")
    if named is None or "cluster" in evaluation.signature:
        return evaluation
    parts = [part for part in named.split(BOTH) if part in other.groups]
    groups = {**evaluation.groups, **{part: other.groups[part] for part in parts}}
    return replace(evaluation, groups=groups, signature=evaluation.signature.with_pair("cluster", named))


def clusters_of(evaluation: Evaluation) -> tuple[Clusters, ...]:
    """The clusters of a run's units: one clustering, or two that cross.

    Raises:
        UsageError: P168 a field that the run does not have.
    """
    named = evaluation.signature.get("cluster")
    if named is not None:
        return tuple(_clusters(evaluation, part) for part in named.split(BOTH))
    usual = evaluation.benchmark.cluster
    return (_clusters(evaluation, usual if usual in evaluation.groups else evaluation.benchmark.unit),)


def units_of(evaluation: Evaluation) -> Clusters:
    """Each unit as a cluster of its own."""
    return _clusters(evaluation, evaluation.benchmark.unit)


def _clusters(evaluation: Evaluation, name: str) -> Clusters:
    keys = evaluation.unit_keys
    if name == evaluation.benchmark.unit:
        return Clusters(name, np.arange(len(keys)), keys)
    known = evaluation.groups.get(name)
    if known is None:
        fields = [evaluation.benchmark.unit, *evaluation.groups]
        raise unknown_name("P168", "cluster", name, fields, wanted=", or FILE.csv")
    return joined(name, [known])


def together(ways: Sequence[Clusters]) -> Clusters:
    """The clustering with the fewest clusters, which limits the precision, under the joined name of all."""
    few = min(ways, key=lambda way: way.count)
    return replace(few, name=BOTH.join(way.name for way in ways))


def cells_of(ways: Sequence[Clusters]) -> Clusters:
    """Clusters of units that agree in all clusterings."""
    return joined(together(ways).name, [way.of for way in ways])


def joined(name: str, labels: Sequence[Array]) -> Clusters:
    """Clusters of units that agree in all of several labels [U], in order of first appearance."""
    place: dict[tuple[str, ...], int] = {}
    rows = zip(*(label.tolist() for label in labels), strict=True)
    of = np.array([place.setdefault(row, len(place)) for row in rows], dtype=np.int64)
    return Clusters(name, of, np.array([" ".join(map(str, row)) for row in place], dtype=np.str_))


def _from_file(evaluation: Evaluation, path: str, limits: Limits) -> tuple[str, Array]:
    """A name that holds the digest of a file's groups, and the group of each unit."""
    group = read_groups(path, limits, evaluation.benchmark.unit)
    keys = evaluation.unit_keys.tolist()
    paths = evaluation.groups[IMAGE].tolist() if IMAGE in evaluation.groups else keys
    found = [
        group.get(key) or group.get(path) or group.get(stem(path)) or ""
        for key, path in zip(keys, paths, strict=True)
    ]
    absent = [key for key, name in zip(keys, found, strict=True) if not name]
    if absent:
        raise UsageError(
            "P168",
            where=f"cluster {shown(os.path.basename(path))}",
            what=f"has no group for {len(absent)} of {len(keys)} units (first: {shown(absent[0], 60)})",
            wanted=f"a row for every {evaluation.benchmark.unit}",
        )
    digest = hashlib.sha256("\n".join(found).encode()).hexdigest()[:8]
    return f"{Path(path).stem}@{digest}", np.asarray(found, dtype=np.str_)
