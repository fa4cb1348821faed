"""`perf/history.py`: which numbers are compared, what a new case is, and what is refused."""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.docs.test_performance_page import said_by
from tests.shared import ROOT

pytestmark = pytest.mark.skipif(not hasattr(os, "posix_spawnp"), reason="measuring programs need POSIX")
PRINTS = "import here; print(here.TEXT)"
COLUMNS = (ROOT / "perf" / "history.csv").read_text("utf-8").splitlines()[0]


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(sys, "path", [*sys.path, str(ROOT / "perf")])
    return importlib.import_module("history")


def trees(folder: Path, *texts: str | None) -> dict[str, Path]:
    """Checkouts `before` and `after`; each has a module `here` with a text, or none."""
    found = {name: folder / name for name in ("before", "after")}
    for place, text in zip(found.values(), texts, strict=True):
        place.mkdir()
        if text is not None:
            (place / "here.py").write_text(f"TEXT = {text!r}\n")
    return found


def report(ap: float | None, seconds: float = 1.0) -> str:
    return json.dumps({"summary": {"AP": ap}, "values": [{"value": 1, "why": "x"}], "timings": [seconds]})


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [
        (report(0.39066), report(0.39066, 2.0), "same"),
        (report(0.390661), report(0.390662), "differ"),
        (report(float("nan")), report(float("nan")), "same"),
        (report(0.39066), report(None), "differ"),
        (report(0.39066), "no JSON", "differ"),
        ("--ci 95.0", "--ci 95.5", "none"),
    ],
)
def test_all_digits_of_the_report_are_compared(
    program: ModuleType, tmp_path: Path, first: str, second: str, wanted: str
) -> None:
    case = program.Case(["-c", PRINTS])
    program.measure(trees(tmp_path, first, second), {"case": case}, 1)
    assert case.agreed() == wanted
    assert program.table({"case": case}, "before", "after").endswith(f"| {wanted} |")


def test_commands_print_all_digits(
    program: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commands = [
        case.words for case in listed(program, monkeypatch, tmp_path, True).values() if "-m" in case.words
    ]
    assert len(commands) == 3
    assert [words for words in commands if "--json - " not in " ".join(map(str, words)) + " "] == []


def test_cases_of_two_sizes_have_two_names(
    program: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    small, large = (listed(program, monkeypatch, tmp_path, few) for few in (True, False))
    assert len(small) == len(large) == 10
    assert [name for name in small.keys() & large.keys() if small[name].words != large[name].words] == []
    assert len(small.keys() - large.keys()) == 2


def listed(
    program: ModuleType, monkeypatch: pytest.MonkeyPatch, folder: Path, small: bool
) -> dict[str, object]:
    """The cases, without their files."""

    def files(place: Path, count: int, **_: object) -> tuple[Path, Path]:
        return place / "gt", place / f"dt{count}"

    monkeypatch.setattr(program.coco_files, "files", files)
    monkeypatch.setattr(program.posetrack_files, "files", files)
    monkeypatch.setattr(program, "openpose", lambda place, *_: place / "openpose")
    cases: dict[str, Any] = program.cases(folder, small)
    return cases


def test_a_case_that_the_commit_before_cannot_run_is_new(program: ModuleType, tmp_path: Path) -> None:
    wanted = {"old": program.Case(["-c", "print('{}')"]), "young": program.Case(["-c", PRINTS])}
    program.measure(trees(tmp_path, None, report(0.5)), wanted, 2)
    assert wanted["young"].new == "ModuleNotFoundError: No module named 'here'"
    assert wanted["young"].runs.keys() == {"after"}
    assert [len(runs) for runs in wanted["old"].runs.values()] == [2, 2]
    *_, row = program.table(wanted, "before", "after").splitlines()
    assert row.startswith("| young | 0.")
    assert row.endswith("| new | new |")
    program.record(tmp_path / "history.csv", wanted)
    assert len((tmp_path / "history.csv").read_text().splitlines()) == 1 + 2 + 1


def test_a_case_that_the_working_tree_cannot_run_is_no_new_one(program: ModuleType, tmp_path: Path) -> None:
    wanted = {"case": program.Case(["-c", PRINTS])}
    with pytest.raises(SystemExit, match="No module named 'here'"):
        program.measure(trees(tmp_path, report(0.5), None), wanted, 1)


def test_a_commit_that_runs_nothing_is_refused(program: ModuleType, tmp_path: Path) -> None:
    wanted = {"case": program.Case(["-c", PRINTS])}
    with pytest.raises(SystemExit, match=r"^before runs no case: ModuleNotFoundError"):
        program.measure(trees(tmp_path, None, report(0.5)), wanted, 1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nosuch"], "nosuch is neither a commit of this repository nor a folder with a checkout"),
        (["FOLDER"], "is neither a commit of this repository nor a folder with a checkout"),
        (["--show", "FOLDER/none.csv"], "none.csv cannot be read: "),
        (["--show", "FOLDER/other.csv"], f"other.csv has other columns than {COLUMNS}"),
        (["HEAD", "--record", "FOLDER/other.csv"], f"other.csv has other columns than {COLUMNS}"),
        (["HEAD", "--rounds", "0"], "--rounds: at least 1"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(tmp_path: Path, words: list[str], said: str) -> None:
    (tmp_path / "other.csv").write_text("date,commit\n")
    done = said_by("history.py", *(word.replace("FOLDER", str(tmp_path)) for word in words))
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
