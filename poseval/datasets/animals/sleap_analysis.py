"""SLEAP's analysis files (.h5): an array of places, one column for each track.

Source: SLEAP `sleap/io/format/sleap_analysis.py` and sleap-io `io/analysis_h5.py`. SLEAP itself writes
`tracks` as [track, xy, node, frame]; sleap-io may write other orders and then names them in the attribute
`dims`. The track occupancy is not read, because it follows from the coordinates. Without track names nobody
has a track.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from poseval.datasets.animals.individuals import cube_of, samples_of, tracks_of
from poseval.datasets.assembly import by_image, frames_of, mean_score, pose_set
from poseval.datasets.base import Dataset, Losses, ReadOptions, Role, WriteOptions
from poseval.datasets.capabilities import losses_of
from poseval.datasets.containers import hdf5
from poseval.datasets.containers.hdf5_groups import array, attribute, count_members, text, texts
from poseval.datasets.containers.unread import Known
from poseval.datasets.files.document import Document
from poseval.datasets.files.source import Source
from poseval.errors import FormatError, shown
from poseval.files.writing import write_atomically
from poseval.poses import Array, Floats, Origin, PoseSet
from poseval.skeletons import match_names, skeleton_from_names

OURS = ("frame", "track", "node", "xy")
SLEAPS = ("track", "xy", "node", "frame")
UNTURNED = ("frame", "node", "xy", "track")  # SLEAP's own order with `transpose` off

KNOWN = Known(
    *("tracks", "node_names", "track_names", "point_scores", "instance_scores", "track_occupancy"),
)


class SleapAnalysis(Dataset):
    """Tracks of predictions, exported for analysis."""

    name: ClassVar[str] = "sleap-analysis"
    title: ClassVar[str] = "SLEAP analysis file (.h5)"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.PREDICTIONS})
    writes: ClassVar[frozenset[Role]] = frozenset({Role.PREDICTIONS})
    local_only: ClassVar[bool] = True
    holds: ClassVar[frozenset[str]] = frozenset({"joints", "joint names", "joint scores", "scores", "tracks"})

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by the names of its data sets."""
        if source.is_folder or not hdf5.is_hdf5(source.document):
            return 0.0
        return 0.95 if hdf5.keys(source.document) >= {"tracks", "node_names", "track_occupancy"} else 0.0

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """One person per track and frame that has any joint.

        Raises:
            MissingFeature: P601 without h5py.
            InputError: what is wrong with the file.
        """
        document = source.document
        with hdf5.opened(document) as file:
            count_members(file, KNOWN, document)
            return _read(file, document, options)

    def write(self, poses: PoseSet, path: Path, options: WriteOptions) -> Losses:
        """SLEAP's order of axes, which its attribute `dims` names, too.

        Raises:
            MissingFeature: P601 without h5py.
            UsageError: P131 the file exists, P137 it cannot be written, P175 a track twice in a frame, P178
                several sequences.
        """
        poses = by_image(poses)
        from poseval.datasets.containers.hdf5_write import content

        sample, samples, numbered = samples_of(poses)
        names, cube, who = cube_of(poses, sample, samples)
        losses = losses_of(poses, self.holds)
        losses.lose("frame names", len(poses.frames))
        losses.lose("frame numbers (frames follow one another)", 0 if numbered else len(poses.frames))
        losses.lose("people without a joint", int((~poses.people.is_labelled).sum()))
        whole = np.full(cube.shape[:2], np.nan)
        whole[sample[poses.people.frame], who] = poses.people.score
        tracks = [] if names == [""] else names
        write_atomically(
            path, content(path, lambda file: _fill(file, poses, cube, whole, tracks)), options.force
        )
        return losses


