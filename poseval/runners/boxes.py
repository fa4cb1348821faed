"""Person boxes for top-down models: from the ground truth, a detections file or a detector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from poseval.errors import Faults, FormatError, MismatchError, number_of, shown
from poseval.files.reading import read_json
from poseval.limits import DEFAULT
from poseval.models.weights.load import digest
from poseval.poses import Bools, Floats, Frames, Ints, Notice, PoseSet
from poseval.poses.enclosing import enclosing_boxes

EXTENT_GROWTH = 1.15  # boxes from joints: Simple Baselines grows the extent by 15 % in length on PoseTrack
MPII_PERSON, MPII_DOWN = 200.0, 15.0  # pixels per unit of scale: the square's side, its way down
MOST_PIXELS = 1e9  # of a place or side; a sum of such is finite, too
FEW_BOXES = 2  # below which the looks of boxes say nothing
BEYOND = 1.05  # of an image's side; boxes of detectors and of whole images end a little behind it
CORNERS_BEYOND = 0.5  # of corners read as sizes that reach beyond their images: fewer do of people cut off
CENTRES_BEYOND = 0.25  # of centres with sizes: these lie inside as what they are, so fewer are enough
PERSON = 1  # category id of people in COCO's detection files


@dataclass(frozen=True, eq=False)
class Boxes:
    """Boxes of all frames: rows sorted by frame, corners in pixels, scores (1 for boxes of the ground truth).

    `person` is the row of the ground truth that a box belongs to, -1 for boxes of a file.
    """

    frame: Ints  # [B]
    corners: Floats  # [B, 4] x0 y0 x1 y1
    score: Floats  # [B]
    person: Ints  # [B]
    source: str
    notices: tuple[Notice, ...] = ()

    def __len__(self) -> int:
        return len(self.frame)

    def of(self, row: int) -> tuple[Floats, Floats]:
        """Corners [n, 4] and scores [n] of one frame."""
        low, high = np.searchsorted(self.frame, (row, row + 1))
        return self.corners[low:high], self.score[low:high]


def truth_boxes(truth: PoseSet) -> Boxes:
    """The people of the ground truth as boxes; crowds and people without any labelled joint or box are left
    out.

    A box is clipped as COCO's loaders do (right edge at width - 1). Where the ground truth has none, the
    extent of the labelled joints grown by 15 % stands in. MPII's people have a centre and a scale instead: a
    square of 200 times the scale, moved down by 15 times the scale and never clipped, as HRNet's program
    takes it.

    Raises:
        MismatchError: P431 when no person of the ground truth gives a box.
    """
    people = truth.people
    labelled: Bools = np.asarray(people.seen > 0)
    has_joints: Bools = np.asarray(np.any(labelled, axis=1))
    around = enclosing_boxes(people.xy, labelled)
    low, high = np.split(np.where(np.isnan(around), 0.0, around), 2, axis=1)
    margin = (EXTENT_GROWTH - 1) / 2 * (high - low)
    extent = np.concatenate([low - margin, high + margin], axis=1)
    has_box: Bools = np.asarray(np.isfinite(people.box).all(axis=1))
    corners = np.where(has_box[:, None], people.box, extent)
    size = truth.frames.size[people.frame]
    limit = np.where(np.isfinite(size), size - 1, np.inf)
    corners = np.concatenate([np.maximum(corners[:, :2], 0), np.minimum(corners[:, 2:], limit)], axis=1)
    square = _mpii_squares(truth)
    centred: Bools = np.asarray(np.isfinite(square).all(axis=1))
    corners, has_box = np.where(centred[:, None], square, corners), has_box | centred
    good = ~people.crowd & (has_box | has_joints) & (corners[:, 2:] > corners[:, :2]).all(axis=1)
    if len(people) and not good.any():
        raise MismatchError(
            "P431",
            where=truth.origin.name,
            what="has no people with boxes or with labelled joints inside their images",
            wanted="ground truth with boxes, or --boxes FILE",
        )
    rows, lacking = np.flatnonzero(good), int((~good & ~people.crowd).sum())
    text = (
        f"{number_of(lacking, 'true person', 'true people')} with neither a box nor labelled joints inside "
        "the image left out"
    )
    notices = (Notice("N130", text, lacking),) if lacking else ()
    row = rows.astype(np.int64)
    return Boxes(people.frame[rows], corners[rows], np.ones(len(rows)), row, "truth", notices)


def _mpii_squares(truth: PoseSet) -> Floats:
    """Squares [N, 4] about MPII's centres, which count from pixel 1; NaN for people without."""
    people = truth.people
    if truth.skeleton.name != "mpii16" or not {"center", "scale"} <= people.extra.keys():
        return np.full((len(people), 4), np.nan)
    scale = np.where(people.extra["scale"] > 0, people.extra["scale"], np.nan)
    middle = people.extra["center"] - 1 + scale[:, None] * [0.0, MPII_DOWN]
    half = scale[:, None] * MPII_PERSON / 2
    return np.concatenate([middle - half, middle + half], axis=1)


