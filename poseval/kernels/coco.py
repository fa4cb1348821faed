"""The COCO kernels: OKS over pairs, greedy matching in cells, weighted precision over recall.

A cell is matched on its own: an image, or an image and a category. `Cells` lists the rows of each. Bit t of a
mask stands for threshold t. Arithmetic follows pycocotools 2.0.11 (`cocoeval.py`, `computeOks`,
`evaluateImg`, `accumulate`) to the last bit, except for `exp`: this module uses the C library's, pycocotools
NumPy's vector routine, which on some processors differs in the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from poseval.kernels import _kernels

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Masks = NDArray[np.uint64]

MAX_THRESHOLDS = _kernels.MOST_THRESHOLDS  # bits of a mask
PRECISION, RECALL = _kernels.PRECISION, _kernels.RECALL  # kinds of statistics
RECALLS: Floats = np.linspace(0.0, 1.0, 101)


@dataclass(frozen=True, eq=False)
class Cells:
    """Rows grouped by cell: cell c has `row[start[c]:start[c + 1]]`, in the order of the table."""

    row: Ints  # [N]
    start: Ints  # [C + 1]

    @staticmethod
    def of(cell: NDArray[Any], count: int) -> Cells:
        """Group rows by their cell [N] in 0 .. count-1; -1 leaves a row out."""
        if len(cell) == 0 or (cell[0] >= 0 and bool((np.diff(cell) >= 0).all())):
            row = np.arange(len(cell), dtype=np.int64)
        else:
            row = _kernels.group_order(cell, count)
        return Cells(row, np.searchsorted(cell[row], np.arange(count + 1)).astype(np.int64))

    def cell(self) -> Ints:
        """Cell [N] of each listed row."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))


@dataclass(frozen=True, eq=False)
class Targets:
    """True people as OKS and the matching see them, G rows."""

    xy: Floats  # [G, K, 2] pixels
    labelled: Bools  # [G, K]
    area: Floats  # [G] square pixels: scale of OKS, and what area ranges look at
    box: Floats  # [G, 4] x, y, width, height as in the file; read only where nothing is labelled
    ignored: Bools  # [G] never counts: a crowd, or nobody to find
    crowd: Bools  # [G] may be matched by any number of detections
    unseen: Bools  # [G] a match with it reads as no match (id 0 in pycocotools)


@dataclass(frozen=True, eq=False)
class Detections:
    """Predicted people, P rows."""

    xy: Floats  # [P, K, 2] pixels
    score: Floats  # [P]
    area: Floats  # [P] square pixels


@dataclass(frozen=True, eq=False)
class Matching:
    """Kept detections, R rows by cell and descending score, and the state of the N listed true people."""

    row: Ints  # [R] row among the detections
    rank: Ints  # [R] 0 for the highest score of the cell
    start: Ints  # [C + 1] offsets of cells into the R rows
    hit: Masks  # [R, A] matched to a person that counts
    skip: Masks  # [R, A] does not count: matched to an ignored person, or unmatched and of a foreign size
    truth_skip: Bools  # [N, A] does not count in this area range
    matched: NDArray[np.int32]  # [R, A, T] row of the matched ground truth, -1 none; empty unless asked for
    oks: Floats  # OKS with every ground truth of the cell, detections in rows; empty unless asked for
    oks_start: Ints  # [C + 1] offsets of cells into `oks`


def _poses(xy: Floats) -> Floats:
    """`xy` [N, K, 2] float64 with the joints of a row beside each other; a slice of joints is not copied."""
    xy = np.asarray(xy, dtype=np.float64)
    beside = xy.strides[2] == 8 and (xy.shape[1] == 1 or xy.strides[1] == 16) and xy.strides[0] % 8 == 0
    return xy if beside else np.ascontiguousarray(xy)


def oks_pairs(
    poses: Floats, targets: Targets, sigmas: Floats, pose_row: NDArray[Any], target_row: NDArray[Any]
) -> Floats:
    """Object keypoint similarity [P] of pose `pose_row[i]` and person `target_row[i]`.

    Mean over the labelled joints of exp(-d^2 / (2 sigma)^2 / (area + 2^-52) / 2). A person without labelled
    joints is measured to its box grown by one width and height on each side, over all joints.

    Raises:
        ValueError: shapes disagree, or a row is out of range.
    """
    out: Floats = _kernels.oks_pairs(
        _poses(poses),
        _poses(targets.xy),
        targets.labelled,
        targets.area,
        targets.box,
        (np.asarray(sigmas, dtype=np.float64) * 2) ** 2,
        pose_row,
        target_row,
    )
    return out


