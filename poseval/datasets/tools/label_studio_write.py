"""Writing Label Studio's tasks, and the labelling configuration that they belong to.

Label Studio shows a result only where its `from_name` and `to_name` are tags of the project's configuration;
others are passed over without a word. So the configuration is written, too.

Source: Label Studio's documentation of `KeyPointLabels`, `RectangleLabels` and of pre-annotations; its
converter takes the order of joints from `model_index`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from poseval._version import __version__
from poseval.datasets.base import Role
from poseval.datasets.tools.label_studio_tasks import CONFIGURATION
from poseval.poses import Floats, PoseSet
from poseval.poses.frame_names import named

IMAGE, BOXES, POINTS = "image", "boxes", "keypoints"  # names of tags
LOCAL = "/data/local-files/?d="  # what Label Studio calls files below its document root
POINT_SIZE = 0.5  # per cent of the image's width


def configuration_path(path: Path) -> Path:
    """`out.config.xml` for `out.json`."""
    return path.with_suffix(CONFIGURATION)


def configuration(poses: PoseSet) -> str:
    """The labelling configuration of a project that takes the tasks."""
    from xml.sax.saxutils import quoteattr  # 20 ms for every command that asks all formats

    kinds = [f"    <Label value={quoteattr(name)}/>" for name in poses.categories.values()]
    joints = [
        f'    <Label value={quoteattr(name)} model_index="{at}"/>'
        for at, name in enumerate(poses.skeleton.joints)
    ]
    lines = [
        "<View>",
        f'  <Image name="{IMAGE}" value="$image"/>',
        f'  <RectangleLabels name="{BOXES}" toName="{IMAGE}">',
        *kinds,
        "  </RectangleLabels>",
        f'  <KeyPointLabels name="{POINTS}" toName="{IMAGE}">',
        *joints,
        "  </KeyPointLabels>",
        "</View>",
    ]
    return "\n".join(lines) + "\n"


def tasks(poses: PoseSet, boxes: Floats, role: Role) -> Iterator[dict[str, Any]]:
    """A task for each image: a rectangle for each person, and joints that belong to it."""
    start = poses.frame_start()
    scores = poses.people.score
    for at, name in enumerate(named(poses.frames)):
        rows = range(int(start[at]), int(start[at + 1]))
        results = [result for row in rows for result in _results(poses, boxes, row)]
        made: dict[str, Any] = {"result": results}
        if role is Role.PREDICTIONS:
            made["model_version"] = f"poseval {__version__}"
            known = scores[rows.start : rows.stop][~np.isnan(scores[rows.start : rows.stop])]
            if len(known) and 0 <= known.mean() <= 1:  # Label Studio refuses others; joints keep theirs
                made["score"] = float(known.mean())
        key = "annotations" if role is Role.TRUTH else "predictions"
        address = name if "://" in name else LOCAL + quote(name)
        looked_at = bool(poses.frames.labelled[at]) or role is Role.PREDICTIONS
        yield {"id": at + 1, "data": {IMAGE: address}, key: [made] if looked_at else []}


def _results(poses: PoseSet, boxes: Floats, row: int) -> Iterator[dict[str, Any]]:
    """The rectangle of a person, then the joints that were found."""
    people = poses.people
    width, height = poses.frames.size[people.frame[row]].tolist()
    whole = float(width).is_integer() and float(height).is_integer()
    size = [int(width), int(height)] if whole else [width, height]
    shared = {"to_name": IMAGE, "image_rotation": 0, "original_width": size[0], "original_height": size[1]}
    owner = f"p{row}"
    x0, y0, x1, y1 = boxes[row].tolist()
    value: dict[str, Any] = {
        "rectanglelabels": [poses.categories.get(int(people.category[row]), "person")],
        "x": x0 / width * 100,
        "y": y0 / height * 100,
        "width": (x1 - x0) / width * 100,
        "height": (y1 - y0) / height * 100,
        "rotation": 0,
    }
    region = {"id": owner, "type": "rectanglelabels", "from_name": BOXES, "value": value, **shared}
    yield _scored(region, float(people.score[row]))
    for joint in np.flatnonzero(people.seen[row] > 0).tolist():
        x, y = people.xy[row, joint].tolist()
        value = {
            "keypointlabels": [poses.skeleton.joints[joint]],
            "x": x / width * 100,
            "y": y / height * 100,
            "width": POINT_SIZE,
        }
        point = {"id": f"{owner}k{joint}", "parentID": owner, "type": "keypointlabels", "from_name": POINTS}
        yield _scored({**point, "value": value, **shared}, float(people.joint_score[row, joint]))


def _scored(result: dict[str, Any], score: float) -> dict[str, Any]:
    return result if score != score else {**result, "score": score}
