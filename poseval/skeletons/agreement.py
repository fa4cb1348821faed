"""Whether the skeleton asked for agrees with the joint names of a file, and the skeleton made from both."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from poseval.errors import MismatchError, number_of, shown
from poseval.skeletons.skeleton import Skeleton

_SHORT = {"l": "left", "r": "right", "f": "front", "b": "back"}
_NUMBERED = re.compile(r"(kpt|keypoint|joint|point|node|bodypart|p)?[-_ ]?\d+|point")


def plain_names(joints: Sequence[str]) -> list[tuple[str, ...]]:
    """Words of each name without differences between releases: case, `-` and blanks, `L` for `left`."""
    words = [re.split(r"[^a-z0-9]+", name.strip().lower()) for name in joints]
    return [tuple(_SHORT.get(word, word) for word in parts if word) for parts in words]


def is_numbered(skeleton: Skeleton) -> bool:
    """Whether its joints are only numbered (`kpt-0`, `joint_3`, `7`), so that it names none of them."""
    return all(_NUMBERED.fullmatch(name.strip().lower()) for name in skeleton.joints)


def agreed(own: Skeleton, asked: Skeleton) -> Skeleton | None:
    """The skeleton asked for, on the joints of a file in the file's order.

    Joints are found by name. Where one of the two only numbers its joints, they are taken by place. Parts
    that `asked` does not have, such as sigmas, are taken from the file. The result is the file's own skeleton
    if nothing differs, and None if the joints differ in name or number.
    """
    if asked is own:
        return own
    if is_numbered(own) or is_numbered(asked):
        if len(own) != len(asked):
            return None
        joints = asked.joints if is_numbered(own) else own.joints
        return replace(asked, joints=joints)
    place = {name: at for at, name in enumerate(plain_names(asked.joints))}
    mine = plain_names(own.joints)
    if len(mine) != len(place) or set(mine) != set(place):
        return None
    made = _in_order(asked, [place[name] for name in mine], own)
    same = made.flip == own.flip and alike(made.sigmas, own.sigmas) and not asked.normalisers
    return own if same else made


def alike(a: Sequence[float] | None, b: Sequence[float] | None) -> bool:
    """Whether sigmas are equal except for rounding: 0.26 / 10 is not exactly 0.026."""
    if a is None or b is None:
        return a is b
    return all(math.isclose(x, y, rel_tol=1e-9) for x, y in zip(a, b, strict=True))


def _in_order(asked: Skeleton, order: Sequence[int], own: Skeleton) -> Skeleton:
    """`asked` with its joint `order[i]` as joint i, under the names of `own`."""
    place = {old: new for new, old in enumerate(order)}
    return Skeleton(
        asked.name,
        own.joints,
        tuple(place[asked.flip[old]] for old in order),
        tuple((place[a], place[b]) for a, b in asked.limbs) or own.limbs,
        own.sigmas if asked.sigmas is None else tuple(asked.sigmas[old] for old in order),
        asked.source,
        {name: _moved(pair, place) for name, pair in asked.normalisers.items()} or own.normalisers,
    )


def _moved(ends: Any, place: Mapping[int, int]) -> Any:
    """Indices, however they are nested, at their new places."""
    return tuple(_moved(end, place) for end in ends) if isinstance(ends, (list, tuple)) else place[ends]


MAPPED = "map predictions with other joints by name with --joints names"


def contradiction(own: Skeleton, asked: Skeleton, where: str, advice: str = MAPPED) -> MismatchError:
    """P407: the file has these joints, and the skeleton asked for has those; `advice` is what else to do."""
    mine, theirs = plain_names(own.joints), plain_names(asked.joints)
    alone = [name for name, words in zip(own.joints, mine, strict=True) if words not in theirs]
    more = [name for name, words in zip(asked.joints, theirs, strict=True) if words not in mine]
    differ = [
        f"{whose} {', '.join(map(shown, names[:4]))}{' ...' if len(names) > 4 else ''}"
        for whose, names in (("the file alone has", alone), ("the skeleton alone has", more))
        if names
    ]
    return MismatchError(
        "P407",
        where=where if where.startswith("joints") else f"{where}: joints",
        what=f"the file has {number_of(len(own), 'joint')} ({shown(own.name, 60)}), and --skeleton "
        f"{shown(asked.name, 60)} has {len(asked)}; " + "; ".join(differ),
        wanted="the joints of the file",
        hint=f"leave out --skeleton; {advice}",
    )
