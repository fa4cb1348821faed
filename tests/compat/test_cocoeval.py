"""COCOeval and COCO beside pycocotools, on the golden cases and on what callers do with them.

The committed cases are always there; those of the shared research data are looked at where they lie.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools.coco import COCO as ReferenceCOCO

from poseval.compat import COCO, COCOeval
from poseval.errors import FormatError, MismatchError, UsageError, ValueRangeError
from tests.golden import coco_files
from tests.golden.committed import cases
from tests.oracles import pycocotools_scenes as reference
from tests.shared import shared_cases

SHARED = [path.parent for path in shared_cases("golden/coco", "*/expected.json")]
COMMITTED = [case.folder for case in cases("coco", 38)]


def expected(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "expected.json").read_text("utf-8"))
    return found


def config_of(folder: Path) -> dict[str, Any]:
    """How pycocotools was asked: `params` and `sigmas`."""
    wanted = expected(folder)
    if "config" in wanted:
        found: dict[str, Any] = wanted["config"]
        return found
    return {"params": wanted["made_by"]["options"], "sigmas": wanted["ask"].get("sigmas")}


def is_plain(folder: Path) -> bool:
    wanted = expected(folder)
    if "made_by" in wanted:
        return wanted["made_by"]["program"].startswith("pycocotools ") and "answer" not in wanted
    known = wanted["provenance"]["reference"] == "pycocotools" and wanted["config"].get("use_area", True)
    return known and not wanted["raises"] and folder.name not in ("edge_nan_keypoints", "edge_use_cats_0")


PLAIN = [folder for folder in COMMITTED + SHARED if is_plain(folder)]
RAISING = [folder for folder in COMMITTED + SHARED if expected(folder).get("raises")]


def configure(params: Any, config: dict[str, Any]) -> None:
    for key, value in config.get("params", {}).items():
        setattr(params, key, np.array(value) if key == "iouThrs" else value)
    if config.get("sigmas"):
        params.kpt_oks_sigmas = np.array(config["sigmas"])


def ours(truth: dict[str, Any], results: Any, config: dict[str, Any], verbose: bool = False) -> COCOeval:
    gt = COCO(verbose=False)
    gt.dataset = truth
    gt.createIndex()
    run = COCOeval(gt, gt.loadRes(results), "keypoints", verbose=verbose)
    configure(run.params, config)
    run.evaluate()
    run.accumulate()
    run.summarize()
    return run


def both(folder: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Truth and results of a case; the shared ones call their results dt."""
    return coco_files.load(folder, "gt"), coco_files.load(folder, "dt" if folder in SHARED else "pred")


