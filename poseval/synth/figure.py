"""A clothed figure: one person's points in the image and the shapes that draw it, back to front."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from poseval.poses import Floats
from poseval.synth.shapes import Shape

Colour = tuple[float, float, float]

SKIN: Final[tuple[Colour, ...]] = (
    (0.96, 0.83, 0.73),
    (0.91, 0.74, 0.60),
    (0.80, 0.60, 0.44),
    (0.66, 0.46, 0.32),
    (0.48, 0.32, 0.22),
    (0.34, 0.23, 0.17),
)
HAIR: Final[tuple[Colour, ...]] = (
    (0.09, 0.08, 0.08),
    (0.22, 0.14, 0.09),
    (0.42, 0.26, 0.14),
    (0.70, 0.53, 0.27),
    (0.62, 0.60, 0.58),
    (0.45, 0.17, 0.10),
)
# radii as fractions of the standing height, for a girth of 1: (first end, second end)
RADII: Final[dict[str, tuple[float, float]]] = {
    "upper_arm": (0.031, 0.025),
    "forearm": (0.024, 0.016),
    "hand": (0.017, 0.014),
    "thigh": (0.050, 0.034),
    "shank": (0.034, 0.021),
    "shoe": (0.021, 0.017),
    "neck": (0.028, 0.028),
}


@dataclass(frozen=True)
class Clothes:
    """Colours and cuts of one person."""

    skin: Colour
    hair: Colour
    shirt: Colour
    legs: Colour
    shoes: Colour
    pattern: str  # of the shirt: plain, stripes, bands, checks
    sleeves: str  # none, short, long
    cut: str  # trousers, shorts, skirt
    style: str  # of the hair: short, long, bald, hat


def _cloth(rng: np.random.Generator) -> Colour:
    """A cloth colour: mostly muted, sometimes bright."""
    hue, value = rng.random(), rng.uniform(0.12, 0.95)
    strength = rng.uniform(0.0, 0.9) ** 1.3
    wheel = np.clip(np.abs(np.mod(hue * 6 + np.array([0.0, 4.0, 2.0]), 6) - 3) - 1, 0, 1)
    red, green, blue = value * (1 - strength * (1 - wheel))
    return float(red), float(green), float(blue)


def draw_clothes(rng: np.random.Generator) -> Clothes:
    """Random clothes."""
    return Clothes(
        skin=SKIN[rng.integers(len(SKIN))],
        hair=HAIR[rng.integers(len(HAIR))],
        shirt=_cloth(rng),
        legs=_cloth(rng),
        shoes=_cloth(rng),
        pattern=("plain", "plain", "stripes", "bands", "checks")[rng.integers(5)],
        sleeves=("none", "short", "short", "long", "long")[rng.integers(5)],
        cut=("trousers", "trousers", "trousers", "shorts", "skirt")[rng.integers(5)],
        style=("short", "short", "long", "long", "bald", "hat")[rng.integers(6)],
    )


@dataclass(frozen=True, eq=False)
class Figure:
    """One person in one image.

    `points` are pixels (x right, y down, depth away); `shapes` are in painting order; `turned_away` names the
    joints that the person's own body hides by its direction (the far shoulder, a nose seen from behind).
    """

    actor: int
    points: Mapping[str, Floats]
    shapes: tuple[Shape, ...]
    head: Shape
    turned_away: frozenset[str]
    height: float  # standing height in pixels
    ground: float  # y of the ground under the person; orders people from back to front


def make_figure(
    actor: int, points: Mapping[str, Floats], clothes: Clothes, height: float, girth: float, ground: float
) -> Figure:
    """A figure from its points in the image.

    Args:
        actor: index of the person in its scene, the same in every frame.
        points: named points [3] in pixels, as `body.project` gives them, placed in the image.
        clothes: colours and cuts.
        height: standing height in pixels.
        girth: factor on all radii.
        ground: y of the ground under the person.
    """
    limbs = _limbs(points, clothes, height, girth)
    trunk, trunk_depth = _trunk(points, clothes, height, girth)
    head = _ellipsoid(points, 1.0, 1.0, 1.0, clothes.skin, HEAD_JOINTS)
    layers = [*limbs, (trunk_depth, trunk)]
    head_depth = float(points["head_centre"][2]) - 0.02 * height
    layers.append((head_depth, _head_shapes(points, clothes, height)))
    if clothes.style == "long":
        layers.append(_mane(points, clothes, head_depth, height))
    layers.sort(key=lambda layer: -layer[0])
    shapes = tuple(shape for _, layer in layers for shape in layer)
    return Figure(actor, points, shapes, head, _turned_away(points), height, ground)


HEAD_JOINTS: Final = frozenset(
    {
        "head_top",
        "head_bottom",
        "upper_neck",
        "nose",
        "left_eye",
        "right_eye",
        "left_ear",
        "right_ear",
        "head",
    }
)


def _capsule(
    points: Mapping[str, Floats],
    ends: tuple[str, str],
    radii: tuple[float, float],
    colour: Colour,
    joints: tuple[str, ...],
    pattern: str = "plain",
) -> Shape:
    flat = np.array([points[ends[0]][:2], points[ends[1]][:2]])
    return Shape("capsule", flat, radii, colour, frozenset(joints), pattern)


def _limbs(
    points: Mapping[str, Floats], clothes: Clothes, height: float, girth: float
) -> list[tuple[float, list[Shape]]]:
    """Arms and legs as (depth, shapes); a piece and the joint below it share a layer."""
    layers: list[tuple[float, list[Shape]]] = []
    radius = {name: (a * girth * height, b * girth * height) for name, (a, b) in RADII.items()}
    bare_legs = clothes.cut != "trousers"
    for side in ("left", "right"):
        hip, knee, ankle = f"{side}_hip", f"{side}_knee", f"{side}_ankle"
        thigh_colour = clothes.skin if clothes.cut == "skirt" else clothes.legs
        shank_colour = clothes.skin if bare_legs else clothes.legs
        thigh = _capsule(points, (hip, knee), radius["thigh"], thigh_colour, (hip, knee))
        shank = _capsule(points, (knee, ankle), radius["shank"], shank_colour, (knee, ankle))
        shoe = _capsule(points, (f"{side}_heel", f"{side}_toe"), radius["shoe"], clothes.shoes, (ankle,))
        layers.append((_depth(points, knee, ankle) + 0.015 * height, [shoe, shank]))
        layers.append((_depth(points, hip, knee) + 0.01 * height, [thigh]))
        shoulder, elbow, wrist = f"{side}_shoulder", f"{side}_elbow", f"{side}_wrist"
        upper = clothes.skin if clothes.sleeves == "none" else clothes.shirt
        lower = clothes.shirt if clothes.sleeves == "long" else clothes.skin
        arm = _capsule(
            points,
            (shoulder, elbow),
            radius["upper_arm"],
            upper,
            (shoulder, elbow),
            "plain" if clothes.sleeves == "none" else clothes.pattern,
        )
        forearm = _capsule(points, (elbow, wrist), radius["forearm"], lower, (elbow, wrist))
        hand = _capsule(points, (wrist, f"{side}_hand"), radius["hand"], clothes.skin, (wrist,))
        layers.append((_depth(points, shoulder, elbow) - 0.02 * height, [arm]))
        layers.append((_depth(points, elbow, wrist) - 0.03 * height, [hand, forearm]))
    return layers


def _depth(points: Mapping[str, Floats], first: str, second: str) -> float:
    return float(points[first][2] + points[second][2]) / 2


TRUNK_JOINTS: Final = (
    "left_shoulder", "right_shoulder", "left_hip", "right_hip", "pelvis", "thorax", "neck", "head_bottom",
    "upper_neck",
)  # fmt: skip


def _trunk(
    points: Mapping[str, Floats], clothes: Clothes, height: float, girth: float
) -> tuple[list[Shape], float]:
    """Neck, hips and chest; the hips take the trousers' colour."""
    flat = {name: points[name][:2] for name in TRUNK_JOINTS}
    waist = {side: 0.3 * flat[f"{side}_shoulder"] + 0.7 * flat[f"{side}_hip"] for side in ("left", "right")}
    drop = 0.06 * (flat["pelvis"] - flat["thorax"])
    inward = {
        side: 0.88 * flat[f"{side}_shoulder"] + 0.12 * flat["thorax"] + drop for side in ("left", "right")
    }
    collar = 0.72 * flat["thorax"] + 0.28 * flat["head_bottom"]
    chest = np.array([inward["left"], inward["right"], flat["right_hip"], flat["left_hip"], collar])
    hips = np.array([waist["left"], waist["right"], flat["right_hip"], flat["left_hip"]])
    names = frozenset(TRUNK_JOINTS)
    radius = 0.040 * girth * height
    shapes = [
        _capsule(points, ("thorax", "chin"), (RADII["neck"][0] * height,) * 2, clothes.skin, TRUNK_JOINTS),
    ]
    if clothes.cut == "skirt":
        hem = {side: 0.35 * points[f"{side}_hip"][:2] + 0.65 * points[f"{side}_knee"][:2]
               for side in ("left", "right")}  # fmt: skip
        skirt = np.array([flat["left_hip"], flat["right_hip"], hem["right"], hem["left"]])
        shapes.append(Shape("polygon", _convex(skirt), (0.045 * girth * height, 0.0), clothes.legs, names))
    shapes.append(Shape("polygon", _convex(hips), (1.1 * radius, 0.0), clothes.legs, names))
    shapes.append(
        Shape("polygon", _convex(_shortened(chest)), (radius, 0.0), clothes.shirt, names, clothes.pattern)
    )
    return shapes, _depth(points, "thorax", "pelvis")


