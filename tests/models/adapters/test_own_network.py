"""Networks that a card names, in every kind of file, against the same network in PyTorch."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from poseval.errors import FormatError, MismatchError, UsageError, ValueRangeError
from poseval.models import card, create_model, load_weights
from poseval.models.adapters.own_network import build
from poseval.models.cost import cost_of, parameters_of
from poseval.models.describe import card_rows
from poseval.models.inference.top_down import TopDown
from poseval.models.registry import build_model
from tests.models.card_text import card_file

pytestmark = pytest.mark.models
JOINTS = 17


class Tiny(nn.Module):
    """Images to 17 maps of a quarter of their sides."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.first = nn.Conv2d(3, 4, 4, 4)
        self.last = nn.Conv2d(4, JOINTS, 1)

    def forward(self, x: Any) -> Any:
        return self.last(self.first(x).relu())


def images(count: int) -> Any:
    return torch.randn(count, 3, 64, 48, generator=torch.Generator().manual_seed(5))


def opened(path: Path) -> nn.Module:
    entry = card(str(path))
    model = build_model(entry)
    assert entry.file is not None
    load_weights(model, entry.file)
    return model


def traced(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer releases warn that TorchScript ages
        torch.jit.save(torch.jit.trace(Tiny().eval(), images(2)), str(path))


def test_a_torchscript_file_gives_what_the_network_gives(tmp_path: Path) -> None:
    traced(tmp_path / "net.pt")
    model = opened(card_file(tmp_path, network={"file": "net.pt"}))
    with torch.no_grad():
        assert torch.equal(model(images(3)), Tiny()(images(3)))


@pytest.mark.slow
def test_an_exported_file_gives_what_the_network_gives(tmp_path: Path) -> None:
    torch.export.save(torch.export.export(Tiny().eval(), (images(2),)), tmp_path / "net.pt2")
    model = opened(card_file(tmp_path, network={"file": "net.pt2"}))
    with torch.no_grad():  # exported for two images at a time: five take three passes
        assert torch.equal(model(images(5)), Tiny()(images(5)))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["free", "one", "half"])
def test_an_onnx_file_gives_what_the_network_gives(tmp_path: Path, kind: str) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    net, given = Tiny().eval(), images(1 if kind == "one" else 2)
    axes = {"x": {0: "n"}, "y": {0: "n"}} if kind != "one" else None
    if kind == "half":
        net, given = net.half(), given.half()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            net, (given,), str(tmp_path / "net.onnx"), dynamo=False, input_names=["x"], output_names=["y"],
            dynamic_axes=axes,
        )  # fmt: skip
    model = opened(card_file(tmp_path))
    with torch.no_grad():
        apart = (model(images(3)).float() - Tiny()(images(3))).abs().max().item()
    assert apart < (0.01 if kind == "half" else 1e-5)


MODULE = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, joints, outputs):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(1))
        self.joints, self.outputs = joints, outputs

    def forward(self, x):
        count = len(x)
        if self.outputs == "maps":
            return torch.zeros(count, self.joints, 16, 12) * self.gain
        if self.outputs == "points":
            return torch.tensor([24.0, 16.0, 0.5]).expand(count, self.joints, 3) * self.gain
        if self.outputs == "vectors":
            x, y = torch.zeros(count, self.joints, 96), torch.zeros(count, self.joints, 128)
            x[..., 20], y[..., 30] = 0.5, 0.75
            return x, y
        raise ZeroDivisionError("nothing to give")

def make(joints, input_size, outputs="maps"):
    return Net(joints, outputs)

def text(joints, input_size):
    return "a text"
