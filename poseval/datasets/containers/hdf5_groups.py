"""Members of HDF5 files: groups, links, data sets, tables and texts, read within bounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from poseval.datasets.containers.hdf5 import check_claim
from poseval.datasets.containers.hdf5_claims import check_attribute
from poseval.datasets.containers.unread import Known
from poseval.datasets.files.document import Document
from poseval.errors import FormatError, shown
from poseval.poses import Array

MOST_MEMBERS = 20_000  # of a file that are looked at for what is not read
TEXT_KINDS = "OSU"


def child(group: Any, name: str) -> Any:
    """A member of a group in this very file, itself or behind one soft link; None where there is none."""
    import h5py

    link = group.get(name, getlink=True)
    if isinstance(link, h5py.HardLink):
        return group[name]
    if not isinstance(link, h5py.SoftLink):
        return None
    node = group.file if link.path.startswith("/") else group
    for part in link.path.strip("/").split("/"):
        if not isinstance(node, h5py.Group) or not isinstance(node.get(part, getlink=True), h5py.HardLink):
            return None
        node = node[part]
    return node


def count_members(file: Any, known: Known, document: Document) -> None:
    """Count the data sets and groups of a file that a reader does not know, as keys of other forms."""
    known.count(_outline(file, [MOST_MEMBERS]), document.unread)


def _outline(group: Any, left: list[int]) -> dict[str, Any]:
    """Members of a group by name, groups as the same; `left` bounds how many are looked at."""
    import h5py

    out: dict[str, Any] = {}
    for name in group:
        if left[0] <= 0:
            break
        left[0] -= 1
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            continue
        node = group[name]
        out[str(name)] = _outline(node, left) if isinstance(node, h5py.Group) else node.size or None
    return out


def group(parent: Any, name: str, document: Document) -> Any:
    """A group in this very file. (Asking a data set whether it holds a name would read all of it.)

    Raises:
        FormatError: P215 there is none of that name.
    """
    import h5py

    found = child(parent, name)
    if isinstance(found, h5py.Group):
        return found
    raise FormatError(
        "P215", where=document.name, what=f"has no group {shown(name)}", wanted="a complete file"
    )


def attribute(node: Any, name: str, document: Document, default: Any = None) -> Any:
    """The value of an attribute; `default` where there is none.

    Raises:
        LimitError: P501, P504 more bytes than the file can hold.
        FormatError: P215 values of another form than numbers and texts.
    """
    if name not in node.attrs:
        return default
    check_attribute(node, name, document)
    return node.attrs[name]


def array(node: Any, document: Document) -> Array:
    """All values of a data set of this very file.

    Raises:
        LimitError: P501, P502, P504 more than allowed, or than the file can hold.
        FormatError: P215 no data set, or one that lies outside of the file.
    """
    import h5py

    if not isinstance(node, h5py.Dataset) or node.external is not None or node.is_virtual:
        raise FormatError(
            "P215", where=document.name, what="lacks a required dataset", wanted="an undamaged file"
        )
    if node.size is None:
        return np.zeros(0)
    check_claim(node, document)
    return np.asarray(node[()])


def table(node: Any, fields: Sequence[str], document: Document, whole: Sequence[str] = ()) -> Array:
    """All rows of a table that has numbers in these fields, whole ones in those of `whole`.

    Raises:
        LimitError, FormatError: as for `array`; P270 for a table without such a field.
    """
    found = array(node, document)
    kinds = {name: found.dtype[name].kind for name in found.dtype.names or ()}
    bad = [name for name in fields if kinds.get(name, "V") not in ("iub" if name in whole else "iufb")]
    if bad or found.ndim != 1:
        raise FormatError(
            "P270",
            where=f"{document.name}: {shown(node.name, 60)}",
            what=f"is not a table with numbers in {', '.join(bad or fields)}",
        )
    return found


def texts(node: Any, document: Document) -> list[str]:
    """A data set of texts, flat."""
    found = array(node, document)
    if found.dtype.kind not in TEXT_KINDS:
        return []
    return [text(value) for value in found.reshape(-1).tolist()]


def text(value: Any) -> str:
    """One text out of bytes or str."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
