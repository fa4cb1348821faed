"""Graph models of TensorFlow.js: reading them, running them against plain loops, and refusing broken ones."""

from __future__ import annotations

import json
from math import ceil
from pathlib import Path

import numpy as np
import pytest

from poseval.errors import FormatError, LimitError, PosevalError, UsageError
from poseval.models.weights import tfjs
from poseval.models.weights.tfjs import read_graph
from tests.models.weights.tfjs_files import SIDE, convolution, network, pack, weights, write

NAME = "movenet-small"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "models")


def padded(image: np.ndarray, kernel: int, stride: int) -> np.ndarray:
    total = max((ceil(image.shape[0] / stride) - 1) * stride + kernel - image.shape[0], 0)
    before, after = total // 2, total - total // 2
    return np.pad(image, ((before, after), (before, after), (0, 0)))


def by_hand(image: np.ndarray) -> np.ndarray:
    """The small network before its resize, sum by sum."""
    values = weights()
    source = padded(image, 3, 2)
    wide = np.zeros((ceil(SIDE / 2), ceil(SIDE / 2), 4))
    for row, column in np.ndindex(wide.shape[:2]):
        patch = source[2 * row : 2 * row + 3, 2 * column : 2 * column + 3]
        wide[row, column] = np.einsum("abc,abcd->d", patch, values["kernel"]) + values["bias"]
    wide = np.clip(wide, 0, 6)
    source = padded(wide, 3, 1)
    deep = np.zeros((*wide.shape[:2], 8))
    for row, column in np.ndindex(deep.shape[:2]):
        patch = source[row : row + 3, column : column + 3]
        deep[row, column] = np.einsum("abc,abcm->cm", patch, values["spread"]).reshape(8)
    return deep


def resized(deep: np.ndarray, half_pixel: bool) -> np.ndarray:
    """Bilinear to 6 x 4, by TensorFlow's two conventions."""
    out = np.zeros((6, 4, deep.shape[2]))
    for row, column in np.ndindex(6, 4):
        at = []
        for index, wanted in ((row, 6), (column, 4)):
            step = deep.shape[0] / wanted
            at.append(max((index + 0.5) * step - 0.5, 0) if half_pixel else index * step)
        top, left = int(at[0]), int(at[1])
        low, right = min(top + 1, deep.shape[0] - 1), min(left + 1, deep.shape[1] - 1)
        dy, dx = at[0] - top, at[1] - left
        upper = deep[top, left] * (1 - dx) + deep[top, right] * dx
        lower = deep[low, left] * (1 - dx) + deep[low, right] * dx
        out[row, column] = upper * (1 - dy) + lower * dy
    return out


@pytest.mark.models
@pytest.mark.parametrize("half_pixel", [True, False])
def test_a_graph_gives_what_its_operations_define(tmp_path: Path, half_pixel: bool) -> None:
    torch = pytest.importorskip("torch")
    from poseval.models.networks.tfjs_graph import Graph

    graph = Graph(read_graph(write(tmp_path, network(half_pixel)), NAME))
    image = np.random.RandomState(3).randint(0, 9, (SIDE, SIDE, 3))
    with torch.no_grad():
        out = graph(torch.from_numpy(image)[None])[0][0].numpy()
    np.testing.assert_allclose(out, resized(by_hand(image.astype(float)), half_pixel), atol=1e-5)


