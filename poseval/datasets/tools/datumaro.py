"""Datumaro's own JSON: items with annotations, and the labels that they refer to.

Source: Datumaro's documentation of its format: `categories.label.labels` names the labels by their place,
`categories.points.items` the joints of each skeleton's label in their order; an item has `id`, `media` or
`image` (path, size as height and width) and `annotations`. One of the type `skeleton` has `points`
(x, y, visibility a joint) or `elements` with a label each, one of the type `points` has x and y, and
`visibility` beside them. A `bbox` of the same `group` is the person's box.
"""

from __future__ import annotations

from typing import Any, ClassVar

from poseval.datasets.containers.unread import Known
from poseval.datasets.files.document import Document
from poseval.datasets.files.source import Source
from poseval.datasets.gathering import Box, Found, Gathering, Joints, Point, number_of, tree_of
from poseval.datasets.tools.labels import Labels
from poseval.errors import FormatError, shown

LABELS = Known(
    "categories.label.labels[].name", *(f"categories.points.items[].{key}" for key in ("label_id", "labels"))
)
ONE = ("type", "label_id", "group", "bbox", "points", "visibility")
KNOWN = Known(
    *LABELS.paths,
    "items[].id",
    *(f"items[].{media}.{key}" for media in ("image", "media") for key in ("path", "size")),
    *(f"items[].annotations[].{key}" for key in ONE),
    *(f"items[].annotations[].elements[].{key}" for key in ONE),
)


class Datumaro(Labels):
    """Skeletons and point lists."""

    name: ClassVar[str] = "datumaro"
    title: ClassVar[str] = "Datumaro JSON: skeletons and points"
    top: ClassVar[frozenset[str]] = frozenset({"categories", "items"})

    def sniff(self, source: Source, role: Any) -> float:
        """A file, never a folder."""
        return 0.0 if source.is_folder else super().sniff(source, role)

    def joints(self, source: Source, documents: list[Document]) -> Joints:
        """The joints of the one label that declares them.

        Raises:
            FormatError: P270 labels of several skeletons, or of none.
        """
        labels, listed = _categories(documents[0])
        orders = list(dict.fromkeys(tuple(names) for names in listed.values()))
        if len(orders) != 1 or not orders[0]:
            raise FormatError(
                "P270",
                where=documents[0].name,
                what=f"declares {len(orders)} skeletons, of {len(labels)} labels",
                wanted="exactly one skeleton, in categories.points",
            )
        return Joints(declared=orders[0])

    def gather(self, document: Document, into: Gathering, joints: Joints) -> None:
        """The people of all items."""
        labels, _ = _categories(document)
        node = tree_of(document, dict, "object", KNOWN)
        items = node.get("items")
        for at, item in enumerate(items if isinstance(items, list) else [None]):
            where = f"{document.name}: items[{at}]"
            listed = item.get("annotations") if isinstance(item, dict) else None
            if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
                into.faults.add("P206", where=where, what="has no annotations", wanted="a list of objects")
                continue
            name, size = _image(item)
            frame = into.frame(name, size)
            groups = [_group(one, into, f"{where}.annotations[{at}]") for at, one in enumerate(listed)]
            boxes = {
                group: one for group, one in zip(groups, listed, strict=True) if one.get("type") == "bbox"
            }
            for number, one in enumerate(listed):
                place = f"{where}.annotations[{number}]"
                if one.get("type") in ("skeleton", "points"):
                    box = _box(boxes.get(groups[number], {}).get("bbox")) if groups[number] else None
                    self._person(one, frame, labels, joints, box, into, place)
                elif one.get("type") != "bbox":
                    into.other(f"annotations of type {shown(one.get('type'), 20)}")

    def _person(
        self,
        one: dict[str, Any],
        frame: int,
        labels: list[str],
        joints: Joints,
        box: Box | None,
        into: Gathering,
        where: str,
    ) -> None:
        label = one.get("label_id")
        person = Found(
            frame,
            box=box,
            category=labels[label] if type(label) is int and 0 <= label < len(labels) else "person",
        )
        if isinstance(one.get("elements"), list):
            for at, part in enumerate(one["elements"]):
                self._element(part, person, labels, into, f"{where}.elements[{at}]")
            into.people.append(person)
            return
        points = _points(one, into, f"{where}.points")
        if points is None:
            return
        if len(points) != len(joints.declared):
            into.faults.add(
                "P204",
                where=where,
                what=f"has {len(points)} points",
                wanted=f"{len(joints.declared)}, as declared",
            )
            return
        for name, point in zip(joints.declared, points, strict=True):
            if point is not None and point[2] > 0:
                person.joints[name] = point
        into.people.append(person)

    def _element(self, part: Any, person: Found, labels: list[str], into: Gathering, where: str) -> None:
        label = part.get("label_id") if isinstance(part, dict) else None
        points = _points(part, into, where) if isinstance(part, dict) else None
        if type(label) is not int or not 0 <= label < len(labels) or not points:
            into.faults.add("P206", where=where, what="has no label or no point")
            return
        if points[0] is not None and points[0][2] > 0:
            person.joints[labels[label]] = points[0]


