from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from poseval.benchmarks import get_benchmark
from poseval.compat.official.coco_sigmas import OF_BENCHMARK
from poseval.errors import FormatError, UsageError
from poseval.skeletons import (
    Skeleton,
    get_skeleton,
    load_skeleton,
    match_names,
    names,
    skeleton_from_names,
    skeleton_of,
)


@pytest.mark.parametrize("name", names())
def test_every_skeleton_is_consistent(name: str) -> None:
    skeleton = get_skeleton(name)
    assert [skeleton.flip[skeleton.flip[i]] for i in range(len(skeleton))] == list(range(len(skeleton)))
    for index, joint in enumerate(skeleton.joints):
        if joint.startswith("left_"):
            assert skeleton.joints[skeleton.flip[index]] == "right_" + joint[5:]


def test_coco_sigmas_are_tenths_divided_by_ten_to_the_last_bit() -> None:
    tenths = [
        0.26,
        0.25,
        0.25,
        0.35,
        0.35,
        0.79,
        0.79,
        0.72,
        0.72,
        0.62,
        0.62,
        1.07,
        1.07,
        0.87,
        0.87,
        0.89,
        0.89,
    ]
    assert get_skeleton("coco17").sigmas == tuple(t / 10.0 for t in tenths)
    assert get_skeleton("coco17").sigma_array[0] != 0.026


def test_sigmas_are_those_of_the_programs_to_the_last_bit() -> None:
    compared = 0
    for (benchmark, joints), sigmas in OF_BENCHMARK.items():
        for name in get_benchmark(benchmark).skeletons:
            if len(get_skeleton(name)) == joints:
                assert get_skeleton(name).sigmas == tuple(sigmas.tolist()), name
                compared += 1
    assert compared >= 11


def test_groups_join_left_and_right() -> None:
    groups = get_skeleton("coco17").groups
    assert groups["wrist"] == (9, 10)
    assert groups["nose"] == (0,)


def test_unknown_names_get_near_ones() -> None:
    with pytest.raises(UsageError, match="coco17") as caught:
        get_skeleton("coco71")
    assert caught.value.code == "P113"


def test_oks_does_not_guess_sigmas() -> None:
    with pytest.raises(UsageError) as caught:
        _ = get_skeleton("lsp14").sigma_array
    assert caught.value.code == "P112"


@pytest.mark.parametrize(
    "broken",
    [
        {"joints": ("a", "a"), "flip": (0, 1)},
        {"joints": ("a", "b"), "flip": (1, 1)},
        {"joints": ("a",), "flip": (0,), "limbs": ((0, 1),)},
        {"joints": ("a",), "flip": (0,), "sigmas": (0.0,)},
        {"joints": ("a",), "flip": (0,), "sigmas": (0.1, 0.1)},
        {"joints": (), "flip": ()},
    ],
)
def test_contradictory_parts_are_refused(broken: dict[str, tuple[object, ...]]) -> None:
    with pytest.raises(UsageError) as caught:
        Skeleton("broken", **broken)  # type: ignore[arg-type]
    assert caught.value.code == "P110"


def test_flips_follow_from_names() -> None:
    skeleton = skeleton_from_names(["nose", "right_eye", "left_eye"])
    assert skeleton.flip == (0, 2, 1)


def test_a_skeleton_is_found_by_its_joint_names() -> None:
    found = match_names(get_skeleton("crowdpose14").joints)
    assert found is not None
    assert len(found) == 14
    assert match_names(["what", "is", "this"]) is None


@pytest.mark.parametrize("suffix", [".json", ".toml"])
def test_a_skeleton_is_read_from_a_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"mouse{suffix}"
    if suffix == ".json":
        path.write_text(json.dumps({"joints": ["snout", "left_ear", "right_ear"], "sigmas": [0.1, 0.2, 0.2]}))
    else:
        path.write_text('joints = ["snout", "left_ear", "right_ear"]\nsigmas = [0.1, 0.2, 0.2]\n')
    skeleton = load_skeleton(str(path))
    assert (skeleton.name, skeleton.flip, skeleton.sigmas) == ("mouse", (0, 2, 1), (0.1, 0.2, 0.2))


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("flip_pairs", [["left_hand", "right_hand"]], "[[1, 2], ...]: pairs of numbers of joints"),
        ("flip_pairs", [[0, 9]], "[[1, 2], ...]: pairs of numbers of joints"),
        ("flip_pairs", [[0, -1]], "[[1, 2], ...]: pairs of numbers of joints"),
        ("flip_pairs", [1, 2], "[[1, 2], ...]: pairs of numbers of joints"),
        ("limbs", [["nose", "left_hand"]], "[[1, 2], ...]: pairs of numbers of joints"),
        ("limbs", [[0, 1.5]], "[[1, 2], ...]: pairs of numbers of joints"),
        ("sigmas", {"nose": 0.1}, "[0.026, 0.079, ...]: one number for each joint"),
    ],
)
def test_a_field_of_another_form_is_named_with_its_form(key: str, value: Any, wanted: str) -> None:
    with pytest.raises(FormatError) as caught:
        skeleton_of("own", {"joints": ["nose", "left_hand", "right_hand"], key: value}, "own.json")
    assert caught.value.fault.code == "P220"
    assert caught.value.fault.what.startswith(f"{key} is ")
    assert str(caught.value.fault.wanted).startswith(wanted)


@pytest.mark.parametrize("text", ["[]", "{", '{"joints": 3}', '{"joints": ["a"], "flip_pairs": [[0, 9]]}'])
def test_a_malformed_skeleton_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(FormatError) as caught:
        load_skeleton(str(path))
    assert caught.value.code == "P220"
