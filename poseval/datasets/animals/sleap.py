"""SLEAP's project files (.slp), HDF5.

Source: SLEAP `sleap/io/format/hdf5.py`. A project keeps frames, instances and points as tables that point
into one another, and names as JSON; a point counts only where `visible` says so. Before form 1.1 coordinates
had their origin at the corner of the first pixel: 0.5 is taken off. User instances are ground truth;
predicted ones are predictions; a frame that has predicted instances alone is not labelled. A video that is
a list of images gives its frames their names.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from poseval.datasets.animals.individuals import lost_names, tracks_of
from poseval.datasets.animals.sleap_skeleton import names_of, skeleton_in
from poseval.datasets.assembly import by_image, frames_of, pose_set
from poseval.datasets.base import Dataset, Losses, ReadOptions, Role, WriteOptions
from poseval.datasets.containers import hdf5
from poseval.datasets.containers.hdf5_groups import attribute, count_members, table, text, texts
from poseval.datasets.containers.unread import Known
from poseval.datasets.files.document import Document
from poseval.datasets.files.source import Source
from poseval.errors import FormatError, ValueRangeError
from poseval.files.writing import write_atomically
from poseval.poses import Array, Floats, Ints, Notice, Origin, PoseSet
from poseval.poses.frame_names import VIDEOS
from poseval.skeletons import Skeleton

OLD_FORM = 1.1
HALF = 0.5
USER, PREDICTED = 0, 1
TABLES = frozenset({"frames", "instances", "points", "pred_points", "metadata"})
FIELDS = {
    "frames": ("frame_id", "video", "frame_idx"),
    "instances": (
        "instance_type",
        "frame_id",
        "skeleton",
        "point_id_start",
        "point_id_end",
        "track",
        "score",
    ),
    "points": ("x", "y", "visible"),
    "pred_points": ("x", "y", "visible", "score"),
}
WHOLE = tuple(name for name in (*FIELDS["frames"], *FIELDS["instances"]) if name != "score")
KNOWN = Known(*TABLES, "videos_json", "tracks_json")
_EMBEDDED = re.compile(r"video(\d{1,9})/")  # `video15/video`: images inside the project, under their own id


class Sleap(Dataset):
    """A project: user instances as ground truth, predicted instances as predictions."""

    name: ClassVar[str] = "sleap"
    title: ClassVar[str] = "SLEAP project (.slp)"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH, Role.PREDICTIONS})
    writes: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH, Role.PREDICTIONS})
    local_only: ClassVar[bool] = True
    holds: ClassVar[frozenset[str]] = frozenset(
        {
            "joints",
            "frame names",
            "joint names",
            "joint scores",
            "scores",
            "tracks",
            "empty frames",
            "sequences",
            "videos",
        }
    )
    lacks: ClassVar[Mapping[Role, frozenset[str]]] = {Role.TRUTH: frozenset({"joint scores", "scores"})}

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by its tables; the role by which of them has points."""
        if source.is_folder or not hdf5.is_hdf5(source.document):
            return 0.0
        if not hdf5.keys(source.document) >= TABLES:
            return 0.0
        try:
            with hdf5.opened(source.document) as file:
                counts = {Role.TRUTH: file["points"].shape[0], Role.PREDICTIONS: file["pred_points"].shape[0]}
        except FormatError:
            return 0.0
        return 0.95 if counts[role] or not any(counts.values()) else 0.3

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """Instances of the role's kind.

        Raises:
            MissingFeature: P601 without h5py.
            InputError: what is wrong with the file.
        """
        document = source.document
        points = "points" if options.role is Role.TRUTH else "pred_points"
        with hdf5.opened(document) as file:
            count_members(file, KNOWN, document)
            found = _Project(
                json.loads(text(attribute(file["metadata"], "json", document, "null"))),
                float(attribute(file["metadata"], "format_id", document, 1.0)),
                {name: table(file[name], FIELDS[name], document, WHOLE) for name in ("frames", "instances")},
                table(file[points], FIELDS[points], document),
                [json.loads(name) for name in texts(file["videos_json"], document)],
                _tracks(file, document),
            )
            return _poses(found, options, document)

    def write(self, poses: PoseSet, path: Path, options: WriteOptions) -> Losses:
        """A project of form 1.3 whose videos are lists of images, one for each sequence.

        Raises:
            MissingFeature: P601 without h5py.
            UsageError: P131 the file exists, P137 it cannot be written, P173 too many joints.
        """
        poses = by_image(poses)
        from poseval.datasets.animals.sleap_write import fill, losses
        from poseval.datasets.containers.hdf5_write import content

        made = losses(poses, self.holds_as(options.role))
        write_atomically(path, content(path, lambda file: fill(file, poses, options.role)), options.force)
        return made