@pytest.mark.parametrize("folder", PLAIN, ids=lambda folder: folder.name)
def test_everything_equals_pycocotools(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth, results = both(folder)
    config = config_of(folder)
    sigmas = np.array(config.get("sigmas") or COCOeval().params.kpt_oks_sigmas)
    theirs, printed = reference.run(truth, results, sigmas, lambda params: configure(params, config))
    capsys.readouterr()
    run = ours(truth, results, config)
    run.verbose = True
    run.summarize()
    assert capsys.readouterr().out == printed
    assert run.stats.tolist() == theirs.stats.tolist()
    for name in ("precision", "recall", "scores"):
        assert np.array_equal(run.eval[name], theirs.eval[name]), name
    assert run.eval["counts"] == theirs.eval["counts"]
    assert len(run.evalImgs) == len(theirs.evalImgs) > 0
    for mine, wanted in zip(run.evalImgs, theirs.evalImgs, strict=True):
        assert (mine is None) == (wanted is None)
        for key in wanted or ():
            assert np.array_equal(mine[key], wanted[key]), key
    assert run.ious.keys() == theirs.ious.keys()
    for key, table in theirs.ious.items():
        np.testing.assert_array_max_ulp(
            np.asarray(run.ious[key], dtype=float), np.asarray(table, dtype=float), 8
        )


REFUSALS: dict[str, tuple[type[Exception], str]] = {
    "missing_area": (FormatError, "P206"),
    "missing_keypoints_second": (FormatError, "P206"),
    "missing_score": (FormatError, "P206"),
    "short_keypoints": (FormatError, "P204"),
    "unknown_image": (MismatchError, "P402"),
}
ACCEPTED = {"empty_results": 0.0, "no_results": 0.0, "missing_iscrowd": 1.0}


@pytest.mark.parametrize("folder", RAISING, ids=lambda folder: folder.name)
def test_where_pycocotools_dies_there_is_a_clear_answer(folder: Path) -> None:
    truth, results = both(folder)
    name = folder.name.removeprefix("edge_")
    if name in ACCEPTED:
        run = ours(truth, results, {})
        assert run.stats[0] == pytest.approx(ACCEPTED[name], abs=1e-12)
        return
    kind, code = REFUSALS[name]
    with pytest.raises(kind) as caught:
        ours(truth, results, {})
    assert caught.value.code == code  # type: ignore[attr-defined]


def case(name: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    return both(next(folder for folder in COMMITTED if folder.name == name))


def test_nan_is_refused_where_pycocotools_gives_full_marks() -> None:
    truth, results = case("nan_keypoint")
    with pytest.raises(ValueRangeError, match=r"keypoints: has NaN") as caught:
        ours(truth, results, {})
    assert caught.value.code == "P301"


def test_pooled_categories_are_matched_across_categories() -> None:
    truth, results = case("perfect")
    truth["categories"].append({"id": 2, "name": "rider"})
    for record in results[::2]:
        record["category_id"] = 2
    assert ours(truth, results, {}).stats[0] < 1.0
    assert ours(truth, results, {"params": {"useCats": 0}}).stats[0] == 1.0


def test_annotations_that_share_an_id_are_refused() -> None:
    truth, _ = case("perfect")
    truth["annotations"].append(dict(truth["annotations"][0]))
    gt = COCO(verbose=False)
    gt.dataset = truth
    with pytest.raises(ValueRangeError) as caught:
        gt.createIndex()
    assert caught.value.code == "P305"


def test_results_come_as_path_list_or_array(tmp_path: Path) -> None:
    truth, results = case("perfect")
    for record in results:
        record.pop("bbox", None)
    path = tmp_path / "results.json"
    path.write_text(json.dumps(results), "utf-8")
    rows = [[r["image_id"], r["category_id"], r["score"], *r["keypoints"]] for r in results]
    wanted = ours(truth, results, {})
    for given in (str(path), path, np.array(rows, dtype=float)):
        found = ours(truth, given, {})
        assert found.stats.tolist() == wanted.stats.tolist()
        assert np.array_equal(found.eval["precision"], wanted.eval["precision"])
    boxes = COCO(verbose=False)
    boxes.dataset = truth
    boxes.createIndex()
    image = truth["images"][0]["id"]
    loaded = boxes.loadRes(np.array([[image, 1, 2, 3, 4, 0.5, 1]]))
    assert loaded.anns[1]["bbox"] == [1.0, 2.0, 3.0, 4.0]
    assert loaded.anns[1]["area"] == 12.0
    with pytest.raises(FormatError) as caught:
        boxes.loadRes(np.zeros((2, 5)))
    assert caught.value.code == "P204"


def test_given_records_are_not_changed() -> None:
    truth, results = case("perfect")
    before = json.dumps(results)
    ours(truth, results, {})
    assert json.dumps(results) == before


def test_files_are_read_and_the_index_answers_like_pycocotools(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth, _ = case("categories")
    path = tmp_path / "truth.json"
    path.write_text(json.dumps(truth), "utf-8")
    mine, theirs = COCO(path, verbose=False), ReferenceCOCO(str(path))
    capsys.readouterr()
    categories, images = theirs.getCatIds(), theirs.getImgIds()
    assert mine.getCatIds() == categories
    assert mine.getImgIds() == images
    name = truth["categories"][-1]["name"]
    for arguments in (
        {},
        {"catNms": name},
        {"catIds": categories[:1]},
        {"catNms": [name], "catIds": categories},
    ):
        assert mine.getCatIds(**arguments) == theirs.getCatIds(**arguments)
    for arguments in (
        {},
        {"imgIds": images[0]},
        {"imgIds": images[:9], "catIds": categories[:1]},
        {"catIds": categories[-1], "areaRng": [1000, 5000]},
        {"iscrowd": False},
        {"imgIds": images[3:9], "iscrowd": True},
    ):
        assert mine.getAnnIds(**arguments) == theirs.getAnnIds(**arguments)
    for arguments in ({"catIds": categories[:1]}, {"catIds": categories}, {"imgIds": images[:3]}):
        assert sorted(mine.getImgIds(**arguments)) == sorted(theirs.getImgIds(**arguments))
    both = {"imgIds": images[:9], "catIds": categories[:1]}
    assert sorted(mine.getImgIds(**both)) == sorted(theirs.getImgIds(**both))
    one = truth["annotations"][0]["id"]
    assert mine.loadAnns(one) == theirs.loadAnns(one)
    assert mine.loadImgs(images[:2]) == theirs.loadImgs(images[:2])
    assert mine.loadCats(categories) == theirs.loadCats(categories)


def test_accumulating_a_part_equals_pycocotools() -> None:
    truth, results = case("ordinary")
    theirs, _ = reference.run(truth, results, COCOeval().params.kpt_oks_sigmas)
    run = ours(truth, results, {})
    for evaluation in (run, theirs):
        p = evaluation.params
        p.imgIds = p.imgIds[:9]
        p.areaRng = p.areaRng[:2]
        p.recThrs = np.linspace(0, 1, 11)
        evaluation.accumulate(p)
    for name in ("precision", "recall", "scores"):
        assert np.array_equal(run.eval[name], theirs.eval[name]), name


def test_accumulating_some_images_takes_these_images() -> None:
    truth, results = case("ordinary")
    wanted = ours(truth, results, {}).params.imgIds[4:11]
    alone = ours(truth, results, {"params": {"imgIds": wanted}})
    run = ours(truth, results, {})
    run.params.imgIds = wanted
    run.accumulate()
    assert np.array_equal(run.eval["precision"], alone.eval["precision"])


def test_other_max_dets_are_summarised_as_minus_one() -> None:
    truth, results = case("perfect")
    assert ours(truth, results, {"params": {"maxDets": [10]}}).stats.tolist() == [-1.0] * 10


def test_steps_out_of_order_and_other_types_are_refused() -> None:
    with pytest.raises(UsageError) as caught:
        COCOeval(iouType="bbox")
    assert caught.value.code == "P188"
    run = COCOeval(verbose=False)
    for step in (run.evaluate, run.accumulate, run.summarize):
        with pytest.raises(UsageError) as caught:
            step()
        assert caught.value.code == "P129"
    assert (run.evalImgs, run.ious, run.stats) == ([], {}, [])


def test_loading_results_as_truth_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text("[]", "utf-8")
    with pytest.raises(FormatError, match="looks like results") as caught:
        COCO(path)
    assert caught.value.code == "P203"


def test_it_talks_unless_told_not_to(capsys: pytest.CaptureFixture[str]) -> None:
    truth, results = case("perfect")
    ours(truth, results, {})
    assert capsys.readouterr().out == ""
    ours(truth, results, {}, verbose=True)
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == ["Running per image evaluation...", "Evaluate annotation type *keypoints*"]
    assert said[-10].startswith(" Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets= 20 ] = ")
