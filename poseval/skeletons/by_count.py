"""The skeleton of a file without joint names, by its number of joints.

A number alone is ambiguous: 14 joints are CrowdPose's in the files of pose estimators and Leeds Sports Pose's
in arrays of one person per image. The family of the file decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from poseval.errors import FormatError, shown
from poseval.skeletons import Skeleton, get_skeleton, names

_FACES = ("ibug68", "wflw98", "cofw29", "aflw19", "aflw21", "lapa106")
# family of files -> the skeletons that they hold; no two of a family have equally many joints
FAMILIES = {
    "estimators": (
        "coco17",
        "openpose_coco18",
        "openpose_body25",
        "halpe26",
        "mediapipe33",
        "coco_wholebody133",
        "halpe136",
        "mpii16",
        "crowdpose14",
    ),
    "openpose": ("openpose_coco18", "openpose_body25"),
    "single person": ("mpii16", "lsp14", "flic10", "flic11", "penn_action13", "jhmdb15", *_FACES),
    "faces": _FACES,
    "coco": ("coco17",),
}
OPEN_FAMILIES = frozenset({"coco"})  # hold any other skeleton, too, of which the number leaves no doubt


@cache
def _by_count() -> dict[int, list[str]]:
    out: dict[int, list[str]] = {}
    for name in names():
        out.setdefault(len(get_skeleton(name)), []).append(name)
    return out


def skeletons_of(count: int) -> Sequence[str]:
    """Names of all known skeletons with this number of joints."""
    return _by_count().get(count, ())


def skeleton_for(count: int, family: str) -> Skeleton | None:
    """The skeleton with this number of joints in files of a family; None if it is unknown or ambiguous."""
    known = skeletons_of(count)
    meant = [name for name in FAMILIES[family] if name in known]
    if not meant and family in OPEN_FAMILIES and len(known) == 1:
        meant = list(known)
    return get_skeleton(meant[0]) if meant else None


def require_skeleton(count: int, family: str, where: str) -> Skeleton:
    """The skeleton with this number of joints in files of a family, which must be known.

    Raises:
        FormatError: P204, which lists the usual numbers.
    """
    found = skeleton_for(count, family)
    if found is None:
        known = ", ".join(f"{len(get_skeleton(name))} ({name})" for name in FAMILIES[family])
        raise FormatError(
            "P204",
            where=shown(where),
            what=f"has {count} joints per person without names",
            wanted=f"a usual number: {known}",
            hint=f"give --skeleton with a file, or one of {', '.join(names())}",
        )
    return found
