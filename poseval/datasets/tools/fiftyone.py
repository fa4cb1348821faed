"""FiftyOne's data sets on disk, for viewing poses and their errors; written only.

Source: FiftyOne's documentation of `FiftyOneDataset` in its plain JSON form: `metadata.json`, and
`samples.json` with one sample for each image. `Keypoints` and `Detections` are normalised; a
missing joint is NaN. Images are named and not copied:
`fiftyone.Dataset.from_dir(dataset_dir=..., dataset_type=fiftyone.types.FiftyOneDataset, rel_dir=IMAGES)`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from poseval.datasets.assembly import sized
from poseval.datasets.base import Losses, Role, WriteOptions
from poseval.datasets.capabilities import losses_of
from poseval.datasets.files.folder import write_folder
from poseval.datasets.tools.viewers import Viewer, sides_of
from poseval.poses import PoseSet
from poseval.poses.frame_names import named

FIELDS = {Role.TRUTH: "ground_truth", Role.PREDICTIONS: "predictions"}
MISSING = float("nan")
WHY_SIZES = "FiftyOne's coordinates are normalised by it"


class FiftyOne(Viewer):
    """A folder with `metadata.json` and `samples.json`."""

    name: ClassVar[str] = "fiftyone"
    title: ClassVar[str] = "FiftyOne data set (JSON), for its app"
    holds: ClassVar[frozenset[str]] = Viewer.holds | {"hidden joints", "crowd flags", "frame sizes"}

    def write(self, poses: PoseSet, path: Path, options: WriteOptions) -> Losses:
        """The people of each image, of predictions beside those of their ground truth.

        Raises:
            UsageError: P131 it exists, P137 it cannot be written, P174 images of unknown size.
        """
        sides = sides_of(poses, options)
        poses = sides[options.role] = sized(sides[options.role], options.truth, WHY_SIZES)
        if len(sides) > 1:
            truth = sides[Role.TRUTH]
            truth = truth.take_frames(np.flatnonzero(np.isin(truth.frames.key, poses.frames.key)))
            sides[Role.TRUTH] = sized(truth, poses, WHY_SIZES)
        skeleton = {"labels": list(poses.skeleton.joints), "edges": [list(e) for e in poses.skeleton.limbs]}
        metadata = {"media_type": "image", "info": {"skeleton": skeleton, "source": poses.origin.name}}
        # NaN is no JSON, but it is what FiftyOne itself writes and reads.
        samples = json.dumps({"samples": list(_samples(sides, poses))})
        files = {"metadata.json": json.dumps(metadata), "samples.json": samples}
        content = ((name, text.encode("utf-8", "surrogatepass")) for name, text in files.items())
        write_folder(path, content, options.force, (".json",))
        return losses_of(poses, self.holds)


def _samples(sides: dict[Role, PoseSet], poses: PoseSet) -> Iterator[dict[str, Any]]:
    """A sample for each image of the set, with what each side has of it."""
    rows = {role: _rows_by_key(side) for role, side in sides.items()}
    for at, name in enumerate(named(poses.frames)):
        width, height = poses.frames.size[at].tolist()
        sample: dict[str, Any] = {"filepath": name, "tags": []}
        if width == width:
            sample["metadata"] = {"_cls": "ImageMetadata", "width": int(width), "height": int(height)}
        key = str(poses.frames.key[at])
        for role, side in sides.items():
            own = rows[role].get(key, range(0))
            keypoints = [_keypoint(side, row, (width, height)) for row in own]
            boxed = [row for row in own if not np.isnan(side.people.box[row]).any()]
            boxes = [_detection(side, row, (width, height)) for row in boxed]
            sample[FIELDS[role]] = {"_cls": "Keypoints", "keypoints": keypoints}
            sample[f"{FIELDS[role]}_boxes"] = {"_cls": "Detections", "detections": boxes}
        yield sample


def _rows_by_key(poses: PoseSet) -> dict[str, range]:
    start = poses.frame_start().tolist()
    keys = poses.frames.key.tolist()
    return {key: range(first, last) for key, first, last in zip(keys, start, start[1:], strict=False)}


def _person(poses: PoseSet, row: int) -> dict[str, Any]:
    """The fields that both the keypoints and the box of a person get."""
    people = poses.people
    out: dict[str, Any] = {"tags": [], "label": poses.categories.get(int(people.category[row]), "person")}
    if people.track[row] >= 0:
        out["index"] = int(people.track[row])
    if people.crowd[row]:
        out["iscrowd"] = 1
    return out


def _keypoint(poses: PoseSet, row: int, size: tuple[float, float]) -> dict[str, Any]:
    people = poses.people
    seen = people.seen[row] > 0
    points = np.where(seen[:, None], people.xy[row] / size, MISSING)
    out = {"_cls": "Keypoint", **_person(poses, row), "points": points.tolist()}
    if np.isfinite(people.joint_score[row]).any():
        out["confidence"] = np.where(seen, people.joint_score[row], MISSING).tolist()
    if (people.seen[row] == 1).any():
        out["occluded"] = (people.seen[row] == 1).tolist()
    score = float(people.score[row])
    return out if score != score else {**out, "score": score}


def _detection(poses: PoseSet, row: int, size: tuple[float, float]) -> dict[str, Any]:
    x0, y0, x1, y1 = poses.people.box[row].tolist()
    box = [x0 / size[0], y0 / size[1], (x1 - x0) / size[0], (y1 - y0) / size[1]]
    out = {"_cls": "Detection", **_person(poses, row), "bounding_box": box}
    score = float(poses.people.score[row])
    return out if score != score else {**out, "confidence": score}
