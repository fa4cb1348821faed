"""Sources of optical flow: reading fields, pixels, files."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from poseval.errors import FormatError, LimitError, MismatchError, MissingFeature, UsageError
from poseval.errors.optional import require
from poseval.tracking.base import FrameInput, Image
from poseval.tracking.bodies import Bodies
from poseval.tracking.flo_files import FloFiles, read_flo
from poseval.tracking.flow import SOURCES, DenseFlow, DisFlow, flow_source
from poseval.tracking.flow_field import sample
from tests.tracking.scenes import write_flo

SHIFT = np.array([5.0, 3.0])


def texture(shift: tuple[int, int] = (0, 0), side: int = 160) -> Image:
    """A window [side, side, 3] into a fixed smooth texture, moved by whole pixels."""
    noise = np.random.default_rng(2).random((40, 40))
    at = np.linspace(0, 39, 400)
    big = map_coordinates(noise, np.meshgrid(at, at, indexing="ij"), order=3)
    x, y = 100 - shift[0], 100 - shift[1]
    window = np.clip(big[y : y + side, x : x + side] * 255, 0, 255).astype(np.uint8)
    return np.repeat(window[:, :, None], 3, axis=2)


def frame(number: int, image: Image | None = None) -> FrameInput:
    return FrameInput(
        Bodies.empty(17),
        number=number,
        key=f"images/val/walk/{number:06d}.jpg",
        image=None if image is None else lambda: image,
    )


def test_a_field_is_read_bilinearly() -> None:
    rng = np.random.default_rng(4)
    field = rng.normal(0, 5, (20, 30, 2)).astype(np.float32)
    points = rng.uniform([0, 0], [29, 19], (50, 2))
    wanted = [
        map_coordinates(field[:, :, axis].astype(np.float64), points[:, ::-1].T, order=1) for axis in (0, 1)
    ]
    np.testing.assert_allclose(sample(field, points), np.stack(wanted, axis=1), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(sample(field, np.array([[29.0, 19.0]]))[0], field[19, 29], rtol=1e-6)


def test_points_outside_and_unknown_flow_stay() -> None:
    field = np.ones((4, 5, 2))
    field[1, 1] = np.nan
    field[3, 4] = 1.6e9
    points = np.array(
        [[-0.1, 1.0], [4.1, 1.0], [0.5, 3.2], [1.2, 1.0], [4.0, 3.0], [2.0, 1.0], [np.nan, 1.0]]
    )
    assert sample(field, points).tolist() == [[0, 0]] * 5 + [[1, 1], [0, 0]]


def test_a_field_of_one_pixel() -> None:
    assert sample(np.full((1, 1, 2), 3.0), np.array([[0.0, 0.0], [0.5, 0.0]])).tolist() == [[3, 3], [0, 0]]


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_flow_from_pixels_follows_a_moving_texture(name: str) -> None:
    require("cv2", "this test", "flow")
    source = flow_source(name)
    points = np.random.default_rng(1).uniform(40, 120, (30, 2))
    moved = source.move(points, frame(0, texture()), frame(1, texture((5, 3))))
    assert np.median(np.linalg.norm(moved - points - SHIFT, axis=1)) < 0.5


def test_each_image_is_loaded_once() -> None:
    require("cv2", "this test", "flow")
    loads: list[int] = []

    def load(number: int) -> Image:
        loads.append(number)
        return texture((number, 0))

    frames = [FrameInput(Bodies.empty(17), number=k, image=lambda k=k: load(k)) for k in range(4)]
    source = DisFlow()
    for before, now in pairwise(frames):
        source.move(np.array([[60.0, 60.0]]), before, now)
    assert loads == [0, 1, 2, 3]


def test_no_point_is_no_fault() -> None:
    require("cv2", "this test", "flow")
    for name in SOURCES:
        moved = flow_source(name).move(np.zeros((0, 2)), frame(0, texture()), frame(1, texture()))
        assert moved.shape == (0, 2)


def test_frames_without_pixels_are_refused() -> None:
    require("cv2", "this test", "flow")
    with pytest.raises(UsageError, match="no image to compute") as caught:
        DisFlow().move(np.zeros((1, 2)), frame(0), frame(1))
    assert caught.value.code == "P163"


def test_a_change_of_size_is_refused() -> None:
    require("cv2", "this test", "flow")
    with pytest.raises(MismatchError, match="100 x 100") as caught:
        DisFlow().move(np.zeros((1, 2)), frame(0, texture()), frame(1, texture(side=100)))
    assert caught.value.code == "P460"


def test_without_opencv_the_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingFeature, match=r"poseval\[flow\]") as caught:
        flow_source("dis")
    assert caught.value.code == "P601"


def test_an_unknown_source_is_refused() -> None:
    with pytest.raises(UsageError, match="did you mean farneback") as caught:
        flow_source("farnebeck")
    assert caught.value.code == "P164"


def test_a_function_of_frames_is_a_source() -> None:
    source = DenseFlow(lambda before, now: np.full((9, 9, 2), float(now.number - before.number)))
    assert source.move(np.array([[2.0, 3.0]]), frame(4), frame(6)).tolist() == [[4.0, 5.0]]


def test_flo_files_come_back(tmp_path: Path) -> None:
    field = np.random.default_rng(0).normal(0, 3, (6, 8, 2)).astype(np.float32)
    write_flo(tmp_path / "a.flo", field)
    assert (tmp_path / "a.flo").read_bytes()[:4] == b"PIEH"  # 202021.25 spells so
    np.testing.assert_array_equal(read_flo(tmp_path / "a.flo"), field)


@pytest.mark.parametrize(
    ("content", "kind", "code"),
    [
        (b"", FormatError, "P290"),
        (b"PIEH", FormatError, "P290"),
        (b"PIEX" + bytes(16), FormatError, "P290"),
        (b"PIEH" + (2).to_bytes(4, "little") + (0).to_bytes(4, "little"), FormatError, "P290"),
        (b"PIEH" + (2).to_bytes(4, "little") * 2 + bytes(31), FormatError, "P290"),
        (b"PIEH" + (2).to_bytes(4, "little") * 2 + bytes(33), FormatError, "P290"),
        (b"PIEH" + (2**31 - 1).to_bytes(4, "little") * 2 + bytes(32), LimitError, "P502"),
    ],
)
def test_flo_files_that_are_none(tmp_path: Path, content: bytes, kind: type, code: str) -> None:
    path = tmp_path / "bad.flo"
    path.write_bytes(content)
    with pytest.raises(kind) as caught:
        read_flo(path)
    assert caught.value.code == code


@pytest.mark.parametrize("place", ["images/val/walk", "walk", ""])
def test_flo_files_are_found_by_the_frame(tmp_path: Path, place: str) -> None:
    (tmp_path / place).mkdir(parents=True, exist_ok=True)
    write_flo(tmp_path / place / "000000.flo", np.full((5, 5, 2), 2.0))
    source = flow_source(str(tmp_path))
    assert source.move(np.array([[1.0, 1.0]]), frame(0), frame(1)).tolist() == [[3.0, 3.0]]


@pytest.mark.parametrize("key", ["walk/1.jpg", "../secret.jpg", "/etc/passwd", "", "..", "a/.."])
def test_a_missing_flo_file_is_named_and_the_folder_never_left(tmp_path: Path, key: str) -> None:
    write_flo(tmp_path / "secret.flo", np.zeros((2, 2, 2)))
    inside = tmp_path / "flow"
    inside.mkdir()
    source = FloFiles(inside)
    with pytest.raises(UsageError, match="has no flow file") as caught:
        source.move(np.zeros((1, 2)), FrameInput(Bodies.empty(17), key=key), frame(1))
    assert caught.value.code == "P164"
