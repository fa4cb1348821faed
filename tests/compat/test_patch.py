"""The patch of pycocotools: arrays bit for bit those of pycocotools, whatever a program does with the class.

The programs are small ones of the shapes that are in use: torchvision's and DETR's evaluators, which keep
`evalImgs` of each batch and assign them, subclasses with methods of their own, and edits of `params`.
"""

from __future__ import annotations

import contextlib
import copy
import io
import json
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import poseval
from poseval.compat import patch_pycocotools
from poseval.synth import perturb, scene_set

cocoeval = pytest.importorskip("pycocotools.cocoeval", reason="needs pycocotools")
COCO = pytest.importorskip("pycocotools.coco", reason="needs pycocotools").COCO
ORIGINAL = cocoeval.COCOeval


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("patch")
    truth = scene_set(seed=8, images=30, people=3)
    poseval.write(truth, made / "gt.json", "coco")
    found = perturb(truth, 8, jitter=0.5)
    poseval.write(found, made / "dt.json", "coco", role="predictions", truth=truth)
    return made


@pytest.fixture
def sides(folder: Path) -> tuple[Any, Any]:
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(folder / "gt.json"))
        return truth, truth.loadRes(str(folder / "dt.json"))


@pytest.fixture(autouse=True)
def unpatched() -> Iterator[None]:
    yield
    assert cocoeval.COCOeval is ORIGINAL


Client = Callable[[Any, Any, Any], Any]  # of the class, the ground truth and the results


def plainly(kind: Any, truth: Any, results: Any) -> Any:
    run = kind(truth, results, "keypoints")
    run.evaluate()
    run.accumulate()
    run.summarize()
    return run


def by_batches(kind: Any, truth: Any, results: Any) -> Any:
    """As torchvision's and DETR's evaluators: pycocotools' loop over images with the class's own methods."""
    run = kind(copy.deepcopy(truth), iouType="keypoints")
    ids, kept = [], []
    for start in range(0, 30, 7):
        images = sorted(truth.getImgIds())[start : start + 7]
        mine = [one for one in results.dataset["annotations"] if one["image_id"] in images]
        run.cocoDt = truth.loadRes(copy.deepcopy(mine)) if mine else COCO()
        run.params.imgIds = list(images)
        p = run.params
        run._prepare()
        run.ious = {(i, c): run.computeOks(i, c) for i in p.imgIds for c in p.catIds}
        found = [
            run.evaluateImg(i, c, a, p.maxDets[-1]) for c in p.catIds for a in p.areaRng for i in p.imgIds
        ]
        kept.append(np.asarray(found, dtype=object).reshape(len(p.catIds), len(p.areaRng), len(images)))
        ids += images
    run.evalImgs = list(np.concatenate(kept, 2).flatten())
    run.params.imgIds = ids
    run._paramsEval = copy.deepcopy(run.params)
    run.accumulate()
    run.summarize()
    return run


def by_evaluations(kind: Any, truth: Any, results: Any) -> Any:
    """As newer torchvision: `evaluate()` of each batch, whose `evalImgs` are put together and assigned."""
    run = kind(truth, iouType="keypoints")
    ids, kept = [], []
    for start in range(0, 30, 7):
        images = sorted(truth.getImgIds())[start : start + 7]
        mine = [one for one in results.dataset["annotations"] if one["image_id"] in images]
        run.cocoDt = truth.loadRes(copy.deepcopy(mine)) if mine else COCO()
        run.params.imgIds = list(images)
        run.evaluate()
        kept.append(np.asarray(run.evalImgs, dtype=object).reshape(-1, len(run.params.areaRng), len(images)))
        ids += images
    run.evalImgs = list(np.concatenate(kept, 2).flatten())
    run.params.imgIds = ids
    run._paramsEval = copy.deepcopy(run.params)
    run.accumulate()
    run.summarize()
    return run


def edited(change: Callable[[Any], None]) -> Client:
    def client(kind: Any, truth: Any, results: Any) -> Any:
        run = kind(truth, results, "keypoints")
        change(run.params)
        run.evaluate()
        run.accumulate()
        with contextlib.suppress(Exception):  # pycocotools' own summary needs three ranges
            run.summarize()
        return run

    return client


def subset(p: Any) -> None:
    p.imgIds = p.imgIds[3:11]


def one_range(p: Any) -> None:
    p.areaRng, p.areaRngLbl = [[0, 1e10]], ["all"]


def few_thresholds(p: Any) -> None:
    p.iouThrs = np.array([0.5, 0.75])


def no_ranges(p: Any) -> None:
    p.areaRng, p.areaRngLbl = [], []


def set_again(p: Any) -> None:
    p.setKpParams()
    p.maxDets = [5]


def other_sigmas(p: Any) -> None:
    p.kpt_oks_sigmas = np.full(17, 0.08)


def without_categories(p: Any) -> None:
    p.useCats = 0


def its_own_oks(kind: Any, truth: Any, results: Any) -> Any:
    """A subclass that measures otherwise, as forks do."""

    class Harder(kind):
        def computeOks(self, image: Any, category: Any) -> Any:
            return np.asarray(super().computeOks(image, category)) * 0.9

    return plainly(Harder, truth, results)


def assigns_to_the_class(kind: Any, truth: Any, results: Any) -> Any:
    """As OpenPifPaf, which gives people without areas those of their boxes after `_prepare`."""
    before = kind._prepare

    def prepare(run: Any) -> None:
        before(run)
        for found in run._gts.values():
            for one in found:
                one.setdefault("area", one["bbox"][2] * one["bbox"][3])

    for one in truth.dataset["annotations"][::2]:
        one.pop("area", None)
    kind._prepare = prepare
    try:
        return plainly(kind, truth, results)
    finally:
        kind._prepare = before


