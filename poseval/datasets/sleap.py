"""SLEAP's project files (.slp) and analysis files (.h5), both HDF5.

Source: SLEAP `sleap/io/format/hdf5.py` and `sleap_analysis.py`. A project keeps frames, instances and points
as tables that point into one another, and names as JSON; a point counts only where `visible` says so.
Before form 1.1 coordinates had their origin at the corner of the first pixel: 0.5 is taken off. An analysis
file keeps `tracks` [T, 2, K, F]. User instances are truth; predicted ones are predictions.
"""

from __future__ import annotations

import json
from typing import Any, ClassVar

import numpy as np

from poseval.datasets import hdf5_tree
from poseval.datasets.base import Dataset, ReadOptions, Role
from poseval.datasets.document import Document
from poseval.datasets.gather import frames_of, mean_score, pose_set
from poseval.datasets.hdf5_tree import array, table, text, texts
from poseval.datasets.source import Source
from poseval.errors import FormatError, shown
from poseval.poses import Array, Notice, Origin, PoseSet
from poseval.skeletons import Skeleton, match_names, skeleton_from_names

OLD_FORM = 1.1
HALF = 0.5
USER, PREDICTED = 0, 1
TABLES = frozenset({"frames", "instances", "points", "pred_points", "metadata"})
FIELDS = {
    "frames": ("frame_id", "video", "frame_idx"),
    "instances": ("instance_type", "frame_id", "point_id_start", "point_id_end", "track", "score"),
    "points": ("x", "y", "visible"),
    "pred_points": ("x", "y", "visible", "score"),
}


class Sleap(Dataset):
    """A project: user instances as truth, predicted instances as predictions."""

    name: ClassVar[str] = "sleap"
    title: ClassVar[str] = "SLEAP project (.slp)"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH, Role.PREDICTIONS})
    local_only: ClassVar[bool] = True

    def sniff(self, source: Source, role: Role) -> float:
        """By its tables, and by which of them has points."""
        if source.is_folder or not hdf5_tree.is_hdf5(source.document):
            return 0.0
        if not hdf5_tree.keys(source.document) >= TABLES:
            return 0.0
        try:
            with hdf5_tree.opened(source.document) as file:
                counts = {Role.TRUTH: file["points"].shape[0], Role.PREDICTIONS: file["pred_points"].shape[0]}
        except FormatError:
            return 0.0
        return 0.95 if counts[role] or (role is Role.TRUTH and not any(counts.values())) else 0.3

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """Instances of the role's kind.

        Raises:
            MissingFeature: P601 without h5py.
            InputError: what is wrong with the file.
        """
        document = source.document
        with hdf5_tree.opened(document) as file:
            metadata = json.loads(text(file["metadata"].attrs["json"]))
            form = float(file["metadata"].attrs.get("format_id", 1.0))
            tables = {name: table(file[name], fields, document) for name, fields in FIELDS.items()}
            videos = [json.loads(name) for name in texts(file["videos_json"], document)]
        skeleton = options.skeleton or _skeleton(metadata, document)
        return _project(
            tables, skeleton, [_video(video) for video in videos], form, options, document, self.name
        )


def _video(node: Any) -> str:
    backend = node.get("backend", node) if isinstance(node, dict) else {}
    name = backend.get("filename") if isinstance(backend, dict) else None
    return str(name[0] if isinstance(name, list) and name else name or "video")


def _skeleton(metadata: Any, document: Document) -> Skeleton:
    """Nodes of the first skeleton in its own order, mirror joints by its symmetry links or by names."""
    try:
        names = [str(node["name"]) for node in metadata["nodes"]]
        own = [names[int(node["id"])] for node in metadata["skeletons"][0]["nodes"]]
        if not own or len(set(own)) < len(own):
            raise ValueError("nodes named twice or none")
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise FormatError(
            "P270",
            where=document.name,
            what=f"has no skeleton ({shown(error, 60)})",
            wanted="SLEAP's metadata",
        ) from None
    return match_names(own) or skeleton_from_names(own)


