"""Writing what MPII's server takes: the predictions as a struct array in the shape of the release.

Source: README.md, evaluatePCKh.m and evaluateAP.m of MPII's evaluation kit. The kit pairs single people by
their place: it goes through the rectangles of `pred` that have a position, and takes those that stand alone
in the release. So every rectangle is written with its position, predicted or not. Of several people, `pred`
has one element per group of the test images.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from poseval.datasets.base import Losses, WriteOptions
from poseval.datasets.capabilities import losses_of
from poseval.datasets.mpii.groups import groups_of
from poseval.errors import MismatchError, UsageError, number_of, shown
from poseval.files.writing import write_atomically
from poseval.poses import Array, Bools, Floats, Ints, PoseSet

EMPTY = np.zeros((0, 0))  # what MATLAB has where there is nothing
SINGLE, SEVERAL = "pred_keypoints_mpii.mat", "pred_keypoints_mpii_multi.mat"
NEEDED = frozenset({"rect", "single", "expected", "objpos", "scale"})


def write_submission(poses: PoseSet, path: Path, options: WriteOptions, holds: frozenset[str]) -> Losses:
    """`pred_keypoints_mpii.mat` or `pred_keypoints_mpii_multi.mat`, by the name that is asked for.

    Predictions that do not name their rectangle or group go to the nearest position of their image.

    Raises:
        UsageError: P107 another name of the file, P108 no release as ground truth, P131, P137, P138 several
            people without scores.
        MismatchError: P402 predictions that are not on the frames of the release.
    """
    if path.name not in (SINGLE, SEVERAL):
        raise UsageError(
            "P107",
            where=shown(path),
            what="is not a file name that MPII's server accepts",
            wanted=f"{SINGLE} (single people) or {SEVERAL} (several people in groups)",
        )
    release = _release(poses, options.truth)
    losses = losses_of(poses, holds)
    make = _single if path.name == SINGLE else _several
    pred = make(poses, release, losses)

    def content(file: Any) -> None:
        from scipy.io import savemat

        savemat(file, {"pred": pred}, do_compression=True)

    write_atomically(path, content, options.force)
    return losses


@dataclass(frozen=True, eq=False)
class _Release:
    """The ground truth, the rows [F] of its test images, and the positions [N, 2] of its people in pixels."""

    truth: PoseSet
    frames: Ints
    position: Floats


def _release(poses: PoseSet, truth: PoseSet | None) -> _Release:
    """The MPII release to whose frames the predictions belong."""
    if truth is None or not truth.people.extra.keys() >= NEEDED or "train" not in truth.frames.extra:
        given = "none was given" if truth is None else f"{shown(truth.origin.name)} is something else"
        raise UsageError(
            "P108",
            where="format mpii-submission",
            what=f"follows the images and rectangles of MPII's release, and {given}",
            wanted="--gt mpii_human_pose_v1_u12_1.mat",
        )
    if not np.array_equal(poses.frames.key, truth.frames.key):
        raise MismatchError(
            "P402",
            where=shown(poses.origin.name),
            what="has other frames than MPII's release",
            wanted="the frames of the release",
        )
    test = np.flatnonzero(~truth.frames.extra["train"].astype(np.bool_))
    frames = test if len(test) else np.arange(len(truth.frames))
    return _Release(truth, frames, np.asarray(truth.people.extra["objpos"], dtype=np.float64))


def _single(poses: PoseSet, release: _Release, losses: Losses) -> Array:
    """One element per test image, with all of its rectangles that have a position."""
    people = release.truth.people
    wanted = people.extra["single"] & people.extra["expected"] & np.isin(people.frame, release.frames)
    owner = _rectangles(poses, release, np.asarray(wanted, dtype=np.bool_), losses)
    taken = {row: at for at, row in enumerate(owner.tolist()) if row >= 0}
    losses.lose("people of no rectangle of a single person", int((owner < 0).sum()))
    losses.lose("joint scores", int(np.isfinite(poses.people.joint_score).sum()))
    absent = int(wanted.sum()) - len(taken)
    losses.miss("poses of single people (the server counts their joints as wrong)", absent)
    start = release.truth.frame_start()
    elements = []
    for frame in release.frames.tolist():
        rows = []
        for row in range(int(start[frame]), int(start[frame + 1])):
            points = _points(poses, taken[row], None) if row in taken else []
            rows.append(_rectangle(release, row, points))
        elements.append({"image": _image(release, frame), "annorect": _structs(rows)})
    return _structs(elements)


def _several(poses: PoseSet, release: _Release, losses: Losses) -> Array:
    """One element per group of the test images, with the people predicted in it."""
    frame, group = groups_of(release.truth, release.frames)
    if not len(frame):
        raise UsageError(
            "P108",
            where=shown(release.truth.origin.name),
            what="has no groups of people in its test images",
            wanted="MPII's release with groups_v12.mat beside it",
        )
    known = release.truth.people.extra["group"]
    owner, _ = _nearest(poses, release, np.asarray(np.isfinite(release.position).all(axis=1)))
    own = poses.people.extra.get("group", np.full(len(poses), -1))
    losses.make("groups by the nearest position", int(((own < 0) & (owner >= 0)).sum()))
    place = np.where(own >= 0, own, np.where(owner >= 0, known[owner], -1))
    scores = _scores(poses, losses)
    members: dict[tuple[int, int], list[int]] = {}
    for row, key in enumerate(zip(poses.people.frame.tolist(), place.tolist(), strict=True)):
        members.setdefault(key, []).append(row)
    elements, written = [], 0
    for key in zip(frame.tolist(), group.tolist(), strict=True):
        rows = [{"annopoints": _annopoints(_points(poses, row, scores))} for row in members.get(key, [])]
        written += len(rows)
        elements.append({"image": _image(release, key[0]), "annorect": _structs(rows)})
    losses.lose("people outside of the groups", len(poses) - written)
    return _structs(elements)


def _scores(poses: PoseSet, losses: Losses) -> Floats:
    """A score [N, K] for each joint: its own, else its person's."""
    people = poses.people
    scores = np.where(np.isnan(people.joint_score), people.score[:, None], people.joint_score)
    found = people.seen > 0
    lacking = int((np.isnan(scores) & found).sum())
    if lacking:
        raise UsageError(
            "P138",
            where=shown(poses.origin.name),
            what=f"has {number_of(lacking, 'joint')} without a score",
            wanted="a score for each joint or person: the server ranks joints by it",
        )
    losses.make("joint scores from the person's", int((np.isnan(people.joint_score) & found).sum()))
    return scores


