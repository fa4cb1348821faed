"""PoseTrack17: the "annolist" JSON that Matlab exported; every scalar is a list of one number.

Source: PoseTrack 2017 challenge files; the rules of reading are those of poseval 4258a15,
`eval_helpers.py`: a joint is present when a point with its id is listed (the first one counts), whatever its
visibility.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from poseval.datasets.base import Dataset, Losses, ReadOptions, Role, WriteOptions
from poseval.datasets.files.source import Source
from poseval.datasets.posetrack.folder import read_set, sniff_set
from poseval.poses import PoseSet


class PoseTrack17(Dataset):
    """The "annolist" JSON of PoseTrack17, one file per video; a folder of them, or one file."""

    name: ClassVar[str] = "posetrack17"
    title: ClassVar[str] = "PoseTrack17 annolist JSON, one file per video"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH, Role.PREDICTIONS})
    writes: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH, Role.PREDICTIONS})
    holds: ClassVar[frozenset[str]] = frozenset(
        {
            "joints",
            "frame names",
            "hidden joints",
            "joint scores",
            "scores",
            "tracks",
            "empty frames",
            "sequences",
            "head sizes",
            "ignore regions",
        }
    )
    lacks: ClassVar[Mapping[Role, frozenset[str]]] = {Role.TRUTH: frozenset({"joint scores", "scores"})}

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by the fields of the form, such as the key "annolist"."""
        return sniff_set(source, self.name, role)

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """All sequences as one set.

        Raises:
            InputError: what is wrong with the files, all faults gathered.
        """
        return read_set(source, options, self.name)

    def write(self, poses: PoseSet, path: Path, options: WriteOptions) -> Losses:
        """One file per sequence in the folder `path`, or one file where it is named `.json`.

        Raises:
            UsageError: P131 a file exists, P137 it cannot be written, P190 to P192 the set does not fit.
        """
        from poseval.datasets.posetrack.write17 import write

        return write(poses, path, options)
