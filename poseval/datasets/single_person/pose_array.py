"""Predictions as a bare array: .npy, .npz and JSON, and `pred.mat` and `preds.h5`.

An array of N people, K joints and x, y (or x, y, score), with its axes in any of the orders that evaluation
scripts use; the ground truth says which. Pairing is by order, so the counts must agree. A .npz with one array
per sequence is paired by name and frame. Arrays of sticks (the two ends of each limb) are recognised by their
length.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from poseval.datasets.base import Dataset, Losses, ReadOptions, Role, WriteOptions
from poseval.datasets.capabilities import losses_of
from poseval.datasets.containers import hdf5, mat_arrays, npy
from poseval.datasets.containers import mat as matlab
from poseval.datasets.containers.unread import Known
from poseval.datasets.files.document import Document
from poseval.datasets.files.source import Source
from poseval.datasets.single_person.pairing import ordered_predictions, origin_of
from poseval.errors import Fault, Faults, PosevalError, UsageError, error_of, number_of, shown
from poseval.files.writing import write_atomically
from poseval.poses import Array, Notice, PoseSet
from poseval.skeletons import Skeleton, get_skeleton
from poseval.skeletons.by_count import FAMILIES
from poseval.skeletons.sticks import stick_skeleton, sticks_of

NAMES = ("preds", "pred", "pos_pred", "keypoints", "landmarks")
CORNERS = 2  # points of a box
BESIDE = (
    "MPII's arrays of head boxes and visibility are read with the annotations next to them: give these, for "
    "example mpii_annotations.json; give the ground truth of poses with --gt"
)
# Orders of the axes: people, joints, coordinates.
LAYOUTS = ((0, 1, 2), (2, 1, 0), (2, 0, 1), (0, 2, 1), (1, 0, 2), (1, 2, 0))


class PoseArray(Dataset):
    """An array of poses in the order of the ground truth."""

    name: ClassVar[str] = "pose-array"
    title: ClassVar[str] = (
        "predictions as an array (.npy, .npz, nested lists in JSON) in the order of the ground truth"
    )
    reads: ClassVar[frozenset[Role]] = frozenset({Role.PREDICTIONS})
    writes: ClassVar[frozenset[Role]] = frozenset({Role.PREDICTIONS})
    holds: ClassVar[frozenset[str]] = frozenset({"joints", "joint scores", "empty frames"})

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by its content."""
        try:
            document = source.document
            if document.is_json:
                found = document.outline
                return 0.6 if found.kind == "array" and found.entries == "array" else 0.0
            if npy.is_npz(document):
                return 0.0 if b"people.xy.npy" in document.data else 0.6  # poseval's own columns
            return 0.6 if npy.is_npy(document) else 0.0
        except PosevalError:
            return 0.0

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """The predictions.

        Raises:
            FormatError: P206 no array of poses in the file, P214 to P216 damaged.
            MismatchError: P402 unknown sequences, P404 other joints, P412 another number of people.
        """
        document = source.document
        found = self.arrays(document)
        if options.truth is not None:
            by_sequence = _by_sequence(found, options.truth, document)
            if by_sequence:
                return self._sequences(document, by_sequence, options.truth, options)
        name, array = _one(found, document)
        scores = None
        xy = _laid_out(array, options, f"{document.name}: {shown(name)}" if name else document.name)
        if xy.shape[2] == 3:
            xy, scores = xy[..., :2], xy[..., 2]
        origin = origin_of(document, self.name, len(xy))
        skeleton = _stick_skeleton(xy.shape[1], options)
        if skeleton is not None:
            options = replace(options, skeleton=skeleton)
        columns: dict[str, Any] = {} if scores is None else {"joint_score": scores}
        return ordered_predictions(np.asarray(xy, dtype=np.float64), options, origin, columns)

    def write(self, poses: PoseSet, path: Path, options: WriteOptions) -> Losses:
        """Nested lists [people][joints][x, y, score], a pose for each person of the ground truth, in its
        order.

        A person of the ground truth gets the surest pose of its frame, counted from the pixel that the ground
        truth's file counts from; null stands for joints that were not predicted.

        Raises:
            UsageError: P130 without ground truth, or with several people in one of its frames; P131, P137.
        """
        truth = options.truth
        if truth is None or len(np.unique(truth.people.frame)) < len(truth):
            raise UsageError(
                "P130",
                where=f"format {self.name}",
                what="has no names, so it needs ground truth with one person per frame",
                wanted="ground truth with one person per frame"
                if truth is None
                else "another format for several people per frame",
            )
        people, own = (
            poses.people,
            dict(zip(poses.frames.key.tolist(), range(len(poses.frames)), strict=True)),
        )
        order = np.lexsort((-np.nan_to_num(people.score), people.frame))
        frames, first = np.unique(people.frame[order], return_index=True)
        best = dict(zip(frames.tolist(), order[first].tolist(), strict=True))
        keys = truth.frames.key[truth.people.frame].tolist()
        rows = np.array([best.get(own.get(key, -1), -1) for key in keys], dtype=np.int64)
        values = np.full((len(rows), len(poses.skeleton), 3), np.nan)
        found = rows >= 0
        values[found, :, :2] = people.xy[rows[found]] + truth.origin.base
        values[found, :, 2] = people.joint_score[rows[found]]
        values[found] = np.where((people.seen[rows[found]] > 0)[..., None], values[found], np.nan)
        plain = values.astype(object)
        plain[np.isnan(values)] = None
        write_atomically(path, json.dumps(plain.tolist()).encode(), options.force)
        losses = losses_of(poses, self.holds)
        losses.lose("people other than the most confident one of each frame", len(poses) - int(found.sum()))
        return losses

    def arrays(self, document: Document) -> dict[str, Any]:
        """The file's arrays by name.

        Raises:
            FormatError: P204 uneven lists, P214 to P216 damaged.
            ValueRangeError: P301 NaN or infinity in JSON.
        """
        if document.is_json:
            return {"preds": _nested(document)}
        return dict(npy.load(document))

    def _sequences(
        self, document: Document, found: Mapping[str, Array], truth: PoseSet, options: ReadOptions
    ) -> PoseSet:
        """Arrays [T, K, 2] by sequence name, frame t of each being the sequence's frame t.

        Arrays may hold the frames at the end of a video that the ground truth's reader left out.
        """
        frames = truth.frames
        faults, parts, rows, beyond = Faults(), [], [], 0
        left_out = frames.extra.get("left_out", np.zeros(len(frames), dtype=np.int64))
        for index, name in enumerate(frames.sequences):
            if name not in found:
                continue
            own = np.flatnonzero(frames.sequence == index)
            whole = len(own) + int(left_out[own].max(initial=0))
            count = whole if len(own) not in found[name].shape else len(own)
            xy = _laid_out(found[name], options, f"{document.name}: {shown(name)}", count)
            if len(xy) == whole > len(own):
                xy, beyond = xy[: len(own)], beyond + whole - len(own)
            if xy.shape[:2] != (len(own), len(truth.skeleton)):
                faults.add(
                    "P412",
                    where=f"{document.name}: {shown(name)}",
                    what=f"holds {len(xy)} poses of {xy.shape[1]} joints",
                    wanted=f"{len(own)} frames of {len(truth.skeleton)} joints in the ground truth",
                )
                continue
            parts.append(xy[..., :2])
            rows.append(own)
        faults.raise_if_any()
        frame = np.concatenate(rows)
        xy = np.concatenate(parts).astype(np.float64)[np.argsort(frame, kind="stable")]
        notices = []
        if beyond:
            text = (
                f"{number_of(beyond, 'prediction')} at the ends of videos, "
                "of frames that the ground truth leaves out"
            )
            notices.append(Notice("N494", text, beyond))
        origin = origin_of(document, self.name, len(xy), notices)
        return ordered_predictions(xy, options, origin, frame=np.sort(frame))


