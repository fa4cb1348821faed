"""Writes docs/metrics/: one page per metric, made from the metric's declaration.

    python docs/metric_pages.py

What stands above the mark in a page is written by hand and kept. Everything below it comes from the class:
its docstring, `formula`, `undefined`, `source`, `needs`, `better`, `unit`, and its fields with the comments
behind them. The example is computed. A test compares the pages with what this makes.
"""

from __future__ import annotations

import enum
import inspect
import math
import re
import textwrap
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from poseval import metrics
from poseval.metrics.base import Metric, Need
from poseval.metrics.parameters import default_of, format_parameter
from poseval.poses import Frames, People, PoseSet
from poseval.poses.aligned import Aligned
from poseval.skeletons import get_skeleton
from poseval.synth import perturb, scene_set

FOLDER = Path(__file__).resolve().parent / "metrics"
MARK = "<!-- Below this line: made from the declaration by docs/metric_pages.py. -->"
WIDTH = 120
SHOWN_DEFAULT = 60  # characters of a default value, longer ones are cut
SEED = 7
KINDS = ("head", "shoulder", "elbow", "wrist", "hip", "knee", "ankle", "upper_body", "torso", "upper_leg",
         "lower_leg", "upper_arm", "lower_arm")  # fmt: skip
# Metrics whose example is followed by hand: name -> how.
FOLLOWED = {
    "pck": "In heads that is 0.1, 0.4, 0.6 and 2.4: two of four are within 0.5.",
    "pdj": "In torsos that is 0.02, 0.08, 0.12 and 0.48.",
    "pcp": "Sticks are 30 to 80 pixels long: both ends lie within half of that in three of four people.",
    "epe": "Their mean is 17.5.",
    "auc": "Of the distances 0, 1.5, ..., 28.5 pixels 18, 14, 11 and none are larger: the area is 43 / 80.",
}
FIGURE = {
    "right_ankle": (-20, 100), "right_knee": (-20, 50), "right_hip": (-20, 0), "left_hip": (20, 0),
    "left_knee": (20, 50), "left_ankle": (20, 100), "pelvis": (0, 0), "thorax": (0, -80),
    "upper_neck": (0, -90), "head_top": (0, -120), "right_wrist": (-40, 0), "right_elbow": (-40, -40),
    "right_shoulder": (-40, -80), "left_shoulder": (40, -80), "left_elbow": (40, -40), "left_wrist": (40, 0),
}  # fmt: skip
NEEDS = {
    Need.ALONE: "one person per frame",
    Need.SIGMAS: "a skeleton with sigmas",
}


def page(metric: Metric, before: str = "") -> str:
    """The whole page of a metric; `before` is the text on disk, whose part above the mark stays."""
    hand = before.split(MARK)[0].rstrip() if before else ""
    parts = [hand or f"# {metric.name}", MARK, *_declaration(metric)]
    if "## Example" not in hand:
        parts += _example(metric)
    return "\n\n".join(parts) + "\n"


def _declaration(metric: Metric) -> list[str]:
    kind = type(metric)
    text = inspect.cleandoc(kind.__doc__ or "")
    facts = [
        f"**Undefined**: {kind.undefined}.",
        f"**Better**: {metric.better.value}. **Counted by**: {metric.unit}. **Needs**: {_needs(metric)}.",
        f"**Source**: {kind.source}.",
    ]
    out = ["## Declaration", text, "```\n" + textwrap.fill(kind.formula, WIDTH) + "\n```", *map(_wrap, facts)]
    rows = _parameters(metric)
    if rows:
        head = ["| parameter | default | meaning |", "|---|---|---|"]
        out.append("\n".join([*head, *rows]))
    out.append(f"Canonical name with these defaults: `{metric}`.")
    return out