def _points(node: dict[str, Any], into: Gathering, where: str) -> list[Point | None] | None:
    """Threes of a skeleton, or twos with the flags beside them: 0 absent, 1 hidden, 2 visible."""
    flat, flags = node.get("points"), node.get("visibility")
    if not isinstance(flags, list) and node.get("type") == "skeleton":
        return into.triples(flat, where)
    if not isinstance(flat, list) or len(flat) % 2:
        into.faults.add("P204", where=where, what="is not a list of x and y")
        return None
    given = flags if isinstance(flags, list) and len(flags) * 2 == len(flat) else [2] * (len(flat) // 2)
    return [into.point([*flat[2 * at : 2 * at + 2], flag], f"{where}[{at}]") for at, flag in enumerate(given)]


def _categories(document: Document) -> tuple[list[str], dict[int, list[str]]]:
    """Names of the labels, and the joints of each label that has some."""
    entry = document.outline.by_key().get("categories")
    node = None if entry is None else document.tree(entry.start, entry.end, LABELS, "categories")
    label, points = ((node.get(key) if isinstance(node, dict) else None) for key in ("label", "points"))
    listed = label.get("labels") if isinstance(label, dict) else None
    items = points.get("items") if isinstance(points, dict) else None
    names = (
        [str(one.get("name", "")) if isinstance(one, dict) else "" for one in listed or []] if listed else []
    )
    joints: dict[int, list[str]] = {}
    for one in items if isinstance(items, list) else []:
        if isinstance(one, dict) and type(one.get("label_id")) is int and isinstance(one.get("labels"), list):
            joints[one["label_id"]] = [str(name) for name in one["labels"]]
    return names, joints


def _image(item: dict[str, Any]) -> tuple[str, tuple[Any, Any]]:
    """The image's path, and its width and height."""
    media: dict[str, Any] = next(
        (item[key] for key in ("image", "media") if isinstance(item.get(key), dict)), {}
    )
    size = media.get("size")
    height, width = size if isinstance(size, list) and len(size) == 2 else (None, None)
    name = media.get("path") if isinstance(media.get("path"), str) and media["path"] else item.get("id")
    return str(name), (width, height)


def _group(one: dict[str, Any], into: Gathering, where: str) -> int:
    """The number of the group that joins a skeleton and its box; 0 for none."""
    group = one.get("group")
    if group is None or type(group) is int:
        return group or 0
    into.faults.add("P203", where=f"{where}.group", what=f"is {shown(group, 30)}", wanted="a whole number")
    return 0


def _box(node: Any) -> Box | None:
    numbers = [number_of(value) for value in node] if isinstance(node, list) else []
    if len(numbers) != 4 or any(number is None for number in numbers):
        return None
    x, y, w, h = (float(number or 0) for number in numbers)
    return x, y, x + w, y + h
