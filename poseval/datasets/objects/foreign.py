"""Shared by the readers of objects from other libraries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from poseval.errors import UsageError, shown, wrong_type
from poseval.poses import Origin, PoseSet
from poseval.skeletons import Skeleton, SkeletonLike, load_skeleton, match_names, skeleton_from_names
from poseval.skeletons.agreement import agreed, contradiction


def named(joints: list[str], skeleton: SkeletonLike | None) -> Skeleton:
    """The skeleton of an object that names its joints.

    Raises:
        MismatchError: P407 another one was asked for.
    """
    own = match_names(joints) or skeleton_from_names(joints)
    if skeleton is None:
        return own
    asked = load_skeleton(skeleton)
    found = agreed(own, asked)
    if found is None:
        raise contradiction(own, asked, "joints of the object")
    return found


def origin_of(format: str, records: int) -> Origin:
    """The origin of people that came from an object of another library."""
    return Origin(f"<{format}>", "", format, records)


def odd(what: str, error: Exception) -> UsageError:
    """The error for an object of another form than its library documents."""
    return UsageError("P179", where=what, what=f"is not as its library documents it ({shown(error, 100)})")


def called(format: str, poses: PoseSet) -> PoseSet:
    """The set, named after its library."""
    notices = tuple(
        replace(notice, text=notice.text.replace("<arrays>", f"<{format}>"))
        for notice in poses.origin.notices
    )
    return replace(poses, origin=replace(origin_of(format, len(poses)), notices=notices))


def frames_given(what: str, objects: Any, frames: Any) -> list[Any] | None:
    """Names of the frames, one for each object, where they were given.

    Raises:
        UsageError: P101 no list, P179 another number of names.
    """
    for name, value in (("frames", frames), (what, objects)):
        if value is not None and (isinstance(value, (str, bytes)) or not isinstance(value, Iterable)):
            raise wrong_type(name, value, "a list with an item for each frame")
    if objects is None:
        raise wrong_type(what, objects, "a list with an item for each frame")
    listed = None if frames is None else list(frames)
    if listed is not None and len(listed) != len(objects):
        raise odd(what, ValueError(f"{len(objects)} objects and {len(listed)} names"))
    return listed
