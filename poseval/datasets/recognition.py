"""Which format a file or folder is, by content: every format that fits, the best first.

All formats of the file's container are asked, so that two that fit equally are both named; those whose JSON
keys are absent are neither asked nor imported.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from poseval.datasets.base import Role
from poseval.datasets.files.source import Source
from poseval.datasets.registry import get_format, names
from poseval.errors import FormatError, InputError, PosevalError, shown

if TYPE_CHECKING:
    from poseval.datasets.files.document import Document

SURE = 0.5  # a format is taken when its confidence reaches this

MATLAB = ("mpii-gt", "mpii-mat", "mpii-submission", "lsp-mat", "flic-mat", "parse-mat", "penn-action")
# Container -> the formats that come in it; a folder may hold any that says so itself.
CONTAINERS: dict[str, tuple[str, ...]] = {
    "json": (
        *("jhmdb-coco", "face-coco", "alphapose", "coco", "posetrack17", "posetrack18", "posetrack21"),
        *("mpii-json", "pose-array", "openpose", "mmpose", "detectron2", "mediapipe", "label-studio"),
    ),
    "hdf5": ("mpii-h5", "cofw-mat", "pose-mat", "deeplabcut-h5", "sleap", "sleap-analysis", "nwb"),
    "matlab": (*MATLAB, "jhmdb-mat", "cofw-mat", "pose-mat"),
    "npy": ("face-npy", "pose-array"),
    "zip": ("native", "pose-array", "posetrack17", "posetrack18", "posetrack21", "openpose", "mmpose"),
    "pickle": ("mmpose-dump",),
    "parquet": ("parquet",),
    "xml": ("cvat",),
    "text": (
        *("yolo", "deeplabcut", "face-csv", "face-pts", "lapa-txt", "wflw-txt", "mediapipe", "motchallenge"),
    ),
}
TRACKED = frozenset(
    {"vid_id", "ignore_regions_x", "nframes", "frame_id", "has_no_densepose", "bbox_head", "track_id"}
)
# Format -> keys of the top level or of the first record of a list, one of which a JSON file of it has.
MARKS: dict[str, frozenset[str]] = {
    "jhmdb-coco": frozenset({"images"}),
    "face-coco": frozenset({"images"}),
    "posetrack17": frozenset({"annolist"}),
    "posetrack18": TRACKED,
    "posetrack21": TRACKED,
    "mpii-json": frozenset({"image", "img_paths"}),
    "openpose": frozenset({"people"}),
    "mmpose": frozenset({"keypoints", "instances", "instance_info"}),
    "detectron2": frozenset({"image_id"}),
    "mediapipe": frozenset({"landmarks", "pose_landmarks", "poseLandmarks"}),
    "label-studio": frozenset({"data"}),
    "pose-array": frozenset(),  # lists in a list, without keys
}
# Format -> words, one of which stands in the beginning of a JSON file of it.
WORDS: dict[str, tuple[bytes, ...]] = {
    "alphapose": (b'"box"', b'"idx"', b'"pose_keypoints_2d"', b'"joints"'),
    "mmpose": (b'"keypoint_scores"',),
    "detectron2": (b'"bbox"',),
}
BEGINNING = 1 << 16  # bytes
MAGIC = (
    (b"\x89HDF\r\n\x1a\n", "hdf5"),
    (b"MATLAB 5", "matlab"),
    (b"\x93NUMPY", "npy"),
    (b"PK", "zip"),
    (b"\x80", "pickle"),
    (b"PAR1", "parquet"),
)


def recognise(source: Source, role: Role) -> str:
    """Name of the format that the content fits best.

    Raises:
        FormatError: P201 when none fits (naming what it looks like instead), P202 when several fit equally
            well; P200, P210, P211 when it is broken JSON; P271 an empty folder.
    """
    if source.is_folder and not source.files:
        raise FormatError(
            "P271", where=shown(source.path), what="is an empty folder", wanted="a set of files"
        )
    ranked = _ranked(source, role)
    best = ranked[0][0] if ranked else 0.0
    if best < SURE:
        _refuse_broken_json(source)
        raise FormatError(
            "P201",
            where=shown(source.path),
            what=f"is no {role.value} of a format that poseval knows",
            wanted="see `poseval list formats`",
            hint=_other_hint(source, role),
        )
    equal = [name for confidence, name in ranked if confidence == best]
    if len(equal) > 1:
        raise FormatError(
            "P202",
            where=shown(source.path),
            what=f"could be {' or '.join(equal)}",
            wanted="one format",
            hint=f"name it with --format-in {equal[0]}",
        )
    return equal[0]


def fits(source: Source, role: Role) -> tuple[str, ...]:
    """Names of all formats that the content may be of, the best first."""
    return tuple(name for confidence, name in _ranked(source, role) if confidence >= SURE)


def confidence(source: Source, role: Role) -> float:
    """How surely the content is of any known format in a role: 0 to 1."""
    ranked = _ranked(source, role)
    return ranked[0][0] if ranked else 0.0


def looks_like(source: Source) -> str | None:
    """`openpose predictions`, or the name of a format that poseval does not read; None when nothing fits."""
    try:
        found = [(_ranked(source, role), role) for role in Role]
    except InputError:
        return None
    found = [(ranked, role) for ranked, role in found if ranked and ranked[0][0] >= SURE]
    if not found:
        stranger = _stranger(source)
        return None if stranger is None else stranger[0]
    best = max(ranked[0][0] for ranked, _ in found)
    top = [(ranked, role) for ranked, role in found if ranked[0][0] == best]
    name = top[0][0][0][1]
    return name if len(top) > 1 else f"{name} {top[0][1].value}"


def container(source: Source) -> str:
    """What the bytes are, without asking any format: a key of `CONTAINERS`, or `folder`."""
    if source.is_folder:
        return "folder"
    document = source.document
    if document.data[512:520] == MAGIC[0][0]:
        return "hdf5"  # MATLAB 7.3 puts a block of 512 bytes in front
    for mark, kind in MAGIC:
        if document.data.startswith(mark):
            return kind
    if document.is_json:
        try:
            _ = document.outline
            return "json"
        except InputError:
            return "text"
    return "xml" if document.head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<") else "text"


def _ranked(source: Source, role: Role) -> list[tuple[float, str]]:
    """Confidence and name of each format that is read in this role, the surest first."""
    kind = container(source)
    asked = names() if kind == "folder" else CONTAINERS[kind]
    if kind == "json":
        asked = _marked(source.document, asked)
    found = []
    for name in asked:
        dataset = get_format(name)
        if role in dataset.reads and dataset.folder >= source.is_folder:
            found.append((dataset.sniff(source, role), name))
    return sorted(found, key=lambda pair: -pair[0])


def _marked(document: Document, asked: Sequence[str]) -> list[str]:
    """Those of the formats that the keys and words of a JSON file leave possible."""
    entries = document.outline.by_key()
    keys = entries.keys() | {key for entry in entries.values() for key in entry.first_kinds()}
    beginning = document.data[:BEGINNING]
    return [
        name
        for name in asked
        if (not keys or MARKS.get(name, keys) & keys)
        and (name not in WORDS or any(word in beginning for word in WORDS[name]))
    ]


def _refuse_broken_json(source: Source) -> None:
    """Raise what is wrong with a file that is meant as JSON: a broken one is told as such, not as unknown."""
    if source.is_folder:
        return
    document = source.document
    if (document.is_json and source.suffix not in STRANGE_SUFFIXES) or not document.data.strip():
        _ = document.outline


def _other_hint(source: Source, role: Role) -> str | None:
    other = Role.PREDICTIONS if role is Role.TRUTH else Role.TRUTH
    across = _ranked(source, other)
    if across and across[0][0] >= SURE:
        return f"this looks like {across[0][1]} {other.value}; are the two files exchanged?"
    stranger = _stranger(source)
    return None if stranger is None else f"this looks like {stranger[0]}, which is not read: {stranger[1]}"


STRANGE_SUFFIXES = frozenset({".ini", ".txt", ".csv", ".toml", ".yaml", ".yml"})


def _starts(pattern: bytes) -> Callable[[bytes], bool]:
    return lambda head: re.match(pattern, head) is not None


# Formats that people have and poseval does not read: name, what to do, and how the file begins.
STRANGERS: tuple[tuple[str, str, Callable[[bytes], bool]], ...] = (
    (
        "SLEAP's labels as JSON",
        "save the project as .slp",
        lambda head: head.lstrip().startswith(b"{") and b'"skeletons"' in head and b'"py/' in head,
    ),
    (
        "SLEAP's analysis as csv",
        "export the analysis as .h5",
        _starts(rb"track,frame_idx,instance\.score,"),
    ),
    (
        "AlphaTracker's annotations",
        "convert them with sleap-io",
        lambda head: head.lstrip().startswith(b"[") and b'"annotations"' in head and b'"class"' in head,
    ),
    (
        "CelebA's list of landmarks",
        "it has five points and no benchmark here",
        _starts(rb"\d+\r?\nlefteye_x lefteye_y "),
    ),
    (
        "a list of class names",
        "give gt.txt, det.txt or the folder of labels beside it",
        _starts(rb"(?:[A-Za-z][\w -]*(?:\r?\n|\Z)){2,}\Z"),
    ),
    ("MOTChallenge's seqinfo.ini", "give gt.txt or det.txt", _starts(rb"\[Sequence\]")),
    (
        "a data.yaml of Ultralytics",
        "give the folder of labels beside it",
        _starts(rb"(?s).{0,2000}kpt_shape\s*:"),
    ),
    (
        "a picture",
        "give the file of labels or predictions",
        _starts(rb"\xff\xd8\xff|\x89PNG|GIF8|BM.{4}\0{4}"),
    ),
    ("a PyTorch checkpoint or pickle", "give predictions, not weights", _starts(rb"\x80[\x02-\x05]")),
)


def _stranger(source: Source) -> tuple[str, str] | None:
    """Name of a format that is not read, and what to do about it."""
    if source.is_folder:
        return None
    try:
        head = source.document.head
    except PosevalError:
        return None
    return next(((name, advice) for name, advice, fits_it in STRANGERS if fits_it(head)), None)
