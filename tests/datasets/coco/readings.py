"""COCO files as sets of poses, with the areas that a file may leave out."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

from poseval.datasets import ReadOptions, Role, read
from poseval.poses import PoseSet
from tests.shared import shared_cases

ANY_AREA = frozenset({"area"})


def read_truth(path: Path, **options: Any) -> PoseSet:
    return read(path, ReadOptions(optional=ANY_AREA, **options))


def read_results(path: Path, gt: PoseSet, **options: Any) -> PoseSet:
    return read(path, ReadOptions(Role.PREDICTIONS, truth=gt, **options))


def whole_body(rows: list[dict[str, Any]]) -> None:
    for n, row in enumerate(rows):
        for name, joints in (("foot", 6), ("face", 68), ("lefthand", 21), ("righthand", 21)):
            row[f"{name}_kpts"] = [float(n + k / 4) for k in range(3 * joints)]


def coco_like() -> list[Path]:
    folders = ("samples/coco", "samples/crowdpose", "samples/ochuman", "samples/aic", "samples/ap10k")
    found = [path for part in folders for path in shared_cases(part, "annotations/*.json*")]
    found += shared_cases("samples/halpe", "annotations/*.json") + shared_cases(
        "samples/humanart", "annotations/*.json"
    )
    found += shared_cases("samples/formats", "*/*.json*")
    return [path for path in found if "annotations" in loaded(path) and "categories" in loaded(path)]


@cache
def loaded(path: Path) -> Any:
    data = path.read_bytes()
    try:
        return json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)
    except ValueError:
        return {}  # a sample that is no JSON