@dataclass(frozen=True, eq=False)
class _Project:
    """What a project's file holds: metadata, form, tables, points of one kind, videos and names of tracks."""

    metadata: dict[str, Any]
    form: float
    tables: dict[str, Array]
    points: Array
    videos: list[Any]
    tracks: list[str]


def _tracks(file: Any, document: Document) -> list[str]:
    """Names of tracks, each kept as [first frame, name]."""
    rows = [json.loads(row) for row in texts(file["tracks_json"], document)] if "tracks_json" in file else []
    return [str(row[1]) for row in rows]


def _poses(project: _Project, options: ReadOptions, document: Document) -> PoseSet:
    truth = options.role is Role.TRUTH
    instances, points = project.tables["instances"], project.points
    kept = instances[instances["instance_type"] == (USER if truth else PREDICTED)]
    skeleton = _skeleton(project, kept, document)
    start = kept["point_id_start"].astype(np.int64)
    count = len(skeleton)
    if len(kept) and not (
        (kept["point_id_end"].astype(np.int64) - start == count).all()
        and start.min() >= 0
        and int(start.max()) + count <= len(points)
    ):
        raise FormatError(
            "P204",
            where=document.name,
            what="has instances whose points are not those of one skeleton",
            wanted=f"{count} points each",
        )
    rows = start[:, None] + np.arange(count)
    shift = HALF if project.form < OLD_FORM else 0.0
    xy = np.stack([points["x"][rows], points["y"][rows]], axis=2).astype(np.float64) - shift
    visible = points["visible"][rows].astype(np.bool_) & np.isfinite(xy).all(axis=2)
    columns: dict[str, Array] = {
        "xy": xy,
        "seen": np.where(visible, 2, 0).astype(np.int8),
        "track": _numbered(kept["track"].astype(np.int64), project.tracks, document),
    }
    if not truth:
        score = points["score"][rows].astype(np.float64)
        columns |= {"joint_score": score, "score": kept["score"].astype(np.float64)}
    notices = []
    if shift:
        notices.append(Notice("N511", f"{document.name}: form {project.form:g}: half a pixel was subtracted"))
    origin = Origin(document.path, document.sha256, "sleap", len(kept), tuple(notices))
    names, size, files = _frames(project, document)
    document.unread.update(lost_names(project.tracks))
    others = instances[instances["instance_type"] != (USER if truth else PREDICTED)]
    unlabelled = set(others["frame_id"].tolist()) - set(kept["frame_id"].tolist()) if truth else set()
    labelled = [frame not in unlabelled for frame in project.tables["frames"]["frame_id"].tolist()]
    made = frames_of(names, options.limits, document.name, size, labelled=labelled)
    if len(others):
        document.unread["predicted instances" if truth else "user instances"] += len(others)
    if any(files):
        made = replace(made, extra={"video": np.asarray(files)})
    index = {int(frame): at for at, frame in enumerate(project.tables["frames"]["frame_id"].tolist())}
    place = np.asarray([index.get(int(frame), -1) for frame in kept["frame_id"].tolist()], dtype=np.int64)
    if (place < 0).any():
        raise FormatError("P270", where=document.name, what="has instances in frames that it does not list")
    return pose_set(skeleton, made, place, columns, origin, options.limits)


def _skeleton(project: _Project, kept: Array, document: Document) -> Skeleton:
    """The skeleton of all instances.

    Raises:
        FormatError: P204 instances of several skeletons with other joints.
    """
    used = np.unique(kept["skeleton"]).tolist() if len(kept) else [0]
    named = {tuple(names_of(project.metadata, int(which), document.name)) for which in used}
    if len(named) > 1:
        raise FormatError(
            "P204",
            where=document.name,
            what=f"has instances of {len(named)} skeletons with different joints",
            wanted="one skeleton",
        )
    return skeleton_in(project.metadata, int(used[0]), document.name)


