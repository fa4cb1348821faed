"""Label Studio JSON: tasks with keypoint labels in per cent of the image.

Source: Label Studio's documentation of its JSON export: a list of tasks, each with `data` (whose first text
names the image), `annotations` and `predictions`, both lists of `{"result": [...]}`. A result of type
`keypointlabels` has `value` with `x`, `y`, `width` in per cent and `keypointlabels` [name],
`original_width`, `original_height`, and belongs to a region by `parentID` or by a result of type `relation`;
a person is the keypoints of one region, or all that have none. A `rectanglelabels` region is a person's box
where any region of its label has keypoints; rectangles of other labels are counted. A task without
annotations, or with cancelled ones alone, is not labelled; an annotation without results is a frame without
people. `meta.video` gives a task its frame of a video. Joints are in the order of the labelling configuration
where it lies beside the export (`.config.xml`), else, of no known skeleton, in that of their names.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from poseval.datasets.assembly import boxes_or_extents, by_image, sized
from poseval.datasets.base import Dataset, Losses, ReadOptions, Role, WriteOptions
from poseval.datasets.capabilities import losses_of
from poseval.datasets.files.names import require_plain_names
from poseval.datasets.files.source import Source
from poseval.datasets.tools.label_studio_tasks import KEYS, Reader, declared_joints, known
from poseval.errors import Faults, FormatError, InputError
from poseval.files.writing import require_free, write_atomically
from poseval.poses import Origin, PoseSet


class LabelStudio(Dataset):
    """A list of tasks."""

    name: ClassVar[str] = "label-studio"
    title: ClassVar[str] = "Label Studio JSON (keypoint labels in percent)"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH, Role.PREDICTIONS})
    writes: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH, Role.PREDICTIONS})
    normalised: ClassVar[bool] = True
    holds: ClassVar[frozenset[str]] = frozenset(
        {
            "joints",
            "frame names",
            "joint names",
            "joint scores",
            "scores",
            "boxes",
            "categories",
            "empty frames",
            "unlabelled frames",
            "sequences",
        }
    )
    lacks: ClassVar[Mapping[Role, frozenset[str]]] = {
        Role.TRUTH: frozenset({"joint scores", "scores"}),
        Role.PREDICTIONS: frozenset({"unlabelled frames"}),
    }

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by `data` and `annotations` or `predictions` in the first task."""
        if source.is_folder or not source.document.is_json:
            return 0.0
        try:
            outline = source.document.outline
        except InputError:
            return 0.0
        keys = outline.by_key()
        if outline.kind != "array" or "data" not in keys:
            return 0.0
        own = keys.get(KEYS[role])
        if own is None:
            return 0.3 if "annotations" in keys or "predictions" in keys else 0.0
        return 0.9 if own.items or role is Role.TRUTH else 0.4

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """One person per parent region, or per result list where keypoints have none.

        Raises:
            InputError: what is wrong with the file, all faults gathered.
        """
        document = source.document
        tasks = document.tree(document.outline.start, len(document.data), known(options.role))
        if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
            raise FormatError(
                "P270", where=document.name, what="is not a list of tasks", wanted="Label Studio's export"
            )
        faults = Faults()
        reader = Reader(document, faults, options.role)
        for at, task in enumerate(tasks):
            reader.task(task, at)
        faults.raise_if_any()
        origin = Origin(document.path, document.sha256, self.name, len(tasks))
        return reader.assembled(options, origin, declared_joints(document))

    def write(self, poses: PoseSet, path: Path, options: WriteOptions) -> Losses:
        """A list of tasks, whose images are files that Label Studio serves, and its labelling configuration.

        The configuration is `out.config.xml` beside `out.json`: without its tags, Label Studio shows nothing.

        Raises:
            UsageError: P812 names that cannot be held,
                P131 a file exists, P137 one cannot be written, P174 images of unknown size.
        """
        require_plain_names(poses, self.name)
        from poseval.datasets.tools.label_studio_write import configuration, configuration_path, tasks

        poses = by_image(poses)
        poses = sized(poses, options.truth, "Label Studio's coordinates are percentages of it")
        losses = losses_of(poses, self.holds_as(options.role))
        box, boxless = boxes_or_extents(poses)
        losses.make("boxes computed from the joints", boxless)
        text = f"[{', '.join(tasks(poses, box, options.role))}]"
        if os.path.exists(path) and not os.path.isfile(path):  # a pipe, which has no neighbour
            write_atomically(path, text.encode(), options.force)
            losses.miss("labelling configuration (the output is not a file)", 1)
            return losses
        beside = configuration_path(path)
        require_free(beside, options.force)
        write_atomically(path, text.encode(), options.force)
        write_atomically(beside, configuration(poses).encode("utf-8", "xmlcharrefreplace"), options.force)
        losses.make("labelling configuration next to it (.config.xml)", 1)
        return losses
