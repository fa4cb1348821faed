"""poseval's own columns as Parquet (extra `parquet`): a row per person, frames in the file's description.

The frames table and the ignore regions travel as the columns of poseval's `.npz` inside the metadata; joints
are lists of fixed length. The number of rows is checked in the footer before any is read.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from poseval.datasets.base import Dataset, Losses, ReadOptions, Role, WriteOptions
from poseval.datasets.capabilities import FACTS, losses_of
from poseval.datasets.containers.npy import load_npz
from poseval.datasets.containers.thrift import Compact
from poseval.datasets.files.document import Document
from poseval.datasets.files.source import Source
from poseval.datasets.native.columns import columns_of, description_of, poses_of
from poseval.errors import FormatError, LimitError, PosevalError, shown
from poseval.errors.optional import require
from poseval.files.writing import write_atomically
from poseval.limits import CHARACTERS, check_texts
from poseval.poses import Array, Origin, PoseSet

MAGIC = b"PAR1"
# Numbers of fields in the footer (parquet.thrift), and of the values that are looked for.
ROWS, ROW_GROUPS = 3, 4
GROUP_COLUMNS, GROUP_BYTES = 1, 2
COLUMN_DETAILS = 3
TYPE, CODEC, VALUES, UNPACKED_BYTES = 1, 4, 5, 6
BYTE_ARRAY = 6
CODECS = ("UNCOMPRESSED", "SNAPPY", "GZIP", "LZO", "BROTLI", "LZ4", "ZSTD", "LZ4_RAW")
PACKINGS = (0, 1)
DESCRIPTION, TABLES = b"poseval", b"poseval.tables"


class Parquet(Dataset):
    """A row per person."""

    name: ClassVar[str] = "parquet"
    title: ClassVar[str] = "poseval's own columns as Parquet (needs the extra parquet); keeps everything"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH, Role.PREDICTIONS})
    writes: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH, Role.PREDICTIONS})
    holds: ClassVar[frozenset[str]] = frozenset(FACTS)
    local_only: ClassVar[bool] = True

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by Parquet's mark at both ends and our name in the footer."""
        if source.is_folder:
            return 0.0
        data = source.document.data
        if data[:4] != MAGIC or data[-4:] != MAGIC or TABLES not in data:
            return 0.0
        return 0.95 if f'"role": "{role.value}"'.encode() in data else 0.3

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """The set as it was written.

        Raises:
            MissingFeature: P601 without pyarrow.
            FormatError: P270 damaged or contradictory. LimitError: P502 too many rows.
        """
        document = source.document
        arrow, parquet = _pyarrow(document.name)
        try:
            columns, description = _columns(arrow, parquet, document)
        except PosevalError:
            raise
        except Exception as error:  # a damaged file fails anywhere in the library, with any error
            raise FormatError(
                "P270",
                where=document.name,
                what=f"is damaged ({shown(error, 100)})",
                wanted="a file that poseval wrote",
            ) from None
        return poses_of(columns, description, options, Origin(document.path, document.sha256, self.name))

    def write(self, poses: PoseSet, path: Path, options: WriteOptions) -> Losses:
        """Everything.

        Raises:
            MissingFeature: P601 without pyarrow.
            UsageError: P131 the file exists, P137 it cannot be written.
        """
        arrow, parquet = _pyarrow(shown(path))
        columns = columns_of(poses)
        rows = {name: column for name, column in columns.items() if name.startswith("people.")}
        rest = io.BytesIO()
        shapes = {
            f"shape.{name}": np.asarray(column.shape[1:], dtype=np.int64) for name, column in rows.items()
        }
        others = {name: column for name, column in columns.items() if name not in rows}
        np.savez_compressed(rest, allow_pickle=False, **others, **shapes)
        table = arrow.table({name: _arrow(arrow, column) for name, column in rows.items()})
        table = table.replace_schema_metadata(
            {
                DESCRIPTION: description_of(poses, options.role).encode(),
                TABLES: base64.b64encode(rest.getvalue()),
            }
        )
        out = io.BytesIO()
        parquet.write_table(table, out)
        write_atomically(path, out.getvalue(), options.force)
        return losses_of(poses, self.holds)


def _pyarrow(where: str) -> tuple[Any, Any]:
    return require("pyarrow", where, "parquet"), require("pyarrow.parquet", where, "parquet")


def _arrow(arrow: Any, column: Array) -> Any:
    if column.ndim == 1:
        return arrow.array(column)
    width = int(np.prod(column.shape[1:]))
    return arrow.FixedSizeListArray.from_arrays(arrow.array(column.reshape(-1)), width)


