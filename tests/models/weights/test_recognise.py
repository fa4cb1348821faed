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


def test_counters_that_an_exporter_leaves_out_do_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recognise, "list_models", lambda: ["simplebaseline_r18", "synth_small"])
    state = create_model("synth_small").state_dict()
    path = tmp_path / "small.pth"
    torch.save({key: value for key, value in state.items() if "num_batches" not in key}, path)
    assert "these are weights of synth_small" in refusal("simplebaseline_r18", path)


@pytest.mark.parametrize(
    ("of", "run"),
    [
        ("hpm_1_binary", "hpm_1"),  # all that the other has, and more
        ("hpm_1", "hpm_1_binary"),
        ("simplebaseline_r18", "simplebaseline_r34"),
        ("hrnet_w48", "hrnet_w32"),  # the same names
        ("hpm_1_binary", "hrnet_w32"),
        ("detr_r50", "prtr_r50"),  # the same up to the ends
        ("vitpose_s", "mmpose_simplebaseline_r50"),  # whose keys are renamed
    ],
)
def test_a_model_with_many_of_the_same_tensors_is_named(
    of: str, run: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recognise, "list_models", lambda: [run, of])
    path = tmp_path / "other.pth"
    torch.save(create_model(of).state_dict(), path)
    said = refusal(run, path)
    assert f"these are weights of {of}; run that model" in said
    assert said.count("run that model") == 1


def test_weights_of_the_model_itself_are_not_of_another(tmp_path: Path) -> None:
    path = tmp_path / "joints.pth"
    torch.save(create_model("hourglass_2", 16, (64, 64), width=32).state_dict(), path)
    with pytest.raises(MismatchError) as caught:
        load_weights(create_model("hourglass_2", 17, (64, 64), width=32), path)
    assert "these are weights" not in str(caught.value)
    state = create_model("synth_small", 17, (64, 64)).state_dict()
    state.pop("final.weight")
    torch.save(state, path)
    assert "these are weights" not in refusal("synth_small", path)


def test_a_network_of_other_options_is_not_of_mmpose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognise, "list_models", lambda: ["synth_small", "vitpose_s"])
    path = tmp_path / "other.pth"
    torch.save(create_model("vitpose_s", 17, (64, 64), width=16, depth=2, heads=2).state_dict(), path)
    said = refusal("synth_small", path)
    assert "named as those of vitpose_s, and have other shapes" in said
    assert "mmpose" not in said
    assert "named as those" not in refusal("vitpose_s", path)


def test_a_head_for_others_is_no_other_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognise, "list_models", lambda: ["fan_1", "hpm_1"])  # equal but for their joints
    path = tmp_path / "faces.pth"
    torch.save(create_model("hpm_1", 21, (64, 64)).state_dict(), path)
    assert "its last layer gives 21 joints or classes, and the model 17" in refusal("hpm_1", path)


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