def _project(
    tables: dict[str, Array],
    skeleton: Skeleton,
    videos: list[str],
    form: float,
    options: ReadOptions,
    document: Document,
    name: str,
) -> PoseSet:
    truth = options.role is Role.TRUTH
    frames, instances = tables["frames"], tables["instances"]
    points = tables["points"] if truth else tables["pred_points"]
    kept = instances[instances["instance_type"] == (USER if truth else PREDICTED)]
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
    shift = HALF if form < OLD_FORM else 0.0
    xy = np.stack([points["x"][rows], points["y"][rows]], axis=2).astype(np.float64) - shift
    visible = points["visible"][rows].astype(np.bool_) & np.isfinite(xy).all(axis=2)
    index = {int(frame): at for at, frame in enumerate(frames["frame_id"].tolist())}
    place = np.asarray([index.get(int(frame), -1) for frame in kept["frame_id"].tolist()], dtype=np.int64)
    if (place < 0).any():
        raise FormatError("P270", where=document.name, what="has instances of frames that it does not list")
    video = np.minimum(frames["video"].astype(np.int64), max(len(videos) - 1, 0))
    several = len(np.unique(video)) > 1
    names = [
        f"{videos[v]}/{int(n)}" if several and videos else str(int(n))
        for v, n in zip(video.tolist(), frames["frame_idx"].tolist(), strict=True)
    ]
    if len(set(names)) < len(names):
        raise FormatError("P305", where=document.name, what="lists a frame twice")
    columns: dict[str, Array] = {
        "xy": xy,
        "seen": np.where(visible, 2, 0).astype(np.int8),
        "track": kept["track"].astype(np.int64),
    }
    if not truth:
        score = points["score"][rows].astype(np.float64)
        columns |= {"joint_score": score, "score": kept["score"].astype(np.float64)}
    notices = [Notice("N511", f"{document.name}: form {form:g}: half a pixel was taken off")] if shift else []
    origin = Origin(document.path, document.sha256, name, len(kept), tuple(notices))
    table = frames_of(
        names, options.limits, document.name, None, frames["frame_idx"].astype(np.int64).tolist()
    )
    return pose_set(skeleton, table, place, columns, origin, options.limits)


class SleapAnalysis(Dataset):
    """Tracks of predictions, exported for analysis."""

    name: ClassVar[str] = "sleap-analysis"
    title: ClassVar[str] = "SLEAP analysis file (.h5)"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.PREDICTIONS})
    local_only: ClassVar[bool] = True

    def sniff(self, source: Source, role: Role) -> float:
        """By its data sets."""
        if source.is_folder or not hdf5_tree.is_hdf5(source.document):
            return 0.0
        return 0.95 if hdf5_tree.keys(source.document) >= {"tracks", "node_names", "track_occupancy"} else 0.0

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """One person per track and frame that has any joint.

        Raises:
            MissingFeature: P601 without h5py.
            InputError: what is wrong with the file.
        """
        document = source.document
        with hdf5_tree.opened(document) as file:
            tracks = array(file["tracks"], document).astype(np.float64)
            nodes = texts(file["node_names"], document)
            named = texts(file["track_names"], document) if "track_names" in file else []
            point = array(file["point_scores"], document) if "point_scores" in file else None
            whole = array(file["instance_scores"], document) if "instance_scores" in file else None
        if tracks.ndim != 4 or tracks.shape[1] != 2 or tracks.shape[2] != len(nodes):
            raise FormatError(
                "P204",
                where=document.name,
                what=f"has tracks of shape {tracks.shape}",
                wanted=f"[tracks, 2, {len(nodes)}, frames]",
            )
        cube = tracks.transpose(3, 0, 2, 1)  # [F, T, K, 2]
        found = np.asarray(np.isfinite(cube).all(axis=3))
        row, who = np.nonzero(found.any(axis=2))
        seen = np.where(found[row, who], 2, 0).astype(np.int8)
        columns: dict[str, Array] = {
            "xy": cube[row, who],
            "seen": seen,
            "track": who.astype(np.int64) if named else np.full(len(row), -1, dtype=np.int64),
        }
        score = np.full(seen.shape, np.nan)
        if point is not None and point.shape == (cube.shape[1], len(nodes), cube.shape[0]):
            score = point.transpose(2, 0, 1)[row, who].astype(np.float64)
        columns |= {
            "joint_score": score,
            "score": np.where(np.isfinite(score).any(axis=1), mean_score(score, seen), np.nan),
        }
        if whole is not None and whole.shape == (cube.shape[1], cube.shape[0]):
            given = whole.T[row, who].astype(np.float64)
            columns["score"] = np.where(np.isnan(given), columns["score"], given)
        skeleton = options.skeleton or match_names(nodes) or skeleton_from_names(nodes)
        origin = Origin(document.path, document.sha256, self.name, len(row))
        frames = frames_of([str(n) for n in range(len(cube))], options.limits, document.name)
        return pose_set(skeleton, frames, row, columns, origin, options.limits)