def _rectangles(poses: PoseSet, release: _Release, wanted: Bools, losses: Losses) -> Ints:
    """Row [N] of the ground truth's person that each prediction is of, each once; -1 none.

    A prediction says its rectangle, or goes to the nearest position; of several for one, the nearest stays.
    """
    truth, people = release.truth, poses.people
    if "rect" in people.extra:
        keys = zip(truth.people.frame.tolist(), truth.people.extra["rect"].tolist(), strict=True)
        place = {key: row for row, key in enumerate(keys) if wanted[row]}
        own = zip(people.frame.tolist(), people.extra["rect"].tolist(), strict=True)
        return _once(np.asarray([place.get(key, -1) for key in own], dtype=np.int64))
    owner, distance = _nearest(poses, release, wanted)
    order = np.argsort(distance, kind="stable")
    owner[order] = _once(owner[order])
    losses.make("rectangles by the nearest position", int((owner >= 0).sum()))
    return owner


def _once(owner: Ints) -> Ints:
    """The same rows, with -1 for all but the first that name one."""
    first = np.zeros(len(owner), dtype=np.bool_)
    first[np.unique(owner, return_index=True)[1]] = True
    return np.where(first, owner, -1)


def _nearest(poses: PoseSet, release: _Release, wanted: Bools) -> tuple[Ints, Floats]:
    """Row [N] of the wanted person whose position is nearest to the middle of each prediction's joints.

    With the distances [N] in pixels; -1 and infinity for a prediction without joints, or with nobody near.
    """
    people = poses.people
    start, own = release.truth.frame_start(), poses.frame_start()
    found = people.seen > 0
    count = found.sum(axis=1)
    middle = np.where(found[:, :, None], people.xy, 0.0).sum(axis=1) / np.maximum(count, 1)[:, None]
    owner, nearest = np.full(len(people), -1, dtype=np.int64), np.full(len(people), np.inf)
    for frame in np.unique(people.frame).tolist():
        rows = np.arange(start[frame], start[frame + 1])
        rows = rows[wanted[rows]]
        mine = np.arange(own[frame], own[frame + 1])
        mine = mine[count[mine] > 0]
        if len(rows) and len(mine):
            distance = np.linalg.norm(middle[mine][:, None] - release.position[rows][None], axis=2)
            owner[mine], nearest[mine] = rows[distance.argmin(axis=1)], distance.min(axis=1)
    return owner, nearest


def _points(poses: PoseSet, row: int, scores: Floats | None) -> list[dict[str, Any]]:
    """The joints of a person, counted from 1 as MATLAB does."""
    people = poses.people
    out = []
    for joint in np.flatnonzero(people.seen[row] > 0).tolist():
        x, y = people.xy[row, joint].tolist()
        point = {"x": x + 1, "y": y + 1, "id": float(joint)}
        out.append(point if scores is None else {**point, "score": float(scores[row, joint])})
    return out


def _rectangle(release: _Release, row: int, points: list[dict[str, Any]]) -> dict[str, Any]:
    """A rectangle of the release with the points that were predicted; without a position it is none."""
    x, y = (release.position[row] + 1).tolist()
    scale = float(release.truth.people.extra["scale"][row])
    return {
        "objpos": _structs([{"x": x, "y": y}]) if x == x and y == y else EMPTY,
        "scale": scale if scale == scale else EMPTY,
        "annopoints": _annopoints(points),
    }


def _annopoints(points: list[dict[str, Any]]) -> Array:
    return _structs([{"point": _structs(points)}]) if points else EMPTY


def _image(release: _Release, frame: int) -> Array:
    frames = release.truth.frames
    return _structs([{"name": str(frames.path[frame]) or str(frames.key[frame])}])


def _structs(rows: list[dict[str, Any]]) -> Array:
    """A struct array [1, N] of SciPy's writer; empty without rows."""
    if not rows:
        return EMPTY
    out = np.empty((1, len(rows)), dtype=[(name, object) for name in rows[0]])
    for at, row in enumerate(rows):
        out[0, at] = tuple(row.values())
    return out