class PoseMat(PoseArray):
    """The same in a .mat or HDF5 file, as HRNet and the stacked hourglass write it."""

    name: ClassVar[str] = "pose-mat"
    title: ClassVar[str] = "predictions as an array (.mat, .h5) in the order of the ground truth"
    local_only: ClassVar[bool] = True
    writes: ClassVar[frozenset[Role]] = frozenset()

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by the names of the variables."""
        for name, shape in mat_arrays.shapes(source).items():
            if name in NAMES and len(shape) == 3 and {2, 3} & set(shape):
                return 0.95
        return 0.9 if mat_arrays.hdf5_names(source) & set(NAMES) else 0.0

    def arrays(self, document: Document) -> dict[str, Any]:
        """The file's variables.

        Raises:
            FormatError: P214 to P216 damaged.
            MissingFeature: P601 an HDF5 file without h5py.
        """
        return hdf5.load(document) if hdf5.is_hdf5(document) else matlab.load(document)


def _nested(document: Document) -> Array:
    """A JSON list of people of joints of numbers as an array [N, K, 2 or 3]; null is "not predicted".

    Raises:
        FormatError: P203 for anything but numbers, P204 for lists of differing lengths.
        ValueRangeError: P301 for NaN or infinity, P302 for null in one of x and y.
    """
    tree = document.tree(0, len(document.data), Known("[]"))
    faults = Faults()
    shape = _shape_of(tree)
    if tree and 0 in shape:
        faults.add("P204", where=f"{document.name}: [0]", what="holds no pose", wanted="[joints][x, y]")
        faults.raise_if_any()
    table = np.full((len(tree), *shape), np.nan)
    for row, person in enumerate(tree):
        where = f"{document.name}: [{row}]"
        if not isinstance(person, list) or len(person) != shape[0]:
            faults.add(
                "P204", where=where, what=_told(person), wanted=f"{shape[0]} joints, as the first person has"
            )
            continue
        for joint, numbers in enumerate(person):
            if not isinstance(numbers, list) or len(numbers) != shape[1]:
                wanted = f"{shape[1]} numbers, as the first joint has"
                faults.add("P204", where=f"{where}[{joint}]", what=_told(numbers), wanted=wanted)
                continue
            _take(numbers, table[row, joint], f"{where}[{joint}]", faults)
    for row, joint, axis in np.argwhere(np.isinf(table)).tolist():
        where = f"{document.name}: [{row}][{joint}][{axis}]"
        faults.add("P301", where=where, what="is infinite", wanted="a finite number, or null")
    faults.raise_if_any()
    return table


def _shape_of(tree: Any) -> tuple[int, int]:
    """Joints of the first person, and numbers of its first joint."""
    person = tree[0] if tree else []
    first = person[0] if isinstance(person, list) and person else []
    return (len(person) if isinstance(person, list) else 0), (len(first) if isinstance(first, list) else 0)


def _take(numbers: list[Any], out: Array, where: str, faults: Faults) -> None:
    """Fill the numbers of one joint in; null stays NaN."""
    for axis, value in enumerate(numbers):
        place = f"{where}[{axis}]"
        if value is None:
            if axis < 2 and any(other is not None for other in numbers[:2]):
                faults.add("P302", where=place, what="is null", wanted="null for both x and y, or numbers")
        elif isinstance(value, bool) or not isinstance(value, (int, float)):
            faults.add("P203", where=place, what=_told(value), wanted="a number")
        elif value != value:
            faults.add("P301", where=place, what="is NaN", wanted="a finite number, or null")
        else:
            out[axis] = value if abs(value) <= sys.float_info.max else math.inf  # whole numbers are unbounded


def _told(value: Any) -> str:
    kinds = {list: "a list", dict: "an object", str: "text", bool: "true or false", type(None): "null"}
    if isinstance(value, list):
        return f"has {len(value)} entries"
    return f"is {kinds.get(type(value), 'a number')}"


def _one(found: Mapping[str, Any], document: Document) -> tuple[str, Array]:
    """The array of poses: by name, else the only one with three axes."""
    poses = {
        name: value
        for name, value in found.items()
        if isinstance(value, np.ndarray) and value.ndim == 3 and value.dtype.kind in "iuf"
    }
    for name in NAMES:
        if name in poses:
            return name, poses[name]
    if len(poses) != 1:
        told = ", ".join(f"{shown(name) or 'array'} {np.shape(value)}" for name, value in found.items())
        raise error_of(
            [
                Fault(
                    "P206",
                    document.name,
                    f"does not have exactly one array of poses (holds {told or 'nothing'})",
                    "an array with axes of people, joints and x, y, called preds",
                    BESIDE,
                )
            ]
        )
    return next(iter(poses.items()))


def _by_sequence(found: Mapping[str, Any], truth: PoseSet, document: Document) -> dict[str, Array]:
    """Arrays whose names are sequences of the ground truth.

    Raises:
        MismatchError: P402 when some names are and others are not.
    """
    if len(truth.frames.sequences) < 2:
        return {}
    known = set(truth.frames.sequences)
    mine = {name: value for name, value in found.items() if name in known}
    strange = [name for name in found if name not in known]
    if mine and strange:
        raise error_of(
            [
                Fault(
                    "P402",
                    f"{document.name}: arrays",
                    f"{len(strange)} of {len(found)} not in the ground truth (first: {shown(strange[0])})",
                    "sequences of the ground truth",
                )
            ]
        )
    return mine


def _laid_out(array: Array, options: ReadOptions, where: str, people: int | None = None) -> Array:
    """The array with axes people, joints, coordinates (2, or 3 with a score), judged by the ground truth."""
    counts: set[int] = set()
    joints = 0
    if options.truth is not None:
        truth = options.truth
        joints = len(options.skeleton or truth.skeleton)
        test = truth.frames.extra.get("test")
        counts = {len(truth) if people is None else people}
        if test is not None and people is None:
            counts.add(int(test[truth.people.frame].sum()))
    shapes = [tuple(array.shape[axis] for axis in order) for order in LAYOUTS]
    ways = [way for way, shape in enumerate(shapes) if shape[2] in (2, 3)]
    if not ways:
        what = f"has shape {array.shape}"
        raise error_of([Fault("P204", where, what, "axes of people, joints and x, y (and score)")])
    usual = {joints} if joints else {len(get_skeleton(name)) for name in FAMILIES["single person"]}
    best = min(ways, key=lambda way: (shapes[way][0] not in counts, shapes[way][1] not in usual, way))
    if joints != CORNERS and options.skeleton is None and shapes[best][1] == CORNERS:
        what = f"has shape {array.shape}: two points a person, which may be corners of boxes"
        raise error_of([Fault("P204", where, what, "axes of people, joints and x, y (and score)", BESIDE)])
    return array.transpose(LAYOUTS[best])


def _stick_skeleton(ends: int, options: ReadOptions) -> Skeleton | None:
    """The ground truth's skeleton of sticks, when the array has two ends for each of its sticks."""
    if options.truth is None or options.skeleton is not None or ends == len(options.truth.skeleton):
        return None
    sticks = sticks_of(options.truth.skeleton)
    return stick_skeleton(options.truth.skeleton) if sticks and ends == 2 * len(sticks) else None
