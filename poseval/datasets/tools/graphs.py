"""Graphs of labelled nodes: Supervisely's project and V7 Darwin's JSON.

Supervisely: `meta.json` declares classes of the shape `graph`, whose `geometry_config.nodes` name the
joints by id, in order; `<dataset>/ann/<image>.json` has `size` and `objects` with `nodes` of `loc` [x, y]
by those ids; a node that is `disabled`, which is not drawn, is read as hidden (Supervisely exports it to
COCO as visible). Source: Supervisely's documentation of its annotation format. Darwin 2.0: one file an
image with `item` (name, path, size in its slot) and `annotations`; one with `skeleton` has `nodes` of
`name`, `x`, `y` and `occluded`, and `bounding_box` beside it where the box was drawn. Source: V7's
documentation of Darwin JSON 2.0. Annotations of videos (`frames`) are counted and not read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from poseval.datasets.containers.unread import Known
from poseval.datasets.files.document import Document
from poseval.datasets.files.source import Source
from poseval.datasets.gathering import Box, Found, Gathering, Joints, number_of, tree_of
from poseval.datasets.tools.labels import Labels, image_name
from poseval.errors import FormatError, shown

META = "meta.json"
SUPERVISELY = Known(
    *(f"size.{side}" for side in ("width", "height")),
    "objects[].classTitle",
    "objects[].geometryType",
    *(f"objects[].nodes.*.{key}" for key in ("loc", "disabled")),
)
CLASSES = Known("classes[].geometry_config.nodes.*.label")
DARWIN = Known(
    *(f"item.{key}" for key in ("name", "path", "slots[].width", "slots[].height")),
    "annotations[].name",
    *(f"annotations[].bounding_box.{key}" for key in "xywh"),
    *(f"annotations[].skeleton.nodes[].{key}" for key in ("name", "x", "y", "occluded")),
)


class Supervisely(Labels):
    """A project folder: `meta.json`, and one file per image."""

    name: ClassVar[str] = "supervisely"
    title: ClassVar[str] = "Supervisely project: graphs, one file per image beside meta.json"
    top: ClassVar[frozenset[str]] = frozenset({"objects", "size"})

    def sniff(self, source: Source, role: Any) -> float:
        """Recognised by `meta.json` in a folder."""
        if not source.is_folder or not any(path.name == META for path in source.files):
            return 0.0
        return super().sniff(source, role)

    def joints(self, source: Source, documents: list[Document]) -> Joints:
        """The nodes of all graph classes of `meta.json`, in their order.

        Raises:
            FormatError: P270 where it declares none.
        """
        nodes = _nodes(documents)
        if not nodes:
            raise FormatError(
                "P270",
                where=shown(source.path),
                what="declares no graph of joints",
                wanted=f"the project's folder, with the nodes of a graph in its {META}",
            )
        return Joints(declared=list(dict.fromkeys(nodes.values())), ids=nodes)

    def gather(self, document: Document, into: Gathering, joints: Joints) -> None:
        """The graphs of one image."""
        node = tree_of(document, dict, "object", SUPERVISELY)
        size = node.get("size") if isinstance(node.get("size"), dict) else {}
        path = Path(document.path)
        folder = path.parent.parent.name if path.parent.name == "ann" else ""
        name = image_name(None, path.name)
        frame = into.frame(f"{folder}/{name}" if folder else name, (size.get("width"), size.get("height")))
        for at, thing in enumerate(node.get("objects") if isinstance(node.get("objects"), list) else []):
            where = f"{document.name}: objects[{at}]"
            nodes = thing.get("nodes") if isinstance(thing, dict) else None
            if not isinstance(nodes, dict):
                kind = thing.get("geometryType") if isinstance(thing, dict) else None
                into.other(f"objects of type {shown(kind, 20)}")
                continue
            person = Found(frame, category=str(thing.get("classTitle") or "person"))
            for key, one in nodes.items():
                loc = one.get("loc") if isinstance(one, dict) else None
                point = into.point(loc if isinstance(loc, list) else [], f"{where}.nodes.{shown(key, 40)}")
                if key not in joints.ids:
                    into.faults.add(
                        "P311",
                        where=where,
                        what=f"refers to the node {shown(key, 40)}",
                        wanted=f"a node of {META}",
                    )
                elif point is not None:
                    person.joints[joints.ids[key]] = (
                        point[0],
                        point[1],
                        1.0 if one.get("disabled") is True else 2.0,
                    )
            into.people.append(person)


def _nodes(documents: list[Document]) -> dict[str, str]:
    """Joint names by node id, in the order of the file."""
    out: dict[str, str] = {}
    for document in documents:
        if Path(document.path).name != META:
            continue
        classes = tree_of(document, dict, "object", CLASSES).get("classes")
        for one in classes if isinstance(classes, list) else []:
            config = one.get("geometry_config") if isinstance(one, dict) else None
            nodes = config.get("nodes") if isinstance(config, dict) else None
            for key, node in (nodes if isinstance(nodes, dict) else {}).items():
                out[key] = str(node.get("label", key)) if isinstance(node, dict) else key
    return out


class Darwin(Labels):
    """Skeleton annotations of images."""

    name: ClassVar[str] = "darwin"
    title: ClassVar[str] = "V7 Darwin JSON 2.0: skeletons, one file per image"
    top: ClassVar[frozenset[str]] = frozenset({"item", "annotations"})

    def gather(self, document: Document, into: Gathering, joints: Joints) -> None:
        """The skeletons of one image."""
        node = tree_of(document, dict, "object", DARWIN)
        item = node.get("item") if isinstance(node.get("item"), dict) else {}
        slots = item.get("slots")
        slot = slots[0] if isinstance(slots, list) and slots and isinstance(slots[0], dict) else {}
        folder = str(item.get("path") or "").strip("/")
        name = image_name(item.get("name"), document.path)
        frame = into.frame(f"{folder}/{name}" if folder else name, (slot.get("width"), slot.get("height")))
        listed = node.get("annotations")
        if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
            into.faults.add("P203", where=f"{document.name}: annotations", what="is not a list of objects")
            return
        for at, one in enumerate(listed):
            where = f"{document.name}: annotations[{at}]"
            skeleton = one.get("skeleton")
            nodes = skeleton.get("nodes") if isinstance(skeleton, dict) else None
            if not isinstance(nodes, list):
                into.other("annotations of videos" if "frames" in one else "annotations without a skeleton")
                continue
            person = Found(
                frame, box=_box(one.get("bounding_box")), category=str(one.get("name") or "person")
            )
            for number, point in enumerate(nodes):
                place = f"{where}.skeleton.nodes[{number}]"
                if not isinstance(point, dict) or not isinstance(point.get("name"), str):
                    into.faults.add("P206", where=place, what="has no name", wanted="name, x and y")
                    continue
                found = into.point([point.get("x"), point.get("y")], place)
                if found is not None:
                    flag = 1.0 if point.get("occluded") is True else 2.0
                    person.joints[point["name"]] = (found[0], found[1], flag)
            into.people.append(person)


def _box(node: Any) -> Box | None:
    if not isinstance(node, dict):
        return None
    x, y, w, h = (number_of(node.get(key)) for key in ("x", "y", "w", "h"))
    return None if x is None or y is None or w is None or h is None else (x, y, x + w, y + h)
