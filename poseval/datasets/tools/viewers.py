"""Formats of viewers: written only, predictions together with their ground truth."""

from __future__ import annotations

from typing import ClassVar

from poseval.datasets.assembly import by_image
from poseval.datasets.base import Dataset, ReadOptions, Role, WriteOptions
from poseval.datasets.files.source import Source
from poseval.errors import UsageError
from poseval.poses import PoseSet


class Viewer(Dataset):
    """A format to look at poses with."""

    writes: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH, Role.PREDICTIONS})
    holds: ClassVar[frozenset[str]] = frozenset(
        {
            "joints",
            "joint names",
            "joint scores",
            "scores",
            "boxes",
            "tracks",
            "categories",
            "frame names",
            "empty frames",
            "sequences",
        }
    )

    def sniff(self, source: Source, role: Role) -> float:
        """Never recognised: these files are not read."""
        return 0.0

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """Refuse.

        Raises:
            UsageError: P133.
        """
        where = f"format {self.name}"
        raise UsageError(
            "P133", where=where, what="cannot be read", wanted="the file that was converted to it"
        )


def sides_of(poses: PoseSet, options: WriteOptions) -> dict[Role, PoseSet]:
    """The sets that are shown for each image: the set itself, and with predictions also the ground truth."""
    sides = {options.role: by_image(poses)}
    if options.truth is not None and options.role is Role.PREDICTIONS:
        sides = {Role.TRUTH: by_image(options.truth), **sides}
    return sides
