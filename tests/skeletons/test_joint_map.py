from __future__ import annotations

from contextlib import suppress
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from poseval.datasets import Role
from poseval.errors import FormatError, UsageError
from poseval.poses import Floats, Ints
from poseval.poses.joint_mapping import map_joints
from poseval.skeletons import Skeleton, get_skeleton, names
from poseval.skeletons.joint_map import JointMap, check_flips, joint_map, load_joint_map
from tests.datasets.real_libraries import video

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


def mirrored(xy: Floats, seen: Ints, score: Floats, flip: tuple[int, ...]) -> tuple[Floats, Ints, Floats]:
    """The person in a mirror: left joints change places with right ones, x turns over."""
    order = list(flip)
    return np.stack([100.0 - xy[:, order, 0], xy[:, order, 1]], axis=2), seen[:, order], score[:, order]


def people(skeleton: Skeleton, seed: int) -> tuple[Floats, Ints, Floats]:
    """Three random people, some joints absent."""
    rng = np.random.default_rng(seed)
    shape = (3, len(skeleton))
    seen = rng.integers(0, 3, shape)
    xy = np.where((seen > 0)[..., None], rng.uniform(0, 100, (*shape, 2)), np.nan)
    return xy, seen, rng.uniform(0, 1, shape)


def assert_mirrors(made: JointMap, seed: int) -> None:
    """Mapping the mirrored person is mirroring the mapped one."""
    person = people(made.source, seed)
    one = made.apply(*mirrored(*person, made.source.flip))
    two = mirrored(*made.apply(*person), made.target.flip)
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-9)


@settings(deadline=None, max_examples=300)
@given(pair=st.sampled_from(PAIRS), near=st.booleans(), derive=st.booleans(), seed=st.integers(0, 2**32 - 1))
def test_a_mirrored_person_maps_to_a_mirrored_person(
    pair: tuple[str, str], near: bool, derive: bool, seed: int
) -> None:
    made = joint_map(get_skeleton(pair[0]), get_skeleton(pair[1]), near=near, derive=derive)
    assert_mirrors(made, seed)
    if not near:
        assert not made.near
    if not derive:
        assert not made.derived
        assert all(len(sources) <= 1 for sources in made.weights)
    text = str(made)
    for title, listed in (("similar joints", made.near), ("derived", made.derived)):
        assert (f"{title}: {', '.join(listed)}" in text) == bool(listed)


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_users_maps_mirror_or_are_refused(tmp_path: Path, data: st.DataObject) -> None:
    source, target = (get_skeleton(name) for name in data.draw(st.sampled_from(PAIRS)))
    joints = data.draw(st.lists(st.sampled_from(target.joints), min_size=1, max_size=4, unique=True))
    lines = []
    for joint in joints:
        of = data.draw(st.lists(st.sampled_from(source.joints), min_size=1, max_size=2, unique=True))
        twin = target.joints[target.flip[target.index(joint)]]
        other = [source.joints[source.flip[source.index(name)]] for name in of]
        if twin == joint:
            lines.append((joint, of if set(of) == set(other) else [*dict.fromkeys([*of, *other])]))
            continue
        lines.append((joint, of))
        exchanged = data.draw(st.booleans())  # such a map tells left from right wrongly
        lines.append((twin, of if exchanged else other))
    path = tmp_path / "map.toml"
    rows = "".join(f'"{joint}" = {of}\n' for joint, of in dict(lines).items())
    path.write_text("[joints]\n" + rows.replace("'", '"'))
    made = load_joint_map(path, source, target)
    with suppress(UsageError):
        check_flips(made)
        assert_mirrors(made, data.draw(st.integers(0, 2**32 - 1)))


def test_mapped_sets_say_what_was_derived() -> None:
    poses = video(Role.PREDICTIONS)
    target = get_skeleton("mpii16")
    plain, _ = map_joints(poses, target)
    asked, made = map_joints(poses, target, derive=True)
    pelvis = target.index("pelvis")
    assert not plain.people.seen[:, pelvis].any()
    assert asked.people.seen[:, pelvis].all()
    assert "pelvis" in made.derived
    told = [notice.text for notice in asked.origin.notices if notice.code == "N504"]
    assert len(told) == 1
    assert "derived: pelvis, thorax, head_top" in told[0]
