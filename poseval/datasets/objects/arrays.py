"""Pose sets from plain arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from poseval.datasets.assembly import frames_of, mean_score, pose_set, predicted, scores_from_joints
from poseval.datasets.objects.columns import (
    array_of,
    names_of,
    numbers,
    odd_shape,
    skeleton_of,
    uneven,
    whole,
)
from poseval.errors import UsageError, like_others, shown, unknown_name, wrong_type
from poseval.kernels.poses import extent
from poseval.limits import DEFAULT
from poseval.poses import Array, Floats, Frames, Ints, Notice, Origin, PoseSet
from poseval.skeletons import SkeletonLike

VISIBILITY, SCORE = "visibility", "score"  # what a third column of keypoints may hold
BOX_FORMS = ("xyxy", "xywh")


def from_arrays(
    keypoints: Any,
    *,
    frame: Any = None,
    score: Any = None,
    third: str | None = None,
    visibility: Any = None,
    joint_score: Any = None,
    track: Any = None,
    area: Any = None,
    box: Any = None,
    box_form: str = "xyxy",
    head: Any = None,
    crowd: Any = None,
    frames: Any = None,
    size: Any = None,
    skeleton: SkeletonLike | Sequence[str] | None = None,
) -> PoseSet:
    """A pose set from arrays of NumPy, PyTorch or plain lists: N people of K joints.

    Call it once for the ground truth and once for the predictions::

        truth = poseval.from_arrays(gt_xyv, third="visibility", frame=gt_image, area=gt_area)
        found = poseval.from_arrays(xy, frame=image, score=score)
        print(poseval.score(truth, found, "coco-keypoints").to_text())

    Frames may come in any order. The order of people within a frame is kept, because it decides ties.

    Args:
        keypoints: [N, K, 2] x and y in pixels, the centre of the first pixel at (0, 0), or [N, K, 3]. NaN
            means that a joint is missing.
        frame: [N] the image of each person, a number or a name. `video/000012` is frame 12 of a sequence. By
            default each person i is alone in frame i.
        score: [N] confidence of each predicted person. Predictions that a benchmark ranks need it.
        third: what the third column of `keypoints` holds, `visibility` or `score`; required if there is one.
        visibility: [N, K] 0 not labelled, 1 hidden, 2 visible, if it is not a column of `keypoints`.
        joint_score: [N, K] confidence of each joint, if it is not a column of `keypoints`. Without `score`
            their mean is a person's score.
        track: [N] number of each person's track, -1 for none.
        area: [N] square pixels. OKS divides by the areas of the ground truth. The areas of predictions are by
            default those of the boxes, else of the extents of the joints, as in pycocotools.
        box: [N, 4] corners x0, y0, x1, y1 in pixels.
        box_form: `xyxy`, or `xywh` where `box` holds x0, y0, width and height.
        head: [N] head size in pixels, for PCKh.
        crowd: [N] True for a region of people that is ignored.
        frames: [F] all images, required if some have no people. Images without a true person count, too.
        size: width and height of the images in pixels: one pair for all, a mapping of frames to pairs, a row
            for each of `frames`, or for each person.
        skeleton: a name such as `coco17`, a file, a `Skeleton` or a list of joint names. By default the usual
            skeleton of K joints.

    Raises:
        UsageError: P101 another type, P851 another shape, P852 no usual skeleton, P853 a third column that is
            not named, P854 a frame that is not among `frames`, P102 an unknown word.
        ValueRangeError: P301 an infinite coordinate, or a NaN that the visibility contradicts.
    """
    if not isinstance(box_form, str) or box_form not in BOX_FORMS:
        raise unknown_name("P102", "box_form", box_form, BOX_FORMS)
    xy, rest = _keypoints(keypoints, third)
    rows, joints = xy.shape[:2]
    known = skeleton_of(skeleton, joints)
    per_joint = f"[{rows}, {joints}], one for each joint"
    per_person = f"[{rows}], one for each person"
    if visibility is not None or third == VISIBILITY:
        visibility = _once(VISIBILITY, visibility, rest if third == VISIBILITY else None)
        visibility = numbers(VISIBILITY, visibility, (rows, joints), per_joint)
    if joint_score is not None or third == SCORE:
        joint_score = _once("joint_score", joint_score, rest if third == SCORE else None)
        joint_score = numbers("joint_score", joint_score, (rows, joints), per_joint)
    seen = _seen(xy, visibility, joint_score)
    columns: dict[str, Array] = {"xy": xy, "seen": seen}
    notices: list[Notice] = []
    if joint_score is not None:
        columns["joint_score"] = joint_score
    for name, value in (("score", score), ("area", area), ("head", head)):
        if value is not None:
            columns[name] = numbers(name, value, (rows,), per_person)
    if score is None and joint_score is not None:
        columns["score"] = mean_score(joint_score, seen)
        notices.append(scores_from_joints("<arrays>", rows))
    if crowd is not None:
        columns["crowd"] = numbers("crowd", crowd, (rows,), per_person) != 0
    if track is not None:
        columns["track"] = whole("track", track, rows)
    extra: dict[str, Array] = {}
    if box is not None:
        columns["box"], extra["box_size"] = _boxes(box, box_form, rows)
    if "score" in columns:
        columns["source_id"] = np.arange(1, rows + 1, dtype=np.int64)
        columns.setdefault("area", _predicted_area(xy, seen, extra.get("box_size")))
    place, table = _frames(frame, frames, size, rows)
    origin = Origin("<arrays>", "", "memory", rows, tuple(notices))
    return pose_set(known, table, place, columns, origin, DEFAULT, extra=extra)


def _keypoints(keypoints: Any, third: str | None) -> tuple[Floats, Floats | None]:
    """Coordinates [N, K, 2], and the third column [N, K] where there is one."""
    form = "[N, K, 2] or [N, K, 3]: people, joints, and x, y and perhaps a third column"
    if third is not None and not (isinstance(third, str) and third in (VISIBILITY, SCORE)):
        raise unknown_name("P102", "third", third, (VISIBILITY, SCORE))
    found = _array(keypoints)
    shape: Sequence[int] = getattr(found, "shape", ())
    if not shape or found.dtype.kind not in "biuf":
        error = uneven("keypoints", keypoints, form)
        raise error or wrong_type("keypoints", keypoints, f"numbers of shape {form}")
    hint = None
    if len(shape) == 2:
        flat = shape[1] % 3 == 0 and shape[1] > 3
        hint = (
            "keypoints.reshape(N, -1, 3) unfolds rows of numbers" if flat else "keypoints[None] is one person"
        )
    if len(shape) < 3:
        if found.size:
            raise odd_shape("keypoints", shape, form, hint)
        found = np.zeros((0, 17, 2 if third is None else 3))  # an empty list of people
    if len(found.shape) != 3 or found.shape[2] not in (2, 3):
        raise odd_shape("keypoints", shape, form, hint)
    array = numbers("keypoints", found, (None, None, None), form)
    if array.shape[2] == 2:
        if third is not None:
            raise odd_shape("keypoints", array.shape, f"[N, K, 3], the third column the {third}")
        return array, None
    if third is None:
        raise UsageError(
            "P853",
            where="keypoints",
            what="have a third column that is not named",
            wanted='third="visibility" or third="score"',
            hint="pass third=..., or keypoints[..., :2]",
        )
    return np.ascontiguousarray(array[..., :2]), np.ascontiguousarray(array[..., 2])


def _array(keypoints: Any) -> Any:
    """An array; lists with rows of different lengths give an array of objects."""
    try:
        return array_of(keypoints)
    except (TypeError, ValueError):
        return np.asarray(None)


def _once(name: str, value: Any, column: Floats | None) -> Any:
    """A column given as an argument or as the third column of the keypoints."""
    if value is not None and column is not None:
        raise UsageError(
            "P850", where=name, what="is also the third column of keypoints", wanted="one of the two"
        )
    return column if value is None else value


def _seen(xy: Floats, visibility: Floats | None, joint_score: Floats | None) -> Array:
    """0 not there, 1 hidden, 2 visible or predicted [N, K]; a flag between two numbers is the lower one."""
    there = ~np.isnan(xy).any(axis=2)
    if visibility is not None:
        return np.asarray(np.clip(np.nan_to_num(visibility), 0, 2), dtype=np.int8)
    if joint_score is None:
        return np.where(there, 2, 0).astype(np.int8)
    return np.where(there, np.where(np.isinf(xy).any(axis=2), 2, predicted(xy, joint_score)), 0).astype(
        np.int8
    )


def _boxes(box: Any, form: str, rows: int) -> tuple[Floats, Floats]:
    """Corners [N, 4], and width and height [N, 2] as they were given."""
    found = numbers("box", box, (rows, 4), f"[{rows}, 4], one for each person")
    size = found[:, 2:] - found[:, :2] if form == "xyxy" else found[:, 2:].copy()
    bad = np.flatnonzero((size < 0).any(axis=1))
    if len(bad):
        raise UsageError(
            "P851",
            where=f"box[{bad[0]}]",
            what=f"is {found[bad[0]].tolist()}, of negative size{like_others(len(bad) - 1)}",
            wanted="x0, y0, x1, y1" if form == "xyxy" else "x0, y0, width, height",
            hint='pass box_form="xywh" if these are sizes' if form == "xyxy" else None,
        )
    corners = np.concatenate([found[:, :2], found[:, :2] + size], axis=1) if form == "xywh" else found
    return corners, size


def _predicted_area(xy: Floats, seen: Array, size: Floats | None) -> Floats:
    """Areas [N] as pycocotools takes them: of the boxes, else of the extent of all joints."""
    there = ~np.isnan(xy).any(axis=2)
    own = extent(xy) if there.all() else extent(xy, seen)
    if size is None:
        return own
    area = size[:, 0] * size[:, 1]
    return np.where(np.isnan(area), own, area)


def _frames(frame: Any, frames: Any, size: Any, rows: int) -> tuple[Ints, Frames]:
    """The frame [N] of each person, and the table of frames in ascending order, as in pycocotools."""
    own = np.arange(rows, dtype=np.int64) if frame is None else names_of("frame", frame)
    if len(own) != rows:
        raise odd_shape("frame", own.shape, f"[{rows}], one for each person")
    listed = own if frames is None else names_of("frames", frames)
    if len(own) and len(listed) and own.dtype.kind != listed.dtype.kind:
        own, listed = own.astype(np.str_), listed.astype(np.str_)
    keys, first = np.unique(listed, return_index=True)
    place = np.minimum(np.searchsorted(keys, own), max(len(keys) - 1, 0))
    lost = np.flatnonzero(keys[place] != own) if len(keys) else np.arange(rows)
    if len(lost):
        raise UsageError(
            "P854",
            where=f"frame[{lost[0]}]",
            what=f"is {shown(own[lost[0]], 60)!r}, which is not among the frames{like_others(len(lost) - 1)}",
            wanted="the frames= of all images",
        )
    sizes = _sizes(size, keys, first, len(listed), "person" if frames is None else "frame")
    if keys.dtype.kind == "U":
        return place, frames_of(keys.tolist(), DEFAULT, "frames", sizes)
    extra = {"image_id": keys}
    return place, Frames(keys.astype(np.str_), number=keys, size=sizes, extra=extra)


def _sizes(size: Any, keys: Array, first: Ints, rows: int, row: str) -> Floats:
    """Width and height [F, 2] of each frame, NaN where it is not given."""
    if size is None:
        return np.full((len(keys), 2), np.nan)
    if isinstance(size, Mapping):
        named = {str(name): pair for name, pair in size.items()}
        if named and named.keys().isdisjoint(map(str, keys.tolist())):
            what = f"names {shown(next(iter(named)), 60)!r}, and no frame of a person"
            raise UsageError("P854", where="size", what=what, wanted="frames with their width and height")
        pairs = [named.get(str(key), (np.nan, np.nan)) for key in keys.tolist()]
        return numbers("size", pairs or np.zeros((0, 2)), (len(keys), 2), "width and height for each frame")
    form = f"[2] width and height, or [{rows}, 2], one for each {row}"
    found = numbers("size", size, (2,) if np.ndim(size) == 1 else (rows, 2), form)
    return np.tile(found, (len(keys), 1)) if found.ndim == 1 else found[first]
