"""Everything that is wrong or odd with a file, in one run: faults by code, health, and the official server.

Faults come from the readers, which gather all of them; here they are grouped by code with their count, their
first places and the likely cause. Health are facts that are legal and suspicious.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from poseval import benchmarks, datasets
from poseval.benchmarks.alignment import align
from poseval.datasets import ReadOptions, Role, Source
from poseval.datasets.review import review
from poseval.errors import Fault, InputError, PosevalError
from poseval.poses import Notice, PoseSet
from poseval.scoring import read
from poseval.skeletons import Skeleton

PLACES = 5  # shown for each code
OUTSIDE_SHARE = 0.2
BOX_SHARE = 0.05
EQUAL_SHARE = 0.999

CAUSES = {
    "P200": "the program that wrote it stopped before it wrote anything",
    "P201": "another format or the other role; the two files may be exchanged",
    "P203": "a program that writes numbers as text, or true for 1",
    "P204": "keypoints of another skeleton, or points of two numbers instead of three",
    "P205": "two writers filled in the same object, or a merge gone wrong",
    "P206": "a field that the writer left out or spells otherwise",
    "P210": "a truncated download, or a file written by hand",
    "P211": "a file saved in another encoding than UTF-8",
    "P301": "a division by zero in the model or in the conversion to pixels",
    "P302": "a missing number written as null",
    "P304": "areas or sizes that were never filled in",
    "P305": "two files joined, or ids that start anew in each of them",
    "P307": "corners taken for width and height, or the reverse",
    "P308": "labels without their images",
    "P402": "predictions of another split, or ids of another version of the data",
    "P403": "frame names that occur in several folders",
    "P404": "predictions of another skeleton",
    "P410": "a column that the benchmark's metric cannot do without",
}


@dataclass(frozen=True)
class Group:
    """Faults of one code."""

    code: str
    count: int
    first: tuple[Fault, ...]
    cause: str | None


@dataclass(frozen=True)
class Validation:
    """What was found: format, role, groups of faults, health, what the server says; `ok` without faults."""

    path: str
    format: str | None
    role: str
    people: int = 0
    frames: int = 0
    groups: tuple[Group, ...] = ()
    health: tuple[Notice, ...] = ()
    server: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = field(default=())

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong; health never makes a file wrong."""
        return not self.groups

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values for JSON."""
        return {
            "schema": "poseval.validation/1",
            "path": self.path,
            "ok": self.ok,
            "format": self.format,
            "role": self.role,
            "people": self.people,
            "frames": self.frames,
            "faults": [
                {
                    "code": group.code,
                    "count": group.count,
                    "cause": group.cause,
                    "first": [
                        {"where": f.where, "what": f.what, "wanted": f.wanted, "hint": f.hint}
                        for f in group.first
                    ],
                }
                for group in self.groups
            ],
            "health": [{"code": n.code, "count": n.count, "text": n.text} for n in self.health],
            "server": list(self.server),
            "notices": [{"code": n.code, "count": n.count, "text": n.text} for n in self.notices],
        }

    def lines(self) -> list[str]:
        """The same as text."""
        head = f"{self.path}: {self.format or 'no known format'}, {self.role}"
        out = [f"{head}: {self.people} people in {self.frames} frames" if self.ok else head]
        for group in self.groups:
            out.append(
                f"{group.code}: {group.count} x" + (f" (likely: {group.cause})" if group.cause else "")
            )
            out += [f"  {fault}" for fault in group.first]
            if group.count > len(group.first):
                out.append(f"  ... and {group.count - len(group.first)} more")
        out += [f"health: {notice}" for notice in self.health]
        out += [f"notice: {notice}" for notice in self.notices]
        out += [f"server: {line}" for line in self.server]
        out.append("valid" if self.ok else f"invalid: {sum(group.count for group in self.groups)} faults")
        return out


def validate(
    path: str | os.PathLike[str],
    *,
    truth: str | os.PathLike[str] | None = None,
    benchmark: str | None = None,
    role: Role | None = None,
    format: str | None = None,
    skeleton: Skeleton | None = None,
) -> Validation:
    """Everything wrong or odd with a file; with a truth, as predictions that belong to it.

    Raises:
        UsageError: the path does not exist, unknown names.
        InputError: the truth itself is wrong.
    """
    gt = None if truth is None else read(truth, skeleton=skeleton, optional=frozenset({"area"}))
    source = Source(path)
    chosen = role or (Role.PREDICTIONS if gt is not None else _likely_role(source, format))
    text = os.fspath(path)
    try:
        name = format or datasets.recognise(source, chosen)
    except InputError as error:
        return Validation(text, None, chosen.value, groups=grouped(error))
    try:
        options = ReadOptions(chosen, gt, skeleton, optional=frozenset({"area"}))
        poses = datasets.read(path, options, name)
    except InputError as error:
        server = _server(name, chosen, error, benchmark)
        return Validation(text, name, chosen.value, groups=grouped(error), server=server)
    failed: PosevalError | None = None
    known = {notice.code for notice in poses.origin.notices}
    if gt is not None and chosen is Role.PREDICTIONS:
        try:
            aligned, _ = align(gt, poses)
            poses = aligned.predictions
        except InputError as error:
            failed = error
    found = health(poses, chosen, gt)
    extra = tuple(notice for notice in found if notice.code not in known)
    groups = () if failed is None else grouped(failed)
    server = _server(name, chosen, failed, benchmark)
    return Validation(
        text, name, chosen.value, len(poses), len(poses.frames), groups, extra, server, poses.origin.notices
    )


def _likely_role(source: Source, format: str | None) -> Role:
    if format is not None:
        dataset = datasets.get_format(format)
        if len(dataset.reads) == 1:
            return next(iter(dataset.reads))
        sure = {role: dataset.sniff(source, role) for role in Role}
    else:
        sure = {}
        for role in Role:
            try:
                sure[role] = datasets.confidence(source, role)
            except InputError:
                sure[role] = 0.0
    return max(sure, key=lambda item: sure[item])


def grouped(error: PosevalError) -> tuple[Group, ...]:
    """The faults of an error by code, the most frequent first; faults that were not kept are counted."""
    by_code: dict[str, list[Fault]] = {}
    for fault in error.faults:
        by_code.setdefault(fault.code, []).append(fault)
    lost = error.total - len(error.faults)
    groups = [
        Group(code, len(found), tuple(found[:PLACES]), CAUSES.get(code)) for code, found in by_code.items()
    ]
    groups.sort(key=lambda group: -group.count)
    if lost > 0 and groups:
        first = groups[0]
        groups[0] = Group(first.code, first.count + lost, first.first, first.cause)
    return tuple(groups)


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


def _server(name: str, role: Role, error: PosevalError | None, benchmark: str | None) -> tuple[str, ...]:
    """What the benchmark's official server would say about a submission."""
    if role is not Role.PREDICTIONS or benchmark is None:
        return ()
    known = benchmarks.get_benchmark(benchmark)
    out = []
    if known.prediction_formats and name not in known.prediction_formats:
        wanted = " or ".join(known.prediction_formats)
        out.append(f"{known.title} takes {wanted}, not {name}: convert it with `poseval convert --to`")
    if error is not None:
        told = SAYS.get(error.code, "would refuse the file, or stop with an exception of its own")
        out.append(f"{known.title}: {told}")
    elif not out:
        out.append(f"{known.title} would score this file")
    return tuple(out)


# What the reference code does (measured, pycocotools 2.0.11); servers put a message of their own before it.
SAYS = {
    "P301": "takes NaN for a perfect score where it is not refused",
    "P204": "stops with a ValueError about shapes",
    "P206": "stops with a KeyError",
    "P402": "stops with an AssertionError that names no image",
    "P210": "stops with a JSON error",
}
