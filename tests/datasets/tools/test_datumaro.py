"""Datumaro: groups that join a skeleton and its box."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from poseval import datasets
from poseval.datasets import ReadOptions
from poseval.errors import FormatError
from poseval.poses import PoseSet
from tests.datasets.annotation_forms import datumaro
from tests.fuzz.seeds import small_sets

TRUTH = small_sets()[0]


def read(tmp_path: Path, group: object) -> PoseSet:
    """The set, with another group for its first skeleton."""
    ((name, data),) = datumaro(TRUTH).items()
    node = json.loads(data)
    first = next(one for item in node["items"] for one in item["annotations"] if one["type"] == "skeleton")
    first["group"] = group
    path = tmp_path / Path(name).name
    path.write_text(json.dumps(node))
    return datasets.read(path, ReadOptions(), "datumaro")


def test_a_skeleton_has_the_box_of_its_group_and_none_without(tmp_path: Path) -> None:
    whole = read(tmp_path, 1)
    assert np.isfinite(whole.people.box).all()
    for nothing in (0, None, 999):
        box = read(tmp_path, nothing).people.box
        assert np.isnan(box[0]).all()
        np.testing.assert_array_equal(box[1:], whole.people.box[1:])


@pytest.mark.parametrize("group", [[1], {"a": 1}, "1", 1.5, True])
def test_a_group_that_is_no_whole_number_is_refused(group: object, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"\.group: is") as caught:
        read(tmp_path, group)
    assert caught.value.code == "P203"