def _read(file: Any, document: Document, options: ReadOptions) -> PoseSet:
    nodes = texts(file["node_names"], document)
    named = texts(file["track_names"], document) if "track_names" in file else []
    order = _order(file, document)
    cube = _turned(array(file["tracks"], document), order, OURS, document)
    if cube.shape[2:] != (len(nodes), 2) or (named and cube.shape[1] != len(named)):
        raise FormatError(
            "P204",
            where=document.name,
            what=f"has {cube.shape[1]} tracks with {cube.shape[2]} joints in {cube.shape[3]} coordinates",
            wanted=f"{len(nodes)} joints in 2 coordinates, in {len(named) or 'one or more'} tracks",
        )
    found = np.asarray(np.isfinite(cube).all(axis=3))
    row, who = np.nonzero(found.any(axis=2))
    seen = np.where(found[row, who], 2, 0).astype(np.int8)
    track = tracks_of(named)[who] if named else np.full(len(row), -1, dtype=np.int64)
    score = _beside(file, "point_scores", order, OURS[:3], cube, document)[row, who]
    whole = _beside(file, "instance_scores", order, OURS[:2], cube, document)[row, who]
    mean = np.where(np.isfinite(score).any(axis=1), mean_score(score, seen), np.nan)
    columns: dict[str, Array] = {
        "xy": cube[row, who],
        "seen": seen,
        "track": track,
        "joint_score": score,
        "score": np.where(np.isnan(whole), mean, whole),
    }
    skeleton = match_names(nodes) or skeleton_from_names(nodes)
    origin = Origin(document.path, document.sha256, "sleap-analysis", len(row))
    frames = frames_of([str(n) for n in range(len(cube))], options.limits, document.name)
    return pose_set(skeleton, frames, row, columns, origin, options.limits)


def _order(file: Any, document: Document) -> tuple[str, ...]:
    """Axes of `tracks` as the file names them, else SLEAP's own."""
    named = attribute(file["tracks"], "dims", document)
    if named is not None:
        return tuple(str(name) for name in json.loads(text(named)))
    return SLEAPS if bool(attribute(file, "transpose", document, True)) else UNTURNED


def _turned(found: Array, order: tuple[str, ...], wanted: tuple[str, ...], document: Document) -> Floats:
    """The array with its axes in the wanted order.

    Raises:
        FormatError: P204 other axes than these.
    """
    if sorted(order) != sorted(wanted) or found.ndim != len(wanted):
        raise FormatError(
            "P204",
            where=document.name,
            what=f"has axes {shown(', '.join(order), 60)} in an array of {found.ndim}",
            wanted=", ".join(wanted),
        )
    return found.astype(np.float64).transpose([order.index(name) for name in wanted])


def _beside(
    file: Any, name: str, order: tuple[str, ...], wanted: tuple[str, ...], cube: Floats, document: Document
) -> Floats:
    """Scores with the axes of the cube, NaN where the file has none.

    Raises:
        FormatError: P204 scores of another shape.
    """
    shape = cube.shape[: len(wanted)]
    if name not in file:
        return np.full(shape, np.nan)
    found = _turned(
        array(file[name], document), tuple(axis for axis in order if axis in wanted), wanted, document
    )
    if found.shape != shape:
        raise FormatError(
            "P204", where=document.name, what=f"has {name} of shape {found.shape}", wanted=f"{shape}"
        )
    return found


def _fill(file: Any, poses: PoseSet, cube: Floats, whole: Floats, tracks: list[str]) -> None:
    from poseval.datasets.containers.hdf5_write import fixed_texts

    def put(name: str, values: Array, axes: tuple[str, ...]) -> None:
        order = tuple(axis for axis in SLEAPS if axis in axes)
        file[name] = np.ascontiguousarray(values.transpose([axes.index(axis) for axis in order]))
        file[name].attrs["dims"] = json.dumps(order)

    put("tracks", cube[..., :2], OURS)
    put("point_scores", cube[..., 2], OURS[:3])
    put("instance_scores", whole, OURS[:2])
    put("tracking_scores", np.full(whole.shape, np.nan), OURS[:2])
    # SLEAP keeps this one table the other way round.
    file["track_occupancy"] = np.isfinite(cube[..., 0]).any(axis=2).astype(np.uint8)
    file["track_occupancy"].attrs["dims"] = json.dumps(OURS[:2])
    joints = poses.skeleton.joints
    file["track_names"] = fixed_texts(tracks)
    file["node_names"] = fixed_texts(joints)
    limbs = poses.skeleton.limbs
    ends = [joints[end] for limb in limbs for end in limb]
    file["edge_names"] = fixed_texts(ends).reshape(-1, 2)
    file["edge_inds"] = np.asarray(limbs, dtype=np.int32).reshape(-1, 2)
    for name in ("labels_path", "video_path"):
        file[name] = ""
    file["provenance"] = "{}"
    file["video_ind"] = 0
    file.attrs["format"], file.attrs["preset"] = "analysis", "matlab"
