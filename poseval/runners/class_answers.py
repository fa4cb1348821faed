"""Answers of a classifier on images of known classes: their file, top-1 and top-5, with intervals.

The file is JSON: `{"schema": "poseval.classes/1", "answers": [{"path": ..., "found": [...]}, ...]}`, with the
classes found for each image, best first. What else `poseval run` writes may be missing.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np

from poseval.errors import FormatError, MismatchError, number_of, shown
from poseval.files.reading import read_json, read_regular
from poseval.limits import DEFAULT
from poseval.poses import Array, Ints
from poseval.runners.frames import FolderPictures

RANKS = (1, 5)
SCHEMA = "poseval.classes/1"
IMAGENET_CLASSES = 1000
FACTS = (
    "model",
    "config",
    "input_size",
    "weights",
    "overridden",
)  # what `poseval run` says beside its answers


@dataclass(frozen=True, eq=False)
class ClassScores:
    """What a classifier answered: for each image its class and the classes found, best first.

    `path` [n] text, `label` [n] int64, `found` [n, 5] int64 (fewer columns where there are fewer classes).
    `names` are those of the classes in the order of their numbers, where they are known.
    """

    path: Sequence[str]
    label: Ints
    found: Ints
    classes: int
    model: Mapping[str, Any] = field(default_factory=dict)
    names: Sequence[str] = ()

    @property
    def ranks(self) -> list[int]:
        """The ranks that say something: of five classes, the five best always hold the right one."""
        return [rank for rank in RANKS if rank <= self.found.shape[1] and rank < self.classes]

    def share(self, rank: int) -> float:
        """Fraction of images whose class is among the `rank` best."""
        return float((self.found[:, :rank] == self.label[:, None]).any(axis=1).mean())

    def interval(self, rank: int, level: float) -> tuple[float, float]:
        """The ends of Wilson's score interval of `share`. Source: Wilson 1927."""
        count, share = len(self.label), self.share(rank)
        z = NormalDist().inv_cdf((1 + level) / 2)
        middle = (share + z * z / (2 * count)) / (1 + z * z / count)
        half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
        return max(0.0, middle - half), min(1.0, middle + half)

    def plain(self, level: float) -> dict[str, Any]:
        """Everything as plain data."""
        ends = {rank: self.interval(rank, level) for rank in self.ranks}
        return {
            "schema": SCHEMA,
            **self.model,
            "images": len(self.label),
            "classes": self.classes,
            **({"class_names": list(self.names)} if self.names else {}),
            "level": level,
            "summary": {f"top{rank}": self.share(rank) for rank in self.ranks},
            "intervals": {f"top{rank}": list(ends[rank]) for rank in self.ranks},
            "answers": [
                {"path": path, "class": int(label), "found": row}
                for path, label, row in zip(self.path, self.label, self.found.tolist(), strict=True)
            ],
        }

    def said(self, level: float) -> str:
        """The scores in a line, in per cent, and in a second one what is left out."""
        parts = []
        for rank in self.ranks:
            low, high = (100 * end for end in self.interval(rank, level))
            parts.append(f"top-{rank} {100 * self.share(rank):.2f} ({low:.2f} to {high:.2f})")
        images = number_of(len(self.label), "image")
        lines = [f"{', '.join(parts)} on {images} of {number_of(self.classes, 'class', 'classes')}"]
        if RANKS[-1] not in self.ranks:
            few = self.classes <= RANKS[-1]
            held = self.classes if few else self.found.shape[1]
            where = "there are only" if few else "an answer has only"
            lines.append(f"top-5 is left out: {where} {number_of(held, 'class', 'classes')}")
        return "\n".join(lines)


def scored(answers: Path, truth: Path) -> ClassScores:
    """Answers of a file, and the classes of a folder or a list.

    `truth` is a folder with a folder of images for each class, or a list as `from_list` reads it. Folders are
    numbered in the order of the answers' `class_names`, else in that of their names, which is ImageNet's.

    Raises:
        UsageError: P114 no such file.
        FormatError: P263 no images, P265 a list, P266 answers that cannot be read.
        MismatchError: P402 answers for other images, P432 folders that are not the answers' classes, P433
            images without an answer.
    """
    node = _node(answers)
    names, classes = node.get("class_names") or (), node.get("classes")
    if os.path.isdir(truth):
        path, label, order = from_folders(truth, names)
        classes = classes or len(order)
        if not names and len(order) != classes:
            raise MismatchError(
                "P432",
                where=shown(truth),
                what=f"has {len(order)} classes, and the answers are of {classes}",
                wanted="a folder for each class, or a list of images and numbers of classes",
            )
    else:
        order, classes = names, classes or IMAGENET_CLASSES
        path, label = from_list(truth, classes)
    found = _found(node["answers"], shown(answers.name), classes)
    lacking = [name for name in path if name not in found]
    strange = sorted(found.keys() - set(path))
    if strange:
        raise MismatchError(
            "P402",
            where=shown(answers.name),
            what=f"answers for {number_of(len(strange), 'image')} that the ground truth does not have, "
            f"such as {shown(strange[0])}",
            wanted=f"paths such as {shown(path[0])}",
        )
    if lacking:
        raise MismatchError(
            "P433",
            where=shown(answers.name),
            what=f"has no answer for {number_of(len(lacking), 'image')}, such as {shown(lacking[0])}",
            wanted="an answer for each image of the ground truth",
        )
    table = np.array([found[name] for name in path], dtype=np.int64)
    facts = {key: node[key] for key in FACTS if key in node}
    return ClassScores(path, label, table, classes, facts, order)


