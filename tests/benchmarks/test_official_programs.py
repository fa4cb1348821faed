"""What is said of the official evaluators, compared with pycocotools itself where it can be run."""

from __future__ import annotations

import contextlib
import io
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pycocotools.coco import COCO as Coco
from pycocotools.cocoeval import COCOeval

from poseval import benchmarks
from poseval.benchmarks.official_programs import COCO, NOT_KNOWN, OFFICIAL, says
from poseval.validation.validate import validate
from tests.hostile.made import results, truth

Records = list[dict[str, Any]]


def ran(gt: Path, dt: Path) -> str:
    """`AP 0.98`, or the name of the exception that stops pycocotools."""
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loaded = Coco(str(gt))
            found = COCOeval(loaded, loaded.loadRes(str(dt)), "keypoints")
            found.evaluate()
            found.accumulate()
            found.summarize()
        return f"AP {found.stats[0]:.3f}"
    except Exception as error:
        return type(error).__name__


def changed(change: Callable[[Records], Any]) -> bytes:
    records = results()
    change(records)
    return json.dumps(records).encode()


def lose(key: str) -> Callable[[Records], Any]:
    return lambda records: records[0].pop(key)


def put(key: str, value: Any, at: int | None = None) -> Callable[[Records], Any]:
    def change(records: Records) -> None:
        if at is None:
            records[0][key] = value
        else:
            records[0][key][at] = value

    return change


WHOLE = json.dumps(results()).encode()
# code that validate gives, the file, what pycocotools does, a word of the sentence
CASES = [
    ("P200", b"", "JSONDecodeError", "JSONDecodeError on an empty file"),
    ("P201", b'{"a": 1}', "AssertionError", "AssertionError"),
    ("P203", changed(put("score", "0.5")), "TypeError", "TypeError for text"),
    ("P203", changed(put("score", True)), "AP 1.000", "true counts as 1"),
    ("P204", changed(put("keypoints", [1.0] * 42)), "ValueError", "ValueError about shapes"),
    ("P204", changed(put("keypoints", results()[0]["keypoints"][:50])), "AP 1.000", "50 numbers pass"),
    ("P205", WHOLE.replace(b'"score": 0.5', b'"score": 0.1, "score": 0.5', 1), "AP 1.000", "keeps the last"),
    ("P206", changed(lose("score")), "KeyError", "KeyError"),
    ("P206", changed(lose("image_id")), "KeyError", "KeyError"),
    ("P210", WHOLE[:-20], "JSONDecodeError", "JSONDecodeError"),
    ("P210", WHOLE + b"[]", "JSONDecodeError", "JSONDecodeError"),
    ("P211", WHOLE.decode().encode("utf-16"), "UnicodeDecodeError", "UnicodeDecodeError"),
    (
        "P301",
        changed(put("keypoints", float("nan"), 0)),
        "AP 1.000",
        "NaN coordinates count as a perfect",
    ),
    ("P301", changed(put("keypoints", float("inf"), 0)), "AP 0.983", "infinite ones as a miss"),
    ("P302", changed(put("keypoints", None, 0)), "TypeError", "TypeError"),
    ("P307", changed(put("bbox", [1, 2, -5, -5])), "KeyError", ""),  # the others then lack a box
    ("P402", changed(put("image_id", 999)), "AssertionError", "names no image"),
]


@pytest.mark.parametrize(("code", "data", "does", "sentence"), CASES)
def test_the_sentence_is_what_pycocotools_does(
    code: str, data: bytes, does: str, sentence: str, tmp_path: Path
) -> None:
    gt, dt = tmp_path / "gt.json", tmp_path / "dt.json"
    gt.write_text(json.dumps(truth()))
    dt.write_bytes(data)
    assert ran(gt, dt) == does
    assert sentence in COCO[code]
    found = validate(dt, truth=gt, benchmark="coco-keypoints")
    assert code in [group.code for group in found.groups]
    assert f"pycocotools: {code}: {COCO[code]}" in found.server


def test_a_ground_truth_without_areas(tmp_path: Path) -> None:
    gt, dt = tmp_path / "gt.json", tmp_path / "dt.json"
    bare = truth()
    for record in bare["annotations"]:
        del record["area"]
    gt.write_text(json.dumps(bare))
    dt.write_bytes(WHOLE)
    assert ran(gt, dt) == "KeyError"
    found = validate(dt, truth=gt, benchmark="coco-keypoints")
    assert [group.code for group in found.groups] == ["P410"]
    assert found.server == (f"pycocotools: P410: {COCO['P410']}",)
    assert "KeyError: 'area'" in COCO["P410"]
    assert not validate(gt, benchmark="coco-keypoints").ok


def test_negative_boxes_become_areas(tmp_path: Path) -> None:
    def all_negative(records: Records) -> None:
        for record in records:
            record["bbox"] = [0, 0, -5, -5]

    gt, dt = tmp_path / "gt.json", tmp_path / "dt.json"
    gt.write_text(json.dumps(truth()))
    dt.write_bytes(changed(all_negative))
    assert ran(gt, dt) == "AP 1.000"
    with contextlib.redirect_stdout(io.StringIO()):
        loaded = Coco(str(gt)).loadRes(str(dt))
    assert loaded.anns[1]["area"] == 25  # the product of the sides


def test_ids_of_results_are_overwritten(tmp_path: Path) -> None:
    def same(records: Records) -> None:
        for record in records:
            record["id"] = 5

    gt, dt = tmp_path / "gt.json", tmp_path / "dt.json"
    gt.write_text(json.dumps(truth()))
    dt.write_bytes(changed(same))
    assert ran(gt, dt) == "AP 1.000"


def test_an_empty_list_stops_pycocotools(tmp_path: Path) -> None:
    gt, dt = tmp_path / "gt.json", tmp_path / "dt.json"
    gt.write_text(json.dumps(truth()))
    dt.write_text("[]")
    assert ran(gt, dt) == "IndexError"
    found = validate(dt, truth=gt, benchmark="coco-keypoints")
    assert found.ok
    assert found.server == ("pycocotools: stops with an IndexError on an empty list",)


def test_what_nobody_knows_is_said_so() -> None:
    for name in benchmarks.names():
        told = says(benchmarks.get_benchmark(name), None, ["P999", "P301"])
        assert told[0].endswith(f": P999: {NOT_KNOWN}")
        assert len(told) == 2
    assert says(benchmarks.get_benchmark("lsp"), "pose-array", []) == (
        f"{benchmarks.get_benchmark('lsp').title}: {NOT_KNOWN}",
    )


def test_every_benchmark_of_the_table_exists() -> None:
    assert set(OFFICIAL) <= set(benchmarks.names())


@pytest.mark.parametrize(
    ("benchmark", "codes", "wanted"),
    [
        ("posetrack18", ["P405"], "stops with an exception that names frame and file"),
        ("posetrack18", ["P276"], "drops the person without a message"),
        ("posetrack21", ["P276"], "stops with a KeyError"),
        ("posetrack21", ["P481"], "stops with an IndexError for too few frames"),
        ("mpii-val", ["P301"], "treats NaN as infinitely far"),
        ("crowdpose", ["P200"], "scores an empty list as 0"),
    ],
)
def test_each_program_has_its_own_answer(benchmark: str, codes: list[str], wanted: str) -> None:
    assert wanted in says(benchmarks.get_benchmark(benchmark), None, codes)[0]


def test_the_wrong_format_is_said_first() -> None:
    told = says(benchmarks.get_benchmark("coco-keypoints"), "openpose", [])
    assert told == ("pycocotools reads coco, not openpose; convert it with `poseval convert --to`",)
