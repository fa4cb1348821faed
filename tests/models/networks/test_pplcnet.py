"""PP-LCNet against PaddleClas (recorded in float32) and timm."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from poseval.errors import FormatError, MismatchError, UsageError
from poseval.models import create_model, load_weights
from poseval.models.cost import measure
from poseval.models.networks.pplcnet import DROPOUT, PPLCNet
from tests.models.fixture import check

pytestmark = pytest.mark.models


@pytest.mark.parametrize("scale", ["x0_5", "x1_0"])
def test_equals_paddle(scale: str) -> None:
    check(create_model(f"pplcnet_{scale}"), f"pplcnet_{scale}", dtypes=(torch.float32,))


def test_equals_timm() -> None:
    check(create_model("lcnet_100"), "timm_lcnet_100")


@pytest.mark.parametrize(
    ("scale", "millions", "stated_macs"),
    [("x0_25", 1.521, 18e6), ("x0_5", 1.880, 47e6), ("x1_0", 2.953, 161e6), ("x2_5", 9.018, 906e6)],
)
def test_size_is_the_published_one(scale: str, millions: float, stated_macs: float) -> None:
    cost = measure(create_model(f"pplcnet_{scale}"), torch.zeros(1, 3, 224, 224))
    assert cost.parameters / 1e6 == pytest.approx(millions, rel=0.005)
    # The paper counts norms and activations too, which our count leaves out.
    assert 0.9 * stated_macs < cost.macs < stated_macs


def test_features_are_scaled_down_at_inference_only() -> None:
    model = PPLCNet(0.25, 10).eval()
    seen: list[torch.Tensor] = []
    model.fc.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    model.last_conv.register_forward_hook(lambda module, inputs, out: torch.full_like(out, 3.0))
    image = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        model(image)
        model.train()(image)
    inference, training = seen
    assert torch.allclose(inference, torch.full_like(inference, 3.0 * (1 - DROPOUT)))
    # hard-swish of 3 is 3: kept features pass unscaled in training, the others are zero
    assert torch.all((training == 0) | torch.isclose(training, torch.tensor(3.0)))
    assert 0.1 < float((training == 0).float().mean()) < 0.3


def test_paddle_parameters_are_read_without_paddle(tmp_path: Path) -> None:
    source = create_model("pplcnet_x0_25", joints=7)
    arrays = {}
    for key, value in source.state_dict().items():
        name = key.replace("running_mean", "_mean").replace("running_var", "_variance")
        array = torch.randn_like(value).abs().numpy()
        arrays[name] = np.ascontiguousarray(array.T) if key == "fc.weight" else array
    path = tmp_path / "PPLCNet_x0_25_pretrained.pdparams"
    path.write_bytes(
        pickle.dumps({**arrays, "StructuredToParameterName@@": {"fc.weight": "w_0"}}, protocol=2)
    )
    model = create_model("pplcnet_x0_25", joints=7)
    loaded = load_weights(model, path)
    assert loaded.tensors == len(arrays)
    state = model.state_dict()
    assert np.array_equal(state["fc.weight"].numpy(), arrays["fc.weight"].T)
    assert np.array_equal(state["conv1.bn.running_mean"].numpy(), arrays["conv1.bn._mean"])
    with pytest.raises(MismatchError) as caught:
        load_weights(create_model("pplcnet_x0_5", joints=7), path)
    assert caught.value.code == "P450"


class _Runs:
    def __reduce__(self) -> object:
        return (print, ("code ran",))


def test_paddle_parameters_never_run_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "hostile.pdparams"
    path.write_bytes(pickle.dumps({"fc.weight": _Runs()}))
    with pytest.raises(FormatError, match="print") as caught:
        load_weights(create_model("pplcnet_x0_25"), path)
    assert caught.value.code == "P251"
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("content", "code"), [(b"", "P250"), (b"\x80\x02}q\x00", "P250"), (pickle.dumps({"a": 1}), "P252")]
)
def test_files_that_are_no_paddle_parameters(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "broken.pdparams"
    path.write_bytes(content)
    with pytest.raises(FormatError) as caught:
        load_weights(create_model("pplcnet_x0_25"), path)
    assert caught.value.code == code


def test_a_pytorch_checkpoint_loads_too(tmp_path: Path) -> None:
    model = create_model("pplcnet_x0_25", joints=3)
    torch.save(
        {"state_dict": {f"module.{k}": v for k, v in model.state_dict().items()}}, tmp_path / "own.pth"
    )
    other = create_model("pplcnet_x0_25", joints=3)
    load_weights(other, tmp_path / "own.pth")
    assert torch.equal(other.fc.weight, model.fc.weight)


def test_pose_network_gives_quarter_size_maps() -> None:
    model = create_model("pplcnet_x1_0_pose", joints=16, input_size=(128, 96))
    with torch.no_grad():
        assert model(torch.zeros(2, 3, 128, 96)).shape == (2, 16, 32, 24)
    with pytest.raises(UsageError) as caught:
        create_model("pplcnet_x1_0_pose", input_size=(100, 96))
    assert caught.value.code == "P151"
