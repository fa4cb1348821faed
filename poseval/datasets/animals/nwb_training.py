"""Training frames of ndx-pose (`PoseTraining`) as ground truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from poseval.datasets.assembly import frames_of, pose_set
from poseval.datasets.base import ReadOptions
from poseval.datasets.containers.hdf5_groups import array, attribute, child, text, texts
from poseval.datasets.files.document import Document
from poseval.errors import FormatError, LimitError, ValueRangeError, shown
from poseval.limits import to_raise
from poseval.poses import Array, Origin, PoseSet
from poseval.poses.frame_names import PICTURES, natural
from poseval.skeletons import match_names, skeleton_from_names


@dataclass(frozen=True, eq=False)
class _Frame:
    """A training frame: place of its video among them, its number there, its name, and its group."""

    video: int
    number: int
    name: str
    group: Any


def training_set(found: list[Any], options: ReadOptions, document: Document) -> PoseSet:
    """One person per skeleton instance of all training frames.

    Raises:
        FormatError: P204 instances of other joints, P206 parts that are not there, P305 a frame twice.
        LimitError: P502 more frames than allowed.
    """
    groups = [
        node for group in found for node in _typed(child(group, "training_frames"), "TrainingFrame", document)
    ]
    if len(groups) > options.limits.frames:
        raise LimitError(
            "P502",
            where=document.name,
            what=f"has {len(groups):,} frames",
            wanted=f"at most {options.limits.frames:,}",
            hint=to_raise("frames", len(groups)),
        )
    frames = _frames(groups, document)
    joints: list[str] = []
    rows: list[int] = []
    points: list[Array] = []
    for row, frame in enumerate(frames):
        where = f"{document.name}: {shown(frame.name, 60)}"
        for instance in _typed(child(frame.group, "skeleton_instances"), "SkeletonInstance", document):
            own, values = _instance(instance, document, where)
            if joints and own != joints:
                raise FormatError(
                    "P204", where=where, what="has an instance with other joints", wanted="one skeleton"
                )
            joints = own
            rows.append(row)
            points.append(values)
    joints = joints or ["point"]
    skeleton = match_names(joints) or skeleton_from_names(joints)
    table = np.asarray(points, dtype=np.float64).reshape(len(rows), len(joints), 3)
    columns = {"xy": table[:, :, :2], "seen": table[:, :, 2].astype(np.int8)}
    origin = Origin(document.path, document.sha256, "nwb", len(rows))
    # Instances without a single joint are of a frame that nobody got to; without instances it is empty.
    empty = set(rows) - {row for row, values in zip(rows, points, strict=True) if values[:, 2].any()}
    labelled = [row not in empty for row in range(len(frames))]
    made = frames_of([frame.name for frame in frames], options.limits, document.name, labelled=labelled)
    return pose_set(skeleton, made, np.asarray(rows, dtype=np.int64), columns, origin, options.limits)


def _typed(group: Any, kind: str, document: Document) -> list[Any]:
    """Members of a type, in the natural order of their names."""
    found = [] if group is None else [(str(name), child(group, name)) for name in group]
    typed = [
        (name, node)
        for name, node in found
        if node is not None and text(attribute(node, "neurodata_type", document, "")) == kind
    ]
    return [node for _, node in sorted(typed, key=lambda item: natural(item[0]))]


def _frames(groups: list[Any], document: Document) -> list[_Frame]:
    """The frames by video and number, named by their images, else by number (and video)."""
    videos: dict[str, list[str]] = {}
    places: dict[str, int] = {}
    out = []
    for at, group in enumerate(groups):
        video = child(group, "source_video")
        key = "" if video is None else str(video.name)
        if key not in videos:
            files = None if video is None else child(video, "external_file")
            videos[key] = [] if files is None else texts(files, document)
            places[key] = len(places)
        given = attribute(group, "source_video_frame_index", document)
        out.append((places[key], at if given is None else int(given), group))
    listed = list(videos.values())
    frames = []
    for place, number, group in sorted(out, key=lambda item: item[:2]):
        files = listed[place]
        if 0 <= number < len(files) and (len(files) > 1 or _is_picture(files[0])):
            name = files[number]
        else:
            name = str(number) if len(listed) == 1 else f"{files[0] if files else place}/{number}"
        frames.append(_Frame(place, number, name, group))
    names = [frame.name for frame in frames]
    if len(set(names)) < len(names):
        raise ValueRangeError("P305", where=document.name, what="has two training frames of the same image")
    return frames


def _is_picture(path: str) -> bool:
    dot = path.rfind(".", path.rfind("/") + 1)
    return dot < 0 or path[dot:].lower() in PICTURES


def _instance(instance: Any, document: Document, where: str) -> tuple[list[str], Array]:
    """Joint names, and x, y and flag [K, 3] of one instance."""
    skeletons = _typed(instance, "Skeleton", document)
    places = child(instance, "node_locations")
    if len(skeletons) != 1 or places is None:
        raise FormatError(
            "P206",
            where=where,
            what="has an instance without a skeleton or without coordinates",
            wanted="a skeleton and coordinates for each instance",
        )
    joints = texts(child(skeletons[0], "nodes"), document)
    data = array(places, document).astype(np.float64)
    if data.ndim != 2 or data.shape[1] not in (2, 3) or len(data) != len(joints):
        raise FormatError(
            "P204",
            where=where,
            what=f"has coordinates of shape {data.shape}",
            wanted=f"[{len(joints)} joints, 2 or 3]",
        )
    visible = np.ones(len(joints), dtype=np.bool_)
    if "node_visibility" in instance:
        visible = array(child(instance, "node_visibility"), document).astype(np.bool_)
    if visible.shape != (len(joints),):
        raise FormatError("P204", where=where, what="does not have one visibility per joint")
    placed = np.isfinite(data[:, :2]).all(axis=1)
    flag = np.where(placed, np.where(visible, 2.0, 1.0), 0.0)
    return joints, np.concatenate([data[:, :2], flag[:, None]], axis=1)
