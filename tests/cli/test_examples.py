"""The examples in the help texts, run one after another as they are printed."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import click
import pytest

from poseval.cli import COMMANDS, cli, invoke
from poseval.cli.examples import EXAMPLES, epilog
from tests.docs.example_files import make_example_files

ELSEWHERE = {
    "bench": "run by the tests of the runner",
    "run": "run by the tests of the runner",
    "train": "run by the tests of training",
    "challenge worker": "needs a server: tests/challenge/test_evalai.py",
}


def commands() -> list[str]:
    """What can be typed after `poseval`, with the commands of groups."""
    out = []
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        out += [name, *(f"{name} {one}" for one in getattr(command, "commands", ()))]
    return out


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the examples name."""
    folder = tmp_path_factory.mktemp("examples")
    make_example_files(folder)
    (folder / "runs").mkdir()
    shutil.copytree(folder, folder.with_name("quiet"))
    return folder


def test_every_command_has_examples() -> None:
    assert sorted(EXAMPLES) == sorted(commands())


def test_examples_stand_in_the_help_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    for command, rows in EXAMPLES.items():
        assert invoke([*command.split(), "--help"]) == 0
        out = capsys.readouterr().out
        for words, why in rows:
            assert f"poseval {command} {words}".strip() in out
            assert f"# {why}\n" in out
        assert max(map(len, out.splitlines())) <= 80
    assert epilog("none") is None


@pytest.mark.parametrize(
    ("command", "words"),
    [(command, words) for command, rows in EXAMPLES.items() for words, _ in rows],
)
def test_an_example_works(
    command: str, words: str, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if command in ELSEWHERE:
        pytest.skip(ELSEWHERE[command])
    monkeypatch.chdir(place)
    typed = shlex.split(re.sub(r" >> \S+", "", words))
    assert invoke([*command.split(), *typed]) == 0, capsys.readouterr().err


def quiet_commands() -> list[str]:
    """Commands with `--quiet`, but those of groups, whose examples need one another."""
    found = [(name, cli.get_command(click.Context(cli), name)) for name in COMMANDS if name not in ELSEWHERE]
    return [
        name
        for name, command in found
        if any("--quiet" in one.opts for one in getattr(command, "params", ()))
    ]


@pytest.mark.parametrize("command", quiet_commands())
def test_quiet_leaves_the_result_alone(
    command: str, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place.with_name("quiet"))
    assert invoke([command, *shlex.split(EXAMPLES[command][0][0]), "--quiet"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "notice:" not in out