def match(
    detections: Detections,
    pose_cells: Cells,
    targets: Targets,
    target_cells: Cells,
    sigmas: Floats,
    thresholds: Floats,
    ranges: Floats,
    max_dets: int,
    *,
    with_matched: bool = False,
    with_oks: bool = False,
    given: Floats | None = None,
) -> Matching:
    """Match detections to people, cell by cell, as COCO does: greedily by score, per threshold and range.

    `thresholds` [T] at most 64, `ranges` [A, 2] closed at both ends. Of a cell the `max_dets` highest scores
    take part; equal scores keep the order of the table. A detection takes the free person of highest OKS, of
    equals the later; a person that counts goes before any that does not. `given` replaces OKS by another
    similarity, laid out like `Matching.oks` of the same detections (see `keep`).

    Raises:
        ValueError: shapes disagree, or a row or a threshold count is out of range.
    """
    found = _kernels.oks_match(
        _poses(detections.xy),
        detections.score,
        detections.area,
        pose_cells.row,
        pose_cells.start,
        _poses(targets.xy),
        targets.labelled,
        targets.area,
        targets.box,
        targets.ignored,
        targets.crowd,
        targets.unseen,
        target_cells.row,
        target_cells.start,
        (np.asarray(sigmas, dtype=np.float64) * 2) ** 2,
        thresholds,
        ranges,
        max_dets,
        with_matched,
        with_oks,
        given,
    )
    row, rank, start, hit, skip, truth_skip, matched, oks, oks_start = found
    return Matching(row, rank, start, hit, skip, truth_skip.view(np.bool_), matched, oks, oks_start)


def keep(score: Floats, cells: Cells, max_dets: int) -> Cells:
    """The `max_dets` rows of highest score of each cell, by descending score, ties in table order."""
    cell = cells.cell()
    order = np.lexsort((-score[cells.row], cell))
    rank = np.arange(len(order)) - np.repeat(cells.start[:-1], np.diff(cells.start))
    kept = np.minimum(np.diff(cells.start), max_dets)
    return Cells(cells.row[order[rank < max_dets]], np.concatenate([[0], np.cumsum(kept)]))


def cell_pairs(poses: Cells, targets: Cells) -> tuple[Ints, Ints]:
    """Rows (pose [P], target [P]) of every pair in a cell, in the layout of `Matching.oks`."""
    people = np.diff(targets.start)
    cell = poses.cell()
    count = people[cell]
    offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return np.repeat(poses.row, count), targets.row[np.repeat(targets.start[cell], count) + offset]


@dataclass(frozen=True, eq=False)
class Ranked:
    """Detections to be ranked, R rows, and their resampling units.

    Rows must stand in the order that decides between equal scores, the rows of a unit beside each other.
    """

    score: Floats  # [R]
    hit: Masks  # [R, A]
    skip: Masks  # [R, A]
    unit: Ints  # [R]


@dataclass(frozen=True, eq=False)
class Curves:
    """Precision and score at each recall point, and the recall reached; NaN without people to find."""

    precision: Floats  # [T, Q, A]
    recall: Floats  # [T, A]
    scores: Floats  # [T, Q, A]


def descending(score: Floats) -> Ints:
    """Rows by descending score; equal scores keep their order, and NaN comes last."""
    return _kernels.descending(score)


def accumulate(
    ranked: Ranked,
    order: Ints,
    positives: Ints,
    thresholds: int,
    weight: Ints | None = None,
    recalls: Floats = RECALLS,
) -> Curves:
    """Precision over recall of the rows `order` (by `descending`, or a part of it).

    `positives` [A] counts the people to be found, weighted like the rows. `weight` [U] is the multiplicity
    of each unit; the outcome equals that of physical copies standing beside their originals, exactly.

    Raises:
        ValueError: shapes disagree, a weight is negative, or a row is out of range.
    """
    precision, recall, scores = _kernels.accumulate(
        ranked.score,
        ranked.hit,
        ranked.skip,
        ranked.unit,
        order,
        np.zeros(0, dtype=np.int64) if weight is None else np.asarray(weight, dtype=np.int64),
        np.asarray(positives, dtype=np.int64),
        thresholds,
        recalls,
    )
    return Curves(precision, recall, scores)


def resample(
    ranked: Ranked,
    orders: list[Ints],
    positives: Ints,
    weights: Ints,
    thresholds: int,
    statistics: list[tuple[int, int, int]],
    recalls: Floats = RECALLS,
) -> Floats:
    """Means [B, S] of the curves under many weights [B, U], without the curves; NaN where undefined.

    `orders` holds one ranking per category, `positives` [U, K, A] the people to be found. A statistic is
    (kind, threshold, range): the mean of PRECISION or RECALL; threshold -1 takes all. Bit-equal to the mean
    over `accumulate`, entries of categories without people left out.

    Raises:
        ValueError: shapes disagree, a weight is negative, or an index is out of range.
    """
    start = np.cumsum([0, *(len(order) for order in orders)])
    out: Floats = _kernels.resample(
        ranked.score,
        ranked.hit,
        ranked.skip,
        ranked.unit,
        np.concatenate(orders),
        start,
        positives,
        weights,
        thresholds,
        recalls,
        np.asarray(statistics, dtype=np.int64).reshape(-1, 3),
    )
    return out
