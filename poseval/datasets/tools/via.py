"""VGG Image Annotator 2: the csv of regions, its JSON of regions, and its project.

Source: VIA 2's `via.js`: the csv has the columns `filename`, `region_shape_attributes` and
`region_attributes`, JSON in each; the JSON has `filename` and `regions` with `shape_attributes` and
`region_attributes`, under `_via_img_metadata` in a project. A joint is a region of the shape `point` (`cx`,
`cy`). Its attributes are the user's own: one of `JOINT` names the joint, else the only one there is; one of
`PERSON` tells people apart, and without it an image holds one person. VIA keeps no sizes of images.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from poseval.datasets.containers.text_table import text_of
from poseval.datasets.containers.unread import Known, add
from poseval.datasets.files.document import Document
from poseval.datasets.files.source import Source
from poseval.datasets.gathering import Found, Gathering, Joints, items_of
from poseval.datasets.tools.labels import Labels
from poseval.errors import FormatError, shown
from poseval.files.reading import parse_tree
from poseval.files.table import table_of

JOINT = ("keypoint", "joint", "label", "name", "part", "landmark", "type", "class")
PERSON = ("person", "person_id", "instance", "instance_id", "object", "object_id", "group", "group_id", "id")
HEADER = (
    b"filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes"
)
REGION = ("region_attributes", *(f"shape_attributes.{key}" for key in ("name", "cx", "cy")))
KNOWN = Known(
    *(f"{image}filename" for image in ("", "*.")),
    *(f"{image}regions{items}.{key}" for image in ("", "*.") for items in ("[]", ".*") for key in REGION),
)
PROJECT = "_via_img_metadata"
Region = tuple[str, Any, Any]  # of an image: where it stands, its shape and its attributes


class Via(Labels):
    """Point regions, called by the attribute that names the joint."""

    name: ClassVar[str] = "via"
    title: ClassVar[str] = "VGG Image Annotator 2: regions as csv, JSON or project"

    def fits(self, document: Document) -> float:
        """The header of the csv, or regions of images."""
        if not document.is_json:
            head = (
                document.head.removeprefix(b"\xef\xbb\xbf").lstrip(b"#").replace(b" ", b"").replace(b'"', b"")
            )
            return 0.95 if head.startswith(HEADER) else 0.0
        if document.outline.kind != "object":
            return 0.0
        keys = document.outline.by_key()
        if PROJECT in keys:
            return 0.9
        head = document.data[: 1 << 12]
        return 0.9 if b'"shape_attributes"' in head and b'"regions"' in head else 0.0

    def sniff(self, source: Source, role: Any) -> float:
        """A file, never a folder."""
        return 0.0 if source.is_folder else super().sniff(source, role)

    def gather(self, document: Document, into: Gathering, joints: Joints) -> None:
        """The regions of all images."""
        found = list(_from_json(document, into) if document.is_json else _from_csv(document, into))
        used = {key for _, (_, _, attributes) in found if isinstance(attributes, dict) for key in attributes}
        joint = next((key for key in JOINT if key in used), None)
        rest = sorted(used - set(PERSON))
        joint = joint or (rest[0] if len(rest) == 1 else None)
        if joint is None and found:
            into.faults.add(
                "P206",
                where=document.name,
                what=f"has no attribute that names joints, only {', '.join(map(shown, rest[:5])) or 'none'}",
                wanted=f"one of {', '.join(JOINT)}",
                hint="rename the region attribute in VIA to `keypoint`",
            )
            return
        owner = next((key for key in PERSON if key in used and key != joint), None)
        people: dict[tuple[int, str], Found] = {}
        for frame, (where, shape, attributes) in found:
            if not isinstance(shape, dict) or shape.get("name") != "point":
                into.other("regions that are not points")
                continue
            attributes = attributes if isinstance(attributes, dict) else {}
            for key in attributes.keys() - {joint, owner}:
                add(document.unread, f"regions[].region_attributes.{key}")
            label = str(attributes.get(joint, ""))
            point = into.point([shape.get("cx"), shape.get("cy")], where)
            person = people.setdefault((frame, str(attributes.get(owner, ""))), Found(frame))
            if not label or label in person.joints:
                into.faults.add(
                    "P205" if label else "P206",
                    where=where,
                    what=f"labels {shown(label, 30)!r} a second time" if label else "has no joint",
                    wanted="one of each joint for a person",
                    hint="give each person an attribute of its own, `person`",
                )
            elif point is not None:
                person.joints[label] = (point[0], point[1], 2.0)
        into.people += people.values()


def _from_json(document: Document, into: Gathering) -> Iterator[tuple[int, Region]]:
    keys = document.outline.by_key()
    if PROJECT in keys:
        node = document.tree(keys[PROJECT].start, keys[PROJECT].end, KNOWN)
        images = list(node.items()) if isinstance(node, dict) else []
    else:
        images = list(items_of(document, KNOWN))
    for key, image in images:
        where = f"{document.name}: {shown(key, 60)}"
        regions = image.get("regions") if isinstance(image, dict) else None
        if isinstance(regions, dict):  # VIA 1
            regions = list(regions.values())
        if not isinstance(regions, list) or not isinstance(image.get("filename"), str):
            into.faults.add("P206", where=where, what="has no filename or no regions", wanted="VIA's images")
            continue
        frame = into.frame(image["filename"])
        for at, region in enumerate(regions):
            node = region if isinstance(region, dict) else {}
            yield frame, (f"{where}[{at}]", node.get("shape_attributes"), node.get("region_attributes"))


def _from_csv(document: Document, into: Gathering) -> Iterator[tuple[int, Region]]:
    text = text_of(document).lstrip("#")
    if not text.startswith("filename") and not text.startswith('"filename'):
        code, what = ("P270", "has no header of VIA's") if text.strip() else ("P200", "is empty")
        raise FormatError(code, where=document.name, what=what, wanted=HEADER.decode())

    def refusal(why: str) -> FormatError:
        return FormatError("P270", where=document.name, what=f"cannot be read as csv ({shown(why)})")

    for number, row in table_of(text, refusal, blanks=False).rows:
        where = f"{document.name}: line {number}"
        name = row.get("filename")
        if not name:
            into.faults.add("P206", where=where, what="has no filename")
            continue
        frame = into.frame(name)
        if row.get("region_count") == "0":
            continue
        try:
            parts = [
                parse_tree(row.get(key, "").encode())
                for key in ("region_shape_attributes", "region_attributes")
            ]
        except (ValueError, RecursionError):
            into.faults.add(
                "P203", where=where, what="has attributes that are not JSON", wanted="VIA's regions"
            )
            continue
        yield frame, (where, parts[0], parts[1])
