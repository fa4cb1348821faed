"""COCOeval: the keypoint evaluation of pycocotools under the same names, on compiled kernels.

    from poseval.compat import COCO, COCOeval
    truth = COCO("person_keypoints.json")
    run = COCOeval(truth, truth.loadRes("predictions.json"), "keypoints")
    run.evaluate(); run.accumulate(); run.summarize()

Arrays and printed numbers are those of pycocotools 2.0.11, with four exceptions, where its number would be
wrong and look right: NaN is refused (C03), annotations that share an id are refused (C20), `useCats = 0`
pools the categories, where pycocotools finds no match at all (C13), and accumulating some of the evaluated
images takes these, where pycocotools takes as many from the front of its list.
"""

from __future__ import annotations

import sys
import time
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from poseval.compat.coco import COCO, Record
from poseval.compat.similarity import oks
from poseval.errors import Faults, UsageError, shown
from poseval.kernels.coco import Cells, Detections, Matching, Ranked, Targets, accumulate, descending, match

__all__ = ["COCO", "COCOeval", "Params"]

Floats = NDArray[np.float64]


class Params:
    """Parameters of an evaluation, named and preset as in pycocotools."""

    def __init__(self, iouType: str = "keypoints") -> None:
        if iouType != "keypoints":
            raise UsageError(
                "P188",
                where=f"iouType {shown(iouType)!r}",
                what="is not evaluated here",
                wanted="keypoints",
                hint="only keypoints; use pycocotools for boxes and masks",
            )
        self.iouType = iouType
        self.imgIds: list[Any] = []
        self.catIds: list[Any] = []
        self.iouThrs: Floats = np.linspace(0.5, 0.95, 10)
        self.recThrs: Floats = np.linspace(0.0, 1.0, 101)
        self.maxDets: list[int] = [20]
        self.areaRng: list[list[float]] = [[0**2, 1e5**2], [32**2, 96**2], [96**2, 1e5**2]]
        self.areaRngLbl: list[str] = ["all", "medium", "large"]
        self.useCats: int = 1
        self.useSegm: int | None = None
        tenths = [0.26, 0.25, 0.25, 0.35, 0.35, 0.79, 0.79, 0.72, 0.72, 0.62, 0.62, 1.07, 1.07]
        # Divided here, not written as quotients: five of them differ in the last bit (C17).
        self.kpt_oks_sigmas: Floats = np.array([*tenths, 0.87, 0.87, 0.89, 0.89]) / 10.0


@dataclass(frozen=True, eq=False)
class _Evaluated:
    """What evaluate() leaves for accumulate(): cell (category, image) is category * images + image."""

    truths: list[Record]
    results: list[Record]
    targets: Targets
    found: Floats  # [results, K, 2]
    poses: Cells
    people: Cells
    matching: Matching
    params: Params
    groups: list[Any]  # category ids, or [-1] when pooled


