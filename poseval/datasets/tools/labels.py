"""What formats of annotation tools have in common: one JSON file, or a folder of one file per image."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from poseval.datasets.assembly import digest_of, left_out
from poseval.datasets.base import Dataset, ReadOptions, Role
from poseval.datasets.files.document import Document
from poseval.datasets.files.source import Source
from poseval.datasets.gathering import Gathering, Joints
from poseval.errors import FormatError, InputError, shown
from poseval.files.packed import plain_name
from poseval.poses import Notice, Origin, PoseSet


class Labels(Dataset):
    """An annotation tool's export: people from the documents that fit; the other documents are counted."""

    reads: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH})
    holds: ClassVar[frozenset[str]] = frozenset(
        {
            "joints",
            "joint names",
            "frame names",
            "frame sizes",
            "hidden joints",
            "boxes",
            "categories",
            "empty frames",
            "sequences",
        }
    )
    suffix: ClassVar[str] = ".json"
    top: ClassVar[frozenset[str]] = frozenset()  # keys at the top of a tool's JSON
    lists_all: ClassVar[bool] = True  # also images that nobody has opened

    def fits(self, document: Document) -> float:
        """How likely a document is a file of this tool, 0 to 1; may raise InputError."""
        if not self.top or not document.is_json or document.outline.kind != "object":
            return 0.0
        return 0.9 if self.top <= document.outline.by_key().keys() else 0.0

    @abstractmethod
    def gather(self, document: Document, into: Gathering, joints: Joints) -> None:
        """Take the people of a document."""

    def joints(self, source: Source, documents: list[Document]) -> Joints:
        """Where joint names come from: the annotations, unless the tool declares them."""
        return Joints()

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by the document, or by the first one of a folder that fits."""
        try:
            return max((self.fits(document) for document in _first(source, self.suffix)), default=0.0)
        except InputError:
            return 0.0

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """One person for each group of joints.

        Raises:
            InputError: what is wrong with the files, all faults gathered; P271 a folder without any.
        """
        found = list(source.documents(self.suffix))
        documents = [document for document in found if not source.is_folder or self._is_own(document)]
        if not documents:
            raise FormatError("P271", where=shown(source.path), what=f"holds no file of {self.name}")
        where = documents[0].name if not source.is_folder else shown(source.path.name)
        gathering = Gathering(where, options)
        joints = self.joints(source, found)
        for document in documents:
            self.gather(document, gathering, joints)
        parts = [(document.name, document.sha256) for document in documents]
        digest = digest_of(parts) if source.is_folder else parts[0][1]
        poses = gathering.poses(Origin(str(source.path), digest, self.name), joints)
        return poses.with_notices([*self._bare(poses, where), *left_out(source, len(found))])

    def _bare(self, poses: PoseSet, where: str) -> list[Notice]:
        """What to say of images without people, of which the tool does not say whether anybody looked."""
        empty = len(poses.frames) - len(np.unique(poses.people.frame))
        if not empty or not self.lists_all:
            return []
        text = (
            f"{where}: {empty} of {len(poses.frames)} images have no people and are read as images without "
            "people; the file does not say whether anybody looked at them"
        )
        return [Notice("N942", text, empty)]

    def _is_own(self, document: Document) -> bool:
        _ = document.outline  # a broken file of a folder is refused, not left out
        return self.fits(document) > 0


LOOKED_AT = 5  # files of a folder that are looked at to recognise it


def _first(source: Source, suffix: str) -> Iterator[Document]:
    if not source.is_folder:
        yield source.document
        return
    named = [path for path in source.files if plain_name(path.name.lower()).endswith(suffix)]
    for path in named[:LOOKED_AT]:
        yield source.open(path)


def image_name(value: Any, otherwise: str) -> str:
    """The name of an image as the tool gives it, with slashes, else the name of the annotation file."""
    if isinstance(value, str) and value:
        return value.replace("\\", "/").rsplit("/", 1)[-1]
    return plain_name(Path(otherwise).name).removesuffix(".json")