def _columns(arrow: Any, parquet: Any, document: Document) -> tuple[dict[str, Array], str]:
    file = parquet.ParquetFile(io.BytesIO(document.data))
    count = int(file.metadata.num_rows)
    _check_footer(document)
    metadata = file.schema_arrow.metadata or {}
    if DESCRIPTION not in metadata or TABLES not in metadata:
        raise _foreign(document, "has no description of its columns")
    inner = Document(base64.b64decode(metadata[TABLES], validate=True), document.name, document.limits)
    columns = load_npz(inner)
    shapes = {
        name.removeprefix("shape."): columns.pop(name) for name in list(columns) if name.startswith("shape.")
    }
    texts = _check_schema(arrow, file.schema_arrow, shapes, document)
    if texts:  # as a number for each row, and every text once
        file = parquet.ParquetFile(io.BytesIO(document.data), read_dictionary=texts)
    table = file.read()
    for name in table.column_names:
        column = table.column(name).combine_chunks()
        shape = tuple(int(side) for side in shapes[name])
        if name in texts:
            columns[name] = _texts(column, document.name)
        else:
            flat = column.flatten() if shape else column
            columns[name] = np.asarray(flat.to_numpy(zero_copy_only=False)).reshape(count, *shape)
    return columns, metadata[DESCRIPTION].decode("utf-8", "replace")


def _check_schema(arrow: Any, schema: Any, shapes: Mapping[str, Array], document: Document) -> list[str]:
    """Names of the columns of texts. Raises P270 for a column that `write` does not write."""
    texts = []
    for field in schema:
        kind = field.type
        if arrow.types.is_dictionary(kind):
            kind = kind.value_type
        if arrow.types.is_fixed_size_list(kind):
            kind = kind.value_type
        text = arrow.types.is_string(kind) or arrow.types.is_large_string(kind)
        number = arrow.types.is_integer(kind) or arrow.types.is_floating(kind) or arrow.types.is_boolean(kind)
        if text:
            texts.append(field.name)
        if field.name not in shapes or not (text or number):
            raise _foreign(
                document, f"has a column {shown(field.name, 40)!r} of type {shown(field.type, 60)}"
            )
    return texts


def _texts(column: Any, where: str) -> Array:
    words = ["" if word is None else word for word in column.dictionary.to_pylist()]
    check_texts(len(column), max(map(len, words), default=0), where)
    out: Array = np.asarray([*words, ""], dtype=np.str_)[column.indices.to_numpy(zero_copy_only=False)]
    return out


def _foreign(document: Document, what: str) -> FormatError:
    return FormatError("P270", where=document.name, what=what, wanted="a file that poseval wrote")


def _check_footer(document: Document) -> None:
    """Refuse, before anything is read, what the footer promises beyond the limits, and other packings.

    The footer may lie about bytes; a page packed by `PACKINGS` unpacks to 22 times its size at most.

    Raises:
        LimitError: P502 more rows, values or bytes than allowed.
        FormatError: P270 another packing.
    """
    limits, data = document.limits, document.data
    size = int.from_bytes(data[-8:-4], "little")
    footer = Compact(data[-8 - size : -8], limits.depth).struct()
    groups = footer[ROW_GROUPS]
    columns = [column[COLUMN_DETAILS] for group in groups for column in group[GROUP_COLUMNS]]
    packed = next((column[CODEC] for column in columns if column[CODEC] not in PACKINGS), None)
    if packed is not None:
        raise _foreign(document, f"is packed by {CODECS[packed] if 0 <= packed < len(CODECS) else packed}")
    texts = [column[UNPACKED_BYTES] for column in columns if column[TYPE] == BYTE_ARRAY]
    for count, most, what in (
        (footer[ROWS], limits.people, "rows"),
        (sum(column[VALUES] for column in columns), limits.numbers, "values"),
        (sum(group[GROUP_BYTES] for group in groups), limits.file_bytes, "bytes"),
        (sum(texts), CHARACTERS, "bytes of texts"),
    ):
        if count > most:
            raise LimitError(
                "P502", where=document.name, what=f"has {count:,} {what}", wanted=f"at most {most:,}"
            )
    counts = [column[VALUES] for column in columns] + [group[GROUP_BYTES] for group in groups] + texts
    if min((footer[ROWS], *counts)) < 0:
        raise _foreign(document, "has counts below 0")