def _shortened(chest: Floats) -> Floats:
    """The chest ends above the hips so that the trousers show."""
    out = chest.copy()
    out[2] = 0.22 * chest[1] + 0.78 * chest[2]
    out[3] = 0.22 * chest[0] + 0.78 * chest[3]
    return out


def _convex(corners: Floats) -> Floats:
    """The corners ordered around their middle, so that a twisted trunk does not cross itself."""
    middle = corners.mean(axis=0)
    return corners[
        np.argsort(np.arctan2(corners[:, 1] - middle[1], corners[:, 0] - middle[0]), kind="stable")
    ]


def _ellipsoid(
    points: Mapping[str, Floats],
    side: float,
    up: float,
    fore: float,
    colour: Colour,
    joints: frozenset[str],
    shift: tuple[float, float] = (0.0, 0.0),
) -> Shape:
    """Outline of an ellipsoid about the head; `shift` moves it along the upward and forward axes."""
    centre = points["head_centre"]
    axes = {name: points[f"head_{name}"] - centre for name in ("side", "up", "fore")}
    middle = (centre + shift[0] * axes["up"] + shift[1] * axes["fore"])[:2]
    spread = sum(
        np.outer(factor * axes[name][:2], factor * axes[name][:2])
        for name, factor in (("side", side), ("up", up), ("fore", fore))
    )
    values, vectors = np.linalg.eigh(spread)
    first, second = np.sqrt(np.maximum(values[::-1], 1e-6))
    direction = vectors[:, 1] * (1.0 if vectors[1, 1] >= 0 else -1.0)
    return Shape("ellipse", np.array([middle, direction]), (float(first), float(second)), colour, joints)


