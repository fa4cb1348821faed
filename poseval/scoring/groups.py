"""Groups of units that are resampled as a whole: a sequence, an image, a person, a column of ground truth."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from poseval.errors import FormatError, LimitError, shown
from poseval.files.reading import read_text
from poseval.files.table import table_of
from poseval.limits import MIB, Limits
from poseval.poses import Array, Ints, PoseSet
from poseval.poses.remembered import once

TABLE_BYTES = 32 * MIB  # 100,000 frames with names of 255 bytes and groups
FRAME, SEQUENCE, IMAGE, PERSON = "frame", "sequence", "image", "person"


@once
def groups_of(truth: PoseSet, unit: str) -> Mapping[str, Array]:
    """Names [U] of the group of each unit, by field.

    `image` is the path of its image, where there are paths. The others put two units or more together:
    `sequence`, `person` where every frame shows one who is known, and columns of the frames that hold whole
    numbers or words.
    """
    frames, people = truth.frames, truth.people
    fields = {name: column for name, column in frames.extra.items() if column.dtype.kind in "iuU"}
    fields[SEQUENCE] = np.asarray(frames.sequences, dtype=np.str_)[frames.sequence]
    person = people.extra.get("person_id")
    if person is not None and np.array_equal(people.frame, np.arange(len(frames))) and (person >= 0).all():
        fields[PERSON] = person
    out = {IMAGE: frames.path} if unit == FRAME and any(frames.path) else {}
    for name, column in fields.items():
        named = column if unit == FRAME else _of_sequences(column, frames.sequence, len(frames.sequences))
        if column.ndim == 1 and named is not None and 1 < len(set(named.tolist())) < len(named):
            out[name] = named.astype(np.str_)
    return out


def _of_sequences(column: Array, sequence: Ints, count: int) -> Array | None:
    """A column of frames as one of sequences [S]; None where it differs inside of one."""
    if column.ndim != 1 or not len(column):
        return None
    first = np.zeros(count, dtype=np.int64)
    first[sequence[::-1]] = np.arange(len(sequence))[::-1]
    return column[first] if bool((column == column[first][sequence]).all()) else None


def read_groups(path: str | os.PathLike[str], limits: Limits, unit: str = FRAME) -> Mapping[str, str]:
    """The group of each name in a csv file with the columns `frame` (or that of the unit) and `group`.

    Raises:
        FormatError: P223 when the file is not a table, or lacks a column. LimitError: P501.
    """
    header, listed = read_table(path)
    key = unit if unit in header else FRAME
    if not {key, "group"} <= set(header):
        raise FormatError(
            "P223", where=shown(path), what="lacks a column", wanted=f"a header with `{unit}` and `group`"
        )
    return short_enough({row[key]: row["group"] for row in listed}, path, limits)


def read_table(path: str | os.PathLike[str]) -> tuple[Sequence[str], Iterator[dict[str, str]]]:
    """The header and the rows of a csv file, as they are read.

    Raises:
        FormatError: P223, also while rows are taken, when the file is not a table, or a row has more or fewer
            cells than the header.
        LimitError: P501.
    """

    def refusal(why: str) -> FormatError:
        return FormatError(
            "P223",
            where=shown(path),
            what=f"is not a table ({shown(why, 80)})",
            wanted="a header, and as many cells in each row",
        )

    try:
        text = read_text(path, TABLE_BYTES)
    except UnicodeDecodeError as error:
        raise refusal(str(error)) from error
    header, rows = table_of(text, refusal)
    return header, (row for _, row in rows)


def short_enough(group: Mapping[str, str], path: str | os.PathLike[str], limits: Limits) -> Mapping[str, str]:
    """Return the groups if no name is too long.

    Raises:
        LimitError: P501 a name that is too long.
    """
    if any(len(word) > limits.text_bytes for word in group.values()):
        raise LimitError(
            "P501",
            where=shown(path),
            what="has a group name that is too long",
            wanted=f"at most {limits.text_bytes} characters",
        )
    return group
