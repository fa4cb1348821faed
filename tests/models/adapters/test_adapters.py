"""Adapters of foreign packages, with fakes where the packages begin."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from poseval.errors import FormatError, MismatchError, MissingFeature, UsageError
from poseval.models import card, create_model, load_weights
from poseval.models.inference.predictions import WholeImage
from poseval.models.inference.top_down import TopDown
from poseval.models.inference.whole_image import whole_image

pytestmark = pytest.mark.models


def fake(monkeypatch: pytest.MonkeyPatch, name: str, **parts: Any) -> None:
    module = ModuleType(name)
    for key, value in parts.items():
        setattr(module, key, value)
    monkeypatch.setitem(sys.modules, name, module)


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("onnx_heatmap", "onnxruntime"),
        ("onnx_simcc", "onnxruntime"),
        ("keypoint_rcnn", "torchvision"),
    ],
)
def test_an_absent_package_is_named(monkeypatch: pytest.MonkeyPatch, name: str, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingFeature, match=f"pip install {package}") as caught:
        create_model(name)
    assert caught.value.code == "P601"


class Session:
    """An ONNX session over fixed outputs."""

    shapes: tuple[Any, ...] = ((["N", 17, 64, 48]),)
    size = (256, 192)

    def __init__(self, path: str, providers: list[str]) -> None:
        if Path(path).read_bytes() != b"onnx":
            raise ValueError("Protobuf parsing failed.")
        self.providers = providers

    def get_inputs(self) -> list[Any]:
        return [SimpleNamespace(name="input", shape=["batch", 3, *self.size])]

    def get_outputs(self) -> list[Any]:
        return [
            SimpleNamespace(name=str(index), shape=list(shape)) for index, shape in enumerate(self.shapes)
        ]

    def run(self, names: list[str], feed: dict[str, np.ndarray]) -> list[np.ndarray]:
        count = len(feed["input"])
        out = []
        for index, shape in enumerate(self.shapes):
            value = np.zeros((count, *shape[1:]), dtype=np.float32)
            value.reshape(count, 17, -1)[:, :, 10 + index] = 0.5 + 0.25 * index
            out.append(value)
        return out


class SimccSession(Session):
    shapes = (["N", 17, 384], ["N", 17, 512])


def fake_runtime(monkeypatch: pytest.MonkeyPatch, session: type[Session]) -> None:
    fake(
        monkeypatch,
        "onnxruntime",
        InferenceSession=session,
        get_available_providers=lambda: ["CPUExecutionProvider"],
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "net.onnx"
    path.write_bytes(b"onnx")
    return path


def test_an_onnx_heatmap_file_runs(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    fake_runtime(monkeypatch, Session)
    model = create_model("onnx_heatmap")
    load_weights(model, file)
    maps = model(torch.zeros(2, 3, 256, 192))
    assert maps.shape == (2, 17, 64, 48)
    assert maps[0, 0, 0, 10] == 0.5


def test_an_onnx_simcc_file_runs(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    fake_runtime(monkeypatch, SimccSession)
    model = create_model("onnx_simcc")
    load_weights(model, file)
    xy, score = TopDown(model, card("onnx_simcc"), flip_test=False).decoded(torch.zeros(1, 3, 256, 192))
    np.testing.assert_allclose(xy[0], [[5.0, 5.5]] * 17)  # two cells a pixel
    np.testing.assert_allclose(score[0], 0.5)


@pytest.mark.parametrize(
    ("name", "joints", "size", "words"),
    [
        ("onnx_heatmap", 16, (256, 192), "17, 64, 48"),
        ("onnx_heatmap", 17, (384, 288), "input shape"),
        ("onnx_simcc", 17, (256, 192), "1 output "),
    ],
)
def test_another_onnx_file_is_refused(
    monkeypatch: pytest.MonkeyPatch, file: Path, name: str, joints: int, size: tuple[int, int], words: str
) -> None:
    fake_runtime(monkeypatch, Session)
    with pytest.raises(MismatchError, match=words) as caught:
        load_weights(create_model(name, joints, size), file)
    assert caught.value.code == "P451"


def test_a_file_that_is_no_onnx_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_runtime(monkeypatch, Session)
    path = tmp_path / "net.onnx"
    path.write_bytes(b"html")
    with pytest.raises(FormatError, match="Protobuf") as caught:
        load_weights(create_model("onnx_heatmap"), path)
    assert caught.value.code == "P250"


def test_a_provider_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    fake_runtime(monkeypatch, Session)
    model = create_model("onnx_heatmap", provider="CUDAExecutionProvider")
    with pytest.raises(UsageError, match="one of CPUExecutionProvider") as caught:
        load_weights(model, file)
    assert caught.value.code == "P152"


def test_a_fixed_batch_is_filled_up(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    class Two(Session):
        def get_inputs(self) -> list[Any]:
            return [SimpleNamespace(name="input", shape=[2, 3, *self.size], type="tensor(float16)")]

        def run(self, names: list[str], feed: dict[str, np.ndarray]) -> list[np.ndarray]:
            assert feed["input"].shape[0] == 2
            assert feed["input"].dtype == np.float16
            means = feed["input"].mean((1, 2, 3)).astype(np.float32)
            return [np.broadcast_to(means[:, None, None, None], (2, 17, 64, 48))]

    fake_runtime(monkeypatch, Two)
    model = create_model("onnx_heatmap")
    load_weights(model, file)
    images = torch.arange(5.0)[:, None, None, None].expand(5, 3, 256, 192)
    assert model(images)[:, 0, 0, 0].tolist() == [0, 1, 2, 3, 4]


class YoloSession(Session):
    """One person in the middle of an input of 32 x 48."""

    size = (32, 48)
    shapes = ((["N", 56, "cells"]),)

    def run(self, names: list[str], feed: dict[str, np.ndarray]) -> list[np.ndarray]:
        assert feed["input"].shape[2:] == self.size
        table = np.zeros((len(feed["input"]), 56, 2), dtype=np.float32)
        table[:, :5, 0] = 24, 16, 12, 8, 0.9
        table[:, 5:7, 0] = 24, 16
        return [table]


def test_a_yolo_file_runs_at_its_own_size(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    fake_runtime(monkeypatch, YoloSession)
    model = create_model("yolo_pose")
    load_weights(model, file)
    finder = whole_image(model, card("yolo_pose"))
    wide, tall = np.zeros((64, 96, 3), dtype=np.uint8), np.zeros((64, 64, 3), dtype=np.uint8)
    found = finder.batch([wide, tall])  # type: ignore[attr-defined]
    np.testing.assert_allclose(found[0].box, [[36, 24, 60, 40]])
    np.testing.assert_allclose(found[1].box, [[20, 24, 44, 40]])  # 8 pixels of margin on each side
    np.testing.assert_allclose(found[1].xy[0, 0], [32, 32])
    np.testing.assert_allclose(found[0].score, [0.9])


def test_an_onnx_adapter_without_a_file_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_runtime(monkeypatch, Session)
    with pytest.raises(UsageError) as caught:
        create_model("onnx_heatmap")(torch.zeros(1, 3, 256, 192))
    assert caught.value.code == "P153"


class Detector(nn.Module):
    """Two people and a thing."""

    def __init__(self, weights: None, weights_backbone: None, num_keypoints: int) -> None:
        super().__init__()
        self.joints = num_keypoints
        self.head = nn.Linear(1, 1)

    def forward(self, images: list[torch.Tensor]) -> list[dict[str, torch.Tensor]]:
        assert images[0].max() <= 1
        return [
            {
                "boxes": torch.tensor([[0.0, 0, 10, 20], [5, 5, 9, 9], [1, 1, 3, 5]]),
                "labels": torch.tensor([1, 2, 1]),
                "scores": torch.tensor([0.9, 0.8, 0.4]),
                "keypoints": torch.ones(3, self.joints, 3),
                "keypoints_scores": torch.full((3, self.joints), 7.0),
            }
        ]


def test_keypoint_rcnn_gives_people_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake(monkeypatch, "torchvision")
    fake(monkeypatch, "torchvision.models")
    fake(monkeypatch, "torchvision.models.detection", keypointrcnn_resnet50_fpn=Detector)
    model = create_model("keypoint_rcnn")
    path = tmp_path / "rcnn.pth"
    torch.save({"head.weight": torch.full((1, 1), 3.0), "head.bias": torch.zeros(1)}, path)
    load_weights(model, path)
    assert model.net.head.weight.item() == 3.0
    assert isinstance(model, WholeImage)
    poses = model.poses(np.full((30, 40, 3), 255, dtype=np.uint8))
    np.testing.assert_allclose(poses.score, [0.9, 0.4])
    np.testing.assert_allclose(poses.area, [200, 8])
    assert poses.xy.shape == (2, 17, 2)
    assert poses.row.tolist() == [0, 1]
