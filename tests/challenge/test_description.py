"""challenge.toml: what `init` writes is read back, and what is wrong in it is said, all of it at once."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from poseval.challenge.description import Description, read_description
from poseval.challenge.schema import in_utc, written
from poseval.challenge.starting import start
from poseval.datasets import Role
from poseval.errors import PosevalError
from tests.challenge.made import TRUTH, make, write


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    made = make(tmp_path)
    assert read_description(made.folder) == made


def test_a_comment_stands_above_each_setting_once(tmp_path: Path) -> None:
    lines = make(tmp_path).to_toml().splitlines()
    assert lines.count("# The column that decides.") == 1
    assert lines.count("# The head of the column, at most 36 characters.") == 1
    assert sum(line == "[[columns]]" for line in lines) == 10
    for at, line in enumerate(lines):
        if line.startswith("title = ") and at < 10:
            assert lines[at - 1].startswith("# ")


def test_a_public_split_comes_first_and_shows_everything(tmp_path: Path) -> None:
    truth = write(TRUTH, tmp_path / "gt.json", Role.TRUTH)
    made = start(tmp_path / "c", truth, "People", validation=truth)
    first, last = read_description(made.folder).splits
    assert (first.name, first.hidden, last.name, last.hidden) == ("validation", False, "test", True)
    assert first.end is not None
    assert first.end < last.start
    assert made.split().name == "test"
    with pytest.raises(PosevalError, match="did you mean test") as caught:
        made.split("tset")
    assert caught.value.code == "P890"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('title = "People"', 'titel = "People"', "titel: is not known .*|has no title"),
        ('title = "People"', "title = 3", "title: is of type int"),
        ('title = "People"', f'title = "{"x" * 65}"', "has 65 characters"),
        ('benchmark = "coco-keypoints"', 'benchmark = "coco-keypoint"', "did you mean coco-keypoints"),
        ('rules = "reference"', 'rules = "refrence"', "rule set 'refrence'"),
        ('public = "frames"', 'public = "frame"', "did you mean frames"),
        ('by = "AP"', 'by = "PCK"', "'PCK': is not a column"),
        ('name = "test"', 'name = "Test set"', "'Test set': is not a plain name"),
        ('key = "AP50"', 'key = "AP"', "has AP twice"),
        ("per_day = 5", "per_day = 0", "at least 1"),
        ("per_day = 5", "per_day = true", "a whole number"),
        ('memory = "4GiB"', 'memory = "much"', "positive whole number"),
        ('image = "logo.png"', 'image = "none.png"', "does not exist"),
        ('image = "logo.png"', 'image = "../gt.json"', "is outside of the folder"),
        ('terms = "pages/terms.md"', 'terms = "/etc/passwd"', "is outside of the folder"),
        ("[ranking]", "[ranking", "is not TOML"),
    ],
)
def test_faults_are_said(before: str, after: str, said: str, tmp_path: Path) -> None:
    made = make(tmp_path)
    path = made.folder / "challenge.toml"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))
    with pytest.raises(PosevalError, match=said) as caught:
        read_description(made.folder)
    assert caught.value.code == "P208"


def test_all_faults_of_a_file_are_said_together(tmp_path: Path) -> None:
    made = make(tmp_path)
    path = made.folder / "challenge.toml"
    path.write_text(path.read_text().replace("digits = 1", 'digits = "1"').replace("total", "totl"))
    with pytest.raises(PosevalError) as caught:
        read_description(made.folder)
    assert caught.value.total == 11


def test_splits_follow_one_another(tmp_path: Path) -> None:
    truth = write(TRUTH, tmp_path / "gt.json", Role.TRUTH)
    made = start(tmp_path / "c", truth, "People", validation=truth)
    path = made.folder / "challenge.toml"
    lines = [line for line in path.read_text().splitlines() if not line.startswith("end = ")]
    path.write_text("\n".join(lines))
    with pytest.raises(PosevalError, match="not after the end of validation"):
        read_description(made.folder)


def test_times_are_of_utc() -> None:
    assert in_utc(dt.date(2027, 1, 31)).isoformat() == "2027-01-31T00:00:00+00:00"
    two = dt.timezone(dt.timedelta(hours=2))
    assert in_utc(dt.datetime(2027, 1, 31, 1, tzinfo=two)).isoformat() == "2027-01-30T23:00:00+00:00"


def test_texts_are_written_as_toml_reads_them(tmp_path: Path) -> None:
    made = make(tmp_path)
    odd = 'a "quoted" \\ name\nwith é, \u202e and \x7f'
    from dataclasses import replace

    from poseval.files.toml import read_toml

    path = tmp_path / "odd.toml"
    path.write_text(written(replace(made, summary=odd)))
    assert read_toml(path)["summary"] == odd


def test_a_folder_with_content_is_no_new_challenge(tmp_path: Path) -> None:
    made = make(tmp_path)
    with pytest.raises(PosevalError) as caught:
        start(made.folder, tmp_path / "gt.json", "Again")
    assert caught.value.code == "P892"
    assert isinstance(read_description(made.folder), Description)
