"""Convert any readable format to any writable one, and report what the target cannot hold."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from poseval import datasets
from poseval.benchmarks.alignment import on_frames_of, with_sizes_of
from poseval.conversion.pictures import with_pictures
from poseval.conversion.times import with_times
from poseval.datasets import Losses, ReadOptions, Role, Source, WriteOptions
from poseval.errors import FormatError, UsageError, shown
from poseval.limits import DEFAULT, Limits
from poseval.poses import Ints, Notice, PoseSet
from poseval.poses.aligned import Aligned
from poseval.poses.joint_mapping import JointRules, map_joints
from poseval.poses.transforms import Transform, transformed
from poseval.skeletons import Skeleton
from poseval.skeletons.joint_map import JointMap


@dataclass(frozen=True)
class ConvertOptions:
    """The options of a conversion.

    Without a role, a source with ground truth (`truth`) is read as predictions if it can be, and otherwise in
    the role in which its content is recognised. `category` is the one class to read. Predictions with ground
    truth are aligned to its frames (by `align_by`, where names are ambiguous). Where the joints
    differ, they are mapped to its skeleton by name; `joints` has options of that. `choose` picks the frames
    to write: it gets predictions with their ground truth and returns rows and a sentence about them. `fps`
    gives frames times.
    """

    to: str
    role: Role | None = None
    truth: PoseSet | None = None
    format: str | None = None
    skeleton: Skeleton | None = None
    joints: JointRules = JointRules()
    align_by: str | None = None
    choose: Callable[[Aligned], tuple[Ints, str]] | None = None
    images: Path | None = None
    limits: Limits = DEFAULT
    force: bool = False
    progress: Callable[[int, int], None] | None = None
    category: str | None = None
    transforms: tuple[Transform, ...] = ()
    fps: float | None = None


@dataclass(frozen=True)
class Conversion:
    """The result of a conversion: formats, role, losses, the joint map and the reader's notices.

    `others` are further formats that the source also fits, though less well.
    """

    source_format: str
    target_format: str
    role: Role
    losses: Losses
    joints: JointMap | None
    notices: tuple[Notice, ...]
    others: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """The result as lines of text."""
        out = [f"{self.source_format} {self.role.words} -> {self.target_format}: {self.losses}"]
        if self.others:
            out.append(f"other formats that fit: {' and '.join(self.others)} (choose with --format-in)")
        if self.joints is not None:
            out.append(f"joints: {self.joints}")
        return [*out, *(str(notice) for notice in self.notices if notice.code != "N504")]


def convert_one(
    source: str | os.PathLike[str], target: str | os.PathLike[str], options: ConvertOptions
) -> Conversion:
    """Read one set and write it to `target`.

    Raises:
        UsageError: unknown names, a target that exists, P130 a format that is not written in this role.
        InputError: what is wrong with the source.
    """
    datasets.get_format(options.to)  # before anything is read
    seen = Source(source, options.limits)
    chosen, guess = (options.role, []) if options.role else _role(seen, options)
    writer = datasets.writer_of(options.to, chosen)
    asked = ReadOptions(
        chosen,
        options.truth,
        options.skeleton,
        optional=frozenset({"area"}),
        limits=options.limits,
        progress=options.progress,
        mapped=chosen is Role.PREDICTIONS,
        category=options.category,
    )
    poses = datasets.read(source, asked, options.format, seen)
    found = poses.origin.format
    read = poses
    poses, mapped, notices = _prepared(poses, chosen, options)
    if options.images is not None:
        poses, searched = with_pictures(poses, options.images)
        notices = [*notices, searched]
    if poses is not read:  # no longer what the digest of the file stands for
        poses = replace(poses, origin=replace(poses.origin, sha256=""))
    if options.fps is not None:
        poses = with_times(poses, options.fps)
    unlabelled = 0
    if chosen is Role.TRUTH and "unlabelled frames" not in writer.holds_as(chosen):
        unlabelled = int((~poses.frames.labelled).sum())
        poses = poses.take_frames(np.flatnonzero(poses.frames.labelled)) if unlabelled else poses
    losses = writer.write(
        poses, Path(target), WriteOptions(chosen, options.force, options.truth, options.progress)
    )
    if mapped is not None and mapped.dropped:
        losses.lose("joints without a counterpart: " + ", ".join(mapped.dropped), len(poses))
    # They would be frames without people there, in which every prediction is a mistake.
    losses.lose("unlabelled frames", unlabelled)
    for notice in notices:
        if notice.code == "N940":
            losses.lose("people of frames that the ground truth does not have", notice.count)
    others = () if options.format else tuple(set(datasets.fits(seen, chosen)) - {found})
    told = (*guess, *poses.origin.notices, *notices)
    return Conversion(found, options.to, chosen, losses, mapped, told, tuple(sorted(others)))


def _prepared(
    poses: PoseSet, role: Role, options: ConvertOptions
) -> tuple[PoseSet, JointMap | None, list[Notice]]:
    """The set with the frames of the ground truth and the requested joints."""
    rules, truth = options.joints, options.truth
    wanted = rules.target
    notices: list[Notice] = []
    if wanted is None and truth is not None and role is Role.PREDICTIONS:
        wanted = truth.skeleton
    mapped = None
    if wanted is not None and (poses.skeleton.joints != wanted.joints or rules.file is not None):
        poses, mapped = map_joints(poses, wanted, file=rules.file, near=rules.near, derive=rules.derive)
    elif rules.asked and wanted is None:
        raise UsageError(
            "P177", where="joint map", what="has no target", wanted="--to-skeleton NAME, or --gt FILE"
        )
    if truth is not None and role is Role.PREDICTIONS:
        poses, notices = on_frames_of(truth, poses, options.align_by)
    elif options.align_by is not None:
        raise UsageError(
            "P183",
            where=f"--align {options.align_by}",
            what="has no effect without ground truth",
            wanted="predictions and --gt FILE",
        )
    if options.transforms:
        poses = transformed(poses if truth is None else with_sizes_of(truth, poses), options.transforms)
        words = " and ".join(step.sentence for step in options.transforms)
        notices.append(Notice("N930", f"coordinates were changed: {words}", len(poses)))
    if options.choose is not None:
        if truth is None or role is not Role.PREDICTIONS:
            raise UsageError(
                "P127",
                where="--worst",
                what="compares predictions with their ground truth",
                wanted="predictions and --gt FILE",
            )
        rows, text = options.choose(Aligned(truth, poses))
        poses = poses.take_frames(rows)
        notices.append(Notice("N950", text, len(rows)))
    return poses, mapped, notices


def _role(seen: Source, options: ConvertOptions) -> tuple[Role, list[Notice]]:
    """The role in which the content is recognised (both are tried), and a notice when it is a guess.

    Raises:
        FormatError: P201 when neither fits, P202 when both do, the target takes both and no ground truth is
            given.
    """
    if options.format is not None:
        dataset = datasets.get_format(options.format)
        sure = {role: dataset.sniff(seen, role) for role in Role if role in dataset.reads}
    else:
        sure = datasets.confidences(seen)
    best = max(sure.values(), default=0.0)
    likely = [role for role, value in sure.items() if value == best]
    if best < datasets.SURE and options.format is None:
        datasets.recognise(seen, Role.TRUTH)
    if options.truth is not None and sure.get(Role.PREDICTIONS, 0.0) >= datasets.SURE:
        likely = [Role.PREDICTIONS]
    if len(likely) > 1:
        likely = [role for role in likely if role in datasets.get_format(options.to).writes]
    if len(likely) != 1:
        raise FormatError(
            "P202",
            where=shown(seen.path),
            what=f"could be {' or '.join(datasets.readings(seen, options.format))}",
            wanted="one role",
            hint="add `--role truth` or `--role predictions`",
        )
    return likely[0], datasets.guessed(seen, likely[0], sure)