class COCOeval:
    """Evaluate results against ground truth; see the module for an example.

    `verbose=False` keeps evaluate() and accumulate() quiet and lets summarize() fill `stats` without
    printing.

    Attributes: `params`, `evalImgs` (a list of dict or None per category, area range and image), `ious`
    (OKS per image and category), `eval` (precision [T, R, K, A, M], recall [T, K, A, M], scores, counts),
    `stats` (the ten numbers, -1 where undefined).
    """

    def __init__(
        self,
        cocoGt: COCO | None = None,
        cocoDt: COCO | None = None,
        iouType: str = "keypoints",
        *,
        verbose: bool = True,
    ) -> None:
        self.cocoGt, self.cocoDt = cocoGt, cocoDt
        self.verbose = verbose
        self.params = Params(iouType)
        self.eval: dict[str, Any] = {}
        self.stats: Any = []
        self._done: _Evaluated | None = None
        self._images: list[Record | None] | None = None
        self._oks: dict[tuple[Any, Any], Any] | None = None
        if cocoGt is not None:
            self.params.imgIds = sorted(cocoGt.getImgIds())
            self.params.catIds = sorted(cocoGt.getCatIds())

    def _say(self, text: str) -> None:
        if self.verbose:
            sys.stdout.write(text + "\n")

    def evaluate(self) -> None:
        """Match every image and category.

        Raises:
            UsageError: P129 there is no ground truth or no results.
            FormatError: P203 to P206 fields that are missing, not numbers or of the wrong length.
            ValueRangeError: P301 NaN or infinity.
        """
        started = time.time()
        self._say("Running per image evaluation...")
        self._say(f"Evaluate annotation type *{self.params.iouType}*")
        if self.cocoGt is None or self.cocoDt is None:
            raise UsageError("P129", where="COCOeval", what="has no ground truth or no results")
        p = self.params
        p.imgIds = list(np.unique(p.imgIds))
        if p.useCats:
            p.catIds = list(np.unique(p.catIds))
        p.maxDets = sorted(p.maxDets)
        categories = p.catIds if p.useCats else []
        truths = self.cocoGt.loadAnns(self.cocoGt.getAnnIds(p.imgIds, categories))
        results = self.cocoDt.loadAnns(self.cocoDt.getAnnIds(p.imgIds, categories))
        self._done = _evaluate(truths, results, p)
        self._images = self._oks = None
        self.eval = {}
        self._say(f"DONE (t={time.time() - started:0.2f}s).")

    @property
    def evalImgs(self) -> list[Record | None]:
        """One entry per category, area range and image, in this order; built when first asked for."""
        if self._done is None:
            return []
        if self._images is None:
            self._images = _images_of(self._done)
        return self._images

    @property
    def ious(self) -> dict[tuple[Any, Any], Any]:
        """OKS [D, G] per (image, category), detections by score, people in file order; [] where empty."""
        if self._done is None:
            return {}
        if self._oks is None:
            self._oks = _oks_of(self._done)
        return self._oks

    def accumulate(self, p: Params | None = None) -> None:
        """Fill `eval` with precision, recall and score arrays, -1 without people to find.

        `p` may name fewer images, categories, ranges or maxDets than evaluate() saw.

        Raises:
            UsageError: P129 before evaluate(), or for other thresholds than evaluated.
        """
        started = time.time()
        self._say("Accumulating evaluation results...")
        if self._done is None:
            raise UsageError("P129", where="COCOeval.accumulate", what="is called before evaluate()")
        self.eval = _accumulate(self._done, self.params if p is None else p)
        self._say(f"DONE (t={time.time() - started:0.2f}s).")

    def summarize(self) -> None:
        """Print the ten numbers and keep them in `stats`; all are -1 unless maxDets holds 20 (C12).

        Raises:
            UsageError: P129 before accumulate().
        """
        if not self.eval:
            raise UsageError("P129", where="COCOeval.summarize", what="is called before accumulate()")
        cuts = [(None, "all"), (0.5, "all"), (0.75, "all"), (None, "medium"), (None, "large")]
        self.stats = np.array([self._summarize(ap, *cut) for ap in (1, 0) for cut in cuts], dtype=np.float64)

    def _summarize(self, ap: int, threshold: float | None, area: str, dets: int = 20) -> float:
        p = self.params
        at = [index for index, label in enumerate(p.areaRngLbl) if label == area]
        limit = [index for index, count in enumerate(p.maxDets) if count == dets]
        array = self.eval["precision" if ap else "recall"]
        if threshold is not None:
            array = array[np.where(threshold == np.asarray(p.iouThrs))[0]]
        array = array[..., at, limit]
        defined = array[array > -1]
        value = float(np.mean(defined)) if len(defined) else -1.0
        title, kind = ("Average Precision", "(AP)") if ap else ("Average Recall", "(AR)")
        span = f"{p.iouThrs[0]:0.2f}:{p.iouThrs[-1]:0.2f}" if threshold is None else f"{threshold:0.2f}"
        self._say(
            f" {title:<18} {kind} @[ IoU={span:<9} | area={area:>6s} | maxDets={dets:>3d} ] = {value:0.3f}"
        )
        return value


def _numbers(records: list[Record], name: str, key: str, length: int | None, faults: Faults) -> Floats:
    """A field [N] or [N, length] as finite float64; what is wrong goes to `faults`."""
    shape = (len(records),) if length is None else (len(records), length)
    out = np.zeros(shape)
    for index, record in enumerate(records):
        where = f"{name} of id {shown(record['id'])}: {key}"
        value = record.get(key)
        if value is None:
            faults.add("P206", where=where, what="is missing")
            continue
        if length is not None and (not hasattr(value, "__len__") or len(value) != length):
            size = f"{len(value)} numbers" if hasattr(value, "__len__") else "no list"
            faults.add("P204", where=where, what=f"has {size}", wanted=f"{length} numbers")
            continue
        try:
            out[index] = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError):
            faults.add("P203", where=where, what="is not a number" if length is None else "are not numbers")
            continue
        if not np.isfinite(out[index]).all():
            faults.add("P301", where=where, what="has NaN or infinite numbers", wanted="finite numbers")
    return out


