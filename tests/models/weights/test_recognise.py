"""Checkpoints of other models: what they are of is said."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

import torch

from poseval.errors import MismatchError
from poseval.models import card, create_model, load_weights
from poseval.models.weights import recognise

pytestmark = pytest.mark.models


def refusal(model: str, path: Path, joints: int = 17) -> str:
    with pytest.raises(MismatchError) as caught:
        load_weights(create_model(model, joints, (64, 64)), path)
    assert set(caught.value.counts) == {"P450"}
    return str(caught.value)


def test_the_model_of_a_checkpoint_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognise, "list_models", lambda: ["simplebaseline_r18", "synth_small", "hpm_1"])
    path = tmp_path / "small.pth"
    torch.save(create_model("synth_small", 16).state_dict(), path)  # other joints: two tensors differ
    assert "these are weights of synth_small" in refusal("simplebaseline_r18", path)


def test_keys_of_mmpose_ask_for_its_colours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognise, "list_models", lambda: ["synth_small"])
    first = create_model("mmpose_simplebaseline_r50", 17, (64, 64))
    state = {}
    for key, value in first.state_dict().items():
        name = key.removeprefix("network.")
        place = "head." if name.startswith(("deconv_layers.", "final_layer.")) else "backbone."
        state[place + name] = value
    path = tmp_path / "mmpose.pth"
    torch.save({"state_dict": state, "meta": {}}, path)
    assert "mmpose's, whose colours are RGB" in refusal("simplebaseline_r50", path)
    second = create_model("mmpose_simplebaseline_r50", 17, (64, 64))
    load_weights(second, path)
    assert torch.equal(second.state_dict()["network.conv1.weight"], state["backbone.conv1.weight"])
    assert card("simplebaseline_r50").colour == "bgr"
    assert card("mmpose_simplebaseline_r50").colour == "rgb"
