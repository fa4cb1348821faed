"""TokenPose against the official implementation, and its sparse form against the dense one."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

import torch

from poseval.errors import UsageError
from poseval.models import create_model, load_weights
from poseval.models.cost import measure
from poseval.models.networks.token_transformer import Links, TokenAttention, Transformer
from poseval.models.networks.tokenpose import TokenPose, joint_mask, patches
from poseval.skeletons import get_skeleton
from tests.models.fixture import check

pytestmark = pytest.mark.models

SMALL = {"patch": (4, 4), "depths": (4,)}  # 16 visual tokens on a 64 x 64 input


@pytest.mark.parametrize(
    ("name", "variant"),
    [
        ("tokenpose_t", "tokenpose_t_coco_256x192"),
        ("tokenpose_s_v1", "tokenpose_s_v1_coco_256x192"),
        pytest.param("tokenpose_b", "tokenpose_b_coco_256x192", marks=pytest.mark.slow),
        pytest.param("tokenpose_l_d6", "tokenpose_l_d6_mpii_256x256", marks=pytest.mark.slow),
    ],
)
def test_equals_the_official_network(name: str, variant: str) -> None:
    check(create_model(name), variant)


@pytest.mark.parametrize(
    ("name", "millions", "gigas", "keys"),
    [
        ("tokenpose_t", 5.866, 1.601, 144),
        ("tokenpose_s_v1", 6.670, 2.726, 234),
        ("tokenpose_s_v2", 6.375, 7.487, 234),
        ("tokenpose_b", 13.514, 6.276, 1074),
        ("tokenpose_l_d24", 27.532, 12.193, 1202),
        ("tokenpose_l_d6", 21.492, 12.891, 1004),
    ],
)
def test_cost(name: str, millions: float, gigas: float, keys: int) -> None:
    model = create_model(name)
    size = (256, 256) if name == "tokenpose_l_d6" else (256, 192)
    cost = measure(model, torch.zeros(1, 3, *size))
    assert (cost.parameters / 1e6, cost.macs / 1e9) == pytest.approx((millions, gigas), rel=0.005)
    assert len(model.state_dict()) == keys
    assert cost.savings == {}


def test_attention_of_the_small_variants_is_scaled_by_the_whole_width() -> None:
    def scale(name: str) -> float:
        model = create_model(name)
        return next(part.scale for part in model.modules() if isinstance(part, TokenAttention))

    assert scale("tokenpose_s_v1") == scale("tokenpose_s_v2") == 192**-0.5
    assert scale("tokenpose_t") == (192 // 16) ** -0.5
    assert scale("tokenpose_b") == (192 // 8) ** -0.5
    assert scale("tokenpose_l_d24") == (192 // 12) ** -0.5


def test_positions_do_not_learn() -> None:
    model = create_model("tokenpose_s_v1")
    assert not model.features.pos_embedding.requires_grad


def test_patches_are_rows_of_cells_with_channels_last() -> None:
    x = torch.arange(2 * 4 * 6).reshape(1, 2, 4, 6)
    cut = patches(x, (2, 3))
    assert cut.shape == (1, 4, 12)
    assert cut[0, 1].tolist() == [3, 27, 4, 28, 5, 29, 9, 33, 10, 34, 11, 35]


def _sparse(keep: float, **rest: object) -> TokenPose:
    torch.manual_seed(5)
    model = create_model(
        "tokenpose_s_sparse", input_size=(64, 64), keep_ratio=keep, **{**SMALL, **rest}
    ).double()
    assert isinstance(model, TokenPose)
    return model


def _images(count: int = 2) -> torch.Tensor:
    return torch.rand(count, 3, 64, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def test_keep_ratio_one_is_tokenpose_exactly() -> None:
    dense = create_model("tokenpose_s_v1", joints=16, input_size=(64, 64), **SMALL).double()
    sparse = _sparse(1.0)
    missing = sparse.load_state_dict(dense.state_dict(), strict=False).missing_keys
    assert missing
    assert all(".graph." in key for key in missing)  # and those start as the identity
    with torch.no_grad():
        assert torch.equal(sparse(_images()), dense(_images()))
    assert sparse.savings() == {}


def test_a_dense_checkpoint_loads_into_a_sparse_network(tmp_path: Path) -> None:
    dense = create_model("tokenpose_s_v1", joints=16, input_size=(64, 64), **SMALL).double()
    torch.save(dense.state_dict(), tmp_path / "dense.pth")
    sparse = _sparse(1.0)
    load_weights(sparse, tmp_path / "dense.pth")
    with torch.no_grad():
        assert torch.equal(sparse(_images()), dense(_images()))
    torch.save(sparse.state_dict(), tmp_path / "sparse.pth")
    load_weights(_sparse(0.5), tmp_path / "sparse.pth")


def test_left_out_products_give_the_masked_numbers() -> None:
    sparse = _sparse(0.4, skip=True)
    with torch.no_grad():
        skipped = sparse(_images())
        sparse.head.skip = False
        masked = sparse(_images())
    assert torch.allclose(skipped, masked, atol=1e-12, rtol=0)


def test_a_sparse_network_differs_from_a_dense_one() -> None:
    with torch.no_grad():
        dense, sparse = _sparse(1.0)(_images()), _sparse(0.2)(_images())
    assert float((dense - sparse).abs().max() / dense.abs().max()) > 1e-6


def test_work_is_really_left_out() -> None:
    def macs(keep: float, **more: Any) -> int:
        return measure(_sparse(keep, graph_layers=0, **more).float(), torch.zeros(1, 3, 64, 64)).macs

    joints, visual, width, layers = 16, 16, 192, 4
    kept = math.ceil(0.5 * visual)
    saved = (layers - 1) * 2 * visual * (visual - kept) * width
    assert macs(1.0) - macs(0.5, skip=True) == saved
    share = _sparse(0.5, graph_layers=0, skip=True)
    with torch.no_grad():
        share(_images(1))
    dense = layers * 2 * (joints + visual) ** 2 * width
    assert share.savings()["fraction of attention products skipped"] == pytest.approx(saved / dense)


def test_masking_leaves_nothing_out_and_says_so() -> None:
    for model in (_sparse(0.5), _sparse(0.5, skip=True).train()):
        with torch.no_grad():
            model(_images(1))
        assert model.savings() == {"fraction of attention products skipped": 0.0}


def test_tokens_that_are_pruned_leave_all_that_follows() -> None:
    """The same by a mask: what is not kept is no key of any later layer."""
    sparse = _sparse((0.75, 0.5, 0.5), graph_layers=0, prune="tokens")
    head, joints = sparse.head, 16
    with torch.no_grad():
        found = head.keypoint_tokens(_images())
        visual = head.patch_to_embedding(patches(head.features(_images()), head.patch)) + head.pos_embedding
        x = torch.cat((head.keypoint_token.expand(2, -1, -1), visual), dim=1)
        left = torch.ones(2, joints + 16, dtype=torch.bool)
        for index, layer in enumerate(head.get_submodule("transformer").layers):
            attention, mlp = layer.children()
            if index:
                x[:, joints:] += head.pos_embedding
            inner = attention.fn["fn"]
            split = inner.to_qkv(attention.fn["norm"](x)).reshape(2, joints + 16, 3, inner.heads, -1)
            query, key, value = split.permute(2, 0, 3, 1, 4).unbind(0)
            logits = query @ key.transpose(2, 3) * inner.scale
            weights = logits.masked_fill(~left[:, None, None, :], -math.inf).softmax(dim=3)
            x = x + inner.to_out((weights @ value).transpose(1, 2).reshape(x.shape))
            x = mlp(x)
            if index < 3:
                looked = weights[:, :, :joints, joints:].sum(dim=(1, 2))
                for row, seen in enumerate(looked):
                    left[row, joints:] = False
                    left[row, joints + seen.topk((12, 8, 8)[index]).indices] = True
    assert torch.allclose(found, x[:, :joints], atol=1e-12, rtol=0)
    assert head.products[0] < head.products[1]


def test_pruned_tokens_take_work_off_the_whole_transformer() -> None:
    def macs(**more: Any) -> int:
        return measure(_sparse(graph_layers=0, **more).float(), torch.zeros(1, 3, 64, 64)).macs

    by_links, by_tokens = macs(keep=0.5, skip=True), macs(keep=0.5, prune="tokens")
    linear = 4 * 192 * 192 * 2 + 2 * 3 * 192 * 192 * 8  # of 8 tokens: at least two layers without them
    assert by_tokens < by_links - linear


def test_tokens_are_pruned_in_training_too() -> None:
    model = _sparse(0.5, prune="tokens").train()
    model(_images()).square().sum().backward()
    assert model.head.products[0] < model.head.products[1]
    assert float(model.head.patch_to_embedding.weight.grad.abs().sum()) > 0


def _weights(links: Links, layers: int, skip: bool) -> list[torch.Tensor | None]:
    generator = torch.Generator().manual_seed(0)
    masks = []
    for _ in range(layers):
        query, key, value = torch.randn(3, 2, 3, 12, 5, dtype=torch.float64, generator=generator)
        masks.append(links.mask(12))
        links.attend(query, key, value, 1.0)
    return masks


@pytest.mark.parametrize("skip", [True, False])
def test_masks_only_narrow_and_rows_are_never_empty(skip: bool) -> None:
    links = Links(joints=4, keep=(8, 8, 6, 3, 3, 1), skip=skip)
    masks = _weights(links, 6, skip)
    assert masks[0] is None
    assert masks[1] is None
    counts = []
    before = torch.ones(2, 3, 12, 12, dtype=torch.bool)
    for mask in masks[2:]:
        assert mask is not None
        assert not (mask & ~before).any()
        assert mask[:, :, :4].all()  # keypoint tokens look everywhere
        assert mask[..., :4].all()  # and everyone looks at them
        counts.append(set(mask[:, :, 4:, 4:].sum(3).flatten().tolist()))
        before = mask
    assert counts == [{6}, {3}, {3}, {1}]


def test_the_strongest_links_are_kept() -> None:
    links = Links(joints=1, keep=(3, 2), skip=False)
    query = torch.ones(1, 1, 4, 1)
    key = torch.tensor([5.0, 1.0, 3.0, 2.0]).reshape(1, 1, 4, 1)
    links.attend(query, key, key, 1.0)
    assert links.kept is not None
    assert links.kept[0, 0].tolist() == [[1, 2]] * 3


def test_pruned_links_get_no_gradient() -> None:
    links = Links(joints=1, keep=(3, 1, 1), skip=False)
    generator = torch.Generator().manual_seed(2)
    first = torch.randn(3, 1, 1, 4, 2, generator=generator)
    links.attend(*first, 1.0)
    query, key, value = torch.randn(3, 1, 1, 4, 2, generator=generator).requires_grad_().unbind(0)
    value.retain_grad()
    mask = links.mask(4)
    assert mask is not None
    links.attend(query, key, value, 1.0)[:, :, 1].sum().backward()  # one visual row
    assert value.grad is not None
    reached = value.grad.abs().sum(3)[0, 0] > 0
    assert torch.equal(reached, mask[0, 0, 1])
    assert int(reached.sum()) == 2  # the keypoint and one visual token


def test_joint_mask_is_self_neighbours_and_mirror() -> None:
    skeleton = get_skeleton("mpii16")
    mask = joint_mask(skeleton)
    names = skeleton.joints
    seen = {names[j] for j in torch.nonzero(mask[names.index("left_elbow")]).flatten().tolist()}
    assert seen == {"left_elbow", "left_wrist", "left_shoulder", "right_elbow"}
    assert torch.equal(mask, mask.T)
    assert mask.diagonal().all()


def test_permuting_joints_and_mask_together_permutes_tokens() -> None:
    torch.manual_seed(0)
    graph = Transformer(16, 3, 4, 0.5).double().eval()
    mask = joint_mask(get_skeleton("mpii16"))
    tokens = torch.randn(2, 16, 16, dtype=torch.float64)
    order = torch.randperm(16)
    with torch.no_grad():
        plain = graph(tokens, mask=mask)
        moved = graph(tokens[:, order], mask=mask[order][:, order])
        blind = graph(tokens)
    assert torch.allclose(plain[:, order], moved, atol=1e-12)
    assert not torch.allclose(plain, blind, atol=1e-3)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"keep_ratio": 0.0}, "keep_ratio"),
        ({"keep_ratio": 1.5}, "keep_ratio"),
        ({"keep_ratio": (0.5, 0.6, 0.7)}, "keep_ratio"),
        ({"keep_ratio": (0.5, 0.4)}, "keep_ratio"),
        ({"prune_from": 0}, "prune_from"),
        ({"patch": (5, 4)}, "patch"),
        ({"skeleton": "coco17"}, "17 joints"),
        ({"skeleton": None}, "skeleton"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, object], what: str) -> None:
    with pytest.raises(UsageError, match=what) as caught:
        create_model("tokenpose_s_sparse", input_size=(64, 64), **{**SMALL, **options})
    assert caught.value.code == "P152"


def test_an_input_without_published_patch_needs_one() -> None:
    with pytest.raises(UsageError, match="patch") as caught:
        create_model("tokenpose_s_v1", input_size=(128, 96))
    assert caught.value.code == "P152"


def test_linear_layers_start_small_and_graph_layers_as_the_identity() -> None:
    model = create_model(
        "tokenpose_s_sparse", 16, (64, 64), patch=[2, 2], depths=[2], graph_layers=1, tokens="image"
    )
    linear = {name: part for name, part in model.named_modules() if isinstance(part, torch.nn.Linear)}
    zero = {name for name, part in linear.items() if not part.weight.any()}
    assert zero == {name for name in linear if ".graph." in name and name.endswith(("to_out.0", "net.3"))}
    for name in linear.keys() - zero:
        assert 0.015 < linear[name].weight.std() < 0.025
        assert linear[name].bias is None or not linear[name].bias.any()
