"""`poseval track`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from poseval.cli.names import names_of
from poseval.cli.numbers import Number
from poseval.cli.options import LIMIT, QUIET, SIGMAS, SKELETON, Choice, InputPath, records, talk
from poseval.cli.outputs import OutputPath
from poseval.cli.progress import ProgressLine
from poseval.errors import UsageError, number_of, shown

if TYPE_CHECKING:
    from poseval.datasets import Dataset
    from poseval.poses import PoseSet
    from poseval.scoring.task import Task
    from poseval.skeletons import Skeleton
    from poseval.tracking import Resources, TrackerConfig
    from poseval.tracking.base import Image

TRACKERS = "greedy, hungarian, sort, bytetrack, ocsort, flow, lighttrack"


@click.command()
@click.argument("predictions", type=InputPath())
@click.option(
    "--gt", "truth", type=InputPath(), help="Ground truth that gives the frames, their order and ids."
)
@click.option(
    "--tracker",
    "tracker_name",
    default="greedy",
    show_default=True,
    metavar="NAME(...)",
    shell_complete=names_of("trackers"),
    help=f"Tracker: {TRACKERS}. Parameters go in brackets, as in sort(min_hits=1).",
)
@click.option(
    "--out",
    type=OutputPath(),
    required=True,
    help="File or folder for the tracked predictions.",
)
@click.option(
    "--to",
    "target",
    metavar="FORMAT",
    shell_complete=names_of("formats"),
    help="Format to write. By default that of PREDICTIONS.",
)
@click.option("--images", type=InputPath(), help="Folder of images, for trackers that use optical flow.")
@click.option("--flow", "flow", metavar="KIND|FOLDER",
              help="Optical flow: dis (default), dis_medium, farneback, lk, or a folder.")  # fmt: skip
@click.option("--sgcn", type=InputPath(), help="Weights of the tracker lighttrack(matching=sgcn).")
@click.option("--untracked", type=Choice(["keep", "drop", "fresh"]),
              help="People without a track: keep them, drop them, or make new identities. By default fresh; "
              "drop for lighttrack, which puts others in their place.")  # fmt: skip
@click.option("--drop-untracked", "untracked", flag_value="drop",
              help="Leave out people without a track, as the published trackers do.")  # fmt: skip
@click.option(
    "--drop-joints",
    type=Number(-1e6, 1e6, fraction=True),
    metavar="SCORE",
    help="Drop joints with a score below this.",
)
@click.option("--smooth", is_flag=False, flag_value="one_euro", metavar="one_euro(...)",
              help="Smooth the joints along their tracks.")  # fmt: skip
@SKELETON
@SIGMAS
@LIMIT
@click.option("--force", is_flag=True, help="Overwrite an existing output.")
@QUIET
def track(
    predictions: Path,
    truth: Path | None,
    tracker_name: str,
    out: Path,
    target: str | None,
    images: Path | None,
    flow: str | None,
    sgcn: Path | None,
    untracked: str | None,
    drop_joints: float | None,
    smooth: str | None,
    skeleton: str | None,
    sigmas: str | None,
    limits: tuple[str, ...],
    force: bool,
    quiet: bool,
) -> None:
    """Track the people of PREDICTIONS over time. Keypoints and scores do not change."""
    from poseval import tracking
    from poseval.datasets import Role, WriteOptions, get_format
    from poseval.poses import Notice
    from poseval.scoring.task import Task
    from poseval.tracking.offline import Untracked, usual
    from poseval.tracking.offline import drop_joints as without_weak_joints
    from poseval.tracking.offline import track as track_set
    from poseval.tracking.smoothing import OneEuro
    from poseval.tracking.smoothing import smooth as smoothed

    say = talk(quiet)
    config = tracking.parse(tracker_name)
    smoothing = tracking.parse_as(OneEuro, smooth) if smooth else None
    task = Task.of(skeleton=skeleton, sigmas=sigmas, limits=limits)
    poses, gt = _read(predictions, truth, task)
    poses = task.with_sigmas_on(poses)
    writer = get_format(target or poses.origin.format)
    _require_tracks(writer)
    known = len(poses.origin.notices)
    resources = _resources(config, poses.skeleton, images, flow, sgcn)
    load = _image_loader(poses, images, say) if config.needs_flow and images is not None else None
    if images is not None and not config.needs_flow:
        say(
            str(Notice("N137", f"tracker {config.name} compares people without pixels; --images is not used"))
        )
    say(f"tracker: {config}")
    with ProgressLine("frames", quiet) as line:
        rest = Untracked(untracked) if untracked else usual(config)
        done = track_set(poses, config, resources, untracked=rest, images=load, progress=line)
    if drop_joints is not None:
        done = without_weak_joints(done, drop_joints)
    if smoothing is not None:
        done = smoothed(done, smoothing)
    losses = writer.write(done, out, WriteOptions(Role.PREDICTIONS, force, gt))
    for notice in done.origin.notices[known:]:
        say(str(notice))
    say(f"{records(done)}: {number_of(_tracks(done), 'track')}; {losses}")


def _read(predictions: Path, truth: Path | None, task: Task) -> tuple[PoseSet, PoseSet | None]:
    """Predictions, and the ground truth where there is one: many formats have no frames of their own."""
    from poseval.scoring.score import read

    if truth is None:
        return read(predictions, role="predictions", skeleton=task.skeleton, limits=task.limits), None
    gt = read(truth, skeleton=task.skeleton, optional=frozenset({"area"}), limits=task.limits)
    found = read(predictions, role="predictions", truth=gt, skeleton=task.skeleton, limits=task.limits)
    return found, gt


def _require_tracks(writer: Dataset) -> None:
    """Refuse a format in which the tracks would be lost.

    Raises:
        UsageError: P171.
    """
    from poseval.datasets import Role, get_format, names

    if "tracks" in writer.holds_as(Role.PREDICTIONS) or not writer.writes:
        return
    able = [name for name in names() if _keeps_tracks(get_format(name))]
    raise UsageError(
        "P171",
        where=f"format {writer.name}",
        what="holds no tracks, so they would be lost",
        wanted=f"a format that does: {', '.join(able)}",
        hint="name one with --to",
    )


def _keeps_tracks(format: Dataset) -> bool:
    from poseval.datasets import Role

    return Role.PREDICTIONS in format.writes and "tracks" in format.holds_as(Role.PREDICTIONS)


def _resources(
    config: TrackerConfig, skeleton: Skeleton, images: Path | None, flow: str | None, sgcn: Path | None
) -> Resources:
    from poseval.tracking import Resources
    from poseval.tracking.flow import flow_source

    source = None
    if config.needs_flow and (images is not None or flow is not None):
        source = flow_source(flow or "dis")
    elif flow is not None:
        raise UsageError(
            "P163", where=f"tracker {config.name}", what="uses no optical flow", wanted="no --flow"
        )
    if sgcn is None:
        return Resources(flow=source)
    from poseval.errors.optional import require

    require("torch", "lighttrack(matching=sgcn)", "models")
    from poseval.models.networks.sgcn import OF_TRAINING, SGCN
    from poseval.models.weights.load import load_weights
    from poseval.models.weights.states import advising
    from poseval.tracking.pose_graphs import GraphMatcher

    model = SGCN()
    with advising(OF_TRAINING):
        load_weights(model, sgcn)
    return Resources(flow=source, matcher=GraphMatcher(skeleton, model.eval()))


def _image_loader(poses: PoseSet, images: Path, say: Callable[[str], None]) -> Callable[[int], Image]:
    from poseval.runners.frames import TruthPictures

    pictures = TruthPictures(poses, images)
    say(f"images: {number_of(len(pictures.files), 'frame')}, each with one in {shown(images)}")
    return pictures.load


def _tracks(poses: PoseSet) -> int:
    """Number of tracks over all sequences."""
    people = poses.people
    named = people.track >= 0
    pairs = zip(
        poses.frames.sequence[people.frame[named]].tolist(), people.track[named].tolist(), strict=True
    )
    return len(set(pairs))