def _node(answers: Path) -> dict[str, Any]:
    """The JSON of a file of answers, its own fields checked."""
    name = shown(answers.name)
    try:
        node = read_json(answers, DEFAULT.file_bytes)
    except ValueError as error:
        raise _unread(name, f"is not JSON ({shown(error)})") from error
    if (
        not isinstance(node, dict)
        or node.get("schema") != SCHEMA
        or not isinstance(node.get("answers"), list)
    ):
        raise _unread(name, "holds no answers of a classifier")
    if not node["answers"]:
        raise _unread(name, "has no answer")
    names, classes = node.get("class_names"), node.get("classes")
    if names is not None and not (isinstance(names, list) and all(isinstance(each, str) for each in names)):
        raise _unread(f"{name}: class_names", "is not a list of names")
    if classes is not None and not (type(classes) is int and 0 < classes <= DEFAULT.file_bytes):
        raise _unread(f"{name}: classes", f"is {shown(classes, 40)}", "the number of classes")
    if names and len(names) != (classes or len(names)):
        raise _unread(f"{name}: class_names", f"has {len(names)} names", f"as many as classes, {classes}")
    return node


def _found(answers: Sequence[Any], name: str, classes: int) -> dict[str, list[int]]:
    """The classes found for each image, at most five."""
    found: dict[str, list[int]] = {}
    columns = 0
    for place, answer in enumerate(answers):
        where = f"{name}: answers[{place}]"
        path, row = (answer.get("path"), answer.get("found")) if isinstance(answer, dict) else (None, None)
        if not isinstance(path, str) or not isinstance(row, list) or not row:
            raise _unread(where, "has no path, or no classes", '{"path": "...", "found": [7, 3, 1, 0, 5]}')
        if path in found:
            raise _unread(where, f"is a second answer for {shown(path)}", "one answer for each image")
        fits = all(type(each) is int and 0 <= each < classes for each in row) and len(set(row)) == len(row)
        if not fits or len(row) != (columns or len(row)):
            count = f"{columns} " if columns else ""
            wanted = f"{count}different classes from 0 to {classes - 1}, best first"
            raise _unread(where, f"found {shown(row, 60)}", wanted)
        columns = len(row)
        found[path] = row[: RANKS[-1]]
    return found


def _unread(where: str, what: str, wanted: str = f"JSON of the schema {SCHEMA}") -> FormatError:
    return FormatError("P266", where=where, what=what, wanted=wanted)


def class_folders(root: Path, paths: Sequence[str]) -> tuple[tuple[str, ...], Ints]:
    """Names of the folders directly below `root`, sorted, and for each image [n] the place of its own.

    Raises:
        MismatchError: P432 an image outside the classes' folders, or fewer than two classes.
    """
    parts = [Path(path).parts for path in paths]
    loose = next((path[-1] for path in parts if len(path) < 2), None)
    classes = tuple(sorted({path[0] for path in parts}))
    if loose is not None or len(classes) < 2:
        what = f"{shown(loose)} is in no class" if loose else f"has only the class {shown(classes[0])}"
        raise MismatchError(
            "P432",
            where=shown(root),
            what=what,
            wanted="a folder of images for each of at least two classes",
        )
    place = {name: number for number, name in enumerate(classes)}
    return classes, np.array([place[path[0]] for path in parts], dtype=np.int64)


def from_folders(root: Path, order: Sequence[str]) -> tuple[list[str], Ints, Sequence[str]]:
    """Paths and classes of images in a folder for each class, and the classes' names by number.

    Raises:
        UsageError: P114 no such folder. FormatError: P263 no images.
        MismatchError: P432 no folders of classes, or others than those in `order`, where it names any.
    """
    paths = FolderPictures(root).frames.path.tolist()
    folders, label = class_folders(root, paths)
    order = tuple(order) or folders
    strange = [name for name in folders if name not in order]
    if strange:
        raise MismatchError(
            "P432",
            where=shown(root),
            what=f"has the class {shown(strange[0])}, which the network was not trained on",
            wanted=f"folders of {', '.join(shown(name) for name in order[:5])}"
            + ("..." if len(order) > 5 else ""),
        )
    number: Array = np.array([order.index(name) for name in folders], dtype=np.int64)
    return paths, number[label], order


def from_list(listing: Path, classes: int) -> tuple[list[str], Ints]:
    """Paths and classes of a list of `path number` lines, each path once."""
    text = read_regular(listing, shown(listing.name), DEFAULT.file_bytes).decode("utf-8", "replace")
    path, label, lines = list[str](), list[int](), dict[Path, int]()
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        name, _, last = line.strip().rpartition(" ")
        fits = bool(name) and last.isdecimal() and len(last) <= len(str(classes)) and int(last) < classes
        parts = Path(name).parts
        if not fits or ".." in parts or Path(name).is_absolute():
            raise FormatError(
                "P265",
                where=f"{shown(listing.name)}: line {number}",
                what=f"is {shown(line, 60)!r}",
                wanted=f"a path below the folder of images, a space, and a class from 0 to {classes - 1}",
            )
        first = lines.setdefault(Path(name), number)
        if first != number:
            raise FormatError(
                "P265",
                where=f"{shown(listing.name)}: line {number}",
                what=f"has {shown(name, 60)} again, which line {first} has",
                wanted="one line for each image",
            )
        path.append(name)
        label.append(int(last))
    if not path:
        raise FormatError("P265", where=shown(listing.name), what="has no line", wanted="a path and a class")
    return path, np.array(label, dtype=np.int64)
