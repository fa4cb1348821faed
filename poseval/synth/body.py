"""An articulated body: from proportions and joint angles to named joints in space.

Lengths are fractions of the standing height. The body's own axes are x to the person's left, y down, z to
where the person faces; the image's axes are x right, y down, depth away from the viewer. A person of yaw 0
faces the viewer, so the left hand is on the right of the image; yaw +90 degrees faces the image's right.
Proportions follow the averages of anthropometric tables (Drillis and Contini 1966), to two digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from poseval.poses import Array, Floats

ANGLES: Final = (
    "lean",
    "side",
    "twist",
    "nod",
    "tilt",
    "turn",
    "left_shoulder",
    "right_shoulder",
    "left_raise",
    "right_raise",
    "left_elbow",
    "right_elbow",
    "left_roll",
    "right_roll",
    "left_hip",
    "right_hip",
    "left_spread",
    "right_spread",
    "left_knee",
    "right_knee",
    "fall",
)
ANGLE: Final = {name: index for index, name in enumerate(ANGLES)}

# Degrees; a joint that is not named hangs straight. `left_x` alone sets the left side, `x` sets both.
ACTIVITIES: Final[dict[str, dict[str, float]]] = {
    "stand": {"raise": 8, "elbow": 12, "spread": 4},
    "wave": {"raise": 10, "elbow": 15, "left_raise": 110, "left_elbow": 70, "left_roll": 90, "spread": 5},
    "walk": {"lean": 4, "raise": 7, "elbow": 20, "knee": 20},
    "run": {"lean": 12, "raise": 12, "elbow": 85, "knee": 45, "hip": 10},
    "sit": {"lean": 6, "shoulder": 30, "raise": 10, "elbow": 45, "hip": 85, "spread": 8, "knee": 85},
    "squat": {"lean": 35, "shoulder": 60, "raise": 10, "elbow": 30, "hip": 95, "spread": 12, "knee": 110},
    "bend": {"lean": 65, "shoulder": 40, "raise": 8, "elbow": 15, "hip": 12, "knee": 12, "nod": -20},
    "star": {"raise": 115, "elbow": 12, "spread": 24, "knee": 5},
    "carry": {"shoulder": 25, "raise": 12, "elbow": 80, "spread": 6, "lean": -3},
    "hips": {"raise": 45, "elbow": 90, "roll": -80, "spread": 9},
    "reach": {"lean": 8, "right_shoulder": 150, "right_elbow": 15, "raise": 12, "elbow": 20, "spread": 6},
    "lunge": {"lean": 10, "raise": 15, "elbow": 40, "left_hip": 60, "left_knee": 75, "right_hip": -20},
}
STEPS: Final = {"walk": 28.0, "run": 42.0}  # degrees that a leg swings to each side
ALIASES: Final = {
    "neck": "thorax",
    "head": "head_centre",
    "left_big_toe": "left_toe",
    "right_big_toe": "right_toe",
    "left_finger": "left_hand",
    "right_finger": "right_hand",
}  # names that some skeletons use for the same place


@dataclass(frozen=True)
class Build:
    """Lengths of one person as fractions of the standing height."""

    head: float = 0.13  # chin to crown
    neck: float = 0.05
    trunk: float = 0.30  # pelvis to thorax
    shoulder: float = 0.115  # half of the width
    hip: float = 0.056  # half of the width
    upper_arm: float = 0.17
    forearm: float = 0.15
    hand: float = 0.045
    thigh: float = 0.245
    shank: float = 0.235
    foot: float = 0.10
    girth: float = 1.0  # factor on all radii


def draw_build(rng: np.random.Generator) -> Build:
    """A build within the variety of grown people, with some children (larger heads, shorter legs)."""
    child = rng.random() < 0.15
    vary = rng.uniform(0.94, 1.06, 8)
    leg = 0.93 if child else 1.0
    return Build(
        head=0.13 * vary[0] * (1.3 if child else 1.0),
        trunk=0.30 * vary[1],
        shoulder=0.115 * vary[2],
        hip=0.056 * vary[3],
        upper_arm=0.17 * vary[4] * leg,
        forearm=0.15 * vary[5] * leg,
        thigh=0.245 * vary[6] * leg,
        shank=0.235 * vary[7] * leg,
        girth=float(rng.uniform(0.85, 1.3)),
    )


def activity_angles(name: str) -> Floats:
    """Mean angles [A] of an activity in radians."""
    angles = np.zeros(len(ANGLES))
    for key, degrees in sorted(ACTIVITIES[name].items(), key=lambda item: "_" in item[0]):
        targets = [key] if key in ANGLE else [f"left_{key}", f"right_{key}"]
        for target in targets:
            angles[ANGLE[target]] = np.radians(degrees)
    return angles


def _about_x(angle: float) -> Floats:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])


def _about_y(angle: float) -> Floats:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])


def _about_z(angle: float) -> Floats:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])


def _head(build: Build, neck: Array, frame: Array) -> dict[str, Array]:
    """Points of the head; `neck` is where the skull sits, `frame` [3, 3] the head's own axes."""
    size = build.head
    place = {
        "head_bottom": (0.0, 0.0, 0.0),
        "upper_neck": (0.0, 0.0, 0.0),
        "chin": (0.0, -0.05, 0.22),
        "head_centre": (0.0, -0.52, 0.08),
        "head_top": (0.0, -1.0, 0.05),
        "nose": (0.0, -0.40, 0.55),
        "left_eye": (0.17, -0.53, 0.47),
        "right_eye": (-0.17, -0.53, 0.47),
        "left_ear": (0.36, -0.47, 0.03),
        "right_ear": (-0.36, -0.47, 0.03),
    }
    points = {name: neck + frame @ (size * np.array(offset)) for name, offset in place.items()}
    axes = {"head_side": (0.38, 0.0, 0.0), "head_up": (0.0, -0.50, 0.0), "head_fore": (0.0, 0.0, 0.44)}
    for name, half_axis in axes.items():
        points[name] = points["head_centre"] + frame @ (size * np.array(half_axis))
    return points