"""


def by_entry(tmp_path: Path, outputs: str, name: str = "make", **output: Any) -> Any:
    (tmp_path / f"net_{tmp_path.name}.py").write_text(MODULE)
    network = {"file": None, "entry": f"net_{tmp_path.name}:{name}"}
    network |= {"options": {"outputs": outputs}} if outputs else {}
    entry = card(str(card_file(tmp_path, network=network, output=output)))
    return entry, build_model(entry)


def test_a_python_entry_beside_the_card_makes_the_network(tmp_path: Path) -> None:
    entry, model = by_entry(tmp_path, "points", decode="coordinates", units="pixels", flip="none")
    xy, score = TopDown(model, entry).decoded(images(2))
    np.testing.assert_allclose(xy, np.broadcast_to([24.0, 16.0], (2, 17, 2)))
    np.testing.assert_allclose(score, 0.5)
    torch.save({"gain": torch.full((1,), 0.5)}, tmp_path / "gain.pth")
    load_weights(model, tmp_path / "gain.pth")
    np.testing.assert_allclose(TopDown(model, entry).decoded(images(1))[0][0, 0], [12.0, 8.0])


def test_a_flip_test_of_simcc_averages_the_distributions(tmp_path: Path) -> None:
    entry, model = by_entry(tmp_path, "vectors", decode="simcc")
    xy, score = TopDown(model, entry).decoded(images(1))
    # The network answers alike for the mirrored input, so half of x's weight lies at 95 - 20 half pixels.
    np.testing.assert_allclose(xy[0], [[10.0, 15.0]] * 17)
    np.testing.assert_allclose(score, 0.25)


@pytest.mark.parametrize(
    ("outputs", "decode", "words"),
    [
        ("maps", "simcc", r"has 1 output \[1, 17, 16, 12\]"),
        ("vectors", "quarter", "has 2 outputs"),
        ("points", "quarter", r"\[1, 17, 3\]"),
        ("maps", "coordinates", r"\[1, 17, 16, 12\]"),
    ],
)
def test_outputs_other_than_the_card_says_are_refused(
    tmp_path: Path, outputs: str, decode: str, words: str
) -> None:
    entry, model = by_entry(tmp_path, outputs, decode=decode, flip="none")
    with pytest.raises(MismatchError, match=words) as caught:
        TopDown(model, entry).decoded(images(1))
    assert caught.value.code == "P451"


@pytest.mark.parametrize("number", ["nan", "inf"])
@pytest.mark.parametrize(
    ("outputs", "decode"), [("maps", "quarter"), ("points", "coordinates"), ("vectors", "simcc")]
)
def test_numbers_that_are_not_finite_are_refused(
    tmp_path: Path, outputs: str, decode: str, number: str
) -> None:
    entry, model = by_entry(tmp_path, outputs, decode=decode, flip="none")
    forward = model.forward
    model.forward = lambda given: _plus(forward(given), float(number))
    if decode == "coordinates":
        model.own.gain.data.fill_(float(number))
    with pytest.raises(ValueRangeError) as caught:
        TopDown(model, entry).decoded(images(1))
    assert caught.value.code == "P359"


def _plus(outputs: Any, number: float) -> Any:
    return tuple(each + number for each in outputs) if isinstance(outputs, tuple) else outputs + number


@pytest.mark.parametrize(
    ("outputs", "name", "words"),
    [
        ("", "text", "makes a str"),
        ("maps", "text", "takes no option outputs"),
        ("maps", "gone", "names the function gone, which the module does not have"),
        ("none", "make", "ZeroDivisionError: nothing to give"),
    ],
)
def test_a_failing_entry_is_named(tmp_path: Path, outputs: str, name: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        by_entry(tmp_path, outputs, name)[1](images(1))
    assert caught.value.code == "P880"


def test_near_names_of_an_entry_are_proposed(tmp_path: Path) -> None:
    (tmp_path / "nearby.py").write_text("def build(joints, input_size, width=8):\n    return None\n")
    for entry, options, meant in (
        ("nearbi:build", {}, "did you mean nearby?"),
        ("nearby:biuld", {}, "did you mean build?"),
        ("nearby:build", {"widht": 16}, "did you mean width?"),
    ):
        with pytest.raises(UsageError) as caught:
            build(17, (64, 48), "argmax", {"entry": entry, "folder": str(tmp_path), "options": options})
        assert caught.value.code == "P880"
        assert caught.value.fault.hint == meant


@pytest.mark.parametrize("name", ["net.pt", "net.pt2"])
def test_half_a_file_is_refused(tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture) -> None:
    traced(tmp_path / "whole.pt")
    (tmp_path / name).write_bytes((tmp_path / "whole.pt").read_bytes()[:600])
    with pytest.raises(FormatError, match="truncated") as caught:
        opened(card_file(tmp_path, network={"file": name}))
    assert caught.value.code == "P250"
    assert not [record for record in caplog.records if record.exc_info]


def test_a_network_that_fails_on_its_input_is_refused(tmp_path: Path) -> None:
    traced(tmp_path / "net.pt")
    model = opened(card_file(tmp_path, network={"file": "net.pt", "layout": "nhwc"}))
    with pytest.raises(
        MismatchError, match=r"fails on its input of 1 x \d+ x \d+ x 3 \(.*3 channels"
    ) as caught:
        model(images(1))
    assert caught.value.code == "P451"
    assert "correct size and layout in the card" in str(caught.value)


def test_a_network_is_no_weights_alone(tmp_path: Path) -> None:
    traced(tmp_path / "net.pt")
    with pytest.raises(FormatError, match="is a TorchScript network") as caught:
        load_weights(create_model("synth_small"), tmp_path / "net.pt")
    assert caught.value.code == "P252"


@pytest.mark.parametrize(
    ("name", "member", "words"),
    [
        ("net.pt2", "net/models/model.json", "a torch.export"),
        ("net.pt2", "serialized_exported_program.json", "a torch.export"),
        ("net.onnx", None, "an ONNX"),
    ],
)
def test_so_are_networks_of_other_formats(tmp_path: Path, name: str, member: str | None, words: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"\x08\x09\x12\x07pytorch")
    if member is not None:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(member, "{}")
    with pytest.raises(FormatError, match=f"is {words} network") as caught:
        load_weights(create_model("synth_small"), path)
    assert caught.value.code == "P252"
    assert "docs/cards.md" in str(caught.value)


def test_weights_alone_are_no_network(tmp_path: Path) -> None:
    torch.save(Tiny().state_dict(), tmp_path / "net.pt")
    with pytest.raises(FormatError, match="holds tensors by name, and no network") as caught:
        opened(card_file(tmp_path, network={"file": "net.pt"}))
    assert "as entry" in str(caught.value)
    (tmp_path / "tiny_net.py").write_text(
        "from tests.models.adapters.test_own_network import Tiny\n\n"
        "def make(joints, input_size):\n    return Tiny()\n"
    )
    followed = card_file(tmp_path, network={"file": "net.pt", "entry": "tiny_net:make"})
    with torch.no_grad():
        assert torch.equal(opened(followed)(images(2)), Tiny()(images(2)))


HELD = 3 * 4 * 4 * 4 + 4 + 4 * JOINTS + JOINTS  # parameters of `Tiny`
MACS = 16 * 12 * 4 * (3 * 16 + JOINTS)


def test_a_torchscript_file_tells_its_parameters(tmp_path: Path) -> None:
    traced(tmp_path / "net.pt")
    cost = cost_of(card(str(card_file(tmp_path, network={"file": "net.pt"}))))
    assert (cost.parameters, cost.macs) == (HELD, MACS)


def test_a_frozen_torchscript_file_does_not(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frozen = torch.jit.freeze(torch.jit.trace(Tiny().eval(), images(2)))
        torch.jit.save(frozen, str(tmp_path / "net.pt"))
    entry = card(str(card_file(tmp_path, network={"file": "net.pt"})))
    cost = cost_of(entry)
    assert (cost.parameters, cost.macs) == (None, MACS)
    assert ("parameters", "not known: the network file does not tell them") in card_rows(entry, cost)


@pytest.mark.slow
def test_an_exported_file_tells_its_parameters(tmp_path: Path) -> None:
    torch.export.save(torch.export.export(Tiny().eval(), (images(1),)), tmp_path / "net.pt2")
    with pytest.raises(FormatError, match=r"is a torch.export network"):
        load_weights(create_model("synth_small"), tmp_path / "net.pt2")
    assert cost_of(card(str(card_file(tmp_path, network={"file": "net.pt2"})))).parameters == HELD


@pytest.mark.slow
def test_an_onnx_file_tells_its_parameters_and_no_macs(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(Tiny().eval(), (images(1),), str(tmp_path / "net.onnx"), dynamo=False)
    entry = card(str(card_file(tmp_path)))
    cost = cost_of(entry)
    assert (cost.parameters, cost.macs) == (HELD, None)
    assert ("MACs", "not known: another runtime than PyTorch computes this network") in card_rows(entry, cost)


def test_a_python_entry_tells_its_parameters(tmp_path: Path) -> None:
    assert parameters_of(by_entry(tmp_path, "maps")[1]) == 1


def test_a_python_entry_may_look_at_its_numbers(tmp_path: Path) -> None:
    (tmp_path / "looking.py").write_text(
        "import torch\n\nclass Looking(torch.nn.Module):\n    def forward(self, x):\n"
        "        assert len(torch.nonzero(x)) >= 0\n        return torch.zeros(len(x), 17, 16, 12)\n\n"
        "def make(joints, input_size):\n    return Looking()\n"
    )
    entry = card(str(card_file(tmp_path, network={"file": None, "entry": "looking:make"})))
    assert (cost_of(entry).parameters, cost_of(entry).macs) == (0, 0)
