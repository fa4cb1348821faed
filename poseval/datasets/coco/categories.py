"""Categories of a COCO file, and the skeleton that its keypoints follow."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from poseval.datasets.containers.unread import Known
from poseval.datasets.files.document import Document
from poseval.errors import Faults, FormatError, MismatchError, UsageError, shown
from poseval.poses import Notice
from poseval.skeletons import Skeleton, get_skeleton, match_names, skeleton_from_names
from poseval.skeletons.agreement import plain_names
from poseval.skeletons.by_count import skeleton_for, skeletons_of

WHOLE_BODY = "coco_wholebody133"
BODY = "coco17"


KEYS = Known("categories[].id", "categories[].name", "categories[].keypoints")


@dataclass(frozen=True)
class Categories:
    """Names by category id in the order of the file, and joint names of those that give them."""

    names: dict[int, str]
    joints: dict[int, tuple[str, ...]]

    def only(self, keys: Iterable[int]) -> Categories:
        """The categories with these ids."""
        kept = list(keys)
        return Categories(
            {key: self.names[key] for key in kept},
            {key: self.joints[key] for key in kept if key in self.joints},
        )


def read_categories(document: Document, faults: Faults) -> Categories:
    """The categories of the file; faults are P203 wrong kinds, P206 missing fields, P305 an id twice."""
    entry = document.outline.by_key().get("categories")
    names: dict[int, str] = {}
    joints: dict[int, tuple[str, ...]] = {}
    nodes = [] if entry is None else document.tree(entry.start, entry.end, KEYS, "categories")
    if not isinstance(nodes, list):
        faults.add(
            "P203", where=f"{document.name}: categories", what="is not a list", wanted="a list of objects"
        )
        return Categories({}, {})
    for index, node in enumerate(nodes):
        where = f"{document.name}: categories[{index}]"
        if not isinstance(node, dict):
            faults.add("P203", where=where, what="is not an object")
            continue
        number = node.get("id")
        if isinstance(number, bool) or not isinstance(number, int) or abs(number) >= 2**63:
            code, what = ("P206", "is missing") if number is None else ("P203", "is not an integer")
            faults.add(code, where=f"{where}.id", what=what, wanted="an integer")
            continue
        if number in names:
            faults.add("P305", where=f"{where}.id", what=f"{number} is the id of an earlier category, too")
        names[number] = str(node.get("name", f"category {number}"))[:200]
        listed = _joint_names(node.get("keypoints"), where, faults)
        if listed:
            joints[number] = listed
    return Categories(names, joints)


def _joint_names(listed: Any, where: str, faults: Faults) -> tuple[str, ...]:
    if listed is None:
        return ()
    if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
        faults.add("P203", where=f"{where}.keypoints", what="is not a list of names", wanted='["nose", ...]')
        return ()
    return tuple(listed)


@dataclass(frozen=True)
class Given:
    """What the skeleton is chosen by, besides the categories; `joints` per pose is 0 without poses."""

    joints: int
    whole_body: bool = False  # the file keeps the parts of a whole body in fields of their own
    asked: Skeleton | None = None


def choose_skeleton(
    document: Document, categories: Categories, used: Iterable[int], given: Given
) -> tuple[Skeleton, list[Notice]]:
    """The skeleton of the file's poses.

    It is chosen by the joint names of the categories in use. Without names it is the one asked for, else the
    only known skeleton with this number of joints (17 is COCO's).

    Raises:
        MismatchError: P406 categories that name different joints.
        FormatError: P224 joint names that make no valid skeleton.
    """
    joints, asked = given.joints, given.asked
    wanted = set(used) & set(categories.names) or set(categories.names)
    named = {categories.joints[key] for key in wanted if key in categories.joints}
    if len(named) > 1 and asked is not None:
        named = {
            names for names in named if set(plain_names(names)) == set(plain_names(asked.joints))
        } or named
    if len(named) > 1:
        listed = "; ".join(f"{len(names)} joints from {shown(names[0], 40)}" for names in sorted(named)[:3])
        raise MismatchError(
            "P406",
            where=f"{document.name}: categories",
            what=f"have different joints ({listed})",
            wanted="one skeleton for all categories",
            hint="score one category at a time: "
            + " or ".join(
                f"--category {shlex.quote(shown(categories.names[key], 60))}"
                for key in sorted(wanted & set(categories.joints))[:3]
            ),
        )
    if not named and asked is not None:
        return asked, []
    if not named:
        return _by_number(document, joints)
    (names,) = named
    body_alone = asked is not None and len(asked) == len(get_skeleton(BODY))
    if given.whole_body and not body_alone and match_names(names) == get_skeleton(BODY):
        return get_skeleton(WHOLE_BODY), []
    if 0 < joints < len(names):
        first = match_names(names[:joints])
        if first is not None:
            text = (
                f"{document.name}: categories name {len(names)} joints, keypoints hold {joints}: "
                f"taken as {first.name}, whose names are the first {joints}"
            )
            return first, [Notice("N417", text)]
    try:
        return match_names(names) or skeleton_from_names(names), []
    except UsageError as error:
        raise FormatError("P224", where=f"{document.name}: categories", what=error.fault.what) from None


def _by_number(document: Document, joints: int) -> tuple[Skeleton, list[Notice]]:
    if not joints:
        return get_skeleton(BODY), []
    known = skeleton_for(joints, "coco")
    if known is not None:
        text = f"{document.name}: joints are not named; {joints} joints are taken as {known.name}"
        return known, [Notice("N417", text)]
    text = f"{document.name}: joints are not named, and no single known skeleton has {joints}"
    return skeleton_from_names([f"joint_{index}" for index in range(joints)]), [Notice("N417", text)]


def length_text(skeleton: Skeleton, joints: int | None = None) -> str:
    """`51 numbers: 17 joints x 3 (coco17)`, for messages about lists of the wrong length."""
    count = len(skeleton) if joints is None else joints
    return f"{3 * count} numbers: {count} joints x 3 ({shown(skeleton.name, 60)})"


def length_hint(numbers: int, nameless: bool) -> str | None:
    """A guess about a list of this length; `nameless`: the file has no joint names, so --skeleton helps."""
    known = skeletons_of(numbers // 3) if numbers % 3 == 0 and numbers else ()
    if not known:
        return None
    told = f"{numbers} numbers are {numbers // 3} joints, as {' and '.join(known[:3])} have"
    return f"{told}: --skeleton names one" if nameless else f"{told}; write the joints that are named"


def most_common(counts: Iterable[int]) -> int:
    """The most frequent number; 0 if there are none."""
    found = Counter(counts).most_common(1)
    return found[0][0] if found else 0
