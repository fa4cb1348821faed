"""NWB with ndx-pose: estimates as series over time, training frames as ground truth.

Source: ndx-pose 0.1 to 0.4. Predictions: a `PoseEstimation` for each animal (or for several, distinguished by
their names) holds a `PoseEstimationSeries` per joint (`data` [T, 2 or 3], times `conversion` plus `offset`,
and `confidence` [T]); a third coordinate is depth and is left out. Frames are the samples, numbered from 0;
samples of several series are paired by their times,
which may start, tick and end differently. Ground truth: a `PoseTraining` holds `TrainingFrame`s with
`SkeletonInstance`s (`node_locations` [K, 2 or 3]; `node_visibility` false is a hidden joint, NaN none).
Joints are in the order of the container's `nodes` (0.1), else of the linked skeleton's, else of their names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from poseval.datasets.animals.individuals import TRACK, UNTRACKED, lost_names, tracks_of
from poseval.datasets.animals.nwb_times import common, frame_numbers, times_of
from poseval.datasets.animals.nwb_training import training_set
from poseval.datasets.assembly import by_image, frames_of, mean_score, pose_set
from poseval.datasets.base import Dataset, Losses, ReadOptions, Role, WriteOptions
from poseval.datasets.containers import hdf5
from poseval.datasets.containers.hdf5_groups import array, attribute, child, count_members, text, texts
from poseval.datasets.containers.unread import Known
from poseval.datasets.files.document import Document
from poseval.datasets.files.names import require_plain_names
from poseval.datasets.files.source import Source
from poseval.errors import FormatError, InputError, LimitError, shown
from poseval.files.writing import write_atomically
from poseval.limits import to_raise
from poseval.poses import Array, Floats, Ints, Notice, Origin, PoseSet
from poseval.poses.pose_set import TIME
from poseval.skeletons import match_names, skeleton_from_names

MOST_GROUPS = 10_000
# Groups may have any names; `specifications` describe the form itself.
KNOWN = {
    Role.TRUTH: Known(
        "specifications",
        *(
            f"processing.*.*.training_frames.*.skeleton_instances.*.node_{k}"
            for k in ("locations", "visibility")
        ),
        "processing.*.*.source_videos.*.external_file",
        "processing.*.*.*.nodes",
    ),
    Role.PREDICTIONS: Known(
        "specifications",
        *(
            f"processing.*.*.{holder}*.{key}"
            for holder in ("", "pose_estimation_series.")
            for key in ("data", "confidence", "timestamps", "starting_time")
        ),
        "processing.*.*.nodes",
        "processing.*.*.*.nodes",
    ),
}
KINDS = {Role.TRUTH: "PoseTraining", Role.PREDICTIONS: "PoseEstimation"}
PIXELS = frozenset({"pixels", "pixel", "px"})


class Nwb(Dataset):
    """Pose estimation and training frames in an NWB file."""

    name: ClassVar[str] = "nwb"
    title: ClassVar[str] = "NWB with ndx-pose (PoseTraining as ground truth, PoseEstimation as predictions)"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH, Role.PREDICTIONS})
    writes: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH, Role.PREDICTIONS})
    local_only: ClassVar[bool] = True
    holds: ClassVar[frozenset[str]] = frozenset(
        {
            "joints",
            "frame names",
            "joint names",
            "hidden joints",
            "joint scores",
            "tracks",
            "empty frames",
            "sequences",
            "times",
        }
    )
    lacks: ClassVar[Mapping[Role, frozenset[str]]] = {
        Role.TRUTH: frozenset({"joint scores", "tracks", "times"}),
        Role.PREDICTIONS: frozenset({"frame names", "hidden joints", "empty frames", "sequences"}),
    }

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by the groups of an NWB file and the type of those below `processing`."""
        if source.is_folder or not hdf5.is_hdf5(source.document):
            return 0.0
        if not hdf5.keys(source.document) >= {"processing", "session_start_time"}:
            return 0.0
        try:
            with hdf5.opened(source.document) as file:
                return (
                    0.95 if next(_containers(file, KINDS[role], source.document), None) is not None else 0.2
                )
        except InputError:
            return 0.2

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """Training frames as ground truth; else one person per container and sample that has any joint.

        Raises:
            MissingFeature: P601 without h5py.
            InputError: what is wrong with the file.
        """
        document = source.document
        with hdf5.opened(document) as file:
            count_members(file, KNOWN[options.role], document)
            found = list(_containers(file, KINDS[options.role], document))
            if not found:
                raise FormatError(
                    "P270",
                    where=document.name,
                    what=f"holds no {KINDS[options.role]}",
                    wanted="poses in ndx-pose's groups",
                )
            if options.role is Role.TRUTH:
                return training_set(found, options, document)
            return _estimates(found, options, document)

    def write(self, poses: PoseSet, path: Path, options: WriteOptions) -> Losses:
        """A file of NWB's core and ndx-pose's types; the start of the session is unknown and stands at 1970.

        Raises:
            MissingFeature: P601 without h5py.
            UsageError: P812 names that cannot be held,
                P131 the file exists, P137 it cannot be written, P173 joints whose names no group can
                have; for predictions P175 a track twice in a frame, P178 several sequences.
        """
        require_plain_names(poses, self.name)
        poses = by_image(poses)
        from poseval.datasets.animals.nwb_write import plan
        from poseval.datasets.containers.hdf5_write import content

        losses, fill = plan(poses, options.role, self.holds_as(options.role))
        write_atomically(path, content(path, fill), options.force)
        return losses


