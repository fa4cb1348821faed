from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from poseval.datasets.mpii.release_mat import indices
from poseval.errors import FormatError, ValueRangeError
from tests.datasets.mat_files import cells, person, points, release, structs
from tests.datasets.reading import codes, recognised, truth
from tests.shared import shared_path


def test_people_images_and_flags(tmp_path: Path) -> None:
    alone, pair = person(1), [person(2), person(3)]
    path = release(tmp_path / "mpii.mat", [[alone], pair, []], [1, 1, 0], [[1], [], []])
    found = truth(path)
    assert recognised(path) == "mpii-mat"
    assert found.frames.key.tolist() == ["000000000.jpg", "000000001.jpg", "000000002.jpg"]
    assert found.frames.extra["train"].tolist() == [True, True, False]
    assert found.people.frame.tolist() == [0, 1, 1]
    assert np.allclose(found.people.xy[0], alone["xy"] - 1)
    assert found.people.head.tolist() == [30.0] * 3
    assert found.people.extra["single"].tolist() == [True, False, False]
    assert found.people.extra["rect"].tolist() == [0, 0, 1]
    assert found.people.extra["objpos"][0].tolist() == [149.0, 149.0]
    assert codes(found) == ["N440", "N445"]


def test_flags_as_numbers_texts_or_nothing_and_absent_joints(tmp_path: Path) -> None:
    xy = np.arange(8.0).reshape(4, 2) + 10
    odd = person(1, annopoints=points([0, 5, 9, 15], xy, [0.0, "0", np.zeros((0, 0)), "1"]))
    seen = truth(release(tmp_path / "mpii.mat", [[odd]], [1], [[1]])).people.seen[0]
    assert seen[[0, 5, 9, 15]].tolist() == [1, 1, 2, 2]
    assert (np.delete(seen, [0, 5, 9, 15]) == 0).all()


def test_test_images_have_a_position_and_nothing_else(tmp_path: Path) -> None:
    bare = {"scale": 2.0, "objpos": structs([{"x": 5.0, "y": 6.0}])}
    people = truth(release(tmp_path / "mpii.mat", [[bare, {}]], [0], [[1]])).people
    assert people.extra["expected"].tolist() == [True, False]
    assert np.isnan(people.head).all()
    assert (people.seen == 0).all()


def test_groups_leave_out_those_with_a_separated_person(tmp_path: Path) -> None:
    crowd = [person(n) for n in range(5)]
    path = release(tmp_path / "mpii.mat", [crowd, [person(9)]], [1, 1], [[5], [1]])
    inner = cells([np.array([1.0, 2.0]), np.array([3.0, 5.0]), np.array([4.0])])
    savemat(tmp_path / "groups_v12.mat", {"groups": cells([inner, np.zeros((0, 0))])})
    found = truth(path)
    assert found.people.extra["group"].tolist() == [0, 0, -1, 1, -1, -1]
    assert codes(found) == ["N440"]
    savemat(tmp_path / "groups_v12.mat", {"groups": cells([inner])})
    with pytest.raises(
        FormatError, match=r"groups of 1 images[\s\S]*expected: 2, as the release has"
    ) as caught:
        truth(path)
    assert caught.value.code == "P204"


def test_joints_that_cannot_be_are_refused_with_their_place(tmp_path: Path) -> None:
    for joint, xy, code in ((16, [1.0, 2.0], "P303"), (1, [np.nan, 2.0], "P301")):
        bad = person(1, annopoints=points([joint], [xy]))
        with pytest.raises(ValueRangeError, match=r"annolist\(1\)\.annorect\(2\)") as caught:
            truth(release(tmp_path / "mpii.mat", [[person(2), bad]], [1], [[1]]))
        assert caught.value.code == code


def test_a_release_without_annotations_is_refused(tmp_path: Path) -> None:
    savemat(tmp_path / "a.mat", {"RELEASE": structs([{"version": "12"}])})
    with pytest.raises(FormatError, match=r"no RELEASE\.annolist") as caught:
        truth(tmp_path / "a.mat")
    assert caught.value.code == "P206"


def test_a_real_file_with_cells_for_arrays() -> None:
    found = truth(shared_path("samples/formats/mpii_mat_official_like/mpii_human_pose_v1_u12_1.mat"))
    assert (len(found), len(found.frames)) == (4, 3)
    assert found.people.xy[0, 0].tolist() == [619.0, 393.0]
    assert found.people.seen[0].tolist()[:5] == [2, 2, 2, 1, 2]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (3, {3}),
        (2.0, {2}),
        (2.5, set()),
        (float("inf"), set()),
        (float("nan"), set()),
        ("3", set()),
        (np.array([1.0, 2.5, np.inf, -np.inf, np.nan, 4.0]), {1, 4}),
        (np.array([[7]]), {7}),
    ],
)
def test_indices_are_whole(value: object, found: set[int]) -> None:
    assert indices(value) == found
