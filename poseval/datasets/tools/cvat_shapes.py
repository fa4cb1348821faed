"""From CVAT's elements to people: images, tracks of a video, and the labels that the file declares."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from poseval.datasets.assembly import frames_of, in_order_of_names, pose_set, skeleton_of_set
from poseval.datasets.base import ReadOptions
from poseval.datasets.containers.text_table import numbers_of
from poseval.datasets.containers.unread import Known
from poseval.datasets.containers.xml import Node
from poseval.datasets.files.document import Document
from poseval.errors import Faults, FormatError, number_of, shown
from poseval.poses import Notice, Origin, PoseSet
from poseval.poses.frame_names import natural
from poseval.skeletons import match_names, skeleton_from_names

PAIR = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{0,30})?,-?[0-9]{1,15}(?:\.[0-9]{0,30})?")  # no exponents
OWNERS = ("task", "job", "project")
POINT = ("points.@label", "points.@outside", "points.@occluded", "points.@points")
KNOWN = Known(
    "version.#text",
    *(f"meta.{owner}.original_size.{side}.#text" for owner in OWNERS for side in ("width", "height")),
    *(f"meta.{owner}.labels.label.{key}.#text" for owner in OWNERS for key in ("name", "type", "parent")),
    *(f"image.@{key}" for key in ("id", "name", "width", "height", "subset", "task_id")),
    *(f"track.@{key}" for key in ("id", "label", "task_id")),
    *(f"{top}.{key}" for top in ("image", "track") for key in (*POINT, "skeleton.@label")),
    *(f"{top}.skeleton.{key}" for top in ("image", "track") for key in POINT),
    *(f"track.{shape}.@{key}" for shape in ("points", "skeleton") for key in ("frame", "outside")),
)


@dataclass
class Shape:
    """One skeleton or point list: frame row, category, track, and joint -> x, y, flag."""

    frame: int
    label: str
    track: int
    joints: dict[str, tuple[float, float, int]]


class Reader:
    """Collects frames and shapes of a document."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.faults = Faults()
        self.names: dict[str, int] = {}
        self.sizes: list[tuple[float, float]] = []
        self.shapes: list[Shape] = []
        self.other: Counter[str] = Counter()
        self.plain = 0
        self.found: dict[str, set[str]] = {}  # label -> joints of its shapes
        self.owner: list[str] = []  # task of each frame
        self.bare: list[bool] = []  # whether a frame has neither shape nor tag

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
            task = image.attributes.get("task_id", "")
            frame = self._frame(name, (size[0], size[1]) if size else (np.nan, np.nan), task)
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
        tracks = root.all("track")
        several = len({track.attributes.get("task_id", "") for track in tracks}) > 1
        for track in tracks:
            task = track.attributes.get("task_id", "")
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
                name = f"{task}/" * several + f"frame_{int(number):06d}"
                identity = track.attributes.get("id", "")
                row = self.names[name] if name in self.names else self._frame(name, size, task)
                self._shape(
                    shape, row, label, int(identity) if identity.isdecimal() and len(identity) < 10 else -1
                )

    def _frame(self, name: str, size: tuple[float, float], task: str) -> int:
        self.names[name] = len(self.names)
        self.sizes.append(size)
        self.owner.append(task)
        self.bare.append(True)
        return self.names[name]

    def _shape(self, shape: Node, frame: int, label: str, track: int) -> None:
        joints: dict[str, tuple[float, float, int]] = {}
        self.bare[frame] = False
        found = self.found.setdefault(label, set()) if shape.name in ("skeleton", "points") else set()
        if shape.name == "skeleton":
            for points in shape.all("points"):
                joint = points.attributes.get("label", "")
                if not joint:
                    place = f"{self.document.name}: line {points.line}"
                    self.faults.add("P206", where=place, what="has a joint without a name")
                    continue
                found.add(joint)
                if points.attributes.get("outside") != "1":
                    for x, y in self._points(points)[:1]:
                        joints[joint] = (x, y, 1 if points.attributes.get("occluded") == "1" else 2)
        elif shape.name == "points":
            flag = 1 if shape.attributes.get("occluded") == "1" else 2
            self.plain += 1
            for at, (x, y) in enumerate(self._points(shape)):
                joints[f"{label}-{at}"] = (x, y, flag)
                found.add(f"{label}-{at}")
        elif shape.name not in ("tag", "attribute"):
            self.other[shape.name] += 1
            return
        if shape.name in ("skeleton", "points"):
            self.shapes.append(Shape(frame, label, track, joints))

    def _points(self, node: Node) -> list[tuple[float, float]]:
        text = node.attributes.get("points", "")
        if PAIR.fullmatch(text):  # as nearly all are: the point of a joint
            x, y = text.split(",")
            return [(float(x), float(y))]
        out = []
        where = f"{self.document.name}: line {node.line}"
        for pair in text.split(";"):
            found = numbers_of(pair.split(","), where, self.faults)
            if found is not None and len(found) == 2:
                out.append((found[0], found[1]))
            elif found is not None:
                self.faults.add("P204", where=where, what=f"has a point {shown(pair, 30)!r}", wanted="x,y")
        return out

    def assembled(self, options: ReadOptions, root: Node) -> PoseSet:
        """The pose set of what was collected; `root` declares labels."""
        where = self.document.name
        labels, parts = declared(root)
        joints = self._joints(labels, parts) or ["point-0"]
        if len(joints) > options.limits.joints:
            raise FormatError(
                "P204",
                where=where,
                what=f"has {len(joints)} joints",
                wanted=f"at most {options.limits.joints}",
            )
        asked = options.skeleton
        unordered: list[Notice] = []
        if asked is not None and set(joints) <= set(asked.joints):
            skeleton = asked
        elif parts:
            skeleton = match_names(joints) or skeleton_from_names(joints)
        else:
            skeleton = skeleton_of_set(joints)
            by_truth = options.truth is not None and set(joints) <= set(options.truth.skeleton.joints)
            if not by_truth and not self.plain:
                unordered = in_order_of_names(where, skeleton, joints)
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
        kinds = {label: at for at, label in enumerate(_in_order(self.found, labels), 1)}
        columns = {
            "xy": xy,
            "seen": seen,
            "track": np.asarray([shape.track for shape in self.shapes], dtype=np.int64),
            "category": np.asarray([kinds[shape.label] for shape in self.shapes], dtype=np.int64),
        }
        labelled = self._labelled()
        notices = (*unordered, *self._notices(labelled))
        origin = Origin(self.document.path, self.document.sha256, "cvat", len(self.shapes), notices)
        size = np.asarray(self.sizes, dtype=np.float64).reshape(-1, 2)
        frames = frames_of(list(self.names), options.limits, where, size, labelled=labelled)
        row_of = np.asarray([shape.frame for shape in self.shapes], dtype=np.int64)
        categories = {number: label for label, number in kinds.items()} or None
        return pose_set(skeleton, frames, row_of, columns, origin, options.limits, categories)

    def _joints(self, labels: Sequence[str], parts: dict[str, list[str]]) -> list[str]:
        """All joints: those that a label declares, in that order, then what its shapes have besides."""
        out: dict[str, None] = {}
        used = _in_order(self.found, labels) if self.found else [label for label in labels if label in parts]
        for label in used:
            out.update(dict.fromkeys(_in_order(self.found.get(label, ()), parts.get(label, ()), whole=True)))
        return list(out)

    def _labelled(self) -> list[bool]:
        """Whether each frame belongs to a task of which anything was annotated."""
        touched = {task for task, bare in zip(self.owner, self.bare, strict=True) if not bare}
        return [task in touched for task in self.owner]

    def _notices(self, labelled: Sequence[bool]) -> list[Notice]:
        where = self.document.name
        notices = []
        if self.plain:
            lists = number_of(self.plain, "plain list of points", "plain lists of points")
            text = f"{where}: {lists}, which were read as joints by their order"
            notices.append(Notice("N508", text, self.plain))
        for kind, count in self.other.items():
            if count:
                notices.append(
                    Notice(
                        "N509",
                        f"{where}: not read: {number_of(count, 'shape')} of kind {shown(kind, 40)} "
                        "without joints",
                        count,
                    )
                )
        empty = sum(bare and done for bare, done in zip(self.bare, labelled, strict=True))
        if empty:
            text = (
                f"{where}: {empty} of {len(self.bare)} images have no shape and are taken as images without "
                "people; the file does not say whether anybody looked at them"
            )
            notices.append(Notice("N942", text, empty))
        return notices


def declared(root: Node) -> tuple[list[str], dict[str, list[str]]]:
    """Labels in the order of `<meta>`, and the joints of those that are skeletons."""
    labels: list[str] = []
    parts: dict[str, list[str]] = {}
    meta = root.first("meta")
    for owner in meta.children if meta else ():
        listed = owner.first("labels")
        for label in listed.children if listed else ():
            texts = {child.name: child.text for child in label.children}
            if texts.get("parent"):
                parts.setdefault(texts["parent"], []).append(texts.get("name", ""))
            else:
                labels.append(texts.get("name", ""))
    return labels, parts


def _in_order(found: Iterable[str], first: Sequence[str], whole: bool = False) -> list[str]:
    """What was found, in the order of `first` (all of it if `whole`), then the others by name."""
    names = set(found)
    listed = [name for name in dict.fromkeys(first) if whole or name in names]
    return [*listed, *sorted(names.difference(listed), key=natural)]
