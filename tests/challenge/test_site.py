"""The static board: what was scored stands on it as participants saw it, and nothing else."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from poseval.challenge.description import Description
from poseval.challenge.judge import open_judge
from poseval.challenge.records import Record, write_record
from poseval.challenge.site import Site, site_of
from poseval.cli import invoke
from poseval.errors import PosevalError
from tests.challenge.made import make, predictions, write


@pytest.fixture
def challenge(tmp_path: Path) -> Description:
    """A challenge with three submissions: good, poor, and one that is refused."""
    made = make(tmp_path)
    judge = open_judge(made)
    (tmp_path / "runs").mkdir()
    for name, jitter, day in (("poor", 0.6, 1), ("good", 0.1, 2)):
        verdict = judge.judge(write(predictions(jitter=jitter), tmp_path / f"{name}.json"))
        facts = {"method": f"<b>{name}</b>", "secret": "x"}
        write_record(Record(verdict, name, "t", facts, f"2027-01-0{day}"), tmp_path / f"runs/{name}.json")
    (tmp_path / "bad.json").write_text("[")
    write_record(Record(judge.judge(tmp_path / "bad.json"), "bad"), tmp_path / "runs/bad.json")
    return made


def site(made: Description) -> Site:
    return site_of(made, sorted((made.folder.parent / "runs").iterdir()))


def test_entries_are_ranked(challenge: Description) -> None:
    made = site(challenge)
    rows = made.boards["test"].rows
    assert [(row.rank, row.entry.name) for row in rows] == [(1, "good"), (2, "poor")]
    assert [(one.name, one.why) for one in made.left_out] == [("bad", "refused on test")]
    assert "&lt;b&gt;good" in made.page()
    assert "secret" not in made.page()


def test_numbers_are_as_rounded_as_participants_saw_them(challenge: Description) -> None:
    for row in site(challenge).boards["test"].rows:
        for value in row.entry.report.summary.values():
            assert value == round(value, 3)
    numbers = re.findall('data-sort="([0-9.e-]+)"', site(challenge).page())
    assert len(numbers) == 22
    for number in map(float, numbers):
        assert number == round(number, 3)


def test_equal_numbers_share_a_rank_or_are_by_date(challenge: Description) -> None:
    folder = challenge.folder.parent
    text = (folder / "runs/good.json").read_text()
    (folder / "runs/again.json").write_text(text.replace('"name": "good"', '"name": "again"'))
    ranks = [(row.rank, row.entry.name) for row in site(challenge).boards["test"].rows]
    assert ranks == [(1, "again"), (1, "good"), (3, "poor")]
    (folder / "runs/again.json").write_text(
        text.replace('"name": "good"', '"name": "again"').replace("2027-01-02", "2027-01-03")
    )
    earlier = replace(challenge, ranking=replace(challenge.ranking, ties="earlier"))
    ranks = [(row.rank, row.entry.name) for row in site(earlier).boards["test"].rows]
    assert ranks == [(1, "good"), (2, "again"), (3, "poor")]


def test_a_board_needs_an_entry(challenge: Description) -> None:
    for name in ("good", "poor"):
        (challenge.folder.parent / f"runs/{name}.json").unlink()
    with pytest.raises(PosevalError, match="bad: refused on test") as caught:
        site(challenge)
    assert caught.value.code == "P148"


def test_the_command(challenge: Description, capsys: pytest.CaptureFixture[str]) -> None:
    folder = challenge.folder.parent
    out = folder / "site"
    words = ["challenge", "site", str(challenge.folder), "--runs", str(folder / "runs"), "--out", str(out)]
    assert invoke(words) == 0
    assert "bad stands on no board: refused on test [N597]" in capsys.readouterr().err
    assert [entry["name"] for entry in json.loads((out / "board.json").read_text())["test"]["entries"]] == [
        "good",
        "poor",
    ]
    assert invoke(words) == 2
    assert invoke([*words, "--force"]) == 0
