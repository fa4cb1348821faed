"""Maps a pose set to the joints of another skeleton, with notices about what changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from poseval.errors import MismatchError, shown
from poseval.poses import Notice, PoseSet
from poseval.poses.derived_columns import made_again
from poseval.skeletons import Skeleton
from poseval.skeletons.joint_map import JointMap, check_flips, joint_map, load_joint_map


@dataclass(frozen=True)
class JointRules:
    """How joints are mapped: by equal names or a user's map, with similar and derived joints if asked for."""

    target: Skeleton | None = None
    file: Path | None = None
    near: bool = False
    derive: bool = False
    names: bool = False  # by equal names, for scores, which map nothing that was not asked for

    @property
    def asked(self) -> bool:
        """Whether any rule was given."""
        return self.target is not None or self.file is not None or self.near or self.derive or self.names


def map_joints(
    poses: PoseSet, target: Skeleton, *, file: Path | None = None, near: bool = False, derive: bool = False
) -> tuple[PoseSet, JointMap]:
    """The set in the joints of `target`: by equal names, or as a user's TOML `file` says.

    `near` allows similar joints and `derive` derived joints; neither is ever made without being asked for.
    What a file made from its joints (`num_keypoints`, boxes and areas that fit them exactly) is made again
    from the joints that are left. The origin gains notices: N504 lists what was mapped, N920 what was made
    again.

    Raises:
        FormatError: P221 a malformed file.
        UsageError: P111 unknown joints in it, P116 a map that exchanges left and right.
        MismatchError: P404 when the skeletons have no joint in common.
    """
    source = poses.skeleton
    made = (
        load_joint_map(file, source, target) if file else joint_map(source, target, near=near, derive=derive)
    )
    check_flips(made)
    if not any(made.weights):
        raise MismatchError(
            "P404",
            where=f"{shown(poses.origin.name)}: joints",
            what=f"have no name in common with {target.name}: {', '.join(map(shown, source.joints[:6]))}",
            wanted=f"joints of {target.name}",
            hint="give a joint map with --joints map.toml",
        )
    people = poses.people
    xy, seen, score = made.apply(people.xy, people.seen, people.joint_score)
    moved, counts = made_again(people, people.with_columns(xy=xy, seen=seen, joint_score=score))
    notices = [Notice("N504", f"joints mapped: {made}")]
    if counts:
        what = ", ".join(f"{name} of {count} people" for name, count in counts.items())
        notices.append(
            Notice("N920", f"computed again from the remaining joints: {what}", max(counts.values()))
        )
    mapped = replace(poses, skeleton=target, people=moved)
    return mapped.with_notices(notices), made
