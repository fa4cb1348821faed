"""mmpose's three files of JHMDB in one run: the mean of the splits, each scored as its file alone."""

from __future__ import annotations

from pathlib import Path

import pytest

import poseval
from poseval import datasets
from poseval.compat.crosscheck import crosscheck
from poseval.datasets import ReadOptions, Role
from poseval.errors import FormatError
from tests.golden.committed import ROOT

CASES = ("jhmdb_ordinary", "jhmdb_on_the_threshold", "jhmdb_never_labelled")


def folders(into: Path, count: int = 3) -> tuple[Path, Path]:
    for number, case in enumerate(CASES[:count], start=1):
        for kind, name in (("gt", f"test_jhmdb_sub{number}.json"), ("pred", f"results_split{number}.json")):
            (into / kind).mkdir(exist_ok=True)
            (into / kind / name).write_bytes((ROOT / "mpii" / case / f"{kind}.json").read_bytes())
    return into / "gt", into / "pred"


@pytest.mark.parametrize("count", [2, 3])
def test_the_numbers_are_means_of_splits(count: int, tmp_path: Path) -> None:
    whole = poseval.score(*folders(tmp_path, count))
    assert whole.benchmark == "jhmdb"
    places = [ROOT / "mpii" / case for case in CASES[:count]]
    each = [poseval.score(place / "gt.json", place / "pred.json").summary for place in places]
    for key in each[0]:
        assert whole.summary[key] == pytest.approx(sum(one[key] for one in each) / count, abs=1e-12), key
        for number, one in enumerate(each, start=1):
            assert whole.summary[f"split{number}/{key}"] == pytest.approx(one[key], abs=1e-12)


@pytest.mark.parametrize(("rules", "count"), [("mmpose", 3), ("corrected", 2)])  # the third has a torso of 0
def test_the_other_side_says_the_same(rules: str, count: int, tmp_path: Path) -> None:
    found = crosscheck(*folders(tmp_path, count), "jhmdb", rules=rules)
    assert found.agrees
    assert {"PCK@0.2", "split2/tPCK@0.1", "EPE"} <= {item.name for item in found.differences}


def test_a_folder_without_splits_is_refused(tmp_path: Path) -> None:
    (tmp_path / "gt.json").write_text("{}")
    with pytest.raises(FormatError) as caught:
        datasets.read(tmp_path, ReadOptions(Role.TRUTH), "jhmdb-splits")
    assert caught.value.code == "P271"


def test_two_files_of_a_split_are_none(tmp_path: Path) -> None:
    truth, found = folders(tmp_path)
    (truth / "another_sub1.json").write_bytes((truth / "test_jhmdb_sub1.json").read_bytes())
    with pytest.raises(FormatError):
        poseval.score(truth, found)
