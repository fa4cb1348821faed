"""Synthetic ground truth for many benchmarks: the same frames for every seed, other people in them."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from poseval.datasets import Role, WriteOptions, get_format
from poseval.poses import Frames, People, PoseSet
from poseval.skeletons import get_skeleton


@dataclass(frozen=True)
class World:
    """A benchmark, the skeleton of its ground truth, and the format in which people send predictions."""

    benchmark: str
    skeleton: str
    sent: str
    public: str = "frames"
    videos: bool = False

    def truth(self, seed: int) -> PoseSet:
        """Twelve frames; people, their number, sizes and flags are drawn from the seed."""
        rng = np.random.default_rng(seed)
        joints = len(get_skeleton(self.skeleton))
        count = 12
        frames = self._frames(count, rng)
        single = self.public == "people"
        each = np.ones(count, dtype=np.int64) if single else rng.integers(1, 5, count)
        frame = np.repeat(np.arange(count), each)
        rows = len(frame)
        xy = np.round(rng.uniform(150, 500, (rows, 1, 2)) + rng.uniform(-90, 90, (rows, joints, 2)), 2)
        seen = np.where(rng.uniform(size=(rows, joints)) < 0.9, 2, 0).astype(np.int8)
        seen[:, :2] = 2
        low, high = xy.min(axis=1), xy.max(axis=1)
        track = np.concatenate([np.arange(number) for number in each])
        people = People(
            xy,
            frame,
            seen=seen,
            area=(high - low).prod(axis=1) * rng.uniform(0.3, 0.9, rows),
            box=np.concatenate([low, high], axis=1),
            head=rng.uniform(20, 60, rows),
            crowd=np.zeros(rows, dtype=np.bool_),
            track=track if self.videos else None,
            source_id=rng.permutation(np.arange(1, rows + 1)),
        )
        if self.benchmark == "jrdb-pose":  # which says of each joint whether it is visible
            flags = rng.integers(0, 3, (rows, joints))
            people = people.with_columns(seen=np.full_like(seen, 2), extra={"visibility": flags})
        return PoseSet(get_skeleton(self.skeleton), frames, people)

    def _frames(self, count: int, rng: np.random.Generator) -> Frames:
        size = np.full((count, 2), 640.0)
        if not self.videos:
            names = np.asarray([f"{number:012d}.jpg" for number in range(100, 100 + count)])
            keys = np.asarray([str(number) for number in range(100, 100 + count)])
            extra = {"image_id": np.arange(100, 100 + count)}
            if self.benchmark == "crowdpose":
                extra["crowd_index"] = rng.uniform(0, 1, count)
            return Frames(keys, size=size, path=names, extra=extra)
        half = count // 2
        sequence = np.repeat([0, 1], half)
        number = np.tile(np.arange(half), 2)
        names = np.asarray([f"images/{s + 1:06d}/{n:06d}.jpg" for s, n in zip(sequence, number, strict=True)])
        keys = np.asarray([f"{s + 1:06d}_mpii:{10 + n}" for s, n in zip(sequence, number, strict=True)])
        return Frames(keys, sequence, number, size, path=names, sequences=("000001_mpii", "000002_mpii"))

    def predictions(self, seed: int) -> PoseSet:
        """What a model might say of one world, whatever the ground truth is."""
        poses = self.truth(seed)
        rng = np.random.default_rng(seed + 1000)
        people, shape = poses.people, poses.people.xy.shape[:2]
        made = replace(
            people,
            xy=np.round(people.xy + rng.normal(0, 3, people.xy.shape), 2),
            seen=np.full(shape, 2, dtype=np.int8),
            joint_score=np.round(rng.uniform(0.1, 1, shape), 3),
            score=np.round(rng.uniform(0.1, 1, len(people)), 3),
            area=None,
            head=None,
        )
        return replace(poses, people=made)

    def write_truth(self, path: Path, seed: int) -> Path:
        """Ground truth in poseval's own form, which keeps everything."""
        get_format("native").write(self.truth(seed), path, WriteOptions(Role.TRUTH, force=True))
        return path

    def sent_file(self, folder: Path, seed: int) -> Path:
        """A submission as people send it: one file, or a zip archive of a folder."""
        form = get_format(self.sent)
        poses = self.predictions(seed)
        known = self.truth(seed)
        if self.videos:
            place = folder / f"videos{seed}"
            if self.sent == "jrdb-pose":
                _write_jrdb(poses, place)
            else:
                form.write(poses, place, WriteOptions(Role.PREDICTIONS, force=True, truth=known))
            out = io.BytesIO()
            with zipfile.ZipFile(out, "w") as archive:
                for path in sorted(place.rglob("*.json")):
                    archive.write(path, f"results/{path.relative_to(place)}")
            (folder / f"s{seed}.zip").write_bytes(out.getvalue())
            return folder / f"s{seed}.zip"
        path = folder / f"s{seed}.json"
        form.write(poses, path, WriteOptions(Role.PREDICTIONS, force=True, truth=known))
        return path


def _write_jrdb(poses: PoseSet, place: Path) -> None:
    """Predictions as JRDB's toolkit reads them: a file of people for each sequence."""
    frames, people = poses.frames, poses.people
    place.mkdir(exist_ok=True)
    for at, name in enumerate(frames.sequences):
        rows = np.flatnonzero(frames.sequence[people.frame] == at)
        found = [
            {
                "id": row + 1,
                "image_id": int(frames.key[people.frame[row]].rpartition(":")[2]),
                "track_id": int(people.track[row]),
                "keypoints": np.hstack([people.xy[row], np.full((len(poses.skeleton), 1), 2)])
                .ravel()
                .tolist(),
                "score": float(people.score[row]),
            }
            for row in rows.tolist()
        ]
        (place / f"{name}.json").write_text(json.dumps({"annotations": found}))


WORLDS = [
    World("coco-keypoints", "coco17", "coco"),
    World("crowdpose", "crowdpose14", "coco"),
    World("ochuman", "ochuman17", "coco"),
    World("aic", "aic14", "coco"),
    World("coco-wholebody", "coco_wholebody133", "coco"),
    World("mpii-val", "mpii16", "pose-array", public="people"),
    World("posetrack18", "posetrack15_poseval", "posetrack18", videos=True),
    World("posetrack21", "posetrack15_poseval", "posetrack21", videos=True),
    World("jrdb-pose", "jrdb17", "jrdb-pose", videos=True),
]
