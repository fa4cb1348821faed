"""The JSON schema of reports fits what every benchmark writes, and nothing else."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from poseval.cli import invoke
from tests.docs.example_files import make_example_files
from tests.shared import ROOT

jsonschema = pytest.importorskip("jsonschema")
SCHEMA = json.loads((ROOT / "docs/report.schema.json").read_text("utf-8"))
ASKED = (
    "preds.json --gt gt.json",
    "preds.json --gt gt.json --ci 95 --per-joint",
    "preds.json --gt gt.json --ci 95 --ci-method percentile --slice size --seed 3",
    "preds.json --gt gt.json --metric epe(people=matched)",
    "preds/ --gt videos/",
    "mpii_preds.npy --gt gt_valid.mat",
    "faces_pred.csv --gt faces_gt.csv --benchmark 300w",
)
Node = dict[str, Any]


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> list[Node]:
    folder = tmp_path_factory.mktemp("reports")
    make_example_files(folder)
    found = []
    for at, words in enumerate(ASKED):
        typed = [str(folder / word) if (folder / word).exists() else word for word in words.split()]
        out = folder / f"report{at}.json"
        assert invoke(["score", *typed, "-q", "--json", str(out)]) == 0
        found.append(json.loads(out.read_text("utf-8")))
    return found


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_every_report_fits(reports: list[Node]) -> None:
    for report in reports:
        jsonschema.validate(report, SCHEMA)
    keys = {key for report in reports for key in report}
    assert keys == SCHEMA["properties"].keys()


@pytest.mark.parametrize("key", sorted(SCHEMA["required"]))
def test_a_report_without_a_field_does_not_fit(reports: list[Node], key: str) -> None:
    less = copy.copy(reports[0])
    del less[key]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(less, SCHEMA)


def test_a_report_with_another_type_does_not_fit(reports: list[Node]) -> None:
    for key, value in (
        ("summary", {"AP": "0.9"}),
        ("better", {"AP": "more"}),
        ("more", 1),
        ("unit", "percent"),
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**reports[0], key: value}, SCHEMA)


def test_the_page_names_every_field() -> None:
    page = Path(ROOT / "docs/report.md").read_text("utf-8")
    names = [*SCHEMA["properties"], *(name for row in SCHEMA["$defs"].values() for name in row["properties"])]
    assert [name for name in names if f"`{name}`" not in page] == []
