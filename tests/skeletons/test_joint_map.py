from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from poseval.errors import FormatError, UsageError
from poseval.skeletons import get_skeleton, names
from poseval.skeletons.joint_map import check_flips, joint_map, load_joint_map

PAIRS = list(permutations(names(), 2))


@pytest.mark.parametrize("near", [False, True])
@pytest.mark.parametrize("derive", [False, True])
def test_flips_are_right_after_any_map(near: bool, derive: bool) -> None:
    assert len(PAIRS) > 600
    for one, two in PAIRS:
        check_flips(joint_map(get_skeleton(one), get_skeleton(two), near=near, derive=derive))


def test_mapping_to_itself_changes_nothing() -> None:
    skeleton = get_skeleton("coco17")
    rng = np.random.default_rng(1)
    xy, seen, score = rng.random((4, 17, 2)), rng.integers(0, 3, (4, 17)), rng.random((4, 17))
    out = joint_map(skeleton, skeleton).apply(xy, seen, score)
    for mine, theirs in zip(out, (xy, seen, score), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_derived_joints_come_only_on_request_and_are_listed() -> None:
    source, target = get_skeleton("coco17"), get_skeleton("mpii16")
    plain = joint_map(source, target)
    assert set(plain.missing) == {"pelvis", "thorax", "upper_neck", "head_top"}
    asked = joint_map(source, target, derive=True)
    assert set(asked.derived) == {"pelvis", "thorax", "head_top"}
    assert asked.missing == ("upper_neck",)


def test_a_derived_joint_is_the_mean_and_needs_all_its_sources() -> None:
    source, target = get_skeleton("coco17"), get_skeleton("mpii16")
    xy = np.zeros((2, 17, 2))
    xy[:, source.index("left_hip")] = (10, 0)
    xy[:, source.index("right_hip")] = (20, 4)
    seen = np.full((2, 17), 2, dtype=np.int8)
    seen[1, source.index("left_hip")] = 0
    score = np.full((2, 17), 0.5)
    out_xy, out_seen, _ = joint_map(source, target, derive=True).apply(xy, seen, score)
    pelvis = target.index("pelvis")
    assert out_xy[0, pelvis].tolist() == [15, 2]
    assert out_seen[:, pelvis].tolist() == [2, 0]
    assert np.isnan(out_xy[1, pelvis]).all()


def test_near_equivalents_come_only_on_request() -> None:
    source, target = get_skeleton("mpii16"), get_skeleton("crowdpose14")
    assert "neck" in joint_map(source, target).missing
    asked = joint_map(source, target, near=True)
    assert asked.near == ("neck",)
    assert asked.weights[target.index("neck")] == {source.index("upper_neck"): 1.0}


def test_a_users_map_is_read(tmp_path: Path) -> None:
    path = tmp_path / "map.toml"
    path.write_text('[joints]\nneck = ["left_shoulder", "right_shoulder"]\nleft_wrist = "left_wrist"\n')
    made = load_joint_map(path, get_skeleton("coco17"), get_skeleton("lsp14"))
    assert made.derived == ("neck",)
    assert len(made.missing) == 12


@pytest.mark.parametrize(
    ("text", "kind", "code"),
    [
        ("x = 1", FormatError, "P221"),
        ("[joints]\nneck = 3", FormatError, "P221"),
        ("[joints", FormatError, "P221"),
        ('[joints]\nneck = "tail"', UsageError, "P111"),
        ('[joints]\ntail = "nose"', UsageError, "P111"),
    ],
)
def test_a_wrong_map_is_refused(tmp_path: Path, text: str, kind: type[Exception], code: str) -> None:
    path = tmp_path / "map.toml"
    path.write_text(text)
    with pytest.raises(kind) as caught:
        load_joint_map(path, get_skeleton("coco17"), get_skeleton("lsp14"))
    assert caught.value.code == code  # type: ignore[attr-defined]


def test_a_map_that_breaks_mirrors_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "map.toml"
    path.write_text('[joints]\nleft_wrist = "left_wrist"\nright_wrist = "left_wrist"\n')
    with pytest.raises(UsageError) as caught:
        check_flips(load_joint_map(path, get_skeleton("coco17"), get_skeleton("lsp14")))
    assert caught.value.code == "P116"