def _cells(records: list[Record], p: Params, groups: list[Any]) -> Cells:
    image = {key: index for index, key in enumerate(p.imgIds)}
    group = {key: index for index, key in enumerate(groups)}
    key = []
    for record in records:
        i, k = image.get(record["image_id"], -1), group.get(record["category_id"], -1) if p.useCats else 0
        key.append(-1 if i < 0 or k < 0 else k * len(image) + i)
    return Cells.of(np.array(key, dtype=np.int64), len(image) * len(groups))


def _evaluate(truths: list[Record], results: list[Record], p: Params) -> _Evaluated:
    if not p.useCats:  # pooled: by category, then in file order
        place = {key: index for index, key in enumerate(p.catIds)}
        truths = sorted(
            (r for r in truths if r["category_id"] in place), key=lambda r: place[r["category_id"]]
        )
        results = sorted(
            (r for r in results if r["category_id"] in place), key=lambda r: place[r["category_id"]]
        )
    sigmas = np.asarray(p.kpt_oks_sigmas, dtype=np.float64)
    joints = len(sigmas)
    faults = Faults()
    poses = _numbers(truths, "annotation", "keypoints", 3 * joints, faults).reshape(-1, joints, 3)
    box = _numbers(truths, "annotation", "bbox", 4, faults)
    area = _numbers(truths, "annotation", "area", None, faults)
    crowd = (
        _numbers([{"iscrowd": 0, **record} for record in truths], "annotation", "iscrowd", None, faults) != 0
    )
    count = _numbers(truths, "annotation", "num_keypoints", None, faults)
    found = _numbers(results, "result", "keypoints", 3 * joints, faults).reshape(-1, joints, 3)
    score = _numbers(results, "result", "score", None, faults)
    size = _numbers(results, "result", "area", None, faults)
    faults.raise_if_any()
    groups = list(p.catIds) if p.useCats else [-1]
    ids = np.array([record["id"] == 0 for record in truths], dtype=np.bool_)
    targets = Targets(poses[..., :2].copy(), poses[..., 2] > 0, area, box, crowd | (count == 0), crowd, ids)
    pose_cells, people = _cells(results, p, groups), _cells(truths, p, groups)
    matching = match(
        Detections(found[..., :2].copy(), score, size),
        pose_cells,
        targets,
        people,
        sigmas,
        np.asarray(p.iouThrs, dtype=np.float64),
        np.array([bounds[:2] for bounds in p.areaRng], dtype=np.float64),
        p.maxDets[-1],
        with_matched=True,
    )
    return _Evaluated(
        truths, results, targets, found[..., :2], pose_cells, people, matching, deepcopy(p), groups
    )


def _images_of(done: _Evaluated) -> list[Record | None]:
    ids = np.array([record["id"] for record in done.truths] or [0])
    images, out = len(done.params.imgIds), []
    for k, category in enumerate(done.groups):
        for a in range(len(done.params.areaRng)):
            for i, image in enumerate(done.params.imgIds):
                out.append(_image_of(done, ids, k * images + i, a, image, category))
    return out


