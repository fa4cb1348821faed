"""Writing Label Studio's tasks, and the labelling configuration that they belong to.

Label Studio shows a result only where its `from_name` and `to_name` are tags of the project's configuration;
others are passed over without a word. So the configuration is written, too.

Source: Label Studio's documentation of `KeyPointLabels`, `RectangleLabels` and of pre-annotations; its
converter takes the order of joints from `model_index`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from urllib.parse import quote

import numpy as np

from poseval._version import __version__
from poseval.datasets.base import Role
from poseval.datasets.containers.json_write import known_numbers, number_texts
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


def tasks(poses: PoseSet, boxes: Floats, role: Role) -> Iterator[str]:
    """JSON of a task for each image: a rectangle for each person, and joints that belong to it."""
    start = poses.frame_start().tolist()
    scores = poses.people.score
    results = _results(poses, boxes)
    key = "annotations" if role is Role.TRUTH else "predictions"
    for at, name in enumerate(named(poses.frames)):
        made = f'"result": [{", ".join(islice(results, start[at + 1] - start[at]))}]'
        if role is Role.PREDICTIONS:
            made += f', "model_version": "poseval {__version__}"'
            known = scores[start[at] : start[at + 1]]
            known = known[~np.isnan(known)]
            mean = float(known.mean()) if len(known) else np.nan
            made += f', "score": {mean!r}' if 0 <= mean <= 1 else ""  # it refuses others; joints keep theirs
        address = json.dumps(name if "://" in name else LOCAL + quote(name))
        looked_at = bool(poses.frames.labelled[at]) or role is Role.PREDICTIONS
        inside = f"{{{made}}}" if looked_at else ""
        yield f'{{"id": {at + 1}, "data": {{"{IMAGE}": {address}}}, "{key}": [{inside}]}}'


def _results(poses: PoseSet, boxes: Floats) -> Iterator[str]:
    """JSON of the results of each person [N]: the rectangle, then the joints that were found."""
    people = poses.people
    size = poses.frames.size[people.frame]
    images = list(map(_image, *size.T.tolist()))
    kinds = {number: json.dumps(name) for number, name in poses.categories.items()}
    rectangles = zip(
        (kinds.get(kind, '"person"') for kind in people.category.tolist()),
        *map(number_texts, (boxes[:, :2] / size * 100).T),
        *map(number_texts, ((boxes[:, 2:] - boxes[:, :2]) / size * 100).T),
        _scores(people.score),
        images,
        (people.seen > 0).sum(axis=1).tolist(),
        strict=True,
    )
    points = _points(poses, size, images)
    for row, (kind, x, y, width, height, score, image, found) in enumerate(rectangles):
        rectangle = (
            f'{{"id": "p{row}", "type": "rectanglelabels", "from_name": "{BOXES}", "value": '
            f'{{"rectanglelabels": [{kind}], "x": {x}, "y": {y}, "width": {width}, "height": {height}, '
            f'"rotation": 0}}, {image}{score}}}'
        )
        yield ", ".join([rectangle, *islice(points, found)])


def _points(poses: PoseSet, size: Floats, images: list[str]) -> Iterator[str]:
    """JSON of each joint that was found, in the order of people."""
    people = poses.people
    row, joint = np.nonzero(people.seen > 0)
    labels = [json.dumps(name) for name in poses.skeleton.joints]
    share = people.xy[row, joint] / size[row] * 100
    scores = _scores(people.joint_score[row, joint])
    x_texts, y_texts = map(number_texts, share.T)
    for person, at, x, y, score in zip(row.tolist(), joint.tolist(), x_texts, y_texts, scores, strict=True):
        yield (
            f'{{"id": "p{person}k{at}", "parentID": "p{person}", "type": "keypointlabels", '
            f'"from_name": "{POINTS}", "value": {{"keypointlabels": [{labels[at]}], "x": {x}, "y": {y}, '
            f'"width": {POINT_SIZE}}}, {images[person]}{score}}}'
        )


def _image(width: float, height: float) -> str:
    """What every result says of its image."""
    whole = width.is_integer() and height.is_integer()
    width, height = (int(width), int(height)) if whole else (width, height)
    return (
        f'"to_name": "{IMAGE}", "image_rotation": 0, "original_width": {width!r}, '
        f'"original_height": {height!r}'
    )


def _scores(scores: Floats) -> Iterator[str]:
    """The score at the end of each result [N]; empty where it is not known."""
    return ("" if text is None else f', "score": {text}' for text in known_numbers(scores))
