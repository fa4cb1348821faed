"""Where the labels of a data set are: below its root, in the folder of a split, or where its yaml says.

Ultralytics keeps `labels/val/a.txt` beside `images/val/a.jpg`, and names the folders of images in a yaml at
the root: `path`, `train`, `val`, `test`. All three may be given: the yaml, the root, or `labels/val`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from poseval.datasets.base import ReadOptions, Role
from poseval.datasets.containers.text_table import numbers_of, text_of
from poseval.datasets.files.document import Document
from poseval.datasets.files.image_size import PICTURES
from poseval.datasets.files.source import Source
from poseval.datasets.yolo.data_yaml import (
    SIZES,
    Description,
    description_of,
    is_description,
    read_description,
)
from poseval.errors import Faults, FormatError, shown
from poseval.poses import Notice

YAML = (".yaml", ".yml")
LISTS = ("classes.txt", "train.txt", "val.txt", "test.txt")
ABOVE = 3  # folders above `labels/val` in which a yaml may lie


@dataclass(frozen=True, eq=False)
class Labels:
    """The folder or file of labels that is read, what describes it, and its files relative to the folder."""

    source: Source
    description: Description
    files: tuple[Path, ...] = ()
    notices: tuple[Notice, ...] = ()

    @property
    def base(self) -> Path:
        """The folder that holds the labels."""
        return self.source.path if self.source.is_folder else self.source.path.parent


def labels_of(source: Source, options: ReadOptions) -> Labels:
    """The labels that a path (a yaml, a root folder or a folder of labels) refers to.

    Raises:
        FormatError: P271 a yaml whose folder of labels is not there, P272 and P273 a yaml that is wrong.
    """
    if source.suffix in YAML:
        description = read_description(source.document)
        folder = Source(_split_folder(source, description, options.trusted), source.limits)
        return Labels(folder, description, tuple(label_files(folder)))
    description = description_of(source) if source.is_folder else Description()
    if description == Description() and options.role is Role.TRUTH and options.trusted:
        description = _described_above(source)
    if not source.is_folder:
        return Labels(source, description)
    files = label_files(source)
    return _of_split(Labels(source, description, tuple(files)), options.role)


def label_files(source: Source) -> list[Path]:
    """Text files of a folder; those below `labels` only where there is such a folder."""
    listed = [path for path in source.files if path.name.lower().endswith(".txt")]
    below = [path for path in listed if "labels" in path.parts[:-1]]
    return below or [path for path in listed if path.name not in LISTS]


def frame_name(path: Path) -> str:
    """The frame's name: the path below `labels`, without its ending."""
    parts = path.parts
    if "labels" in parts[:-1]:
        parts = parts[parts.index("labels") + 1 :]
    return "/".join(parts)[: -len(".txt")]


def _labels_beside(images: str) -> PurePosixPath:
    """The folder of labels of a folder of images: `images/val` -> `labels/val`."""
    parts = list(PurePosixPath(images.replace("\\", "/")).parts)
    if "images" in parts:
        parts[len(parts) - 1 - parts[::-1].index("images")] = "labels"
    return PurePosixPath(*parts)


def _split_folder(source: Source, description: Description, trusted: bool) -> Path:
    """The folder of labels of the split on which a yaml is evaluated.

    Raises:
        FormatError: P271 where it is not there.
    """
    here = source.path.parent
    roots = [here / description.root, here] if trusted else [here]
    places = [root / _labels_beside(images) for root in roots for images in description.splits]
    for place in places:
        if os.path.isdir(place):
            return place
    raise FormatError(
        "P271",
        where=shown(source.path.name),
        what="names no existing folder of labels",
        wanted=shown(places[0], 200) if places else "val: images/val, beside labels/val",
        hint="give the folder of labels itself",
    )


def _described_above(source: Source) -> Description:
    """The description in the first folder above that has one, for labels of one split."""
    for folder in list(source.path.absolute().parents)[:ABOVE]:
        found = [
            path
            for path in sorted(folder.glob("*.y*ml"))
            if path.suffix.lower() in YAML and os.path.isfile(path)
        ]
        documents = [Document.open(path, source.limits) for path in found[:ABOVE]]
        for document in filter(is_description, documents):
            return read_description(document)
        if "labels" not in folder.parts:
            break
    return Description()


def _of_split(labels: Labels, role: Role) -> Labels:
    """Of a root with several splits the one that its yaml is evaluated on; the others are counted."""
    for images in labels.description.splits if role is Role.TRUTH else ():
        folder = _labels_beside(images)
        inside = tuple(path for path in labels.files if path.as_posix().startswith(f"{folder}/"))
        others = len(labels.files) - len(inside)
        if inside and others:
            name = shown(labels.source.path.name)
            text = (
                f"{name}: {shown(folder)} is read, as the yaml says. {others} label files of other splits "
                "are not; give their folder to read them"
            )
            return Labels(labels.source, labels.description, inside, (Notice("N915", text, others),))
        if inside:
            break
    return labels


def listed_sizes(labels: Labels) -> dict[str, tuple[float, float]]:
    """Width and height by frame name, from `image_sizes.csv` in the folder or at the root above it.

    Raises:
        FormatError: P203, P204 a line that is not a name, a width and a height.
    """
    parts = list(labels.base.absolute().parts)
    place, prefix = labels.base / SIZES, ""
    if not os.path.isfile(place) and "labels" in parts:
        at = len(parts) - 1 - parts[::-1].index("labels")
        place, prefix = Path(*parts[:at]) / SIZES, "".join(f"{part}/" for part in parts[at + 1 :])
    if not os.path.isfile(place):
        return {}
    document = Document.open(place, labels.source.limits)
    faults = Faults()
    out: dict[str, tuple[float, float]] = {}
    for number, line in enumerate(text_of(document).splitlines(), start=1):
        words = line.rsplit(",", 2)
        if number == 1 and words[1:] == ["width", "height"]:
            continue
        if len(words) != 3:
            faults.add(
                "P204",
                where=f"{document.name}: line {number}",
                what="does not have three columns",
                wanted="name,width,height",
            )
            continue
        found = numbers_of(words[1:], f"{document.name}: line {number}", faults)
        if found is not None and words[0].startswith(prefix):
            out[words[0].removeprefix(prefix)] = (found[0], found[1])
    faults.raise_if_any()
    return out


def pictures_of(base: Path, names: list[str]) -> list[Path | None]:
    """The image of each label file: beside it, or below `images` instead of `labels`; None without one."""
    folders = [base, base / "images"]
    parts = list(base.absolute().parts)
    if "labels" in parts:
        at = len(parts) - 1 - parts[::-1].index("labels")
        folders.append(Path(*parts[:at], "images", *parts[at + 1 :]))
    listed: dict[str, list[dict[str, Path]]] = {}
    out: list[Path | None] = []
    for name in names:
        inside, _, last = name.rpartition("/")
        if inside not in listed:
            listed[inside] = [_pictures_in(folder / inside) for folder in folders]
        found = [there[last] for there in listed[inside] if last in there]
        out.append(found[0] if found else None)
    return out


def _pictures_in(folder: Path) -> dict[str, Path]:
    """Images of a folder by their names without extension; the first kind of `PICTURES` counts."""
    if not os.path.isdir(folder):
        return {}
    found = [path for path in folder.iterdir() if path.suffix.lower() in PICTURES]
    found.sort(key=lambda path: PICTURES.index(path.suffix.lower()), reverse=True)
    return {path.name.removesuffix(path.suffix): path for path in found}
