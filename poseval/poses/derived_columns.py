"""Columns that are derived from joints, and computed again when the joints change."""

from __future__ import annotations

import numpy as np

from poseval.poses import Array, Bools, Floats, Ints, People
from poseval.poses.enclosing import enclosing_boxes

ROUNDING = 0.011  # pixels: files round boxes to two decimals
AREA_ROUNDING = 1e-4  # of an area
# Areas that are made from joints: the whole box around them, or the fraction of it that a person covers.
SHARES = (1.0, 0.53)
# COCO-WholeBody's num_keypoints counts the joints of the body alone, which stand first.
WHOLE_BODY, BODY = 133, 17


def labelled_count(seen: Array) -> Ints:
    """What `num_keypoints` [N] should say: labelled joints of `seen` [N, K]; of a whole body its body's."""
    counted = seen[:, :BODY] if seen.shape[1] == WHOLE_BODY else seen
    return np.asarray((counted > 0).sum(axis=1), dtype=np.int64)


def made_again(before: People, after: People) -> tuple[People, dict[str, int]]:
    """`after` with the columns computed again that fit the joints of `before` [both N], and how many changed.

    A box that is not the smallest around the joints, and an area that is not a fraction of such a box, did
    not come from joints and are kept. So are those of people with fewer than two joints left. A person with a
    `num_keypoints` of 0 is ignored by the file and stays ignored.
    """
    changed: dict[str, int] = {}
    columns: dict[str, Array] = {}
    extra = dict(after.extra)
    old, new = enclosing_boxes(before.xy, before.seen > 0), enclosing_boxes(after.xy, after.seen > 0)
    spans = _area(new) > 0
    with np.errstate(invalid="ignore"):
        from_joints: Bools = (np.abs(before.box - old) <= ROUNDING).all(axis=1) & spans
        moved: Bools = from_joints & (np.abs(new - before.box) > ROUNDING).any(axis=1)
    if moved.any():
        columns["box"] = np.where(moved[:, None], new, before.box)
        changed["box"] = int(moved.sum())
        if "box_size" in extra:
            extra["box_size"] = np.where(moved[:, None], new[:, 2:] - new[:, :2], extra["box_size"])
    area = _areas(before.area, _area(old), np.where(spans, _area(new), np.nan))
    if (differs := (area != before.area) & ~np.isnan(area)).any():
        columns["area"], changed["area"] = area, int(differs.sum())
    if "num_keypoints" in extra:
        given = extra["num_keypoints"]
        count = np.where(given > 0, labelled_count(after.seen), given)
        if (differs := count != given).any():
            extra["num_keypoints"], changed["num_keypoints"] = count, int(differs.sum())
    return after.with_columns(**columns, extra=extra), changed


def _area(box: Floats) -> Floats:
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray((box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1]))


def _areas(area: Floats, old: Floats, new: Floats) -> Floats:
    """Areas [N] that were a fraction of the box around the joints, `old`, as the same fraction of `new`."""
    out = area.copy()
    for share in SHARES:
        with np.errstate(invalid="ignore", over="ignore"):
            fits = np.abs(area - share * old) <= AREA_ROUNDING * area
            fits &= np.isfinite(new) & (np.abs(new - old) > AREA_ROUNDING * new)
        out[fits] = share * new[fits]
    return out
