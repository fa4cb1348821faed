"""Challenges: verdicts that a board is made of, names of what people send, and titles."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from poseval.challenge.judge import Verdict
from poseval.challenge.records import Record, read_record, write_record
from poseval.cli import invoke
from poseval.decisions.entries import Entry
from poseval.errors import PosevalError
from poseval.scoring.score import score
from tests.hostile.made import results, truth, write

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="challenges are scored in forked processes")
WRONG = ("\ud800", "\x1b[2J\n::error title=x::y", "a\u202eb", None, 3, ["a"], {"a": 1})
HALF = os.fsdecode(b"caf\xe9")


@pytest.fixture(scope="module")
def challenge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a challenge, predictions, and the verdict on them."""
    folder = tmp_path_factory.mktemp("challenge")
    write(folder / "gt.json", truth())
    write(folder / "dt.json", results())
    gt = str(folder / "gt.json")
    assert invoke(["challenge", "init", str(folder / "challenge"), "--gt", gt, "--title", "People"]) == 0
    report = score(folder / "gt.json", folder / "dt.json").to_dict()
    sound = Record(Verdict("scored", "test", "0" * 64, {"AP": 50.0}, report=report), "one")
    write_record(sound, folder / "sound.json")
    return folder


def put(path: tuple[str, ...], value: object) -> Callable[[dict[str, Any]], None]:
    def change(node: dict[str, Any]) -> None:
        for key in path[:-1]:
            node = node[key]
        node[path[-1]] = value

    return change


PLACES = [
    ("name",),
    ("team",),
    ("received",),
    ("facts",),
    ("facts", "method"),
    *(("verdict", key) for key in ("status", "split", "numbers", "joints", "message", "page", "report")),
    ("verdict", "report", "benchmark"),
    ("more",),
]


@pytest.mark.parametrize("value", WRONG, ids=ascii)
@pytest.mark.parametrize("place", PLACES, ids="/".join)
def test_a_board_of_wrong_verdicts(
    place: tuple[str, ...], value: object, challenge: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What no verdict can hold stands on no board, the sound one beside it does."""
    node = json.loads((challenge / "sound.json").read_text("utf-8"))
    runs = tmp_path / "runs"
    runs.mkdir()
    write(runs / "sound.json", node)
    put(place, value)(node)
    write(runs / "wrong.json", node)
    arguments = ["--runs", str(runs), "--out", str(tmp_path / "site")]
    assert invoke(["challenge", "site", str(challenge / "challenge"), *arguments]) == 0
    said = capsys.readouterr()
    assert (said.out + said.err).replace("\n", "").isprintable()
    assert "wrote" in said.err + said.out
    page = (tmp_path / "site" / "index.html").read_text("utf-8")
    assert not any(text in page for text in ("\x1b", "\u202e", "\n::"))


@pytest.mark.parametrize("content", [b"", b"[]", b'{"schema": "poseval.verdict/1"}', b"[" * 200_000, b"\xff"])
def test_files_that_are_no_verdicts(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(PosevalError) as caught:
        read_record(path)
    assert caught.value.code in ("P209", "P502")


def test_37_a_submission_whose_name_is_not_utf8(challenge: Path, tmp_path: Path) -> None:
    sent = tmp_path / f"{HALF}.json"
    try:
        write(sent, results())
    except OSError:
        pytest.skip("this file system has no such names")
    out = [str(tmp_path / name) for name in ("v.json", "p.html", "j.json")]
    asked = ["--save", out[0], "--page", out[1], "--json", out[2]]
    assert invoke(["challenge", "check", str(challenge / "challenge"), str(sent), *asked]) == 0
    record = read_record(Path(out[0]))
    Entry(record.name, score(challenge / "gt.json", sent))  # a name that a board can show
    assert all(Path(path).read_text("utf-8").replace("\n", "").isprintable() for path in out)


@pytest.mark.parametrize(("option", "code"), [("--name", "P240"), ("--team", "P240")])
@pytest.mark.parametrize("text", [HALF, "\x1b[31mX", "a\u202eb", "x" * 100], ids=ascii)
def test_names_that_no_board_can_show(
    option: str, code: str, text: str, challenge: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [str(challenge / "dt.json"), "--save", str(tmp_path / "v.json"), option, text]
    assert invoke(["challenge", "check", str(challenge / "challenge"), *asked]) == 3
    assert f"[{code}]" in capsys.readouterr().err
    assert not (tmp_path / "v.json").exists()


@pytest.mark.parametrize("title", [HALF, "\x1b[31mX", "a\u202eb", "x" * 100, ""], ids=ascii)
def test_titles_that_no_page_can_show(
    title: str, challenge: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--gt", str(challenge / "gt.json"), "--title", title]
    assert invoke(["challenge", "init", str(tmp_path / "made"), *asked]) == 3
    assert "[P208]" in capsys.readouterr().err
    assert not (tmp_path / "made").exists()


def test_37_a_ground_truth_whose_name_is_not_utf8(challenge: Path, tmp_path: Path) -> None:
    gt = tmp_path / f"{HALF}.json"
    try:
        write(gt, truth())
    except OSError:
        pytest.skip("this file system has no such names")
    assert invoke(["challenge", "init", str(tmp_path / "made"), "--gt", str(gt), "--title", "People"]) == 3
