"""Whether a JSON document has the shape of a COCO file, and what else it may be."""

from __future__ import annotations

from poseval.datasets.coco.result_lists import ANNOTATIONS, any_has
from poseval.datasets.files.document import Document
from poseval.errors import FormatError
from poseval.kernels.json_outline import Outline


def is_image_list(document: Document) -> bool:
    """Whether it lists images without annotations, as the files of test sets do."""
    keys = document.outline.by_key()
    if ANNOTATIONS in keys or any("image_id" in entry.first_kinds() for entry in keys.values()):
        return False
    return _lists_images(document.outline)


def _lists_images(outline: Outline) -> bool:
    images = outline.by_key().get("images")
    if outline.kind != "object" or images is None or images.kind != "array" or not images.items:
        return False
    return {"id", "file_name"} <= images.first_kinds().keys() and ANNOTATIONS not in images.first_kinds()


def is_list_of_annotations(document: Document) -> bool:
    """Whether it is the list of annotations of a ground truth, without the object around it."""
    outline = document.outline
    if outline.kind != "array" or not {"id", "image_id", "keypoints"} <= outline.by_key().keys():
        return False
    return bool({"area", "iscrowd"} & outline.by_key().keys()) and not any_has(document, "", "score")


def near_miss(document: Document) -> tuple[str, str] | None:
    """What a COCO-like file without keypoints may be instead, and what to do."""
    outline = document.outline
    keys = outline.by_key()
    if is_list_of_annotations(document):
        return "COCO's list of annotations without its images", "give the whole file, with the list of images"
    if outline.kind != "object" or "images" not in keys:
        return None
    annotations = keys.get(ANNOTATIONS)
    if annotations is not None and annotations.kind == "array" and annotations.items:
        if any_has(document, ANNOTATIONS, "keypoints"):
            return None
        return (
            "a COCO file with boxes or masks and without keypoints",
            (
                "give the file with keypoints: person_keypoints_*.json next to instances_*.json, or an "
                "export as COCO keypoints"
            ),
        )
    if ANNOTATIONS in keys["images"].first_kinds():
        return "OCHuman's own JSON", "give ochuman_coco_format_*.json, which its makers publish with it"
    return None


def check_truth(document: Document) -> None:
    """Refuse what is not COCO ground truth (P201), with a guess, and keys that occur twice (P205)."""
    outline = document.outline
    keys = outline.by_key()
    needed = ("images", "annotations")
    if is_image_list(document):
        return
    if outline.kind != "object" or any(key not in keys or keys[key].kind != "array" for key in needed):
        hint = None
        if outline.kind == "array" and "score" in keys:
            hint = "this looks like predictions. Are the two files exchanged?"
        else:
            missed = near_miss(document)
            hint = None if missed is None else f"this looks like {missed[0]}: {missed[1]}"
        raise FormatError(
            "P201",
            where=document.name,
            what="is not COCO ground truth",
            wanted='an object with the lists "images" and "annotations"',
            hint=hint,
        )
    for key in outline.repeated():
        if key in (*needed, "categories"):
            raise FormatError("P205", where=f"{document.name}: {key}", what="occurs twice in the file")
    first = keys["annotations"].first_kinds()
    if "score" in first and "id" not in first:
        raise FormatError(
            "P201",
            where=f"{document.name}: annotations",
            what="have scores and no ids",
            wanted="ground truth",
            hint="this looks like predictions. Are the two files exchanged?",
        )
