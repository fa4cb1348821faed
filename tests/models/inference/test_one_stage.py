"""Networks of whole images: the letterbox, and the outputs of each kind of file."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from poseval.errors import MismatchError
from poseval.models.inference.one_stage import READERS, Reading, letterboxed, resized

SIZE = (64, 96)


def reading(**changes: Any) -> Reading:
    return Reading(**{"size": SIZE, "joints": 17, "least": 0.25, "overlap": 0.5, **changes})


@pytest.mark.parametrize("shape", [(64, 96), (128, 64), (30, 200), (7, 5)])
@pytest.mark.parametrize("centred", [True, False])
def test_a_letterbox_goes_there_and_back(shape: tuple[int, int], centred: bool) -> None:
    image = np.full((*shape, 3), 200, dtype=np.uint8)
    inputs, box = letterboxed(image, SIZE, centred=centred, fill=114)
    assert inputs.shape == (*SIZE, 3)
    inner = (inputs == 200).all(2)
    rows, columns = np.flatnonzero(inner.any(1)), np.flatnonzero(inner.any(0))
    gain = min(SIZE[0] / shape[0], SIZE[1] / shape[1])
    assert (len(rows), len(columns)) == (round(shape[0] * gain), round(shape[1] * gain))
    assert (columns[0], rows[0]) == box.margin
    assert (inputs[~inner] == 114).all()
    if not centred:
        assert box.margin == (0, 0)
    corner = np.array([columns[0], rows[0]], dtype=np.float64)
    np.testing.assert_allclose(box.to_image(corner), [0, 0])
    far = corner + np.array([len(columns), len(rows)])
    np.testing.assert_allclose(box.to_image(far), [shape[1], shape[0]])


def test_resizing_keeps_a_ramp() -> None:
    ramp = np.repeat(np.arange(0, 200, 10, dtype=np.uint8)[None, :, None], 3, axis=2).repeat(4, 0)
    half = resized(ramp, (2, 10))
    np.testing.assert_array_equal(half[0, :, 0], np.arange(5, 200, 20))
    double = resized(ramp, (8, 40))
    np.testing.assert_allclose(double[0, 1:-1, 0], np.arange(38) * 5 + 2.5, atol=0.5)
    assert (double[0, 0, 0], double[0, -1, 0]) == (0, 190)


def people_table() -> np.ndarray:
    """[56, 4]: two people, a duplicate of the first with a lower score, and a weak one."""
    table = np.zeros((56, 4), dtype=np.float32)
    table[:5, 0] = 30, 20, 20, 30, 0.9
    table[:5, 1] = 31, 20, 20, 30, 0.8
    table[:5, 2] = 70, 40, 10, 20, 0.7
    table[:5, 3] = 10, 10, 5, 5, 0.1
    table[5:] = np.arange(51)[:, None] + np.arange(4)
    return table


def test_yolo_pose_before_suppression() -> None:
    found = READERS["yolo_pose"]([people_table()], reading())
    np.testing.assert_allclose(found.score, [0.9, 0.7], rtol=1e-6)
    np.testing.assert_allclose(found.box, [[20, 5, 40, 35], [65, 30, 75, 50]])
    np.testing.assert_allclose(found.xy[1, 0], [2, 3])
    np.testing.assert_allclose(found.joint_score[0, :3], [2, 5, 8])


def test_yolo_pose_after_suppression() -> None:
    table = np.zeros((300, 57), dtype=np.float32)
    table[0, :6] = 20, 5, 40, 35, 0.9, 0
    table[1, :6] = 20, 5, 40, 35, 0.8, 1  # another class
    table[0, 6:] = np.arange(51)
    found = READERS["yolo_pose"]([table], reading())
    np.testing.assert_allclose(found.box, [[20, 5, 40, 35]])
    np.testing.assert_allclose(found.xy[0, 16], [48, 49])


def test_rtmo_in_either_order() -> None:
    boxes = np.array([[1, 2, 30, 40, 0.9], [1, 2, 3, 4, 0.1]], dtype=np.float32)
    joints = np.full((2, 17, 3), 7, dtype=np.float32)
    for outputs in ([boxes, joints], [joints, boxes]):
        found = READERS["rtmo"](outputs, reading())
        np.testing.assert_allclose(found.box, boxes[:1, :4])
        assert found.xy.shape == (1, 17, 2)


def test_boxes_of_people_alone() -> None:
    boxes = np.array([[0, 0, 9, 9, 0.9], [0, 0, 5, 5, 0.8], [1, 1, 3, 3, 0.1]], dtype=np.float32)
    found = READERS["boxes"]([boxes, np.array([2, 0, 0])], reading())
    np.testing.assert_allclose(found.box, [[0, 0, 5, 5]])
    assert found.xy.shape == (1, 0, 2)


def test_yolo_boxes() -> None:
    table = np.zeros((6, 3), dtype=np.float32)
    table[:, 0] = 20, 20, 10, 10, 0.9, 0.1
    table[:, 1] = 20, 20, 10, 10, 0.3, 0.8  # rather the other class
    table[:, 2] = 21, 20, 10, 10, 0.5, 0.1
    found = READERS["yolo"]([table], reading())
    np.testing.assert_allclose(found.box, [[15, 15, 25, 25]])


def test_yolox_cells() -> None:
    count = 8 * 12 + 4 * 6 + 2 * 3
    table = np.full((count, 7), -9.0)
    table[:, 4:] = 0
    table[8 * 12 + 6 + 2] = 0.5, 0.25, np.log(2), np.log(1.5), 0.9, 0.8, 0.7  # stride 16, row 1, column 2
    found = READERS["yolox"]([table], reading())
    np.testing.assert_allclose(found.box, [[40 - 16, 20 - 12, 40 + 16, 20 + 12]])
    np.testing.assert_allclose(found.score, [0.72])


def test_rtdetr_in_both_forms() -> None:
    corners = np.array([[4, 8, 24, 40], [0, 0, 5, 5]], dtype=np.float32)
    found = READERS["rtdetr"]([np.array([0, 3]), corners, np.array([0.9, 0.9])], reading())
    np.testing.assert_allclose(found.box, [[4, 8, 24, 40]])
    table = np.array([[14 / 96, 24 / 64, 20 / 96, 32 / 64, 0.9, 0.1]])
    np.testing.assert_allclose(READERS["rtdetr"]([table], reading()).box, [[4, 8, 24, 40]])


@pytest.mark.parametrize("decode", READERS)
@pytest.mark.parametrize("shapes", [[(3, 7, 2)], [(2, 3)] * 4, [(2, 3)] * 3, [(4, 2)]])
def test_other_outputs_are_refused(decode: str, shapes: list[tuple[int, ...]]) -> None:
    with pytest.raises(MismatchError) as caught:
        READERS[decode]([np.zeros(shape) for shape in shapes], reading(joints=17, person=1))
    assert caught.value.code == "P451"


def boxes_table() -> np.ndarray:
    """[84, 40]: boxes in pixels, and the scores of 80 classes."""
    table = np.zeros((84, 40))
    table[:4] = 30
    table[4, 3] = 0.9
    return table


@pytest.mark.parametrize(
    ("decode", "table"),
    [
        ("yolo", people_table()),
        ("yolo", boxes_table().T),
        ("yolo", boxes_table() - np.array([[0.0]] * 4 + [[5.0]] * 80)),  # logarithms of odds
        ("rtdetr", boxes_table()),
        ("rtdetr", boxes_table().T),
        ("yolo_pose", people_table() + np.eye(56, 4, -1)),
    ],
)
def test_places_are_no_scores(decode: str, table: np.ndarray) -> None:
    with pytest.raises(MismatchError, match="scores from 0 to 1") as caught:
        READERS[decode]([table], reading())
    assert caught.value.code == "P451"
    assert "take the model or decode of the file" in str(caught.value)


def test_poses_after_suppression_are_no_classes() -> None:
    table = np.zeros((300, 57))
    table[0, :6] = 20, 5, 40, 35, 0.9, 0
    with pytest.raises(MismatchError, match="take the model or decode of the file"):
        READERS["yolo"]([table], reading())


@pytest.mark.parametrize("shape", [(56, 40), (300, 57)])
def test_nobody_is_found_where_nobody_is(shape: tuple[int, int]) -> None:
    assert READERS["yolo_pose"]([np.zeros(shape)], reading()).xy.shape == (0, 17, 2)


def test_rows_filled_with_minus_one_are_nobody() -> None:
    table = np.full((4, 6), -1.0)
    table[0] = 1, 2, 8, 9, 1.004, 0
    assert len(READERS["yolo"]([table], reading())) == 1


@pytest.mark.parametrize(
    ("decode", "shapes"),
    [("boxes", [(3, 5), (2,)]), ("rtmo", [(3, 5), (2, 17, 3)]), ("rtdetr", [(2,), (2, 4), (3,)])],
)
def test_outputs_of_other_lengths_are_refused(decode: str, shapes: list[tuple[int, ...]]) -> None:
    with pytest.raises(MismatchError):
        READERS[decode]([np.zeros(shape) for shape in shapes], reading())


@pytest.mark.parametrize("seed", range(3))
def test_equals_ultralytics(seed: int) -> None:
    """Suppression, places in the image, and the letterbox, on random outputs in double precision."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("ultralytics")
    from ultralytics.data.augment import LetterBox
    from ultralytics.utils.nms import non_max_suppression
    from ultralytics.utils.ops import scale_boxes, scale_coords

    chance = np.random.default_rng(seed)
    image = np.repeat(chance.integers(0, 255, (9, 12, 3), dtype=np.uint8), 17, axis=0).repeat(13, axis=1)
    size = (96, 128)
    inputs, box = letterboxed(image, size, centred=True, fill=114)
    theirs = LetterBox(size, auto=False)(image=image)
    assert np.abs(inputs.astype(int) - theirs.astype(int)).max() <= 1
    table = chance.uniform(0, 100, (56, 60))
    table[2:4] = chance.uniform(10, 60, (2, 60))
    table[4] = chance.permutation(60) / 60 + 0.001
    found = READERS["yolo_pose"]([table], reading(size=size, overlap=0.45))
    rows = non_max_suppression(
        torch.from_numpy(table)[None].clone(), conf_thres=0.25, iou_thres=0.45, nc=1, max_nms=1000
    )[0].double()
    assert len(found) == len(rows) > 5
    np.testing.assert_allclose(found.score, rows[:, 4], rtol=0, atol=1e-9)
    np.testing.assert_allclose(found.box, rows[:, :4], rtol=0, atol=1e-9)
    joints = rows[:, 6:].reshape(len(rows), 17, 3)
    np.testing.assert_allclose(found.joint_score, joints[..., 2], rtol=0, atol=1e-9)
    limit = [image.shape[1], image.shape[0]]
    placed = np.clip(box.to_image(found.xy), 0, limit)
    wanted = scale_coords(size, joints.clone(), image.shape[:2])[..., :2]
    np.testing.assert_allclose(placed, wanted, rtol=0, atol=1e-9)
    corners = np.clip(box.to_image(found.box.reshape(-1, 2, 2)), 0, limit).reshape(-1, 4)
    np.testing.assert_allclose(corners, scale_boxes(size, rows[:, :4].clone(), image.shape[:2]), atol=1e-9)