def reads_and_edits(kind: Any, truth: Any, results: Any) -> Any:
    """What was evaluated is changed by hand before it is accumulated."""
    run = kind(truth, results, "keypoints")
    run.evaluate()
    for one in run.evalImgs[::2]:
        if one is not None:
            one["dtScores"] = [score / 2 for score in one["dtScores"]]
    run.accumulate()
    run.summarize()
    return run


def looks_inside(kind: Any, truth: Any, results: Any) -> Any:
    """`_gts` and `_dts` after an evaluation, as evaluators that draw matches read them."""
    run = plainly(kind, truth, results)
    assert sum(map(len, run._gts.values())) == len(truth.dataset["annotations"])
    assert sum(map(len, run._dts.values())) == len(results.dataset["annotations"])
    assert all("ignore" in one for found in run._gts.values() for one in found)
    run.accumulate()
    return run


def accumulates_some(kind: Any, truth: Any, results: Any) -> Any:
    run = kind(truth, results, "keypoints")
    run.evaluate()
    some = copy.deepcopy(run.params)
    some.imgIds = some.imgIds[:9]
    run.accumulate(some)
    return run


CLIENTS: dict[str, Client] = {
    "plainly": plainly,
    "by batches": by_batches,
    "by evaluations": by_evaluations,
    "its own OKS": its_own_oks,
    "assigns to the class": assigns_to_the_class,
    "reads and edits": reads_and_edits,
    "looks inside": looks_inside,
    "accumulates some": accumulates_some,
    **{
        change.__name__: edited(change)
        for change in (subset, one_range, few_thresholds, no_ranges, set_again)
    },
    **{change.__name__: edited(change) for change in (other_sigmas, without_categories)},
}


def result(client: Client, kind: Any, sides: tuple[Any, Any]) -> tuple[Any, str]:
    """What a client made of a class, and what was printed, without the seconds."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        run = client(kind, *copy.deepcopy(sides))
    return run, "\n".join(line for line in out.getvalue().splitlines() if "t=" not in line)


@pytest.mark.parametrize("name", CLIENTS)
def test_arrays_and_prints_are_those_of_pycocotools(name: str, sides: tuple[Any, Any]) -> None:
    theirs, said = result(CLIENTS[name], ORIGINAL, sides)
    with patch_pycocotools():
        ours, repeated = result(CLIENTS[name], cocoeval.COCOeval, sides)
    assert repeated == said
    for key in ("precision", "recall", "scores"):
        assert np.array_equal(ours.eval[key], theirs.eval[key]), key
    assert np.array_equal(ours.stats, theirs.stats, equal_nan=True)
    assert ours.eval["counts"] == theirs.eval["counts"]
    assert ours.ious.keys() == theirs.ious.keys()
    assert len(ours.evalImgs) == len(theirs.evalImgs)
    for mine, wanted in zip(ours.evalImgs, theirs.evalImgs, strict=True):
        assert (mine is None) == (wanted is None)
        for key in wanted or ():
            assert np.array_equal(mine[key], wanted[key]), key


def test_keypoints_are_ours_and_the_rest_is_theirs(
    sides: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("pycocotools' loop over images")

    with patch_pycocotools():
        monkeypatch.setattr(ORIGINAL, "evaluate", refuse)
        result(plainly, cocoeval.COCOeval, sides)
        with pytest.raises(AssertionError, match="loop over images"):
            result(lambda kind, *both: kind(*both, "bbox").evaluate(), cocoeval.COCOeval, sides)


def test_it_ends_where_it_was_to_end() -> None:
    patch = patch_pycocotools()
    assert cocoeval.COCOeval is not ORIGINAL
    assert issubclass(cocoeval.COCOeval, ORIGINAL)
    again = patch_pycocotools()
    assert cocoeval.COCOeval.original is ORIGINAL
    again.undo()
    patch.undo()
    with pytest.raises(KeyError), patch_pycocotools():
        raise KeyError


def test_it_can_be_pickled_and_copied(sides: tuple[Any, Any]) -> None:
    with patch_pycocotools():
        run, _ = result(plainly, cocoeval.COCOeval, sides)
        for other in (copy.deepcopy(run), pickle.loads(pickle.dumps(run))):
            assert np.array_equal(other.eval["precision"], run.eval["precision"])
            assert len(other.evalImgs) == len(run.evalImgs)


def test_nan_is_refused_as_everywhere(folder: Path) -> None:
    results = json.loads((folder / "dt.json").read_text())
    results[0]["score"] = float("nan")
    with contextlib.redirect_stdout(io.StringIO()), patch_pycocotools():
        truth = COCO(str(folder / "gt.json"))
        run = cocoeval.COCOeval(truth, truth.loadRes(results), "keypoints")
        with pytest.raises(poseval.PosevalError, match="P301"):
            run.evaluate()


def test_records_that_pycocotools_cannot_read_are_refused_in_words(folder: Path) -> None:
    node = json.loads((folder / "gt.json").read_text())
    del node["annotations"][3]["bbox"]
    place = folder / "unboxed.json"
    place.write_text(json.dumps(node))
    with contextlib.redirect_stdout(io.StringIO()), patch_pycocotools():
        truth = COCO(str(place))
        run = cocoeval.COCOeval(truth, truth.loadRes(str(folder / "dt.json")), "keypoints")
        with pytest.raises(poseval.PosevalError, match="bbox: is missing"):
            run.evaluate()