def _facing(points: Mapping[str, Floats]) -> float:
    """1 where the face looks at the viewer, 0 in profile, -1 from behind."""
    fore = points["head_fore"] - points["head_centre"]
    return float(-fore[2] / max(float(np.linalg.norm(fore)), 1e-9))


def _mane(
    points: Mapping[str, Floats], clothes: Clothes, head_depth: float, height: float
) -> tuple[float, list[Shape]]:
    """Long hair: behind the trunk of people who face the viewer, before it where they turn their back."""
    centre = points["head_centre"]
    back = centre - 0.45 * (points["head_fore"] - centre)
    tail = {"a": back, "b": back + 1.5 * (centre - points["head_up"])}
    size = float(np.linalg.norm(points["head_up"] - centre))
    shape = _capsule(tail, ("a", "b"), (0.70 * size, 0.5 * size), clothes.hair, tuple(HEAD_JOINTS))
    return head_depth + (0.2 if _facing(points) > -0.15 else -0.01) * height, [shape]


def _head_shapes(points: Mapping[str, Floats], clothes: Clothes, height: float) -> list[Shape]:
    """Hair, face and features; what is turned away is painted first."""
    centre, facing = points["head_centre"], _facing(points)
    hair_colour = clothes.skin if clothes.style == "bald" else clothes.hair
    face = _ellipsoid(points, 0.86, 0.86, 0.80, clothes.skin, HEAD_JOINTS, (-0.16, 0.26))
    hair = _ellipsoid(points, 1.04, 1.0, 1.0, hair_colour, HEAD_JOINTS, (0.04, -0.06))
    shapes = [hair, face] if facing > -0.15 else [face, hair]
    if facing > -0.15:
        shapes += _features(points, clothes, facing)
    if clothes.style == "hat":
        shapes.append(_ellipsoid(points, 1.08, 0.55, 1.12, clothes.shoes, HEAD_JOINTS, (0.62, 0.0)))
    unit = 0.03 * height
    for ear in ("left_ear", "right_ear"):
        if points[ear][2] < centre[2] + 0.1 * unit and clothes.style != "long":
            shade = _shade(clothes.skin, 0.85)
            shapes.append(_capsule(points, (ear, ear), (0.4 * unit, 0.4 * unit), shade, tuple(HEAD_JOINTS)))
    return shapes


