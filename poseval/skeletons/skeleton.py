"""Skeleton: the names, mirror joints, limbs and sigmas that the columns of a pose set follow."""

from __future__ import annotations

import hashlib
import json
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from poseval.errors import (
    Fault,
    Faults,
    PosevalError,
    UsageError,
    did_you_mean,
    error_of,
    number_of,
    repeated,
    shown,
)  # fmt: skip
from poseval.limits import DEFAULT

Sigmas = NDArray[np.float64]
# Published sigmas are 0.01 to 0.2. Squares of these bounds are far from overflow, and from zero.
LEAST_SIGMA, MOST_SIGMA = 1e-6, 100.0


@dataclass(frozen=True, repr=False)
class Skeleton:
    """An ordered set of joints.

    Joint names are canonical English (`left_wrist`; left and right are the person's own). `flip[i]` is the
    index of joint i's mirror joint (itself on the body's axis). `limbs` are index pairs for drawing and PCP.
    `sigmas` are the per-joint standard deviations of OKS in units of sqrt(area), or None: OKS refuses to
    guess. `normalisers` name the joints whose distance scales an NME, e.g. `outer_eye: (36, 45)`, where each
    end is an index or a tuple of indices to average.

    Raises:
        UsageError: P110 when the parts contradict each other.
    """

    name: str
    joints: tuple[str, ...]
    flip: tuple[int, ...]
    limbs: tuple[tuple[int, int], ...] = ()
    sigmas: tuple[float, ...] | None = None
    source: str = ""
    normalisers: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        try:
            self._check()
        except (TypeError, AttributeError):
            raise UsageError(
                "P110",
                where=f"skeleton {shown(self.name)}",
                what="has an entry of the wrong type",
                wanted="names of joints, one mirror index each, limbs as pairs of indices, sigmas as numbers",
            ) from None

    def _check(self) -> None:
        """Gather what contradicts itself."""
        faults = Faults()
        count = len(self.joints)
        where = f"skeleton {shown(self.name)}"
        if not 0 < count <= DEFAULT.joints:
            faults.add("P110", where=where, what=f"has {count} joints", wanted=f"1 to {DEFAULT.joints}")
        if len(set(self.joints)) != count:
            twice = sorted(repeated(self.joints))
            faults.add("P110", where=where, what=f"has joints twice: {', '.join(map(shown, twice))}")
        if len(self.flip) != count or any(
            not 0 <= other < count or self.flip[other] != index for index, other in enumerate(self.flip)
        ):
            faults.add(
                "P110",
                where=where,
                what="flip is not a symmetric exchange of joints",
                wanted="one mirror index per joint",
            )
        if any(not 0 <= end < count for limb in self.limbs for end in limb):
            faults.add("P110", where=where, what="a limb ends at a joint that does not exist")
        if self.sigmas is not None and (
            len(self.sigmas) != count or any(not LEAST_SIGMA <= sigma <= MOST_SIGMA for sigma in self.sigmas)
        ):
            faults.add(
                "P110",
                where=where,
                what=f"has {len(self.sigmas)} sigmas for {count} joints, or one that is out of range",
                wanted=f"one number from {LEAST_SIGMA:g} to {MOST_SIGMA:g} per joint",
            )
        faults.raise_if_any()

    def __repr__(self) -> str:
        return f"Skeleton({self.name!r}, {number_of(len(self), 'joint')})"

    def __len__(self) -> int:
        return len(self.joints)

    def index(self, joint: str) -> int:
        """Column of a joint.

        Raises:
            UsageError: P111 when the skeleton has no such joint; the message lists its joints.
        """
        try:
            return self.joints.index(joint)
        except ValueError:
            raise UsageError(
                "P111",
                where=f"skeleton {self.name}",
                what=f"has no joint {shown(joint)!r}",
                wanted=f"one of {', '.join(self.joints[:40])}",
                hint=did_you_mean(joint, self.joints),
            ) from None

    def indices(self, joints: Sequence[str]) -> tuple[int, ...]:
        """Columns of several joints."""
        return tuple(self.index(joint) for joint in joints)

    @property
    def sigma_array(self) -> Sigmas:
        """Sigmas as float64 [K].

        Raises:
            UsageError: P112 when the skeleton has none.
        """
        if self.sigmas is None:
            raise UsageError(
                "P112",
                where=f"skeleton {self.name}",
                what="has no sigmas, which OKS needs",
                wanted="one sigma per joint",
                hint="give them: --sigmas 0.05 for all joints, nose=0.03,..., or FILE; or --benchmark custom",
            )
        return np.asarray(self.sigmas, dtype=np.float64)

    @property
    def groups(self) -> dict[str, tuple[int, ...]]:
        """Joints of one kind: `wrist` -> left and right wrist; a joint without sides is its own group."""
        found: dict[str, list[int]] = {}
        for index, name in enumerate(self.joints):
            side, _, rest = name.partition("_")
            found.setdefault(rest if side in ("left", "right") and rest else name, []).append(index)
        return {name: tuple(members) for name, members in found.items()}

    def with_sigmas(self, sigmas: Sequence[float]) -> Skeleton:
        """The same skeleton with other sigmas."""
        return Skeleton(
            self.name,
            self.joints,
            self.flip,
            self.limbs,
            tuple(map(float, sigmas)),
            self.source,
            self.normalisers,
        )

    def digest(self) -> str:
        """First 8 hex digits of the SHA-256 of joints, flips and sigmas; tells equal names apart."""
        text = json.dumps([self.joints, self.flip, self.sigmas])
        return hashlib.sha256(text.encode()).hexdigest()[:8]


