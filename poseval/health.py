"""Facts about a set that are legal and suspicious: each check answers with one notice, or with none."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from poseval.datasets import Role
from poseval.datasets.review import review
from poseval.poses import Notice, PoseSet

OUTSIDE_SHARE = 0.2
BOX_SHARE = 0.05


def health(poses: PoseSet, role: Role, truth: PoseSet | None = None) -> list[Notice]:
    """Facts about a set that are legal and suspicious."""
    found = [check(poses) for check in CHECKS]
    if role is Role.PREDICTIONS and truth is not None and poses.frames is truth.frames:
        found += review(poses.origin.name, poses.people, truth)
        found.append(_exchanged(poses, truth))
    out: dict[str, Notice] = {}
    for notice in found:
        if notice is not None:
            out.setdefault(notice.code, notice)
    return list(out.values())


def _areas(poses: PoseSet) -> Notice | None:
    area = poses.people.area[~np.isnan(poses.people.area)]
    if not len(area) or not bool((area <= 1).all()):
        return None
    return Notice(
        "N520", f"all {len(area)} areas are 1 or less: a unit error makes every joint a miss", len(area)
    )


def _scores(poses: PoseSet) -> Notice | None:
    score = poses.people.score[~np.isnan(poses.people.score)]
    if len(score) < 2 or not bool((score == score[0]).all()):
        return None
    return Notice(
        "N420", f"all {len(score)} scores are {score[0]:g}: the order of the file decides", len(score)
    )


def _boxes(poses: PoseSet) -> Notice | None:
    size = poses.frames.size[poses.people.frame]
    box = poses.people.box
    outside = (
        (box[:, 0] < -1) | (box[:, 1] < -1) | (box[:, 2] > size[:, 0] + 1) | (box[:, 3] > size[:, 1] + 1)
    )
    count = int(outside.sum())
    if count <= BOX_SHARE * len(box):
        return None
    return Notice("N521", f"{count} of {len(box)} boxes reach beyond their images", count)


def _joints(poses: PoseSet) -> Notice | None:
    size = poses.frames.size[poses.people.frame][:, None, :]
    xy = poses.people.xy
    used = (poses.people.seen > 0) & ~np.isnan(size).any(axis=2)
    count = int(used.sum())
    outside = int((((xy < 0) | (xy > size)).any(axis=2) & used).sum())
    if not count or outside < OUTSIDE_SHARE * count:
        return None
    return Notice("N421", f"{outside / count:.0%} of the joints are outside their images", outside)


def _copies(poses: PoseSet) -> Notice | None:
    people = poses.people
    if len(people) < 2:
        return None
    flat = np.concatenate([people.frame[:, None], np.nan_to_num(people.xy.reshape(len(people), -1))], axis=1)
    used = (people.seen > 0).any(axis=1)
    count = int(used.sum()) - len(np.unique(flat[used], axis=0))
    if not count:
        return None
    return Notice("N419", f"{count} of {len(people)} people are copies of another in the same frame", count)


def _flags(poses: PoseSet) -> Notice | None:
    given = poses.people.extra.get("num_keypoints")
    if given is None:
        return None
    counted = (poses.people.seen > 0).sum(axis=1)
    count = int(((given >= 0) & (given != counted)).sum())
    if not count:
        return None
    return Notice("N522", f"num_keypoints of {count} people contradicts their flags", count)


CHECKS: tuple[Callable[[PoseSet], Notice | None], ...] = (_areas, _scores, _boxes, _joints, _copies, _flags)


def _exchanged(poses: PoseSet, truth: PoseSet) -> Notice | None:
    """Left and right exchanged: the mirrored joints fit the nearest truth much better in most people."""
    if poses.skeleton.joints != truth.skeleton.joints or not len(poses) or not len(truth):
        return None
    flip = np.asarray(truth.skeleton.flip)
    sided = flip != np.arange(len(flip))
    start = truth.frame_start()
    better = total = 0
    for row in range(0, len(poses), max(len(poses) // 2000, 1)):
        frame = int(poses.people.frame[row])
        rows = slice(int(start[frame]), int(start[frame + 1]))
        labelled = (truth.people.seen[rows] > 0) & sided
        if not labelled.any() or not poses.people.seen[row].any():
            continue
        target = np.where(labelled[:, :, None], truth.people.xy[rows], 0.0)
        own = poses.people.xy[row]
        count = np.maximum(labelled.sum(axis=1), 1)
        straight = (np.linalg.norm(own - target, axis=2) * labelled).sum(axis=1) / count
        mirrored = (np.linalg.norm(own[flip] - target, axis=2) * labelled).sum(axis=1) / count
        total += 1
        better += bool(np.nanmin(mirrored) < 0.5 * np.nanmin(straight))
    if not total or better < 0.5 * total:
        return None
    return Notice("N523", f"left and right look exchanged in {better / total:.0%} of the predictions", better)
