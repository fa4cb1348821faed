"""DeepLabCut h5: the same table as its csv, stored by pandas through PyTables.

Source: pandas' HDFStore. The form `table` keeps rows in `<key>/table` and the column names as a pickle in an
attribute of `<key>`; the form `fixed` keeps `block0_values` and the levels of both axes as arrays. We read
both from the file itself: pandas would unpickle an untrusted file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from poseval.datasets.animals.deeplabcut import HOLDS, LACKS, table_losses
from poseval.datasets.animals.deeplabcut_table import Table, from_poses, to_poses
from poseval.datasets.assembly import by_image
from poseval.datasets.base import Dataset, Losses, ReadOptions, Role, WriteOptions
from poseval.datasets.containers import hdf5
from poseval.datasets.containers.hdf5_groups import array, attribute, child, count_members, group, text
from poseval.datasets.containers.unread import Known
from poseval.datasets.files.document import Document
from poseval.datasets.files.source import Source
from poseval.errors import FormatError, shown
from poseval.files.pickle import loads
from poseval.files.writing import write_atomically
from poseval.poses import Origin, PoseSet
from poseval.poses.frame_names import named

KEYS = ("df_with_missing", "keypoints")


class DeepLabCutH5(Dataset):
    """`CollectedData_*.h5` and predictions."""

    name: ClassVar[str] = "deeplabcut-h5"
    title: ClassVar[str] = "DeepLabCut h5 (pandas), labels and predictions"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH, Role.PREDICTIONS})
    writes: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH, Role.PREDICTIONS})
    local_only: ClassVar[bool] = True
    holds: ClassVar[frozenset[str]] = HOLDS

    lacks: ClassVar[Mapping[Role, frozenset[str]]] = LACKS

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by a key of pandas; the role by whether there are likelihoods."""
        if source.is_folder or not hdf5.is_hdf5(source.document):
            return 0.0
        if not hdf5.keys(source.document) & set(KEYS):
            return 0.0
        likelihood = b"likelihood" in source.document.data
        if role is Role.PREDICTIONS:
            return 0.95 if likelihood else 0.5
        return 0.3 if likelihood else 0.95

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """One person for each individual with a labelled joint in a frame.

        Raises:
            MissingFeature: P601 without h5py.
            InputError: what is wrong with the file.
        """
        document = source.document
        with hdf5.opened(document) as file:
            key = next((key for key in (*KEYS, *file) if key in file), None)
            if key is None:
                raise FormatError(
                    "P270", where=document.name, what="holds no pandas table", wanted="a table of DeepLabCut"
                )
            count_members(file, Known(key), document)
            node = group(file, key, document)
            table = _appendable(node, document) if "table" in node else _fixed(node, document)
        origin = Origin(document.path, document.sha256, self.name)
        return to_poses(table, options, origin, document.name)

    def write(self, poses: PoseSet, path: Path, options: WriteOptions) -> Losses:
        """The form `fixed` under the key `df_with_missing`, which pandas reads.

        Raises:
            MissingFeature: P601 without h5py.
            UsageError: P131 the file exists, P137 it cannot be written, P175 a track twice in a frame.
        """
        poses = by_image(poses)
        from poseval.datasets.animals.deeplabcut_h5_write import fill
        from poseval.datasets.containers.hdf5_write import content

        table = from_poses(poses, options.role, named(poses.frames))
        write_atomically(path, content(path, lambda file: fill(file, table)), options.force)
        return table_losses(poses, self.holds_as(options.role))


def _appendable(group: Any, document: Document) -> Table:
    axes = attribute(group, "non_index_axes", document, b"")
    found = loads(_raw(axes), f"{document.name}: names of columns", document.limits)
    header = _header(next((names for _, names in found), ()), document)
    rows = array(child(group, "table"), document)
    fields = rows.dtype.names or ()
    blocks = [name for name in fields if name.startswith("values_block")]
    index = [name for name in fields if name not in blocks]
    if len(blocks) != 1 or not index:
        raise FormatError(
            "P270",
            where=document.name,
            what="does not have exactly one block of numbers",
            wanted="a table of DeepLabCut",
        )
    parts = [[text(value) for value in rows[name].tolist()] for name in index]
    values = np.asarray(rows[blocks[0]], dtype=np.float64).reshape(len(rows), -1)
    return _checked(header, ["/".join(names) for names in zip(*parts, strict=True)], values, document)


def _raw(value: Any) -> bytes:
    value = value.item() if isinstance(value, np.generic) else value
    return value if isinstance(value, bytes) else str(value).encode("latin-1", "replace")


def _fixed(group: Any, document: Document) -> Table:
    header = _header(list(zip(*_levels(group, "block0_items", document), strict=True)), document)
    index = _levels(group, "axis1", document)
    values = np.asarray(array(child(group, "block0_values"), document), dtype=np.float64)
    if values.ndim != 2:
        raise FormatError("P270", where=document.name, what="has a block of numbers that is not a table")
    return _checked(header, ["/".join(names) for names in zip(*index, strict=True)], values, document)


def _levels(group: Any, axis: str, document: Document) -> list[list[str]]:
    """Texts of each level of an axis, one per row or column."""
    if axis in group:
        return [[text(value) for value in array(child(group, axis), document).reshape(-1).tolist()]]
    out: list[list[str]] = []
    while f"{axis}_level{len(out)}" in group and len(out) < 8:
        words = [
            text(value)
            for value in array(child(group, f"{axis}_level{len(out)}"), document).reshape(-1).tolist()
        ]
        codes = array(child(group, f"{axis}_label{len(out)}"), document).reshape(-1)
        if codes.dtype.kind not in "iu" or (
            len(codes) and not (codes.min() >= 0 and codes.max() < len(words))
        ):
            raise FormatError("P270", where=document.name, what="has column names with invalid indices")
        out.append([words[int(code)] for code in codes])
    return out


def _header(columns: Any, document: Document) -> list[tuple[str, str, str, str]]:
    out = []
    for column in columns:
        names = [str(name) for name in column] if isinstance(column, (tuple, list)) else []
        if len(names) not in (3, 4):
            raise FormatError(
                "P270",
                where=document.name,
                what=f"has a column named {shown(column, 60)}",
                wanted="scorer, (individual,) body part, coordinate",
            )
        scorer, *individual, part, coord = names
        out.append((scorer, individual[0] if individual else "", part, coord))
    return out


def _checked(
    header: list[tuple[str, str, str, str]], index: list[str], values: Any, document: Document
) -> Table:
    if values.shape != (len(index), len(header)):
        raise FormatError(
            "P204",
            where=document.name,
            what=f"has numbers of shape {values.shape} for {len(index)} rows and {len(header)} columns",
        )
    return Table(header, index, values)
