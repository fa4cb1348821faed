"""NWB with ndx-pose: one `PoseEstimation` per animal, a series of places per joint.

Source: ndx-pose 0.1 and 0.2+: a `PoseEstimation` holds `PoseEstimationSeries` (`data` [T, 2 or 3] in pixels,
`confidence` [T], `timestamps` or `starting_time` with a rate); a third coordinate is depth and is left out.
Joints are in the order of the container's `nodes` (0.1), else of the skeleton's, else of their names. Frames
are the samples, numbered from 0; animals that share one file must have equally many.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from poseval.datasets import hdf5_tree
from poseval.datasets.base import Dataset, ReadOptions, Role
from poseval.datasets.document import Document
from poseval.datasets.gather import frames_of, mean_score, pose_set
from poseval.datasets.hdf5_tree import array, text, texts
from poseval.datasets.source import Source
from poseval.errors import FormatError, shown
from poseval.poses import Array, Notice, Origin, PoseSet
from poseval.skeletons import match_names, skeleton_from_names

MOST_GROUPS = 10_000


class Nwb(Dataset):
    """Pose estimation in an NWB file."""

    name: ClassVar[str] = "nwb"
    title: ClassVar[str] = "NWB with ndx-pose (PoseEstimation)"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.PREDICTIONS})
    local_only: ClassVar[bool] = True

    def sniff(self, source: Source, role: Role) -> float:
        """By the groups of an NWB file and the name of the type."""
        if source.is_folder or not hdf5_tree.is_hdf5(source.document):
            return 0.0
        if not hdf5_tree.keys(source.document) >= {"processing", "session_start_time"}:
            return 0.0
        return 0.95 if b"PoseEstimation" in source.document.data else 0.2

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """One person per container and sample that has any joint.

        Raises:
            MissingFeature: P601 without h5py.
            InputError: what is wrong with the file.
        """
        document = source.document
        with hdf5_tree.opened(document) as file:
            found = [_container(group, document) for group in _containers(file)]
        if not found:
            raise FormatError("P270", where=document.name, what="holds no PoseEstimation", wanted="ndx-pose")
        names = list(dict.fromkeys(name for joints, _ in found for name in joints))
        counts = {cube.shape[0] for _, cube in found}
        if len(counts) > 1:
            raise FormatError(
                "P204",
                where=document.name,
                what=f"has containers of {sorted(counts)} samples",
                wanted="one number of samples",
            )
        cube = np.full((counts.pop(), len(found), len(names), 3), np.nan)
        for at, (joints, values) in enumerate(found):
            cube[:, at, [names.index(name) for name in joints]] = values
        labelled = np.asarray(np.isfinite(cube[..., :2]).all(axis=3))
        row, who = np.nonzero(labelled.any(axis=2))
        seen = np.where(labelled[row, who], 2, 0).astype(np.int8)
        score = cube[row, who, :, 2]
        columns: dict[str, Array] = {
            "xy": cube[row, who, :, :2],
            "seen": seen,
            "joint_score": score,
            "score": mean_score(score, seen),
            "track": who.astype(np.int64) if len(found) > 1 else np.full(len(row), -1, dtype=np.int64),
        }
        text_ = f"{document.name}: frames are the samples in order; their times are not used"
        origin = Origin(document.path, document.sha256, self.name, len(row), (Notice("N512", text_),))
        frames = frames_of([str(n) for n in range(len(cube))], options.limits, document.name)
        skeleton = options.skeleton or match_names(names) or skeleton_from_names(names)
        return pose_set(skeleton, frames, row, columns, origin, options.limits)


def _containers(file: Any) -> list[Any]:
    """Groups of the type PoseEstimation below `processing`."""
    import h5py

    out: list[Any] = []
    waiting = [file["processing"]]
    looked = 0
    while waiting and looked < MOST_GROUPS:
        group = waiting.pop(0)
        looked += 1
        for name in group:
            if not isinstance(group.get(name, getlink=True), h5py.HardLink) or not isinstance(
                group[name], h5py.Group
            ):
                continue
            kind = text(group[name].attrs.get("neurodata_type", ""))
            (out if kind == "PoseEstimation" else waiting).append(group[name])
    return out


def _container(group: Any, document: Document) -> tuple[list[str], Array]:
    """Joint names and values [T, K, 3] (x, y, confidence) of one animal."""
    import h5py

    series = {}
    holder = group.get("pose_estimation_series", group)
    for name in holder:
        node = holder[name]
        if (
            isinstance(node, h5py.Group)
            and text(node.attrs.get("neurodata_type", "")) == "PoseEstimationSeries"
        ):
            series[str(name)] = node
    order = texts(group["nodes"], document) if "nodes" in group else list(series)
    joints = [name for name in order if name in series] or list(series)
    if not joints or len(joints) > document.limits.joints:
        raise FormatError(
            "P206", where=f"{document.name}: {shown(group.name, 60)}", what="has no series of joints"
        )
    values = []
    for name in joints:
        data = array(series[name]["data"], document).astype(np.float64)
        if data.ndim != 2 or data.shape[1] not in (2, 3):
            raise FormatError(
                "P204",
                where=f"{document.name}: {shown(name, 40)}",
                what=f"has data {data.shape}",
                wanted="[samples, 2 or 3]",
            )
        given = array(series[name]["confidence"], document) if "confidence" in series[name] else None
        score = np.full(len(data), np.nan) if given is None or given.shape != (len(data),) else given
        values.append(np.concatenate([data[:, :2], np.asarray(score, dtype=np.float64)[:, None]], axis=1))
    if len({len(one) for one in values}) > 1:
        raise FormatError("P204", where=document.name, what="has joints of different numbers of samples")
    return joints, np.stack(values, axis=1)
