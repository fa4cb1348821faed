"""Predictions in the form that MPII's server takes.

`pred_keypoints_mpii.mat` holds single people, `pred_keypoints_mpii_multi.mat` several per group.

One struct array `pred` shaped like the release's annolist (single people: one element per test image, one
rectangle per annotated one) or like the list of groups (several people: one element per group). Points have
x, y, id and, for several people, a score each. Coordinates are one-based.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from poseval.datasets.base import Dataset, Losses, ReadOptions, Role, WriteOptions
from poseval.datasets.containers import mat, mat_arrays
from poseval.datasets.containers.mat import Struct
from poseval.datasets.files.document import Document
from poseval.datasets.files.source import Source
from poseval.datasets.mpii.groups import Place, groups_of
from poseval.datasets.mpii.release_mat import JOINTS, number_of, points_of
from poseval.datasets.single_person.pairing import frame_keys, origin_of
from poseval.errors import Fault, Faults, MismatchError, UsageError, error_of, shown
from poseval.poses import Array, Frames, People, PoseSet
from poseval.skeletons import get_skeleton


class MpiiSubmission(Dataset):
    """The official submission."""

    name: ClassVar[str] = "mpii-submission"
    title: ClassVar[str] = "MPII server submission (pred_keypoints_mpii.mat, pred_keypoints_mpii_multi.mat)"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.PREDICTIONS})
    writes: ClassVar[frozenset[Role]] = frozenset({Role.PREDICTIONS})
    holds: ClassVar[frozenset[str]] = frozenset(
        {"joints", "joint names", "frame names", "joint scores", "empty frames", "further columns"}
    )
    local_only: ClassVar[bool] = True

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by a variable `pred` that is a struct array."""
        shape = mat_arrays.shapes(source).get("pred")
        if shape is None or len(shape) != 2 or min(shape) > 1:
            return 0.0
        return 0.9

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """The predictions, on the frames of the ground truth when there is one (MPII's release).

        `people.extra`: `rect` (place in its element, from 0) and `group` (place of the group in its image;
        -1 where elements are images).

        Raises:
            FormatError: P206 without a struct `pred`, P214 damaged.
            ValueRangeError: P301 numbers that are not finite, P303 joint ids outside 0..15.
            MismatchError: P412 when the number of elements fits neither images nor groups of the ground
                truth.
        """
        document = source.document
        pred = mat.load(document, frozenset({"pred"})).get("pred")
        if not isinstance(pred, Struct) or "annorect" not in pred.fields:
            wanted = "a struct array with annorect, like annolist"
            raise error_of([Fault("P206", f"{document.name}: pred", "is not such a struct", wanted)])
        faults = Faults()
        table = [
            (
                *_person(person, f"{document.name}: pred({element + 1}).annorect({rect + 1})", faults),
                element,
                rect,
            )
            for element, entry in enumerate(pred.rows)
            for rect, person in enumerate(_rows(entry.get("annorect")))
        ]
        faults.raise_if_any()
        table = [row for row in table if row[1].any()]  # a rectangle without points is nobody's prediction
        element = np.asarray([row[3] for row in table], dtype=np.int64)
        truth = options.truth
        if truth is None:
            frames = Frames(frame_keys([f"{index}" for index in range(len(pred.rows))]))
            place = Place(np.arange(len(pred.rows)), np.full(len(pred.rows), -1))
        else:
            frames = truth.frames
            scored = any(np.isfinite(row[2]).any() for row in table)
            place = _placed(truth, len(pred.rows), scored, document)
        frame = place.frame[element]
        order = np.argsort(frame, kind="stable")
        people = People(
            _stack([row[0] for row in table], (JOINTS, 2))[order] - 1,
            frame[order],
            _stack([row[1] for row in table], (JOINTS,))[order],
            _stack([row[2] for row in table], (JOINTS,))[order],
            extra={
                "rect": np.asarray([row[4] for row in table], dtype=np.int64)[order],
                "group": place.group[element][order],
            },
        )
        origin = origin_of(document, self.name, len(table), base=1)
        return PoseSet(get_skeleton("mpii16"), frames, people, origin=origin)

    def write(self, poses: PoseSet, path: Path, options: WriteOptions) -> Losses:
        """`pred_keypoints_mpii.mat` or `pred_keypoints_mpii_multi.mat`, as the file is called.

        Raises:
            UsageError: P107 another name, P108 no release as ground truth, P173 other joints, P138 several
                people without scores, P131 the file exists, P137 it cannot be written.
        """
        from poseval.datasets.mpii.submission_write import write_submission

        if poses.skeleton.joints != get_skeleton("mpii16").joints:
            raise UsageError(
                "P173",
                where="format mpii-submission",
                what=f"holds the joints of mpii16, not of {shown(poses.skeleton.name)}",
                wanted="the joints of mpii16",
                hint="add --to-skeleton mpii16",
            )
        return write_submission(poses, path, options, self.holds_as(options.role))


def _placed(truth: PoseSet, count: int, scored: bool, document: Document) -> Place:
    """Images or groups of the ground truth, of test or training or both, whichever has so many.

    Where both have, scores decide: only the submission of several people has them.
    """
    train = truth.frames.extra.get("train", np.ones(len(truth.frames), dtype=np.bool_))
    everything = np.arange(len(truth.frames))
    offers: list[tuple[str, Place]] = []
    for name, rows in (("test", everything[~train]), ("training", everything[train]), ("all", everything)):
        offers.append((f"{name} images", Place(rows, np.full(len(rows), -1))))
        offers.append((f"groups of {name} images", groups_of(truth, rows)))
    fitting = [place for _, place in offers if len(place.frame) == count]
    fitting.sort(key=lambda place: bool((place.group >= 0).any()) != scored)
    if not fitting:
        told = ", ".join(f"{len(place.frame)} {name}" for name, place in offers)
        raise MismatchError(
            "P412",
            where=f"{document.name}: pred",
            what=f"has {count} elements",
            wanted=f"as many as the release {shown(truth.origin.name)} has: {told}",
        )
    return fitting[0]


def _person(person: dict[str, Any], where: str, faults: Faults) -> tuple[Any, ...]:
    """Coordinates [16, 2], seen [16] and scores [16] of a predicted rectangle."""
    xy, seen, score = np.zeros((JOINTS, 2)), np.zeros(JOINTS, dtype=np.int8), np.full(JOINTS, np.nan)
    for point in points_of(person):
        joint, x, y = (number_of(point.get(key)) for key in ("id", "x", "y"))
        if not np.isfinite([joint, x, y]).all():
            faults.add("P301", where=where, what="has a joint without a finite id, x and y")
        elif joint not in range(JOINTS):
            faults.add("P303", where=where, what=f"has a joint of id {joint:g}", wanted="0 to 15")
        else:
            xy[int(joint)], seen[int(joint)] = (x, y), 2
            score[int(joint)] = number_of(point.get("score"))
    return xy, seen, score


def _rows(value: Any) -> list[dict[str, Any]]:
    return value.rows if isinstance(value, Struct) else []


def _stack(parts: list[Array], shape: tuple[int, ...]) -> Array:
    return np.stack(parts) if parts else np.zeros((0, *shape))
