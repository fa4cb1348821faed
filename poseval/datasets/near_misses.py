"""Known files that poseval does not read although they look like labels or predictions, and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.util import find_spec

from poseval.datasets.coco.shape import near_miss
from poseval.datasets.files.document import Document
from poseval.datasets.files.source import Source
from poseval.errors import InputError, PosevalError, shown


def _starts(pattern: bytes) -> Callable[[bytes], bool]:
    return lambda head: re.match(pattern, head) is not None


HDF5 = b"\x89HDF"
# Formats that people have and poseval does not read: name, what to do, and how the file begins.
UNREAD: tuple[tuple[str, str, Callable[[bytes], bool]], ...] = (
    (
        "SLEAP's labels as JSON",
        "save the project as .slp",
        lambda head: head.lstrip().startswith(b"{") and b'"skeletons"' in head and b'"py/' in head,
    ),
    (
        "AlphaTracker's annotations",
        "convert them with sleap-io",
        lambda head: head.lstrip().startswith(b"[") and b'"annotations"' in head and b'"class"' in head,
    ),
    (
        "CelebA's list of landmarks",
        "no benchmark of poseval uses its five points",
        _starts(rb"\d+\r?\nlefteye_x lefteye_y "),
    ),
    (
        "a list of class names",
        "give gt.txt, det.txt or the folder of labels next to it",
        _starts(rb"(?:[A-Za-z][\w -]*(?:\r?\n|\Z)){2,}\Z"),
    ),
    ("MOTChallenge's seqinfo.ini", "give gt.txt or det.txt", _starts(rb"\[Sequence\]")),
    (
        "a data.yaml of Ultralytics",
        "give the folder of labels next to it",
        _starts(rb"(?s).{0,2000}kpt_shape\s*:"),
    ),
    (
        "an image",
        "give the file of labels or predictions",
        _starts(rb"\xff\xd8\xff|\x89PNG|GIF8|BM.{4}\0{4}"),
    ),
    (
        "a web page",
        "download the file itself: this may be a page to sign in",
        _starts(rb"(?i)\s*<(?:!doctype )?html"),
    ),
    ("a pointer of Git LFS", "run git lfs pull", _starts(rb"version https://git-lfs\.github\.com/")),
    ("a PDF", "give the file of labels or predictions", _starts(rb"%PDF-")),
    (
        "a video",
        "give the file of labels or predictions",
        _starts(rb"(?s).{4}ftyp|RIFF.{4}AVI |\x1aE\xdf\xa3"),
    ),
    ("a SQLite file", "a leaderboard is given with --db", _starts(rb"SQLite format 3\0")),
    (
        "a zip archive without JSON files in it",
        "unpack it and give what is inside",
        _starts(rb"PK[\x03\x05]"),
    ),
    (
        "an HDF5 file of unknown content",
        "name its format with --format-in",
        lambda head: head.startswith(HDF5),
    ),
    ("a MATLAB file of unknown content", "name its format with --format-in", _starts(rb"MATLAB 5\.0")),
    ("a PyTorch checkpoint or pickle", "give predictions, not weights", _starts(rb"\x80[\x02-\x05]")),
)


# The same of JSON: by keys of the top level, or of the first record of a list.
UNREAD_JSON: tuple[tuple[str, str, frozenset[str]], ...] = (
    (
        "Label Studio's JSON_MIN",
        "export as JSON, which keeps who has which keypoint",
        frozenset({"annotation_id", "annotator"}),
    ),
    (
        "AI Challenger's own JSON",
        "give the annotations in COCO format, which MMPose publishes as aic_val.json",
        frozenset({"keypoint_annotations", "human_annotations"}),
    ),
)


def unread_form(source: Source) -> tuple[str, str] | None:
    """Name of a form that is not read, and what to do about it."""
    if source.is_folder:
        from poseval.datasets.coco.parts import file_beside_results

        beside = file_beside_results(source)
        if beside is None:
            return None
        return f"a folder of COCO results, but for {shown(beside, 60)}", "keep the results alone in it"
    try:
        document = source.document
    except PosevalError:
        return None
    if document.head.startswith(HDF5) and find_spec("h5py") is None:
        return "an HDF5 file, for which h5py is not installed", "pip install 'poseval[formats]'"
    found = next(((name, advice) for name, advice, fits_it in UNREAD if fits_it(document.head)), None)
    if found is None and b"\0" in document.head and not document.is_json and not _is_wide(document.head):
        return "binary data of an unknown kind", "check that it is the right file, and not encrypted"
    return found or (_unread_json(document) if document.is_json else None)


def _is_wide(head: bytes) -> bool:
    """Whether it begins as text in UTF-16 or UTF-32."""
    return head.startswith((b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff"))


def _unread_json(document: Document) -> tuple[str, str] | None:
    try:
        keys = document.outline.by_key().keys()
    except InputError:
        return None
    for name, advice, wanted in UNREAD_JSON:
        if wanted <= keys:
            return name, advice
    return near_miss(document)
