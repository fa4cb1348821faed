"""A JSON file of joints and rows: {"joints": [...], "pose_rows": [{"frame", "score", "xy"}]}."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

import numpy as np

from poseval.datasets import Dataset, Format, Losses, ReadOptions, Role, Source, WriteOptions
from poseval.datasets.assembly import frames_of, pose_set, unique_paths
from poseval.datasets.capabilities import losses_of
from poseval.files.writing import write_atomically
from poseval.poses import Origin, PoseSet
from poseval.skeletons import skeleton_from_names

FORMAT = Format("pose-rows", "example_poses.pose_rows:PoseRows", ("json",), ("pose_rows",), suffix=".rows")


class PoseRows(Dataset):
    """Joints and scores of people."""

    name: ClassVar[str] = "pose-rows"
    title: ClassVar[str] = "JSON of rows"
    reads: ClassVar[frozenset[Role]] = frozenset(Role)
    writes: ClassVar[frozenset[Role]] = frozenset(Role)
    holds: ClassVar[frozenset[str]] = frozenset({"joints", "joint names", "frame names", "scores"})

    def sniff(self, source: Source, role: Role) -> float:
        """By its keys alone, which the row of the format names."""
        return 0.9

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """The people of the file; a joint without a place is null."""
        node = json.loads(source.document.data)
        rows = node["pose_rows"]
        place = unique_paths([row["frame"] for row in rows])
        xy = np.array([[point or (np.nan, np.nan) for point in row["xy"]] for row in rows], dtype=np.float64)
        xy = xy.reshape(len(rows), len(node["joints"]), 2)
        columns = {"xy": xy, "seen": np.where(np.isnan(xy).any(axis=2), 0, 2)}
        if options.role is Role.PREDICTIONS:
            columns["score"] = np.array([row["score"] for row in rows])
        return pose_set(
            skeleton_from_names(node["joints"]),
            frames_of(list(place), options.limits, source.document.name),
            np.array([place[row["frame"]] for row in rows]),
            columns,
            Origin(source.document.path, source.document.sha256, self.name, len(rows)),
            options.limits,
        )

    def write(self, poses: PoseSet, path: Path, options: WriteOptions) -> Losses:
        """One row a person."""
        people = poses.people
        rows = [
            {
                "frame": str(poses.frames.key[people.frame[row]]),
                "score": None if np.isnan(people.score[row]) else float(people.score[row]),
                "xy": [
                    point if seen else None
                    for point, seen in zip(people.xy[row].tolist(), people.seen[row], strict=True)
                ],
            }
            for row in range(len(people))
        ]
        text = json.dumps({"joints": list(poses.skeleton.joints), "pose_rows": rows})
        write_atomically(path, text.encode(), options.force)
        return losses_of(poses, self.holds)
