"""Defaults from a settings file: which file holds, what it may say, and that it is told."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from poseval.cli import COMMANDS, invoke
from poseval.cli.settings import ALLOWED, settings
from poseval.synth.demo_files import make_demo


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with COCO files, which is the current one."""
    make_demo(tmp_path / "data", 0)
    monkeypatch.chdir(tmp_path)
    settings.cache_clear()
    return tmp_path


def outcome(words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    settings.cache_clear()
    status = invoke(words.split())
    out, err = capsys.readouterr()
    return status, out, err


def test_options_come_from_the_file_and_are_said(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "poseval.toml").write_text('gt = "data/truth.json"\n[score]\nper-joint = true\n', "utf-8")
    status, out, err = outcome("score data/predictions.json", capsys)
    assert status == 0
    assert "nose" in out
    assert "options of poseval.toml: --gt data/truth.json --per-joint" in err
    assert "options of" not in outcome("score data/predictions.json -q", capsys)[2]
    assert "nose" not in outcome("validate data/predictions.json", capsys)[1]


def test_what_is_typed_wins(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "poseval.toml").write_text('gt = "nowhere.json"\nrules = "corrected"\n', "utf-8")
    status, out, err = outcome("score data/predictions.json --gt data/truth.json --rules reference", capsys)
    assert status == 0
    assert "rules:reference" in out
    assert "options of" not in err


def test_paths_stand_relative_to_the_file(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "pyproject.toml").write_text('[tool.poseval]\ngt = "data/truth.json"\n', "utf-8")
    below = place / "runs" / "one"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    status, _, err = outcome("score ../../data/predictions.json", capsys)
    assert status == 0
    assert "options of ../../pyproject.toml: --gt ../../data/truth.json" in err


def test_a_name_stays_a_name_where_a_folder_is_called_so(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = 'benchmark = "coco-keypoints"\nrules = "reference"\nskeleton = "coco17"\ngt = "data/truth.json"\n'
    (place / "poseval.toml").write_text(text, "utf-8")
    for name in ("coco-keypoints", "reference", "coco17", "runs"):
        (place / name).mkdir()
    monkeypatch.chdir(place / "runs")
    status, out, err = outcome("score ../data/predictions.json", capsys)
    assert status == 0, err
    assert "coco-keypoints (reference rules)" in out


def test_a_pyproject_without_a_table_is_passed_over(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "poseval.toml").write_text('gt = "data/truth.json"\n', "utf-8")
    (place / "data" / "pyproject.toml").write_text("not TOML at all", "utf-8")
    assert outcome("score data/predictions.json", capsys)[0] == 0


def test_no_file_is_looked_for_above_a_checkout(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "poseval.toml").write_text('gt = "data/truth.json"\n', "utf-8")
    (place / "clone" / ".git").mkdir(parents=True)
    monkeypatch.chdir(place / "clone")
    status, _, err = outcome("score ../data/predictions.json", capsys)
    assert status == 2
    assert "--gt" in err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('gtt = "x"\n', "option 'gtt': is not known [P871]"),
        ('json = "gt.json"\n', "options that write files are only taken from the command line"),
        ("[scoer]\nper-joint = true\n", "command 'scoer': is not known [P871]"),
        ("[score]\nmax-drop = 1\n", "[score]: option 'max-drop': is not known [P871]"),
        ("gt =\n", "is not TOML"),
        ('rules = "none"\n', "rule set 'none': is not known"),
    ],
)
def test_a_wrong_file_is_an_error(
    place: Path, text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "poseval.toml").write_text(text, "utf-8")
    status, out, err = outcome("score data/predictions.json --gt data/truth.json", capsys)
    assert status in (2, 3)
    assert out == ""
    assert said in err


def test_config_shows_what_holds(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no poseval.toml" in outcome("config", capsys)[1]
    (place / "poseval.toml").write_text("rules = 'corrected'\n[score]\nci = 95\n", "utf-8")
    _, out, _ = outcome("config", capsys)
    assert out.splitlines() == ["from poseval.toml", "every command: rules = corrected", "score: ci = 95"]


def test_config_shows_paths_as_the_commands_take_them(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "poseval.toml").write_text("gt = 'data/truth.json'\n", "utf-8")
    (place / "runs").mkdir()
    monkeypatch.chdir(place / "runs")
    assert "every command: gt = ../data/truth.json" in outcome("config", capsys)[1]


@pytest.mark.parametrize(
    "text", ["[score]\ncy = 95\n", "[score]\nci = 195\n", "digits = 'many'\n", "ci = 195\n"]
)
def test_config_refuses_what_a_command_would(
    place: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "poseval.toml").write_text(text, "utf-8")
    status, out, err = outcome("config", capsys)
    assert (status, out) == (2, "")
    assert err


def test_no_option_that_writes_may_stand_in_a_file() -> None:
    from poseval.cli import cli

    with click.Context(cli) as context:
        options = {
            text.removeprefix("--"): parameter
            for name in COMMANDS
            for parameter in cli.get_command(context, name).params  # type: ignore[union-attr]
            for text in parameter.opts
        }
    assert set() == ALLOWED - options.keys() - {"digits"}
    written = {"json", "csv", "save", "report", "html", "out", "junit", "markdown", "latex", "plot", "ledger"}
    assert set() == ALLOWED & (written | {"db", "force", "update-baseline", "accept", "weights", "executor"})


HOSTILE = {
    "deep": ("rules = " + "[" * 5000, "P502"),
    "a name longer than any file's": ('rules = "' + "x" * 5000 + '"\n', "P124"),
    "NUL": ('rules = "a\\u0000b"\n', "P124"),
    "not UTF-8": ("\udcff\n", "P291"),
    "large": ("# " + "x" * (2 << 20), "P501"),
    "a number of many digits": ("seed = " + "9" * 5000 + "\n", "P291"),
    "an address": ('gt = "https://127.0.0.1:9/gt.json"\n', "P811"),
    "escape sequences": ('"\\u001b[2J\\n::error::x" = 1\n', "P871"),
}


@pytest.mark.parametrize(("content", "code"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_an_error(
    content: str, code: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "poseval.toml").write_bytes(content.encode("utf-8", "surrogateescape"))
    status, out, err = outcome("score data/predictions.json --gt data/truth.json", capsys)
    assert status in (2, 3)
    assert f"[{code}]" in err
    assert err.replace("\n", "").isprintable()
    assert not out


def test_a_file_cannot_hide_itself(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "poseval.toml").write_text('quiet = true\nrules = "corrected"\n', "utf-8")
    status, _, err = outcome("score data/predictions.json --gt data/truth.json", capsys)
    assert status == 0
    assert "options of poseval.toml: " in err
    assert "--rules corrected" in err
    assert "options of" not in outcome("score data/predictions.json --gt data/truth.json -q", capsys)[2]
