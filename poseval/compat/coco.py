"""COCO: the annotation index that scripts written for pycocotools expect.

The keypoint part of `pycocotools.coco.COCO`: the same names, arguments and answers, on dictionaries as the
file holds them. Masks, images and downloads are left to pycocotools.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from copy import deepcopy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from poseval.datasets.files.document import Document
from poseval.errors import FormatError, MismatchError, ValueRangeError, number_of, shown

Record = dict[str, Any]


def _listed(value: Any) -> list[Any]:
    """What a caller may give for several ids: a list, an array, a set, or one id."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        return [value]
    return list(value)


class COCO:
    """Annotations indexed by image and category.

    `verbose=False` keeps it quiet; pycocotools has no such option. Files may be gzip-compressed.

    Raises:
        UsageError: P114 no such file.
        FormatError: P210 not JSON, P202 not an object of lists, P206 a record without its ids.
        ValueRangeError: P305 two annotations share an id, which pycocotools would score twice (quirk C20).
        LimitError: P501 too large, P502 nested too deep.
    """

    def __init__(
        self, annotation_file: str | os.PathLike[str] | None = None, *, verbose: bool = True
    ) -> None:
        self.verbose = verbose
        self.dataset: Record = {}
        self.anns: dict[Any, Record] = {}
        self.cats: dict[Any, Record] = {}
        self.imgs: dict[Any, Record] = {}
        self.imgToAnns: defaultdict[Any, list[Record]] = defaultdict(list)
        self.catToImgs: defaultdict[Any, list[Any]] = defaultdict(list)
        if annotation_file is not None:
            self._say("loading annotations into memory...")
            started = time.time()
            found = _read(annotation_file)
            if not isinstance(found, dict):
                raise FormatError(
                    "P203",
                    where=shown(annotation_file),
                    what=f"holds a {type(found).__name__}",
                    wanted="an object with images, annotations and categories",
                    hint="this looks like results; give them to loadRes" if isinstance(found, list) else None,
                )
            self._say(f"Done (t={time.time() - started:0.2f}s)")
            self.dataset = found
            self.createIndex()

    def _say(self, text: str) -> None:
        if self.verbose:
            sys.stdout.write(text + "\n")

    def createIndex(self) -> None:
        """Index `dataset`; call it again after changing the dataset by hand."""
        self._say("creating index...")
        annotations = self._records("annotations")
        self.imgs = {image["id"]: image for image in self._records("images")}
        self.cats = {category["id"]: category for category in self._records("categories")}
        self.anns = {}
        self.imgToAnns, self.catToImgs = defaultdict(list), defaultdict(list)
        for index, annotation in enumerate(annotations):
            for key in ("id", "image_id", "category_id"):
                if key not in annotation:
                    raise FormatError("P206", where=f"annotations[{index}].{key}", what="is missing")
            if annotation["id"] in self.anns:
                raise ValueRangeError(
                    "P305",
                    where=f"annotations[{index}].id",
                    what=f"{shown(annotation['id'])} occurs twice",
                    wanted="one annotation per id",
                )
            self.anns[annotation["id"]] = annotation
            self.imgToAnns[annotation["image_id"]].append(annotation)
            if "categories" in self.dataset:
                self.catToImgs[annotation["category_id"]].append(annotation["image_id"])
        self._say("index created!")

    def _records(self, key: str) -> list[Record]:
        found = self.dataset.get(key, [])
        if not isinstance(found, list) or not all(isinstance(record, dict) for record in found):
            raise FormatError("P203", where=key, what="is not a list of objects")
        for index, record in enumerate(found):
            if "id" not in record:
                raise FormatError("P206", where=f"{key}[{index}].id", what="is missing")
        return found

    def info(self) -> None:
        """Print what the file says about itself."""
        for key, value in self.dataset.get("info", {}).items():
            sys.stdout.write(f"{shown(key)}: {shown(value)}\n")

    def getAnnIds(
        self,
        imgIds: Any = (),
        catIds: Any = (),
        areaRng: Sequence[float] = (),
        iscrowd: bool | None = None,
    ) -> list[Any]:
        """Ids of annotations of these images and categories, strictly inside an area range."""
        images, categories = _listed(imgIds), set(_listed(catIds))
        if images:
            found = [record for image in images for record in self.imgToAnns.get(image, ())]
        else:
            found = self.dataset.get("annotations", [])
        if categories:
            found = [record for record in found if record["category_id"] in categories]
        if len(areaRng):
            found = [record for record in found if areaRng[0] < record["area"] < areaRng[1]]
        if iscrowd is not None:
            found = [record for record in found if record["iscrowd"] == iscrowd]
        return [record["id"] for record in found]

    def getCatIds(self, catNms: Any = (), supNms: Any = (), catIds: Any = ()) -> list[Any]:
        """Ids of categories by name, parent name or id."""
        found = self.dataset.get("categories", [])
        for key, wanted in (("name", catNms), ("supercategory", supNms), ("id", catIds)):
            allowed = _listed(wanted)
            if allowed:
                found = [category for category in found if category[key] in allowed]
        return [category["id"] for category in found]

    def getImgIds(self, imgIds: Any = (), catIds: Any = ()) -> list[Any]:
        """Ids of images, of these ids and with annotations of every one of these categories."""
        images, categories = _listed(imgIds), _listed(catIds)
        if not images and not categories:
            return list(self.imgs)
        ids = set(images)
        for category in categories:
            holding = set(self.catToImgs.get(category, ()))
            ids = ids & holding if ids or category != categories[0] else holding
        return list(ids)

    def loadAnns(self, ids: Any = ()) -> list[Record]:
        """Annotations by id."""
        return [self.anns[key] for key in _listed(ids)]

    def loadCats(self, ids: Any = ()) -> list[Record]:
        """Categories by id."""
        return [self.cats[key] for key in _listed(ids)]

    def loadImgs(self, ids: Any = ()) -> list[Record]:
        """Images by id."""
        return [self.imgs[key] for key in _listed(ids)]

    def loadRes(self, resFile: str | os.PathLike[str] | list[Record] | NDArray[Any]) -> COCO:
        """Load results for the same images, as an index of their own.

        `resFile` is a path, a list of records, or an array: [N, 7] boxes as in pycocotools (image, x, y,
        width, height, score, category) or [N, 3 + 3 K] poses (image, category, score, then x, y, c of each
        joint). Ids are given from 1 in file order. Each record's area is its box's where the *first* record
        has a box, else the extent of all its joints (quirk C01). The records given are not changed.

        Raises:
            FormatError: P202 not a list of objects, P206 a record lacks what the first one has.
            MismatchError: P402 images that the ground truth does not have.
        """
        self._say("Loading and preparing results...")
        started = time.time()
        if isinstance(resFile, np.ndarray):
            given = self.loadNumpyAnnotations(resFile)
        elif isinstance(resFile, list):
            given = resFile
        else:
            given = _read(resFile)
        if not isinstance(given, list) or not all(isinstance(record, dict) for record in given):
            raise FormatError("P203", where="results", what="are not a list of objects")
        out = COCO(verbose=self.verbose)
        out.dataset = {
            "info": deepcopy(self.dataset.get("info", {})),
            "images": list(self.dataset.get("images", ())),
            "categories": deepcopy(self.dataset.get("categories", [])),
        }
        records = [dict(record) for record in given]
        self._check_images(records)
        by_box = bool(records and records[0].get("bbox"))
        for index, record in enumerate(records):
            record["id"] = index + 1
            _measure(record, index, by_box)
        self._say(f"DONE (t={time.time() - started:0.2f}s)")
        out.dataset["annotations"] = records
        out.createIndex()
        return out

    def _check_images(self, records: list[Record]) -> None:
        for index, record in enumerate(records):
            if "image_id" not in record:
                raise FormatError("P206", where=f"results[{index}].image_id", what="is missing")
        unknown = {record["image_id"] for record in records} - set(self.imgs)
        if unknown:
            named = ", ".join(shown(image) for image in sorted(unknown, key=str)[:5])
            raise MismatchError(
                "P402",
                where="results",
                what=f"name {number_of(len(unknown), 'image')} outside of the ground truth (first: {named})",
                wanted="images of the ground truth",
            )

    def loadNumpyAnnotations(self, data: NDArray[Any]) -> list[Record]:
        """Records of an array of results; see `loadRes` for the columns."""
        if data.ndim != 2 or (data.shape[1] != 7 and (data.shape[1] < 6 or data.shape[1] % 3)):
            raise FormatError(
                "P204", where="results", what=f"have shape {data.shape}", wanted="[N, 7] or [N, 3 + 3 K]"
            )
        if data.shape[1] == 7:
            return [
                {
                    "image_id": int(row[0]),
                    "bbox": [float(number) for number in row[1:5]],
                    "score": float(row[5]),
                    "category_id": int(row[6]),
                }
                for row in data
            ]
        return [
            {
                "image_id": int(row[0]),
                "category_id": int(row[1]),
                "score": float(row[2]),
                "keypoints": [float(number) for number in row[3:]],
            }
            for row in data
        ]


def _measure(record: Record, index: int, by_box: bool) -> None:
    """Give a result its area, and the box it lacks."""
    if by_box:
        box = record.get("bbox")
        if not isinstance(box, (list, tuple)) or len(box) != 4:
            raise FormatError(
                "P206",
                where=f"results[{index}].bbox",
                what="is missing or not four numbers",
                wanted="a box in every record where the first has one (C01)",
            )
        record["area"] = box[2] * box[3]
        record["iscrowd"] = 0
        return
    joints = record.get("keypoints")
    if not isinstance(joints, (list, tuple)) or len(joints) < 3:
        raise FormatError("P206", where=f"results[{index}].keypoints", what="is missing or empty")
    x, y = joints[0::3], joints[1::3]
    left, right, top, bottom = min(x), max(x), min(y), max(y)
    record["area"] = (right - left) * (bottom - top)
    record["bbox"] = [left, top, right - left, bottom - top]


def _read(path: str | os.PathLike[str]) -> Any:
    document = Document.open(path)
    _ = document.outline  # bounds depth and size before a tree is built
    return json.loads(document.data)
