"""Outputs that a network's file gives, and that its card does not read."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from poseval.errors import MismatchError
from poseval.models import card, load_weights
from poseval.models.adapters.network_files import OnnxFile, open_network, tensors_of
from poseval.models.registry import build_model
from poseval.models.weights.load import state_digest
from tests.models.adapters.test_onnx_initializers import model as onnx_file
from tests.models.adapters.test_onnx_initializers import outside
from tests.models.card_text import card_file

pytestmark = pytest.mark.models


class Whole(nn.Module):
    def forward(self, x: torch.Tensor) -> int:
        return 3


class Nothing(nn.Module):
    def forward(self, x: torch.Tensor) -> None:
        return None


class Word(nn.Module):
    def forward(self, x: torch.Tensor) -> str:
        return "maps"


class Imaginary(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.zeros(x.shape[0], 17, 16, 12, dtype=torch.complex64)


class OneMore(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.zeros(x.shape[0] + 1, 17, 16, 12)


class OneRow(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.zeros(1, 17, 16, 12)


class Number(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.sum()


STRANGE = [
    (Whole, "gives int"),
    (Nothing, "gives nothing"),
    (Word, "gives str"),
    (Imaginary, "gives complex numbers"),
    (OneMore, "gives 3 x 17 x 16 x 12 for 2 images"),
    (OneRow, "gives 1 x 17 x 16 x 12 for 2 images"),
    (Number, "gives 1 number for 2 images"),
]


def scripted(network: nn.Module, path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer releases warn that TorchScript ages
        torch.jit.save(torch.jit.script(network), str(path))


def opened(path: Path) -> Any:
    entry = card(str(path))
    model = build_model(entry)
    assert entry.file is not None
    load_weights(model, entry.file)
    return model


@pytest.mark.parametrize(("network", "words"), STRANGE)
@pytest.mark.parametrize("finder", [False, True])
def test_what_is_no_row_for_each_image_is_refused(
    tmp_path: Path, network: Any, words: str, finder: bool
) -> None:
    scripted(network(), tmp_path / "net.pt")
    more: dict[str, Any] = {"input": {"crop": "corner"}, "output": {"decode": "rtmo"}} if finder else {}
    model = opened(card_file(tmp_path, network={"file": "net.pt"}, **more))
    with pytest.raises(MismatchError, match=words) as caught:
        model(torch.zeros(2, 3, 64, 48))
    assert caught.value.code == "P451"


@pytest.mark.parametrize(("network", "words"), STRANGE)
def test_so_is_what_a_function_s_network_gives(tmp_path: Path, network: Any, words: str) -> None:
    (tmp_path / "strange_nets.py").write_text(
        "from tests.models.adapters import test_network_outputs as nets\n\n"
        "def make(joints, input_size, name):\n    return getattr(nets, name)()\n"
    )
    chosen = {"file": None, "entry": "strange_nets:make", "options": {"name": network.__name__}}
    model: Any = build_model(card(str(card_file(tmp_path, network=chosen))))
    with pytest.raises(MismatchError, match=words):
        model(torch.zeros(2, 3, 64, 48))


def test_outputs_by_name_are_taken() -> None:
    value = torch.zeros(2, 17)
    assert tensors_of({"maps": value}, 2, "net")[0] is value
    assert tensors_of((value, value), 2, "net") == [value, value]
    with pytest.raises(MismatchError, match="gives no output"):
        tensors_of([], 2, "net")


class Runtime:
    """What of onnxruntime is asked, for a network of these inputs that gives these outputs."""

    def __init__(self, inputs: list[Any], outputs: list[Any]) -> None:
        self.inputs, self.outputs, self.fed = inputs, outputs, {}

    def get_available_providers(self) -> list[str]:
        return ["CPUExecutionProvider"]

    def InferenceSession(self, path: str, providers: list[str]) -> Runtime:
        return self

    def get_inputs(self) -> list[Any]:
        return self.inputs

    def get_outputs(self) -> list[Any]:
        return [Place("o", ["n", 17, 16, 12])]

    def run(self, names: list[str], feed: dict[str, Any]) -> list[Any]:
        self.fed = feed
        return self.outputs


class Place:
    """An input or output of a file."""

    type = "tensor(float)"

    def __init__(self, name: str, shape: list[Any]) -> None:
        self.name, self.shape = name, shape


def runtime(monkeypatch: pytest.MonkeyPatch, *inputs: Place, gives: Any = None) -> Runtime:
    made = Runtime(list(inputs), [gives])
    monkeypatch.setattr("poseval.models.adapters.network_files.require", lambda *_: made)
    return made


def test_a_file_without_inputs_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime(monkeypatch)
    with pytest.raises(MismatchError, match="takes no input") as caught:
        open_network(Path("net.onnx"), "onnx")
    assert caught.value.code == "P451"


@pytest.mark.parametrize(
    ("gives", "words"),
    [
        ([np.zeros((2, 17))], "gives list"),
        (np.array(["a", "b"]), "gives ndarray"),
        (np.zeros((3, 17), np.float32), "gives 3 x 17 for 2 images"),
    ],
)
def test_sequences_and_texts_of_an_onnx_file_are_refused(
    monkeypatch: pytest.MonkeyPatch, gives: Any, words: str
) -> None:
    runtime(monkeypatch, Place("x", ["n", 3, 64, 48]), gives=gives)
    with pytest.raises(MismatchError, match=words):
        open_network(Path("net.onnx"), "onnx").run(torch.zeros(2, 3, 64, 48))


@pytest.mark.parametrize(("layout", "shape"), [("nchw", (2, 3, 64, 48)), ("nhwc", (2, 64, 48, 3))])
def test_a_second_input_is_width_and_height(
    monkeypatch: pytest.MonkeyPatch, layout: str, shape: tuple[int, ...]
) -> None:
    made = runtime(
        monkeypatch, Place("x", ["n", *shape[1:]]), Place("size", ["n", 2]), gives=np.zeros((2, 1))
    )
    network = open_network(Path("net.onnx"), "onnx", layout=layout)
    assert isinstance(network, OnnxFile)
    network.run(torch.zeros(*shape))
    assert made.fed["size"].tolist() == [[48, 64]] * 2


def test_external_data_are_digested(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    runtime(monkeypatch, Place("x", ["n", 3, 64, 48]))
    (tmp_path / "net.onnx").write_bytes(onnx_file(outside("net.onnx.data")))
    (tmp_path / "net.onnx.data").write_bytes(b"\0" * 32)
    entry = card(str(card_file(tmp_path)))
    first = load_weights(build_model(entry), tmp_path / "net.onnx")
    (tmp_path / "net.onnx.data").write_bytes(b"\1" * 32)
    second = load_weights(build_model(entry), tmp_path / "net.onnx")
    assert first.sha256 == second.sha256
    assert list(first.further) == ["net.onnx.data"]
    assert first.further != second.further


def test_tensors_of_any_type_are_digested() -> None:
    network = nn.Linear(2, 2)
    digests = {state_digest(network.to(kind)) for kind in (torch.float32, torch.float16, torch.bfloat16)}
    assert len(digests) == 3


class Gives(nn.Module):
    """Zeros of these shapes, one for each image."""

    def __init__(self, shapes: list[list[int]]) -> None:
        super().__init__()
        self.shapes = shapes

    def forward(self, x: Any) -> Any:
        return [torch.zeros(len(x), *shape) for shape in self.shapes]


def of_shapes(folder: Path, decode: str, shapes: list[list[int]]) -> Any:
    (folder / "shaped_net.py").write_text(
        "from tests.models.adapters.test_network_outputs import Gives\n\n"
        "def make(joints, input_size, shapes):\n    return Gives(shapes)\n"
    )
    chosen = {"file": None, "entry": "shaped_net:make", "options": {"shapes": shapes}}
    return build_model(card(str(card_file(folder, network=chosen, output={"decode": decode}))))


@pytest.mark.parametrize(
    ("decode", "shapes", "words"),
    [
        ("simcc", [[17, 128], [17, 96]], "x before y"),
        ("simcc", [[17, 40], [17, 128]], "the input size of the network"),
        ("quarter", [[17, 12, 16]], "height of its maps before their width"),
        ("quarter", [[17, 1, 1]], "the input size of the network"),
        ("quarter", [[17, 16, 16]], "the input size of the network"),
        ("argmax", [[16, 16, 12]], "decode and the joints"),
    ],
)
def test_outputs_out_of_proportion_are_refused(
    tmp_path: Path, decode: str, shapes: list[list[int]], words: str
) -> None:
    with pytest.raises(MismatchError, match=words) as caught:
        of_shapes(tmp_path, decode, shapes)(torch.zeros(1, 3, 64, 48))
    assert caught.value.code == "P451"


@pytest.mark.parametrize("maps", [[64, 48], [32, 24], [17, 13], [15, 11], [2, 2]])
def test_sides_of_maps_may_be_rounded(tmp_path: Path, maps: list[int]) -> None:
    of_shapes(tmp_path, "quarter", [[17, *maps]])(torch.zeros(1, 3, 64, 48))


@pytest.mark.parametrize("split", [0.5, 1.5, 2, 3])
def test_any_split_of_simcc_is_taken(tmp_path: Path, split: float) -> None:
    of_shapes(tmp_path, "simcc", [[17, int(48 * split)], [17, int(64 * split)]])(torch.zeros(1, 3, 64, 48))


def test_sides_that_an_onnx_file_states_are_compared_when_it_is_opened(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = runtime(monkeypatch, Place("x", ["n", 3, 64, 48]))
    (tmp_path / "net.onnx").write_bytes(b"")
    entry = card(str(card_file(tmp_path)))
    for shape, right in ((["n", 17, 12, 16], False), (["n", 17, 16, "w"], True), (["n", 17, 1, "w"], False)):
        monkeypatch.setattr(made, "get_outputs", lambda shape=shape: [Place("o", shape)])
        if right:
            load_weights(build_model(entry), tmp_path / "net.onnx")
            continue
        with pytest.raises(MismatchError):
            load_weights(build_model(entry), tmp_path / "net.onnx")


@pytest.mark.parametrize(
    ("decode", "shapes", "right"),
    [
        ("yolo_pose", [["n", 56, 126]], True),
        ("yolo_pose", [["n", 53, 126]], False),
        ("yolo_pose", [["n", 53, "boxes"]], True),  # whose number only a run tells
        ("rtmo", [["n", 20, 5], ["n", 20, 17, 3]], True),
        ("rtmo", [["n", 20, 5], ["n", 20, 16, 3]], False),
        ("rtmo", [["n", 20, 5]], False),
    ],
)
def test_so_are_outputs_of_whole_images(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, decode: str, shapes: list[list[Any]], right: bool
) -> None:
    made = runtime(monkeypatch, Place("x", ["n", 3, 64, 48]))
    outputs = [Place(f"o{number}", shape) for number, shape in enumerate(shapes)]
    monkeypatch.setattr(made, "get_outputs", lambda: outputs)
    (tmp_path / "net.onnx").write_bytes(b"")
    entry = card(str(card_file(tmp_path, input={"crop": "corner"}, output={"decode": decode})))
    if right:
        load_weights(build_model(entry), tmp_path / "net.onnx")
        return
    with pytest.raises(MismatchError, match="does not read outputs"):
        load_weights(build_model(entry), tmp_path / "net.onnx")
