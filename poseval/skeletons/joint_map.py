"""Joint maps: from the joints of one skeleton to those of another, by canonical name.

A map says for each target joint which source joints it comes from: one (a renamed joint), several (a derived
joint: their mean), or none. Derived joints and similar joints (`upper_neck` for `neck`) change what is
measured, so they are made only on request, and a map lists them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from poseval.errors import FormatError, UsageError, shown
from poseval.skeletons.skeleton import Skeleton

# Joints that different data sets place within a few centimetres of one another, each with its stand-ins in
# order of preference. MPII clicks the upper neck, PoseTrack the lower end of the head, LSP the neck.
NEAR: Mapping[str, tuple[str, ...]] = {
    "neck": ("head_bottom", "upper_neck"),
    "head_bottom": ("upper_neck", "neck"),
    "upper_neck": ("neck", "head_bottom"),
    "head": ("head_top", "nose"),
    "pelvis": ("hip",),
    "hip": ("pelvis",),
}

# Derived joints of practice: OpenPose trains its neck on the mean of the shoulders, Human3.6M conversions
# take the pelvis from the hips, MPII <-> COCO conversions the thorax from the shoulders.
DERIVED: Mapping[str, tuple[str, ...]] = {
    "neck": ("left_shoulder", "right_shoulder"),
    "thorax": ("left_shoulder", "right_shoulder"),
    "pelvis": ("left_hip", "right_hip"),
    "hip": ("left_hip", "right_hip"),
    "head_bottom": ("left_shoulder", "right_shoulder"),
}

# Landmarks that have numbers, not names: source and target -> for each target point the points whose mean
# it is. 3DDFA (benchmark_aflw.py) takes AFLW's pupils and mouth from the outlines of eyes and lips.
DERIVED_POINTS: Mapping[tuple[str, str], tuple[tuple[int, ...], ...]] = {
    ("ibug68", "aflw21"): (
        *((point,) for point in (17, 19, 21, 22, 24, 26, 36)),
        tuple(range(36, 42)),
        *((point,) for point in (39, 42)),
        tuple(range(42, 48)),
        *((point,) for point in (45, 2, 31, 30, 35, 14, 48)),
        tuple(range(60, 68)),
        *((point,) for point in (54, 8)),
    )
}

# No skeleton of eyes and nose has a head top; practice extrapolates from the neck through the nose.
EXTRAPOLATED = {"head_top": ("nose", ("left_shoulder", "right_shoulder"))}


@dataclass(frozen=True)
class JointMap:
    """`weights[i]` maps source joint indices to their share in target joint i; empty without a source.

    `near` and `derived` list target joints that are not the same joint as their source.
    """

    source: Skeleton
    target: Skeleton
    weights: tuple[Mapping[int, float], ...]
    near: tuple[str, ...] = ()
    derived: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """Target joints without a source."""
        return tuple(j for j, w in zip(self.target.joints, self.weights, strict=True) if not w)

    @property
    def dropped(self) -> tuple[str, ...]:
        """Source joints that are not in the target."""
        used = {next(iter(w)) for w in self.weights if len(w) == 1}
        return tuple(j for i, j in enumerate(self.source.joints) if i not in used)

    def apply(
        self, xy: np.ndarray[Any, Any], seen: np.ndarray[Any, Any], score: np.ndarray[Any, Any]
    ) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Coordinates [N, K, 2], flags [N, K] and joint scores [N, K] in the target's joints.

        A derived joint is seen only if all its sources are; its score is the lowest of theirs. A joint
        without a source is NaN with flag 0.
        """
        rows, count = len(xy), len(self.target)
        out_xy = np.full((rows, count, 2), np.nan)
        out_seen = np.zeros((rows, count), dtype=np.int8)
        out_score = np.full((rows, count), np.nan)
        for place, sources in enumerate(self.weights):
            if not sources:
                continue
            index = list(sources)
            if len(index) == 1:
                out_xy[:, place] = xy[:, index[0]]
                out_seen[:, place], out_score[:, place] = seen[:, index[0]], score[:, index[0]]
                continue
            share = np.array([sources[i] for i in index])
            flags = seen[:, index].min(axis=1)
            mean = np.einsum("j,njc->nc", share, np.where(np.isfinite(xy[:, index]), xy[:, index], 0.0))
            out_xy[:, place] = np.where(flags[:, None] > 0, mean, np.nan)
            out_seen[:, place] = flags
            out_score[:, place] = score[:, index].min(axis=1)
        return out_xy, out_seen, out_score

    def __str__(self) -> str:
        parts = [f"{self.source.name} -> {self.target.name}"]
        for title, names in (
            ("similar joints", self.near),
            ("derived", self.derived),
            ("without source", self.missing),
            ("dropped", self.dropped),
        ):
            if names:
                parts.append(f"{title}: {', '.join(names)}")
        return "; ".join(parts)


