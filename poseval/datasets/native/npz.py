"""poseval's own columnar file: a `.npz` without pickles that keeps everything a pose set holds."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import ClassVar

import numpy as np

from poseval.datasets.base import Dataset, Losses, ReadOptions, Role, WriteOptions
from poseval.datasets.capabilities import FACTS, losses_of
from poseval.datasets.containers.npy import is_npz, load_npz
from poseval.datasets.containers.unread import add
from poseval.datasets.files.source import Source
from poseval.datasets.native.columns import columns_of, description_of, poses_of, unknown_columns
from poseval.errors import FormatError
from poseval.files.writing import write_atomically
from poseval.poses import Origin, PoseSet

DESCRIPTION = "description"
STAMP = (1980, 1, 1, 0, 0, 0)  # the same set gives the same bytes


class Native(Dataset):
    """Columns as arrays, the rest as JSON in bytes."""

    name: ClassVar[str] = "native"
    title: ClassVar[str] = "poseval's own columns (.npz); keeps everything"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH, Role.PREDICTIONS})
    writes: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH, Role.PREDICTIONS})
    holds: ClassVar[frozenset[str]] = frozenset(FACTS)

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by the members of the archive and the role in the description."""
        if source.is_folder or not is_npz(source.document):
            return 0.0
        data = source.document.data
        if b"people.xy.npy" not in data or b"description.npy" not in data:
            return 0.0
        return 0.98 if f'"role": "{role.value}"'.encode() in data else 0.3

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """The set as it was written.

        Raises:
            FormatError: P216 damaged, P270 contradictory. LimitError: P501, P502, P503, P504.
        """
        document = source.document
        columns = load_npz(document)
        raw = columns.pop(DESCRIPTION, None)
        if raw is None or raw.dtype != np.uint8:
            raise FormatError(
                "P270",
                where=document.name,
                what="has no description of its columns",
                wanted="a file that poseval wrote",
            )
        origin = Origin(document.path, document.sha256, self.name)
        poses = poses_of(columns, raw.tobytes().decode("utf-8", "replace"), options, origin)
        for name in unknown_columns(columns):
            add(document.unread, name)
        return poses

    def write(self, poses: PoseSet, path: Path, options: WriteOptions) -> Losses:
        """Everything.

        Raises:
            UsageError: P131 the file exists, P137 it cannot be written.
        """
        description = np.frombuffer(description_of(poses, options.role).encode(), dtype=np.uint8)
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for name, column in {**columns_of(poses), DESCRIPTION: description}.items():
                buffer = io.BytesIO()
                np.lib.format.write_array(buffer, np.ascontiguousarray(column), allow_pickle=False)
                # The description stays unpacked: the format is recognised by it.
                kind = zipfile.ZIP_STORED if name == DESCRIPTION else zipfile.ZIP_DEFLATED
                archive.writestr(zipfile.ZipInfo(f"{name}.npy", STAMP), buffer.getvalue(), kind)
        write_atomically(path, out.getvalue(), options.force)
        return losses_of(poses, self.holds)
