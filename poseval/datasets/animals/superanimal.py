"""DeepLabCut's SuperAnimal predictions as JSON (`<video>_..._before_adapt.json`): a list of frames.

Each frame has `bodyparts`, a list of individuals, each a list of [x, y, confidence], `bboxes` (x, y, width,
height) and `bbox_scores`. Source: DeepLabCut 3's `modelzoo/video_inference.py` and its PyTorch runners.
Joints have no names there: give the skeleton, or a ground truth of as many joints. A joint of confidence
below 0, or one that is NaN, is not there; an individual without any joint is left out.
"""

from __future__ import annotations

from typing import Any, ClassVar

from poseval.datasets.containers.unread import Known
from poseval.datasets.files.document import Document
from poseval.datasets.gathering import Found, Gathering, Joints, Point, items_of, number_of
from poseval.datasets.tools.per_frame import PerFrame, box_of
from poseval.kernels.json_outline import Outline

KNOWN = Known("[].bodyparts", "[].bboxes", "[].bbox_scores", "bodyparts", "bboxes", "bbox_scores")


class SuperAnimal(PerFrame):
    """Frames of individuals."""

    name: ClassVar[str] = "superanimal"
    title: ClassVar[str] = "DeepLabCut SuperAnimal JSON: frames of individuals"

    def fits(self, outline: Outline, document: Document) -> float:
        """`bodyparts` in the first frame."""
        keys = outline.by_key()
        fits = outline.kind == "array" and "bodyparts" in keys and keys["bodyparts"].kind == "array"
        return 0.9 if fits else 0.0

    def gather(self, document: Document, into: Gathering, name: str) -> Joints:
        """The individuals of each frame that have a joint."""
        for at, node in items_of(document, KNOWN):
            where = f"{document.name}: [{at}]"
            frame = into.frame(at)
            listed = node.get("bodyparts") if isinstance(node, dict) else None
            if not isinstance(listed, list):
                into.faults.add("P206", where=where, what="has no bodyparts", wanted="a list of individuals")
                continue
            boxes, scores = (_list(node.get(key)) for key in ("bboxes", "bbox_scores"))
            for who, individual in enumerate(listed):
                points = _points(individual, into, f"{where}.bodyparts[{who}]")
                if points is None or all(point is None for point in points):
                    continue
                person = Found(frame, points=points)
                person.box = box_of(boxes[who], corners=False) if who < len(boxes) else None
                given = number_of(scores[who]) if who < len(scores) else None
                person.score = float("nan") if given is None else given
                into.people.append(person)
        return Joints()


def _list(node: Any) -> list[Any]:
    return node if isinstance(node, list) else []


def _points(node: Any, into: Gathering, where: str) -> list[Point | None] | None:
    if not isinstance(node, list) or not node:
        into.faults.add(
            "P203", where=where, what="is not a list of joints", wanted="[x, y, confidence] of each"
        )
        return None
    out: list[Point | None] = []
    for at, point in enumerate(node):
        values = point if isinstance(point, list) else []
        if any(isinstance(value, float) and value != value for value in values):
            out.append(None)
            continue
        found = into.point(values, f"{where}[{at}]")
        out.append(None if found is None or found[2] < 0 else found)
    return out
