"""The three test sets of JHMDB in one folder, as mmpose has them: `test_jhmdb_sub1.json` to `sub3`.

Each split is a set of its own, with a model of its own: image ids count anew in each file, and a video that
several splits test is there several times. Predictions are a folder of COCO results, one file for each split,
with `sub1` or `split1` and so on in their names.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from poseval.datasets.assembly import digest_of
from poseval.datasets.base import Dataset, ReadOptions, Role
from poseval.datasets.coco.format import Coco
from poseval.datasets.files.source import Source
from poseval.datasets.single_person.coco_files import JhmdbCoco
from poseval.errors import FormatError, PosevalError, shown
from poseval.poses import PoseSet
from poseval.poses.concatenated import concatenated

SPLIT = re.compile(r"(?:sub|split)[_-]?([123])(?!\d)", re.IGNORECASE)


class JhmdbSplits(Dataset):
    """Two or three files of splits in a folder; frames are called `split1/ID`."""

    name: ClassVar[str] = "jhmdb-splits"
    title: ClassVar[str] = "JHMDB's three test sets in COCO form in a folder (mmpose)"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH, Role.PREDICTIONS})
    holds: ClassVar[frozenset[str]] = JhmdbCoco.holds

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by the names of the files, and by the first of them."""
        if not source.is_folder:
            return 0.0
        try:
            files = _files(source)
            if len(files) < 2:
                return 0.0
            first = Source(source.path / next(iter(files.values())), source.limits)
            sure = (JhmdbCoco if role is Role.TRUTH else Coco)().sniff(first, role)
        except PosevalError:
            return 0.0
        return 0.98 if sure > 0.5 else 0.0

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """All splits as one set; `frames.extra["split1"]` to `["split3"]` mark the frames of each.

        Raises:
            InputError: what is wrong with the first file that is; P271 a folder without splits.
        """
        files = _files(source) if source.is_folder else {}
        if not files:
            raise FormatError(
                "P271",
                where=shown(source.path),
                what="holds no split of JHMDB",
                wanted="files with sub1, sub2 and sub3 in their names",
            )
        reader: Dataset = JhmdbCoco() if options.role is Role.TRUTH else Coco()
        parts, unread = [], Counter[str]()
        for name, path in files.items():
            asked = replace(options, truth=options.truth and _split_of(options.truth, name))
            file = Source(source.path / path, source.limits)
            read = reader.read(file, asked)
            unread.update(file.unread)
            parts.append(_of_split(read, name, list(files)))
        digest = digest_of((name, part.origin.sha256) for name, part in zip(files, parts, strict=True))
        whole = concatenated(parts)
        origin = replace(whole.origin, path=str(source.path), sha256=digest, format=self.name, unread=unread)
        return replace(whole, origin=origin)


def _files(source: Source) -> dict[str, Path]:
    """The file of each split; none where two files name the same one."""
    found: dict[str, Path] = {}
    for path in source.files:
        match = SPLIT.search(path.name)
        if path.suffix != ".json" or len(path.parts) > 1 or match is None:
            continue
        name = f"split{match.group(1)}"
        if name in found:
            return {}
        found[name] = path
    return dict(sorted(found.items()))


def _split_of(truth: PoseSet, name: str) -> PoseSet:
    """The frames of a split under the names of its file; the whole set where it has no splits."""
    if name not in truth.frames.extra:
        return truth
    part = truth.take_frames(np.flatnonzero(truth.frames.extra[name]))
    key = np.array([key.partition("/")[2] for key in part.frames.key.tolist()], dtype=np.str_)
    image = np.array([int(text) if text.isdigit() else -1 for text in key.tolist()], dtype=np.int64)
    extra = {"image_id": image} if (image >= 0).all() else {}
    return replace(part, frames=replace(part.frames, key=key, extra=extra))


def _of_split(poses: PoseSet, name: str, every: Sequence[str]) -> PoseSet:
    """The set under names of its split, marked as of this split alone."""
    frames = poses.frames
    marks = {split: np.full(len(frames), split == name) for split in every}
    key = np.array([f"{name}/{key}" for key in frames.key.tolist()], dtype=np.str_)
    sequences = tuple(f"{name}/{sequence}" for sequence in frames.sequences)
    return replace(poses, frames=replace(frames, key=key, path=key, sequences=sequences, extra=marks))
