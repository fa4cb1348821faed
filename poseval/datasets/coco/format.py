"""COCO keypoints: ground truth as one object of lists, results as one list; and its many relatives.

CrowdPose, OCHuman, AI Challenger, AP-10K, Halpe, Human-Art, ExLPose and COCO-WholeBody have this form, too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import ClassVar

from poseval.datasets.base import Dataset, Losses, ReadOptions, Role, WriteOptions
from poseval.datasets.coco.ground_truth import read_truth
from poseval.datasets.coco.result_lists import ANNOTATIONS, any_has, first_record, list_key
from poseval.datasets.coco.results import AreaRule, read_results
from poseval.datasets.coco.shape import is_image_list
from poseval.datasets.files.document import Document
from poseval.datasets.files.source import Source
from poseval.errors import InputError, number_of
from poseval.kernels.json_outline import Outline
from poseval.poses import Notice, PoseSet


class Coco(Dataset):
    """COCO annotation files and result lists, plain, gzipped or alone in a zip archive."""

    name: ClassVar[str] = "coco"
    title: ClassVar[str] = "COCO keypoints: annotations and results (.json, .json.gz, .zip)"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH, Role.PREDICTIONS})
    writes: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH, Role.PREDICTIONS})

    holds: ClassVar[frozenset[str]] = frozenset(
        {
            "joints",
            "frame names",
            "joint names",
            "hidden joints",
            "joint scores",
            "scores",
            "boxes",
            "areas",
            "tracks",
            "categories",
            "frame sizes",
            "empty frames",
            "crowd flags",
        }
    )
    lacks: ClassVar[Mapping[Role, frozenset[str]]] = {
        Role.TRUTH: frozenset({"joint scores", "scores"}),
        Role.PREDICTIONS: frozenset(
            {"hidden joints", "areas", "crowd flags", "frame sizes", "empty frames", "joint names"}
        ),
    }

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by the keys of the top level and of the records."""
        if source.is_folder or not source.document.is_json:
            return 0.0
        try:
            return _truth(source.document) if role is Role.TRUTH else sure_of_results(source.document)
        except InputError:
            return 0.0

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """Ground truth or results; results belong to the ground truth in the options.

        Raises:
            UsageError: P139 results without ground truth.
            InputError: everything that is wrong with the file.
        """
        if options.role is Role.TRUTH:
            poses = read_truth(source.document, options.skeleton, options.optional, options.category)
        else:
            rule = AreaRule.OWN if options.rules == "corrected" else AreaRule.FIRST
            poses = read_results(source.document, options.truth, options.skeleton, rule, options.mapped)
        if source.archive is None or not source.archive.others:
            return poses
        others = source.archive.others
        text = f"{source.document.name}: {number_of(others, 'other member')} of the archive not read"
        return poses.with_notices([Notice("N430", text, others)])

    def write(self, poses: PoseSet, path: Path, options: WriteOptions) -> Losses:
        """An annotation file or a list of results.

        Raises:
            UsageError: P131 the file exists, P137 it cannot be written, P138 predictions without scores.
        """
        from poseval.datasets.coco.write import write_results, write_truth

        write = write_truth if options.role is Role.TRUTH else write_results
        return write(poses, path, options)


def _truth(document: Document) -> float:
    outline = document.outline
    keys = outline.by_key()
    if is_image_list(document):
        return 0.6
    if outline.kind != "object" or not {"images", ANNOTATIONS} <= keys.keys():
        return 0.0
    annotation = keys[ANNOTATIONS].first_kinds()
    if not annotation:
        return 0.6 if keys[ANNOTATIONS].kind == "array" else 0.0
    if annotation.get("keypoints") != "array" and not any_has(document, ANNOTATIONS, "keypoints"):
        return 0.3
    return 0.6 if _is_video(outline) or _is_predicted(annotation.keys()) else 0.9


def _is_predicted(keys: Collection[str]) -> bool:
    """Whether records have a score, and lack what annotations have and results need not."""
    return "score" in keys and not {"id", "area"} <= set(keys)


def _is_video(outline: Outline) -> bool:
    return bool({"vid_id", "nframes", "is_labeled"} & outline.by_key()["images"].first_kinds().keys())


def sure_of_results(document: Document) -> float:
    """How surely a JSON document holds results, in any of their forms."""
    outline = document.outline
    if outline.kind == "array" and outline.entries is None:
        return 0.55  # an empty list
    key = list_key(document)
    if key is None:
        return 0.0
    keys = first_record(document, key)
    if key and not outline.by_key()[key].items:
        return 0.0 if "images" in outline.by_key() else 0.55
    if key == ANNOTATIONS and "images" in outline.by_key():
        if _is_video(outline) or not any_has(document, key, "score"):
            return 0.0
        return 0.9 if _is_predicted(keys) else 0.7
    if "image_id" not in keys:
        return 0.5 if "keypoints" in keys and "score" in keys else 0.0
    if "keypoints" in keys:
        return 0.9 if "score" in keys and "category_id" in keys else 0.6
    if any_has(document, key, "keypoints"):
        return 0.6
    return 0.5 if "bbox" in keys and "score" in keys else 0.4