def _numbered(track: Ints, names: list[str], document: Document) -> Ints:
    """Tracks by the numbers in their names where all have one (`track_7`), else by their places."""
    if len(track) and int(track.max()) >= max(len(names), 1) and names:
        raise FormatError("P270", where=document.name, what="has instances with tracks that it does not list")
    if not names:
        return np.maximum(track, -1)
    return np.where(track >= 0, tracks_of(names)[np.maximum(track, 0)], -1)


def _frames(project: _Project, document: Document) -> tuple[list[str], Floats, list[str]]:
    """Name, size and video file of each frame.

    It is named by its image's name, else by its number (and its video); an image is of no video file.
    """
    frames, videos = project.tables["frames"], project.videos
    place = _places(frames["video"].astype(np.int64), videos, document)
    several = len(np.unique(place)) > 1
    numbers = frames["frame_idx"].astype(np.int64).tolist()
    titles = _titles(videos)
    backends = [_backend(video) for video in videos] or [{}]
    pictures = [_pictures(backend) for backend in backends]
    names = []
    for video, number in zip(place.tolist(), numbers, strict=True):
        if 0 <= number < len(pictures[video]):
            names.append(pictures[video][number])
        else:
            names.append(f"{titles[video]}/{number}" if several else str(number))
    size = np.asarray([_size(backend) for backend in backends], dtype=np.float64)[place]
    kinds = [_file(backend) for backend in backends]
    files = [kinds[video] for video in place.tolist()]
    if len(set(names)) < len(names):
        raise ValueRangeError(
            "P305", where=document.name, what="lists a frame twice", wanted="each frame of a video once"
        )
    return names, size, files


def _file(backend: Mapping[str, Any]) -> str:
    """The video file of a backend; empty for images, whether in files or inside the project."""
    name = backend.get("filename")
    inside = backend.get("dataset")
    return name if isinstance(name, str) and not inside and name.lower().endswith(VIDEOS) else ""


def _size(backend: Mapping[str, Any]) -> tuple[float, float]:
    """Width and height of a video's frames; NaN where it does not say."""
    shape = backend.get("shape")
    if isinstance(shape, list) and len(shape) == 4 and all(type(n) is int for n in shape[1:3]):
        return shape[2], shape[1]
    return math.nan, math.nan


def _backend(video: Any) -> dict[str, Any]:
    found = video.get("backend", video) if isinstance(video, dict) else {}
    return found if isinstance(found, dict) else {}


def _titles(videos: list[Any]) -> list[str]:
    """What each video is called: images inside the project by where they come from; no two the same."""
    out: list[str] = []
    taken: set[str] = set()
    for at, video in enumerate(videos):
        backend = _backend(video)
        source = _backend(video.get("source_video")) if isinstance(video, dict) else {}
        inside = _EMBEDDED.match(str(backend.get("dataset") or ""))
        name = source.get("filename") or (f"video{inside[1]}" if inside else backend.get("filename"))
        title = str(name or "video")
        out.append(title if title not in taken else f"{title}-{at}")
        taken.add(out[-1])
    return out


def _pictures(backend: dict[str, Any]) -> list[str]:
    """Names of the images of a video that is a list of them."""
    for key in ("filenames", "filename"):
        listed = backend.get(key)
        if isinstance(listed, list) and len(set(map(str, listed))) == len(listed):
            return [str(name) for name in listed]
    return []


def _places(video: Ints, videos: list[Any], document: Document) -> Ints:
    """Index of each frame's video: its id, which of images inside the project is in their place's name."""
    used = np.unique(video).tolist()
    if not videos or (len(used) == len(videos) and used[-1:] == [len(videos) - 1]):
        return video if videos else np.zeros(len(video), dtype=np.int64)
    known = {}
    for at, node in enumerate(videos):
        found = _EMBEDDED.match(str(_backend(node).get("dataset") or ""))
        known[int(found[1]) if found else at] = at
    if not set(used) <= known.keys():
        raise FormatError("P270", where=document.name, what="has frames in videos that it does not list")
    return np.asarray([known[which] for which in video.tolist()], dtype=np.int64)
