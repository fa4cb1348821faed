"""DETR as a detector: against Transformers' own classes, and in front of a second stage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from poseval.models import card, create_model, load_weights
from poseval.models.inference.whole_image import whole_image
from poseval.models.networks.detr_people import sized

pytestmark = pytest.mark.models
SMALL = {"depth": 18, "width": 8, "queries": 5, "layers": 2, "hidden": 32}


def noised(model: Any) -> Any:
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                noise = torch.randn(value.shape, generator=generator) * 0.1
                value.copy_(noise.abs() + 0.5 if name.endswith("running_var") else noise)
    return model.double().eval()


def test_equals_transformers(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    body = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 16, 32, 64], depths=[2, 2, 2, 2], layer_type="basic",
        out_features=["stage4"],
    )  # fmt: skip
    config = transformers.DetrConfig(
        backbone_config=body, use_timm_backbone=False, num_queries=5, encoder_layers=2, decoder_layers=2,
        encoder_ffn_dim=32, decoder_ffn_dim=32, num_labels=91,
    )  # fmt: skip
    theirs = noised(transformers.DetrForObjectDetection(config))
    torch.save(theirs.state_dict(), tmp_path / "theirs.pth")
    ours = create_model("detr_r50", **SMALL).double()
    load_weights(ours, tmp_path / "theirs.pth")
    images = torch.randn(2, 3, 96, 128, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    with torch.no_grad():
        wanted, found = theirs(images), ours(images)
    for name in ("pred_boxes", "pred_logits"):
        other = wanted["logits" if name == "pred_logits" else name]
        assert (found[name] - other).abs().max() / other.abs().max() < 1e-9


def as_earlier_transformers(state: dict[str, Any]) -> dict[str, Any]:
    """The keys of facebook/detr-resnet-50, whose ResNet is timm's."""
    out = {}
    norms = {"encoder": ("self_attn_layer_norm", "final_layer_norm"),
             "decoder": ("self_attn_layer_norm", "encoder_attn_layer_norm", "final_layer_norm")}  # fmt: skip
    outside = {"class_embed": "class_labels_classifier", "bbox_embed": "bbox_predictor",
               "query_embed": "model.query_position_embeddings", "input_proj": "model.input_projection",
               "transformer.decoder.norm": "model.decoder.layernorm"}  # fmt: skip
    for key, value in state.items():
        if key.startswith("backbone.0.body."):
            out["model.backbone.conv_encoder.model." + key.removeprefix("backbone.0.body.")] = value
            continue
        old = next((old for old in outside if key.startswith(old + ".")), None)
        if old is not None:
            out[outside[old] + key[len(old) :]] = value
            continue
        _, part, _, number, name = key.split(".", 4)
        place = f"model.{part}.layers.{number}."
        name = (
            name.replace("linear1", "fc1").replace("linear2", "fc2").replace("multihead_attn", "encoder_attn")
        )
        for index, norm in enumerate(norms[part]):
            name = name.replace(f"norm{index + 1}.", f"{norm}.") if name.startswith("norm") else name
        head, _, last = name.partition(".in_proj_")
        if last:
            for letter, third in zip("qkv", value.chunk(3), strict=True):
                out[f"{place}{head}.{letter}_proj.{last}"] = third
        else:
            out[place + name] = value
    return out


def test_earlier_keys_of_transformers_load(tmp_path: Path) -> None:
    first = noised(create_model("detr_r50", **SMALL))
    torch.save(as_earlier_transformers(first.state_dict()), tmp_path / "earlier.pth")
    second = create_model("detr_r50", **SMALL).double()
    load_weights(second, tmp_path / "earlier.pth")
    for key, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[key]), key


def test_people_are_boxes_in_the_image() -> None:
    torch.manual_seed(1)
    model = create_model("detr_r50", **SMALL)
    with torch.no_grad():
        model.class_embed.bias[1] += 5
        for layer in model.bbox_embed.layers:
            layer.weight.zero_()
            layer.bias.zero_()
    small = card("detr_r50").sized(input_size=(64, 100))
    poses = whole_image(model, small).poses(np.zeros((60, 80, 3), dtype=np.uint8))
    assert len(poses) == 5
    np.testing.assert_allclose(poses.box, [[20, 15, 60, 45]] * 5, rtol=1e-5)
    assert poses.xy.shape == (5, 0, 2)


def test_the_long_side_has_a_limit() -> None:
    assert sized((480, 640), (800, 1333)) == (800, 1066)
    assert sized((640, 480), (800, 1333)) == (1066, 800)
    assert sized((300, 1200), (800, 1333)) == (333, 1332)
