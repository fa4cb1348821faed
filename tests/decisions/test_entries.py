"""Entries of a board: what a file is taken for, which files of a folder are entries, names and facts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from poseval.decisions.entries import (
    FACTS,
    MARK,
    NAME_LENGTH,
    START,
    Entry,
    Refused,
    entries_of,
    entry_of,
    is_result,
    named_alike,
    unfolded,
)
from poseval.errors import FormatError, PosevalError, UsageError
from poseval.poses import PoseSet
from poseval.scoring import saved_runs
from poseval.scoring.evaluation import Evaluation
from tests import toy

RUN = toy.run(1.0, 0, toy.truth(6))
REPORT = RUN.report()


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports in files are held to the tables of metrics and benchmarks."""
    toy.register(monkeypatch)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a report, a saved run and predictions."""
    monkeypatch.chdir(tmp_path)
    Path("report.json").write_text(REPORT.to_json())
    saved_runs.save(RUN, Path("run.poseval"))
    Path("predictions.json").write_text("[]")
    return tmp_path


def scored(given: str | PoseSet) -> Evaluation:
    """What scoring predictions gives, whose path is kept among the deviations."""
    return replace(RUN, deviations=(f"scored {given}",))


def test_a_file_is_taken_for_what_it_is(place: Path) -> None:
    found = entry_of("report.json")
    assert (found.name, found.team, found.run, found.verified) == ("report", "", None, "")
    assert found.report == REPORT
    found = entry_of(Path("run.poseval"), "other", "team")
    assert (found.name, found.team, found.verified) == ("other", "team", "")
    assert found.run is not None
    assert found.run.signature == RUN.signature
    with pytest.raises(FormatError) as caught:
        entry_of("predictions.json")
    assert caught.value.code == "P230"


def test_predictions_are_scored_where_they_can_be_and_results_are_not(place: Path) -> None:
    found = entry_of("predictions.json", None, "team", scored)
    assert (found.name, found.team, found.verified) == ("predictions", "team", "scored here")
    assert found.run is not None
    assert found.run.deviations == ("scored predictions.json",)
    for name in ("report.json", "run.poseval"):
        assert entry_of(name, score=scored).verified == ""


def test_a_result_is_known_by_its_start(place: Path) -> None:
    found = {name: is_result(Path(name)) for name in ("report.json", "run.poseval", "predictions.json", ".")}
    assert found == {"report.json": True, "run.poseval": True, "predictions.json": False, ".": False}
    assert not is_result(Path("absent.json"))
    for before, result in ((START - len(MARK), True), (START - len(MARK) + 1, False)):
        Path("late.json").write_bytes(b" " * before + MARK)
        assert is_result(Path("late.json")) is result


def test_facts_beside_a_result_are_read_where_they_are_a_table(place: Path) -> None:
    beside = Path(f"report.json{FACTS}")
    beside.write_text('{"parameters": 5}')
    assert entry_of("report.json").facts == {"parameters": 5}
    beside.write_text("[5]")
    assert entry_of("report.json").facts == {}


class TestFolders:
    """Which files stand for entries."""

    def names(self, *paths: str, predictions: bool = False) -> list[str]:
        return unfolded(paths, predictions)

    def test_a_folder_stands_for_its_files_in_order(self, place: Path) -> None:
        others = ["board.toml", "notes.md", "x.txt", "x.html", "x.png", "x.svg", "x.pdf", "x.csv", "x.sqlite"]
        for name in (".hidden", f"report.json{FACTS}", *others):
            (place / name).write_text("")
        (place / "folder.csv").mkdir()
        inside = ["folder.csv", "predictions.json", "report.json", "run.poseval"]
        assert self.names(str(place)) == [str(place / name) for name in inside]
        assert self.names(str(place), "b.json", "a.json")[-2:] == ["b.json", "a.json"]

    def test_facts_that_a_pattern_named_are_no_entries(self) -> None:
        assert self.names("a.json", f"a.json{FACTS}", "b.json") == ["a.json", "b.json"]

    def test_one_folder_of_predictions_stands_for_its_files_and_several_for_themselves(
        self, tmp_path: Path
    ) -> None:
        one, two, none = (tmp_path / name for name in ("one", "two", "none"))
        for folder in (one, two):
            folder.mkdir()
            for name in ("b.json", "a.json"):
                (folder / name).write_text("[]")
        none.mkdir()
        files = [str(one / "a.json"), str(one / "b.json")]
        assert self.names(str(one), predictions=True) == files
        assert self.names(str(one), str(two), predictions=True) == [str(one), str(two)]
        assert self.names(str(none), predictions=True) == [str(none)]
        (two / "c.json").write_text(REPORT.to_json())  # one result makes it a folder of results
        assert self.names(str(one), str(two), predictions=True) == [
            str(one),
            *(str(two / f"{name}.json") for name in "abc"),
        ]

    @pytest.mark.parametrize(
        ("inside", "said"),
        [
            ([], "holds no run"),
            (["c", "a", "b"], "holds neither reports nor saved runs: a, b, c"),
            (["c", "a", "d", "b"], "holds neither reports nor saved runs: a, b, c and 1 more"),
            (["x" * 61], f"holds neither reports nor saved runs: {'x' * 60}…"),
        ],
    )
    def test_a_folder_without_results_is_refused_and_says_what_is_in_it(
        self, tmp_path: Path, inside: list[str], said: str
    ) -> None:
        for name in inside:
            (tmp_path / name).write_text("[]")
        with pytest.raises(UsageError) as caught:
            self.names(str(tmp_path))
        assert (caught.value.code, caught.value.fault.what) == ("P148", said)


def test_one_entry_that_cannot_be_read_stops_no_other_unless_it_is_alone(place: Path) -> None:
    first, second = entries_of(["predictions.json", "report.json"], "named", "team", None)
    assert isinstance(first, Refused)
    assert first.name == "predictions.json"
    assert first.why.endswith(" [P230]")
    assert isinstance(second, Entry)
    assert (second.name, second.team) == ("report", "team")  # a name is for one entry
    (alone,) = entries_of(["report.json"], "named", "", None)
    assert alone.name == "named"
    with pytest.raises(PosevalError) as caught:
        list(entries_of(["predictions.json"], None, "", None))
    assert caught.value.code == "P230"


def test_equal_names_are_numbered_within_the_length_of_a_name() -> None:
    long = "x" * NAME_LENGTH
    found = named_alike([Entry(name, REPORT) for name in ("a", "b", "a", long, "a", long)])
    assert [entry.name for entry in found] == ["a", "b", "a (2)", long, "a (3)", f"{'x' * 58} (2)"]


def test_a_name_has_64_characters_at_most() -> None:
    assert Entry("x" * 64, REPORT, "y" * 64).name == "x" * 64
    for name, team in (("x" * 65, ""), ("x", "y" * 65), ("x", "a\u202eb"), ("a\nb", "")):
        with pytest.raises(FormatError) as caught:
            Entry(name, REPORT, team)
        assert caught.value.code == "P240"


def test_an_entry_is_the_same_however_long_its_scoring_took() -> None:
    slow = replace(REPORT, timings={"read": 9.0})
    assert Entry("a", slow).digest == Entry("a", REPORT).digest
    others = [Entry("b", REPORT), Entry("a", REPORT, "team"), Entry("a", replace(REPORT, rules="corrected"))]
    assert len({Entry("a", REPORT).digest, *(entry.digest for entry in others)}) == 4


def test_facts_that_are_no_json_are_refused(place: Path) -> None:
    Path(f"report.json{FACTS}").write_text("{")
    with pytest.raises(FormatError) as caught:
        entry_of("report.json")
    assert caught.value.code == "P242"
    assert json.loads(Path("report.json").read_text())