def file_boxes(path: Path, frames: Frames, least: float = 0.0) -> Boxes:
    """Boxes of a COCO detections file: a list of `{"image_id", "bbox": [x, y, w, h], "score"}`.

    A list under `annotations` is read, too. Records of another category than person are left out, and boxes
    without any overlap with their image; both are counted in the notices.

    Raises:
        UsageError: P114 no such file. FormatError: P204 malformed records (all at once).
        MismatchError: P402 when images are not among the frames, P431 when no box is left, or all are in
            fractions of their images.
    """
    records = _records(path)
    place = {str(key): row for row, key in enumerate(frames.key)}
    rows: list[tuple[int, float, float, float, float, float]] = []
    faults, unknown, others, weak = Faults(), set[str](), 0, 0
    for index, record in enumerate(records):
        found = _box_of(path.name, index, record, faults)
        if found is None:
            continue
        key, category, box, score = found
        if category != PERSON:
            others += 1
        elif key not in place:
            unknown.add(key)
        elif score < least:
            weak += 1
        else:
            rows.append((place[key], *box, score))
    faults.raise_if_any()
    if unknown:
        raise MismatchError(
            "P402",
            where=shown(path.name),
            what=f"has boxes for {len(unknown)} images that are not used (first: {shown(min(unknown))})",
            wanted=f"image ids such as {shown(frames.key[0]) if len(frames) else '(there are no images)'}",
            hint="Is it a detections file of another split?",
        )
    return _kept(path, frames, rows, {"with another category": others, f"with a score below {least:g}": weak})


def _kept(path: Path, frames: Frames, rows: Sequence[tuple[float, ...]], dropped: Mapping[str, int]) -> Boxes:
    table = np.array(sorted(rows, key=lambda row: row[0]), dtype=np.float64).reshape(-1, 6)
    frame = table[:, 0].astype(np.int64)
    corners = table[:, 1:5].copy()
    corners[:, 2:] += corners[:, :2]
    size = frames.size[frame]
    inside = (corners[:, 2:] > 0).all(axis=1) & ~(corners[:, :2] >= size).any(axis=1)
    solid = (table[:, 3:5] > 0).all(axis=1)
    if solid.any() and (np.abs(table[solid, 1:5]) <= BEYOND).all():
        raise MismatchError(
            "P431",
            where=shown(path.name),
            what=f"has boxes in fractions of their images: no number is above {BEYOND:g}",
            wanted="boxes [x, y, width, height] in pixels of the images",
            hint="multiply x and width by the width of the image, y and height by its height",
        )
    counts = {
        **dropped,
        "outside their image": int((~inside & solid).sum()),
        "without area": int((~solid).sum()),
    }
    notices = tuple(
        Notice("N130", f"{shown(path.name)}: {number_of(count, 'box', 'boxes')} {what} left out", count)
        for what, count in counts.items()
        if count
    )
    good = inside & solid
    if not good.any():
        raise MismatchError(
            "P431",
            where=shown(path.name),
            what="has no usable box"
            + "".join(f"; {count} {what}" for what, count in counts.items() if count),
            wanted="boxes [x, y, width, height] in pixels of the images",
        )
    nobody = np.full(int(good.sum()), -1, dtype=np.int64)
    source = f"{shown(path.name)} sha256 {digest(path)}"
    return Boxes(frame[good], corners[good], table[good, 5], nobody, source, notices)


