"""Images of a COCO file as frames, and the way from a record's image id to its frame."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import cast

import numpy as np

from poseval.datasets.containers.json_records import Records, Wanted, places
from poseval.datasets.files.document import Document
from poseval.errors import Faults, LimitError, number_of, shown
from poseval.kernels import json as kj
from poseval.poses import Array, Frames, Ints, Notice, PoseSet
from poseval.poses.frame_names import WAYS, labelled_frames, named, number, numbers, of_whole_video
from poseval.poses.frame_names import place as find_frames
from poseval.poses.texts import text_column

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

TEXT_WAYS = tuple(way for way in WAYS if way != "number")  # `000012` is no id 12
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


def given_numbers(frames: Frames) -> Ints | None:
    """Ids [F] int64: the numbers of the file, or keys that are plain numbers; None if there are neither."""
    if "image_id" in frames.extra:
        return cast("Ints", frames.extra["image_id"])
    keys: list[str] = frames.key.tolist()
    if all(key.lstrip("-").isdecimal() and len(key) < 19 and str(int(key)) == key for key in keys):
        return np.asarray([int(key) for key in keys], dtype=np.int64)
    return None


def image_numbers(frames: Frames) -> Ints | None:
    """Ids [F] int64: the numbers of the file, plain numbers as keys, or the last number in each file name.

    None if a name has no number, or two names have the same.
    """
    given = given_numbers(frames)
    if given is not None:
        return given
    numbers = np.asarray([number(name) for name in named(frames)], dtype=np.int64)
    return None if (numbers < 0).any() or len(np.unique(numbers)) < len(numbers) else numbers


def ids_to_write(frames: Frames) -> Ints:
    """Ids [F] of the images in a file: `image_numbers`, else from 1.

    Labelled frames get the same ids as without the unlabelled frames.
    """
    found = image_numbers(frames)
    if found is not None:
        return found
    labelled = np.flatnonzero(frames.labelled)
    ids = np.arange(1, len(frames) + 1)
    if len(labelled) == len(frames):
        return ids
    ids[labelled] = ids_to_write(frames.take(labelled))
    others = np.flatnonzero(~frames.labelled)
    ids[others] = ids[labelled].max(initial=0) + 1 + np.arange(len(others))
    return ids


def _refuse_alike(records: Records, keys: Array, texts: Array) -> None:
    """Faults (P305) where one image has a number as its id and another the same digits as text."""
    both = np.intersect1d(keys[texts], keys[~texts])
    for key in both[:20]:
        row = int(np.flatnonzero((keys == key) & texts)[0])
        what = f"is the text {shown(key)!r}, but another image has the number {shown(key)}"
        records.faults.add(
            "P305", where=records.at(row, "id"), what=what, wanted="ids that are all numbers or all texts"
        )


def _repeated(records: Records, first: Ints) -> list[Notice]:
    extra_rows = records.table.count - len(first)
    if not extra_rows:
        return []
    text = (
        f"{records.document.name}: images: {extra_rows} of {number_of(records.table.count, 'row')} "
        "with the id of an earlier row, merged with that row"
    )
    return [Notice("N411", text, extra_rows)]


@dataclass(frozen=True, eq=False)
class Placed:
    """Frame row of each record, -1 for an image that is not in the ground truth, and a notice about it."""

    row: Ints  # [N]
    notices: list[Notice]
    hint: str | None = None


def place(records: Records, frames: Frames, *, numbered: bool = False) -> Placed:
    """Find each record's image among the frames.

    Numbers are compared with ids; if `numbered`, with those in the names of the files where these find more.
    Texts are tried as written against ids, file names, stems, base names and ends of paths; the way on which
    all records find an image is taken, else the one on which most do, and reported. Two such ways that
    disagree are refused (P403).
    """
    column = records.table["image_id"]
    row = np.full(records.table.count, -1, dtype=np.int64)
    numbers = column.mark == kj.GIVEN
    notices: list[Notice] = []
    if numbers.any():
        found, way = _place_numbers(column.values[numbers], frames, numbered)
        row[numbers] = found
        if way:
            notices.append(_paired(records, "number", way))
    hint = None
    if column.words:
        place_of_word, more, hint = _place_words(records, frames, column.words)
        texts = column.mark == kj.TEXT
        row[texts] = place_of_word[column.codes[texts]]
        notices += more
    return Placed(row, notices, hint)


def _place_numbers(values: Ints, frames: Frames, numbered: bool) -> tuple[Ints, str]:
    """Frame row of each number: by id, or by the number in the name of its file where that finds more."""
    ids = cast("Ints | None", frames.extra.get("image_id"))
    way = "id" if ids is None else ""
    if ids is None:
        row = _of_texts(values.astype(np.str_), _unique(frames.key.tolist()))
    else:
        row = _of_numbers(values, ids)
    if (row >= 0).all() or not numbered or not len(frames):
        return row, way
    numbers = np.asarray([number(path) for path in named(frames)], dtype=np.int64)
    if (numbers < 0).any() or len(np.unique(numbers)) < len(numbers):
        return row, way
    order = np.argsort(numbers)
    place = _of_numbers(values, numbers[order])
    by_name = np.where(place >= 0, order[place], -1)
    if (by_name >= 0).sum() > (row >= 0).sum():
        return by_name, "the number in their file's name"
    return row, way


def _place_words(
    records: Records, frames: Frames, words: tuple[str, ...]
) -> tuple[Ints, list[Notice], str | None]:
    """Frame row of each distinct text, what to say, and a guess for those that are not found."""
    theirs = Frames(text_column(words))
    found = find_frames(theirs, frames, np.arange(len(words)), TEXT_WAYS)
    way = found.way or found.most
    if found.others or found.twice:
        ways = " and by ".join("id" if name == "key" else name for name in (way, *found.others) if name)
        what = f"names different images by {ways}" if found.others else "names several images"
        what += f" ({found.doubt})" if found.doubt else ""
        records.faults.add("P403", where=records.at(0, "image_id"), what=what, wanted="the name of one image")
    hint = None if found.way or "image_id" not in frames.extra else _look_alike(words, frames)
    texts = "image_id" not in frames.extra and way == "key"
    if way is None or texts:
        return found.row, [], hint
    return found.row, [_paired(records, "text", "id" if way == "key" else way)], hint


def _paired(records: Records, kind: str, how: str) -> Notice:
    text = f"{records.document.name}: image ids are {kind}s there; images were paired by {how}"
    return Notice("N402", text)


def _unique(names: list[str]) -> dict[str, int]:
    """Place of each name; names that occur twice are left out."""
    twice = {name for name, count in Counter(names).items() if count > 1}
    return {name: at for at, name in enumerate(names) if name and name not in twice}


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


def _of_whole_video(records: Records, placed: Placed, truth: PoseSet) -> bool:
    """Whether the images that are not in the ground truth are frames between or beyond those labelled."""
    column = records.table["image_id"]
    words = np.asarray([number(word) for word in column.words] or [-1], dtype=np.int64)
    ids = np.where(column.codes >= 0, words[column.codes], column.values)
    unique, first = np.unique(np.stack([column.codes, ids], axis=1), axis=0, return_index=True)
    own = cast("Ints | None", truth.frames.extra.get("image_id"))
    own = numbers(truth.frames) if own is None or column.words else own
    return of_whole_video(placed.row[first], labelled_frames(truth), own, unique[:, 1], exact=True)


def unknown_images(records: Records, placed: Placed, truth: PoseSet) -> list[Notice]:
    """Faults (P402) for records of images that the ground truth does not have, or a notice.

    A notice where the predictions are plainly of a whole video that was labelled in part: those are left out.
    The official program refuses both.
    """
    lost = np.flatnonzero(placed.row < 0)
    column = records.table["image_id"]
    lost = lost[column.given[lost]]  # a record without an id has a fault of its own
    if not len(lost):
        return []

    def name(row: int) -> str:
        code = int(column.codes[row])
        return shown(repr(column.words[code]), 40) if code >= 0 else str(int(column.values[row]))

    ids = np.where(column.codes >= 0, -1 - column.codes, 0), np.where(column.codes >= 0, 0, column.values)
    pairs = np.unique(np.stack([*ids, (placed.row >= 0).astype(np.int64)], axis=1), axis=0)
    overlap = float(pairs[:, 2].mean())
    distinct = np.unique(np.stack([ids[0][lost], ids[1][lost]], axis=1), axis=0, return_index=True)[1]
    first = places(lost[np.sort(distinct)], name)
    if _of_whole_video(records, placed, truth):
        text = (
            f"{records.document.name}: {len(lost)} of {records.table.count} records are for images that are "
            f"not in the ground truth (first: {first}) and were left out: its labelled images all have "
            "predictions, or nearly"
        )
        return [Notice("N940", text, len(lost))]
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
        f"(first: {first})",
        wanted=f"images of the ground truth, which has {len(truth.frames)}",
        hint=hint,
    )
    return []
