"""CVAT for images and video, XML 1.1: skeletons, and plain point lists.

Source: CVAT's documentation of its XML form 1.1. `<image>` holds shapes; `<track>` holds a shape per frame.
A `<skeleton>` has one `<points label=...>` per joint; `outside="1"` is a joint that is not there,
`occluded="1"` a hidden one. A plain `<points points="x,y;x,y">` is an unordered list: its points become
joints `<label>-0`, `<label>-1`, ... in their order, which is reported. Other shapes have no joints and are
counted. An image named in several subsets of a project is called by its subset, too, after the first.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from poseval.datasets.assembly import by_image, frames_of, pose_set
from poseval.datasets.base import Dataset, Losses, ReadOptions, Role, WriteOptions
from poseval.datasets.capabilities import losses_of
from poseval.datasets.containers.text_table import numbers_of
from poseval.datasets.containers.xml import Node, parse
from poseval.datasets.files.document import Document
from poseval.datasets.files.source import Source
from poseval.errors import Faults, FormatError, shown
from poseval.files.writing import write_atomically
from poseval.poses import Notice, Origin, PoseSet
from poseval.skeletons import Skeleton, match_names, skeleton_from_names


@dataclass
class Shape:
    """One skeleton or point list: frame row, category, track, and joint -> x, y, flag."""

    frame: int
    label: str
    track: int
    joints: dict[str, tuple[float, float, int]]


class Cvat(Dataset):
    """`annotations.xml`."""

    name: ClassVar[str] = "cvat"
    title: ClassVar[str] = "CVAT XML 1.1, images and video (skeletons and points)"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH})
    writes: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH, Role.PREDICTIONS})
    holds: ClassVar[frozenset[str]] = frozenset(
        {
            "joints",
            "frame names",
            "joint names",
            "hidden joints",
            "categories",
            "frame sizes",
            "empty frames",
            "sequences",
        }
    )

    def sniff(self, source: Source, role: Role) -> float:
        """By the element `annotations`."""
        if source.is_folder:
            return 0.0
        return 0.95 if b"<annotations" in source.document.head else 0.0

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """One person per skeleton or point list.

        Raises:
            InputError: what is wrong with the file, all faults gathered.
        """
        document = source.document
        root = parse(document)
        if root.name != "annotations":
            raise FormatError(
                "P270", where=document.name, what=f"has the root {shown(root.name, 40)}", wanted="annotations"
            )
        reader = _Reader(document)
        reader.images(root)
        reader.tracks(root)
        reader.faults.raise_if_any()
        return reader.assembled(options)

    def write(self, poses: PoseSet, path: Path, options: WriteOptions) -> Losses:
        """Images with skeletons; predictions say that they were made automatically.

        Raises:
            UsageError: P131 the file exists, P137 it cannot be written.
        """
        from poseval.datasets.tools.cvat_write import lines

        poses = by_image(poses)
        losses = losses_of(poses, self.holds)
        lost = (poses.people.seen == 0) & np.isfinite(poses.people.xy).all(axis=2)
        losses.lose(
            "coordinates of joints that are not labelled",
            int((lost & (poses.people.xy != 0).any(axis=2)).sum()),
        )
        text = "\n".join(lines(poses, options.role)) + "\n"
        write_atomically(path, text.encode("utf-8", "xmlcharrefreplace"), options.force)
        return losses


class _Reader:
    """Collects frames and shapes of a document."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.faults = Faults()
        self.names: dict[str, int] = {}
        self.sizes: list[tuple[float, float]] = []
        self.shapes: list[Shape] = []
        self.other: Counter[str] = Counter()
        self.plain = 0
        self.order: dict[str, None] = {}

    def images(self, root: Node) -> None:
        """Shapes of `<image>` elements."""
        for image in root.all("image"):
            name = image.attributes.get("name", "")
            where = f"{self.document.name}: line {image.line}"
            if name in self.names:
                name = f"{image.attributes.get('subset') or image.attributes.get('task_id', '')}/{name}"
            if not name or name in self.names:
                self.faults.add("P206" if not name else "P305", where=where, what="has no name of its own")
                continue
            size = numbers_of(
                [image.attributes.get("width", ""), image.attributes.get("height", "")],
                where,
                self.faults,
                missing=True,
            )
            frame = self._frame(name, (size[0], size[1]) if size else (np.nan, np.nan))
            for shape in image.children:
                self._shape(shape, frame, shape.attributes.get("label", ""), -1)

    def tracks(self, root: Node) -> None:
        """Shapes of `<track>` elements."""
        node = root.first("meta", "task", "original_size") or root.first("meta", "job", "original_size")
        width, height = (node.first("width"), node.first("height")) if node else (None, None)
        where = f"{self.document.name}: original_size"
        found = numbers_of(
            [width.text if width else "", height.text if height else ""], where, self.faults, True
        )
        size = (found[0], found[1]) if found else (np.nan, np.nan)
        for track in root.all("track"):
            label = track.attributes.get("label", "")
            for shape in track.children:
                number = shape.attributes.get("frame", "")
                if shape.attributes.get("outside") == "1":
                    self.other["shapes outside"] += shape.name in ("points", "skeleton")
                    continue
                if not number.isdecimal() or len(number) > 9:
                    self.faults.add(
                        "P303",
                        where=f"{self.document.name}: line {shape.line}",
                        what=f"has frame {shown(number, 20)!r}",
                        wanted="a whole number",
                    )
                    continue
                name = f"frame_{int(number):06d}"
                identity = track.attributes.get("id", "")
                row = self.names[name] if name in self.names else self._frame(name, size)
                self._shape(
                    shape, row, label, int(identity) if identity.isdecimal() and len(identity) < 10 else -1
                )

    def _frame(self, name: str, size: tuple[float, float]) -> int:
        self.names[name] = len(self.names)
        self.sizes.append(size)
        return self.names[name]

    def _shape(self, shape: Node, frame: int, label: str, track: int) -> None:
        joints: dict[str, tuple[float, float, int]] = {}
        if shape.name == "skeleton":
            for points in shape.all("points"):
                joint = points.attributes.get("label", "")
                if not joint:
                    place = f"{self.document.name}: line {points.line}"
                    self.faults.add("P206", where=place, what="has a joint without a name")
                    continue
                self.order.setdefault(joint)
                if points.attributes.get("outside") != "1":
                    for x, y in self._points(points)[:1]:
                        joints[joint] = (x, y, 1 if points.attributes.get("occluded") == "1" else 2)
        elif shape.name == "points":
            flag = 1 if shape.attributes.get("occluded") == "1" else 2
            self.plain += 1
            for at, (x, y) in enumerate(self._points(shape)):
                joints[f"{label}-{at}"] = (x, y, flag)
                self.order.setdefault(f"{label}-{at}")
        elif shape.name not in ("tag", "attribute"):
            self.other[shape.name] += 1
            return
        if shape.name in ("skeleton", "points"):
            self.shapes.append(Shape(frame, label, track, joints))

    def _points(self, node: Node) -> list[tuple[float, float]]:
        out = []
        where = f"{self.document.name}: line {node.line}"
        for pair in node.attributes.get("points", "").split(";"):
            found = numbers_of(pair.split(","), where, self.faults)
            if found is not None and len(found) == 2:
                out.append((found[0], found[1]))
            elif found is not None:
                self.faults.add("P204", where=where, what=f"has a point {shown(pair, 30)!r}", wanted="x,y")
        return out

    def assembled(self, options: ReadOptions) -> PoseSet:
        """The pose set of what was collected."""
        where = self.document.name
        joints = list(self.order) or ["point-0"]
        if len(joints) > options.limits.joints:
            raise FormatError(
                "P204",
                where=where,
                what=f"has {len(joints)} joints",
                wanted=f"at most {options.limits.joints}",
            )
        asked = options.skeleton
        if asked is not None and set(joints) <= set(asked.joints):
            skeleton = asked
        else:
            skeleton = _skeleton(joints)
        missing = [name for name in joints if name not in skeleton.joints]
        if missing and self.shapes:
            raise FormatError(
                "P204",
                where=where,
                what=f"has joints that {skeleton.name} lacks: "
                f"{', '.join(shown(name, 30) for name in missing[:5])}",
            )
        place = {name: at for at, name in enumerate(skeleton.joints)}
        xy = np.full((len(self.shapes), len(skeleton), 2), np.nan)
        seen = np.zeros((len(self.shapes), len(skeleton)), dtype=np.int8)
        for row, shape in enumerate(self.shapes):
            for name, (x, y, flag) in shape.joints.items():
                xy[row, place[name]] = x, y
                seen[row, place[name]] = flag
        kinds = {label: at for at, label in enumerate(dict.fromkeys(shape.label for shape in self.shapes), 1)}
        columns = {
            "xy": xy,
            "seen": seen,
            "track": np.asarray([shape.track for shape in self.shapes], dtype=np.int64),
            "category": np.asarray([kinds[shape.label] for shape in self.shapes], dtype=np.int64),
        }
        notices = []
        if self.plain:
            text = f"{where}: {self.plain} plain point lists; their points were read as joints by their order"
            notices.append(Notice("N508", text, self.plain))
        for kind, count in self.other.items():
            if count:
                notices.append(
                    Notice(
                        "N509",
                        f"{where}: {count} shapes of kind {shown(kind, 40)} without joints were not read",
                        count,
                    )
                )
        origin = Origin(self.document.path, self.document.sha256, "cvat", len(self.shapes), tuple(notices))
        size = np.asarray(self.sizes, dtype=np.float64).reshape(-1, 2)
        frames = frames_of(list(self.names), options.limits, where, size)
        row_of = np.asarray([shape.frame for shape in self.shapes], dtype=np.int64)
        categories = {number: label for label, number in kinds.items()} or None
        return pose_set(skeleton, frames, row_of, columns, origin, options.limits, categories)


def _skeleton(joints: list[str]) -> Skeleton:
    return match_names(joints) or skeleton_from_names(joints)
