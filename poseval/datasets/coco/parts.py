"""COCO results in several files: by process (`results_rank0.json`), by image, or by sequence.

Each file is in any form that one file of results may have; several lists in one file are joined, too.
Records without an `image_id` are of the image that their file is called after (`000001.json`,
`a.jpg.json`). All records make one list, in the order of the files' names; images of which several files
have results are counted, because a sampler that pads its last batch gives some images to two processes, and
both results count.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import ClassVar

import numpy as np

from poseval.datasets.assembly import left_out
from poseval.datasets.base import Dataset, ReadOptions, Role
from poseval.datasets.coco.format import Coco, sure_of_results
from poseval.datasets.coco.nested_lists import holds_lists, joined_lists
from poseval.datasets.coco.result_lists import any_has, first_record, list_key
from poseval.datasets.coco.results import AreaRule, read_results
from poseval.datasets.files.document import Document
from poseval.datasets.files.joined import Joined, Piece, whole_list
from poseval.datasets.files.source import Source
from poseval.errors import FormatError, InputError, number_of, shown
from poseval.files.packed import plain_name
from poseval.kernels.json import Columns
from poseval.poses import Notice, PoseSet

MOST_SURE = 0.7  # less than a format that knows its folders
HALF = 0.5  # what results have that name no image
LOOKED_AT = 20  # files that are looked at
ENDINGS = (".json", ".jsonl", ".ndjson")


class CocoParts(Dataset):
    """A folder or an archive of result lists, or a file of several."""

    name: ClassVar[str] = "coco-parts"
    title: ClassVar[str] = "COCO results in several files: by process, image or sequence"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.PREDICTIONS})
    holds: ClassVar[frozenset[str]] = Coco.holds | {"further columns"}

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by the first files: each holds results or is empty, and at least one is not empty."""
        least = 0.0
        try:
            if not source.is_folder and (source.archive is None or len(source.archive) < 2):
                return MOST_SURE if source.document.is_json and holds_lists(source.document) else 0.0
            for document in islice(_documents(source), LOOKED_AT):
                sure = _sure(document)
                if sure is None:
                    return 0.0
                least = sure if least == 0.0 else min(least, sure or least)
        except InputError:
            return 0.0
        return min(MOST_SURE, least)

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """The results of all files, as of one.

        Raises:
            UsageError: P139 without ground truth.
            InputError: what is wrong with the files; P271 a folder without any.
        """
        if not source.is_folder and (source.archive is None or len(source.archive) < 2):
            return self._read(joined_lists(source.document), options)
        pieces: list[Piece] = []
        digests: list[str] = []
        seen: set[object] = set()
        shared: set[object] = set()
        for document in _documents(source):
            key = list_key(document)
            if key is None:
                raise FormatError(
                    "P201",
                    where=document.name,
                    what="is not a list of results",
                    wanted="a folder with files of results only",
                )
            piece, images = _named(document, key)
            shared |= images & seen
            seen |= images
            pieces.append(piece)
            digests.append(f"{document.name}\0{document.sha256}\n")
        if not pieces:
            raise FormatError("P271", where=shown(source.path), what="holds no file of results")
        joined = Joined(pieces, str(source.path), options.limits, "".join(digests).encode("utf-8", "replace"))
        notices = left_out(source, len(pieces))
        if shared:
            images_have = number_of(len(shared), "image has", "images have")
            text = f"{joined.name}: {images_have} results in several files; all of them count"
            notices.append(Notice("N546", text, len(shared)))
        return self._read(joined, options).with_notices(notices)

    def _read(self, joined: Joined, options: ReadOptions) -> PoseSet:
        rule = AreaRule.OWN if options.rules == "corrected" else AreaRule.FIRST
        poses = read_results(joined, options.truth, options.skeleton, rule, options.mapped)
        return replace(poses, origin=replace(poses.origin, format=self.name, unread=joined.unread))


def _sure(document: Document) -> float | None:
    """How surely a file holds results, 0 where it holds nobody; None where it holds something else."""
    key = list_key(document) if document.is_json else None
    if key is not None and not first_record(document, key):
        return 0.0
    sure = 0.0 if key is None else sure_of_results(document)
    return sure if sure >= HALF else None


def file_beside_results(source: Source) -> str | None:
    """Name of a file in a folder of results that is not a list of results, if there is one; never raises."""
    found: dict[bool, str] = {}
    try:
        for document in islice(_documents(source), LOOKED_AT):
            found.setdefault(_sure(document) is None, document.name)
    except InputError:
        return None
    return found.get(True) if len(found) == 2 else None


def _documents(source: Source) -> Iterator[Document]:
    if not source.is_folder:
        yield from source.documents()
        return
    for path in source.files:
        if plain_name(path.name.lower()).endswith(ENDINGS):
            yield source.open(path)


def _named(document: Document, key: str) -> tuple[Piece, set[object]]:
    """The records of a file and their images; where none is named, it is the one the file is called after."""
    piece, table = whole_list(document, key)
    if not table.count or any_has(document, key, "image_id"):
        return piece, _images(table)
    name = plain_name(Path(document.path).name)
    for ending in (*ENDINGS, ".predictions"):
        name = name.removesuffix(ending)
    try:
        rows = json.loads(b"[" + piece.text + b"]")
    except ValueError as error:  # a number of thousands of digits
        raise FormatError("P210", where=document.name, what=shown(error)) from None
    if not all(isinstance(row, dict) for row in rows):
        return piece, set()  # refused with the other faults
    text = ", ".join(json.dumps({"image_id": name, **row}) for row in rows)
    return replace(piece, text=text.encode()), {name}


def _images(table: Columns) -> set[object]:
    column = table["image_id"]
    numbers = np.unique(column.values[column.codes < 0]).tolist() if table.count else []
    return {*numbers, *column.words}
