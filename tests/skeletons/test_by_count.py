"""The table from numbers of joints to skeletons."""

from __future__ import annotations

import pytest

from poseval.errors import FormatError
from poseval.skeletons import get_skeleton, names
from poseval.skeletons.by_count import FAMILIES, require_skeleton, skeleton_for, skeletons_of


def test_the_family_decides_what_is_ambiguous() -> None:
    assert {"lsp14", "crowdpose14", "aic14"} <= set(skeletons_of(14))
    meant = {family: skeleton_for(14, family) for family in FAMILIES}
    assert {family: found and found.name for family, found in meant.items()} == {
        "estimators": "crowdpose14",
        "openpose": None,
        "single person": "lsp14",
        "faces": None,
        "coco": None,
    }


@pytest.mark.parametrize(
    ("count", "name"), [(17, "coco17"), (16, "mpii16"), (133, "coco_wholebody133"), (14, None), (7, None)]
)
def test_cocos_files_hold_whatever_leaves_no_doubt(count: int, name: str | None) -> None:
    found = skeleton_for(count, "coco")
    assert (found and found.name) == name


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_has_one_skeleton_for_a_number(family: str) -> None:
    counts = [len(get_skeleton(name)) for name in FAMILIES[family]]
    assert len(counts) == len(set(counts))
    for name, count in zip(FAMILIES[family], counts, strict=True):
        assert require_skeleton(count, family, "a file") == get_skeleton(name)


def test_every_skeleton_is_found_by_its_number() -> None:
    for name in names():
        assert name in skeletons_of(len(get_skeleton(name)))


def test_a_number_that_is_not_customary_is_refused_with_those_that_are() -> None:
    with pytest.raises(FormatError, match=r"25 \(openpose_body25\)") as caught:
        require_skeleton(17, "openpose", "a file")
    assert caught.value.code == "P204"
