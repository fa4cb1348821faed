"""Variants without a recorded case have the key layout that their recorded relatives' official files have."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

pytest.importorskip("torch")

import torch

from poseval.models import create_model
from tests.shared import shared_path

pytestmark = pytest.mark.models
Entry = tuple[str, tuple[int, ...], str]

# name, joints, relative, keys and millions of parameters that the spec states
SAME_KEYS = [
    ("hrnet_w48", 17, "hrnet_w32_coco_256x192", 1754, 63.596),
    ("dekr_w48", 17, "dekr_w32_coco_256", 2264, 65.685),
    ("tokenpose_s_v2", 17, "tokenpose_s_v1_coco_256x192", 234, 6.375),
    ("ps_vit_b_18", None, "ps_vit_b_14", 230, 21.344),
    ("pplcnet_x0_25", None, "pplcnet_x0_5", 146, 1.521),
    ("pplcnet_x2_5", None, "pplcnet_x1_0", 146, 9.018),
    ("simplebaseline_r50_caffe", 17, "simplebaseline_r50_coco_256x192", 338, 34.000),
    ("simplebaseline_r152_caffe", 17, "simplebaseline_r152_coco_384x288", 950, 68.635),
    ("lcnet_075", None, "timm_lcnet_100", 174, None),
    ("lcnet_150", None, "timm_lcnet_100", 174, None),
]
MORE_BLOCKS = [
    ("simplebaseline_r34", 17, "simplebaseline_r18_coco_256x192", None, None),
    ("simplebaseline_r101", 16, "simplebaseline_r50_coco_256x192", 644, 52.992),
    ("simplebaseline_r101_caffe", 16, "simplebaseline_r50_coco_256x192", 644, 52.992),
    ("prtr_r101", 17, "prtr_r50_coco_384x288", 713, 60.445),
    ("prtr_r152", 16, "prtr_r50_coco_384x288", None, None),
    ("tokenpose_l_d24", 17, "tokenpose_l_d6_mpii_256x256", 1202, 27.532),
    ("hourglass_8", 16, "hourglass2_princeton_mpii_256", 2752, 32.819),
]


def layout(name: str, joints: int | None) -> list[Entry]:
    """Keys, shapes and kinds (parameter or buffer) of a model, without any weights."""
    with torch.device("meta"):
        model = create_model(name, joints)
    learning = {key for key, _ in model.named_parameters()}
    return [
        (key, tuple(value.shape), "p" if key in learning else "b")
        for key, value in model.state_dict().items()
    ]


def recorded(variant: str) -> list[Entry]:
    rows: list[Any] = json.loads(shared_path(f"golden/models/{variant}/state_dict.json").read_text())
    return [(key, tuple(shape), kind) for key, shape, kind, *_ in rows]


def patterns(entries: list[Entry]) -> set[tuple[str, int, str]]:
    """Keys with their numbers taken out, ranks and kinds: what more blocks of the same kind leave alone."""
    return {(re.sub(r"\d+", "#", key), len(shape), kind) for key, shape, kind in entries}


def check_size(mine: list[Entry], keys: int | None, millions: float | None) -> None:
    assert keys is None or len(mine) == keys
    if millions is not None:
        held = sum(torch.Size(shape).numel() for _, shape, kind in mine if kind == "p")
        assert held / 1e6 == pytest.approx(millions, abs=6e-4)


@pytest.mark.parametrize(("name", "joints", "variant", "keys", "millions"), SAME_KEYS)
def test_other_widths_have_the_same_keys_in_the_same_order(
    name: str, joints: int | None, variant: str, keys: int, millions: float | None
) -> None:
    mine = layout(name, joints)
    assert [(key, len(shape), kind) for key, shape, kind in mine] == [
        (key, len(shape), kind) for key, shape, kind in recorded(variant)
    ]
    check_size(mine, keys, millions)


@pytest.mark.parametrize(("name", "joints", "variant", "keys", "millions"), MORE_BLOCKS)
def test_deeper_networks_have_more_of_the_same_keys(
    name: str, joints: int, variant: str, keys: int | None, millions: float | None
) -> None:
    mine, relative = layout(name, joints), recorded(variant)
    assert patterns(mine) == patterns(relative)
    assert len(mine) > len(relative) or name.startswith("prtr_r50")
    check_size(mine, keys, millions)


BLOCKS = {101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}


@pytest.mark.parametrize(
    ("name", "depth", "prefix"),
    [
        ("simplebaseline_r101", 101, ""),
        ("prtr_r101", 101, "backbone.0.body."),
        ("prtr_r152", 152, "backbone.0.body."),
    ],
)
def test_resnets_have_the_published_blocks(name: str, depth: int, prefix: str) -> None:
    keys = {key for key, _, _ in layout(name, None)}
    for stage, count in enumerate(BLOCKS[depth], start=1):
        found = {
            int(key.split(".")[-3])
            for key in keys
            if re.fullmatch(rf"{re.escape(prefix)}layer{stage}\.\d+\.conv1\.weight", key)
        }
        assert found == set(range(count))


def test_stacks_of_fan_repeat_its_keys() -> None:
    one = recorded("fan1_aflw68_256")
    four = {key: shape for key, shape, _ in layout("fan_4", 68)}
    stacked = re.compile(r"^(m|top_m_|conv_last|bn_end|l)0(?=\.)")
    again = {stacked.sub(rf"\g<1>{stack}", key): shape for key, shape, _ in one for stack in range(4)}
    joining = {
        f"{part}{stack}.{end}" for part in ("bl", "al") for stack in range(3) for end in ("weight", "bias")
    }
    assert set(four) == set(again) | joining
    assert all(four[key] == shape for key, shape in again.items())
    assert four["al0.weight"] == (256, 68, 1, 1)
    check_size(layout("fan_4", 68), 1129, 23.820)


def test_the_whole_sequential_network_extends_the_recorded_small_one() -> None:
    mine = layout("prtr_sequential", 17)
    body = [(key.partition("body.")[2], shape, kind) for key, shape, kind in mine if ".body." in key]
    published = [
        (key.partition("body.")[2], shape, kind)
        for key, shape, kind in recorded("prtr_r50_coco_384x288")
        if ".body." in key
    ]
    assert sorted(body) == sorted(published)
    heads = patterns([entry for entry in mine if ".body." not in entry[0]])
    small = patterns([entry for entry in recorded("prtr_sequential_small") if "backbone" not in entry[0]])
    assert heads == small


def test_sparse_tokenpose_adds_its_graph_to_tokenposes_keys() -> None:
    dense = {key: shape for key, shape, _ in recorded("tokenpose_s_v1_coco_256x192")}
    with torch.device("meta"):
        model = create_model("tokenpose_s_sparse", 17, (256, 192), skeleton="coco17")
    sparse = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    assert {key: sparse[key] for key in dense} == dense
    assert all("graph" in key for key in set(sparse) - set(dense))