def _pairs(value: Any) -> tuple[tuple[int, int], ...]:
    return tuple((operator.index(a), operator.index(b)) for a, b in value)


def _numbers(value: Any) -> tuple[float, ...]:
    return tuple(float(number) for number in value)


PAIRS = "[[1, 2], ...]: pairs of numbers of joints, the first of which is 0"
FORMS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "flip_pairs": (_pairs, PAIRS),
    "limbs": (_pairs, PAIRS),
    "sigmas": (_numbers, "[0.026, 0.079, ...]: one number for each joint"),
}


def _read(node: Mapping[str, Any], key: str, take: Callable[[Any], Any], where: str) -> Any:
    """A field of a skeleton's form; None where it is not given."""
    try:
        return None if node.get(key) is None else take(node[key])
    except (TypeError, ValueError, OverflowError) as error:
        raise _malformed(where, key, node[key]) from error


def _malformed(where: str, key: str, value: Any) -> PosevalError:
    return error_of([Fault("P220", where, f"{key} is {shown(value)}", FORMS[key][1])])


def skeleton_of(name: str, node: Mapping[str, Any], where: str) -> Skeleton:
    """A skeleton from its JSON or TOML form: `joints`, and optionally `flip_pairs`, `limbs`, `sigmas`.

    Without `flip_pairs` the mirror joints follow from `left_` / `right_` names.

    Raises:
        FormatError: P220 for a field of the wrong form.
        UsageError: P110 when the fields contradict each other.
    """
    joints = node.get("joints")
    if not isinstance(joints, list) or not all(isinstance(joint, str) for joint in joints):
        raise error_of([Fault("P220", where, "joints is not a list of names", 'joints = ["nose", ...]')])
    given = {key: _read(node, key, take, where) for key, (take, _) in FORMS.items()}
    flip = list(range(len(joints)))
    pairs = given["flip_pairs"]
    for a, b in _named_pairs(joints) if pairs is None else pairs:
        if not 0 <= min(a, b) <= max(a, b) < len(joints):
            raise _malformed(where, "flip_pairs", node["flip_pairs"])
        flip[a], flip[b] = b, a
    return Skeleton(
        name,
        tuple(joints),
        tuple(flip),
        given["limbs"] or (),
        given["sigmas"],
        str(node.get("source", "")),
        dict(node.get("nme_normalisers", {})),
    )


def _named_pairs(joints: Sequence[str]) -> list[tuple[int, int]]:
    place = {name: index for index, name in enumerate(joints)}
    return [
        (index, place["right_" + name[5:]])
        for name, index in place.items()
        if name.startswith("left_") and "right_" + name[5:] in place
    ]


def skeleton_from_names(joints: Sequence[str], name: str = "custom") -> Skeleton:
    """A skeleton known only by joint names, as COCO categories give it: no sigmas, mirror joints by name."""
    return skeleton_of(name, {"joints": list(joints)}, where=f"skeleton {name}")
