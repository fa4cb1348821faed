"""What a format can hold, as named facts, from which conversion losses and the table of formats follow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from poseval.datasets.base import Losses
from poseval.poses import PoseSet
from poseval.poses.pose_set import TIME
from poseval.skeletons import match_names
from poseval.skeletons.agreement import alike


def _given(column: str) -> Callable[[PoseSet], int]:
    return lambda poses: int((~np.isnan(getattr(poses.people, column))).sum())


def _boxes(poses: PoseSet) -> int:
    return int((~np.isnan(poses.people.box).any(axis=1)).sum())


def _empty_frames(poses: PoseSet) -> int:
    empty = poses.frames.labelled.copy()
    empty[poses.people.frame] = False
    return int(empty.sum())


def _unlabelled_frames(poses: PoseSet) -> int:
    return int((~poses.frames.labelled).sum())


def _kinds(poses: PoseSet) -> int:
    return int((poses.people.category != (min(poses.categories) if poses.categories else 1)).sum())


def _extras(poses: PoseSet) -> int:
    return len(poses.people.extra) + len(poses.frames.extra.keys() - {"video", TIME})


def videos(poses: PoseSet) -> int:
    """Number of video files that the frames come from, if their reader knows it (`frames.extra["video"]`)."""
    return len(set(poses.frames.extra.get("video", np.zeros(0, dtype="U1")).tolist()) - {""})


def _times(poses: PoseSet) -> int:
    time = poses.frames.extra.get(TIME)
    return 0 if time is None else int((~np.isnan(time)).sum())


def _sequences(poses: PoseSet) -> int:
    return len(poses.frames.sequences) if len(poses.frames.sequences) > 1 else 0


def own_sigmas(poses: PoseSet) -> int:
    """How many sigmas the skeleton has that are not those of the known skeleton with its joints."""
    sigmas = poses.skeleton.sigmas
    if sigmas is None:
        return 0
    known = match_names(poses.skeleton.joints)
    return 0 if known is not None and alike(sigmas, known.sigmas) else len(sigmas)


# fact -> how many values of it a pose set has; the order is that of the table in docs/formats.md
FACTS: Mapping[str, Callable[[PoseSet], int]] = MappingProxyType(
    {
        "frame names": lambda poses: len(poses.frames),
        "joints": lambda poses: int((poses.people.seen > 0).sum()),
        "joint names": lambda poses: len(poses.skeleton),
        "sigmas": own_sigmas,
        "hidden joints": lambda poses: int((poses.people.seen == 1).sum()),
        "joint scores": _given("joint_score"),
        "scores": _given("score"),
        "boxes": _boxes,
        "areas": _given("area"),
        "tracks": lambda poses: int((poses.people.track >= 0).sum()),
        "categories": _kinds,
        "frame sizes": lambda poses: int((~np.isnan(poses.frames.size).any(axis=1)).sum()),
        "empty frames": _empty_frames,
        "unlabelled frames": _unlabelled_frames,
        "sequences": _sequences,
        "videos": videos,
        "times": _times,
        "crowd flags": lambda poses: int(poses.people.crowd.sum()),
        "head sizes": _given("head"),
        "ignore regions": lambda poses: len(poses.ignore),
        "further columns": _extras,
    }
)


def losses_of(poses: PoseSet, holds: frozenset[str]) -> Losses:
    """What a format with only these facts cannot hold of a pose set, and what the set's reader left out.

    Names are checked by the writers.
    """
    losses = Losses(kept_people=len(poses), kept_frames=len(poses.frames))
    for fact, count in FACTS.items():
        if fact not in holds and fact not in ("joint names", "frame names"):
            losses.lose(fact, count(poses))
    if "empty frames" not in holds:
        losses.kept_frames -= _empty_frames(poses)
    lose_unread(poses, losses)
    return losses


def lose_unread(poses: PoseSet, losses: Losses) -> None:
    """Count what the reader of a pose set left out, which therefore no format can hold."""
    losses.unread.update(poses.origin.unread)
