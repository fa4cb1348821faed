"""MMPose's `--dump` of a test: a pickle of a list, one entry per image or per person.

Source: MMEngine `DumpResults` and MMPose's `PoseDataSample.to_dict`: an entry has `pred_instances` (keypoints
[n, K, 2], keypoint_scores [n, K], bboxes [n, 4], bbox_scores [n]), `img_path`, `img_id` and `ori_shape`
(height, width). The pickle is read without running anything in it (see `pickled`).
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from poseval.datasets.assembly import frames_of, joints_by_count, pose_set
from poseval.datasets.base import Dataset, ReadOptions, Role
from poseval.datasets.files.source import Source
from poseval.datasets.tools.mmpose import numbers
from poseval.errors import Faults, FormatError
from poseval.files.pickle import loads
from poseval.poses import Floats, Notice, Origin, PoseSet
from poseval.poses.frame_names import file_name


class MMPoseDump(Dataset):
    """A `.pkl` of predictions."""

    name: ClassVar[str] = "mmpose-dump"
    title: ClassVar[str] = "MMPose test results (--dump, .pkl), unpacked without running code"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.PREDICTIONS})
    holds: ClassVar[frozenset[str]] = frozenset(
        {"joints", "frame names", "joint scores", "scores", "boxes", "frame sizes", "empty frames"}
    )
    local_only: ClassVar[bool] = True

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by a pickle's first byte and the name of MMPose's field."""
        if source.is_folder:
            return 0.0
        data = source.document.data
        return 0.95 if data[:1] == b"\x80" and b"pred_instances" in data[: 1 << 20] else 0.0

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """People of all entries; the score is the box's times the mean confidence, as MMPose ranks.

        Raises:
            InputError: what is wrong with the file, all faults gathered.
        """
        document = source.document
        entries = loads(document.data, document.name, document.limits)
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise FormatError(
                "P270", where=document.name, what="is not a list of results", wanted="MMPose's --dump"
            )
        faults = Faults()
        names: dict[str, int] = {}
        sizes: dict[int, tuple[float, float]] = {}
        found: list[tuple[int, Floats, Floats, Floats, Floats]] = []
        for at, entry in enumerate(entries):
            where = f"{document.name}: [{at}]"
            name = _name(entry)
            if name is None:
                faults.add("P206", where=where, what="has neither img_path nor img_id")
                continue
            row = names.setdefault(name, len(names))
            shape = entry.get("ori_shape")
            if (
                isinstance(shape, (list, tuple))
                and len(shape) >= 2
                and all(type(n) is int for n in shape[:2])
            ):
                sizes[row] = (float(shape[1]), float(shape[0]))
            found += _instances(entry, row, where, faults)
        faults.raise_if_any()
        joints = {one[1].shape[1] for one in found}
        if len(joints) > 1:
            raise FormatError("P204", where=document.name, what=f"has people with {sorted(joints)} joints")
        skeleton = joints_by_count(next(iter(joints), 17), options, document.name)
        size = np.asarray([sizes.get(row, (np.nan, np.nan)) for row in names.values()]).reshape(-1, 2)
        frames = frames_of(list(names), options.limits, document.name, size)
        xy = np.concatenate([np.zeros((0, len(skeleton), 2)), *(one[1] for one in found)])
        score = np.concatenate([np.zeros((0, len(skeleton))), *(one[2] for one in found)])
        box = np.concatenate([np.zeros((0, 4)), *(one[3] for one in found)])
        box_score = np.concatenate([np.zeros(0), *(one[4] for one in found)])
        row_of = np.repeat([one[0] for one in found], [len(one[1]) for one in found])
        mean = score.mean(axis=1) if len(score) else np.zeros(0)
        columns = {"xy": xy, "joint_score": score, "box": box, "score": mean * box_score}
        text = (
            f"{document.name}: people are ranked by the box's score times the mean confidence of their joints"
        )
        origin = Origin(document.path, document.sha256, self.name, len(xy), (Notice("N505", text, len(xy)),))
        return pose_set(skeleton, frames, row_of, columns, origin, options.limits)


def _name(entry: dict[str, Any]) -> str | None:
    path = entry.get("img_path")
    if isinstance(path, str) and path:
        return file_name(path)
    number = entry.get("img_id")
    return str(number) if isinstance(number, (str, int)) and not isinstance(number, bool) else None


def _instances(
    entry: dict[str, Any], row: int, where: str, faults: Faults
) -> list[tuple[int, Floats, Floats, Floats, Floats]]:
    node = entry.get("pred_instances")
    if not isinstance(node, dict) or "keypoints" not in node or "keypoint_scores" not in node:
        faults.add("P206", where=f"{where}.pred_instances", what="has no keypoints with scores")
        return []
    xy = numbers(_listed(node["keypoints"]), f"{where}.keypoints", faults, 3)
    score = numbers(_listed(node["keypoint_scores"]), f"{where}.keypoint_scores", faults, 2)
    if xy is None or score is None:
        return []
    if xy.shape[:2] != score.shape or xy.shape[2] != 2:
        faults.add(
            "P204",
            where=where,
            what=f"has keypoints of shape {xy.shape} and scores of shape {score.shape}",
            wanted="[n, K, 2] and [n, K]",
        )
        return []
    box = np.full((len(xy), 4), np.nan)
    box_score = np.ones(len(xy))
    for key, target in (("bboxes", box), ("bbox_scores", box_score)):
        if node.get(key) is not None:
            given = numbers(_listed(node[key]), f"{where}.{key}", faults, None)
            if given is not None and given.shape == target.shape:
                target[:] = given
            elif given is not None:
                faults.add(
                    "P204", where=f"{where}.{key}", what=f"has shape {given.shape}", wanted=f"{target.shape}"
                )
    return [(row, xy, score, box, box_score)]


def _listed(node: Any) -> Any:
    """Arrays as lists, so that one check serves both; texts in arrays stay texts."""
    return node.tolist() if isinstance(node, np.ndarray) else node