def joint_map(source: Skeleton, target: Skeleton, *, near: bool = False, derive: bool = False) -> JointMap:
    """The map by equal canonical names; `near` allows similar joints, `derive` derived joints."""
    points = DERIVED_POINTS.get((source.name, target.name))
    if derive and points is not None:
        shares = tuple({point: 1.0 / len(of) for point in of} for of in points)
        return JointMap(source, target, shares, (), target.joints)
    same = source.joints == target.joints
    # A bare number (`kpt-3`) names a point only inside its own scheme: 68 and 98 landmarks share none.
    place = {n: i for i, n in enumerate(source.joints) if same or not n.startswith("kpt-")}
    weights: list[Mapping[int, float]] = []
    nears, deriveds = [], []
    for joint in target.joints:
        stand_in = next((name for name in NEAR.get(joint, ()) if name in place), None)
        if joint in place:
            weights.append({place[joint]: 1.0})
        elif near and stand_in is not None:
            weights.append({place[stand_in]: 1.0})
            nears.append(joint)
        elif derive and all(name in place for name in DERIVED.get(joint, ("",))):
            names = DERIVED[joint]
            weights.append({place[name]: 1.0 / len(names) for name in names})
            deriveds.append(joint)
        elif derive and joint in EXTRAPOLATED and place.keys() >= {"nose", *EXTRAPOLATED[joint][1]}:
            nose, shoulders = EXTRAPOLATED[joint]
            weights.append({place[nose]: 2.0, **{place[name]: -1.0 / len(shoulders) for name in shoulders}})
            deriveds.append(joint)
        else:
            weights.append({})
    return JointMap(source, target, tuple(weights), tuple(nears), tuple(deriveds))


def load_joint_map(path: Path, source: Skeleton, target: Skeleton) -> JointMap:
    """A user's own map from TOML: `[joints]` with `target = "source"` or `target = ["a", "b"]` (their mean).

    Raises:
        FormatError: P221 when the file is not of that form.
        UsageError: P111 when it names joints that the skeletons do not have, P114 when it does not exist.
    """
    from poseval.files.toml import read_toml

    try:
        node = read_toml(path)
    except ValueError as error:
        raise FormatError("P221", where=shown(path), what=f"cannot be read ({shown(error)})") from error
    table = node.get("joints")
    wanted = '[joints] with lines such as neck = ["left_shoulder", "right_shoulder"]'
    if not isinstance(table, dict) or not table:
        raise FormatError("P221", where=shown(path), what="does not have a table [joints]", wanted=wanted)
    weights: list[Mapping[int, float]] = [{} for _ in target.joints]
    derived = []
    for joint, names in table.items():
        listed: Sequence[Any] = [names] if isinstance(names, str) else names
        if not isinstance(listed, list) or not listed or not all(isinstance(n, str) for n in listed):
            raise FormatError(
                "P221", where=f"{shown(path)}: {shown(joint)}", what="is not a joint name", wanted=wanted
            )
        index = target.index(joint)
        weights[index] = {source.index(name): 1.0 / len(listed) for name in listed}
        if len(listed) > 1:
            derived.append(joint)
    return JointMap(source, target, tuple(weights), (), tuple(derived))


def check_flips(mapping: JointMap) -> None:
    """Refuse a map that sends a mirror pair to joints that are not mirror images of each other.

    Raises:
        UsageError: P116 naming the first such pair.
    """
    for index, sources in enumerate(mapping.weights):
        mirrored = mapping.weights[mapping.target.flip[index]]
        if sources and mirrored and {mapping.source.flip[i]: w for i, w in sources.items()} != dict(mirrored):
            pair = (mapping.target.joints[index], mapping.target.joints[mapping.target.flip[index]])
            raise UsageError(
                "P116",
                where=f"joint map {mapping.source.name} -> {mapping.target.name}",
                what=f"sends {pair[0]} and {pair[1]} to joints that are not mirror images of each other",
            )