def misread(boxes: Boxes, size: Floats) -> tuple[Notice, ...]:
    """A notice where boxes of a file look like corners, or like centres and sizes.

    They are read as x, y, width, height.
    `size` [F, 2] of all frames (width, height); none where those of the boxes are not known (NaN).
    """
    size, first = size[boxes.frame], boxes.corners[:, :2]
    second = boxes.corners[:, 2:] - first  # as the file has it
    beyond = (boxes.corners[:, 2:] > BEYOND * size).any(axis=1).mean() if len(boxes) else 0.0
    low, high = first - second / 2, first + second / 2
    corners = (second > first).all() and (second <= size).all() and beyond >= CORNERS_BEYOND
    margin = (BEYOND - 1) * size
    centres = (low >= -margin).all() and (high <= size + margin).all() and beyond >= CENTRES_BEYOND
    if (boxes.person >= 0).any() or len(boxes) < FEW_BOXES or not (corners or centres):
        return ()
    looks, them, write = (
        ("corners (x0, y0, x1, y1)", "corners", "x1 - x0 and y1 - y0")
        if corners
        else ("a centre and a size", "so", "x - width / 2 and y - height / 2")
    )
    text = (
        f"{boxes.source.partition(' sha256 ')[0]}: boxes look like {looks}, and are read as "
        f"x, y, width, height; if they are {them}, write {write}"
    )
    return (Notice("N136", text, len(boxes)),)


def _records(path: Path) -> list[Any]:
    try:
        content = read_json(path, DEFAULT.file_bytes)
    except ValueError as error:
        raise FormatError(
            "P204", where=shown(path.name), what=f"is not JSON ({shown(error)})", wanted="a detections file"
        ) from error
    records = content.get("annotations") if isinstance(content, dict) else content
    if not isinstance(records, list):
        raise FormatError(
            "P204",
            where=shown(path.name),
            what="is not a list of detections",
            wanted='[{"image_id": 1, "category_id": 1, "bbox": [x, y, w, h], "score": 0.9}, ...]',
        )
    return records


def _box_of(
    name: str, index: int, record: Any, faults: Faults
) -> tuple[str, int, tuple[float, float, float, float], float] | None:
    where = f"{shown(name)}: [{index}]"
    if not isinstance(record, dict):
        faults.add("P204", where=where, what="is not an object")
        return None
    box, score, image = record.get("bbox"), record.get("score", 1.0), record.get("image_id")
    if not isinstance(box, list) or len(box) != 4:
        box = []
    numbers = [*box, score]
    if len(numbers) != 5 or not all(_finite(number) for number in numbers):
        faults.add(
            "P204", where=f"{where}.bbox", what="is not four finite numbers with a score", wanted="x y w h"
        )
        return None
    if isinstance(image, bool) or not isinstance(image, (int, str)):
        faults.add("P204", where=f"{where}.image_id", what=f"is {shown(image)}", wanted="a number or a name")
        return None
    category = record.get("category_id", PERSON)
    return str(image), category, (float(box[0]), float(box[1]), float(box[2]), float(box[3])), float(score)


def _finite(number: Any) -> bool:
    return isinstance(number, (int, float)) and not isinstance(number, bool) and abs(number) <= MOST_PIXELS
