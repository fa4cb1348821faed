"""What formats of viewers have in common: they are written, beside their ground truth, and never read."""

from __future__ import annotations

from typing import ClassVar

from poseval.datasets.assembly import by_image
from poseval.datasets.base import Dataset, ReadOptions, Role, WriteOptions
from poseval.datasets.files.source import Source
from poseval.errors import UsageError
from poseval.poses import PoseSet


class Viewer(Dataset):
    """A form for looking at poses."""

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
    """What is shown of each image: the set, and the ground truth beside predictions."""
    sides = {options.role: by_image(poses)}
    if options.truth is not None and options.role is Role.PREDICTIONS:
        sides = {Role.TRUTH: by_image(options.truth), **sides}
    return sides
