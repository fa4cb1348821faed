"""Readers and writers, one file per format, and the registry that recognises a format by content."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache
from importlib import import_module

import numpy as np

from poseval.datasets.base import Dataset, Losses, ReadOptions, Role, WriteOptions
from poseval.datasets.source import Source
from poseval.errors import FormatError, UsageError, ValueRangeError, shown, unknown_name
from poseval.poses import PoseSet

__all__ = [
    "Dataset",
    "Losses",
    "ReadOptions",
    "Role",
    "Source",
    "WriteOptions",
    "get_format",
    "names",
    "read",
    "recognise",
]

# name -> module:class; a table instead of imports keeps start-up short. Order decides between equals.
TABLE: dict[str, str] = {
    # Special kinds of COCO files before the general one, which is certain of them, too.
    "jhmdb-coco": "poseval.datasets.coco_single:JhmdbCoco",
    "face-coco": "poseval.datasets.coco_single:FaceCoco",
    "alphapose": "poseval.datasets.alphapose:AlphaPose",
    "coco": "poseval.datasets.coco:Coco",
    "posetrack17": "poseval.datasets.posetrack17:PoseTrack17",
    "posetrack18": "poseval.datasets.posetrack18:PoseTrack18",
    "posetrack21": "poseval.datasets.posetrack21:PoseTrack21",
    "mpii-gt": "poseval.datasets.mpii_gt:MpiiGt",
    "mpii-json": "poseval.datasets.mpii_json:MpiiJson",
    "mpii-h5": "poseval.datasets.mpii_h5:MpiiH5",
    "mpii-mat": "poseval.datasets.mpii_mat:MpiiMat",
    "mpii-submission": "poseval.datasets.mpii_submission:MpiiSubmission",
    "lsp-mat": "poseval.datasets.lsp_mat:LspMat",
    "flic-mat": "poseval.datasets.lsp_mat:FlicMat",
    "parse-mat": "poseval.datasets.lsp_mat:ParseMat",
    "penn-action": "poseval.datasets.video_mat:PennAction",
    "jhmdb-mat": "poseval.datasets.video_mat:JhmdbMat",
    "face-csv": "poseval.datasets.face_csv:FaceCsv",
    "face-pts": "poseval.datasets.face_points:FacePts",
    "lapa-txt": "poseval.datasets.face_points:LapaTxt",
    "wflw-txt": "poseval.datasets.wflw_txt:WflwTxt",
    "cofw-mat": "poseval.datasets.cofw_mat:CofwMat",
    "face-npy": "poseval.datasets.face_npy:FaceNpy",
    "pose-mat": "poseval.datasets.pose_array:PoseMat",
    "pose-array": "poseval.datasets.pose_array:PoseArray",
    "openpose": "poseval.datasets.openpose:OpenPose",
    "yolo": "poseval.datasets.yolo:Yolo",
    "deeplabcut": "poseval.datasets.deeplabcut:DeepLabCut",
    "deeplabcut-h5": "poseval.datasets.deeplabcut_h5:DeepLabCutH5",
    "mmpose": "poseval.datasets.mmpose:MMPose",
    "mmpose-dump": "poseval.datasets.mmpose_dump:MMPoseDump",
    "detectron2": "poseval.datasets.detectron2:Detectron2",
    "mediapipe": "poseval.datasets.mediapipe:MediaPipe",
    "sleap": "poseval.datasets.sleap:Sleap",
    "sleap-analysis": "poseval.datasets.sleap_analysis:SleapAnalysis",
    "nwb": "poseval.datasets.nwb:Nwb",
    "label-studio": "poseval.datasets.label_studio:LabelStudio",
    "cvat": "poseval.datasets.cvat:Cvat",
    "motchallenge": "poseval.datasets.motchallenge:MotChallenge",
    "native": "poseval.datasets.native:Native",
    "parquet": "poseval.datasets.parquet:Parquet",
}

SURE = 0.5  # a format is taken when its confidence reaches this
CERTAIN = 0.9  # no further format is asked (and imported) once one is as sure as this


def names() -> list[str]:
    """Names of all formats."""
    return list(TABLE)


@cache
def get_format(name: str) -> Dataset:
    """The named format.

    Raises:
        UsageError: P132 for an unknown name; the message proposes near ones.
    """
    place = TABLE.get(name)
    if place is None:
        raise unknown_name("P132", "format", name, names())
    module, _, attribute = place.partition(":")
    found: Dataset = getattr(import_module(module), attribute)()
    return found


def recognise(source: Source, role: Role) -> str:
    """Name of the format that the content fits best.

    Raises:
        FormatError: P201 when none fits (naming what it looks like in the other role), P202 when two fit
            equally well; P200, P210, P211 when it is broken JSON.
    """
    if not source.is_folder:
        document = source.document
        if document.is_json or not document.data.strip():
            _ = document.outline  # a broken file is told as such, not as an unknown format
    ranked = _ranked(source, role)
    best = ranked[0][0] if ranked else 0.0
    if best < SURE:
        other = Role.PREDICTIONS if role is Role.TRUTH else Role.TRUTH
        across = _ranked(source, other)
        hint = None
        if across and across[0][0] >= SURE:
            hint = f"this looks like {across[0][1]} {other.value}; are the two files exchanged?"
        raise FormatError(
            "P201",
            where=shown(source.path),
            what=f"is no {role.value} of a format that poseval knows",
            wanted="see `poseval list formats`",
            hint=hint,
        )
    equal = [name for confidence, name in ranked if confidence == best]
    if len(equal) > 1:
        raise FormatError(
            "P202",
            where=shown(source.path),
            what=f"could be {' or '.join(equal)}",
            wanted="name the format",
        )
    return equal[0]


def confidence(source: Source, role: Role) -> float:
    """How surely the content is of any known format in a role: 0 to 1."""
    ranked = _ranked(source, role)
    return ranked[0][0] if ranked else 0.0


def _ranked(source: Source, role: Role) -> list[tuple[float, str]]:
    found = []
    for name in names():
        dataset = get_format(name)
        if role in dataset.reads and dataset.folder >= source.is_folder:
            found.append((dataset.sniff(source, role), name))
            if found[-1][0] >= CERTAIN:
                break
    return sorted(found, key=lambda pair: -pair[0])


def _check_finite(poses: PoseSet, role: Role, name: str) -> None:
    """Raise P301 for an infinite number that arose from finite ones, or that a reader let through."""
    # Areas of predictions come from their joints, and may saturate: the reference tool has no bound, either.
    columns = ("score", "joint_score", "box", "head", *(("area",) if role is Role.TRUTH else ()))
    for column in columns:
        values = getattr(poses.people, column)
        if np.isinf(values).any():
            raise ValueRangeError(
                "P301",
                where=f"{name}: {column}",
                what=f"is infinite for {int(np.isinf(values).sum())} of {values.size}",
                wanted="finite numbers",
            )


def read(path: str | os.PathLike[str], options: ReadOptions, format: str | None = None) -> PoseSet:
    """Read a file or folder of any known format.

    Raises:
        UsageError: the path does not exist, or the format is not known.
        InputError: what is wrong with the file; P222 for a stranger's file in a format that is not hardened.
    """
    source = Source(path, options.limits)
    dataset = get_format(format or recognise(source, options.role))
    if options.role not in dataset.reads:
        raise UsageError("P133", where=f"format {dataset.name}", what=f"is not read as {options.role.value}")
    if dataset.local_only and not options.trusted:
        raise FormatError(
            "P222",
            where=shown(source.path),
            what=f"is {dataset.name}, a format that is read in the user's own process only",
            wanted="a format for submissions, such as JSON, csv or .npz",
        )
    with np.errstate(over="ignore"):  # what overflows is infinite, and refused below
        poses = dataset.read(source, options)
    if not source.is_folder and source.document.is_json:
        source.document.check_rest()
    _check_finite(poses, options.role, shown(os.path.basename(os.fspath(path))))
    if poses.origin.path:
        return poses
    return replace(poses, origin=replace(poses.origin, path=os.fspath(path), format=dataset.name))
