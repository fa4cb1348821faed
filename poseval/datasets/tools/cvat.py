"""CVAT for images and video, XML 1.1: skeletons, and plain point lists.

Source: CVAT's documentation of its XML form 1.1. `<image>` holds shapes; `<track>` holds a shape per frame.
A `<skeleton>` has one `<points label=...>` per joint; `outside="1"` is a joint that is not there,
`occluded="1"` a hidden one. A plain `<points points="x,y;x,y">` is an unordered list: its points become
joints `<label>-0`, `<label>-1`, ... in their order, which is reported. Joints and labels are in the order in
which `<meta>` declares them. Other shapes have no joints and are counted. An image named in several subsets
of a project is called by its subset, too, after the first; frames of several videos by their task. A task
without a single shape or tag is not labelled; the file does not say of single images whether anybody looked.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from poseval.datasets.assembly import by_image
from poseval.datasets.base import Dataset, Losses, ReadOptions, Role, WriteOptions
from poseval.datasets.capabilities import losses_of
from poseval.datasets.containers.xml import parse
from poseval.datasets.files.names import require_plain_names
from poseval.datasets.files.source import Source
from poseval.datasets.tools.cvat_shapes import KNOWN, Reader
from poseval.errors import FormatError, shown
from poseval.files.writing import write_atomically
from poseval.poses import PoseSet


class Cvat(Dataset):
    """`annotations.xml`."""

    name: ClassVar[str] = "cvat"
    title: ClassVar[str] = "CVAT XML 1.1, images and video (skeletons and points)"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH})
    writes: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH, Role.PREDICTIONS})
    holds: ClassVar[frozenset[str]] = frozenset(
        {
            "joints",
            "frame names",
            "joint names",
            "hidden joints",
            "categories",
            "frame sizes",
            "empty frames",
            "sequences",
        }
    )

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by the element `annotations`."""
        if source.is_folder:
            return 0.0
        return 0.95 if b"<annotations" in source.document.head else 0.0

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """One person per skeleton or point list.

        Raises:
            InputError: what is wrong with the file, all faults gathered.
        """
        document = source.document
        root = parse(document)
        KNOWN.count(root, document.unread)
        if root.name != "annotations":
            raise FormatError(
                "P270", where=document.name, what=f"has the root {shown(root.name, 40)}", wanted="annotations"
            )
        reader = Reader(document)
        reader.images(root)
        reader.tracks(root)
        reader.faults.raise_if_any()
        return reader.assembled(options, root)

    def write(self, poses: PoseSet, path: Path, options: WriteOptions) -> Losses:
        """Images with skeletons; predictions say that they were made automatically.

        Raises:
            UsageError: P812 names that cannot be held, P131 the file exists, P137 it cannot be written.
        """
        require_plain_names(poses, self.name)
        from poseval.datasets.tools.cvat_write import lines

        poses = by_image(poses)
        losses = losses_of(poses, self.holds)
        lost = (poses.people.seen == 0) & np.isfinite(poses.people.xy).all(axis=2)
        losses.lose(
            "coordinates of joints that are not labelled",
            int((lost & (poses.people.xy != 0).any(axis=2)).sum()),
        )
        text = "\n".join(lines(poses, options.role)) + "\n"
        write_atomically(path, text.encode("utf-8", "xmlcharrefreplace"), options.force)
        return losses