def _wrap(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _needs(metric: Metric) -> str:
    found = sorted(NEEDS.get(need, need.value) for need in metric.needs)
    return ", ".join(found) or "nothing but joints"


def _parameters(metric: Metric) -> list[str]:
    comments = _comments(type(metric))
    rows = []
    for spec in fields(metric):
        default = default_of(spec)
        value = format_parameter(default) if default != () else "none"
        value = value if len(value) <= SHOWN_DEFAULT else value[:SHOWN_DEFAULT] + "..."
        meaning = comments.get(spec.name, "")
        if isinstance(default, enum.Enum):
            notes = _comments(type(default))
            options = "; ".join(
                f"`{member.value}`" + (f": {notes[member.name]}" if member.name in notes else "")
                for member in type(default)
            )
            meaning = f"{meaning}; {options}" if meaning else options
        rows.append(f"| `{spec.name}` | {value} | {_cell(meaning)} |")
    return rows


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _comments(kind: type) -> dict[str, str]:
    """The comment behind each field or member of a class, its own before its parents'."""
    found: dict[str, str] = {}
    for parent in kind.__mro__:
        if not parent.__module__.startswith("poseval."):
            continue
        for line in inspect.getsource(parent).splitlines():
            match = re.match(r"    (\w+)(?::[^#]*|\s*=[^#]*)#\s(.*)$", line)
            if match:
                found.setdefault(match[1], match[2].strip())
    return found


def _example(metric: Metric) -> list[str]:
    """Numbers on a small seeded set, and what the set is."""
    what, aligned = _scene(metric)
    values = metric.reduce(metric.tally(aligned))
    shown = metric.headline(values)
    first = next(iter(shown))
    rows = [(name, "", value) for name, value in shown.items()]
    rows += [
        (row.statistic, row.joint, row.value)
        for row in values
        if row.joint in KINDS and row.statistic == first
    ]
    width = max(len(name) + len(joint) + 1 for name, joint, _ in rows)
    lines = []
    for name, joint, value in rows:
        label = f"{name}/{joint}" if joint else name
        lines.append(f"{label.ljust(width)}  {'n/a' if math.isnan(value) else f'{value:.4f}'}")
    return ["## Example", _wrap(what), "```\n" + "\n".join(lines) + "\n```"]


def _scene(metric: Metric) -> tuple[str, Aligned]:
    if metric.name == "nme":
        return _face_scene()
    if metric.name in FOLLOWED:
        return _body_scene(metric.name)
    if Need.ALONE in metric.needs:
        truth = scene_set(SEED, 40, 1, "mpii16")
        found = perturb(truth, SEED, missed_people=0, false_positives=0, duplicates=0)
        what = f"`scene_set({SEED}, 40, 1, 'mpii16')`, one person per image, perturbed with nobody missed"
    else:
        truth = _named(scene_set(SEED, 48, 3, "coco17", video=True))
        found = _named(perturb(truth, SEED))
        what = f"`scene_set({SEED}, 48, 3, 'coco17', video=True)` and `perturb` of it, seed {SEED}"
    found = PoseSet(found.skeleton, truth.frames, found.people)
    return f"From `poseval.synth`: {what}; all parameters at their defaults.", Aligned(truth, found)


def _named(poses: PoseSet) -> PoseSet:
    """The track is the person, where a metric asks who it is."""
    extra: dict[str, Any] = {**poses.people.extra, "person_id": poses.people.track}
    return PoseSet(poses.skeleton, poses.frames, poses.people.with_columns(extra=extra), poses.ignore)


def _body_scene(name: str) -> tuple[str, Aligned]:
    """A set whose numbers can be followed by hand."""
    kind = get_skeleton("mpii16")
    frames = Frames(np.array(["a", "b", "c", "d"]))
    truth = np.tile(np.array([FIGURE[joint] for joint in kind.joints], dtype=np.float64), (4, 1, 1))
    found = truth + np.array([2.0, 8.0, 12.0, 48.0])[:, None, None] * np.array([1.0, 0.0])
    sets = [PoseSet(kind, frames, People(xy, np.arange(4), head=np.full(4, 20.0))) for xy in (truth, found)]
    what = (
        "Four people with heads of 20 pixels and torsos of 100, all joints off by 2, 8, 12 and 48 pixels; "
        f"all parameters at their defaults. {FOLLOWED[name]}"
    )
    return what, Aligned(*sets)


def _face_scene() -> tuple[str, Aligned]:
    kind = get_skeleton("ibug68")
    frames = Frames(np.array(["a", "b", "c", "d"]))
    circle = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    truth = np.tile(np.stack([200 + 80 * np.cos(circle), 200 + 80 * np.sin(circle)], axis=1), (4, 1, 1))
    truth[:, 36], truth[:, 45] = [150, 180], [250, 180]
    found = truth + np.array([2.0, 4.0, 8.0, 16.0])[:, None, None] * np.array([1.0, 0.0])
    sets = [PoseSet(kind, frames, People(xy, np.arange(4))) for xy in (truth, found)]
    what = (
        "Four faces whose outer eye corners are 100 pixels apart, every landmark off by 2, 4, 8 and 16 "
        "pixels. Their own errors are 0.02, 0.04, 0.08 and 0.16; one is above 0.1, the area is the mean of "
        "0.8, 0.6, 0.2 and 0."
    )
    return what, Aligned(*sets)


def main() -> None:
    """Write every page."""
    FOLDER.mkdir(exist_ok=True)
    for metric in metrics.registered():
        path = FOLDER / f"{metric.name}.md"
        before = path.read_text("utf-8") if path.exists() else ""
        path.write_text(page(metric, before), "utf-8")


if __name__ == "__main__":
    main()