@pytest.mark.models
def test_an_operation_that_is_not_known_is_named(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from poseval.models.networks.tfjs_graph import Graph

    nodes = [*network(), {"name": "extra", "op": "TopKV2", "input": ["out"], "attr": {}}]
    with pytest.raises(FormatError, match="TopKV2") as caught:
        Graph(read_graph(write(tmp_path, nodes), NAME))
    assert caught.value.code == "P250"


def test_folder_tarball_and_file_hold_the_same(folder: Path, tmp_path: Path) -> None:
    whole = read_graph(folder, NAME)
    packed = read_graph(pack(folder, tmp_path / "p.tgz"), NAME)
    single = read_graph(folder / f"{NAME}.json", "another name")
    for other in (packed, single):
        assert other.nodes == whole.nodes
        assert all(np.array_equal(value, whole.weights[key]) for key, value in other.weights.items())
    assert whole.inputs == ("input",)
    assert whole.input_shapes == ((1, SIDE, SIDE, 3),)
    assert whole.outputs == ("out",)
    assert whole.weights["kernel"].dtype == np.float32


def test_nodes_follow_their_inputs(folder: Path) -> None:
    seen: set[str] = set()
    for node in read_graph(folder, NAME).nodes:
        assert {name for name, _ in node.inputs} <= seen
        seen.add(node.name)


def refused(path: Path, kind: type[PosevalError], code: str, words: str) -> None:
    with pytest.raises(kind, match=words) as caught:
        read_graph(path, NAME)
    assert caught.value.code == code


@pytest.mark.parametrize("change", [-2, 2])
def test_weights_of_another_length_are_refused(folder: Path, change: int) -> None:
    file = folder / f"{NAME}.bin"
    blob = file.read_bytes()
    file.write_bytes(blob[:change] if change < 0 else blob + b"\0" * change)
    refused(folder, FormatError, "P250", "bytes")


def test_a_tarball_cut_short_is_refused(folder: Path, tmp_path: Path) -> None:
    tarball = pack(folder, tmp_path / "p.tgz")
    tarball.write_bytes(tarball.read_bytes()[:-200])
    refused(tarball, FormatError, "P250", "may be truncated")


def test_a_place_without_the_model_says_what_is_wanted(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", UsageError, "P154", "npm tarball")
    (folder / f"{NAME}.bin").unlink()
    refused(folder, UsageError, "P154", NAME)
    refused(pack(folder, tmp_path / "p.tgz"), UsageError, "P154", "bin")


def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    values = weights()
    values["bias"][1] = np.nan
    refused(write(tmp_path, values=values), FormatError, "P250", "bias")


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"modelTopology": {"node": 3}}', "null"])
def test_a_file_of_another_kind_is_refused(folder: Path, content: str) -> None:
    (folder / f"{NAME}.json").write_text(content)
    refused(folder, FormatError, "P250", r"JSON|graph model")


def test_a_file_nested_deeply_is_refused(folder: Path) -> None:
    (folder / f"{NAME}.json").write_text("[" * 100_000)
    refused(folder, LimitError, "P502", "nested")


def test_nodes_in_a_circle_are_refused(tmp_path: Path) -> None:
    nodes = [
        *network(),
        convolution("first", "Conv2D", ["second", "kernel"], 1, "SAME"),
        convolution("second", "Conv2D", ["first", "kernel"], 1, "SAME"),
    ]
    refused(write(tmp_path, nodes), FormatError, "P250", "circle")


def test_an_input_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    nodes = [*network(), convolution("first", "Conv2D", ["nowhere", "kernel"], 1, "SAME")]
    refused(write(tmp_path, nodes), FormatError, "P250", "nowhere")


def test_limits_hold(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tfjs, "WEIGHT_BYTES", 100)
    refused(folder, LimitError, "P501", "at most 100")
    monkeypatch.setattr(tfjs, "TARBALL_BYTES", 100)
    refused(pack(folder, tmp_path / "p.tgz"), LimitError, "P501", "at most 100")
    monkeypatch.setattr(tfjs, "WEIGHT_BYTES", 10_000)
    monkeypatch.setattr(tfjs, "NODES", 3)
    refused(folder, LimitError, "P501", "nodes")


def test_a_tarball_of_much_else_is_not_unpacked_to_its_end(folder: Path, tmp_path: Path) -> None:
    (folder / "other.bin").write_bytes(bytes(300 * 2**20))
    path = pack(folder, tmp_path / "p.tgz")
    assert path.stat().st_size < 2**20
    refused(path, LimitError, "P504", "give the folder")
    assert read_graph(folder, NAME).weights  # the advice works


def test_a_file_name_in_the_manifest_cannot_leave_the_folder(folder: Path) -> None:
    file = folder / f"{NAME}.json"
    document = json.loads(file.read_text())
    document["weightsManifest"][0]["paths"] = [f"../../outside/{NAME}.bin"]
    file.write_text(json.dumps(document))
    assert set(read_graph(folder, NAME).weights) == set(weights())
