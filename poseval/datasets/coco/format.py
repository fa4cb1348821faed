"""COCO keypoints: ground truth as one object of lists, results as one list; and its many relatives.

CrowdPose, OCHuman, AI Challenger, AP-10K, Halpe, Human-Art, ExLPose and COCO-WholeBody have this form, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from poseval.datasets.base import Dataset, Losses, ReadOptions, Role, WriteOptions
from poseval.datasets.coco.ground_truth import read_truth
from poseval.datasets.coco.results import AreaRule, read_results
from poseval.datasets.files.source import Source
from poseval.errors import InputError
from poseval.kernels.json import Outline
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
        """By the keys of the top level and of the first record."""
        if source.is_folder or not source.document.is_json:
            return 0.0
        try:
            outline = source.document.outline
        except InputError:
            return 0.0
        return _truth(outline) if role is Role.TRUTH else _results(outline)

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """Truth or results; results belong to the truth in the options.

        Raises:
            UsageError: P139 results without truth.
            InputError: everything that is wrong with the file.
        """
        if options.role is Role.TRUTH:
            poses = read_truth(source.document, options.skeleton, options.optional)
        else:
            rule = AreaRule.OWN if options.rules == "corrected" else AreaRule.FIRST
            poses = read_results(source.document, options.truth, options.skeleton, rule, options.mapped)
        if source.archive is None or not source.archive.others:
            return poses
        others = source.archive.others
        text = f"{source.document.name}: {others} other members of the archive were not read"
        return poses.with_notices([Notice("N430", text, others)])

    def write(self, poses: PoseSet, path: Path, options: WriteOptions) -> Losses:
        """An annotation file or a list of results.

        Raises:
            UsageError: P131 the file exists, P137 it cannot be written, P138 predictions without scores.
        """
        from poseval.datasets.coco.write import write_results, write_truth

        write = write_truth if options.role is Role.TRUTH else write_results
        return write(poses, path, options)


def _truth(outline: Outline) -> float:
    keys = outline.by_key()
    if outline.kind != "object" or not {"images", "annotations"} <= keys.keys():
        return 0.0
    annotation = keys["annotations"].first_kinds()
    if not annotation:
        return 0.6 if keys["annotations"].kind == "array" else 0.0
    if annotation.get("keypoints") != "array":
        return 0.3
    image = keys["images"].first_kinds()
    video = bool({"vid_id", "nframes", "is_labeled"} & image.keys())
    return 0.6 if video or ("score" in annotation and "id" not in annotation) else 0.9


def _results(outline: Outline) -> float:
    if outline.kind != "array":
        return 0.0
    if outline.entries is None:
        return 0.55  # an empty list
    keys = outline.by_key()
    if "image_id" not in keys:
        return 0.5 if "keypoints" in keys and "score" in keys else 0.0
    if "keypoints" in keys:
        return 0.9 if "score" in keys and "category_id" in keys else 0.6
    return 0.5 if "bbox" in keys and "score" in keys else 0.4
