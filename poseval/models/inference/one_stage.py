"""Networks that find everybody in a whole image: the image's letterbox, and how their outputs are read.

Boxes and joints are continuous places in pixels of the input, as these networks are trained, and go back to
the image by the scale and the margin alone. Outputs are those of ONE image, without the batch axis.
Sources: Ultralytics 8 (YOLO pose, `non_max_suppression`, `scale_coords`); Lu et al. 2023 (RTMO), Lyu et al.
2022 (RTMDet) and Ge et al. 2021 (YOLOX) as mmdeploy exports them; Zhao et al. 2023 (RT-DETR).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from poseval.errors import MismatchError, shown
from poseval.models.inference.crops import Floats, warp
from poseval.models.inference.predictions import Poses, whole_image_poses
from poseval.models.inference.suppression import box_nms

Outputs = Sequence[NDArray[np.floating]]
STRIDES = (8, 16, 32)  # of YOLOX's three maps
ROUNDING = 0.01  # of scores in half precision, or quantised
SHAPES_HINT = "write the decode, the joints and the input size of the file in its card"
MODEL_HINT = (
    "take the model or decode of the file: yolo_pose and rtmo find poses, yolo_detect (decode yolo), yolox, "
    "rtdetr and rtmdet (decode boxes) boxes"
)
MARGIN = 0.1  # Ultralytics takes it off half a margin before it rounds


@dataclass(frozen=True)
class Letterbox:
    """How an image was put into an input: scaled by `gain` (x, y), then moved by `margin` pixels.

    Sides are rounded to whole pixels, so the two gains differ a little.
    """

    gain: tuple[float, float]
    margin: tuple[int, int]

    def to_image(self, xy: Floats) -> Floats:
        """Places [..., 2] of the input in pixels of the image."""
        placed: Floats = (xy - np.array(self.margin, dtype=np.float64)) / np.array(self.gain)
        return placed


def letterboxed(
    image: NDArray[np.uint8], size: tuple[int, int], *, centred: bool, fill: float
) -> tuple[NDArray[np.uint8], Letterbox]:
    """An image [H, W, 3] shrunk or grown to fit (height, width), the rest of one grey level."""
    height, width = image.shape[:2]
    gain = min(size[0] / height, size[1] / width)
    inner = (max(round(height * gain), 1), max(round(width * gain), 1))
    free = (size[1] - inner[1], size[0] - inner[0])
    margin = (round(free[0] / 2 - MARGIN), round(free[1] / 2 - MARGIN)) if centred else (0, 0)
    out = np.full((*size, 3), fill, dtype=np.uint8)
    out[margin[1] : margin[1] + inner[0], margin[0] : margin[0] + inner[1]] = resized(image, inner)
    return out, Letterbox((inner[1] / width, inner[0] / height), margin)


def resized(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """An image at another (height, width): bilinear, pixel areas on pixel areas, edges repeated."""
    if image.shape[:2] == size:
        return image
    step = [own / wanted for own, wanted in zip(image.shape[:2], size, strict=True)]
    edged = np.pad(image, ((1, 1), (1, 1), (0, 0)), mode="edge") if min(step) < 1 else image
    first = 1 if min(step) < 1 else 0
    matrix = np.array(
        [
            [1 / step[1], 0, (0.5 - first) / step[1] - 0.5],
            [0, 1 / step[0], (0.5 - first) / step[0] - 0.5],
        ]
    )
    return warp(edged, matrix, size)


def box_corners(middle: Floats) -> Floats:
    """Boxes [N, 4] as x0, y0, x1, y1 from centre, width and height."""
    half = middle[:, 2:] / 2
    corners: Floats = np.concatenate([middle[:, :2] - half, middle[:, :2] + half], axis=1)
    return corners


@dataclass(frozen=True)
class Reading:
    """What a reader needs beside the outputs: the input's (height, width), joints and thresholds.

    People below `least` are left out, and of boxes whose IoU is above `overlap` the better one stays.
    `person` is the class of people.
    """

    size: tuple[int, int]
    joints: int
    least: float
    overlap: float
    person: int = 0


def yolo_pose(outputs: Outputs, reading: Reading) -> Poses:
    """YOLO pose [5 + 3 K, n] (centre, size, score, joints), or [n, 6 + 3 K] with suppression done inside."""
    table = one(outputs, "yolo_pose", rank=2)
    raw, done = 5 + 3 * reading.joints, 6 + 3 * reading.joints
    if table.shape[0] != raw and table.shape[1] == done:
        scores(table[:, 4], "yolo_pose", outputs)
        good = table[(table[:, 4] >= reading.least) & (np.rint(table[:, 5]) == reading.person)]
        return _yolo_people(good[:, :4], good[:, 4], good[:, 6:])
    table = expect(table, "yolo_pose", 0, raw, f"[{raw}, n] or [n, {done}]").T
    scores(table[:, 4], "yolo_pose", outputs)
    table = table[table[:, 4] >= reading.least]
    corners = box_corners(table[:, :4])
    keep = box_nms(corners, table[:, 4], reading.overlap, end=0)
    return _yolo_people(corners[keep], table[keep, 4], table[keep, 5:])


def _yolo_people(corners: Floats, score: Floats, joints: Floats) -> Poses:
    points = joints.reshape(len(corners), joints.shape[1] // 3, 3)
    return whole_image_poses(points[..., :2], points[..., 2], score, corners)


def rtmo(outputs: Outputs, reading: Reading) -> Poses:
    """RTMO: boxes with scores [n, 5], and joints [n, K, 3]; suppression is done inside."""
    boxes, joints = pair(outputs, "rtmo", (2, 3))
    expect(boxes, "rtmo", 1, 5, "[n, 5] and [n, joints, 3]")
    expect(joints, "rtmo", 1, reading.joints, f"[n, {reading.joints}, 3]")
    good = scores(boxes[:, 4], "rtmo", outputs) >= reading.least
    boxes, joints = boxes[good], joints[good]
    return whole_image_poses(joints[..., :2], joints[..., 2], boxes[:, 4], boxes[:, :4])


def boxes(outputs: Outputs, reading: Reading) -> Poses:
    """Boxes with scores [n, 5] and classes [n], suppression done inside, as mmdeploy exports detectors."""
    found, kind = pair(outputs, "boxes", (2, 1))
    expect(found, "boxes", 1, 5, "[n, 5] and [n]")
    good = (np.rint(kind) == reading.person) & (scores(found[:, 4], "boxes", outputs) >= reading.least)
    return people(found[good, :4], found[good, 4])


def yolo(outputs: Outputs, reading: Reading) -> Poses:
    """YOLO boxes [4 + classes, n] (centre, size, scores), or [n, 6] with suppression done inside."""
    table = one(outputs, "yolo", rank=2)
    if table.shape[1] == 6:
        scores(table[:, 4], "yolo", outputs)
        good = table[(table[:, 4] >= reading.least) & (np.rint(table[:, 5]) == reading.person)]
        return people(good[:, :4], good[:, 4])
    rows, columns = table.shape
    people_in_rows = rows > columns > 6 and columns % 3 == 0  # of a pose network: its columns are 6 + 3 K
    if people_in_rows or rows < 5 + reading.person:
        raise other("yolo", outputs, "[4 + classes, n] or [n, 6]", MODEL_HINT)
    classes = scores(table[4:], "yolo", outputs)
    score, best = classes[reading.person], classes.argmax(0)
    good = (score >= reading.least) & (best == reading.person)
    return suppressed(box_corners(table[:4, good].T), score[good], reading)


def yolox(outputs: Outputs, reading: Reading) -> Poses:
    """YOLOX [n, 5 + classes]: cell offsets and logarithms of sizes, score of an object, scores of classes."""
    table = one(outputs, "yolox", rank=2)
    cells = [(reading.size[0] // stride, reading.size[1] // stride, stride) for stride in STRIDES]
    count = sum(rows * columns for rows, columns, _ in cells)
    expect(table, "yolox", 0, count, f"[{count}, 5 + classes]")
    grid = [
        np.stack([*np.meshgrid(np.arange(columns), np.arange(rows)), np.full((rows, columns), stride)], 2)
        for rows, columns, stride in cells
    ]
    place = np.concatenate([part.reshape(-1, 3) for part in grid])
    middle = (table[:, :2] + place[:, :2]) * place[:, 2:]
    corners = box_corners(np.concatenate([middle, np.exp(table[:, 2:4]) * place[:, 2:]], axis=1))
    parts = scores(table[:, 4:], "yolox", outputs)
    score = parts[:, 0] * parts[:, 1 + reading.person]
    good = score >= reading.least
    return suppressed(corners[good], score[good], reading)


def rtdetr(outputs: Outputs, reading: Reading) -> Poses:
    """RT-DETR: classes [n], corners [n, 4] and scores [n]; or one table [n, 4 + classes] in 0..1.

    The three outputs are of the original's export, in pixels of the size that it is given; the table is of
    Ultralytics', centre and size in parts of the input.
    """
    if [output.shape[1:] for output in outputs] == [(), (4,), ()] and len({*map(len, outputs)}) == 1:
        kind, corners, score = (np.asarray(output, dtype=np.float64) for output in outputs)
        good = (kind == reading.person) & (scores(score, "rtdetr", outputs) >= reading.least)
        return people(corners[good], score[good])
    table = one(outputs, "rtdetr", rank=2)
    if table.shape[1] < 5 + reading.person:
        raise other("rtdetr", outputs, "[n, 4 + classes], or classes [n], boxes [n, 4] and scores [n]")
    classes = scores(table, "rtdetr", outputs)[:, 4:]
    score, best = classes[:, reading.person], classes.argmax(1)
    good = (score >= reading.least) & (best == reading.person)
    sides = np.array([reading.size[1], reading.size[0]] * 2)
    return people(box_corners(table[good, :4] * sides), score[good])


def suppressed(corners: Floats, score: Floats, reading: Reading) -> Poses:
    """Boxes after suppression, best first."""
    keep = box_nms(corners, score, reading.overlap, end=0)
    return people(corners[keep], score[keep])


def people(corners: Floats, score: Floats) -> Poses:
    """Boxes of people without joints."""
    return whole_image_poses(np.zeros((len(score), 0, 2)), np.zeros((len(score), 0)), score, corners)


READERS: dict[str, Callable[[Outputs, Reading], Poses]] = {
    "yolo_pose": yolo_pose,
    "rtmo": rtmo,
    "boxes": boxes,
    "yolo": yolo,
    "yolox": yolox,
    "rtdetr": rtdetr,
}


def one(outputs: Outputs, decode: str, rank: int) -> Floats:
    """The only output, in double precision.

    Raises:
        MismatchError: P451 for another number of outputs or axes.
    """
    if len(outputs) != 1 or outputs[0].ndim != rank:
        raise other(decode, outputs, f"one output of {rank} axes beside the batch")
    return np.asarray(outputs[0], dtype=np.float64)


def pair(outputs: Outputs, decode: str, ranks: tuple[int, int]) -> tuple[Floats, Floats]:
    """Two outputs of these numbers of axes, in whatever order the file gives them."""
    by_rank = {output.ndim: np.asarray(output, dtype=np.float64) for output in outputs}
    if len(outputs) != 2 or set(by_rank) != set(ranks) or len({*map(len, outputs)}) != 1:
        raise other(decode, outputs, f"two outputs of {ranks[0]} and {ranks[1]} axes beside the batch")
    return by_rank[ranks[0]], by_rank[ranks[1]]


def expect(table: Floats, decode: str, axis: int, size: int, words: str) -> Floats:
    """The table, whose axis must have this size.

    Raises:
        MismatchError: P451.
    """
    if table.shape[axis] != size:
        raise other(decode, [table], words)
    return table


def scores(values: Floats, decode: str, outputs: Outputs) -> Floats:
    """Scores, which lie in 0..1; -1 is what some exports fill their rows with.

    Raises:
        MismatchError: P451 for others, such as places of joints where scores of classes should be.
    """
    strange = (values > 1 + ROUNDING) | ((values < -ROUNDING) & (values != -1))
    if strange.any():
        raise other(
            decode, outputs, f"scores from 0 to 1 there, and not {float(values[strange][0]):g}", MODEL_HINT
        )
    return values


def other(decode: str, outputs: Outputs, wanted: str, hint: str = SHAPES_HINT) -> MismatchError:
    """The error for outputs that a reading does not know."""
    shapes = " and ".join(str(list(output.shape)) for output in outputs)
    return MismatchError(
        "P451",
        where=f"decode {shown(decode)}",
        what=f"does not read outputs {shapes}, of one image",
        wanted=wanted,
        hint=hint,
    )
