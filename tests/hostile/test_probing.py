"""Row 33: what is said of wrong predictions holds nothing of the ground truth's numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from poseval.cli import invoke
from tests.hostile.made import results, truth, write

SECRET = 271.828125
Change = Callable[[list[dict[str, Any]]], None]


def hidden() -> dict[str, Any]:
    """A ground truth all of whose coordinates, boxes and areas have the secret's digits."""
    node = truth()
    for person in node["annotations"]:
        person["keypoints"] = [SECRET if value != 2 else 2 for value in person["keypoints"]]
        person["bbox"] = [SECRET] * 4
        person["area"] = SECRET
    return node


WRONG: dict[str, Change] = {
    "short": lambda dt: dt[0].update(keypoints=[1.0, 2.0]),
    "NaN": lambda dt: dt[0].update(score=float("nan")),
    "text": lambda dt: dt[0].update(keypoints="x"),
    "unknown image": lambda dt: dt[0].update(image_id=99),
    "no score": lambda dt: dt[0].pop("score"),
    "other category": lambda dt: dt[0].update(category_id=7),
    "normalised": lambda dt: [row.update(keypoints=[0.5] * 51) for row in dt] and None,
    "sound": lambda dt: None,
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
def test_33_messages_hold_no_coordinate_of_the_truth(
    change: Change, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gt = write(tmp_path / "gt.json", hidden())
    dt = results()
    change(dt)
    path = write(tmp_path / "dt.json", dt)
    for command in (["validate", str(path), "--gt", str(gt)], ["score", str(path), "--gt", str(gt)]):
        invoke(command)
        said = capsys.readouterr()
        assert "271.8" not in said.out + said.err
        assert said.out + said.err