def _features(points: Mapping[str, Floats], clothes: Clothes, facing: float) -> list[Shape]:
    """Eyes, nose and mouth, where they point to the viewer."""
    centre = points["head_centre"]
    size = float(np.linalg.norm(points["head_up"] - centre))
    names = tuple(HEAD_JOINTS)
    shapes = []
    for eye in ("left_eye", "right_eye"):
        if points[eye][2] < centre[2]:
            white = _capsule(points, (eye, eye), (0.12 * size, 0.12 * size), (0.95, 0.95, 0.95), names)
            pupil = _capsule(points, (eye, eye), (0.08 * size, 0.08 * size), (0.08, 0.07, 0.07), names)
            shapes += [white, pupil]
    bridge = {"a": 0.5 * (points["left_eye"] + points["right_eye"]), "b": points["nose"]}
    nose = _capsule(bridge, ("a", "b"), (0.05 * size, 0.12 * size), _shade(clothes.skin, 0.82), names)
    shapes.append(nose)
    if facing > 0.2:
        fore = points["head_fore"] - centre
        side = points["head_side"] - centre
        low = centre - 0.62 * (points["head_up"] - centre) + 0.72 * fore
        mouth = {"a": low - 0.28 * side, "b": low + 0.28 * side}
        shapes.append(_capsule(mouth, ("a", "b"), (0.05 * size,) * 2, (0.62, 0.25, 0.25), names))
    return shapes


def _shade(colour: Colour, factor: float) -> Colour:
    return colour[0] * factor, colour[1] * factor, colour[2] * factor


def _turned_away(points: Mapping[str, Floats]) -> frozenset[str]:
    """Joints hidden by the direction of the part that carries them."""
    away = set()
    centre = points["head_centre"]
    size = float(np.linalg.norm(points["head_up"] - centre))
    for name in ("nose", "left_eye", "right_eye"):
        if points[name][2] - centre[2] > 0.12 * size:
            away.add(name)
    for name in ("left_ear", "right_ear"):
        if points[name][2] - centre[2] > 0.25 * size:
            away.add(name)
    for middle, joint in (("thorax", "shoulder"), ("pelvis", "hip")):
        for side in ("left", "right"):
            offset = points[f"{side}_{joint}"] - points[middle]
            if offset[2] > 0.7 * float(np.linalg.norm(offset)):
                away.add(f"{side}_{joint}")
    return frozenset(away)