def _containers(file: Any, kind: str, document: Document) -> Iterator[Any]:
    """Groups of a type below `processing`."""
    import h5py

    top = child(file, "processing")
    waiting = [top] if isinstance(top, h5py.Group) else []
    looked = 0
    while waiting and looked < MOST_GROUPS:
        group = waiting.pop(0)
        looked += 1
        for name in group:
            # Only its own members: a link would show the same group twice.
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                continue
            if not isinstance(group[name], h5py.Group):
                continue
            if text(attribute(group[name], "neurodata_type", document, "")) == kind:
                yield group[name]
            else:
                waiting.append(group[name])


def _estimates(found: list[Any], options: ReadOptions, document: Document) -> PoseSet:
    series = [one for who, group in enumerate(found) for one in _series(group, who, document)]
    joints = list(dict.fromkeys(one.joint for one in series))
    time, places, notices = _timeline(series, document)
    count = max((int(place.max(initial=-1)) + 1 for place in places), default=0)
    size = count * len(found) * len(joints) * 3
    if size > options.limits.numbers:
        raise LimitError(
            "P502",
            where=document.name,
            what=f"has {size:,} numbers",
            wanted=f"at most {options.limits.numbers:,}",
            hint=to_raise("numbers", size),
        )
    cube = np.full((count, len(found), len(joints), 3), np.nan)
    for one, place in zip(series, places, strict=True):
        cube[place, one.who, joints.index(one.joint)] = one.values
    labelled = np.asarray(np.isfinite(cube[..., :2]).all(axis=3))
    row, who = np.nonzero(labelled.any(axis=2))
    seen = np.where(labelled[row, who], 2, 0).astype(np.int8)
    score = cube[row, who, :, 2]
    columns: dict[str, Array] = {
        "xy": cube[row, who, :, :2],
        "seen": seen,
        "joint_score": score,
        "score": mean_score(score, seen),
        "track": tracks_of(_individuals(found))[who],
    }
    units = sorted(
        {text(unit) for group in found for unit in _units(group, document)} - {"pixels", "pixel", "px"}
    )
    if units:
        named = ", ".join(shown(unit, 20) for unit in units)
        sentence = f"{document.name}: coordinates are in {named}, not in pixels"
        notices.append(Notice("N513", sentence, len(row)))
    origin = Origin(document.path, document.sha256, "nwb", len(row), tuple(notices))
    document.unread.update(lost_names(_individuals(found)))
    numbers = np.arange(count) if time is None else frame_numbers(time)
    frames = frames_of([str(n) for n in numbers.tolist()], options.limits, document.name)
    if time is not None:
        frames = replace(frames, extra={TIME: time})
    skeleton = match_names(joints) or skeleton_from_names(joints)
    return pose_set(skeleton, frames, row, columns, origin, options.limits)


