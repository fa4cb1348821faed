"""Images of a COCO file as frames, and the way from a record's image id to its frame."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import cast

import numpy as np

from poseval.datasets.containers.json_records import Records, Wanted, places
from poseval.datasets.files.document import Document
from poseval.errors import Faults, LimitError, shown
from poseval.kernels import json as kj
from poseval.poses import Array, Frames, Ints, Notice
from poseval.poses.frame_names import named, stem

FIELDS = (
    kj.identifier("id"),
    kj.text("file_name", nullable=True),
    kj.number("width", nullable=True),
    kj.number("height", nullable=True),
    kj.number("crowdIndex", nullable=True),
)
WANTED = {
    "id": Wanted("an integer or a text"),
    "file_name": Wanted("a text"),
}

SMALL_IDS = 1 << 22  # up to here a table of all ids, 32 MB, beats a search for each record


def read_images(document: Document, faults: Faults) -> tuple[Frames, list[Notice]]:
    """All images in ascending order of their id; rows that repeat an id are merged, the first one stays.

    `key` is the id as text, `extra["image_id"]` [F] int64 the id when all are numbers, and
    `extra["crowd_index"]` [F] float64 (NaN absent) is CrowdPose's `crowdIndex` when images carry it.

    Raises:
        LimitError: P502 more images than the limits allow.
    """
    table = document.columns(FIELDS, "images")
    records = Records(document, table, faults, "images", WANTED)
    records.tell()
    records.need("id")
    column = table["id"]
    texts = column.mark == kj.TEXT
    keys: Array
    if texts.any():
        keys = column.strings()
        keys = np.where(texts, keys, column.values.astype(np.str_))
        _, first = np.unique(keys, return_index=True)
        _refuse_alike(records, keys, texts)
        ids: Ints | None = None
    else:
        ids, first = np.unique(column.values, return_index=True)
        keys = ids.astype(np.str_)
    if len(first) > document.limits.frames:
        raise LimitError(
            "P502",
            where=f"{document.name}: images",
            what=f"has {len(first):,} images",
            wanted=f"at most {document.limits.frames:,}",
        )
    if texts.any():
        keys = keys[first]
    notices = _repeated(records, first)
    extra: dict[str, Array] = {}
    if ids is not None:
        extra["image_id"] = ids
    if table["crowdIndex"].given.any():
        extra["crowd_index"] = table["crowdIndex"].values[first]
    size = np.stack([table["width"].values, table["height"].values], axis=1)[first]
    frames = Frames(
        keys,
        number=np.arange(len(first)),
        sequence=np.zeros(len(first), dtype=np.int64),
        size=size,
        path=table["file_name"].strings()[first],
        extra=extra,
    )
    return frames, notices


def image_numbers(frames: Frames) -> Ints | None:
    """Ids [F] int64: the numbers of the file, keys or names of files that are plain numbers; None without."""
    if "image_id" in frames.extra:
        return cast("Ints", frames.extra["image_id"])
    keys: list[str] = frames.key.tolist()
    if all(key.lstrip("-").isdecimal() and len(key) < 19 and str(int(key)) == key for key in keys):
        return np.asarray([int(key) for key in keys], dtype=np.int64)
    stems = [stem(name) for name in named(frames)]
    if not all(name.isascii() and name.isdecimal() and len(name) < 19 for name in stems):
        return None
    numbers = np.asarray([int(name) for name in stems], dtype=np.int64)
    return numbers if len(np.unique(numbers)) == len(numbers) else None


def _refuse_alike(records: Records, keys: Array, texts: Array) -> None:
    """Faults (P305) for ids that are a number here and the same digits as text there."""
    both = np.intersect1d(keys[texts], keys[~texts])
    for key in both[:20]:
        row = int(np.flatnonzero((keys == key) & texts)[0])
        what = f"is the text {shown(key)!r}, but another image has the number {shown(key)}"
        records.faults.add("P305", where=records.at(row, "id"), what=what, wanted="one kind of id")


def _repeated(records: Records, first: Ints) -> list[Notice]:
    extra_rows = records.table.count - len(first)
    if not extra_rows:
        return []
    text = (
        f"{records.document.name}: images: {extra_rows} of {records.table.count} rows repeat an id "
        "and were merged with its first row"
    )
    return [Notice("N411", text, extra_rows)]


@dataclass(frozen=True, eq=False)
class Placed:
    """Frame row of each record, -1 for an image that is not in the ground truth, and a notice about it."""

    row: Ints  # [N]
    notices: list[Notice]
    hint: str | None = None


def place(records: Records, frames: Frames) -> Placed:
    """Find each record's image among the frames.

    Numbers are compared with numbers and texts with texts. Where the kinds differ, texts are tried as
    written against ids, file names and file stems; the way on which all records find an image is taken and
    reported, and two such ways that disagree are refused (P403).
    """
    column = records.table["image_id"]
    row = np.full(records.table.count, -1, dtype=np.int64)
    numbers = column.mark == kj.GIVEN
    ids = cast("Ints | None", frames.extra.get("image_id"))
    notices: list[Notice] = []
    if numbers.any():
        if ids is None:
            row[numbers], how = _of_numbers_as_names(column.values[numbers], frames)
            notices.append(_paired(records, "number", how))
        else:
            row = np.where(numbers, _of_numbers(column.values, ids), -1)
    hint = None
    if column.words:
        place_of_word, more, hint = _place_words(records, frames, column.words)
        texts = column.mark == kj.TEXT
        row[texts] = place_of_word[column.codes[texts]]
        notices += more
    return Placed(row, notices, hint)


def _place_words(
    records: Records, frames: Frames, words: tuple[str, ...]
) -> tuple[Ints, list[Notice], str | None]:
    """Frame row of each distinct text, what to say, and a guess for those that are not found."""
    texts = np.asarray(words, dtype=np.str_)
    as_id = _of_texts(texts, _by(frames, "id"))
    if "image_id" not in frames.extra:
        return as_id, [], None
    complete = {}
    for how in ("id", "file name", "file stem"):
        rows = _of_texts(texts, _by(frames, how))
        if len(rows) and (rows >= 0).all():
            complete[how] = rows
    distinct = {rows.tobytes() for rows in complete.values()}
    if len(distinct) > 1:
        ways = " and by ".join(complete)
        what = f"finds an image by {ways}, and not the same one"
        records.faults.add("P403", where=records.at(0, "image_id"), what=what, wanted="one meaning")
    if complete:
        how, rows = next(iter(complete.items()))
        return rows, [_paired(records, "text", how)], None
    return as_id, [], _look_alike(words, frames)


def _paired(records: Records, kind: str, how: str) -> Notice:
    text = f"{records.document.name}: image ids are {kind}s there; images were paired by {how}"
    return Notice("N402", text)


def _by(frames: Frames, how: str) -> dict[str, int]:
    """Frame row by name; names that occur twice are left out."""
    if how == "id":
        names = frames.key.tolist()
    elif how == "file name":
        names = frames.path.tolist()
    else:
        names = [os.path.splitext(os.path.basename(path))[0] for path in frames.path.tolist()]
    out: dict[str, int] = {}
    twice = set()
    for at, name in enumerate(names):
        if name in out:
            twice.add(name)
        out[name] = at
    return {name: at for name, at in out.items() if name and name not in twice}


def _of_numbers(values: Ints, ids: Ints) -> Ints:
    """Place [N] of each value among the ascending `ids`, -1 none."""
    if not len(ids):
        return np.full(len(values), -1, dtype=np.int64)
    if ids[0] >= 0 and ids[-1] < SMALL_IDS:
        table = np.full(int(ids[-1]) + 2, -1, dtype=np.int64)  # the last entry stands for all others
        table[ids] = np.arange(len(ids))
        inside = (values >= 0) & (values <= ids[-1])
        return table[np.where(inside, values, -1)]
    at = np.minimum(np.searchsorted(ids, values), len(ids) - 1)
    return np.where(ids[at] == values, at, -1)


def _of_numbers_as_names(values: Ints, frames: Frames) -> tuple[Ints, str]:
    """Frame row of each number among images that are named by texts, and by what: the id, or the file's name.

    Files are tried where not all numbers are ids, as `000003.jpg` for 3.
    """
    row = _of_texts(values.astype(np.str_), _by(frames, "id"))
    if (row >= 0).all():
        return row, "id"
    numbers = image_numbers(frames)
    if numbers is None:
        return row, "id"
    order = np.argsort(numbers)
    place = _of_numbers(values, numbers[order])
    return np.where(place >= 0, order[place], -1), "the number that is their file's name"


def _of_texts(texts: Array, table: dict[str, int]) -> Ints:
    return np.asarray([table.get(text, -1) for text in texts.tolist()], dtype=np.int64)


def _look_alike(words: tuple[str, ...], frames: Frames) -> str | None:
    """A guess about texts that only look like ids: `000123` for 123."""
    ids = set(frames.extra["image_id"].tolist())
    for word in words[:1000]:
        digits = word.rsplit(".", 1)[0]
        if digits.isascii() and digits.isdigit() and len(digits) < 19 and int(digits) in ids:
            return f"{shown(word)!r} looks like image {int(digits)}, but the text differs from its id"
    return None


def unknown_images(records: Records, placed: Placed, frames: Frames) -> None:
    """One fault (P402) for all records of images that the ground truth does not have, with the overlap."""
    lost = np.flatnonzero(placed.row < 0)
    if not len(lost):
        return
    column = records.table["image_id"]
    lost = lost[column.given[lost]]  # a record without an id has a fault of its own
    if not len(lost):
        return

    def name(row: int) -> str:
        code = int(column.codes[row])
        return shown(repr(column.words[code]), 40) if code >= 0 else str(int(column.values[row]))

    ids = np.where(column.codes >= 0, -1 - column.codes, 0), np.where(column.codes >= 0, 0, column.values)
    pairs = np.unique(np.stack([*ids, (placed.row >= 0).astype(np.int64)], axis=1), axis=0)
    overlap = float(pairs[:, 2].mean())
    distinct = np.unique(np.stack([ids[0][lost], ids[1][lost]], axis=1), axis=0, return_index=True)[1]
    hint = placed.hint
    if hint is None and overlap < 0.5:
        hint = (
            f"only {overlap:.0%} of the images with predictions are in the ground truth. "
            "Are these predictions of another split?"
        )
    records.faults.add(
        "P402",
        where=records.at(int(lost[0]), "image_id"),
        what=f"{len(lost)} of {records.table.count} records are for images that are not in the ground truth "
        f"(first: {places(lost[np.sort(distinct)], name)})",
        wanted=f"images of the ground truth, which has {len(frames)}",
        hint=hint,
    )
