"""Sticks: the limbs that PCP scores, by joint names, in the order of the evaluation kits."""

from __future__ import annotations

from typing import NamedTuple

from poseval.skeletons.skeleton import Skeleton, skeleton_from_names

SUFFIX = ".sticks"
_HEADS = (("neck", "head_top"), ("upper_neck", "head_top"), ("head_bottom", "head_top"))


class Stick(NamedTuple):
    """A limb; each end is the mean of the named joints (one, or two for a mid-point)."""

    name: str
    a: tuple[str, ...]
    b: tuple[str, ...]


def is_stick_skeleton(skeleton: Skeleton) -> bool:
    """Whether the joints are ends of sticks, as `stick_skeleton` makes them."""
    return skeleton.name.endswith(SUFFIX)


def sticks_of(skeleton: Skeleton) -> list[Stick]:
    """The sticks that a skeleton's joints allow; none for a face.

    The order is that of bearpaw/eval_pose: legs, arms, head, torso, the side that the skeleton names first
    in front; upper bodies (FLIC) have torso and head in front of the arms.
    """
    joints = set(skeleton.joints)
    if is_stick_skeleton(skeleton):
        names = [joint[:-2] for joint in skeleton.joints if joint.endswith(".a")]
        return [Stick(name, (f"{name}.a",), (f"{name}.b",)) for name in names]
    first, second = _sides(skeleton)
    hips, shoulders = tuple(sorted(joints & {"left_hip", "right_hip"})), ("left_shoulder", "right_shoulder")
    if "left_ankle" not in joints and joints.issuperset(("nose", "neck", *hips)):
        found = [Stick("torso", ("neck",), hips), Stick("head", ("nose",), ("neck",))]
        for side in (first, second):
            found += [
                _limb(side, "upper_arm", "shoulder", "elbow"),
                _limb(side, "lower_arm", "elbow", "wrist"),
            ]
        return [stick for stick in found if joints.issuperset((*stick.a, *stick.b)) and stick.b]
    found = [
        _limb(first, "lower_leg", "ankle", "knee"),
        _limb(first, "upper_leg", "knee", "hip"),
        _limb(second, "upper_leg", "hip", "knee"),
        _limb(second, "lower_leg", "knee", "ankle"),
        _limb(first, "lower_arm", "wrist", "elbow"),
        _limb(first, "upper_arm", "elbow", "shoulder"),
        _limb(second, "upper_arm", "shoulder", "elbow"),
        _limb(second, "lower_arm", "elbow", "wrist"),
    ]
    found += [Stick("head", (neck,), (top,)) for neck, top in _HEADS if {neck, top} <= joints][:1]
    found.append(Stick("torso", ("left_hip", "right_hip"), shoulders))
    if not hips and {"thorax", "pelvis"} <= joints:  # MPII Cooking
        found.append(Stick("torso", ("thorax",), ("pelvis",)))
    return [stick for stick in found if joints.issuperset((*stick.a, *stick.b))]


def stick_skeleton(skeleton: Skeleton) -> Skeleton:
    """The skeleton whose joints are the two ends `NAME.a` and `NAME.b` of each stick."""
    ends = [f"{stick.name}.{end}" for stick in sticks_of(skeleton) for end in "ab"]
    return skeleton_from_names(ends, f"{skeleton.name}{SUFFIX}")


def _sides(skeleton: Skeleton) -> tuple[str, str]:
    for name in skeleton.joints:
        side, _, rest = name.partition("_")
        if rest and side in ("left", "right"):
            return side, "right" if side == "left" else "left"
    return "right", "left"


def _limb(side: str, kind: str, a: str, b: str) -> Stick:
    return Stick(f"{side}_{kind}", (f"{side}_{a}",), (f"{side}_{b}",))
