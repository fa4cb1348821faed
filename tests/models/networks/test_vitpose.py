"""ViTPose against Transformers' own classes, and the keys of every kind of file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

import torch

from poseval.errors import MismatchError, UsageError
from poseval.models import card, create_model, load_weights

pytestmark = pytest.mark.models
SIZE = (64, 48)
SMALL = {"width": 32, "depth": 2, "heads": 4}


def made(**changes: Any) -> Any:
    torch.manual_seed(1)
    model = create_model("vitpose_s", 17, SIZE, **{**SMALL, **changes})
    return _noised(model)


def _noised(model: Any) -> Any:
    """Weights and moments of norms from noise, so that no layer is without effect."""
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                noise = torch.randn(value.shape, generator=generator) * 0.2
                value.copy_(noise.abs() + 0.5 if name.endswith("running_var") else noise)
    return model.double().eval()


def images() -> Any:
    return torch.randn(2, 3, *SIZE, generator=torch.Generator().manual_seed(3), dtype=torch.float64)


@pytest.mark.parametrize("simple", [False, True])
@pytest.mark.parametrize("expert", [None, 0, 2])
def test_equals_transformers(tmp_path: Path, simple: bool, expert: int | None) -> None:
    transformers = pytest.importorskip("transformers")
    backbone = transformers.VitPoseBackboneConfig(
        image_size=SIZE, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, layer_norm_eps=1e-6,
        num_experts=1 if expert is None else 4, part_features=8, out_indices=[2],
    )  # fmt: skip
    config = transformers.VitPoseConfig(backbone_config=backbone, use_simple_decoder=simple)
    config.num_labels = 17
    theirs = _noised(transformers.VitPoseForPoseEstimation(config))
    torch.save(theirs.state_dict(), tmp_path / "theirs.pth")
    ours = made(simple=simple, data_set=expert or 0)
    load_weights(ours, tmp_path / "theirs.pth")
    index = None if expert is None else torch.full((2,), expert)
    with torch.no_grad():
        wanted = theirs(images(), dataset_index=index).heatmaps
        apart = (ours(images()) - wanted).abs().max() / wanted.abs().max()
    assert apart < 1e-9


LAYER = {
    "norm1": "layernorm_before", "norm2": "layernorm_after", "attn.proj": "attention.output.dense",
    "mlp.fc1": "mlp.fc1", "mlp.fc2": "mlp.fc2",
}  # fmt: skip
MMPOSE_LAYER = {
    "norm1": "ln1", "norm2": "ln2", "attn.proj": "attn.proj", "attn.qkv": "attn.qkv",
    "mlp.fc1": "ffn.layers.0.0", "mlp.fc2": "ffn.layers.1",
}  # fmt: skip
HEAD = {"deconv_layers.0": "deconv1", "deconv_layers.1": "batchnorm1", "deconv_layers.3": "deconv2",
        "deconv_layers.4": "batchnorm2", "final_layer": "conv"}  # fmt: skip


def as_transformers(state: dict[str, Any]) -> dict[str, Any]:
    out = {}
    for key, value in state.items():
        part, last = key.rpartition(".")[::2]
        if key == "backbone.pos_embed":
            out["backbone.embeddings.position_embeddings"] = value
        elif part == "backbone.patch_embed.proj":
            out[f"backbone.embeddings.patch_embeddings.projection.{last}"] = value
        elif part == "backbone.last_norm":
            out[f"backbone.layernorm.{last}"] = value
        elif part.startswith("keypoint_head."):
            out[f"head.{HEAD[part.removeprefix('keypoint_head.')]}.{last}"] = value
        else:
            _, _, number, name = part.split(".", 3)
            place = f"backbone.encoder.layer.{number}"
            if name == "attn.qkv":
                for word, third in zip(("query", "key", "value"), value.chunk(3), strict=True):
                    out[f"{place}.attention.attention.{word}.{last}"] = third
            else:
                out[f"{place}.{LAYER[name]}.{last}"] = value
    return out


def as_mmpose(state: dict[str, Any]) -> dict[str, Any]:
    out = {}
    for key, value in state.items():
        if key == "backbone.pos_embed":
            out[key] = value[:, 1:] + value[:, :1]
        elif key.startswith("backbone.blocks."):
            _, _, number, name = key.rpartition(".")[0].split(".", 3)
            out[f"backbone.layers.{number}.{MMPOSE_LAYER[name]}.{key.rpartition('.')[2]}"] = value
        else:
            key = key.replace("patch_embed.proj.", "patch_embed.projection.").replace("last_norm", "ln1")
            out[key.replace("keypoint_head.", "head.")] = value
    return out


def as_plus(state: dict[str, Any]) -> dict[str, Any]:
    """A file of three data sets, of which the second is the network's."""
    out = {}
    for key, value in state.items():
        if ".mlp.fc2." in key:
            out[key] = value[:24]
            for expert in range(3):
                out[key.replace("fc2", f"experts.{expert}")] = value[24:] + (expert - 1)
        elif key.startswith("keypoint_head."):
            out[key] = value + 1 if value.is_floating_point() else value
            for head in range(2):
                other = key.replace("keypoint_head", f"associate_keypoint_heads.{head}")
                out[other] = value + head if value.is_floating_point() else value
        else:
            out[key] = value
    return out


def write_safetensors(state: dict[str, Any], path: Path) -> None:
    names = {torch.float64: "F64", torch.int64: "I64"}
    header, parts, at = {}, [], 0
    for key, value in state.items():
        data = value.contiguous().numpy().tobytes()
        entry = {
            "dtype": names[value.dtype],
            "shape": list(value.shape),
            "data_offsets": [at, at + len(data)],
        }
        header[key] = entry
        at += len(data)
        parts.append(data)
    head = json.dumps(header).encode()
    path.write_bytes(len(head).to_bytes(8, "little") + head + b"".join(parts))


@pytest.mark.parametrize(
    ("layout", "data_set"), [(dict, 0), (as_transformers, 0), (as_mmpose, 0), (as_plus, 1)]
)
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_every_layout_gives_the_same_maps(tmp_path: Path, layout: Any, data_set: int, suffix: str) -> None:
    first = made()
    state = layout(first.state_dict())
    path = tmp_path / f"weights{suffix}"
    write_safetensors(state, path) if suffix == ".safetensors" else torch.save(state, path)
    second = create_model("vitpose_s", 17, SIZE, **SMALL, data_set=data_set).double()
    load_weights(second, path)
    with torch.no_grad():
        assert (second(images()) - first(images())).abs().max() < 1e-12
    with pytest.raises(MismatchError, match="P450"):
        load_weights(create_model("vitpose_s", 17, SIZE, **{**SMALL, "depth": 3}), path)


@pytest.mark.parametrize(("size", "millions"), [("s", 24.3), ("b", 90.0), ("l", 308.6), ("h", 637.2)])
def test_sizes_have_the_parameters_of_the_paper(size: str, millions: float) -> None:
    with torch.device("meta"):
        model = create_model(f"vitpose_{size}")
        count = sum(parameter.numel() for parameter in model.parameters())
        assert model(torch.zeros(1, 3, 256, 192)).shape == (1, 17, 64, 48)
    assert count / 1e6 == pytest.approx(millions, rel=0.01)


def test_unfit_sizes_are_refused() -> None:
    for changes in ({"input_size": (64, 50)}, {"width": 30, "heads": 4}):
        with pytest.raises(UsageError):
            create_model("vitpose_s", **{"input_size": SIZE, **changes})  # type: ignore[arg-type]
    assert card("vitpose_b").decode == card("vitpose_b").crop == "udp"
