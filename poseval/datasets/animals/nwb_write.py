"""Writing NWB with ndx-pose: groups and attributes as pynwb writes them, without pynwb.

The file says what NWB's core 2.7 and ndx-pose 0.2 ask for and no more; ids are made from names, so that one
pose set gives one file. NWB wants a start of the session, which pose sets do not know: it is 1970.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import numpy as np

from poseval.datasets.animals.individuals import cube_of, samples_of
from poseval.datasets.animals.nwb_times import UNKNOWN, sample_times
from poseval.datasets.base import Losses, Role
from poseval.datasets.capabilities import losses_of
from poseval.errors import UsageError, shown
from poseval.poses import Floats, PoseSet
from poseval.poses.frame_names import named
from poseval.poses.pose_set import TIME

EPOCH = "1970-01-01T00:00:00+00:00"
CORE, POSE = "core", "ndx-pose"
MOST_LIMB_ENDS = 255  # edges are bytes
# Members that the types give to a group of estimates themselves.
TAKEN = frozenset(
    {
        "description",
        "device",
        "dimensions",
        "edges",
        "labeled_video",
        "labeled_videos",
        "nodes",
        "original_videos",
        "pose_estimation_series",
        "scorer",
        "skeleton",
        "source_software",
        "source_video",
    }
)


def plan(poses: PoseSet, role: Role, holds: frozenset[str]) -> tuple[Losses, Callable[[Any], None]]:
    """What a file of this role drops, and how an empty one is filled.

    Raises:
        UsageError: P173 joints whose names no group can have, P175 a track twice, P178 several sequences.
    """
    losses = losses_of(poses, holds)
    _check_names(poses)
    if role is Role.TRUTH:
        return losses, lambda file: _fill_training(file, poses)
    sample, samples, numbered = samples_of(poses)
    individuals, cube, _ = cube_of(poses, sample, samples)
    given = poses.frames.extra.get(TIME)
    times = None if given is None else sample_times(given, sample, samples)
    if given is not None and times is None:
        losses.lose("times (they do not rise with the frames)", len(given))
    if times is None:
        losses.make("times, a second a frame (--fps says otherwise)", samples)
    losses.lose("frame names", len(poses.frames))
    losses.lose("frame numbers (frames follow one another)", 0 if numbered else len(poses.frames))
    losses.lose("people without a joint", int((~poses.people.is_labelled).sum()))
    return losses, lambda file: _fill_estimates(file, poses, individuals, cube, times)


def _check_names(poses: PoseSet) -> None:
    for joint in poses.skeleton.joints:
        if joint in TAKEN or joint in ("", ".") or set("/:") & set(joint):
            raise UsageError(
                "P173",
                where=f"joint {shown(joint)!r}",
                what="has a name that NWB does not allow",
                wanted="another name, given with --joints map.toml",
            )


def _typed(parent: Any, name: str, kind: str, namespace: str = POSE) -> Any:
    group = parent.create_group(name)
    _mark(group, kind, namespace)
    return group


def _mark(group: Any, kind: str, namespace: str) -> None:
    group.attrs["namespace"], group.attrs["neurodata_type"] = namespace, kind
    group.attrs["object_id"] = str(uuid.uuid5(uuid.NAMESPACE_URL, f"poseval:{group.name}"))


def _frame_of_file(file: Any, poses: PoseSet) -> Any:
    """Everything that an NWB file has to have; the group that poses go into."""
    import h5py

    _mark(file, "NWBFile", CORE)
    file.attrs["nwb_version"] = "2.7.0"
    for name in ("acquisition", "analysis", "general", "stimulus/presentation", "stimulus/templates"):
        file.create_group(name)
    file.create_dataset("file_create_date", data=[EPOCH], dtype=h5py.string_dtype())
    file["session_start_time"] = file["timestamps_reference_time"] = EPOCH
    file["identifier"] = poses.origin.sha256 or "poseval"
    file["session_description"] = "poses; the start of the session is unknown"
    behavior = _typed(file, "processing/behavior", "ProcessingModule", CORE)
    behavior.attrs["description"] = "processed behavioral data"
    skeleton = _typed(_typed(behavior, "Skeletons", "Skeletons"), "skeleton", "Skeleton")
    skeleton.create_dataset("nodes", data=list(poses.skeleton.joints), dtype=h5py.string_dtype())
    limbs = np.asarray(poses.skeleton.limbs, dtype=np.int64).reshape(-1, 2)
    if limbs.size and limbs.max() <= MOST_LIMB_ENDS:
        skeleton["edges"] = limbs.astype(np.uint8)
    return behavior


def _fill_estimates(
    file: Any, poses: PoseSet, individuals: list[str], cube: Floats, times: Floats | None
) -> None:
    import h5py

    behavior = _frame_of_file(file, poses)
    for at, name in enumerate(individuals):
        group = _typed(behavior, name or "PoseEstimation", "PoseEstimation")
        group["skeleton"] = h5py.SoftLink("/processing/behavior/Skeletons/skeleton")
        for joint, label in enumerate(poses.skeleton.joints):
            series = _typed(group, label, "PoseEstimationSeries")
            series.attrs["comments"] = UNKNOWN if times is None else "no comments"
            series.attrs["description"] = f"coordinates of {label}"
            series["data"] = cube[:, at, joint, :2]
            for key, value in (("conversion", 1.0), ("offset", 0.0), ("resolution", -1.0)):
                series["data"].attrs[key] = value
            series["data"].attrs["unit"] = "pixels"
            series["confidence"] = cube[:, at, joint, 2]
            series["reference_frame"] = "(0, 0) is the centre of the first pixel, at the top left"
            _set_times(series, times)


def _set_times(series: Any, times: Floats | None) -> None:
    """Seconds of the samples; where they are not known, one a second, which NWB has to have."""
    if times is not None:
        series["timestamps"] = times
        series["timestamps"].attrs["interval"], series["timestamps"].attrs["unit"] = 1, "seconds"
        return
    series["starting_time"] = 0.0
    series["starting_time"].attrs["rate"], series["starting_time"].attrs["unit"] = 1.0, "seconds"


def _fill_training(file: Any, poses: PoseSet) -> None:
    import h5py

    training = _typed(_frame_of_file(file, poses), "PoseTraining", "PoseTraining")
    videos = _typed(training, "source_videos", "SourceVideos")
    frames = _typed(training, "training_frames", "TrainingFrames")
    names = named(poses.frames)
    sequence, people = poses.frames.sequence, poses.people
    start = poses.frame_start()
    for number in np.unique(sequence).tolist():
        rows = np.flatnonzero(sequence == number)
        video = _typed(videos, f"video_{number}", "ImageSeries", CORE)
        video.attrs["comments"], video.attrs["description"] = "no comments", "no description"
        own = [names[row] for row in rows.tolist()]
        video.create_dataset("external_file", data=own, dtype=h5py.string_dtype())
        video["external_file"].attrs["starting_frame"] = np.arange(len(own))
        video["data"] = np.zeros((0, 0, 0), dtype=np.uint8)
        for key, value in (("conversion", 1.0), ("offset", 0.0), ("resolution", -1.0)):
            video["data"].attrs[key] = value
        video["data"].attrs["unit"] = "NA"
        video["format"] = "external"
        video["starting_time"] = 0.0
        video["starting_time"].attrs["rate"], video["starting_time"].attrs["unit"] = 1.0, "seconds"
        for index, row in enumerate(rows.tolist()):
            frame = _typed(frames, f"frame_{row}", "TrainingFrame")
            frame.attrs["source_video_frame_index"] = np.uint32(index)
            frame["source_video"] = h5py.SoftLink(video.name)
            instances = _typed(frame, "skeleton_instances", "SkeletonInstances")
            for nth, person in enumerate(range(int(start[row]), int(start[row + 1]))):
                instance = _typed(instances, f"instance_{nth}", "SkeletonInstance")
                flag = people.seen[person]
                places = np.where((flag > 0)[:, None], people.xy[person], np.nan)
                instance["node_locations"], instance["node_visibility"] = places, flag == 2
                instance["skeleton"] = h5py.SoftLink("/processing/behavior/Skeletons/skeleton")