def body_joints(build: Build, angles: Floats) -> dict[str, Floats]:
    """Named points [3] in the body's axes, pelvis at the origin, lengths in standing heights.

    Joints are named as in the table of skeletons; further points (`left_hand`, `left_toe`, `chin`, ...) serve
    drawing.
    """
    a = {name: float(angles[index]) for name, index in ANGLE.items()}
    down, up = np.array([0.0, 1.0, 0.0]), np.array([0.0, -1.0, 0.0])
    trunk = _about_z(a["side"]) @ _about_x(-a["lean"])
    chest = trunk @ _about_y(a["twist"])
    points: dict[str, Floats] = {"pelvis": np.zeros(3)}
    points["thorax"] = trunk @ (build.trunk * up)
    neck_frame = chest @ _about_x(0.6 * a["lean"] - a["nod"]) @ _about_z(a["tilt"]) @ _about_y(a["turn"])
    skull = points["thorax"] + neck_frame @ (build.neck * up)
    points.update(_head(build, skull, neck_frame))
    for side, sign in (("left", 1.0), ("right", -1.0)):
        shoulder = points["thorax"] + chest @ np.array([sign * build.shoulder, 0.012, 0.0])
        arm = chest @ _about_z(sign * a[f"{side}_raise"]) @ _about_x(a[f"{side}_shoulder"])
        elbow = shoulder + arm @ (build.upper_arm * down)
        lower = arm @ _about_y(sign * a[f"{side}_roll"]) @ _about_x(a[f"{side}_elbow"])
        wrist = elbow + lower @ (build.forearm * down)
        hip = np.array([sign * build.hip, 0.01, 0.0])
        leg = _about_z(sign * a[f"{side}_spread"]) @ _about_x(a[f"{side}_hip"])
        knee = hip + leg @ (build.thigh * down)
        shin = leg @ _about_x(-a[f"{side}_knee"])
        ankle = knee + shin @ (build.shank * down)
        points |= {
            f"{side}_shoulder": shoulder,
            f"{side}_elbow": elbow,
            f"{side}_wrist": wrist,
            f"{side}_hand": wrist + lower @ (build.hand * down),
            f"{side}_hip": hip,
            f"{side}_knee": knee,
            f"{side}_ankle": ankle,
            f"{side}_heel": ankle + shin @ np.array([0.0, 0.028, -0.02]),
            f"{side}_toe": ankle + shin @ np.array([sign * 0.015, 0.03, build.foot]),
            f"{side}_small_toe": ankle + shin @ np.array([sign * 0.03, 0.03, 0.8 * build.foot]),
        }
    points |= {alias: points[name] for alias, name in ALIASES.items()}
    points["spine"] = points["belly"] = 0.5 * (points["thorax"] + points["pelvis"])
    return points


def project(points: dict[str, Floats], yaw: float, pitch: float, roll: float) -> dict[str, Floats]:
    """Body points as (x right, y down, depth away) of a distant camera that looks down by `pitch` radians.

    `roll` turns the person in the image plane, about the pelvis.
    """
    turn = _about_y(yaw)
    c, s = np.cos(pitch), np.sin(pitch)
    # depth is minus z: the camera stands where a person of yaw 0 looks
    camera = np.array([[1.0, 0.0, 0.0], [0.0, c, s], [0.0, s, -c]])
    whole = _about_z(roll) @ camera @ turn
    return {name: whole @ point for name, point in points.items()}