def _individuals(found: list[Any]) -> list[str]:
    """Names of the animals; a lone one is not tracked unless its name is a track's."""
    names = [str(group.name).rsplit("/", 1)[-1] for group in found]
    lone = len(names) == 1 and not names[0].startswith((TRACK, UNTRACKED))
    return [""] if lone else names


def _members(group: Any, kind: str, document: Document) -> dict[str, Any]:
    """Members of a type by name; `pose_estimation_series` may stand between."""
    import h5py

    holder = child(group, "pose_estimation_series")
    if not isinstance(holder, h5py.Group):
        holder = group
    out = {}
    for name in holder:
        node = child(holder, name)
        if isinstance(node, h5py.Group) and text(attribute(node, "neurodata_type", document, "")) == kind:
            out[str(name)] = node
    return out


def _units(group: Any, document: Document) -> list[Any]:
    found = [child(node, "data") for node in _members(group, "PoseEstimationSeries", document).values()]
    return [attribute(data, "unit", document, "pixels") for data in found if data is not None]


@dataclass(frozen=True, eq=False)
class _Series:
    """A joint of an animal: x, y, confidence [T, 3] in its unit, and seconds [T] where they are known."""

    who: int
    joint: str
    values: Floats
    time: Floats | None


def _series(group: Any, who: int, document: Document) -> list[_Series]:
    """The joints of one animal."""
    series = _members(group, "PoseEstimationSeries", document)
    order = list(series)
    skeletons = list(_members(group, "Skeleton", document).values())
    holder = group if "nodes" in group else skeletons[0] if len(skeletons) == 1 else None
    if holder is not None:
        order = texts(child(holder, "nodes"), document)
    joints = list(dict.fromkeys([*(name for name in order if name in series), *series]))
    if not joints or len(joints) > document.limits.joints:
        raise FormatError(
            "P206", where=f"{document.name}: {shown(group.name, 60)}", what="has no series with joints"
        )
    out = []
    for name in joints:
        values = _values(series[name], name, document)
        where = f"{document.name}: {shown(name, 40)}"
        out.append(_Series(who, name, values, times_of(series[name], len(values), where, document)))
    return out


def _timeline(series: list[_Series], document: Document) -> tuple[Floats | None, list[Ints], list[Notice]]:
    """Seconds [F] of the frames, the frame of each sample of each series, and what to say about them.

    Series without times are paired by their samples' places.
    """
    times = [one.time for one in series if one.time is not None]
    if len(times) == len(series):
        moments, places = common(times)
        return moments, places, []
    text = f"{document.name}: frames are numbered in the order of the samples; no times are given"
    counts = sorted({len(one.values) for one in series})
    if len(counts) > 1:
        text += f", and its series have {counts[0]} to {counts[-1]} samples"
    return None, [np.arange(len(one.values)) for one in series], [Notice("N512", text)]


def _values(series: Any, name: str, document: Document) -> Floats:
    """x, y in the unit that the series names, and confidence [T, 3]."""
    node = child(series, "data")
    data = array(node, document).astype(np.float64)
    if data.ndim != 2 or data.shape[1] not in (2, 3):
        raise FormatError(
            "P204",
            where=f"{document.name}: {shown(name, 40)}",
            what=f"has data of shape {data.shape}",
            wanted="[samples, 2 or 3]",
        )
    xy = data[:, :2] * float(attribute(node, "conversion", document, 1.0))
    xy += float(attribute(node, "offset", document, 0.0))
    score = np.full(len(data), np.nan)
    if "confidence" in series:
        score = array(child(series, "confidence"), document).astype(np.float64)
        if score.shape != (len(data),):
            raise FormatError(
                "P204",
                where=f"{document.name}: {shown(name, 40)}",
                what=f"has confidence of shape {score.shape}",
                wanted=f"({len(data)},), one number per sample",
            )
    return np.concatenate([xy, score[:, None]], axis=1)
