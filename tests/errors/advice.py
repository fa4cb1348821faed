"""Cases of advice: a fault, and what its message says to do; and how their files are made."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from poseval import datasets
from poseval.datasets import Role, WriteOptions
from poseval.poses import PoseSet
from tests.datasets.test_same_score import truth_and_predictions
from tests.hostile.made import results, truth

Argv = list[str]


@dataclass(frozen=True)
class Case:
    """A fault and what following its advice gives: `make` returns the command, `follow` the next one."""

    code: str
    says: str  # what the message advises, as a pattern
    make: Callable[[Path], Argv]
    follow: Callable[[Path, Argv], Argv]
    then: str = ""  # the code that comes next; empty for a result


def add(*more: str) -> Callable[[Path, Argv], Argv]:
    return lambda folder, argv: [*argv, *more]


def write(path: Path, node: Any) -> Path:
    path.write_bytes(node if isinstance(node, bytes) else json.dumps(node).encode())
    return path


def pair(folder: Path, gt: Any = None, dt: Any = None) -> Argv:
    """`score dt.json --gt gt.json`."""
    write(folder / "gt.json", truth() if gt is None else gt)
    write(folder / "dt.json", results() if dt is None else dt)
    return ["score", str(folder / "dt.json"), "--gt", str(folder / "gt.json")]


def written(folder: Path, name: str, role: Role = Role.PREDICTIONS, poses: PoseSet | None = None) -> Path:
    gt, dt = truth_and_predictions()
    row = datasets.get_row(name)
    path = folder / f"{role.value}-{name}{'' if row.is_folder else row.suffix}"
    poses = poses or (dt if role is Role.PREDICTIONS else gt)
    datasets.get_format(name).write(poses, path, WriteOptions(role, truth=gt))
    return path


def native(folder: Path, poses: PoseSet) -> str:
    """A file of predictions in poseval's own form."""
    datasets.get_format("native").write(poses, folder / "dt.npz", WriteOptions(Role.PREDICTIONS))
    return str(folder / "dt.npz")


def coco_truth(folder: Path) -> Path:
    gt, _ = truth_and_predictions()
    datasets.get_format("coco").write(gt, folder / "coco.json", WriteOptions(Role.TRUTH))
    return folder / "coco.json"


def changed(argv: Argv, old: str, new: str) -> Argv:
    assert old in argv
    return [new if word == old else word for word in argv]


def edited(file: str, change: Callable[[Any], Any]) -> Callable[[Path, Argv], Argv]:
    """The same command after a change to a JSON file of the folder."""

    def follow(folder: Path, argv: Argv) -> Argv:
        node = json.loads((folder / file).read_text())
        write(folder / file, change(node) or node)
        return argv

    return follow


def exchanged(folder: Path, argv: Argv) -> Argv:
    return ["score", argv[3], "--gt", argv[1], *argv[4:]]
