"""Rerun's recordings (.rrd), to look through poses over time; written only.

Source: Rerun's documentation of `AnnotationContext` and `Points2D`. Each person is an entity of its own,
because Rerun connects the joints of an entity by the limbs of the skeleton. Ground truth is recorded beside
the predictions. Images are named and not copied.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from poseval.datasets.base import Losses, Role, WriteOptions
from poseval.datasets.capabilities import losses_of
from poseval.datasets.tools.viewers import Viewer, sides_of
from poseval.errors.optional import require
from poseval.files.writing import write_atomically
from poseval.poses import PoseSet
from poseval.poses.frame_names import named


class Rerun(Viewer):
    """A recording with a timeline `frame`."""

    name: ClassVar[str] = "rerun"
    title: ClassVar[str] = "Rerun recording (.rrd), for its viewer"

    def write(self, poses: PoseSet, path: Path, options: WriteOptions) -> Losses:
        """A recording of the people of each frame, of predictions beside those of their ground truth.

        Raises:
            MissingFeature: P601 without rerun-sdk.
            UsageError: P131 the file exists, P137 it cannot be written.
        """
        rerun = require("rerun", "format rerun", "rerun")
        sides = sides_of(poses, options)
        poses = sides[options.role]
        stream = rerun.RecordingStream("poseval", recording_id=_identity(poses))
        sink = stream.binary_stream()
        for role, side in sides.items():
            _record(rerun, stream, side, role)
        stream.flush()
        write_atomically(path, sink.read(), options.force)
        return losses_of(poses, self.holds)


def _identity(poses: PoseSet) -> uuid.UUID:
    """The same for the same content, so that a viewer replaces a recording by its repetition."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"poseval:{poses.origin.sha256}:{poses.origin.path}")


def _record(rerun: Any, stream: Any, poses: PoseSet, role: Role) -> None:
    """Log the frames of a set below an entity of its role."""
    stream.log(role.value, _context(rerun, poses), static=True)
    frames, start = poses.frames, poses.frame_start()
    for at, name in enumerate(named(frames)):
        parts = [role.value, *filter(None, [frames.sequences[int(frames.sequence[at])]])]
        stream.set_time("frame", sequence=int(frames.number[at]))
        stream.log(rerun.new_entity_path(parts), rerun.Clear(recursive=True))
        stream.log(rerun.new_entity_path([*parts, "image"]), rerun.TextDocument(name))
        for place, row in enumerate(range(int(start[at]), int(start[at + 1]))):
            track = int(poses.people.track[row])
            who = f"track {track}" if track >= 0 else f"person {place}"
            _log_person(rerun, stream, poses, row, rerun.new_entity_path([*parts, who]))


def _context(rerun: Any, poses: PoseSet) -> Any:
    """Names of joints and categories, and the limbs between joints."""
    joints = [rerun.AnnotationInfo(id=at, label=name) for at, name in enumerate(poses.skeleton.joints)]
    limbs = list(poses.skeleton.limbs)
    return rerun.AnnotationContext(
        [
            rerun.ClassDescription(
                info=rerun.AnnotationInfo(id=key, label=name),
                keypoint_annotations=joints,
                keypoint_connections=limbs,
            )
            for key, name in poses.categories.items()
        ]
    )


def _log_person(rerun: Any, stream: Any, poses: PoseSet, row: int, entity: str) -> None:
    """The joints that were found, the box, and the scores."""
    people = poses.people
    joints = np.flatnonzero(people.seen[row] > 0)
    kind = int(people.category[row])
    stream.log(entity, rerun.Points2D(people.xy[row, joints], keypoint_ids=joints, class_ids=kind))
    known = ~np.isnan(people.joint_score[row, joints])
    if known.any():
        stream.log(entity, rerun.AnyValues(joint_score=people.joint_score[row, joints]))
    score = float(people.score[row])
    if score == score:
        stream.log(entity, rerun.AnyValues(score=score))
    if not np.isnan(people.box[row]).any():
        x0, y0, x1, y1 = people.box[row].tolist()
        label = None if score != score else [f"{score:.3f}"]
        box = rerun.Boxes2D(mins=[[x0, y0]], sizes=[[x1 - x0, y1 - y0]], class_ids=kind, labels=label)
        stream.log(f"{entity}/box", box)
