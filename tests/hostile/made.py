"""A small sound pair of COCO files, to be broken in one place by each test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from poseval.checks import examine_set
from poseval.datasets import ReadOptions, Role, read
from poseval.errors import PosevalError
from poseval.poses import Notice, PoseSet
from poseval.scoring.score import score
from poseval.skeletons import get_skeleton

NAMES = list(get_skeleton("coco17").joints)
PEOPLE = 6
IMAGES = 4  # the last one is empty


def pose(person: int, third: float) -> list[float]:
    """17 joints inside the image, no two alike."""
    return [
        number
        for joint in range(17)
        for number in (100.5 + 13 * joint + 7 * person, 90.25 + 11 * ((joint * 5) % 17) + person, third)
    ]


def truth() -> dict[str, Any]:
    """Three images with two people each, and an empty one."""
    images = [
        {"id": 10 + i, "file_name": f"{10 + i:06d}.jpg", "width": 640, "height": 480} for i in range(IMAGES)
    ]
    annotations = [
        {
            "id": 1 + n,
            "image_id": 10 + n // 2,
            "category_id": 1,
            "keypoints": pose(n, 2),
            "num_keypoints": 17,
            "area": 20_000.5 + n,
            "bbox": [90.0 + n, 80.0, 240.0, 210.0],
            "iscrowd": 0,
        }
        for n in range(PEOPLE)
    ]
    categories = [{"id": 1, "name": "person", "keypoints": list(NAMES)}]
    return {"images": images, "annotations": annotations, "categories": categories}


def results() -> list[dict[str, Any]]:
    """The same people, perfectly found."""
    return [
        {"image_id": 10 + n // 2, "category_id": 1, "keypoints": pose(n, 0.9), "score": 0.5 + 0.05 * n}
        for n in range(PEOPLE)
    ]


def write(path: Path, content: Any) -> Path:
    """JSON (Python's way, NaN included), or text or bytes as they are."""
    if not isinstance(content, str | bytes):
        content = json.dumps(content)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


class Folder:
    """Writes files into a folder and reads them."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def truth(self, content: Any = None, **options: Any) -> PoseSet:
        path = write(self.path / "gt.json", truth() if content is None else content)
        return read(path, ReadOptions(Role.TRUTH, **options))

    def results(self, content: Any, gt: Any = None, **options: Any) -> PoseSet:
        path = write(self.path / "dt.json", content)
        return read(path, ReadOptions(Role.PREDICTIONS, truth=self.truth(gt), **options))

    def both(self, gt: Any, dt: Any) -> tuple[Path, Path]:
        return write(self.path / "gt.json", gt), write(self.path / "dt.json", dt)

    def truth_refused(self, content: Any, code: str, text: str, **options: Any) -> PosevalError:
        with pytest.raises(PosevalError, match=text) as caught:
            self.truth(content, **options)
        assert caught.value.code == code
        return caught.value

    def results_refused(self, content: Any, code: str, text: str, gt: Any = None) -> PosevalError:
        """Refused alike under both rule sets, and in pieces."""
        with pytest.raises(PosevalError, match=text) as caught:
            self.results(content, gt)
        assert caught.value.code == code
        with pytest.raises(type(caught.value)) as again:
            self.results(content, gt, rules="corrected")
        assert str(again.value) == str(caught.value)
        self._refused_in_pieces()
        return caught.value

    def _refused_in_pieces(self) -> None:
        """The last pair is refused with the same words when its results are read in pieces."""
        told = []
        for stream in (False, True):
            with pytest.raises(PosevalError) as caught:
                score(self.path / "gt.json", self.path / "dt.json", stream=stream)
            told.append(str(caught.value))
        assert told[0] == told[1]


def told(poses: PoseSet) -> list[Notice]:
    """What the reader says, and what the checks find; the name of the file tells the role."""
    role = Role.TRUTH if poses.origin.name == "gt.json" else Role.PREDICTIONS
    return [*poses.origin.notices, *examine_set(poses, role)]


def codes(poses: PoseSet) -> list[str]:
    """Codes of the notices."""
    return [notice.code for notice in told(poses)]


def sentence(poses: PoseSet, code: str) -> str:
    """The one notice with this code."""
    (notice,) = [notice for notice in told(poses) if notice.code == code]
    return notice.text
