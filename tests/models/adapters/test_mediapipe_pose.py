"""MediaPipe's pose landmarks: its `.task` file, and how outputs are read, with a fake runtime."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from poseval.errors import FormatError, MismatchError, MissingFeature, UsageError
from poseval.models import card, create_model, load_weights
from poseval.models.adapters.mediapipe_pose import refined
from poseval.models.inference.top_down import TopDown

pytestmark = pytest.mark.models
NETWORK = b"\x1c\0\0\0TFL3 and the rest"


class Interpreter:
    """Finds somebody in bright images only: every landmark in the middle, a quarter from the left."""

    outputs: tuple[tuple[int, ...], ...] = ((1, 195), (1, 1), (1, 64, 64, 39), (1, 117))

    def __init__(self, model_content: bytes, num_threads: int) -> None:
        if model_content != NETWORK:
            raise ValueError("The model is not a valid Flatbuffer buffer")

    def allocate_tensors(self) -> None:
        pass

    def get_input_details(self) -> list[dict[str, Any]]:
        return [{"index": 0, "shape": np.array([1, 256, 256, 3])}]

    def get_output_details(self) -> list[dict[str, Any]]:
        return [{"index": 7 + n, "shape": np.array(shape)} for n, shape in enumerate(self.outputs)]

    def set_tensor(self, index: int, value: np.ndarray) -> None:
        assert (index, value.shape, value.dtype) == (0, (1, 256, 256, 3), np.float32)
        assert 0 <= value.min() <= value.max() <= 1
        self.seen = value.mean() > 0.3

    def invoke(self) -> None:
        pass

    def get_tensor(self, index: int) -> np.ndarray:
        out = np.zeros(self.outputs[index - 7], dtype=np.float32)
        if index == 7:
            out.reshape(39, 5)[:, :4] = 64, 128, 0, 100
        return out + (0.9 if index == 8 and self.seen else 0)


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> type[Interpreter]:
    inner = ModuleType("ai_edge_litert.interpreter")
    inner.Interpreter = Interpreter  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ai_edge_litert", ModuleType("ai_edge_litert"))
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", inner)
    return Interpreter


def task(folder: Path, **members: bytes) -> Path:
    path = folder / "pose.task"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.tflite", content)
    return path


def test_a_task_file_answers_for_the_crops_it_sees_somebody_in(
    runtime: type[Interpreter], tmp_path: Path
) -> None:
    model = create_model("mediapipe_pose")
    file = task(tmp_path, pose_detector=b"another", pose_landmarks_detector=NETWORK)
    assert load_weights(model, file).tensors == 4
    image = np.zeros((100, 200, 3), dtype=np.uint8)
    image[:, 100:] = 200
    poses = TopDown(model, card("mediapipe_pose")).poses(image, [[0, 20, 60, 80], [120, 20, 180, 80]])
    assert poses.row.tolist() == [1]
    assert poses.xy.shape == (1, 33, 2)
    np.testing.assert_allclose(poses.xy[0], [[150 - 84 * 0.25, 50]] * 33, atol=1e-6)
    np.testing.assert_allclose(poses.joint_score[0], 1)


def test_a_network_of_its_own_is_opened(runtime: type[Interpreter], tmp_path: Path) -> None:
    (tmp_path / "pose.tflite").write_bytes(NETWORK)
    assert load_weights(create_model("mediapipe_pose"), tmp_path / "pose.tflite").tensors == 4


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (b"<html>", FormatError, "is not a TensorFlow Lite network"),
        (b"PK\x03\x04 half an archive", FormatError, "is not a whole archive"),
        (NETWORK + b"!", FormatError, "cannot be opened by ai-edge-litert"),
    ],
)
def test_another_file_is_refused(
    runtime: type[Interpreter], tmp_path: Path, content: bytes, error: type[Exception], words: str
) -> None:
    (tmp_path / "pose.task").write_bytes(content)
    with pytest.raises(error, match=words):
        load_weights(create_model("mediapipe_pose"), tmp_path / "pose.task")


def test_a_task_of_hands_is_refused(runtime: type[Interpreter], tmp_path: Path) -> None:
    file = task(tmp_path, hand_detector=b"a", hand_landmarks_detector=b"b")
    with pytest.raises(MismatchError, match=r"holds hand_detector\.tflite") as caught:
        load_weights(create_model("mediapipe_pose"), file)
    assert caught.value.code == "P451"


def test_a_network_of_something_else_is_refused(
    runtime: type[Interpreter], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Interpreter, "outputs", ((1, 63), (1, 1)))
    with pytest.raises(MismatchError, match=r"gives \[\[63\], \[1\]\]") as caught:
        load_weights(create_model("mediapipe_pose"), task(tmp_path, pose_landmarks_detector=NETWORK))
    assert caught.value.code == "P451"


def test_a_landmark_goes_to_the_centre_of_weight_of_its_heatmap() -> None:
    maps = np.zeros((64, 64, 3))
    maps[30, 20, 0], maps[30, 22, 0] = 0.9, 0.3
    maps[30, 20, 1] = 0.4  # no peak
    maps[0, 0, 2] = 0.9  # and its landmark lies beside the map
    given = np.array([[20.5, 30.5], [20.5, 30.5], [-3, 2]]) / 64
    np.testing.assert_allclose(refined(given, maps) * 64, [[20.5, 30], [20.5, 30.5], [-3, 2]])


def test_without_a_runtime_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    with pytest.raises(MissingFeature, match="pip install ai-edge-litert") as caught:
        create_model("mediapipe_pose")
    assert caught.value.code == "P601"


def test_without_a_file_the_model_says_so(runtime: type[Interpreter]) -> None:
    with pytest.raises(UsageError) as caught:
        TopDown(create_model("mediapipe_pose"), card("mediapipe_pose")).poses(
            np.zeros((9, 9, 3), dtype=np.uint8), [[0, 0, 8, 8]]
        )
    assert caught.value.code == "P153"
