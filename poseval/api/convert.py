"""Read a file or folder and write it in another format."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from poseval.errors import UsageError, shown, wrong_type

if TYPE_CHECKING:
    from poseval.conversion.convert import Conversion
    from poseval.conversion.folders import Conversions
    from poseval.datasets import Role
    from poseval.limits import Limits
    from poseval.poses import Ints
    from poseval.poses.aligned import Aligned
    from poseval.poses.transforms import Transform
    from poseval.scoring.reading import PathOrPoses
    from poseval.skeletons import SkeletonLike


def convert(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    to: str,
    *,
    role: str | Role | None = None,
    truth: PathOrPoses | None = None,
    format: str | None = None,
    skeleton: SkeletonLike | None = None,
    to_skeleton: SkeletonLike | None = None,
    joints: str | os.PathLike[str] | None = None,
    near: bool = False,
    derive: bool = False,
    align_by: str | None = None,
    transform: str | Transform | Sequence[str | Transform] = (),
    worst: int | None = None,
    images: str | os.PathLike[str] | None = None,
    limits: Limits | Sequence[str] = (),
    category: str | None = None,
    fps: float | None = None,
    force: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Conversion | Conversions:
    """Read `source` and write it to `target` in the format `to`; `lines()` of the result lists what was lost.

    A folder that is one data set becomes one target. Otherwise each file of a folder is converted by itself,
    into a folder, and the result is a `Conversions`. `format` and `role` describe the source and are
    recognised unless given. Joints are mapped to `to_skeleton`, or to the skeleton of the ground truth
    (`truth`) of predictions: by equal names, or by the map in the file `joints`. `near` allows similar
    joints, `derive` computes missing ones. `transform` changes coordinates, as in `poseval.score`. With
    `worst`, only that many frames are written, to be labelled again: those in which predictions have the most
    errors against their `truth`. `category` is the category to read if a file has several. `fps` gives times
    to frames, in formats with times. `images` is a folder of images, for sizes that the file does not give.
    `progress` is called with (done, total) on long work.

    Raises:
        UsageError: unknown names, P130 a format that is not written in this role, P131 a target that exists,
            P106 no frame has a fault.
        InputError: what is wrong with the source.
    """
    from poseval.conversion.convert import ConvertOptions, convert_one
    from poseval.conversion.folders import convert_many, is_many
    from poseval.datasets import Role
    from poseval.datasets.files.source import path_of
    from poseval.files.streams import require_apart
    from poseval.poses.joint_mapping import JointRules
    from poseval.scoring.keywords import FLAG, OPTIONAL_TEXT, kind, transforms
    from poseval.scoring.reading import read_truth
    from poseval.scoring.task import Task
    from poseval.skeletons import load_skeleton

    task = Task.of(category=category, limits=limits)
    require_apart(source, truth)
    if progress is not None and not callable(progress):
        raise wrong_type("progress", progress, "a function of two numbers")
    _check_fps(fps)
    map_file = None if joints is None else Path(path_of(joints, "joints", "a .toml file"))
    wanted = None if to_skeleton is None else load_skeleton(to_skeleton)
    options = ConvertOptions(
        kind(str, "the name of a format")("to", to),
        None if role is None else Role.of(role),
        None if truth is None else read_truth(truth, task),
        OPTIONAL_TEXT("format", format),
        None if skeleton is None else load_skeleton(skeleton),
        JointRules(wanted, map_file, FLAG("near", near), FLAG("derive", derive)),
        OPTIONAL_TEXT("align_by", align_by),
        _choice_of(worst),
        None if images is None else Path(path_of(images, "images", "a folder")),
        task.limits,
        FLAG("force", force),
        progress,
        OPTIONAL_TEXT("category", category),
        transforms("transform", transform),
        fps,
    )
    path_of(source, "source", "a path (poseval.write takes a PoseSet)")
    path_of(target, "target")
    if is_many(source, options.format):
        return convert_many(source, target, options, progress)
    return convert_one(source, target, options)


def _choice_of(worst: int | None) -> Callable[[Aligned], tuple[Ints, str]] | None:
    """The choice of that many frames with the most errors; None, for all frames, of None."""
    from functools import partial

    from poseval.diagnosis.worst import worst_frames

    if worst is None:
        return None
    if not isinstance(worst, int) or worst < 1:
        raise UsageError("P103", where="worst", what=f"is {shown(repr(worst), 40)}", wanted="a number from 1")
    return partial(worst_frames, count=worst)


def _check_fps(fps: float | None) -> None:
    if fps is None or (isinstance(fps, (int, float)) and 0 < fps < float("inf")):
        return
    what = f"is {shown(repr(fps), 40)}"
    raise UsageError("P103", where="fps", what=what, wanted="a number of frames per second above 0")
