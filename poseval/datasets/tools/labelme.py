"""LabelMe (and AnyLabeling, X-AnyLabeling, which write the same): one JSON file per image.

Source: LabelMe's `labelme/label_file.py`: `shapes` with `label`, `points`, `group_id` and `shape_type`,
`imagePath`, `imageWidth`, `imageHeight`. A joint is a shape of type `point`, called by its label; the
points of a person share a `group_id`, and a rectangle of the same group is the person's box. Without group
ids an image holds one person. A point whose flags or attributes say `occluded` is hidden.
"""

from __future__ import annotations

from typing import Any, ClassVar

from poseval.datasets.containers.unread import Known
from poseval.datasets.files.document import Document
from poseval.datasets.gathering import Found, Gathering, Joints
from poseval.datasets.tools.labels import Labels, image_name
from poseval.errors import shown

HIDDEN = ("occluded", "hidden", "invisible")
MARKS = tuple(f"{key}.{word}" for key in ("flags", "attributes") for word in HIDDEN)
SHAPE = ("label", "points", "group_id", "shape_type", *MARKS)
KNOWN = Known(*(f"shapes[].{key}" for key in SHAPE))


class LabelMe(Labels):
    """Point shapes in groups."""

    name: ClassVar[str] = "labelme"
    title: ClassVar[str] = "LabelMe JSON: points in groups, one file per image"
    top: ClassVar[frozenset[str]] = frozenset({"shapes", "imagePath"})
    lists_all: ClassVar[bool] = False  # a file is written by whoever saves it

    def gather(self, document: Document, into: Gathering, joints: Joints) -> None:
        """The groups of one image."""
        entries = document.outline.by_key()  # the image itself may stand in the file: it is not built
        node = {
            key: document.tree(entry.start, entry.end, KNOWN, key)
            for key, entry in entries.items()
            if key in ("shapes", "imagePath", "imageWidth", "imageHeight")
        }
        if not isinstance(node.get("shapes"), list):
            into.faults.add(
                "P206", where=document.name, what="has no list of shapes", wanted="LabelMe's shapes"
            )
            return
        name = image_name(node.get("imagePath"), document.path)
        frame = into.frame(name, (node.get("imageWidth"), node.get("imageHeight")))
        groups: dict[str, Found] = {}
        for at, shape in enumerate(node["shapes"]):
            where = f"{document.name}: shapes[{at}]"
            if not isinstance(shape, dict) or not isinstance(shape.get("points"), list):
                into.faults.add(
                    "P203", where=where, what="is not a shape with points", wanted="an object with `points`"
                )
                continue
            self._shape(shape, frame, groups, into, where)
        into.people += [person for person in groups.values() if person.joints]
        into.other("boxes without points", sum(not person.joints for person in groups.values()))

    def _shape(
        self, shape: dict[str, Any], frame: int, groups: dict[str, Found], into: Gathering, where: str
    ) -> None:
        kind, label = shape.get("shape_type", "polygon"), str(shape.get("label", ""))
        points = [
            into.point(point if isinstance(point, list) else [], f"{where}.points")
            for point in shape["points"]
        ]
        if kind not in ("point", "rectangle") or not points or None in points:
            if kind not in ("point", "rectangle"):
                into.other(f"shapes of type {shown(kind, 20)}")
            return
        group = groups.setdefault(str(shape.get("group_id")), Found(frame))
        if kind == "rectangle":
            xs, ys = [point[0] for point in points if point], [point[1] for point in points if point]
            group.box = (min(xs), min(ys), max(xs), max(ys))
            group.category = label or group.category
            return
        if label in group.joints:
            into.faults.add(
                "P205",
                where=where,
                what=f"labels {shown(label, 30)!r} a second time",
                wanted="one of each joint in a group",
                hint="give the points of each person a group id of their own",
            )
            return
        hidden = any(_says(shape.get(key), word) for key in ("flags", "attributes") for word in HIDDEN)
        for point in points[:1]:
            if point is not None:
                group.joints[label] = (point[0], point[1], 1.0 if hidden else 2.0)


def _says(node: Any, word: str) -> bool:
    return isinstance(node, dict) and node.get(word) is True