def _image_of(
    done: _Evaluated, ids: NDArray[Any], cell: int, a: int, image: Any, category: Any
) -> Record | None:
    found, p = done.matching, done.params
    rows = slice(found.start[cell], found.start[cell + 1])
    listed = slice(done.people.start[cell], done.people.start[cell + 1])
    people = done.people.row[listed]
    if found.start[cell] == found.start[cell + 1] and not len(people):
        return None
    turn = np.argsort(found.truth_skip[listed, a], kind="stable")
    results = [done.results[row] for row in found.row[rows]]
    matched = found.matched[rows, a].T  # [T, D] row of the ground truth
    place = {int(person): at for at, person in enumerate(people[turn])}
    owner = np.zeros((len(p.iouThrs), len(people)))
    for t, d in zip(*np.nonzero(matched >= 0), strict=True):
        owner[t, place[int(matched[t, d])]] = results[d]["id"]
    bits = np.uint64(1) << np.arange(len(p.iouThrs), dtype=np.uint64)
    return {
        "image_id": image,
        "category_id": category,
        "aRng": p.areaRng[a],
        "maxDet": p.maxDets[-1],
        "dtIds": [record["id"] for record in results],
        "gtIds": [done.truths[row]["id"] for row in people[turn]],
        "dtMatches": np.where(matched >= 0, ids[matched], 0).astype(np.float64),
        "gtMatches": owner,
        "dtScores": [record["score"] for record in results],
        "gtIgnore": found.truth_skip[listed, a][turn].astype(np.int64),
        "dtIgnore": (found.skip[rows, a] & bits[:, None]) > 0,
    }


def _oks_of(done: _Evaluated) -> dict[tuple[Any, Any], Any]:
    found, images = done.matching, len(done.params.imgIds)
    sigmas = np.asarray(done.params.kpt_oks_sigmas, dtype=np.float64)
    out: dict[tuple[Any, Any], Any] = {}
    for i, image in enumerate(done.params.imgIds):
        for k, category in enumerate(done.groups):
            cell = k * images + i
            rows = found.row[found.start[cell] : found.start[cell + 1]]
            people = done.people.row[done.people.start[cell] : done.people.start[cell + 1]]
            some = len(rows) and len(people)
            out[image, category] = oks(done.found[rows], done.targets, people, sigmas) if some else []
    return out


def _accumulate(done: _Evaluated, p: Params) -> dict[str, Any]:
    seen = done.params
    if len(p.iouThrs) != len(seen.iouThrs):
        raise UsageError(
            "P129",
            where="COCOeval.accumulate",
            what=f"has {len(p.iouThrs)} thresholds",
            wanted=f"the {len(seen.iouThrs)} of evaluate()",
        )
    categories = list(p.catIds) if p.useCats == 1 else [-1]
    p.catIds = categories
    shape = (len(p.iouThrs), len(p.recThrs), len(categories), len(p.areaRng), len(p.maxDets))
    precision, scores = np.full(shape, -1.0), np.full(shape, -1.0)
    recall = np.full((shape[0], *shape[2:]), -1.0)
    wanted = set(p.imgIds)
    inside = np.array([image in wanted for image in seen.imgIds] * len(done.groups), dtype=np.bool_)
    ranges = [tuple(bounds) for bounds in seen.areaRng]
    columns = [ranges.index(tuple(bounds)) for bounds in p.areaRng if tuple(bounds) in ranges]
    for k, category in enumerate(c for c in categories if c in done.groups):
        cells = np.zeros(len(inside), dtype=np.bool_)
        first = done.groups.index(category) * len(seen.imgIds)
        cells[first : first + len(seen.imgIds)] = True
        for m, count in enumerate(c for c in p.maxDets if c in seen.maxDets):
            curves = _curves(done, cells & inside, columns, count, np.asarray(p.recThrs, dtype=np.float64))
            for name, array in (("precision", precision), ("scores", scores), ("recall", recall)):
                found = getattr(curves, name)
                array[..., k, : len(columns), m] = np.where(np.isnan(found), -1.0, found)
    return {
        "params": p,
        "counts": list(shape),
        "date": datetime.now().strftime("%Y-%m-%d %H:%M:%S"),
        "precision": precision,
        "recall": recall,
        "scores": scores,
    }


def _curves(
    done: _Evaluated, cells: NDArray[np.bool_], columns: list[int], dets: int, recalls: Floats
) -> Any:
    """Curves of some cells, area ranges and the first `dets` detections of each cell."""
    found = done.matching
    cell = np.repeat(np.arange(len(cells)), np.diff(found.start))
    rows = np.flatnonzero(cells[cell] & (found.rank < dets))
    score = np.array([done.results[row]["score"] for row in found.row[rows]], dtype=np.float64)
    ranked = Ranked(score, found.hit[rows][:, columns], found.skip[rows][:, columns], cell[rows])
    people = ~found.truth_skip[cells[done.people.cell()]][:, columns]
    positives = people.sum(axis=0).astype(np.int64)
    return accumulate(ranked, descending(score), positives, len(done.params.iouThrs), recalls=recalls)
