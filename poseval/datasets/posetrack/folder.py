"""Folders of PoseTrack files: which form each file has, and all of them as one set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from poseval.datasets.base import ReadOptions, Role
from poseval.datasets.files.document import Document
from poseval.datasets.files.source import Source
from poseval.datasets.posetrack import clip17, clip18
from poseval.datasets.posetrack.sequences import Clip, assemble
from poseval.errors import Faults, FormatError, PosevalError, shown
from poseval.files.packed import plain_name
from poseval.poses import Notice, PoseSet
from poseval.threads import each

# form of a file -> who reads it
READERS = {
    "posetrack17": clip17.read_clip,
    "posetrack18": clip18.read_clip,
    "posetrack21": clip18.read_clip,
}
COMMON = {"track_id", "frame_id"}  # fields that do not tell PoseTrack from other files of videos


def form_of(document: Document) -> str | None:
    """Name of the PoseTrack format of one file, or None."""
    if not document.is_json:
        return None
    keys = document.outline.by_key()
    if "annolist" in keys:
        return "posetrack17"
    if not looks_like(document):
        return None
    return "posetrack21" if is_reid(document) else "posetrack18"


def looks_like(document: Document) -> float:
    """How surely a document has this form: PoseTrack's own fields tell it from COCO."""
    keys = document.outline.by_key()
    if "images" not in keys or "annotations" not in keys:
        return 0.0
    image, person = keys["images"].first_kinds(), keys["annotations"].first_kinds()
    own = {"vid_id", "ignore_regions_x", "nframes", "frame_id", "has_no_densepose"} & image.keys()
    own |= {"bbox_head", "track_id"} & person.keys()
    listed = keys.get("categories")
    if own and own <= COMMON and listed and b'"head_top"' not in document.data[listed.start : listed.end]:
        return 0.0  # COCO-like files of other videos have tracks and frame numbers, too
    if len(own) >= 2:
        return 0.9
    return 0.8 if own else 0.0


def is_reid(document: Document) -> bool:
    """Whether the document has what only PoseTrack21 adds."""
    keys = document.outline.by_key()
    return (
        "has_labeled_person" in keys["images"].first_kinds()
        or "person_id" in keys["annotations"].first_kinds()
    )


def is_json_name(path: Path) -> bool:
    """Whether a file of a folder is read: `.json`, plain or packed."""
    return plain_name(path.name.lower()).endswith(".json")


def documents(source: Source) -> Iterator[Document]:
    """The files of a folder in sorted order, or the one file."""
    if not source.is_folder:
        yield source.document
        return
    for path in source.files:
        if is_json_name(path):
            yield source.open(path)


def role_of(document: Document) -> Role | None:
    """The role that a PoseTrack file has by its content; None if it does not show.

    Ground truth has head boxes or ignore regions. People with scores of their joints and without head boxes
    are predictions, even in a copy of the ground truth's list of images.
    """
    keys = document.outline.by_key()
    if "annolist" in keys:
        frame = keys["annolist"].first_kinds()
        return Role.TRUTH if {"ignore_regions", "is_labeled"} & frame.keys() else None
    image, person = keys["images"].first_kinds(), keys["annotations"].first_kinds()
    listed = keys["annotations"].first
    scored = isinstance(listed, tuple) and any(entry.key == "scores" and entry.items for entry in listed)
    if scored and "bbox_head" not in person:
        return Role.PREDICTIONS
    marks = {"ignore_regions_x", "has_no_densepose"} & image.keys() | {"bbox_head"} & person.keys()
    return Role.TRUTH if marks else Role.PREDICTIONS


def sniff_set(source: Source, name: str, role: Role) -> float:
    """How surely the source is of a PoseTrack format and role: by its first file."""
    try:
        first = next(documents(source), None)
        if first is None or form_of(first) != name:
            return 0.0
        # One mark alone, such as a track_id, is in other COCO-like files of videos, too.
        sure = 0.9 if "annolist" in first.outline.by_key() else looks_like(first)
        return sure if role_of(first) in (role, None) else 0.6
    except PosevalError:
        return 0.0


@dataclass(frozen=True, eq=False)
class _Part:
    """One file: its form, its content, and what is wrong with it."""

    form: str | None
    clip: Clip | None
    faults: Faults


def _read_one(document: Document, options: ReadOptions) -> _Part:
    faults = Faults()
    form = form_of(document)
    if form is None:
        faults.add(
            "P270",
            where=document.name,
            what="is not a PoseTrack file",
            wanted='an "annolist", or "images" and "annotations" with track_id, bbox_head or vid_id',
        )
        return _Part(None, None, faults)
    return _Part(form, READERS[form](document, options.limits, faults), faults)


def _read_all(source: Source, options: ReadOptions) -> list[_Part]:
    """All files in sorted order; the kernels let go of the interpreter, so that threads help."""
    if not source.is_folder:
        return [_read_one(source.document, options)]

    def one(path: Path) -> _Part:
        return _read_one(source.open(path), options)

    return each(one, [path for path in source.files if is_json_name(path)])


def read_set(source: Source, options: ReadOptions, name: str) -> PoseSet:
    """Every file of the source, each in its own form, as one set.

    Raises:
        InputError: what is wrong with the files, all faults gathered.
    """
    faults = Faults()
    parts = _read_all(source, options)
    for part in parts:
        faults.extend(part.faults)
    clips = [part.clip for part in parts if part.clip is not None]
    forms = {part.form for part in parts if part.form is not None}
    if not clips and not len(faults):
        raise FormatError(
            "P271", where=shown(source.path), what="holds no .json file", wanted="one per sequence"
        )
    poses = assemble(clips, name, str(source.path), options.limits, faults)
    others = sum(not is_json_name(path) for path in source.files) if source.is_folder else 0
    notices = [Notice("N475", f"{others} files that are not .json were left out", others)] if others else []
    if len(forms) > 1:
        notices.append(
            Notice("N476", f"files of several forms were read together: {', '.join(sorted(forms))}")
        )
    return poses.with_notices(notices)
